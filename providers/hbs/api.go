package hbs

import (
	"context"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/def"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// service is HBS, for which the SDK has no client: its core is what calls it. It
// shares the host of BCS.
var service = huaweicloud.Service[*core.HcHttpClient]{Host: "bcs", New: func(c *core.HcHttpClient) *core.HcHttpClient { return c }}

// api makes the calls that the node types need.
type api struct{ c *huaweicloud.Client }

// operation is an operation of the contract: Q is its request, R its answer. The
// fields of Q say where they go: `at:"path"`, `at:"query"`, `at:"body"`, the last
// one being called Body.
type operation[Q, R any] struct {
	name   string // operationId
	method string
	path   string // below the project
	media  string // of the body; "" is JSON
}

// read makes a call that changes nothing; see huaweicloud.Read.
func (o operation[Q, R]) read(ctx context.Context, a api, q *Q) (*R, error) {
	if err := inPath(q); err != nil {
		return nil, err
	}
	return huaweicloud.Read(ctx, a.c, service, o.name, o.call, q)
}

// change makes a call that may change something; see huaweicloud.Change.
func (o operation[Q, R]) change(ctx context.Context, a api, q *Q) (*R, error) {
	if err := inPath(q); err != nil {
		return nil, err
	}
	return huaweicloud.Change(ctx, a.c, service, o.name, o.call, q)
}

// upload makes a call that may change something and whose body is a form; see
// huaweicloud.Upload.
func (o operation[Q, R]) upload(ctx context.Context, a api, q *Q, f *huaweicloud.Form) (*R, error) {
	if err := inPath(q); err != nil {
		return nil, err
	}
	o.media = "multipart/form-data"
	return huaweicloud.Upload(ctx, a.c, service, o.name, o.call, q, f)
}

// call sends one request by the SDK's core. A definition holds the answer, so
// each call has one of its own.
func (o operation[Q, R]) call(c *core.HcHttpClient, q *Q) (*R, error) {
	answer, media := new(R), o.media
	if media == "" {
		media = "application/json"
	}
	b := def.NewHttpRequestDefBuilder().WithMethod(o.method).WithPath("/v2/{project_id}/" + o.path).WithContentType(media).WithResponse(answer)
	eachField(q, func(f reflect.StructField, name, at string, _ reflect.Value) {
		b.WithRequestField(def.NewFieldDef().WithName(f.Name).WithJsonTag(name).WithLocationType(locations[at]))
	})
	_, err := c.Sync(q, b.Build())
	return answer, err
}

var locations = map[string]def.LocationType{"path": def.Path, "query": def.Query, "body": def.Body}

// eachField goes through the fields of a request.
func eachField(q any, do func(f reflect.StructField, name, at string, v reflect.Value)) {
	v := reflect.ValueOf(q).Elem()
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		do(f, name, f.Tag.Get("at"), v.Field(i))
	}
}

// inPath checks the fields of a request that go into the path of the URL.
func inPath(q any) (err error) {
	eachField(q, func(_ reflect.StructField, _, at string, v reflect.Value) {
		if at == "path" && err == nil {
			err = huaweicloud.InPath(v.String())
		}
	})
	return err
}

// answered is a part of each answer, which the SDK's core asks for.
type answered struct {
	HttpStatusCode int `json:"-"`
}

// The operations. Instances:
var (
	createInstance     = operation[createInstanceRequest, ordered]{name: "CreateInstance", method: http.MethodPost, path: "huaweicloudchain/instances"}
	listInstances      = operation[pageRequest, listInstancesAnswer]{name: "ListInstances", method: http.MethodGet, path: "huaweicloudchain/instances"}
	showInstance       = operation[instanceRequest, showInstanceAnswer]{name: "ShowInstance", method: http.MethodGet, path: "huaweicloudchain/instances/{instance_id}"}
	updateInstance     = operation[updateInstanceRequest, startedJob]{name: "UpdateInstance", method: http.MethodPut, path: "huaweicloudchain/instances/{instance_id}"}
	updateBesuInstance = operation[updateInstanceRequest, startedJob]{name: "UpdateBesuInstance", method: http.MethodPut, path: "besu/instances/{instance_id}"}
	showServerInfo     = operation[struct{}, serverInfo]{name: "ShowServerInfo", method: http.MethodGet, path: "huaweicloudchain/service-info"}
)

// Organizations and jobs:
var (
	createOrganization  = operation[createOrganizationRequest, ordered]{name: "CreateOrganization", method: http.MethodPost, path: "huaweicloudchain/instances/{instance_id}/organizations"}
	listOrganizations   = operation[instancePageRequest, listOrganizationsAnswer]{name: "ListOrganizations", method: http.MethodGet, path: "huaweicloudchain/instances/{instance_id}/organizations"}
	showHuaweiChainJob  = operation[jobRequest, showJobAnswer]{name: "ShowHuaweiChainJob", method: http.MethodGet, path: "huaweicloudchain/jobs/{job_id}"}
	listHuaweiChainJobs = operation[listJobsRequest, listJobsAnswer]{name: "ListHuaweiChainJobs", method: http.MethodGet, path: "huaweicloudchain/jobs"}
)

// Requests.
type (
	pageRequest struct {
		Offset int `json:"offset" at:"query"`
		Limit  int `json:"limit" at:"query"`
	}
	instanceRequest struct {
		Instance string `json:"instance_id" at:"path"`
	}
	instancePageRequest struct {
		Instance string `json:"instance_id" at:"path"`
		Offset   int    `json:"offset" at:"query"`
		Limit    int    `json:"limit" at:"query"`
	}
	jobRequest struct {
		Job string `json:"job_id" at:"path"`
	}
	listJobsRequest struct {
		Name   string  `json:"instance_name" at:"query"`
		Since  *string `json:"start_time,omitempty" at:"query"` // nil: from the first one on
		Offset int     `json:"offset" at:"query"`
		Limit  int     `json:"limit" at:"query"`
	}
	createInstanceRequest struct {
		Body *purchase `json:"body" at:"body"`
	}
	createOrganizationRequest struct {
		Instance string        `json:"instance_id" at:"path"`
		Body     *morePurchase `json:"body" at:"body"`
	}
	updateInstanceRequest struct {
		Instance string       `json:"instance_id" at:"path"`
		Body     *actionToRun `json:"body" at:"body"`
	}
	actionToRun struct {
		Action string `json:"action"`
	}
)

// Answers.
type (
	ordered struct {
		Order    string `json:"order_id"`
		Instance string `json:"instance_id"`
		Job      string `json:"job_id"`
		answered
	}
	startedJob struct {
		Job string `json:"job_id"`
		answered
	}
	listInstancesAnswer struct {
		Instances []instanceInfo `json:"instances"`
		answered
	}
	showInstanceAnswer struct {
		instanceInfo
		answered
	}
	listOrganizationsAnswer struct {
		Orgs []orgInfo `json:"orgs"`
		answered
	}
	showJobAnswer struct {
		jobInfo
		answered
	}
	listJobsAnswer struct {
		Jobs []jobInfo `json:"jobs"`
		answered
	}
	serverInfo struct {
		Engine   string `json:"chain_engine_version"`
		Besu     string `json:"besu_engine_version"`
		Editions []struct {
			Name    string `json:"name"`
			MaxOrgs int64  `json:"max_org_num"`
			TPS     int64  `json:"tps_limit"`
		} `json:"editions"`
		Plugins []struct {
			Type    string `json:"type"`
			Version string `json:"version"`
		} `json:"plugins"`
		answered
	}
)

// instanceInfo is an instance as the service shows it.
type instanceInfo struct {
	ID                string        `json:"id"`
	Name              string        `json:"name"`
	Status            string        `json:"status"`
	Edition           string        `json:"edition"`
	Kind              string        `json:"kind"`
	Mode              string        `json:"data_management"`
	Engine            string        `json:"chain_engine_version"`
	Created           string        `json:"create_time"`
	Updated           string        `json:"update_time"`
	EnterpriseProject string        `json:"enterprise_project_id"`
	Orgs              []instanceOrg `json:"orgs"`
	Chains            []struct {
		ID            string `json:"chain_id"`
		Consensus     string `json:"consensus"`
		SignAlgorithm string `json:"sign_algorithm"`
		Contracts     int64  `json:"contract_num"`
		Blocks        int64  `json:"block_num"`
		Transactions  int64  `json:"transaction_num"`
	} `json:"chains"`
}

// instanceOrg is an organization as its instance shows it.
type instanceOrg struct {
	Name   string `json:"name"`
	Status string `json:"status"`
}

// orgInfo is an organization as the service shows it.
type orgInfo struct {
	UID          string `json:"uid"`
	Name         string `json:"name"`
	ChainID      string `json:"chain_org_id"`
	Status       string `json:"status"`
	Endpoint     string `json:"endpoint"`
	Consensus    bool   `json:"is_consensus"`
	Subscription string `json:"subscription_id"`
	Created      string `json:"create_time"`
	Capacity     struct {
		Total int64 `json:"total"`
		Used  int64 `json:"used"`
	} `json:"capacity_info"`
	Order struct {
		Edition    string `json:"edition"`
		PeriodType int    `json:"period_type"`
		PeriodNum  int    `json:"period_num"`
		AutoRenew  bool   `json:"is_auto_renew"`
	} `json:"order_info"`
	Countdown struct {
		Code string `json:"countdown_code"`
		Tips struct {
			Expires  string `json:"exp_time"`
			Grace    string `json:"grace_time"`
			Frozen   string `json:"frozen_time"`
			Released string `json:"release_time"`
		} `json:"countdown_tips"`
	} `json:"countdown"`
}

// jobInfo is a job of the service.
type jobInfo struct {
	ID           string `json:"id"`
	Type         string `json:"type"`
	Status       string `json:"status"`
	Failure      string `json:"failed_message"`
	Progress     int    `json:"progress"`
	Instance     string `json:"instance_id"`
	InstanceName string `json:"instance_name"`
	Started      string `json:"start_time"`
	Ended        string `json:"end_time"`
}

// pageSize is the most entries of a page that the lists of instances,
// organizations and jobs give.
const pageSize = 100

// pages collects a list that is read page by page; offset counts entries.
func pages[T any](size int, next func(offset, limit int) ([]T, error)) ([]T, error) {
	var all, last []T
	for {
		page, err := next(len(all), size)
		switch {
		case err != nil:
			return nil, err
		case len(page) > 0 && reflect.DeepEqual(page, last):
			return nil, &providers.Error{
				Kind: providers.Unexpected, Message: "a list gives the same page again and again, and has no end",
				Advice: "Look at what stands between here and the service, such as a proxy; else open a service ticket.",
			}
		}
		all, last = append(all, page...), page
		if len(page) < size {
			return all, nil
		}
	}
}

func (a api) instances(ctx context.Context) ([]instanceInfo, error) {
	return pages(pageSize, func(offset, limit int) ([]instanceInfo, error) {
		r, err := listInstances.read(ctx, a, &pageRequest{offset, limit})
		if err != nil {
			return nil, err
		}
		return r.Instances, nil
	})
}

// instance returns an instance, or an error of kind NotFound.
func (a api) instance(ctx context.Context, id string) (*instanceInfo, error) {
	r, err := showInstance.read(ctx, a, &instanceRequest{id})
	if err != nil {
		return nil, err
	}
	if r.ID != id {
		return nil, huaweicloud.Senseless("ShowInstance", "the answer is about another instance")
	}
	return &r.instanceInfo, nil
}

func (a api) organizations(ctx context.Context, instance string) ([]orgInfo, error) {
	return pages(pageSize, func(offset, limit int) ([]orgInfo, error) {
		r, err := listOrganizations.read(ctx, a, &instancePageRequest{instance, offset, limit})
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(r.Orgs, func(o orgInfo) bool { return o.Name == "" }) {
			return nil, huaweicloud.Senseless("ListOrganizations", "an organization has no name")
		}
		return r.Orgs, nil
	})
}

// organization returns the organization of a name; nil if the instance has none.
func (a api) organization(ctx context.Context, instance, name string) (*orgInfo, error) {
	all, err := a.organizations(ctx, instance)
	for i := range all {
		if all[i].Name == name {
			return &all[i], nil
		}
	}
	return nil, err
}

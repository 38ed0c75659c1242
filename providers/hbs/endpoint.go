package hbs

import (
	"context"
	"net/http"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// Endpoints:
var (
	createEndpoint = operation[createEndpointRequest, result]{name: "CreateEndpoint", method: http.MethodPost, path: "huaweicloudchain/instances/{instance_id}/endpoints"}
	listEndpoints  = operation[instancePageRequest, listEndpointsAnswer]{name: "ListEndpoints", method: http.MethodGet, path: "huaweicloudchain/instances/{instance_id}/endpoints"}
)

type (
	createEndpointRequest struct {
		Instance string         `json:"instance_id" at:"path"`
		Body     *endpointPlace `json:"body" at:"body"`
	}
	endpointPlace struct {
		VPC    string `json:"vpc_id"`
		Subnet string `json:"subnet_id"`
	}
	listEndpointsAnswer struct {
		Endpoints []endpointInfo `json:"endpoints"`
		answered
	}
	endpointInfo struct {
		ID   string `json:"id"`
		Name string `json:"name"`
		IP   string `json:"ip"`
	}
	// result is the answer of calls that tell nothing but that they were taken.
	result struct {
		Result string `json:"result"`
		answered
	}
)

// endpoint provides HBS.Endpoint: the way from a subnet to an instance. The answer
// to its creation has no ID, and the list shows it only when it is ready, so what
// is there is compared with what was there before. The service has no call that
// deletes one.
type endpoint struct {
	api
	huaweicloud.LooksFirst
}

// endpointProperties are the properties of an endpoint.
type endpointProperties struct {
	Instance string `json:"instanceId"`
	VPC      string `json:"vpcId"`
	Subnet   string `json:"subnetId"`
}

// endpointLate is how many times longer than another lost request one for an
// endpoint is looked for: until it is ready, nothing shows it.
const endpointLate = 6

// Advance implements providers.Provider.
func (p endpoint) Advance(ctx context.Context, req *providers.Request, op providers.Operation, resumed bool) (providers.Progress, error) {
	switch req.Action {
	case providers.Create:
		return p.create(ctx, req, op, resumed)
	case providers.Delete:
		return providers.Progress{Done: true}, nil // there is no call for it
	}
	o, err := p.Read(ctx, req) // everything is immutable
	return done(o), err
}

func (p endpoint) create(ctx context.Context, req *providers.Request, op providers.Operation, resumed bool) (providers.Progress, error) {
	var want endpointProperties
	if err := providers.Decode(req.Properties, &want); err != nil {
		return providers.Progress{}, err
	}
	return huaweicloud.Creation{
		What:    "endpoint",
		Request: req,
		Late:    endpointLate * p.c.Late(),
		Look: func(ctx context.Context) (map[string]string, error) {
			all, err := p.found(ctx, want.Instance)
			return huaweicloud.Existing(all), err
		},
		Send: func(ctx context.Context, op providers.Operation) (providers.Operation, error) {
			_, err := createEndpoint.change(ctx, p.api, &createEndpointRequest{want.Instance, &endpointPlace{want.VPC, want.Subnet}})
			if err != nil {
				return providers.Operation{}, p.explain(ctx, want.Instance, err)
			}
			return providers.Operation{Note: op.Note}, nil
		},
		Find: func(ctx context.Context) ([]huaweicloud.Found, error) { return p.found(ctx, want.Instance) },
		Wait: func(ctx context.Context, op providers.Operation) (providers.Progress, error) {
			return p.created(ctx, req, want, op)
		},
	}.Advance(ctx, op, resumed)
}

// created waits until an endpoint shows that was not there before. That one could
// not be made never shows; the time-out of the action ends the waiting.
func (p endpoint) created(ctx context.Context, req *providers.Request, want endpointProperties, op providers.Operation) (providers.Progress, error) {
	if op.ObjectID == "" {
		all, err := p.found(ctx, want.Instance)
		if err != nil {
			return providers.Progress{}, err
		}
		ours, err := huaweicloud.Pick(ctx, "endpoint", op, req, all)
		if err != nil || ours == nil {
			return providers.Progress{Next: op, After: poll, Message: "the endpoint is not listed yet; one that can't be made never is"}, err
		}
		op.ObjectID = ours.ID
		return providers.Progress{Next: op}, nil
	}
	read := *req
	read.ObjectID = op.ObjectID
	o, err := p.Read(ctx, &read)
	return done(o), err
}

// found lists the endpoints of an instance.
func (p endpoint) found(ctx context.Context, instance string) ([]huaweicloud.Found, error) {
	all, err := p.endpoints(ctx, instance)
	var out []huaweicloud.Found
	for _, e := range all {
		out = append(out, huaweicloud.Found{Candidate: providers.Candidate{
			ID: huaweicloud.JoinPath(instance, e.ID), Name: e.Name, Parent: "instance " + instance, Work: "address " + e.IP,
		}})
	}
	return out, err
}

func (a api) endpoints(ctx context.Context, instance string) ([]endpointInfo, error) {
	return pages(pageSize, func(offset, limit int) ([]endpointInfo, error) {
		r, err := listEndpoints.read(ctx, a, &instancePageRequest{instance, offset, limit})
		if err != nil {
			return nil, err
		}
		return r.Endpoints, nil
	})
}

// Read implements providers.Provider. VPC and subnet are not told.
func (p endpoint) Read(ctx context.Context, req *providers.Request) (*providers.Object, error) {
	parts, err := huaweicloud.SplitPath("HBS.Endpoint", req.ObjectID, "instance", 2)
	if err != nil {
		return nil, err
	}
	all, err := p.endpoints(ctx, parts[0])
	if err != nil {
		return nil, err
	}
	for _, e := range all {
		if e.ID == parts[1] {
			return &providers.Object{
				ID:         req.ObjectID,
				Attributes: map[string]any{"refID": req.ObjectID, "refName": e.Name, "endpointId": e.ID, "ip": e.IP},
				Properties: map[string]any{"instanceId": parts[0]},
			}, nil
		}
	}
	return nil, huaweicloud.Absent("endpoint", parts[1])
}

// ReadAll implements providers.Lister.
func (p endpoint) ReadAll(ctx context.Context, reqs []*providers.Request) ([]providers.Reading, error) {
	return huaweicloud.ReadEach(ctx, reqs, p.Read)
}

// Search implements providers.Searcher.
func (p endpoint) Search(ctx context.Context, req *providers.Request, op providers.Operation) ([]providers.Candidate, error) {
	all, err := p.found(ctx, req.String("instanceId"))
	return huaweicloud.Fresh(op, all), err
}

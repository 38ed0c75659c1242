package bcs

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2/model"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// States of an instance (API reference 1.5.1.3): status is its health,
// process_status the work on it, empty when idle.
const (
	statusNormal = "Normal"
	processDel   = "IsDeleting"
)

// instance provides BCS.Instance.
type instance struct {
	api
	huaweicloud.LooksFirst
}

// Advance implements providers.Provider.
func (p instance) Advance(ctx context.Context, req *providers.Request, op providers.Operation, resumed bool) (providers.Progress, error) {
	switch req.Action {
	case providers.Create:
		return p.create(ctx, req, op, resumed)
	case providers.Delete:
		return p.delete(ctx, req, op, resumed)
	}
	// What can change is either used at the deletion (the flags) or only
	// recorded, because the service has no call for it (the password).
	o, err := p.Read(ctx, req)
	return done(o), err
}

func (p instance) create(ctx context.Context, req *providers.Request, op providers.Operation, resumed bool) (providers.Progress, error) {
	body, err := order(req.Properties)
	if err != nil {
		return providers.Progress{}, err
	}
	progress, err := huaweicloud.Creation{
		What:    "network",
		Request: req,
		Late:    p.c.Late(),
		Look: func(ctx context.Context) (map[string]string, error) {
			if err := checkOrder(body); err != nil {
				return nil, err
			}
			b, err := p.named(ctx, body.Name)
			if err == nil && b != nil {
				err = huaweicloud.Exists("a network called", body.Name, "Names are unique in a project: choose another one (property name), or delete "+val(b.Id)+" if nobody needs it.")
			}
			return nil, err
		},
		Send: func(ctx context.Context, _ providers.Operation) (providers.Operation, error) {
			r, err := p.createNewBlockchain(ctx, body)
			if err != nil {
				return providers.Operation{}, p.explainQuota(ctx, err)
			}
			return providers.Operation{ID: val(r.OperationId), ObjectID: val(r.BlockchainId)}, nil
		},
		Find: func(ctx context.Context) ([]huaweicloud.Found, error) {
			b, err := p.named(ctx, body.Name)
			if err != nil || b == nil {
				return nil, err
			}
			record, err := p.creation(ctx, val(b.Id))
			return []huaweicloud.Found{foundOf(val(b.Id), body.Name, "", "", record)}, err
		},
		Wait: func(ctx context.Context, op providers.Operation) (providers.Progress, error) {
			return p.created(ctx, req, op)
		},
	}.Advance(ctx, op, resumed)
	huaweicloud.Scrub(err, secretsOf(body)...)
	return progress, err
}

// explainQuota looks at the quota when an order is refused for it, or with a code
// of unknown meaning: no source says for sure which one stands for a quota that
// is used up.
func (p instance) explainQuota(ctx context.Context, refusal error) error {
	var e *providers.Error
	if !errors.As(refusal, &e) || e.Kind != providers.Quota && (e.Kind != providers.Invalid || huaweicloud.Known(e.Code)) {
		return refusal
	}
	quotas, err := p.listQuotas(ctx)
	if err != nil {
		return refusal // it says more than that the quota could not be read
	}
	for _, q := range quotas {
		if val(q.Type) == "instance" && val(q.Used) >= val(q.Quota) {
			explained := *e
			explained.Kind = providers.Quota
			explained.Message = fmt.Sprintf("%s (networks of the project: %d, quota: %d)", e.Message, val(q.Used), val(q.Quota))
			explained.Advice = "Delete a network that is no longer needed, or ask for more quota in a service ticket."
			return &explained
		}
	}
	return refusal
}

// created waits until the instance is Normal and idle; deploy_status is no
// sign of it (the reference shows 0, running, beside Normal).
func (p instance) created(ctx context.Context, req *providers.Request, op providers.Operation) (providers.Progress, error) {
	if op.ObjectID == "" { // the answer had no ID
		b, err := p.named(ctx, req.String("name"))
		if err != nil {
			return providers.Progress{}, err
		}
		if b == nil {
			return providers.Progress{Next: op, After: poll, Message: "the network is not listed yet"}, nil
		}
		op.ObjectID = val(b.Id)
	}
	return p.await(ctx, op, func(ctx context.Context, finished bool) (settled, error) {
		d, err := p.showBlockchainDetail(ctx, op.ObjectID)
		if huaweicloud.Gone(err) {
			return settled{waiting: "the network is not shown yet"}, nil
		}
		if err != nil {
			return settled{}, err
		}
		info := basic(d)
		switch {
		case val(info.ProcessStatus) != "":
			return settled{waiting: "the network is in state " + val(info.ProcessStatus)}, nil
		case val(info.Status) == statusNormal:
			return settled{done: true, object: instanceObject(d, huaweicloud.Recorded(req))}, nil
		case finished || isFault(val(info.Status)):
			return settled{}, &providers.Error{
				Kind:      providers.Failed,
				Operation: "ShowBlockchainDetail",
				Message:   fmt.Sprintf("the network %s was made but is in state %q instead of Normal", op.ObjectID, val(info.Status)),
				Advice:    "Look at the network and its cluster on the console.",
			}
		}
		return settled{waiting: "the network is in state " + or(val(info.Status), "unknown")}, nil
	})
}

// isFault tells the documented bad states from the unknown ones, which a
// network may pass through while it is made.
func isFault(status string) bool {
	switch status {
	case "Abnormal", "EipAbnormal", "Freeze", "Hibernation":
		return true
	}
	return false
}

func (p instance) delete(ctx context.Context, req *providers.Request, op providers.Operation, resumed bool) (providers.Progress, error) {
	id := req.ObjectID
	if op.Stage == huaweicloud.StageWait {
		return p.await(ctx, op, func(ctx context.Context, _ bool) (settled, error) {
			_, err := p.showBlockchainDetail(ctx, id)
			if huaweicloud.Gone(err) {
				return settled{done: true}, nil
			}
			return settled{waiting: "the network is still there"}, err
		})
	}
	if resumed {
		next, isGone, err := p.deletion(ctx, id)
		if err != nil || isGone || next != nil {
			return deletionProgress(next, isGone), err
		}
	}
	record, err := p.deleteBlockchain(ctx, deleteRequest(id, req.Properties))
	switch {
	case huaweicloud.Gone(err):
		return providers.Progress{Done: true}, nil
	case huaweicloud.IsCode(err, "BCS.4001003"): // somebody deletes it already
		return providers.Progress{Next: providers.Operation{Stage: huaweicloud.StageWait, ObjectID: id}}, nil
	case err != nil:
		return providers.Progress{}, err
	}
	return providers.Progress{Next: providers.Operation{Stage: huaweicloud.StageWait, ID: record, ObjectID: id}}, nil
}

// deletion looks for a deletion that a lost request has begun or ended.
func (p instance) deletion(ctx context.Context, id string) (next *providers.Operation, isGone bool, err error) {
	d, err := p.showBlockchainDetail(ctx, id)
	if huaweicloud.Gone(err) {
		return nil, true, nil
	}
	if err != nil {
		return nil, false, err
	}
	if val(basic(d).ProcessStatus) != processDel {
		return nil, false, nil
	}
	record, err := p.running(ctx, id) // it is of the deletion, as the state tells
	if err != nil {
		return nil, false, err
	}
	next = &providers.Operation{Stage: huaweicloud.StageWait, ObjectID: id}
	if record != nil {
		next.ID = val(record.OperationId)
	}
	return next, false, nil
}

func deletionProgress(next *providers.Operation, isGone bool) providers.Progress {
	if isGone {
		return providers.Progress{Done: true}
	}
	return providers.Progress{Next: val(next)}
}

// deleteRequest sends the flags that count for the kind of cluster: edge mode
// knows only its own, and asks for it.
func deleteRequest(id string, properties map[string]any) *model.DeleteBlockchainRequest {
	flag := func(name string) *bool {
		on, _ := properties[name].(bool)
		return &on
	}
	q := &model.DeleteBlockchainRequest{BlockchainId: id}
	if providers.Text(properties["clusterType"]) == "ief" {
		q.IsDeleteIef = flag("deleteIef")
		return q
	}
	q.IsDeleteStorage, q.IsDeleteObs, q.IsDeleteResource = flag("deleteStorage"), flag("deleteObs"), flag("deleteResource")
	return q
}

// ReadAll implements providers.Lister.
func (p instance) ReadAll(ctx context.Context, reqs []*providers.Request) ([]providers.Reading, error) {
	return huaweicloud.ReadEach(ctx, reqs, p.Read)
}

// Read implements providers.Provider.
func (p instance) Read(ctx context.Context, req *providers.Request) (*providers.Object, error) {
	d, err := p.showBlockchainDetail(ctx, req.ObjectID)
	if err != nil {
		return nil, err
	}
	return instanceObject(d, huaweicloud.Recorded(req)), nil
}

// Search implements providers.Searcher.
func (p instance) Search(ctx context.Context, req *providers.Request, _ providers.Operation) ([]providers.Candidate, error) {
	b, err := p.named(ctx, req.String("name"))
	if err != nil || b == nil {
		return nil, err
	}
	d, err := p.showBlockchainDetail(ctx, val(b.Id))
	if err != nil {
		return nil, err
	}
	return []providers.Candidate{foundOf(val(b.Id), val(b.Name), "", val(basic(d).CreatedTime), nil).Candidate}, nil
}

// named returns the network with a name, nil if there is none.
func (p instance) named(ctx context.Context, name string) (*model.BlockchainInfo, error) {
	all, err := p.listBlockchains(ctx)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if val(all[i].Name) == name {
			return &all[i], nil
		}
	}
	return nil, nil
}

func basic(d *model.ShowBlockchainDetailResponse) model.BasicInfo { return val(d.BasicInfo) }

func instanceObject(d *model.ShowBlockchainDetailResponse, recorded map[string]any) *providers.Object {
	info := basic(d)
	var addresses, domains []string
	for _, a := range val(val(d.OrdererInfo).Address) {
		addresses = append(addresses, val(a.IpPort))
		domains = append(domains, val(a.DomainPort))
	}
	return &providers.Object{
		ID: val(info.Id),
		Attributes: map[string]any{
			"refID":            val(info.Id),
			"refName":          val(info.Name),
			"version":          val(info.Version),
			"status":           val(info.Status),
			"clusterId":        val(info.ClusterId),
			"createdTime":      val(info.CreatedTime),
			"agentPortalAddrs": huaweicloud.Texts(val(info.AgentPortalAddrs)),
			"ordererAddresses": huaweicloud.Texts(addresses),
			"ordererDomains":   huaweicloud.Texts(domains),
		},
		Properties: huaweicloud.AsRecorded(instanceProperties(d), recorded),
	}
}

// instanceProperties turns what the service shows back into properties. Where
// both spell a value differently, the order's spelling wins. Organizations are
// left out: others come and go as nodes of their own.
func instanceProperties(d *model.ShowBlockchainDetailResponse) map[string]any {
	info := basic(d)
	out := map[string]any{}
	set := func(name, text string) {
		if text != "" {
			out[name] = text
		}
	}
	set("name", val(info.Name))
	set("blockchainType", val(info.ServiceType))
	set("signAlgorithm", val(info.SignAlgorithm))
	set("databaseType", val(info.DatabaseType))
	set("clusterType", strings.ToLower(val(info.ClusterType)))
	set("fabricVersion", fabricOf(val(info.Version)))
	consensus := val(info.Consensus)
	if consensus == "sflic" {
		consensus = "SFLIC"
	}
	set("consensus", consensus)
	if info.VersionType != nil {
		out["versionType"] = *info.VersionType
	}
	if n := val(val(d.OrdererInfo).NodeCnt); n > 0 {
		out["ordererNodeNumber"] = n
	}
	if b := info.BlockInfo; b != nil {
		out["blockInfo"] = map[string]any{
			"batchTimeout":      val(b.BatchTimeout),
			"maxMessageCount":   val(b.MaxMessageCount),
			"preferredMaxbytes": val(b.PreferredMaxbytes),
		}
	}
	cluster := map[string]any{}
	for name, text := range map[string]string{
		"clusterId": val(info.ClusterId), "clusterName": val(info.ClusterName), "clusterPlatformType": val(info.ClusterPlatformType),
	} {
		if text != "" {
			cluster[name] = text
		}
	}
	if len(cluster) > 0 {
		out["cceClusterInfo"] = cluster
	}
	return out
}

// fabricOf tells the Fabric version by the service version (user guide 1.4.1).
func fabricOf(version string) string {
	switch major, _, _ := strings.Cut(version, "."); major {
	case "3":
		return "1.4"
	case "4":
		return "2.2"
	}
	return ""
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

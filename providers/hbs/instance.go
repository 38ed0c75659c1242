package hbs

import (
	"context"
	"fmt"
	"slices"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// States of instances; organizations have those of the first block (API reference
// 2.5.3.2, 2.5.4.2).
const (
	statusAvailable   = "Available"
	statusUnavailable = "Unavailable"
	statusException   = "Exception"
	statusUnpaid      = "Unpaid"
	statusCreating    = "Creating"
	statusDeleting    = "Deleting"

	statusUpgrading   = "Upgrading"
	statusOrgCreating = "OrgCreating"
	statusOrgDeleting = "OrgDeleting"
)

// atWork tells whether a job runs on an instance in that state, whose end is
// worth waiting for.
func atWork(status string) bool {
	switch status {
	case statusCreating, statusDeleting, statusUpgrading, statusOrgCreating, statusOrgDeleting:
		return true
	}
	return false
}

// instance provides HBS.Instance.
type instance struct {
	api
	huaweicloud.LooksFirst
}

// Advance implements providers.Provider.
func (p instance) Advance(ctx context.Context, req *providers.Request, op providers.Operation, resumed bool) (providers.Progress, error) {
	if req.Action == providers.Delete {
		return p.delete(ctx, req, op)
	}
	want, err := instanceOf(req.Properties)
	if err != nil {
		return providers.Progress{}, err
	}
	if req.Action == providers.Create {
		return p.create(ctx, req, want, op, resumed)
	}
	return p.update(ctx, req, want, op)
}

func (p instance) create(ctx context.Context, req *providers.Request, want instanceProperties, op providers.Operation, resumed bool) (providers.Progress, error) {
	return huaweicloud.Creation{
		What:    "instance",
		Request: req,
		Late:    p.c.Late(),
		Look: func(ctx context.Context) (map[string]string, error) {
			there, err := p.named(ctx, want)
			if err == nil && len(there) > 0 {
				err = huaweicloud.Exists("an instance called", want.Name, "Choose another name (property name), or delete "+there[0].ID+" if nobody needs it.")
			}
			return nil, err
		},
		Send: func(ctx context.Context, _ providers.Operation) (providers.Operation, error) {
			r, err := createInstance.change(ctx, p.api, &createInstanceRequest{want.wire()})
			if err != nil {
				return providers.Operation{}, err
			}
			return noted(providers.Operation{ID: r.Job, ObjectID: r.Instance}, noteOrder, r.Order), nil
		},
		Find: func(ctx context.Context) ([]huaweicloud.Found, error) {
			found, err := p.named(ctx, want)
			for i := range found {
				f := &found[i]
				job, err := p.newestJob(ctx, f.ID, f.Name, jobCreateInstance)
				if err != nil {
					return nil, err
				}
				if job != nil {
					f.Record, f.Work = job.ID, job.work()
				}
			}
			return found, err
		},
		Wait: func(ctx context.Context, op providers.Operation) (providers.Progress, error) {
			return p.created(ctx, req, want, op)
		},
	}.Advance(ctx, op, resumed)
}

// created waits until the instance is Available, and sees to its payment.
func (p instance) created(ctx context.Context, req *providers.Request, want instanceProperties, op providers.Operation) (providers.Progress, error) {
	if op.ObjectID == "" { // the answer had no ID
		found, err := p.named(ctx, want)
		if err != nil || len(found) != 1 {
			return providers.Progress{Next: op, After: poll, Message: "the instance is not listed yet"}, err
		}
		op.ObjectID = found[0].ID
	}
	return p.await(ctx, op, func(ctx context.Context, finished bool) (settled, error) {
		i, err := p.instance(ctx, op.ObjectID)
		switch {
		case huaweicloud.Gone(err):
			return settled{waiting: "the instance is not shown yet"}, nil
		case err != nil:
			return settled{}, err
		case i.Status == statusUnpaid:
			progress, err := p.payment(ctx, req, op, purchaseOf{"instance " + i.Name, moment(i.Created), want.PayOrder})
			return settled{other: &progress}, err
		case i.Status == statusException, i.Status == statusUnavailable:
			return settled{}, &providers.Error{
				Kind: providers.Failed, Operation: "ShowInstance",
				Message: fmt.Sprintf("the instance %s was made but is in state %s instead of %s", i.ID, i.Status, statusAvailable),
				Advice:  "Look at the instance on the console.",
			}
		case i.Status == statusAvailable, finished && i.Status != statusCreating:
			return settled{done: true, object: instanceObject(i, huaweicloud.Recorded(req))}, nil
		}
		return settled{waiting: "the instance is in state " + i.Status}, nil
	})
}

// Read implements providers.Provider.
func (p instance) Read(ctx context.Context, req *providers.Request) (*providers.Object, error) {
	i, err := p.instance(ctx, req.ObjectID)
	if err != nil {
		return nil, err
	}
	return instanceObject(i, huaweicloud.Recorded(req)), nil
}

// ReadAll implements providers.Lister.
func (p instance) ReadAll(ctx context.Context, reqs []*providers.Request) ([]providers.Reading, error) {
	return huaweicloud.Listing[instanceInfo]{
		List: func(ctx context.Context, _ []*providers.Request) (map[string]*instanceInfo, error) {
			all, err := p.instances(ctx)
			return huaweicloud.ByID(all, func(i *instanceInfo) string { return i.ID }), err
		},
		Object: func(i *instanceInfo, req *providers.Request) (*providers.Object, error) {
			return instanceObject(i, huaweicloud.Recorded(req)), nil
		},
		Read: p.Read,
	}.ReadAll(ctx, reqs)
}

// Search implements providers.Searcher.
func (p instance) Search(ctx context.Context, req *providers.Request, op providers.Operation) ([]providers.Candidate, error) {
	want, err := instanceOf(req.Properties)
	if err != nil {
		return nil, err
	}
	all, err := p.named(ctx, want)
	return huaweicloud.Fresh(op, all), err
}

// named returns the instances of a name. Nobody says that names are unique; what
// can't be changed tells others apart.
func (p instance) named(ctx context.Context, want instanceProperties) ([]huaweicloud.Found, error) {
	all, err := p.instances(ctx)
	var out []huaweicloud.Found
	for _, i := range all {
		if i.Name != want.Name {
			continue
		}
		f := huaweicloud.Found{Candidate: providers.Candidate{ID: i.ID, Name: i.Name, Created: moment(i.Created)}}
		for _, fixed := range [][3]string{{"edition", i.Edition, want.Edition}, {"kind", i.kind(), want.Kind}, {"dataManagement", i.Mode, want.Mode}} {
			if fixed[2] != "" && fixed[1] != fixed[2] {
				f.Against = fmt.Sprintf("its %s is %s, and %s was asked for", fixed[0], fixed[1], fixed[2])
			}
		}
		out = append(out, f)
	}
	return out, err
}

// kind is the kind of an instance; examples leave that of the vendor's own engine
// out.
func (i *instanceInfo) kind() string {
	if i.Kind == "" {
		return kindChain
	}
	return i.Kind
}

func instanceObject(i *instanceInfo, recorded map[string]any) *providers.Object {
	chain := ""
	if len(i.Chains) > 0 {
		chain = i.Chains[0].ID
	}
	return &providers.Object{
		ID: i.ID,
		Attributes: map[string]any{
			"refID":              i.ID,
			"refName":            i.Name,
			"status":             i.Status,
			"chainEngineVersion": i.Engine,
			"chainId":            chain,
			"createTime":         i.Created,
		},
		Properties: huaweicloud.AsRecorded(i.properties(recorded), recorded),
	}
}

// properties turns what the service shows back into properties. Of the
// organizations those count that are recorded, since others come and go as nodes
// of their own. An engine that is newer than the recorded one is as good.
func (i *instanceInfo) properties(recorded map[string]any) map[string]any {
	out := map[string]any{
		"name": i.Name, "edition": i.Edition, "dataManagement": i.Mode, "kind": i.kind(),
		"enterpriseProjectId": i.EnterpriseProject, "chainEngineVersion": i.Engine,
	}
	if version := providers.Text(recorded["chainEngineVersion"]); version != "" && !older(i.Engine, version) {
		out["chainEngineVersion"] = version
	}
	if len(i.Chains) > 0 {
		out["chainInfo"] = map[string]any{"consensus": i.Chains[0].Consensus, "signAlgorithm": i.Chains[0].SignAlgorithm}
	}
	there := i.members()
	if have, err := instanceOf(recorded); err == nil && len(recorded) > 0 {
		there = slices.DeleteFunc(names(have.Orgs), func(name string) bool { return !slices.Contains(there, name) })
	}
	orgs := make([]any, len(there))
	for k, name := range there {
		orgs[k] = map[string]any{"name": name}
	}
	out["orgs"] = orgs
	return out
}

// members are the names of the organizations that are there to stay; of an
// instance that nobody has paid yet, of all.
func (i *instanceInfo) members() []string {
	var out []string
	for _, o := range i.Orgs {
		if i.Status == statusUnpaid || o.Status != statusUnpaid && o.Status != statusDeleting {
			out = append(out, o.Name)
		}
	}
	return out
}

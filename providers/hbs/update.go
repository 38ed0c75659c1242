package hbs

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// noteStep says in an operation's notes what an update is at: one of the steps,
// in this order. Each looks at the instance first and sends nothing if all is as
// it should be, so that a lost answer needs no care:
//
//	"" or rest  --the engine is older-->  upgrade  -->  rest
//	            --an organization is missing-->  join  -->  rest
//	            --one shall go-->  leave  -->  rest
//	            --none of that, or it is settled-->  done
const (
	noteStep = "step"

	stepUpgrade = "upgrade"
	stepJoin    = "join"
	stepLeave   = "leave"

	stageRest = "rest"
)

// noteUpgraded says that the engine was upgraded in this update.
const noteUpgraded = "upgraded"

func (p instance) update(ctx context.Context, req *providers.Request, want instanceProperties, op providers.Operation) (providers.Progress, error) {
	have, err := instanceOf(req.Prior)
	if err != nil {
		return providers.Progress{}, err
	}
	leaving := release{instance: req.ObjectID, settling: req.Settling, leaves: func(o *orgInfo) bool {
		return slices.Contains(names(have.Orgs), o.Name) && !slices.Contains(names(want.Orgs), o.Name)
	}}
	if op.Stage == huaweicloud.StageWait {
		return p.updated(ctx, req, want, op, leaving)
	}
	i, err := p.instance(ctx, req.ObjectID)
	if err != nil {
		return providers.Progress{}, err
	}
	if atWork(i.Status) {
		return providers.Progress{Next: op, After: poll, Message: "the instance is in state " + i.Status}, nil
	}
	if req.Settling {
		return done(asFarAsItCame(i, req, have, want)), nil
	}
	if want.Engine != "" && i.Status != statusUnpaid && older(i.Engine, want.Engine) {
		return p.upgrade(ctx, i, want, op)
	}
	return p.reorganize(ctx, req, want, op, leaving)
}

// asFarAsItCame is an instance after some steps of an update. Organizations that
// were to leave and did not are told as well: they would be nobody's else.
func asFarAsItCame(i *instanceInfo, req *providers.Request, have, want instanceProperties) *providers.Object {
	var orgs []any
	for _, o := range have.Orgs {
		orgs = append(orgs, map[string]any{"name": o.Name})
	}
	for _, o := range want.Orgs {
		if !slices.Contains(have.Orgs, o) {
			orgs = append(orgs, map[string]any{"name": o.Name})
		}
	}
	recorded := maps.Clone(req.Properties)
	recorded["orgs"] = orgs
	return instanceObject(i, recorded)
}

// upgrade begins the upgrade of the engine. The service knows no other target
// than the newest version.
func (p instance) upgrade(ctx context.Context, i *instanceInfo, want instanceProperties, op providers.Operation) (providers.Progress, error) {
	if op.Note[noteUpgraded] != "" {
		return providers.Progress{}, &providers.Error{
			Kind: providers.Failed, Operation: "UpdateInstance",
			Message: fmt.Sprintf("the engine was upgraded to %s, which is older than %s", i.Engine, want.Engine),
			Advice:  "Set chainEngineVersion to a version that the service offers.",
		}
	}
	call := updateInstance
	if i.kind() == kindBesu {
		call = updateBesuInstance
	}
	r, err := call.change(ctx, p.api, &updateInstanceRequest{i.ID, &actionToRun{"Upgrade"}})
	if err != nil {
		return providers.Progress{}, p.explain(ctx, i.ID, err)
	}
	next := providers.Operation{Stage: huaweicloud.StageWait, ID: r.Job, ObjectID: i.ID, Note: map[string]string{noteStep: stepUpgrade}}
	return providers.Progress{Next: next}, nil
}

// reorganize lets organizations in or out.
func (p instance) reorganize(ctx context.Context, req *providers.Request, want instanceProperties, op providers.Operation, leaving release) (providers.Progress, error) {
	id := req.ObjectID
	there, err := p.organizations(ctx, id)
	if err != nil {
		return providers.Progress{}, err
	}
	missing := slices.DeleteFunc(slices.Clone(want.Orgs), func(o orgName) bool {
		return slices.ContainsFunc(there, func(t orgInfo) bool { return t.Name == o.Name })
	})
	next := providers.Operation{Stage: huaweicloud.StageWait, ObjectID: id, Note: map[string]string{noteStep: stepJoin}}
	switch {
	case len(missing) > 0:
		r, err := createOrganization.change(ctx, p.api, &createOrganizationRequest{id, &morePurchase{missing, want.Order.wire()}})
		if err != nil {
			return providers.Progress{}, p.explain(ctx, id, err)
		}
		next.ID = r.Job
		return providers.Progress{Next: noted(next, noteOrder, r.Order)}, nil
	case slices.ContainsFunc(there, func(t orgInfo) bool { return t.Status == statusUnpaid && slices.Contains(names(want.Orgs), t.Name) }):
		return providers.Progress{Next: next}, nil
	case slices.ContainsFunc(there, func(t orgInfo) bool { return leaving.leaves(&t) }):
		progress, err := p.release(ctx, providers.Operation{}, leaving)
		progress.Next = noted(progress.Next, noteStep, stepLeave)
		return progress, err
	}
	o, err := p.Read(ctx, req)
	return done(o), err
}

// updated waits for the end of a step.
func (p instance) updated(ctx context.Context, req *providers.Request, want instanceProperties, op providers.Operation, leaving release) (providers.Progress, error) {
	rest := &providers.Operation{Stage: stageRest, ObjectID: req.ObjectID}
	switch op.Note[noteStep] {
	case stepLeave:
		progress, err := p.release(ctx, op, leaving)
		switch {
		case err != nil:
		case progress.Done:
			progress = providers.Progress{Next: *rest, Substeps: progress.Substeps}
		default:
			progress.Next = noted(progress.Next, noteStep, stepLeave)
		}
		return progress, err
	case stepJoin:
		return p.await(ctx, op, func(ctx context.Context, finished bool) (settled, error) {
			return p.joined(ctx, req, want, op, rest)
		})
	}
	rest.Note = map[string]string{noteUpgraded: "yes"}
	return p.await(ctx, op, func(ctx context.Context, finished bool) (settled, error) {
		i, err := p.instance(ctx, req.ObjectID)
		if err != nil {
			return settled{}, err
		}
		if atWork(i.Status) {
			return settled{waiting: "the instance is in state " + i.Status}, nil
		}
		return settled{next: rest}, nil
	})
}

// joined looks whether the organizations of an instance are all there.
func (p instance) joined(ctx context.Context, req *providers.Request, want instanceProperties, op providers.Operation, rest *providers.Operation) (settled, error) {
	there, err := p.organizations(ctx, req.ObjectID)
	if err != nil {
		return settled{}, err
	}
	for _, o := range there {
		if !slices.Contains(names(want.Orgs), o.Name) {
			continue
		}
		switch o.Status {
		case statusUnpaid:
			progress, err := p.payment(ctx, req, op, purchaseOf{"organization " + o.Name, moment(o.Created), want.PayOrder})
			return settled{other: &progress}, err
		case statusCreating:
			return settled{waiting: "organization " + o.Name + " is being created"}, nil
		case statusException:
			return settled{}, badOrganization(&o)
		}
	}
	return settled{next: rest}, nil
}

func badOrganization(o *orgInfo) error {
	return &providers.Error{
		Kind: providers.Failed, Operation: "ListOrganizations",
		Message: fmt.Sprintf("organization %s was made but is in state %s instead of %s", o.Name, o.Status, statusAvailable),
		Advice:  "Look at the organization on the console.",
	}
}

// explain names the order that has to be paid before an instance can be changed.
func (a api) explain(ctx context.Context, instance string, refusal error) error {
	if !huaweicloud.IsCode(refusal, "HBS.4090001") {
		return refusal
	}
	i, err := a.instance(ctx, instance)
	if err != nil {
		return refusal
	}
	waiting, err := a.unpaidOrders(ctx, moment(i.Created))
	if err != nil || len(waiting) == 0 {
		return refusal
	}
	ids := make([]string, len(waiting))
	for k := range waiting {
		ids[k] = huaweicloud.Val(waiting[k].OrderId)
	}
	return withMessage(refusal, " (waiting for payment: order "+strings.Join(ids, ", ")+")")
}

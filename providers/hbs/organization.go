package hbs

import (
	"context"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// organization provides HBS.Organization: one that is bought for an instance that
// exists. Nothing of it can be changed: an update only goes on with its payment.
type organization struct {
	api
	huaweicloud.LooksFirst
}

// orgProperties are the properties of an organization.
type orgProperties struct {
	Instance string          `json:"instanceId"`
	Name     string          `json:"name"`
	Order    orderProperties `json:"orgOrderInfo"`
	PayOrder bool            `json:"payOrder"`
}

func (o orgProperties) id() string { return huaweicloud.JoinPath(o.Instance, o.Name) }

// Advance implements providers.Provider.
func (p organization) Advance(ctx context.Context, req *providers.Request, op providers.Operation, resumed bool) (providers.Progress, error) {
	var want orgProperties
	if err := providers.Decode(req.Properties, &want); err != nil {
		return providers.Progress{}, err
	}
	switch req.Action {
	case providers.Create:
		return p.create(ctx, req, want, op, resumed)
	case providers.Delete:
		return p.release(ctx, op, release{instance: want.Instance, settling: req.Settling, leaves: func(o *orgInfo) bool { return isIt(o, want.Name, req) }})
	}
	return p.goOn(ctx, req, want, op)
}

// goOn sees to what a creation has left waiting.
func (p organization) goOn(ctx context.Context, req *providers.Request, want orgProperties, op providers.Operation) (providers.Progress, error) {
	if op.Stage == huaweicloud.StageWait {
		return p.created(ctx, req, want, op)
	}
	o, err := p.organization(ctx, want.Instance, want.Name)
	if err == nil && o != nil && (o.Status == statusUnpaid || o.Status == statusCreating) {
		return providers.Progress{Next: providers.Operation{Stage: huaweicloud.StageWait, ObjectID: req.ObjectID}}, nil
	}
	read, err := p.Read(ctx, req)
	return done(read), err
}

// isIt tells whether an organization is the one of a request, rather than one that
// was made later under its name.
func isIt(o *orgInfo, name string, req *providers.Request) bool {
	uid := providers.Text(req.Attributes["uid"])
	return o.Name == name && (uid == "" || uid == o.UID)
}

func (p organization) create(ctx context.Context, req *providers.Request, want orgProperties, op providers.Operation, resumed bool) (providers.Progress, error) {
	return huaweicloud.Creation{
		What:    "organization",
		Request: req,
		Late:    p.c.Late(),
		Look: func(ctx context.Context) (map[string]string, error) {
			o, err := p.organization(ctx, want.Instance, want.Name)
			if err == nil && o != nil {
				err = huaweicloud.Exists("organization", want.Name, "Choose another name (property name), or remove it from orgs of the instance.")
			}
			return nil, err
		},
		Send: func(ctx context.Context, _ providers.Operation) (providers.Operation, error) {
			r, err := createOrganization.change(ctx, p.api, &createOrganizationRequest{
				want.Instance, &morePurchase{Orgs: []orgName{{want.Name}}, Order: want.Order.wire()},
			})
			if err != nil {
				return providers.Operation{}, p.explain(ctx, want.Instance, err)
			}
			return noted(providers.Operation{ID: r.Job, ObjectID: want.id()}, noteOrder, r.Order), nil
		},
		Find: func(ctx context.Context) ([]huaweicloud.Found, error) { return p.found(ctx, want) },
		Wait: func(ctx context.Context, op providers.Operation) (providers.Progress, error) {
			return p.created(ctx, req, want, op)
		},
	}.Advance(ctx, op, resumed)
}

// found returns what is there of an organization, with the job that makes it: the
// newest one that does, as one change at a time runs on an instance.
func (p organization) found(ctx context.Context, want orgProperties) ([]huaweicloud.Found, error) {
	o, err := p.organization(ctx, want.Instance, want.Name)
	if err != nil || o == nil {
		return nil, err
	}
	f := huaweicloud.Found{Candidate: providers.Candidate{ID: want.id(), Name: o.Name, Parent: "instance " + want.Instance, Created: moment(o.Created)}}
	i, err := p.instance(ctx, want.Instance)
	if err != nil {
		return nil, err
	}
	job, err := p.newestJob(ctx, i.ID, i.Name, jobCreateOrg)
	if job != nil && o.Status == statusCreating {
		f.Record, f.Work = job.ID, job.work()
	}
	return []huaweicloud.Found{f}, err
}

// created waits until the organization is Available, and sees to its payment.
func (p organization) created(ctx context.Context, req *providers.Request, want orgProperties, op providers.Operation) (providers.Progress, error) {
	return p.await(ctx, op, func(ctx context.Context, finished bool) (settled, error) {
		o, err := p.organization(ctx, want.Instance, want.Name)
		switch {
		case err != nil:
			return settled{}, err
		case o == nil:
			return settled{waiting: "the organization is not listed yet"}, nil
		case o.Status == statusUnpaid:
			progress, err := p.payment(ctx, req, op, purchaseOf{"organization " + o.Name, moment(o.Created), want.PayOrder})
			return settled{other: &progress}, err
		case o.Status == statusAvailable:
			return settled{done: true, object: orgObject(want.Instance, o)}, nil
		case o.Status == statusException, finished && o.Status == statusUnavailable:
			return settled{}, badOrganization(o)
		}
		return settled{waiting: "the organization is in state " + o.Status}, nil
	})
}

// Read implements providers.Provider.
func (p organization) Read(ctx context.Context, req *providers.Request) (*providers.Object, error) {
	parts, err := huaweicloud.SplitPath("HBS.Organization", req.ObjectID, "instance", 2)
	if err != nil {
		return nil, err
	}
	o, err := p.organization(ctx, parts[0], parts[1])
	if err != nil {
		return nil, err
	}
	if o == nil || !isIt(o, parts[1], req) {
		return nil, huaweicloud.Absent("organization", parts[1])
	}
	return orgObject(parts[0], o), nil
}

// ReadAll implements providers.Lister.
func (p organization) ReadAll(ctx context.Context, reqs []*providers.Request) ([]providers.Reading, error) {
	return huaweicloud.ReadEach(ctx, reqs, p.Read)
}

// Search implements providers.Searcher.
func (p organization) Search(ctx context.Context, req *providers.Request, op providers.Operation) ([]providers.Candidate, error) {
	all, err := p.found(ctx, orgProperties{Instance: req.String("instanceId"), Name: req.String("name")})
	return huaweicloud.Fresh(op, all), err
}

// orgObject is an organization as it is recorded. How it was ordered is not read
// back: it counted once, and may have been changed on the console since.
func orgObject(instance string, o *orgInfo) *providers.Object {
	id := huaweicloud.JoinPath(instance, o.Name)
	return &providers.Object{
		ID: id,
		Attributes: map[string]any{
			"refID":          id,
			"refName":        o.Name,
			"uid":            o.UID,
			"chainOrgId":     o.ChainID,
			"subscriptionId": o.Subscription,
			"status":         o.Status,
			"isConsensus":    o.Consensus,
			"endpoint":       o.Endpoint,
			"createTime":     o.Created,
			"expireTime":     o.Countdown.Tips.Expires,
		},
		Properties: map[string]any{"instanceId": instance, "name": o.Name},
	}
}

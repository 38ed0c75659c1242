package hbs

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// Preflight implements providers.Preflighter: are names free, does the edition
// have room, is there an engine of the wanted version and a backup to restore, and
// can what shall change or go be touched.
func (p instance) Preflight(ctx context.Context, reqs []*providers.Request) ([]providers.Finding, error) {
	ctx = providers.Sharing(ctx)
	var out huaweicloud.Looks
	creations, updates := huaweicloud.Of(reqs, providers.Create), huaweicloud.Of(reqs, providers.Update)
	if len(creations) > 0 {
		out.Add(p.checkNames(ctx, reqs))
	}
	for _, req := range slices.Concat(creations, updates) {
		out.Add(p.checkOrdered(ctx, req))
	}
	for _, req := range creations {
		out.Add(p.checkBackup(ctx, req))
	}
	ofObject := func(req *providers.Request) string { return req.ObjectID }
	out.Add(p.checkAtWork(ctx, slices.Concat(updates, huaweicloud.Of(reqs, providers.Delete)), ofObject, ""))
	return out.Result()
}

func (p instance) checkNames(ctx context.Context, reqs []*providers.Request) ([]providers.Finding, error) {
	all, err := p.instances(ctx)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, i := range all {
		names[i.Name] = i.ID
	}
	return huaweicloud.Taken(reqs, "instance name", "name", func(req *providers.Request) string { return req.String("name") }, names), nil
}

// checkOrdered judges what is asked for against what the service offers now.
func (p instance) checkOrdered(ctx context.Context, req *providers.Request) ([]providers.Finding, error) {
	want, err := instanceOf(req.Properties)
	if err != nil {
		return nil, nil // what is not known yet may stand in the way
	}
	info, err := showServerInfo.read(ctx, p.api, &struct{}{})
	if err != nil {
		return nil, err
	}
	var out []providers.Finding
	if most := info.maxOrgs(want.Edition); most > 0 && int64(len(want.Orgs)) > most {
		out = append(out, providers.Finding{
			Node: req.Node, Property: "orgs", Kind: providers.Quota,
			Message: fmt.Sprintf("The edition %s has at most %d organizations; %d are asked for.", want.Edition, most, len(want.Orgs)),
			Advice:  "Ask for fewer, or order another edition.",
		})
	}
	newest := info.Engine
	if want.Kind == kindBesu {
		newest = info.Besu
	}
	if want.Engine != "" && newest != "" && older(newest, want.Engine) {
		out = append(out, providers.Finding{
			Node: req.Node, Property: "chainEngineVersion", Kind: providers.Invalid,
			Message: fmt.Sprintf("The newest engine of the kind %s is %s; at least %s is asked for.", want.Kind, newest, want.Engine),
			Advice:  "Ask for a version that there is, or leave chainEngineVersion out.",
		})
	}
	return out, nil
}

// maxOrgs is how many organizations an edition has; 0: the service does not say.
func (s *serverInfo) maxOrgs(edition string) int64 {
	for _, e := range s.Editions {
		if e.Name == edition {
			return e.MaxOrgs
		}
	}
	return 0
}

// checkAtWork looks at the instances that the requests change: in which state they
// are, and whether a job runs on them. There is one finding for each instance, at
// its first node.
func (a api) checkAtWork(ctx context.Context, reqs []*providers.Request, of func(*providers.Request) string, property string) ([]providers.Finding, error) {
	first, count := map[string]*providers.Request{}, map[string]int{}
	for _, req := range huaweicloud.ByNode(reqs) {
		id := of(req)
		if id == "" || req.Along {
			continue
		}
		if count[id]++; count[id] == 1 {
			first[id] = req
		}
	}
	var out huaweicloud.Looks
	for _, id := range slices.Sorted(maps.Keys(first)) {
		i, err := a.instance(ctx, id)
		if huaweicloud.Gone(err) {
			out.Add(missing(first[id], id, property), nil)
			continue
		}
		if err != nil {
			out.Add(nil, err)
			continue
		}
		if f := i.inTheWay(first[id], property); f != nil {
			f.Object, f.More = id, count[id]-1
			out.Add([]providers.Finding{*f}, nil)
		}
	}
	return out.Result()
}

// inTheWay says why an instance in its state does not let something be done, nil
// if it does. To be deleted it need not be well.
func (i *instanceInfo) inTheWay(req *providers.Request, property string) *providers.Finding {
	deletes := req.Action == providers.Delete
	f := &providers.Finding{Node: req.Node, Property: property, Kind: providers.Invalid}
	switch {
	case i.Status == statusDeleting && deletes, i.Status == statusUnpaid && goesOn(req, property):
		return nil // that is what is wanted, or its order is cancelled or paid before
	case atWork(i.Status):
		f.Kind, f.Warning = providers.Busy, true
		f.Message = fmt.Sprintf("Other work runs on the instance %s (%s): it is in state %s.", i.Name, i.ID, i.Status)
		f.Advice = "Its end is waited for."
	case i.Status == statusUnpaid:
		f.Message = fmt.Sprintf("The instance %s (%s) waits for payment, and refuses this.", i.Name, i.ID)
		f.Advice = "Pay its order in the billing center of the console, then plan again."
	case !deletes && (i.Status == statusException || i.Status == statusUnavailable):
		f.Message = fmt.Sprintf("The instance %s (%s) is in state %s, and refuses this.", i.Name, i.ID, i.Status)
		f.Advice = "Renew or repair it on the console until its state is Available, then plan again."
	default:
		return nil
	}
	return f
}

// goesOn reports whether a request is about an instance itself, or the plan has one
// that is and comes before it.
func goesOn(req *providers.Request, property string) bool {
	return property == "" || req.Refers[property] != nil
}

// missing is the finding about an instance that does not exist: only what is to be
// made in it suffers.
func missing(req *providers.Request, id, property string) []providers.Finding {
	if req.Action == providers.Delete || property == "" {
		return nil
	}
	return []providers.Finding{{
		Node: req.Node, Property: property, Kind: providers.Invalid,
		Message: fmt.Sprintf("The instance %s does not exist.", id),
		Advice:  "Check the property " + property + "; best let it refer to a node: {get_reference: NODE}.",
	}}
}

// instanceFor returns the instance that a request is about, "" while it is not
// known.
func instanceFor(req *providers.Request) string { return req.String("instanceId") }

// Preflight implements providers.Preflighter: are names free, and does the edition
// of the instance have room for what joins.
func (p organization) Preflight(ctx context.Context, reqs []*providers.Request) ([]providers.Finding, error) {
	ctx = providers.Sharing(ctx)
	var out huaweicloud.Looks
	out.Add(p.checkAtWork(ctx, reqs, instanceFor, "instanceId"))
	exist, made := map[string][]*providers.Request{}, map[string][]*providers.Request{} // by ID, by node
	for _, req := range reqs {
		id, ordered := instanceFor(req), req.Refers["instanceId"]
		switch {
		case id != "":
			exist[id] = append(exist[id], req)
		case ordered != nil && ordered.Action == providers.Create:
			made[ordered.Node] = append(made[ordered.Node], req)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(exist)) {
		if here := exist[id]; len(here) > len(huaweicloud.Of(here, providers.Delete)) {
			out.Add(p.checkThere(ctx, id, here))
		}
	}
	for _, node := range slices.Sorted(maps.Keys(made)) {
		out.Add(p.checkMade(ctx, made[node]))
	}
	return out.Result()
}

// checkThere judges what joins an instance that exists.
func (p organization) checkThere(ctx context.Context, id string, reqs []*providers.Request) ([]providers.Finding, error) {
	i, err := p.instance(ctx, id)
	if huaweicloud.Gone(err) {
		return nil, nil // told already
	}
	if err != nil {
		return nil, err
	}
	there, err := p.organizations(ctx, id)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, o := range there {
		names[o.Name] = huaweicloud.JoinPath(id, o.Name)
	}
	return p.checkRoom(ctx, reqs, "The instance "+i.Name, i.Edition, names, len(names))
}

// checkMade judges what joins an instance that the same plan makes.
func (p organization) checkMade(ctx context.Context, reqs []*providers.Request) ([]providers.Finding, error) {
	order := reqs[0].Refers["instanceId"]
	want, err := instanceOf(order.Properties)
	if err != nil {
		return nil, nil
	}
	var twice []providers.Finding
	for _, req := range huaweicloud.Of(reqs, providers.Create) {
		if name := req.String("name"); slices.Contains(names(want.Orgs), name) {
			twice = append(twice, providers.Finding{
				Node: req.Node, Property: "name", Kind: providers.Conflict,
				Message: fmt.Sprintf("The organization %s is ordered together with the instance already (orgs of %s).", name, order.Node),
				Advice:  "Choose another name, or remove it from one of the two.",
			})
		}
	}
	found, err := p.checkRoom(ctx, reqs, "The instance "+cmp.Or(want.Name, order.Node), want.Edition, nil, len(want.Orgs))
	return append(twice, found...), err
}

// checkRoom looks for names that are taken, and for more organizations than an
// edition has; holders are the IDs of what exists by name.
func (p organization) checkRoom(ctx context.Context, reqs []*providers.Request, where, edition string, holders map[string]string, there int) ([]providers.Finding, error) {
	found := huaweicloud.Taken(reqs, "organization name", "name", func(req *providers.Request) string { return req.String("name") }, holders)
	info, err := showServerInfo.read(ctx, p.api, &struct{}{})
	if err != nil || info.maxOrgs(edition) == 0 {
		return found, err
	}
	stock := huaweicloud.Stock{
		Where: where, What: "organizations", Limit: info.maxOrgs(edition), Used: int64(there), Property: "name",
		Advice: "Order fewer, let one go that is no longer needed, or use an instance of another edition.",
	}
	return append(found, stock.Check(reqs, huaweicloud.One)...), nil
}

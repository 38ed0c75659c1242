package hbs

import (
	"cmp"
	"context"
	"fmt"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// modeCloud is the mode of instances that are managed in the cloud, not at the edge.
const modeCloud = "Cloud"

// needs is what an instance has to be so that something can be in it (API reference
// 2.5.5 to 2.5.10). Kind and mode of an instance never change.
type needs struct {
	kind  string // "": either one
	cloud bool   // managed in the cloud
}

// Preflight implements providers.Preflighter, like those below: can the instance
// have it.
func (p clientConfig) Preflight(ctx context.Context, reqs []*providers.Request) ([]providers.Finding, error) {
	return p.checkNeeds(ctx, reqs, needs{kind: kindChain, cloud: true})
}

// Preflight implements providers.Preflighter.
func (p endpoint) Preflight(ctx context.Context, reqs []*providers.Request) ([]providers.Finding, error) {
	return p.checkNeeds(ctx, reqs, needs{cloud: true})
}

// Preflight implements providers.Preflighter. That contracts are deployed in the
// cloud only no text says, but only there they are listed, and so found again.
func (p besuContract) Preflight(ctx context.Context, reqs []*providers.Request) ([]providers.Finding, error) {
	return p.checkNeeds(ctx, reqs, needs{kind: kindBesu, cloud: true})
}

// Preflight implements providers.Preflighter.
func (p besuToken) Preflight(ctx context.Context, reqs []*providers.Request) ([]providers.Finding, error) {
	return p.checkNeeds(ctx, reqs, needs{kind: kindBesu})
}

// Preflight implements providers.Preflighter.
func (p besuCertificates) Preflight(ctx context.Context, reqs []*providers.Request) ([]providers.Finding, error) {
	return p.checkNeeds(ctx, reqs, needs{kind: kindBesu})
}

// checkNeeds judges the instances in which something is to be made.
func (a api) checkNeeds(ctx context.Context, reqs []*providers.Request, n needs) ([]providers.Finding, error) {
	ctx = providers.Sharing(ctx)
	var out huaweicloud.Looks
	for _, req := range huaweicloud.Of(reqs, providers.Create) {
		out.Add(a.checkHost(ctx, req, n))
	}
	return out.Result()
}

// host is an instance as it is or is going to be.
type host struct {
	name, alias string // alias: its ID, or the node that orders it
	kind, mode  string // "": not known
	ordered     bool
}

func (h host) String() string {
	if h.name == "" {
		return h.alias
	}
	return h.name + " (" + h.alias + ")"
}

// checkHost judges the instance of a request, if it is known.
func (a api) checkHost(ctx context.Context, req *providers.Request, n needs) ([]providers.Finding, error) {
	id, order := instanceFor(req), req.Refers["instanceId"]
	switch {
	case id != "":
		i, err := a.instance(ctx, id)
		if huaweicloud.Gone(err) {
			return missing(req, id, "instanceId"), nil
		}
		if err != nil {
			return nil, err
		}
		return n.unmet(req, host{name: i.Name, alias: id, kind: i.kind(), mode: i.Mode}), nil
	case order != nil: // what is absent of it is not known yet: defaults are filled in
		return n.unmet(req, host{order.String("name"), order.Node, order.String("kind"), order.String("dataManagement"), true}), nil
	}
	return nil, nil
}

// unmet tells what an instance lacks.
func (n needs) unmet(req *providers.Request, h host) []providers.Finding {
	f := providers.Finding{Node: req.Node, Property: "instanceId", Kind: providers.Invalid}
	var lacks string
	switch {
	case n.kind != "" && h.kind != "" && h.kind != n.kind:
		f.Message = fmt.Sprintf("The instance %s is of the kind %s; this is there for %s only.", h, h.kind, n.kind)
		lacks = "kind: " + n.kind
	case n.cloud && cmp.Or(h.mode, modeCloud) != modeCloud:
		f.Message = fmt.Sprintf("The instance %s has dataManagement %s; this is there for %s only.", h, h.mode, modeCloud)
		lacks = "dataManagement: " + modeCloud
	default:
		return nil
	}
	f.Advice = "Remove the node, or let it refer to an instance with " + lacks + "."
	if h.ordered {
		f.Advice = "Remove the node, or order the instance with " + lacks + "."
	}
	return []providers.Finding{f}
}

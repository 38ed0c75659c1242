package vpc

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	sdk "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/vpc/v2"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/vpc/v2/model"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// stockOf returns how many objects of a kind there may be and are, nil if the
// service does not say.
func stockOf(ctx context.Context, c *huaweicloud.Client, kind, what string) (*huaweicloud.Stock, error) {
	r, err := huaweicloud.Read(ctx, c, service, "ShowQuota", (*sdk.VpcClient).ShowQuota, &model.ShowQuotaRequest{})
	if err != nil {
		return nil, err
	}
	for _, q := range huaweicloud.Val(r.Quotas).Resources {
		if q.Type.Value() == kind {
			return &huaweicloud.Stock{
				Where: "The project", What: what, Limit: int64(q.Quota), Used: int64(q.Used),
				Advice: "Delete what is no longer needed, or ask for more quota in a service ticket.",
			}, nil
		}
	}
	return nil, nil
}

func checkStock(ctx context.Context, c *huaweicloud.Client, kind, what string, reqs []*providers.Request) ([]providers.Finding, error) {
	stock, err := stockOf(ctx, c, kind, what)
	if err != nil || stock == nil {
		return nil, err
	}
	return stock.Check(reqs, huaweicloud.One), nil
}

// Preflight implements providers.Preflighter: are there VPCs left to create,
// are the names free, and do the subnets fit into addresses that change.
func (p network) Preflight(ctx context.Context, reqs []*providers.Request) ([]providers.Finding, error) {
	ctx = providers.Sharing(ctx)
	var out huaweicloud.Looks
	if len(huaweicloud.Of(reqs, providers.Create)) > 0 {
		out.Add(checkStock(ctx, p.c, "vpc", "VPCs", reqs))
		out.Add(p.checkNames(ctx, reqs))
	}
	for _, req := range huaweicloud.Of(reqs, providers.Update) {
		out.Add(p.checkNarrowed(ctx, req))
	}
	return out.Result()
}

// checkNarrowed looks for subnets that the new addresses of a VPC leave out.
func (p network) checkNarrowed(ctx context.Context, req *providers.Request) ([]providers.Finding, error) {
	outer, err := netip.ParsePrefix(req.String("cidr"))
	if err != nil || req.String("cidr") == providers.Text(req.Prior["cidr"]) {
		return nil, nil // not known, or as before
	}
	parts, err := subnet(p).list(ctx, req.ObjectID)
	for _, s := range parts {
		if inner, err := netip.ParsePrefix(s.Cidr); err == nil && !within(outer, inner) {
			return []providers.Finding{{
				Node: req.Node, Property: "cidr", Kind: providers.Invalid, Warning: true, // it may be deleted before
				Message: fmt.Sprintf("The subnet %s (%s) of the VPC is not within %s; the service refuses this while it exists.", s.Id, inner, outer),
				Advice:  "Choose addresses that hold all subnets, or delete it in an apply of its own before.",
			}}, nil
		}
	}
	return nil, err
}

// within tells whether all of inner lies in outer.
func within(outer, inner netip.Prefix) bool {
	return inner.Bits() >= outer.Bits() && outer.Contains(inner.Addr())
}

func (p network) checkNames(ctx context.Context, reqs []*providers.Request) ([]providers.Finding, error) {
	all, err := p.list(ctx)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, v := range all {
		names[v.Name] = v.Id
	}
	return huaweicloud.Taken(reqs, "VPC name", "name", nameOf, names), nil
}

// nameOf returns the name that a VPC is going to have.
func nameOf(req *providers.Request) string { return huaweicloud.Name(req, maxNameChars) }

// Preflight implements providers.Preflighter: are there subnets left to create,
// and do their addresses fit into VPCs that exist.
func (p subnet) Preflight(ctx context.Context, reqs []*providers.Request) ([]providers.Finding, error) {
	creations := huaweicloud.Of(reqs, providers.Create)
	if len(creations) == 0 {
		return nil, nil
	}
	ctx = providers.Sharing(ctx)
	var out huaweicloud.Looks
	out.Add(checkStock(ctx, p.c, "subnet", "subnets", reqs))
	of := map[string][]*providers.Request{}
	for _, req := range creations {
		if id := req.String("vpcId"); id != "" {
			of[id] = append(of[id], req)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(of)) {
		out.Add(p.checkAddresses(ctx, id, of[id], huaweicloud.Freed(reqs)))
	}
	return out.Result()
}

// span is what a subnet has, or is going to have, of the addresses.
type span struct {
	prefix netip.Prefix
	holder string // for people
}

// checkAddresses holds new subnets to the VPC and to the subnets in it.
func (p subnet) checkAddresses(ctx context.Context, vpcID string, creations []*providers.Request, freed map[string]bool) ([]providers.Finding, error) {
	v, err := network(p).show(ctx, vpcID)
	if huaweicloud.Gone(err) {
		return []providers.Finding{{
			Node: creations[0].Node, Property: "vpcId", Kind: providers.Invalid,
			Message: fmt.Sprintf("The VPC %s does not exist.", vpcID),
			Advice:  "Check the property vpcId; best let it refer to a node: {get_reference: NODE}.",
		}}, nil
	}
	if err != nil {
		return nil, err
	}
	sisters, err := p.list(ctx, vpcID)
	if err != nil {
		return nil, err
	}
	var taken []span
	for _, s := range sisters {
		if prefix, err := netip.ParsePrefix(s.Cidr); err == nil && !freed[s.Id] {
			taken = append(taken, span{prefix, "the subnet " + s.Id + " (" + s.Cidr + ")"})
		}
	}
	return addressFindings(v, sisters, taken, creations), nil
}

// addressFindings judges the addresses of new subnets. A subnet that lies
// outside of what the VPC shows tells that it has more: the API does not show
// the ranges that the console calls secondary.
func addressFindings(v *model.Vpc, sisters []model.Subnet, taken []span, creations []*providers.Request) []providers.Finding {
	now, nowErr := netip.ParsePrefix(v.Cidr)
	more := slices.ContainsFunc(sisters, func(s model.Subnet) bool {
		prefix, err := netip.ParsePrefix(s.Cidr)
		return err == nil && nowErr == nil && !within(now, prefix)
	})
	var out []providers.Finding
	for _, req := range creations {
		prefix, err := netip.ParsePrefix(req.String("cidr"))
		if err != nil {
			continue
		}
		outer, outerErr := now, nowErr
		if change := req.Refers["vpcId"]; change != nil { // comes first
			outer, outerErr = netip.ParsePrefix(change.String("cidr"))
		}
		f := providers.Finding{Node: req.Node, Property: "cidr", Kind: providers.Invalid, Advice: "Choose other addresses."}
		at := slices.IndexFunc(taken, func(s span) bool { return s.prefix.Overlaps(prefix) })
		switch {
		case outerErr == nil && !more && !within(outer, prefix):
			f.Message = fmt.Sprintf("The addresses %s are not within those of the VPC %s (%s).", prefix, v.Id, outer)
			out = append(out, f)
		case at >= 0:
			f.Kind = providers.Conflict
			f.Message = fmt.Sprintf("The addresses %s overlap those of %s.", prefix, taken[at].holder)
			out = append(out, f)
		}
		taken = append(taken, span{prefix, "the node " + req.Node})
	}
	return out
}

package ecs

import (
	"context"

	sdk "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/ecs/v2"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/ecs/v2/model"
	eip "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/eip/v2"
	eipmodel "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/eip/v2/model"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

const moreQuota = "Delete what is no longer needed, or ask for more quota in a service ticket."

// Preflight implements providers.Preflighter: are the flavors for sale, and are
// there servers, processors, memory and elastic IPs left.
func (p server) Preflight(ctx context.Context, reqs []*providers.Request) ([]providers.Finding, error) {
	if len(huaweicloud.Of(reqs, providers.Create)) == 0 {
		return nil, nil
	}
	ctx = providers.Sharing(ctx)
	var out huaweicloud.Looks
	flavors, found, err := p.checkFlavors(ctx, reqs)
	out.Add(found, err)
	out.Add(p.checkLimits(ctx, reqs, flavors))
	out.Add(p.checkAddresses(ctx, reqs))
	return out.Result()
}

// checkFlavors returns, by name, the flavors of all requests as far as they
// could be looked up, and what stands against those to be created.
func (p server) checkFlavors(ctx context.Context, reqs []*providers.Request) (map[string]*huaweicloud.Flavor, []providers.Finding, error) {
	flavors := map[string]*huaweicloud.Flavor{}
	var found []providers.Finding
	for _, req := range huaweicloud.ByNode(reqs) {
		name := req.String("flavor")
		if req.Action == providers.Update {
			continue
		}
		f, more, err := p.c.CheckFlavor(ctx, req, "flavor", name, req.String("availabilityZone"), huaweicloud.Flavor{})
		if err != nil {
			return flavors, found, err
		}
		if f != nil {
			flavors[name] = f
		}
		if req.Action == providers.Create {
			found = append(found, more...)
		}
	}
	return flavors, found, nil
}

func (p server) checkLimits(ctx context.Context, reqs []*providers.Request, flavors map[string]*huaweicloud.Flavor) ([]providers.Finding, error) {
	r, err := huaweicloud.Read(ctx, p.c, service, "ShowServerLimits", (*sdk.EcsClient).ShowServerLimits, &model.ShowServerLimitsRequest{})
	if err != nil {
		return nil, err
	}
	if r.Absolute == nil {
		return nil, &providers.Error{Kind: providers.Unexpected, Operation: "ShowServerLimits", Message: "the answer holds no limits"}
	}
	size := func(of func(*huaweicloud.Flavor) int64) func(*providers.Request) int64 {
		return func(req *providers.Request) int64 {
			if f := flavors[req.String("flavor")]; f != nil {
				return of(f)
			}
			return 0
		}
	}
	var out []providers.Finding
	for _, s := range []struct {
		what        string
		limit, used int64
		takes       func(*providers.Request) int64
	}{
		{"servers", int64(r.Absolute.MaxTotalInstances), int64(r.Absolute.TotalInstancesUsed), huaweicloud.One},
		{"vCPUs", int64(r.Absolute.MaxTotalCores), int64(r.Absolute.TotalCoresUsed), size(func(f *huaweicloud.Flavor) int64 { return f.Cores })},
		{"MB of memory", int64(r.Absolute.MaxTotalRAMSize), r.Absolute.TotalRAMUsed, size(func(f *huaweicloud.Flavor) int64 { return f.RAMMB })},
	} {
		stock := huaweicloud.Stock{Where: "The project", What: s.what, Limit: s.limit, Used: s.used, Advice: moreQuota}
		out = append(out, stock.Check(reqs, s.takes)...)
	}
	return out, nil
}

// checkAddresses looks at the elastic IPs that are made with servers, and go
// with them.
func (p server) checkAddresses(ctx context.Context, reqs []*providers.Request) ([]providers.Finding, error) {
	var want int64
	for _, req := range huaweicloud.Of(reqs, providers.Create) {
		want += newAddresses(req)
	}
	if want == 0 {
		return nil, nil
	}
	kind := "publicIp"
	r, err := huaweicloud.Read(ctx, p.c, eipService, "ListQuotas", (*eip.EipClient).ListQuotas, &eipmodel.ListQuotasRequest{Type: &kind})
	if err != nil {
		return nil, err
	}
	for _, q := range huaweicloud.Val(r.Quotas).Resources {
		if huaweicloud.Val(q.Type) == kind && q.Quota != nil {
			stock := huaweicloud.Stock{
				Where: "The project", What: "elastic IPs", Limit: int64(huaweicloud.Val(q.Quota)), Used: int64(huaweicloud.Val(q.Used)),
				Property: "publicIP", Advice: moreQuota,
			}
			return stock.Check(reqs, newAddresses), nil
		}
	}
	return nil, &providers.Error{Kind: providers.Unexpected, Operation: "ListQuotas", Message: "the answer holds no quota of elastic IPs"}
}

func newAddresses(req *providers.Request) int64 {
	if public, ok := req.Properties["publicIP"].(map[string]any); ok && public["eip"] != nil {
		return 1
	}
	return 0
}

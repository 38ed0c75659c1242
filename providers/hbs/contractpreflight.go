package hbs

import (
	"context"
	"fmt"
	"slices"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// Preflight implements providers.Preflighter: can the instance have contracts, is the
// name free, and is the version another one where something else changes. What the
// file may be stands in the catalogue (x-file), and was looked at before.
func (p contract) Preflight(ctx context.Context, reqs []*providers.Request) ([]providers.Finding, error) {
	ctx = providers.Sharing(ctx)
	var out huaweicloud.Looks
	unmet, err := p.checkNeeds(ctx, reqs, needs{kind: kindChain, cloud: true})
	out.Add(unmet, err)
	for _, req := range slices.Concat(huaweicloud.Of(reqs, providers.Create), huaweicloud.Of(reqs, providers.Update)) {
		want, err := contractOf(req.Properties)
		if err != nil {
			continue // what is not known yet may stand in the way
		}
		hostless := func(f providers.Finding) bool { return f.Node == req.Node }
		switch {
		case req.Action == providers.Update:
			out.Add(checkVersion(req, want), nil)
		case !slices.ContainsFunc(unmet, hostless):
			out.Add(p.checkName(ctx, req, want))
		}
	}
	return out.Result()
}

func (p contract) checkName(ctx context.Context, req *providers.Request, want contractProperties) ([]providers.Finding, error) {
	if want.Instance == "" || want.Name == "" {
		return nil, nil
	}
	have, err := p.named(ctx, want.Instance, want.Name)
	if huaweicloud.Gone(err) {
		return nil, nil // told already
	}
	if err != nil || have == nil || have.spoilt(want.Version) {
		return nil, err
	}
	return []providers.Finding{{
		Node: req.Node, Property: "name", Kind: providers.Conflict,
		Message: fmt.Sprintf("The chain has a contract %s already, of version %s, and the service removes none.", have.Name, have.Version),
		Advice:  "Choose another name, or take the contract into the stack: orchestrate import " + req.Node + " " + want.id() + ".",
	}}, nil
}

// checkVersion judges an update: the service installs a version once.
func checkVersion(req *providers.Request, want contractProperties) []providers.Finding {
	have, err := contractOf(req.Prior)
	if err != nil || have.Version != want.Version {
		return nil
	}
	what := ""
	switch {
	case have.digest() != want.digest() && want.File != nil:
		what = "file"
	case have.digest() != want.digest():
		what = "byteCode"
	case !slices.Equal(have.Install, want.Install):
		what = "installOrgs"
	case !slices.Equal(have.Endorse, want.Endorse):
		what = "endorseOrgs"
	case have.Policy != want.Policy:
		what = "endorsePolicy"
	default:
		return nil
	}
	return []providers.Finding{{
		Node: req.Node, Property: "version", Kind: providers.Invalid,
		Message: fmt.Sprintf("%s of the contract %s changes, and version %s of it is installed already: the service installs a version once.", what, want.Name, want.Version),
		Advice:  "Raise version as well.",
	}}
}

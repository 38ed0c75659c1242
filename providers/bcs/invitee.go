package bcs

import (
	"context"
	"fmt"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// checkInvitee compares the order of an invitee with the network that has invited
// it, as the invitation describes it: the service takes no other one.
func (p instance) checkInvitee(ctx context.Context, req *providers.Request) ([]providers.Finding, error) {
	var want struct {
		IsInvitee bool   `json:"isInvitee"`
		Consensus string `json:"consensus"`
		Algorithm string `json:"signAlgorithm"`
		Fabric    string `json:"fabricVersion"`
		Inviter   struct {
			Account string `json:"tenantId"`
			Project string `json:"projectId"`
			Network string `json:"blockchainId"`
		} `json:"invitorInfos"`
	}
	if err := providers.Decode(req.Properties, &want); err != nil || !want.IsInvitee || want.Inviter.Network == "" {
		return nil, nil // what is not known yet may stand in the way
	}
	all, err := Look{p.api}.Notifications(ctx)
	if err != nil {
		return nil, err
	}
	for _, n := range all {
		if n.InviterInstanceID != want.Inviter.Network {
			continue
		}
		var out []providers.Finding
		for _, same := range []struct{ property, what, ours, theirs string }{
			{"consensus", "consensus", want.Consensus, n.Consensus},
			{"signAlgorithm", "cryptography", want.Algorithm, n.SignAlgorithm},
			{"fabricVersion", "version of Fabric", want.Fabric, n.Fabric},
			{"invitorInfos.tenantId", "account", want.Inviter.Account, n.InviterID},
			{"invitorInfos.projectId", "project", want.Inviter.Project, n.InviterProjectID},
		} {
			if same.ours == "" || same.theirs == "" || strings.EqualFold(same.ours, same.theirs) {
				continue
			}
			out = append(out, providers.Finding{
				Node: req.Node, Property: same.property, Kind: providers.Invalid,
				Message: fmt.Sprintf("The %s of the inviter is %s, not %s.", same.what, same.theirs, same.ours),
				Advice:  "Set " + same.property + " to that of the inviter.",
			})
		}
		return out, nil
	}
	return nil, nil
}

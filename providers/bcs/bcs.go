// Package bcs provides the node types of the Blockchain Service (Hyperledger
// Fabric enhanced edition): networks, organizations, channels, memberships,
// certificates, client configurations and both sides of invitations, one file
// each. Requests of the executor go in, calls of the vendor's API come out; their
// operation records tell the progress. How a call travels and what its failure
// means is left to huaweicloud.
package bcs

import (
	"time"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// Register adds the node types of the service to a registry.
func Register(reg providers.Registry, c *huaweicloud.Client) {
	a := api{c}
	reg["BCS.Instance"] = instance{api: a}
	reg["BCS.Organization"] = organization{api: a}
	reg["BCS.Channel"] = channel{api: a}
	reg["BCS.ChannelMembership"] = membership{api: a}
	reg["BCS.UserCertificate"] = certificate{api: a}
	reg["BCS.Certificates"] = certificates{api: a}
	reg["BCS.SdkConfig"] = sdkConfig{api: a}
	reg["BCS.Invitation"] = invitation{api: a}
	reg["BCS.InvitationResponse"] = response{api: a}
}

// poll is the first wait between two looks at running work; the executor
// lengthens it.
const poll = 200 * time.Millisecond

// val reads an optional field of an answer.
func val[T any](p *T) T { return huaweicloud.Val(p) }

// done ends an action on an object.
func done(o *providers.Object) providers.Progress { return providers.Progress{Done: true, Object: o} }

// Package bcs provides the node types of the Blockchain Service (Hyperledger
// Fabric enhanced edition): networks, organizations, channels, memberships and
// user certificates, one file each. Requests of the executor go in, calls of
// the vendor's API come out; their operation records tell the progress. How a
// call travels and what its failure means is left to huaweicloud.
package bcs

import (
	"fmt"
	"strings"
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
}

// poll is the first wait between two looks at running work; the executor
// lengthens it.
const poll = 200 * time.Millisecond

// The service knows what lies inside a network only by name, so the ID of such
// an object is the path of names that leads to it, below the network's ID.
// None of them can hold a slash.

func joinID(parts ...string) string { return strings.Join(parts, "/") }

// splitID is the inverse of joinID for an ID of n parts.
func splitID(typ, id string, n int) ([]string, error) {
	parts := strings.Split(id, "/")
	bad := len(parts) != n
	for _, p := range parts {
		bad = bad || p == ""
	}
	if bad {
		return nil, &providers.Error{
			Kind:    providers.Invalid,
			Message: fmt.Sprintf("%q is not the ID of a %s: it has to have %d parts joined by slashes, the first being the ID of the network", id, typ, n),
		}
	}
	return parts, nil
}

// val reads an optional field of an answer.
func val[T any](p *T) T { return huaweicloud.Val(p) }

// gone is the error of a read that finds the parent but not the object.
func gone(what, name string) error {
	return &providers.Error{Kind: providers.NotFound, Message: what + " " + name + " does not exist"}
}

// done ends an action on an object.
func done(o *providers.Object) providers.Progress { return providers.Progress{Done: true, Object: o} }

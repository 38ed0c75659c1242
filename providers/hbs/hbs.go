// Package hbs provides the node types of the Huawei Cloud Blockchain engine (HBS):
// instances, their organizations and what belongs to them, one file each.
// Requests of the executor go in, calls of the vendor's API come out. Changes run
// as jobs of the service, which tell the progress; what the service has no call
// for, paying and deleting, goes through the order service (bss.go). How a call
// travels and what its failure means is left to huaweicloud.
package hbs

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
	reg["HBS.Instance"] = instance{api: a}
	reg["HBS.Organization"] = organization{api: a}
	reg["HBS.Endpoint"] = endpoint{api: a}
	reg["HBS.Backup"] = backup{api: a}
	reg["HBS.SdkConfig"] = clientConfig{api: a}
	reg["HBS.Tags"] = tags{api: a}
	reg["HBS.BesuToken"] = besuToken{api: a}
	reg["HBS.BesuCertificates"] = besuCertificates{api: a}
}

// poll is the first wait between two looks at running work; the executor
// lengthens it.
const poll = 200 * time.Millisecond

// The ID of what lies inside an instance and has no ID of its own, or none that
// the service finds it by, is the path of names that leads to it, below the ID of
// the instance. None of them can hold a slash.

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
			Message: fmt.Sprintf("%q is not the ID of a %s: it has to have %d parts joined by slashes, the first being the ID of the instance", id, typ, n),
		}
	}
	return parts, nil
}

// gone is the error of a read that finds the parent but not the object.
func gone(what, name string) error {
	return &providers.Error{Kind: providers.NotFound, Message: what + " " + name + " does not exist"}
}

// done ends an action on an object.
func done(o *providers.Object) providers.Progress { return providers.Progress{Done: true, Object: o} }

// moment reads a time of the service; the zero time if there is none.
func moment(text string) time.Time {
	at, _ := time.Parse(time.RFC3339, text) // what can't be read is not known
	return at
}

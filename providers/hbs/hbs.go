// Package hbs provides the node types of the Huawei Cloud Blockchain engine (HBS):
// instances, their organizations and what belongs to them, one file each.
// Requests of the executor go in, calls of the vendor's API come out. Changes run
// as jobs of the service, which tell the progress; what the service has no call
// for, paying and deleting, goes through the order service (bss.go). How a call
// travels and what its failure means is left to huaweicloud.
package hbs

import (
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
	reg["HBS.BackupRule"] = backupRule{api: a}
	reg["HBS.SdkConfig"] = clientConfig{api: a}
	reg["HBS.Tags"] = tags{api: a}
	reg["HBS.Contract"] = contract{api: a}
	reg["HBS.BesuContract"] = besuContract{api: a}
	reg["HBS.BesuToken"] = besuToken{api: a}
	reg["HBS.BesuCertificates"] = besuCertificates{api: a}
}

// poll is the first wait between two looks at running work; the executor
// lengthens it.
const poll = 200 * time.Millisecond

// done ends an action on an object.
func done(o *providers.Object) providers.Progress { return providers.Progress{Done: true, Object: o} }

// moment reads a time of the service; the zero time if there is none.
func moment(text string) time.Time {
	at, _ := time.Parse(time.RFC3339, text) // what can't be read is not known
	return at
}

// Package vpc provides the node types of the Virtual Private Cloud: VPCs and
// subnets, one file each. Their calls answer at once with the object; what is
// left of the work is polled on the object itself. How a call travels and what
// its failure means is left to huaweicloud.
package vpc

import (
	"errors"
	"time"

	sdk "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/vpc/v2"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

var service = huaweicloud.Service[*sdk.VpcClient]{Host: "vpc", New: sdk.NewVpcClient}

// Register adds the node types of the service to a registry.
func Register(reg providers.Registry, c *huaweicloud.Client) {
	reg["VPC.VPC"] = network{c: c}
	reg["VPC.Subnet"] = subnet{c: c}
}

const (
	poll         = 200 * time.Millisecond // first wait between two looks
	maxNameChars = 64
	pageSize     = 1000
)

// inUse turns the refusal to delete what something still stands on into one
// that is worth waiting for: ports outlive their server, and subnets their
// delete call, by some seconds.
func inUse(err error, advice string) error {
	var e *providers.Error
	if !errors.As(err, &e) || e.Kind != providers.Conflict {
		return err
	}
	busy := *e
	busy.Kind, busy.Advice = providers.Busy, advice
	return &busy
}

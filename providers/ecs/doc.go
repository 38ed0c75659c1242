// Package ecs provides the node type of the Elastic Cloud Server. Its work runs
// as jobs with sub jobs, whose progress is passed on; elastic IPs are looked
// up at their own service. How a call travels and what its failure means is
// left to huaweicloud.
package ecs

import (
	"time"

	sdk "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/ecs/v2"
	eip "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/eip/v2"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

var (
	service = huaweicloud.Service[*sdk.EcsClient]{Host: "ecs", New: sdk.NewEcsClient}
	// Elastic IPs are reached under the host name of the VPC service.
	eipService = huaweicloud.Service[*eip.EipClient]{Host: "vpc", New: eip.NewEipClient}
)

// Register adds the node types of the service to a registry.
func Register(reg providers.Registry, c *huaweicloud.Client) {
	reg["ECS.CloudServer"] = server{api: api{c}}
}

const (
	poll         = 200 * time.Millisecond // first wait between two looks
	maxNameChars = 64
	pageSize     = 500
	idsInQuery   = 100 // the service advises against more, for the length of the URL
)

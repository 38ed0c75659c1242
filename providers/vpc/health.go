package vpc

import (
	"context"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// The states of VPCs and subnets (models of the SDK).
var (
	networkStates = huaweicloud.States{
		What: "The VPC", Operation: "ShowVpc", Well: []string{"OK"},
		Others: map[string]huaweicloud.Meaning{
			"CREATING": {Condition: providers.Unknown, Text: ": it is not ready yet", Advice: "Wait, and look again."},
			"ERROR":    {Condition: providers.Abnormal, Advice: "Look at it on the console, or open a service ticket."},
		},
	}
	subnetStates = huaweicloud.States{
		What: "The subnet", Operation: "ShowSubnet", Well: []string{"ACTIVE"},
		Others: map[string]huaweicloud.Meaning{
			"UNKNOWN": {Condition: providers.Unknown, Text: ": it is not ready yet", Advice: "Wait, and look again."},
			"ERROR":   {Condition: providers.Abnormal, Advice: "Look at it on the console, or open a service ticket."},
		},
	}
)

// Health implements providers.HealthReader.
func (network) Health(_ context.Context, _ *providers.Request, o *providers.Object) (h providers.Health, _ error) {
	networkStates.Judge(&h, providers.Text(o.Attributes["status"]))
	return h, nil
}

// Health implements providers.HealthReader.
func (subnet) Health(_ context.Context, _ *providers.Request, o *providers.Object) (h providers.Health, _ error) {
	subnetStates.Judge(&h, providers.Text(o.Attributes["status"]))
	return h, nil
}

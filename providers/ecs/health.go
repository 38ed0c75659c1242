package ecs

import (
	"context"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// serverStates are the states of servers (API reference of ECS, appendix "Cloud
// server states").
var serverStates = func() huaweicloud.States {
	atWork := huaweicloud.Meaning{Condition: providers.Unknown, Text: ": work runs on it", Advice: "Wait, and look again."}
	asked := huaweicloud.Meaning{Condition: providers.Unknown, Text: ": it is being changed", Advice: "Confirm or take back the change of its flavor on the console."}
	return huaweicloud.States{
		What: "The server", Operation: "ShowServer", Well: []string{"ACTIVE"},
		Others: map[string]huaweicloud.Meaning{
			"BUILD": atWork, "REBOOT": atWork, "HARD_REBOOT": atWork, "REBUILD": atWork, "MIGRATING": atWork, "RESIZE": atWork, "REVERT_RESIZE": atWork,
			"VERIFY_RESIZE":     asked,
			"SHUTOFF":           {Condition: providers.Abnormal, Text: ": it is switched off", Advice: "Start it on the console."},
			"SUSPENDED":         {Condition: providers.Abnormal, Text: ": it does not run", Advice: "Start it on the console."},
			"PAUSED":            {Condition: providers.Abnormal, Text: ": it does not run", Advice: "Start it on the console."},
			"ERROR":             {Condition: providers.Abnormal, Advice: "Look at it on the console. If it can't be repaired, apply --replace makes it anew."},
			"DELETED":           {Condition: providers.Abnormal, Text: ": it is gone", Advice: "An apply makes it anew."},
			"SOFT_DELETED":      {Condition: providers.Abnormal, Text: ": it is about to go", Advice: "Restore it on the console."},
			"SHELVED":           {Condition: providers.Abnormal, Text: ": it does not run", Advice: "Start it on the console."},
			"SHELVED_OFFLOADED": {Condition: providers.Abnormal, Text: ": it does not run", Advice: "Start it on the console."},
			"UNKNOWN":           {Condition: providers.Unknown, Advice: "Look at it on the console."},
		},
	}
}()

// Health implements providers.HealthReader.
func (server) Health(_ context.Context, _ *providers.Request, o *providers.Object) (h providers.Health, _ error) {
	serverStates.Judge(&h, providers.Text(o.Attributes["status"]))
	return h, nil
}

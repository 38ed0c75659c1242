package main

import (
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/planner"
)

// The plans that the tests of the renderers show.

func at(line, column int) diag.Range {
	return diag.Range{File: "chain/blueprint.yaml", Start: diag.Pos{Line: line, Column: column}, End: diag.Pos{Line: line, Column: column + 4}}
}

type values = map[string]any

func secret(text string) intrinsic.Value { return intrinsic.Of(text).MarkSensitive() }

func createPlan() *planner.Plan {
	return &planner.Plan{
		Stack: "chain", Lifecycle: "create",
		Steps: []*planner.Step{
			{
				Node: "ledger", Type: "BCS.Instance", Action: planner.Create, Range: at(12, 3),
				Reason: "it is not in the stack yet", HoldsData: "the ledger of every channel",
				After: intrinsic.Of(values{
					"name": "ledger", "ordererNodeNumber": 3, "resourcePassword": secret("canary"), "peerOrgs": []any{},
					"labels": values{"team": "a \"b\"", "empty": values{}},
					"orgs":   []any{values{"name": "org1", "nodeCount": 2}, "x"},
				}),
			},
			{
				Node: "trade", Type: "BCS.Channel", Action: planner.Create, Range: at(30, 3),
				Reason: "it is not in the stack yet", DependsOn: []string{"ledger"},
				After: intrinsic.Of(values{"blockchainId": intrinsic.Unknown, "name": "trade"}),
			},
		},
		Outputs: []*planner.OutputChange{
			{Name: "address", After: intrinsic.Unknown, Action: planner.Create},
			{Name: "password", After: secret("canary"), Action: planner.Create},
			{Name: "team", After: intrinsic.Of(values{"name": "a"}), Action: planner.Create},
		},
	}
}

func changePlan() *planner.Plan {
	peers := func(count int, extra ...any) intrinsic.Value {
		list := append([]any{values{"name": "org1", "nodeCount": count}}, extra...)
		return intrinsic.Of(values{"name": "org", "orgs": list, "note": "kept", "token": secret("canary-old"), "size": count})
	}
	return &planner.Plan{
		Stack: "chain", Lifecycle: "upgrade",
		Steps: []*planner.Step{
			{
				Node: "org", Type: "BCS.Organization", Action: planner.Update, Range: at(20, 3), ObjectID: "bc-1/org",
				Reason: "orgs[0].nodeCount and 3 more properties change",
				Before: peers(2, values{"name": "org2"}),
				After: intrinsic.Of(values{
					"name": "org", "orgs": []any{values{"name": "org1", "nodeCount": 4}}, "note": "kept",
					"token": secret("canary-new"), "size": intrinsic.Unknown, "labels": values{"a": 1},
				}),
				Changes: []planner.Change{
					{Path: "labels.a", After: intrinsic.Of(1), Range: at(25, 10)},
					{Path: "orgs[0].nodeCount", Before: intrinsic.Of(2), After: intrinsic.Of(4), Range: at(23, 20)},
					{Path: "size", Before: intrinsic.Of(2), After: intrinsic.Unknown, Range: at(24, 13)},
					{Path: "token", Before: secret("canary-old"), After: secret("canary-new"), Range: at(26, 13)},
				},
			},
			{
				Node: "ledger", Type: "BCS.Instance", Action: planner.Replace, Range: at(12, 3), ObjectID: "bc-1",
				Reason: "consensus cannot be changed in place", HoldsData: "the ledger of every channel",
				Before: intrinsic.Of(values{"name": "ledger", "consensus": "kafka"}),
				After:  intrinsic.Of(values{"name": "ledger", "consensus": "etcdraft"}),
				Changes: []planner.Change{{
					Path: "consensus", Before: intrinsic.Of("kafka"), After: intrinsic.Of("etcdraft"), Replaces: true, Range: at(15, 18),
				}},
			},
			{
				Node: "old", Type: "BCS.Channel", Action: planner.Delete, ObjectID: "bc-1/old", Reason: "the blueprint no longer has it",
				HoldsData: "the ledger of the channel", DeletedWith: "ledger",
				Before: intrinsic.Of(values{"name": "old", "tags": []any{"a"}}),
			},
			{
				Node: "cert", Type: "BCS.UserCertificate", Action: planner.Delete, Reason: "the blueprint no longer has it",
				Forgotten: "the service has no call that deletes a certificate",
				Before:    intrinsic.Of(values{"userName": "admin"}),
			},
			{Node: "same", Type: "Orchestrate.Data", Action: planner.None, Reason: "nothing differs"},
		},
		Outputs: []*planner.OutputChange{
			{Name: "count", Before: intrinsic.Of(1), After: intrinsic.Of(2), Action: planner.Update},
			{Name: "gone", Before: intrinsic.Of("x"), Action: planner.Delete},
			{Name: "same", Before: intrinsic.Of("x"), After: intrinsic.Of("x"), Action: planner.None},
		},
		Drift: []planner.Drift{
			{Node: "org", Type: "BCS.Organization", Changes: []planner.Change{{Path: "nodeCount", Before: intrinsic.Of(2), After: intrinsic.Of(3)}}},
			{Node: "lost", Type: "VPC.VPC", Gone: true},
		},
	}
}

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

// causesPlan shows why values change, changes inside texts, undo kinds, what is
// moved, forgotten and retained, and the point of no return.
func causesPlan() *planner.Plan {
	long := "a value that is so long that nothing but its place can stand beside it on the line without"
	return &planner.Plan{
		Stack: "chain", Lifecycle: "upgrade", Targeted: true,
		NoReturn: &planner.NoReturn{Node: "ledger", Delete: true, Why: "it loses the ledger of every channel", Before: 2},
		Steps: []*planner.Step{
			{
				Node: "net", Type: "VPC.VPC", Action: planner.Update, Range: at(20, 3), ObjectID: "net-1", Reason: "cidr and 4 more differ",
				RenamedFrom: "network", Undo: planner.Reversible,
				Before: intrinsic.Of(values{"cidr": "a", "size": 1, "dns": "x", "quota": 5, "note": "n", "long": "short", "script": "same: 1\n", "config": "a: 1\nb: [1]\n"}),
				After: intrinsic.Of(values{"cidr": intrinsic.Unknown, "size": 2, "dns": "y", "quota": 10, "long": long, "script": "{same: 1}",
					"config": "a: 2\nb: [1, 2]\ninner: '{\"x\": 1}'\n"}),
				Changes: []planner.Change{
					{Path: "cidr", Before: intrinsic.Of("a"), After: intrinsic.Unknown, Range: at(21, 9), Causes: []planner.Cause{
						{Kind: planner.ByBlueprint, At: at(21, 9)}, {Kind: planner.ByAttribute, Name: "ledger.refID", At: at(21, 20)},
						{Kind: planner.ByStep, Name: "ledger", Why: "ledger is replaced because consensus cannot be changed in place", At: at(15, 18)}}},
					{Path: "config", Before: intrinsic.Of("a: 1\nb: [1]\n"), Range: at(26, 9), Within: []planner.Change{
						{Path: "a", Before: intrinsic.Of(1), After: intrinsic.Of(2)},
						{Path: "b[1]", After: intrinsic.Of(2)},
						{Path: "inner", After: intrinsic.Of("{}"), Within: []planner.Change{{Path: "x", Before: intrinsic.Of(2), After: intrinsic.Of(1)}}},
						{Path: "old", Before: intrinsic.Of(true)}}},
					{Path: "dns", Before: intrinsic.Of("x"), After: intrinsic.Of("y"), Range: at(22, 9), Causes: []planner.Cause{
						{Kind: planner.ByDrift, Name: "net"}, {Kind: planner.ByBlueprint, At: at(22, 9)}, {Kind: planner.ByInput, Name: "dns", At: at(4, 3)}}},
					{Path: "long", Before: intrinsic.Of("short"), After: intrinsic.Of(long), Range: at(25, 9), Causes: []planner.Cause{
						{Kind: planner.ByBlueprint, At: at(25, 9)}, {Kind: planner.ByInput, Name: "long", At: at(4, 3)}}},
					{Path: "note", Before: intrinsic.Of("n"), Range: at(20, 3), Causes: []planner.Cause{{Kind: planner.ByBlueprint, At: at(20, 3)}}},
					{Path: "quota", Before: intrinsic.Of(5), After: intrinsic.Of(10), Causes: []planner.Cause{{Kind: planner.ByDefault, Name: "Cloud.VPC.VPC"}}},
					{Path: "script", Before: intrinsic.Of("same: 1\n"), After: intrinsic.Of("{same: 1}"), Range: at(27, 9), Within: []planner.Change{}},
					{Path: "size", Before: intrinsic.Of(1), After: intrinsic.Of(2), Range: at(23, 9), Causes: []planner.Cause{
						{Kind: planner.ByBlueprint, At: at(23, 9)}, {Kind: planner.ByInput, Name: "size", At: at(4, 3)}}},
				},
			},
			{Node: "moved", Type: "VPC.VPC", Action: planner.None, RenamedFrom: "before", ObjectID: "m-1", Reason: "nothing differs",
				Before: intrinsic.Of(values{"name": "m", "cidr": "x"}), After: intrinsic.Of(values{"name": "m", "cidr": "x"})},
			{Node: "kept", Type: "VPC.VPC", Action: planner.None, Kept: true, ObjectID: "k-1"},
			{Node: "vault", Type: "BCS.Channel", Action: planner.Delete, Retained: true, ObjectID: "v-1", Reason: "the blueprint no longer has it",
				HoldsData: "the ledger of the channel", Before: intrinsic.Of(values{"name": "vault", "size": 1})},
			{
				Node: "ledger", Type: "BCS.Instance", Action: planner.Replace, Range: at(12, 3), ObjectID: "bc-1",
				Reason: "consensus cannot be changed in place", HoldsData: "the ledger of every channel",
				Undo: planner.Irreversible, UndoWhy: "it loses the ledger of every channel",
				Before: intrinsic.Of(values{"name": "ledger", "consensus": "kafka"}),
				After:  intrinsic.Of(values{"name": "ledger", "consensus": "etcdraft"}),
				Changes: []planner.Change{{
					Path: "consensus", Before: intrinsic.Of("kafka"), After: intrinsic.Of("etcdraft"), Replaces: true, Range: at(15, 18),
					Causes: []planner.Cause{{Kind: planner.ByBlueprint, At: at(15, 18)}, {Kind: planner.ByInput, Name: "consensus", At: at(4, 3)}},
				}},
			},
			{Node: "old", Type: "VPC.VPC", Action: planner.Delete, ObjectID: "o-1", Reason: "the blueprint no longer has it",
				Undo: planner.Compensatable, UndoWhy: "it can be made anew, with another ID", Before: intrinsic.Of(values{"name": "old"})},
		},
	}
}

func refreshPlan() *planner.Plan {
	p := &planner.Plan{Stack: "chain", Lifecycle: "upgrade", RefreshOnly: true, Drift: changePlan().Drift}
	p.Drift = append(p.Drift, planner.Drift{Node: "web", Type: "ECS.CloudServer", Changes: []planner.Change{
		{Path: "userData", Before: intrinsic.Of("a: 1\n"), After: intrinsic.Of("a: 2\n"), Within: []planner.Change{
			{Path: "a", Before: intrinsic.Of(1), After: intrinsic.Of(2)}}}}})
	return p
}

package planner

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// TestLeaving expects that a deletion tells of its flags as they are recorded: the
// object is deleted with those.
func TestLeaving(t *testing.T) {
	flag := func(destroys string) *dsl.Property { return &dsl.Property{Type: "boolean", Destroys: destroys} }
	typ := &dsl.NodeType{Name: "Test.Net", Leaves: "its name", Properties: &dsl.Property{Type: "object", Properties: map[string]*dsl.Property{
		"disks": flag("its disks"), "logs": flag("its logs"), "quiet": flag(""), "users": flag("its users"),
	}}}
	type told struct{ Leaves, Destroys string }
	for name, test := range map[string]struct {
		recorded  map[string]any
		sensitive []string
		want      told
	}{
		"none is recorded": {nil, nil, told{"its disks, its logs, its users, its name", ""}},
		"one is set":       {map[string]any{"disks": true, "logs": false}, nil, told{"its logs, its users, its name", "its disks (disks is true)"}},
		"all are set": {map[string]any{"disks": true, "logs": true, "users": true, "quiet": true}, nil,
			told{"its name", "its disks (disks is true), its logs (logs is true) and its users (users is true)"}},
		"one is secret": {map[string]any{"disks": true}, []string{"disks"}, told{"its disks unless disks is true, its logs, its users, its name", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			plan, diags := Make(Request{
				Stack:     "s",
				Catalogue: dsl.Catalogue{typ.Name: typ},
				State: &state.Stack{Elements: map[string]*state.Element{"net": {
					Node: "net", Type: typ.Name, Phase: "Created", ObjectID: "n1",
					Properties: state.Document{Value: intrinsic.Of(test.recorded).Plain(), Sensitive: test.sensitive},
				}}},
			})
			if diags.HasErrors() || len(plan.Steps) != 1 {
				t.Fatalf("%v, %d steps", diags, len(plan.Steps))
			}
			if diff := cmp.Diff(test.want, told{plan.Steps[0].Leaves, plan.Steps[0].Destroys}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

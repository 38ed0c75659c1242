package policytest

import (
	"flag"
	"slices"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"
)

var update = flag.Bool("update", false, "rewrite golden files")

// TestReader decodes every document with the reader of plan JSON that tools
// written in Go use, and asks what such tools ask.
func TestReader(t *testing.T) {
	for name, scenario := range scenarios {
		t.Run(name, func(t *testing.T) {
			s := newStack(t)
			var p tfjson.Plan
			if err := p.UnmarshalJSON(s.document(scenario(s))); err != nil {
				t.Fatal(err)
			}
			for _, c := range p.ResourceChanges {
				checkChange(t, c)
			}
			for _, c := range p.ResourceDrift {
				if c.Change.Before == nil || !c.Change.Actions.Update() && !c.Change.Actions.Delete() {
					t.Errorf("drift of %s: %+v", c.Address, c.Change)
				}
			}
			if len(p.Variables) == 0 && name != "destroy" {
				t.Error("no variables")
			}
			planned := 0
			if m := p.PlannedValues.RootModule; m != nil {
				planned = len(m.Resources)
			}
			remain := slices.DeleteFunc(slices.Clone(p.ResourceChanges), func(c *tfjson.ResourceChange) bool { return leaves(c.Change.Actions) })
			if planned != len(remain) {
				t.Errorf("%d resources are planned, %d remain", planned, len(remain))
			}
		})
	}
}

// leaves reports whether a resource is not there any more after the actions.
func leaves(a tfjson.Actions) bool { return a.Delete() || a.Forget() }

// checkChange expects of a change what its actions promise.
func checkChange(t *testing.T, c *tfjson.ResourceChange) {
	t.Helper()
	a, change := c.Change.Actions, c.Change
	switch {
	case a.Create() && (change.Before != nil || change.After == nil):
		t.Errorf("%s is created from %v", c.Address, change.Before)
	case leaves(a) && (change.Before == nil || change.After != nil):
		t.Errorf("%s leaves, and becomes %v", c.Address, change.After)
	case (a.Update() || a.Replace()) && (change.Before == nil || change.After == nil):
		t.Errorf("%s changes from %v to %v", c.Address, change.Before, change.After)
	case !a.NoOp() && !a.Create() && !a.Update() && !a.Replace() && !leaves(a):
		t.Errorf("%s has actions that the reader does not know: %v", c.Address, a)
	}
	if a.DestroyBeforeCreate() != a.Replace() {
		t.Errorf("%s is replaced in the wrong order", c.Address)
	}
	if c.Type == "" || c.Name == "" || c.ProviderName == "" || c.Mode != tfjson.ManagedResourceMode {
		t.Errorf("incomplete: %+v", c)
	}
}

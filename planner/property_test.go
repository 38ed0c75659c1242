package planner

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// world is a cloud without surprises: it runs plans on a recorded stack.
type world struct {
	stack *state.Stack
	made  int
}

// run carries a plan out as an executor would, in the plan's order for apply
// phases after all deletions.
func (w *world) run(t *rapid.T, p *Plan) {
	for _, s := range p.Steps {
		if s.deletes() {
			delete(w.stack.Elements, s.Node)
		}
	}
	scope := &intrinsic.Scope{Blueprint: p.Blueprint, Inputs: p.Inputs, Attribute: w.attribute}
	for _, s := range p.Steps {
		if s.Action == Delete {
			continue
		}
		w.apply(t, p, s, scope)
	}
	w.stack.Outputs = map[string]state.Document{}
	for _, o := range p.Blueprint.Outputs {
		v, diags := intrinsic.Eval(o.Value, scope)
		if diags.HasErrors() {
			t.Fatal(diags.Err())
		}
		w.stack.Outputs[o.Name.Text] = state.Document{Value: v.Plain(), Sensitive: v.SensitivePaths()}
	}
	w.stack.Revision = &state.Revision{}
	w.stack.Serial++
}

func (w *world) attribute(node, name string) (intrinsic.Value, bool) {
	e := w.stack.Elements[node]
	if e == nil {
		return intrinsic.Value{}, false
	}
	v, _ := value(e.Attributes).Get(name)
	return v, true
}

func (w *world) apply(t *rapid.T, p *Plan, s *Step, scope *intrinsic.Scope) {
	i := slices.IndexFunc(p.Blueprint.Nodes, func(n *dsl.NodeTemplate) bool { return n.Name.Text == s.Node })
	props, diags := intrinsic.EvalProperties(p.Blueprint.Nodes[i].Properties, p.Catalogue[s.Type], scope)
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	if props.HasUnknown() {
		t.Fatalf("%s was applied before what it refers to", s.Node)
	}
	e := w.stack.Elements[s.Node]
	if e == nil {
		w.made++
		e = &state.Element{Node: s.Node, Type: s.Type, ObjectID: fmt.Sprintf("id-%d", w.made)}
		w.stack.Elements[s.Node] = e
	}
	name, _ := props.Get("name")
	input, _ := props.Get("input")
	e.Properties = state.Document{Value: props.Plain(), Sensitive: props.SensitivePaths()}
	attrs := map[string]any{"refID": e.ObjectID, "refName": name.Text(), "output": input.Plain()}
	e.Attributes = state.Document{Value: attrs}
	e.DependsOn = s.DependsOn
}

// drawBlueprint writes a blueprint of up to a dozen nodes, each of which may
// refer to earlier ones; lines are the keys of each node in drawn order.
func drawBlueprint(t *rapid.T, label string) string {
	var nodes []string
	n := rapid.IntRange(1, 12).Draw(t, label+" nodes")
	for i := range n {
		typ := rapid.SampledFrom([]string{"Net", "Subnet", "Data"}).Draw(t, "type")
		props := []string{fmt.Sprintf("      name: n%d", rapid.IntRange(0, 2).Draw(t, "name"))}
		if typ == "Data" {
			props = []string{fmt.Sprintf("      input: [1, %s]", drawRef(t, i))}
		}
		if typ == "Subnet" && i > 0 {
			props = append(props, "      netId: "+drawRef(t, i))
		}
		if typ == "Net" {
			props = append(props, fmt.Sprintf("      cidr: 10.%d.0.0/16", rapid.IntRange(0, 1).Draw(t, "cidr")))
		}
		if rapid.Bool().Draw(t, "turn") {
			slices.Reverse(props)
		}
		nodes = append(nodes, fmt.Sprintf("  x%d:\n    type: Cloud.Test.%s\n    properties:\n%s\n", i, typ, strings.Join(props, "\n")))
	}
	last := fmt.Sprintf("outputs:\n  last:\n    value: {get_attribute: [x%d, refID]}\n", n-1)
	nodes = rapid.Permutation(nodes).Draw(t, "order")
	return "tosca_definitions_version: cloud_tosca_version_1_0\nnode_templates:\n" + strings.Join(nodes, "") + last
}

func drawRef(t *rapid.T, i int) string {
	if i == 0 || rapid.Bool().Draw(t, "literal") {
		return fmt.Sprint(rapid.IntRange(0, 3).Draw(t, "value"))
	}
	return fmt.Sprintf("{get_attribute: [x%d, refID]}", rapid.IntRange(0, i-1).Draw(t, "target"))
}

func parse(t *rapid.T, src string) *dsl.Blueprint {
	bp, diags := dsl.Parse("blueprint.yaml", []byte(src), catalogue())
	if diags.HasErrors() {
		t.Fatalf("%v\n%s", diags.Err(), src)
	}
	return bp
}

// TestPlanAfterApplyIsEmpty moves a stack from one drawn blueprint to another
// and expects that nothing is left to do afterwards, and that planning itself
// changes nothing.
func TestPlanAfterApplyIsEmpty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{stack: &state.Stack{Name: "demo", Elements: map[string]*state.Element{}}}
		for _, label := range []string{"first", "second"} {
			req := Request{Stack: "demo", Catalogue: catalogue(), Blueprint: parse(t, drawBlueprint(t, label)), State: w.stack}
			p, diags := Make(req)
			if diags.HasErrors() {
				t.Fatal(diags.Err())
			}
			again, _ := Make(req)
			if d := cmp.Diff(printPlan(p), printPlan(again)); d != "" {
				t.Fatalf("the same request gave two plans:\n%s", d)
			}
			before := maps.Clone(w.stack.Elements)
			w.run(t, p)
			checkReplaced(t, p, before, w.stack.Elements)
			if after, _ := Make(req); !after.Empty() {
				t.Fatalf("something is left to do:\n%s", printPlan(after))
			}
		}
	})
}

// checkReplaced expects a new object exactly for what was created or replaced.
func checkReplaced(t *rapid.T, p *Plan, before, after map[string]*state.Element) {
	for _, s := range p.Steps {
		b, a := before[s.Node], after[s.Node]
		if b != nil && a != nil && (b.ObjectID != a.ObjectID) != (s.Action == Replace) {
			t.Fatalf("%s %s went from object %s to %s", s.Action, s.Node, b.ObjectID, a.ObjectID)
		}
	}
}

// TestPlanIgnoresOrder expects the same plan however the blueprint orders its
// nodes.
func TestPlanIgnoresOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bp := parse(t, drawBlueprint(t, "blueprint"))
		turned := *bp
		turned.Nodes = rapid.Permutation(bp.Nodes).Draw(t, "order of nodes")
		a, _ := Make(Request{Stack: "demo", Catalogue: catalogue(), Blueprint: bp})
		b, _ := Make(Request{Stack: "demo", Catalogue: catalogue(), Blueprint: &turned})
		if d := cmp.Diff(printPlan(a), printPlan(b)); d != "" {
			t.Fatal(d)
		}
	})
}

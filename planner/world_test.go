package planner

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// world is a cloud without surprises: it runs plans on a recorded stack, as an
// executor would.
type world struct {
	stack *state.Stack
	made  int
	live  map[string]string // objects that exist, by ID: that of their container, or ""
	letGo map[string]bool   // objects that the stack has forgotten, by ID
	fails bool              // a creation after the last phase fails and leaves its object behind
}

func newWorld() *world {
	return &world{stack: &state.Stack{Name: "demo", Elements: map[string]*state.Element{}}, live: map[string]string{}, letGo: map[string]bool{}}
}

// destroy destroys an object and what is in it.
func (w *world) destroy(id string) {
	delete(w.live, id)
	for inner, container := range w.live {
		if container == id {
			delete(w.live, inner)
		}
	}
}

// newer reports whether an object is none of the first that were made.
func (w *world) newer(id string, made int) bool {
	var n int
	_, err := fmt.Sscanf(id, "id-%d", &n)
	return err == nil && n > made
}

// observe is what a refresh reads.
func (w *world) observe() map[string]Observed {
	out := map[string]Observed{}
	for node, e := range w.stack.Elements {
		_, there := w.live[e.ObjectID]
		out[node] = Observed{Gone: !there, Properties: intrinsic.Unknown}
	}
	return out
}

// phase is one of the up to two phases of a step.
type phase struct {
	step    *Step
	deletes bool
	stage   int
	after   []int // indexes of those that it waits for
}

// phasesOf lists the phases of a plan with what they wait for.
func phasesOf(p *Plan) []phase {
	var out []phase
	deletes, applies := map[string]int{}, map[string]int{}
	for _, s := range p.Steps {
		if s.deletes() {
			deletes[s.Node] = len(out)
			out = append(out, phase{step: s, deletes: true, stage: s.DeleteStage})
		}
		if s.applies() {
			applies[s.Node] = len(out)
			out = append(out, phase{step: s, stage: s.ApplyStage})
		}
	}
	for i := range out {
		f := &out[i]
		if before, ok := deletes[f.step.Node]; ok && !f.deletes {
			f.after = append(f.after, before)
		}
		names, first := f.step.DependsOn, applies
		if f.deletes {
			names, first = f.step.DeleteAfter, deletes
		}
		for _, name := range names {
			if before, ok := first[name]; ok {
				f.after = append(f.after, before)
			} else if before, ok := applies[name]; ok {
				f.after = append(f.after, before)
			}
		}
	}
	return out
}

// schedule draws an order in which the phases may run: each after those that
// it waits for, and one of an odd stage after all of lower stages.
func schedule(t *rapid.T, p *Plan) []phase {
	all := phasesOf(p)
	done := make([]bool, len(all))
	var out []phase
	for len(out) < len(all) {
		var ready []int
		for i, f := range all {
			waits := slices.ContainsFunc(f.after, func(before int) bool { return !done[before] })
			for j, other := range all {
				waits = waits || f.stage%2 == 1 && !done[j] && other.stage < f.stage
			}
			if !done[i] && !waits {
				ready = append(ready, i)
			}
		}
		if len(ready) == 0 {
			t.Fatalf("nothing can go on:\n%s", printPlan(p))
		}
		next := rapid.SampledFrom(ready).Draw(t, "next")
		done[next] = true
		out = append(out, all[next])
	}
	return out
}

// run carries a plan out, up to a number of phases; all of them for -1. It
// returns what the changed elements were before, as the store does.
func (w *world) run(t *rapid.T, p *Plan, phases int) map[string]*state.Element {
	before := maps.Clone(w.stack.Elements)
	w.open(p)
	scope := &intrinsic.Scope{Blueprint: p.Blueprint, Inputs: p.Inputs, Attribute: w.attribute}
	for i, f := range schedule(t, p) {
		switch {
		case i == phases:
			if w.fails && !f.deletes && (f.step.Action == Create || f.step.Action == Replace) {
				w.apply(t, p, f.step, scope)
				w.stack.Elements[f.step.Node].Phase = phaseCreateFailed
			}
			return w.changed(before)
		case f.deletes:
			if f.step.destroys() && f.step.DeletedWith == "" {
				w.destroy(f.step.ObjectID)
			}
			w.letGo[f.step.ObjectID] = f.step.forgets()
			delete(w.stack.Elements, f.step.Node)
		case f.step.acts():
			w.apply(t, p, f.step, scope)
		}
	}
	w.stack.Outputs = map[string]state.Document{}
	if p.Blueprint != nil {
		w.outputs(t, p, scope)
	}
	w.stack.Revision = &state.Revision{}
	w.stack.Serial++
	return w.changed(before)
}

// open records what needs no call: names, dependencies, retention.
func (w *world) open(p *Plan) {
	to := map[string]string{}
	for _, s := range p.Steps {
		if s.RenamedFrom != "" {
			to[s.RenamedFrom] = s.Node
		}
	}
	elements := map[string]*state.Element{}
	for _, e := range w.stack.Elements {
		e = renamed(e, to)
		elements[e.Node] = e
	}
	for _, s := range p.Steps {
		if e := elements[s.Node]; e != nil && s.Action == None && !slices.Equal(e.DependsOn, s.DependsOn) {
			copied := *e
			copied.DependsOn = s.DependsOn
			elements[s.Node] = &copied
		}
	}
	w.stack.Elements = elements
}

// changed are the elements that differ from those of before, as they were.
func (w *world) changed(before map[string]*state.Element) map[string]*state.Element {
	out := map[string]*state.Element{}
	for node, e := range before {
		if w.stack.Elements[node] != e {
			was := *e
			was.LetGo = w.letGo[e.ObjectID]
			out[node] = &was
		}
	}
	for node := range w.stack.Elements {
		if before[node] == nil {
			out[node] = nil
		}
	}
	return out
}

func (w *world) outputs(t *rapid.T, p *Plan, scope *intrinsic.Scope) {
	for _, o := range p.Blueprint.Outputs {
		v, diags := intrinsic.Eval(o.Value, scope)
		switch {
		case !diags.HasErrors():
			w.stack.Outputs[o.Name.Text] = state.Document{Value: v.Plain(), Sensitive: v.SensitivePaths()}
		case !p.Targeted && p.Skipped == nil:
			t.Fatal(diags.Err())
		}
	}
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
	e := &state.Element{Node: s.Node, Type: s.Type, DependsOn: s.DependsOn, Retain: s.Retain}
	if was := w.stack.Elements[s.Node]; was != nil && s.Action != Create { // what is gone is made anew
		e.ObjectID = was.ObjectID
	} else if s.Action == Update { // it comes back
		e.ObjectID = s.ObjectID
	} else {
		w.made++
		e.ObjectID = fmt.Sprintf("id-%d", w.made)
	}
	props := w.properties(t, p, s, scope)
	name, _ := props.Get("name")
	input, _ := props.Get("input")
	e.Properties = state.Document{Value: props.Plain(), Sensitive: props.SensitivePaths()}
	e.Attributes = state.Document{Value: map[string]any{"refID": e.ObjectID, "refName": name.Text(), "output": input.Plain()}}
	w.stack.Elements[s.Node], w.letGo[e.ObjectID] = e, false
	chain, _ := props.Get("chainId")
	w.live[e.ObjectID] = chain.Text()
}

// properties are what a step sends: those of the plan as far as it knew them.
func (w *world) properties(t *rapid.T, p *Plan, s *Step, scope *intrinsic.Scope) intrinsic.Value {
	if !s.After.HasUnknown() {
		return s.After
	}
	i := slices.IndexFunc(p.Blueprint.Nodes, func(n *dsl.NodeTemplate) bool { return n.Name.Text == s.Node })
	props, diags := intrinsic.EvalProperties(p.Blueprint.Nodes[i].Properties, p.Catalogue[s.Type], scope)
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	if props.HasUnknown() {
		t.Fatalf("%s was applied before what it refers to", s.Node)
	}
	return props
}

// normal is a stack without what depends on the course of things: an ID of an
// object is written as the name of its node.
func normal(elements map[string]*state.Element) map[string]string {
	var ids []string
	for node, e := range elements {
		ids = append(ids, fmt.Sprintf("%q", e.ObjectID), fmt.Sprintf("%q", "ID of "+node))
	}
	r := strings.NewReplacer(ids...)
	out := map[string]string{}
	for node, e := range elements {
		out[node] = r.Replace(fmt.Sprintf("%s %s retain=%t after %v", e.Type, show(value(e.Properties)), e.Retain, e.DependsOn))
	}
	return out
}

// drawing is a drawn blueprint; its nodes refer to earlier ones by index.
type drawing struct{ nodes []drawnNode }

type drawnNode struct {
	name, typ, renamedFrom string
	retain                 bool
	props                  []string // may hold @i for the name of node i
}

// draw makes a blueprint of up to a dozen nodes. They may have a new name;
// those whose type stays say which one they had in the stack.
func draw(t *rapid.T, label string, st *state.Stack) drawing {
	var d drawing
	for i := range rapid.IntRange(1, 12).Draw(t, label+" nodes") {
		typ := rapid.SampledFrom([]string{"Net", "Subnet", "Data", "Chain", "Org", "Cert"}).Draw(t, "type")
		n := drawnNode{typ: typ, props: drawProperties(t, typ, i), retain: rapid.IntRange(0, 4).Draw(t, "retain") == 0}
		n.name = fmt.Sprintf("%s%d", rapid.SampledFrom([]string{"x", "x", "y"}).Draw(t, "prefix"), i)
		if other := map[byte]string{'x': "y", 'y': "x"}[n.name[0]] + n.name[1:]; st.Elements[n.name] == nil {
			if e := st.Elements[other]; e != nil && e.Type == "Test."+typ {
				n.renamedFrom = other
			}
		}
		d.nodes = append(d.nodes, n)
	}
	return d
}

func drawProperties(t *rapid.T, typ string, i int) []string {
	name := fmt.Sprintf("name: n%d", rapid.IntRange(0, 2).Draw(t, "name"))
	var props []string
	switch typ {
	case "Data":
		props = []string{fmt.Sprintf("input: [1, %s]", drawRef(t, i))}
	case "Net":
		props = []string{name, fmt.Sprintf("cidr: 10.%d.0.0/16", rapid.IntRange(0, 1).Draw(t, "cidr"))}
	case "Subnet":
		props = []string{name, "netId: " + drawRef(t, i)}
	case "Chain":
		props = []string{name, fmt.Sprintf("size: %d", rapid.IntRange(1, 3).Draw(t, "size")), fmt.Sprintf("keepDisks: %t", rapid.Bool().Draw(t, "keep"))}
	case "Org":
		props = []string{name, "chainId: " + drawRef(t, i), fmt.Sprintf("nodeCount: %d", rapid.IntRange(1, 3).Draw(t, "count"))}
	case "Cert":
		props = []string{"user: u", "orgId: " + drawRef(t, i)}
	}
	if rapid.Bool().Draw(t, "turn") {
		slices.Reverse(props)
	}
	return props
}

func drawRef(t *rapid.T, i int) string {
	if i == 0 || rapid.IntRange(0, 2).Draw(t, "literal") == 0 {
		return fmt.Sprint(rapid.IntRange(0, 3).Draw(t, "value"))
	}
	return fmt.Sprintf("{get_attribute: [@%d, refID]}", rapid.IntRange(0, i-1).Draw(t, "target"))
}

// text writes the blueprint, its nodes in drawn order.
func (d drawing) text(t *rapid.T) string {
	var names, nodes []string
	for i := len(d.nodes) - 1; i >= 0; i-- { // @12 before @1
		names = append(names, fmt.Sprintf("@%d,", i), d.nodes[i].name+",")
	}
	for _, n := range d.nodes {
		lines := []string{"  " + n.name + ":", "    type: Cloud.Test." + n.typ}
		if n.renamedFrom != "" {
			lines = append(lines, "    renamed_from: "+n.renamedFrom)
		}
		if n.retain {
			lines = append(lines, "    retain: true")
		}
		lines = append(lines, "    properties:")
		for _, p := range n.props {
			lines = append(lines, "      "+p)
		}
		nodes = append(nodes, strings.Join(lines, "\n")+"\n")
	}
	nodes = rapid.Permutation(nodes).Draw(t, "order")
	last := fmt.Sprintf("outputs:\n  last:\n    value: {get_attribute: [@%d, refID]}\n", len(d.nodes)-1)
	src := "tosca_definitions_version: cloud_tosca_version_1_0\nnode_templates:\n" + strings.Join(nodes, "") + last
	return strings.NewReplacer(names...).Replace(src)
}

func parse(t *rapid.T, src string) *dsl.Blueprint {
	bp, diags := dsl.Parse("blueprint.yaml", []byte(src), catalogue())
	if diags.HasErrors() {
		t.Fatalf("%v\n%s", diags.Err(), src)
	}
	return bp
}

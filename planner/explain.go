package planner

import (
	"fmt"
	"slices"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

// Explanation says why a step is what it is, and why it waits.
type Explanation struct {
	Step  *Step
	Drift *Drift // what a refresh found about its element; nil: nothing
	// Prices tell what the step buys and gives back, if anybody has asked.
	Prices []Price
	// WaitsFor are the phases of other steps, and its own, that must be over
	// first; Awaits are those that wait for it. Steps that do nothing are left
	// out: nobody waits for them.
	WaitsFor, Awaits []Wait
	// Turns are the nodes with which it takes turns, because one change at a
	// time is made on the same object, which Object names; nil: it is alone.
	Turns  []string
	Object string
}

// Wait is one reason why a phase of one step waits for a phase of another.
type Wait struct {
	Node   string // the other step
	Delete bool   // the delete phase of this step takes part, else its apply phase
	Other  bool   // the delete phase of the other step takes part, else its apply phase
	Action Action // of the other step
	Why    string // one clause
	At     diag.Range
	// Stage is true if it is no dependency: what can't be undone waits for
	// everything that can.
	Stage bool
}

// Explain says what a plan has in mind for a node. It is nil if the plan has no
// step for it.
func (p *Plan) Explain(node string) *Explanation {
	x := newExplainer(p)
	s := x.steps[node]
	if s == nil {
		return nil
	}
	e := &Explanation{Step: s, Prices: p.Prices[node], WaitsFor: x.waits(s, "")}
	for i := range p.Drift {
		if p.Drift[i].Node == node {
			e.Drift = &p.Drift[i]
		}
	}
	for _, other := range p.Steps {
		if other == s {
			continue
		}
		for _, w := range x.waits(other, node) {
			e.Awaits = append(e.Awaits, Wait{Node: other.Node, Action: other.Action, Delete: w.Other, Other: w.Delete, Why: w.Why, At: w.At, Stage: w.Stage})
		}
	}
	e.Turns, e.Object = x.turns(s)
	return e
}

type explainer struct {
	plan      *Plan
	steps     map[string]*Step
	templates map[string]*dsl.NodeTemplate
}

func newExplainer(p *Plan) *explainer {
	x := &explainer{plan: p, steps: make(map[string]*Step, len(p.Steps)), templates: map[string]*dsl.NodeTemplate{}}
	for _, s := range p.Steps {
		x.steps[s.Node] = s
	}
	if p.Blueprint != nil {
		for _, n := range p.Blueprint.Nodes {
			x.templates[n.Name.Text] = n
		}
	}
	return x
}

// waits are all reasons for which the phases of a step wait: for one step, or
// for any if only is "".
func (x *explainer) waits(s *Step, only string) []Wait {
	if !s.acts() {
		return nil
	}
	var out []Wait
	if s.deletes() {
		for _, other := range x.acting(s.DeleteAfter, only) {
			out = append(out, Wait{Node: other.Node, Delete: true, Other: other.deletes(), Action: other.Action, Why: x.whyDeleteAfter(s, other)})
		}
		out = append(out, x.stage(s, only, true, s.DeleteStage)...)
	}
	if s.applies() {
		for _, other := range x.acting(s.DependsOn, only) {
			out = append(out, x.uses(s, other)...)
		}
		if s.Action == Replace && only == "" {
			out = append(out, Wait{Node: s.Node, Other: true, Action: s.Action, Why: "it is destroyed before it is made anew"})
		}
		out = append(out, x.stage(s, only, false, s.ApplyStage)...)
	}
	return out
}

// acting returns those steps of some nodes that do something.
func (x *explainer) acting(nodes []string, only string) []*Step {
	var out []*Step
	for _, node := range nodes {
		if s := x.steps[node]; s != nil && s.acts() && (only == "" || only == node) {
			out = append(out, s)
		}
	}
	return out
}

// whyDeleteAfter says why a deletion waits for another step.
func (x *explainer) whyDeleteAfter(s, other *Step) string {
	switch {
	case s.DeletedWith == other.Node:
		return fmt.Sprintf("it goes when %s is destroyed", other.Node)
	case other.deletes():
		return fmt.Sprintf("%s was made after it and may use it, so it goes first", other.Node)
	}
	return fmt.Sprintf("%s was made after it and uses it until it has been %s", other.Node, past(other.Action))
}

// uses lists the places of a template that make it wait for another node.
func (x *explainer) uses(s, other *Step) []Wait {
	wait := Wait{Node: other.Node, Action: other.Action, Why: "it was planned to be made after it"}
	n := x.templates[s.Node]
	if n == nil {
		return []Wait{wait}
	}
	var out []Wait
	add := func(at diag.Range, format string, args ...any) {
		w := wait
		w.Why, w.At = fmt.Sprintf(format, args...), at
		if !slices.ContainsFunc(out, func(had Wait) bool { return had.Why == w.Why }) {
			out = append(out, w)
		}
	}
	for i := range n.Requirements {
		if r := &n.Requirements[i]; r.Node.Text == other.Node {
			add(r.Node.Range, "requirement %s names it", r.Name.Text)
		}
	}
	for i := range n.Properties {
		for _, r := range intrinsic.References(n.Properties[i].Value) {
			if r.Node == other.Node {
				attribute := r.Attribute
				if attribute == "" {
					attribute = intrinsic.ReferenceAttribute(n.Properties[i].Key.Text)
				}
				add(r.Range, "property %s reads its %s", n.Properties[i].Key.Text, attribute)
			}
		}
	}
	if out == nil {
		return []Wait{wait}
	}
	return out
}

// stage lists what a phase waits for only because it can't be undone.
func (x *explainer) stage(s *Step, only string, deletes bool, stage int) []Wait {
	if stage%2 == 0 {
		return nil
	}
	why := "it cannot be undone, so it comes after everything that can"
	others := x.plan.Steps
	if only != "" {
		others = []*Step{x.steps[only]}
	}
	var out []Wait
	for _, other := range others {
		if other == s || !other.acts() {
			continue
		}
		w := Wait{Node: other.Node, Delete: deletes, Action: other.Action, Why: why, Stage: true}
		if other.deletes() && other.DeleteStage < stage && !slices.Contains(s.DeleteAfter, other.Node) {
			w.Other = true
			out = append(out, w)
		} else if other.applies() && other.ApplyStage < stage && !slices.Contains(s.DependsOn, other.Node) {
			out = append(out, w)
		}
	}
	return out
}

// turns lists the nodes that change the same object as a step does, where only
// one change may run at a time, and names that object.
func (x *explainer) turns(s *Step) (nodes []string, object string) {
	if object = x.object(s); object == "" || !s.acts() {
		return nil, ""
	}
	for _, other := range x.plan.Steps {
		if other != s && other.acts() && x.object(other) == object {
			nodes = append(nodes, other.Node)
		}
	}
	if nodes == nil {
		return nil, ""
	}
	slices.Sort(nodes)
	return nodes, object
}

// object is what a step must have for itself while it runs: the node whose
// object it is if the stack has it, else its ID; "" if nothing.
func (x *explainer) object(s *Step) string {
	typ := x.plan.Catalogue[s.Type]
	switch {
	case typ == nil || typ.Serial == "":
		return ""
	case typ.Serial == "refID":
		return s.Node
	}
	id, _ := s.After.Get(typ.Serial)
	if s.Action == Delete {
		id, _ = s.Before.Get(typ.Serial)
	}
	if id.IsUnknown() {
		return x.reads(s.Node, typ.Serial)
	}
	for _, other := range x.plan.Steps {
		if text := id.Text(); text != "" && other.ObjectID == text {
			return other.Node
		}
	}
	return id.Text()
}

// reads is the first node that a property of a template refers to; "" if none.
func (x *explainer) reads(node, property string) string {
	if n := x.templates[node]; n != nil {
		if refs := intrinsic.References(n.Property(property)); len(refs) > 0 {
			return refs[0].Node
		}
		for i := range n.Requirements {
			if n.Requirements[i].Name.Text == property {
				return n.Requirements[i].Node.Text
			}
		}
	}
	return ""
}

// ExplanationDocument is an explanation as JSON.
type ExplanationDocument struct {
	Step        ResourceChange       `json:"step"` // as in the plan document
	Drift       *ResourceChange      `json:"drift,omitempty"`
	WaitsFor    []DocumentWait       `json:"waits_for"`
	Awaits      []DocumentWait       `json:"awaits"`
	Turns       []string             `json:"takes_turns_with,omitempty"`
	Object      string               `json:"takes_turns_on,omitempty"`
	Diagnostics []DocumentDiagnostic `json:"diagnostics,omitempty"`
}

// DocumentWait is one reason to wait.
type DocumentWait struct {
	Address    string      `json:"address"`     // of the other step
	Action     Action      `json:"action"`      // of the other step
	Phase      string      `json:"phase"`       // of this step: delete or apply
	OtherPhase string      `json:"other_phase"` // of the other step
	Why        string      `json:"why"`
	Stage      bool        `json:"stage,omitempty"`
	Range      *diag.Range `json:"range,omitempty"`
}

// Document renders the explanation, with the problems of the whole plan.
func (e *Explanation) Document(diags diag.List) *ExplanationDocument {
	d := &ExplanationDocument{
		Step: e.Step.document(), WaitsFor: documentWaits(e.WaitsFor), Awaits: documentWaits(e.Awaits),
		Turns: e.Turns, Object: e.Object, Diagnostics: documentDiagnostics(diags),
	}
	d.Step.Prices = documentPrices(e.Prices)
	if e.Drift != nil {
		drift := e.Drift.document()
		d.Drift = &drift
	}
	return d
}

func documentWaits(all []Wait) []DocumentWait {
	out := make([]DocumentWait, 0, len(all))
	for _, w := range all {
		out = append(out, DocumentWait{Address: w.Node, Action: w.Action, Phase: phaseText(w.Delete), OtherPhase: phaseText(w.Other),
			Why: w.Why, Stage: w.Stage, Range: rangeOf(w.At)})
	}
	return out
}

func phaseText(deletes bool) string {
	if deletes {
		return "delete"
	}
	return "apply"
}

package planner

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner/graph"
)

// planTemplates plans every deployed node template after those it depends on.
func (m *maker) planTemplates() {
	deps := map[string][]string{}
	names := make([]string, 0, len(m.req.Blueprint.Nodes))
	for _, n := range m.req.Blueprint.Nodes {
		ok, diags := intrinsic.Deployed(n, m.scope)
		m.diags = append(m.diags, diags...)
		if ok {
			m.deployed[n.Name.Text] = true
			names = append(names, n.Name.Text)
		}
	}
	g := graph.New(names)
	for _, name := range names {
		deps[name] = m.dependencies(m.templates[name])
		for _, before := range deps[name] {
			g.Add(before, name)
		}
	}
	order, err := g.Order()
	if err != nil {
		m.reportCycles(err)
		return
	}
	for _, name := range order {
		s := m.planTemplate(m.templates[name])
		s.DependsOn = deps[name]
		m.steps[name] = s
	}
}

// dependencies lists the deployed nodes that a template needs, sorted.
func (m *maker) dependencies(n *dsl.NodeTemplate) []string {
	var out []string
	for _, d := range intrinsic.Dependencies(n) {
		if m.deployed[d.Node] {
			out = append(out, d.Node)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// reportCycles repeats what check found, for callers that did not run it.
func (m *maker) reportCycles(err error) {
	var cycles *graph.CycleError
	if !errors.As(err, &cycles) {
		m.diags.Add(CodeCycle, diag.Range{}, "%v", err)
		return
	}
	for _, c := range cycles.Cycles {
		var at diag.Range
		if n := m.templates[c[0]]; n != nil {
			at = n.Name.Range
		}
		m.diags.Add(CodeCycle, at, "These node templates wait for each other: %s.", strings.Join(append(slices.Clone(c), c[0]), " -> "))
	}
}

// planTemplate decides what becomes of one node template.
func (m *maker) planTemplate(n *dsl.NodeTemplate) *Step {
	name := n.Name.Text
	typ := m.req.Catalogue[n.TypeName]
	after, diags := intrinsic.EvalProperties(n.Properties, typ, m.scope)
	m.diags = append(m.diags, diags...)
	if m.req.Verify != nil && !diags.HasErrors() {
		m.diags = append(m.diags, m.req.Verify(n, typ, after)...)
	}
	s := &Step{Node: name, Type: n.TypeName, After: after, Range: n.Name.Range}
	m.describe(s, typ)
	e := m.element(name)
	switch gone := m.req.Observed[name].Gone; {
	case e == nil:
		s.Action, s.Reason = Create, "it is not in the stack yet"
	case gone:
		s.Action, s.Reason = Create, "it no longer exists in the cloud"
		m.plan.Drift = append(m.plan.Drift, Drift{Node: name, Type: e.Type, Gone: true, Before: value(e.Properties)})
	default:
		m.compare(s, n, typ, e)
	}
	m.planned[name] = plannedAttributes(s, typ)
	return s
}

// describe copies what the node type says about losing an object.
func (m *maker) describe(s *Step, typ *dsl.NodeType) {
	if typ != nil {
		s.HoldsData, s.Forgotten = typ.HoldsData, typ.Forgotten
	}
}

// phaseCreateFailed is the phase of an element whose creation made an object
// but did not succeed (blueprint language, section 13.8).
const phaseCreateFailed = "CreateFailed"

const replaceAsked = "--replace asks for it"

// compare decides between none, update and replace for an element that exists.
func (m *maker) compare(s *Step, n *dsl.NodeTemplate, typ *dsl.NodeType, e *state.Element) {
	m.recall(s, typ, e)
	s.Changes = m.changes(s, n, typ)
	fixed := slices.IndexFunc(s.Changes, func(c Change) bool { return c.Replaces })
	switch {
	case e.Phase == phaseCreateFailed:
		s.Action, s.Reason = Replace, "its creation failed and left it behind"
		if m.asItFailed(s, e) {
			s.HoldsData = "" // it never worked, so nothing is lost with it
		}
	case e.Type != n.TypeName:
		s.Action, s.Reason = Replace, fmt.Sprintf("its type changes from %s to %s", dsl.TypeLabel(e.Type), dsl.TypeLabel(n.TypeName))
	case m.req.Replace[s.Node]:
		s.Action, s.Reason = Replace, replaceAsked
	case fixed >= 0:
		s.Action, s.Reason = Replace, fmt.Sprintf("%s cannot be changed in place", s.Changes[fixed].Path)
	case len(s.Changes) > 0:
		s.Action, s.Reason = Update, changedReason(s.Changes)
	default:
		s.Action, s.Reason = None, "nothing differs"
	}
}

// asItFailed reports whether an element whose creation failed shows the status
// that it had then. With another one somebody may have repaired it, as the error
// told them to, and have begun to use it.
func (m *maker) asItFailed(s *Step, e *state.Element) bool {
	seen, ok := m.req.Observed[s.Node]
	if !ok {
		return true
	}
	was, _ := value(e.Attributes).Get("status")
	now, shown := seen.Attributes.Get("status")
	return !shown || blank(was) || was.Equal(now)
}

func changedReason(changes []Change) string {
	if len(changes) == 1 {
		return changes[0].Path + " differs"
	}
	return fmt.Sprintf("%s and %d more differ", changes[0].Path, len(changes)-1)
}

// recall fills in what is recorded about an element and what a refresh read,
// and notes the drift between the two.
func (m *maker) recall(s *Step, typ *dsl.NodeType, e *state.Element) {
	s.ObjectID = e.ObjectID
	s.Before = value(e.Properties)
	s.Attributes = value(e.Attributes)
	seen, ok := m.req.Observed[s.Node]
	if !ok || seen.Gone {
		return
	}
	read := overlay(s.Before, seen.Properties)
	if changes := diff(typ, nil, s.Before, read); changes != nil {
		m.plan.Drift = append(m.plan.Drift, Drift{Node: s.Node, Type: e.Type, Changes: changes, Before: s.Before, After: read})
	}
	s.Before = read
	s.Attributes = merge(s.Attributes, seen.Attributes)
}

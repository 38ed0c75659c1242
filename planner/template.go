package planner

import (
	"cmp"
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

// deploy notes which node templates are wanted.
func (m *maker) deploy() {
	if m.req.Blueprint == nil {
		return
	}
	for _, n := range m.req.Blueprint.Nodes {
		if !m.considered(n.Name.Text) {
			m.deployed[n.Name.Text] = m.element(n.Name.Text) != nil
			continue
		}
		ok, diags := intrinsic.Deployed(n, m.scope)
		m.diags = append(m.diags, diags...)
		if ok && !m.undone(n.Name.Text) {
			m.deployed[n.Name.Text] = true
		}
	}
}

// planTemplates plans every deployed node template after those it depends on.
func (m *maker) planTemplates() {
	if m.req.Blueprint == nil {
		return
	}
	names := make([]string, 0, len(m.req.Blueprint.Nodes))
	for _, n := range m.req.Blueprint.Nodes {
		if m.deployed[n.Name.Text] {
			names = append(names, n.Name.Text)
		}
	}
	deps := make(map[string][]string, len(names))
	g := graph.New(names)
	for _, name := range names {
		if !m.skips(name) { // what it needs stands on record
			deps[name] = m.dependencies(m.templates[name])
		}
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
		switch {
		case m.skips(name):
			m.skip(name)
		case !m.considered(name) && m.sameObjects(deps[name]):
			m.keep(name, m.element(name), keptUndo)
		default:
			m.steps[name] = m.planTemplate(m.templates[name], deps[name])
		}
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
func (m *maker) planTemplate(n *dsl.NodeTemplate, dependsOn []string) *Step {
	name := n.Name.Text
	typ := m.req.Catalogue[n.TypeName]
	s := &Step{
		Node: name, Type: n.TypeName, DependsOn: dependsOn, Range: n.Name.Range,
		After: m.wanted(n, typ, dependsOn), Retain: n.Retain, RenamedFrom: m.movedFrom[name],
	}
	s.describe(typ)
	e := m.element(name)
	switch seen, _ := m.observed(name); {
	case e == nil:
		s.Action, s.Reason = Create, m.whyCreated(n)
	case seen.Gone:
		s.Action, s.Reason = Create, "it no longer exists in the cloud"
		m.gone(name, e)
	default:
		m.compare(s, n, typ, e)
		if s.Action == Replace {
			m.checkSecond(s, n)
		}
	}
	m.planned[name] = plannedAttributes(s, typ)
	return s
}

// whyCreated tells why a node has no element.
func (m *maker) whyCreated(n *dsl.NodeTemplate) string {
	then, _ := m.then(n.Name.Text)
	if then == nil {
		return "it is not in the stack yet"
	}
	if then.LetGo {
		m.secondObject(n, then, "import it first")
	}
	return "it is no longer in the stack"
}

// checkSecond looks after what was let go where a node is to be replaced: that
// is not destroyed, and not made again without a word.
func (m *maker) checkSecond(s *Step, n *dsl.NodeTemplate) {
	then, _ := m.then(s.Node)
	switch {
	case m.takenBack[s.Node]:
		m.leave(s, n)
	case then != nil && then.LetGo:
		m.secondObject(n, then, "take the node out of the stack and import it")
	}
}

// wanted are the properties that a node is to have.
func (m *maker) wanted(n *dsl.NodeTemplate, typ *dsl.NodeType, dependsOn []string) intrinsic.Value {
	if then, ok := m.propertiesThen(n, dependsOn); ok {
		return then
	}
	clear(m.missed)
	after, diags := intrinsic.EvalProperties(n.Properties, typ, m.scope)
	diags = m.lacking(n, diags)
	if m.req.Verify != nil && !diags.HasErrors() {
		diags = append(diags, m.req.Verify(n, typ, after)...)
	}
	if diags != nil {
		m.found[n.Name.Text] = diags
	}
	after = intrinsic.WithContents(after, typ, m.req.Contents)
	m.noteDiffering(n, dependsOn, after)
	return after
}

// describe copies what the node type says about losing an object.
func (s *Step) describe(typ *dsl.NodeType) {
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
	waits := waitsFor(s, typ, e)
	switch {
	case e.Phase == phaseCreateFailed && waits == "":
		s.Action, s.Reason = Replace, "its creation failed and left it behind"
	case e.Type != n.TypeName:
		s.Action, s.Reason = Replace, fmt.Sprintf("its type changes from %s to %s", dsl.TypeLabel(e.Type), dsl.TypeLabel(n.TypeName))
	case m.req.Replace[s.Node]:
		s.Action, s.Reason = Replace, replaceAsked
	case fixed >= 0:
		s.Action, s.Reason = Replace, fmt.Sprintf("%s cannot be changed in place", s.Changes[fixed].Path)
	default:
		m.adjust(s, n, e)
		if waits != "" {
			s.Action, s.Reason, s.GoesOn = Update, "its creation goes on, which had to wait: "+waits, true
		}
		return
	}
	s.describe(m.req.Catalogue[e.Type]) // of what is destroyed
	s.Retained = m.retains(s)
	if e.Phase == phaseCreateFailed && m.asItFailed(s, e) {
		s.HoldsData, s.Retained = "", false // it never worked, so nothing is lost with it
	}
}

// waitsFor is what the creation of an element stopped for without having failed; ""
// if it did fail, or did not stop. It counts how the element was then, or is now.
func waitsFor(s *Step, typ *dsl.NodeType, e *state.Element) string {
	if e.Phase != phaseCreateFailed || typ == nil || e.Type != s.Type {
		return ""
	}
	then, _ := value(e.Attributes).Get("status")
	now, _ := s.Attributes.Get("status")
	return cmp.Or(typ.GoesOn[plainText(then)], typ.GoesOn[plainText(now)])
}

// plainText is a value that is a text; "" if it is none.
func plainText(v intrinsic.Value) string {
	scalar, _ := v.Scalar()
	s, _ := scalar.(string)
	return s
}

// adjust decides between none and update.
func (m *maker) adjust(s *Step, n *dsl.NodeTemplate, e *state.Element) {
	switch {
	case m.takenBack[s.Node]:
		s.Changes = insertChange(s.Changes, returnChange(n))
	case e.Retain != n.Retain:
		s.Changes = insertChange(s.Changes, retainChange(n, e))
	}
	switch {
	case m.takenBack[s.Node]:
		s.Action, s.Reason = Update, "its object stayed in the cloud and comes back into the stack"
	case len(s.Changes) > 0:
		s.Action, s.Reason = Update, changedReason(s.Changes)
	case s.RenamedFrom != "":
		s.Action, s.Reason = None, "only its name differs"
	default:
		s.Action, s.Reason = None, "nothing differs"
	}
}

// asItFailed reports whether an element whose creation failed shows the status
// that it had then. With another one, or where nobody has looked, somebody may
// have repaired it, as the error told them to, and have begun to use it.
func (m *maker) asItFailed(s *Step, e *state.Element) bool {
	seen, ok := m.observed(s.Node)
	was, _ := value(e.Attributes).Get("status")
	now, shown := seen.Attributes.Get("status")
	return ok && (!shown || was.Equal(now))
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
	s.Before = markedLike(value(e.Properties), s.After)
	s.Attributes = value(e.Attributes)
	seen, ok := m.observed(s.Node)
	if s.Seen = ok && !seen.Gone; !s.Seen {
		return
	}
	read := overlay(s.Before, seen.Properties)
	if changes := diff(typ, nil, s.Before, read); changes != nil {
		m.drift(Drift{Node: s.Node, Type: e.Type, Changes: changes, Before: s.Before, After: read})
	}
	s.Before = read
	s.Attributes = merge(s.Attributes, seen.Attributes)
}

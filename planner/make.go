package planner

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner/graph"
)

// Make plans the way from what is recorded and read to what the blueprint
// says. With errors in the list the plan must not run; it is still returned as
// far as it goes, so that it can be shown.
func Make(req Request) (*Plan, diag.List) {
	m := newMaker(req)
	if req.Blueprint != nil {
		m.planTemplates()
	}
	m.planLeftovers()
	m.orderDeletes()
	m.checkNamed()
	m.guard()
	if req.Blueprint != nil {
		m.planOutputs()
	}
	m.sortSteps()
	return m.plan, m.diags.Sorted()
}

// maker carries one run of Make.
type maker struct {
	req       Request
	plan      *Plan
	diags     diag.List
	steps     map[string]*Step // by node
	templates map[string]*dsl.NodeTemplate
	planned   map[string]intrinsic.Value // attributes by node, as far as the plan knows them
	deployed  map[string]bool
	elsewhere string // why what was not found may exist elsewhere; "": it is gone
	scope     *intrinsic.Scope
	former    map[string]intrinsic.Value // inputs of the newest revision; read by formerInputs
}

func newMaker(req Request) *maker {
	m := &maker{
		req: req,
		plan: &Plan{
			Stack:     req.Stack,
			Lifecycle: "create",
			Blueprint: req.Blueprint,
			Source:    req.Source,
			Files:     req.Files,
			Catalogue: req.Catalogue,
			Inputs:    req.Inputs,
		},
		steps:     map[string]*Step{},
		templates: map[string]*dsl.NodeTemplate{},
		planned:   map[string]intrinsic.Value{},
		deployed:  map[string]bool{},
		elsewhere: elsewhere(req),
	}
	if req.State != nil {
		m.plan.Serial = req.State.Serial
		if wasCreated(req.State) {
			m.plan.Lifecycle = "upgrade"
		}
	}
	if req.Blueprint == nil {
		m.plan.Lifecycle = "delete"
		return m
	}
	for _, n := range req.Blueprint.Nodes {
		m.templates[n.Name.Text] = n
	}
	m.scope = &intrinsic.Scope{Blueprint: req.Blueprint, Inputs: req.Inputs, Attribute: m.attribute}
	return m
}

// elsewhere tells why an object that was not found may exist all the same, in
// one clause; "" if nothing speaks for it.
func elsewhere(req Request) string {
	switch {
	case req.Elsewhere != "":
		return "the stack was last worked on in " + req.Elsewhere
	case foundNothing(req):
		return fmt.Sprintf("no object of stack %q was found at all", req.Stack)
	}
	return ""
}

// foundNothing reports whether a refresh found no object of a stack at all.
// Then it was hardly deleted by hand, one object after the other: more likely
// the refresh looked at another cloud, region or project than the one that the
// stack is in. Elements without a cloud object say nothing about it.
func foundNothing(req Request) bool {
	if req.State == nil {
		return false
	}
	for node, e := range req.State.Elements {
		if !req.Observed[node].Gone && !strings.HasPrefix(e.Type, "Orchestrate.") {
			return false
		}
	}
	return true
}

// wasCreated reports whether what comes next is an upgrade: a stack whose
// creation was interrupted or failed is still being created.
func wasCreated(st *state.Stack) bool {
	return st.Revision != nil && len(st.Elements) > 0 && (!strings.HasPrefix(st.Phase, "Creat") || st.Phase == "CreateSucceeded")
}

// attribute is what the plan knows of an attribute while it is made: nodes are
// visited in dependency order, so the node was planned already.
func (m *maker) attribute(node, name string) (intrinsic.Value, bool) {
	if !m.deployed[node] {
		return intrinsic.Value{}, false
	}
	attrs := m.planned[node]
	if attrs.IsUnknown() {
		return attrs, true
	}
	v, _ := attrs.Get(name)
	return v, true
}

// element returns the recorded element of a node, or nil.
func (m *maker) element(node string) *state.Element {
	if m.req.State == nil {
		return nil
	}
	return m.req.State.Elements[node]
}

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

func value(d state.Document) intrinsic.Value { return intrinsic.OfMarked(d.Value, d.Sensitive) }

// merge returns base with the entries of over written on top; marks of base
// stay.
func merge(base, over intrinsic.Value) intrinsic.Value {
	om, ok := over.Map()
	if !ok {
		return base
	}
	bm, _ := base.Map()
	out := make(map[string]intrinsic.Value, len(bm)+len(om))
	for k, v := range bm {
		out[k] = v
	}
	for k, v := range om {
		out[k] = withMark(v, bm[k])
	}
	return intrinsic.Of(out)
}

// plannedAttributes is what dependents may take for granted before the step
// has run: attributes that follow a property, and those that an object keeps.
func plannedAttributes(s *Step, typ *dsl.NodeType) intrinsic.Value {
	if s.Action == None || s.Action == Read {
		return s.Attributes
	}
	if typ == nil {
		return intrinsic.Unknown
	}
	out := make(map[string]intrinsic.Value, len(typ.Attributes))
	for name, a := range typ.Attributes {
		out[name] = plannedAttribute(s, name, a)
	}
	return intrinsic.Of(out)
}

func plannedAttribute(s *Step, name string, a *dsl.Property) intrinsic.Value {
	v := intrinsic.Unknown
	recorded, known := s.Attributes.Get(name)
	follows, given := s.After.Get(a.From)
	switch {
	case a.From != "" && given && !blank(follows):
		v = follows
	case s.Action != Update || !known || a.Volatile || a.From != "" && s.changed(a.From):
		// A property left blank is filled in by the provider.
	default:
		v = recorded
	}
	if a.Sensitive {
		v = v.MarkSensitive()
	}
	return v
}

// changed reports whether the property of that name differs in any leaf.
func (s *Step) changed(property string) bool {
	return slices.ContainsFunc(s.Changes, func(c Change) bool {
		return c.Path == property || strings.HasPrefix(c.Path, property+".") || strings.HasPrefix(c.Path, property+"[")
	})
}

// blank reports whether a value is known to say nothing: null or "".
func blank(v intrinsic.Value) bool {
	s, ok := v.Scalar()
	return ok && (s == nil || s == "")
}

// planLeftovers plans the deletion of elements that no deployed template
// stands for.
func (m *maker) planLeftovers() {
	if m.req.State == nil {
		return
	}
	for name, e := range m.req.State.Elements {
		if m.steps[name] != nil || m.req.Blueprint != nil && m.deployed[name] {
			continue
		}
		typ := m.req.Catalogue[e.Type]
		s := &Step{Node: name, Type: e.Type, Action: Delete}
		m.recall(s, typ, e)
		m.describe(s, typ)
		switch t := m.templates[name]; {
		case m.req.Blueprint == nil:
			s.Reason = "the stack is deleted"
		case t != nil && t.Trimmed != "":
			s.Reason, s.Range = t.Trimmed, t.Name.Range
		case t != nil:
			s.Reason, s.Range = fmt.Sprintf("condition %s is false", t.Condition.Text), t.Condition.Range
		default:
			s.Reason = "the blueprint no longer has it"
		}
		if m.req.Observed[name].Gone {
			s.Gone = true
			s.HoldsData = m.recordOf(s, e)
			m.plan.Drift = append(m.plan.Drift, Drift{Node: name, Type: e.Type, Gone: true, Before: value(e.Properties)})
		}
		m.steps[name] = s
	}
}

// checkNamed reports options that name nodes which the plan does not have. For
// a consent it is a warning: it allows nothing, and a deletion that is
// repeated names what is gone already.
func (m *maker) checkNamed() {
	m.checkNames("--replace", CodeNoNode, m.req.Replace)
	m.checkNames("--allow-data-loss", CodeNoConsent, m.req.AllowDataLoss)
}

func (m *maker) checkNames(option string, code diag.Code, named map[string]bool) {
	for _, name := range sortedKeys(named) {
		if m.steps[name] == nil {
			m.diags.Add(code, diag.Range{}, "%s names %q, but neither the blueprint nor the stack has a node of that name. Nodes: %s.",
				option, name, strings.Join(sortedKeys(m.steps), ", "))
		}
	}
}

// recordOf is what is lost with the record of an element that was not found:
// nothing, unless it may be elsewhere, where its data is then forgotten.
func (m *maker) recordOf(s *Step, e *state.Element) string {
	if m.elsewhere == "" || s.HoldsData == "" || e.Phase == phaseCreateFailed {
		return ""
	}
	return "what is recorded of " + s.HoldsData + ", which was not found here"
}

// guard refuses the loss of data that nobody agreed to. It asks what is
// recorded, so that leaving a node out of the blueprint does not disarm it.
func (m *maker) guard() {
	for _, name := range sortedKeys(m.steps) {
		s := m.steps[name]
		if s.HoldsData == "" || m.req.AllowDataLoss[name] || m.req.Replace[name] {
			continue
		}
		switch s.Action {
		case Create:
			if e := m.element(name); e != nil && m.recordOf(s, e) != "" {
				m.refuseElsewhere(s, "made anew")
			}
		case Delete:
			if s.Gone {
				m.refuseElsewhere(s, "deleted")
				continue
			}
			m.diags.Add(CodeDataLoss, s.Range, "Deleting %q (%s) destroys %s. It would be deleted because %s. If that is meant, name it: --allow-data-loss %s.",
				name, dsl.TypeLabel(s.Type), s.HoldsData, s.Reason, name)
		case Replace:
			otherwise := ""
			if slices.ContainsFunc(s.Changes, func(c Change) bool { return c.Replaces }) {
				otherwise = " Otherwise set the property back."
			}
			m.diags.Add(CodeReplaceLoss, m.cause(s), "Replacing %q (%s) destroys %s. It would be replaced because %s. If that is meant, name it: --replace %s.%s",
				name, dsl.TypeLabel(s.Type), s.HoldsData, s.Reason, name, otherwise)
		}
	}
}

func (m *maker) refuseElsewhere(s *Step, fate string) {
	m.diags.Add(CodeDataLoss, s.Range, "%q (%s) holds data and would be %s as if it were gone, but %s. More likely it is in another cloud, region or project, and would be forgotten there: check --cloud, the region and the project ID. If all of it is really gone, name it: --allow-data-loss %s.",
		s.Node, dsl.TypeLabel(s.Type), fate, m.elsewhere, s.Node)
}

// cause is the place that makes a step a replacement.
func (m *maker) cause(s *Step) diag.Range {
	for _, c := range s.Changes {
		if c.Replaces {
			return c.Range
		}
	}
	return s.Range
}

// planOutputs evaluates the outputs as far as they are known.
func (m *maker) planOutputs() {
	var recorded map[string]state.Document
	if m.req.State != nil {
		recorded = m.req.State.Outputs
	}
	for _, o := range m.req.Blueprint.Outputs {
		after, diags := intrinsic.Eval(o.Value, m.scope)
		m.diags = append(m.diags, diags...)
		c := &OutputChange{Name: o.Name.Text, After: after, Action: Create}
		if doc, ok := recorded[c.Name]; ok {
			c.Before = value(doc)
			c.Action = Update
			if c.Before.Equal(after) {
				c.Action = None
			}
		}
		m.plan.Outputs = append(m.plan.Outputs, c)
	}
	for _, name := range sortedKeys(recorded) {
		if !slices.ContainsFunc(m.req.Blueprint.Outputs, func(o *dsl.Output) bool { return o.Name.Text == name }) {
			m.plan.Outputs = append(m.plan.Outputs, &OutputChange{Name: name, Before: value(recorded[name]), Action: Delete})
		}
	}
	sort.SliceStable(m.plan.Outputs, func(i, j int) bool { return m.plan.Outputs[i].Name < m.plan.Outputs[j].Name })
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

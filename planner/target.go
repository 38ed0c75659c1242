package planner

import (
	"strings"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// Why a step is kept as it is.
const (
	keptTarget = "it is not among the targets"
	keptUndo   = "the execution that is undone did not touch it"
	keptThere  = "it was there before what is undone"
	keptSkip   = "--skip leaves it as it is"
)

// restrict cuts the plan down to the targets and what they wait for. The rest
// was planned all the same: so a plan for targets is a part of the whole one,
// and knows what has to go before something is destroyed.
func (m *maker) restrict() {
	if m.req.Targets == nil {
		for _, name := range sortedKeys(m.found) {
			m.diags = append(m.diags, m.found[name]...)
		}
		return
	}
	wanted := m.reach(m.targets())
	dropped := m.steps
	m.steps = make(map[string]*Step, len(dropped))
	back := map[string]string{}
	for name, s := range dropped {
		switch {
		case wanted[name]:
			m.steps[name] = s
			m.diags = append(m.diags, m.found[name]...)
			if s.RenamedFrom != "" {
				back[name] = s.RenamedFrom
			}
		default:
			delete(m.deployed, name)
			delete(m.planned, name)
		}
	}
	m.keepRest(back)
	m.dropDrift(wanted)
	m.orderDeletes() // reach has taken that apart, and what was to go with its container may now go alone
}

// keepRest keeps the elements that have no step, under the names that they
// have on record; moved are the renamings that are planned.
func (m *maker) keepRest(moved map[string]string) {
	if m.req.State == nil {
		return
	}
	m.elements, m.movedFrom, m.movedTo = m.req.State.Elements, nil, nil
	if len(moved) > 0 {
		m.rename(moved)
	}
	for name, e := range m.elements {
		if m.steps[name] == nil {
			m.keep(name, e, keptTarget)
		}
	}
}

// keep adds a step for completeness: nothing becomes of the element.
func (m *maker) keep(name string, e *state.Element, why string) {
	s := &Step{
		Node: name, Type: e.Type, Action: None, Kept: true, Reason: why, ObjectID: e.ObjectID, Retain: e.Retain, RenamedFrom: m.movedFrom[name],
		Before: value(e.Properties), Attributes: value(e.Attributes), DependsOn: e.DependsOn,
	}
	if len(m.aside) > 0 { // it was made for what is taken back, not for what has its place by now
		s.DependsOn = renamed(e, m.aside).DependsOn
	}
	s.After = s.Before
	m.steps[name] = s
	m.planned[name] = s.Attributes
	m.deployed[name] = true
}

// dropDrift forgets what a refresh read of elements that are kept.
func (m *maker) dropDrift(wanted map[string]bool) {
	kept := m.plan.Drift[:0]
	for _, d := range m.plan.Drift {
		if wanted[d.Node] {
			kept = append(kept, d)
		}
	}
	m.plan.Drift = kept
}

// targets are the nodes that --target names: one by its name, or all copies
// and all parts of what has that name.
func (m *maker) targets() []string {
	named := map[string]bool{}
	var out []string
	for _, node := range sortedKeys(m.steps) {
		for name := node; name != ""; name = enclosing(name) {
			if m.req.Targets[name] {
				named[name] = true
				out = append(out, node)
			}
		}
	}
	for _, name := range sortedKeys(m.req.Targets) {
		if !named[name] {
			m.unknownNode("--target", CodeNoNode, name)
		}
	}
	return out
}

// enclosing is the name of what a node is a copy or a part of: "org" of
// "org[bank]", "org[bank]" of "org[bank]/ca"; "" if it is neither.
func enclosing(name string) string {
	return name[:max(0, strings.LastIndexAny(name, "[/"))]
}

// reach are the nodes of the given ones and of all that their steps wait for,
// and what is destroyed with one of them. What would go with its container goes
// by itself, unless the container is reached; so whatever waits for what is in a
// container does not wait for that.
func (m *maker) reach(from []string) map[string]bool {
	m.findContainers()
	contents := map[string][]string{}
	for name, s := range m.steps {
		if s.DeletedWith != "" {
			contents[s.DeletedWith] = append(contents[s.DeletedWith], name)
			s.DeletedWith = ""
		}
	}
	m.tieDeletes()
	reached := map[string]bool{}
	for len(from) > 0 {
		name := from[len(from)-1]
		from = from[:len(from)-1]
		s := m.steps[name]
		if s == nil || reached[name] {
			continue
		}
		reached[name] = true
		from = append(append(append(from, s.DependsOn...), s.DeleteAfter...), contents[name]...)
	}
	return reached
}

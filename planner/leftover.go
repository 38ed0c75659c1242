package planner

import (
	"fmt"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// planLeftovers plans the deletion of elements that no deployed template
// stands for.
func (m *maker) planLeftovers() {
	for name, e := range m.elements {
		switch {
		case m.steps[name] != nil || m.deployed[name]:
		case m.skips(name):
			m.skip(name)
		case m.aside[name] == "" && m.stays(name):
			m.stay(name, e)
		default:
			m.steps[name] = m.planLeftover(name, e)
		}
	}
	m.checkLost()
}

func (m *maker) planLeftover(name string, e *state.Element) *Step {
	typ := m.req.Catalogue[e.Type]
	s := &Step{Node: name, Type: e.Type, Action: Delete, Retain: e.Retain, RenamedFrom: m.movedFrom[name]}
	m.recall(s, typ, e)
	s.describe(typ)
	s.Reason, s.Range = m.whyLeft(name)
	if t := m.templates[name]; t != nil {
		s.Retain = t.Retain
	}
	if seen, _ := m.observed(name); seen.Gone {
		s.Gone = true
		s.HoldsData = m.recordOf(s, e)
		m.gone(name, e)
	} else if e.Phase == phaseCreateFailed && m.asItFailed(s, e) {
		s.HoldsData = "" // as where it is replaced
	}
	s.Retained = m.retains(s) && !s.Gone
	return s
}

// whyLeft tells in one clause why an element has no place in the stack any
// more, and where that is said.
func (m *maker) whyLeft(name string) (string, diag.Range) {
	t := m.templates[name]
	switch {
	case m.req.Return != nil && (t == nil || m.undone(name)):
		return m.req.Return.whyLeft(), diag.Range{}
	case m.req.Blueprint == nil:
		return "the stack is deleted", diag.Range{}
	case t == nil:
		return m.whyMissing(name)
	case t.Trimmed != "":
		return t.Trimmed, t.Name.Range
	case t.Condition != nil:
		return fmt.Sprintf("condition %s is false", t.Condition.Text), t.Condition.Range
	}
	return "it is not deployed", t.Name.Range
}

// recordOf is what is lost with the record of an element that was not found:
// nothing, unless it may be elsewhere, where its data is then forgotten.
func (m *maker) recordOf(s *Step, e *state.Element) string {
	if m.elsewhere == "" || s.HoldsData == "" || e.Phase == phaseCreateFailed {
		return ""
	}
	return "what is recorded of " + s.HoldsData + ", which was not found here"
}

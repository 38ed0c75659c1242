package planner

import (
	"fmt"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

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

// recordOf is what is lost with the record of an element that was not found:
// nothing, unless it may be elsewhere, where its data is then forgotten.
func (m *maker) recordOf(s *Step, e *state.Element) string {
	if m.elsewhere == "" || s.HoldsData == "" || e.Phase == phaseCreateFailed {
		return ""
	}
	return "what is recorded of " + s.HoldsData + ", which was not found here"
}

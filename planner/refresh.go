package planner

import "github.com/orchestrate-tosca/orchestrate/executor/state"

// planRefresh plans to record what was read, and nothing else. What was not
// found loses its record.
func (m *maker) planRefresh() {
	for name, e := range m.elements {
		m.steps[name] = m.planRead(name, e)
	}
	m.restrict()
}

func (m *maker) planRead(name string, e *state.Element) *Step {
	typ := m.req.Catalogue[e.Type]
	s := &Step{Node: name, Type: e.Type, Action: None, Retain: e.Retain, DependsOn: e.DependsOn}
	s.describe(typ)
	m.recall(s, typ, e)
	s.After = s.Before
	seen, read := m.observed(name)
	switch {
	case !read:
		s.Reason = "it was not read"
	case seen.Gone:
		s.Gone, s.Reason = true, "it no longer exists in the cloud"
		s.HoldsData = m.recordOf(s, e)
		m.gone(name, e)
	default:
		s.Reason = "what was read of it is recorded"
	}
	return s
}

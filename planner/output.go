package planner

import (
	"slices"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// planOutputs evaluates the outputs as far as they are known. A deletion keeps
// them as long as the stack is, and a refresh does not touch them.
func (m *maker) planOutputs() {
	if m.req.RefreshOnly || m.plan.Lifecycle == "delete" {
		return
	}
	var recorded map[string]state.Document
	if m.req.State != nil {
		recorded = m.req.State.Outputs
	}
	var declared []*dsl.Output
	if m.req.Blueprint != nil {
		declared = m.req.Blueprint.Outputs
	}
	stated := make(map[string]bool, len(declared))
	for _, o := range declared {
		stated[o.Name.Text] = true
		was, known := recorded[o.Name.Text]
		if c := m.planOutput(o, was, known); c != nil {
			m.plan.Outputs = append(m.plan.Outputs, c)
		}
	}
	for _, name := range sortedKeys(recorded) {
		if !stated[name] {
			m.plan.Outputs = append(m.plan.Outputs, &OutputChange{Name: name, Before: value(recorded[name]), Action: Delete})
		}
	}
	slices.SortStableFunc(m.plan.Outputs, func(a, b *OutputChange) int { return strings.Compare(a.Name, b.Name) })
}

// planOutput compares an output with what is recorded of it; known tells
// whether anything is. Where only some nodes are planned for, an output that
// needs one which is not there stays as it is; nil: there is nothing to say.
func (m *maker) planOutput(o *dsl.Output, was state.Document, known bool) *OutputChange {
	c := &OutputChange{Name: o.Name.Text, Action: Create}
	if known {
		c.Before, c.Action = value(was), Update
	}
	after, diags := intrinsic.Eval(o.Value, m.scope)
	switch {
	case !m.partial() || !diags.HasErrors():
		m.diags = append(m.diags, diags...)
		c.Before, c.After = markedLike(c.Before, after), after
	case known:
		c.After = c.Before
	default:
		return nil
	}
	if known && c.Before.Equal(c.After) {
		c.Action = None
	}
	return c
}

// partial reports whether some nodes are not planned for.
func (m *maker) partial() bool {
	return m.req.Targets != nil || len(m.req.Skip) > 0 || m.req.Return != nil && m.req.Return.Only
}

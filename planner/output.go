package planner

import (
	"slices"
	"sort"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

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

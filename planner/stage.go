package planner

import (
	"slices"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/planner/graph"
)

// stage puts off what can't be undone until all is done that does not need it,
// and returns the tasks in the order that comes of it. Where several such
// phases wait for each other, each has a stage of its own: a phase that has
// passed d of them is of stage 2d, one that is the d-th itself of stage 2d-1.
// An edge never leads to a lower stage, so that a stable sort keeps the order.
func (m *maker) stage(g *graph.Graph, order []string) []string {
	final := m.finalPhases()
	if len(final) == 0 {
		return order
	}
	stages := g.Weigh(order, func(task string) int {
		if _, ok := final[task]; ok {
			return 1
		}
		return 0
	})
	for task, depth := range stages {
		stage := 2 * depth
		if _, ok := final[task]; ok {
			stage--
		}
		stages[task] = stage
		if s, deletes := m.phase(task); deletes {
			s.DeleteStage = stage
		} else {
			s.ApplyStage = stage
		}
	}
	slices.SortStableFunc(order, func(a, b string) int { return stages[a] - stages[b] })
	m.noteNoReturn(order, stages, final)
	return order
}

// finalPhases are the phases that can't be undone, as tasks, with the reason.
// What goes with its container is lost when that is destroyed.
func (m *maker) finalPhases() map[string]string {
	var steps []*Step
	for _, s := range m.steps {
		if s.Undo == Irreversible {
			steps = append(steps, s)
		}
	}
	slices.SortFunc(steps, func(a, b *Step) int { return strings.Compare(a.Node, b.Node) })
	final := map[string]string{}
	for _, s := range steps {
		if v := m.undoDelete(s); v.kind == Irreversible {
			task := m.root(s).Node + "\x00-"
			if final[task] == "" || s.DeletedWith == "" {
				final[task] = v.why
			}
		}
		if v := m.undoApply(s); v.kind == Irreversible {
			final[s.Node+"\x00+"] = v.why
		}
	}
	return final
}

// noteNoReturn finds the first phase that can't be undone, and what is certain
// to be done by then.
func (m *maker) noteNoReturn(order []string, stages map[string]int, final map[string]string) {
	at := slices.IndexFunc(order, func(task string) bool { return final[task] != "" })
	if at < 0 {
		return
	}
	s, deletes := m.phase(order[at])
	m.plan.NoReturn = &NoReturn{Node: s.Node, Delete: deletes, Why: final[order[at]]}
	for _, s := range m.steps {
		if s.acts() && max(s.DeleteStage, s.ApplyStage) < stages[order[at]] {
			m.plan.NoReturn.Before++
		}
	}
}

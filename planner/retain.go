package planner

import (
	"slices"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// retains reports whether the object of a step that deletes is to stay in the
// cloud: because its template says so, or said so when it still was in the
// blueprint, or because the user names it now. What an execution made that
// undoes itself does not stay: the next try would make another one.
func (m *maker) retains(s *Step) bool {
	return (s.Retain || m.req.Retain[s.Node]) && !m.ownWork(s)
}

// retainPath is the path of the change of what a template says about leaving
// the stack, which is no property.
const retainPath = "retain"

const retainRecorded = "it counts when the node leaves the stack"

// Rethinks reports whether the step records another wish about leaving the
// stack than there was; Retain is the new one.
func (s *Step) Rethinks() bool {
	return slices.ContainsFunc(s.Changes, func(c Change) bool { return c.Path == retainPath && c.Recorded == retainRecorded })
}

// retainChange is what an update records when a template says something else
// about leaving the stack than it did. Nothing is called for it, but it must
// not wait for another change: it counts when the node is gone.
func retainChange(n *dsl.NodeTemplate, e *state.Element) Change {
	return Change{
		Path: retainPath, Before: intrinsic.Of(e.Retain), After: intrinsic.Of(n.Retain), Range: n.Name.Range,
		Recorded: retainRecorded,
		Causes:   []Cause{{Kind: ByBlueprint, Why: "the node template says so", At: n.Name.Range}},
	}
}

// returnChange is what an update records when an element that was retained
// comes back into the stack.
func returnChange(n *dsl.NodeTemplate) Change {
	return Change{
		Path: retainPath, After: intrinsic.Of(n.Retain), Range: n.Name.Range,
		Recorded: "the stack had let go of it",
		Causes:   []Cause{{Kind: ByBlueprint, Why: "the revision that is returned to has it", At: n.Name.Range}},
	}
}

// insertChange puts a change where its path belongs.
func insertChange(changes []Change, c Change) []Change {
	at, _ := slices.BinarySearchFunc(changes, c.Path, func(c Change, path string) int { return strings.Compare(c.Path, path) })
	return slices.Insert(changes, at, c)
}

// checkRetained refuses to retain what goes with its container all the same.
func (m *maker) checkRetained() {
	var doomed map[string]*Step
	for name, s := range m.steps {
		if !s.forgets() {
			continue
		}
		if doomed == nil {
			doomed = m.destroyed()
		}
		if c := m.containerIn(doomed, s, false); c != nil {
			m.diags.Add(CodeCannotRetain, s.Range, "%q (%s) is to stay in the cloud, but it is in %q (%s), which this plan destroys because %s, and can't outlive it. Retain %q as well (--retain %s), or let %q go with it.",
				name, dsl.TypeLabel(s.Type), c.Node, dsl.TypeLabel(c.Type), c.Reason, c.Node, c.Node, name)
		}
	}
}

// Retaining are the nodes that a deletion has to retain so that it can retain
// these: with each that stays, what it is in.
func (p *Plan) Retaining(nodes ...string) []string {
	objects := map[string]*Step{}
	for _, s := range p.Steps {
		if s.destroys() && s.ObjectID != "" {
			objects[s.Type+"\x00"+s.ObjectID] = s
		}
	}
	out := map[string]bool{}
	for todo := nodes; len(todo) > 0; todo = todo[1:] {
		s := p.step(todo[0])
		out[todo[0]] = true
		if s == nil || p.Catalogue[s.Type] == nil {
			continue
		}
		for prop, in := range p.Catalogue[s.Type].Containers {
			id, _ := s.Before.Get(prop)
			if c := objects[in.Type+"\x00"+id.Text()]; c != nil && !out[c.Node] {
				todo = append(todo, c.Node)
			}
		}
	}
	return sortedKeys(out)
}

// recordedTypeName is the type that the element of a step has now; a
// replacement may be of another one.
func (m *maker) recordedTypeName(s *Step) string {
	if e := m.element(s.Node); e != nil {
		return e.Type
	}
	return s.Type
}

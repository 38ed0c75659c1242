package planner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// moveElements finds the elements that are on record under another name than
// that of the node which stands for them now. From here on they are known by
// the new one, in the dependencies of others too: so nothing about them, the
// guard of their data included, takes notice of the renaming.
func (m *maker) moveElements() {
	v := moves{maker: m, to: map[string]string{}, from: map[string]string{}}
	v.back()
	v.takeBack()
	v.forth()
	if len(v.to) > 0 {
		m.rename(v.from)
	}
	m.restore()
}

// rename makes the recorded elements known by their new names; from gives the
// old ones.
func (m *maker) rename(from map[string]string) {
	to := make(map[string]string, len(from))
	for name, old := range from {
		to[old] = name
	}
	m.movedFrom, m.movedTo = from, to
	elements := make(map[string]*state.Element, len(m.elements))
	for _, e := range m.elements {
		e = renamed(e, to)
		elements[e.Node] = e
	}
	m.elements = elements
}

// renamed is an element as it is known once the given names are replaced.
func renamed(e *state.Element, to map[string]string) *state.Element {
	_, moves := to[e.Node]
	if !moves && !slices.ContainsFunc(e.DependsOn, func(node string) bool { return to[node] != "" }) {
		return e
	}
	out := *e
	if moves {
		out.Node = to[e.Node]
	}
	out.DependsOn = make([]string, len(e.DependsOn))
	for i, node := range e.DependsOn {
		if to[node] != "" {
			node = to[node]
		}
		out.DependsOn[i] = node
	}
	slices.Sort(out.DependsOn)
	return &out
}

// moves gathers renamings.
type moves struct {
	*maker
	to, from map[string]string // new name by old, old name by new
}

func (v *moves) add(from, to string) { v.to[from], v.from[to] = to, from }

// forth takes the renamings that the blueprint states.
func (v *moves) forth() {
	if v.req.Blueprint == nil {
		return
	}
	var stated []*dsl.NodeTemplate
	for _, n := range v.req.Blueprint.Nodes {
		switch {
		case n.RenamedFrom == nil || !v.considered(n.Name.Text):
		case v.deployed[n.Name.Text]:
			stated = append(stated, n)
		default:
			v.withdrawn[n.RenamedFrom.Text] = n
		}
	}
	slices.SortFunc(stated, func(a, b *dsl.NodeTemplate) int { return strings.Compare(a.Name.Text, b.Name.Text) })
	for _, n := range stated {
		name, old := n.Name.Text, n.RenamedFrom.Text
		e := v.element(old)
		if e == nil || old == name || v.from[name] != "" || v.takenBack[name] {
			continue // it is done already, or there is nothing to rename
		}
		if why, at := v.objection(n, e); why != "" {
			v.refuse(n, why, at)
			continue
		}
		v.add(old, name)
	}
}

// objection says in a sentence why a recorded element can't go on as a
// template that says it was renamed from it, and which place it is about; "" if
// it can.
func (v *moves) objection(n *dsl.NodeTemplate, e *state.Element) (string, diag.Range) {
	name, old := n.Name.Text, e.Node
	switch t := v.templates[old]; {
	case t != nil:
		return fmt.Sprintf("The blueprint still has a node template %q, and the element can't be both. Remove one of them, or the renamed_from", old), t.Name.Range
	case v.element(name) != nil:
		return fmt.Sprintf("The stack has both, so %q is no longer %q under another name. Remove the renamed_from; then %q is deleted as what the blueprint no longer has", name, old, old), diag.Range{}
	case v.to[old] != "":
		return fmt.Sprintf("%q was renamed from it too. Keep the renamed_from of one of them", v.to[old]), v.templates[v.to[old]].RenamedFrom.Range
	case e.Type != n.TypeName:
		return fmt.Sprintf("The stack has it as %s, and a renaming keeps the object. Give the template that type, or remove the renamed_from", dsl.TypeLabel(e.Type)), n.Type.Range
	}
	return "", diag.Range{}
}

func (v *moves) refuse(n *dsl.NodeTemplate, why string, at diag.Range) {
	d := diag.New(CodeImpossibleRename, n.RenamedFrom.Range, "%q can't take over the element of %q. %s.", n.Name.Text, n.RenamedFrom.Text, why)
	if !at.IsZero() {
		d = d.With(at, "this stands against it")
	}
	v.diags = append(v.diags, d)
	v.faulty[n.Name.Text], v.faulty[n.RenamedFrom.Text] = true, true
}

// whyMissing tells why the blueprint has no template for an element, and where
// that is said.
func (m *maker) whyMissing(name string) (string, diag.Range) {
	if n := m.withdrawn[name]; n != nil {
		why, at := m.whyLeft(n.Name.Text)
		return fmt.Sprintf("it is %q now, and %s", n.Name.Text, why), at
	}
	return "the blueprint no longer has it", diag.Range{}
}

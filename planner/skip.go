package planner

import (
	"maps"
	"slices"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

// A rollback may leave nodes out by name (--skip), so that one step that can't
// be undone does not stand against all others. An element that is left out stays
// as it is, on record and in the cloud, and what refers to it is planned with
// what it is now. A node that has no element gets none. What can't be so is
// refused (PLAN014): that something is left which lives on what goes, or that
// something is wanted which needs what is not made.

// skips reports whether a node is left out of the rollback: under its name, or
// that of what it is a copy or a part of.
func (m *maker) skips(node string) bool {
	return len(m.req.Skip) > 0 && m.skipName(node) != ""
}

// skipName is the name under which a node is left out; "" if it is not. What
// would have to make room for an object that does not come back has its own.
func (m *maker) skipName(node string) string {
	for name := node; name != ""; name = enclosing(name) {
		if m.req.Skip[name] {
			return name
		}
	}
	if r := m.req.Return; r != nil && r.lost[node] {
		if name := m.freeName(node); m.req.Skip[name] {
			return name
		}
	}
	return ""
}

// leaveOut settles what becomes of templates that are left out, now that it is
// known which elements stand for them.
func (m *maker) leaveOut() {
	if len(m.req.Skip) == 0 {
		return
	}
	for name := range m.templates {
		if m.skips(name) {
			m.deployed[name] = m.element(name) != nil
		}
	}
}

// skip keeps an element as it is because the user wants it left out. If it is as
// it is on record, what failed on it has changed nothing.
func (m *maker) skip(name string) {
	e := m.element(name)
	m.keep(name, e, keptSkip)
	s := m.steps[name]
	seen, read := m.observed(name)
	s.Seen = read && !seen.Gone && overlay(s.Before, seen.Properties).Equal(s.Before)
	then, changed := m.then(name)
	m.differs[name] = changed && (then == nil || then.ObjectID != e.ObjectID || !value(then.Properties).Equal(value(e.Properties)))
}

// leftOut reports whether a node is not made although the earlier blueprint has
// it.
func (m *maker) leftOut(node string) bool {
	return m.skips(node) && m.templates[node] != nil && !m.deployed[node]
}

// needsLeftOut reports whether a template refers to what is not made. What was
// recorded of it then names an object that is gone.
func (m *maker) needsLeftOut(n *dsl.NodeTemplate) bool {
	return len(m.req.Skip) > 0 && slices.ContainsFunc(intrinsic.Dependencies(n), func(d intrinsic.Dependency) bool { return m.leftOut(d.Node) })
}

// lacking tells what a template can't do without: what it is inside of, and what
// its properties have just asked for in vain. The problems that these had with
// that say nothing more. Mere order is void, as where a node is trimmed.
func (m *maker) lacking(n *dsl.NodeTemplate, diags diag.List) diag.List {
	if len(m.req.Skip) == 0 {
		return diags
	}
	for _, r := range n.Requirements {
		if m.leftOut(r.Node.Text) && strings.HasSuffix(r.Relationship.Text, containedIn) {
			m.missed[r.Node.Text] = true
		}
	}
	if len(m.missed) == 0 {
		return diags
	}
	diags = slices.DeleteFunc(diags, func(d diag.Diagnostic) bool { return d.Code == codeNotDeployed })
	for _, node := range sortedKeys(m.missed) {
		diags.Add(CodeCannotSkip, n.Name.Range, "%q (%s) needs %q, which has no element and is left out. Leave %q out as well (add --skip %s), or let %q be made again.",
			n.Name.Text, dsl.TypeLabel(n.TypeName), node, n.Name.Text, n.Name.Text, node)
	}
	return diags
}

// containedIn is a relationship, without the prefix of the dialect.
const containedIn = ".ContainedIn"

// codeNotDeployed is what an expression gets for a reference to nothing.
const codeNotDeployed diag.Code = "DSL209"

// checkSkipped refuses names that nothing has, and to leave what lives on
// something that this rollback destroys.
func (m *maker) checkSkipped() {
	if len(m.req.Skip) == 0 {
		return
	}
	left := map[string]bool{}
	for _, name := range sortedKeys(m.steps) {
		if m.skips(name) && m.steps[name].Kept {
			left[name] = true
		}
	}
	m.plan.Skipped = sortedKeys(left)
	for _, name := range sortedKeys(m.templates) {
		if m.leftOut(name) {
			m.plan.Skipped = append(m.plan.Skipped, name)
		}
	}
	slices.Sort(m.plan.Skipped)
	m.checkSkipNames()
	m.checkInside(left)
	for _, need := range m.needed(left) {
		s, of := m.steps[need.node], need.of
		m.diags.Add(CodeCannotSkip, s.Range, "%q (%s) is left as it is, but it needs %q (%s), which this rollback destroys because %s. Leave %q out as well (add --skip %s), or let %q go.",
			of, dsl.TypeLabel(m.recordedTypeName(m.steps[of])), need.node, dsl.TypeLabel(m.recordedTypeName(s)), s.Reason, need.node, need.node, of)
	}
}

// checkInside refuses to make something inside of what is left out and no longer
// there.
func (m *maker) checkInside(left map[string]bool) {
	gone := map[string]string{} // nodes that are left out, by the IDs of their objects
	for node := range left {
		if seen, _ := m.observed(node); seen.Gone {
			gone[m.element(node).ObjectID] = node
		}
	}
	for _, name := range sortedKeys(m.steps) {
		s := m.steps[name]
		if len(gone) == 0 || s.Action != Create && s.Action != Replace {
			continue
		}
		containers := m.req.Catalogue[s.Type].Containers
		for _, property := range sortedKeys(containers) {
			in, _ := s.After.Get(property)
			if node := gone[in.Text()]; node != "" {
				m.diags.Add(CodeCannotSkip, s.Range, "%q (%s) would be made in %q, which is left out and no longer exists in the cloud. Leave %q out as well (add --skip %s), or let %q be made again.",
					name, dsl.TypeLabel(s.Type), node, name, name, node)
			}
		}
	}
}

// checkSkipNames tells of names that nothing has. They are errors also where an
// execution is gone on with: what was left out then is there still, and what
// was meant would be undone.
func (m *maker) checkSkipNames() {
	known := map[string]bool{}
	for _, node := range m.plan.Skipped {
		known[m.skipName(node)] = true
		if e, _ := m.then(node); e != nil && e.LetGo { // what would have to make room for it stays too
			known[m.freeName(node)] = true
		}
	}
	for _, name := range sortedKeys(m.req.Skip) {
		if !known[name] {
			m.noSuchNode("--skip", CodeNoNode, name)
		}
	}
}

// need is a node that goes and that another one needs which stays.
type need struct{ node, of string }

// needed are the nodes that would be destroyed under these ones, and those that
// these need in turn.
func (m *maker) needed(left map[string]bool) []need {
	doomed := m.destroyed()
	var out []need
	seen := maps.Clone(left)
	for todo := sortedKeys(left); len(todo) > 0; todo = todo[1:] {
		e := m.element(todo[0])
		if e == nil {
			continue
		}
		under := slices.Clone(e.DependsOn)
		if c := m.containerIn(doomed, m.steps[todo[0]], false); c != nil {
			under = append(under, c.Node)
		}
		for _, node := range under {
			if s := m.steps[node]; s != nil && s.destroys() && !seen[node] {
				seen[node] = true
				out, todo = append(out, need{node, todo[0]}), append(todo, node)
			}
		}
	}
	return out
}

// Skipping are the nodes that a rollback has to leave out so that it can leave
// out these: with each that stays, what it lives on, and with each that is not
// made, what can't be made without it. It is the advice for the next try: what
// the plan of that refuses is told then.
func (p *Plan) Skipping(nodes ...string) []string {
	out := map[string]bool{}
	for todo := nodes; len(todo) > 0; todo = todo[1:] {
		node := todo[0]
		if out[node] {
			continue
		}
		out[node] = true
		for _, s := range p.Steps {
			lives := s.destroys() && (slices.Contains(s.DeleteAfter, node) || s.Node == p.containerOf(node))
			if lives || p.creates(node) && s.acts() && s.applies() && slices.Contains(s.DependsOn, node) {
				todo = append(todo, s.Node)
			}
		}
	}
	return sortedKeys(out)
}

// step is the one of a node; nil if it has none.
func (p *Plan) step(node string) *Step {
	for _, s := range p.Steps {
		if s.Node == node {
			return s
		}
	}
	return nil
}

func (p *Plan) containerOf(node string) string {
	if s := p.step(node); s != nil {
		return s.DeletedWith
	}
	return ""
}

// creates reports whether the plan makes an object for a node.
func (p *Plan) creates(node string) bool {
	s := p.step(node)
	return s != nil && (s.Action == Create || s.Action == Replace)
}

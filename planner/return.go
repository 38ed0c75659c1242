package planner

import (
	"fmt"
	"maps"
	"slices"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// A rollback is planned as an upgrade to an earlier blueprint, with these
// differences: properties are those that were recorded then, not what the
// blueprint gives today; renamings are taken back; if one execution is undone,
// nothing else is touched; what was let go since comes back; if it undoes itself,
// what it has made is not guarded against it; and what the user names is left out
// (skip.go).

// whyLeft tells why an element has no place in what a rollback returns to.
func (r *Return) whyLeft() string {
	switch {
	case r.Only:
		return "the execution that is undone made it"
	case r.To == 0:
		return "nothing was there before"
	}
	return fmt.Sprintf("revision %d does not have it", r.To)
}

// then is the element of a node as it was then. changed tells whether it has
// changed since; nil: there was none.
func (m *maker) then(node string) (e *state.Element, changed bool) {
	if m.req.Return == nil {
		return nil, false
	}
	e, changed = m.req.Return.Elements[node]
	return e, changed
}

// considered reports whether a node is planned for at all: where one execution
// is undone, only what that has changed, and what refers to an object that has
// to be made anew for it.
func (m *maker) considered(node string) bool {
	if m.req.Return == nil || !m.req.Return.Only {
		return true
	}
	_, changed := m.then(node)
	return changed
}

// undone reports whether the execution that is undone has made the element of a
// node, whatever the earlier blueprint says of it.
func (m *maker) undone(node string) bool {
	e, changed := m.then(node)
	return changed && e == nil && m.req.Return.Only
}

// stays reports whether an element without a template is left alone: one that
// is not considered, and one that already was without when the execution began
// that is undone.
func (m *maker) stays(node string) bool {
	if !m.considered(node) {
		return true
	}
	e, _ := m.then(node)
	return e != nil && m.req.Return.Only
}

// stay leaves an element in the stack that has no template.
func (m *maker) stay(name string, e *state.Element) {
	then, changed := m.then(name)
	s := m.setBack(name, e, then)
	switch {
	case !changed:
		m.keep(name, e, keptUndo)
	case s == nil:
		m.keep(name, e, keptThere)
	default:
		m.steps[name], m.deployed[name] = s, true
		m.planned[name] = plannedAttributes(s, m.req.Catalogue[e.Type])
	}
}

// setBack gives an element what it had then, from the record alone; nil where
// nothing differs, or not without a new object.
func (m *maker) setBack(name string, e, then *state.Element) *Step {
	seen, _ := m.observed(name)
	if then == nil || then.Type != e.Type || then.ObjectID != e.ObjectID || seen.Gone {
		return nil
	}
	typ, after := m.req.Catalogue[e.Type], value(then.Properties)
	changes := diff(typ, nil, overlay(value(e.Properties), seen.Properties), after)
	if len(changes) == 0 || slices.ContainsFunc(changes, func(c Change) bool { return c.Replaces }) {
		return nil
	}
	s := &Step{
		Node: name, Type: e.Type, Action: Update, Reason: changedReason(changes), After: after, DependsOn: then.DependsOn,
		Retain: e.Retain, RenamedFrom: m.movedFrom[name],
	}
	s.describe(typ)
	m.recall(s, typ, e)
	s.Changes = m.changes(s, nil, typ)
	return s
}

// ownWork reports whether the object of a step was made by the execution that
// now undoes itself: nobody has come to rely on it.
func (m *maker) ownWork(s *Step) bool {
	_, changed := m.then(m.recordedAs(s.Node))
	return changed && m.req.Return.Own && !m.thereThen(s)
}

// thereThen reports whether the object of a step was there already, under
// whatever name.
func (m *maker) thereThen(s *Step) bool {
	if m.objectsThen == nil {
		m.objectsThen = map[string]bool{}
		for _, e := range m.req.Return.Elements {
			if e != nil {
				m.objectsThen[e.ObjectID] = true
			}
		}
	}
	return m.objectsThen[s.ObjectID]
}

// propertiesThen are the recorded properties that a node returns to. They hold
// as long as what they were made from is there: the same dependencies with the
// same objects and the same properties. ok is false where the blueprint must be
// asked.
func (m *maker) propertiesThen(n *dsl.NodeTemplate, dependsOn []string) (v intrinsic.Value, ok bool) {
	e, _ := m.then(n.Name.Text)
	if e == nil || e.Type != n.TypeName || e.Attempted {
		return intrinsic.Value{}, false
	}
	if m.needsLeftOut(n) || !m.allAsThen(dependsOn) {
		return intrinsic.Value{}, false
	}
	return value(e.Properties), true
}

// allAsThen reports whether all of these nodes are planned to be what they were
// then: the same objects, with the same properties.
func (m *maker) allAsThen(nodes []string) bool {
	return m.sameObjects(nodes) && !slices.ContainsFunc(nodes, func(node string) bool { return m.differs[node] })
}

// noteDiffering notes that a node gets other properties than it had then,
// because what it refers to is not what it was. What refers to the node follows.
func (m *maker) noteDiffering(n *dsl.NodeTemplate, dependsOn []string, after intrinsic.Value) {
	name := n.Name.Text
	if m.req.Return == nil || m.allAsThen(dependsOn) {
		return
	}
	e, changed := m.then(name)
	if !changed {
		e = m.element(name)
	}
	m.differs[name] = e != nil && !after.Equal(value(e.Properties))
}

// sameObjects reports whether all of these nodes have the objects of then.
func (m *maker) sameObjects(nodes []string) bool {
	return !slices.ContainsFunc(nodes, func(node string) bool { return !m.sameObject(node) })
}

// sameObject reports whether a node that was planned already has the object
// that it had then, and keeps it.
func (m *maker) sameObject(node string) bool {
	s := m.steps[node]
	if s == nil || s.Action == Create || s.Action == Replace {
		return false
	}
	then, changed := m.then(node)
	return !changed || then != nil && then.ObjectID == s.ObjectID
}

// back takes back what was renamed since: an object that is recorded under a
// name which the earlier blueprint does not have, and that had the name of one
// of its templates then. What one execution is undone of gets any name back.
func (v *moves) back() {
	if v.req.Return == nil {
		return
	}
	byObject := map[string]string{}
	for node, e := range v.elements {
		if v.templates[node] == nil && e.ObjectID != "" {
			byObject[e.Type+"\x00"+e.ObjectID] = node
		}
	}
	for _, name := range sortedKeys(v.req.Return.Elements) {
		then := v.req.Return.Elements[name]
		wanted := v.templates[name] != nil && v.deployed[name]
		if then == nil || !wanted && !v.req.Return.Only {
			continue
		}
		now := byObject[then.Type+"\x00"+then.ObjectID]
		switch {
		case now == "" || now == name || v.to[now] != "" || !wanted && v.element(name) != nil:
		case v.element(name) != nil && (v.skips(name) || v.skips(now)): // both stay
		case v.element(name) != nil:
			v.diags.Add(CodeCannotReturn, v.templates[name].Name.Range, "%q can't be given back the %s that it had: the stack has that as %q by now, and %q is another one. Apply a blueprint without %q first, or leave both as they are: --skip %s,%s.",
				name, dsl.TypeLabel(then.Type), now, name, name, name, now)
			v.faulty[name], v.faulty[now] = true, true
		default:
			v.add(now, name)
		}
	}
}

// takeBack finds what was let go since and must not be made once more: what the
// execution that is undone has retained a moment ago, and what else is known to
// be there still. What has its place by now is set aside under a name of its own,
// as what no template stands for.
func (v *moves) takeBack() {
	if v.req.Return == nil {
		return
	}
	there := map[string]bool{}
	for _, e := range v.elements {
		there[e.Type+"\x00"+e.ObjectID] = true
	}
	for _, node := range sortedKeys(v.req.Return.Elements) {
		e, t := v.req.Return.Elements[node], v.templates[node]
		if e == nil || !e.LetGo || !v.comesBack(node) || v.skips(node) || t == nil || t.TypeName != e.Type || !v.deployed[node] || there[e.Type+"\x00"+e.ObjectID] {
			continue
		}
		v.takenBack[node] = true
		if v.element(node) != nil && v.to[node] == "" {
			aside := v.freeName(node)
			v.aside[aside] = node
			v.add(node, aside)
		}
	}
}

// comesBack reports whether an object that was let go is to be taken for there.
func (m *maker) comesBack(node string) bool {
	seen, read := m.req.Return.There[node]
	if m.req.Return.lost[node] {
		return false
	}
	return m.req.Return.Only && !read || read && !seen.Gone
}

// freeName is a name for what has to make room for a node.
func (m *maker) freeName(node string) string {
	for name := node + "-undone"; ; name += "-undone" {
		_, changed := m.then(name)
		if !changed && m.templates[name] == nil && m.element(name) == nil {
			return name
		}
	}
}

// restore puts on record again what is taken back.
func (m *maker) restore() {
	if len(m.takenBack) == 0 {
		return
	}
	m.elements = maps.Clone(m.elements)
	if m.elements == nil {
		m.elements = map[string]*state.Element{}
	}
	for node := range m.takenBack {
		m.elements[node] = m.req.Return.Elements[node]
	}
}

// leave gives up to take an object back that can't become again what it was:
// it stays in the cloud, as it does now.
func (m *maker) leave(s *Step, n *dsl.NodeTemplate) {
	m.plan.Drift = slices.DeleteFunc(m.plan.Drift, func(d Drift) bool { return d.Node == s.Node })
	delete(m.takenBack, s.Node)
	delete(m.elements, s.Node)
	s.Action, s.Reason, s.Retained = Create, m.whyCreated(n), false
	s.ObjectID, s.Before, s.Attributes, s.Changes = "", intrinsic.Value{}, intrinsic.Value{}, nil
}

// withoutLost is the request of a plan for which nothing is set aside that has the
// place of what does not come back after all: its node is planned for with what
// it is now. needed is false if nothing was.
func (m *maker) withoutLost() (again Request, needed bool) {
	lost := map[string]bool{}
	for _, node := range m.aside {
		if !m.takenBack[node] {
			lost[node] = true
		}
	}
	if len(lost) == 0 {
		return m.req, false
	}
	again, r := m.req, *m.req.Return
	maps.Copy(lost, r.lost)
	r.lost, again.Return = lost, &r
	return again, true
}

// secondObject warns of what is made although the stack has let an equal object
// go.
func (m *maker) secondObject(n *dsl.NodeTemplate, then *state.Element, way string) {
	if m.req.Return.There[n.Name.Text].Gone {
		return // it has none
	}
	m.diags.Add(CodeSecondObject, n.Name.Range, "%q was retained when it left the stack, so its object %s should still be in the cloud; this makes another one. To get that one back, %s: orchestrate import %s %s.",
		n.Name.Text, then.ObjectID, way, n.Name.Text, then.ObjectID)
}

// checkLost tells of elements that were there before the execution that is
// undone and can't be made again, because the earlier blueprint has no template
// for them: that execution did what was overdue.
func (m *maker) checkLost() {
	if m.req.Return == nil || !m.req.Return.Only || m.req.Blueprint == nil {
		return
	}
	for _, name := range sortedKeys(m.req.Return.Elements) {
		e := m.req.Return.Elements[name]
		if e != nil && m.steps[name] == nil && !m.deployed[name] && m.movedTo[name] == "" && !m.leftOut(name) {
			m.diags.Add(CodeNotMadeAgain, diag.Range{}, "%q (%s) was there before, but the revision that is returned to has no node template for it, so it is not made again.", name, dsl.TypeLabel(e.Type))
		}
	}
}

package planner

import (
	"maps"
	"slices"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// What a type holds is lost with each of its objects. What is lost in a
// particular case only is found here, once it is known what becomes of every
// node: with an object that its container takes along in a certain state
// (lostAlong), with the last of several (lastOf), with an entry that an update
// takes out of a list (x-holdsData).

// Loss says in one clause what the step destroys for good; "" if nothing.
func (s *Step) Loss() string {
	switch {
	case s.deletes() && !s.Retained:
		return s.HoldsData
	case s.Action == Update:
		return s.Drops
	}
	return ""
}

// losses notes what steps destroy in their particular case.
func (m *maker) losses() {
	for _, s := range m.steps {
		switch {
		case s.destroys():
			s.HoldsData = m.holds(s)
		case s.Action == Update && !s.GoesOn:
			s.Drops = m.drops(s)
		}
	}
}

// holds is what goes with the object that a step destroys.
func (m *maker) holds(s *Step) string {
	typ, e := m.req.Catalogue[m.recordedTypeName(s)], m.element(s.Node)
	if typ == nil || e == nil || e.Phase == phaseCreateFailed && m.asItFailed(s, e) {
		return s.HoldsData
	}
	all := []string{s.HoldsData}
	if status, _ := s.Attributes.Get("status"); s.DeletedWith != "" {
		all = append(all, typ.LostAlong[plainText(status)])
	}
	if typ.LastOf != nil && m.isLast(s, typ.LastOf) {
		all = append(all, typ.LastOf.HoldsData)
	}
	return strings.Join(slices.DeleteFunc(all, func(loss string) bool { return loss == "" }), ", and ")
}

// isLast reports whether no other object is going to keep what this one keeps
// with others, although what they belong to stays. What the plan only makes
// comes too late: it may be made when nothing is left to copy.
func (m *maker) isLast(s *Step, of *dsl.LastOf) bool {
	if s.DeletedWith != "" {
		return false
	}
	for _, other := range m.steps {
		switch typ := m.recordedTypeName(other); {
		case typ == of.Type && other.destroys() && together(s, other, of.By):
			return false
		case typ == m.recordedTypeName(s) && m.remains(other) && together(s, other, same(of.By)):
			return false
		}
	}
	return true
}

// remains reports whether the object of a step is there now and stays.
func (m *maker) remains(s *Step) bool {
	e := m.element(s.Node)
	seen, _ := m.observed(s.Node)
	return e != nil && e.Phase != phaseCreateFailed && !seen.Gone && !s.destroys()
}

// together reports whether two objects agree as they are, in each property of
// the one with that of the other.
func together(s, other *Step, by map[string]string) bool {
	for mine, its := range by {
		a, _ := s.Before.Get(mine)
		b, _ := other.Before.Get(its)
		if !a.Equal(b) {
			return false
		}
	}
	return true
}

// same maps each key to itself.
func same(by map[string]string) map[string]string {
	out := maps.Clone(by)
	for key := range out {
		out[key] = key
	}
	return out
}

// drops is what an update destroys: what the entries hold that leave a list. An
// execution that undoes itself takes away what it has added, and nobody has come
// to rely on that.
func (m *maker) drops(s *Step) string {
	typ := m.req.Catalogue[s.Type]
	if typ == nil || typ.Properties == nil {
		return ""
	}
	var then *state.Element
	if m.req.Return != nil && m.req.Return.Own {
		then, _ = m.then(m.recordedAs(s.Node))
	}
	var out []string
	for _, name := range sortedKeys(typ.Properties.Properties) {
		p := typ.Properties.Properties[name]
		if p.HoldsData == "" {
			continue
		}
		before, _ := s.Before.Get(name)
		after, _ := s.After.Get(name)
		gone := leaving(before, after)
		if then != nil {
			was, _ := value(then.Properties).Get(name)
			gone = slices.DeleteFunc(gone, func(e intrinsic.Value) bool { return !holdsEntry(was, e) })
		}
		if len(gone) > 0 {
			out = append(out, p.HoldsData+entryNames(gone))
		}
	}
	return strings.Join(out, ", and ")
}

// leaving are the entries of a list that are not known to be in it afterwards.
func leaving(before, after intrinsic.Value) []intrinsic.Value {
	all, _ := before.List()
	return slices.DeleteFunc(slices.Clone(all), func(e intrinsic.Value) bool { return holdsEntry(after, e) })
}

// holdsEntry reports whether a list has an entry of the same name.
func holdsEntry(list, entry intrinsic.Value) bool {
	all, _ := list.List()
	want, _ := entry.Get("name")
	return slices.ContainsFunc(all, func(e intrinsic.Value) bool {
		name, _ := e.Get("name")
		return name.Equal(want)
	})
}

// entryNames tells of entries by name, in brackets, but for secret ones.
func entryNames(entries []intrinsic.Value) string {
	var names []string
	for _, e := range entries {
		if name, _ := e.Get("name"); !e.HasSensitive() {
			names = append(names, name.Text())
		}
	}
	if len(names) == 0 {
		return ""
	}
	return " (" + strings.Join(names, ", ") + ")"
}

// dropped is the place that makes an update destroy something.
func (m *maker) dropped(s *Step) diag.Range {
	props := m.req.Catalogue[s.Type].Properties.Properties
	for _, c := range s.Changes {
		if list, _, _ := strings.Cut(c.Path, "["); props[list] != nil && props[list].HoldsData != "" && !c.Range.IsZero() {
			return c.Range
		}
	}
	return s.Range
}

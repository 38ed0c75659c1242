package planner

import (
	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

// verdict says whether a phase can be undone, and in one clause why it is not
// reversible.
type verdict struct {
	kind Undo
	why  string
}

var reversible = verdict{kind: Reversible}

// weight orders verdicts from the best to the worst.
func (v verdict) weight() int {
	switch v.kind {
	case Irreversible:
		return 2
	case Compensatable:
		return 1
	}
	return 0
}

// judge notes of each step that acts whether it can be undone: as its worse
// phase.
func (m *maker) judge() {
	for _, s := range m.steps {
		if !s.acts() {
			continue
		}
		v := m.undoDelete(s)
		if a := m.undoApply(s); a.weight() > v.weight() {
			v = a
		}
		s.Undo, s.UndoWhy = v.kind, v.why
	}
}

// undoDelete judges the delete phase of a step. What is destroyed can be made
// anew at best; its data is gone.
func (m *maker) undoDelete(s *Step) verdict {
	if !s.destroys() {
		return reversible
	}
	typ := m.req.Catalogue[m.recordedTypeName(s)]
	v, stated := stated(typ, Delete)
	switch {
	case stated:
		return v
	case s.HoldsData != "" && !m.ownWork(s):
		return verdict{Irreversible, "it destroys " + s.HoldsData}
	}
	return verdict{Compensatable, "it can only be made anew, with another ID"}
}

// undoApply judges the apply phase of a step.
func (m *maker) undoApply(s *Step) verdict {
	typ := m.req.Catalogue[s.Type]
	switch s.Action {
	case Create, Replace:
		return undoCreate(typ)
	case Update:
		if s.GoesOn {
			return undoCreate(typ)
		}
		if s.Drops != "" {
			return verdict{Irreversible, "it destroys " + s.Drops}
		}
		return undoUpdate(typ, s.Changes)
	}
	return reversible
}

// undoCreate judges a creation: what can't be deleted can't be taken back.
func undoCreate(typ *dsl.NodeType) verdict {
	if v, ok := stated(typ, Create); ok {
		return v
	}
	if typ != nil && typ.Forgotten != "" {
		return verdict{Irreversible, typ.Forgotten}
	}
	return reversible
}

// undoUpdate judges an update: the former values lead back, unless one of them
// has no way back, or a number fell that counts what holds something.
func undoUpdate(typ *dsl.NodeType, changes []Change) verdict {
	if v, ok := stated(typ, Update); ok || typ == nil {
		return v
	}
	v := reversible
	for _, c := range changes {
		p := propertyAt(typ.Properties, c.Path)
		switch {
		case p == nil:
		case p.OneWay != "" && c.Recorded == "" && !blank(c.After):
			return verdict{Irreversible, p.OneWay}
		case p.Undo != "" && falls(c.Before, c.After):
			v = verdict{Compensatable, p.Undo}
		}
	}
	return v
}

// stated is what the catalogue says of an action itself.
func stated(typ *dsl.NodeType, a Action) (verdict, bool) {
	if typ == nil {
		return reversible, false
	}
	r, ok := typ.Undo[string(a)]
	return verdict{Undo(r.Kind), r.Why}, ok
}

// propertyAt follows the path of a change through a node type; nil where the
// type says nothing.
func propertyAt(p *dsl.Property, path string) *dsl.Property {
	for _, part := range pathParts(path) {
		if key, ok := part.(string); ok {
			p = property(p, key)
		} else {
			p = items(p)
		}
	}
	return p
}

// falls reports whether a number is known to become smaller.
func falls(before, after intrinsic.Value) bool {
	b, known := number(before)
	a, given := number(after)
	return known && given && a < b
}

func number(v intrinsic.Value) (float64, bool) {
	scalar, _ := v.Scalar()
	switch n := scalar.(type) {
	case int64:
		return float64(n), true
	case float64:
		return n, true
	}
	return 0, false
}

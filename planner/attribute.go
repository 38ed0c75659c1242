package planner

import (
	"slices"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// attribute is what the plan knows of an attribute while it is made: nodes are
// visited in dependency order, so the node was planned already.
func (m *maker) attribute(node, name string) (intrinsic.Value, bool) {
	if !m.deployed[node] {
		if m.leftOut(node) {
			m.missed[node] = true
		}
		return intrinsic.Value{}, false
	}
	attrs := m.planned[node]
	if attrs.IsUnknown() {
		return attrs, true
	}
	v, _ := attrs.Get(name)
	return v, true
}

func value(d state.Document) intrinsic.Value { return intrinsic.OfMarked(d.Value, d.Sensitive) }

// merge returns base with the entries of over written on top; marks of base
// stay.
func merge(base, over intrinsic.Value) intrinsic.Value {
	om, ok := over.Map()
	if !ok {
		return base
	}
	bm, _ := base.Map()
	out := make(map[string]intrinsic.Value, len(bm)+len(om))
	for k, v := range bm {
		out[k] = v
	}
	for k, v := range om {
		out[k] = withMark(v, bm[k])
	}
	return intrinsic.Of(out)
}

// plannedAttributes is what dependents may take for granted before the step
// has run: attributes that follow a property, and those that an object keeps.
func plannedAttributes(s *Step, typ *dsl.NodeType) intrinsic.Value {
	if s.Action == None || s.Action == Read || s.onlyRecorded() {
		return s.Attributes
	}
	if typ == nil {
		return intrinsic.Unknown
	}
	out := make(map[string]intrinsic.Value, len(typ.Attributes))
	for name, a := range typ.Attributes {
		out[name] = plannedAttribute(s, name, a)
	}
	return intrinsic.Of(out)
}

// onlyRecorded reports whether the step is an update that calls nothing.
func (s *Step) onlyRecorded() bool {
	return s.Action == Update && !s.GoesOn && !slices.ContainsFunc(s.Changes, func(c Change) bool { return c.Recorded == "" })
}

func plannedAttribute(s *Step, name string, a *dsl.Property) intrinsic.Value {
	v := intrinsic.Unknown
	recorded, known := s.Attributes.Get(name)
	follows, given := s.After.Get(a.From)
	switch {
	case a.From != "" && given && !blank(follows):
		v = follows
	case s.Action != Update || !known || a.Volatile || s.GoesOn && blank(recorded) || a.From != "" && s.changed(a.From):
		// A property left blank is filled in by the provider.
	default:
		v = recorded
	}
	if a.Sensitive {
		v = v.MarkSensitive()
	}
	return v
}

// changed reports whether the property of that name differs in any leaf.
func (s *Step) changed(property string) bool {
	return slices.ContainsFunc(s.Changes, func(c Change) bool {
		return c.Path == property || strings.HasPrefix(c.Path, property+".") || strings.HasPrefix(c.Path, property+"[")
	})
}

// blank reports whether a value is known to say nothing: null or "".
func blank(v intrinsic.Value) bool {
	s, ok := v.Scalar()
	return ok && (s == nil || s == "")
}

package planner

import (
	"fmt"
	"slices"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

// maxCauses bounds a chain: what lies further back is told by the steps that
// it names.
const maxCauses = 12

// changes compares what exists of a node with what is wanted of it, and gives
// every difference the chain that led to it.
func (m *maker) changes(s *Step, n *dsl.NodeTemplate, typ *dsl.NodeType) []Change {
	changes, said := compared(typ, n, s.Before, s.After)
	for i := range changes {
		changes[i].Causes = m.causesOf(s, &changes[i], said[i])
		s.settleLeast(typ, &changes[i])
	}
	return changes
}

// causesOf is the chain that led to a change.
func (m *maker) causesOf(s *Step, c *Change, said written) []Cause {
	chain := chain{maker: m, property: lastKey(c.Path), links: m.links[:0]}
	switch back := m.goesBack(s); {
	case back && c.After.IsNull():
		chain.add(Cause{Kind: ByBlueprint, Why: m.req.Return.when() + " did not have it", At: c.Range})
	case back:
		chain.add(Cause{Kind: ByBlueprint, Why: m.req.Return.when() + " had this value", At: c.Range})
	case said.expr != nil:
		if said.file && !c.Before.IsNull() && !c.After.IsNull() {
			chain.add(Cause{Kind: ByFile, Why: "its file has changed", At: said.expr.Range})
		}
		chain.add(Cause{Kind: ByBlueprint, Why: "the value is written here", At: said.expr.Range})
		chain.given(said.from)
		chain.read(said.expr)
	case c.After.IsNull():
		chain.add(Cause{Kind: ByBlueprint, Why: "the blueprint does not give it any more", At: c.Range})
	default:
		chain.add(Cause{Kind: ByDefault, Name: dsl.TypeLabel(s.Type), Why: "it is the default of " + dsl.TypeLabel(s.Type)})
	}
	m.links = chain.links // room for the next one
	out := slices.Clone(chain.links)
	if d := m.drifted(s.Node, c.Path); d != nil {
		link := Cause{Kind: ByDrift, Name: s.Node, Why: fmt.Sprintf("it was changed outside: read as %s, recorded as %s", intrinsic.Show(d.After), intrinsic.Show(d.Before))}
		if d.Before.Equal(c.After) {
			return append([]Cause{link}, out...) // the blueprint says what it always said
		}
		out = append(out, link)
	}
	return out
}

// goesBack reports whether a step leads to the properties that its element had
// then. What was made from objects that are no more, it takes from the earlier
// blueprint.
func (m *maker) goesBack(s *Step) bool {
	then, _ := m.then(s.Node)
	return then != nil && s.After.Equal(value(then.Properties))
}

// when names what a rollback returns to.
func (r *Return) when() string {
	if r.Only || r.To == 0 {
		return "the element as it was before"
	}
	return fmt.Sprintf("revision %d", r.To)
}

// drifted returns what a refresh found changed at a path of the node that is
// being compared, or nil. Its drift, if any, was noted last.
func (m *maker) drifted(node, path string) *Change {
	if len(m.plan.Drift) == 0 || m.plan.Drift[len(m.plan.Drift)-1].Node != node {
		return nil
	}
	changes := m.plan.Drift[len(m.plan.Drift)-1].Changes
	if i := slices.IndexFunc(changes, func(d Change) bool { return d.Path == path }); i >= 0 {
		return &changes[i]
	}
	return nil
}

// chain gathers the causes of one change.
type chain struct {
	maker    *maker
	property string // that receives the value, which get_reference needs
	links    []Cause
	active   []string // conditions that are being followed
}

// add appends a link that is not there yet.
func (c *chain) add(link Cause) {
	if len(c.links) < maxCauses && !slices.Contains(c.links, link) {
		c.links = append(c.links, link)
	}
}

// given follows a value that an expansion put in: it was given elsewhere, as
// an input of a composite, of a nested stack or of a copy.
func (c *chain) given(from *dsl.Value) {
	if from == nil || len(c.links) == maxCauses {
		return
	}
	c.add(Cause{Kind: ByBlueprint, Why: "the value is given here", At: from.Range})
	c.given(from.From)
	c.read(from)
}

// read follows an expression to the inputs, mappings and attributes that its
// value comes from.
func (c *chain) read(v *dsl.Value) {
	top := v
	v.Walk(func(v *dsl.Value) bool {
		if v != top {
			c.given(v.From)
		}
		if v.Kind != dsl.Call {
			return true
		}
		switch v.Function.Text {
		case dsl.GetInput:
			c.input(v.Argument.Text())
		case dsl.GetInMap:
			c.mapping(v.Argument.Items[0].Text())
		case dsl.FitInput:
			c.given(v.Argument)
			return false
		case dsl.CondIf:
			c.choice(v.Argument.Items)
			return false
		case dsl.GetAttribute, dsl.GetReference:
			r, _ := intrinsic.ReferenceOf(v)
			c.attribute(r)
		}
		return true
	})
}

// choice follows a cond_if: its condition, and the branch that was taken; both
// if that is not known.
func (c *chain) choice(args []*dsl.Value) {
	c.condition(args[0])
	taken := &dsl.Value{Kind: dsl.Call, Function: dsl.Name{Text: dsl.CondIf}, Range: args[0].Range, Argument: &dsl.Value{Kind: dsl.List, Items: []*dsl.Value{
		args[0], {Kind: dsl.Bool, Scalar: true}, {Kind: dsl.Bool, Scalar: false}}}}
	holds, _ := intrinsic.Eval(taken, c.maker.scope) // what is wrong with it was reported with the property
	switch scalar, _ := holds.Scalar(); scalar {
	case true:
		c.read(args[1])
	case false:
		c.read(args[2])
	default:
		c.read(args[1])
		c.read(args[2])
	}
}

// condition follows a condition, in which a text is the name of one.
func (c *chain) condition(v *dsl.Value) {
	v.Walk(func(v *dsl.Value) bool {
		switch {
		case v.Kind == dsl.String && !slices.Contains(c.active, v.Text()):
			if named := c.maker.req.Blueprint.Condition(v.Text()); named != nil {
				c.active = append(c.active, v.Text())
				c.condition(named.Expr)
			}
			return true
		case v.Kind == dsl.Call && v.Function.Text != dsl.CondAnd && v.Function.Text != dsl.CondOr && v.Function.Text != dsl.CondNot && v.Function.Text != dsl.CondEq:
			c.read(v)
			return false
		}
		return true
	})
}

// input is a link to an input: where it is declared, and what it was before if
// that is not what it is now.
func (c *chain) input(name string) {
	m := c.maker
	link, known := m.inputLinks[name]
	if !known {
		link = m.inputLink(name)
		if m.inputLinks == nil {
			m.inputLinks = map[string]Cause{}
		}
		m.inputLinks[name] = link
	}
	c.add(link)
}

func (m *maker) inputLink(name string) Cause {
	link := Cause{Kind: ByInput, Name: name, Why: fmt.Sprintf("it comes from input %q", name)}
	if in := m.req.Blueprint.Input(name); in != nil {
		link.At = in.Name.Range
	}
	now, given := m.req.Inputs[name]
	if was, known := m.formerInputs()[name]; given && known && !was.Equal(now) {
		link.Why = fmt.Sprintf("it comes from input %q, which changes from %s to %s", name, intrinsic.Show(was.WithMarksOf(now)), intrinsic.Show(now.WithMarksOf(was)))
	}
	return link
}

func (c *chain) mapping(name string) {
	if m := c.maker.req.Blueprint.Mapping(name); m != nil {
		c.add(Cause{Kind: ByBlueprint, Name: name, Why: fmt.Sprintf("it is looked up in mapping %q", name), At: m.Name.Range})
	}
}

// attribute is a link to an attribute of another node, and on to the step of
// that node if it is going to change the attribute.
func (c *chain) attribute(r intrinsic.Reference) {
	name := r.Attribute
	if name == "" {
		name = intrinsic.ReferenceAttribute(c.property)
	}
	full := r.Node + "." + name
	c.add(Cause{Kind: ByAttribute, Name: full, Why: "it follows " + full, At: r.Range})
	s := c.maker.steps[r.Node]
	if s == nil || !c.maker.moves(s, name) {
		return
	}
	c.add(Cause{Kind: ByStep, Name: r.Node, Why: fmt.Sprintf("%s is %s because %s", r.Node, past(s.Action), s.Reason), At: c.maker.cause(s)})
	if i := slices.IndexFunc(s.Changes, func(change Change) bool { return change.Replaces || s.Action == Update }); i >= 0 {
		for _, link := range s.Changes[i].Causes {
			c.add(link)
		}
	}
}

// moves reports whether a step gives an attribute another value, as far as the
// plan knows.
func (m *maker) moves(s *Step, attribute string) bool {
	was, _ := s.Attributes.Get(attribute)
	is, _ := m.planned[s.Node].Get(attribute)
	return !is.Equal(was)
}

// formerInputs are the inputs of the newest revision.
func (m *maker) formerInputs() map[string]intrinsic.Value {
	if m.former == nil && m.req.FormerInputs != nil {
		m.former = m.req.FormerInputs
	}
	if m.former == nil && m.req.State != nil && m.req.State.Revision != nil {
		m.former = InputsOf(m.req.State.Revision.Inputs)
	}
	return m.former
}

// lastKey is the last name in a path: "peers" of "orgs[0].peers[1]".
func lastKey(path string) string {
	for _, part := range slices.Backward(pathParts(path)) {
		if key, ok := part.(string); ok {
			return key
		}
	}
	return ""
}

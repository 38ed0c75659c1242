package expand

import (
	"slices"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

// substitute writes the node templates and outputs of the flat blueprint.
func (e *expander) substitute(root *space) {
	e.flat.Nodes = make([]*dsl.NodeTemplate, 0, len(e.leaves))
	for _, i := range e.leaves {
		i.node = i.flatten()
		e.flat.Nodes = append(e.flat.Nodes, i.node)
		if e.full {
			return
		}
	}
	sub := substitution{space: root}
	for _, o := range root.bp.Outputs {
		if v := sub.value(o.Value, ""); v != o.Value {
			changed := *o
			changed.Value = v
			o = &changed
		}
		e.flat.Outputs = append(e.flat.Outputs, o)
	}
}

// flatten writes the node template of one node; the source's own if nothing
// changes.
func (i *instance) flatten() *dsl.NodeTemplate {
	sub := substitution{space: i.space, each: i.each}
	n := *i.template
	n.Name.Text, n.Each, n.Deploy, n.Trimmed = i.name, nil, nil, i.within.off
	n.RenamedFrom, n.Retain = i.former, i.within.retain
	if n.Trimmed == "deploy of "+i.name+" is false" {
		n.Trimmed = "deploy is false"
	}
	n.Properties = sub.entries(n.Properties)
	n.Requirements = i.requirements()
	n.Condition = i.space.allOf(i.within.conditions)
	return &n
}

// substitution rewrites the expressions that stand in a space for use in the
// flat blueprint.
type substitution struct {
	*space
	each *each
	// static leaves references to nodes alone: what depends on them is unknown.
	static bool
	// chosen makes get_reference choose its attribute where it is written: the
	// value will be used in a property of another name.
	chosen bool
}

// value rewrites an expression; it returns v itself if nothing in it changes.
// key is the name of the property or entry that it stands under.
func (s *substitution) value(v *dsl.Value, key string) *dsl.Value {
	if v == nil || !s.charge(1, v.Range) {
		return v
	}
	switch v.Kind {
	case dsl.List:
		if items := s.items(v.Items, key); items != nil {
			out := *v
			out.Items = items
			return &out
		}
	case dsl.Map:
		if entries := s.entries(v.Entries); len(entries) > 0 && &entries[0] != &v.Entries[0] {
			out := *v
			out.Entries = entries
			return &out
		}
	case dsl.Call:
		return s.call(v, key)
	}
	return v
}

// items returns nil if nothing changes.
func (s *substitution) items(items []*dsl.Value, key string) []*dsl.Value {
	var out []*dsl.Value
	for i, item := range items {
		w := s.value(item, key)
		if w != item && out == nil {
			out = slices.Clone(items)
		}
		if out != nil {
			out[i] = w
		}
	}
	return out
}

// entries returns the same slice if nothing changes.
func (s *substitution) entries(entries []dsl.Entry) []dsl.Entry {
	out := entries
	for i := range entries {
		w := s.value(entries[i].Value, entries[i].Key.Text)
		if w == entries[i].Value {
			continue
		}
		if &out[0] == &entries[0] {
			out = slices.Clone(entries)
		}
		out[i].Value = w
	}
	return out
}

func (s *substitution) call(v *dsl.Value, key string) *dsl.Value {
	switch v.Function.Text {
	case dsl.GetInput:
		return s.input(v)
	case dsl.GetEach:
		return s.getEach(v)
	case dsl.GetAttribute, dsl.GetReference:
		if s.static {
			return v
		}
		return s.reference(v, key)
	case dsl.GetInMap:
		return s.inMap(v, key)
	case dsl.CondIf:
		args := v.Argument.Items
		return withArgument(v, []*dsl.Value{s.truth(args[0]), s.value(args[1], key), s.value(args[2], key)})
	case dsl.CondAnd, dsl.CondOr, dsl.CondNot:
		return s.truth(v)
	}
	if arg := s.value(v.Argument, key); arg != v.Argument {
		out := *v
		out.Argument = arg
		return &out
	}
	return v
}

// withArgument is a call with other items in its argument; v itself if they
// are the same.
func withArgument(v *dsl.Value, items []*dsl.Value) *dsl.Value {
	if slices.Equal(items, v.Argument.Items) {
		return v
	}
	arg, out := *v.Argument, *v
	arg.Items = items
	out.Argument = &arg
	return &out
}

// truth rewrites a condition, in which a text is the name of one.
func (s *substitution) truth(v *dsl.Value) *dsl.Value {
	switch {
	case v.Kind == dsl.String:
		name := s.condition(v.Text())
		if c := s.conditions[name]; c != nil && c.open && !s.static {
			// Its references must be seen where it is used: it moves there.
			sub := substitution{space: c.owner}
			return moved(sub.truth(c.source.Expr), v.Range)
		}
		if name != v.Text() {
			return text(name, v.Range)
		}
		return v
	case v.Kind != dsl.Call:
		return v
	}
	switch v.Function.Text {
	case dsl.CondNot:
		if arg := s.truth(v.Argument); arg != v.Argument {
			out := *v
			out.Argument = arg
			return &out
		}
		return v
	case dsl.CondAnd, dsl.CondOr:
		items := make([]*dsl.Value, len(v.Argument.Items))
		for i, m := range v.Argument.Items {
			items[i] = s.truth(m)
		}
		return withArgument(v, items)
	}
	return s.value(v, "")
}

// condition returns the name of a condition in the flat blueprint, and takes
// the condition over at first use.
func (s *space) condition(name string) string {
	owner := s
	if !owner.declares(name) {
		owner = s.stack
	}
	if owner.outer == nil {
		return name
	}
	flat := owner.prefix + name
	if s.conditions[flat] != nil {
		return flat
	}
	for _, c := range owner.bp.Conditions {
		if c.Name.Text == name {
			sub := substitution{space: owner, static: true}
			expr := sub.truth(c.Expr)
			s.addCondition(&dsl.Condition{Name: dsl.Name{Text: flat, Range: c.Name.Range}, Expr: expr}, &condition{owner: owner, source: c, open: s.open(expr)})
		}
	}
	return flat
}

// condition is one that a composite or a nested stack brought in.
type condition struct {
	owner  *space
	source *dsl.Condition
	open   bool // depends on what only the run will tell
}

func (e *expander) addCondition(c *dsl.Condition, about *condition) {
	e.conditions[c.Name.Text] = about
	e.flat.Conditions = append(e.flat.Conditions, c)
	e.flat.Index.Conditions[c.Name.Text] = c
}

// open reports whether a condition that was rewritten depends on what is not
// known before the deployment, itself or through others.
func (e *expander) open(v *dsl.Value) bool {
	found := false
	v.Walk(func(v *dsl.Value) bool {
		switch {
		case v.Kind == dsl.Call && v.Function.Text == dsl.NotKnown:
			found = true
		case v.Kind == dsl.String && e.conditions[v.Text()] != nil:
			// A text that only looks like such a name costs nothing but room.
			found = found || e.conditions[v.Text()].open
		}
		return !found
	})
	return found
}

func (s *space) declares(condition string) bool {
	return slices.ContainsFunc(s.bp.Conditions, func(c *dsl.Condition) bool { return c.Name.Text == condition })
}

// allOf returns one condition that holds when all do.
func (s *space) allOf(names []dsl.Name) *dsl.Name {
	switch len(names) {
	case 0:
		return nil
	case 1:
		return &names[0]
	}
	last := names[len(names)-1]
	before := s.allOf(names[:len(names)-1])
	both := dsl.Name{Text: before.Text + " and " + last.Text, Range: last.Range}
	if s.conditions[both.Text] == nil {
		members := list(last.Range, text(before.Text, before.Range), text(last.Text, last.Range))
		s.addCondition(&dsl.Condition{Name: both, Expr: call(dsl.CondAnd, members, last.Range)}, &condition{owner: s})
	}
	return &both
}

// inMap rewrites get_in_map: the mappings of nested stacks get names of their
// own.
func (s *substitution) inMap(v *dsl.Value, key string) *dsl.Value {
	args := v.Argument.Items
	name := args[0]
	if s.stack.outer != nil {
		if m := s.stack.bp.Mapping(name.Text()); m != nil {
			name = text(s.mapping(m), name.Range)
		}
	}
	return withArgument(v, []*dsl.Value{name, s.value(args[1], key), s.value(args[2], key)})
}

func (s *substitution) mapping(m *dsl.Mapping) string {
	flat, known := s.mappings[m]
	if !known {
		flat = s.stack.prefix + m.Name.Text
		s.mappings[m] = flat
		taken := &dsl.Mapping{Name: dsl.Name{Text: flat, Range: m.Name.Range}, Objects: m.Objects}
		s.flat.Mappings = append(s.flat.Mappings, taken)
		s.flat.Index.Mappings[flat] = taken
	}
	return flat
}

// input puts the value of an input in the place of get_input. Inputs of the
// blueprint itself, and pseudo inputs, stay as they are.
func (s *substitution) input(v *dsl.Value) *dsl.Value {
	if s.args == nil {
		return v
	}
	a := s.args[v.Argument.Text()]
	switch {
	case a == nil:
		return v
	case !a.known.HasUnknown():
		if a.literal.value == nil {
			a.literal.value = literal(a.known, a.at)
			a.literal.size = sized(a.literal.value)
		}
		s.charge(a.literal.size, v.Range)
		out := moved(a.literal.value, v.Range)
		out.From = a.from
		return out
	case s.static:
		out := call(dsl.NotKnown, nil, v.Range)
		if a.known.HasSensitive() {
			out = call(dsl.MarkSensitive, out, v.Range)
		}
		return out
	}
	return s.openArgument(a, v)
}

// openArgument is the value of an input that depends on what only the run will
// tell.
func (s *substitution) openArgument(a *argument, v *dsl.Value) *dsl.Value {
	if a.open.busy {
		s.diags.Add("DSL206", a.at, "The value of %q for %q depends on itself, through the attributes of other node templates.", a.input.Name.Text, a.user.name)
		return call(dsl.NotKnown, nil, v.Range)
	}
	if a.open.value == nil {
		a.open.busy = true
		before := s.values
		sub := substitution{space: a.user.space, each: a.user.each, chosen: true}
		fitted := call(dsl.FitInput, sub.value(a.expr, a.input.Name.Text), a.at)
		fitted.Scalar = a.input
		a.open = memo{value: fitted, size: s.values - before}
	} else {
		s.charge(a.open.size, v.Range)
	}
	return moved(a.open.value, v.Range)
}

// getEach puts key or value of a copy in the place of get_each.
func (s *substitution) getEach(v *dsl.Value) *dsl.Value {
	if s.each == nil || !s.charge(1, v.Range) {
		return v
	}
	if v.Argument.Kind == dsl.String && v.Argument.Text() == "key" {
		return moved(s.each.key, v.Range)
	}
	var path []*dsl.Value
	if v.Argument.Kind == dsl.List {
		path = v.Argument.Items[1:]
	}
	found := s.each.value
	for len(path) > 0 && found.Kind == dsl.Map {
		part := found.Get(pathText(path[0]))
		if part == nil {
			return &dsl.Value{Kind: dsl.Null, Range: v.Range}
		}
		found, path = part, path[1:]
	}
	sub := substitution{space: s.each.space, static: s.static, chosen: true}
	from := found
	key := ""
	if v.Argument.Kind == dsl.List {
		key = pathText(v.Argument.Items[len(v.Argument.Items)-1])
	}
	out := moved(sub.value(found, key), v.Range)
	if out.From == nil {
		out.From = from
	}
	return stepInto(out, path)
}

func pathText(v *dsl.Value) string { return intrinsic.Of(v.Scalar).Text() }

// stepInto leads into a value.
func stepInto(v *dsl.Value, path []*dsl.Value) *dsl.Value {
	if len(path) == 0 {
		return v
	}
	return call(dsl.StepInto, list(v.Range, append([]*dsl.Value{v}, path...)...), v.Range)
}

// reference resolves get_attribute and get_reference.
func (s *substitution) reference(v *dsl.Value, key string) *dsl.Value {
	r, _ := intrinsic.ReferenceOf(v)
	base, copyKey, keyed := dsl.CutKey(r.Node)
	g := s.groups[base]
	if g == nil {
		return v // reported by the checks
	}
	use := &use{substitution: s, call: v, attribute: r.Attribute, at: v.Range, key: key}
	if v.Function.Text == dsl.GetAttribute {
		use.path = v.Argument.Items[2:]
		if items := s.items(use.path, key); items != nil {
			use.path = items
		}
	}
	if keyed {
		i := g.byKey[copyKey]
		if i == nil {
			s.noCopy(g, dsl.Name{Text: r.Node, Range: r.Range}, copyKey)
			return v
		}
		return use.of(i)
	}
	return use.all(g)
}

// noCopy reports a key that a node template does not have.
func (s *space) noCopy(g *group, name dsl.Name, key string) {
	if g.kind == one {
		s.diags.Add("DSL221", name.Range, "The node template %q has neither count nor for_each, so it has no copy %q. Leave the brackets out.", g.template.Name.Text, key)
		return
	}
	var keys []string
	for _, c := range g.copies {
		keys = append(keys, c.key)
	}
	known := "It has none."
	if len(keys) > 0 {
		known = "They are: " + strings.Join(keys[:min(len(keys), 20)], ", ") + "."
	}
	d := diag.New("DSL221", name.Range, "The node template %q has no copy %q.%s %s", g.template.Name.Text, key, diag.DidYouMean(key, keys), known)
	s.diags = append(s.diags, d.With(g.template.Name.Range, "declared here"))
}

// use is one use of an attribute: attribute is "" for get_reference.
type use struct {
	*substitution
	call      *dsl.Value
	attribute string
	path      []*dsl.Value
	at        diag.Range
	key       string
}

// wanted is the attribute that is meant.
func (u *use) wanted() string {
	if u.attribute == "" {
		return intrinsic.ReferenceAttribute(u.key)
	}
	return u.attribute
}

// all gives the attribute of a node template: of its one node, or of all
// copies that are deployed, as a list or as a map by key.
func (u *use) all(g *group) *dsl.Value {
	if g.kind == one {
		if len(g.copies) == 0 {
			return u.call
		}
		return u.of(g.copies[0])
	}
	if len(u.path) > 0 && u.path[0].Kind == dsl.String && g.kind == keyed && g.byKey[u.path[0].Text()] == nil {
		u.space.noCopy(g, dsl.Name{Text: g.template.Name.Text, Range: u.path[0].Range}, u.path[0].Text())
	}
	name := u.wanted()
	if v := g.all[name]; v != nil {
		u.charge(g.size[name], u.at)
		return stepInto(moved(v, u.at), u.path)
	}
	before := u.values
	v := &dsl.Value{Kind: dsl.List, Range: u.at}
	if g.kind == keyed {
		v.Kind = dsl.Map
	}
	part := *u
	part.path, part.attribute = nil, name
	for _, c := range g.copies {
		if c.within.off != "" {
			continue
		}
		w := part.of(c)
		if g.kind == counted {
			v.Items = append(v.Items, w)
		} else {
			v.Entries = append(v.Entries, dsl.Entry{Key: dsl.Name{Text: c.key, Range: u.at}, Value: w})
		}
	}
	g.all[name], g.size[name] = v, u.values-before
	return stepInto(v, u.path)
}

// of gives the attribute of one instance.
func (u *use) of(i *instance) *dsl.Value {
	u.charge(3, u.at)
	switch {
	case i.parts != nil:
		return u.ofParts(i)
	case i.inner != nil:
		return u.ofInner(i)
	}
	return u.ofNode(i)
}

// ofNode names the node in the flat blueprint.
func (u *use) ofNode(i *instance) *dsl.Value {
	name := i.name
	if u.attribute == "" && !u.chosen {
		if u.call.Argument.Text() == name {
			return u.call
		}
		return call(dsl.GetReference, text(name, u.at), u.at)
	}
	if u.call.Function.Text == dsl.GetAttribute && u.call.Argument.Items[0].Text() == name && slices.Equal(u.path, u.call.Argument.Items[2:]) && len(u.path) > 0 {
		return u.call
	}
	args := append([]*dsl.Value{text(name, u.at), text(u.wanted(), u.at)}, u.path...)
	return call(dsl.GetAttribute, list(u.at, args...), u.at)
}

// ofParts gives the attribute of one round of a batch: a list if the batch has
// several items.
func (u *use) ofParts(i *instance) *dsl.Value {
	if len(i.parts) == 1 {
		return u.of(i.parts[0])
	}
	part := *u
	part.path, part.attribute = nil, u.wanted()
	v := &dsl.Value{Kind: dsl.List, Range: u.at}
	for _, p := range i.parts {
		v.Items = append(v.Items, part.of(p))
	}
	return stepInto(v, u.path)
}

// ofInner gives the attribute of a composite or a nested stack.
func (u *use) ofInner(i *instance) *dsl.Value {
	name, path := u.wanted(), u.path
	if i.composite == nil && name == "outputs" && len(path) > 0 {
		name, path = "outputs/"+pathText(path[0]), path[1:]
	}
	m := i.memo[name]
	if m == nil {
		m = &memo{busy: true}
		if i.memo == nil {
			i.memo = map[string]*memo{}
		}
		i.memo[name] = m
		before := u.values
		m.value = i.attribute(name, u)
		m.size, m.busy = u.values-before, false
	} else if m.busy {
		u.diags.Add("DSL206", u.at, "The attribute %q of %q depends on itself.", name, i.name)
		return call(dsl.NotKnown, nil, u.at)
	} else {
		u.charge(m.size, u.at)
	}
	return stepInto(moved(m.value, u.at), path)
}

// attribute writes an attribute of a composite or a nested stack as an
// expression of the flat blueprint.
func (i *instance) attribute(name string, u *use) *dsl.Value {
	sub := substitution{space: i.inner, chosen: true}
	if i.composite != nil {
		if o := i.composite.Attribute(name); o != nil {
			return sub.value(o.Value, name)
		}
		u.diags = append(u.diags, diag.New("DSL202", u.at, "The node type %q has no attribute %q. Declare it under its attributes.", i.composite.Name.Text, name).
			With(i.composite.Name.Range, "declared here"))
		return call(dsl.NotKnown, nil, u.at)
	}
	switch output, isOutput := strings.CutPrefix(name, "outputs/"); {
	case name == "refID":
		stack := call(dsl.GetInput, text(u.flat.Dialect.Prefix+"StackName", u.at), u.at)
		return call(dsl.Concat, list(u.at, stack, text("/"+i.name, u.at)), u.at)
	case name == "refName":
		return text(i.name, u.at)
	case name == "outputs":
		v := &dsl.Value{Kind: dsl.Map, Range: u.at}
		for _, o := range i.inner.bp.Outputs {
			v.Entries = append(v.Entries, dsl.Entry{Key: o.Name, Value: sub.value(o.Value, "")})
		}
		return v
	case isOutput:
		for _, o := range i.inner.bp.Outputs {
			if o.Name.Text == output {
				return sub.value(o.Value, "")
			}
		}
		u.diags.Add("DSL202", u.at, "The nested stack %q has no output %q. Its blueprint is %s.", i.name, output, i.inner.bp.File)
	default:
		u.diags.Add("DSL202", u.at, "A nested stack has the attributes outputs, refID and refName, but no %q.", name)
	}
	return call(dsl.NotKnown, nil, u.at)
}

package expand

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

// build makes the instances of a space, and those inside them. References are
// not followed yet: they may lead to what is built later.
func (s *space) build() {
	s.groups = make(map[string]*group, len(s.bp.Nodes))
	for _, n := range s.bp.Nodes {
		g := &group{template: n}
		s.groups[n.Name.Text] = g
		if n.TypeName == dsl.TypeBatch {
			s.buildBatch(g, n)
			continue
		}
		for _, c := range s.copies(g, n) {
			s.add(g, n, c)
			if s.full {
				return
			}
		}
		s.checkFormer(g)
	}
}

// add makes one instance of a node template.
func (s *space) add(g *group, n *dsl.NodeTemplate, c copied) *instance {
	i := &instance{name: s.prefix + n.Name.Text, key: c.key, template: n, space: s, each: c.each}
	if g.kind != one {
		i.name += "[" + c.key + "]"
		g.byKey[c.key] = i
	}
	g.copies = append(g.copies, i)
	s.rename(i)
	s.inherit(i, s.within)
	s.fill(i)
	return i
}

// fill makes what an instance stands for.
func (s *space) fill(i *instance) {
	switch {
	case i.template.Composite != nil:
		s.buildComposite(i)
	case i.template.TypeName == dsl.TypeStack:
		s.buildStack(i)
	default:
		s.leaves = append(s.leaves, i)
		if len(s.leaves) > maxNodes && !s.full {
			s.full = true
			s.diags.Add("DSL223", i.template.Name.Range, "Expanded, the blueprint would have more than %d node templates.", maxNodes)
		}
	}
}

// inherit works out the conditions of an instance, whether it is trimmed and
// whether it is retained.
func (s *space) inherit(i *instance, from inheritance) {
	sub := substitution{space: s, each: i.each, static: true}
	i.within = from
	i.within.retain = from.retain || i.template.Retain
	if c := i.template.Condition; c != nil {
		i.within.conditions = append(slices.Clone(from.conditions), dsl.Name{Text: sub.condition(c.Text), Range: c.Range})
	}
	if d := i.template.Deploy; d != nil && from.off == "" && !s.deployed(sub.value(d, ""), d.Range) {
		i.within.off = "deploy of " + i.name + " is false"
	}
}

// deployed evaluates the property deploy.
func (s *space) deployed(v *dsl.Value, at diag.Range) bool {
	before := len(s.diags)
	known := s.eval(v)
	scalar, _ := known.Scalar()
	switch {
	case len(s.diags) > before:
	case known.IsUnknown():
		s.diags.Add("DSL306", at, "deploy depends on a value that is not known before the deployment.")
	case scalar == false || scalar == "false":
		return false
	case scalar != true && scalar != "true":
		s.diags.Add("DSL306", at, "deploy must be true or false.")
	}
	return true
}

// copied is one copy that a node template asks for.
type copied struct {
	key  string
	each *each // nil: there is only one
}

// copies tells which copies a node template asks for.
func (s *space) copies(g *group, n *dsl.NodeTemplate) []copied {
	if n.Each == nil {
		return []copied{{}}
	}
	g.byKey = map[string]*instance{}
	g.takeFormer(n.Each.Former)
	g.all, g.size = map[string]*dsl.Value{}, map[string]int{}
	if n.Each.Count != nil {
		g.kind = counted
		return s.count(n.Each.Count)
	}
	g.kind = keyed
	if v := n.Each.ForEach; v.Kind == dsl.Map {
		return s.literalKeys(v)
	}
	return s.evaluatedKeys(n.Each.ForEach)
}

func (s *space) count(v *dsl.Value) []copied {
	known, ok := s.static(v, "count")
	if !ok {
		return nil
	}
	scalar, _ := known.Scalar()
	n, ok := scalar.(int64)
	if !ok || n < 0 {
		s.diags.Add("DSL222", v.Range, "count is a whole number from 0 on; this is %s.", intrinsic.Show(known))
		return nil
	}
	if n > dsl.MaxCopies {
		s.diags.Add("DSL223", v.Range, "count asks for %d copies; at most %d are made.", n, dsl.MaxCopies)
		return nil
	}
	out := make([]copied, n)
	for k := range out {
		number := &dsl.Value{Kind: dsl.Int, Scalar: int64(k), Range: v.Range}
		out[k] = copied{strconv.Itoa(k), &each{key: number, value: number, space: s}}
	}
	return out
}

// literalKeys goes through a map that the blueprint writes out: its values
// need not be known.
func (s *space) literalKeys(v *dsl.Value) []copied {
	var out []copied
	for _, e := range v.Entries {
		if s.goodKey(e.Key.Text, e.Key.Range) {
			out = append(out, copied{e.Key.Text, &each{key: text(e.Key.Text, e.Key.Range), value: e.Value, space: s}})
		}
	}
	return out
}

func (s *space) evaluatedKeys(v *dsl.Value) []copied {
	known, ok := s.static(v, "for_each")
	if !ok {
		return nil
	}
	var out []copied
	if entries, isMap := known.Map(); isMap {
		for _, k := range known.Keys() {
			if s.goodKey(k, v.Range) {
				out = append(out, copied{k, &each{key: text(k, v.Range), value: literal(entries[k], v.Range), space: s}})
			}
		}
		return out
	}
	items, isList := known.List()
	if !isList {
		s.diags.Add("DSL222", v.Range, "for_each goes through a list of texts or a map; this is %s.", intrinsic.Show(known))
		return nil
	}
	seen := map[string]bool{}
	for i, item := range items {
		scalar, _ := item.Scalar()
		key, isText := scalar.(string)
		at := v.Range
		if v.Kind == dsl.List && i < len(v.Items) {
			at = v.Items[i].Range
		}
		switch {
		case item.HasSensitive():
			s.diags.Add("DSL222", at, "Item %d of for_each is secret, and the names of the copies would show it.", i)
		case !isText:
			s.diags.Add("DSL222", at, "for_each goes through a list of texts; item %d is %s.", i, intrinsic.Show(item))
		case seen[key]:
			s.diags.Add("DSL222", at, "The key %q stands in the list twice. Each names one copy.", key)
		case s.goodKey(key, at):
			k := text(key, at)
			out = append(out, copied{key, &each{key: k, value: k, space: s}})
		}
		seen[key] = true
	}
	return out
}

// static evaluates what decides about the number of copies.
func (s *space) static(v *dsl.Value, what string) (intrinsic.Value, bool) {
	sub := substitution{space: s, static: true}
	before := len(s.diags)
	known := s.eval(sub.value(v, ""))
	switch {
	case len(s.diags) > before:
	case known.HasSensitive() && what == "count" || known.IsSensitive():
		s.diags.Add("DSL222", v.Range, "%s comes from a secret, and the names of the copies would show it.", what)
	case known.HasUnknown():
		s.diags.Add("DSL222", v.Range, "%s depends on a value that is known only after the deployment of another node. Take it from an input, a mapping or a condition.", what)
	case known.IsNull():
		s.diags.Add("DSL222", v.Range, "%s is empty.", what)
	default:
		return known, true
	}
	return known, false
}

// goodKey holds keys to letters that can stand in a name.
func (s *space) goodKey(key string, at diag.Range) bool {
	ok := dsl.ValidCopyKey(key)
	if !ok {
		s.diags.Add("DSL222", at, dsl.InvalidCopyKey, key)
	}
	return ok
}

// buildComposite makes the space of one use of a composite.
func (s *space) buildComposite(i *instance) {
	i.composite = i.template.Composite
	i.inner = &space{
		expander: s.expander, bp: i.composite.Body, prefix: i.name + "/", stack: s.stack, outer: s,
		within: i.within, user: i, depth: s.depth + 1,
	}
	if i.inner.tooDeep(i) {
		return
	}
	for _, e := range i.template.Properties {
		if i.composite.Body.Input(e.Key.Text) == nil {
			s.diags.Add("DSL302", e.Key.Range, "The node type %q has no input %q.%s", i.composite.Name.Text, e.Key.Text, diag.DidYouMean(e.Key.Text, inputNames(i.composite.Body)))
		}
	}
	i.inner.bind(i, "DSL303", func(name string) *dsl.Value { return i.template.Property(name) })
	i.inner.build()
}

func inputNames(bp *dsl.Blueprint) []string {
	out := make([]string, len(bp.Inputs))
	for i, in := range bp.Inputs {
		out[i] = in.Name.Text
	}
	return out
}

// tooDeep refuses what contains itself, and what nests too deep.
func (s *space) tooDeep(i *instance) bool {
	for o := s.outer; o != nil; o = o.outer {
		if o.bp == s.bp {
			s.diags.Add("DSL223", i.template.Type.Range, "%s contains itself: %s.", whatOf(i), i.name)
			return true
		}
	}
	if s.depth > maxDepth {
		s.diags.Add("DSL223", i.template.Type.Range, "Composites and nested stacks are in each other more than %d levels deep: %s.", maxDepth, i.name)
		return true
	}
	return false
}

func whatOf(i *instance) string {
	if i.composite != nil {
		return fmt.Sprintf("The node type %q", i.composite.Name.Text)
	}
	return "The nested stack"
}

// bind gives the inputs of a space their values, as far as they are known
// before the deployment.
func (s *space) bind(user *instance, missing diag.Code, given func(string) *dsl.Value) {
	s.args = make(map[string]*argument, len(s.bp.Inputs))
	sub := substitution{space: user.space, each: user.each, static: true}
	for _, in := range s.bp.Inputs {
		a := &argument{input: in, user: user, expr: given(in.Name.Text), at: user.template.Name.Range}
		s.args[in.Name.Text] = a
		if a.expr != nil {
			a.at = a.expr.Range
			a.from = sub.value(a.expr, in.Name.Text)
			if a.known = s.eval(a.from); a.known.IsNull() {
				a.expr, a.from = nil, nil // as if it were not given
			}
		}
		s.fit(a, missing)
	}
}

// fit converts the value of an input to its type.
func (s *space) fit(a *argument, missing diag.Code) {
	in := a.input
	code := diag.Code("")
	switch {
	case a.expr != nil:
	case in.Default != nil:
		a.known, a.from, code = intrinsic.Of(in.Default.Plain()), in.Default, "DSL407"
	case in.Required != nil && !*in.Required:
		return
	default:
		d := diag.New(missing, a.at, "%q needs a value for %q.", a.user.name, in.Name.Text)
		s.diags = append(s.diags, d.With(in.Name.Range, "the input is declared here"))
		return
	}
	if in.Sensitive() {
		a.known = a.known.MarkSensitive()
	}
	if a.known.HasUnknown() {
		return
	}
	fitted, misfits := intrinsic.Fit(in, intrinsic.Given{Value: a.known})
	for _, m := range misfits {
		if code == "" {
			code = m.Code
		}
		text := m.Text
		d := diag.New(code, a.at, "The value of %q for %q %s.", in.Name.Text, a.user.name, text)
		d.Concealed = a.known.HasSensitive()
		s.diags = append(s.diags, d.With(in.Name.Range, "the input is declared here"))
	}
	if a.known.IsSensitive() {
		fitted = fitted.MarkSensitive()
	}
	a.known = fitted
}

// buildStack makes the space of a nested stack.
func (s *space) buildStack(i *instance) {
	sub := substitution{space: s, each: i.each, static: true}
	id := i.template.Property("templateId")
	if id == nil || s.Package == nil {
		s.diags.Add("DSL226", i.template.Type.Range, "There is no package in which the blueprint of the nested stack could be.")
		return
	}
	known := s.eval(sub.value(id, ""))
	if scalar, _ := known.Scalar(); known.Text() == "" || scalar == nil {
		s.diags.Add("DSL226", id.Range, "templateId must be known before the deployment.")
		return
	}
	bp, diags := s.Package.Stack(known.Text(), id.Range)
	s.diags = append(s.diags, diags...)
	if bp == nil || diags.HasErrors() {
		return
	}
	if !slices.Contains(s.flat.Written, bp) {
		s.flat.Written = append(s.flat.Written, bp)
	}
	i.inner = &space{expander: s.expander, bp: bp, prefix: i.name + "/", outer: s, within: i.within, user: i, depth: s.depth + 1}
	i.inner.stack = i.inner
	if i.inner.tooDeep(i) {
		return
	}
	i.inner.bind(i, "DSL401", s.stackInputs(i, bp))
	i.inner.build()
}

// stackInputs returns where the inputs of a nested stack come from. They are a
// map that the blueprint writes out, or one that is known.
func (s *space) stackInputs(i *instance, bp *dsl.Blueprint) func(string) *dsl.Value {
	given := i.template.Property("inputs")
	if given == nil || given.Kind == dsl.Null {
		return func(string) *dsl.Value { return nil }
	}
	if given.Kind != dsl.Map {
		sub := substitution{space: s, each: i.each, static: true}
		known := s.eval(sub.value(given, ""))
		if _, ok := known.Map(); !ok {
			s.diags.Add("DSL304", given.Range, "The inputs of a nested stack are a map that is known before the deployment.")
			return func(string) *dsl.Value { return nil }
		}
		given = literal(known, given.Range)
		if given.Kind == dsl.Call {
			given = given.Argument
		}
	}
	for _, e := range given.Entries {
		if bp.Input(e.Key.Text) == nil {
			s.diags.Add("DSL402", e.Key.Range, "The blueprint %s declares no input %q.%s", bp.File, e.Key.Text, diag.DidYouMean(e.Key.Text, inputNames(bp)))
		}
	}
	return given.Get
}

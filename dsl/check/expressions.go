package check

import (
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

// expression checks the names that the functions inside a value use. n is the
// node template that the value belongs to, or nil.
func (c *checker) expression(v *dsl.Value, n *dsl.NodeTemplate) {
	v.Walk(func(v *dsl.Value) bool {
		if v.Kind != dsl.Call {
			return v.Kind == dsl.List || v.Kind == dsl.Map
		}
		switch v.Function.Text {
		case dsl.GetInput:
			c.inputName(v.Argument)
		case dsl.GetReference:
			c.referenced(v, n)
		case dsl.GetAttribute:
			c.attribute(v.Argument.Items, n)
		case dsl.GetInMap:
			c.mapEntry(v.Argument.Items)
		case dsl.CondIf:
			c.conditionNames(v.Argument.Items[0])
		}
		return true
	})
}

// referenced checks get_reference: a composite must say what its reference is.
// Which of the two names is meant, the property that receives it decides.
func (c *checker) referenced(v *dsl.Value, n *dsl.NodeTemplate) {
	target := c.target(nameOf(v.Argument), n)
	if target == nil || target.Composite == nil || target.Composite.Attribute("refID") != nil || target.Composite.Attribute("refName") != nil {
		return
	}
	c.diags = append(c.diags, diag.New("DSL202", v.Argument.Range, "The node type %q has neither an attribute refID nor refName, so get_reference has nothing to read. Declare one of them, or use get_attribute.", target.Type.Text).
		With(target.Composite.Name.Range, "the node type is declared here"))
}

func nameOf(v *dsl.Value) dsl.Name { return dsl.Name{Text: v.Text(), Range: v.Range} }

func (c *checker) inputName(arg *dsl.Value) {
	name, d := arg.Text(), c.bp.Dialect
	if c.inputs[name] != nil {
		return
	}
	if short, ok := strings.CutPrefix(name, d.Prefix); ok && intrinsic.IsPseudo(short) {
		return
	}
	if short, ok := strings.CutPrefix(name, d.Other().Prefix); ok && intrinsic.IsPseudo(short) {
		c.diags.Add("DSL114", arg.Range, "The blueprint is of dialect %s; write %s.", d.Version, d.Prefix+short)
		return
	}
	known := make([]string, 0, len(c.bp.Inputs))
	for _, in := range c.bp.Inputs {
		known = append(known, in.Name.Text)
	}
	for _, p := range intrinsic.PseudoInputs() {
		known = append(known, d.Prefix+p)
	}
	owner := "blueprint"
	if c.bp.Enclosing != nil {
		owner = "node type" // which sees its own inputs only
	}
	c.diags.Add("DSL201", arg.Range, "The %s declares no input named %q.%s", owner, name, c.suggest(name, known))
}

func (c *checker) attribute(args []*dsl.Value, n *dsl.NodeTemplate) {
	target := c.target(nameOf(args[0]), n)
	if target == nil {
		return
	}
	if target.Composite != nil {
		c.composedAttribute(target, args)
		return
	}
	typ, name := c.cat[target.TypeName], args[1].Text()
	if target.TypeName == dsl.TypeStack {
		typ = c.typeOf(target)
	}
	if typ == nil || typ.Attributes[name] != nil {
		return
	}
	hint := c.suggest(name, attributeNames(typ))
	if typ.Properties != nil && typ.Properties.Properties[name] != nil && hint == "" {
		hint = " It is a property, which blueprints can't read; use the same input or literal."
	}
	c.diags = append(c.diags, diag.New("DSL202", args[1].Range, "Elements of type %s have no attribute %q.%s They have: %s.", target.Type.Text, name, hint, strings.Join(attributeNames(typ), ", ")).
		With(target.Name.Range, "the node template is declared here"))
}

// mapEntry checks get_in_map as far as its arguments are literal.
func (c *checker) mapEntry(args []*dsl.Value) {
	m := c.bp.Mapping(args[0].Text())
	if m == nil {
		names := make([]string, len(c.bp.Mappings))
		for i, o := range c.bp.Mappings {
			names[i] = o.Name.Text
		}
		c.diags.Add("DSL203", args[0].Range, "The blueprint has no mapping named %q.%s", args[0].Text(), c.suggest(args[0].Text(), names))
		return
	}
	if args[1].Kind == dsl.Call || args[2].Kind == dsl.Call {
		return
	}
	_, diags := intrinsic.Eval(call(dsl.GetInMap, args), c.scope)
	c.diags = append(c.diags, diags...)
}

func call(function string, args []*dsl.Value) *dsl.Value {
	return &dsl.Value{Kind: dsl.Call, Function: dsl.Name{Text: function}, Argument: &dsl.Value{Kind: dsl.List, Items: args}}
}

// conditionNames checks the names of conditions inside a condition.
func (c *checker) conditionNames(v *dsl.Value) {
	for _, name := range namedConditions(v) {
		if c.bp.Condition(name.Text) == nil {
			c.unknownCondition(name)
		}
	}
}

// namedConditions lists the conditions that a condition uses by name. Texts
// elsewhere, such as the arguments of cond_eq, are data.
func namedConditions(v *dsl.Value) []dsl.Name {
	switch {
	case v.Kind == dsl.String:
		return []dsl.Name{nameOf(v)}
	case v.Kind != dsl.Call:
		return nil
	}
	switch v.Function.Text {
	case dsl.CondNot:
		return namedConditions(v.Argument)
	case dsl.CondIf:
		return namedConditions(v.Argument.Items[0])
	case dsl.CondAnd, dsl.CondOr:
		var out []dsl.Name
		for _, m := range v.Argument.Items {
			out = append(out, namedConditions(m)...)
		}
		return out
	}
	return nil
}

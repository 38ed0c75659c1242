package check

import (
	"maps"
	"slices"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

// call checks a function that stands for a property: what type it gives, as
// far as that is declared, and to what it refers. Once its value is known the
// value itself is checked, and the type not again.
func (j *judge) call(s *spot, p *dsl.Property, call *dsl.Value, unknown bool) {
	if j.bp == nil {
		return // evaluated properties: the blueprint was checked before
	}
	j.reference(s, p, call)
	if !unknown {
		return
	}
	if call.Function.Text == dsl.CondIf {
		for _, branch := range call.Argument.Items[1:] {
			v, _ := intrinsic.Eval(branch, j.scope) // reported with the whole
			part := *s
			part.source = branch
			if !v.IsNull() {
				j.value(&part, p, intrinsic.Complete(v, p))
			}
		}
		return
	}
	typ, origin := j.resultType(call)
	if typ == "" || p.Type == "" || typ == p.Type || typ == "integer" && p.Type == "number" || typ == "number" && p.Type == "integer" {
		return
	}
	d := diag.New("DSL304", call.Range, "The property %q is %s, but %s gives %s.", s.path(), typeName(p.Type), call.Function.Text, typeName(typ))
	if !origin.IsZero() {
		d = d.With(origin, "its type is declared here")
	}
	j.diags = append(j.diags, d)
}

// resultType returns the type that a function is known to give, in words of
// JSON Schema, and where it is declared; "" if it is not known.
func (c *checker) resultType(call *dsl.Value) (string, diag.Range) {
	switch call.Function.Text {
	case dsl.GetInput:
		if in := c.inputs[call.Argument.Text()]; in != nil {
			return inputType(in), in.Type.Range
		}
	case dsl.GetAttribute:
		return c.attributeType(call.Argument.Items), diag.Range{}
	case dsl.GetReference:
		if i, ok := c.nodes[call.Argument.Text()]; ok && c.bp.Nodes[i].Each != nil {
			return c.attributeType([]*dsl.Value{call.Argument, call.Argument}), diag.Range{}
		}
		return "string", diag.Range{}
	case dsl.Concat, dsl.Base64Encode, dsl.Replace:
		return "string", diag.Range{}
	case dsl.Split:
		return "array", diag.Range{}
	case dsl.GetListLength:
		return "integer", diag.Range{}
	}
	return "", diag.Range{}
}

func inputType(in *dsl.Input) string {
	switch in.Type.Text {
	case "integer", "boolean":
		return in.Type.Text
	case "float":
		return "number"
	case "list":
		return "array"
	case "map":
		return "object"
	}
	if in.IsText() {
		return "string"
	}
	return "" // an enum may hold anything, and so may an input without type
}

// attributeType follows the arguments of get_attribute into the type of the
// attribute.
func (c *checker) attributeType(args []*dsl.Value) string {
	base, _, keyed := dsl.CutKey(args[0].Text())
	i, ok := c.nodes[args[0].Text()]
	if !ok {
		i, ok = c.nodes[base]
	}
	if !ok {
		return ""
	}
	if each := c.bp.Nodes[i].Each; each != nil && !keyed {
		switch {
		case len(args) > 2:
			return ""
		case each.Count != nil:
			return "array"
		}
		return "object"
	}
	typ := c.cat[c.bp.Nodes[i].TypeName]
	if typ == nil {
		return ""
	}
	p := typ.Attributes[args[1].Text()]
	for _, key := range args[2:] {
		switch {
		case p == nil:
			return ""
		case p.Items != nil:
			p = p.Items
		default:
			p = p.Properties[key.Text()]
		}
	}
	if p == nil {
		return ""
	}
	return p.Type
}

// reference checks that a reference leads to a node template of the type whose
// ID or name the property expects.
func (j *judge) reference(s *spot, p *dsl.Property, call *dsl.Value) {
	r, ok := intrinsic.ReferenceOf(call)
	if !ok || p.Reference == "" || r.Attribute != "" && r.Attribute != "refID" && r.Attribute != "refName" {
		return
	}
	i, ok := j.nodes[r.Node]
	if !ok {
		return
	}
	if target := j.bp.Nodes[i]; !noCatalogue(target) && target.TypeName != p.Reference {
		j.wrongReference(r.Range, s.path(), p.Reference, target)
	}
}

func (c *checker) wrongReference(at diag.Range, property, wanted string, target *dsl.NodeTemplate) {
	c.diags = append(c.diags, diag.New("DSL210", at, "The property %q takes an object of type %s, but %q is of type %s.",
		property, c.bp.Dialect.Written(wanted), target.Name.Text, target.Type.Text).
		With(target.Name.Range, "%q is declared here", target.Name.Text))
}

func attributeNames(typ *dsl.NodeType) []string { return slices.Sorted(maps.Keys(typ.Attributes)) }

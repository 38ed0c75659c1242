package dsl

import (
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/internal/yamltree"
)

var inputKeys = []string{"advanced", "constraints", "default", "description", "immutable", "invisible", "items", "label", "required", "type"}

// input reads the declaration of one input (section 4).
func (p *parser) input(e yamltree.Pair) *Input {
	in := &Input{Name: p.name(e.Key), Range: diag.Range{File: p.file, Start: e.Key.Start, End: e.Value.End}}
	if e.Value.Kind == yamltree.Null {
		return in // just a name
	}
	if e.Value.Kind != yamltree.Map {
		p.wrongForm(e.Value, "An input is a map with the keys %s", strings.Join(inputKeys, ", "))
		return in
	}
	var def *yamltree.Node
	for _, pair := range e.Value.Pairs {
		switch pair.Key.Text {
		case "type":
			in.Type = p.nameValue(pair)
		case "items":
			in.Items = p.nameValue(pair)
		case "default":
			def = pair.Value
		case "required":
			b := p.boolean(pair)
			in.Required = &b
		case "description":
			in.Description = p.text(pair)
		case "label":
			in.Label = p.text(pair)
		case "constraints":
			in.Constraints = p.constraints(pair)
		case "advanced":
			in.Advanced = p.boolean(pair)
		case "immutable":
			in.Immutable = p.boolean(pair)
		case "invisible":
			in.Invisible = p.boolean(pair)
		default:
			p.unknownKey(pair.Key, "an input", inputKeys)
		}
	}
	p.inputDefault(in, def)
	return in
}

// inputDefault converts the default. Where the declared type is a text, a
// scalar keeps the spelling of the document: 1.10 is not 1.1.
func (p *parser) inputDefault(in *Input, def *yamltree.Node) {
	if def == nil || def.Kind == yamltree.Null {
		if in.Advanced {
			p.diags.Add("DSL108", in.Name.Range, "The input %q is advanced, that is hidden from the user, so it needs a default.", in.Name.Text)
		}
		return
	}
	in.Default = p.constant(def)
	switch in.Default.Kind {
	case Bool, Int, Float:
		if in.IsText() {
			in.Default.Kind, in.Default.Scalar = String, def.Text
		}
	}
}

// IsText reports whether the declared type says that values are texts.
func (i *Input) IsText() bool {
	switch i.Type.Text {
	case "string", "secret", "password", "ip":
		return true
	}
	return strings.Contains(i.Type.Text, ".")
}

func (p *parser) constraints(pair yamltree.Pair) []Constraint {
	switch pair.Value.Kind {
	case yamltree.Null:
		return nil
	case yamltree.Map:
	default:
		p.wrongForm(pair.Value, "Constraints are a map from operators to arguments, such as {in_range: [1, 5]}")
		return nil
	}
	out := make([]Constraint, 0, len(pair.Value.Pairs))
	for _, e := range pair.Value.Pairs {
		out = append(out, Constraint{Operator: p.name(e.Key), Argument: p.constant(e.Value)})
	}
	return out
}

// Given is a value for an input from outside of the blueprint.
type Given struct {
	Name string
	// Value is plain JSON data, or the text of a flag or an environment
	// variable.
	Value any
	// IsText tells that Value is such a text, to be read by the declared type.
	IsText bool
	// Spelling is a scalar as its file writes it, for inputs that are texts.
	Spelling string
	Source   string     // where it comes from, such as "--input" or a file name
	Range    diag.Range // of the value in its file; zero if there is none
	Whole    diag.Range // from the name to the end of the value; zero if there is none
}

// ParseInputs reads a file of input values: a YAML or JSON map from names to
// values. Values are data; functions have no meaning here.
func ParseInputs(file string, src []byte) ([]Given, diag.List) {
	root, diags := yamltree.Parse(file, src)
	p := &parser{file: file, diags: diags}
	switch {
	case root == nil || root.Kind == yamltree.Null:
		return nil, p.diags.Sorted()
	case root.Kind != yamltree.Map:
		p.diags.Add("DSL408", p.rng(root), "The file is a map from input names to values; this is %s.", kindOf(root))
		return nil, p.diags.Sorted()
	}
	out := make([]Given, 0, len(root.Pairs))
	for _, pair := range root.Pairs {
		out = append(out, Given{
			Name: pair.Key.Text, Value: p.value(pair.Value, 0).Plain(), Spelling: pair.Value.Text,
			Source: file, Range: p.rng(pair.Value), Whole: diag.Range{File: file, Start: pair.Key.Start, End: pair.Value.End},
		})
	}
	return out, p.diags.Sorted()
}

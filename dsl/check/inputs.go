package check

import (
	"errors"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

// inputTypes are those of section 4.2 that are plain words.
// Lists and maps are not in AOS.
var inputTypes = []string{"boolean", "enum", "float", "integer", "ip", "list", "map", "password", "secret", "string"}

// input checks the declaration of an input.
func (c *checker) input(in *dsl.Input) {
	c.inputType(in)
	before := len(c.diags)
	for i := range in.Constraints {
		c.constraint(&in.Constraints[i])
	}
	if len(c.diags) > before || in.Default == nil {
		return
	}
	_, misfits := intrinsic.Fit(in, intrinsic.Given{Value: in.Default.Plain()})
	for _, m := range misfits {
		d := diag.New("DSL407", in.Default.Range, "The default of input %q %s.", in.Name.Text, m.Text)
		d.Concealed = in.Sensitive()
		c.diags = append(c.diags, d)
	}
}

func (c *checker) inputType(in *dsl.Input) {
	typ, d := in.Type.Text, c.bp.Dialect
	c.itemType(in)
	for _, known := range inputTypes {
		if typ == known {
			c.enum(in)
			return
		}
	}
	switch {
	case typ == "":
	case strings.HasPrefix(typ, d.Other().Prefix):
		c.diags.Add("DSL114", in.Type.Range, "The blueprint is of dialect %s; write %s.", d.Version, d.Prefix+strings.TrimPrefix(typ, d.Other().Prefix))
	case !strings.Contains(typ, "."):
		hint := diag.DidYouMean(typ, inputTypes)
		if advice := otherTypes(typ); advice != "" {
			hint = advice
		}
		c.diags.Add("DSL405", in.Type.Range, "No input type is named %q.%s The types are %s, and names with dots such as %sVPC.Subnet.Id.", typ, hint, strings.Join(inputTypes, ", "), d.Prefix)
	}
}

// otherTypes says what to write for types of other languages.
func otherTypes(typ string) string {
	switch typ {
	case "json", "any", "object":
		return " Leave the type out to pass a value on as it is, or write list or map."
	case "array":
		return " Write list."
	case "int":
		return " Write integer."
	case "number":
		return " Write integer or float."
	case "bool":
		return " Write boolean."
	}
	return ""
}

// itemType checks the type of the items of a list or a map.
func (c *checker) itemType(in *dsl.Input) {
	item := in.Items
	switch {
	case item.Text == "":
	case in.Type.Text != "list" && in.Type.Text != "map":
		c.diags.Add("DSL107", item.Range, "Only inputs of type list and map have items.")
	case item.Text == "enum" || item.Text == "password" || item.Text == "secret":
		c.diags.Add("DSL405", item.Range, "The items of an input can't be of type %s. A secret is an input of its own; choices are checked with valid_values on a single value.", item.Text)
	case !strings.Contains(item.Text, ".") && !slices.Contains(inputTypes, item.Text):
		c.diags.Add("DSL405", item.Range, "No input type is named %q.%s", item.Text, diag.DidYouMean(item.Text, inputTypes))
	}
}

func (c *checker) enum(in *dsl.Input) {
	if in.Type.Text != "enum" {
		return
	}
	for _, k := range in.Constraints {
		if k.Operator.Text == "valid_values" {
			return
		}
	}
	c.diags.Add("DSL406", in.Type.Range, "An input of type enum lists its choices: add constraints with valid_values.")
}

var operators = []string{"equal", "greater_or_equal", "greater_than", "in_range", "less_or_equal", "less_than", "max_length", "min_length", "regex", "valid_values"}

// constraint checks operator and argument (section 4.3).
func (c *checker) constraint(k *dsl.Constraint) {
	op, arg := k.Operator, k.Argument
	wanted := ""
	switch op.Text {
	case "in_range":
		if len(arg.Items) != 2 || !isNumber(arg.Items[0]) || !isNumber(arg.Items[1]) || above(arg.Items[0], arg.Items[1]) {
			wanted = "a list of two numbers, minimum and maximum"
		}
	case "valid_values":
		if len(arg.Items) == 0 || !allScalars(arg.Items) {
			wanted = "a list of texts, numbers or booleans"
		}
	case "regex":
		if arg.Kind != dsl.String {
			wanted = "a regular expression in quotes"
		} else if _, err := intrinsic.Pattern(arg.Text()); err != nil {
			wanted = "a regular expression (RE2)"
			if fault := (*syntax.Error)(nil); errors.As(err, &fault) {
				wanted += ", and this has a fault: " + fault.Code.String()
			}
		}
	case "equal":
		if !allScalars([]*dsl.Value{arg}) {
			wanted = "a text, a number or a boolean"
		}
	case "greater_or_equal", "greater_than", "less_or_equal", "less_than":
		if !isNumber(arg) {
			wanted = "a number"
		}
	case "min_length", "max_length":
		if n, ok := arg.Scalar.(int64); !ok || n < 0 {
			wanted = "a whole number from 0 on"
		}
	default:
		c.diags.Add("DSL406", op.Range, "No constraint is named %q.%s The constraints are %s.", op.Text, diag.DidYouMean(op.Text, operators), strings.Join(operators, ", "))
		return
	}
	if wanted != "" {
		c.diags.Add("DSL406", arg.Range, "The argument of %s must be %s.", op.Text, wanted)
	}
}

func isNumber(v *dsl.Value) bool { return v.Kind == dsl.Int || v.Kind == dsl.Float }

func above(a, b *dsl.Value) bool { return asFloat(a) > asFloat(b) }

func asFloat(v *dsl.Value) float64 {
	if i, ok := v.Scalar.(int64); ok {
		return float64(i)
	}
	f, _ := v.Scalar.(float64)
	return f
}

func allScalars(items []*dsl.Value) bool {
	for _, v := range items {
		switch v.Kind {
		case dsl.Bool, dsl.Int, dsl.Float, dsl.String:
		default:
			return false
		}
	}
	return true
}

package editor

import (
	"fmt"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl"
)

// input is the declaration of an input.
func input() Schema {
	number := Schema{"type": "number"}
	scalar := Schema{"type": list{"string", "number", "boolean"}}
	length := Schema{"type": "integer", "minimum": 0}
	typ := func(d string, words ...any) Schema {
		return Schema{"description": d, "anyOf": list{
			Schema{"enum": words}, Schema{"type": "string", "pattern": "^[^.]+(\\.[^.]+)+$"},
		}}
	}
	return Schema{
		"type": list{"object", "null"}, "additionalProperties": false,
		"properties": Schema{
			"type": typ("The type: a word, or the name of a cloud object such as Cloud.VPC.Subnet.Id, whose value is a text. list and map are not in AOS.",
				"string", "integer", "float", "boolean", "enum", "password", "secret", "ip", "list", "map"),
			"items":       typ("Type of the items of a list, or of the values of a map.", "string", "integer", "float", "boolean", "ip", "list", "map"),
			"default":     about("The value if none is given.", ref("constant")),
			"required":    flag("false: the input may be left without a value."),
			"description": text("What the input is for. Chinese and English may be joined by ##."),
			"label":       text("The group it is shown under."),
			"advanced":    flag("true: hidden from the user; needs a default."),
			"immutable":   flag("true: fixed once the stack is deployed."),
			"invisible":   flag("true: the value is never shown."),
			"constraints": Schema{
				"description": "What a value must fulfil, all of it.", "type": list{"object", "null"}, "additionalProperties": false,
				"properties": Schema{
					"in_range":     Schema{"type": "array", "items": number, "minItems": 2, "maxItems": 2, "description": "Minimum and maximum, both included."},
					"regex":        Schema{"type": "string", "format": "regex", "description": "A regular expression that the whole value matches."},
					"valid_values": Schema{"type": "array", "minItems": 1, "items": scalar, "description": "The choices."},
					"equal":        scalar, "greater_or_equal": number, "greater_than": number, "less_or_equal": number, "less_than": number,
					"min_length": length, "max_length": length,
				},
			},
		},
		"allOf": list{
			Schema{
				"if":   Schema{"type": "object", "required": list{"advanced"}, "properties": Schema{"advanced": Schema{"const": true}}},
				"then": Schema{"required": list{"default"}, "properties": Schema{"default": Schema{"not": Schema{"type": "null"}}}},
			},
			Schema{
				"if": ofType("enum"),
				"then": Schema{
					"required":   list{"constraints"},
					"properties": Schema{"constraints": Schema{"type": "object", "required": list{"valid_values"}}},
				},
			},
			Schema{
				"if":   Schema{"type": "object", "required": list{"items"}},
				"then": Schema{"required": list{"type"}, "properties": Schema{"type": Schema{"enum": list{"list", "map"}}}},
			},
			Schema{"if": ofType("integer"), "then": defaultOf("integer", "^\\s*[+-]?[0-9]+\\s*$")},
			Schema{"if": ofType("float"), "then": defaultOf("number", "[0-9]")},
			Schema{"if": ofType("boolean"), "then": defaultOf("boolean", "^\\s*([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])\\s*$")},
			Schema{"if": ofType("string", "password", "secret", "ip"), "then": Schema{"properties": Schema{"default": Schema{"type": list{"string", "number", "boolean", "null"}}}}},
			Schema{"if": ofType("list"), "then": Schema{"properties": Schema{"default": Schema{"type": list{"array", "null"}}}}},
			Schema{"if": ofType("map"), "then": Schema{"properties": Schema{"default": Schema{"type": list{"object", "null"}}}}},
		},
	}
}

func ofType(types ...any) Schema {
	return Schema{"type": "object", "required": list{"type"}, "properties": Schema{"type": Schema{"enum": types}}}
}

// defaultOf is a default of a type, or the text of one.
func defaultOf(typ, pattern string) Schema {
	return Schema{"properties": Schema{"default": Schema{"type": list{typ, "string", "null"}, "pattern": pattern}}}
}

// Inputs returns the schema of files with values for the inputs of a blueprint.
// No input is required in a file: values may come from elsewhere too.
func Inputs(bp *dsl.Blueprint) Schema {
	properties := Schema{}
	for _, in := range bp.Inputs {
		properties[in.Name.Text] = inputValue(in)
	}
	return Schema{
		"$schema": draft, "title": "Inputs of " + bp.File, "description": english(bp.Description),
		"type": list{"object", "null"}, "properties": properties, "additionalProperties": false,
	}
}

// inputValue is what may be given for an input; null counts as nothing given.
func inputValue(in *dsl.Input) Schema {
	value := Schema{}
	types := list{}
	switch {
	case in.Type.Text == "integer" || in.Type.Text == "boolean":
		types = list{in.Type.Text, "string"}
	case in.Type.Text == "float":
		types = list{"number", "string"}
	case in.Type.Text == "list":
		types = list{"array"}
	case in.Type.Text == "map":
		types = list{"object"}
	case in.IsText() || in.Type.Text == "enum":
		types = list{"string", "number", "boolean"}
	}
	if len(types) > 0 {
		value["type"] = append(types, "null")
	}
	facts := []string{english(in.Description)}
	if in.Default == nil && (in.Required == nil || *in.Required) {
		facts = append(facts, "Required.")
	}
	if in.Sensitive() {
		facts = append(facts, "Never shown. Better kept out of files: give it in the environment.")
	}
	if in.Immutable {
		facts = append(facts, "Fixed once the stack is deployed.")
	}
	if d := strings.TrimSpace(strings.Join(facts, " ")); d != "" {
		value["description"] = d
	}
	if in.Default != nil && !in.Sensitive() {
		value["default"] = in.Default.Plain()
	}
	for _, c := range in.Constraints {
		constraint(value, in, c)
	}
	return value
}

// constraint adds one constraint, as far as JSON Schema can say it.
func constraint(s Schema, in *dsl.Input, c dsl.Constraint) {
	arg := c.Argument.Plain()
	switch c.Operator.Text {
	case "in_range":
		if span, ok := arg.([]any); ok && len(span) == 2 {
			s["minimum"], s["maximum"] = span[0], span[1]
		}
	case "greater_or_equal":
		s["minimum"] = arg
	case "less_or_equal":
		s["maximum"] = arg
	case "greater_than":
		s["exclusiveMinimum"] = arg
	case "less_than":
		s["exclusiveMaximum"] = arg
	case "equal":
		s["enum"] = choices(list{arg})
	case "valid_values":
		if all, ok := arg.([]any); ok {
			s["enum"] = choices(all)
		}
	case "regex":
		// What Go's expressions have beyond those of editors begins so.
		if expr := c.Argument.Text(); !strings.Contains(strings.ReplaceAll(expr, "(?:", ""), "(?") && in.IsText() {
			s["pattern"] = "^(?:" + expr + ")$"
		}
	case "min_length", "max_length":
		keyword := map[string]string{"list": "Items", "map": "Properties"}[in.Type.Text]
		if keyword == "" {
			keyword = "Length"
		}
		s[c.Operator.Text[:3]+keyword] = arg
	}
}

// choices adds to each choice its text, since values are compared as texts, and
// nothing, which leaves the input to its default.
func choices(all list) list {
	out := list{}
	out = append(out, all...)
	for _, x := range all {
		if _, isText := x.(string); !isText {
			out = append(out, fmt.Sprint(x))
		}
	}
	return append(out, nil)
}

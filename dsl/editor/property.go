package editor

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl"
)

// typeProperties are the properties of a node type. Every node template can
// have deploy among them.
func typeProperties(t *dsl.NodeType) Schema {
	p := t.Properties
	if p == nil {
		p = &dsl.Property{Type: "object", Open: true}
	}
	s := typed(p)
	s["description"] = t.Description
	s["properties"].(Schema)["deploy"] = deploy()
	if len(p.Required) == 0 {
		s["type"] = list{"object", "null"}
	}
	if rules := typeRules(t); len(rules) > 0 {
		s["allOf"] = rules
	}
	return s
}

// property is a value of the type that the catalogue asks for, or a function.
// What is not required may also be left empty.
func property(p *dsl.Property, required bool) Schema {
	s := Schema{}
	if d := description(p); d != "" {
		s["description"] = d
	}
	if p.Default != nil {
		s["default"] = p.Default
	}
	if p.Type == "" && !p.Constrained() {
		s["allOf"] = list{ref("data")}
		return s
	}
	choices := list{typed(p), ref("function")}
	if !required {
		choices = append(choices, Schema{"type": "null"})
	}
	s["anyOf"] = choices
	return s
}

// typed is the value itself, without functions in its place; they may stand in
// the place of its parts.
func typed(p *dsl.Property) Schema {
	s := Schema{}
	constrain(s, p.Constraints())
	if p.Type != "" {
		s["type"] = p.Type
	}
	switch {
	case p.Type == "object":
		object(s, p)
	case p.Items != nil:
		s["items"] = property(p.Items, true)
	}
	return s
}

func object(s Schema, p *dsl.Property) {
	properties := Schema{}
	for _, name := range slices.Sorted(maps.Keys(p.Properties)) {
		properties[name] = property(p.Properties[name], slices.Contains(p.Required, name))
	}
	s["properties"] = properties
	if len(p.Required) > 0 {
		s["required"] = p.Required
	}
	switch {
	case p.Additional != nil:
		s["additionalProperties"] = property(p.Additional, true)
	case p.Open:
		s["additionalProperties"] = ref("data")
	default:
		s["additionalProperties"] = false
	}
}

// constrain adds the constraints of a value, which the catalogue writes in the
// words of a later draft.
func constrain(s Schema, constraints json.RawMessage) {
	var all Schema
	if len(constraints) == 0 || json.Unmarshal(constraints, &all) != nil {
		return
	}
	for keyword, v := range all {
		if keyword == "dependentRequired" {
			keyword = "dependencies"
		}
		s[keyword] = v
	}
}

// description is what an editor shows: the text of the catalogue, and what
// else is worth knowing before one writes a value.
func description(p *dsl.Property) string {
	parts := []string{p.Description}
	if p.Reference != "" {
		parts = append(parts, "Refers to a "+dsl.TypeLabel(p.Reference)+": {get_reference: NODE}.")
	}
	if p.File != nil {
		parts = append(parts, "It "+p.File.String()+".")
	}
	if p.Sensitive {
		parts = append(parts, "Never shown: take it from an input of type password.")
	}
	if p.Immutable {
		parts = append(parts, "A change replaces the element.")
	}
	if p.Recorded != "" {
		parts = append(parts, "A change is only recorded: "+p.Recorded+".")
	}
	if p.Least != nil {
		parts = append(parts, "A change that asks for no more than there is, is only recorded: "+p.Least.Why+".")
	}
	if p.OneWay != "" {
		parts = append(parts, "A change can't be undone: "+p.OneWay+".")
	}
	if p.Undo != "" {
		parts = append(parts, "A decrease can't be undone as it was: "+p.Undo+".")
	}
	return strings.TrimSpace(strings.Join(parts, " "))
}

// specialTypes are the properties of the types that mean something to the
// language itself.
func specialTypes() Schema {
	words := func(d string) Schema {
		return Schema{"description": d, "anyOf": list{Schema{"type": "string"}, ref("function")}}
	}
	anything := func(d string) Schema { return about(d, ref("data")) }
	closed := func(d string, required list, properties Schema) Schema {
		properties["deploy"] = deploy()
		return Schema{"description": d, "type": "object", "required": required, "properties": properties, "additionalProperties": false}
	}
	return Schema{
		dsl.TypeStack: closed("A nested stack: another blueprint of the package, deployed with this one.", list{"templateId"}, Schema{
			"templateId": words("File of the blueprint in the package."), "inputs": anything("Values for its inputs."),
			"description": words("What it is for."), "clusterId": words("Without effect."),
			"failureStrategy": Schema{"description": "A nested stack can't be rolled back alone.", "enum": list{"DoNothing"}, "default": "DoNothing"},
		}),
		dsl.TypeBatch: closed("Makes many copies of a few nodes.", list{"items", "limit"}, Schema{
			"items":  Schema{"description": "What is made in each round.", "type": "array", "minItems": 1, "maxItems": 10, "items": batchItem()},
			"limit":  Schema{"description": "Number of rounds.", "anyOf": list{Schema{"type": "integer", "minimum": 1, "maximum": 500}, ref("function")}},
			"step":   Schema{"description": "Most rounds at once. Default: all.", "anyOf": list{Schema{"type": "integer", "minimum": 1, "maximum": 100}, ref("function")}},
			"values": anything("Variables for all items."),
		}),
		dsl.TypeExternal: closed("A node of another stack, whose attributes can be read.", list{"stackName", "nodeName"}, Schema{
			"stackName": words("The other stack."), "nodeName": words("The node in it."),
		}),
	}
}

func batchItem() Schema {
	return Schema{
		"type": "object", "required": list{"element"}, "additionalProperties": false,
		"properties": Schema{
			"element":    Schema{"type": "string", "description": "The node type."},
			"properties": Schema{"type": list{"string", "null"}, "not": Schema{"pattern": `\{[%#]|\{\{[^}]*\|`}, "description": "The properties as YAML text, with {{ item }}, {{ limit }}, {{ offset }} and the variables of values."},
			"values": Schema{
				"description": "Variables.", "type": list{"object", "null"},
				"propertyNames": Schema{"pattern": "^[a-zA-Z_][a-zA-Z0-9_]*$"}, "additionalProperties": ref("data"),
			},
		},
	}
}

package editor

import (
	"slices"

	"github.com/orchestrate-tosca/orchestrate/dsl"
)

// typeRules are the rules between the properties of a node type, as far as a
// JSON Schema can look: not into functions and not at addresses.
func typeRules(t *dsl.NodeType) list {
	var out list
	for _, r := range t.Rules {
		then, ok := r.Then.(map[string]any)
		if !ok || then["not"] != nil { // an entry that is left empty counts as not given
			continue
		}
		rule := Schema{"then": orFunctions(then)}
		rule["then"].(Schema)["description"] = r.Message + " " + r.Advice
		rule["if"] = Schema{}
		if when, ok := r.When.(map[string]any); ok {
			rule["if"] = withDefaults(when, t.Properties)
		}
		out = append(out, rule)
	}
	return out
}

// withDefaults is a condition that holds as well where a property is left out
// whose default fulfils it.
func withDefaults(when map[string]any, p *dsl.Property) Schema {
	out := Schema{}
	for keyword, v := range when {
		out[keyword] = v
	}
	named, _ := when["properties"].(map[string]any)
	required, _ := when["required"].([]any)
	required = slices.DeleteFunc(slices.Clone(required), func(name any) bool {
		text, _ := name.(string)
		condition, ok := named[text].(map[string]any)
		q := p.Properties[text]
		return ok && q != nil && q.Default != nil && isDefault(condition, q.Default)
	})
	delete(out, "required")
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}

// isDefault knows the conditions that the catalogue puts on properties with a
// default.
func isDefault(condition map[string]any, value any) bool {
	if v, ok := condition["const"]; ok {
		return v == value
	}
	choices, _ := condition["enum"].([]any)
	return slices.Contains(choices, value)
}

// orFunctions lets a function, or nothing, stand in the place of each property
// and item that a schema speaks of.
func orFunctions(schema map[string]any) Schema {
	out := Schema{}
	for keyword, v := range schema {
		switch keyword {
		case "properties":
			named := Schema{}
			for name, sub := range v.(map[string]any) {
				named[name] = orFunction(sub)
			}
			out[keyword] = named
		case "items":
			out[keyword] = orFunction(v)
		default:
			out[keyword] = v
		}
	}
	return out
}

func orFunction(schema any) any {
	s, ok := schema.(map[string]any)
	if !ok {
		return schema
	}
	return Schema{"anyOf": list{orFunctions(s), ref("function"), Schema{"type": "null"}}}
}

// Package editor owns what an editor needs to help with blueprints: JSON
// Schemas of the language, made from the catalogue and the language's own
// tables, so that a YAML language server completes, explains and checks while
// one types. A Catalogue, or a Blueprint for its inputs, comes in; a schema
// comes out as plain JSON data. What a schema can't say, above all what names
// refer to, is left to check.
//
// The schemas are draft-07: all of it is understood by the YAML language server
// in all its versions, while of the later drafts it knows parts. In draft-07,
// keywords beside a $ref are ignored, so that a $ref stands alone here.
package editor

import (
	"fmt"
	"maps"
	"slices"

	"github.com/orchestrate-tosca/orchestrate/dsl"
)

// Schema is a JSON Schema as plain data.
type Schema = map[string]any

const draft = "http://json-schema.org/draft-07/schema#"

// list is short for a list of anything in a schema.
type list = []any

func ref(definition string) Schema { return Schema{"$ref": "#/definitions/" + definition} }

// about gives a referenced definition a description of its own.
func about(description string, definition Schema) Schema {
	return Schema{"description": description, "allOf": list{definition}}
}

func text(description string) Schema {
	return Schema{"description": description, "type": list{"string", "number", "boolean", "null"}}
}

func flag(description string) Schema { return Schema{"description": description, "type": "boolean"} }

// namePattern is the rule for the names that a blueprint gives.
const namePattern = "^[A-Za-z0-9_][A-Za-z0-9_-]{0,127}$"

// section is a map from names to something.
func section(description string, entry Schema) Schema {
	return Schema{
		"description": description, "type": list{"object", "null"},
		"propertyNames": Schema{"pattern": namePattern}, "additionalProperties": entry,
	}
}

// Blueprint returns the schema of blueprints, in both dialects.
func Blueprint(cat dsl.Catalogue) Schema {
	sections := topLevel()
	sections["tosca_definitions_version"] = Schema{
		"description": "The dialect: cloud_tosca_version_1_0 has the prefix Cloud., huaweicloud_tosca_version_1_0 has HuaweiCloud.",
		"enum":        list{dsl.DialectC.Version, dsl.DialectH.Version},
	}
	nodes := section("What is deployed, by name.", ref("node"))
	nodes["type"], nodes["minProperties"] = "object", 1
	sections["node_templates"] = nodes
	sections["description"] = text("What the blueprint is for. Chinese and English may be joined by ##.")
	sections["metadata"] = Schema{"description": "Data of a graphical designer, without effect."}
	sections["inputs"] = section("What whoever deploys the blueprint can choose, by name.", ref("input"))
	sections["outputs"] = section("What the stack tells when it is deployed, by name.", ref("output"))
	sections["policies"] = section("Policies, by name.", ref("policy"))
	return Schema{
		"$schema": draft, "title": "Blueprint",
		"type": "object", "required": list{"tosca_definitions_version", "node_templates"},
		"properties": sections, "additionalProperties": false,
		"allOf":       list{onePrefix(dsl.DialectC), onePrefix(dsl.DialectH)},
		"definitions": definitions(cat),
	}
}

// Part returns the schema of the files that blueprints import.
func Part(cat dsl.Catalogue) Schema {
	sections := topLevel()
	sections["tosca_definitions_version"] = Schema{"enum": list{dsl.DialectC.Version, dsl.DialectH.Version}, "description": "That of the blueprint; may be left out."}
	return Schema{
		"$schema": draft, "title": "Part of a blueprint", "type": "object",
		"properties": sections, "additionalProperties": false, "definitions": definitions(cat),
	}
}

// topLevel are the sections that blueprints and their parts share.
func topLevel() Schema {
	return Schema{
		"imports": Schema{
			"description": "Files of the package that contribute node types, mappings and conditions. Not in AOS.",
			"type":        list{"array", "null"}, "items": Schema{"type": "string", "pattern": `^[^/\\][^\\]*$`},
		},
		"node_types": section("Node types that stand for a group of node templates, by name. Not in AOS.", ref("composite")),
		"mappings": section("Lookup tables for get_in_map: object, then attribute.", Schema{
			"type": "object", "additionalProperties": Schema{"type": "object", "additionalProperties": ref("constant")},
		}),
		"conditions": section("Conditions over inputs, by name.", ref("condition")),
	}
}

// onePrefix refuses the prefix of the other dialect.
func onePrefix(d dsl.Dialect) Schema {
	wrong := Schema{
		"if":   Schema{"type": "string", "pattern": "^" + quoteMeta(d.Other().Prefix)},
		"then": refuse("With " + d.Version + ", types begin with " + d.Prefix),
	}
	foreign := Schema{"additionalProperties": Schema{"properties": Schema{"type": wrong}}}
	return Schema{
		"if":   Schema{"properties": Schema{"tosca_definitions_version": Schema{"const": d.Version}}},
		"then": Schema{"properties": Schema{"node_templates": foreign, "inputs": foreign}},
	}
}

func definitions(cat dsl.Catalogue) Schema {
	out := Schema{
		"input": input(), "output": output(), "policy": policy(), "composite": composite(), "requirement": requirement(),
		"condition": condition(), "constant": constant(),
	}
	maps.Copy(out, inValues.expressions())
	maps.Copy(out, inConditions.expressions())
	out["node"] = node(cat)
	for _, name := range cat.Names() {
		out[name] = typeProperties(cat[name])
	}
	maps.Copy(out, specialTypes())
	return out
}

func output() Schema {
	return Schema{
		"type": "object", "required": list{"value"}, "additionalProperties": false,
		"properties": Schema{"description": text("What the output is."), "value": about("A value, a function or a list.", ref("data"))},
	}
}

func policy() Schema {
	return Schema{
		"type": "object", "required": list{"type", "targets"}, "additionalProperties": false,
		"properties": Schema{
			"type":       Schema{"type": "string", "description": "The type of the policy."},
			"targets":    Schema{"type": "array", "minItems": 1, "items": Schema{"type": "string", "minLength": 1}, "description": "The node templates that it is for."},
			"properties": about("What the policy says.", ref("data")),
		},
	}
}

// composite is an entry of node_types.
func composite() Schema {
	return Schema{
		"type": "object", "required": list{"node_templates"}, "additionalProperties": false,
		"properties": Schema{
			"description":    text("What the node type stands for."),
			"inputs":         section("Its properties, by name.", ref("input")),
			"conditions":     section("Conditions over its inputs, by name.", ref("condition")),
			"node_templates": section("What it is made of, by name.", ref("node")),
			"attributes":     section("What can be read of it with get_attribute, by name.", ref("output")),
		},
	}
}

func requirement() Schema {
	relationships := list{}
	for _, d := range []dsl.Dialect{dsl.DialectC, dsl.DialectH} {
		for _, kind := range []string{"DependsOn", "ContainedIn", "ConnectedTo", "Root"} {
			relationships = append(relationships, d.Prefix+"Relationships."+kind)
		}
	}
	body := Schema{
		"type": "object", "required": list{"node"}, "additionalProperties": false,
		"properties": Schema{
			"node": Schema{"type": "string", "minLength": 1, "description": "The node template that is needed."},
			"relationship": Schema{
				"description": "DependsOn waits for the node, which is the default; ContainedIn says that it is the container.", "enum": relationships,
			},
		},
	}
	return Schema{
		"description": "One key, usually the property that ties the two, and the node template that is needed.",
		"type":        "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": body,
	}
}

// written lists the names of a type in both dialects.
func written(name string) list {
	out := list{dsl.DialectC.Written(name)}
	if h := dsl.DialectH.Written(name); h != out[0] {
		out = append(out, h)
	}
	if name == dsl.TypeExternal {
		out = append(out, name)
	}
	return out
}

// node is a node template. Its properties depend on its type.
func node(cat dsl.Catalogue) Schema {
	names, descriptions, rules, snippets := list{}, list{}, list{}, list{}
	add := func(name, description string, needed bool) {
		for _, w := range written(name) {
			names, descriptions = append(names, w), append(descriptions, description)
		}
		keys := Schema{"properties": ref(name)}
		if name == dsl.TypeExternal {
			keys["renamed_from"], keys["retain"] = refuse(elsewhere), refuse(elsewhere)
		}
		then := Schema{"properties": keys}
		if needed {
			then["required"] = list{"properties"}
		}
		rules = append(rules, Schema{
			"if":   Schema{"required": list{"type"}, "properties": Schema{"type": Schema{"enum": written(name)}}},
			"then": then,
		})
	}
	for _, name := range cat.Names() {
		t := cat[name]
		add(name, t.Description, t.Properties != nil && len(t.Properties.Required) > 0)
		for _, w := range written(name) {
			snippets = append(snippets, snippet(w.(string), t))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(specialTypes())) {
		add(name, specialTypes()[name].(Schema)["description"].(string), true)
	}
	return Schema{
		"type": "object", "required": list{"type"}, "additionalProperties": false,
		"properties": Schema{
			"type": Schema{
				"description": "A type of the catalogue with the prefix of the dialect, or one of node_types.",
				"anyOf": list{
					Schema{"enum": names, "enumDescriptions": descriptions},
					Schema{"type": "string", "pattern": namePattern},
				},
			},
			"properties":   Schema{"type": list{"object", "null"}, "description": "What the node says; functions may stand for every value."},
			"requirements": Schema{"type": list{"array", "null"}, "items": ref("requirement"), "description": "What it waits for. References in properties make it wait too."},
			"condition":    Schema{"type": "string", "minLength": 1, "description": "The condition under which it is deployed."},
			"deploy":       deploy(),
			"count":        Schema{"description": "How many copies there are. Not in AOS.", "anyOf": list{Schema{"type": "integer", "minimum": 0}, ref("function")}},
			"for_each":     Schema{"description": "One copy for each text of a list or entry of a map; get_each tells them apart. Not in AOS.", "anyOf": list{Schema{"type": "array", "uniqueItems": true, "items": ref("data")}, Schema{"type": "object", "additionalProperties": ref("data")}, ref("function")}},
			"renamed_from": renamedFrom(),
			"retain":       flag("true leaves the object in the cloud when the node leaves the stack. Not in AOS."),
			"metadata":     Schema{"description": "Data of a graphical designer, without effect."},
		},
		"not":             Schema{"type": "object", "required": list{"count", "for_each"}},
		"allOf":           rules,
		"defaultSnippets": snippets,
	}
}

// snippet is what an editor offers where a node template is begun: the type
// and what it needs, with a stop at each value.
func snippet(name string, t *dsl.NodeType) Schema {
	body := struct { // an editor keeps the order of the keys
		Type       string `json:"type"`
		Properties Schema `json:"properties,omitempty"`
	}{Type: name}
	if t.Properties != nil && len(t.Properties.Required) > 0 {
		body.Properties = Schema{}
		for i, p := range t.Properties.Required {
			body.Properties[p] = fmt.Sprintf("$%d", i+1)
		}
	}
	return Schema{"label": name, "description": t.Description, "body": body}
}

const elsewhere = "The element belongs to another stack, whose blueprint says this."

// elementPattern is the form of the names that elements have.
const elementPattern = `^[A-Za-z0-9_][A-Za-z0-9_-]*(\[[A-Za-z0-9_.-]+\])?(/[A-Za-z0-9_][A-Za-z0-9_-]*(\[[A-Za-z0-9_.-]+\])?)*$`

func renamedFrom() Schema {
	name := Schema{"type": list{"string", "integer"}, "pattern": elementPattern}
	return Schema{
		"description": "The name that the node had before, so that its element is kept under the new one; of copies, also a map from their keys. Not in AOS.",
		"anyOf":       list{name, Schema{"type": "object", "minProperties": 1, "additionalProperties": name}},
	}
}

func deploy() Schema {
	return Schema{"description": "false leaves the node out, with all that is contained in it.", "anyOf": list{Schema{"type": "boolean"}, ref("function")}}
}

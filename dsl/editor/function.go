package editor

import (
	"regexp"
	"slices"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl"
)

func quoteMeta(s string) string { return regexp.QuoteMeta(s) }

// place is where expressions stand, which decides about the functions in them.
// Its values begin the names of definitions.
type place string

const (
	inValues     place = ""        // properties and outputs
	inConditions place = "decided" // before the deployment: inputs and mappings only
)

func (p place) data() Schema     { return ref(string(p) + "data") }
func (p place) list() Schema     { return ref(string(p) + "list") }
func (p place) function() Schema { return ref(string(p) + "function") }

// functions lists those that may stand in a place.
func (p place) functions() []string {
	return slices.DeleteFunc(dsl.FunctionNames(), func(f string) bool {
		switch f {
		case dsl.GetAttribute, dsl.GetReference, dsl.GetEach:
			return p == inConditions
		case dsl.CondEq, dsl.CondNot, dsl.CondAnd, dsl.CondOr:
			return p != inConditions
		}
		return false
	})
}

// expressions are the definitions of a place.
func (p place) expressions() Schema {
	return Schema{
		string(p) + "data":     p.anyData(),
		string(p) + "function": p.call(),
		string(p) + "list":     Schema{"anyOf": list{Schema{"type": "array", "minItems": 1, "items": p.data()}, p.function()}},
	}
}

// call is a map with exactly one function as its key.
func (p place) call() Schema {
	properties := Schema{}
	for _, f := range p.functions() {
		properties[f] = p.argument(f)
	}
	return Schema{
		"description": "A function.", "type": "object", "minProperties": 1, "maxProperties": 1,
		"properties": properties, "additionalProperties": false,
	}
}

// argument is what a function takes.
func (p place) argument(function string) Schema {
	name := Schema{"type": "string", "minLength": 1}
	oneName := list{name, Schema{"type": "array", "items": name, "minItems": 1, "maxItems": 1}}
	s := Schema{}
	switch function {
	case dsl.GetInput:
		s = Schema{"anyOf": oneName, "description": "The value of an input."}
	case dsl.GetReference:
		s = Schema{"anyOf": oneName, "description": "The ID of a node, or its name where a property wants one."}
	case dsl.GetAttribute:
		s = tuple("An attribute of a node that is known when it is deployed.", 2, 0, name, name)
	case dsl.GetInMap:
		s = tuple("An entry of a mapping: its name, object and attribute.", 3, 3, name, p.data(), p.data())
	case dsl.Concat:
		s = about("The parts, joined to one text.", p.list())
	case dsl.Split:
		s = tuple("A delimiter and a text that is split at it.", 2, 2, p.data(), p.data())
	case dsl.Select:
		s = tuple("An index, from 0, and the list that it chooses from.", 2, 2, p.data(), p.list())
	case dsl.GetListLength:
		s = Schema{"description": "The number of items of a list.", "anyOf": list{Schema{"type": "array", "items": p.data()}, p.function()}}
	case dsl.Base64Encode:
		s = Schema{"description": "A text, in Base64.", "anyOf": list{Schema{"type": list{"string", "number", "boolean"}}, p.function()}}
	case dsl.Replace:
		s = tuple("A text in which ${KEY} is replaced, and a map of what by.", 2, 2, p.data(), Schema{"type": "object"})
	case dsl.CondEq:
		s = tuple("Two values that are compared.", 2, 2, p.data(), p.data())
	case dsl.CondNot:
		s = about("A condition that does not hold.", ref("condition"))
	case dsl.CondAnd, dsl.CondOr:
		s = Schema{"description": "Conditions: cond_and asks for all, cond_or for one.", "type": "array", "minItems": 2, "maxItems": 10, "items": ref("condition")}
	case dsl.CondIf:
		s = tuple("A condition, the value if it holds, and the value if not.", 3, 3, ref("condition"), p.data(), p.data())
	case dsl.GetEach:
		s = Schema{"description": "The key or the value of the copy, or a part of its value. Not in AOS.", "anyOf": list{
			Schema{"enum": list{"key", "value"}},
			tuple("", 2, 0, Schema{"const": "value"}),
		}}
	}
	return s
}

// tuple is a list whose items have schemas of their own; 0 sets no maximum.
func tuple(description string, least, most int, items ...any) Schema {
	s := Schema{"type": "array", "items": items, "minItems": least}
	if description != "" {
		s["description"] = description
	}
	if most > 0 {
		s["maxItems"] = most
	}
	return s
}

// oneKey is a map with one key of a kind.
func oneKey(names Schema) Schema {
	return Schema{"type": "object", "minProperties": 1, "maxProperties": 1, "propertyNames": names}
}

// refuse matches no value of those that get here, and says why: editors show
// errorMessage, a keyword of theirs, where a type does not fit.
func refuse(why string) Schema { return Schema{"type": "null", "errorMessage": why} }

// anyData is any value with functions in any place. A map whose only key is
// the name of a function is that function, right or wrong.
func (p place) anyData() Schema {
	return Schema{
		"if":   oneKey(Schema{"enum": dsl.FunctionNames()}),
		"then": p.function(),
		"else": Schema{
			"if":   oneKey(Schema{"anyOf": list{Schema{"enum": dsl.ForeignFunctions()}, Schema{"pattern": "^Fn::"}}}),
			"then": refuse("This function belongs to another template language."),
			"else": Schema{"items": p.data(), "additionalProperties": p.data()},
		},
	}
}

// constant is a value without functions.
func constant() Schema {
	return Schema{
		"if":   oneKey(Schema{"enum": dsl.FunctionNames()}),
		"then": refuse("Defaults and mappings are constants; functions belong into properties, outputs and conditions."),
		"else": Schema{"items": ref("constant"), "additionalProperties": ref("constant")},
	}
}

// condition is what may stand under conditions.
func condition() Schema {
	return Schema{
		"description": "A comparison, or the name of a condition.",
		"anyOf":       list{inConditions.function(), Schema{"type": "boolean"}, Schema{"type": "string", "minLength": 1}},
	}
}

// english is the English part of a text in two languages, which are joined
// by ##.
func english(s string) string {
	if _, after, ok := strings.Cut(s, "##"); ok {
		return after
	}
	return s
}

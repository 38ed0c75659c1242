package main

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/dsl"
)

// everyFact is a node type that has everything a type can have.
const everyFact = `{
  "description": "Everything that a node type can say, in a sentence that is long enough to be wrapped at the end of the line. A second one.",
  "example": "x:\n  type: Cloud.Test.All\n",
  "properties": {"type": "object", "additionalProperties": false, "required": ["zone"], "properties": {
    "zone": {"type": "string", "minLength": 1, "x-reference": "Test.Zone", "x-immutable": true, "description": "Where it stands."},
    "any": {},
    "code": {"type": "string", "pattern": "^a+$", "not": {"const": "aa"}, "x-sensitive": true},
    "file": {"type": "string", "x-file": {"maxBytes": 1048576}},
    "kind": {"type": "string", "enum": ["one", ""], "default": "one"},
    "labels": {"type": "object", "maxProperties": 3, "additionalProperties": {"type": "string"}},
    "least": {"type": "number", "minimum": 0.5},
    "most": {"type": "integer", "maximum": 7, "multipleOf": 2, "x-oneway": "it wears out", "x-undo": "the rest is lost"},
    "none": {"type": "boolean", "x-recorded": "nothing can change it", "description": "Without effect."},
    "parts": {"type": "array", "minItems": 1, "uniqueItems": true, "items": {"type": "object", "required": ["b"], "properties": {
      "a": {"type": "array", "items": {"type": "string", "maxLength": 1}},
      "b": {"type": "array", "minItems": 2, "maxItems": 2}
    }}},
    "table": {"type": "object", "additionalProperties": {"type": "object", "properties": {"cell": {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}}}}}
  }},
  "attributes": {
    "address": {"type": "string", "x-volatile": true, "description": "Where it answers."},
    "refName": {"type": "string", "x-from": "zone"},
    "secret": {"x-sensitive": true}
  },
  "containers": {"zone": {"type": "Test.Zone", "deletedWith": true}},
  "calls": {"create": ["Make", "Wait"], "read": ["Look"], "delete": ["Drop"]},
  "timeouts": {"create": "5m", "delete": "1h"},
  "holdsData": "all of it",
  "forgotten": "nothing deletes it",
  "leaves": "its shadow",
  "undo": {"create": {"kind": "compensatable", "why": "a fee was paid"}, "update": {"kind": "reversible"}},
  "rules": [
    {"when": {"required": ["any"]}, "then": {"required": ["code"]}, "at": ["any"], "message": "Anything needs a code.", "advice": "Set code, which may be as short as one letter as long as that is an a."}
  ],
  "serial": "zone"
}`

func TestShowType(t *testing.T) {
	catalogue, err := dsl.ParseCatalogue(map[string]json.RawMessage{"Test.All": json.RawMessage(everyFact)})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	a := newApp(process{Stdout: &out, Stderr: &out})
	a.showType(catalogue["Test.All"])
	golden(t, "type.txt", out.String())
}

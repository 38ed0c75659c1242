package dsl

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"

	"github.com/orchestrate-tosca/orchestrate/schemas"
)

// LoadCatalogue returns the node types that are built in. They are read once; the
// map is the caller's, and the types are to be left as they are.
func LoadCatalogue() (Catalogue, error) {
	cat, err := builtIn()
	return maps.Clone(cat), err
}

var builtIn = sync.OnceValues(func() (Catalogue, error) {
	defs, err := schemas.Types()
	if err != nil {
		return nil, fmt.Errorf("load the catalogue: %w", err)
	}
	return ParseCatalogue(defs)
})

// ParseCatalogue reads node types from definitions in the format of
// catalogue.schema.json, by name without prefix.
func ParseCatalogue(defs map[string]json.RawMessage) (Catalogue, error) {
	cat := make(Catalogue, len(defs))
	for name, def := range defs {
		t, err := parseNodeType(name, def)
		if err != nil {
			return nil, fmt.Errorf("read node type %s: %w", name, err)
		}
		cat[name] = t
	}
	return cat, nil
}

// Names lists the node types, sorted.
func (c Catalogue) Names() []string { return slices.Sorted(maps.Keys(c)) }

// nodeTypeFile is a node type as its file writes it. All of it is decoded in one
// pass, which is a part of every command's start.
type nodeTypeFile struct {
	Description string                   `json:"description"`
	Example     string                   `json:"example"`
	Properties  *propertyFile            `json:"properties"`
	Attributes  map[string]*propertyFile `json:"attributes"`
	Containers  map[string]Containment   `json:"containers"`
	Calls       Calls                    `json:"calls"`
	Timeouts    Timeouts                 `json:"timeouts"`
	HoldsData   string                   `json:"holdsData"`
	LostAlong   map[string]string        `json:"lostAlong"`
	LastOf      *LastOf                  `json:"lastOf"`
	Forgotten   string                   `json:"forgotten"`
	Leaves      string                   `json:"leaves"`
	GoesOn      map[string]string        `json:"goesOn"`
	Undo        map[string]Reversal      `json:"undo"`
	Serial      string                   `json:"serial"`
	Rules       []ruleFile               `json:"rules"`
}

func parseNodeType(name string, def json.RawMessage) (*NodeType, error) {
	var f nodeTypeFile
	if err := decodeDefinition(def, &f); err != nil {
		return nil, err
	}
	t := &NodeType{
		Name: name, Description: f.Description, Example: f.Example, Attributes: make(map[string]*Property),
		Containers: f.Containers, Calls: f.Calls, Timeouts: f.Timeouts,
		HoldsData: f.HoldsData, LostAlong: f.LostAlong, LastOf: f.LastOf, Forgotten: f.Forgotten, Leaves: f.Leaves, GoesOn: f.GoesOn, Undo: f.Undo, Serial: f.Serial,
	}
	var err error
	if t.Properties, err = f.Properties.property(); err != nil {
		return nil, fmt.Errorf("properties: %w", err)
	}
	if t.Rules, err = parseTypeRules(f.Rules); err != nil {
		return nil, err
	}
	for attr, schema := range f.Attributes {
		if t.Attributes[attr], err = schema.property(); err != nil {
			return nil, fmt.Errorf("attribute %s: %w", attr, err)
		}
	}
	for attr, text := range map[string]string{"refID": "ID of the cloud object.", "refName": "Name of the cloud object."} {
		if t.Attributes[attr] == nil {
			t.Attributes[attr] = &Property{Type: "string", Description: text}
		}
	}
	return t, nil
}

// decodeDefinition decodes a part of the catalogue, and refuses what it has no
// field for: a constraint that is left out would let everything pass.
func decodeDefinition(text []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	dec.DisallowUnknownFields()
	return dec.Decode(into)
}

// propertyFile is a property as its file writes it: the parts of JSON Schema
// that the language walks through itself, because functions may stand for any
// part, and the constraints of the value.
type propertyFile struct {
	Type        string                   `json:"type"`
	Description string                   `json:"description"`
	Examples    json.RawMessage          `json:"examples"`
	Default     any                      `json:"default"`
	Properties  map[string]*propertyFile `json:"properties"`
	Required    []string                 `json:"required"`
	Additional  additionalFile           `json:"additionalProperties"`
	Items       *propertyFile            `json:"items"`
	Immutable   bool                     `json:"x-immutable"`
	Sensitive   bool                     `json:"x-sensitive"`
	Reference   string                   `json:"x-reference"`
	From        string                   `json:"x-from"`
	Volatile    bool                     `json:"x-volatile"`
	Recorded    string                   `json:"x-recorded"`
	Least       *Least                   `json:"x-least"`
	OneWay      string                   `json:"x-oneway"`
	Undo        string                   `json:"x-undo"`
	Destroys    string                   `json:"x-destroys"`
	HoldsData   string                   `json:"x-holdsData"`
	File        *FileRule                `json:"x-file"`
	constraintFile
}

// constraintFile is what a value has to keep beyond its type and its parts, in
// the words of JSON Schema, sorted.
type constraintFile struct {
	AllOf             json.RawMessage `json:"allOf,omitempty"`
	AnyOf             json.RawMessage `json:"anyOf,omitempty"`
	Const             json.RawMessage `json:"const,omitempty"`
	DependentRequired json.RawMessage `json:"dependentRequired,omitempty"`
	Else              json.RawMessage `json:"else,omitempty"`
	Enum              json.RawMessage `json:"enum,omitempty"`
	ExclusiveMaximum  json.RawMessage `json:"exclusiveMaximum,omitempty"`
	ExclusiveMinimum  json.RawMessage `json:"exclusiveMinimum,omitempty"`
	Format            json.RawMessage `json:"format,omitempty"`
	If                json.RawMessage `json:"if,omitempty"`
	MaxItems          json.RawMessage `json:"maxItems,omitempty"`
	MaxLength         json.RawMessage `json:"maxLength,omitempty"`
	MaxProperties     json.RawMessage `json:"maxProperties,omitempty"`
	Maximum           json.RawMessage `json:"maximum,omitempty"`
	MinItems          json.RawMessage `json:"minItems,omitempty"`
	MinLength         json.RawMessage `json:"minLength,omitempty"`
	MinProperties     json.RawMessage `json:"minProperties,omitempty"`
	Minimum           json.RawMessage `json:"minimum,omitempty"`
	MultipleOf        json.RawMessage `json:"multipleOf,omitempty"`
	Not               json.RawMessage `json:"not,omitempty"`
	OneOf             json.RawMessage `json:"oneOf,omitempty"`
	Pattern           json.RawMessage `json:"pattern,omitempty"`
	PropertyNames     json.RawMessage `json:"propertyNames,omitempty"`
	Then              json.RawMessage `json:"then,omitempty"`
	UniqueItems       json.RawMessage `json:"uniqueItems,omitempty"`
}

// rules are the constraints ready for use; nil if there are none.
func (c constraintFile) rules() (*rules, error) {
	text, err := json.Marshal(c)
	if err != nil || string(text) == "{}" {
		return nil, err
	}
	return &rules{text: text}, nil
}

// additionalFile says what further keys an object may have: any, if nothing is
// said, none, or those with values of a type.
type additionalFile struct {
	none     bool
	property *propertyFile
}

// UnmarshalJSON reads a boolean or a schema.
func (a *additionalFile) UnmarshalJSON(text []byte) error {
	switch string(text) {
	case "true":
		return nil
	case "false":
		a.none = true
		return nil
	}
	return decodeDefinition(text, &a.property)
}

// property makes what the file says into a property; of nothing, an object
// without keys.
func (f *propertyFile) property() (*Property, error) {
	if f == nil {
		return &Property{Type: "object"}, nil
	}
	p := &Property{
		Type: f.Type, Description: f.Description, Default: plainNumbers(f.Default), Required: f.Required,
		Immutable: f.Immutable, Sensitive: f.Sensitive, Reference: f.Reference,
		From: f.From, Volatile: f.Volatile, Recorded: f.Recorded, Least: f.Least, OneWay: f.OneWay, Undo: f.Undo, Destroys: f.Destroys, HoldsData: f.HoldsData, File: f.File,
	}
	if len(f.Properties) > 0 {
		p.Properties = make(map[string]*Property, len(f.Properties))
	}
	var err error
	for name, part := range f.Properties {
		if p.Properties[name], err = part.property(); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if err := p.parts(f); err != nil {
		return nil, err
	}
	p.rules, err = f.constraintFile.rules()
	return p, err
}

// parts are the types of further keys and of list items.
func (p *Property) parts(f *propertyFile) (err error) {
	switch extra := f.Additional; {
	case extra.none:
	case extra.property == nil:
		p.Open = f.Type == "object"
	default:
		if p.Additional, err = extra.property.property(); err != nil {
			return fmt.Errorf("additional properties: %w", err)
		}
	}
	if f.Items != nil {
		if p.Items, err = f.Items.property(); err != nil {
			return fmt.Errorf("items: %w", err)
		}
	}
	return nil
}

// plainNumbers makes the integers of decoded JSON int64.
func plainNumbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if i, err := strconv.ParseInt(v.String(), 10, 64); err == nil {
			return i
		}
		f, _ := v.Float64()
		return f
	case []any:
		for i := range v {
			v[i] = plainNumbers(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = plainNumbers(v[k])
		}
	}
	return v
}

// rules are the constraints of one value, without those of its parts. They are
// compiled at first use: a blueprint uses few of the catalogue's properties.
type rules struct {
	text     json.RawMessage
	once     sync.Once
	compiled *schemas.Schema
	err      error
}

// Constrained reports whether the property limits its value beyond type and
// parts.
func (p *Property) Constrained() bool { return p.rules != nil }

// Constraints returns the limits of the value beyond type and parts as JSON
// Schema, nil if there are none.
func (p *Property) Constraints() json.RawMessage {
	if p.rules == nil {
		return nil
	}
	return p.rules.text
}

// Violations tells how a plain JSON value breaks the constraints of the
// property itself. Its type, and the parts of lists and maps, are not looked
// at. It is safe for concurrent use.
func (p *Property) Violations(value any) []schemas.Violation {
	r := p.rules
	if r == nil {
		return nil
	}
	r.once.Do(func() { r.compiled, r.err = schemas.Compile(r.text) })
	if r.err != nil {
		return []schemas.Violation{{Message: r.err.Error()}}
	}
	return r.compiled.Validate(value)
}

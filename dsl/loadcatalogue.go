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

// LoadCatalogue reads the node types that are built in.
func LoadCatalogue() (Catalogue, error) {
	defs, err := schemas.Types()
	if err != nil {
		return nil, fmt.Errorf("load the catalogue: %w", err)
	}
	return ParseCatalogue(defs)
}

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

// nodeTypeFile is a node type as its file writes it.
type nodeTypeFile struct {
	Description string                     `json:"description"`
	Example     string                     `json:"example"`
	Properties  json.RawMessage            `json:"properties"`
	Attributes  map[string]json.RawMessage `json:"attributes"`
	Containers  map[string]Containment     `json:"containers"`
	Calls       Calls                      `json:"calls"`
	Timeouts    Timeouts                   `json:"timeouts"`
	HoldsData   string                     `json:"holdsData"`
	LostAlong   map[string]string          `json:"lostAlong"`
	LastOf      *LastOf                    `json:"lastOf"`
	Forgotten   string                     `json:"forgotten"`
	Leaves      string                     `json:"leaves"`
	GoesOn      map[string]string          `json:"goesOn"`
	Undo        map[string]Reversal        `json:"undo"`
	Serial      string                     `json:"serial"`
	Rules       []ruleFile                 `json:"rules"`
}

func parseNodeType(name string, def json.RawMessage) (*NodeType, error) {
	var f nodeTypeFile
	if err := json.Unmarshal(def, &f); err != nil {
		return nil, err
	}
	t := &NodeType{
		Name: name, Description: f.Description, Example: f.Example, Attributes: make(map[string]*Property),
		Containers: f.Containers, Calls: f.Calls, Timeouts: f.Timeouts,
		HoldsData: f.HoldsData, LostAlong: f.LostAlong, LastOf: f.LastOf, Forgotten: f.Forgotten, Leaves: f.Leaves, GoesOn: f.GoesOn, Undo: f.Undo, Serial: f.Serial,
	}
	var err error
	if t.Properties, err = parseProperty(f.Properties); err != nil {
		return nil, fmt.Errorf("properties: %w", err)
	}
	if t.Rules, err = parseTypeRules(f.Rules); err != nil {
		return nil, err
	}
	for attr, schema := range f.Attributes {
		if t.Attributes[attr], err = parseProperty(schema); err != nil {
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

// propertyFile is a property as its file writes it: the parts of JSON Schema
// that the language walks through itself.
type propertyFile struct {
	Type        string                     `json:"type"`
	Description string                     `json:"description"`
	Default     json.RawMessage            `json:"default"`
	Properties  map[string]json.RawMessage `json:"properties"`
	Required    []string                   `json:"required"`
	Additional  json.RawMessage            `json:"additionalProperties"`
	Items       json.RawMessage            `json:"items"`
	Immutable   bool                       `json:"x-immutable"`
	Sensitive   bool                       `json:"x-sensitive"`
	Reference   string                     `json:"x-reference"`
	From        string                     `json:"x-from"`
	Volatile    bool                       `json:"x-volatile"`
	Recorded    string                     `json:"x-recorded"`
	Least       *Least                     `json:"x-least"`
	OneWay      string                     `json:"x-oneway"`
	Undo        string                     `json:"x-undo"`
	Destroys    string                     `json:"x-destroys"`
	HoldsData   string                     `json:"x-holdsData"`
	File        *FileRule                  `json:"x-file"`
}

func parseProperty(schema json.RawMessage) (*Property, error) {
	if len(schema) == 0 {
		return &Property{Type: "object"}, nil
	}
	var f propertyFile
	if err := json.Unmarshal(schema, &f); err != nil {
		return nil, err
	}
	p := &Property{
		Type: f.Type, Description: f.Description, Required: f.Required,
		Immutable: f.Immutable, Sensitive: f.Sensitive, Reference: f.Reference,
		From: f.From, Volatile: f.Volatile, Recorded: f.Recorded, Least: f.Least, OneWay: f.OneWay, Undo: f.Undo, Destroys: f.Destroys, HoldsData: f.HoldsData, File: f.File,
	}
	var err error
	if p.Default, err = plainJSON(f.Default); err != nil {
		return nil, fmt.Errorf("default: %w", err)
	}
	if len(f.Properties) > 0 {
		p.Properties = make(map[string]*Property, len(f.Properties))
	}
	for name, part := range f.Properties {
		if p.Properties[name], err = parseProperty(part); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if err := p.parseParts(&f); err != nil {
		return nil, err
	}
	p.rules, err = parseRules(schema)
	return p, err
}

// parseParts reads the types of further keys and of list items.
func (p *Property) parseParts(f *propertyFile) (err error) {
	switch extra := string(bytes.TrimSpace(f.Additional)); extra {
	case "false":
	case "", "true":
		p.Open = f.Type == "object"
	default:
		if p.Additional, err = parseProperty(f.Additional); err != nil {
			return fmt.Errorf("additional properties: %w", err)
		}
	}
	if len(f.Items) > 0 {
		if p.Items, err = parseProperty(f.Items); err != nil {
			return fmt.Errorf("items: %w", err)
		}
	}
	return nil
}

// plainJSON decodes JSON with integers as int64; nothing gives nil.
func plainJSON(text json.RawMessage) (any, error) {
	if len(text) == 0 {
		return nil, nil
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	return plainNumbers(v), nil
}

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

// walked are the keywords that need no rules: the language checks them part by
// part, because functions may stand for any part, or they say nothing about
// values.
var walked = map[string]bool{
	"type": true, "properties": true, "required": true, "additionalProperties": true, "items": true,
	"default": true, "description": true, "examples": true,
	"x-immutable": true, "x-sensitive": true, "x-reference": true, "x-from": true, "x-volatile": true, "x-recorded": true, "x-least": true, "x-oneway": true, "x-undo": true, "x-destroys": true, "x-holdsData": true, "x-file": true,
}

func parseRules(schema json.RawMessage) (*rules, error) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(schema, &all); err != nil {
		return nil, err
	}
	for keyword := range all {
		if walked[keyword] {
			delete(all, keyword)
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	text, err := json.Marshal(all)
	return &rules{text: text}, err
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

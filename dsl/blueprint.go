// Package dsl owns the blueprint language: it turns the bytes of a blueprint
// into a typed Blueprint in which every value knows its file, line and column,
// and the catalogue of node types into typed NodeTypes. It reports all
// problems of form at once. What functions mean is left to intrinsic, what
// must hold beyond form to check, and clouds to nobody here.
package dsl

import "github.com/orchestrate-tosca/orchestrate/dsl/diag"

// Dialect is one spelling of the language: a version and a prefix.
type Dialect struct {
	Version string // tosca_definitions_version
	Prefix  string // of types, relationships and pseudo inputs, with the dot
}

// The two dialects (blueprint language, section 1).
var (
	DialectC = Dialect{Version: "cloud_tosca_version_1_0", Prefix: "Cloud."}
	DialectH = Dialect{Version: "huaweicloud_tosca_version_1_0", Prefix: "HuaweiCloud."}
)

// Name is an identifier and where it stands.
type Name struct {
	Text  string
	Range diag.Range
}

// Blueprint is one parsed document, with what its imports contribute. Lists
// keep the order of the document; what is imported comes last.
type Blueprint struct {
	File        string // as it is shown to users
	Dialect     Dialect
	Description string
	Imports     []Name // files of the package, as written
	Types       []*Composite
	Inputs      []*Input
	Mappings    []*Mapping
	Conditions  []*Condition
	Nodes       []*NodeTemplate
	Outputs     []*Output
	Policies    []*Policy

	// Enclosing is the blueprint that declares a composite, if this is the body
	// of one: its mappings and conditions can be used too. nil otherwise.
	Enclosing *Blueprint

	// Written are the blueprints that an expansion made this one from, with those
	// of nested stacks; nil: it stands as written.
	Written []*Blueprint

	Index *Index // nil: lookups go through the lists
}

// Input declares a parameter of the blueprint (section 4).
type Input struct {
	Name        Name
	Type        Name // Type.Text is "" when the blueprint gives none
	Items       Name // type of the items of a list or of the values of a map; Text is "" for any
	Default     *Value
	Required    *bool
	Description string
	Label       string
	Constraints []Constraint
	Advanced    bool
	Immutable   bool
	Invisible   bool
	Range       diag.Range
}

// Sensitive reports whether values of the input must never be shown.
func (i *Input) Sensitive() bool {
	return i.Type.Text == "password" || i.Type.Text == "secret" || i.Invisible
}

// Constraint is one operator of an input's constraints (section 4.3).
type Constraint struct {
	Operator Name
	Argument *Value
}

// Mapping is a named lookup table: object name, then attribute name (section 7.4).
type Mapping struct {
	Name    Name
	Objects *Value // a map of maps
}

// Condition is a named boolean expression over inputs (section 7.5).
type Condition struct {
	Name Name
	Expr *Value
}

// NodeTemplate is a named entry of node_templates (section 5).
type NodeTemplate struct {
	Name         Name
	Type         Name   // as written, with prefix
	TypeName     string // without prefix, such as "BCS.Instance"
	Properties   []Entry
	Requirements []Requirement
	Condition    *Name      // nil: always deployed
	Each         *Each      // nil: one node
	Deploy       *Value     // false trims the node; nil: it is deployed
	Composite    *Composite // what the type stands for if the blueprint defines it
	RenamedFrom  *Name      // the name that the node had before; nil: it keeps its name
	Retain       bool       // the object stays in the cloud when the node leaves the stack
	Extensions   []Name     // keys about its record, which AOS does not have
	Range        diag.Range

	// Trimmed says why an expansion left the node out ("deploy is false"); ""
	// if it did not.
	Trimmed string
}

// Property returns the value of a property, or nil.
func (n *NodeTemplate) Property(name string) *Value {
	for i := range n.Properties {
		if n.Properties[i].Key.Text == name {
			return n.Properties[i].Value
		}
	}
	return nil
}

// Requirement ties a node template to another (section 6).
type Requirement struct {
	Name         Name // may be a dotted path into nested properties
	Node         Name
	Relationship Name // Text is "" when the blueprint gives none
	Range        diag.Range
}

// Output is a named result of the stack (section 8).
type Output struct {
	Name        Name
	Description string
	Value       *Value
	Range       diag.Range
}

// Input returns the input of that name, or nil.
func (b *Blueprint) Input(name string) *Input {
	if b.Index != nil {
		return b.Index.Inputs[name]
	}
	for _, i := range b.Inputs {
		if i.Name.Text == name {
			return i
		}
	}
	return nil
}

// Mapping returns the mapping of that name, or nil.
func (b *Blueprint) Mapping(name string) *Mapping {
	if b.Index != nil {
		return b.Index.Mappings[name]
	}
	for _, m := range b.Mappings {
		if m.Name.Text == name {
			return m
		}
	}
	if b.Enclosing != nil {
		return b.Enclosing.Mapping(name)
	}
	return nil
}

// Condition returns the condition of that name, or nil.
func (b *Blueprint) Condition(name string) *Condition {
	if b.Index != nil {
		return b.Index.Conditions[name]
	}
	for _, c := range b.Conditions {
		if c.Name.Text == name {
			return c
		}
	}
	if b.Enclosing != nil {
		return b.Enclosing.Condition(name)
	}
	return nil
}

// Kind tells what a Value is.
type Kind uint8

// The kinds of values.
const (
	Null Kind = iota
	Bool
	Int
	Float
	String
	List
	Map
	Call // a function: Function and Argument are set
)

// Value is an expression as the blueprint writes it: a scalar, a list, a map
// or a call of a function. Functions may stand anywhere inside.
type Value struct {
	Kind     Kind
	Scalar   any      // nil, bool, int64, float64 or string, by Kind; of a Call of FitInput its *Input
	Items    []*Value // of a List
	Entries  []Entry  // of a Map, in document order, keys unique
	Function Name     // of a Call
	Argument *Value   // of a Call
	Range    diag.Range
	// From is the expression that an expansion evaluated to get this value, for
	// those who want to know where it comes from; nil: it stands as written.
	From *Value
}

// Entry is one key and value of a map.
type Entry struct {
	Key   Name
	Value *Value
}

// Get returns the value under a key of a Map, or nil.
func (v *Value) Get(key string) *Value {
	if v == nil {
		return nil
	}
	for i := range v.Entries {
		if v.Entries[i].Key.Text == key {
			return v.Entries[i].Value
		}
	}
	return nil
}

// Walk calls visit for v and everything below it, parents first; visit returns
// false to leave out what lies below a value.
func (v *Value) Walk(visit func(*Value) bool) {
	if v == nil || !visit(v) {
		return
	}
	for _, i := range v.Items {
		i.Walk(visit)
	}
	for i := range v.Entries {
		v.Entries[i].Value.Walk(visit)
	}
	v.Argument.Walk(visit)
}

// Package expand owns composition: it rewrites a blueprint with composites,
// copies, nested stacks and batches into a flat one in which every node
// template stands for one node, so that what comes after needs to know none of
// them. It works by substitution: expressions move with the names in them
// resolved where they were written, so that a composite can't capture a name
// of its user, nor the other way round. Ranges keep pointing at the source. A
// checked Blueprint and resolved inputs come in, a flat Blueprint comes out;
// what its expressions become is left to intrinsic.
package expand

import (
	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

// Options are what an expansion needs beside the blueprint.
type Options struct {
	Catalogue dsl.Catalogue
	Package   *dsl.Package // where nested stacks are; nil: there are none
	ForceTrim bool         // trim too what can't exist without a trimmed node
}

// The limits of composition: some 200 MB at worst. What Run makes is walked
// through several times afterwards, so the second counts values as often as
// they are used.
const (
	maxNodes  = 100_000
	maxValues = 1_000_000
	maxDepth  = 16 // of composites and nested stacks in each other
)

// Needed reports whether a blueprint has anything to expand; Run returns it as
// it is otherwise.
func Needed(bp *dsl.Blueprint) bool {
	if len(bp.Types) > 0 {
		return true
	}
	for _, n := range bp.Nodes {
		if n.Each != nil || n.Composite != nil || n.Deploy != nil || n.TypeName == dsl.TypeStack || n.TypeName == dsl.TypeBatch || n.TypeName == dsl.TypeExternal {
			return true
		}
	}
	return false
}

// Run expands a blueprint that check.Run found right. The result is bp itself
// if there is nothing to expand; after errors it is incomplete.
func Run(bp *dsl.Blueprint, inputs map[string]intrinsic.Value, o Options) (*dsl.Blueprint, diag.List) {
	if !Needed(bp) {
		return bp, nil
	}
	e := &expander{Options: o, mappings: map[*dsl.Mapping]string{}, conditions: map[string]*condition{}}
	e.flat = &dsl.Blueprint{
		File: bp.File, Dialect: bp.Dialect, Description: bp.Description, Inputs: bp.Inputs, Policies: bp.Policies,
		Mappings: append([]*dsl.Mapping(nil), bp.Mappings...), Conditions: append([]*dsl.Condition(nil), bp.Conditions...),
		Written: []*dsl.Blueprint{bp},
	}
	if o.Package != nil {
		nested, _ := Nested(o.Package) // those that are left out are not checked here
		e.flat.Written = append(e.flat.Written, nested...)
	}
	e.flat.MakeIndex()
	e.scope = &intrinsic.Scope{Blueprint: e.flat, Inputs: inputs}
	root := &space{expander: e, bp: bp}
	root.stack = root
	root.build()
	if !e.diags.HasErrors() {
		e.substitute(root)
	}
	if !e.diags.HasErrors() {
		e.trim()
	}
	return e.flat, fewer(e.diags.Sorted())
}

// maxRepeats bounds how often one mistake is told that shows in many copies.
const maxRepeats = 5

func fewer(list diag.List) diag.List {
	repeats := 0
	kept := list[:0]
	for i, d := range list {
		if i > 0 && d.Code == list[i-1].Code && d.Subject == list[i-1].Subject {
			repeats++
		} else {
			repeats = 0
		}
		if repeats < maxRepeats {
			kept = append(kept, d)
		}
	}
	return kept
}

// expander carries one run.
type expander struct {
	Options
	flat  *dsl.Blueprint
	scope *intrinsic.Scope // of the flat blueprint, in which no attribute is known
	diags diag.List

	leaves     []*instance
	mappings   map[*dsl.Mapping]string // names in the flat blueprint, of those of nested stacks
	conditions map[string]*condition   // those that were added, by name in the flat blueprint
	values     int                     // made so far
	full       bool                    // a limit was passed and reported
}

// charge counts n values more; false means that the limit is passed.
func (e *expander) charge(n int, at diag.Range) bool {
	e.values += n
	if e.values > maxValues && !e.full {
		e.full = true
		e.diags.Add("DSL223", at, "Expanded, the blueprint would hold more than %d values. References from many nodes to all copies of another one are the usual cause.", maxValues)
	}
	return !e.full
}

// eval evaluates an expression as far as it is known before the deployment.
func (e *expander) eval(v *dsl.Value) intrinsic.Value {
	out, diags := intrinsic.Eval(v, e.scope)
	e.diags = append(e.diags, diags...)
	return out
}

// space is where names of node templates and inputs have a meaning: the
// blueprint, one use of a composite, or one nested stack.
type space struct {
	*expander
	bp     *dsl.Blueprint // what is written there
	prefix string         // of flat names: "" or the name of the instance and a slash
	stack  *space         // the blueprint or nested stack around; itself if it is one
	outer  *space         // nil for the blueprint
	args   map[string]*argument
	groups map[string]*group
	within inheritance // what every node inside takes over
	user   *instance   // that this is the inside of; nil for the blueprint
	depth  int

	inherited []dsl.Requirement // memo: what every node inside requires too
	inherits  bool
}

// group is what the name of a node template stands for.
type group struct {
	template *dsl.NodeTemplate
	kind     groupKind
	copies   []*instance
	byKey    map[string]*instance  // nil for one
	former   map[string]dsl.Name   // of copies by key, as they are written; nil for none
	all      map[string]*dsl.Value // memo: an attribute of all copies
	size     map[string]int
}

type groupKind uint8

const (
	one     groupKind = iota
	counted           // a list
	keyed             // a map
)

// instance is one node template for one key: a node, a composite, a nested
// stack, or one round of a batch.
type instance struct {
	name     string // in the flat blueprint
	key      string
	template *dsl.NodeTemplate
	space    *space // in which the template stands
	each     *each  // nil: no copies
	within   inheritance
	former   *dsl.Name // that it had before, in the flat blueprint; nil: it keeps its name
	round    *instance // of a batch, that this is a part of; nil for the others
	after    *instance // the round that this one waits for; nil: none

	composite *dsl.Composite    // set for a composite
	inner     *space            // of a composite or a nested stack
	parts     []*instance       // of a round of a batch
	node      *dsl.NodeTemplate // of a node

	memo  map[string]*memo // attributes of a composite or a nested stack
	nodes []string         // memo: the names of the nodes it stands for
}

// memo is a value that is made at first use. busy tells that it is being made:
// coming back to it then is a cycle.
type memo struct {
	value *dsl.Value
	size  int
	busy  bool
}

// inheritance is what an instance hands on to everything inside of it.
type inheritance struct {
	conditions []dsl.Name // of the flat blueprint
	off        string     // why it is trimmed; "" if it is not
	retain     bool
}

// each is one copy's key and value.
type each struct {
	key   *dsl.Value
	value *dsl.Value // an expression of space
	space *space
}

// argument is the value of an input inside of a composite or a nested stack.
type argument struct {
	input         *dsl.Input
	expr          *dsl.Value // nil: the default
	user          *instance  // the use of the composite, in whose space expr stands
	known         intrinsic.Value
	from          *dsl.Value // the expression that known comes from, as it stands in the flat blueprint; nil: none
	at            diag.Range
	literal, open memo
}

// literal turns a known value into an expression. Secrets stay marked.
func literal(v intrinsic.Value, at diag.Range) *dsl.Value {
	out := &dsl.Value{Range: at}
	if items, ok := v.List(); ok {
		out.Kind = dsl.List
		for _, i := range items {
			out.Items = append(out.Items, literal(i, at))
		}
	} else if entries, ok := v.Map(); ok {
		out.Kind = dsl.Map
		for _, k := range v.Keys() {
			out.Entries = append(out.Entries, dsl.Entry{Key: dsl.Name{Text: k, Range: at}, Value: literal(entries[k], at)})
		}
	} else {
		out.Scalar, _ = v.Scalar()
		switch out.Scalar.(type) {
		case bool:
			out.Kind = dsl.Bool
		case int64:
			out.Kind = dsl.Int
		case float64:
			out.Kind = dsl.Float
		case string:
			out.Kind = dsl.String
		}
	}
	if v.IsSensitive() {
		return call(dsl.MarkSensitive, out, at)
	}
	return out
}

func call(function string, arg *dsl.Value, at diag.Range) *dsl.Value {
	return &dsl.Value{Kind: dsl.Call, Function: dsl.Name{Text: function, Range: at}, Argument: arg, Range: at}
}

func text(s string, at diag.Range) *dsl.Value {
	return &dsl.Value{Kind: dsl.String, Scalar: s, Range: at}
}

func list(at diag.Range, items ...*dsl.Value) *dsl.Value {
	return &dsl.Value{Kind: dsl.List, Items: items, Range: at}
}

// sized counts the values of an expression that holds no shared parts.
func sized(v *dsl.Value) int {
	n := 0
	v.Walk(func(*dsl.Value) bool { n++; return true })
	return n
}

// moved returns an expression as it is used at another place.
func moved(v *dsl.Value, at diag.Range) *dsl.Value {
	out := *v
	out.Range = at
	return &out
}

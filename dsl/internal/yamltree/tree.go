// Package yamltree owns the reading of YAML: it alone uses yaml.v3. Bytes come
// in; a tree of maps, lists and scalars comes out in which every node knows
// where it starts and ends, aliases and merge keys are resolved, and scalars
// have the types of YAML 1.2's core schema. All that can be wrong with a file
// before anybody asks what it means is found here: encoding, syntax, size,
// depth, alias bombs, duplicate keys. What the tree means is left to dsl.
package yamltree

import "github.com/orchestrate-tosca/orchestrate/dsl/diag"

// Kind tells what a Node is.
type Kind uint8

// The kinds of nodes.
const (
	Null Kind = iota
	Bool
	Int
	Float
	String
	List
	Map
)

// Node is one value of the document. Nodes that aliases share are the same
// pointer and must not be changed.
type Node struct {
	Kind Kind
	// Style is how a scalar is written.
	Style Style
	// Text is a scalar as the document writes it, without quotes and escapes.
	Text  string
	Start diag.Pos
	End   diag.Pos // exclusive
	Items []*Node  // of a List
	Pairs []Pair   // of a Map, in document order, merged ones last; keys unique
}

// Style is how a scalar is written.
type Style uint8

// The styles of scalars.
const (
	Plain Style = iota
	Quoted
	Block
)

// Pair is one entry of a map. Key is always a String node, whatever its text
// would be as a value.
type Pair struct {
	Key   *Node
	Value *Node
}

// Get returns the value under a key of a Map, or nil.
func (n *Node) Get(key string) *Node {
	for i := range n.Pairs {
		if n.Pairs[i].Key.Text == key {
			return n.Pairs[i].Value
		}
	}
	return nil
}

// Range returns where the node stands in a file.
func (n *Node) Range(file string) diag.Range {
	return diag.Range{File: file, Start: n.Start, End: n.End}
}

// Limits bound what a document may cost. Each exists so that hostile input
// ends in a diagnostic and not in a full memory.
type Limits struct {
	Bytes int // of the file
	Depth int // of nested maps and lists
	// Aliased is how many nodes aliases may stand for in total.
	Aliased int
	// Entries, Values and Text bound one map or list, all of them together, and
	// the bytes of one text, as estimated before parsing; 0: not bounded.
	Entries, Values, Text int
}

// defaultLimits allow blueprints of some 200,000 node templates.
var defaultLimits = Limits{Bytes: 64 << 20, Depth: 128, Aliased: 200_000, Entries: 250_000, Values: 5_000_000, Text: 2 << 20}

// DefaultLimits returns the limits that Parse applies.
func DefaultLimits() Limits { return defaultLimits }

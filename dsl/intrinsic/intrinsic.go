package intrinsic

import (
	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
)

// Scope is what an expression can see. Its functions must be safe for
// concurrent use once evaluation begins.
type Scope struct {
	Blueprint *dsl.Blueprint
	Inputs    map[string]Value // every declared input and the pseudo inputs, resolved

	// Attribute returns an attribute of a node. An attribute that is not known
	// yet is Unknown. ok is false if the node is not deployed (its condition is
	// false).
	Attribute func(node, attribute string) (v Value, ok bool)
}

// Reference is one use of another node inside an expression.
type Reference struct {
	Node      string
	Attribute string // "" for get_reference
	Range     diag.Range
}

package planner

import (
	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// Request is what a plan is made from.
type Request struct {
	Stack     string
	Blueprint *dsl.Blueprint    // nil: delete the stack
	Source    []byte            // its text, recorded with the revision
	Files     map[string][]byte // texts of the package that it uses besides, by name
	ForceTrim bool              // how the blueprint was expanded, for the plan file
	Catalogue dsl.Catalogue
	Inputs    map[string]intrinsic.Value
	State     *state.Stack // nil: the stack does not exist

	// Observed is what a refresh read, by node; an element that is absent was
	// not refreshed.
	Observed map[string]Observed

	// Elsewhere says where the last execution of the stack worked if that is
	// another cloud, region or project than the one that was observed; "" if it
	// is the same or not known.
	Elsewhere string

	// AllowDataLoss and Replace name nodes.
	AllowDataLoss, Replace map[string]bool

	// Verify checks evaluated properties against the node type (dsl/check does);
	// nil: they are taken as they are.
	Verify func(n *dsl.NodeTemplate, typ *dsl.NodeType, properties intrinsic.Value) diag.List
}

// Observed is what a refresh read of one element.
type Observed struct {
	Gone       bool
	Properties intrinsic.Value // those that can be read back
	Attributes intrinsic.Value
}

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
	// Contents are what the files hold that properties name, by their names.
	Contents  map[string]dsl.Content
	Package   string // where those files are, for the plan file; "" if there are none
	ForceTrim bool   // how the blueprint was expanded, for the plan file
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
	// Retain names nodes that leave the stack without being destroyed, as
	// those do whose template said so.
	Retain map[string]bool
	// Skip names nodes that a rollback leaves as they are.
	Skip map[string]bool
	// Targets names the nodes to plan for, with all that they depend on; nil:
	// all.
	Targets map[string]bool

	// Again is true when these names are those of an execution that this plan
	// goes on with: what they name may be done by now, and gone.
	Again bool

	// RefreshOnly plans to record what a refresh read, and nothing else.
	RefreshOnly bool
	// Return, if not nil, makes it a rollback: Blueprint is that of an earlier
	// revision; nil: there was none.
	Return *Return

	// Former is the blueprint of the newest revision, expanded with its inputs,
	// for the rules of upgrades; nil: not known.
	Former       *dsl.Blueprint
	FormerInputs map[string]intrinsic.Value
	// Strict makes errors of what AOS forbids in an upgrade.
	Strict bool

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

// Return is what a rollback goes back to.
type Return struct {
	To int64 // number of the revision; 0: to before the first one
	// Elements are those that were changed since, as they were then, by node;
	// nil: the node had none.
	Elements map[string]*state.Element
	// There is what was read of those of them that the stack has let go, by node.
	// What is there still comes back, unless it has another place by now.
	There map[string]Observed
	// Only is true when nothing but the nodes of Elements is touched: one
	// execution is undone.
	Only bool
	// lost are nodes whose objects, which the stack has let go, can't become again
	// what they were: they stay where they are, and nothing makes room for them.
	lost map[string]bool
	// Own is true when that execution undoes itself: what it has made itself
	// may be destroyed without being named.
	Own bool
}

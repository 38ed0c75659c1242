// Package planner owns the plan: it compares what a blueprint says with what a
// stack records (and what a refresh read) and says which steps lead from one
// to the other, in which order and why. It is pure: no clock, no I/O, no
// provider.
package planner

import (
	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

// Action is what a step does to its element.
type Action string

// The actions of a step.
const (
	None    Action = "none"
	Read    Action = "read"
	Create  Action = "create"
	Update  Action = "update"
	Replace Action = "replace" // delete, then create
	Delete  Action = "delete"
)

// Plan is everything that an execution needs. Steps are in an order in which
// they can run one by one; independent ones are ordered by name.
type Plan struct {
	Stack     string
	Lifecycle string // create, upgrade or delete
	Serial    int64  // of the stack state that the plan was made from

	Blueprint *dsl.Blueprint    // nil when Lifecycle is delete
	Source    []byte            // text of the blueprint, for the revision
	Files     map[string][]byte // texts that it uses besides, by name in the package
	Catalogue dsl.Catalogue
	Inputs    map[string]intrinsic.Value // nil when Lifecycle is delete

	Steps   []*Step
	Outputs []*OutputChange

	// Drift tells, per element, what a refresh found changed or gone.
	Drift []Drift
}

// Step is one action on one element.
type Step struct {
	Node     string
	Type     string // without prefix
	Action   Action
	ObjectID string // "" for create

	Before intrinsic.Value // recorded properties; null for create
	After  intrinsic.Value // wanted properties, defaults filled in, unknown parts marked; null for delete
	// Attributes are the recorded ones; null for create.
	Attributes intrinsic.Value

	Changes []Change // leaf by leaf, sorted by path
	Reason  string   // one sentence

	// A step has up to two phases: a delete phase (actions delete and replace)
	// and then an apply phase (create, update, replace; none and read too,
	// without a call).

	// DependsOn names the nodes whose apply phase must be over before the apply
	// phase of this step begins, sorted.
	DependsOn []string

	// DeleteAfter names the nodes that must be out of the way before the delete
	// phase of this step begins, sorted: of each, its delete phase if it has
	// one, else its apply phase.
	DeleteAfter []string

	// DeletedWith names the node whose deletion takes this element along: the
	// step makes no call of its own. "" otherwise.
	DeletedWith string

	HoldsData string // what destroying it loses; "" if nothing
	Forgotten string // why a delete only forgets it; "" if it is deleted
	Gone      bool   // a delete of what a refresh did not find any more: only the record goes
	Range     diag.Range
}

// Change is one leaf that differs.
type Change struct {
	Path     string // such as peerOrgs[0].nodeCount
	Before   intrinsic.Value
	After    intrinsic.Value
	Replaces bool // the property is immutable
	// Recorded says why the change calls nothing and is only recorded; "" if it
	// does call.
	Recorded string
	Range    diag.Range
}

// OutputChange is one output before and after.
type OutputChange struct {
	Name          string
	Before, After intrinsic.Value
	Action        Action // create, update, delete or none
}

// Drift is what a refresh found about one element.
type Drift struct {
	Node, Type string
	Gone       bool
	Changes    []Change // Before: recorded, After: read
}

// Summary counts what a plan does. A replacement counts as one to add and one
// to destroy.
type Summary struct{ Add, Change, Destroy int }

// Summary counts the steps.
func (p *Plan) Summary() Summary {
	var s Summary
	for _, st := range p.Steps {
		switch st.Action {
		case Create:
			s.Add++
		case Update:
			s.Change++
		case Replace:
			s.Add++
			s.Destroy++
		case Delete:
			s.Destroy++
		}
	}
	return s
}

// Empty reports whether the plan changes nothing: no step acts and no output
// differs.
func (p *Plan) Empty() bool {
	for _, st := range p.Steps {
		if st.Action != None && st.Action != Read {
			return false
		}
	}
	for _, o := range p.Outputs {
		if o.Action != None {
			return false
		}
	}
	return true
}

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
	Lifecycle string // create, upgrade, rollback, delete or refresh
	Serial    int64  // of the stack state that the plan was made from

	Blueprint *dsl.Blueprint         // nil when Lifecycle is delete
	Source    []byte                 // text of the blueprint, for the revision
	Files     map[string][]byte      // texts that it uses besides, by name in the package
	Contents  map[string]dsl.Content // of files that properties name, by their names
	Catalogue dsl.Catalogue
	Inputs    map[string]intrinsic.Value // nil when Lifecycle is delete

	Steps   []*Step
	Outputs []*OutputChange

	// Drift tells, per element, what a refresh found changed or gone.
	Drift []Drift

	// Targeted is true when only some nodes were planned for.
	Targeted bool
	// Skipped are the nodes that a rollback leaves out on the user's wish, sorted.
	Skipped []string
	// RefreshOnly is true when the plan does nothing but record the drift.
	RefreshOnly bool
	// NoReturn is where the plan begins to do what can't be undone; nil: never.
	NoReturn *NoReturn
	// Prices tell, by node, what is bought and given back, as the cloud says. They
	// are no part of what is planned: Make leaves them out, and they may change
	// without the plan. nil: nobody has asked.
	Prices map[string][]Price
}

// NoReturn is the point of no return of a plan: what comes before it can be
// undone, what comes after it is reached only when all of that is done.
type NoReturn struct {
	Node   string // of the first step that can't be undone
	Delete bool   // its delete phase, else its apply phase
	Why    string // one clause
	Before int    // number of acting steps that come before
}

// Undo says whether what a step does can be undone.
type Undo string

// The kinds of steps, by whether they can be undone.
const (
	Reversible    Undo = "reversible"    // the opposite step leads back
	Compensatable Undo = "compensatable" // a step leads to an equal, but not to the same
	Irreversible  Undo = "irreversible"  // nothing leads back
)

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

	// RenamedFrom is the node under which the element is recorded; "" if its
	// name stays.
	RenamedFrom string
	// Kept is true when the step is there for completeness only: the node was
	// not to be planned for.
	Kept bool
	// Retain is what the template says about leaving the stack, to be recorded.
	Retain bool
	// Retained is true for a delete phase that only takes the element out of
	// the stack: the object stays in the cloud on the user's wish.
	Retained bool

	// Undo of a step that acts, and in one clause why it is not reversible.
	Undo    Undo
	UndoWhy string
	// DeleteStage and ApplyStage order phases beyond their dependencies, so that
	// what can't be undone runs as late as it can: a phase of an odd stage
	// begins after all phases of lower stages; the others wait for nobody.
	DeleteStage, ApplyStage int

	// GoesOn is true for an update that goes on with a creation: what was made
	// waits for something only.
	GoesOn bool

	Seen      bool   // a refresh has read the object; of one that is left out also that it is as recorded
	HoldsData string // what destroying it loses; "" if nothing
	Drops     string // what an update destroys of what the element holds; "" if nothing
	Forgotten string // why a delete only forgets it; "" if it is deleted
	Leaves    string // what stays when it is deleted; "" if nothing does
	Destroys  string // what its flags let go with it then; "" if nothing
	// LeavesAlong is what stays when it goes with what it lives in; "" if nothing does.
	LeavesAlong string

	Gone  bool // a delete of what a refresh did not find any more: only the record goes
	Range diag.Range
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
	// Causes is the chain that led to it, nearest first.
	Causes []Cause
	// Within are the leaves that differ inside a text that is YAML or JSON
	// itself, by their paths in it; nil: it is compared as a text.
	Within []Change
}

// Cause is a link of the chain that leads to a change.
type Cause struct {
	Kind CauseKind
	Name string     // of the input; "node.attribute" of an attribute; of the node for a step
	Why  string     // one clause for people
	At   diag.Range // where it is said; zero if nowhere
}

// CauseKind is what a Cause is about.
type CauseKind string

// The kinds of causes.
const (
	ByBlueprint CauseKind = "blueprint" // the value is written there
	ByInput     CauseKind = "input"     // it comes from an input
	ByAttribute CauseKind = "attribute" // it follows an attribute of another node
	ByStep      CauseKind = "step"      // and that node is created, updated or replaced
	ByDrift     CauseKind = "drift"     // the object was changed outside
	ByDefault   CauseKind = "default"   // the node type's default
	ByFile      CauseKind = "file"      // what is in the file has changed
)

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
	// Before and After are all properties, as recorded and as read; what is gone
	// has no After.
	Before, After intrinsic.Value
}

// Summary counts what a plan does. A replacement counts as one to add and one
// to destroy, or one to forget if its old object is retained. Forget counts
// what leaves the stack and stays in the cloud, Move what is renamed.
type Summary struct{ Add, Change, Destroy, Forget, Move int }

// Summary counts the steps.
func (p *Plan) Summary() Summary {
	var sum Summary
	for _, s := range p.Steps {
		if s.RenamedFrom != "" {
			sum.Move++
		}
		switch {
		case s.Action == Update:
			sum.Change++
		case s.Action == Create || s.Action == Replace:
			sum.Add++
		}
		switch {
		case s.forgets():
			sum.Forget++
		case s.deletes():
			sum.Destroy++
		}
	}
	return sum
}

// Empty reports whether the plan changes nothing: no step acts or goes by
// another name, no output differs, and there is no drift if that is what it is
// to record.
func (p *Plan) Empty() bool {
	for _, s := range p.Steps {
		if s.acts() || s.RenamedFrom != "" {
			return false
		}
	}
	for _, o := range p.Outputs {
		if o.Action != None {
			return false
		}
	}
	return !p.RefreshOnly || len(p.Drift) == 0
}

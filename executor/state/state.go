// Package state owns what is remembered: stacks, revisions, elements,
// executions and the append-only journal. Records go in and are durable when
// the call returns; the same records come out. It knows nothing of blueprints
// or clouds; it alone knows the disk, and it alone encrypts secrets.
package state

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Document is a JSON value with the JSON pointers (RFC 6901) of its sensitive
// parts. In memory the value is in clear; the store encrypts the sensitive
// parts before they reach the disk.
type Document struct {
	Value     any      `json:"value"`
	Sensitive []string `json:"sensitive,omitempty"`
}

// Stack is one deployment of a blueprint.
type Stack struct {
	Name     string
	Serial   int64 // grows with every change of the stack
	Phase    string
	Created  time.Time
	Updated  time.Time
	Revision *Revision           // the newest; nil before the first execution
	Elements map[string]*Element // by node name
	Outputs  map[string]Document // of the last execution
}

// Revision is a blueprint and its input values as one execution applied them.
type Revision struct {
	Number    int64
	Blueprint []byte             // source text
	File      string             // its name as shown
	Files     map[string][]byte  // further texts of its package that it uses, by name
	Contents  map[string]Content // of files that properties name, by their names there
	Secret    bool               // secrets stand in its texts, which are therefore stored encrypted
	Inputs    Document
	Created   time.Time
}

// Element is one deployed node template.
type Element struct {
	Node       string
	Type       string // without prefix
	ObjectID   string
	Phase      string
	Properties Document // as applied
	Attributes Document
	// DependsOn are the nodes that it was created after, sorted: what a later
	// deletion needs even if the blueprint is gone.
	DependsOn []string
	// Retain says that leaving the stack does not destroy the object.
	Retain bool
	// LetGo is true only in what Store.Before returns, and not kept: the last
	// that is on record of the object is that the stack forgot it and that it
	// stayed in the cloud.
	LetGo bool
	// Attempted is true only in what Store.Before returns, and not kept: what is
	// told is what an attempt at the same has found, or what a later execution came
	// upon without doing anything, after whatever was done from outside or along with
	// another element, and not what was recorded then.
	Attempted bool
	Revision  int64
	Created   time.Time
	Updated   time.Time
}

// Execution is one durable run of a lifecycle.
type Execution struct {
	ID        string // such as consortium-7
	Stack     string
	Number    int64
	Lifecycle string
	Phase     string
	Message   string // why it ended so; "" if it succeeded
	Revision  int64  // that it applies; 0 when it has none, as a delete
	Owner     Owner
	Terms     Terms
	Started   time.Time
	Ended     time.Time // zero while it runs
	Final     bool      // the stack was removed with its end
	// StackPhase is the phase of the stack once the execution has ended; "":
	// Phase. Recording what is there leaves a stack as complete as it was. It is
	// kept with the stack, not with the execution.
	StackPhase string
	// CancelAsked is who asked to cancel it, and since when; nil: nobody.
	CancelAsked *Owner
	Steps       []StepRecord
}

// Terms are what the user asked of an execution besides a blueprint and its
// inputs: what a retry has to know to go on in the same sense. Lists are
// sorted.
type Terms struct {
	AllowDataLoss []string      `json:"allow_data_loss,omitempty"`
	Replace       []string      `json:"replace,omitempty"`
	Targets       []string      `json:"targets,omitempty"`
	Retain        []string      `json:"retain,omitempty"`
	Skip          []string      `json:"skip,omitempty"` // rollback: left as they are
	ForceTrim     bool          `json:"force_trim,omitempty"`
	Force         bool          `json:"force,omitempty"`      // delete: what can't be deleted is forgotten
	OnFailure     string        `json:"on_failure,omitempty"` // stop or rollback; "" is stop
	Timeout       time.Duration `json:"timeout,omitempty"`    // 0: none
	To            int64         `json:"to,omitempty"`         // rollback: the revision that it returns to; 0: to none
	Undoes        string        `json:"undoes,omitempty"`     // rollback: the one execution that it undoes; "": everything since To
	Retries       string        `json:"retries,omitempty"`    // the execution that this one goes on with
}

// StepRecord is how far one step of an execution got: the sum of its journal
// records.
type StepRecord struct {
	Node      string
	Type      string
	Action    string
	Phase     string
	Attempts  int
	Operation []byte // the provider's last handle as JSON; nil when there was none
	ObjectID  string
	Deleted   bool // its delete phase is done: what was there has left the stack
	Error     string
	Detail    *Detail  // of its last progress, as long as it has not ended
	WaitsFor  []string // nodes whose steps come before it
	Started   time.Time
	Ended     time.Time
	// RenamedFrom is the name under which its element was on record before the
	// execution; "" if it keeps its name.
	RenamedFrom string
}

// Owner says who runs an execution.
type Owner struct {
	ID      string    `json:"id"` // random, one per process
	Host    string    `json:"host"`
	PID     int       `json:"pid"`
	User    string    `json:"user"`
	Command string    `json:"command"`
	Since   time.Time `json:"since"`
	// Process tells the process apart from a later one with the same PID; ""
	// where the system does not say.
	Process string `json:"process,omitempty"`
	// Place is where the execution works.
	Place Place `json:"place,omitzero"`
}

// String says who, where and since when.
func (o Owner) String() string {
	return fmt.Sprintf("%s (process %d on %s, user %s, since %s)", o.Command, o.PID, o.Host, o.User, o.Since.Format(time.RFC3339))
}

// RecordKind is the kind of a journal record.
type RecordKind string

// The kinds of journal records, in the order in which a step writes them.
const (
	Planned   RecordKind = "planned"   // the step is part of the execution
	Intent    RecordKind = "intent"    // the first changing call is about to be sent
	Operation RecordKind = "operation" // a handle to wait with, or to send the next call under
	Progress  RecordKind = "progress"  // what the step is at, for people: nothing goes by it
	Result    RecordKind = "result"    // done; the element is written in the same transaction
	Failure   RecordKind = "failure"   // the step failed; the outcome is known
	Skipped   RecordKind = "skipped"   // not begun, because of a predecessor or an interruption
	Halted    RecordKind = "halted"    // left at a recorded point, outcome open: recovery settles it
)

// Record is one entry of the journal.
type Record struct {
	Seq       int64 // given by the store
	Execution string
	Node      string
	Type      string
	Action    string
	Kind      RecordKind
	Phase     string // of the step after the record
	Attempt   int
	Request   Document // Intent of a create or update: the properties that are sent; Operation: what is secret of the handle
	Operation []byte   // the provider's handle as JSON
	ObjectID  string
	Error     string
	At        time.Time

	// Detail stands in records of Progress only.
	Detail *Detail

	// DependsOn, SensitiveAttributes and Retain stand in the Intent of a create
	// or an update: what the element needs besides Request, so that recovery can
	// write it without the blueprint. In Planned, DependsOn are the nodes that
	// the step waits for.
	DependsOn           []string
	SensitiveAttributes []string
	Retain              bool

	// Before is the element as it was found before the step: as recorded, with
	// what a refresh read. nil: there was none. It stands in the first record
	// of a step that may change something: its Intent, or the Result of a step
	// that makes no call. Later ones of the same node need none: see
	// Store.Before.
	Before *Element

	// Element, if not nil, is written with the record; Remove removes the
	// element of Node. Both are atomic with the record.
	Element *Element
	Remove  bool
}

// Detail is what a step is at. It is kept in clear: no secret may stand in it.
type Detail struct {
	Message   string        `json:"message,omitempty"`   // what it does or waits for, in one line
	Operation string        `json:"operation,omitempty"` // the cloud's ID of the running work
	Transfer  *Transfer     `json:"transfer,omitempty"`  // of what is being sent
	Substeps  []Substep     `json:"substeps,omitempty"`  // of the operation, as the cloud reports them
	Wait      time.Duration `json:"wait,omitempty"`      // until the next try, in nanoseconds; Error says why there is one
	Obstacle  Obstacle      `json:"obstacle,omitempty"`  // what keeps it from beginning; "": nothing, it is at work
	WaitsFor  []string      `json:"waits_for,omitempty"` // the nodes behind Obstacle, as far as they are named
}

// Transfer is how far what a request carries is on its way, in bytes.
type Transfer struct {
	Sent int64 `json:"sent"`
	Size int64 `json:"size"`
}

// Obstacle is what keeps a step from beginning.
type Obstacle string

// The obstacles, in the order in which a step may meet them.
const (
	Predecessors Obstacle = "predecessors" // steps that come before it
	Stage        Obstacle = "stage"        // it can't be undone, so that all others have to succeed first
	Slot         Obstacle = "slot"         // as many steps run as may
	Turn         Obstacle = "turn"         // others are at work on the same object
)

// Substep is a part of an operation.
type Substep struct {
	Name   string `json:"name"`
	Status string `json:"status"` // waiting, processing, finished, failed
	Detail string `json:"detail,omitempty"`
}

// Lease is the right to change a stack. Token grows with every new owner; a
// write under an old token fails with ErrLeaseLost.
type Lease struct {
	Stack string
	Token int64
	Owner Owner
}

// HeldError tells that another execution holds the stack.
type HeldError struct {
	Stack   string
	Owner   Owner
	Expires time.Time
}

// Error says who holds the stack.
func (e *HeldError) Error() string {
	return fmt.Sprintf("stack %q is held by %s", e.Stack, e.Owner)
}

// OutdatedError tells that a state is of an older schema, which can't change while
// somebody is at work with it: until then it can only be read.
type OutdatedError struct {
	Schema int
	Held   *HeldError
}

// Error says who works with it.
func (e *OutdatedError) Error() string {
	return fmt.Sprintf("the state is of an older orchestrate (schema %d), and can't be brought to schema %d while that may be at work with it: %v", e.Schema, len(migrations), e.Held)
}

// Unwrap returns who holds a stack.
func (e *OutdatedError) Unwrap() error { return e.Held }

// Errors that callers tell apart.
var (
	ErrNotFound  = errors.New("not found")
	ErrLeaseLost = errors.New("the lease on the stack was lost to another process")
	ErrEnded     = errors.New("the execution has ended")
)

// Store keeps stacks. Its methods are safe for concurrent use, also by several
// processes. What a method wrote is durable when it returns.
type Store interface {
	// Stacks lists all stacks by name, without elements and revisions.
	Stacks(ctx context.Context) ([]*Stack, error)
	// Stack returns one stack whole, or ErrNotFound. If secrets cannot be
	// decrypted it returns the rest, null in their place, and a *SealedError.
	Stack(ctx context.Context, name string) (*Stack, error)
	// Executions lists the executions of a stack, newest first, without steps;
	// "" means of all stacks.
	Executions(ctx context.Context, stack string) ([]*Execution, error)
	// Execution returns one with its steps, or ErrNotFound.
	Execution(ctx context.Context, id string) (*Execution, error)
	// Journal returns the records of one execution in order. Secrets that
	// cannot be decrypted are dealt with as in Stack. Element and Remove are not
	// kept: they are nil and false.
	Journal(ctx context.Context, execution string) ([]Record, error)
	// Revisions lists the revisions of a stack, newest first, without texts and
	// inputs. A stack that is not there has none.
	Revisions(ctx context.Context, stack string) ([]*Revision, error)
	// Revision returns one whole, or ErrNotFound. Secrets that cannot be
	// decrypted are dealt with as in Stack.
	Revision(ctx context.Context, stack string, number int64) (*Revision, error)
	// Before returns the elements as they were found before the execution with
	// this number began: for each node that it or a later execution of the stack
	// may have changed, what the first record of that says; nil: the node had no
	// element. Nodes whose first change is on record without what was there
	// before, because the journal was then of an earlier schema, are left out,
	// unless that change made them. What came before something was imported into
	// a node without an element does not count for that node. LetGo tells of
	// each element whether its object stayed in the cloud when the stack forgot
	// it since.
	// What lies before the last removal of the stack is another stack's:
	// only executions after it count. attempts (IDs) are those that were after the
	// same as the caller: Attempted marks what only they may have changed, and what
	// a later execution than the first has only noted. Secrets that cannot be
	// decrypted are dealt with as in Stack.
	Before(ctx context.Context, stack string, number int64, attempts ...string) (map[string]*Element, error)

	// Acquire takes the lease of a stack, which need not exist yet. It fails
	// with *HeldError while another living owner has it.
	Acquire(ctx context.Context, stack string, owner Owner, ttl time.Duration) (*Lease, error)
	Renew(ctx context.Context, l *Lease, ttl time.Duration) error
	Release(ctx context.Context, l *Lease) error

	// Cancel asks a running execution to end and marks its phase, and that of
	// its stack, as cancelling. It needs no lease: whoever runs the execution
	// obeys. Asking again changes nothing. ErrNotFound if there is no such
	// execution, ErrEnded if it runs no more.
	Cancel(ctx context.Context, execution string, by Owner) error
	// CancelAsked tells who asked to cancel an execution, nil if nobody did;
	// ErrNotFound if there is no such execution. It is cheap enough to be called
	// once a second.
	CancelAsked(ctx context.Context, execution string) (*Owner, error)

	// Begin creates the stack if needed, writes the revision (nil: keep) and a
	// new execution with its planned steps, and sets the stack's phase. Numbers
	// of executions and revisions only grow, also over removals of the stack.
	Begin(ctx context.Context, l *Lease, e *Execution, rev *Revision, planned []Record) (*Execution, error)
	// Append adds records to the journal and applies their elements. Calls at
	// the same time share one sync.
	Append(ctx context.Context, l *Lease, records ...Record) error
	// Finish ends an execution: its phase and message, the stack's phase (its
	// StackPhase if it has one), and the outputs (nil: keep). removeStack deletes the stack with its
	// revisions; its executions stay readable.
	Finish(ctx context.Context, l *Lease, e *Execution, outputs map[string]Document, removeStack bool) error

	Close() error
}

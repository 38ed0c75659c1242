// Package executor carries plans out: it drives the pure core of
// internal/sched with goroutines, a clock, providers and the store, so that
// every intent is durable before its call and every operation before its wait.
// A Plan goes in; recorded elements, an execution record and a stream of
// events come out. Terminals and flags are left to the command.
package executor

import (
	"log/slog"
	"time"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// Engine runs plans. Its fields are set once, before use. One Engine may run
// several executions at once, of different stacks.
type Engine struct {
	Store     state.Store
	Providers providers.Registry
	Log       *slog.Logger // nil: discard
	// LeaseTTL is how long leases live without a sign of their owner; 0 means
	// the constant of that name.
	LeaseTTL time.Duration
}

// effectless reports whether actions on objects of a type change nothing
// outside. A type that nobody serves is found out about later.
func (e *Engine) effectless(typ string) bool {
	p, err := e.Providers.For(typ)
	_, ok := p.(providers.Effectless)
	return err == nil && ok
}

// Options steer one execution.
type Options struct {
	Parallelism int           // most steps at once, of those that call the cloud; 0 means 10
	Timeout     time.Duration // of the whole execution; when it is over, Run acts as after Stop; 0 means none
	Since       time.Time     // when Timeout began to count; zero: when Run did
	// Source is the text of the plan's blueprint, kept with the revision.
	Source []byte
	// Files opens those that properties of the plan's blueprint name. nil: what
	// they hold is kept with the state since an earlier execution.
	Files Files
	Terms state.Terms // kept with the execution
	// Answers say, by node, which object a lost creation has made: its ID, or
	// providers.AnswerNone. Only Recover heeds them: see Question.
	Answers map[string]string
	// Stop, when closed, starts nothing new and lets running steps reach their
	// next recorded point (first Ctrl-C). Cancelling the context of Run aborts
	// calls in flight (second Ctrl-C).
	Stop <-chan struct{}
	// Seed is that of the jitter between tries, so that an execution can be
	// repeated exactly; 0: any.
	Seed    uint64
	Observe func(Event) // called from one goroutine at a time; nil: nobody watches
}

// EventKind is the kind of an Event; its values are the type names of the JSON
// event stream where OpenTofu has one.
type EventKind string

// The kinds of events.
const (
	StepStart     EventKind = "apply_start"
	StepProgress  EventKind = "step_progress" // substeps or message changed
	StepComplete  EventKind = "apply_complete"
	StepErrored   EventKind = "apply_errored"
	StepRetry     EventKind = "step_retry"   // Attempt did not succeed, another follows: Err says why, Wait when
	StepWaiting   EventKind = "step_waiting" // can't begin yet: Obstacle says why, WaitsFor names those that it waits for
	StepSkipped   EventKind = "step_skipped" // Message says why
	StepAdopted   EventKind = "adopted"      // found by evidence after a lost answer
	StepStopped   EventKind = "step_stopped" // interrupted at a recorded point; Message says what runs on in the cloud
	StepPaused    EventKind = "step_paused"  // with other credentials the next command goes on: Err says what was refused, Message what runs on in the cloud
	StepForgotten EventKind = "forgotten"    // out of the stack, but not destroyed: Message or Err says why
	StepMoved     EventKind = "moved"        // recorded under another name; Message says under which it was
	StopAsked     EventKind = "stop_asked"
)

// Event tells what happened to a step.
type Event struct {
	Kind      EventKind
	At        time.Time
	Execution string
	Node      string
	Type      string
	Action    planner.Action
	ObjectID  string
	Operation string // the cloud's ID of the running work
	Elapsed   time.Duration
	Attempt   int
	Message   string
	Substeps  []providers.Substep
	Transfer  *providers.Transfer // of what is being sent; nil: nothing that takes its time
	Wait      time.Duration
	Obstacle  state.Obstacle
	Settled   bool     // of a skipped step: its request may have been sent, and it was found out what came of that
	WaitsFor  []string // nodes behind Obstacle, as far as they are named; Message says which object a turn is about
	Err       error
}

// Outcome says how an execution ended.
type Outcome string

// The outcomes.
const (
	Succeeded   Outcome = "succeeded"
	Failed      Outcome = "failed"
	Interrupted Outcome = "interrupted"
	Cancelled   Outcome = "cancelled" // by somebody else
)

// Result is what an execution did.
type Result struct {
	Execution *state.Execution
	Outcome   Outcome
	Summary   planner.Summary // of what was done, not of what was planned
	Changed   bool            // whether any changing call may have been sent
	// CancelledBy is who asked to cancel the execution while it ran; nil: nobody.
	CancelledBy *state.Owner
	Outputs     map[string]state.Document
	Errors      []StepError // sorted by node
}

// Refused reports whether refused credentials are all that has kept the execution
// from going on.
func (r *Result) Refused() bool {
	for _, e := range r.Errors {
		if !isKind(e.Err, providers.Auth) {
			return false
		}
	}
	return len(r.Errors) > 0
}

// StepError is why a step failed.
type StepError struct {
	Node string
	Type string
	Step *planner.Step // nil for a step that recovery took up
	Err  error         // usually wraps *providers.Error
	Left string        // in a clause, what of it is left open: work in the cloud, or a request; "": nothing
}

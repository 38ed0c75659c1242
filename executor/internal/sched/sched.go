// Package sched is the pure core of the executor: it decides what happens next
// in an execution. Tasks go in once, then events (resolved, recorded,
// advanced, erred, fired, stop); commands come out (resolve, record, advance,
// wait, finish). It has no clock, goroutine or I/O, and what it does depends
// on nothing but its input: times and the seed of the jitter are given. Calls,
// values, the journal and timers are left to whoever drives it.
//
// A task is one phase of a step: the deletion or the application (create,
// update) of one element; a replacement is two tasks. Its states:
//
//	waiting ──(none: nothing to do)───────────────────────────▶ done
//	   │ predecessors done ──(stage not reached)──▶ held
//	   ▼                                             │ lower stages over
//	   ├◀────────────────────────────────────────────┘
//	 ready ──slot──▶ resolving ──key free──▶ intending ──recorded──▶ advancing
//	                    │  │ key taken          ▲                    │ ▲  │ │
//	                    │  └──▶ queued ──key,───┘        new handle  │ │  │ │
//	                    │              slot         noting ◀─────────┘ │  │ │
//	                    │                              └──recorded──▶──┤  │ │
//	                    │                                              │  │ │
//	                    │               same handle, or worth a retry  │  │ │
//	                    │                          pausing ◀───────────┼──┘ │
//	                    │                              └──fired────────┘    │
//	                    ▼                                                   ▼
//	                 closing: the end is being recorded ──recorded──▶ done, failed,
//	                                                                 halted or skipped
//
// From each state but the last row a stop leads to closing: what was not begun
// is skipped, what waits is halted at once, what runs is halted when its
// answer, and the handle in it, is recorded.
//
// A task that ends failed or, other than by a stop, halted drains the rest:
// what was not begun is skipped, what runs goes on to its own end. A drained
// task that was begun but has had no effect yet (it waits for another try of its
// first call) counts as not begun; one that an earlier execution began counts as
// running.
//
// Stages keep what can't be undone for last: a task of an odd stage begins when
// all tasks of lower stages are over, one of an even stage when its
// predecessors are.
//
// A quick task calls nobody who could be changed by it, so it goes from resolving
// to advancing without an intent, and was not begun before its end is on record.
// Such tasks, and those without a call, have slots of their own.
//
// What holds at all times: a task begins after all its predecessors are done;
// at most Parallelism tasks hold a slot, from resolving to the end, without
// the time in queued; of the tasks with the same key at most one is between
// intending and its end; Advance of a task that is not quick follows only on a
// recorded intent, with the handle that was recorded last; dependents begin after the result is
// recorded; after a failure nothing begins.
package sched

import (
	"fmt"
	"time"

	"github.com/orchestrate-tosca/orchestrate/planner"
)

// Task is one phase of a step.
type Task struct {
	Node   string
	Action planner.Action // create, update, delete; none: done when its predecessors are
	Call   bool           // false: only the result is recorded
	Quick  bool           // the call changes nothing outside and is answered at once: it needs no intent
	After  []int          // indexes of the tasks that must be done before
	Stage  int            // odd: begins after all tasks of lower stages; raised to those of its predecessors
	Limit  time.Duration  // from the intent to the end; 0: none
	Forget bool           // a refusal of the cloud ends it as done, by a record of kind Forget
	Lapse  bool           // when its limit is over it has failed, else its outcome is open
	Holds  []int          // indexes of tasks of After: if one was forgotten, Busy is a refusal, not work that passes
	Resume *Resume        // the intent is on record already; nil: it is not
}

// Resume is where an earlier execution left a task.
type Resume struct{ Handle string }

// Options are what the core is told once.
type Options struct {
	Parallelism int    // most tasks that call and hold a slot; at least 1
	Seed        uint64 // of the jitter
}

// Event is something that happened.
type Event interface{ event() }

// Resolved answers Resolve.
type Resolved struct {
	Task  int
	Key   string // at most one task of a key runs at a time; "": no limit
	Equal bool   // it turned out that nothing differs: no call is needed
}

// Recorded answers Record: it is durable.
type Recorded struct{ Task int }

// Unrecorded answers Record: it could not be made durable. Nothing is begun or
// recorded any more.
type Unrecorded struct{ Task int }

// Advanced answers Advance: it worked.
type Advanced struct {
	Task    int
	Done    bool
	Handle  string        // to go on with
	After   time.Duration // the wish of the provider; 0: none
	Changed bool          // whether anything moved since the last answer
}

// Erred answers Resolve or Advance: it did not work.
type Erred struct {
	Task       int
	Class      Class
	RetryAfter time.Duration // the wish of the server; 0: none
}

// Fired answers Wait.
type Fired struct{ Task, Timer int }

// Stopped asks for the end: nothing new begins, what runs halts at its next
// recorded point.
type Stopped struct{}

// Fenced tells that nothing can be recorded any more.
type Fenced struct{}

func (Resolved) event()   {}
func (Recorded) event()   {}
func (Unrecorded) event() {}
func (Advanced) event()   {}
func (Erred) event()      {}
func (Fired) event()      {}
func (Stopped) event()    {}
func (Fenced) event()     {}

// Class says what to do about an error.
type Class string

// The classes of errors.
const (
	Busy        Class = "busy"        // other work runs on the object; wait as long as the limit allows
	Throttled   Class = "throttled"   // nothing was done; try again
	Unavailable Class = "unavailable" // nothing was sent; try again
	Ambiguous   Class = "ambiguous"   // sent, outcome unknown: the next call looks first
	Denied      Class = "denied"      // nothing was done, and nothing more can be
	Fatal       Class = "fatal"       // over, the outcome is known
	Unclear     Class = "unclear"     // over, but what came of it is not known
)

// Command is what the driver must do next.
type Command interface{ String() string }

// Resolve asks for the values of a task.
type Resolve struct{ Task int }

// Record asks to make something durable.
type Record struct {
	Task   int
	Kind   Kind
	Handle string // of Operation and Halt
	// Why explains Fail, Forget and Halt beyond the last error, and Skip; "" if
	// there is no more to say.
	Why string
	// Interrupted is true for a Halt or Skip because of Stopped.
	Interrupted bool
}

// Kind is the kind of a Record.
type Kind string

// The kinds of records.
const (
	Intent    Kind = "intent"
	Operation Kind = "operation"
	Result    Kind = "result"
	Fail      Kind = "failure"
	Forget    Kind = "forget" // failed, but done as far as others are concerned
	Halt      Kind = "halt"   // the outcome is open
	Skip      Kind = "skip"
)

// Advance asks for the next move of a task.
type Advance struct {
	Task    int
	Handle  string // as recorded; "": not begun
	Resumed bool   // look before sending
	Attempt int    // 1 for the first
	Within  time.Duration
}

// Wait asks for Fired after a while.
type Wait struct {
	Task, Timer int
	For         time.Duration
	Retry       bool // after an error; else the next look at running work
	Attempt     int  // the number of the attempt that follows
}

// Finish tells that no task is left. It comes once.
type Finish struct{}

func (c Resolve) String() string { return fmt.Sprintf("resolve %d", c.Task) }

func (c Record) String() string {
	s := fmt.Sprintf("record %d %s", c.Task, c.Kind)
	if c.Handle != "" {
		s += " handle=" + c.Handle
	}
	if c.Interrupted {
		s += " interrupted"
	}
	if c.Why != "" {
		s += fmt.Sprintf(" why=%q", c.Why)
	}
	return s
}

func (c Advance) String() string {
	s := fmt.Sprintf("advance %d attempt=%d", c.Task, c.Attempt)
	if c.Handle != "" {
		s += " handle=" + c.Handle
	}
	if c.Resumed {
		s += " resumed"
	}
	if c.Within > 0 {
		s += " within=" + c.Within.String()
	}
	return s
}

func (c Wait) String() string {
	s := fmt.Sprintf("wait %d timer=%d for=%s", c.Task, c.Timer, c.For)
	if c.Retry {
		s += fmt.Sprintf(" retry attempt=%d", c.Attempt)
	}
	return s
}

func (Finish) String() string { return "finish" }

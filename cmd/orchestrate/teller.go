package main

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/orchestrate-tosca/orchestrate/executor"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// teller makes events of the records of a journal: those that its writer told.
type teller struct {
	steps    map[string]*toldStep // by node
	order    []*toldStep          // as they were planned
	left     map[string]string    // by type and object: the name that it had
	done     planner.Summary
	failures []string
}

// toldStep is how far a step was told.
type toldStep struct {
	first     executor.Event // what was told when it was planned
	begun     time.Time      // its phase at hand; zero: not yet
	ended     time.Time      // its last phase; zero: none, or another one is to come
	operation string         // the cloud's ID of its running work
	skipped   bool
	open      bool           // a phase has begun, and what came of that is not told yet
	obstacle  state.Obstacle // that was told last; "": none, or it has begun
	waitsFor  []string
	free      bool // it could have begun when it was last looked at
}

func newTeller() *teller { return &teller{steps: map[string]*toldStep{}, left: map[string]string{}} }

func (t *teller) step(node string) *toldStep {
	s := t.steps[node]
	if s == nil {
		s = &toldStep{}
		t.steps[node] = s
	}
	return s
}

// events are what a record tells. A step that needed no call has no other record
// than its result, and begins with that.
func (t *teller) events(r state.Record) []executor.Event {
	begins := r.Kind == state.Result && t.step(r.Node).begun.IsZero() &&
		slices.Contains([]string{"create", "update", "delete"}, r.Action)
	var out []executor.Event
	if begins {
		r.Kind = state.Intent
		e, _ := t.event(r)
		out, r.Kind = append(out, e), state.Result
	}
	if e, ok := t.event(r); ok {
		out = append(out, e)
	}
	return out
}

// event is what a record tells; ok is false if that is nothing to show.
func (t *teller) event(r state.Record) (e executor.Event, ok bool) {
	s := t.step(r.Node)
	e = executor.Event{
		At: r.At, Execution: r.Execution, Node: r.Node, Type: r.Type, Action: planner.Action(r.Action),
		ObjectID: r.ObjectID, Attempt: r.Attempt,
	}
	if !s.begun.IsZero() {
		e.Elapsed = r.At.Sub(s.begun)
	}
	if r.Error != "" {
		e.Err = errors.New(r.Error)
	}
	switch r.Kind {
	case state.Planned:
		return t.planned(e, s, r)
	case state.Intent:
		e.Kind = executor.StepStart
		s.open, s.begun, s.ended, s.operation, s.obstacle = true, r.At, time.Time{}, "", ""
	case state.Operation:
		s.operation = operationID(r.Operation)
		return e, false
	case state.Progress:
		return progress(e, s, r)
	case state.Result:
		s.end(r.At)
		s.open = false
		return t.result(e)
	case state.Failure:
		s.end(r.At)
		s.open, e.Operation = false, s.operation
		t.fail(&e, r.Phase, "nothing was sent")
	case state.Halted:
		s.end(r.At)
		e.Operation = s.operation
		if e.Kind, e.Message = executor.StepStopped, leftText(e.Operation); e.Err != nil {
			t.fail(&e, r.Phase, e.Message)
		}
	case state.Skipped:
		s.end(r.At)
		e.Kind, e.Message, e.Err, e.Settled = executor.StepSkipped, r.Error, nil, s.open
		s.open = false
		first := !s.skipped
		s.skipped = true
		return e, first
	default:
		return e, false
	}
	return e, true
}

func (s *toldStep) end(at time.Time) { s.begun, s.ended, s.obstacle = time.Time{}, at, "" }

// leftText says what becomes of a step that was left at a recorded point.
func leftText(operation string) string {
	if operation == "" {
		return "the next command finds out what came of the last request"
	}
	return "operation " + operation + " runs on in the cloud; the next command takes it up"
}

// planned tells what a step waits for from the beginning on. A replacement
// begins with a deletion; what is let go is told as one.
func (t *teller) planned(e executor.Event, s *toldStep, r state.Record) (executor.Event, bool) {
	if e.Action == planner.Replace || r.Action == "forget" {
		e.Action = planner.Delete
	}
	s.first = e
	t.order = append(t.order, s)
	return s.waits(e, state.Predecessors, r.DependsOn), len(r.DependsOn) > 0
}

// waits tells that a step waits.
func (s *toldStep) waits(e executor.Event, o state.Obstacle, on []string) executor.Event {
	s.obstacle, s.waitsFor = o, on
	e.Kind, e.Obstacle, e.WaitsFor = executor.StepWaiting, o, on
	return e
}

// progress tells what a step is at, unless that is over: nobody waits for such a
// record, so that it may come late.
func progress(e executor.Event, s *toldStep, r state.Record) (executor.Event, bool) {
	if r.Detail == nil || r.At.Before(s.begun) || !s.ended.IsZero() && !r.At.After(s.ended) {
		return e, false
	}
	e.Message, e.Operation, e.Wait = r.Detail.Message, r.Detail.Operation, r.Detail.Wait
	switch {
	case r.Detail.Obstacle != "":
		s.ended = time.Time{} // the second phase of a replacement is to come
		return s.waits(e, r.Detail.Obstacle, r.Detail.WaitsFor), true
	case r.Error != "":
		e.Kind = executor.StepRetry
	default:
		e.Kind, e.Transfer = executor.StepProgress, (*providers.Transfer)(r.Detail.Transfer)
		for _, sub := range r.Detail.Substeps {
			e.Substeps = append(e.Substeps, providers.Substep(sub))
		}
	}
	return e, true
}

// freed tells of the steps that nothing on record keeps from beginning, neither
// now nor when this was last asked: they wait for a slot.
func (t *teller) freed(now time.Time) []executor.Event {
	var out []executor.Event
	t.order = slices.DeleteFunc(t.order, func(s *toldStep) bool { return !s.begun.IsZero() || !s.ended.IsZero() })
	for _, s := range t.order {
		if s.obstacle != state.Predecessors || !t.over(s.waitsFor) {
			continue
		}
		if !s.free {
			s.free = true
			continue
		}
		e := s.first
		e.At = now
		out = append(out, s.waits(e, state.Slot, nil))
	}
	return out
}

// over reports whether the steps of all these nodes have ended.
func (t *teller) over(nodes []string) bool {
	return !slices.ContainsFunc(nodes, func(n string) bool { return t.step(n).ended.IsZero() })
}

// fail tells a step that has failed, or that refused credentials have paused: then
// left says what becomes of it.
func (t *teller) fail(e *executor.Event, phase, left string) {
	e.Kind, e.Message = executor.StepErrored, ""
	if strings.HasSuffix(phase, "Paused") {
		e.Kind, e.Message = executor.StepPaused, left
	}
	if e.Err == nil {
		e.Err = errors.New("why is not on record")
	}
	t.failures = append(t.failures, e.Node+": "+e.Err.Error())
}

// result tells a step that is done, and counts it. Of an element that changes
// its name there are two results, the old name first.
func (t *teller) result(e executor.Event) (executor.Event, bool) {
	e.Kind = executor.StepComplete
	switch e.Action {
	case planner.Create:
		t.done.Add++
	case planner.Update:
		t.done.Change++
	case planner.Delete:
		if e.Err != nil { // the cloud did not delete it, and it was forgotten by force
			t.done.Forget++
			e.Kind, e.Message = executor.StepForgotten, e.Err.Error()
			break
		}
		t.done.Destroy++
	case planner.None, planner.Read:
		return e, false
	case "import":
		e.Kind, e.Action = executor.StepAdopted, planner.Read
	case "forget":
		t.done.Forget++
		if e.Kind, e.Action = executor.StepForgotten, planner.Delete; e.Err == nil {
			e.Message = "its object was not destroyed"
		}
	case "move":
		object := e.Type + " " + e.ObjectID
		was, known := t.left[object]
		if !known {
			t.left[object] = e.Node
			return e, false
		}
		delete(t.left, object)
		t.done.Move++
		e.Kind, e.Action, e.Message = executor.StepMoved, planner.None, "it was "+was
	}
	return e, true
}

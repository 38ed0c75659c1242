package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/orchestrate-tosca/orchestrate/executor"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
)

// followEvery is how often the journal of an execution is looked at that another
// process runs.
const followEvery = 500 * time.Millisecond

// follow shows an execution from its journal, first what there is and then what
// comes, until it has ended.
func (s *session) follow(ctx context.Context, id string) error {
	if _, err := s.execution(ctx, id); err != nil {
		return err
	}
	a := s.app
	var v view = newPlainView(a.out)
	if a.events != nil {
		v = a.events
	}
	f := &follower{session: s, view: v, teller: newTeller()}
	t := time.NewTicker(followEvery)
	defer t.Stop()
	for {
		x, err := f.look(ctx, id)
		if err == nil && !x.Ended.IsZero() {
			return a.outcome(x, f.teller)
		}
		if err == nil {
			err = f.abandoned(ctx, x)
		}
		if err == nil {
			v.tick(a.now())
			select {
			case <-t.C:
				continue
			case <-ctx.Done():
				err = ctx.Err()
			}
		}
		if ctx.Err() != nil {
			return exitCode{exitInterrupted, fmt.Errorf("no longer following execution %s, which goes on", id)}
		}
		return err
	}
}

// follower shows one execution that another process runs.
type follower struct {
	session *session
	view    view
	teller  *teller
	last    int64 // sequence number of the newest record that was shown
	asked   bool  // that somebody wants it to end was said
}

// look shows what has been recorded since the last look.
func (f *follower) look(ctx context.Context, id string) (*state.Execution, error) {
	x, records, err := f.session.file.Tail(ctx, id, f.last)
	if err != nil {
		return nil, fmt.Errorf("follow execution %s: %w", id, err)
	}
	for _, r := range records {
		f.last = r.Seq
		if e, ok := f.teller.event(r); ok {
			f.view.event(e)
		}
	}
	if by := x.CancelAsked; by != nil && !f.asked {
		f.asked = true
		f.view.event(executor.Event{Kind: executor.StopAsked, At: by.Since, Execution: id, Message: "it was cancelled by " + by.String()})
	}
	return x, nil
}

// abandoned tells when nobody runs an execution any more that has not ended. It
// may end between two looks, which is seen by looking again.
func (f *follower) abandoned(ctx context.Context, x *state.Execution) error {
	h, err := f.session.held(ctx, x.Stack)
	if err != nil || h != nil && h.Process != state.Dead {
		return err
	}
	if now, err := f.look(ctx, x.ID); err != nil || !now.Ended.IsZero() {
		return err
	}
	return &noWayBack{
		fmt.Sprintf("nobody runs execution %s any more, and it has not ended; it was begun by %s", x.ID, x.Owner),
		"`retry` takes up what runs on in the cloud and goes on, `cancel` takes it up and ends the execution.",
	}
}

// outcome ends the following of an execution that has ended. One that did not
// succeed fails this command, too.
func (a *app) outcome(x *state.Execution, told *teller) error {
	text := fmt.Sprintf("Execution %s has ended (%s): %s.", x.ID, x.Phase, doneText(told.done)) + forgottenText(told.done)
	if a.events != nil {
		operation := "apply"
		if x.Lifecycle == lifecycleDelete {
			operation = "destroy"
		}
		a.events.summary(told.done, operation, text)
	} else {
		a.printf("\n%s\n", text)
	}
	if succeeded(x) {
		return nil
	}
	a.afterword = a.waysOn(&intent{terms: x.Terms}, x, failedSteps(x))
	why := x.Message
	if len(told.failures) > 0 {
		why = strings.Join(told.failures, "\n")
	}
	return exitCode{exitFailed, fmt.Errorf("execution %s did not succeed: %s", x.ID, why)}
}

// teller makes events of the records of a journal, which holds less than its
// writer told: no sub-steps, and of tries only their number.
type teller struct {
	begun    map[string]time.Time // by node
	left     map[string]string    // by type and object: the name that it had
	skipped  map[string]bool
	done     planner.Summary
	failures []string
}

func newTeller() *teller {
	return &teller{begun: map[string]time.Time{}, left: map[string]string{}, skipped: map[string]bool{}}
}

// event is what a record tells; ok is false if that is nothing to show.
func (t *teller) event(r state.Record) (e executor.Event, ok bool) {
	e = executor.Event{
		At: r.At, Execution: r.Execution, Node: r.Node, Type: r.Type, Action: planner.Action(r.Action),
		ObjectID: r.ObjectID, Operation: operationID(r.Operation), Attempt: r.Attempt,
	}
	if begun := t.begun[r.Node]; !begun.IsZero() {
		e.Elapsed = r.At.Sub(begun)
	}
	if r.Error != "" {
		e.Err = errors.New(r.Error)
	}
	switch r.Kind {
	case state.Intent:
		e.Kind, t.begun[r.Node] = executor.StepStart, r.At
	case state.Operation:
		e.Kind, e.Message = executor.StepProgress, operationText(e)
		return e, e.Message != ""
	case state.Result:
		return t.result(e)
	case state.Failure:
		t.fail(&e)
	case state.Halted:
		if e.Kind, e.Message = executor.StepStopped, "its outcome is found out by the next command"; e.Err != nil {
			t.fail(&e)
		}
	case state.Skipped:
		e.Kind, e.Message, e.Err = executor.StepSkipped, r.Error, nil
		first := !t.skipped[r.Node]
		t.skipped[r.Node] = true
		return e, first
	default:
		return e, false
	}
	return e, true
}

func (t *teller) fail(e *executor.Event) {
	e.Kind, e.Message = executor.StepErrored, ""
	if e.Err == nil {
		e.Err = errors.New("why is not on record")
	}
	t.failures = append(t.failures, e.Node+": "+e.Err.Error())
}

// operationText says what a step waits for.
func operationText(e executor.Event) string {
	switch {
	case e.Operation == "":
		return ""
	case e.Attempt > 1:
		return fmt.Sprintf("operation %s, attempt %d", e.Operation, e.Attempt)
	}
	return "operation " + e.Operation
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

package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/orchestrate-tosca/orchestrate/executor"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
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
	v := a.viewOn(a.out, a.outStyle, nil)
	defer v.close()
	f := &follower{session: s, view: v, teller: newTeller()}
	t := time.NewTicker(followEvery)
	defer t.Stop()
	for {
		x, err := f.look(ctx, id)
		if err == nil && !x.Ended.IsZero() {
			v.close()
			return a.outcome(x, f.teller)
		}
		if err == nil {
			err = f.abandoned(ctx, x)
		}
		if err == nil {
			f.tellFreed(a.now())
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
		for _, e := range f.teller.events(r) {
			f.view.event(e)
		}
	}
	if by := x.CancelAsked; by != nil && !f.asked {
		f.asked = true
		f.view.event(executor.Event{Kind: executor.StopAsked, At: by.Since, Execution: id, Message: "it was cancelled by " + by.String()})
	}
	return x, nil
}

// tellFreed shows which steps wait for nothing but a slot.
func (f *follower) tellFreed(now time.Time) {
	for _, e := range f.teller.freed(now) {
		f.view.event(e)
	}
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

package main

import (
	"context"
	"fmt"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// deserted says in one clause why nobody is at work on a stack whose execution
// has not ended; "" if somebody may be. The hold is taken before an execution
// begins and given back after it has ended.
func (s *session) deserted(ctx context.Context, stack string) (string, error) {
	h, err := s.held(ctx, stack)
	return desertedWhy(h), err
}

func desertedWhy(h *state.Hold) string {
	switch {
	case h == nil:
		return "nobody is at work on it"
	case h.Process == state.Dead:
		return "its process is dead"
	}
	return ""
}

const takesUp = "the next apply, retry, rollback or delete takes it up, cancel takes it up and ends it"

// noteDeserted tells, below a list of executions, on which of them that have not
// ended nobody is at work.
func (s *session) noteDeserted(ctx context.Context, all ...*state.Execution) error {
	for _, x := range all {
		if !x.Ended.IsZero() {
			continue
		}
		why, err := s.deserted(ctx, x.Stack)
		if err != nil {
			return err
		}
		if why != "" {
			s.app.note("Note: execution %s has not ended, but %s; %s.", x.ID, why, takesUp)
		}
	}
	return nil
}

// noteDesertedStacks does so below a list of stacks.
func (s *session) noteDesertedStacks(ctx context.Context, all []*state.Stack) error {
	if s.file == nil {
		return nil
	}
	holds, err := s.file.Holds(ctx)
	if err != nil {
		return fmt.Errorf("look who holds the stacks: %w", err)
	}
	byStack := map[string]*state.Hold{}
	for _, h := range holds {
		byStack[h.Stack] = h
	}
	for _, st := range all {
		if why := desertedWhy(byStack[st.Name]); stackStatus(st) == statusProcessing && why != "" {
			s.app.note("Note: the execution of stack %s has not ended, but %s; %s.", st.Name, why, takesUp)
		}
	}
	return nil
}

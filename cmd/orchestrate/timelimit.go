package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// overdue tells that the time of a command (--timeout) was over before it began
// to carry its plan out.
type overdue struct{ limit time.Duration }

func (e overdue) Error() string {
	return fmt.Sprintf("its time of %s was over before anything new was begun", e.limit)
}

// within is a context that ends with the time that a command has. What the
// engine does minds the time by itself.
func (in *intent) within(ctx context.Context) (context.Context, context.CancelFunc) {
	limit := in.terms.Timeout
	if limit <= 0 || in.since.IsZero() {
		return context.WithCancel(ctx)
	}
	return context.WithDeadlineCause(ctx, in.since.Add(limit), overdue{limit})
}

// whyEnded is the error of a command whose context has ended, if there is more
// to say than that it ended: its time was over, or its lease was lost.
func whyEnded(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil {
		return err
	}
	var late overdue
	switch cause := context.Cause(ctx); {
	case errors.As(cause, &late):
		return exitCode{exitInterrupted, late}
	case errors.Is(cause, state.ErrLeaseLost):
		return cause
	}
	return err
}

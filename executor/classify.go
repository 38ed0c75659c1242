package executor

import (
	"context"
	"errors"
	"time"

	"github.com/orchestrate-tosca/orchestrate/executor/internal/sched"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// classify says what the core shall do about an error of a changing call.
func classify(err error) (sched.Class, time.Duration) {
	var e *providers.Error
	if !errors.As(err, &e) {
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return sched.Ambiguous, 0
		}
		return sched.Unclear, 0
	}
	switch e.Kind {
	case providers.Busy:
		return sched.Busy, e.RetryAfter
	case providers.Throttled:
		return sched.Throttled, e.RetryAfter
	case providers.Unavail:
		return sched.Unavailable, e.RetryAfter
	case providers.Ambiguous:
		return sched.Ambiguous, e.RetryAfter
	case providers.Auth:
		return sched.Denied, 0
	case providers.Invalid, providers.NotFound, providers.Conflict, providers.Quota, providers.Failed:
		return sched.Fatal, 0
	}
	return sched.Unclear, 0
}

// isKind reports whether err is a provider's error of that kind.
func isKind(err error, kind providers.Kind) bool {
	var e *providers.Error
	return errors.As(err, &e) && e.Kind == kind
}

// mayPass reports whether an error of a call that changes nothing may be gone
// the next time.
func mayPass(err error) bool {
	if err == nil || errors.Is(err, providers.ErrGaveUp) {
		return false
	}
	class, _ := classify(err)
	switch class {
	case sched.Busy, sched.Throttled, sched.Unavailable, sched.Ambiguous:
		return true
	}
	return false
}

const (
	readTries    = 5
	readFirst    = time.Second // doubles with each try
	readMaxDelay = 20 * time.Second
)

// look repeats a call that changes nothing while its error may pass.
func look[T any](ctx context.Context, call func(context.Context) (T, error)) (T, error) {
	for try := 1; ; try++ {
		v, err := call(ctx)
		if err == nil || try == readTries || ctx.Err() != nil {
			return v, err
		}
		if !mayPass(err) {
			return v, err
		}
		_, wish := classify(err)
		select {
		case <-ctx.Done():
			return v, err
		case <-time.After(min(max(wish, readFirst<<(try-1)), readMaxDelay)):
		}
	}
}

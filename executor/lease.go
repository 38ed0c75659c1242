package executor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// LeaseTTL is how long a lease lives without a sign of its owner, unless the
// Engine says otherwise; the sign comes three times as often.
const LeaseTTL = 30 * time.Second

func (e *Engine) leaseTTL() time.Duration {
	if e.LeaseTTL <= 0 {
		return LeaseTTL
	}
	return e.LeaseTTL
}

// Acquire takes the lease of a stack for as long as the engine's leases live.
func (e *Engine) Acquire(ctx context.Context, stack string, owner state.Owner) (*state.Lease, error) {
	return e.Store.Acquire(ctx, stack, owner, e.leaseTTL())
}

// Keep renews a lease until stop is called, which waits for the last renewal;
// it does not release the lease. The context that it returns is cancelled with
// a cause that is state.ErrLeaseLost when the lease is lost. Run and Recover keep
// theirs; Keep is for the time around them, such as while a user thinks.
func (e *Engine) Keep(ctx context.Context, l *state.Lease) (kept context.Context, stop func()) {
	k := e.keep(ctx, l)
	return k.ctx, k.stop
}

// keeper is the heartbeat of one lease.
type keeper struct {
	engine *Engine
	lease  *state.Lease
	ttl    time.Duration
	ctx    context.Context // ends with the caller's, or when the lease is lost
	cancel context.CancelCauseFunc
	done   chan struct{} // closed by stop
	ended  chan struct{}

	asking  chan struct{} // holds one while the store is asked
	mu      sync.Mutex    // guards renewed
	renewed time.Time     // wall clock: a machine that slept must notice
}

func (e *Engine) keep(ctx context.Context, l *state.Lease) *keeper {
	k := &keeper{engine: e, lease: l, ttl: e.leaseTTL(), done: make(chan struct{}), ended: make(chan struct{}), asking: make(chan struct{}, 1)}
	k.ctx, k.cancel = context.WithCancelCause(ctx)
	go k.beat()
	return k
}

func (k *keeper) stop() {
	close(k.done)
	<-k.ended
	k.cancel(nil)
}

// beat renews the lease every third of its life. Its timer calls a function, as
// all timers do here that are set while their goroutine does something else: a
// timer's own channel that is due before somebody waits for it upsets the race
// detector in a synctest bubble (Go 1.26), since whoever receives then runs the
// timer in a context that all of the bubble shares.
func (k *keeper) beat() {
	defer close(k.ended)
	every, due := k.ttl/3, make(chan struct{}, 1)
	t := time.AfterFunc(every, func() { due <- struct{}{} })
	defer t.Stop()
	for {
		select {
		case <-k.done:
			return
		case <-due:
			asked := time.Now()
			if k.stopped() || k.renew() != nil {
				return
			}
			t.Reset(max(0, every-time.Since(asked)))
		}
	}
}

// stopped reports whether stop was called: it need not wait for another renewal
// that is due when the last one is over.
func (k *keeper) stopped() bool {
	select {
	case <-k.done:
		return true
	default:
		return false
	}
}

// sure returns nil if the lease is certainly still ours. A process that was
// stopped for longer than the lease lives asks before it calls anything. As long
// as it is fresh nobody waits for a store that is slow to renew it.
func (k *keeper) sure() error {
	if k.ctx.Err() != nil {
		return context.Cause(k.ctx)
	}
	if time.Now().Round(0).Sub(k.lastRenewed()) < k.ttl {
		return nil
	}
	if err := k.renew(); err != nil {
		return err
	}
	return context.Cause(k.ctx) // it may have ended while the store was asked
}

func (k *keeper) lastRenewed() time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.renewed
}

func (k *keeper) noteRenewed(at time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.renewed = at
}

// patience is how long to wait for an answer of the store: not beyond the end of
// the lease, so that calls which are under way then end with it, before another
// process makes its own. After the end there is time again: the lease may still
// be free. It is over at another moment than the next sign of life is due, so that
// the same seed of a simulation takes the same course.
func (k *keeper) patience(now time.Time) time.Duration {
	left := k.ttl - now.Sub(k.lastRenewed())
	most := k.ttl/3 + time.Millisecond
	if left <= 0 {
		return most
	}
	return min(left, most)
}

// renew asks the store. An error of the store other than a lost lease is not
// the end until the lease has run out.
func (k *keeper) renew() error {
	k.asking <- struct{}{}
	defer func() { <-k.asking }()
	now := time.Now().Round(0)
	err := k.ask(k.patience(now))
	switch {
	case err == nil:
		k.noteRenewed(now)
		return nil
	case errors.Is(err, state.ErrLeaseLost):
		k.cancel(state.ErrLeaseLost)
		return state.ErrLeaseLost
	}
	k.engine.log().Warn("renew lease", "stack", k.lease.Stack, "error", err)
	if k.lastRenewed().IsZero() {
		k.noteRenewed(now)
	}
	if time.Now().Round(0).Sub(k.lastRenewed()) < k.ttl {
		return nil
	}
	lapsed := &lapsedError{ttl: k.ttl, err: err}
	k.cancel(lapsed)
	return lapsed
}

// ask has the store renew the lease, and does not wait for it longer than that:
// a disk that hangs heeds no context. The store must answer even while the
// caller is being interrupted.
func (k *keeper) ask(patience time.Duration) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(k.ctx), patience)
	answer := make(chan error, 1)
	go func() {
		defer cancel()
		answer <- k.engine.Store.Renew(ctx, k.lease, k.ttl)
	}()
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-answer: // cancel, or just in time
		return err
	default:
		return fmt.Errorf("the state did not answer within %s", patience)
	}
}

// lapsedError tells that a lease counts as lost, because nobody could renew it
// for as long as it lives: another process may have taken it.
type lapsedError struct {
	ttl time.Duration
	err error // of the last try
}

// Error says why.
func (e *lapsedError) Error() string {
	return fmt.Sprintf("the lease on the stack could not be renewed for %s, so that another process may have taken it: %v", e.ttl, e.err)
}

// Is makes it a lost lease.
func (e *lapsedError) Is(target error) bool { return target == state.ErrLeaseLost }

// Unwrap returns what was in the way of the last renewal.
func (e *lapsedError) Unwrap() error { return e.err }

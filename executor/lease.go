package executor

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// LeaseTTL is how long a lease lives without a sign of its owner; the sign
// comes three times as often.
const LeaseTTL = 30 * time.Second

// Keep renews a lease until stop is called, which waits for the last renewal;
// it does not release the lease. The context that it returns is cancelled with
// the cause state.ErrLeaseLost when the lease is lost. Run and Recover keep
// theirs; Keep is for the time around them, such as while a user thinks.
func (e *Engine) Keep(ctx context.Context, l *state.Lease) (kept context.Context, stop func()) {
	k := e.keep(ctx, l)
	return k.ctx, k.stop
}

// keeper is the heartbeat of one lease.
type keeper struct {
	engine *Engine
	lease  *state.Lease
	ctx    context.Context // ends with the caller's, or when the lease is lost
	cancel context.CancelCauseFunc
	done   chan struct{} // closed by stop
	ended  chan struct{}

	asking  chan struct{} // holds one while the store is asked
	mu      sync.Mutex    // guards renewed
	renewed time.Time     // wall clock: a machine that slept must notice
}

func (e *Engine) keep(ctx context.Context, l *state.Lease) *keeper {
	k := &keeper{engine: e, lease: l, done: make(chan struct{}), ended: make(chan struct{}), asking: make(chan struct{}, 1)}
	k.ctx, k.cancel = context.WithCancelCause(ctx)
	go k.beat()
	return k
}

func (k *keeper) stop() {
	close(k.done)
	<-k.ended
	k.cancel(nil)
}

func (k *keeper) beat() {
	defer close(k.ended)
	t := time.NewTicker(LeaseTTL / 3)
	defer t.Stop()
	for {
		select {
		case <-k.done:
			return
		case <-t.C:
			if k.stopped() || k.renew() != nil {
				return
			}
		}
	}
}

// stopped reports whether stop was called: it need not wait for another renewal
// that became due during the last one.
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
	if time.Now().Round(0).Sub(k.lastRenewed()) < LeaseTTL {
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
// be free.
func (k *keeper) patience(now time.Time) time.Duration {
	left := LeaseTTL - now.Sub(k.lastRenewed())
	if left <= 0 {
		return LeaseTTL / 3
	}
	return min(left, LeaseTTL/3)
}

// renew asks the store. An error of the store other than a lost lease is not
// the end until the lease has run out.
func (k *keeper) renew() error {
	k.asking <- struct{}{}
	defer func() { <-k.asking }()
	now := time.Now().Round(0)
	// The store must answer even while the caller is being interrupted.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(k.ctx), k.patience(now))
	defer cancel()
	err := k.engine.Store.Renew(ctx, k.lease, LeaseTTL)
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
	if time.Now().Round(0).Sub(k.lastRenewed()) < LeaseTTL {
		return nil
	}
	k.cancel(state.ErrLeaseLost)
	return state.ErrLeaseLost
}

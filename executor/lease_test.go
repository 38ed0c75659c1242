package executor

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// unrenewed is a store that does not get leases renewed.
type unrenewed struct {
	state.Store
	renew func(context.Context) error
}

func (u unrenewed) Renew(ctx context.Context, _ *state.Lease, _ time.Duration) error {
	return u.renew(ctx)
}

// TestLeaseLapses ends an execution whose lease could not be renewed for as long
// as it lives, and says what was in the way. Calls that hang then are cancelled:
// from that moment on another process may make its own.
func TestLeaseLapses(t *testing.T) {
	for name, c := range map[string]struct {
		renew func(context.Context) error
		want  string
	}{
		"the disk is full": {func(context.Context) error { return errors.New("the disk is full") }, "could not be renewed for 30s, so that another process may have taken it: the disk is full"},
		// It heeds no context: a process that waits for a disk can't be woken.
		"the disk hangs": {func(context.Context) error { time.Sleep(time.Hour); return nil }, "could not be renewed for 30s, so that another process may have taken it: the state did not answer within"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, b *bench) {
				b.cloud.hold["d"] = make(chan struct{})
				failing := make(chan struct{})
				b.engine.Store = unrenewed{b.store, func(ctx context.Context) error {
					select {
					case <-failing:
						return c.renew(ctx)
					default:
						return nil
					}
				}}
				l, p := b.lease(), b.plan(chain, nil)
				time.AfterFunc(time.Minute+time.Second, func() { close(failing) }) // after a renewal
				begun := time.Now()
				_, err := b.engine.Run(context.Background(), l, p, b.options())
				if !errors.Is(err, state.ErrLeaseLost) || !strings.Contains(err.Error(), c.want) {
					t.Errorf("Run: %v", err)
				}
				if took := time.Since(begun); took > time.Minute+LeaseTTL {
					t.Errorf("it took %s to notice", took)
				}
				time.Sleep(2 * time.Hour) // what hangs comes back, and nobody waits for it
			})
		})
	}
}

// TestStopWaitsForOneRenewal gives a lease up when the renewal has ended that is
// under way, although another is due by then.
func TestStopWaitsForOneRenewal(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.engine.Store = unrenewed{b.store, func(context.Context) error { time.Sleep(LeaseTTL / 3); return nil }}
		k := b.engine.keep(context.Background(), b.lease())
		<-time.After(LeaseTTL/3 + time.Second)
		begun := time.Now()
		k.stop()
		if took := time.Since(begun); took > LeaseTTL/3 {
			t.Errorf("it took %s", took)
		}
	})
}

// TestLeaseOfAnotherLength is taken and kept for as long as the engine says.
func TestLeaseOfAnotherLength(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		ctx := context.Background()
		b.engine.LeaseTTL = 2 * time.Second
		l, err := b.engine.Acquire(ctx, "web", state.Owner{ID: "a", Host: "elsewhere"})
		b.must(err)
		held, stop := b.engine.Keep(ctx, l)
		<-time.After(time.Minute)
		other := &Engine{Store: b.store}
		var taken *state.HeldError
		if _, err := other.Acquire(ctx, "web", state.Owner{ID: "b", Host: "other"}); !errors.As(err, &taken) {
			t.Fatalf("the lease was not kept: %v", err)
		}
		if left := time.Until(taken.Expires); left > 2*time.Second {
			t.Errorf("it ends in %s", left)
		}
		b.must(held.Err())
		stop()
		<-time.After(2 * time.Second)
		_, err = other.Acquire(ctx, "web", state.Owner{ID: "b", Host: "other"})
		b.must(err)
		if err := b.store.Renew(ctx, l, time.Second); !errors.Is(err, state.ErrLeaseLost) {
			t.Errorf("renewed by the former owner: %v", err)
		}
	})
}

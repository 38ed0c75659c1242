package executor

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// What the simulation has found, one by one: see docs/reliability.md.

// TestUpdateWhoseAnswerWasLost records an update that turns out to be done.
func TestUpdateWhoseAnswerWasLost(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.apply(chain)
		b.cloud.faults["a"] = []fault{{err: &providers.Error{Kind: providers.Unexpected}, after: true}}
		equal(t, "outcome", Failed, b.apply(changed).Outcome)
		b.settle()
		equal(t, "in the cloud", "2", b.size("a"))
		equal(t, "planned", planner.None, b.action(changed, "a"))
		b.apply(changed)
		size, _ := value(b.stack().Elements["a"].Properties).Get("size")
		equal(t, "on record", "2", size.Text())
	})
}

// TestRemainsOfACreationStayRemains has them outlast a deletion that fails: they
// never were sound.
func TestRemainsOfACreationStayRemains(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.cloud.faults["d"] = []fault{{}, {err: &providers.Error{Kind: providers.Failed}}, {err: &providers.Error{Kind: providers.Quota}}}
		equal(t, "creation", Failed, b.apply(chain).Outcome)
		equal(t, "deletion", Failed, b.apply("").Outcome)
		equal(t, "phase", "CreateFailed", b.stack().Elements["d"].Phase)
		equal(t, "planned", planner.Replace, b.action(chain, "d"))
	})
}

// TestSlowRenewalHoldsNothingUp has a store that takes seconds to renew a lease
// that is fresh.
func TestSlowRenewalHoldsNothingUp(t *testing.T) {
	took := func(slow time.Duration) (took time.Duration) {
		inBubble(t, func(t *testing.T, b *bench) {
			begun, store := time.Now(), b.store
			b.engine.Store = unrenewed{store, func(context.Context) error {
				if time.Since(begun) > 0 {
					time.Sleep(slow)
				}
				return nil
			}}
			// Its second call is due while the first heartbeat is under way.
			b.cloud.faults["d"] = []fault{{err: &providers.Error{Kind: providers.Throttled, RetryAfter: LeaseTTL/3 + time.Second}}}
			l, p, o := b.lease(), b.plan(chain, nil), b.options()
			o.Seed = 1
			o.Observe = func(e Event) {
				if e.Kind == StepComplete && e.Node == "d" {
					took = time.Since(begun)
				}
			}
			_, err := b.engine.Run(context.Background(), l, p, o)
			b.must(err)
		})
		return took
	}
	if quick, slow := took(0), took(LeaseTTL/6); quick != slow {
		t.Errorf("with a slow store it takes %s, else %s", slow, quick)
	}
}

// TestLeaseGivenUpMeanwhile is not sure of a lease that was lost while the store
// was asked.
func TestLeaseGivenUpMeanwhile(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		given := errors.New("given up")
		ctx, giveUp := context.WithCancelCause(context.Background())
		l := b.lease()
		b.engine.Store = unrenewed{b.store, func(context.Context) error { giveUp(given); return nil }}
		k := b.engine.keep(ctx, l)
		defer k.stop()
		k.noteRenewed(time.Now().Add(-LeaseTTL))
		if err := k.sure(); !errors.Is(err, given) {
			t.Errorf("sure: %v", err)
		}
	})
}

// TestDeletionThatDoesNotEnd keeps nobody from anything: taking it up ends after
// its time, and what is deleted by force is then forgotten.
func TestDeletionThatDoesNotEnd(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.apply(chain)
		l, p, d := b.lease(), b.plan("", nil), b.stack().Elements["d"].ObjectID
		ctx, abort := context.WithCancel(context.Background())
		o := b.options()
		o.Observe = func(e Event) {
			if e.Kind == StepProgress && e.Node == "d" {
				b.cloud.mu.Lock()
				b.cloud.objects[d].polls = 1 << 30
				b.cloud.mu.Unlock()
				abort()
			}
		}
		_, err := b.engine.Run(ctx, l, p, o)
		b.must(err)
		rec, err := b.engine.Recover(context.Background(), l, "web", Options{})
		b.must(err)
		if rec.Outcome != Succeeded || len(rec.Errors) != 1 || rec.Errors[0].Node != "d" {
			t.Errorf("%+v", rec)
		}
		b.must(b.store.Release(context.Background(), l))
		b.cloud.faults["d"] = []fault{{err: &providers.Error{Kind: providers.Invalid}}}
		equal(t, "forgotten", 1, b.run(b.plan("", nil), state.Terms{Force: true}).Summary.Forget)
		equal(t, "objects", 1, len(b.cloud.objects))
		b.settle() // nothing of it is open
		equal(t, "made again", Succeeded, b.apply(chain).Outcome)
	})
}

// TestRollbackAgain goes on with a rollback that did not get through. What it had
// found changed by hand is no part of what is returned to.
func TestRollbackAgain(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		sized := strings.NewReplacer("{uses: {get_attribute: [a", "{size: 6, uses: {get_attribute: [a")
		then := sized.Replace(chain)
		b.apply(then)
		b.apply(sized.Replace(changed))
		b.outside("b", 9)
		p := b.returning(then, 1, nil)
		b.cloud.faults["b"] = []fault{{err: &providers.Error{Kind: providers.Quota}}}
		equal(t, "outcome", Failed, b.run(p, state.Terms{To: 1}).Outcome)
		elements, err := b.store.Before(context.Background(), "web", 2, "web-3")
		b.must(err)
		again := b.returning(then, 1, func(r *planner.Return) { r.Elements = elements })
		equal(t, "outcome", Succeeded, b.run(again, state.Terms{To: 1}).Outcome)
		equal(t, "sizes", "1 6 4", b.size("a")+" "+b.size("b")+" "+b.size("d"))
	})
}

// slowUpdate has updates take their time, and fail with what it says.
type slowUpdate struct {
	*fakeCloud
	says string
}

func (s slowUpdate) Advance(ctx context.Context, req *providers.Request, op providers.Operation, resumed bool) (providers.Progress, error) {
	switch {
	case req.Action != providers.Update:
		return s.fakeCloud.Advance(ctx, req, op, resumed)
	case op.Stage == "":
		return wait(req.ObjectID), nil
	}
	return providers.Progress{}, &providers.Error{Kind: providers.Failed, Message: s.says}
}

// TestOldSecretIsNotTold has a service repeat the secret that an update was to
// replace, when another process takes the update up.
func TestOldSecretIsNotTold(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		secret := func(s string) string { return strings.Replace(chain, "{size: 1}", "{size: 1, password: "+s+"}", 1) }
		b.apply(secret("0ld-s3cret"))
		p := b.plan(secret("n3w-s3cret"), nil)
		b.engine.Providers["Fake.Thing"] = slowUpdate{b.cloud, "0ld-s3cret is still in use, n3w-s3cret is not"}
		ctx, abort := context.WithCancel(context.Background())
		o, l := b.options(), b.lease()
		o.Observe = func(e Event) {
			if e.Kind == StepProgress {
				abort()
			}
		}
		_, err := b.engine.Run(ctx, l, p, o)
		b.must(err)
		rec, err := b.engine.Recover(context.Background(), l, "web", Options{})
		b.must(err)
		if len(rec.Errors) != 1 || strings.Contains(rec.Errors[0].Err.Error(), "s3cret") {
			t.Errorf("%+v", rec.Errors)
		}
		for _, s := range b.execution("web-2").Steps {
			if strings.Contains(s.Error, "s3cret") {
				t.Errorf("on record: %s", s.Error)
			}
		}
	})
}

// TestUpdateThatMayHaveAdded takes back what an update has added that nobody saw
// the end of, although neither the record nor the blueprint knows of it.
func TestUpdateThatMayHaveAdded(t *testing.T) {
	added := strings.Replace(chain, "{uses: {get_attribute: [a", "{size: 6, uses: {get_attribute: [a", 1) // b had no size
	for name, update := range map[string]func(b *bench){
		"it makes no sense": func(b *bench) {
			b.cloud.faults["b"] = []fault{{err: &providers.Error{Kind: providers.Unexpected}, after: true}}
			b.apply(added)
		},
		"it failed half way": func(b *bench) {
			b.cloud.faults["b"] = []fault{{err: &providers.Error{Kind: providers.Failed}, after: true}}
			b.apply(added)
		},
		"its process died": func(b *bench) {
			p := b.plan(added, nil)
			b.crash(3, false, func(e *Engine, l *state.Lease) { // when the result was to be recorded
				_, _ = e.Run(context.Background(), l, p, Options{})
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, b *bench) {
				b.apply(chain)
				update(b)
				equal(t, "in the cloud", "6", b.size("b"))
				b.settle()
				equal(t, "planned", planner.Update, b.action(chain, "b"))
				b.apply(chain)
				equal(t, "in the cloud", "", b.size("b"))
			})
		})
	}
}

// TestPerhaps marks as secret what a request may have made so.
func TestPerhaps(t *testing.T) {
	secret := intrinsic.Of("s3cret").MarkSensitive()
	was := intrinsic.Of(map[string]any{"same": "x", "list": []any{"a"}, "in": map[string]any{"b": "c"}})
	sent := intrinsic.Of(map[string]intrinsic.Value{
		"same": intrinsic.Of("y"), "list": intrinsic.Of([]intrinsic.Value{intrinsic.Of("a"), secret}), "new": intrinsic.Of("z"), "pin": secret,
		"in": intrinsic.Of(map[string]intrinsic.Value{"d": secret}),
	})
	got := document(perhaps(was, sent))
	equal(t, "values", any(map[string]any{"same": "x", "list": []any{"a"}, "new": nil, "pin": nil, "in": map[string]any{"b": "c", "d": nil}}), got.Value)
	equal(t, "secrets", []string{"/in/d", "/list", "/pin"}, got.Sensitive)
}

// hurried looks at something for longer than the lease lives, without heeding its
// context, before it would send a request.
type hurried struct {
	*fakeCloud
	barred chan error // what it was told when its request was to leave
}

func (h *hurried) Advance(ctx context.Context, _ *providers.Request, _ providers.Operation, _ bool) (providers.Progress, error) {
	time.Sleep(LeaseTTL)
	barred := providers.MaySend(ctx)
	h.barred <- barred
	return providers.Progress{}, &providers.Error{Kind: providers.Unavail, Err: barred}
}

// TestNoRequestWithoutTheLease asks for the lease when a request is to leave, and
// not only when its step moves.
func TestNoRequestWithoutTheLease(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		begun := time.Now()
		b.engine.Store = unrenewed{b.store, func(context.Context) error {
			if time.Since(begun) > 0 {
				return state.ErrLeaseLost
			}
			return nil
		}}
		h := &hurried{b.cloud, make(chan error, 2)} // a and d begin at once
		b.engine.Providers["Fake.Thing"] = h
		if _, err := b.engine.Run(context.Background(), b.lease(), b.plan(chain, nil), b.options()); !errors.Is(err, state.ErrLeaseLost) {
			t.Errorf("Run: %v", err)
		}
		for range cap(h.barred) {
			if barred := <-h.barred; !errors.Is(barred, state.ErrLeaseLost) {
				t.Errorf("it may send: %v", barred)
			}
		}
	})
}

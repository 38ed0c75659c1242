package state

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"
)

func TestHold(t *testing.T) {
	ctx := context.Background()
	s := openTest(t, temp(t), "")
	if h, err := s.Held(ctx, "web"); h != nil || err != nil {
		t.Fatalf("held by %v, %v", h, err)
	}
	here := NewOwner("apply", t0)
	elsewhere := owner("a")
	gone := here
	gone.PID, gone.Process = 1<<30, namespace(here.Process)+"/1"
	for name, c := range map[string]struct {
		owner   Owner
		after   time.Duration
		process Liveness
		living  bool
	}{
		"this process":                  {here, 0, Alive, true},
		"this process, stopped a while": {here, time.Hour, Alive, true},
		"dead":                          {gone, 0, Dead, false},
		"elsewhere":                     {elsewhere, 0, Unknown, true},
		"elsewhere, without a sign":     {elsewhere, time.Hour, Unknown, false},
	} {
		if _, err := os.Stat("/proc/self/stat"); err != nil && c.process != Unknown {
			continue
		}
		t.Run(name, func(t *testing.T) {
			s := openTest(t, temp(t), "")
			l, err := s.Acquire(ctx, "web", c.owner, time.Minute)
			must(t, err)
			s.now = func() time.Time { return t0.Add(c.after) }
			h, err := s.Held(ctx, "web")
			must(t, err)
			if h.Process != c.process || h.Living() != c.living || h.Token != l.Token || h.Owner.Command != "apply" {
				t.Errorf("got %+v, living %v", h, h.Living())
			}
		})
	}
}

// Whoever has lost the lease to unlock cannot write, also not after another
// process has taken it.
func TestBreak(t *testing.T) {
	ctx, path := context.Background(), temp(t)
	owners, breaker := openTest(t, path, ""), openTest(t, path, "")
	l := acquire(t, owners, "web", "a")
	e := begin(t, owners, l, nil)
	h, err := breaker.Held(ctx, "web")
	must(t, err)
	must(t, breaker.Break(ctx, h))
	lost := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, ErrLeaseLost) {
			t.Errorf("%s: %v, want that the lease is lost", what, err)
		}
	}
	record := Record{Execution: e.ID, Node: "db", Kind: Intent}
	lost("append", owners.Append(ctx, l, record))
	lost("renew", owners.Renew(ctx, l, time.Minute))
	lost("break twice", breaker.Break(ctx, h))
	if h, err := breaker.Held(ctx, "web"); h != nil || err != nil {
		t.Errorf("held by %v, %v", h, err)
	}
	next := acquire(t, breaker, "web", "b")
	lost("append of the former owner", owners.Append(ctx, l, record))
	lost("finish of the former owner", owners.Finish(ctx, l, e, nil, false))
	lost("break of what was not looked at", breaker.Break(ctx, h))
	must(t, breaker.Append(ctx, next, record))
}

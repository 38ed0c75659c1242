package sched

import (
	"fmt"
	"testing"
	"time"

	"github.com/orchestrate-tosca/orchestrate/planner"
)

// spending drives one task whose calls meet errors, until it ends; answer is
// what the n-th call meets, nil stands for a look without news.
func spending(t *testing.T, answer func(n int) *Class) (calls int, end Record) {
	t.Helper()
	core, err := New([]Task{{Node: "a", Action: planner.Create, Call: true}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	now, out := time.Duration(0), core.Start(0)
	for len(out) > 0 && calls < 10_000 {
		c := out[0]
		out = out[1:]
		var e Event
		switch c := c.(type) {
		case Resolve:
			e = Resolved{}
		case Record:
			if c.Kind != Intent && c.Kind != Operation {
				return calls, c
			}
			e = Recorded{}
		case Advance:
			calls++
			if class := answer(calls); class != nil {
				e = Erred{Class: *class}
			} else {
				e = Advanced{Handle: "h"}
			}
		case Wait:
			now += c.For
			e = Fired{Timer: c.Timer}
		}
		out = append(out, core.Handle(now, e)...)
	}
	t.Fatalf("no end after %d calls", calls)
	return 0, Record{}
}

// TestBudgets bounds the errors of a task in a row and in all. Other work on the
// object costs nothing.
func TestBudgets(t *testing.T) {
	throttled, busy, unavailable := Throttled, Busy, Unavailable
	for _, test := range []struct {
		name   string
		answer func(n int) *Class
		calls  int
		why    string
	}{
		{"in a row", func(int) *Class { return &throttled }, maxTries + 1, "given up after 13 attempts in a row"},
		{"out of reach from the first on", func(int) *Class { return &unavailable }, maxFirstTries + 1, "given up after 5 attempts in a row"},
		{"in all", func(n int) *Class {
			if n%5 == 0 {
				return &throttled
			}
			return nil
		}, 5 * (maxErrors + 1), "given up after 101 attempts that failed, with others in between that worked"},
		{"busy costs nothing", func(n int) *Class {
			if n <= 500 {
				return &busy
			}
			return &throttled
		}, 500 + maxTries + 1, "given up after 13 attempts in a row"},
	} {
		calls, end := spending(t, test.answer)
		if got, want := fmt.Sprint(calls, " ", end.Why), fmt.Sprint(test.calls, " ", test.why); got != want {
			t.Errorf("%s: %s, want %s", test.name, got, want)
		}
	}
}

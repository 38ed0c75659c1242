package main

import (
	"fmt"
	"io"
	"time"

	"github.com/orchestrate-tosca/orchestrate/executor"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// stillEvery is how often a step that says nothing is reported as going on.
const stillEvery = 10 * time.Second

// mostWaits is of how many steps a log says that they wait for those before
// them, or for a slot: in a large graph that is what most steps do.
const mostWaits = 20

// plainView writes a line an event, for pipes and log files.
type plainView struct {
	w       io.Writer
	running map[string]*runningStep
	order   []string // nodes of running, by start
	waits   int      // how many steps were said to wait for those before them, or for a slot
}

type runningStep struct {
	last  executor.Event // the newest event that says how the step is
	start time.Time
	said  time.Time // when it was last heard of

	attempt int       // that did not succeed last
	again   time.Time // when the next one comes; zero: none is due
	why     error
}

func newPlainView(w io.Writer) *plainView {
	return &plainView{w: w, running: map[string]*runningStep{}}
}

func (v *plainView) event(e executor.Event) {
	if e.Kind == executor.StepProgress && !v.news(e) {
		return
	}
	v.track(e)
	if v.toomuch(e) {
		return
	}
	if line := eventLine(e); line != "" {
		fmt.Fprintln(v.w, line)
	}
}

// toomuch reports whether an event is not to be told, and says once that there
// are such.
func (v *plainView) toomuch(e executor.Event) bool {
	if e.Kind != executor.StepWaiting || e.Obstacle != state.Predecessors && e.Obstacle != state.Slot {
		return false
	}
	v.waits++
	if v.waits == mostWaits+1 {
		fmt.Fprintln(v.w, "More steps wait for those before them, or for a slot; they are told when they begin.")
	}
	return v.waits > mostWaits
}

// track keeps the list of running steps.
func (v *plainView) track(e executor.Event) {
	switch {
	case e.Kind == executor.StepStart:
		v.begin(e)
	case ends(e.Kind):
		v.end(e.Node)
	case e.Kind == executor.StepProgress && v.running[e.Node] != nil:
		s := v.running[e.Node]
		s.last, s.said, s.again = e, e.At, time.Time{}
	case e.Kind == executor.StepRetry && v.running[e.Node] != nil:
		s := v.running[e.Node]
		s.said, s.attempt, s.again, s.why = e.At, e.Attempt, e.At.Add(e.Wait), e.Err
	}
}

// news reports whether a running step has come to another sub-step.
func (v *plainView) news(e executor.Event) bool {
	s := v.running[e.Node]
	if s != nil && sameTransfer(s.last, e) {
		return e.At.Sub(s.said) >= transferEvery || arrived(e.Transfer) && !arrived(s.last.Transfer)
	}
	return s == nil || doingNow(s.last) != doingNow(e)
}

func (v *plainView) begin(e executor.Event) {
	v.end(e.Node)
	v.running[e.Node] = &runningStep{last: e, start: e.At, said: e.At}
	v.order = append(v.order, e.Node)
}

func (v *plainView) end(node string) {
	delete(v.running, node)
	for i, n := range v.order {
		if n == node {
			v.order = append(v.order[:i], v.order[i+1:]...)
			return
		}
	}
}

func (v *plainView) tick(now time.Time) {
	for _, node := range v.order {
		s := v.running[node]
		if now.Sub(s.said) >= stillEvery {
			s.said = now
			fmt.Fprintln(v.w, stillLine(s.last, now.Sub(s.start)))
		}
	}
}

func (v *plainView) close() {}

package main

import (
	"fmt"
	"io"
	"time"

	"github.com/orchestrate-tosca/orchestrate/executor"
)

// stillEvery is how often a step that says nothing is reported as going on.
const stillEvery = 10 * time.Second

// plainView writes a line an event, for pipes and log files.
type plainView struct {
	w       io.Writer
	running map[string]*runningStep
	order   []string // nodes of running, by start
}

type runningStep struct {
	last  executor.Event // the newest event that says how the step is
	start time.Time
	said  time.Time // when a line about it was last written
	doing string    // as last written
}

func newPlainView(w io.Writer) *plainView {
	return &plainView{w: w, running: map[string]*runningStep{}}
}

func (v *plainView) event(e executor.Event) {
	step := v.running[e.Node]
	switch e.Kind {
	case executor.StepStart:
		v.begin(e)
	case executor.StepProgress:
		if step != nil {
			step.last, step.said = e, e.At
			doing := doingNow(e)
			if doing == step.doing {
				return
			}
			step.doing = doing
		}
	}
	if ends(e.Kind) {
		v.end(e.Node)
	}
	if line := eventLine(e); line != "" {
		fmt.Fprintln(v.w, line)
	}
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

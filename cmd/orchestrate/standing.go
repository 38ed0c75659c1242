package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/orchestrate-tosca/orchestrate/executor"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// standings tell what the steps of an execution are at, as far as that is on
// record: an entry a step, nil for one that is over. All are if the execution
// is.
func standings(x *state.Execution) []*state.Detail {
	out := make([]*state.Detail, len(x.Steps))
	if !x.Ended.IsZero() {
		return out
	}
	left := map[string]bool{}
	for _, s := range x.Steps {
		left[s.Node] = !stepOver(s)
	}
	for i, s := range x.Steps {
		if left[s.Node] {
			out[i] = standing(s, left)
		}
	}
	return out
}

// stepOver reports whether a step has nothing left to do. A replacement has
// after its deletion.
func stepOver(s state.StepRecord) bool {
	return !s.Ended.IsZero() && !(s.Action == "replace" && s.Deleted && s.Phase == "DeleteSucceeded")
}

// standing is what a step is at that is not over. One of which nothing is said
// waits for those before it; if none of them is left, for a slot.
func standing(s state.StepRecord, left map[string]bool) *state.Detail {
	d := state.Detail{}
	if s.Detail != nil {
		d = *s.Detail
	}
	if d.Obstacle == "" && !s.Started.IsZero() {
		return &d
	}
	if d.Obstacle == "" {
		d.Obstacle, d.WaitsFor = state.Predecessors, s.WaitsFor
	}
	var on []string
	for _, n := range d.WaitsFor {
		if left[n] {
			on = append(on, n)
		}
	}
	if d.WaitsFor = on; d.Obstacle == state.Predecessors && len(on) == 0 {
		d.Obstacle = state.Slot
	}
	return &d
}

// addStanding adds what a step is at to its JSON.
func addStanding(out object, d *state.Detail) {
	out["message"], out["substeps"], out["wait_seconds"], out["obstacle"], out["waits_for"] = "", []state.Substep{}, nil, nil, []string{}
	if d == nil {
		return
	}
	out["message"], out["waits_for"] = d.Message, list(d.WaitsFor)
	if d.Substeps != nil {
		out["substeps"] = d.Substeps
	}
	if d.Obstacle != "" {
		out["obstacle"] = d.Obstacle
	}
	if d.Wait > 0 {
		out["wait_seconds"] = d.Wait.Seconds()
	}
}

// tellStandings says what the steps of a running execution are at, and what the
// others wait for.
func (a *app) tellStandings(x *state.Execution) {
	var atWork, waiting strings.Builder
	for i, d := range standings(x) {
		switch s := x.Steps[i]; {
		case d == nil:
		case d.Obstacle != "":
			fmt.Fprintf(&waiting, "  %s: waits %s\n", s.Node, waitText(d.Obstacle, d.WaitsFor, d.Message))
		default:
			tellWork(&atWork, s, d, a.now())
		}
	}
	if atWork.Len() > 0 {
		a.printf("\nAt work:\n%s", &atWork)
	}
	if waiting.Len() > 0 {
		a.printf("\nWaiting:\n%s", &waiting)
	}
}

// tellWork says what a running step is at, with the sub-steps of its operation.
func tellWork(b *strings.Builder, s state.StepRecord, d *state.Detail, now time.Time) {
	fmt.Fprintf(b, "  %s: %s", s.Node, short(now.Sub(s.Started)))
	e := executor.Event{Message: d.Message, Transfer: (*providers.Transfer)(d.Transfer)}
	for _, sub := range d.Substeps {
		e.Substeps = append(e.Substeps, providers.Substep(sub))
	}
	switch what := doingNow(e); {
	case s.Error != "":
		fmt.Fprintf(b, ", attempt %d did not succeed, again after %s: %s", s.Attempts, d.Wait.Round(100*time.Millisecond), s.Error)
	case what != "":
		fmt.Fprintf(b, ", %s", what)
	}
	b.WriteByte('\n')
	for _, sub := range d.Substeps {
		line := fmt.Sprintf("    %-10s  %s", sub.Status, sub.Name)
		if sub.Detail != "" {
			line += " (" + sub.Detail + ")"
		}
		b.WriteString(line + "\n")
	}
}

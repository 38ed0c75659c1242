package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// runningCourse is an execution in the middle of which everything is at
// something else.
func runningCourse() *state.Execution {
	detail, why := stands, failedOf("HTTP 429 too many")
	x := &state.Execution{ID: "web-3", Stack: "web", Lifecycle: "upgrade", Phase: "Upgrading", Started: dawn}
	x.Steps = state.Fold([]state.Record{
		entry(0, "ledger", "create", state.Planned), entry(0, "bank", "create", state.Planned, waitsFor("ledger", "net")),
		entry(0, "net", "create", state.Planned), entry(0, "room", "replace", state.Planned),
		entry(0, "desk", "update", state.Planned, waitsFor("room")), entry(0, "lamp", "update", state.Planned, waitsFor("net")),
		entry(0, "vote", "create", state.Planned), entry(0, "seat", "create", state.Planned, waitsFor("net")), entry(0, "quiet", "update", state.Planned),
		entry(1, "net", "create", state.Intent), entry(1, "net", "create", state.Operation), entry(2, "net", "create", state.Result),
		entry(1, "ledger", "create", state.Intent), entry(1, "ledger", "create", state.Operation),
		entry(3, "ledger", "create", state.Progress, detail(state.Detail{Message: "at work", Substeps: []state.Substep{
			{Name: "volumes", Status: "finished", Detail: "3 of 3"}, {Name: "orderers", Status: "processing"}, {Name: "agent", Status: "waiting"}}})),
		entry(1, "room", "delete", state.Intent), entry(2, "room", "delete", state.Result),
		entry(3, "room", "create", state.Progress, detail(state.Detail{Obstacle: state.Predecessors, WaitsFor: []string{"ledger"}})),
		entry(4, "vote", "create", state.Progress, detail(state.Detail{Obstacle: state.Stage})),
		entry(4, "seat", "create", state.Progress, detail(state.Detail{Obstacle: state.Turn, WaitsFor: []string{"net", "ledger"}, Message: "one change at a time on bc-1"})),
		entry(5, "quiet", "update", state.Intent), entry(6, "quiet", "update", state.Progress, why, detail(state.Detail{Wait: 5 * time.Second})),
	})
	return x
}

func TestStandings(t *testing.T) {
	var out strings.Builder
	a := &app{out: newStream(&out), now: func() time.Time { return after(8) }}
	a.tellStandings(runningCourse())
	golden(t, "standings.txt", out.String())

	x := runningCourse()
	x.Ended = after(9)
	out.Reset()
	a.tellStandings(x)
	if out.Len() > 0 {
		t.Errorf("of an execution that has ended: %s", out.String())
	}
	for _, x := range []*state.Execution{x, runningCourse()} {
		o := executionObject(x)
		o["format_version"], o["progress"], o["steps"] = showFormat, progressOf(x), stepObjects(x)
		text, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		checkLines(t, "show", string(text))
	}
}

package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/executor"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/providers/emulator"
)

// courses reads an event stream as the course of each node: one line an event,
// without times, and without what a process finds out for itself: that nothing
// happens, that a step waits for a slot, or for a turn or a stage that comes at once.
func courses(t *testing.T, stream string) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, line := range strings.Split(strings.TrimSpace(stream), "\n") {
		var e struct {
			Type string
			Hook map[string]any
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if e.Hook == nil || e.Type == "apply_progress" || slices.Contains([]any{"slot", "turn", "stage"}, e.Hook["obstacle"]) {
			continue
		}
		node := e.Hook["resource"].(map[string]any)["addr"].(string)
		delete(e.Hook, "resource")
		delete(e.Hook, "elapsed_seconds")
		text, _ := json.Marshal(e.Hook) // keys are sorted
		out[node] = append(out[node], e.Type+" "+string(text))
	}
	return out
}

// Who follows an execution, while it runs or afterwards, sees what its own
// process shows: sub-steps, attempts, and what each step waits for.
func TestFollowersSeeTheSame(t *testing.T) {
	blueprint, err := filepath.Abs("../../blueprints/consortium")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := bubble(t, dir, emulator.NewScript(
			emulator.Rule{Operation: "BatchCreateChannels", Times: 2, Fault: emulator.Throttle(time.Second)},
			emulator.Rule{Operation: "CreateBlockchainCertByUserName", Times: 1, Fault: emulator.LoseReply()},
		))
		code, told := b.run("apply", blueprint, "-y", "--json", "--parallelism", "3")
		if code != exitDone {
			t.Fatalf("apply: exit %d\n%s%s", code, told, &b.errs)
		}
		code, followed := b.run("executions", "s-1", "--follow", "--json")
		if code != exitDone {
			t.Fatalf("follow: exit %d\n%s%s", code, followed, &b.errs)
		}
		checkLines(t, "event", told)
		checkLines(t, "event", followed)
		readTofu(t, told)
		readTofu(t, followed)
		want := courses(t, told)
		if d := cmp.Diff(want, courses(t, followed)); d != "" {
			t.Errorf("-told +followed\n%s", d)
		}
		for _, part := range []string{"step_retry", `"substeps":[{`, `"obstacle":"predecessors"`, `"obstacle":"turn"`, `"obstacle":"stage"`} {
			if !strings.Contains(followed, part) {
				t.Errorf("nothing has %s", part)
			}
		}
	})
}

func toldText(events []executor.Event) string {
	var out []string
	for _, e := range events {
		text := fmt.Sprintf("%s %s %s", e.Kind, e.Node, e.Action)
		if e.Obstacle != "" {
			text += fmt.Sprintf(": %s %v", e.Obstacle, e.WaitsFor)
		}
		out = append(out, text)
	}
	return strings.Join(out, "\n")
}

// A step is said to wait for a slot when nothing has kept it from beginning for
// two looks; a replacement is over with its second phase; what is told after the
// end of what it is about is no news.
func TestTellerOfSteps(t *testing.T) {
	at := &state.Detail{Message: "at work"}
	detail := func(d *state.Detail) func(*state.Record) { return func(r *state.Record) { r.Detail = d } }
	tell := newTeller()
	look := func(records ...state.Record) string {
		var all []executor.Event
		for _, r := range records {
			all = append(all, tell.events(r)...)
		}
		return toldText(append(all, tell.freed(dawn)...))
	}
	for i, c := range []struct {
		records []state.Record
		want    string
	}{
		{[]state.Record{
			entry(0, "desk", "replace", state.Planned), entry(0, "room", "update", state.Planned, waitsFor("desk")),
			entry(0, "note", "create", state.Planned),
			entry(0, "desk", "delete", state.Intent),
		}, "step_waiting room update: predecessors [desk]\napply_start desk delete"},
		{[]state.Record{
			entry(3, "desk", "delete", state.Result),
			entry(2, "desk", "delete", state.Progress, detail(at)),
			entry(4, "desk", "create", state.Progress, detail(&state.Detail{Obstacle: state.Turn, WaitsFor: []string{"lamp"}})),
		}, "apply_complete desk delete\nstep_waiting desk create: turn [lamp]\nstep_waiting note create: slot []"},
		{nil, ""},
		{[]state.Record{entry(5, "desk", "create", state.Intent), entry(6, "desk", "create", state.Progress, detail(at))},
			"apply_start desk create\nstep_progress desk create"},
		{[]state.Record{entry(7, "desk", "create", state.Result)}, "apply_complete desk create"},
		{nil, "step_waiting room update: slot []"},
		{[]state.Record{entry(8, "room", "update", state.Result)}, "apply_start room update\napply_complete room update"},
		{[]state.Record{entry(9, "note", "delete", state.Result, func(r *state.Record) { r.Error = "it is in use" })}, "apply_start note delete\nforgotten note delete"},
	} {
		if d := cmp.Diff(c.want, look(c.records...)); d != "" {
			t.Errorf("look %d (-want +got):\n%s", i, d)
		}
	}
	if tell.done.Add != 1 || tell.done.Change != 1 || tell.done.Destroy != 1 || tell.done.Forget != 1 {
		t.Errorf("counted %+v", tell.done)
	}
}

// A step that was skipped is told as settled only if it had begun and its end was
// not known.
func TestFollowersSeeWhatWasSettled(t *testing.T) {
	for name, c := range map[string]struct {
		before []state.RecordKind
		want   string
	}{
		"not begun":      {nil, "bank: Not begun: why"},
		"begun":          {[]state.RecordKind{state.Intent}, "bank: Settled: why"},
		"begun and left": {[]state.RecordKind{state.Intent, state.Halted}, "bank: Settled: why"},
		"another phase":  {[]state.RecordKind{state.Intent, state.Result}, "bank: Not begun: why"},
	} {
		tell := newTeller()
		for _, kind := range c.before {
			tell.events(state.Record{Node: "bank", Action: "update", Kind: kind})
		}
		told := tell.events(state.Record{Node: "bank", Action: "update", Kind: state.Skipped, Error: "why"})
		if len(told) != 1 || eventLine(told[0]) != c.want {
			t.Errorf("%s: %+v, want %q", name, told, c.want)
		}
	}
}

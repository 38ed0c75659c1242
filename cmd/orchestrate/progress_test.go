package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/executor"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/schemas"
)

var begin = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// story is an execution as a view sees it: events, and ticks where event has
// no kind.
func story() []executor.Event {
	t := func(seconds float64) time.Time { return begin.Add(time.Duration(seconds * float64(time.Second))) }
	sub := func(done int, names ...string) []providers.Substep {
		var out []providers.Substep
		for i, n := range names {
			status := "waiting"
			if i < done {
				status = "finished"
			} else if i == done {
				status = "processing"
			}
			out = append(out, providers.Substep{Name: n, Status: status})
		}
		return out
	}
	ledger := executor.Event{Execution: "chain-1", Node: "ledger", Type: "BCS.Instance", Action: planner.Create}
	trade := executor.Event{Execution: "chain-1", Node: "trade", Type: "BCS.Channel", Action: planner.Create}
	old := executor.Event{Execution: "chain-1", Node: "old", Type: "BCS.Channel", Action: planner.Delete, ObjectID: "bc-0/old"}
	with := func(e executor.Event, kind executor.EventKind, seconds float64, change func(*executor.Event)) executor.Event {
		e.Kind, e.At = kind, t(seconds)
		if change != nil {
			change(&e)
		}
		return e
	}
	member := executor.Event{Execution: "chain-1", Node: "member", Type: "BCS.ChannelMembership", Action: planner.Create}
	waits := func(e executor.Event, seconds float64, o state.Obstacle, message string, on ...string) executor.Event {
		return with(e, executor.StepWaiting, seconds, func(e *executor.Event) { e.Obstacle, e.WaitsFor, e.Message = o, on, message })
	}
	return []executor.Event{
		waits(trade, 0, state.Predecessors, "", "ledger"),
		waits(member, 0, state.Predecessors, "", "ledger", "trade"),
		with(ledger, executor.StepStart, 0, nil),
		with(old, executor.StepStart, 0, nil),
		with(ledger, executor.StepProgress, 1, func(e *executor.Event) {
			e.Substeps, e.Operation, e.Elapsed = sub(0, "create volumes", "start orderers"), "BCSSVC01-1", time.Second
		}),
		with(old, executor.StepRetry, 2, func(e *executor.Event) {
			e.Attempt, e.Wait, e.Err = 1, 2*time.Second, errors.New("DeleteChannel: HTTP 429 too many requests")
		}),
		{At: t(11)},
		{At: t(12)},
		with(ledger, executor.StepProgress, 15, func(e *executor.Event) {
			e.Substeps, e.Operation, e.Elapsed = sub(1, "create volumes", "start orderers"), "BCSSVC01-1", 15*time.Second
		}),
		with(old, executor.StepComplete, 16, func(e *executor.Event) { e.Elapsed = 16 * time.Second }),
		with(ledger, executor.StepComplete, 62, func(e *executor.Event) { e.ObjectID, e.Elapsed = "bc-1", 62*time.Second }),
		waits(trade, 62, state.Slot, ""),
		waits(trade, 62, state.Turn, "one change at a time on bc-1", "old"),
		with(trade, executor.StepStart, 62, nil),
		with(trade, executor.StepAdopted, 63, func(e *executor.Event) { e.ObjectID, e.Message = "bc-1/trade", "same name, made 1 s after the intent" }),
		with(trade, executor.StepErrored, 64, func(e *executor.Event) { e.Elapsed, e.Err = 2*time.Second, errors.New("it broke") }),
		waits(member, 64, state.Stage, ""),
		with(member, executor.StepSkipped, 64,
			func(e *executor.Event) { e.Message = "trade failed" }),
		with(executor.Event{}, executor.StopAsked, 65, nil),
	}
}

func storyPlan() *planner.Plan {
	return &planner.Plan{Stack: "chain", Steps: []*planner.Step{
		{Node: "old", Action: planner.Delete},
		{Node: "ledger", Action: planner.Create},
		{Node: "trade", Action: planner.Create, DependsOn: []string{"ledger"}},
		{Node: "member", Action: planner.Create, DependsOn: []string{"ledger", "trade"}},
	}}
}

func tell(v view, after func(i int)) {
	for i, e := range story() {
		if e.Kind == "" {
			v.tick(e.At)
		} else {
			v.event(e)
		}
		if after != nil {
			after(i)
		}
	}
	v.close()
}

func TestPlainProgress(t *testing.T) {
	var b strings.Builder
	tell(newPlainView(&b), nil)
	golden(t, "progress-plain.txt", b.String())
}

// What may have been sent is not said to be "not begun".
func TestLineOfSettledStep(t *testing.T) {
	e := executor.Event{Kind: executor.StepSkipped, Node: "bank", Action: planner.Update, Message: "the next plan shows it", Settled: true}
	if got, want := eventLine(e), "bank: Settled: the next plan shows it"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestTerminalProgress(t *testing.T) {
	for name, size := range map[string][2]int{"wide": {80, 24}, "narrow": {30, 24}, "low": {80, 3}} {
		t.Run(name, func(t *testing.T) {
			screen := newScreen(size[0])
			v := newTTYView(screen, func() (int, int) { return size[0], size[1] }, style{}, storyPlan())
			var out strings.Builder
			tell(v, func(i int) { fmt.Fprintf(&out, "-- after %d\n%s", i, screen.text()) })
			fmt.Fprintf(&out, "-- at the end\n%s", screen.text())
			golden(t, "progress-tty-"+name+".txt", out.String())
		})
	}
}

// What waits has some room beside what runs, and no more: the rest is counted.
func TestTerminalProgressOfMany(t *testing.T) {
	at := func(kind executor.EventKind, i int, on ...string) executor.Event {
		return executor.Event{Kind: kind, At: begin, Node: fmt.Sprintf("n%03d", i), Action: planner.Create, Obstacle: state.Predecessors, WaitsFor: on}
	}
	for _, c := range []struct{ running, waiting, height, runningLines, waitingLines int }{
		{3, 500, 30, 3, 8}, {40, 500, 30, 21, 7}, {2, 3, 30, 2, 3}, {40, 0, 30, 28, 0}, {3, 3, 3, 1, 0}, {0, 9, 24, 0, 8},
	} {
		v := newTTYView(&strings.Builder{}, func() (int, int) { return 80, c.height }, style{}, nil)
		for i := range c.running {
			v.event(at(executor.StepStart, i))
		}
		for i := range c.waiting {
			v.event(at(executor.StepWaiting, c.running+i, "n000", "a", "b", "c", "d", "e"))
		}
		lines := v.live()
		running, waiting := 0, 0
		for _, l := range lines[:len(lines)-1] {
			if l.faint {
				waiting++
			} else {
				running++
			}
		}
		if running != c.runningLines || waiting != c.waitingLines || len(lines) > c.height-1 {
			t.Errorf("%+v: %d lines of running steps and %d of waiting ones", c, running, waiting)
		}
		if c.waiting == 500 && lines[len(lines)-2].text != fmt.Sprintf("  and %d more wait", 500-waiting+1) {
			t.Errorf("%+v: %q", c, lines[len(lines)-2].text)
		}
	}
	v := newTTYView(&strings.Builder{}, func() (int, int) { return 80, 24 }, style{}, nil)
	for i := range 60 {
		e := at(executor.StepWaiting, i, "n999")
		if i%2 == 1 {
			e.Obstacle, e.WaitsFor = state.Slot, nil
		}
		v.event(e)
	}
	v.event(at(executor.StepStart, 1))
	want := []string{
		"  n003, n005, n007, n009 and 25 more: next, when a slot is free",
		"  n000: waits for n999", "  n002: waits for n999", "  n004: waits for n999", "  n006: waits for n999", "  n008: waits for n999",
		"  n010: waits for n999", "  and 24 more wait",
	}
	if d := cmp.Diff(want, v.waitingLines(8)); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	if d := cmp.Diff(want[:1], v.waitingLines(1)); d != "" {
		t.Errorf("in one line: -want +got\n%s", d)
	}
	if got := nameList([]string{"n000", "a", "b", "c", "d", "e"}); got != "n000, a, b, c and 2 more" {
		t.Error(got)
	}
}

// A log names some of the steps that wait for those before them, and all that
// wait for something else.
func TestPlainProgressOfMany(t *testing.T) {
	var b strings.Builder
	v := newPlainView(&b)
	for i := range 50 {
		v.event(executor.Event{Kind: executor.StepWaiting, Node: fmt.Sprint("n", i), Obstacle: state.Predecessors, WaitsFor: []string{"a"}})
	}
	v.event(executor.Event{Kind: executor.StepWaiting, Node: "last", Obstacle: state.Stage})
	if n := strings.Count(b.String(), "\n"); n != mostWaits+2 || !strings.Contains(b.String(), "More steps wait") || !strings.Contains(b.String(), "last: Waiting until") {
		t.Errorf("%d lines:\n%s", n, b.String())
	}
}

// A terminal that is made narrower breaks the lines that stand on it: the next
// drawing must still begin above all of them.
func TestTerminalProgressAfterResize(t *testing.T) {
	v := newTTYView(&strings.Builder{}, func() (int, int) { return 80, 24 }, style{}, storyPlan())
	v.drawn = []int{79, 10}
	if got := v.rows(40); got != 3 {
		t.Errorf("lines of 79 and 10 cells take %d rows of 40, want 3", got)
	}
}

func TestClip(t *testing.T) {
	for in, want := range map[string]string{"abcdef": "abcd", "a\x1b[2Jb": "a [2", "链码账本": "链码", "a链码b": "a链"} {
		if got := clip(in, 4); got != want {
			t.Errorf("clip(%q, 4) = %q, want %q", in, got, want)
		}
	}
}

func TestEventStream(t *testing.T) {
	var b strings.Builder
	now := func() time.Time { return begin }
	s := newEventStream(&b, now)
	s.version("1.0.0")
	s.plan(createPlan())
	s.plan(changePlan())
	tell(s, nil)
	s.diagnostics(diag.List{
		diag.New("DSL204", at(3, 5), "No node template is named %q.", "vcp").With(at(6, 3), "vpc is declared here"),
		{Severity: diag.Error, Summary: "dial tcp: refused"},
		{Severity: diag.Warning, Code: "DSL117", Summary: "w"},
	})
	s.summary(planner.Summary{Add: 2}, "apply", "Apply complete! Resources: 2 added, 0 changed, 0 destroyed.")
	s.outputs(map[string]state.Document{"a": {Value: []any{"x", int64(1)}}, "s": {Value: "canary", Sensitive: []string{""}}})
	golden(t, "events.jsonl", b.String())
	checkLines(t, "event", b.String())
	if strings.Contains(b.String(), "canary") {
		t.Error("a secret is in the stream")
	}
}

// checkLines holds each line to a JSON Schema.
func checkLines(t *testing.T, schema, text string) {
	t.Helper()
	s, err := schemas.Named(schema)
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		var v any
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("line %d is no JSON: %v", i+1, err)
		}
		for _, x := range s.Validate(v) {
			t.Errorf("line %d: %s: %s\n%s", i+1, x.Pointer, x.Message, line)
		}
	}
}

// screen is as much of a terminal as the live view uses: lines, line feeds,
// carriage returns, cursor up and erase to the end.
type screen struct {
	columns int
	rows    [][]rune
	row     int
}

func newScreen(columns int) *screen { return &screen{columns: columns, rows: [][]rune{nil}} }

func (s *screen) Write(b []byte) (int, error) {
	text := string(b)
	for text != "" {
		switch {
		case strings.HasPrefix(text, "\x1b["):
			end := strings.IndexAny(text, "AJ")
			s.control(text[2:end], text[end])
			text = text[end+1:]
			continue
		case text[0] == '\n':
			s.row++
			if s.row == len(s.rows) {
				s.rows = append(s.rows, nil)
			}
		case text[0] != '\r':
			r := []rune(text)[0]
			s.put(r)
			text = text[len(string(r)):]
			continue
		}
		text = text[1:]
	}
	return len(b), nil
}

func (s *screen) control(arg string, op byte) {
	if op == 'J' {
		s.rows = append(s.rows[:s.row:s.row], nil)
		return
	}
	n := 0
	fmt.Sscan(arg, &n)
	s.row -= n
	if s.row < 0 {
		panic("the cursor left the screen")
	}
}

func (s *screen) put(r rune) {
	if cells(string(s.rows[s.row]))+runeCells(r) > s.columns { // the terminal breaks the line
		s.row++
		s.rows = append(s.rows, nil)
	}
	s.rows[s.row] = append(s.rows[s.row], r)
}

func (s *screen) text() string {
	var b strings.Builder
	for _, r := range s.rows {
		if len(r) > 0 {
			b.WriteString("|" + string(r) + "\n")
		}
	}
	return b.String()
}

package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

var dawn = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// after is so many seconds into the execution.
func after(seconds float64) time.Time { return dawn.Add(time.Duration(seconds * float64(time.Second))) }

func entry(seconds float64, node, action string, kind state.RecordKind, more ...func(*state.Record)) state.Record {
	r := state.Record{Node: node, Type: "Cloud.T", Action: action, Kind: kind, At: after(seconds), Attempt: 1}
	for _, m := range more {
		m(&r)
	}
	return r
}

func waitsFor(nodes ...string) func(*state.Record) {
	return func(r *state.Record) { r.DependsOn = nodes }
}

func stands(d state.Detail) func(*state.Record) { return func(r *state.Record) { r.Detail = &d } }

func failedOf(text string) func(*state.Record) { return func(r *state.Record) { r.Error = text } }

// failedCourse is an execution in which everything happens: steps that wait for
// each of the reasons that there are, sub-steps, a second attempt, a failure, a
// step that was not begun, a replacement.
func failedCourse() (*state.Execution, []state.Record) {
	x := &state.Execution{ID: "web-7", Stack: "web", Lifecycle: "upgrade", Phase: "UpgradeFailed", Started: dawn, Ended: after(70)}
	why := failedOf
	sub := func(now string) func(*state.Record) {
		status := map[bool]string{true: "processing", false: "finished"}
		return stands(state.Detail{Substeps: []state.Substep{{Name: "volumes", Status: status[now == "volumes"]}, {Name: "start the orderers", Status: "processing"}}})
	}
	attempt := func(n int) func(*state.Record) { return func(r *state.Record) { r.Attempt = n } }
	return x, []state.Record{
		entry(0, "net", "create", state.Planned), entry(0, "ledger", "replace", state.Planned),
		entry(0, "bank", "create", state.Planned), entry(0, "user & co", "create", state.Planned),
		entry(0, "old", "delete", state.Planned), entry(0, "still", "none", state.Result), entry(0, "peer", "update", state.Planned, waitsFor("net")),
		entry(0, "slow", "update", state.Planned), entry(0, "vote", "create", state.Planned, waitsFor("slow")),
		entry(1, "net", "create", state.Intent), entry(1, "net", "create", state.Operation), entry(6, "net", "create", state.Result),
		entry(2, "old", "delete", state.Intent), entry(30, "old", "delete", state.Result),
		entry(3, "ledger", "delete", state.Intent), entry(9, "ledger", "delete", state.Result),
		entry(9, "ledger", "create", state.Progress, stands(state.Detail{Obstacle: state.Predecessors, WaitsFor: []string{"slow"}})),
		entry(6.1, "peer", "update", state.Progress, stands(state.Detail{Obstacle: state.Turn, WaitsFor: []string{"ledger", "slow"}, Message: "one change at a time on bc-1"})),
		entry(4, "slow", "update", state.Intent), entry(4, "slow", "update", state.Progress, why("HTTP 429"), stands(state.Detail{Wait: 3 * time.Second})),
		entry(10, "slow", "update", state.Result, attempt(2)), entry(10, "vote", "create", state.Progress, stands(state.Detail{Obstacle: state.Stage})),
		entry(12, "ledger", "create", state.Intent, waitsFor("net")), entry(13, "ledger", "create", state.Operation),
		entry(8, "ledger", "delete", state.Progress, sub("volumes")), // too late
		entry(20, "ledger", "create", state.Operation, attempt(2)), entry(21, "ledger", "create", state.Progress, sub("volumes")),
		entry(30, "ledger", "create", state.Progress, sub("start the orderers")), entry(50, "ledger", "create", state.Result),
		entry(50, "peer", "update", state.Intent), entry(55, "peer", "update", state.Progress, why("HTTP 503"), stands(state.Detail{Wait: 20 * time.Second})),
		entry(70, "peer", "update", state.Skipped, why("bank failed")), entry(70, "vote", "create", state.Skipped, why("bank failed")),
		entry(50, "bank", "create", state.Intent, waitsFor("ledger")), entry(70, "bank", "create", state.Failure, why("quota <exceeded>")),
		entry(70, "user & co", "create", state.Skipped, why("bank failed")),
	}
}

func TestTimeline(t *testing.T) {
	x, journal := failedCourse()
	var got []string
	for _, l := range timelineOf(x, journal, after(99)).lanes {
		text := fmt.Sprintf("%s %s fate=%d attempts=%d", l.node, l.action, l.fate, l.attempts)
		for _, s := range l.spans {
			text += fmt.Sprintf(" %s:%v-%v", s.action, s.from.Sub(dawn).Seconds(), s.to.Sub(dawn).Seconds())
		}
		if l.critical {
			text += " critical"
		}
		for _, p := range l.parts {
			text += fmt.Sprintf(" [%s %v-%v]", p.name, p.from.Sub(dawn).Seconds(), p.to.Sub(dawn).Seconds())
		}
		got = append(got, text)
	}
	want := []string{
		"net create fate=0 attempts=1 create:1-6",
		"old delete fate=0 attempts=1 delete:2-30",
		"ledger replace fate=0 attempts=2 delete:3-9 create:12-20 create:20-50 critical [volumes 21-30] [start the orderers 30-50]",
		"slow update fate=0 attempts=2 update:4-4 update:7-10 critical",
		"bank create fate=1 attempts=1 create:50-70 critical",
		"peer update fate=2 attempts=1 update:50-55",
		"user & co create fate=2 attempts=1",
		"vote create fate=2 attempts=1",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

// Deletions wait for those of what depended on their elements.
func TestTimelineOfDeletion(t *testing.T) {
	x := &state.Execution{ID: "web-8", Phase: "Deleting", Started: dawn}
	found := func(depends ...string) func(*state.Record) {
		return func(r *state.Record) { r.Before = &state.Element{DependsOn: depends} }
	}
	line := timelineOf(x, []state.Record{
		entry(0, "bank", "delete", state.Planned), entry(0, "ledger", "delete", state.Planned), entry(0, "net", "delete", state.Planned),
		entry(1, "bank", "delete", state.Intent, found("ledger")), entry(5, "bank", "delete", state.Result),
		entry(5, "ledger", "delete", state.Intent, found("net")),
	}, after(20))
	bank, ledger, net := line.byNode["bank"], line.byNode["ledger"], line.byNode["net"]
	if !bank.critical || !ledger.critical || ledger.fate != fateRunning || !ledger.finish().Equal(after(20)) || net.fate != fatePending {
		t.Errorf("got %+v, %+v, %+v", bank, ledger, net)
	}
}

// What could have begun long before has waited for its turn: for the step that
// was at it before.
func TestTimelineOfTurns(t *testing.T) {
	x := &state.Execution{ID: "web-9", Phase: "CreateSucceeded", Started: dawn, Ended: after(31)}
	line := timelineOf(x, []state.Record{
		entry(0, "ledger", "create", state.Intent), entry(10, "ledger", "create", state.Result),
		entry(0, "aside", "create", state.Intent), entry(9, "aside", "create", state.Result),
		entry(10, "one", "create", state.Intent, waitsFor("ledger")), entry(20, "one", "create", state.Result),
		entry(20, "two", "create", state.Intent, waitsFor("ledger")), entry(31, "two", "create", state.Result),
	}, after(40))
	for node, want := range map[string]bool{"ledger": true, "aside": false, "one": true, "two": true} {
		if got := line.byNode[node].critical; got != want {
			t.Errorf("%s is critical: %v", node, got)
		}
	}
}

// What a step waited for is told for each time in which it did not work.
func TestTimelineOfWaits(t *testing.T) {
	x, journal := failedCourse()
	line := timelineOf(x, journal, after(99))
	for node, want := range map[string]string{
		"net": "0-1 slot", "slow": "0-4 slot 4-7 again", "bank": "0-50 predecessors",
		"ledger": "0-3 slot 9-10 predecessors 10-12 slot",
		"peer":   "0-6 predecessors 6-6.1 slot 6.1-50 turn",
	} {
		var got []string
		for _, s := range line.stays(line.byNode[node]) {
			if s.to.After(s.from) || s.obstacle == again {
				got = append(got, fmt.Sprintf("%v-%v %s", s.from.Sub(dawn).Seconds(), s.to.Sub(dawn).Seconds(), s.obstacle))
			}
		}
		if d := cmp.Diff(want, strings.Join(got, " ")); d != "" {
			t.Errorf("%s (-want +got): %s", node, d)
		}
	}
}

// While an execution runs its picture says what waits for what.
func TestTimelineOfRunning(t *testing.T) {
	x := runningCourse()
	text := string(timelineOf(x, []state.Record{
		entry(0, "ledger", "create", state.Planned), entry(0, "bank", "create", state.Planned, waitsFor("ledger", "net")),
		entry(0, "net", "create", state.Planned), entry(0, "vote", "create", state.Planned),
		entry(1, "net", "create", state.Intent), entry(2, "net", "create", state.Result), entry(1, "ledger", "create", state.Intent),
		entry(2, "vote", "create", state.Progress, stands(state.Detail{Obstacle: state.Stage})),
	}, after(8)).svg())
	drawn(t, []byte(text))
	for _, want := range []string{">waits for ledger<", ">waits until all other steps have succeeded"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing", want)
		}
	}
}

// The picture is the same for the same course, well formed, without a script, and
// nothing in it lies outside.
func TestTimelinePicture(t *testing.T) {
	x, journal := failedCourse()
	text := timelineOf(x, journal, after(99)).svg()
	golden(t, "timeline.svg", string(text))
	drawn(t, text)
	for _, want := range []string{"user &amp; co", "quota &lt;exceeded&gt;", "not begun: bank failed", "47s, 2 attempts", "20s, failed", ">start the orderers<", "HTTP 429"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%q is missing", want)
		}
	}
}

func TestTimelineSizes(t *testing.T) {
	for _, n := range []int{0, 1, 2000} {
		x := &state.Execution{ID: "big-1", Phase: "CreateSucceeded", Started: dawn, Ended: after(float64(n)/10 + 3)}
		var journal []state.Record
		for i := range n {
			node := fmt.Sprintf("a-node-whose-name-is-longer-than-anybody-likes-%d", i)
			journal = append(journal, entry(float64(i)/10, node, "create", state.Intent), entry(float64(i)/10+3, node, "create", state.Result))
		}
		if lanes := drawn(t, timelineOf(x, journal, dawn).svg()); lanes < n {
			t.Errorf("%d lanes of %d steps", lanes, n)
		}
	}
}

// drawn parses a picture, checks that its bars and texts lie inside, and counts
// its groups.
func drawn(t *testing.T, text []byte) (groups int) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(string(text)))
	number := func(e xml.StartElement, name string) float64 {
		for _, a := range e.Attr {
			if a.Name.Local == name {
				v, err := strconv.ParseFloat(a.Value, 64)
				if err != nil {
					t.Errorf("%s of %s: %v", name, e.Name.Local, err)
				}
				return v
			}
		}
		return 0
	}
	var width, height float64
	for {
		token, err := d.Token()
		if err == io.EOF {
			return groups
		}
		if err != nil {
			t.Fatal(err)
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch e.Name.Local {
		case "svg":
			width, height = number(e, "width"), number(e, "height")
		case "g":
			groups++
		case "script", "style", "foreignObject":
			t.Errorf("there is a %s", e.Name.Local)
		case "rect", "text":
			if x, y := number(e, "x"), number(e, "y"); x < 0 || y < 0 || x+number(e, "width") > width || y+number(e, "height") > height {
				t.Errorf("%v lies outside", e.Attr)
			}
		}
	}
}

func TestTickStep(t *testing.T) {
	for span, want := range map[time.Duration]time.Duration{
		time.Millisecond: time.Millisecond, 70 * time.Millisecond: 10 * time.Millisecond, 9 * time.Second: time.Second,
		70 * time.Second: 10 * time.Second, 90 * time.Minute: 10 * time.Minute, 30 * time.Hour: 3 * time.Hour,
	} {
		if got := tickStep(span); got != want || span/got > mostTicks {
			t.Errorf("%s: %s, want %s", span, got, want)
		}
	}
}

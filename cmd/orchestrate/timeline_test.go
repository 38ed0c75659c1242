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

// failedCourse is an execution in which everything happens: steps that wait, a
// second attempt, a failure, a step that was not begun, a replacement.
func failedCourse() (*state.Execution, []state.Record) {
	x := &state.Execution{ID: "web-7", Stack: "web", Lifecycle: "upgrade", Phase: "UpgradeFailed", Started: dawn, Ended: after(70)}
	why := func(text string) func(*state.Record) { return func(r *state.Record) { r.Error = text } }
	attempt := func(n int) func(*state.Record) { return func(r *state.Record) { r.Attempt = n } }
	return x, []state.Record{
		entry(0, "net", "create", state.Planned), entry(0, "ledger", "replace", state.Planned),
		entry(0, "bank", "create", state.Planned), entry(0, "user & co", "create", state.Planned),
		entry(0, "old", "delete", state.Planned), entry(0, "still", "none", state.Result),
		entry(1, "net", "create", state.Intent), entry(1, "net", "create", state.Operation), entry(6, "net", "create", state.Result),
		entry(2, "old", "delete", state.Intent), entry(30, "old", "delete", state.Result),
		entry(3, "ledger", "delete", state.Intent), entry(9, "ledger", "delete", state.Result),
		entry(12, "ledger", "create", state.Intent, waitsFor("net")), entry(13, "ledger", "create", state.Operation),
		entry(20, "ledger", "create", state.Operation, attempt(2)), entry(50, "ledger", "create", state.Result),
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
		got = append(got, text)
	}
	want := []string{
		"net create fate=0 attempts=1 create:1-6",
		"old delete fate=0 attempts=1 delete:2-30",
		"ledger replace fate=0 attempts=2 delete:3-9 create:12-20 create:20-50 critical",
		"bank create fate=1 attempts=1 create:50-70 critical",
		"user & co create fate=2 attempts=1",
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

// The picture is the same for the same course, well formed, without a script, and
// nothing in it lies outside.
func TestTimelinePicture(t *testing.T) {
	x, journal := failedCourse()
	text := timelineOf(x, journal, after(99)).svg()
	golden(t, "timeline.svg", string(text))
	drawn(t, text)
	for _, want := range []string{"user &amp; co", "quota &lt;exceeded&gt;", "not begun: bank failed", "47s, 2 attempts", "20s, failed"} {
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

package main

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// timeline is the course of one execution: a lane a step, in the order in which
// the steps began.
type timeline struct {
	execution  *state.Execution
	start, end time.Time
	lanes      []*lane
	running    bool // it has not ended; end is now
	byNode     map[string]*lane
	links      []link // of the critical path, the last first
}

// link leads from the end of one step to the beginning of the part of another
// that it held up.
type link struct {
	from     time.Time
	fromNode string
	to       time.Time
	toNode   string
}

// lane is the course of one step.
type lane struct {
	node, typ, action string
	spans             []span
	marks             []time.Time // when the handle of an operation was recorded
	parts             []part      // of its operations
	waits             []string    // nodes that it waited for, as far as that is on record
	obstacles         []stay      // what it came to wait for when it could have begun; without their ends
	attempts          int
	fate              fate
	why               string // it failed or was left out
	critical          bool
}

// fate is how a step or a part of it ended.
type fate int

const (
	fateDone fate = iota
	fateFailed
	fateSkipped // not begun
	fateHalted  // left at a recorded point
	fateRunning
	fatePending // not begun yet
)

// span is a time in which a step was at work: a replacement has two, and a step
// that was taken up again after its process died has one more.
type span struct {
	from, to time.Time
	action   string
	attempt  int
	fate     fate
	why      string // it failed, and another attempt followed
	retries  bool   // it is the attempt that followed
	critical bool   // the end of the execution waited for it
}

// timelineOf reads the course of an execution from its journal. now is the end of
// what still runs.
func timelineOf(x *state.Execution, journal []state.Record, now time.Time) *timeline {
	t := &timeline{byNode: map[string]*lane{}, execution: x, start: x.Started, end: x.Ended, running: x.Ended.IsZero()}
	if t.running {
		t.end = now
	}
	for _, r := range journal {
		l := t.byNode[r.Node]
		if l == nil {
			l = &lane{node: r.Node, typ: r.Type, action: r.Action, fate: fatePending}
			t.byNode[r.Node] = l
			t.lanes = append(t.lanes, l)
		}
		l.add(r)
	}
	t.lanes = slices.DeleteFunc(t.lanes, func(l *lane) bool { return l.fate == fatePending && quietAction(l.action) })
	for _, l := range t.lanes {
		l.close(t)
		for _, s := range l.spans {
			t.end = later(t.end, s.to)
		}
	}
	slices.SortStableFunc(t.lanes, func(a, b *lane) int {
		return cmp.Or(a.begin(t).Compare(b.begin(t)), cmp.Compare(a.fate, b.fate))
	})
	t.reverseDeletions(journal)
	t.markCritical()
	return t
}

// quietAction reports whether the records of an action belong to no work.
func quietAction(action string) bool { return action == "none" || action == "read" || action == "move" }

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// add takes one more record in.
func (l *lane) add(r state.Record) {
	l.attempts = max(l.attempts, r.Attempt)
	switch r.Kind {
	case state.Planned:
		l.typ, l.action = r.Type, r.Action
		l.comesAfter(r.DependsOn)
	case state.Intent:
		l.spans = append(l.spans, span{from: r.At, action: r.Action, attempt: r.Attempt, fate: fateRunning})
		l.fate = fateRunning
		l.comesAfter(r.DependsOn)
	case state.Operation:
		l.operation(r)
	case state.Progress:
		l.progress(r)
	case state.Result:
		if quietAction(r.Action) {
			return
		}
		l.end(r, fateDone)
	case state.Failure:
		l.end(r, fateFailed)
	case state.Halted:
		if l.end(r, fateHalted); r.Error != "" {
			l.fate = fateFailed
		}
	case state.Skipped:
		l.skip(r)
	}
}

// operation marks that work was handed to the cloud; with another attempt than
// before, a new span begins.
func (l *lane) operation(r state.Record) {
	if len(l.spans) == 0 {
		return
	}
	s := &l.spans[len(l.spans)-1]
	if r.Attempt > s.attempt && s.attempt > 0 && s.fate == fateRunning {
		s.to, s.fate = r.At, fateFailed
		l.spans = append(l.spans, span{from: r.At, action: r.Action, attempt: r.Attempt, fate: fateRunning})
		return
	}
	s.attempt = max(s.attempt, r.Attempt)
	l.marks = append(l.marks, r.At)
}

// end ends the last span. What needed no call has one without length.
func (l *lane) end(r state.Record, f fate) {
	if len(l.spans) == 0 || l.spans[len(l.spans)-1].fate == fateDone {
		l.spans = append(l.spans, span{from: r.At, action: r.Action})
	}
	s := &l.spans[len(l.spans)-1]
	s.from, s.to, s.fate = earlier(s.from, r.At), r.At, f // it may have ended before its next attempt
	l.endPart(r.At)
	l.fate, l.why = f, r.Error
}

// skip ends a step that was not begun, or of which nothing was done after all.
func (l *lane) skip(r state.Record) {
	n := len(l.spans)
	switch {
	case n == 0 || l.spans[n-1].fate != fateRunning:
	case l.spans[n-1].from.After(r.At): // the next attempt
		l.spans = l.spans[:n-1]
	default:
		l.spans[n-1].to, l.spans[n-1].fate = r.At, fateFailed
	}
	l.endPart(r.At)
	l.fate, l.why = fateSkipped, r.Error
}

// close ends what still runs with the picture.
func (l *lane) close(t *timeline) {
	for i := range l.spans {
		if l.spans[i].to.IsZero() {
			l.spans[i].to = t.end
			l.spans[i].from = earlier(l.spans[i].from, t.end)
			if !t.running { // its process ended before it did
				l.spans[i].fate = fateHalted
			}
		}
	}
	l.endPart(t.end)
	if l.fate == fateRunning && !t.running {
		l.fate = fateHalted
	}
}

// begin is when the step began; one that did not stands at the end.
func (l *lane) begin(t *timeline) time.Time {
	if len(l.spans) == 0 {
		return t.end
	}
	return l.spans[0].from
}

// finish is when the step ended.
func (l *lane) finish() time.Time { return l.spans[len(l.spans)-1].to }

// reverseDeletions lets each deletion wait for those of the elements that
// depended on it, which is on record with what was found before them.
func (t *timeline) reverseDeletions(journal []state.Record) {
	for _, r := range journal {
		if r.Kind != state.Intent || r.Action != "delete" || r.Before == nil {
			continue
		}
		for _, on := range r.Before.DependsOn {
			if l := t.byNode[on]; l != nil && l.action == "delete" {
				l.waits = append(l.waits, r.Node)
			}
		}
	}
}

// markCritical marks the steps that the end of the execution has waited for: from
// the one that ended last, back to that which held it up, and so on.
func (t *timeline) markCritical() {
	var last *lane
	for _, l := range t.lanes {
		if len(l.spans) > 0 && (last == nil || l.finish().After(last.finish())) {
			last = l
		}
	}
	for last != nil && !last.critical {
		last.critical = true
		before, part := t.heldUp(last)
		for i := part; i < len(last.spans); i++ {
			last.spans[i].critical = true
		}
		if before != nil {
			t.links = append(t.links, link{before.finish(), before.node, last.spans[part].from, last.node})
		}
		last = before
	}
}

// heldUp is the step that held another one up before a part of it began, and
// that part: of those that it waited for the one that ended last; or, if it could
// have begun long before and waited for its turn, whichever ended last before it
// began. nil: it was not held up, or by an earlier part of its own only.
func (t *timeline) heldUp(l *lane) (before *lane, part int) {
	for i := len(l.spans) - 1; i >= 0; i-- {
		if l.spans[i].retries {
			continue // it waited for nobody
		}
		var free time.Time // when its own earlier part had ended
		if i > 0 {
			free = l.spans[i-1].to
		}
		begin := l.spans[i].from
		last := lastEnded(t.heldUpBy(l), free, begin)
		if ready := t.ready(last, free); begin.Sub(ready) > t.patience() {
			last = lastEnded(t.lanes, ready, begin)
		}
		if last != nil {
			return last, i
		}
	}
	return nil, 0
}

// waitedFor are the steps that a step depended on.
func (t *timeline) waitedFor(l *lane) []*lane { return t.named(l.waits) }

// named are the lanes of some nodes.
func (t *timeline) named(nodes []string) []*lane {
	var out []*lane
	for _, node := range nodes {
		if o := t.byNode[node]; o != nil {
			out = append(out, o)
		}
	}
	return out
}

// ready is when a part of a step could begin.
func (t *timeline) ready(last *lane, free time.Time) time.Time {
	switch {
	case last != nil:
		return last.finish()
	case free.IsZero():
		return t.start
	}
	return free
}

// patience is how late a step may begin without having waited for its turn.
func (t *timeline) patience() time.Duration {
	return max(t.end.Sub(t.start)/100, 10*time.Millisecond)
}

// lastEnded is the step that ended last in a time; nil if none did.
func lastEnded(lanes []*lane, from, until time.Time) *lane {
	var last *lane
	for _, l := range lanes {
		if len(l.spans) == 0 || l.finish().Before(from) || l.finish().After(until) {
			continue
		}
		if last == nil || l.finish().After(last.finish()) {
			last = l
		}
	}
	return last
}

// title says what the picture shows.
func (t *timeline) title() string {
	took := t.end.Sub(t.start).Round(time.Millisecond)
	if took > 10*time.Second {
		took = took.Round(time.Second)
	}
	parts := []string{"Execution " + t.execution.ID, t.execution.Phase, count(len(t.lanes), "step", "steps"), took.String()}
	return strings.Join(parts, " · ")
}

package main

import (
	"slices"
	"time"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// again is what keeps a step from its next attempt: that the last one did not
// succeed. It stands beside the obstacles of the journal.
const again state.Obstacle = "again"

// stay is a time in which a step waited.
type stay struct {
	from, to time.Time
	obstacle state.Obstacle
	on       []string // nodes that it waited for, as far as they are named
}

// obstruct notes what a step has come to wait for.
func (l *lane) obstruct(r state.Record) {
	l.obstacles = append(l.obstacles, stay{from: r.At, obstacle: r.Detail.Obstacle, on: r.Detail.WaitsFor})
	if r.Detail.Obstacle == state.Predecessors {
		l.comesAfter(r.Detail.WaitsFor)
	}
}

// comesAfter notes nodes that a step waits for.
func (l *lane) comesAfter(nodes []string) {
	for _, n := range nodes {
		if !slices.Contains(l.waits, n) {
			l.waits = append(l.waits, n)
		}
	}
}

// stays are the times in which a step waited, before it began, between its
// phases and between its attempts, in order.
func (t *timeline) stays(l *lane) []stay {
	var out []stay
	from := t.start
	for _, s := range l.spans {
		if s.retries {
			out = append(out, stay{from: from, to: s.from, obstacle: again})
		} else {
			out = append(out, t.staysBetween(l, from, s.from)...)
		}
		from = later(from, s.to)
	}
	if len(l.spans) == 0 && l.fate == fatePending {
		out = append(out, t.staysBetween(l, from, t.end)...)
	}
	return out
}

// staysBetween tells what a step waited for between two moments: first for those
// before it, then for what the journal says, and a slot where it says nothing.
func (t *timeline) staysBetween(l *lane, from, to time.Time) []stay {
	var out []stay
	add := func(until time.Time, s stay) {
		if s.from, s.to = from, until; until.After(from) {
			out, from = append(out, s), until
		}
	}
	before := t.waitedFor(l)
	if last := lastEnded(before, from, to); last != nil {
		add(last.finish(), stay{obstacle: state.Predecessors, on: l.waits})
	} else if t.running && to.Equal(t.end) && t.unfinished(before) {
		add(to, stay{obstacle: state.Predecessors, on: l.waits})
	}
	now := stay{obstacle: state.Slot}
	for _, o := range l.obstacles {
		if o.obstacle != state.Predecessors && !o.from.After(to) && o.from.After(t.start) {
			if o.from.After(from) {
				add(o.from, now)
			}
			now = o
		}
	}
	add(to, now)
	return out
}

// heldUpBy are the steps that a step waited for, its turn included.
func (t *timeline) heldUpBy(l *lane) []*lane {
	out := t.waitedFor(l)
	for _, o := range l.obstacles {
		out = append(out, t.named(o.on)...)
	}
	return out
}

// unfinished reports whether one of some steps has not ended.
func (t *timeline) unfinished(lanes []*lane) bool {
	for _, l := range lanes {
		if len(l.spans) == 0 || l.fate == fateRunning {
			return true
		}
	}
	return false
}

// part is a time in which the operation of a step was at one of its sub-steps.
type part struct {
	from, to time.Time
	name     string
}

// atPart notes which sub-step the operation of a step is at.
func (l *lane) atPart(r state.Record) {
	name := r.Detail.Message
	for _, s := range r.Detail.Substeps {
		if name = s.Name; s.Status != "finished" {
			break
		}
	}
	n := len(l.parts)
	if name == "" || n > 0 && l.parts[n-1].to.IsZero() && l.parts[n-1].name == name {
		return
	}
	l.endPart(r.At)
	l.parts = append(l.parts, part{from: r.At, name: name})
}

// endPart ends the sub-step at hand.
func (l *lane) endPart(at time.Time) {
	if n := len(l.parts); n > 0 && l.parts[n-1].to.IsZero() {
		l.parts[n-1].to = at
	}
}

// progress takes in what a step was at, unless that is over: nobody waits for
// such a record, so that it may come late.
func (l *lane) progress(r state.Record) {
	n := len(l.spans)
	switch {
	case r.Detail == nil:
	case r.Detail.Obstacle != "":
		l.obstruct(r)
	case n == 0 || l.spans[n-1].fate != fateRunning || r.At.Before(l.spans[n-1].from):
	case r.Error != "":
		l.retry(r)
	default:
		l.atPart(r)
	}
}

// retry ends an attempt that did not succeed; the next one begins after a while.
func (l *lane) retry(r state.Record) {
	s := &l.spans[len(l.spans)-1]
	s.to, s.fate, s.why = r.At, fateFailed, r.Error
	l.endPart(r.At)
	l.spans = append(l.spans, span{from: r.At.Add(r.Detail.Wait), action: s.action, attempt: r.Attempt + 1, fate: fateRunning, retries: true})
}

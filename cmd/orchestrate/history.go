package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// The lifecycles of executions.
const (
	lifecycleCreate   = "create"
	lifecycleUpgrade  = "upgrade"
	lifecycleRollback = "rollback"
	lifecycleDelete   = "delete"
	lifecycleImport   = "import"
	lifecycleRefresh  = "refresh"
)

// history is what was done to a stack since it was last deleted: executions,
// newest first. What came before a completed deletion concerns another stack of
// the same name.
type history []*state.Execution

// historyOf sorts by number: times are those of several machines.
func historyOf(all []*state.Execution) history {
	h := slices.SortedFunc(slices.Values(all), func(a, b *state.Execution) int { return cmp.Compare(b.Number, a.Number) })
	for i, x := range h {
		if x.Final {
			return h[:i]
		}
	}
	return h
}

func succeeded(x *state.Execution) bool { return strings.HasSuffix(x.Phase, "Succeeded") }

// records reports whether an execution only wrote down what exists: no
// blueprint was carried out, so there is nothing to go back behind.
func records(x *state.Execution) bool {
	return x.Lifecycle == lifecycleImport || x.Lifecycle == lifecycleRefresh
}

// last is the newest execution that carried something out; nil if none did.
func (h history) last() *state.Execution {
	for _, x := range h {
		if !records(x) {
			return x
		}
	}
	return nil
}

// first is the oldest execution that carried something out; nil if none did.
func (h history) first() *state.Execution {
	for _, x := range slices.Backward(h) {
		if !records(x) {
			return x
		}
	}
	return nil
}

// running is the execution that has not ended; nil if all have.
func (h history) running() *state.Execution {
	for _, x := range h {
		if x.Ended.IsZero() {
			return x
		}
	}
	return nil
}

// byID finds an execution; nil if there is none of that name.
func (h history) byID(id string) *state.Execution {
	for _, x := range h {
		if x.ID == id {
			return x
		}
	}
	return nil
}

// applied is the execution that applied a revision; nil if none did.
func (h history) applied(revision int64) *state.Execution {
	for _, x := range h {
		if x.Revision == revision && revision > 0 {
			return x
		}
	}
	return nil
}

// wayBack is where a rollback leads.
type wayBack struct {
	to     int64  // the revision to return to; 0: to before the first one
	since  int64  // number of the first execution that is undone
	undoes string // the one execution that is undone; "": all since the revision
	only   bool   // what those executions did not touch stays out of it
}

// noWayBack tells that there is nothing to return to, and what does instead.
type noWayBack struct{ why, instead string }

func (e *noWayBack) Error() string { return e.why }

// back is the way to the newest revision that was applied with success before
// the last execution's own one. A deletion has no revision of its own. A stack
// that never was complete is emptied.
func (h history) back() (wayBack, error) {
	last := h.last()
	if last == nil {
		return wayBack{}, &noWayBack{"there is no earlier revision to return to: nothing was applied yet (SVCSTG.AOS.4002515)", "`apply` creates the stack."}
	}
	for _, x := range h {
		if x.Revision > 0 && h.whole(x) && (last.Revision == 0 || x.Revision < last.Revision) {
			return h.behind(x), nil
		}
	}
	if !h.whole(last) {
		return wayBack{since: h.first().Number, only: true}, nil
	}
	return wayBack{}, &noWayBack{"there is no earlier revision to return to (SVCSTG.AOS.4002515)", "`delete` removes the stack, `apply` with another blueprint or other inputs changes it."}
}

// whole reports whether the stack was what a blueprint says after an execution:
// it has succeeded, and what it has undone did not begin with what another one
// had left half done.
func (h history) whole(x *state.Execution) bool {
	for x != nil && succeeded(x) {
		undone := h.byID(x.Terms.Undoes)
		if undone == nil {
			return true
		}
		undone = h.begun(undone)
		if x = h.lastBefore(undone); x == nil {
			return true // there was nothing
		}
	}
	return false
}

// begun is the first of the executions that one has gone on with.
func (h history) begun(x *state.Execution) *state.Execution {
	for x.Terms.Retries != "" && h.byID(x.Terms.Retries) != nil {
		x = h.byID(x.Terms.Retries)
	}
	return x
}

// lastBefore is the newest execution before another one that carried something
// out; nil if none did.
func (h history) lastBefore(x *state.Execution) *state.Execution {
	for _, y := range h {
		if y.Number < x.Number && !records(y) {
			return y
		}
	}
	return nil
}

// backTo is the way to a certain revision.
func (h history) backTo(revision int64) (wayBack, error) {
	x := h.applied(revision)
	if x == nil {
		return wayBack{}, &noWayBack{fmt.Sprintf("there is no revision %d", revision), "`show` lists the revisions of the stack."}
	}
	return h.behind(x), nil
}

// behind is the way to the end of an execution. If that was for a part of its
// blueprint, the rest was never so and stays out of it.
func (h history) behind(x *state.Execution) wayBack {
	return wayBack{to: x.Revision, since: x.Number + 1, only: h.partial(x)}
}

// attempts are the executions that were to lead where a way leads: what they
// found is what somebody has changed by hand since, and no part of it. They are
// not told apart where one execution is undone.
func (h history) attempts(w wayBack) []string {
	var out []string
	for _, x := range h {
		if x.Lifecycle == lifecycleRollback && x.Terms.Undoes == "" && x.Terms.To == w.to && x.Number >= w.since && !w.only {
			out = append(out, x.ID)
		}
	}
	return out
}

// partial reports whether an execution has applied its revision to targets only,
// or has gone back to one with nodes left out, or to one that was partial.
func (h history) partial(x *state.Execution) bool {
	for x != nil && len(x.Terms.Targets) == 0 && len(x.Terms.Skip) == 0 {
		if x.Lifecycle != lifecycleRollback || x.Terms.To == 0 || x.Terms.To >= x.Revision {
			return false
		}
		x = h.applied(x.Terms.To)
	}
	return x != nil
}

// before is the way to before an execution, which is undone with those that it
// went on with: each of them did a part of the same work.
func (h history) before(x *state.Execution) wayBack {
	x = h.begun(x)
	return wayBack{to: h.inForce(x), since: x.Number, undoes: x.ID, only: true}
}

// inForce is the revision that a stack had when an execution began; 0: none, or
// the stack had been emptied.
func (h history) inForce(x *state.Execution) int64 {
	for _, y := range h {
		switch {
		case y.Number >= x.Number:
		case y.Revision > 0:
			return y.Revision
		case y.Lifecycle == lifecycleRollback:
			return 0
		}
	}
	return 0
}

// again is the way of an earlier rollback.
func (h history) again(x *state.Execution) (wayBack, error) {
	switch undone := h.byID(x.Terms.Undoes); {
	case x.Terms.Undoes != "" && undone != nil:
		return h.before(undone), nil
	case x.Terms.To > 0:
		return h.backTo(x.Terms.To)
	}
	return wayBack{since: h.first().Number, only: true}, nil
}

// unfinished is the execution that a retry goes on with.
func (h history) unfinished() (*state.Execution, error) {
	for _, x := range h {
		switch {
		case !succeeded(x):
			return x, nil
		case !records(x):
			return nil, &noWayBack{fmt.Sprintf("there is nothing to retry: execution %s succeeded (%s)", x.ID, x.Phase), "`apply` carries out the blueprint as it is now, `rollback` returns to the revision before, `delete` removes the stack."}
		}
	}
	return nil, &noWayBack{"there is nothing to retry: nothing was begun yet (SVCSTG.AOS.4002548)", "`apply` creates the stack."}
}

// wasDeleted is the deletion that the stack has left unfinished; nil if it has
// none.
func (h history) wasDeleted() *state.Execution {
	if x := h.last(); x != nil && x.Lifecycle == lifecycleDelete {
		return x
	}
	return nil
}

package simtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// reflect does to the mirror what was just done to the store, and holds that it
// answers alike.
func (w *world) reflect(p *process, what string, mirrored func(state.Store) error, answer error) {
	torn := func() {}
	if w.tear != nil {
		torn = w.tear(what)
	}
	err := mirrored(w.mirror)
	torn()
	if (err == nil) != (answer == nil) || errors.Is(err, state.ErrLeaseLost) != errors.Is(answer, state.ErrLeaseLost) {
		w.violate(p, "%s: the mirror answers %v, the store %v", what, err, answer)
	}
}

// checkMirror holds that store and mirror hold the same.
func (w *world) checkMirror() {
	if w.mirror == nil {
		return
	}
	ours, theirs := w.contents(&store{p: &process{w: w}, m: w.store}), w.contents(w.mirror)
	for i := range max(len(ours), len(theirs)) {
		if i >= len(ours) || i >= len(theirs) || ours[i] != theirs[i] {
			w.violate(nil, "the mirror holds other things: %q, the store %q", theirs[min(i, len(theirs)):min(i+1, len(theirs))], ours[min(i, len(ours)):min(i+1, len(ours))])
			return
		}
	}
}

// contents are a line each for all that a store holds.
func (w *world) contents(s state.Store) []string {
	var out []string
	stacks, err := s.Stacks(context.Background())
	for _, st := range stacks {
		out = append(out, fmt.Sprint("stack ", st.Name))
	}
	if err != nil {
		out = append(out, "no stacks")
	}
	for _, t := range w.tracks {
		out = append(out, contents(s, t.stack)...)
	}
	return out
}

// contents are a line each for all that a store holds of a stack, without times.
func contents(s state.Store, stack string) []string {
	var out []string
	ctx := context.Background()
	add := func(v any, err error) {
		line := text(v)
		if err != nil {
			line = "not there"
		}
		out = append(out, line)
	}
	st, err := s.Stack(ctx, stack)
	if err == nil {
		for _, node := range slices.Sorted(maps.Keys(st.Elements)) {
			add(timeless(st.Elements[node]), nil)
		}
		out = append(out, fmt.Sprint(st.Name, st.Serial, st.Phase, text(st.Outputs)))
	}
	revisions, err := s.Revisions(ctx, stack)
	for _, r := range slices.SortedFunc(slices.Values(revisions), func(a, b *state.Revision) int { return int(a.Number - b.Number) }) {
		out = append(out, fmt.Sprint("revision ", r.Number))
	}
	add(nil, err)
	all, err := s.Executions(ctx, stack)
	add(nil, err)
	for _, x := range all {
		out = append(out, fmt.Sprint(x.ID, x.Lifecycle, x.Phase, x.Message, x.Revision, x.Ended.IsZero(), x.Final, x.CancelAsked == nil, text(x.Terms)))
		records, err := s.Journal(ctx, x.ID)
		for _, r := range records {
			r.Seq, r.At, r.Before = 0, time.Time{}, timeless(r.Before)
			add(r, err)
		}
		before, err := s.Before(ctx, stack, x.Number)
		if len(all)%2 == 0 {
			before, err = s.Before(ctx, stack, x.Number, all[0].ID, all[len(all)/2].ID)
		}
		for _, node := range slices.Sorted(maps.Keys(before)) {
			add([]any{node, timeless(before[node])}, err)
		}
	}
	return out
}

func timeless(e *state.Element) *state.Element {
	if e == nil {
		return nil
	}
	out := *e
	out.Created, out.Updated = time.Time{}, time.Time{}
	return &out
}

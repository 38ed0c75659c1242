package executor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
)

// Actions of the journal that no planner.Action stands for: they change what is
// on record and leave the object alone.
const (
	actionMove   = "move"   // under another name
	actionForget = "forget" // out of the stack
	actionImport = "import" // into the stack
)

// open records, all or nothing, what changes without a call; from then on the
// stack is seen so.
func (r *runner) open(ctx context.Context, now time.Time) error {
	var records []state.Record
	if r.plan.RefreshOnly {
		records = r.reading(now)
	} else {
		records = r.renaming(now)
	}
	if len(records) > 0 {
		if err := r.engine.Store.Append(ctx, r.keeper.lease, records...); err != nil {
			return fmt.Errorf("record what changes without a call: %w", err)
		}
	}
	for _, rec := range records {
		if rec.Remove {
			delete(r.stack.Elements, rec.Node)
		}
	}
	for _, rec := range records {
		if rec.Element != nil {
			r.stack.Elements[rec.Node] = rec.Element
		}
	}
	for node := range r.stack.Elements {
		r.left[node] = true
	}
	r.tellOpening(records)
	return nil
}

// quiet is the record of an element that is changed without a call.
func (r *runner) quiet(action string, was *state.Element, now time.Time) state.Record {
	return state.Record{
		Execution: r.execution.ID, Node: was.Node, Type: was.Type, Action: action, Kind: state.Result,
		Phase: was.Phase, ObjectID: was.ObjectID, At: now,
	}
}

// asFound is an element as it was found: as recorded, with what a refresh read
// for its step, if it has one.
func asFound(was *state.Element, s *planner.Step) *state.Element {
	if s == nil || s.Before.IsNull() {
		return was
	}
	e := *was
	e.Properties, e.Attributes = document(s.Before), document(s.Attributes)
	return &e
}

// renaming records the elements that bear another name from now on, and those
// that no step changes but that depend on other nodes or are retained now: what
// a later deletion goes by, or that are as they should be in the cloud, but not
// on record, because an answer was lost. What a step has failed on, and what was
// seen to be as it should be all the same, is in a failed phase no more. Names
// that become free come first.
func (r *runner) renaming(now time.Time) []state.Record {
	steps, names := map[string]*planner.Step{}, map[string]string{}
	for _, s := range r.plan.Steps {
		steps[s.Node] = s
		if s.RenamedFrom != "" && r.stack.Elements[s.RenamedFrom] != nil {
			names[s.RenamedFrom] = s.Node
		}
	}
	var freed, changed []state.Record
	for _, node := range slices.Sorted(maps.Keys(r.stack.Elements)) {
		was := r.stack.Elements[node]
		e := renamed(was, names)
		s, read, mended := steps[e.Node], false, false
		if s != nil && s.Action == planner.None {
			e.DependsOn, e.Retain = s.DependsOn, s.Retain
			if read = !s.Kept && !s.Before.Equal(value(was.Properties)); read {
				e.Properties, e.Attributes = document(s.Before), document(s.Attributes)
			}
			if mended = s.Seen && (was.Phase == upgrading.failed() || was.Phase == deleting.failed()); mended {
				e.Phase = upgrading.succeeded()
			}
		}
		e.Updated = now
		switch {
		case e.Node != node:
			gone, come := r.quiet(actionMove, was, now), r.quiet(actionMove, e, now)
			gone.Before, gone.Remove = asFound(was, s), true
			come.Element = e
			freed, changed = append(freed, gone), append(changed, come)
		case read || mended || e.Retain != was.Retain || !slices.Equal(e.DependsOn, was.DependsOn):
			rec := r.quiet(string(planner.None), e, now)
			rec.Before, rec.Element = asFound(was, s), e
			changed = append(changed, rec)
		}
	}
	return append(freed, changed...)
}

// renamed is a copy of an element under the new names.
func renamed(was *state.Element, names map[string]string) *state.Element {
	e := *was
	if to, ok := names[e.Node]; ok {
		e.Node = to
	}
	if !slices.ContainsFunc(e.DependsOn, func(n string) bool { return names[n] != "" }) {
		return &e
	}
	e.DependsOn = slices.Clone(was.DependsOn)
	for i, n := range e.DependsOn {
		if to, ok := names[n]; ok {
			e.DependsOn[i] = to
		}
	}
	slices.Sort(e.DependsOn)
	return &e
}

// reading records what a refresh read: properties and attributes as they are,
// and nothing of what is gone.
func (r *runner) reading(now time.Time) []state.Record {
	var out []state.Record
	for _, s := range r.plan.Steps {
		was := r.stack.Elements[s.Node]
		if was == nil || s.Before.Equal(value(was.Properties)) && s.Attributes.Equal(value(was.Attributes)) {
			continue
		}
		e := *was
		e.Properties, e.Attributes, e.Updated = document(s.Before), document(s.Attributes), now
		rec := r.quiet(string(planner.Read), was, now)
		rec.Before, rec.Element = asFound(was, s), &e
		out = append(out, rec)
	}
	for _, d := range r.plan.Drift {
		if was := r.stack.Elements[d.Node]; was != nil && d.Gone {
			rec := r.quiet(string(planner.Read), was, now)
			rec.Before, rec.Remove = was, true
			out = append(out, rec)
		}
	}
	return out
}

// tellOpening tells the observer what open has recorded.
func (r *runner) tellOpening(records []state.Record) {
	d, was := r.driver, map[string]string{}
	for _, s := range r.plan.Steps {
		if s.RenamedFrom != "" {
			was[s.Node] = s.RenamedFrom
		}
	}
	for _, rec := range records {
		e := Event{Node: rec.Node, Type: rec.Type, Action: planner.None, ObjectID: rec.ObjectID}
		switch {
		case rec.Action == string(planner.Read) && rec.Remove:
			// It counts nowhere: nothing was destroyed, and nothing stays.
			e.Kind, e.Action, e.Message = StepForgotten, planner.Delete, "it no longer exists in the cloud"
		case rec.Action == actionMove && rec.Element != nil:
			e.Kind, e.Message = StepMoved, "it was "+was[rec.Node]
			d.summary.Move++
		default:
			continue
		}
		d.observe(e)
	}
}

package executor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// changed is chain after an upgrade: a is updated, d replaced, e new.
var changed = strings.NewReplacer("{size: 1}", "{size: 2}", "{size: 4}", "{size: 4, color: red}",
	"outputs:", "  e:\n    type: HuaweiCloud.Fake.Thing\n    properties: {size: 5}\noutputs:").Replace(chain)

// moved is chain with another name for a.
var moved = strings.NewReplacer("  a:\n", "  first:\n    renamed_from: a\n", "[a, refID]", "[first, refID]").Replace(chain)

// size is what the cloud has for a node.
func (b *bench) size(node string) string {
	b.t.Helper()
	e := b.stack().Elements[node]
	if e == nil {
		return "no element"
	}
	o := b.cloud.objects[e.ObjectID]
	if o == nil {
		return "no object"
	}
	return providers.Text(o.properties["size"])
}

// acted are the changing calls that the cloud saw, without those that wait.
func (b *bench) acted() []string {
	var out []string
	for _, line := range b.cloud.log {
		if !strings.HasSuffix(line, " wait") {
			out = append(out, strings.TrimSpace(line))
		}
	}
	slices.Sort(out)
	return out
}

func (b *bench) execution(id string) *state.Execution {
	b.t.Helper()
	x, err := b.store.Execution(context.Background(), id)
	b.must(err)
	return x
}

// before says what was there before an execution, by node.
func (b *bench) before(number int64) map[string]string {
	b.t.Helper()
	all, err := b.store.Before(context.Background(), "web", number)
	b.must(err)
	out := map[string]string{}
	for node, e := range all {
		if out[node] = "nothing"; e != nil {
			size, _ := value(e.Properties).Get("size")
			out[node] = fmt.Sprintf("%s size=%s", e.Phase, size.Text())
		}
	}
	return out
}

// returning plans to return to a revision from what was there before the
// execution after it.
func (b *bench) returning(source string, to int64, how func(*planner.Return)) *planner.Plan {
	b.t.Helper()
	req := b.request(source, nil)
	elements, err := b.store.Before(context.Background(), "web", to+1)
	b.must(err)
	req.Return = &planner.Return{To: to, Elements: elements}
	if how != nil {
		how(req.Return)
	}
	return b.make(req)
}

// outside changes an object as somebody else would.
func (b *bench) outside(node string, size int64) {
	b.cloud.objects[b.stack().Elements[node].ObjectID].properties["size"] = size
}

func TestWhatWasFoundIsRecorded(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.apply(chain)
		b.outside("a", 9)
		equal(t, "outcome", Succeeded, b.apply(changed).Outcome)
		equal(t, "before the upgrade", map[string]string{"a": "CreateSucceeded size=9", "d": "CreateSucceeded size=4", "e": "nothing"}, b.before(2))
		equal(t, "before everything", map[string]string{"a": "nothing", "b": "nothing", "c": "nothing", "d": "nothing", "e": "nothing"}, b.before(1))
	})
}

func TestFailureStopsWhatDoesNotNeedIt(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.cloud.faults["a"] = []fault{{}, {err: &providers.Error{Kind: providers.Failed, Message: "it broke"}}}
		l := b.lease()
		o := b.options()
		o.Parallelism, o.Terms = 1, state.Terms{OnFailure: "rollback", Targets: []string{"a"}}
		res, err := b.engine.Run(context.Background(), l, b.plan(chain, nil), o)
		b.must(err)
		equal(t, "outcome", Failed, res.Outcome)
		equal(t, "calls", []string{"create a"}, b.acted())
		x := b.execution("web-1")
		equal(t, "terms", o.Terms, x.Terms)
		for _, s := range x.Steps {
			if s.Node != "a" && (s.Phase != "Pending" || s.Error != "a failed") {
				t.Errorf("%s: %s, %s", s.Node, s.Phase, s.Error)
			}
		}
	})
}

func TestRename(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.apply(chain)
		id := b.stack().Elements["a"].ObjectID
		b.cloud.log, b.events = nil, nil
		p := b.plan(moved, nil)
		equal(t, "planned", planner.Summary{Move: 1}, p.Summary())
		res := b.run(p, state.Terms{})
		equal(t, "outcome", Succeeded, res.Outcome)
		equal(t, "summary", planner.Summary{Move: 1}, res.Summary)
		equal(t, "calls", []string(nil), b.acted())
		equal(t, "events", []string{"moved first none"}, b.trace())
		equal(t, "message", "it was a", b.events[0].Message)
		st := b.stack()
		equal(t, "nodes", []string{"b", "c", "d", "first"}, slices.Sorted(maps.Keys(st.Elements)))
		equal(t, "object", id, st.Elements["first"].ObjectID)
		equal(t, "dependencies", []string{"first"}, st.Elements["b"].DependsOn)
		equal(t, "before", map[string]string{"a": "CreateSucceeded size=1", "b": "CreateSucceeded size=", "first": "nothing"}, b.before(2))
		if p := b.plan(moved, nil); !p.Empty() {
			t.Errorf("the plan after the apply: %+v", p.Summary())
		}
		equal(t, "deleted", planner.Summary{Destroy: 4}, b.apply("").Summary)
	})
}

// TestFoundWithoutACall has an element whose record alone changes, and which
// somebody has changed to what the blueprint says by now.
func TestFoundWithoutACall(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.apply(strings.Replace(chain, "{uses: {get_attribute: [a", "{size: 6, uses: {get_attribute: [a", 1))
		b.outside("b", 7)
		res := b.apply(strings.Replace(moved, "{uses: {get_attribute: [first", "{size: 7, uses: {get_attribute: [first", 1))
		equal(t, "summary", planner.Summary{Move: 1}, res.Summary)
		equal(t, "before", "CreateSucceeded size=7", b.before(2)["b"])
	})
}

// TestRenameOfWhatWasChanged has an element move that somebody has changed to what
// the blueprint says by now.
func TestRenameOfWhatWasChanged(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.apply(chain)
		b.outside("a", 9)
		equal(t, "summary", planner.Summary{Move: 1}, b.apply(strings.Replace(moved, "{size: 1}", "{size: 9}", 1)).Summary)
		equal(t, "before", "CreateSucceeded size=9", b.before(2)["a"])
	})
}

// TestDeletedMeanwhile deletes what somebody else was faster with.
func TestDeletedMeanwhile(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.apply(chain)
		p := b.plan("", nil)
		delete(b.cloud.objects, b.stack().Elements["d"].ObjectID)
		equal(t, "outcome", Succeeded, b.run(p, state.Terms{}).Outcome)
		b.agree(0)
	})
}

// TestRenameAndChange renames what is changed and what is destroyed too.
func TestRenameAndChange(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.apply(chain)
		source := strings.Replace(moved, "{size: 1}", "{size: 2, color: blue}", 1)
		b.cloud.faults["first"] = []fault{{}, {}, {err: &providers.Error{Kind: providers.Quota, Message: "no room"}}}
		p := b.plan(source, nil)
		res := b.run(p, state.Terms{})
		equal(t, "outcome", Failed, res.Outcome)
		if st := b.stack(); st.Elements["a"] != nil || st.Elements["first"] == nil {
			t.Errorf("the name is not on record: %v", slices.Sorted(maps.Keys(st.Elements)))
		}
		equal(t, "again", Succeeded, b.apply(source).Outcome)
		equal(t, "size", "2", b.size("first"))
	})
}

func TestRetain(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.apply(chain)
		b.cloud.log = nil
		kept := strings.Replace(chain, "{size: 4}", "{size: 4}\n    retain: true", 1)
		res := b.apply(kept)
		equal(t, "summary", planner.Summary{Change: 1}, res.Summary)
		equal(t, "calls", []string(nil), b.acted())
		equal(t, "recorded", true, b.stack().Elements["d"].Retain)

		b.events = nil
		without := strings.Replace(kept[:strings.Index(kept, "  d:\n")]+kept[strings.Index(kept, "outputs:"):], "[d, refName]", "[c, refName]", 1)
		res = b.apply(without)
		equal(t, "outcome", Succeeded, res.Outcome)
		equal(t, "summary", planner.Summary{Forget: 1}, res.Summary)
		equal(t, "events", []string{"forgotten d delete"}, b.trace())
		equal(t, "calls", []string(nil), b.acted())
		equal(t, "objects", 4, len(b.cloud.objects))
		equal(t, "elements", 3, len(b.stack().Elements))
		x := b.execution("web-3")
		equal(t, "step", "d forget DeleteSucceeded", fmt.Sprintf("%s %s %s", x.Steps[0].Node, x.Steps[0].Action, x.Steps[0].Phase))
	})
}

// TestRetainOutlivesTheProcess has a creation finished by another process,
// which has no blueprint.
func TestRetainOutlivesTheProcess(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		p := b.plan(strings.Replace(chain, "{size: 1}", "{size: 1}\n    retain: true", 1), nil)
		// It dies when the operation is on record: begin, two intents, operation.
		b.crash(5, true, func(e *Engine, l *state.Lease) { _, _ = e.Run(context.Background(), l, p, Options{}) })
		_, err := b.engine.Recover(context.Background(), b.lease(), "web", Options{})
		b.must(err)
		if e := b.stack().Elements["a"]; e == nil || !e.Retain {
			t.Errorf("element: %+v", e)
		}
	})
}

func TestRefreshOnly(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.apply(chain)
		b.outside("a", 9)
		delete(b.cloud.objects, b.stack().Elements["d"].ObjectID)
		b.events, b.cloud.log = nil, nil
		req := b.request(chain, nil)
		req.RefreshOnly = true
		res := b.run(b.make(req), state.Terms{})
		equal(t, "outcome", Succeeded, res.Outcome)
		equal(t, "summary", planner.Summary{}, res.Summary)
		equal(t, "events", []string{"forgotten d delete"}, b.trace())
		equal(t, "calls", []string(nil), b.acted())
		x := b.execution("web-2")
		equal(t, "execution", "refresh UpdateSucceeded 0", fmt.Sprint(x.Lifecycle, " ", x.Phase, " ", x.Revision))
		st := b.stack()
		size, _ := value(st.Elements["a"].Properties).Get("size")
		seen, _ := value(st.Elements["a"].Attributes).Get("size")
		equal(t, "recorded", "9 9", size.Text()+" "+seen.Text())
		equal(t, "nodes", []string{"a", "b", "c"}, slices.Sorted(maps.Keys(st.Elements)))
		equal(t, "revision", int64(1), st.Revision.Number)
		equal(t, "outputs", 2, len(st.Outputs))
		equal(t, "next", planner.Summary{Add: 1, Change: 1}, b.plan(chain, nil).Summary())
	})
}

// TestRefreshOnlyCompletesNothing leaves a stack whose creation failed as it is.
func TestRefreshOnlyCompletesNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.cloud.faults["b"] = []fault{{err: &providers.Error{Kind: providers.Quota}}}
		b.apply(chain)
		b.outside("a", 9)
		req := b.request(chain, nil)
		req.RefreshOnly = true
		p := b.make(req)
		b.crash(2, false, func(e *Engine, l *state.Lease) { _, _ = e.Run(context.Background(), l, p, Options{}) })
		b.settle()
		equal(t, "execution of a dead process", "UpdateFailed", b.execution("web-2").Phase)
		equal(t, "phase after it", "CreateFailed", b.stack().Phase)
		equal(t, "outcome", Succeeded, b.run(p, state.Terms{}).Outcome)
		equal(t, "phase", "CreateFailed", b.stack().Phase)
		equal(t, "execution", "UpdateSucceeded", b.execution("web-3").Phase)
	})
}

func TestForcedDelete(t *testing.T) {
	refused := fault{err: &providers.Error{Kind: providers.Conflict, Message: "something is in it"}}
	denied := fault{err: &providers.Error{Kind: providers.Auth, Status: 403}}
	cases := []struct {
		name    string
		force   bool
		fault   fault
		outcome Outcome
		summary planner.Summary
		objects int
	}{
		{"refused", true, refused, Succeeded, planner.Summary{Destroy: 3, Forget: 1}, 1},
		{"not by force", false, refused, Failed, planner.Summary{}, 4},
		{"denied", true, denied, Failed, planner.Summary{}, 4},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, b *bench) {
				b.apply(chain)
				b.cloud.faults["c"] = []fault{c.fault}
				b.events = nil
				l := b.lease()
				o := b.options()
				o.Parallelism, o.Terms.Force = 1, c.force
				res, err := b.engine.Run(context.Background(), l, b.plan("", nil), o)
				b.must(err)
				equal(t, "outcome", c.outcome, res.Outcome)
				equal(t, "objects", c.objects, len(b.cloud.objects))
				if c.outcome == Failed {
					return
				}
				equal(t, "summary", c.summary, res.Summary)
				if !slices.Contains(b.trace(), "forgotten c delete") {
					t.Errorf("events: %q", b.trace())
				}
				x := b.execution("web-2")
				i := slices.IndexFunc(x.Steps, func(s state.StepRecord) bool { return s.Node == "c" })
				equal(t, "step", "DeleteSucceeded something is in it", x.Steps[i].Phase+" "+x.Steps[i].Error)
			})
		})
	}
}

// TestForcedDeleteOfAContainer forgets what is in it too, and says so.
func TestForcedDeleteOfAContainer(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.apply(header + `  box:
    type: HuaweiCloud.Fake.Thing
  part:
    type: HuaweiCloud.Fake.Part
    properties: {parent: {get_attribute: [box, refID]}}
`)
		b.cloud.faults["box"] = []fault{{err: &providers.Error{Kind: providers.Conflict, Message: "it is in use"}}}
		b.events = nil
		res := b.run(b.plan("", nil), state.Terms{Force: true})
		equal(t, "summary", planner.Summary{Forget: 2}, res.Summary)
		equal(t, "events", []string{"apply_start box delete", "forgotten box delete", "forgotten part delete"}, b.trace())
		equal(t, "message", "it would have gone with box, which was not deleted", b.events[len(b.events)-1].Message)
		equal(t, "objects", 2, len(b.cloud.objects))
	})
}

// TestForcedDeleteAroundWhatWasForgotten does not wait for a busy object that a
// forgotten one lives in, and so on outwards; it does for one that was only made
// before.
func TestForcedDeleteAroundWhatWasForgotten(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.apply(header + `  outer:
    type: HuaweiCloud.Fake.Thing
  box:
    type: HuaweiCloud.Fake.Thing
    properties: {uses: {get_attribute: [outer, refID]}}
  older:
    type: HuaweiCloud.Fake.Thing
  part:
    type: HuaweiCloud.Fake.Thing
    properties: {uses: {get_attribute: [box, refID]}}
    requirements: [{order: {node: older}}]
`)
		busy := fault{err: &providers.Error{Kind: providers.Busy, Message: "something is in it"}}
		b.cloud.faults["part"] = []fault{{err: &providers.Error{Kind: providers.Conflict, Message: "it is in use"}}}
		b.cloud.faults["box"] = []fault{busy, busy}
		b.cloud.faults["outer"] = []fault{busy, busy}
		b.cloud.faults["older"] = []fault{busy, busy}
		b.events = nil
		begun := time.Now()
		res := b.run(b.plan("", nil), state.Terms{Force: true})
		equal(t, "summary", planner.Summary{Forget: 3, Destroy: 1}, res.Summary)
		if took := time.Since(begun); took > time.Minute {
			t.Errorf("it took %s", took)
		}
		for _, e := range b.events {
			if e.Node == "box" && e.Kind == StepForgotten {
				equal(t, "message", "something is in it", e.Message)
			}
		}
	})
}

// TestWhatCannotBeUndoneComesLast makes a key when all else is there, and none
// if anything else fails.
func TestWhatCannotBeUndoneComesLast(t *testing.T) {
	source := strings.Replace(chain, "outputs:", "  aa-key:\n    type: HuaweiCloud.Fake.Key\noutputs:", 1)
	inBubble(t, func(t *testing.T, b *bench) {
		equal(t, "outcome", Succeeded, b.apply(source).Outcome)
		i := slices.Index(b.cloud.log, "create aa-key ")
		if i < 0 || slices.Contains(b.cloud.log[i:], "create c wait") {
			t.Errorf("calls: %q", b.cloud.log)
		}
	})
	inBubble(t, func(t *testing.T, b *bench) {
		b.cloud.faults["c"] = []fault{{err: &providers.Error{Kind: providers.Quota}}}
		equal(t, "outcome", Failed, b.apply(source).Outcome)
		equal(t, "keys", 0, b.cloud.made["web-aa-key"])
	})
}

func TestCancel(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		ctx := context.Background()
		by := state.Owner{ID: "other", Host: "desk", PID: 7, User: "eve", Command: "orchestrate cancel"}
		o := b.options()
		observe := o.Observe
		o.Observe = func(e Event) {
			observe(e)
			if e.Kind == StepStart && e.Node == "b" {
				b.must(b.store.Cancel(ctx, "web-1", by))
			}
		}
		l := b.lease()
		res, err := b.engine.Run(ctx, l, b.plan(chain, nil), o)
		b.must(err)
		b.must(b.store.Release(ctx, l))
		equal(t, "outcome", Cancelled, res.Outcome)
		equal(t, "by", &by, res.CancelledBy)
		x := b.execution("web-1")
		equal(t, "phase", "CreateCancelled", x.Phase)
		equal(t, "stack", "CreateCancelled", b.stack().Phase)
		if !strings.Contains(x.Message, "cancelled by orchestrate cancel") {
			t.Errorf("message: %s", x.Message)
		}
		phases := map[string]string{}
		for _, s := range x.Steps {
			phases[s.Node] = s.Phase + " " + s.Error
		}
		equal(t, "steps", map[string]string{
			"a": "CreateSucceeded ", "b": "CreateCancelled ", "c": "Pending the execution was cancelled before this step began", "d": "CreateSucceeded ",
		}, phases)
		rec, err := b.engine.Recover(ctx, b.lease(), "web", b.options())
		b.must(err)
		equal(t, "finished", []string{"b"}, rec.Finished)
		equal(t, "phase after recovery", "CreateCancelled", b.execution("web-1").Phase)
	})
}

// TestCancelOfADeadProcess ends what nobody runs any more.
func TestCancelOfADeadProcess(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		p := b.plan(chain, nil)
		b.crash(6, false, func(e *Engine, l *state.Lease) { _, _ = e.Run(context.Background(), l, p, Options{}) })
		b.must(b.store.Cancel(context.Background(), "web-1", state.Owner{ID: "other", Command: "orchestrate cancel"}))
		rec, err := b.engine.Recover(context.Background(), b.lease(), "web", Options{})
		b.must(err)
		equal(t, "phase", "CreateCancelled", rec.Execution.Phase)
		equal(t, "on record", "CreateCancelled", b.execution("web-1").Phase)
		equal(t, "stack", "CreateCancelled", b.stack().Phase)
		if left := b.execution("web-1"); left.Ended.IsZero() || !strings.Contains(left.Message, "cancelled by orchestrate cancel") {
			t.Errorf("execution: %+v", left)
		}
	})
}

func TestRollback(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.apply(chain)
		b.outside("a", 9)
		b.apply(changed)
		p := b.returning(chain, 1, nil)
		res := b.run(p, state.Terms{To: 1})
		equal(t, "outcome", Succeeded, res.Outcome)
		x := b.execution("web-3")
		equal(t, "execution", "rollback RollbackSucceeded 3", fmt.Sprint(x.Lifecycle, " ", x.Phase, " ", x.Revision))
		equal(t, "terms", state.Terms{To: 1}, x.Terms)
		// What was found before the change counts, not what the blueprint said.
		equal(t, "sizes", "9 4 no element", b.size("a")+" "+b.size("d")+" "+b.size("e"))
		if st := b.stack(); len(st.Elements) != 4 || len(b.cloud.objects) != 4 {
			t.Errorf("%d elements, %d objects", len(st.Elements), len(b.cloud.objects))
		}
	})
}

// TestUndo undoes a creation that failed: everything goes but the stack.
func TestUndo(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.cloud.faults["c"] = []fault{{err: &providers.Error{Kind: providers.Quota}}}
		equal(t, "outcome", Failed, b.apply(chain).Outcome)
		p := b.returning("", 0, func(r *planner.Return) { r.Only, r.Own = true, true })
		res := b.run(p, state.Terms{Undoes: "web-1"})
		equal(t, "outcome", Succeeded, res.Outcome)
		st := b.stack()
		equal(t, "stack", "RollbackSucceeded 0 0", fmt.Sprint(st.Phase, " ", len(st.Elements), " ", len(st.Outputs)))
		equal(t, "objects", 0, len(b.cloud.objects))
	})
}

// TestUndoOfWhatDidNotChange undoes an update and a replacement that were
// refused: nothing is to be set back, and nothing is in a failed phase any more.
func TestUndoOfWhatDidNotChange(t *testing.T) {
	for node, failed := range map[string]string{"a": "UpgradeFailed", "d": "DeleteFailed"} {
		inBubble(t, func(t *testing.T, b *bench) {
			source := strings.NewReplacer("{size: 1}", "{size: 2}").Replace(chain)
			if node == "d" {
				source = strings.NewReplacer("{size: 4}", "{size: 4, color: red}").Replace(chain)
			}
			b.apply(chain)
			b.cloud.faults[node] = []fault{{err: &providers.Error{Kind: providers.Invalid}}}
			equal(t, "outcome", Failed, b.apply(source).Outcome)
			equal(t, "after the failure", failed, b.stack().Elements[node].Phase)
			res := b.run(b.returning(chain, 1, func(r *planner.Return) { r.Only, r.Own = true, true }), state.Terms{Undoes: "web-2"})
			equal(t, "outcome", Succeeded, res.Outcome)
			equal(t, "after the undo", "UpgradeSucceeded", b.stack().Elements[node].Phase)
		})
	}
}

// TestLeftOutOfARollback leaves out what could not be deleted. It is in a failed
// phase no more, unless it is not as it was, or nobody has looked.
func TestLeftOutOfARollback(t *testing.T) {
	for _, c := range []struct {
		size  int64 // that e has by then; it was 5
		looks bool
		want  string
	}{{5, true, "UpgradeSucceeded"}, {5, false, "DeleteFailed"}, {9, true, "DeleteFailed"}} {
		inBubble(t, func(t *testing.T, b *bench) {
			b.apply(chain)
			b.apply(changed) // e is new
			b.cloud.faults["e"] = []fault{{err: &providers.Error{Kind: providers.Invalid}}}
			equal(t, "outcome", Failed, b.run(b.returning(chain, 1, nil), state.Terms{To: 1}).Outcome)
			equal(t, "after the failure", "DeleteFailed", b.stack().Elements["e"].Phase)
			b.outside("e", c.size)
			req := b.request(chain, nil)
			if !c.looks {
				req.Observed = nil
			}
			elements, err := b.store.Before(context.Background(), "web", 2, "web-3")
			b.must(err)
			req.Return, req.Skip = &planner.Return{To: 1, Elements: elements}, map[string]bool{"e": true}
			equal(t, "outcome", Succeeded, b.run(b.make(req), state.Terms{To: 1, Skip: []string{"e"}}).Outcome)
			equal(t, "after the rollback", c.want, b.stack().Elements["e"].Phase)
		})
	}
}

// TestUndoOfWhatWasLetGo takes back what an option has retained, not only what
// its template has: no second object is made.
func TestUndoOfWhatWasLetGo(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.apply(chain)
		was := b.stack().Elements["d"].ObjectID
		req := b.request(strings.Replace(chain[:strings.Index(chain, "  d:\n")]+chain[strings.Index(chain, "outputs:"):], "[d, refName]", "[c, refName]", 1), nil)
		req.Retain = map[string]bool{"d": true}
		b.run(b.make(req), state.Terms{Retain: []string{"d"}})
		b.cloud.log = nil
		p := b.returning(chain, 1, func(r *planner.Return) { r.Only = true })
		equal(t, "outcome", Succeeded, b.run(p, state.Terms{Undoes: "web-2"}).Outcome)
		equal(t, "calls", []string(nil), b.acted())
		if e := b.stack().Elements["d"]; e == nil || e.ObjectID != was || e.Retain {
			t.Errorf("element: %+v, its object was %s", e, was)
		}
	})
}

// TestUndoOfWhatIsNoLongerRetained destroys what its template had retained until
// then: there is nothing to take back.
func TestUndoOfWhatIsNoLongerRetained(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.apply(strings.Replace(chain, "{size: 4}", "{size: 4}\n    retain: true", 1))
		req := b.request(chain, nil)
		req.Replace = map[string]bool{"d": true}
		b.cloud.faults["d"] = []fault{{}, {}, {}, {err: &providers.Error{Kind: providers.Quota}}}
		equal(t, "outcome", Failed, b.run(b.make(req), state.Terms{}).Outcome)
		equal(t, "after the failure", "no element", b.size("d"))
		b.cloud.faults["d"] = nil
		p := b.returning(chain, 1, func(r *planner.Return) { r.Only = true })
		equal(t, "outcome", Succeeded, b.run(p, state.Terms{Undoes: "web-2"}).Outcome)
		equal(t, "after the undoing", "4", b.size("d"))
	})
}

// TestTargets changes some nodes and leaves the others, and what is known of
// them, as they are.
func TestTargets(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.apply(chain)
		req := b.request(changed, nil)
		req.Targets = map[string]bool{"a": true}
		res := b.run(b.make(req), state.Terms{Targets: []string{"a"}})
		equal(t, "summary", planner.Summary{Change: 1}, res.Summary)
		equal(t, "sizes", "2 4", b.size("a")+" "+b.size("d"))
		equal(t, "outputs", 2, len(b.stack().Outputs))
		equal(t, "the rest", planner.Summary{Add: 2, Destroy: 1}, b.plan(changed, nil).Summary())
	})
}

func (b *bench) importing(id string) ImportRequest {
	return ImportRequest{
		Stack: "web", Node: "x", Type: "Fake.Thing", ObjectID: id, Catalogue: fakeCatalogue(), DependsOn: []string{"a"}, Retain: true,
		Properties: intrinsic.Of(map[string]any{
			"size": int64(3), "password": intrinsic.Of("canary-77").MarkSensitive(), "uses": intrinsic.Unknown,
		}),
	}
}

// stranger is an object that nobody recorded.
func (b *bench) stranger() string {
	id := b.cloud.create(&providers.Request{Stack: "web", Node: "x", Properties: map[string]any{"size": int64(8), "password": "canary-77"}})
	b.cloud.objects[id].polls = 0
	return id
}

func TestImport(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		ctx := context.Background()
		id := b.stranger()
		done, err := b.engine.Import(ctx, b.lease(), b.importing(id))
		b.must(err)
		equal(t, "execution", "import UpdateSucceeded web-1", fmt.Sprint(done.Execution.Lifecycle, " ", done.Execution.Phase, " ", done.Execution.ID))
		st := b.stack()
		e := st.Elements["x"]
		equal(t, "element", id+" CreateSucceeded true [a]", fmt.Sprint(e.ObjectID, " ", e.Phase, " ", e.Retain, " ", e.DependsOn))
		equal(t, "properties", map[string]any{"size": int64(8), "password": "canary-77"}, e.Properties.Value)
		equal(t, "sensitive", []string{"/password"}, e.Properties.Sensitive)
		equal(t, "sensitive attributes", []string{"/echo", "/token"}, e.Attributes.Sensitive)
		equal(t, "calls", []string(nil), b.acted())
		equal(t, "journal", []string{"x import planned Pending", "x import result UpdateSucceeded"}, b.journal("web-1"))
		equal(t, "before", map[string]string{}, b.before(1)) // nobody's work, so nothing that could be undone

		source := header + "  x:\n    type: HuaweiCloud.Fake.Thing\n    properties: {size: 8, password: canary-77}\n    retain: true\n"
		if p := b.plan(source, nil); !p.Empty() {
			t.Errorf("the plan after the import: %+v", p.Summary())
		}
	})
}

// TestImportBeforeWhatItRefersTo takes an object while it is not known yet what
// the blueprint says of it: what the service tells is on record all the same, and
// what nobody tells stands in the way if it would replace the object.
func TestImportBeforeWhatItRefersTo(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		req := b.importing(b.stranger())
		req.Properties = intrinsic.Of(map[string]any{"size": intrinsic.Unknown, "uses": intrinsic.Unknown})
		done, err := b.engine.Import(context.Background(), b.lease(), req)
		b.must(err)
		equal(t, "properties", map[string]any{"size": int64(8)}, done.Element.Properties.Value)
	})
	inBubble(t, func(t *testing.T, b *bench) {
		req := b.importing(b.stranger())
		req.Properties = intrinsic.Of(map[string]any{"color": intrinsic.Unknown, "uses": intrinsic.Unknown})
		_, err := b.engine.Import(context.Background(), b.lease(), req)
		want := "x can't be imported yet: neither is its color known before, nor does the service tell it, and what can't be changed in place would have it replaced. Import or apply first what it follows: a."
		if err == nil || err.Error() != want {
			t.Errorf("unread: %v", err)
		}
	})
}

func TestImportIsRefused(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		ctx := context.Background()
		b.apply(chain)
		id, l := b.stranger(), b.lease()
		a := b.stack().Elements["a"].ObjectID
		cases := []struct {
			name string
			set  func(*ImportRequest)
			want string
		}{
			{"gone", func(r *ImportRequest) { r.ObjectID = "id-0" }, "read Cloud.Fake.Thing id-0, which is to be x: HTTP 404 not_found"},
			{"taken node", func(r *ImportRequest) { r.Node = "a" }, "a is recorded as Cloud.Fake.Thing " + a + " already; it can't become " + id},
			{"taken object", func(r *ImportRequest) { r.ObjectID = a }, "Cloud.Fake.Thing " + a + " is in the stack already, as a."},
			{"no such type", func(r *ImportRequest) { r.Type = "Fake.Other" }, `no provider serves node type "Fake.Other"`},
		}
		for _, c := range cases {
			req := b.importing(id)
			c.set(&req)
			_, err := b.engine.Import(ctx, l, req)
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("%s: %v", c.name, err)
			}
		}
		if _, err := b.store.Execution(ctx, "web-2"); err == nil {
			t.Error("a refused import has left an execution")
		}
	})
}

// TestImportOfWhatWasRepaired takes the object of a failed creation for good.
func TestImportOfWhatWasRepaired(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.cloud.faults["d"] = []fault{{}, {err: &providers.Error{Kind: providers.Failed, Message: "it broke"}}}
		b.apply(chain)
		d := b.stack().Elements["d"]
		equal(t, "element", "CreateFailed", d.Phase)
		req := b.importing(d.ObjectID)
		req.Node, req.DependsOn, req.Retain, req.Properties = "d", nil, false, intrinsic.Of(map[string]any{"size": int64(4)})
		_, err := b.engine.Import(context.Background(), b.lease(), req)
		b.must(err)
		st := b.stack()
		equal(t, "element", "CreateSucceeded 1", fmt.Sprint(st.Elements["d"].Phase, " ", st.Elements["d"].Revision))
		equal(t, "stack", "CreateFailed", st.Phase)
		equal(t, "d", planner.None, b.action(chain, "d"))
	})
}

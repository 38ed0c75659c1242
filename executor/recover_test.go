package executor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

var errDead = errors.New("the process is dead")

// dying is a store that dies after some writes: from then on nothing gets
// through. If late, the last write gets through, but nobody learns of it.
type dying struct {
	state.Store
	late bool

	mu   sync.Mutex
	left int
}

func (d *dying) write(do func() error) error {
	d.mu.Lock()
	d.left--
	left := d.left
	d.mu.Unlock()
	if left > 0 || left == 0 && d.late {
		err := do()
		if left > 0 {
			return err
		}
	}
	return errDead
}

func (d *dying) died() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.left <= 0
}

func (d *dying) Begin(ctx context.Context, l *state.Lease, x *state.Execution, rev *state.Revision, planned []state.Record) (begun *state.Execution, err error) {
	err = d.write(func() (err error) {
		begun, err = d.Store.Begin(ctx, l, x, rev, planned)
		return err
	})
	return begun, err
}

func (d *dying) Append(ctx context.Context, l *state.Lease, records ...state.Record) error {
	return d.write(func() error { return d.Store.Append(ctx, l, records...) })
}

func (d *dying) Finish(ctx context.Context, l *state.Lease, x *state.Execution, outputs map[string]state.Document, remove bool) error {
	return d.write(func() error { return d.Store.Finish(ctx, l, x, outputs, remove) })
}

// crash runs do in a process that dies at the n-th write; it reports false if
// do ended before.
func (b *bench) crash(n int, late bool, do func(e *Engine, l *state.Lease)) bool {
	b.t.Helper()
	l := b.lease()
	d := &dying{Store: b.store, left: n, late: late}
	do(&Engine{Store: d, Providers: b.cloud.registry()}, l)
	<-time.After(LeaseTTL + time.Second) // its lease runs out
	b.reopen()
	return d.died()
}

// settle is what the next process does first.
func (b *bench) settle() {
	b.t.Helper()
	l := b.lease()
	if _, err := b.engine.Recover(context.Background(), l, "web", Options{}); err != nil {
		b.t.Fatalf("recover: %v", err)
	}
	b.must(b.store.Release(context.Background(), l))
}

// goOn is what it does then. A stack that is gone already need not be deleted.
func (b *bench) goOn(p *planner.Plan, terms state.Terms) {
	b.t.Helper()
	if _, err := b.store.Stack(context.Background(), "web"); p.Lifecycle == "delete" && errors.Is(err, state.ErrNotFound) {
		return
	}
	if res := b.run(p, terms); res.Outcome != Succeeded {
		b.t.Errorf("%s %v", res.Outcome, res.Errors)
	}
}

// agree checks that cloud and record hold the same.
func (b *bench) agree(elements int) {
	b.t.Helper()
	st, err := b.store.Stack(context.Background(), "web")
	if err != nil && !errors.Is(err, state.ErrNotFound) {
		b.t.Fatal(err)
	}
	if elements == 0 {
		if st != nil || len(b.cloud.objects) > 0 {
			b.t.Errorf("left over: stack %v, %d objects", st, len(b.cloud.objects))
		}
		return
	}
	if len(st.Elements) != elements || len(b.cloud.objects) != elements {
		b.t.Errorf("%d elements, %d objects, want %d", len(st.Elements), len(b.cloud.objects), elements)
	}
	for node, e := range st.Elements {
		o := b.cloud.objects[e.ObjectID]
		if o == nil || o.name != "web-"+node || o.deleting {
			b.t.Errorf("%s is on record as %s, in the cloud it is %+v", node, e.ObjectID, o)
		}
	}
}

// crashCase is something that a process dies at.
type crashCase struct {
	name   string
	before func(b *bench)                                             // what was there; nil: nothing
	plan   func(b *bench) *planner.Plan                               // nil: no plan is needed
	do     func(b *bench, e *Engine, p *planner.Plan, l *state.Lease) // in the process that dies
	again  func(b *bench)                                             // the next process, after its recovery
	check  func(b *bench)                                             // what holds in the end, however it came about
	made   map[string]int                                             // creations by name
}

// runPlan is what most processes do.
func runPlan(terms state.Terms) func(*bench, *Engine, *planner.Plan, *state.Lease) {
	return func(_ *bench, e *Engine, p *planner.Plan, l *state.Lease) {
		_, _ = e.Run(context.Background(), l, p, Options{Parallelism: 4, Terms: terms})
	}
}

// applying is the case of a blueprint, or of a deletion if it is "".
func applying(name, before, source string, elements int, made map[string]int) crashCase {
	c := crashCase{
		name: name, made: made, do: runPlan(state.Terms{}),
		plan:  func(b *bench) *planner.Plan { return b.plan(source, nil) },
		again: func(b *bench) { b.goOn(b.plan(source, nil), state.Terms{}) },
		check: func(b *bench) { b.agree(elements) },
	}
	if before != "" {
		c.before = func(b *bench) { b.apply(before) }
	}
	return c
}

var once = map[string]int{"web-a": 1, "web-b": 1, "web-c": 1, "web-d": 1}

func crashCases() []crashCase {
	upgraded := strings.Replace(chain, "{size: 4}", "{size: 5, color: red}", 1)
	upgraded = strings.Replace(upgraded, "{size: 1}", "{size: 2}", 1)
	refused := fault{err: &providers.Error{Kind: providers.Conflict, Message: "something is in it"}}
	return []crashCase{
		applying("create", "", chain, 4, once),
		applying("upgrade", chain, upgraded, 4, map[string]int{"web-a": 1, "web-b": 1, "web-c": 1, "web-d": 2}),
		applying("delete", chain, "", 0, once),
		{
			name: "rename", before: func(b *bench) { b.apply(chain) }, made: once, do: runPlan(state.Terms{}),
			plan:  func(b *bench) *planner.Plan { return b.plan(moved, nil) },
			again: func(b *bench) { b.goOn(b.plan(moved, nil), state.Terms{}) },
			check: func(b *bench) {
				st := b.stack()
				if len(st.Elements) != 4 || st.Elements["a"] != nil || !slices.Equal(st.Elements["b"].DependsOn, []string{"first"}) {
					b.t.Errorf("elements: %v", st.Elements)
				}
				equal(b.t.(*testing.T), "object", "web-a", b.cloud.objects[st.Elements["first"].ObjectID].name)
			},
		},
		{
			name: "rollback", before: func(b *bench) { b.apply(chain); b.outside("a", 9); b.apply(changed) },
			made:  map[string]int{"web-a": 1, "web-b": 1, "web-c": 1, "web-d": 3, "web-e": 1},
			plan:  func(b *bench) *planner.Plan { return b.returning(chain, 1, nil) },
			do:    runPlan(state.Terms{To: 1}),
			again: func(b *bench) { b.goOn(b.returning(chain, 1, nil), state.Terms{To: 1}) },
			check: func(b *bench) {
				b.agree(4)
				equal(b.t.(*testing.T), "size", "9", b.size("a"))
			},
		},
		{
			name: "undo", before: func(b *bench) {
				b.cloud.faults["c"] = []fault{{err: &providers.Error{Kind: providers.Quota}}}
				b.apply(chain)
			},
			made: map[string]int{"web-a": 1, "web-b": 1, "web-d": 1},
			plan: func(b *bench) *planner.Plan { return b.returning("", 0, ofItself) },
			do:   runPlan(state.Terms{Undoes: "web-1"}),
			again: func(b *bench) {
				b.goOn(b.returning("", 0, ofItself), state.Terms{Undoes: "web-1"})
			},
			check: func(b *bench) {
				if st := b.stack(); len(st.Elements) != 0 || len(b.cloud.objects) != 0 {
					b.t.Errorf("left over: %v, %d objects", st.Elements, len(b.cloud.objects))
				}
			},
		},
		{
			name: "force", before: func(b *bench) {
				b.apply(chain)
				b.cloud.faults["c"] = slices.Repeat([]fault{refused}, 20)
			},
			made: once, do: runPlan(state.Terms{Force: true}),
			plan:  func(b *bench) *planner.Plan { return b.plan("", nil) },
			again: func(b *bench) { b.goOn(b.plan("", nil), state.Terms{Force: true}) },
			check: func(b *bench) {
				_, err := b.store.Stack(context.Background(), "web")
				if !errors.Is(err, state.ErrNotFound) || len(b.cloud.objects) != 1 {
					b.t.Errorf("stack: %v, %d objects", err, len(b.cloud.objects))
				}
			},
		},
		{
			name: "retain", before: func(b *bench) { b.apply(strings.Replace(chain, "{size: 1}", "{size: 1}\n    retain: true", 1)) },
			made: once, do: runPlan(state.Terms{}),
			plan:  func(b *bench) *planner.Plan { return b.plan("", nil) },
			again: func(b *bench) { b.goOn(b.plan("", nil), state.Terms{}) },
			check: func(b *bench) {
				_, err := b.store.Stack(context.Background(), "web")
				if !errors.Is(err, state.ErrNotFound) || len(b.cloud.objects) != 1 {
					b.t.Errorf("stack: %v, %d objects", err, len(b.cloud.objects))
				}
			},
		},
		{
			name: "refresh", before: func(b *bench) { b.apply(chain); b.outside("a", 9) }, made: once, do: runPlan(state.Terms{}),
			plan:  func(b *bench) *planner.Plan { return b.make(b.refreshing()) },
			again: func(b *bench) { b.goOn(b.make(b.refreshing()), state.Terms{}) },
			check: func(b *bench) {
				b.agree(4)
				size, _ := value(b.stack().Elements["a"].Properties).Get("size")
				equal(b.t.(*testing.T), "recorded", "9", size.Text())
			},
		},
		{
			name: "import", before: func(b *bench) { b.stranger() }, made: map[string]int{"web-x": 1},
			do: func(b *bench, e *Engine, _ *planner.Plan, l *state.Lease) {
				_, _ = e.Import(context.Background(), l, b.importing("id-1"))
			},
			again: func(b *bench) {
				l := b.lease()
				_, err := b.engine.Import(context.Background(), l, b.importing("id-1"))
				b.must(err)
				b.must(b.store.Release(context.Background(), l))
			},
			check: func(b *bench) {
				st := b.stack()
				if len(st.Elements) != 1 || st.Elements["x"].ObjectID != "id-1" || st.Phase != "UpdateSucceeded" {
					b.t.Errorf("stack: %s %v", st.Phase, st.Elements)
				}
			},
		},
	}
}

func ofItself(r *planner.Return) { r.Only, r.Own = true, true }

func (b *bench) refreshing() planner.Request {
	req := b.request(chain, nil)
	req.RefreshOnly = true
	return req
}

// TestCrashes kills the process at every write of each case, before and after
// the write is durable, and kills the recovery too.
func TestCrashes(t *testing.T) {
	for _, c := range append(crashCases(), effectlessCrashes()...) {
		for _, late := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/late=%v", c.name, late), func(t *testing.T) {
				t.Parallel() // most of the time is the disk's
				died := true
				for n := 1; died; n += crashEvery {
					if n > 100 {
						t.Fatal("it dies forever")
					}
					inBubble(t, func(t *testing.T, b *bench) { died = c.dies(t, b, n, late) })
				}
			})
		}
	}
}

// dies lets a process die at the n-th write; false if it ends before.
func (c crashCase) dies(t *testing.T, b *bench, n int, late bool) bool {
	if c.before != nil {
		c.before(b)
	}
	var p *planner.Plan
	if c.plan != nil {
		p = c.plan(b)
	}
	died := b.crash(n, late, func(e *Engine, l *state.Lease) { c.do(b, e, p, l) })
	if !died {
		c.check(b)
		return false
	}
	b.crash(1+n%2, !late, func(e *Engine, l *state.Lease) {
		_, _ = e.Recover(context.Background(), l, "web", Options{})
	})
	b.settle()
	c.again(b)
	c.check(b)
	equal(t, fmt.Sprintf("made, death at write %d", n), c.made, b.cloud.made)
	b.nothingRuns()
	if t.Failed() {
		t.Fatalf("death at write %d; the cloud saw %q", n, b.cloud.log)
	}
	return true
}

// nothingRuns checks that every execution has come to an end.
func (b *bench) nothingRuns() {
	b.t.Helper()
	all, err := b.store.Executions(context.Background(), "web")
	b.must(err)
	for _, x := range all {
		if x.Ended.IsZero() {
			b.t.Errorf("execution %s (%s) has not ended", x.ID, x.Phase)
		}
	}
}

// TestRecoverAsksOnlyIfItMust finds two objects that a lost create may have
// made.
func TestRecoverAsksOnlyIfItMust(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		p := b.plan(chain, nil)
		b.cloud.faults["a"] = []fault{{err: &providers.Error{Kind: providers.Unexpected, Message: "broken pipe"}, after: true}}
		l := b.lease()
		res, err := b.engine.Run(context.Background(), l, p, b.options())
		b.must(err)
		equal(t, "outcome", Failed, res.Outcome)
		b.cloud.objects["id-99"] = &fakeObject{id: "id-99", name: "web-a"}
		_, err = b.engine.Recover(context.Background(), l, "web", b.options())
		if which := Questions(err); len(which) != 1 || len(which[0].Candidates) != 2 || !strings.Contains(err.Error(), "a: the answer") {
			t.Fatalf("recover: %v", err)
		}
		delete(b.cloud.objects, "id-99")
		rec, err := b.engine.Recover(context.Background(), l, "web", b.options())
		b.must(err)
		equal(t, "adopted", []string{"a"}, rec.Adopted)
		if !slices.Contains(b.trace(), "adopted a create") {
			t.Errorf("events: %q", b.trace())
		}
		equal(t, "a", planner.None, b.action(chain, "a"))
	})
}

// action is what the next plan does to a node.
func (b *bench) action(source, node string) planner.Action {
	b.t.Helper()
	for _, s := range b.plan(source, nil).Steps {
		if s.Node == node {
			return s.Action
		}
	}
	b.t.Fatalf("no step for %s", node)
	return ""
}

// TestRefusedAfterALostAnswer makes an object, loses the answer, and is then
// refused: what was made is not forgotten.
func TestRefusedAfterALostAnswer(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.cloud.faults["a"] = []fault{
			{err: &providers.Error{Kind: providers.Ambiguous}, after: true}, {err: &providers.Error{Kind: providers.Quota, Message: "no room"}},
		}
		l := b.lease()
		res, err := b.engine.Run(context.Background(), l, b.plan(chain, nil), b.options())
		b.must(err)
		if len(res.Errors) != 1 || !isKind(res.Errors[0].Err, providers.Quota) {
			t.Errorf("errors: %v", res.Errors)
		}
		rec, err := b.engine.Recover(context.Background(), l, "web", b.options())
		b.must(err)
		equal(t, "adopted", []string{"a"}, rec.Adopted)
		equal(t, "a", planner.None, b.action(chain, "a"))
	})
}

// TestRefusedWhileWaiting loses its rights in the middle: the work stays open
// and is taken up once they are back.
func TestRefusedWhileWaiting(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		refused := fault{err: &providers.Error{Kind: providers.Auth, Status: 401}}
		b.cloud.faults["d"] = []fault{{}, refused, refused}
		l := b.lease()
		res, err := b.engine.Run(context.Background(), l, b.plan(chain, nil), b.options())
		b.must(err)
		if len(res.Errors) != 1 || !isKind(res.Errors[0].Err, providers.Auth) {
			t.Errorf("errors: %v", res.Errors)
		}
		equal(t, "phases", "CreatePaused CreatePaused d: CreatePaused", fmt.Sprint(res.Execution.Phase, " ", b.stack().Phase, " d: ", b.phaseOf("web-1", "d")))
		if _, err := b.engine.Recover(context.Background(), l, "web", b.options()); !isKind(err, providers.Auth) {
			t.Errorf("recover without rights: %v", err)
		}
		rec, err := b.engine.Recover(context.Background(), l, "web", b.options())
		b.must(err)
		equal(t, "finished", []string{"d"}, rec.Finished)
		equal(t, "made", 1, b.cloud.made["web-d"])
		equal(t, "d", planner.None, b.action(chain, "d"))
		equal(t, "b", planner.Create, b.action(chain, "b")) // was not begun any more
	})
}

// phaseOf is how far an execution got with a node.
func (b *bench) phaseOf(id, node string) string {
	b.t.Helper()
	x, err := b.store.Execution(context.Background(), id)
	b.must(err)
	for _, s := range x.Steps {
		if s.Node == node {
			return s.Phase
		}
	}
	return "not planned"
}

// TestRefusedDeletion loses its rights while it waits for a deletion: the
// element has not failed, and is not gone.
func TestRefusedDeletion(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.apply(chain)
		b.cloud.faults["d"] = []fault{{}, {err: &providers.Error{Kind: providers.Auth, Status: 401}}}
		res := b.run(b.plan("", nil), state.Terms{})
		equal(t, "phases", "DeletePaused d: DeletePaused", fmt.Sprint(res.Execution.Phase, " d: ", b.phaseOf("web-2", "d")))
		if e := b.stack().Elements["d"]; e == nil || e.Phase != "CreateSucceeded" {
			t.Errorf("d on record: %+v", e)
		}
		b.settle()
		b.goOn(b.plan("", nil), state.Terms{})
		b.agree(0)
	})
}

// TestRefusedAtOnce has no rights for the first call of a step: it is paused, and
// nothing has become of its element.
func TestRefusedAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.apply(chain)
		b.cloud.faults["d"] = []fault{{err: &providers.Error{Kind: providers.Auth, Status: 403}}}
		b.events = nil
		res := b.run(b.plan("", nil), state.Terms{})
		equal(t, "phases", "DeletePaused d: DeletePaused", fmt.Sprint(res.Execution.Phase, " d: ", b.phaseOf("web-2", "d")))
		equal(t, "element", "CreateSucceeded", b.stack().Elements["d"].Phase)
		if i := slices.IndexFunc(b.events, func(e Event) bool { return e.Node == "d" && e.Kind == StepPaused }); i < 0 || b.events[i].Message != "nothing was sent" {
			t.Errorf("told: %q", b.trace())
		}
		b.goOn(b.plan("", nil), state.Terms{})
		b.agree(0)
	})
}

func TestRecoverIsStopped(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		p := b.plan(chain, nil)
		b.crash(6, false, func(e *Engine, l *state.Lease) { _, _ = e.Run(context.Background(), l, p, Options{}) })
		stop := make(chan struct{})
		close(stop)
		l := b.lease()
		rec, err := b.engine.Recover(context.Background(), l, "web", Options{Stop: stop})
		if !errors.Is(err, ErrInterrupted) || rec.Outcome != Interrupted {
			t.Errorf("recover: %+v, %v", rec, err)
		}
		_, err = b.engine.Recover(context.Background(), l, "web", Options{})
		b.must(err)
	})
}

// TestRecoverGoesByNumber has machines whose clocks differ: the last execution
// is not the one with the latest time.
func TestRecoverGoesByNumber(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		l := b.lease()
		ahead := &state.Execution{Lifecycle: "create", Phase: "Creating", Started: time.Now().Add(time.Hour)}
		ahead, err := b.store.Begin(context.Background(), l, ahead, nil, nil)
		b.must(err)
		ahead.Phase, ahead.Ended = "CreateFailed", time.Now().Add(time.Hour)
		b.must(b.store.Finish(context.Background(), l, ahead, nil, false))
		b.must(b.store.Release(context.Background(), l))
		p := b.plan(chain, nil)
		b.crash(6, false, func(e *Engine, l *state.Lease) { _, _ = e.Run(context.Background(), l, p, Options{}) })
		rec, err := b.engine.Recover(context.Background(), b.lease(), "web", b.options())
		b.must(err)
		if rec.Execution == nil || rec.Execution.ID != "web-2" {
			t.Errorf("taken up: %+v", rec.Execution)
		}
	})
}

// TestRecoverElsewhere is called against another project than the one in which
// a deletion was begun: there the object does not exist, and never did.
func TestRecoverElsewhere(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		at := func(project string) *state.Lease {
			owner := state.Owner{ID: "o", Host: "elsewhere", PID: 1, Place: state.Place{Cloud: "huaweicloud", Project: project}}
			l, err := b.store.Acquire(context.Background(), "web", owner, LeaseTTL)
			b.must(err)
			return l
		}
		b.apply(chain)
		l := at("one")
		stop := make(chan struct{})
		o := b.options()
		o.Stop, o.Observe = stop, func(e Event) {
			if e.Kind == StepProgress {
				select {
				case <-stop:
				default:
					close(stop)
				}
			}
		}
		res, err := b.engine.Run(context.Background(), l, b.plan("", nil), o)
		b.must(err)
		equal(t, "outcome", Interrupted, res.Outcome)
		b.must(b.store.Release(context.Background(), l))

		before := b.records()
		l = at("two")
		_, err = b.engine.Recover(context.Background(), l, "web", b.options())
		var place *PlaceError
		if !errors.As(err, &place) || len(place.Nodes) == 0 {
			t.Errorf("recover elsewhere: %v", err)
		}
		equal(t, "records", before, b.records())
		b.must(b.store.Release(context.Background(), l))
		_, err = b.engine.Recover(context.Background(), at(""), "web", b.options())
		b.must(err)
	})
}

// records counts what is in the journal of the last execution.
func (b *bench) records() int {
	b.t.Helper()
	all, err := b.store.Executions(context.Background(), "web")
	b.must(err)
	records, err := b.store.Journal(context.Background(), all[0].ID)
	b.must(err)
	return len(records)
}

// halfway is a cloud whose updates note before their request that it may leave.
// While it settles, it tells what there is only if it tells.
type halfway struct {
	*fakeCloud
	tells bool
}

func (h halfway) Advance(ctx context.Context, req *providers.Request, op providers.Operation, resumed bool) (providers.Progress, error) {
	switch {
	case req.Action != providers.Update || op.Stage == "send" && !req.Settling:
		return h.fakeCloud.Advance(ctx, req, op, resumed)
	case op.Stage == "":
		return providers.Progress{Next: providers.Operation{Stage: "send", ObjectID: req.ObjectID}}, nil
	case !h.tells:
		return providers.Progress{Done: true}, nil
	}
	o, err := h.Read(ctx, req)
	return providers.Progress{Done: true, Object: o}, err
}

// TestUpdateThatWasNotSent settles an update that came as far as its request and
// no farther. On record is what there is, so that the next plan, which need not
// look, makes the same change for the same reason.
func TestUpdateThatWasNotSent(t *testing.T) {
	for _, tells := range []bool{false, true} {
		t.Run(fmt.Sprint("told ", tells), func(t *testing.T) {
			inBubble(t, func(t *testing.T, b *bench) {
				b.apply(chain)
				b.engine.Providers["Fake.Thing"] = halfway{b.cloud, tells}
				b.cloud.faults["d"] = []fault{{err: &providers.Error{Kind: providers.Auth, Status: 401}}}
				bigger := strings.Replace(chain, "{size: 4}", "{size: 5}", 1)
				equal(t, "outcome", Failed, b.apply(bigger).Outcome)
				b.settle()
				size, _ := value(b.stack().Elements["d"].Properties).Get("size")
				equal(t, "on record", "4", size.Text())
				equal(t, "in the cloud", "4", b.size("d"))
				req := b.request(bigger, nil)
				equal(t, "drift", 0, len(b.make(req).Drift))
				req.Observed = nil
				p := b.make(req)
				equal(t, "without a look", planner.Summary{Change: 1}, p.Summary())
				b.goOn(p, state.Terms{})
				equal(t, "in the end", "5", b.size("d"))
			})
		})
	}
}

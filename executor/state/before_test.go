package state

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// named is an element that tells its versions apart.
func named(node, id string) *Element {
	return &Element{
		Node: node, Type: "T", ObjectID: id, Phase: "CreateSucceeded", DependsOn: []string{"vpc"}, Retain: id == "kept", Revision: 1,
		Properties: secretDocument(secret + id), Attributes: secretDocument(secret), Created: t0, Updated: t0,
	}
}

// lives is a stack whose executions write what a test says.
type lives struct {
	t     *testing.T
	store *SQLite
	lease *Lease
}

func (s lives) execute(lifecycle string, remove bool, records ...Record) *Execution {
	s.t.Helper()
	ctx := context.Background()
	e, err := s.store.Begin(ctx, s.lease, &Execution{Lifecycle: lifecycle, Phase: "Upgrading", Started: t0}, nil, nil)
	must(s.t, err)
	s.more(e, records...)
	e.Phase = "UpgradeSucceeded"
	must(s.t, s.store.Finish(ctx, s.lease, e, nil, remove))
	return e
}

func (s lives) more(e *Execution, records ...Record) {
	s.t.Helper()
	for i := range records {
		records[i].Execution = e.ID
	}
	must(s.t, s.store.Append(context.Background(), s.lease, records...))
}

func (s lives) before(number int64, want map[string]*Element) {
	s.t.Helper()
	got, err := s.store.Before(context.Background(), s.lease.Stack, number)
	must(s.t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		s.t.Errorf("before execution %d (-want +got):\n%s", number, diff)
	}
}

func TestBefore(t *testing.T) {
	path := temp(t)
	s := lives{t: t, store: openTest(t, path, "")}
	s.lease = acquire(t, s.store, "web", "a")
	a1, a2, b1 := named("a", "1"), named("a", "2"), named("b", "kept")

	s.execute("create", false,
		Record{Node: "a", Kind: Planned}, Record{Node: "a", Kind: Intent}, Record{Node: "a", Kind: Result, Element: a1},
		Record{Node: "b", Kind: Intent}, Record{Node: "b", Kind: Result, Element: b1},
		Record{Node: "idle", Kind: Planned}, Record{Node: "idle", Kind: Skipped})
	s.before(1, map[string]*Element{"a": nil, "b": nil})

	// b fails after its intent: it may have changed.
	s.execute("upgrade", false,
		Record{Node: "a", Kind: Intent, Before: a1}, Record{Node: "a", Kind: Result, Element: a2},
		Record{Node: "b", Kind: Intent, Before: b1}, Record{Node: "b", Kind: Failure, Error: "refused"})
	s.before(2, map[string]*Element{"a": a1, "b": b1})

	// a is renamed without a call, and changed under its new name.
	third := s.execute("upgrade", false,
		Record{Node: "a", Kind: Result, Before: a2, Remove: true},
		Record{Node: "c", Kind: Result, Element: named("c", "2")},
		Record{Node: "c", Kind: Intent, Before: named("c", "2")})
	s.before(3, map[string]*Element{"a": a2, "c": nil})
	s.before(2, map[string]*Element{"a": a1, "b": b1, "c": nil})

	// A recovery takes it up: nothing of what was there before changes.
	s.more(third, Record{Node: "c", Kind: Result, Before: named("c", "9"), Element: named("c", "3")})
	s.before(3, map[string]*Element{"a": a2, "c": nil})
	s.before(4, map[string]*Element{})

	// The stack is removed, and made again.
	s.execute("delete", true, Record{Node: "c", Kind: Intent, Before: named("c", "3")}, Record{Node: "c", Kind: Result, Remove: true})
	s.before(1, map[string]*Element{})
	s.execute("create", false, Record{Node: "d", Kind: Intent})
	s.before(1, map[string]*Element{"d": nil})
	s.before(5, map[string]*Element{"d": nil})

	must(t, s.store.Close())
	grepFiles(t, filepath.Dir(path), secret)
	s.store = openTest(t, path, hexKey)
	got, err := s.store.Before(context.Background(), "web", 5)
	must(t, err) // nothing in it is secret
	if _, ok := got["d"]; !ok || len(got) != 1 {
		t.Errorf("got %v", got)
	}
	journal, err := s.store.Journal(context.Background(), "web-2")
	var sealed *SealedError
	if !errors.As(err, &sealed) || sealed.Places[0] != "journal/a/before/properties/a~1b/password" || journal[0].Before == nil {
		t.Errorf("journal without its key: %v", err)
	}
}

// What was imported into a node without an element is no work that could be
// undone; what was imported in place of what a failed creation left still is.
func TestBeforeImport(t *testing.T) {
	s := lives{t: t, store: openTest(t, temp(t), "")}
	s.lease = acquire(t, s.store, "web", "a")
	left, brought := named("left", "1"), named("brought", "2")
	s.execute("create", false,
		Record{Node: "brought", Kind: Intent, Action: "create"}, Record{Node: "brought", Kind: Failure, Error: "refused"},
		Record{Node: "left", Kind: Intent, Action: "create"}, Record{Node: "left", Kind: Failure, Error: "broken", Element: left})
	s.execute("import", false, Record{Node: "brought", Kind: Result, Action: "import", Element: brought})
	s.execute("import", false, Record{Node: "left", Kind: Result, Action: "import", Before: left, Element: left})
	s.before(1, map[string]*Element{"left": nil})
	s.before(2, map[string]*Element{"left": left})

	s.execute("create", false, Record{Node: "brought", Kind: Intent, Action: "update", Before: brought})
	s.before(1, map[string]*Element{"left": nil, "brought": brought})
}

// What stays in the cloud is told by the last result of its object, under
// whatever name, and not by what its template said.
func TestBeforeLetGo(t *testing.T) {
	s := lives{t: t, store: openTest(t, temp(t), "")}
	s.lease = acquire(t, s.store, "web", "a")
	letGo := func(number int64) map[string]bool {
		t.Helper()
		got, err := s.store.Before(context.Background(), "web", number)
		must(t, err)
		out := map[string]bool{}
		for node, e := range got {
			if e != nil {
				out[node] = e.LetGo
			}
		}
		return out
	}
	expect := func(number int64, want map[string]bool) {
		t.Helper()
		if diff := cmp.Diff(want, letGo(number)); diff != "" {
			t.Errorf("let go since execution %d (-want +got):\n%s", number, diff)
		}
	}
	a, b, c, d, f := named("a", "1"), named("b", "kept"), named("c", "3"), named("d", "4"), named("f", "5")
	made := func(e *Element) Record {
		return Record{Node: e.Node, Type: "T", Action: "create", Kind: Result, ObjectID: e.ObjectID, Element: e}
	}
	left := func(node, action string, e *Element) Record {
		return Record{Node: node, Type: "T", Action: action, Kind: Result, ObjectID: e.ObjectID, Before: e, Remove: true}
	}
	refused := left("f", "delete", f) // and forgotten by force
	refused.Error = "it is in use"
	s.execute("create", false, made(a), made(b), made(c), made(d), made(f))
	s.execute("upgrade", false, left("a", "forget", a), left("b", "delete", b), refused,
		left("c", "move", c), made(named("e", "3")), left("e", "forget", named("e", "3")))
	s.execute("refresh", false, left("d", "forget", d))
	expect(2, map[string]bool{"a": true, "b": false, "c": true, "d": false, "f": true})
	expect(3, map[string]bool{"d": false})

	// It comes back: it is not let go any more.
	s.execute("rollback", false, Record{Node: "a", Type: "T", Action: "update", Kind: Result, ObjectID: "1", Element: a})
	expect(2, map[string]bool{"a": false, "b": false, "c": true, "d": false, "f": true})
}

// TestBeforeOfAttempts tells apart what was found by an earlier attempt at the
// same.
func TestBeforeOfAttempts(t *testing.T) {
	ctx := context.Background()
	s := openTest(t, temp(t), "")
	l := acquire(t, s, "web", "a")
	change := func(lifecycle, node string) {
		x, err := s.Begin(ctx, l, &Execution{Lifecycle: lifecycle, Phase: "Upgrading"}, nil, nil)
		must(t, err)
		e := &Element{Node: node, Type: "T", ObjectID: "id-" + node}
		must(t, s.Append(ctx, l, Record{Execution: x.ID, Node: node, Type: "T", Action: "update", Kind: Intent, Before: e}))
	}
	change("upgrade", "a")
	change("rollback", "a")
	change("rollback", "b")
	before, err := s.Before(ctx, "web", 1, "web-2", "web-3")
	must(t, err)
	if before["a"] == nil || before["a"].Attempted || before["b"] == nil || !before["b"].Attempted {
		t.Errorf("%+v, %+v", before["a"], before["b"])
	}
}

// TestBeforeOfWhatWasOnlyNoted tells what a later execution came upon from what was
// there when the first one began: the work of one element may change another.
func TestBeforeOfWhatWasOnlyNoted(t *testing.T) {
	ctx := context.Background()
	s := openTest(t, temp(t), "")
	l := acquire(t, s, "web", "a")
	note := func(action, node string) {
		x, err := s.Begin(ctx, l, &Execution{Lifecycle: "upgrade", Phase: "Upgrading"}, nil, nil)
		must(t, err)
		e := &Element{Node: node, Type: "T", ObjectID: "id-" + node}
		must(t, s.Append(ctx, l, Record{Execution: x.ID, Node: node, Type: "T", Action: action, Kind: Result, Before: e, Element: e}))
	}
	note("none", "a")
	note("none", "b")
	note("update", "c")
	before, err := s.Before(ctx, "web", 1)
	must(t, err)
	if before["a"].Attempted || !before["b"].Attempted || before["c"].Attempted {
		t.Errorf("%+v, %+v, %+v", before["a"], before["b"], before["c"])
	}
}

func TestCancel(t *testing.T) {
	ctx, path := context.Background(), temp(t)
	s := openTest(t, path, "")
	if err := s.Cancel(ctx, "web-1", owner("b")); !errors.Is(err, ErrNotFound) {
		t.Errorf("before there is a file: %v", err)
	}
	l := acquire(t, s, "web", "a")
	e := begin(t, s, l, nil)
	asked, err := s.CancelAsked(ctx, e.ID)
	if must(t, err); asked != nil {
		t.Errorf("asked by %v", asked)
	}
	by := owner("b")
	must(t, s.Cancel(ctx, e.ID, by))
	must(t, s.Cancel(ctx, e.ID, owner("c")))
	asked, err = s.CancelAsked(ctx, e.ID)
	must(t, err)
	if diff := cmp.Diff(&by, asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	got, err := s.Execution(ctx, e.ID)
	must(t, err)
	st, err := s.Stack(ctx, "web")
	must(t, err)
	if got.Phase != "CreateCancelling" || st.Phase != got.Phase || cmp.Diff(&by, got.CancelAsked) != "" {
		t.Errorf("execution %s, stack %s, asked by %v", got.Phase, st.Phase, got.CancelAsked)
	}
	must(t, s.Append(ctx, l, Record{Execution: e.ID, Node: "n", Kind: Halted}))
	e.Phase = "CreateCancelled"
	must(t, s.Finish(ctx, l, e, nil, false))
	if err := s.Cancel(ctx, e.ID, by); !errors.Is(err, ErrEnded) {
		t.Errorf("after the end: %v", err)
	}
	if _, err := s.CancelAsked(ctx, "web-9"); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown: %v", err)
	}
}

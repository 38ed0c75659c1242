package state

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// openTest opens a store on path whose clock stands at t0 until it is moved.
func openTest(t testing.TB, path, secret string) *SQLite {
	t.Helper()
	s, err := OpenSQLite(context.Background(), path, NewKeyring(secret, path))
	if err != nil {
		t.Fatal(err)
	}
	s.now = func() time.Time { return t0 }
	t.Cleanup(func() { s.Close() })
	return s
}

func temp(t testing.TB) string { return filepath.Join(t.TempDir(), "deep", "state.db") }

// owner is an owner on another machine: only time ends its lease.
func owner(id string) Owner {
	return Owner{ID: id, Host: "elsewhere", PID: 1, Command: "apply", Since: t0}
}

// failer is a test, or one draw of a property test.
type failer interface {
	Helper()
	Fatal(...any)
}

func acquire(t failer, s *SQLite, stack, id string) *Lease {
	t.Helper()
	l, err := s.Acquire(context.Background(), stack, owner(id), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func begin(t testing.TB, s *SQLite, l *Lease, rev *Revision, planned ...Record) *Execution {
	t.Helper()
	e, err := s.Begin(context.Background(), l, &Execution{Lifecycle: "create", Phase: "Creating", Started: t0}, rev, planned)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func must(t failer, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func secretDocument(secret string) Document {
	return Document{
		Value: map[string]any{
			"name": "alice", "a/b": map[string]any{"password": secret},
			"list": []any{int64(1), secret}, "whole": 3.0, "count": int64(3),
		},
		Sensitive: []string{"/a~1b/password", "/list/1"},
	}
}

const secret = "canary-7f3e9a"

func TestStackRoundTrip(t *testing.T) {
	ctx, path := context.Background(), temp(t)
	s := openTest(t, path, "")
	l := acquire(t, s, "web", "a")
	doc := secretDocument(secret)
	e := begin(t, s, l, &Revision{Blueprint: []byte("x: 1\n"), File: "blueprint.yaml", Inputs: doc, Created: t0},
		Record{Node: "db", Type: "T", Action: "create", Kind: Planned, At: t0})
	element := &Element{
		Node: "db", Type: "T", ObjectID: "id-1", Phase: "CreateSucceeded", Properties: doc, Attributes: doc,
		DependsOn: []string{"vpc"}, Retain: true, Revision: e.Revision, Created: t0, Updated: t0,
	}
	must(t, s.Append(ctx, l,
		Record{Execution: e.ID, Node: "db", Type: "T", Action: "create", Kind: Intent, Phase: "Creating", Request: doc, DependsOn: []string{"vpc"}, SensitiveAttributes: []string{"key"}, Retain: true, At: t0},
		Record{Execution: e.ID, Node: "db", Type: "T", Action: "create", Kind: Operation, Phase: "Creating", Operation: []byte(`{"id":"op"}`), Attempt: 2, At: t0.Add(time.Second)},
		Record{Execution: e.ID, Node: "db", Type: "T", Action: "create", Kind: Result, Phase: "CreateSucceeded", ObjectID: "id-1", Element: element, At: t0.Add(2 * time.Second)},
	))
	e.Phase = "CreateSucceeded"
	must(t, s.Finish(ctx, l, e, map[string]Document{"out": doc, "none": {}}, false))
	must(t, s.Close())

	s = openTest(t, path, "")
	got, err := s.Stack(ctx, "web")
	must(t, err)
	want := &Stack{
		Name: "web", Serial: 3, Phase: "CreateSucceeded", Created: t0, Updated: t0,
		Revision: &Revision{Number: 1, Blueprint: []byte("x: 1\n"), File: "blueprint.yaml", Inputs: doc, Created: t0},
		Elements: map[string]*Element{"db": element},
		Outputs:  map[string]Document{"out": doc, "none": {}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stack (-want +got):\n%s", diff)
	}
	ex, err := s.Execution(ctx, "web-1")
	must(t, err)
	wantSteps := []StepRecord{{
		Node: "db", Type: "T", Action: "create", Phase: "CreateSucceeded", Attempts: 2, Operation: []byte(`{"id":"op"}`), ObjectID: "id-1",
		Started: t0, Ended: t0.Add(2 * time.Second),
	}}
	if diff := cmp.Diff(wantSteps, ex.Steps); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	journal, err := s.Journal(ctx, "web-1")
	must(t, err)
	if len(journal) != 4 || !journal[1].Retain || cmp.Diff(doc, journal[1].Request) != "" || cmp.Diff([]string{"key"}, journal[1].SensitiveAttributes) != "" {
		t.Errorf("journal: %+v", journal)
	}
	grepFiles(t, filepath.Dir(path), secret)
	for name, mode := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700, filepath.Join(filepath.Dir(path), "state.key"): 0o600} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: mode %v, want %v (%v)", filepath.Base(name), info.Mode().Perm(), mode, err)
		}
	}
}

// TestSecretTexts keeps a blueprint into which a password is written.
func TestSecretTexts(t *testing.T) {
	ctx, path := context.Background(), temp(t)
	s := openTest(t, path, "")
	want := &Revision{
		Number: 1, Blueprint: []byte("password: " + secret + "\n"), File: "b.yaml", Secret: true, Created: t0,
		Files: map[string][]byte{"more.yaml": []byte(secret)},
	}
	l := acquire(t, s, "web", "a")
	given := *want
	begin(t, s, l, &given)
	must(t, s.Release(ctx, l))
	must(t, s.Close())
	grepFiles(t, filepath.Dir(path), secret)

	s = openTest(t, path, "")
	got, err := s.Stack(ctx, "web")
	must(t, err)
	if diff := cmp.Diff(want, got.Revision); diff != "" {
		t.Errorf("revision (-want +got):\n%s", diff)
	}
	must(t, s.Close())
	must(t, os.Remove(filepath.Join(filepath.Dir(path), "state.key")))
	s = openTest(t, path, "")
	got, err = s.Stack(ctx, "web")
	var sealed *SealedError
	if !errors.As(err, &sealed) || got == nil || !got.Revision.Secret || got.Revision.Blueprint != nil {
		t.Errorf("without the key: %+v, %v", got, err)
	}
	rev, err := s.Revision(ctx, "web", 1)
	if !errors.As(err, &sealed) || cmp.Diff(got.Revision, rev) != "" {
		t.Errorf("revision without the key: %+v, %v", rev, err)
	}
}

// TestRevisions keeps them all apart, and numbers those of a stack that was
// removed and made again after its earlier ones.
func TestRevisions(t *testing.T) {
	ctx := context.Background()
	s := openTest(t, temp(t), "")
	if list, err := s.Revisions(ctx, "web"); err != nil || len(list) != 0 {
		t.Errorf("without a file: %v, %v", list, err)
	}
	l := acquire(t, s, "web", "a")
	first := &Revision{Number: 1, Blueprint: []byte("one"), File: "b.yaml", Files: map[string][]byte{"f": []byte("x")}, Inputs: secretDocument(secret), Created: t0}
	second := &Revision{Number: 2, Blueprint: []byte(secret), File: "b.yaml", Secret: true, Created: t0.Add(time.Hour)}
	begin(t, s, l, first)
	begin(t, s, l, nil)
	begin(t, s, l, second)
	begin(t, s, acquire(t, s, "other", "a"), first)

	list, err := s.Revisions(ctx, "web")
	must(t, err)
	want := []*Revision{{Number: 2, File: "b.yaml", Secret: true, Created: second.Created}, {Number: 1, File: "b.yaml", Created: t0}}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Errorf("revisions (-want +got):\n%s", diff)
	}
	for _, rev := range []*Revision{first, second} {
		got, err := s.Revision(ctx, "web", rev.Number)
		must(t, err)
		if diff := cmp.Diff(rev, got); diff != "" {
			t.Errorf("revision %d (-want +got):\n%s", rev.Number, diff)
		}
	}
	if _, err := s.Revision(ctx, "web", 3); !errors.Is(err, ErrNotFound) {
		t.Errorf("revision 3: %v", err)
	}

	e := begin(t, s, l, nil)
	must(t, s.Finish(ctx, l, e, nil, true))
	if _, err := s.Revision(ctx, "web", 2); !errors.Is(err, ErrNotFound) {
		t.Errorf("revision of a removed stack: %v", err)
	}
	if e := begin(t, s, l, first); e.Revision != 3 {
		t.Errorf("the next revision is %d", e.Revision)
	}
}

// TestStackPhase ends an execution that says nothing of how complete the stack
// is.
func TestStackPhase(t *testing.T) {
	ctx := context.Background()
	s := openTest(t, temp(t), "")
	l := acquire(t, s, "web", "a")
	for given, want := range map[string]string{"CreateFailed": "CreateFailed", "": "UpdateSucceeded"} {
		e := begin(t, s, l, nil)
		e.Phase, e.StackPhase = "UpdateSucceeded", given
		must(t, s.Finish(ctx, l, e, nil, false))
		st, err := s.Stack(ctx, "web")
		must(t, err)
		got, err := s.Execution(ctx, e.ID)
		must(t, err)
		if st.Phase != want || got.Phase != "UpdateSucceeded" {
			t.Errorf("%q: stack %s, execution %s", given, st.Phase, got.Phase)
		}
	}
}

func TestTerms(t *testing.T) {
	ctx := context.Background()
	s := openTest(t, temp(t), "")
	l := acquire(t, s, "web", "a")
	want := Terms{
		AllowDataLoss: []string{"db"}, Replace: []string{"a", "b"}, Targets: []string{"t"}, Retain: []string{"r"}, ForceTrim: true, Force: true,
		OnFailure: "rollback", Timeout: time.Hour, To: 3, Undoes: "web-1", Retries: "web-2",
	}
	for _, terms := range []Terms{want, {}} {
		e, err := s.Begin(ctx, l, &Execution{Lifecycle: "rollback", Phase: "Rollbacking", Terms: terms}, nil, nil)
		must(t, err)
		got, err := s.Execution(ctx, e.ID)
		must(t, err)
		if diff := cmp.Diff(terms, got.Terms); diff != "" {
			t.Errorf("terms (-want +got):\n%s", diff)
		}
	}
}

// grepFiles fails if a file in dir holds the text.
func grepFiles(t *testing.T, dir, text string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	must(t, err)
	for _, f := range files {
		content, err := os.ReadFile(filepath.Join(dir, f.Name()))
		must(t, err)
		if bytes.Contains(content, []byte(text)) {
			t.Errorf("%s holds the secret in clear", f.Name())
		}
	}
}

func TestAbsentFileReadsEmptyAndStaysAbsent(t *testing.T) {
	ctx, path := context.Background(), temp(t)
	s := openTest(t, path, "")
	if list, err := s.Stacks(ctx); err != nil || len(list) != 0 {
		t.Errorf("Stacks: %v, %v", list, err)
	}
	if _, err := s.Stack(ctx, "web"); !errors.Is(err, ErrNotFound) {
		t.Errorf("Stack: %v", err)
	}
	if _, err := s.Execution(ctx, "web-1"); !errors.Is(err, ErrNotFound) {
		t.Errorf("Execution: %v", err)
	}
	if _, err := os.Stat(filepath.Dir(path)); err == nil {
		t.Error("reading made the folder")
	}
	l := acquire(t, s, "web", "a")
	begin(t, s, l, nil)
	if list, err := s.Stacks(ctx); err != nil || len(list) != 1 {
		t.Errorf("Stacks after the first write: %v, %v", list, err)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(path), "state.key")); err == nil {
		t.Error("a key file was made without any secret")
	}
}

func TestForeignFilesAreLeftAlone(t *testing.T) {
	newer := func(path string) {
		s, err := OpenSQLite(context.Background(), path, nil)
		must(t, err)
		acquire(t, s, "web", "a")
		must(t, s.write(context.Background(), "test", func(x *tx) error { return x.exec(`PRAGMA user_version = 99`) }))
		must(t, s.Close())
	}
	foreign := func(path string) {
		db, err := sql.Open("sqlite", path)
		must(t, err)
		_, err = db.Exec(`CREATE TABLE t (x)`)
		must(t, errors.Join(err, db.Close()))
	}
	cases := map[string]struct {
		make func(path string)
		want string
	}{
		"newer":   {newer, "newer orchestrate"},
		"foreign": {foreign, "not a state file"},
		"text":    {func(p string) { must(t, os.WriteFile(p, []byte(strings.Repeat("not a database ", 100)), 0o600)) }, "not a state file"},
		"empty beside its key": {func(p string) {
			must(t, os.WriteFile(p, nil, 0o600))
			must(t, os.WriteFile(filepath.Join(filepath.Dir(p), "state.key"), []byte(hexKey), 0o600))
		}, "put the file back from a copy"},
		"empty beside its log": {func(p string) {
			must(t, os.WriteFile(p, nil, 0o600))
			must(t, os.WriteFile(p+"-wal", []byte("x"), 0o600))
		}, "state.db-wal beside it"},
		"only its log": {func(p string) { must(t, os.WriteFile(p+"-wal", []byte("x"), 0o600)) }, "put the file back, from a copy"},
		"folder":       {func(p string) { must(t, os.Mkdir(p, 0o700)) }, "it is a folder"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state.db")
			c.make(path)
			before, _ := os.ReadFile(path)
			_, err := OpenSQLite(context.Background(), path, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
			after, _ := os.ReadFile(path)
			if !bytes.Equal(before, after) {
				t.Error("the file changed")
			}
		})
	}
}

func TestLease(t *testing.T) {
	ctx, path := context.Background(), temp(t)
	a, b := openTest(t, path, ""), openTest(t, path, "")
	la := acquire(t, a, "web", "a")
	e := begin(t, a, la, nil)

	var held *HeldError
	if _, err := b.Acquire(ctx, "web", owner("b"), time.Minute); !errors.As(err, &held) || held.Owner.ID != "a" {
		t.Fatalf("second owner: %v", err)
	}
	acquire(t, b, "other", "b") // other stacks are free

	b.now = func() time.Time { return t0.Add(59 * time.Second) }
	if _, err := b.Acquire(ctx, "web", owner("b"), time.Minute); !errors.As(err, &held) {
		t.Fatalf("before it ran out: %v", err)
	}
	b.now = func() time.Time { return t0.Add(61 * time.Second) }
	must(t, a.Renew(ctx, la, 2*time.Minute)) // late, but nobody took it
	if _, err := b.Acquire(ctx, "web", owner("b"), time.Minute); !errors.As(err, &held) {
		t.Fatalf("after the renewal: %v", err)
	}
	b.now = func() time.Time { return t0.Add(3 * time.Minute) }
	lb := acquire(t, b, "web", "b")
	if lb.Token != la.Token+1 {
		t.Errorf("token %d after %d", lb.Token, la.Token)
	}

	// The former owner wakes up.
	writes := map[string]error{
		"Append":  a.Append(ctx, la, Record{Execution: e.ID, Node: "n", Kind: Result, Element: &Element{Node: "n"}}),
		"Renew":   a.Renew(ctx, la, time.Minute),
		"Release": a.Release(ctx, la),
		"Finish":  a.Finish(ctx, la, e, nil, true),
	}
	_, writes["Begin"] = a.Begin(ctx, la, &Execution{}, nil, nil)
	for name, err := range writes {
		if !errors.Is(err, ErrLeaseLost) {
			t.Errorf("%s under the old token: %v", name, err)
		}
	}
	st, err := b.Stack(ctx, "web")
	must(t, err)
	if len(st.Elements) != 0 {
		t.Error("a fenced write came through")
	}

	must(t, b.Release(ctx, lb))
	if err := b.Append(ctx, lb, Record{}); !errors.Is(err, ErrLeaseLost) {
		t.Errorf("after release: %v", err)
	}
	if l := acquire(t, a, "web", "a"); l.Token != lb.Token+1 {
		t.Errorf("token %d after release of %d", l.Token, lb.Token)
	}
}

func TestDeadOwnersLoseTheirLease(t *testing.T) {
	self := NewOwner("apply", t0)
	const noPID = 1<<22 + 1 // above the largest PID of Linux
	cases := []struct {
		name   string
		change func(*Owner)
		dead   bool
	}{
		{"running", func(*Owner) {}, false},
		{"gone", func(o *Owner) { o.PID = noPID }, true},
		{"PID used again", func(o *Owner) { o.Process = namespace(o.Process) + "/1" }, self.Process != ""},
		{"other machine", func(o *Owner) { o.PID, o.Host = noPID, "elsewhere" }, false},
		{"other boot", func(o *Owner) { o.PID, o.Process = noPID, "boot/ns/1" }, false},
	}
	for _, c := range cases {
		o := self
		c.change(&o)
		if got := o.dead(self); got != c.dead {
			t.Errorf("%s: dead = %v", c.name, got)
		}
	}
	fields := " 1 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4711 0"
	for stat, want := range map[string]string{
		"7 (a) b (c) S" + fields: "4711", "7 (x) Z" + fields: "ended", "7 (x) S 1": "", "": "",
	} {
		if got := startTime(stat); got != want {
			t.Errorf("start time in %q is %q, want %q", stat, got, want)
		}
	}
	s := openTest(t, temp(t), "")
	gone := self
	gone.PID = noPID
	_, err := s.Acquire(context.Background(), "web", gone, time.Hour)
	must(t, err)
	acquire(t, s, "web", "b")
}

// TestOnlyOneOwner lets many stores on one file ask at once.
func TestOnlyOneOwner(t *testing.T) {
	path := temp(t)
	won := make(chan *Lease, 8)
	var wg sync.WaitGroup
	for i := range cap(won) {
		s := openTest(t, path, "")
		wg.Go(func() {
			l, err := s.Acquire(context.Background(), "web", owner(fmt.Sprint(i)), time.Minute)
			var held *HeldError
			switch {
			case err == nil:
				won <- l
			case !errors.As(err, &held):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(won) != 1 {
		t.Errorf("%d owners", len(won))
	}
}

// What a step is at is told to whoever follows, and is exported.
func TestProgress(t *testing.T) {
	ctx := context.Background()
	s := openTest(t, temp(t), "")
	l := acquire(t, s, "web", "a")
	e := begin(t, s, l, nil)
	want := &Detail{Message: "at work", Wait: time.Second, Substeps: []Substep{{Name: "one", Status: "finished", Detail: "fast"}, {Name: "two", Status: "waiting"}}}
	must(t, s.Append(ctx, l, Record{Execution: e.ID, Node: "n", Action: "create", Kind: Progress, Detail: want}))
	_, tail, err := s.Tail(ctx, e.ID, 0)
	must(t, err)
	last := tail[len(tail)-1]
	if d := cmp.Diff(want, last.Detail); d != "" || last.Kind != Progress {
		t.Errorf("%s: %s", last.Kind, d)
	}
	x, err := s.Export(ctx)
	must(t, err)
	journal := x.Executions[0].Journal
	if d := cmp.Diff(want, journal[len(journal)-1].Detail); d != "" {
		t.Error(d)
	}
}

func TestGroupCommit(t *testing.T) {
	s := openTest(t, temp(t), "")
	l := acquire(t, s, "web", "a")
	e := begin(t, s, l, nil)
	const writers, each = 50, 20
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				node := fmt.Sprintf("n%d-%d", w, i)
				if err := s.Append(context.Background(), l, Record{Execution: e.ID, Node: node, Kind: Result, Element: &Element{Node: node}}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	st, err := s.Stack(context.Background(), "web")
	must(t, err)
	if len(st.Elements) != writers*each {
		t.Errorf("%d elements", len(st.Elements))
	}
	must(t, s.Close())
	if n := s.Commits(); n > writers*each/2 {
		t.Errorf("%d commits for %d appends", n, writers*each)
	}
}

// TestCommitRefusals puts a fenced call, an abandoned one and a good one into
// one transaction.
func TestCommitRefusals(t *testing.T) {
	s := openTest(t, temp(t), "")
	l := acquire(t, s, "web", "a")
	e := begin(t, s, l, nil)
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	add := func(l *Lease, node string) func(*tx) error {
		return func(x *tx) error {
			if err := x.fence(l); err != nil {
				return err
			}
			return x.journal("web", "", []row{{Record: &Record{Execution: e.ID, Node: node, Kind: Result, Element: &Element{Node: node}}}})
		}
	}
	batch := []*call{
		{ctx: context.Background(), do: add(&Lease{Stack: "web", Token: 99}, "fenced"), err: make(chan error, 1)},
		{ctx: gone, do: add(l, "abandoned"), err: make(chan error, 1)},
		{ctx: context.Background(), do: add(l, "good"), err: make(chan error, 1)},
	}
	must(t, s.write(context.Background(), "drain", func(*tx) error { return nil }))
	s.writer.commit(batch)
	if err := <-batch[0].err; !errors.Is(err, ErrLeaseLost) {
		t.Errorf("fenced: %v", err)
	}
	if err := <-batch[1].err; !errors.Is(err, context.Canceled) {
		t.Errorf("abandoned: %v", err)
	}
	must(t, <-batch[2].err)
	st, err := s.Stack(context.Background(), "web")
	must(t, err)
	if len(st.Elements) != 1 || st.Elements["good"] == nil {
		t.Errorf("elements: %v", st.Elements)
	}
}

// TestCrashCopy copies the files as a crash would leave them, while the writer
// has them open: what was acknowledged is there.
func TestCrashCopy(t *testing.T) {
	ctx, path := context.Background(), temp(t)
	s := openTest(t, path, "")
	l := acquire(t, s, "web", "a")
	e := begin(t, s, l, nil)
	for i := range 20 {
		must(t, s.Append(ctx, l, Record{Execution: e.ID, Node: fmt.Sprint("n", i), Kind: Intent}))
	}
	copied := filepath.Join(t.TempDir(), "state.db")
	for _, suffix := range []string{"", "-wal"} {
		content, err := os.ReadFile(path + suffix)
		must(t, err)
		if suffix == "-wal" {
			content = append(content, content[len(content)-1000:]...) // a torn frame at the end
		}
		must(t, os.WriteFile(copied+suffix, content, 0o600))
	}
	after := openTest(t, copied, "")
	records, err := after.Journal(ctx, e.ID)
	must(t, err)
	if len(records) != 20 {
		t.Errorf("%d records", len(records))
	}
}

func TestRemoveStack(t *testing.T) {
	ctx := context.Background()
	s := openTest(t, temp(t), "")
	l := acquire(t, s, "web", "a")
	e := begin(t, s, l, &Revision{Blueprint: []byte("x")}, Record{Node: "n", Kind: Planned, Action: "delete"})
	must(t, s.Append(ctx, l, Record{Execution: e.ID, Node: "n", Kind: Result, Element: &Element{Node: "n"}}))
	must(t, s.Append(ctx, l, Record{Execution: e.ID, Node: "n", Kind: Result, Remove: true}))
	must(t, s.Finish(ctx, l, e, nil, true))
	if _, err := s.Stack(ctx, "web"); !errors.Is(err, ErrNotFound) {
		t.Errorf("stack: %v", err)
	}
	if list, err := s.Executions(ctx, "web"); err != nil || len(list) != 1 || list[0].Ended.IsZero() || !list[0].Final {
		t.Errorf("executions: %v, %v", list, err)
	}
	if e := begin(t, s, l, nil); e.ID != "web-2" {
		t.Errorf("next execution is %s", e.ID)
	}
}

func TestFailingDisk(t *testing.T) {
	ctx := context.Background()
	s := openTest(t, temp(t), "")
	l := acquire(t, s, "web", "a")
	e := begin(t, s, l, nil)
	must(t, s.write(ctx, "limit", func(x *tx) error {
		var pages int
		if _, err := x.row(`PRAGMA page_count`, nil, &pages); err != nil {
			return err
		}
		_, err := x.row(fmt.Sprintf(`PRAGMA max_page_count = %d`, pages), nil, &pages)
		return err
	}))
	big := Record{Execution: e.ID, Node: "n", Kind: Intent, Error: strings.Repeat("x", 1<<20)}
	if err := s.Append(ctx, l, big); err == nil || !strings.Contains(err.Error(), "disk is full") {
		t.Errorf("full disk: %v", err)
	}
	must(t, s.write(ctx, "limit", func(x *tx) error {
		var on int
		_, err := x.row(`PRAGMA max_page_count = 1000000`, nil, &on)
		return err
	}))
	must(t, s.Append(ctx, l, big))
}

func TestReadOnlyFile(t *testing.T) {
	ctx, path := context.Background(), temp(t)
	s := openTest(t, path, "")
	begin(t, s, acquire(t, s, "web", "a"), nil)
	must(t, s.Close())
	must(t, os.Chmod(path, 0o400))
	must(t, os.Chmod(filepath.Dir(path), 0o500))
	t.Cleanup(func() { os.Chmod(filepath.Dir(path), 0o700) })
	s = openTest(t, path, "")
	if list, err := s.Stacks(ctx); err != nil || len(list) != 1 {
		t.Errorf("Stacks: %v, %v", list, err)
	}
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	_, err := s.Acquire(ctx, "web", owner("b"), time.Minute)
	if err == nil || !strings.Contains(err.Error(), "cannot be written, so nothing was called") {
		t.Errorf("Acquire: %v", err)
	}
}

// TestReadBesideNothing reads where SQLite can't keep its index of the log
// beside the file, as on a full disk or one that is read only: a file as it lies
// there, and one with the log of a dead process as a copy. Once it can be written
// again, what is written is read.
func TestReadBesideNothing(t *testing.T) {
	ctx := context.Background()
	for name, logged := range map[string]bool{"without a log": false, "with a log": true} {
		t.Run(name, func(t *testing.T) {
			dead := openTest(t, temp(t), "")
			l := acquire(t, dead, "web", "a")
			e := begin(t, dead, l, &Revision{Inputs: secretDocument(secret)})
			must(t, dead.Append(ctx, l, Record{Execution: e.ID, Node: "n", Kind: Intent}))
			if !logged {
				must(t, dead.Close())
			}
			path, copies := filepath.Join(t.TempDir(), "state.db"), t.TempDir()
			t.Setenv("TMPDIR", copies)
			t.Setenv("TMP", copies)
			for _, part := range []string{"", "-wal"} {
				if content, err := os.ReadFile(dead.path + part); err == nil {
					must(t, os.WriteFile(path+part, content, 0o600))
				}
			}
			key, err := os.ReadFile(filepath.Join(filepath.Dir(dead.path), "state.key"))
			must(t, err)
			must(t, os.WriteFile(filepath.Join(filepath.Dir(path), "state.key"), key, 0o600))
			must(t, os.Symlink("nowhere", path+"-shm")) // in the way of the index

			s := openTest(t, path, "")
			s.now = func() time.Time { return t0.Add(time.Hour) }
			st, err := s.Stack(ctx, "web")
			must(t, err)
			records, err := s.Journal(ctx, e.ID)
			must(t, err)
			if len(records) != 1 || cmp.Diff(secretDocument(secret), st.Revision.Inputs) != "" {
				t.Errorf("%d records, %+v", len(records), st.Revision)
			}
			copied, err := filepath.Glob(filepath.Join(copies, "*"))
			if err != nil || len(copied) > 1 || len(copied) > 0 != logged {
				t.Errorf("copied to %v, %v", copied, err)
			}
			for _, dir := range copied {
				grepFiles(t, dir, secret)
			}
			if _, err := s.Acquire(ctx, "web", owner("b"), time.Minute); err == nil {
				t.Error("the lease was taken")
			}
			must(t, os.Remove(path+"-shm"))
			l = acquire(t, s, "web", "b")
			must(t, s.Append(ctx, l, Record{Execution: e.ID, Node: "n", Kind: Result}))
			if records, err = s.Journal(ctx, e.ID); err != nil || len(records) != 2 {
				t.Errorf("afterwards: %d records, %v", len(records), err)
			}
			if left, err := os.ReadDir(copies); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, writers := range []int{1, 50} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			s := openTest(b, temp(b), "")
			l := acquire(b, s, "web", "a")
			e := begin(b, s, l, nil)
			doc := Document{Value: map[string]any{"input": "some value"}}
			work := make(chan int)
			var wg sync.WaitGroup
			for range writers {
				wg.Go(func() {
					for i := range work {
						node := fmt.Sprint("n", i)
						r := Record{Execution: e.ID, Node: node, Kind: Result, Element: &Element{Node: node, Properties: doc, Attributes: doc}}
						if err := s.Append(context.Background(), l, r); err != nil {
							b.Error(err)
						}
					}
				})
			}
			for i := 0; b.Loop(); i++ {
				work <- i
			}
			close(work)
			wg.Wait()
			s.Close()
			b.ReportMetric(float64(s.Commits())/float64(b.N), "syncs/op")
		})
	}
}

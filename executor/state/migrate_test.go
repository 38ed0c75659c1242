package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// oldFile writes a state as an earlier schema had it: its tables are made by
// the texts of that time, and so are its rows.
func oldFile(t *testing.T, schema int, rows ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.db")
	db, err := sql.Open("sqlite", path)
	must(t, err)
	defer db.Close()
	statements := append([]string{}, migrations[:schema]...)
	statements = append(statements, fmt.Sprintf(`PRAGMA application_id = %d; PRAGMA user_version = %d`, applicationID, schema),
		`INSERT INTO meta (name, value) VALUES ('salt', x'00112233445566778899aabbccddeeff')`)
	for _, q := range append(statements, rows...) {
		if _, err := db.Exec(q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	must(t, os.Chmod(path, 0o600))
	return path
}

// A state of the first schema is read as it lies there, and written to after
// it was migrated.
func TestSchema1(t *testing.T) {
	ctx := context.Background()
	path := oldFile(t, 1,
		`INSERT INTO stacks VALUES ('demo', 3, 'CreateSucceeded', 1, 1, '{}')`,
		`INSERT INTO revisions (stack, number, blueprint, file, inputs, created) VALUES ('demo', 1, 'text', 'blueprint.yaml', '', 1)`)
	s := openTest(t, path, "")
	st, err := s.Stack(ctx, "demo")
	must(t, err)
	if string(st.Revision.Blueprint) != "text" || st.Revision.Files != nil {
		t.Errorf("got revision %+v", st.Revision)
	}
	l := acquire(t, s, "demo", "a")
	files := map[string][]byte{"types/a.yaml": []byte("node_types: {}\n")}
	e := begin(t, s, l, &Revision{Blueprint: []byte("more"), File: "blueprint.yaml", Files: files})
	must(t, s.Finish(ctx, l, e, nil, false))
	st, err = s.Stack(ctx, "demo")
	must(t, err)
	if d := cmp.Diff(files, st.Revision.Files); d != "" || st.Revision.Number != 2 {
		t.Errorf("revision %d: %s", st.Revision.Number, d)
	}
}

// schema2File is a stack that was made, removed, made again and upgraded by a
// program of schema 2.
func schema2File(t *testing.T) string {
	t.Helper()
	who, err := json.Marshal(owner("old"))
	must(t, err)
	execution := func(n int, lifecycle, phase string, revision int) string {
		return fmt.Sprintf(`INSERT INTO executions VALUES ('demo-%d', 'demo', %d, '%s', '%s', '', %d, '%s', 1, 2)`, n, n, lifecycle, phase, revision, who)
	}
	record := func(n int, node, action, kind string) string {
		return fmt.Sprintf(`INSERT INTO journal (execution, node, type, action, kind, phase, attempt, request, operation, object_id, error, depends_on, sensitive, at)
			VALUES ('demo-%d', '%s', 'T', '%s', '%s', 'P', 1, '{"value":{"size":%d}}', '', 'id', '', '["b"]', '', 1)`, n, node, action, kind, n)
	}
	return oldFile(t, 2,
		`INSERT INTO stacks VALUES ('demo', 3, 'UpgradeSucceeded', 1, 1, '{}')`,
		`INSERT INTO revisions (stack, number, blueprint, file, files, inputs, created) VALUES ('demo', 1, 'text', 'b.yaml', '{"t.yaml":"eA=="}', '{"value":{"x":1}}', 1)`,
		`INSERT INTO elements VALUES ('demo', 'a', 'T', 'id', 'CreateSucceeded', '{"value":{"size":4}}', '', '["b"]', 1, 1, 1)`,
		execution(1, "create", "CreateSucceeded", 3), execution(2, "delete", "DeleteSucceeded", 0),
		execution(3, "create", "CreateSucceeded", 1), execution(4, "upgrade", "UpgradeSucceeded", 0),
		record(1, "gone", "create", "intent"), record(3, "a", "create", "intent"), record(3, "a", "create", "result"),
		record(4, "a", "update", "intent"), record(4, "a", "update", "result"))
}

// checkSchema2 reads what schema2File wrote.
func checkSchema2(t *testing.T, s *SQLite) {
	t.Helper()
	ctx := context.Background()
	st, err := s.Stack(ctx, "demo")
	must(t, err)
	want := &Stack{
		Name: "demo", Serial: st.Serial, Phase: "UpgradeSucceeded", Created: time.Unix(0, 1).UTC(), Updated: st.Updated, Outputs: map[string]Document{},
		Revision: &Revision{
			Number: 1, Blueprint: []byte("text"), File: "b.yaml", Files: map[string][]byte{"t.yaml": []byte("x")},
			Inputs: Document{Value: map[string]any{"x": int64(1)}}, Created: time.Unix(0, 1).UTC(),
		},
		Elements: map[string]*Element{"a": {
			Node: "a", Type: "T", ObjectID: "id", Phase: "CreateSucceeded", Properties: Document{Value: map[string]any{"size": int64(4)}},
			DependsOn: []string{"b"}, Revision: 1, Created: time.Unix(0, 1).UTC(), Updated: time.Unix(0, 1).UTC(),
		}},
	}
	if diff := cmp.Diff(want, st); diff != "" {
		t.Errorf("stack (-want +got):\n%s", diff)
	}
	list, err := s.Executions(ctx, "demo")
	must(t, err)
	for _, e := range list {
		if e.Final != (e.Number == 2) || e.CancelAsked != nil || cmp.Diff(Terms{}, e.Terms) != "" {
			t.Errorf("execution %+v", e)
		}
	}
	by, err := s.CancelAsked(ctx, "demo-4")
	if must(t, err); by != nil {
		t.Errorf("asked by %v", by)
	}
	records, err := s.Journal(ctx, "demo-4")
	must(t, err)
	if len(records) != 2 || records[0].Before != nil || cmp.Diff(Document{Value: map[string]any{"size": int64(4)}}, records[0].Request) != "" {
		t.Errorf("journal: %+v", records)
	}
	revisions, err := s.Revisions(ctx, "demo")
	must(t, err)
	if diff := cmp.Diff([]*Revision{{Number: 1, File: "b.yaml", Created: time.Unix(0, 1).UTC()}}, revisions); diff != "" {
		t.Errorf("revisions (-want +got):\n%s", diff)
	}
	rev, err := s.Revision(ctx, "demo", 1)
	must(t, err)
	if diff := cmp.Diff(want.Revision, rev); diff != "" {
		t.Errorf("revision (-want +got):\n%s", diff)
	}
	// What was there before the upgrade nobody wrote down; before the creation
	// there was nothing.
	if before, err := s.Before(ctx, "demo", 4); err != nil || len(before) != 0 {
		t.Errorf("before the upgrade: %v, %v", before, err)
	}
	before, err := s.Before(ctx, "demo", 1)
	must(t, err)
	if diff := cmp.Diff(map[string]*Element{"a": nil}, before); diff != "" {
		t.Errorf("before the creation (-want +got):\n%s", diff)
	}
}

// A state of schema 2 reads the same before and after its migration, and a
// copy of what it was lies beside it.
func TestSchema2(t *testing.T) {
	ctx := context.Background()
	path := schema2File(t)
	s := openTest(t, path, "")
	checkSchema2(t, s)
	if _, err := os.Stat(backupName(path, 2)); err == nil {
		t.Error("reading migrated the file")
	}
	l := acquire(t, s, "demo", "a")
	checkSchema2(t, s)
	must(t, s.Close())

	old := openTest(t, backupName(path, 2), "")
	checkSchema2(t, old)
	must(t, old.Close())
	if info, err := os.Stat(backupName(path, 2)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy: %v, %v", info.Mode(), err)
	}

	// Numbers go on after those of the earlier stack of the name; what is
	// written from now on says what was there.
	s = openTest(t, path, "")
	a := named("a", "5")
	e, err := s.Begin(ctx, l, &Execution{Lifecycle: "upgrade"}, &Revision{Blueprint: []byte("b")}, nil)
	must(t, err)
	must(t, s.Append(ctx, l, Record{Execution: e.ID, Node: "a", Kind: Intent, Before: a}, Record{Execution: e.ID, Node: "n", Kind: Intent}))
	if e.Number != 5 || e.Revision != 4 {
		t.Errorf("execution %d, revision %d", e.Number, e.Revision)
	}
	for number, want := range map[int64]map[string]*Element{5: {"a": a, "n": nil}, 4: {"n": nil}} {
		got, err := s.Before(ctx, "demo", number)
		must(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("before %d (-want +got):\n%s", number, diff)
		}
	}
}

// holder writes a lease of a process into an old file.
func holder(t *testing.T, o Owner, expires time.Time) string {
	t.Helper()
	text, err := json.Marshal(o)
	must(t, err)
	return fmt.Sprintf(`INSERT INTO leases VALUES ('demo', 7, '%s', %d)`, text, nanos(expires))
}

// A state is not migrated while a process of an older program may be at work: it
// could record nothing any more. It can be read meanwhile.
func TestNoMigrationUnderALease(t *testing.T) {
	ctx := context.Background()
	here, soon, past := NewOwner("apply", t0), time.Now().Add(time.Minute), time.Now().Add(-time.Minute)
	dead := here
	dead.PID, dead.Process = 1<<30, here.Process+"0"
	for name, c := range map[string]struct {
		owner    Owner
		expires  time.Time
		migrates bool
	}{
		"elsewhere, and renewed":    {owner("old"), soon, false},
		"elsewhere, and run out":    {owner("old"), past, true},
		"here, and stopped":         {here, past, here.Process == ""},
		"here, and dead":            {dead, soon, true},
		"nobody, but there was one": {Owner{}, time.Time{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			row := holder(t, c.owner, c.expires)
			if c.owner.ID == "" {
				row = `INSERT INTO leases VALUES ('demo', 7, '', 0)`
			}
			path := oldFile(t, 1, `INSERT INTO stacks VALUES ('demo', 3, 'Creating', 1, 1, '{}')`, row)
			s := openTest(t, path, "")
			_, err := s.Acquire(ctx, "other", owner("a"), time.Minute)
			var outdated *OutdatedError
			var held *HeldError
			if errors.As(err, &outdated) != !c.migrates || errors.As(err, &held) != !c.migrates {
				t.Fatalf("error %v", err)
			}
			if _, err := os.Stat(backupName(path, 1)); (err == nil) != c.migrates {
				t.Errorf("the copy: %v", err)
			}
			if outdated != nil && (outdated.Held.Stack != "demo" || !strings.Contains(err.Error(), "schema 1") || !strings.Contains(err.Error(), c.owner.Host)) {
				t.Errorf("error %v", err)
			}
			_, err = s.Stack(ctx, "demo")
			must(t, err)
		})
	}
}

// A state that cannot be copied is not migrated.
func TestNoMigrationWithoutCopy(t *testing.T) {
	path := schema2File(t)
	must(t, os.MkdirAll(filepath.Join(backupName(path, 2), "in the way"), 0o700))
	s := openTest(t, path, "")
	_, err := s.Acquire(context.Background(), "demo", owner("a"), time.Minute)
	if err == nil || !strings.Contains(err.Error(), "before its schema changes; it was left as it is") {
		t.Errorf("error %v", err)
	}
	checkSchema2(t, s)
	left, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".backup-*"))
	if must(t, err); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

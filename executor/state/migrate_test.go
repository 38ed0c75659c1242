package state

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// schema1File writes a state as the first schema had it.
func schema1File(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, q := range []string{
		schema1,
		fmt.Sprintf(`PRAGMA application_id = %d`, applicationID),
		`PRAGMA user_version = 1`,
		`INSERT INTO meta (name, value) VALUES ('salt', x'00112233445566778899aabbccddeeff')`,
		`INSERT INTO stacks VALUES ('demo', 3, 'CreateSucceeded', 1, 1, '{}')`,
		`INSERT INTO revisions (stack, number, blueprint, file, inputs, created) VALUES ('demo', 1, 'text', 'blueprint.yaml', '', 1)`,
	} {
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
	path := schema1File(t)
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

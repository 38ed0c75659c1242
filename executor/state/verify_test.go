package state

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// verified is a state with a stack of three elements: db and web as they were
// made, and cache, which another execution has removed and made again.
func verified(t *testing.T) *SQLite {
	t.Helper()
	ctx := context.Background()
	s := openTest(t, temp(t), "")
	l := acquire(t, s, "web", "a")
	doc := secretDocument(secret)
	e := begin(t, s, l, &Revision{Blueprint: []byte("x: 1"), File: "b.yaml", Inputs: doc})
	for _, node := range []string{"cache", "db", "web"} {
		must(t, s.Append(ctx, l, made(e.ID, node, "id-"+node, doc)...))
	}
	must(t, s.Finish(ctx, l, e, map[string]Document{"out": doc}, false))
	e = begin(t, s, l, nil)
	must(t, s.Append(ctx, l, Record{Execution: e.ID, Node: "cache", Type: "T", Action: "delete", Kind: Result, Remove: true}))
	must(t, s.Append(ctx, l, made(e.ID, "cache", "id-cache-2", doc)...))
	must(t, s.Append(ctx, l, Record{Execution: e.ID, Node: "spare", Type: "T", Action: "create", Kind: Failure}))
	must(t, s.Finish(ctx, l, e, nil, false))
	must(t, s.Release(ctx, l))
	return s
}

func made(execution, node, id string, doc Document) []Record {
	r := Record{Execution: execution, Node: node, Type: "T", Action: "create", Kind: Intent, Request: doc}
	done := r
	done.Kind, done.ObjectID = Result, id
	done.Element = &Element{Node: node, Type: "T", ObjectID: id, Phase: "CreateSucceeded", Properties: doc, Attributes: doc}
	return []Record{r, done}
}

func TestVerify(t *testing.T) {
	r, err := verified(t).Verify(context.Background())
	must(t, err)
	want := &Report{Schema: len(migrations), Stacks: 1, Elements: 3, Runs: 2, Records: 10, Sealed: 32}
	if d := cmp.Diff(want, r); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	if r, err := openTest(t, temp(t), "").Verify(context.Background()); err != nil || !r.Sound() {
		t.Errorf("of nothing: %v, %v", r, err)
	}
}

// Each kind of damage is found, and found as what it is.
func TestVerifyFinds(t *testing.T) {
	for name, c := range map[string]struct {
		statement, check, place, message string
	}{
		"foreign table":    {`CREATE TABLE notes (x)`, CheckSchema, "table notes", "another program"},
		"dropped index":    {`DROP INDEX journal_execution`, CheckSchema, "index journal_execution", "is missing"},
		"lost stack":       {`DELETE FROM stacks`, CheckReferences, "stack web, element db", "belongs to a stack that is not there"},
		"lost and removed": {`DELETE FROM stacks`, CheckReferences, "stack web", "no execution has removed it"},
		"lost execution":   {`DELETE FROM executions WHERE number = 2`, CheckReferences, "execution web-2", "has records"},
		"other name":       {`UPDATE executions SET id = 'x' WHERE number = 2`, CheckReferences, "execution x", "another name"},
		"from nowhere":     {`INSERT INTO stacks VALUES ('new', 1, '', 0, 0, '{}')`, CheckReferences, "stack new", "no execution"},
		"torn document":    {`UPDATE elements SET properties = substr(properties, 2) WHERE node = 'db'`, CheckDocuments, "stack web, element db, properties", "no JSON"},
		"moved secret": {`UPDATE elements SET properties = replace(replace(properties, '"password"', '"other"'), '/password', '/other') WHERE node = 'db'`,
			CheckSecrets, "stack web, element db, properties/a~1b/other", "1 of 32 sealed values do not open"},
		"secret in clear": {`UPDATE elements SET attributes = '{"value":{"a":"` + secret + `"},"sensitive":["/a"]}' WHERE node = 'db'`,
			CheckSecrets, "stack web, element db, attributes/a", "not in the sealed form"},
		"forgotten element": {`DELETE FROM elements WHERE node = 'db'`, CheckJournal, "stack web, element db", "execution web-1 made or kept it"},
		"other object":      {`UPDATE elements SET object_id = 'x' WHERE node = 'cache'`, CheckJournal, "stack web, element cache", `execution web-2 left it with "id-cache-2"`},
		"other type":        {`UPDATE elements SET type = 'U' WHERE node = 'web'`, CheckJournal, "stack web, element web", "left it as T"},
		"invented element": {`INSERT INTO elements SELECT stack, 'new', type, object_id, phase, '', '', '', revision, created, updated, 0 FROM elements WHERE node = 'db'`,
			CheckJournal, "stack web, element new", "no execution made it"},
		"removed element": {`DELETE FROM journal WHERE node = 'cache' AND execution = 'web-2' AND action = 'create'`,
			CheckJournal, "stack web, element cache", "execution web-2 removed it"},
	} {
		t.Run(name, func(t *testing.T) {
			s := verified(t)
			tamper(t, s, c.statement)
			r, err := s.Verify(context.Background())
			must(t, err)
			if !finds(r.Problems, c.check, c.place, c.message) {
				t.Errorf("not found: %s", cmp.Diff(nil, r.Problems))
			}
			for _, f := range r.Problems {
				if strings.Contains(f.Message, secret) {
					t.Errorf("a secret is shown: %s", f.Message)
				}
			}
		})
	}
}

func finds(all []Finding, check, place, message string) bool {
	for _, f := range all {
		if f.Check == check && f.Place == place && strings.Contains(f.Message, message) {
			return true
		}
	}
	return false
}

// Work that is not settled is no fault, nor is that somebody holds a stack.
func TestVerifyNotes(t *testing.T) {
	ctx := context.Background()
	s := verified(t)
	l := acquire(t, s, "web", "b")
	e := begin(t, s, l, nil)
	must(t, s.Append(ctx, l, Record{Execution: e.ID, Node: "db", Type: "T", Action: "update", Kind: Intent}))
	r, err := s.Verify(ctx)
	must(t, err)
	if !r.Sound() || !finds(r.Notes, CheckOpen, "execution web-3, step db", "not known") ||
		!finds(r.Notes, CheckOpen, "execution web-3", "has not ended (Creating)") || !finds(r.Notes, CheckLeases, "stack web", "is unknown") {
		t.Errorf("got %+v", r)
	}
}

// A page that was overwritten is told, and what can be read is judged all the
// same.
func TestVerifyDamagedFile(t *testing.T) {
	ctx := context.Background()
	s := verified(t)
	must(t, s.Close())
	text, err := os.ReadFile(s.path)
	must(t, err)
	const page = 4096
	copy(text[len(text)-page:], make([]byte, page))
	path := filepath.Join(filepath.Dir(s.path), "copy.db")
	must(t, os.WriteFile(path, text, 0o600))
	r, err := openTest(t, path, "").Verify(ctx)
	must(t, err)
	if r.Sound() || r.Problems[0].Check != CheckFile {
		t.Errorf("got %+v", r)
	}
}

// Without the key everything else can be told.
func TestVerifyWithoutKey(t *testing.T) {
	s := verified(t)
	must(t, s.Close())
	must(t, os.Remove(filepath.Join(filepath.Dir(s.path), "state.key")))
	r, err := openTest(t, s.path, "").Verify(context.Background())
	must(t, err)
	if r.Unopened != r.Sealed || len(r.Problems) != 1 || !strings.Contains(r.Problems[0].Message, "32 of 32 sealed values do not open") {
		t.Errorf("got %+v", r)
	}
}

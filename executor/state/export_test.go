package state

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// exported is the text of an export.
func exported(t *testing.T, s *SQLite) string {
	t.Helper()
	x, err := s.Export(context.Background())
	must(t, err)
	text, err := json.Marshal(x)
	must(t, err)
	return string(text)
}

func TestExport(t *testing.T) {
	ctx, path := context.Background(), temp(t)
	s := openTest(t, path, "")
	l := acquire(t, s, "web", "a")
	doc := secretDocument(secret)
	e := begin(t, s, l, &Revision{Blueprint: []byte("x: " + secret), File: "b.yaml", Secret: true, Inputs: doc, Created: t0})
	record := Record{Execution: e.ID, Node: "db", Type: "T", Action: "create", At: t0, ObjectID: "id-1"}
	intent, result := record, record
	intent.Kind, intent.Request = Intent, doc
	result.Kind, result.Phase = Result, "CreateSucceeded"
	result.Element = &Element{Node: "db", Type: "T", ObjectID: "id-1", Phase: "CreateSucceeded", Properties: doc, Attributes: doc, Created: t0, Updated: t0}
	must(t, s.Append(ctx, l, intent, result))
	must(t, s.Finish(ctx, l, e, map[string]Document{"out": doc}, false))
	must(t, s.Close())
	must(t, os.Remove(filepath.Join(filepath.Dir(path), "state.key")))

	s = openTest(t, path, "")
	text := exported(t, s)
	if strings.Contains(text, secret) || strings.Count(text, `"$sealed"`) != 12 {
		t.Errorf("secrets are not sealed, or are missing:\n%s", text)
	}
	for _, want := range []string{
		`"name":"alice"`, `"id-1"`, `"kind":"intent"`, `"command":"apply"`, `"token":1`, `"outputs":{"out":{"value":`,
		`"number":1,"file":"b.yaml","blueprint":null,"files":{},"sealed":{"value":`, `"created":"` + t0.Format(time.RFC3339) + `"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing in\n%s", want, text)
		}
	}
}

// What is damaged, or belongs to nothing, is not left out.
func TestExportOfDamage(t *testing.T) {
	ctx, path := context.Background(), temp(t)
	s := openTest(t, path, "")
	begin(t, s, acquire(t, s, "web", "a"), nil)
	tamper(t, s, `INSERT INTO elements VALUES ('lost', 'db', 'T', 'id-1', '', '{"value":', '', '', 1, 0, 0, 0)`)
	text := exported(t, s)
	for _, want := range []string{`"name":"lost"`, `{"damaged":"{\"value\":"}`} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing in\n%s", want, text)
		}
	}
	if _, err := s.Stack(ctx, "web"); err != nil {
		t.Error(err)
	}
}

func TestExportOfNothing(t *testing.T) {
	if text := exported(t, openTest(t, temp(t), "")); !strings.Contains(text, `"stacks":[],"executions":[],"leases":[]`) {
		t.Error(text)
	}
}

// tamper changes a state as no program should.
func tamper(t *testing.T, s *SQLite, statements ...string) {
	t.Helper()
	must(t, s.write(context.Background(), "tamper", func(x *tx) error {
		for _, statement := range statements {
			if err := x.exec(statement); err != nil {
				return err
			}
		}
		return nil
	}))
}

package state

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Begin opens an execution; see Store.
func (s *SQLite) Begin(ctx context.Context, l *Lease, e *Execution, rev *Revision, planned []Record) (*Execution, error) {
	begun := *e
	begun.Stack = l.Stack
	if begun.Owner.ID == "" {
		begun.Owner = l.Owner
	}
	owner, err := json.Marshal(begun.Owner)
	if err != nil {
		return nil, fmt.Errorf("encode owner: %w", err)
	}
	terms, err := json.Marshal(begun.Terms)
	if err != nil {
		return nil, fmt.Errorf("encode terms: %w", err)
	}
	inputs := ""
	if rev != nil {
		if inputs, err = s.seal(l.Stack, rev.Inputs); err != nil {
			return nil, fmt.Errorf("inputs of stack %s: %w", l.Stack, err)
		}
		if rev, err = s.sealTexts(l.Stack, rev); err != nil {
			return nil, fmt.Errorf("blueprint of stack %s: %w", l.Stack, err)
		}
	}
	rows, err := s.journalRows(l.Stack, planned)
	if err != nil {
		return nil, err
	}
	key := s.keys.sealsUnder() // asked here: the keyring may wait for the committer
	err = s.write(ctx, "begin an execution of stack "+l.Stack, func(t *tx) error {
		if err := t.fence(l); err != nil {
			return err
		}
		if err := s.keepKey(t, key); err != nil {
			return err
		}
		if err := t.openStack(l.Stack, begun.Phase); err != nil {
			return err
		}
		if rev != nil {
			if err := t.addRevision(l.Stack, rev, inputs, &begun); err != nil {
				return err
			}
		}
		if err := t.addExecution(&begun, string(owner), string(terms)); err != nil {
			return err
		}
		return t.journal(l.Stack, begun.ID, rows)
	})
	if err != nil {
		return nil, err
	}
	return &begun, nil
}

// keepKey notes the key that this process seals with, for a stack that is about
// to be made; "": none yet. Before there was a stack, another process may have
// noted its own.
func (s *SQLite) keepKey(t *tx, id string) error {
	if id == "" {
		return nil
	}
	if err := t.noteKey(id); err != nil {
		return err
	}
	var noted []byte
	if _, err := t.row(`SELECT value FROM meta WHERE name = 'key'`, nil, &noted); err != nil {
		return err
	}
	if string(noted) != id {
		return s.keys.wrongKey()
	}
	return nil
}

// noteKey notes the ID of the key that secrets are sealed with. The note stays
// as long as there are stacks; after the last one only journals are under the
// key, and a state whose key is lost begins with a new one.
func (t *tx) noteKey(id string) error {
	return t.exec(`INSERT INTO meta (name, value) VALUES ('key', ?)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE NOT EXISTS (SELECT 1 FROM stacks)`, []byte(id))
}

func (t *tx) openStack(name, phase string) error {
	return t.exec(`INSERT INTO stacks (name, serial, phase, created, updated, outputs) VALUES (?1, 1, ?2, ?3, ?3, '{}')
		ON CONFLICT (name) DO UPDATE SET serial = serial + 1, phase = ?2, updated = ?3`, name, phase, nanos(t.now))
}

// sealedTexts begins a stored blueprint that is a sealed document with the texts
// of the revision; no YAML text begins with it.
const sealedTexts = "\x00"

// sealTexts returns the revision as it is stored.
func (s *SQLite) sealTexts(stack string, rev *Revision) (*Revision, error) {
	if !rev.Secret {
		return rev, nil
	}
	files := map[string]any{}
	for name, text := range rev.Files {
		files[name] = string(text)
	}
	texts := map[string]any{"blueprint": string(rev.Blueprint), "files": files}
	sealed, err := s.seal(stack, Document{Value: texts, Sensitive: []string{"/blueprint", "/files"}})
	if err != nil {
		return nil, err
	}
	stored := *rev
	stored.Blueprint, stored.Files = []byte(sealedTexts+sealed), nil
	return &stored, nil
}

// unsealTexts is its inverse. Texts that cannot be opened are left empty.
func (s *SQLite) unsealTexts(stack string, rev *Revision, sealed **SealedError) error {
	text, ok := strings.CutPrefix(string(rev.Blueprint), sealedTexts)
	if !ok {
		return nil
	}
	rev.Secret, rev.Blueprint = true, nil
	d, err := s.unseal(stack, text, "revision", sealed)
	if err != nil {
		return err
	}
	texts, _ := d.Value.(map[string]any)
	if blueprint, ok := texts["blueprint"].(string); ok {
		rev.Blueprint = []byte(blueprint)
	}
	files, _ := texts["files"].(map[string]any)
	for name, text := range files {
		if rev.Files == nil {
			rev.Files = map[string][]byte{}
		}
		if text, ok := text.(string); ok {
			rev.Files[name] = []byte(text)
		}
	}
	return nil
}

// addRevision stores a revision under the next number. Those of revisions that
// went with an earlier stack of the name stand in its executions.
func (t *tx) addRevision(stack string, rev *Revision, inputs string, e *Execution) error {
	_, err := t.row(`SELECT max(coalesce((SELECT max(number) FROM revisions WHERE stack = ?1), 0),
		coalesce((SELECT max(revision) FROM executions WHERE stack = ?1), 0)) + 1`, []any{stack}, &e.Revision)
	if err != nil {
		return err
	}
	created := rev.Created
	if created.IsZero() {
		created = t.now
	}
	files := ""
	if len(rev.Files) > 0 {
		b, err := json.Marshal(rev.Files)
		if err != nil {
			return fmt.Errorf("encode the files of the revision: %w", err)
		}
		files = string(b)
	}
	contents, err := encodeContents(rev.Contents)
	if err != nil {
		return fmt.Errorf("encode the files of the revision: %w", err)
	}
	return t.exec(`INSERT INTO revisions (stack, number, blueprint, file, files, contents, inputs, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		stack, e.Revision, blob(rev.Blueprint), rev.File, files, contents, inputs, nanos(created))
}

func (t *tx) addExecution(e *Execution, owner, terms string) error {
	_, err := t.row(`SELECT coalesce(max(number), 0) + 1 FROM executions WHERE stack = ?`, []any{e.Stack}, &e.Number)
	if err != nil {
		return err
	}
	e.ID = fmt.Sprintf("%s-%d", e.Stack, e.Number)
	if e.Started.IsZero() {
		e.Started = t.now.UTC()
	}
	return t.exec(`INSERT INTO executions (id, stack, number, lifecycle, phase, message, revision, owner, terms, started, ended)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)`,
		e.ID, e.Stack, e.Number, e.Lifecycle, e.Phase, e.Message, e.Revision, owner, terms, nanos(e.Started))
}

// Append adds records; see Store.
func (s *SQLite) Append(ctx context.Context, l *Lease, records ...Record) error {
	rows, err := s.journalRows(l.Stack, records)
	if err != nil {
		return err
	}
	return s.write(ctx, "append to the journal of stack "+l.Stack, func(t *tx) error {
		if err := t.fence(l); err != nil {
			return err
		}
		return t.journal(l.Stack, "", rows)
	})
}

// Finish ends an execution; see Store.
func (s *SQLite) Finish(ctx context.Context, l *Lease, e *Execution, outputs map[string]Document, removeStack bool) error {
	var text *string
	if outputs != nil {
		sealed, err := s.sealOutputs(l.Stack, outputs)
		if err != nil {
			return err
		}
		text = &sealed
	}
	return s.write(ctx, "finish execution "+e.ID, func(t *tx) error {
		if err := t.fence(l); err != nil {
			return err
		}
		ended := e.Ended
		if ended.IsZero() {
			ended = t.now
		}
		if err := t.exec(`UPDATE executions SET phase = ?, message = ?, ended = ?, final = ? WHERE id = ?`,
			e.Phase, e.Message, nanos(ended), removeStack, e.ID); err != nil {
			return err
		}
		if removeStack {
			return t.removeStack(l.Stack)
		}
		return t.exec(`UPDATE stacks SET serial = serial + 1, phase = ?, updated = ?, outputs = coalesce(?, outputs) WHERE name = ?`,
			cmp.Or(e.StackPhase, e.Phase), nanos(t.now), text, l.Stack)
	})
}

func (t *tx) removeStack(name string) error {
	for _, query := range []string{
		`DELETE FROM elements WHERE stack = ?`,
		`DELETE FROM revisions WHERE stack = ?`,
		`DELETE FROM stacks WHERE name = ?`,
	} {
		if err := t.exec(query, name); err != nil {
			return err
		}
	}
	return t.dropContents(name)
}

// row is a record in the form in which it is stored.
type row struct {
	*Record
	request, dependsOn, sensitive string
	before, detail                string
	properties, attributes        *string // of Element; nil: as stored
	elementDep                    string
}

// journalRows seals and encodes records, outside the committer.
func (s *SQLite) journalRows(stack string, records []Record) ([]row, error) {
	rows := make([]row, len(records))
	for i := range records {
		rows[i].Record = &records[i]
		if err := s.encodeRow(stack, &rows[i]); err != nil {
			return nil, fmt.Errorf("record of %s: %w", records[i].Node, err)
		}
	}
	return rows, nil
}

func (s *SQLite) encodeRow(stack string, r *row) (err error) {
	if r.request, err = s.seal(stack, r.Request); err != nil {
		return err
	}
	if r.before, err = s.sealElement(stack, r.Before); err != nil {
		return err
	}
	r.dependsOn, r.sensitive = names(r.DependsOn), names(r.SensitiveAttributes)
	if r.Detail != nil {
		text, err := json.Marshal(r.Detail)
		if err != nil {
			return fmt.Errorf("encode what the step is at: %w", err)
		}
		r.detail = string(text)
	}
	if r.Element == nil {
		return nil
	}
	if r.properties, err = s.sealOrKeep(stack, r.Element.Properties); err != nil {
		return err
	}
	if r.attributes, err = s.sealOrKeep(stack, r.Element.Attributes); err != nil {
		return err
	}
	r.elementDep = names(r.Element.DependsOn)
	return nil
}

// journal adds records: of the execution, or, if it is "", of those that they
// name.
func (t *tx) journal(stack, execution string, rows []row) error {
	changed := false
	for i := range rows {
		r := &rows[i]
		if err := t.addRecord(cmp.Or(execution, r.Execution), r); err != nil {
			return err
		}
		if r.Remove {
			if err := t.exec(`DELETE FROM elements WHERE stack = ? AND node = ?`, stack, r.Node); err != nil {
				return err
			}
		}
		if r.Element != nil {
			if err := t.putElement(stack, r); err != nil {
				return err
			}
		}
		changed = changed || r.Remove || r.Element != nil
	}
	if !changed {
		return nil
	}
	return t.exec(`UPDATE stacks SET serial = serial + 1, updated = ? WHERE name = ?`, nanos(t.now), stack)
}

func (t *tx) addRecord(execution string, r *row) error {
	at := r.At
	if at.IsZero() {
		at = t.now
	}
	return t.exec(`INSERT INTO journal (execution, node, type, action, kind, phase, attempt, request, operation, object_id, error, depends_on, sensitive, retain, before, detail, at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		execution, r.Node, r.Type, r.Action, string(r.Kind), r.Phase, r.Attempt, r.request, string(r.Operation), r.ObjectID, r.Error,
		r.dependsOn, r.sensitive, r.Retain, r.before, r.detail, nanos(at))
}

// putElement writes an element; it keeps the day of its creation unless it is
// given one.
func (t *tx) putElement(stack string, r *row) error {
	e := r.Element
	created := e.Created
	if created.IsZero() {
		created = t.now
	}
	updated := e.Updated
	if updated.IsZero() {
		updated = t.now
	}
	return t.exec(`INSERT INTO elements (stack, node, type, object_id, phase, properties, attributes, depends_on, retain, revision, created, updated)
		VALUES (?1, ?2, ?3, ?4, ?5, coalesce(?6, ''), coalesce(?7, ''), ?8, ?9, ?10, ?11, ?12)
		ON CONFLICT (stack, node) DO UPDATE SET type = excluded.type, object_id = excluded.object_id, phase = excluded.phase,
			properties = coalesce(?6, properties), attributes = coalesce(?7, attributes), depends_on = excluded.depends_on,
			retain = excluded.retain, revision = excluded.revision, created = excluded.created, updated = excluded.updated`,
		stack, e.Node, e.Type, e.ObjectID, e.Phase, r.properties, r.attributes, r.elementDep, e.Retain, e.Revision, nanos(created), nanos(updated))
}

// seal encodes a document with its secrets encrypted; "" is the empty one.
func (s *SQLite) seal(stack string, d Document) (string, error) {
	if d.Value == nil && len(d.Sensitive) == 0 {
		return "", nil
	}
	d, err := s.keys.Seal(stackScope(stack), d)
	if err != nil {
		return "", err
	}
	text, err := d.MarshalJSON()
	return string(text), err
}

// sealOrKeep is seal for a document that takes the place of a stored one. It
// returns nil when its secrets could not be read and there is still no key:
// what is stored has to stay, for the right key opens it.
func (s *SQLite) sealOrKeep(stack string, d Document) (*string, error) {
	text, err := s.seal(stack, d)
	if unreadable(d, err) {
		return nil, nil
	}
	return &text, err
}

// unreadable reports whether a document could not be sealed for want of the
// key, and needs none: its secrets are null since they could not be decrypted.
func unreadable(d Document, err error) bool {
	var key *KeyError
	if !errors.As(err, &key) {
		return false
	}
	clear := false
	for _, pointer := range outermost(d.Sensitive) {
		_, _ = edit(d.Value, pointer, func(v any) (any, error) {
			clear = clear || v != nil
			return v, nil
		})
	}
	return !clear
}

// stackScope ties secrets to their stack.
func stackScope(stack string) string { return "stack " + stack }

func (s *SQLite) sealOutputs(stack string, outputs map[string]Document) (string, error) {
	sealed := make(map[string]json.RawMessage, len(outputs))
	for name, d := range outputs {
		text, err := s.seal(stack, d)
		if err != nil {
			return "", fmt.Errorf("output %s: %w", name, err)
		}
		if text == "" {
			text = "{}"
		}
		sealed[name] = json.RawMessage(text)
	}
	text, err := json.Marshal(sealed)
	return string(text), err
}

// names encodes a list of names; "" is the empty one.
func names(list []string) string {
	if len(list) == 0 {
		return ""
	}
	text, _ := json.Marshal(list) // texts always encode
	return string(text)
}

// blob keeps an empty text from becoming NULL.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

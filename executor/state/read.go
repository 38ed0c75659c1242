package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// snapshot is one consistent state of the file, to read from.
type snapshot struct {
	*sql.Tx
	schema int // of the file; reading migrates nothing
}

// column is how a column is read that came with a schema: with the older value
// in its place as long as the file is of an earlier one.
func (t *snapshot) column(schema int, name, older string) string {
	if t.schema < schema {
		return older
	}
	return name
}

// view runs do on one consistent state of the file. An absent file reads as an
// empty one: do is not called.
func (s *SQLite) view(ctx context.Context, what string, do func(*snapshot) error) error {
	db, err := s.read(ctx)
	if errors.Is(err, errNoFile) {
		return nil
	}
	if err != nil {
		return err
	}
	t, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err == nil {
		defer t.Rollback()
		err = s.snapshot(ctx, t, do)
	}
	var sealed *SealedError
	if err == nil || errors.Is(err, ErrNotFound) || errors.As(err, &sealed) {
		return err
	}
	return fmt.Errorf("read %s from state %s: %w", what, s.path, explain(err))
}

func (s *SQLite) snapshot(ctx context.Context, t *sql.Tx, do func(*snapshot) error) error {
	v := &snapshot{Tx: t}
	if err := t.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&v.schema); err != nil {
		return err
	}
	return do(v)
}

// rowsQuerier is what can be asked for rows.
type rowsQuerier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// each calls scan for every row of a query.
func each(ctx context.Context, t rowsQuerier, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := t.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Stacks lists the stacks; see Store. It needs no key.
func (s *SQLite) Stacks(ctx context.Context) ([]*Stack, error) {
	var out []*Stack
	err := s.view(ctx, "the stacks", func(t *snapshot) error {
		return each(ctx, t, func(r *sql.Rows) error {
			st := &Stack{}
			var created, updated int64
			err := r.Scan(&st.Name, &st.Serial, &st.Phase, &created, &updated)
			st.Created, st.Updated = moment(created), moment(updated)
			out = append(out, st)
			return err
		}, `SELECT name, serial, phase, created, updated FROM stacks ORDER BY name`)
	})
	return out, err
}

// Stack returns one stack; see Store.
func (s *SQLite) Stack(ctx context.Context, name string) (*Stack, error) {
	var st *Stack
	err := s.view(ctx, "stack "+name, func(t *snapshot) (err error) {
		st, err = s.readStack(ctx, t, name)
		return err
	})
	if st == nil && err == nil {
		return nil, fmt.Errorf("stack %q: %w", name, ErrNotFound)
	}
	return st, err
}

func (s *SQLite) readStack(ctx context.Context, t *snapshot, name string) (*Stack, error) {
	st := &Stack{Name: name, Elements: map[string]*Element{}, Outputs: map[string]Document{}}
	var created, updated int64
	var outputs string
	err := t.QueryRowContext(ctx, `SELECT serial, phase, created, updated, outputs FROM stacks WHERE name = ?`, name).
		Scan(&st.Serial, &st.Phase, &created, &updated, &outputs)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("stack %q: %w", name, ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	st.Created, st.Updated = moment(created), moment(updated)
	var sealed *SealedError
	for _, part := range []func() error{
		func() error { return s.readOutputs(outputs, st, &sealed) },
		func() error { return s.readRevision(ctx, t, st, &sealed) },
		func() error { return s.readElements(ctx, t, st, &sealed) },
	} {
		if err := part(); err != nil {
			return nil, err
		}
	}
	return st, sealed.errOrNil()
}

func (s *SQLite) readOutputs(text string, st *Stack, sealed **SealedError) error {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		return fmt.Errorf("decode outputs: %w", err)
	}
	names := make([]string, 0, len(raw))
	for name := range raw {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		d, err := s.unseal(st.Name, string(raw[name]), "outputs/"+name, sealed)
		if err != nil {
			return err
		}
		st.Outputs[name] = d
	}
	return nil
}

func (s *SQLite) readRevision(ctx context.Context, t *snapshot, st *Stack, sealed **SealedError) (err error) {
	st.Revision, err = s.revision(ctx, t, st.Name, `WHERE stack = ? ORDER BY number DESC LIMIT 1`, []any{st.Name}, sealed)
	return err
}

// revision reads the one revision that where selects; nil if there is none.
func (s *SQLite) revision(ctx context.Context, t *snapshot, stack, where string, args []any, sealed **SealedError) (*Revision, error) {
	rev := &Revision{}
	var inputs, files, contents string
	var created int64
	err := t.QueryRowContext(ctx, `SELECT number, blueprint, file, `+t.column(2, "files", "''")+`, `+t.column(5, "contents", "''")+`, inputs, created FROM revisions `+where, args...).
		Scan(&rev.Number, &rev.Blueprint, &rev.File, &files, &contents, &inputs, &created)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	rev.Created = moment(created)
	if files != "" {
		if err := json.Unmarshal([]byte(files), &rev.Files); err != nil {
			return nil, fmt.Errorf("the files of revision %d: %w", rev.Number, err)
		}
	}
	if rev.Contents, err = decodeContents(contents); err != nil {
		return nil, fmt.Errorf("the files of revision %d: %w", rev.Number, err)
	}
	if err := s.unsealTexts(stack, rev, sealed); err != nil {
		return nil, err
	}
	rev.Inputs, err = s.unseal(stack, inputs, "inputs", sealed)
	return rev, err
}

// Revisions lists the revisions of a stack; see Store. It needs no key.
func (s *SQLite) Revisions(ctx context.Context, stack string) ([]*Revision, error) {
	var out []*Revision
	err := s.view(ctx, "the revisions of stack "+stack, func(t *snapshot) error {
		return each(ctx, t, func(r *sql.Rows) error {
			rev := &Revision{}
			var created int64
			err := r.Scan(&rev.Number, &rev.File, &rev.Secret, &created)
			rev.Created = moment(created)
			out = append(out, rev)
			return err
		}, `SELECT number, file, substr(blueprint, 1, 1) = ?, created FROM revisions WHERE stack = ? ORDER BY number DESC`,
			[]byte(sealedTexts), stack)
	})
	return out, err
}

// Revision returns one revision; see Store.
func (s *SQLite) Revision(ctx context.Context, stack string, number int64) (*Revision, error) {
	var rev *Revision
	var sealed *SealedError
	err := s.view(ctx, fmt.Sprintf("revision %d of stack %s", number, stack), func(t *snapshot) (err error) {
		rev, err = s.revision(ctx, t, stack, `WHERE stack = ? AND number = ?`, []any{stack, number}, &sealed)
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case rev == nil:
		return nil, fmt.Errorf("revision %d of stack %q: %w", number, stack, ErrNotFound)
	}
	return rev, sealed.errOrNil()
}

func (s *SQLite) readElements(ctx context.Context, t *snapshot, st *Stack, sealed **SealedError) error {
	return each(ctx, t, func(r *sql.Rows) error {
		e := &Element{}
		var properties, attributes, dependsOn string
		var created, updated int64
		err := r.Scan(&e.Node, &e.Type, &e.ObjectID, &e.Phase, &properties, &attributes, &dependsOn, &e.Retain, &e.Revision, &created, &updated)
		if err != nil {
			return err
		}
		e.Created, e.Updated = moment(created), moment(updated)
		if e.DependsOn, err = nameList(dependsOn); err != nil {
			return err
		}
		if e.Properties, err = s.unseal(st.Name, properties, "elements/"+e.Node+"/properties", sealed); err != nil {
			return err
		}
		if e.Attributes, err = s.unseal(st.Name, attributes, "elements/"+e.Node+"/attributes", sealed); err != nil {
			return err
		}
		st.Elements[e.Node] = e
		return nil
	}, `SELECT node, type, object_id, phase, properties, attributes, depends_on, `+t.column(3, "retain", "0")+`, revision, created, updated
		FROM elements WHERE stack = ? ORDER BY node`, st.Name)
}

// unseal decodes a stored document. Secrets that do not open are added to
// sealed under the document's place; other errors are returned.
func (s *SQLite) unseal(stack, text, place string, sealed **SealedError) (Document, error) {
	var d Document
	if text == "" {
		return d, nil
	}
	if err := d.UnmarshalJSON([]byte(text)); err != nil {
		return d, fmt.Errorf("%s: %w", place, err)
	}
	d, err := s.keys.Unseal(stackScope(stack), d)
	*sealed, err = (*sealed).join(place, err)
	return d, err
}

func nameList(text string) ([]string, error) {
	if text == "" {
		return nil, nil
	}
	v, err := decode([]byte(text))
	list, ok := texts(v)
	if err == nil && !ok {
		err = errors.New("they are not a list of texts")
	}
	if err != nil {
		return nil, fmt.Errorf("decode names: %w", err)
	}
	return list, nil
}

func executionColumns(t *snapshot) string {
	return `id, stack, number, lifecycle, phase, message, revision, owner, started, ended, ` +
		t.column(3, "terms", "''") + `, ` + t.column(3, "cancel", "''") + `, ` + t.column(3, "final", finalBefore3)
}

func scanExecution(scan func(...any) error) (*Execution, error) {
	e := &Execution{}
	var owner, terms, cancel string
	var started, ended int64
	err := scan(&e.ID, &e.Stack, &e.Number, &e.Lifecycle, &e.Phase, &e.Message, &e.Revision, &owner, &started, &ended, &terms, &cancel, &e.Final)
	if err != nil {
		return nil, err
	}
	e.Started, e.Ended = moment(started), moment(ended)
	if err := json.Unmarshal([]byte(owner), &e.Owner); err != nil {
		return nil, fmt.Errorf("decode the owner of execution %s: %w", e.ID, err)
	}
	if terms != "" {
		if err := json.Unmarshal([]byte(terms), &e.Terms); err != nil {
			return nil, fmt.Errorf("decode the terms of execution %s: %w", e.ID, err)
		}
	}
	e.CancelAsked, err = asker(e.ID, cancel)
	return e, err
}

// asker decodes who asked to cancel an execution.
func asker(execution, text string) (*Owner, error) {
	if text == "" {
		return nil, nil
	}
	o := &Owner{}
	if err := json.Unmarshal([]byte(text), o); err != nil {
		return nil, fmt.Errorf("decode who asked to cancel execution %s: %w", execution, err)
	}
	return o, nil
}

// Executions lists executions; see Store. It needs no key.
func (s *SQLite) Executions(ctx context.Context, stack string) ([]*Execution, error) {
	var out []*Execution
	err := s.view(ctx, "the executions", func(t *snapshot) error {
		return each(ctx, t, func(r *sql.Rows) error {
			e, err := scanExecution(r.Scan)
			out = append(out, e)
			return err
		}, `SELECT `+executionColumns(t)+` FROM executions WHERE stack = ?1 OR ?1 = '' ORDER BY started DESC, number DESC`, stack)
	})
	return out, err
}

// Execution returns one execution with its steps; see Store. It needs no key.
func (s *SQLite) Execution(ctx context.Context, id string) (*Execution, error) {
	var e *Execution
	err := s.view(ctx, "execution "+id, func(t *snapshot) (err error) {
		e, err = scanExecution(t.QueryRowContext(ctx, `SELECT `+executionColumns(t)+` FROM executions WHERE id = ?`, id).Scan)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("execution %q: %w", id, ErrNotFound)
		}
		if err != nil {
			return err
		}
		var records []Record
		err = eachRecord(ctx, t, id, false, func(r Record, _, _ string) error {
			records = append(records, r)
			return nil
		})
		e.Steps = Fold(records)
		return err
	})
	if e == nil && err == nil {
		return nil, fmt.Errorf("execution %q: %w", id, ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	return e, nil
}

// Journal returns the records of an execution; see Store.
func (s *SQLite) Journal(ctx context.Context, execution string) ([]Record, error) {
	stack := execution[:max(strings.LastIndexByte(execution, '-'), 0)]
	var out []Record
	var sealed *SealedError
	err := s.view(ctx, "the journal of "+execution, func(t *snapshot) error {
		return eachRecord(ctx, t, execution, true, func(r Record, request, before string) (err error) {
			if r.Request, err = s.unseal(stack, request, "journal/"+r.Node, &sealed); err != nil {
				return err
			}
			r.Before, err = s.unsealElement(stack, before, "journal/"+r.Node+"/before", &sealed)
			out = append(out, r)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return out, sealed.errOrNil()
}

// eachRecord calls do for each record of an execution in order. What it sent
// and found comes as it is stored, and only if documents is true.
func eachRecord(ctx context.Context, t *snapshot, execution string, documents bool, do func(r Record, request, before string) error) error {
	return eachRecordAfter(ctx, t, execution, 0, documents, do)
}

// eachRecordAfter is eachRecord for those that came after a sequence number.
func eachRecordAfter(ctx context.Context, t *snapshot, execution string, after int64, documents bool, do func(r Record, request, before string) error) error {
	columns := `'', ''`
	if documents {
		columns = `request, ` + t.column(3, "coalesce(before, '')", "''")
	}
	return each(ctx, t, func(rows *sql.Rows) error {
		r := Record{Execution: execution}
		var kind, operation, dependsOn, sensitive, request, before, detail string
		var at int64
		err := rows.Scan(&r.Seq, &r.Node, &r.Type, &r.Action, &kind, &r.Phase, &r.Attempt, &operation, &r.ObjectID, &r.Error, &dependsOn, &sensitive, &r.Retain, &at, &detail, &request, &before)
		if err != nil {
			return err
		}
		r.Kind, r.At = RecordKind(kind), moment(at)
		if operation != "" {
			r.Operation = []byte(operation)
		}
		if r.DependsOn, err = nameList(dependsOn); err != nil {
			return err
		}
		if r.SensitiveAttributes, err = nameList(sensitive); err != nil {
			return err
		}
		if detail != "" {
			if err := json.Unmarshal([]byte(detail), &r.Detail); err != nil {
				return fmt.Errorf("decode what %s was at: %w", r.Node, err)
			}
		}
		return do(r, request, before)
	}, `SELECT seq, node, type, action, kind, phase, attempt, operation, object_id, error, depends_on, sensitive, `+t.column(3, "retain", "0")+`, at, `+t.column(4, "detail", "''")+`, `+columns+`
		FROM journal WHERE execution = ? AND seq > ? ORDER BY seq`, execution, after)
}

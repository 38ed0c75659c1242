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

// view runs do on one consistent state of the file. An absent file reads as an
// empty one: do is not called.
func (s *SQLite) view(ctx context.Context, what string, do func(*sql.Tx) error) error {
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
		err = do(t)
	}
	var sealed *SealedError
	if err == nil || errors.Is(err, ErrNotFound) || errors.As(err, &sealed) {
		return err
	}
	return fmt.Errorf("read %s from state %s: %w", what, s.path, explain(err))
}

// each calls scan for every row of a query.
func each(ctx context.Context, t *sql.Tx, scan func(*sql.Rows) error, query string, args ...any) error {
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
	err := s.view(ctx, "the stacks", func(t *sql.Tx) error {
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
	err := s.view(ctx, "stack "+name, func(t *sql.Tx) (err error) {
		st, err = s.readStack(ctx, t, name)
		return err
	})
	if st == nil && err == nil {
		return nil, fmt.Errorf("stack %q: %w", name, ErrNotFound)
	}
	return st, err
}

func (s *SQLite) readStack(ctx context.Context, t *sql.Tx, name string) (*Stack, error) {
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

// filesColumn is how the files of a revision are read. A state of schema 1 has
// none, and gets the column when it is next written to: reading migrates
// nothing.
func filesColumn(ctx context.Context, t *sql.Tx) (string, error) {
	var n int
	err := t.QueryRowContext(ctx, `SELECT count(*) FROM pragma_table_info('revisions') WHERE name = 'files'`).Scan(&n)
	if n == 0 {
		return "''", err
	}
	return "files", err
}

func (s *SQLite) readRevision(ctx context.Context, t *sql.Tx, st *Stack, sealed **SealedError) error {
	rev := &Revision{}
	var inputs, files string
	var created int64
	column, err := filesColumn(ctx, t)
	if err != nil {
		return err
	}
	err = t.QueryRowContext(ctx, `SELECT number, blueprint, file, `+column+`, inputs, created FROM revisions WHERE stack = ? ORDER BY number DESC LIMIT 1`, st.Name).
		Scan(&rev.Number, &rev.Blueprint, &rev.File, &files, &inputs, &created)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	rev.Created = moment(created)
	if files != "" {
		if err := json.Unmarshal([]byte(files), &rev.Files); err != nil {
			return fmt.Errorf("the files of revision %d: %w", rev.Number, err)
		}
	}
	if err := s.unsealTexts(st.Name, rev, sealed); err != nil {
		return err
	}
	rev.Inputs, err = s.unseal(st.Name, inputs, "inputs", sealed)
	st.Revision = rev
	return err
}

func (s *SQLite) readElements(ctx context.Context, t *sql.Tx, st *Stack, sealed **SealedError) error {
	return each(ctx, t, func(r *sql.Rows) error {
		e := &Element{}
		var properties, attributes, dependsOn string
		var created, updated int64
		err := r.Scan(&e.Node, &e.Type, &e.ObjectID, &e.Phase, &properties, &attributes, &dependsOn, &e.Revision, &created, &updated)
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
	}, `SELECT node, type, object_id, phase, properties, attributes, depends_on, revision, created, updated
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
	var list []string
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("decode names: %w", err)
	}
	return list, nil
}

const executionColumns = `id, stack, number, lifecycle, phase, message, revision, owner, started, ended`

func scanExecution(scan func(...any) error) (*Execution, error) {
	e := &Execution{}
	var owner string
	var started, ended int64
	if err := scan(&e.ID, &e.Stack, &e.Number, &e.Lifecycle, &e.Phase, &e.Message, &e.Revision, &owner, &started, &ended); err != nil {
		return nil, err
	}
	e.Started, e.Ended = moment(started), moment(ended)
	if err := json.Unmarshal([]byte(owner), &e.Owner); err != nil {
		return nil, fmt.Errorf("decode the owner of execution %s: %w", e.ID, err)
	}
	return e, nil
}

// Executions lists executions; see Store. It needs no key.
func (s *SQLite) Executions(ctx context.Context, stack string) ([]*Execution, error) {
	var out []*Execution
	err := s.view(ctx, "the executions", func(t *sql.Tx) error {
		return each(ctx, t, func(r *sql.Rows) error {
			e, err := scanExecution(r.Scan)
			out = append(out, e)
			return err
		}, `SELECT `+executionColumns+` FROM executions WHERE stack = ?1 OR ?1 = '' ORDER BY started DESC, number DESC`, stack)
	})
	return out, err
}

// Execution returns one execution with its steps; see Store. It needs no key.
func (s *SQLite) Execution(ctx context.Context, id string) (*Execution, error) {
	var e *Execution
	err := s.view(ctx, "execution "+id, func(t *sql.Tx) (err error) {
		e, err = scanExecution(t.QueryRowContext(ctx, `SELECT `+executionColumns+` FROM executions WHERE id = ?`, id).Scan)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("execution %q: %w", id, ErrNotFound)
		}
		if err != nil {
			return err
		}
		var records []Record
		err = eachRecord(ctx, t, id, func(r Record, _ string) error {
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
	err := s.view(ctx, "the journal of "+execution, func(t *sql.Tx) error {
		return eachRecord(ctx, t, execution, func(r Record, request string) (err error) {
			r.Request, err = s.unseal(stack, request, "journal/"+r.Node, &sealed)
			out = append(out, r)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return out, sealed.errOrNil()
}

// eachRecord calls do for each record of an execution in order; the request
// comes as it is stored.
func eachRecord(ctx context.Context, t *sql.Tx, execution string, do func(r Record, request string) error) error {
	return each(ctx, t, func(rows *sql.Rows) error {
		r := Record{Execution: execution}
		var kind, request, operation, dependsOn, sensitive string
		var at int64
		err := rows.Scan(&r.Seq, &r.Node, &r.Type, &r.Action, &kind, &r.Phase, &r.Attempt, &request, &operation, &r.ObjectID, &r.Error, &dependsOn, &sensitive, &at)
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
		return do(r, request)
	}, `SELECT seq, node, type, action, kind, phase, attempt, request, operation, object_id, error, depends_on, sensitive, at
		FROM journal WHERE execution = ? ORDER BY seq`, execution)
}

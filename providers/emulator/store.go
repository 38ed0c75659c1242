package emulator

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"modernc.org/sqlite" // also the driver "sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// schemaVersion is kept in SQLite's user_version. A file with a higher one was
// written by a newer emulator and is refused.
const schemaVersion = 2

// schema holds every object as a JSON document beside what finds it, the work
// that has not ended yet, and the log of changing requests. Times are
// nanoseconds since 1970.
const schema = `
CREATE TABLE objects (
	kind    TEXT NOT NULL,
	id      TEXT NOT NULL,
	project TEXT NOT NULL,
	parent  TEXT NOT NULL,
	name    TEXT NOT NULL,
	created INTEGER NOT NULL,
	data    BLOB NOT NULL,
	place   TEXT NOT NULL DEFAULT '',
	PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE INDEX objects_by_place ON objects (kind, parent, place);
CREATE INDEX objects_by_name ON objects (kind, project, name);

CREATE TABLE work (
	id   TEXT PRIMARY KEY,
	kind TEXT NOT NULL,
	due  INTEGER NOT NULL
);
CREATE INDEX work_by_due ON work (due, id);

CREATE TABLE changes (
	seq        INTEGER PRIMARY KEY AUTOINCREMENT,
	time       INTEGER NOT NULL,
	service    TEXT NOT NULL,
	operation  TEXT NOT NULL,
	method     TEXT NOT NULL,
	path       TEXT NOT NULL,
	body       TEXT NOT NULL,
	status     INTEGER NOT NULL,
	code       TEXT NOT NULL,
	request_id TEXT NOT NULL,
	lost       INTEGER NOT NULL
);`

// placing brings a file of version 1 to version 2, but for the places themselves.
const placing = `
ALTER TABLE objects ADD COLUMN place TEXT NOT NULL DEFAULT '';
DROP INDEX objects_by_parent;
CREATE INDEX objects_by_place ON objects (kind, parent, place);`

// The statements that requests are made of. They are prepared once: reading
// their text takes longer than carrying them out.
const (
	putObject = `INSERT INTO objects (kind, id, project, parent, name, created, data, place) VALUES (?,?,?,?,?,?,?,?)
		ON CONFLICT (kind, id) DO UPDATE SET project=excluded.project, parent=excluded.parent, name=excluded.name, created=excluded.created,
			data=excluded.data, place=excluded.place`
	removeObject  = "DELETE FROM objects WHERE kind = ? AND id = ?"
	objectOfID    = "SELECT data FROM objects WHERE kind = ? AND id = ?"
	objectsOf     = "SELECT data FROM objects WHERE kind = ? AND project = ? ORDER BY id"
	objectsOfAll  = "SELECT data FROM objects WHERE kind = ? ORDER BY id"
	objectsNamed  = "SELECT data FROM objects WHERE kind = ? AND project = ? AND name = ? ORDER BY id"
	objectsWithin = "SELECT data FROM objects WHERE kind = ? AND parent = ? ORDER BY created, id"
	countObjects  = "SELECT count(*) FROM objects WHERE kind = ? AND project = ?"
	countByParent = "SELECT parent, count(*) FROM objects WHERE kind = ? AND project = ? GROUP BY parent"
	countWithin   = "SELECT count(*) FROM objects WHERE kind = ? AND parent = ?"
	placeUpTo     = "SELECT place FROM objects WHERE kind = ? AND parent = ? AND place <= ? ORDER BY place DESC LIMIT 1"
	removeWithin  = "DELETE FROM objects WHERE kind = ? AND parent = ?"
	addWork       = "INSERT INTO work (id, kind, due) VALUES (?,?,?)"
	takeWork      = "DELETE FROM work WHERE id = (SELECT id FROM work WHERE due <= ? ORDER BY due, id LIMIT 1) RETURNING id, kind, due"
	addChange     = `INSERT INTO changes (time, service, operation, method, path, body, status, code, request_id, lost)
		VALUES (?,?,?,?,?,?,?,?,?,?)`
	beginAttempt = "SAVEPOINT attempt"
	undoAttempt  = "ROLLBACK TO attempt"
	endAttempt   = "RELEASE attempt"
)

// busyTimeout is how long a process waits for another one that has the file.
const busyTimeout = 10 * time.Second

// store is the file. It has one connection: SQLite has one writer anyway, and
// nearly every request may write, because it settles work that has ended.
type store struct {
	db       *sql.DB
	prepared map[string]*sql.Stmt // by text
}

// openStore opens or makes the file at path; "" stands for memory.
func openStore(ctx context.Context, path string) (*store, error) {
	dsn := "file::memory:"
	if path != "" {
		if err := makePrivate(path); err != nil {
			return nil, err
		}
		dsn = "file:" + (&url.URL{Path: path}).EscapedPath()
	}
	dsn += fmt.Sprintf("?_txlock=immediate&_pragma=busy_timeout(%d)&_pragma=synchronous(NORMAL)", busyTimeout.Milliseconds())
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	s := &store{db: db}
	for _, step := range []func(context.Context) error{s.enableWAL, s.migrate, s.prepare} {
		if err := step(ctx); err != nil {
			db.Close()
			return nil, fmt.Errorf("opening the cloud file %q: %w", path, err)
		}
	}
	return s, nil
}

// enableWAL switches a new file to write-ahead logging, which needs it alone for
// a moment. SQLite does not apply the busy time-out here, so the wait is ours.
func (s *store) enableWAL(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, busyTimeout)
	defer cancel()
	for {
		_, err := s.db.ExecContext(ctx, "PRAGMA journal_mode = WAL")
		var busy *sqlite.Error
		if !errors.As(err, &busy) || busy.Code()&0xff != sqlite3.SQLITE_BUSY {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (s *store) prepare(ctx context.Context) error {
	s.prepared = map[string]*sql.Stmt{}
	for _, text := range []string{
		putObject, removeObject, objectOfID, objectsOf, objectsOfAll, objectsNamed, objectsWithin, countObjects, countByParent, countWithin,
		placeUpTo, removeWithin,
		addWork, takeWork, beginAttempt, undoAttempt, endAttempt, addChange,
	} {
		stmt, err := s.db.PrepareContext(ctx, text)
		if err != nil {
			return fmt.Errorf("preparing %q: %w", text, err)
		}
		s.prepared[text] = stmt
	}
	return nil
}

// makePrivate makes the file for its owner only: it holds private keys. SQLite
// gives its side files the same mode.
func makePrivate(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("making the cloud file: %w", err)
	}
	return f.Close()
}

// migrate brings an empty file to the schema, and refuses one from the future.
func (s *store) migrate(ctx context.Context) error {
	return s.within(ctx, func(t *tx) error {
		var version int
		if err := t.sql.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
			return fmt.Errorf("reading its version: %w", err)
		}
		var err error
		switch version {
		case schemaVersion:
			return nil
		case 0:
			_, err = t.sql.ExecContext(ctx, schema)
		case 1:
			err = t.place()
		default:
			return fmt.Errorf("it has version %d, but this program knows versions up to %d; use a newer program or another file", version, schemaVersion)
		}
		if err != nil {
			return fmt.Errorf("making its tables: %w", err)
		}
		_, err = t.sql.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", schemaVersion))
		return err
	})
}

// place gives the subnets of a file of version 1 their places.
func (t *tx) place() error {
	if _, err := t.sql.ExecContext(t.ctx, placing); err != nil {
		return err
	}
	rows, err := t.sql.QueryContext(t.ctx, objectsOfAll, kindSubnet)
	if err != nil {
		return err
	}
	subnets, err := scan[subnet](rows)
	if err != nil {
		return err
	}
	for _, s := range subnets {
		if _, err := t.sql.ExecContext(t.ctx, "UPDATE objects SET place = ? WHERE kind = ? AND id = ?", s.object().Place, kindSubnet, s.ID); err != nil {
			return err
		}
	}
	return nil
}

// within runs f in one write transaction, and commits if it returns nil.
func (s *store) within(ctx context.Context, f func(*tx) error) error {
	t, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	defer t.Rollback() //nolint:errcheck // after Commit it has nothing to do
	if err := f(&tx{store: s, sql: t, ctx: ctx}); err != nil {
		return err
	}
	if err := t.Commit(); err != nil {
		return fmt.Errorf("committing: %w", err)
	}
	return nil
}

// tx is one transaction.
type tx struct {
	store *store
	sql   *sql.Tx
	ctx   context.Context
}

// statement is one of the prepared ones, within the transaction.
func (t *tx) statement(text string) *sql.Stmt {
	return t.sql.StmtContext(t.ctx, t.store.prepared[text])
}

// attempt runs f so that its changes vanish if it fails, while the transaction
// goes on.
func (t *tx) attempt(f func() error) error {
	if err := t.exec(beginAttempt); err != nil {
		return err
	}
	failure := f()
	if failure != nil {
		if err := t.exec(undoAttempt); err != nil {
			return errors.Join(failure, err)
		}
	}
	if err := t.exec(endAttempt); err != nil {
		return errors.Join(failure, err)
	}
	return failure
}

// exec carries out one of the prepared statements.
func (t *tx) exec(text string, args ...any) error {
	if _, err := t.statement(text).ExecContext(t.ctx, args...); err != nil {
		return fmt.Errorf("storing: %w", err)
	}
	return nil
}

// Object tells of an object in the cloud what finds it. Its content stays with
// its service.
type Object struct {
	Kind    string    `json:"kind"` // such as "bcs.instance"
	ID      string    `json:"id"`
	Project string    `json:"project"`
	Parent  string    `json:"parent,omitempty"` // ID of the object that it belongs to
	Name    string    `json:"name,omitempty"`
	Created time.Time `json:"created"`
	Place   string    `json:"-"` // among those of the same parent, where their order is asked for
}

// document is what can be stored.
type document interface{ object() Object }

// put stores a document, over an older one of the same kind and ID.
func (t *tx) put(d document) error {
	data, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("encoding %T: %w", d, err)
	}
	o := d.object()
	return t.exec(putObject, o.Kind, o.ID, o.Project, o.Parent, o.Name, o.Created.UnixNano(), data, o.Place)
}

// remove forgets a document. One that is not there is no error.
func (t *tx) remove(d document) error {
	o := d.object()
	return t.exec(removeObject, o.Kind, o.ID)
}

// get reads the document of that kind and ID; nil if there is none.
func get[T any](t *tx, kind, id string) (*T, error) {
	list, err := query[T](t, objectOfID, kind, id)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list[0], nil
}

// all reads a project's documents of a kind, sorted by ID.
func all[T any](t *tx, kind, project string) ([]*T, error) {
	return query[T](t, objectsOf, kind, project)
}

// everyones reads the documents of a kind of all projects, sorted by ID.
func everyones[T any](t *tx, kind string) ([]*T, error) {
	return query[T](t, objectsOfAll, kind)
}

// named reads a project's documents of a kind and name.
func named[T any](t *tx, kind, project, name string) ([]*T, error) {
	return query[T](t, objectsNamed, kind, project, name)
}

// children reads the documents of a kind that belong to an object, oldest first.
func children[T any](t *tx, kind, parent string) ([]*T, error) {
	return query[T](t, objectsWithin, kind, parent)
}

// query reads the documents that one of the prepared statements selects.
func query[T any](t *tx, text string, args ...any) ([]*T, error) {
	rows, err := t.statement(text).QueryContext(t.ctx, args...)
	if err != nil {
		return nil, fmt.Errorf("reading objects: %w", err)
	}
	return scan[T](rows)
}

// scan decodes documents.
func scan[T any](rows *sql.Rows) ([]*T, error) {
	defer rows.Close()
	list := []*T{}
	for rows.Next() {
		var data []byte
		if err := rows.Scan(&data); err != nil {
			return nil, fmt.Errorf("reading an object: %w", err)
		}
		v := new(T)
		if err := json.Unmarshal(data, v); err != nil {
			return nil, fmt.Errorf("decoding a stored %T: %w", v, err)
		}
		list = append(list, v)
	}
	return list, rows.Err()
}

// lastPlace is the highest place up to a given one that an object with a parent
// has; "" if none has any.
func (t *tx) lastPlace(kind, parent, place string) (string, error) {
	var last string
	err := t.statement(placeUpTo).QueryRowContext(t.ctx, kind, parent, place).Scan(&last)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("looking for a place: %w", err)
	}
	return last, nil
}

// count counts a project's documents of a kind.
func (t *tx) count(kind, project string) (int, error) {
	var n int
	err := t.statement(countObjects).QueryRowContext(t.ctx, kind, project).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("counting objects: %w", err)
	}
	return n, nil
}

// counts counts a project's documents of a kind by the object that they belong to.
func (t *tx) counts(kind, project string) (map[string]int, error) {
	rows, err := t.statement(countByParent).QueryContext(t.ctx, kind, project)
	if err != nil {
		return nil, fmt.Errorf("counting objects: %w", err)
	}
	defer rows.Close()
	out := map[string]int{}
	for rows.Next() {
		var parent string
		var n int
		if err := rows.Scan(&parent, &n); err != nil {
			return nil, fmt.Errorf("counting objects: %w", err)
		}
		out[parent] = n
	}
	return out, rows.Err()
}

// work is something that ends by itself.
type work struct {
	id, kind string
	due      time.Time
}

// schedule lets work end at due.
func (t *tx) schedule(kind, id string, due time.Time) error {
	return t.exec(addWork, id, kind, due.UnixNano())
}

// nextDue takes the work that ended first off the list; nil if none has ended.
func (t *tx) nextDue(now time.Time) (*work, error) {
	w, due := &work{}, int64(0)
	err := t.statement(takeWork).QueryRowContext(t.ctx, now.UnixNano()).Scan(&w.id, &w.kind, &due)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking for ended work: %w", err)
	}
	w.due = time.Unix(0, due).UTC()
	return w, nil
}

// Objects lists every object of the cloud, sorted by kind and ID. Work that
// has ended since the last request is settled first.
func (e *Emulator) Objects(ctx context.Context) ([]Object, error) {
	list := []Object{}
	err := e.inside(ctx, func(c *call) error {
		rows, err := c.sql.QueryContext(ctx, "SELECT kind, id, project, parent, name, created FROM objects WHERE kind <> ? ORDER BY kind, id", kindSettings)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var o Object
			var created int64
			if err := rows.Scan(&o.Kind, &o.ID, &o.Project, &o.Parent, &o.Name, &created); err != nil {
				return err
			}
			o.Created = time.Unix(0, created).UTC()
			list = append(list, o)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("listing the emulator's objects: %w", err)
	}
	return list, nil
}

// inside runs f in a transaction of its own, after the work that has ended is
// settled.
func (e *Emulator) inside(ctx context.Context, f func(c *call) error) error {
	return e.store.within(ctx, func(t *tx) error {
		c := &call{tx: t, e: e, now: e.opts.Now(), project: e.opts.ProjectID}
		if err := c.settleDue(); err != nil {
			return err
		}
		return f(c)
	})
}

// newID makes a random UUID (RFC 9562, version 4).
func newID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

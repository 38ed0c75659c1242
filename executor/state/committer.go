package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	sqlite3 "modernc.org/sqlite/lib"
)

// maxBatch is how many calls share one transaction at most: it bounds how long
// the first of them waits.
const maxBatch = 512

// writer is the one connection that writes, and the goroutine that owns it. It
// takes the calls that wait at the same time into one transaction, so that
// they share its sync.
type writer struct {
	path  string
	db    *sql.DB
	conn  *sql.Conn
	now   func() time.Time
	stmts map[string]*sql.Stmt // by text; used by the goroutine alone

	mu     sync.RWMutex // held for reading while sending, so that close can close calls
	closed bool
	calls  chan *call
	done   chan struct{}

	commits atomic.Int64 // transactions so far
}

type call struct {
	ctx context.Context
	do  func(*tx) error
	err chan error
}

func openWriter(ctx context.Context, path string, now func() time.Time) (*writer, error) {
	db, err := open(path, url.Values{"_pragma": {"synchronous(FULL)"}})
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	w := &writer{
		path: path, db: db, now: now, stmts: map[string]*sql.Stmt{},
		calls: make(chan *call, maxBatch), done: make(chan struct{}),
	}
	if err := w.prepare(ctx); err != nil {
		if w.conn != nil {
			w.conn.Close() // else it keeps the file, and what it knows of it
		}
		db.Close()
		return nil, err
	}
	go w.loop()
	return w, nil
}

// prepare checks and migrates the file before it switches it to write-ahead
// logging, which changes it.
func (w *writer) prepare(ctx context.Context) (err error) {
	if w.conn, err = w.db.Conn(ctx); err != nil {
		return err
	}
	if err := w.transaction(ctx, func() error { return migrate(ctx, w.conn, w.path) }); err != nil {
		return err
	}
	return w.enableWAL(ctx)
}

// enableWAL needs the file alone for a moment. SQLite does not apply the busy
// time-out here, so the wait is ours.
func (w *writer) enableWAL(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, busyTimeout)
	defer cancel()
	for {
		var mode string
		err := w.conn.QueryRowContext(ctx, `PRAGMA journal_mode = WAL`).Scan(&mode)
		if err == nil && mode != "wal" {
			return fmt.Errorf("the file system of the state does not support write-ahead logging (journal mode %q)", mode)
		}
		if err == nil || resultCode(err)&0xff != sqlite3.SQLITE_BUSY {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// transaction runs do under the write lock of the file, all or nothing.
func (w *writer) transaction(ctx context.Context, do func() error) error {
	if _, err := w.conn.ExecContext(ctx, `BEGIN IMMEDIATE`); err != nil {
		return err
	}
	err := do()
	if err == nil {
		_, err = w.conn.ExecContext(ctx, `COMMIT`)
	}
	if err != nil {
		// A full disk may have rolled back by itself; then this fails, rightly.
		_, _ = w.conn.ExecContext(context.WithoutCancel(ctx), `ROLLBACK`)
	}
	return err
}

// run has do executed by the committer and waits for the commit.
func (w *writer) run(ctx context.Context, do func(*tx) error) error {
	c := &call{ctx: ctx, do: do, err: make(chan error, 1)}
	if err := w.send(c); err != nil {
		return err
	}
	return <-c.err
}

func (w *writer) send(c *call) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return errClosed
	}
	select {
	case w.calls <- c:
		return nil
	case <-c.ctx.Done():
		return c.ctx.Err()
	}
}

func (w *writer) close() error {
	w.mu.Lock()
	w.closed = true
	close(w.calls)
	w.mu.Unlock()
	<-w.done
	var err error
	for _, s := range w.stmts {
		err = errors.Join(err, s.Close())
	}
	w.shrink()
	return errors.Join(err, w.conn.Close(), w.db.Close())
}

// looseBytes is how much room has to be free in a file before it is written anew
// without it.
const looseBytes = 16 << 20

// shrink gives back the room of what a file held, if that is most of it: what was
// kept for a stack that is gone. Where that fails, as on a full disk or because
// somebody else writes, it is left to the next one.
func (w *writer) shrink() {
	ctx := context.Background()
	var free, pages, size int64
	for name, into := range map[string]*int64{"freelist_count": &free, "page_count": &pages, "page_size": &size} {
		if err := w.conn.QueryRowContext(ctx, "PRAGMA "+name).Scan(into); err != nil {
			return
		}
	}
	if free*size > looseBytes && free > pages/2 {
		_, _ = w.conn.ExecContext(ctx, "VACUUM") // nothing is lost without it
	}
}

func (w *writer) loop() {
	defer close(w.done)
	for first := range w.calls {
		w.commit(w.batch(first))
	}
}

// batch adds to first what waits already.
func (w *writer) batch(first *call) []*call {
	batch := []*call{first}
	for len(batch) < maxBatch {
		select {
		case c, ok := <-w.calls:
			if !ok {
				return batch
			}
			batch = append(batch, c)
		default:
			return batch
		}
	}
	return batch
}

// commit runs a batch in one transaction and answers its calls. A refusal
// concerns its own call only, which changed nothing; any other error undoes
// and fails the whole batch.
func (w *writer) commit(batch []*call) {
	answers := make([]error, len(batch))
	t := &tx{w: w, now: w.now(), fenced: map[Lease]error{}}
	err := w.transaction(context.Background(), func() error {
		for i, c := range batch {
			if answers[i] = c.ctx.Err(); answers[i] != nil {
				continue
			}
			err := c.do(t)
			if err != nil && !isRefusal(err) {
				return err
			}
			answers[i] = err
		}
		return nil
	})
	w.commits.Add(1)
	for i, c := range batch {
		if err != nil && answers[i] == nil {
			answers[i] = err
		}
		c.err <- answers[i]
	}
}

// isRefusal reports whether an error means that the store works but the call
// may not do what it wants.
func isRefusal(err error) bool {
	var held *HeldError
	var key *KeyError
	return errors.Is(err, ErrLeaseLost) || errors.Is(err, ErrNotFound) || errors.Is(err, ErrEnded) || errors.As(err, &held) || errors.As(err, &key)
}

// tx is the transaction of one batch.
type tx struct {
	w      *writer
	now    time.Time
	fenced map[Lease]error // what fence answered, by stack and token alone
}

// exec runs a statement, prepared once per connection.
func (t *tx) exec(query string, args ...any) error {
	s, err := t.stmt(query)
	if err != nil {
		return err
	}
	_, err = s.Exec(args...)
	return err
}

// row runs a query for one row and reports whether there was one.
func (t *tx) row(query string, args []any, into ...any) (bool, error) {
	s, err := t.stmt(query)
	if err != nil {
		return false, err
	}
	err = s.QueryRow(args...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

func (t *tx) stmt(query string) (*sql.Stmt, error) {
	if s := t.w.stmts[query]; s != nil {
		return s, nil
	}
	s, err := t.w.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, fmt.Errorf("prepare statement: %w", err)
	}
	t.w.stmts[query] = s
	return s, nil
}

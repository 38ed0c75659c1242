package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// busyTimeout is how long a connection waits for the lock of another process.
const busyTimeout = 10 * time.Second

// SQLite is the Store in one SQLite file, which several processes may share. A
// file that does not exist reads as an empty store; the first write makes it.
type SQLite struct {
	path string
	keys *Keyring
	now  func() time.Time
	self Owner // host and namespace of this process, for judging other owners

	mu     sync.Mutex // guards what follows
	reader *sql.DB    // nil until a file was there to read
	frozen bool       // the reader sees nothing that is written from now on
	copied string     // folder of the copy that is read; "": none
	writer *writer    // nil until the first write
	closed bool
}

var _ Store = (*SQLite)(nil)

// OpenSQLite opens the store in the file at path, which need not exist yet. A
// file that is broken, of a newer version, or not a state file at all is
// refused and left as it is. keys may be nil: a keyring with the key file
// beside the state.
func OpenSQLite(ctx context.Context, path string, keys *Keyring) (*SQLite, error) {
	if keys == nil {
		keys = NewKeyring("", path)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open state %s: %w", path, err)
	}
	s := &SQLite{path: abs, keys: keys, now: time.Now, self: NewOwner("", time.Now())}
	if err := s.openReader(ctx); err != nil && !errors.Is(err, errNoFile) {
		return nil, err
	}
	keys.bind(storeBook{s})
	return s, nil
}

// Keyring is the keyring that the store seals with, for plan files.
func (s *SQLite) Keyring() *Keyring { return s.keys }

// Path is the absolute path of the state file.
func (s *SQLite) Path() string { return s.path }

// Commits is how many transactions this process has tried to write; each of them
// syncs once. It tells benchmarks how well records share them.
func (s *SQLite) Commits() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.writer == nil {
		return 0
	}
	return s.writer.commits.Load()
}

// Close ends the store after what is being written.
func (s *SQLite) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	var err error
	if s.reader != nil {
		err = s.reader.Close()
	}
	if s.writer != nil {
		err = errors.Join(err, s.writer.close())
	}
	if err = errors.Join(err, s.dropCopy()); err != nil {
		return fmt.Errorf("close state %s: %w", s.path, err)
	}
	return nil
}

var (
	errNoFile = errors.New("no state file yet")
	errClosed = errors.New("the state is closed")
)

// read returns the connections for reading, or errNoFile.
func (s *SQLite) read(ctx context.Context) (*sql.DB, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	if s.reader == nil {
		if err := s.openReader(ctx); err != nil {
			return nil, err
		}
	}
	return s.reader, nil
}

// openReader opens the file for reading and checks what it is. A folder or a
// file that must not be written is read as it lies there.
func (s *SQLite) openReader(ctx context.Context) error {
	there, err := s.present()
	if err != nil {
		return fmt.Errorf("open state %s: %w", s.path, explain(err))
	}
	if !there {
		return errNoFile
	}
	for _, query := range s.readModes() {
		if err = s.openToRead(ctx, s.path, query); err == nil {
			s.frozen = query.Has("immutable")
			return nil
		}
		if !unwritable(err) {
			return fmt.Errorf("open state %s: %w", s.path, explain(err))
		}
	}
	if s.openCopy(ctx) == nil {
		return nil
	}
	return fmt.Errorf("open state %s: %w", s.path, explain(err))
}

// openToRead opens a file for reading in one of the ways.
func (s *SQLite) openToRead(ctx context.Context, path string, query url.Values) error {
	db, err := open(path, query)
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(4)
	if err := check(ctx, db); err != nil {
		db.Close()
		return err
	}
	s.reader = db
	return nil
}

// openCopy reads a copy of the file and its log: the one way that is left to
// see what a dead process has logged where nothing can be written beside it,
// since SQLite keeps an index of the log there. Nobody can be at work then.
// Secrets are as encrypted in the copy as in the file.
func (s *SQLite) openCopy(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "orchestrate-state-") // mode 0700
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(dir)
		}
	}()
	path := filepath.Join(dir, "state.db")
	for _, part := range []string{"", "-wal"} {
		content, err := os.ReadFile(s.path + part)
		if err == nil {
			err = os.WriteFile(path+part, content, 0o600)
		}
		if err != nil {
			return err
		}
	}
	if err := s.openToRead(ctx, path, url.Values{"_pragma": {"query_only(1)"}}); err != nil {
		return err
	}
	s.frozen, s.copied = true, dir
	return nil
}

// thaw closes a reader that would not see what is written; the next read opens
// another one.
func (s *SQLite) thaw() error {
	if !s.frozen {
		return nil
	}
	err := s.reader.Close()
	s.reader, s.frozen = nil, false
	return errors.Join(err, s.dropCopy())
}

func (s *SQLite) dropCopy() error {
	if s.copied == "" {
		return nil
	}
	dir := s.copied
	s.copied = ""
	return os.RemoveAll(dir)
}

// readModes lists the ways to open the file for reading. A log that was not
// folded into the file must not be passed over, so immutable comes only when
// there is none.
func (s *SQLite) readModes() []url.Values {
	modes := []url.Values{
		{"_pragma": {"query_only(1)"}},
		{"_pragma": {"query_only(1)"}, "mode": {"ro"}},
	}
	if info, err := os.Stat(s.path + "-wal"); err != nil || info.Size() == 0 {
		modes = append(modes, url.Values{"immutable": {"1"}, "mode": {"ro"}})
	}
	return modes
}

func open(path string, query url.Values) (*sql.DB, error) {
	if query == nil {
		query = url.Values{}
	}
	query.Add("_pragma", fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()))
	name := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: query.Encode()}
	c, err := sqlite.NewConnector(name.String())
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(c), nil
}

// write hands do to the committer, which runs it inside a transaction shared
// with others. do must check everything before its first change. The answer
// comes once the transaction is durable; ctx is only heeded before do begins.
func (s *SQLite) write(ctx context.Context, what string, do func(*tx) error) error {
	w, err := s.openWriter(ctx)
	if err == nil {
		err = w.run(ctx, do)
	}
	if err == nil || isRefusal(err) {
		return err
	}
	return fmt.Errorf("%s in state %s: %w", what, s.path, explain(err))
}

func (s *SQLite) openWriter(ctx context.Context) (*writer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	if s.writer != nil {
		return s.writer, nil
	}
	if err := s.create(ctx); err != nil {
		return nil, err
	}
	w, err := openWriter(ctx, s.path, s.now)
	if err != nil {
		return nil, err
	}
	s.writer = w
	return w, s.thaw()
}

// unwritable reports whether SQLite failed because it may not write where it
// has to.
func unwritable(err error) bool {
	switch resultCode(err) & 0xff {
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR:
		return true
	}
	return false
}

func resultCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

// explain adds to an error of the disk or of SQLite what it means here.
func explain(err error) error {
	code := resultCode(err)
	switch code & 0xff {
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("the disk is full, nothing was recorded and nothing was called that needed the record; make room and run the command again: %w", err)
	case sqlite3.SQLITE_IOERR:
		return fmt.Errorf("%s: %w", explainDisk(code), err)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return fmt.Errorf("it cannot be written, so nothing was called that needed the record; check the rights of the file and its folder: %w", err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fmt.Errorf("another process kept it locked for %s; try again: %w", busyTimeout, err)
	case sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("it is not a state file of orchestrate, or it is encrypted or damaged; it was left as it is: %w", err)
	case sqlite3.SQLITE_CORRUPT:
		return fmt.Errorf("it is damaged; it was left as it is, restore it from a copy: %w", err)
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("it cannot be written, so nothing was called that needed the record; check the rights of the file and its folder: %w", err)
	case noRoom(err):
		return fmt.Errorf("the disk is full, nothing was recorded and nothing was called that needed the record; make room and run the command again: %w", err)
	}
	return err
}

// explainDisk says what an error of the disk means. SQLite tells one that is
// full by name only where the system does; a quota and a limit on the size of
// files look like failures.
func explainDisk(code int) string {
	switch code {
	case sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_FSTAT:
		return "the disk failed while it was read; nothing was changed"
	}
	return "it could not be written, so nothing was recorded and nothing was called that needed the record; " +
		"the disk or its quota is full, a limit on the size of files is reached, or the disk is broken: put that right and run the command again"
}

// storeBook answers the keyring's questions from the store.
type storeBook struct{ s *SQLite }

func (b storeBook) salt() ([]byte, error) {
	ctx := context.Background()
	const query = `SELECT value FROM meta WHERE name = 'salt'`
	salt, err := b.value(ctx, query)
	if err != nil || salt != nil {
		return salt, err
	}
	// The first write makes the file with its salt.
	if _, err := b.s.openWriter(ctx); err != nil {
		return nil, explain(err)
	}
	return b.value(ctx, query)
}

func (b storeBook) noted() (string, error) {
	id, err := b.value(context.Background(), `SELECT value FROM meta WHERE name = 'key' AND EXISTS (SELECT 1 FROM stacks)`)
	return string(id), err
}

// note leaves the note of a faster process in place once there is a stack.
func (b storeBook) note(id string) error {
	return b.s.write(context.Background(), "note the key", func(t *tx) error {
		return t.noteKey(id)
	})
}

// value returns the one value that a query selects, or nil if there is none.
func (b storeBook) value(ctx context.Context, query string) ([]byte, error) {
	db, err := b.s.read(ctx)
	if errors.Is(err, errNoFile) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var value []byte
	err = db.QueryRowContext(ctx, query).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return value, err
}

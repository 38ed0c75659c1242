package state

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// present reports whether there is a state file. A file that is gone is a new
// state only if its log does not lie there still, which SQLite would play into
// another file. An empty one is none of ours: a file appears with its schema in
// it, so what it held is lost.
func (s *SQLite) present() (bool, error) {
	log := leftLog(s.path) // looked at first: a process that is just making the file makes the log last
	info, err := os.Stat(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && log != "":
		return false, fmt.Errorf("it is missing, but its log %s is there; put the file back, from a copy if need be, or, if there is nothing to lose, remove the log too, to begin anew", log)
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case info.IsDir():
		return false, errors.New("it is a folder; name a file")
	case info.Size() > 0:
		return true, nil
	case log != "":
		return false, fmt.Errorf("it is empty, but %s beside it shows that it was not always; put the file back from a copy, or, if there is nothing to lose, remove the empty file and its log, to begin anew", log)
	}
	return false, errors.New("it is empty, as no state ever is; put the file back from a copy, or, if there was none, remove the empty file, to begin anew")
}

// leftLog is the log of SQLite that lies beside a file and holds something, ""
// if there is none.
func leftLog(path string) string {
	for _, log := range []string{path + "-wal", path + "-journal"} {
		if filled(log) {
			return log
		}
	}
	return ""
}

func filled(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Size() > 0
}

// create makes folder and file, for the owner alone; SQLite gives the files
// beside it the same mode. The file appears with its schema in it: a crash
// leaves none that is empty. Of several processes that make it at once, one
// wins.
func (s *SQLite) create(ctx context.Context) error {
	if there, err := s.present(); there || err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(s.path), 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(s.path), ".state-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if err := tmp.Close(); err != nil {
		return err
	}
	w, err := openWriter(ctx, tmp.Name(), s.now)
	if err != nil {
		return err
	}
	if err := w.close(); err != nil {
		return err
	}
	if err := os.Link(tmp.Name(), s.path); err == nil || errors.Is(err, fs.ErrExist) {
		return nil
	}
	return s.createEmpty()
}

// createEmpty makes the file where the file system knows no links; it is then
// filled in place. Who looks at it until then is told that it is empty.
func (s *SQLite) createEmpty() error {
	f, err := os.OpenFile(s.path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// backupName is where the state is copied to before it leaves a schema.
func backupName(path string, schema int) string {
	return fmt.Sprintf("%s.schema%d.bak", path, schema)
}

// backup copies a state file before it is migrated. The caller holds its write
// lock, so that the copy is exactly what is migrated. A copy from an earlier
// attempt is replaced.
func backup(ctx context.Context, path string, schema int) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".backup-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()
	db, err := open(path, nil)
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, `VACUUM INTO ?`, tmp.Name()); err != nil {
		return err
	}
	if err := tmp.Sync(); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), backupName(path, schema)); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes the names in a folder durable. Windows does so by itself and
// has no call for it.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

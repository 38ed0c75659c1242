package data

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"runtime"
	"syscall"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// seen is what is at a path.
type seen struct {
	there   bool   // a regular file
	other   string // what else is there, such as "a folder"; "": nothing
	content []byte
	mode    fs.FileMode
}

// as reports whether a file is just what is wanted.
func (s seen) as(want wanted) bool {
	return s.there && bytes.Equal(s.content, want.content) && modeText(s.mode, modeText(want.mode, "")) == modeText(want.mode, "")
}

// look reads what is at a path, without following a link that is there itself.
func look(root *os.Root, name string) (seen, error) {
	info, err := root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return seen{}, nil
	case leadsOut(err):
		return seen{other: "behind a link that leads out of the folder"}, nil
	case err != nil:
		return seen{}, diskError("look at "+name, err)
	case !info.Mode().IsRegular():
		return seen{other: kindOf(info.Mode())}, nil
	}
	f, err := root.Open(name)
	if err != nil {
		return seen{}, diskError("open "+name, err)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	switch {
	case err != nil:
		return seen{}, diskError("read "+name, err)
	case len(content) > maxFileBytes:
		return seen{}, &providers.Error{
			Kind:    providers.Invalid,
			Message: fmt.Sprintf("%s holds more than the %d MiB that a file of a stack may have", name, maxFileBytes>>20),
			Advice:  "Something else has written it: move it away, and plan again.",
		}
	}
	return seen{there: true, content: content, mode: info.Mode()}, nil
}

// leadsOut reports whether a link on the way to a file leads out of the folder. The
// os package has no name for that error.
func leadsOut(err error) bool { return err != nil && reason(err) == "path escapes from parent" }

func kindOf(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "a folder"
	case m&fs.ModeSymlink != 0:
		return "a symbolic link"
	}
	return "no regular file"
}

// put writes a file so that it is there whole or not at all, also after a loss of
// power. Unless it replaces one, nothing may be there.
func put(root *os.Root, want wanted, replaces bool) error {
	folder := path.Dir(want.path)
	if err := root.MkdirAll(folder, 0o700); err != nil {
		return diskError("make the folder "+folder, err)
	}
	temporary := temporaryName(want.path)
	err := fill(root, temporary, want)
	if err == nil {
		err = place(root, temporary, want.path, replaces)
	}
	if err != nil {
		root.Remove(temporary) // it may never have been there
		return err
	}
	return keep(root, folder)
}

// temporaryName is always the same for a path, so that what a crash has left is
// found and removed. Nobody else writes there.
func temporaryName(name string) string {
	sum := sha256.Sum256([]byte(name))
	return path.Join(path.Dir(name), ".orchestrate-"+hex.EncodeToString(sum[:8])+".tmp")
}

// fill writes a temporary file, which nobody else may read while it is filled.
func fill(root *os.Root, name string, want wanted) error {
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return diskError("remove what an interrupted command has left at "+name, err)
	}
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return diskError("make a temporary file beside "+want.path, err)
	}
	_, err = f.Write(want.content)
	err = errors.Join(err, f.Chmod(want.mode), f.Sync(), f.Close())
	if err != nil {
		return diskError("write "+want.path, err)
	}
	return nil
}

// place gives a file its name. A link fails where something has come up meanwhile;
// file systems without links have to do with a renaming.
func place(root *os.Root, temporary, name string, replaces bool) error {
	if !replaces {
		err := root.Link(temporary, name)
		switch {
		case errors.Is(err, fs.ErrExist):
			return taken(name, "has come up meanwhile")
		case err == nil:
			root.Remove(temporary) // else the next one who writes here does
			return nil
		}
	}
	if err := root.Rename(temporary, name); err != nil {
		return diskError("write "+name, err)
	}
	return nil
}

// keep has a folder survive a loss of power as it is now. Where folders can't be
// synced nothing can be done about it.
func keep(root *os.Root, folder string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := root.Open(folder)
	if err != nil {
		return diskError("open the folder "+folder, err)
	}
	defer f.Close()
	err = f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	if err != nil {
		return &providers.Error{Kind: providers.Ambiguous, Message: "write the folder " + folder + ": " + err.Error(), Err: err}
	}
	return nil
}

// remove deletes a file, and what an interrupted command has left beside it.
func remove(root *os.Root, name string) error {
	root.Remove(temporaryName(name)) // hardly ever there
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return diskError("remove "+name, err)
	}
	return keep(root, path.Dir(name))
}

// diskError is a failed access to the disk: nothing was changed by it that counts.
func diskError(doing string, err error) error {
	e := &providers.Error{Kind: providers.Invalid, Message: doing + ": " + reason(err), Err: err}
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		e.Kind, e.Advice = providers.Quota, "Make room on the disk, or raise the limit on the size of files (ulimit -f), then retry."
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		e.Advice = "Run the command where it may write, or give it the right to."
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, fs.ErrExist):
		e.Kind, e.Advice = providers.Conflict, "Choose another path, or move away what is there."
	}
	return e
}

// reason is what the system says, without the path, which may be that of a
// temporary file.
func reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	var l *os.LinkError
	if errors.As(err, &l) {
		return l.Err.Error()
	}
	return err.Error()
}

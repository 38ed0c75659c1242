package dsl

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"syscall"
	"time"

	"github.com/orchestrate-tosca/orchestrate/dsl/internal/archive"
)

// folder is the fs.FS of a package that lies unpacked on disk. Links may lead
// around in the folder, but not out of it.
type folder string

var _ fs.ReadFileFS = folder("")

// Open implements fs.FS.
func (d folder) Open(name string) (fs.File, error) { return opened(d, name) }

// ReadFile implements fs.ReadFileFS.
func (d folder) ReadFile(name string) ([]byte, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrInvalid}
	}
	root, err := os.OpenRoot(string(d))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return readBounded(name, root.Stat, func(name string) (*os.File, error) {
		return root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	})
}

// packed is the fs.FS of an archive, or of one folder in it.
type packed struct {
	archive *archive.Archive
	prefix  string // of the names in the archive: "" or a folder with a slash
}

var _ fs.ReadFileFS = packed{}

// Open implements fs.FS.
func (p packed) Open(name string) (fs.File, error) { return opened(p, name) }

// ReadFile implements fs.ReadFileFS.
func (p packed) ReadFile(name string) ([]byte, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrInvalid}
	}
	text, ok, err := p.archive.ReadFile(p.prefix + name)
	if !ok {
		return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrNotExist}
	}
	return text, err
}

// opened reads a file whole and gives it as an fs.File.
func opened(files fs.ReadFileFS, name string) (fs.File, error) {
	text, err := files.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	return &textFile{Reader: bytes.NewReader(text), name: path.Base(name)}, nil
}

// textFile is a file that was read already.
type textFile struct {
	*bytes.Reader
	name string
}

func (f *textFile) Close() error               { return nil }
func (f *textFile) Stat() (fs.FileInfo, error) { return textInfo{f.name, f.Reader.Size()}, nil }

type textInfo struct {
	name string
	size int64
}

func (i textInfo) Name() string       { return i.name }
func (i textInfo) Size() int64        { return i.size }
func (i textInfo) Mode() fs.FileMode  { return 0o444 }
func (i textInfo) ModTime() time.Time { return time.Time{} }
func (i textInfo) IsDir() bool        { return false }
func (i textInfo) Sys() any           { return nil }

package dsl

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/orchestrate-tosca/orchestrate/dsl/internal/archive"
)

// Content is what a file holds that a property names, by its digest: the file
// itself is read only when somebody needs it.
type Content struct {
	Path   string // in the package, as it is written there
	Size   int64  // in bytes
	SHA256 string // in hexadecimal
}

// FileRule says of a property that its value names a file of the package.
type FileRule struct {
	MaxBytes int64     `json:"maxBytes"`
	Zips     []ZipRule `json:"zip"` // the first that holds counts
}

// String says it as the end of a sentence, without its stop.
func (r *FileRule) String() string {
	text := fmt.Sprintf("names a file of the package, of at most %s, as a path from its root", bytesText(r.MaxBytes))
	for i := range r.Zips {
		text += ". " + r.Zips[i].String()
	}
	return text
}

// bytesText shows a limit in the unit in which it was set.
func bytesText(n int64) string {
	if n%(1<<20) == 0 {
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d bytes", n)
}

// The parts of what stands in the place of a file's name once the file is known.
const (
	ContentPath   = "path"
	ContentSize   = "size"
	ContentSHA256 = "sha256"
)

// contentParts are the types of those parts. What is in a file is known by its
// digest, so that a change of the others alone calls nothing.
var contentParts = map[string]*Property{
	ContentPath:   {Type: "string", Description: "Name of the file in the package.", Recorded: "only the name of the file differs"},
	ContentSize:   {Type: "integer", Description: "Size of the file in bytes.", Recorded: "it goes with the digest"},
	ContentSHA256: {Type: "string", Description: "SHA-256 of the file, in hexadecimal."},
}

// Part returns what the type says of a part of a value: of a map, or of what is
// known of a file; nil if it says nothing.
func (p *Property) Part(key string) *Property {
	if p.File != nil {
		return contentParts[key]
	}
	if q, ok := p.Properties[key]; ok {
		return q
	}
	return p.Additional
}

// PackageAt is the package at a path that was loaded before, for the files that
// properties name: main is the name of its blueprint. One that can't be read any more
// has no files.
func PackageAt(path, main string) fs.FS {
	switch archived, err := isArchive(path); {
	case path == "" || err != nil && !errors.Is(err, fs.ErrNotExist):
		return textFiles{}
	case !archived:
		return folder(filepath.Dir(path)) // the blueprint itself may be another one by now, or be gone
	}
	src, diags := LoadMain(path, main)
	if diags.HasErrors() {
		return textFiles{}
	}
	return src.Files
}

// isArchive reports whether a path that was loaded leads to an archive, and not to a
// blueprint.
func isArchive(path string) (bool, error) {
	named := archive.Extension(path) != ""
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return named, err
	}
	defer f.Close()
	head := make([]byte, 512)
	n, err := io.ReadFull(f, head)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return named || archive.Is(head[:n]), err
}

// Content finds out what a file of the package holds. why says, as the end of a
// sentence, why that can't be used; "" if it can.
func (p *Package) Content(name string, most int64) (c Content, why string) {
	if known, ok := p.contents[name]; ok {
		return known, tooMuch(known.Size, most)
	}
	if known, ok := p.source.Contents[name]; ok {
		return known, ""
	}
	r, size, why := p.open(name)
	if why != "" {
		return c, why
	}
	defer r.Close()
	if why := tooMuch(size, most); why != "" {
		return c, why
	}
	digest := sha256.New()
	n, err := io.Copy(digest, io.LimitReader(r, most+1)) // it may be growing
	if err != nil {
		return c, "it can't be read: " + reason(err)
	}
	c = Content{Path: name, Size: n, SHA256: hex.EncodeToString(digest.Sum(nil))}
	p.contents[name] = c
	return c, tooMuch(n, most)
}

func tooMuch(size, most int64) string {
	if size <= most {
		return ""
	}
	return fmt.Sprintf("it has %d bytes, and at most %d are taken", size, most)
}

// Open begins to read a file of the package that a property names.
func (p *Package) Open(name string) (io.ReadCloser, error) {
	r, _, why := p.open(name)
	if why != "" {
		return nil, fmt.Errorf("open %s: %s", name, why)
	}
	return r, nil
}

func (p *Package) open(name string) (r io.ReadCloser, size int64, why string) {
	resolved, why := within(".", name)
	files := p.source.Beside
	if files == nil {
		files = p.source.Files
	}
	switch {
	case why != "":
		return nil, 0, why
	case files == nil:
		return nil, 0, "the blueprint does not belong to a package"
	}
	var f fs.File
	var err error
	if d, ok := files.(folder); ok {
		f, err = d.stream(resolved)
	} else {
		f, err = files.Open(resolved)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, "the package has no such file"
	}
	if err != nil {
		return nil, 0, "it can't be read: " + reason(err)
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, 0, "it can't be read: " + reason(err)
	}
	return f, info.Size(), ""
}

// reason is the innermost text of an error, without names of folders.
func reason(err error) string {
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	if strings.HasSuffix(err.Error(), "path escapes from parent") { // the os package has no name for it
		return "it is a link that leads out of the package"
	}
	return err.Error()
}

// stream opens a file that may be larger than what is read at once. Links don't
// lead out of the folder, and what is no file is not waited for.
func (d folder) stream(name string) (*os.File, error) {
	root, err := os.OpenRoot(string(d))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errSpecial
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

package dsl

import (
	"archive/zip"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// ZipRule says that a file is a zip archive, and what it may hold: so much of what the
// service is going to refuse can be told before anything is made.
type ZipRule struct {
	When     map[string]string `json:"when"`     // properties of the node with which the rule holds; none: always
	MaxBytes int64             `json:"maxBytes"` // of the archive; 0: no fewer than of any
	Holds    []string          `json:"holds"`    // what it has to hold, and nothing else; none: anything
	MaxFiles int               `json:"maxFiles"` // 0: any number, like the next
	Unpacked int64             `json:"maxUnpackedBytes"`
}

// Zip returns the rule that holds for a node with these properties, of those that are
// known; nil if none does.
func (r *FileRule) Zip(property func(name string) string) *ZipRule {
	for i := range r.Zips {
		z := &r.Zips[i]
		holds := true
		for name, value := range z.When {
			holds = holds && property(name) == value
		}
		if holds {
			return z
		}
	}
	return nil
}

// Archive finds out why a file of the package breaks a rule, as the end of a
// sentence; "" if it does not. Its directory is all that is read of it. What a
// revision has recorded was looked at then, and its file need not be there.
func (p *Package) Archive(name string, z *ZipRule) (why string) {
	if _, known := p.source.Contents[name]; known {
		return ""
	}
	r, size, why := p.open(name)
	if why != "" {
		return why
	}
	defer r.Close()
	at, ok := r.(io.ReaderAt)
	if !ok {
		return "it can't be read from its end, where a zip archive has its directory"
	}
	if z.MaxBytes > 0 && size > z.MaxBytes {
		return tooMuch(size, z.MaxBytes) + z.condition()
	}
	files, err := directory(at, size)
	switch {
	case errors.Is(err, errLarge):
		return "" // nobody can tell without holding it all
	case err != nil:
		return "it is not a zip archive that can be opened, and has to be one" + z.condition()
	}
	if why := z.judge(files); why != "" {
		return why + z.condition()
	}
	return ""
}

// judge tells what is wrong with what an archive holds.
func (z *ZipRule) judge(files []*zip.File) string {
	unpacked := uint64(0)
	for _, f := range files {
		if len(z.Holds) > 0 && !slices.Contains(z.Holds, f.Name) {
			return fmt.Sprintf("it holds %s, and may hold %s only", strconv.Quote(short(f.Name)), strings.Join(z.Holds, " and "))
		}
		if unpacked += f.UncompressedSize64; unpacked < f.UncompressedSize64 {
			unpacked = 1<<64 - 1 // a directory may state anything
			break
		}
	}
	switch {
	case len(files) == 0:
		return "it holds nothing"
	case len(z.Holds) > 0 && len(files) != len(z.Holds):
		return fmt.Sprintf("it holds %d files, and has to hold %s and nothing else", len(files), strings.Join(z.Holds, " and "))
	case z.MaxFiles > 0 && len(files) > z.MaxFiles:
		return fmt.Sprintf("it holds %d files, and at most %d are taken", len(files), z.MaxFiles)
	case z.Unpacked > 0 && unpacked > uint64(z.Unpacked):
		return fmt.Sprintf("it unpacks to %d bytes, and at most %d are taken", unpacked, z.Unpacked)
	}
	return ""
}

// condition ends a sentence with the properties on account of which the rule holds.
func (z *ZipRule) condition() string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(z.When)) {
		out = append(out, name+" is "+z.When[name])
	}
	if len(out) == 0 {
		return ""
	}
	return " where " + strings.Join(out, " and ")
}

// String says the rule as a sentence, without its stop.
func (z *ZipRule) String() string {
	text := cmp.Or(strings.TrimPrefix(z.condition()+" it", " "), "it") + " is a zip archive"
	if z.MaxBytes > 0 {
		text += " of at most " + bytesText(z.MaxBytes)
	}
	if len(z.Holds) > 0 {
		text += " with " + strings.Join(z.Holds, " and ") + " and nothing else"
	}
	if z.MaxFiles > 0 {
		text += fmt.Sprintf(", of at most %d files", z.MaxFiles)
	}
	if z.Unpacked > 0 {
		text += ", which unpacks to at most " + bytesText(z.Unpacked)
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// maxDirectory bounds the directory of an archive that is looked into, in bytes: an
// entry costs several times what it has there.
const maxDirectory = 8 << 20

var errLarge = errors.New("the directory is too large")

// directory reads what an archive holds.
func directory(at io.ReaderAt, size int64) ([]*zip.File, error) {
	r, err := zip.NewReader(&sparing{at, maxDirectory}, size)
	if err != nil {
		return nil, fmt.Errorf("read the directory: %w", err)
	}
	return r.File, nil
}

// sparing reads so much and then no more.
type sparing struct {
	from io.ReaderAt
	left int
}

func (s *sparing) ReadAt(b []byte, at int64) (int, error) {
	if s.left -= len(b); s.left < 0 {
		return 0, errLarge
	}
	n, err := s.from.ReadAt(b, at)
	if err != nil && !errors.Is(err, io.EOF) {
		return n, fmt.Errorf("read: %w", err)
	}
	return n, err
}

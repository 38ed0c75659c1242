// Package archive owns the reading of packages: zip and gzipped tar files that
// hold a blueprint and what it needs. A file's bytes come in; the members'
// names and, at need, their texts come out. Nothing is ever written to disk,
// and what could escape, mislead or explode is refused before anything is
// read: absolute and climbing names, links, devices, two members of one name,
// encryption, bombs. Which member is the blueprint is left to dsl.
package archive

import (
	"bytes"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
)

// Limits bound what a package may cost.
type Limits struct {
	Packed   int // bytes of the archive
	Unpacked int // bytes of all members together
	Members  int
	// Ratio is how many times larger than in the archive a member may be,
	// once it has RatioFrom bytes: text shrinks twenty times, bombs a thousand.
	Ratio, RatioFrom int
}

// DefaultLimits are those of Open. Unpacked is what one document may have, too.
func DefaultLimits() Limits {
	return Limits{Packed: 64 << 20, Unpacked: 64 << 20, Members: 10_000, Ratio: 250, RatioFrom: 1 << 20}
}

// Archive is an opened package.
type Archive struct {
	members map[string]member
}

// member reads the text of one file of the package.
type member func() ([]byte, error)

// Names lists the files of the package, sorted: with slashes, relative to its
// root, and clean.
func (a *Archive) Names() []string { return slices.Sorted(maps.Keys(a.members)) }

// Has reports whether the package holds a file of this name.
func (a *Archive) Has(name string) bool { return a.members[name] != nil }

// ReadFile returns the text of a file; ok is false if there is none.
func (a *Archive) ReadFile(name string) (text []byte, ok bool, err error) {
	read := a.members[name]
	if read == nil {
		return nil, false, nil
	}
	text, err = read()
	return text, true, err
}

// Is reports whether a file is a package, by its first bytes.
func Is(start []byte) bool { return isZip(start) || isGzip(start) }

func isZip(b []byte) bool {
	return bytes.HasPrefix(b, []byte("PK\x03\x04")) || bytes.HasPrefix(b, []byte("PK\x05\x06"))
}

func isGzip(b []byte) bool { return bytes.HasPrefix(b, []byte{0x1f, 0x8b}) }

// Extensions are those of packages (blueprint language, section 2).
func Extensions() []string { return []string{".zip", ".tar.gz", ".tgz"} }

// Extension returns the extension by which a file's name calls it a package,
// as the name writes it, or "".
func Extension(file string) string {
	for _, ext := range Extensions() {
		if len(file) > len(ext) && strings.EqualFold(file[len(file)-len(ext):], ext) {
			return file[len(file)-len(ext):]
		}
	}
	return ""
}

// Open looks through a package. file is its name as users see it. The archive
// is nil if there is anything wrong with it.
func Open(file string, packed []byte, limits Limits) (*Archive, diag.List) {
	o := &opener{file: file, limits: limits, archive: &Archive{members: make(map[string]member)}}
	switch {
	case len(packed) > limits.Packed:
		o.refuse("DSL104", "The package has more than %d bytes. Leave out what the blueprint does not need.", limits.Packed)
	case isZip(packed):
		o.zip(packed)
	case isGzip(packed):
		o.tarGzip(packed)
	default:
		o.refuse("DSL118", "The file is named like a package, but is neither a zip nor a gzipped tar file.")
	}
	if len(o.diags) > 0 {
		return nil, o.diags.Sorted()
	}
	return o.archive, nil
}

type opener struct {
	file     string
	limits   Limits
	archive  *Archive
	unpacked int // bytes of the members so far
	diags    diag.List
}

func (o *opener) refuse(code diag.Code, format string, args ...any) {
	o.diags.Add(code, diag.Range{File: o.file}, format, args...)
}

// maxProblems bounds how many bad members of one package are told.
const maxProblems = 20

func (o *opener) done() bool { return len(o.diags) >= maxProblems }

// entry is what the directory of an archive says of a member.
type entry struct {
	name      string
	directory bool
	special   string // what it is if it is neither a file nor a directory
	size      int64  // unpacked
}

// admit returns the clean name of a member that may be read. The ok of
// directories is false, and so is that of members whose name is in an encoding
// that blueprints can't write.
func (o *opener) admit(e entry) (name string, ok bool) {
	if fault := unsafeName(e.name); fault != "" {
		o.refuse("DSL119", "The member %q %s. Pack the files again from within their folder.", short(e.name), fault)
		return "", false
	}
	if e.special != "" {
		o.refuse("DSL119", "The member %q is %s. Packages hold files and folders only: pack what it leads to in its place.", short(e.name), e.special)
		return "", false
	}
	name = path.Clean(e.name)
	if e.directory || !utf8.ValidString(name) {
		return "", false
	}
	if o.archive.Has(name) {
		o.refuse("DSL119", "The package holds two members named %q, and which one counts would depend on who unpacks it. Remove one.", short(name))
		return "", false
	}
	return name, o.admitSize(e)
}

// admitSize holds members to the limits, one by one and together.
func (o *opener) admitSize(e entry) bool {
	if e.size < 0 || e.size > int64(o.limits.Unpacked-o.unpacked) {
		o.refuse("DSL104", "The package unpacks to more than %d bytes. Leave out what the blueprint does not need.", o.limits.Unpacked)
		return false
	}
	o.unpacked += int(e.size)
	if len(o.archive.members) >= o.limits.Members {
		o.tooMany()
		return false
	}
	return true
}

func (o *opener) tooMany() {
	o.refuse("DSL104", "The package holds more than %d files. Leave out what the blueprint does not need.", o.limits.Members)
}

func (o *opener) bomb(name string, times int64) {
	o.refuse("DSL104", "The member %q unpacks to %d times its size in the package, as bombs do and blueprints don't; %d times is allowed. Pack it without compression if it is meant.", short(name), times, o.limits.Ratio)
}

func (o *opener) damaged(err error) {
	o.refuse("DSL118", "The package is damaged or was cut off: %s. Pack or copy it again.", strings.TrimPrefix(strings.TrimPrefix(err.Error(), "zip: "), "archive/tar: "))
}

// unsafeName completes "The member ...", or is "". Both separators count: what
// is harmless here may not be where the package is unpacked next.
func unsafeName(name string) string {
	parts := strings.FieldsFunc(name, func(c rune) bool { return c == '/' || c == '\\' })
	switch {
	case strings.HasPrefix(name, "/"), strings.HasPrefix(name, `\`), len(name) > 1 && name[1] == ':':
		return "has an absolute name, which would lead out of the package"
	case slices.Contains(parts, ".."):
		return `climbs out of the package with ".."`
	case strings.Contains(name, `\`):
		return "has a backslash in its name; names of members have slashes"
	case len(parts) == 0:
		return "has no name"
	case strings.ContainsFunc(name, unicode.IsControl):
		return "has control characters in its name"
	}
	return ""
}

// short cuts names that a message quotes.
func short(s string) string {
	const most = 120
	if len(s) <= most {
		return s
	}
	return fmt.Sprintf("%s…", strings.ToValidUTF8(s[:most], ""))
}

package dsl

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/internal/archive"
	"github.com/orchestrate-tosca/orchestrate/dsl/internal/yamltree"
)

// MainFile is the name of the blueprint in a folder or package (section 2).
const MainFile = "blueprint.yaml"

// Source is the text of a blueprint, where it was found, and the files that
// lie beside it.
type Source struct {
	File  string // as shown to users: relative if they gave it so
	Dir   string // folder of the file, or of the archive that holds it
	Place string // path whose last element names what was loaded: a folder, or an archive without its extension
	Bytes []byte
	// Main is the name of the blueprint among Files.
	Main string
	// Files is the package: the folder of the file, or the archive. A file is
	// read when it is opened, is bounded in size, and never lies outside of
	// the package, whatever links say. Folders can't be opened.
	Files fs.FS
	// Path is what was loaded: a folder, a file or an archive; "" for texts.
	Path string
	// Contents are those of files that properties name, by their names, where they
	// are known although the files are not at hand.
	Contents map[string]Content
	// Beside is where those files are if not among Files; nil: they are.
	Beside fs.FS
}

// Texts returns the text by name, as diag.Render takes it.
func (s *Source) Texts() map[string][]byte { return map[string][]byte{s.File: s.Bytes} }

// Shown returns the name under which users see one of Files.
func (s *Source) Shown(name string) string {
	return strings.TrimSuffix(s.File, filepath.FromSlash(s.Main)) + filepath.FromSlash(name)
}

// Load reads the blueprint at path: a file, or a folder or package that holds
// MainFile. The source is nil if that failed.
func Load(path string) (*Source, diag.List) { return LoadMain(path, "") }

// LoadMain is Load for a folder or package whose blueprint has another name;
// "" stands for MainFile.
func LoadMain(path, main string) (*Source, diag.List) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	path = filepath.Clean(path)
	if fault := mainFault(main); fault != "" {
		return nil, diag.List{diag.New("DSL115", diag.Range{File: path}, "%q can't be the name of the main file: %s.", short(main), fault)}
	}
	if info.IsDir() {
		return loadFolder(path, main)
	}
	text, diags := readMain(path)
	if diags != nil {
		return nil, diags
	}
	if archive.Is(text) || archive.Extension(path) != "" {
		return loadArchive(path, text, main)
	}
	if main != "" && main != filepath.Base(path) {
		return nil, diag.List{diag.New("DSL115", diag.Range{File: path}, "%s is a file already, so no main file can be chosen in it. Give the folder or package that holds %s.", path, main)}
	}
	return besideFile(path, text), nil
}

// Place returns the Place of what Load would read at path, without reading it.
func Place(path string) string {
	if info, err := os.Stat(path); err != nil || info.IsDir() {
		return path
	}
	if ext := archive.Extension(path); ext != "" {
		return strings.TrimSuffix(path, ext)
	}
	return filepath.Dir(path)
}

// besideFile is the source of a file whose package is its folder.
func besideFile(path string, text []byte) *Source {
	dir := filepath.Dir(path)
	return &Source{File: path, Dir: dir, Place: dir, Bytes: text, Main: filepath.Base(path), Files: folder(dir), Path: path}
}

func loadFolder(dir, main string) (*Source, diag.List) {
	file := filepath.Join(dir, mainOr(main))
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return nil, noMain(dir, mainOr(main), "folder", "", yamlFiles(dir))
	}
	text, err := folder(dir).ReadFile(mainOr(main)) // which links don't lead out of
	if err != nil {
		return nil, unreadable(file, err)
	}
	return besideFile(file, text), nil
}

func loadArchive(path string, text []byte, main string) (*Source, diag.List) {
	a, diags := archive.Open(path, text, archive.DefaultLimits())
	if diags != nil {
		return nil, diags
	}
	p := packed{archive: a}
	if !a.Has(mainOr(main)) {
		p.prefix = commonFolder(a.Names())
	}
	found := p.prefix + mainOr(main)
	if !a.Has(found) {
		return nil, noMain(path, mainOr(main), "package", p.prefix, a.Names())
	}
	text, err := p.ReadFile(mainOr(main))
	if err != nil {
		return nil, diag.List{diag.New("DSL118", diag.Range{File: path}, "The package is damaged: %v. Pack or copy it again.", err)}
	}
	return &Source{
		File: filepath.Join(path, filepath.FromSlash(found)), Dir: filepath.Dir(path), Place: strings.TrimSuffix(path, archive.Extension(path)),
		Bytes: text, Main: mainOr(main), Files: p, Path: path,
	}, nil
}

// commonFolder returns the folder that all files of a package lie in, with a
// slash, for packages that were made of a folder and not of what is in it.
func commonFolder(names []string) string {
	if len(names) == 0 {
		return ""
	}
	top, _, _ := strings.Cut(names[0], "/")
	for _, n := range names {
		if !strings.HasPrefix(n, top+"/") {
			return ""
		}
	}
	return top + "/"
}

func mainOr(main string) string {
	if main == "" {
		return MainFile
	}
	return main
}

const maxMainBytes = 255

var mainNames = regexp.MustCompile(`^[a-zA-Z0-9_]+([-.][a-zA-Z0-9_]+)*\.(yaml|yml|json)$`)

// mainFault completes a sentence about a main file's name (section 2.1), "" if
// it is valid. YAML and JSON are accepted beyond the .yaml of AOS.
func mainFault(main string) string {
	switch {
	case main == "":
		return ""
	case len(main) > maxMainBytes:
		return fmt.Sprintf("it is longer than %d characters", maxMainBytes)
	case !mainNames.MatchString(main):
		return `it is made of letters, digits and "_", with single "-" or "." between them, ends in .yaml, .yml or .json, and names no folder`
	}
	return ""
}

func noMain(path, main, what, prefix string, names []string) diag.List {
	return diag.List{diag.New("DSL115", diag.Range{File: path}, "The %s %s holds no %s.%s", what, path, main, candidates(main, prefix, names))}
}

// candidates names the files at the top of a package that may have been meant.
func candidates(main, prefix string, names []string) string {
	var found []string
	for _, n := range names {
		n = strings.TrimPrefix(n, prefix)
		if mainNames.MatchString(n) && n != main && n != "inputs.yaml" {
			found = append(found, n)
		}
	}
	if close := diag.Closest(main, found); close != "" {
		found = []string{close}
	}
	if len(found) == 0 || len(found) > 5 {
		return ""
	}
	return fmt.Sprintf(" Did you mean %s? Choose it with --main-file %s.", strings.Join(found, " or "), found[0])
}

// yamlFiles lists the files of a folder that may be blueprints.
func yamlFiles(dir string) []string {
	var names []string
	entries, _ := os.ReadDir(dir) // only to make a suggestion
	for _, e := range entries {
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names
}

// maxFileBytes bounds every file that is read.
var maxFileBytes = int64(yamltree.DefaultLimits().Bytes)

// readMain reads a file that the user names, wherever links lead.
func readMain(file string) ([]byte, diag.List) {
	text, err := readBounded(file, os.Stat, func(name string) (*os.File, error) {
		return os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	})
	if err != nil {
		return nil, unreadable(file, err)
	}
	return text, nil
}

// tooLargeError tells that a file is not read because of its size.
type tooLargeError struct{ size int64 }

func (e *tooLargeError) Error() string {
	return fmt.Sprintf("it has %d bytes, and at most %d are read", e.size, maxFileBytes)
}

var errSpecial = errors.New("it is not a file but a folder, a pipe or a device")

// readBounded reads a regular file of bounded size. Pipes and devices may
// never end, and opening a pipe waits for its writer, so they are refused
// before; a pipe that takes the place of the file in between does not block,
// because open does not wait either.
func readBounded(name string, stat func(string) (fs.FileInfo, error), open func(string) (*os.File, error)) ([]byte, error) {
	info, err := stat(name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, &fs.PathError{Op: "read", Path: name, Err: errSpecial}
	case info.Size() > maxFileBytes:
		return nil, &fs.PathError{Op: "read", Path: name, Err: &tooLargeError{info.Size()}}
	}
	f, err := open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text := make([]byte, 0, info.Size()+1)
	for {
		n, err := f.Read(text[len(text):cap(text)])
		text = text[:len(text)+n]
		switch {
		case errors.Is(err, io.EOF):
			return text, nil
		case err != nil:
			return nil, err
		case int64(len(text)) > maxFileBytes:
			return nil, &fs.PathError{Op: "read", Path: name, Err: &tooLargeError{int64(len(text))}}
		case len(text) == cap(text): // it has grown meanwhile
			text = slices.Grow(text, len(text)+1)
		}
	}
}

func unreadable(file string, err error) diag.List {
	at := diag.Range{File: file}
	if large := (*tooLargeError)(nil); errors.As(err, &large) {
		return diag.List{diag.New("DSL104", at, "The file has %d bytes; at most %d are read. Split it into several stacks.", large.size, maxFileBytes)}
	}
	why := err.Error()
	var pe *fs.PathError
	if errors.As(err, &pe) {
		why = pe.Err.Error()
	}
	if strings.HasSuffix(why, "path escapes from parent") { // the os package has no name for it
		why = "it is a link that leads out of the folder; name the file itself if that is meant"
	}
	return diag.List{diag.New("DSL115", at, "%s can't be read: %s.", file, why)}
}

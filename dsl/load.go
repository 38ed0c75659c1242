package dsl

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/internal/yamltree"
)

// MainFile is the name of the blueprint in a folder or package (section 2).
const MainFile = "blueprint.yaml"

// Source is the text of a blueprint and where it was found.
type Source struct {
	File  string // as shown to users: relative if they gave it so
	Dir   string // folder of the file
	Bytes []byte
}

// Texts returns the text by name, as diag.Render takes it.
func (s *Source) Texts() map[string][]byte { return map[string][]byte{s.File: s.Bytes} }

// Load reads the blueprint at path, a file or a folder that holds MainFile.
// The source is nil if that failed.
func Load(path string) (*Source, diag.List) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	file := filepath.Clean(path)
	if info.IsDir() {
		file = filepath.Join(path, MainFile)
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			return nil, diag.List{diag.New("DSL115", diag.Range{File: file}, "The folder %s holds no %s.%s", path, MainFile, candidates(path))}
		}
	}
	for _, ext := range []string{".zip", ".tar.gz", ".tgz"} {
		if strings.HasSuffix(strings.ToLower(file), ext) {
			return nil, diag.List{diag.New("DSL110", diag.Range{File: file}, "Packages (%s) can't be read yet. Unpack it and give the folder.", ext)}
		}
	}
	text, err := readFile(file)
	if err != nil {
		return nil, unreadable(file, err)
	}
	return &Source{File: file, Dir: filepath.Dir(file), Bytes: text}, nil
}

// readFile reads at most one byte more than a document may have: enough for
// the reader to see that it is too large.
func readFile(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, int64(yamltree.DefaultLimits().Bytes)+1))
}

func unreadable(file string, err error) diag.List {
	why := err.Error()
	var pe *fs.PathError
	if errors.As(err, &pe) {
		why = pe.Err.Error()
	}
	return diag.List{diag.New("DSL115", diag.Range{File: file}, "%s can't be read: %s.", file, why)}
}

// candidates names the YAML files of a folder that may have been meant.
func candidates(dir string) string {
	var found []string
	for _, pattern := range []string{"*.yaml", "*.yml"} {
		names, _ := filepath.Glob(filepath.Join(dir, pattern)) // the patterns are valid
		found = append(found, names...)
	}
	if len(found) == 0 || len(found) > 5 {
		return ""
	}
	return " Did you mean " + strings.Join(found, " or ") + "?"
}

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/format"
)

func newFmt(a *app) *cobra.Command {
	f := &formatting{app: a}
	c := &cobra.Command{
		Use:   "fmt [PATH...] [options]",
		Short: "Bring blueprints into their canonical form",
		Long: `Rewrites blueprints, inputs files and orchestrate.yaml in one canonical form and
lists the files that it changed: two blanks of indentation, one order of keys,
calls of functions in one line where they fit, quotes only where they are
needed. Comments, anchors, the order of properties and the blank lines between
node templates stay; what a file says never changes.

A folder is searched for blueprints, inputs*.yaml and orchestrate.yaml; without
PATH it is the current one. A PATH of - formats standard input to standard
output. A file that is not valid YAML is reported and left alone.

With --check nothing is written, and the exit code is 1 if a file is not in its
canonical form; 3 is for files that can't be read as YAML.`,
		Example: examples(
			"orchestrate fmt",
			"orchestrate fmt blueprints --check --diff",
			"orchestrate fmt - < blueprint.yaml",
		),
	}
	c.Flags().BoolVar(&f.check, "check", false, "write nothing; exit with 1 if a file would change")
	c.Flags().BoolVar(&f.diff, "diff", false, "show what would change, and write nothing")
	return command(c, func(_ context.Context, c *cobra.Command, args []string) error {
		return f.run(c, args)
	})
}

// formatting is one run of fmt.
type formatting struct {
	*app
	check, diff bool

	changed  int
	problems diag.List
	sources  map[string][]byte
	failures []error
}

func (f *formatting) run(c *cobra.Command, paths []string) error {
	f.sources = map[string][]byte{}
	if slices.Contains(paths, "-") {
		if len(paths) > 1 {
			return usagef(c, "- stands alone: standard input is one document")
		}
		f.standardInput()
		return f.result()
	}
	if len(paths) == 0 {
		paths = []string{"."}
	}
	for _, path := range paths {
		files, err := formattable(path)
		if err != nil {
			f.failures = append(f.failures, exitCode{exitInvalid, err})
		}
		for _, file := range files {
			f.file(file)
		}
	}
	return f.result()
}

// result tells what went wrong, and how the command ends.
func (f *formatting) result() error {
	if len(f.failures) > 0 {
		if len(f.problems) > 0 {
			f.renderDiagnostics(f.problems, f.sources)
		}
		return errors.Join(f.failures...)
	}
	if f.problems.HasErrors() {
		return &invalid{diags: f.problems, sources: f.sources}
	}
	if f.check && f.changed > 0 {
		return exitCode{code: exitFailed}
	}
	return nil
}

func (f *formatting) standardInput() {
	const name = "standard input"
	src, err := io.ReadAll(io.LimitReader(f.in, format.MaxBytes()+1))
	if err != nil {
		f.failures = append(f.failures, fmt.Errorf("read standard input: %w", err))
		return
	}
	out, ok := f.format(name, src)
	switch {
	case !ok:
	case f.check || f.diff:
		f.report(name, src, out)
	default:
		f.printf("%s", out)
	}
}

// format returns the canonical form; what stands against it is kept for the
// end.
func (f *formatting) format(name string, src []byte) ([]byte, bool) {
	out, problems, err := format.Source(name, src)
	switch {
	case err != nil:
		f.failures = append(f.failures, fmt.Errorf("format %s: %w", name, err))
		return nil, false
	case problems.HasErrors():
		f.problems = append(f.problems, problems...)
		f.sources[name] = src
		return nil, false
	}
	return out, true
}

func (f *formatting) file(name string) {
	src, err := readBounded(name)
	if err != nil {
		f.failures = append(f.failures, err)
		return
	}
	out, ok := f.format(name, src)
	if !ok || bytes.Equal(src, out) {
		return
	}
	f.report(name, src, out)
	if f.check || f.diff {
		return
	}
	if err := replaceFile(name, out); err != nil {
		f.failures = append(f.failures, err)
	}
}

// report names a file that is not in its canonical form, or shows the
// difference.
func (f *formatting) report(name string, src, out []byte) {
	if bytes.Equal(src, out) {
		return
	}
	f.changed++
	if !f.diff {
		f.printf("%s\n", name)
		return
	}
	text := diff.Diff(name, src, name+" (formatted)", out)
	_, text, _ = bytes.Cut(text, []byte("\n")) // its first line repeats the names
	for line := range strings.Lines(string(text)) {
		colour := ""
		switch line[0] {
		case '+':
			colour = green
		case '-':
			colour = red
		case '@':
			colour = cyan
		}
		if colour == "" {
			f.printf("%s", line)
			continue
		}
		f.printf("%s\n", f.outStyle.paint(colour, strings.TrimSuffix(line, "\n")))
	}
}

// readBounded reads a file up to one byte more than a document may have.
func readBounded(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	src, err := io.ReadAll(io.LimitReader(file, format.MaxBytes()+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return src, nil
}

// formattable lists what fmt formats at a path: the file itself, or what is
// found in a folder, sorted.
func formattable(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		if strings.EqualFold(filepath.Ext(path), ".json") {
			return nil, fmt.Errorf("%s is JSON, which has no canonical form here: fmt formats YAML", path)
		}
		return []string{path}, nil
	}
	var files []string
	err = filepath.WalkDir(path, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && file != path && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		case entry.Type().IsRegular() && isOurs(file):
			files = append(files, file)
		}
		return nil
	})
	if err != nil {
		return files, fmt.Errorf("search %s: %w", path, err)
	}
	return files, nil
}

// blueprintKey finds the line that makes a YAML file, readable or not, a
// blueprint of either dialect. Other TOSCA files belong to other tools.
var blueprintKey = regexp.MustCompile(`(?m)^\{?\s*["']?tosca_definitions_version["']?\s*:\s*["']?(huawei)?cloud_tosca_version_`)

// partKeys find the lines that make a YAML file a part of a blueprint: node
// types that consist of node templates, which other TOSCA dialects don't have.
var partKeys = [2]*regexp.Regexp{regexp.MustCompile(`(?m)^node_types\s*:`), regexp.MustCompile(`(?m)^ +node_templates\s*:`)}

// isOurs reports whether a file that was found, and not named, is one of those
// that fmt formats. Other YAML files belong to other tools.
func isOurs(file string) bool {
	base := filepath.Base(file)
	if ext := filepath.Ext(base); ext != ".yaml" && ext != ".yml" {
		return false
	}
	if base == settingsFile || strings.HasPrefix(base, "inputs") {
		return true
	}
	src, err := readBounded(file)
	return err != nil || blueprintKey.Match(src) || partKeys[0].Match(src) && partKeys[1].Match(src)
}

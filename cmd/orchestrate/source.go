package main

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/check"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/expand"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor"
	"github.com/orchestrate-tosca/orchestrate/planner"
)

// source is a blueprint as it was read, and the texts that problems point into.
type source struct {
	file      string              // as shown
	place     string              // path whose last element names the stack by default
	files     fs.FS               // of the package; nil if only the text is known
	shown     func(string) string // names one of files as users see it
	text      []byte
	texts     map[string][]byte // by file as shown
	pack      *dsl.Package
	blueprint *dsl.Blueprint         // as it is written
	flat      *dsl.Blueprint         // expanded with the inputs; nil before
	contents  map[string]dsl.Content // of the files that the expanded one names
	open      executor.Files         // opens them; nil: they are not at hand, but kept with the state
	path      string                 // what was loaded; "": texts
	catalogue dsl.Catalogue
	problems  diag.List // of form and of meaning, warnings too
}

// loadSource reads and checks the blueprint at a path. Problems of the
// blueprint are in the source; an error is anything else.
func (a *app) loadSource(path string) (*source, error) {
	read, problems := dsl.LoadMain(path, a.opts.mainFile)
	if problems.HasErrors() {
		return nil, &invalid{diags: problems.Sorted()}
	}
	s, err := checkSource(read)
	if err != nil {
		return nil, err
	}
	s.open = s.pack.Open
	if a.opts.strictAOS {
		s.strict()
	}
	return s, nil
}

// checkSource parses and checks a blueprint with what it uses of its package.
func checkSource(read *dsl.Source) (*source, error) {
	catalogue, err := dsl.LoadCatalogue()
	if err != nil {
		return nil, fmt.Errorf("load node types: %w", err)
	}
	s := &source{file: read.File, place: read.Place, files: read.Files, shown: read.Shown, text: read.Bytes, catalogue: catalogue, path: read.Path}
	s.pack, s.problems = dsl.ParsePackage(read, catalogue)
	s.blueprint = s.pack.Main
	if s.blueprint != nil {
		s.problems = append(s.problems, check.Run(s.blueprint, catalogue)...)
		nested, found := expand.Nested(s.pack)
		s.problems = append(s.problems, found...)
		for _, bp := range nested {
			s.problems = append(s.problems, check.Run(bp, catalogue)...)
		}
		if read.Contents == nil { // of a revision, only the files are kept that its inputs asked for; see expand
			for _, bp := range append(nested, s.blueprint) {
				_, found := check.Files(bp, catalogue, nil, s.pack)
				s.problems = append(s.problems, found...)
			}
		}
	}
	s.texts = s.pack.Texts()
	s.problems = s.problems.Sorted()
	return s, nil
}

// strict adds what AOS would not understand to the problems.
func (s *source) strict() {
	if s.blueprint == nil {
		return
	}
	nested, _ := expand.Nested(s.pack) // reported already
	for _, bp := range append(nested, s.blueprint) {
		s.problems = append(s.problems, check.Strict(bp)...)
	}
	s.problems = s.problems.Sorted()
}

// expand makes the flat blueprint, in which every node template stands for one
// node, and checks it: names and values of copies are known only now.
func (s *source) expand(inputs map[string]intrinsic.Value, forceTrim bool) diag.List {
	flat, found := expand.Run(s.blueprint, inputs, expand.Options{Catalogue: s.catalogue, Package: s.pack, ForceTrim: forceTrim})
	if flat != s.blueprint && !found.HasErrors() {
		found = append(found, check.Expanded(flat, s.catalogue)...)
	}
	if !found.HasErrors() {
		var more diag.List
		s.contents, more = check.Files(flat, s.catalogue, inputs, s.pack)
		found = append(found, more...)
	}
	s.flat = flat
	for file, text := range s.pack.Texts() {
		s.texts[file] = text
	}
	return found.Sorted()
}

// evaluate finds what only values show: it makes the flat blueprint and plans it
// for a stack that does not exist. What needs the cloud or the state stays
// unknown.
func (s *source) evaluate(inputs map[string]intrinsic.Value) diag.List {
	found := s.expand(inputs, false)
	if found.HasErrors() {
		return found
	}
	unknown := func(string, string) (intrinsic.Value, string) { return intrinsic.Unknown, "" }
	bp, more := expand.Bind(s.flat, inputs, unknown)
	if found = append(found, more...); found.HasErrors() {
		return found
	}
	_, more = planner.Make(planner.Request{Stack: "stack", Blueprint: bp, Catalogue: s.catalogue, Inputs: inputs, Contents: s.contents, Verify: check.Properties})
	return append(found, more...)
}

// err is nil if the blueprint and what was found besides hold no error.
func (s *source) err(more diag.List) error {
	all := append(append(diag.List(nil), s.problems...), more...).Sorted()
	if !all.HasErrors() {
		return nil
	}
	return &invalid{diags: all, sources: s.texts}
}

// stackNames is the rule for names of stacks (blueprint language, section 2.1).
var stackNames = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,62}[a-z0-9])?$`)

// stackName is --stack, else the name of the folder or package at a path.
func (a *app) stackName(place string) (string, error) {
	if name := a.opts.stack; name != "" {
		if !stackNames.MatchString(name) {
			return "", usageError{command: a.command, err: fmt.Errorf("--stack: %q is no name for a stack: 1 to 64 lower-case letters, digits and hyphens, a letter first, no hyphen last", name)}
		}
		return name, nil
	}
	abs, err := filepath.Abs(place)
	if err != nil {
		return "", fmt.Errorf("find the current folder: %w", err)
	}
	name := filepath.Base(abs)
	if !stackNames.MatchString(name) {
		return "", usageError{command: a.command, err: fmt.Errorf("the name %q of the folder or package does not do as the name of a stack (lower-case letters, digits and hyphens, a letter first): name the stack with --stack NAME", name)}
	}
	return name, nil
}

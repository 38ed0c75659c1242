package dsl

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/internal/yamltree"
)

// Package is a blueprint together with the files of its package that it uses:
// those that it imports, and the blueprints of nested stacks.
type Package struct {
	Main *Blueprint // nil when nothing sensible could be read

	source    *Source
	catalogue Catalogue
	texts     map[string][]byte     // by name in the package; without the main file
	stacks    map[string]*Blueprint // by name in the package; nil: unreadable
	contents  map[string]Content    // of files that properties name, as far as they were read
}

// ParsePackage parses the blueprint of a source with all that it imports. A
// blueprint that imports nothing costs what Parse costs.
func ParsePackage(src *Source, cat Catalogue) (*Package, diag.List) {
	p := &Package{source: src, catalogue: cat, texts: map[string][]byte{}, stacks: map[string]*Blueprint{}, contents: map[string]Content{}}
	bp, diags := Parse(src.File, src.Bytes, cat)
	p.Main = bp
	if bp != nil && len(bp.Imports) > 0 {
		diags = append(diags, p.link(bp, src.Main)...).Sorted()
	}
	return p, diags
}

// Texts returns the texts that were read, by the names that ranges have.
func (p *Package) Texts() map[string][]byte {
	out := p.source.Texts()
	for name, text := range p.texts {
		out[p.source.Shown(name)] = text
	}
	return out
}

// Used returns the texts of the files that were read beside the main file, by
// their names in the package; nil if there are none. With them and the main
// file the package can be read again: see Restore.
func (p *Package) Used() map[string][]byte {
	if len(p.texts) == 0 {
		return nil
	}
	return maps.Clone(p.texts)
}

// Restore makes a source of texts that were read before: file is the main
// file's name as it was shown, used what Used returned.
func Restore(file string, text []byte, used map[string][]byte) *Source {
	main := path.Base(filepath.ToSlash(file))
	return &Source{File: file, Dir: ".", Place: ".", Bytes: text, Main: main, Files: textFiles(used)}
}

// textFiles is the fs.FS of texts that are in memory.
type textFiles map[string][]byte

var _ fs.ReadFileFS = textFiles{}

// Open implements fs.FS.
func (t textFiles) Open(name string) (fs.File, error) { return opened(t, name) }

// ReadFile implements fs.ReadFileFS.
func (t textFiles) ReadFile(name string) ([]byte, error) {
	if text, ok := t[name]; ok {
		return text, nil
	}
	return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrNotExist}
}

// read returns the text of a file of the package, or why it can't be read.
func (p *Package) read(name string) ([]byte, string) {
	if text, ok := p.texts[name]; ok {
		return text, ""
	}
	if name == p.source.Main {
		return p.source.Bytes, ""
	}
	if p.source.Files == nil {
		return nil, "the blueprint does not belong to a package"
	}
	text, err := fs.ReadFile(p.source.Files, name)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, "the package has no file " + name
		}
		for inner := err; inner != nil; inner = errors.Unwrap(inner) {
			err = inner
		}
		return nil, fmt.Sprintf("%s can't be read: %v", name, err)
	}
	p.texts[name] = text
	return text, ""
}

// within resolves a name that a file of the package writes to its name in the
// package; why is not "" if it leads out of it.
func within(from, name string) (resolved, why string) {
	switch {
	case strings.Contains(name, "://"):
		return "", "it is an address, and only files of the package are read; put a copy of it there"
	case strings.Contains(name, `\`):
		return "", "folders are parted by /, also on Windows"
	case path.IsAbs(name):
		return "", "it is an absolute path; name it from the folder of this file"
	}
	resolved = path.Join(path.Dir(from), name)
	if !fs.ValidPath(resolved) || resolved == "." {
		return "", "it leads out of the package"
	}
	return resolved, ""
}

// linker brings what is imported into one blueprint.
type linker struct {
	*Package
	into   *Blueprint
	active []string        // files whose imports are being followed
	done   map[string]bool // files that were merged
	diags  diag.List
}

func (p *Package) link(bp *Blueprint, name string) diag.List {
	l := &linker{Package: p, into: bp, active: []string{name}, done: map[string]bool{name: true}}
	l.follow(bp.Imports)
	r := &parser{file: bp.File, dialect: bp.Dialect, catalogue: p.catalogue}
	r.resolveTypes(bp, unresolved(bp))
	return append(l.diags, r.diags...)
}

// unresolved lists the node templates whose type may be a composite, those in
// composites too.
func unresolved(bp *Blueprint) []*NodeTemplate {
	var out []*NodeTemplate
	add := func(nodes []*NodeTemplate) {
		for _, n := range nodes {
			if maybeComposite(n) {
				out = append(out, n)
			}
		}
	}
	add(bp.Nodes)
	for _, t := range bp.Types {
		add(t.Body.Nodes)
	}
	return out
}

// follow merges the files that the last active one imports.
func (l *linker) follow(imports []Name) {
	for _, i := range imports {
		name, why := within(l.active[len(l.active)-1], i.Text)
		if why != "" {
			l.diags.Add("DSL132", i.Range, "%q can't be imported: %s.", short(i.Text), why)
			continue
		}
		if at := slices.Index(l.active, name); at >= 0 {
			l.diags.Add("DSL132", i.Range, "The files import each other: %s.", strings.Join(append(slices.Clone(l.active[at:]), name), " -> "))
			continue
		}
		if l.done[name] {
			continue // by two ways; once is enough
		}
		l.done[name] = true
		text, why := l.read(name)
		if why != "" {
			l.diags.Add("DSL132", i.Range, "%q can't be imported: %s.", short(i.Text), why)
			continue
		}
		part := l.part(name, text)
		if part == nil {
			continue
		}
		l.active = append(l.active, name)
		l.follow(part.Imports)
		l.active = l.active[:len(l.active)-1]
		l.merge(part)
	}
}

// part parses an imported file.
func (l *linker) part(name string, text []byte) *Blueprint {
	file := l.source.Shown(name)
	root, diags := yamltree.Parse(file, text)
	p := &parser{file: file, catalogue: l.catalogue, dialect: l.into.Dialect, diags: diags}
	defer func() { l.diags = append(l.diags, p.diags...) }()
	if root == nil || root.Kind == yamltree.Null {
		return nil
	}
	if root.Kind != yamltree.Map {
		p.wrongForm(root, "An imported file is a map with the keys %s", strings.Join(partKeys, ", "))
		return nil
	}
	bp := &Blueprint{File: file, Dialect: l.into.Dialect}
	for _, pair := range root.Pairs {
		switch key := pair.Key.Text; {
		case key == "tosca_definitions_version":
			if pair.Value.Text != l.into.Dialect.Version {
				p.diags.Add("DSL114", p.rng(pair.Value), "The blueprint that imports this file is of dialect %s; write the same here, or leave the key out.", l.into.Dialect.Version)
			}
		case slices.Contains(partKeys, key):
			p.section(bp, pair)
		case slices.Contains(topLevel, key):
			p.diags.Add("DSL133", p.rng(pair.Key), "An imported file contributes node types, mappings and conditions; %s belongs into the blueprint itself.", key)
		default:
			p.unknownKey(pair.Key, "an imported file", partKeys)
		}
	}
	return bp
}

// partKeys are the keys that an imported file may have.
var partKeys = []string{"conditions", "description", "imports", "mappings", "metadata", "node_types", "tosca_definitions_version"}

// merge adds what a part declares. Names are one space over all files.
func (l *linker) merge(part *Blueprint) {
	for _, t := range part.Types {
		if l.isNew(t.Name, "node type", typeNames(l.into.Types)) {
			t.Body.Enclosing = l.into
			l.into.Types = append(l.into.Types, t)
		}
	}
	for _, m := range part.Mappings {
		if l.isNew(m.Name, "mapping", mappingNames(l.into.Mappings)) {
			l.into.Mappings = append(l.into.Mappings, m)
		}
	}
	for _, c := range part.Conditions {
		if l.isNew(c.Name, "condition", conditionNames(l.into.Conditions)) {
			l.into.Conditions = append(l.into.Conditions, c)
		}
	}
}

func (l *linker) isNew(name Name, what string, known []Name) bool {
	for _, k := range known {
		if k.Text == name.Text {
			l.diags = append(l.diags, diag.New("DSL134", name.Range, "The %s %q is declared in another file of the blueprint too. Rename one of them.", what, name.Text).
				With(k.Range, "the other one"))
			return false
		}
	}
	return true
}

func typeNames(list []*Composite) (out []Name) {
	for _, t := range list {
		out = append(out, t.Name)
	}
	return out
}

func mappingNames(list []*Mapping) (out []Name) {
	for _, m := range list {
		out = append(out, m.Name)
	}
	return out
}

func conditionNames(list []*Condition) (out []Name) {
	for _, c := range list {
		out = append(out, c.Name)
	}
	return out
}

// Stack returns the blueprint of a nested stack. templateID names a file of the
// package, or a folder that holds MainFile, from the package's root; at is
// where it stands. The blueprint is nil if it can't be read; what is wrong with
// it is told once.
func (p *Package) Stack(templateID string, at diag.Range) (*Blueprint, diag.List) {
	name, why := within(".", templateID)
	if why != "" {
		return nil, diag.List{diag.New("DSL226", at, "templateId %q can't be used: %s.", short(templateID), why)}
	}
	switch path.Ext(name) {
	case ".yaml", ".yml", ".json":
	default:
		name = path.Join(name, MainFile)
	}
	if bp, known := p.stacks[name]; known {
		return bp, nil
	}
	text, why := p.read(name)
	if why != "" {
		return nil, diag.List{diag.New("DSL226", at, "templateId names a blueprint of the package, or a folder with %s: %s.", MainFile, why)}
	}
	bp, diags := Parse(p.source.Shown(name), text, p.catalogue)
	if bp != nil && len(bp.Imports) > 0 {
		diags = append(diags, p.link(bp, name)...)
	}
	if bp != nil && bp.Dialect != p.Main.Dialect {
		diags.Add("DSL226", at, "The blueprint %s is of dialect %s, and this one of %s. A stack and those nested in it have one dialect.", name, bp.Dialect.Version, p.Main.Dialect.Version)
		bp = nil
	}
	p.stacks[name] = bp
	return bp, diags.Sorted()
}

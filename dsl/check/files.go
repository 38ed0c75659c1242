package check

import (
	"slices"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

// Package is where the files lie that properties name.
type Package interface {
	// Content finds out what a file holds that has no more than most bytes; why
	// says, as the end of a sentence, why it can't be used.
	Content(name string, most int64) (c dsl.Content, why string)
	// Archive tells in the same way what is against a file where a zip archive is
	// wanted.
	Archive(name string, rule *dsl.ZipRule) (why string)
}

// Files finds the files that the properties of a blueprint name, and says what is
// wrong with them. Without inputs, names that depend on some are passed over; with
// them, every name has to be known.
func Files(bp *dsl.Blueprint, cat dsl.Catalogue, inputs map[string]intrinsic.Value, pack Package) (map[string]dsl.Content, diag.List) {
	names := map[*dsl.Property]bool{}
	f := &fileFinder{judge: judge{checker: &checker{cat: cat}}, names: names}
	if !f.anyNames(bp) {
		return nil, nil
	}
	f = &fileFinder{judge: judge{checker: newChecker(bp, cat)}, pack: pack, found: map[string]dsl.Content{}, names: names}
	f.blueprint(inputs)
	return f.found, f.diags.Sorted()
}

// fileFinder carries one Files.
type fileFinder struct {
	judge
	pack  Package
	found map[string]dsl.Content
	given intrinsic.Value // the properties of the node
	final bool            // what is unknown now stays so until the deployment
	names map[*dsl.Property]bool
}

// anyNames reports whether a node template may name a file: most blueprints have
// none, and are not looked at any further.
func (f *fileFinder) anyNames(bp *dsl.Blueprint) bool {
	for _, n := range bp.Nodes {
		if typ := f.cat[n.TypeName]; typ != nil && f.naming(typ.Properties) {
			return true
		}
	}
	return slices.ContainsFunc(bp.Types, func(t *dsl.Composite) bool { return f.anyNames(t.Body) })
}

func (f *fileFinder) blueprint(inputs map[string]intrinsic.Value) {
	if inputs != nil {
		f.scope.Inputs, f.final = inputs, true
	}
	for _, n := range f.bp.Nodes {
		f.node = n
		typ := f.typeOf(n)
		if typ == nil || !f.naming(typ.Properties) || !f.mayBeDeployed(n) {
			continue
		}
		f.typ = typ
		value, _ := intrinsic.EvalProperties(n.Properties, typ, f.scope) // its problems are told elsewhere
		root := rootOf(n)
		f.given = value
		f.value(&root, typ.Properties, value)
	}
	for _, t := range f.bp.Types {
		body := &fileFinder{judge: judge{checker: newChecker(t.Body, f.cat)}, pack: f.pack, found: f.found, names: f.names}
		body.blueprint(nil)
		f.diags = append(f.diags, body.diags...)
	}
}

// mayBeDeployed is false for a node that surely is not.
func (f *fileFinder) mayBeDeployed(n *dsl.NodeTemplate) bool {
	deployed, unknown := intrinsic.Deployed(n, f.scope)
	return deployed || len(unknown) > 0 && n.Trimmed == ""
}

// naming reports whether a property, or a part of it, names a file.
func (f *fileFinder) naming(p *dsl.Property) bool {
	if p == nil {
		return false
	}
	is, known := f.names[p]
	if known {
		return is
	}
	is = p.File != nil || f.naming(p.Items) || f.naming(p.Additional)
	for _, part := range p.Properties {
		is = f.naming(part) || is
	}
	f.names[p] = is
	return is
}

func (f *fileFinder) value(s *spot, p *dsl.Property, v intrinsic.Value) {
	s.secret = s.secret || p.Sensitive || v.IsSensitive()
	if p.File != nil {
		f.file(s, p, v)
		return
	}
	entries, _ := v.Map()
	for _, key := range v.Keys() {
		if q := p.Part(key); f.naming(q) {
			part := s.entry(key)
			f.value(&part, q, entries[key])
		}
	}
	items, _ := v.List()
	for i := range items {
		if f.naming(p.Items) {
			part := s.item(i, len(items))
			f.value(&part, p.Items, items[i])
		}
	}
}

// file finds the one that a property names. What is no text is told elsewhere.
func (f *fileFinder) file(s *spot, p *dsl.Property, v intrinsic.Value) {
	if v.IsUnknown() {
		if f.final {
			f.addAt(s, "DSL308", "The property %q%s names a file of the package, and which one is not known before the deployment. Write its name, or take it from an input.", s.path(), f.ofCopy())
		}
		return
	}
	scalar, _ := v.Scalar()
	name, isText := scalar.(string)
	if !isText {
		return
	}
	c, why := f.pack.Content(name, p.File.MaxBytes)
	if zip := p.File.Zip(f.property); zip != nil && why == "" {
		why = f.pack.Archive(name, zip)
	}
	if why != "" {
		f.addAt(s, "DSL308", "The property %q%s names a file of the package, as a path from its root, but %s can't be used: %s.", s.path(), f.ofCopy(), shownName(v, s.secret), why)
		return
	}
	f.found[name] = c
}

// property returns a property of the node as text, "" if it has none or it is not
// known yet.
func (f *fileFinder) property(name string) string {
	entries, _ := f.given.Map()
	scalar, _ := entries[name].Scalar()
	text, _ := scalar.(string)
	return text
}

// shownName tells the name, which need not be what the blueprint writes.
func shownName(v intrinsic.Value, secret bool) string {
	if secret {
		return "what it names"
	}
	return intrinsic.Show(v)
}

package dsl

import (
	"strings"
	"unicode/utf8"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/internal/yamltree"
)

// Parse reads a blueprint and reports everything that is wrong with its form.
// file is its name as users see it. The catalogue resolves the names of node
// types; nil leaves them unresolved and unchecked. The blueprint is nil when
// nothing sensible could be read; otherwise it holds what could be, even when
// there are errors, so that the checks can say more.
func Parse(file string, src []byte, cat Catalogue) (*Blueprint, diag.List) {
	root, diags := yamltree.Parse(file, src)
	p := &parser{file: file, catalogue: cat, diags: diags}
	if root == nil {
		if len(diags) == 0 {
			p.diags.Add("DSL106", diag.Range{File: file}, "The file is empty. A blueprint begins with tosca_definitions_version: %s or %s.", DialectC.Version, DialectH.Version)
		}
		return nil, p.diags.Sorted()
	}
	bp := p.blueprint(root)
	if bp != nil && len(bp.Imports) == 0 {
		p.resolveTypes(bp, p.unresolved)
	}
	return bp, p.diags.Sorted()
}

// parser turns the tree of one document into a Blueprint.
type parser struct {
	file      string
	catalogue Catalogue
	typeNames []string // of the catalogue, as the dialect writes them; made at need
	dialect   Dialect
	diags     diag.List
	slab      []Value

	unresolved []*NodeTemplate
	eachUses   []diag.Range // of get_each, in the node template that is being read
}

func (p *parser) rng(n *yamltree.Node) diag.Range { return n.Range(p.file) }

func (p *parser) name(n *yamltree.Node) Name { return Name{Text: n.Text, Range: p.rng(n)} }

// The limits of AOS that this reader only warns about (section 3).
const (
	maxInputs           = 60
	maxMappings         = 10
	maxDescriptionRunes = 1024
)

func (p *parser) blueprint(root *yamltree.Node) *Blueprint {
	if !p.findDialect(root) {
		return nil
	}
	bp := &Blueprint{File: p.file, Dialect: p.dialect}
	for _, pair := range root.Pairs {
		p.section(bp, pair)
	}
	if root.Get("node_templates") == nil {
		p.diags.Add("DSL108", p.rng(root.Pairs[0].Key), "The blueprint has no node_templates, so there is nothing to deploy. Add the section.")
	}
	return bp
}

// topLevel are the keys of section 3.
var topLevel = []string{
	"conditions", "description", "imports", "inputs", "mappings", "metadata", "node_templates", "node_types", "outputs", "policies",
	"tosca_definitions_version",
}

func (p *parser) section(bp *Blueprint, pair yamltree.Pair) {
	switch key := pair.Key.Text; key {
	case "tosca_definitions_version", "metadata": // read already; designer data without effect
	case "description":
		bp.Description = p.text(pair)
		p.limit(utf8.RuneCountInString(bp.Description), maxDescriptionRunes, pair.Key, "The description has %d characters; AOS allows %d.")
	case "inputs":
		p.each(pair, "inputs", func(e yamltree.Pair) { bp.Inputs = append(bp.Inputs, p.input(e)) })
		p.limit(len(bp.Inputs), maxInputs, pair.Key, "The blueprint has %d inputs; AOS allows %d.")
	case "mappings":
		p.each(pair, "mappings", func(e yamltree.Pair) { bp.Mappings = append(bp.Mappings, p.mapping(e)) })
		p.limit(len(bp.Mappings), maxMappings, pair.Key, "The blueprint has %d mappings; AOS allows %d.")
	case "conditions":
		p.each(pair, "conditions", func(e yamltree.Pair) { bp.Conditions = append(bp.Conditions, p.condition(e)) })
	case "imports":
		bp.Imports = p.imports(pair)
	case "node_types":
		p.each(pair, "node types", func(e yamltree.Pair) { bp.Types = append(bp.Types, p.composite(bp, e)) })
	case "node_templates":
		bp.Nodes = make([]*NodeTemplate, 0, len(pair.Value.Pairs))
		p.each(pair, "node templates", func(e yamltree.Pair) { bp.Nodes = append(bp.Nodes, p.node(e)) })
		if pair.Value.Kind == yamltree.Map && len(pair.Value.Pairs) == 0 {
			p.diags.Add("DSL108", p.rng(pair.Key), "The section node_templates is empty, so there is nothing to deploy.")
		}
	case "outputs":
		p.each(pair, "outputs", func(e yamltree.Pair) { bp.Outputs = append(bp.Outputs, p.output(e)) })
	case "policies":
		p.each(pair, "policies", func(e yamltree.Pair) { bp.Policies = append(bp.Policies, p.policy(e)) })
	default:
		p.unknownKey(pair.Key, "a blueprint", topLevel)
	}
}

func (p *parser) limit(n, most int, at *yamltree.Node, format string) {
	if n > most {
		p.diags.Add("DSL117", p.rng(at), format, n, most)
	}
}

// each calls f for the entries of a section whose names are valid.
func (p *parser) each(section yamltree.Pair, what string, f func(yamltree.Pair)) {
	if section.Value.Kind == yamltree.Null && section.Key.Text != "node_templates" {
		return // a section without content
	}
	if section.Value.Kind != yamltree.Map {
		p.wrongForm(section.Value, "The section %s is a map from names to %s", section.Key.Text, what)
		return
	}
	for _, e := range section.Value.Pairs {
		p.checkName(e.Key)
		f(e)
	}
}

const maxNameBytes = 128

// checkName holds names to the letters that real templates use (section 2.1).
func (p *parser) checkName(n *yamltree.Node) {
	if !validName(n.Text) {
		p.diags.Add("DSL113", p.rng(n), `%q can't be a name. Names are made of letters, digits, "-" and "_", do not begin with "-", and have at most %d characters.`, short(n.Text), maxNameBytes)
	}
}

func validName(name string) bool {
	return name != "" && len(name) <= maxNameBytes && name[0] != '-' && madeOf(name, "-_")
}

// madeOf reports whether a text holds only letters and digits of ASCII, and
// the others that are named.
func madeOf(text, others string) bool {
	for i := range len(text) {
		c := text[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(others, c) >= 0) {
			return false
		}
	}
	return true
}

// short cuts text that a message quotes.
func short(s string) string {
	const most = 60
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}

func (p *parser) unknownKey(key *yamltree.Node, of string, known []string) {
	p.diags.Add("DSL107", p.rng(key), "%q is no key of %s.%s Known keys: %s.", short(key.Text), of, diag.DidYouMean(key.Text, known), strings.Join(known, ", "))
}

// wrongForm says what was wanted and what stands there.
func (p *parser) wrongForm(n *yamltree.Node, wanted string, args ...any) {
	p.diags = append(p.diags, diag.New("DSL109", p.rng(n), wanted+"; this is %s.", append(args, kindOf(n))...))
}

// kindOf names what a node is as messages do.
func kindOf(n *yamltree.Node) string {
	if n.Kind == yamltree.Null {
		return "empty"
	}
	return [...]Kind{Null, Bool, Int, Float, String, List, Map}[n.Kind].String()
}

// text returns a scalar as text.
func (p *parser) text(pair yamltree.Pair) string {
	switch pair.Value.Kind {
	case yamltree.List, yamltree.Map:
		p.wrongForm(pair.Value, "The value of %s is a text", pair.Key.Text)
		return ""
	case yamltree.Null:
		return ""
	}
	return pair.Value.Text
}

// nameValue returns a scalar that names something.
func (p *parser) nameValue(pair yamltree.Pair) Name {
	if k := pair.Value.Kind; k == yamltree.List || k == yamltree.Map || k == yamltree.Null || pair.Value.Text == "" {
		p.wrongForm(pair.Value, "The value of %s is a name", pair.Key.Text)
		return Name{}
	}
	return p.name(pair.Value)
}

func (p *parser) boolean(pair yamltree.Pair) bool {
	b, ok := pair.Value.Bool()
	if pair.Value.Kind != yamltree.Bool || !ok {
		p.wrongForm(pair.Value, "The value of %s is true or false, without quotes", pair.Key.Text)
	}
	return b
}

func (p *parser) mapping(e yamltree.Pair) *Mapping {
	m := &Mapping{Name: p.name(e.Key), Objects: &Value{Kind: Map, Range: p.rng(e.Value)}}
	if e.Value.Kind != yamltree.Map {
		p.wrongForm(e.Value, "A mapping is a map from object names to attributes")
		return m
	}
	for _, object := range e.Value.Pairs {
		if object.Value.Kind != yamltree.Map {
			p.wrongForm(object.Value, "An object of a mapping is a map from attribute names to values")
			continue
		}
		v := &Value{Kind: Map, Range: p.rng(object.Value)}
		for _, attr := range object.Value.Pairs {
			v.Entries = append(v.Entries, Entry{Key: p.name(attr.Key), Value: p.constant(attr.Value)})
		}
		m.Objects.Entries = append(m.Objects.Entries, Entry{Key: p.name(object.Key), Value: v})
	}
	return m
}

// constant converts a value in which no function may stand.
func (p *parser) constant(n *yamltree.Node) *Value { return p.value(n, inConstants) }

func (p *parser) condition(e yamltree.Pair) *Condition {
	before := len(p.diags)
	c := &Condition{Name: p.name(e.Key), Expr: p.value(e.Value, inConditions)}
	if !isCondition(c.Expr) && len(p.diags) == before {
		p.wrongForm(e.Value, "A condition is one of cond_eq, cond_not, cond_and, cond_or and cond_if, or the name of another condition")
	}
	return c
}

func (p *parser) output(e yamltree.Pair) *Output {
	o := &Output{Name: p.name(e.Key), Range: diag.Range{File: p.file, Start: e.Key.Start, End: e.Value.End}}
	if e.Value.Kind != yamltree.Map {
		p.wrongForm(e.Value, "An output is a map with the keys value and description")
		return o
	}
	for _, pair := range e.Value.Pairs {
		switch pair.Key.Text {
		case "description":
			o.Description = p.text(pair)
		case "value":
			o.Value = p.value(pair.Value, inOutputs)
		default:
			p.unknownKey(pair.Key, "an output", []string{"description", "value"})
		}
	}
	if o.Value == nil {
		p.diags.Add("DSL108", o.Name.Range, "The output %q has no value.", o.Name.Text)
		o.Value = &Value{Kind: Null, Range: o.Name.Range}
	}
	return o
}

package dsl

import (
	"fmt"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/internal/yamltree"
)

// Composite is a node type that a blueprint defines as a group of node
// templates. Its body is a blueprint of its own: the inputs are the properties
// of the type, the outputs its attributes.
type Composite struct {
	Name        Name
	Description string
	Body        *Blueprint
	Range       diag.Range
}

// Attribute returns the attribute of that name, or nil.
func (c *Composite) Attribute(name string) *Output {
	for _, o := range c.Body.Outputs {
		if o.Name.Text == name {
			return o
		}
	}
	return nil
}

// Each makes several nodes of one node template: Count of them, or one for
// each entry of ForEach. Exactly one of the two is set.
type Each struct {
	Count   *Value
	ForEach *Value
	Former  []Former   // of copies that had names of their own before
	Range   diag.Range // of the key
}

// MaxCopies is how many copies one node template may ask for.
const MaxCopies = 100_000

const maxCopyKeyBytes = 128

// InvalidCopyKey is the message about a key that ValidCopyKey refuses.
const InvalidCopyKey = "%q can't be the key of a copy. Keys are made of letters, digits, \"-\", \"_\" and \".\", and have at most 128 characters."

// ValidCopyKey reports whether a text can stand in the name of a copy. The
// letters are those of other names, so that a full name has one spelling: some
// letters of other scripts look alike, or have two codes.
func ValidCopyKey(key string) bool {
	return key != "" && len(key) <= maxCopyKeyBytes && madeOf(key, "-_.")
}

// Policy is a policy of the blueprint (section 9).
type Policy struct {
	Name       Name
	Type       Name
	Properties []Entry
	Targets    []Name
}

// The node types that are no cloud's, but mean something to the language
// (sections 5.3 and 11), without prefix.
const (
	TypeStack    = "AOS.Stack"
	TypeBatch    = "AOS.Batch"
	TypeExternal = "ExternalNode"
)

// specialType reports whether a name is one of these. No source writes
// ExternalNode with a prefix, so both forms are taken.
func specialType(name string, prefixed bool) bool {
	return prefixed && (name == TypeStack || name == TypeBatch) || name == TypeExternal
}

// Type returns the composite of that name, or nil.
func (b *Blueprint) Type(name string) *Composite {
	for s := b; s != nil; s = s.Enclosing {
		for _, t := range s.Types {
			if t.Name.Text == name {
				return t
			}
		}
	}
	return nil
}

// Index finds by name what a long blueprint has much of.
type Index struct {
	Inputs     map[string]*Input
	Mappings   map[string]*Mapping
	Conditions map[string]*Condition
}

// MakeIndex makes lookups by name fast. The lists must not change afterwards.
func (b *Blueprint) MakeIndex() {
	x := &Index{make(map[string]*Input), make(map[string]*Mapping), make(map[string]*Condition)}
	for _, i := range b.Inputs {
		x.Inputs[i.Name.Text] = i
	}
	for _, m := range b.Mappings {
		x.Mappings[m.Name.Text] = m
	}
	for _, c := range b.Conditions {
		x.Conditions[c.Name.Text] = c
	}
	b.Index = x
}

// nodeType resolves the type of a node template. A name without prefix may be
// a composite that stands further down or in another file, so it waits.
func (p *parser) nodeType(n *NodeTemplate) {
	if maybeComposite(n) {
		p.unresolved = append(p.unresolved, n)
		return
	}
	n.TypeName = p.typeName(n.Type)
}

// maybeComposite reports whether the type of a node template has the form of a
// composite's name.
func maybeComposite(n *NodeTemplate) bool {
	return n.Type.Text != "" && !strings.Contains(n.Type.Text, ".") && n.Type.Text != TypeExternal
}

// resolveTypes ties node templates to the composites of a blueprint.
func (p *parser) resolveTypes(bp *Blueprint, nodes []*NodeTemplate) {
	if len(nodes) == 0 {
		return
	}
	types := make(map[string]*Composite, len(bp.Types))
	var names []string
	for _, t := range bp.Types {
		types[t.Name.Text] = t
		names = append(names, t.Name.Text)
	}
	for _, n := range nodes {
		if t := types[n.Type.Text]; t != nil {
			n.Composite, n.TypeName = t, t.Name.Text
			continue
		}
		if hint := diag.DidYouMean(n.Type.Text, names); hint != "" {
			p.diags.Add("DSL301", n.Type.Range, "No node type is named %q.%s", short(n.Type.Text), hint)
			continue
		}
		p.unknownType(n.Type, n.Type.Text, false)
	}
}

func (p *parser) imports(pair yamltree.Pair) []Name {
	if pair.Value.Kind == yamltree.Null {
		return nil
	}
	return p.names(pair.Value, "Imports are a list of files of the package, such as [types/organization.yaml]", "An import is the name of a file of the package")
}

// names reads a list of names; form and item say what is expected of the whole
// and of each entry.
func (p *parser) names(list *yamltree.Node, form, item string) []Name {
	if list.Kind != yamltree.List {
		p.wrongForm(list, "%s", form)
		return nil
	}
	out := make([]Name, 0, len(list.Items))
	for _, n := range list.Items {
		if n.Kind != yamltree.String || n.Text == "" {
			p.wrongForm(n, "%s", item)
			continue
		}
		out = append(out, p.name(n))
	}
	return out
}

var compositeKeys = []string{"attributes", "conditions", "description", "inputs", "node_templates"}

// composite reads one entry of node_types. bp is the blueprint that declares
// it.
func (p *parser) composite(bp *Blueprint, e yamltree.Pair) *Composite {
	c := &Composite{
		Name: p.name(e.Key), Range: diag.Range{File: p.file, Start: e.Key.Start, End: e.Value.End},
		Body: &Blueprint{File: p.file, Dialect: p.dialect, Enclosing: bp},
	}
	if e.Value.Kind != yamltree.Map {
		p.wrongForm(e.Value, "A node type is a map with the keys %s", strings.Join(compositeKeys, ", "))
		return c
	}
	for _, pair := range e.Value.Pairs {
		switch pair.Key.Text {
		case "description":
			c.Description = p.text(pair)
		case "inputs", "conditions", "node_templates":
			p.section(c.Body, pair)
		case "attributes":
			p.each(pair, "attributes", func(e yamltree.Pair) { c.Body.Outputs = append(c.Body.Outputs, p.output(e)) })
		default:
			p.unknownKey(pair.Key, "a node type", compositeKeys)
		}
	}
	if e.Value.Get("node_templates") == nil {
		p.diags.Add("DSL108", c.Name.Range, "The node type %q has no node_templates, so it stands for nothing. Add the section.", c.Name.Text)
	}
	if in := c.Body.Input("deploy"); in != nil {
		p.diags.Add("DSL113", in.Name.Range, "An input of a node type can't be named deploy: every node template has that property already, which trims it.")
	}
	return c
}

// nodeEach reads count or for_each.
func (p *parser) nodeEach(n *NodeTemplate, pair yamltree.Pair) {
	if n.Each != nil {
		p.diags = append(p.diags, diag.New("DSL109", p.rng(pair.Key), "A node template has count or for_each, not both.").With(n.Each.Range, "the other one"))
		return
	}
	v := p.value(pair.Value, inProperties)
	n.Each = &Each{Range: p.rng(pair.Key)}
	if pair.Key.Text == "count" {
		n.Each.Count = v
		if v.Kind != Int && v.Kind != Call {
			p.wrongForm(pair.Value, "count is a whole number, or a function that gives one")
		}
		return
	}
	n.Each.ForEach = v
	if v.Kind != List && v.Kind != Map && v.Kind != Call {
		p.wrongForm(pair.Value, "for_each is a list of texts or a map, or a function that gives one")
	}
}

// takeDeploy moves the property deploy out of the properties: every type has
// it, and it says nothing to the cloud.
func (p *parser) takeDeploy(n *NodeTemplate) {
	for i, e := range n.Properties {
		if e.Key.Text == "deploy" {
			n.Properties = append(n.Properties[:i:i], n.Properties[i+1:]...)
			p.setDeploy(n, e.Key.Range, e.Value)
			return
		}
	}
}

func (p *parser) nodeDeploy(n *NodeTemplate, key *yamltree.Node, v *Value) {
	p.setDeploy(n, p.rng(key), v)
}

func (p *parser) setDeploy(n *NodeTemplate, at diag.Range, v *Value) {
	if n.Deploy != nil {
		p.diags = append(p.diags, diag.New("DSL109", at, "deploy stands beside the properties and among them; one of the two has to go.").With(n.Deploy.Range, "the other one"))
		return
	}
	if v.Kind != Bool && v.Kind != Call {
		p.diags.Add("DSL109", v.Range, "deploy is true or false, without quotes, or a function that gives one of them; this is %s.", v.Kind)
		return
	}
	n.Deploy = v
}

// checkEachUses refuses get_each where there is nothing to go through.
func (p *parser) checkEachUses(n *NodeTemplate) {
	if n.Each != nil {
		return
	}
	for _, at := range p.eachUses {
		p.diags.Add("DSL116", at, "get_each can't be used here: the node template %q has neither count nor for_each.", n.Name.Text)
	}
}

var policyKeys = []string{"properties", "targets", "type"}

// policy reads one policy (section 9).
func (p *parser) policy(e yamltree.Pair) *Policy {
	q := &Policy{Name: p.name(e.Key)}
	if e.Value.Kind != yamltree.Map {
		p.wrongForm(e.Value, "A policy is a map with the keys %s", strings.Join(policyKeys, ", "))
		return q
	}
	for _, pair := range e.Value.Pairs {
		switch pair.Key.Text {
		case "type":
			q.Type = p.nameValue(pair)
		case "properties":
			q.Properties = p.properties(pair)
		case "targets":
			q.Targets = p.targets(pair)
		default:
			p.unknownKey(pair.Key, "a policy", policyKeys)
		}
	}
	if e.Value.Get("type") == nil {
		p.diags.Add("DSL108", q.Name.Range, "The policy %q has no type.", q.Name.Text)
	}
	if len(q.Targets) == 0 && (e.Value.Get("targets") == nil || e.Value.Get("targets").Kind == yamltree.List) {
		p.diags.Add("DSL108", q.Name.Range, "The policy %q has no targets, so it would have no effect. List node templates under targets.", q.Name.Text)
	}
	return q
}

func (p *parser) targets(pair yamltree.Pair) []Name {
	return p.names(pair.Value, "The targets of a policy are a list of node templates", "A target is the name of a node template")
}

// ParseProperties reads a text as the properties of a node template, with
// functions: what AOS.Batch fills in. Everything in it is said to stand at the
// range of the text, whose lines are not those of the file.
func ParseProperties(text string, at diag.Range, d Dialect) ([]Entry, diag.List) {
	root, found := yamltree.Parse(at.File, []byte(text))
	p := &parser{file: at.File, dialect: d, diags: found}
	var out []Entry
	if root != nil {
		out = p.properties(yamltree.Pair{Key: root, Value: root})
	}
	for _, r := range p.eachUses {
		p.diags.Add("DSL116", r, "get_each can't be used in a batch; use its variables.")
	}
	for i := range out {
		out[i].Key.Range = at
		out[i].Value.Walk(func(v *Value) bool {
			v.Range, v.Function.Range = at, at
			for i := range v.Entries {
				v.Entries[i].Key.Range = at
			}
			return true
		})
	}
	for i := range p.diags {
		p.diags[i].Detail = fmt.Sprintf("Line %d of the filled-in text: %s", p.diags[i].Subject.Start.Line, p.diags[i].Detail)
		p.diags[i].Subject, p.diags[i].Related = at, nil
	}
	return out, p.diags.Sorted()
}

// ResolveType finds the type of a node template that was not written as one:
// bp is the blueprint whose composites can be used.
func ResolveType(n *NodeTemplate, bp *Blueprint, cat Catalogue) diag.List {
	p := &parser{file: n.Type.Range.File, dialect: bp.Dialect, catalogue: cat}
	p.nodeType(n)
	p.resolveTypes(bp, p.unresolved)
	p.takeDeploy(n)
	return p.diags
}

package dsl

import (
	"slices"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/internal/yamltree"
)

var nodeKeys = []string{"condition", "count", "deploy", "for_each", "metadata", "properties", "renamed_from", "requirements", "retain", "type"}

// node reads one node template (section 5).
func (p *parser) node(e yamltree.Pair) *NodeTemplate {
	n := &NodeTemplate{Name: p.name(e.Key), Range: diag.Range{File: p.file, Start: e.Key.Start, End: e.Value.End}}
	if e.Value.Kind != yamltree.Map {
		p.wrongForm(e.Value, "A node template is a map with the keys %s", strings.Join(nodeKeys, ", "))
		return n
	}
	typed := false
	var unknown []yamltree.Pair
	var renamed *yamltree.Pair
	p.eachUses = p.eachUses[:0]
	for _, pair := range e.Value.Pairs {
		switch pair.Key.Text {
		case "type":
			typed = true
			if n.Type = p.nameValue(pair); n.Type.Text != "" {
				p.nodeType(n)
			}
		case "properties":
			n.Properties = p.properties(pair)
		case "requirements":
			n.Requirements = p.requirements(pair)
		case "condition":
			if c := p.nameValue(pair); c.Text != "" {
				n.Condition = &c
			}
		case "count", "for_each":
			p.nodeEach(n, pair)
		case "deploy":
			p.nodeDeploy(n, pair.Key, p.value(pair.Value, inProperties))
		case "renamed_from":
			renamed = &pair
		case "retain":
			p.retain(n, pair)
		case "metadata": // designer data without effect
		default:
			unknown = append(unknown, pair)
		}
	}
	for _, pair := range unknown {
		p.unknownNodeKey(n, pair)
	}
	if !typed {
		p.diags.Add("DSL108", n.Name.Range, "The node template %q has no type.", n.Name.Text)
	}
	if renamed != nil {
		p.renamedFrom(n, *renamed)
	}
	p.takeDeploy(n)
	p.checkEachUses(n)
	return n
}

// unknownNodeKey is asked when the type of the node template is known. A
// property that slipped out of the properties is read as if it stood there, so
// that it is not missing besides.
func (p *parser) unknownNodeKey(n *NodeTemplate, pair yamltree.Pair) {
	key := pair.Key
	switch key.Text {
	case "ExternalNode", "capabilities", "interfaces", "artifacts", "relationships":
		p.diags.Add("DSL110", p.rng(key), "The key %q of a node template can't be carried out. Remove it.", key.Text)
		return
	}
	typ := p.catalogue[n.TypeName]
	if typ == nil || typ.Properties == nil || typ.Properties.Properties[key.Text] == nil {
		p.unknownKey(key, "a node template", nodeKeys)
		return
	}
	p.diags.Add("DSL107", p.rng(key), "%q is no key of a node template but a property of %s: move it under properties.", key.Text, n.Type.Text)
	if !slices.ContainsFunc(n.Properties, func(e Entry) bool { return e.Key.Text == key.Text }) {
		n.Properties = append(n.Properties, Entry{Key: p.name(key), Value: p.value(pair.Value, inProperties)})
	}
}

func (p *parser) properties(pair yamltree.Pair) []Entry {
	switch pair.Value.Kind {
	case yamltree.Null:
		return nil
	case yamltree.Map:
	default:
		p.wrongForm(pair.Value, "The properties of a node template are a map")
		return nil
	}
	out := make([]Entry, 0, len(pair.Value.Pairs))
	for _, e := range pair.Value.Pairs {
		out = append(out, Entry{Key: p.name(e.Key), Value: p.value(e.Value, inProperties)})
	}
	return out
}

func (p *parser) requirements(pair yamltree.Pair) []Requirement {
	switch pair.Value.Kind {
	case yamltree.Null:
		return nil
	case yamltree.List:
	default:
		p.wrongForm(pair.Value, "Requirements are a list, each item a map such as {vpcId: {node: NAME}}")
		return nil
	}
	out := make([]Requirement, 0, len(pair.Value.Items))
	for _, item := range pair.Value.Items {
		if r, ok := p.requirement(item); ok {
			out = append(out, r)
		}
	}
	return out
}

// requirement reads one item of requirements (section 6).
func (p *parser) requirement(item *yamltree.Node) (Requirement, bool) {
	nameless := item.Kind == yamltree.Map && item.Get("node") != nil && item.Get("node").Kind != yamltree.Map
	if item.Kind != yamltree.Map || len(item.Pairs) != 1 || nameless {
		if nameless {
			p.diags.Add("DSL109", p.rng(item), "The requirement has no name. Write {NAME: {node: ...}}, the name usually being the property that ties the two; check the indentation of node.")
			return Requirement{}, false
		}
		p.wrongForm(item, "A requirement is a map with one key, its name, such as {vpcId: {node: NAME}}")
		return Requirement{}, false
	}
	name, body := item.Pairs[0].Key, item.Pairs[0].Value
	r := Requirement{Name: p.name(name), Range: p.rng(item)}
	if body.Kind != yamltree.Map {
		if body.Kind == yamltree.String {
			p.diags.Add("DSL109", p.rng(body), "The target of a requirement is written {node: %s}.", short(body.Text))
		} else {
			p.wrongForm(body, "A requirement names its target with {node: NAME}")
		}
		return r, false
	}
	for _, pair := range body.Pairs {
		switch pair.Key.Text {
		case "node":
			r.Node = p.nameValue(pair)
		case "relationship":
			r.Relationship = p.nameValue(pair)
		default:
			p.unknownKey(pair.Key, "a requirement", []string{"node", "relationship"})
		}
	}
	if body.Get("node") == nil {
		p.diags.Add("DSL108", r.Name.Range, "The requirement %q names no node.", r.Name.Text)
	}
	return r, r.Node.Text != ""
}

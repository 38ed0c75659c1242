package dsl

import (
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/internal/yamltree"
)

// Former is the name that one copy of a node template had before.
type Former struct {
	Key  Name // of the copy
	Name Name // in full, as "orchestrate elements" shows it
}

// renamedFrom reads the name that a node had before; with copies it may be a
// map from their keys. It is asked when it is known whether there are any.
func (p *parser) renamedFrom(n *NodeTemplate, pair yamltree.Pair) {
	n.Extensions = append(n.Extensions, p.name(pair.Key))
	switch {
	case p.isCall(pair, "A name is what the stack has on record"):
	case pair.Value.Kind != yamltree.Map:
		if name := p.nameValue(pair); name.Text != "" && p.formerName(pair.Value) {
			n.RenamedFrom = &name
		}
	case n.Each == nil:
		p.diags.Add("DSL227", p.rng(pair.Value), "The node template %q has neither count nor for_each, so there are no copies to map: write renamed_from: NAME.", n.Name.Text)
	default:
		for _, e := range pair.Value.Pairs {
			if name := p.nameValue(e); name.Text != "" && p.formerName(e.Value) {
				n.Each.Former = append(n.Each.Former, Former{Key: p.name(e.Key), Name: name})
			}
		}
	}
}

// retain reads whether the object stays when its node leaves the stack.
func (p *parser) retain(n *NodeTemplate, pair yamltree.Pair) {
	n.Extensions = append(n.Extensions, p.name(pair.Key))
	if !p.isCall(pair, "It counts when the node is gone from the blueprint, and nothing can be evaluated any more") {
		n.Retain = p.boolean(pair)
	}
}

// isCall refuses a function where the language wants something written out.
func (p *parser) isCall(pair yamltree.Pair, why string) bool {
	v := pair.Value
	call := v.Kind == yamltree.Map && len(v.Pairs) == 1 && IsFunction(v.Pairs[0].Key.Text)
	if call {
		p.diags.Add("DSL116", p.rng(v), "The value of %s is written out, without functions. %s.", pair.Key.Text, why)
	}
	return call
}

// formerName holds a name to the form that the names of elements have.
func (p *parser) formerName(n *yamltree.Node) bool {
	ok := validFullName(n.Text)
	if !ok {
		p.diags.Add("DSL113", p.rng(n), `%q can't be the name that a node had. Such names are written as "orchestrate elements" shows them: NAME, NAME[KEY] for a copy, NAME/NAME for a node inside.`, short(n.Text))
	}
	return ok
}

// validFullName reports whether a text has the form of an element's name.
func validFullName(text string) bool {
	for part := range strings.SplitSeq(text, "/") {
		base, key, keyed := CutKey(part)
		if !validName(base) || keyed && !ValidCopyKey(key) {
			return false
		}
	}
	return true
}

// CutKey parts the name of a node template from the key of a copy.
func CutKey(name string) (base, key string, keyed bool) {
	i := strings.IndexByte(name, '[')
	if i <= 0 || !strings.HasSuffix(name, "]") {
		return name, "", false
	}
	return name[:i], name[i+1 : len(name)-1], true
}

// Extension returns where a key that AOS does not have stands; ok is false if
// the node template does not have it.
func (n *NodeTemplate) Extension(key string) (at diag.Range, ok bool) {
	for _, e := range n.Extensions {
		if e.Text == key {
			return e.Range, true
		}
	}
	return diag.Range{}, false
}

package dsl

import (
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/internal/yamltree"
)

// Args returns the arguments of a Call: the items of a list argument, else the
// argument itself.
func (v *Value) Args() []*Value {
	if v.Argument == nil {
		return nil
	}
	if v.Argument.Kind == List {
		return v.Argument.Items
	}
	return []*Value{v.Argument}
}

// Text returns the text of a String, "" for anything else.
func (v *Value) Text() string {
	if v == nil {
		return ""
	}
	s, _ := v.Scalar.(string)
	return s
}

// Plain returns the value as plain JSON data; a Call anywhere inside gives nil
// there.
func (v *Value) Plain() any {
	switch v.Kind {
	case List:
		out := make([]any, len(v.Items))
		for i := range v.Items {
			out[i] = v.Items[i].Plain()
		}
		return out
	case Map:
		out := make(map[string]any, len(v.Entries))
		for i := range v.Entries {
			out[v.Entries[i].Key.Text] = v.Entries[i].Value.Plain()
		}
		return out
	case Call:
		return nil
	}
	return v.Scalar
}

// String names a kind as messages do.
func (k Kind) String() string {
	switch k {
	case Null:
		return "nothing"
	case Bool:
		return "a boolean"
	case Int:
		return "an integer"
	case Float:
		return "a number"
	case String:
		return "a text"
	case List:
		return "a list"
	case Map:
		return "a map"
	}
	return "a function"
}

// value converts a node and all below it.
func (p *parser) value(n *yamltree.Node, at place) *Value {
	v := p.alloc()
	v.Range = p.rng(n)
	switch n.Kind {
	case yamltree.List:
		v.Kind = List
		v.Items = make([]*Value, len(n.Items))
		for i, item := range n.Items {
			v.Items[i] = p.value(item, at)
		}
	case yamltree.Map:
		v.Kind = Map
		return p.mapValue(v, n, at)
	default:
		scalar(v, n)
	}
	return v
}

func (p *parser) mapValue(v *Value, n *yamltree.Node, at place) *Value {
	v.Entries = make([]Entry, len(n.Pairs))
	for i, pair := range n.Pairs {
		v.Entries[i] = Entry{Key: p.name(pair.Key), Value: p.argument(pair, at, len(n.Pairs) == 1)}
	}
	if len(v.Entries) == 1 && at != 0 {
		if c := p.call(v, at); c != nil {
			return c
		}
	}
	return v
}

// argument converts the value of a pair. Inside the first argument of cond_if
// the comparing functions are allowed wherever it stands; in data it is as
// plain as the rest.
func (p *parser) argument(pair yamltree.Pair, at place, alone bool) *Value {
	list := pair.Value
	if !alone || pair.Key.Text != CondIf || list.Kind != yamltree.List || at == 0 || at&inConstants != 0 {
		return p.value(list, at)
	}
	v := &Value{Kind: List, Range: p.rng(list)}
	for i, item := range list.Items {
		where := at
		if i == 0 {
			where = inConditions
		}
		v.Items = append(v.Items, p.value(item, where))
	}
	return v
}

// scalar sets kind and value of a scalar. An integer beyond 64 bits becomes a
// float.
func scalar(v *Value, n *yamltree.Node) {
	switch n.Kind {
	case yamltree.Bool:
		b, _ := n.Bool()
		v.Kind, v.Scalar = Bool, b
	case yamltree.Int:
		if i, ok := n.Int(); ok {
			v.Kind, v.Scalar = Int, i
			return
		}
		f, _ := n.Float()
		v.Kind, v.Scalar = Float, f
	case yamltree.Float:
		f, _ := n.Float()
		v.Kind, v.Scalar = Float, f
	case yamltree.String:
		v.Kind, v.Scalar = String, n.Text
	}
}

// ParseData reads a YAML or JSON document that is data only: one-key maps are
// maps, whatever the key. The value is nil if the file is empty or unreadable.
func ParseData(file string, src []byte) (*Value, diag.List) {
	root, diags := yamltree.Parse(file, src)
	if root == nil {
		return nil, diags
	}
	p := &parser{file: file}
	return p.value(root, 0), diags
}

const slabValues = 128

// alloc hands values out of slabs: one allocation for many.
func (p *parser) alloc() *Value {
	if len(p.slab) == 0 {
		p.slab = make([]Value, slabValues)
	}
	v := &p.slab[0]
	p.slab = p.slab[1:]
	return v
}

package intrinsic

import (
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
)

// EvalProperties evaluates the properties of a node template. Defaults of the
// node type are filled in, also inside nested objects that are given; what the
// type calls sensitive is marked so; properties that are absent, or null where
// the type does not allow everything, are left out. The result is a map.
// typ may be nil.
func EvalProperties(entries []dsl.Entry, typ *dsl.NodeType, s *Scope) (Value, diag.List) {
	e := evaluator{scope: s}
	v := e.eval(&dsl.Value{Kind: dsl.Map, Entries: entries}, "")
	if typ != nil && typ.Properties != nil {
		v = Complete(v, typ.Properties)
	}
	return v, e.diags
}

// Complete fills in the defaults of a property and of its parts, marks what is
// sensitive, and leaves out typed parts that are null.
func Complete(v Value, p *dsl.Property) Value {
	switch parts := v.v.(type) {
	case map[string]Value:
		v.v = completeMap(parts, p)
	case []Value:
		if p.Items != nil {
			out := make([]Value, len(parts))
			for i := range parts {
				out[i] = Complete(parts[i], p.Items)
			}
			v.v = out
		}
	}
	if p.Sensitive {
		v = v.MarkSensitive()
	}
	return v
}

func completeMap(parts map[string]Value, p *dsl.Property) map[string]Value {
	out := make(map[string]Value, len(parts))
	for key, v := range parts {
		q := p.Properties[key]
		if q == nil {
			q = p.Additional
		}
		switch {
		case q == nil:
			out[key] = v
		case v.IsNull() && q.Type != "": // as if it were not given
		default:
			out[key] = Complete(v, q)
		}
	}
	for key, q := range p.Properties {
		if _, given := out[key]; !given && q.Default != nil {
			out[key] = Complete(Of(q.Default), q)
		}
	}
	return out
}

// ReferenceAttribute says which attribute get_reference stands for in a
// property of that name: refName where the name ends in name, else refID
// (section 7.3). Letter case and a plural s do not count.
func ReferenceAttribute(property string) string {
	p := strings.TrimSuffix(strings.ToLower(property), "s")
	if strings.HasSuffix(p, "name") {
		return "refName"
	}
	return "refID"
}

// References lists the uses of other nodes inside values, in the order of the
// document. The branches of cond_if all count.
func References(values ...*dsl.Value) []Reference {
	var out []Reference
	for _, v := range values {
		v.Walk(func(v *dsl.Value) bool {
			if v.Kind == dsl.Call {
				if r, ok := ReferenceOf(v); ok {
					out = append(out, r)
				}
			}
			return true
		})
	}
	return out
}

// ReferenceOf returns the use of a node that a call itself makes; ok is false
// for functions that use none.
func ReferenceOf(call *dsl.Value) (r Reference, ok bool) {
	switch call.Function.Text {
	case dsl.GetReference:
		return Reference{Node: call.Argument.Text(), Range: call.Argument.Range}, true
	case dsl.GetAttribute:
		args := call.Argument.Items
		return Reference{Node: args[0].Text(), Attribute: args[1].Text(), Range: args[0].Range}, true
	}
	return Reference{}, false
}

// Dependency tells that a node template waits for another.
type Dependency struct {
	Node  string
	Range diag.Range // of the name of the other node
	Via   string     // such as "requirement vpcId" or "property nics"
}

// Dependencies lists what a node template waits for: the targets of its
// requirements and every node that its properties use. Each node is listed
// once, with the first reason, in the order of the document with requirements
// first.
func Dependencies(n *dsl.NodeTemplate) []Dependency {
	d := dependencies{}
	for i := range n.Requirements {
		r := &n.Requirements[i]
		d.add(r.Node.Text, r.Node.Range, "requirement ", r.Name.Text)
	}
	for i := range n.Properties {
		p := &n.Properties[i]
		p.Value.Walk(func(v *dsl.Value) bool {
			if v.Kind == dsl.Call {
				if r, ok := ReferenceOf(v); ok {
					d.add(r.Node, r.Range, "property ", p.Key.Text)
				}
			}
			return true
		})
	}
	return d.list
}

// dependencies collects; few need no index.
type dependencies struct {
	list []Dependency
	seen map[string]bool
}

const fewDependencies = 16

func (d *dependencies) add(node string, at diag.Range, kind, name string) {
	if d.seen[node] {
		return
	}
	if d.seen == nil {
		for i := range d.list {
			if d.list[i].Node == node {
				return
			}
		}
		if len(d.list) == fewDependencies {
			d.seen = make(map[string]bool, 2*fewDependencies)
			for i := range d.list {
				d.seen[d.list[i].Node] = true
			}
		}
	}
	if d.seen != nil {
		d.seen[node] = true
	}
	d.list = append(d.list, Dependency{Node: node, Range: at, Via: kind + name})
}

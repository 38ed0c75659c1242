package expand

import (
	"slices"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

// External reads the attributes of a node of another stack. fault says in a
// clause why it can't ("there is no stack ..."); "" if it can.
type External func(stack, node string) (attributes intrinsic.Value, fault string)

// HasExternal reports whether a blueprint reads nodes of other stacks.
func HasExternal(bp *dsl.Blueprint) bool {
	return slices.ContainsFunc(bp.Nodes, func(n *dsl.NodeTemplate) bool { return n.TypeName == dsl.TypeExternal })
}

// Bind puts what the nodes of other stacks are now in the place of every use
// of an external node, and takes the external nodes out: no step is made for
// them. bp is an expanded blueprint, or one without anything to expand.
func Bind(bp *dsl.Blueprint, inputs map[string]intrinsic.Value, read External) (*dsl.Blueprint, diag.List) {
	if !HasExternal(bp) {
		return bp, nil
	}
	b := binder{scope: &intrinsic.Scope{Blueprint: bp, Inputs: inputs}, found: map[string]intrinsic.Value{}}
	out := *bp
	out.Nodes, out.Outputs = nil, nil
	for _, n := range bp.Nodes {
		if n.TypeName != dsl.TypeExternal || !b.bind(n, read) {
			out.Nodes = append(out.Nodes, n)
		}
	}
	for i, n := range out.Nodes {
		out.Nodes[i] = b.node(n)
	}
	for _, o := range bp.Outputs {
		changed := *o
		changed.Value = b.value(o.Value, "")
		out.Outputs = append(out.Outputs, &changed)
	}
	return &out, b.diags.Sorted()
}

// LeaveOut takes out of a blueprint the external nodes that can't be read, and
// tells why. Their uses stay: evaluating one fails, as with a node that is not
// deployed. It is for who does not evaluate everything.
func LeaveOut(bp *dsl.Blueprint, inputs map[string]intrinsic.Value, read External) (*dsl.Blueprint, diag.List) {
	b := binder{scope: &intrinsic.Scope{Blueprint: bp, Inputs: inputs}, found: map[string]intrinsic.Value{}}
	out := *bp
	out.Nodes = slices.DeleteFunc(slices.Clone(bp.Nodes), func(n *dsl.NodeTemplate) bool {
		before := len(b.diags)
		return n.TypeName == dsl.TypeExternal && b.bind(n, read) && b.diags[before:].HasErrors()
	})
	return &out, b.diags.Sorted()
}

type binder struct {
	scope *intrinsic.Scope
	found map[string]intrinsic.Value
	diags diag.List
}

// bind reads one external node; false if it is not deployed.
func (b *binder) bind(n *dsl.NodeTemplate, read External) bool {
	deployed, diags := intrinsic.Deployed(n, b.scope)
	if b.diags = append(b.diags, diags...); !deployed {
		return false
	}
	stack, node := b.name(n, "stackName"), b.name(n, "nodeName")
	b.found[n.Name.Text] = intrinsic.Unknown
	if stack == "" || node == "" {
		return true
	}
	attributes, fault := read(stack, node)
	if fault != "" {
		b.diags.Add("DSL225", n.Name.Range, "%q can't be read: %s.", n.Name.Text, fault)
		return true
	}
	b.found[n.Name.Text] = attributes
	return true
}

// name evaluates one of the two properties.
func (b *binder) name(n *dsl.NodeTemplate, property string) string {
	v := n.Property(property)
	if v == nil {
		b.diags.Add("DSL225", n.Name.Range, "%q has no %s (SVCSTG.AOS.5003906).", n.Name.Text, property)
		return ""
	}
	known, diags := intrinsic.Eval(v, b.scope)
	b.diags = append(b.diags, diags...)
	scalar, _ := known.Scalar()
	if name, ok := scalar.(string); ok && name != "" {
		return name
	}
	b.diags.Add("DSL225", v.Range, "%s must be a text that is known before the deployment (SVCSTG.AOS.4002018).", property)
	return ""
}

func (b *binder) node(n *dsl.NodeTemplate) *dsl.NodeTemplate {
	out := *n
	out.Properties = make([]dsl.Entry, len(n.Properties))
	for i, e := range n.Properties {
		out.Properties[i] = dsl.Entry{Key: e.Key, Value: b.value(e.Value, e.Key.Text)}
	}
	out.Requirements = slices.DeleteFunc(slices.Clone(n.Requirements), func(r dsl.Requirement) bool {
		_, external := b.found[r.Node.Text]
		return external
	})
	return &out
}

// value rewrites an expression; key is the property that receives it.
func (b *binder) value(v *dsl.Value, key string) *dsl.Value {
	if v == nil {
		return nil
	}
	out := *v
	switch v.Kind {
	case dsl.List:
		out.Items = make([]*dsl.Value, len(v.Items))
		for i, item := range v.Items {
			out.Items[i] = b.value(item, key)
		}
	case dsl.Map:
		out.Entries = make([]dsl.Entry, len(v.Entries))
		for i, e := range v.Entries {
			out.Entries[i] = dsl.Entry{Key: e.Key, Value: b.value(e.Value, e.Key.Text)}
		}
	case dsl.Call:
		if r, ok := intrinsic.ReferenceOf(v); ok {
			if attributes, external := b.found[r.Node]; external {
				return b.attribute(v, r, attributes, key)
			}
		}
		out.Argument = b.value(v.Argument, key)
	default:
		return v
	}
	return &out
}

func (b *binder) attribute(v *dsl.Value, r intrinsic.Reference, attributes intrinsic.Value, key string) *dsl.Value {
	if r.Attribute == "" {
		r.Attribute = intrinsic.ReferenceAttribute(key)
	}
	known, _ := attributes.Get(r.Attribute)
	if known.IsUnknown() {
		return call(dsl.NotKnown, nil, v.Range)
	}
	var path []*dsl.Value
	if v.Function.Text == dsl.GetAttribute {
		path = v.Argument.Items[2:]
	}
	return stepInto(literal(known, v.Range), path)
}

package expand

import (
	"maps"
	"slices"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

func sortedNames[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// trim finds the nodes that can't exist without a trimmed one (section 10).
// They must be trimmed too, or are with ForceTrim.
func (e *expander) trim() {
	off := map[string]bool{}
	for _, n := range e.flat.Nodes {
		if n.Trimmed != "" {
			off[n.Name.Text] = true
		}
	}
	if len(off) == 0 {
		return
	}
	users := e.users()
	for queue := sortedNames(off); len(queue) > 0; queue = queue[1:] {
		for _, n := range users[queue[0]] {
			if off[n.Name.Text] || !e.stays(n) {
				continue
			}
			if need, ok := e.needs(n, off); ok {
				off[n.Name.Text] = true
				queue = append(queue, n.Name.Text)
				e.trimToo(n, need)
			}
		}
	}
	e.trimOutputs(off)
}

// users lists by node the node templates that depend on it.
func (e *expander) users() map[string][]*dsl.NodeTemplate {
	out := map[string][]*dsl.NodeTemplate{}
	for _, n := range e.flat.Nodes {
		for _, d := range intrinsic.Dependencies(n) {
			out[d.Node] = append(out[d.Node], n)
		}
	}
	return out
}

// stays reports whether a node is deployed as far as its condition says.
func (e *expander) stays(n *dsl.NodeTemplate) bool {
	deployed, _ := intrinsic.Deployed(n, e.scope) // what is wrong with it is found later
	return deployed
}

func (e *expander) trimToo(n *dsl.NodeTemplate, need intrinsic.Dependency) {
	if e.ForceTrim {
		n.Trimmed = "it can't exist without " + need.Node + ", which is trimmed"
		return
	}
	e.diags = append(e.diags, diag.New("DSL224", n.Name.Range, "%q can't exist without %q, which is trimmed: its %s needs it (SVCSTG.AOS.4002030). Say deploy: false here too, or give --force-trim.", n.Name.Text, need.Node, need.Via).
		With(need.Range, "needed here"))
}

// needs tells why a node can't exist without one of those that are off.
func (e *expander) needs(n *dsl.NodeTemplate, off map[string]bool) (intrinsic.Dependency, bool) {
	for _, r := range n.Requirements {
		if off[r.Node.Text] && r.Relationship.Text == e.flat.Dialect.Prefix+"Relationships.ContainedIn" {
			return intrinsic.Dependency{Node: r.Node.Text, Range: r.Range, Via: "requirement " + r.Name.Text}, true
		}
	}
	for _, p := range n.Properties {
		if name, at := e.reads(p.Value, off); name != "" {
			return intrinsic.Dependency{Node: name, Range: at, Via: "property " + p.Key.Text}, true
		}
	}
	return intrinsic.Dependency{}, false
}

// reads returns a node that is off and that the value of an expression really
// reads: branches that are not chosen do not count.
func (e *expander) reads(v *dsl.Value, off map[string]bool) (node string, at diag.Range) {
	mentioned := false
	for _, r := range intrinsic.References(v) {
		if off[r.Node] {
			mentioned, at = true, r.Range
			if at.File != v.Range.File {
				at = v.Range // it came in with an attribute of a composite
			}
			break
		}
	}
	if !mentioned {
		return "", at
	}
	scope := *e.scope
	scope.Attribute = func(name, _ string) (intrinsic.Value, bool) {
		if off[name] && node == "" {
			node = name
		}
		return intrinsic.Unknown, true
	}
	intrinsic.Eval(v, &scope) // what is wrong with it is found later
	return node, at
}

// trimOutputs leaves out the outputs that read what is trimmed by force.
func (e *expander) trimOutputs(off map[string]bool) {
	kept := e.flat.Outputs[:0:0]
	for _, o := range e.flat.Outputs {
		name, at := e.reads(o.Value, off)
		switch {
		case name == "":
			kept = append(kept, o)
		case !e.ForceTrim:
			e.diags = append(e.diags, diag.New("DSL224", o.Name.Range, "The output %q reads %q, which is trimmed. Choose its value with cond_if, remove it, or give --force-trim to leave it out.", o.Name.Text, name).
				With(at, "read here"))
		}
	}
	e.flat.Outputs = kept
}

package expand

import (
	"slices"

	"github.com/orchestrate-tosca/orchestrate/dsl"
)

// freeName is the name of requirements that a composite hands on: they tie no
// property of the nodes inside.
const freeName = "dependency"

// requirements are those of the template and those that the instance takes
// over from what it is in, all between nodes of the flat blueprint.
func (i *instance) requirements() []dsl.Requirement {
	out := i.space.resolve(i.template.Requirements)
	if r := i.round; r != nil {
		out = append(slices.Clip(out), free(r.requirements())...)
	}
	if i.after != nil {
		for _, name := range i.after.flatNodes() {
			at := i.template.Name.Range
			out = append(slices.Clip(out), dsl.Requirement{Name: dsl.Name{Text: freeName, Range: at}, Node: dsl.Name{Text: name, Range: at}, Range: at})
		}
	}
	if more := i.space.handedDown(); len(more) > 0 && i.round == nil {
		out = append(slices.Clip(out), more...)
	}
	i.space.charge(len(out), i.template.Name.Range)
	return out
}

// handedDown is what every node of a space requires because of its user.
func (s *space) handedDown() []dsl.Requirement {
	if !s.inherits && s.user != nil {
		s.inherits = true
		s.inherited = free(s.user.requirements())
	}
	return s.inherited
}

func free(list []dsl.Requirement) []dsl.Requirement {
	out := slices.Clone(list)
	for i := range out {
		out[i].Name.Text = freeName
	}
	return out
}

// resolve rewrites requirements: the name of a composite or of several copies
// stands for all nodes in them. It returns the same slice if nothing changes.
func (s *space) resolve(list []dsl.Requirement) []dsl.Requirement {
	same := true
	var out []dsl.Requirement
	for _, r := range list {
		base, key, keyed := dsl.CutKey(r.Node.Text)
		g := s.groups[base]
		if g == nil {
			out = append(out, r)
			continue
		}
		targets := g.copies
		if keyed {
			i := g.byKey[key]
			if i == nil {
				s.noCopy(g, r.Node, key)
				continue
			}
			targets = []*instance{i}
		}
		for _, t := range targets {
			for _, name := range t.flatNodes() {
				q := r
				q.Node.Text = name
				if t.node == nil && t.inner != nil {
					q.Name.Text = freeName
				}
				same = same && name == r.Node.Text
				out = append(out, q)
			}
			if s.full {
				return out
			}
		}
		same = same && len(targets) == 1
	}
	if same && len(out) == len(list) {
		return list
	}
	return out
}

// flatNodes lists the nodes that an instance stands for.
func (i *instance) flatNodes() []string {
	switch {
	case i.nodes != nil:
	case i.inner != nil:
		i.nodes = []string{}
		for _, n := range i.inner.bp.Nodes {
			for _, c := range i.inner.groups[n.Name.Text].copies {
				i.nodes = append(i.nodes, c.flatNodes()...)
			}
		}
	case i.parts != nil:
		for _, p := range i.parts {
			i.nodes = append(i.nodes, p.flatNodes()...)
		}
	default:
		i.nodes = []string{i.name}
	}
	return i.nodes
}

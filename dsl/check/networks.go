package check

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

// network holds addresses to a rule within one node template.
func (j *judge) network(root *spot, r *dsl.Rule, v intrinsic.Value) {
	text, ok := textAt(v, r.Network.Property)
	if !ok || len(j.typ.Properties.Properties[r.Network.Property].Violations(text)) > 0 {
		return // not known, or told already
	}
	switch {
	case r.Network.PartOf != "": // between node templates: networksApart
	case r.Network.HostOf != "":
		within, ok := textAt(v, r.Network.HostOf)
		if !ok {
			return
		}
		if net, problem := parseNetwork(within); problem == "" && !isHost(net, text) {
			j.breaks(root, r, v, fmt.Sprintf(" %s is none of %s.", text, net))
		}
	default:
		net, problem := parseNetwork(text)
		if problem != "" {
			j.breaks(root, r, v, " "+problem)
		} else if !allowed(net, r.Network) {
			j.breaks(root, r, v, fmt.Sprintf(" %s is not.", net))
		}
	}
}

// textAt returns a known text among properties.
func textAt(v intrinsic.Value, name string) (string, bool) {
	e, ok := v.Get(name)
	if !ok {
		return "", false
	}
	scalar, _ := e.Scalar()
	text, ok := scalar.(string)
	return text, ok
}

// parseNetwork reads an IPv4 network. What is wrong with it is told in a
// sentence, "" if nothing is.
func parseNetwork(text string) (net netip.Prefix, problem string) {
	p, err := netip.ParsePrefix(text)
	switch {
	case err != nil || !p.Addr().Is4():
		return p, fmt.Sprintf("%q is no network.", text)
	case p.Masked() != p:
		return p, fmt.Sprintf("%s is an address in the network %s; write the latter.", text, p.Masked())
	}
	return p, ""
}

func allowed(net netip.Prefix, r *dsl.NetworkRule) bool {
	if r.MaxBits > 0 && net.Bits() > r.MaxBits {
		return false
	}
	return len(r.Within) == 0 || slices.ContainsFunc(r.Within, func(outer string) bool {
		p, err := netip.ParsePrefix(outer)
		return err == nil && holds(p, net)
	})
}

// holds tells whether all of inner lies in outer.
func holds(outer, inner netip.Prefix) bool {
	return inner.Bits() >= outer.Bits() && outer.Contains(inner.Addr())
}

// isHost tells whether a host in a network may have an address: it is neither
// the first nor the last one.
func isHost(net netip.Prefix, text string) bool {
	a, err := netip.ParseAddr(text)
	return err == nil && net.Contains(a) && a != net.Addr() && net.Contains(a.Next())
}

// part is a network that a node template has in that of another.
type part struct {
	judge judge
	root  spot
	rule  *dsl.Rule
	value intrinsic.Value
	net   netip.Prefix
	of    *dsl.NodeTemplate
}

// networkParts keeps the networks of a node template that are parts of others'.
func (c *checker) networkParts(n *dsl.NodeTemplate, typ *dsl.NodeType, v intrinsic.Value) {
	for _, r := range typ.Rules {
		if r.Network == nil || r.Network.PartOf == "" {
			continue
		}
		text, ok := textAt(v, r.Network.Property)
		if !ok {
			continue
		}
		net, problem := parseNetwork(text)
		of := c.refersTo(n, r.Network.PartOf)
		if problem == "" && of != nil {
			c.parts = append(c.parts, part{judge{c, n, typ}, rootOf(n), r, v, net, of})
		}
	}
}

// refersTo returns the node template whose object a property names; nil if
// there is none, or it is not known which of several.
func (c *checker) refersTo(n *dsl.NodeTemplate, property string) *dsl.NodeTemplate {
	name := ""
	for i := range n.Requirements {
		if r := &n.Requirements[i]; r.Name.Text == property {
			name = r.Node.Text
		}
	}
	for i := range n.Properties {
		if e := &n.Properties[i]; e.Key.Text == property && e.Value.Kind == dsl.Call {
			if ref, ok := intrinsic.ReferenceOf(e.Value); ok && (ref.Attribute == "" || ref.Attribute == "refID") {
				name = ref.Node
			}
		}
	}
	i, ok := c.nodes[name]
	if !ok || c.bp.Nodes[i].Each != nil || mayBeLeftOut(c.bp.Nodes[i]) {
		return nil
	}
	return c.bp.Nodes[i]
}

// networksApart holds networks to the one that they are parts of, and to each
// other. Larger ones come first, so that an overlap is found by looking for the
// networks around the one at hand.
func (c *checker) networksApart() {
	type holder struct {
		of       *dsl.NodeTemplate
		property string
		net      netip.Prefix
	}
	order := make([]int, len(c.parts))
	for i := range order {
		order[i] = i
		c.inside(c.parts[i])
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(c.parts[a].net.Bits(), c.parts[b].net.Bits()) })
	before := map[holder]int{}
	for _, i := range order {
		p := c.parts[i]
		if mayBeLeftOut(p.judge.node) {
			continue // conditions may exclude each other
		}
		for bits := p.net.Bits(); bits >= 0; bits-- {
			around, _ := p.net.Addr().Prefix(bits)
			if other, ok := before[holder{p.of, p.rule.Network.Property, around}]; ok {
				c.overlap(c.parts[max(i, other)], c.parts[min(i, other)])
				break
			}
		}
		before[holder{p.of, p.rule.Network.Property, p.net}] = i
	}
}

// overlap reports two networks that have addresses in common, at the later one.
func (c *checker) overlap(p, other part) {
	d := p.judge.broken(&p.root, p.rule, p.value, fmt.Sprintf(" %s overlaps %s of %q.", p.net, other.net, other.judge.node.Name.Text))
	c.diags = append(c.diags, d.With(other.judge.node.Name.Range, "declared here"))
}

func (c *checker) inside(p part) {
	outer, ok := literal(p.of, p.rule.Network.Property)
	if !ok {
		return
	}
	if net, problem := parseNetwork(outer.Text()); problem == "" && !holds(net, p.net) {
		d := p.judge.broken(&p.root, p.rule, p.value, fmt.Sprintf(" %s is not within %s of %q.", p.net, net, p.of.Name.Text))
		c.diags = append(c.diags, d.With(outer.Range, "declared here"))
	}
}

// mayBeLeftOut tells whether it depends on values if there is such a node.
func mayBeLeftOut(n *dsl.NodeTemplate) bool { return n.Condition != nil || n.Deploy != nil }

// literal returns a property that is written as a text.
func literal(n *dsl.NodeTemplate, property string) (*dsl.Value, bool) {
	for i := range n.Properties {
		if e := &n.Properties[i]; e.Key.Text == property && e.Value.Kind == dsl.String {
			return e.Value, true
		}
	}
	return nil, false
}

func rootOf(n *dsl.NodeTemplate) spot {
	return spot{source: &dsl.Value{Kind: dsl.Map, Entries: n.Properties, Range: n.Name.Range}, exact: true}
}

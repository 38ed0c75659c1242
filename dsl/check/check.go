// Package check owns what must hold of a blueprint beyond its form: names that
// exist, values that fit the catalogue and each other, references that lead
// somewhere and never in a circle. A Blueprint and a Catalogue come in,
// diagnostics come out. What a value becomes is left to intrinsic.
package check

import (
	"fmt"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

// Run returns everything that is wrong with a parsed blueprint, sorted. Node
// templates whose type is unknown were reported by the parser; only their
// references are checked.
func Run(bp *dsl.Blueprint, cat dsl.Catalogue) diag.List {
	c := newChecker(bp, cat)
	c.run()
	return c.diags.Sorted()
}

func (c *checker) run() {
	for _, in := range c.bp.Inputs {
		c.input(in)
		c.secretDefault(in)
	}
	for _, cond := range c.bp.Conditions {
		c.expression(cond.Expr, nil)
		c.conditionNames(cond.Expr)
	}
	c.conditionCycles()
	c.composites()
	for _, n := range c.bp.Nodes {
		c.node(n)
	}
	c.networksApart()
	for _, o := range c.bp.Outputs {
		c.expression(o.Value, nil)
		_, diags := intrinsic.Eval(o.Value, c.scope)
		c.evaluation(diags)
	}
	for _, p := range c.bp.Policies {
		c.policy(p)
	}
	c.renames()
	c.nodeCycles()
}

// Properties checks evaluated properties against the node type: what Run could
// not know because it came from inputs or attributes. value is a map as
// intrinsic.EvalProperties gives it; unknown parts are passed over. Problems
// point at the property in the blueprint, and sensitive values are not shown.
func Properties(n *dsl.NodeTemplate, typ *dsl.NodeType, value intrinsic.Value) diag.List {
	c := &checker{}
	c.properties(n, typ, value)
	return c.diags.Sorted()
}

type checker struct {
	bp     *dsl.Blueprint
	cat    dsl.Catalogue
	nodes  map[string]int // index in bp.Nodes
	inputs map[string]*dsl.Input
	scope  *intrinsic.Scope // in which no input and no attribute is known
	diags  diag.List
	parts  []part // networks that are parts of others'

	suggestions int // left to make
}

// maxSuggestions bounds how often a close name is searched for: the search
// looks at every name, and a document may hold very many mistakes.
const maxSuggestions = 50

func newChecker(bp *dsl.Blueprint, cat dsl.Catalogue) *checker {
	c := &checker{
		bp: bp, cat: cat, suggestions: maxSuggestions,
		nodes:  make(map[string]int, len(bp.Nodes)),
		inputs: make(map[string]*dsl.Input, len(bp.Inputs)),
		scope:  &intrinsic.Scope{Blueprint: bp, Inputs: make(map[string]intrinsic.Value)},
	}
	for i, n := range bp.Nodes {
		c.nodes[n.Name.Text] = i
	}
	for _, in := range bp.Inputs {
		c.inputs[in.Name.Text] = in
		c.scope.Inputs[in.Name.Text] = intrinsic.Unknown
	}
	for _, p := range intrinsic.PseudoInputs() {
		if p != "NoValue" {
			c.scope.Inputs[bp.Dialect.Prefix+p] = intrinsic.Unknown
		}
	}
	return c
}

func (c *checker) node(n *dsl.NodeTemplate) {
	if n.Condition != nil && c.bp.Condition(n.Condition.Text) == nil {
		c.unknownCondition(*n.Condition)
	}
	for i := range n.Requirements {
		c.requirement(n, &n.Requirements[i])
	}
	for i := range n.Properties {
		c.expression(n.Properties[i].Value, n)
	}
	if n.Deploy != nil {
		c.expression(n.Deploy, n)
	}
	c.each(n)
	if n.Composite != nil {
		c.compositeInputs(n)
		return
	}
	c.special(n)
	typ := c.typeOf(n)
	if typ == nil {
		return
	}
	value, diags := intrinsic.EvalProperties(n.Properties, typ, c.scope)
	c.evaluation(diags)
	c.properties(n, typ, value)
	c.networkParts(n, typ, value)
	c.secretProperties(n, typ)
}

// typeOf returns the type of a node template, nil for composites and for what
// is unknown.
func (c *checker) typeOf(n *dsl.NodeTemplate) *dsl.NodeType {
	switch n.TypeName {
	case dsl.TypeStack, dsl.TypeBatch, dsl.TypeExternal:
		return specialTypes()[n.TypeName]
	}
	return c.cat[n.TypeName]
}

// evaluation takes over what an evaluation without inputs found. Unknown names
// are left out: expression looks at all of them, an evaluation only at those
// that it comes by.
func (c *checker) evaluation(diags diag.List) {
	for _, d := range diags {
		if d.Code == "DSL306" {
			c.diags = append(c.diags, d)
		}
	}
}

// requirement checks one requirement (section 6).
func (c *checker) requirement(n *dsl.NodeTemplate, r *dsl.Requirement) {
	c.relationship(r)
	target := c.target(r.Node, n)
	typ := c.cat[n.TypeName]
	if target == nil || typ == nil {
		return
	}
	p := propertyAt(typ.Properties, strings.Split(r.Name.Text, "."))
	if p != nil && p.Reference != "" && !noCatalogue(target) && p.Reference != target.TypeName {
		c.wrongReference(r.Node.Range, r.Name.Text, p.Reference, target)
	}
}

// propertyAt follows a dotted path; lists on the way are not indexed.
func propertyAt(p *dsl.Property, path []string) *dsl.Property {
	for _, key := range path {
		for p != nil && p.Items != nil {
			p = p.Items
		}
		if p == nil {
			return nil
		}
		p = p.Properties[key]
	}
	return p
}

func (c *checker) relationship(r *dsl.Requirement) {
	name, other := r.Relationship, c.bp.Dialect.Other()
	if name.Text == "" {
		return
	}
	known := []string{"Relationships.DependsOn", "Relationships.ContainedIn", "Relationships.ConnectedTo", "Relationships.Root"}
	for i, k := range known {
		if name.Text == other.Prefix+k {
			c.diags.Add("DSL114", name.Range, "The blueprint is of dialect %s; write %s.", c.bp.Dialect.Version, c.bp.Dialect.Prefix+k)
			return
		}
		known[i] = c.bp.Dialect.Prefix + k
		if name.Text == known[i] {
			return
		}
	}
	c.diags.Add("DSL208", name.Range, "No relationship type is named %q.%s Write %s or %s.", name.Text, diag.DidYouMean(name.Text, known), known[0], known[1])
}

func (c *checker) unknownCondition(name dsl.Name) {
	names := make([]string, len(c.bp.Conditions))
	for i, cond := range c.bp.Conditions {
		names[i] = cond.Name.Text
	}
	c.diags.Add("DSL205", name.Range, "The blueprint declares no condition named %q.%s", name.Text, c.suggest(name.Text, names))
}

// target resolves the name of a node template that n uses; n is nil outside of
// node templates.
func (c *checker) target(name dsl.Name, n *dsl.NodeTemplate) *dsl.NodeTemplate {
	base, _, keyed := dsl.CutKey(name.Text)
	if _, flat := c.nodes[name.Text]; !flat && keyed {
		if i, ok := c.nodes[base]; ok {
			return c.copyOf(name, c.bp.Nodes[i], n)
		}
	}
	if n != nil && n.Name.Text == name.Text {
		c.diags.Add("DSL207", name.Range, "The node template %q refers to itself. What it needs must come from another node template or an input.", name.Text)
		return nil
	}
	if i, ok := c.nodes[name.Text]; ok {
		return c.bp.Nodes[i]
	}
	detail := fmt.Sprintf("No node template is named %q.", name.Text)
	if c.suggestions > 0 {
		c.suggestions--
		names := make([]string, len(c.bp.Nodes))
		for i, o := range c.bp.Nodes {
			names[i] = o.Name.Text
		}
		if close := diag.Closest(name.Text, names); close != "" {
			detail += fmt.Sprintf(" Did you mean %q, declared at %s?", close, c.bp.Nodes[c.nodes[close]].Name.Range)
		}
	}
	c.diags.Add("DSL204", name.Range, "%s", detail)
	return nil
}

// copyOf resolves the name of one copy of a node template; the key itself is
// found when the copies are made.
func (c *checker) copyOf(name dsl.Name, target, n *dsl.NodeTemplate) *dsl.NodeTemplate {
	switch {
	case target == n:
		c.diags.Add("DSL207", name.Range, "The node template %q refers to a copy of itself. What it needs must come from another node template or an input.", target.Name.Text)
		return nil
	case target.Each == nil && target.TypeName != dsl.TypeBatch:
		c.diags = append(c.diags, diag.New("DSL221", name.Range, "The node template %q has neither count nor for_each, so it has no copies. Leave the brackets out.", target.Name.Text).
			With(target.Name.Range, "declared here"))
		return nil
	}
	return target
}

func (c *checker) suggest(name string, candidates []string) string {
	if c.suggestions--; c.suggestions < 0 {
		return ""
	}
	return diag.DidYouMean(name, candidates)
}

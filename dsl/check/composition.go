package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

// Expanded checks what dsl/expand made of a blueprint that Run found right:
// names of copies and values of composites are known only then. Warnings are
// about what is written, so Run has given them.
func Expanded(flat *dsl.Blueprint, cat dsl.Catalogue) diag.List {
	errors := slices.DeleteFunc(Run(flat, cat), func(d diag.Diagnostic) bool { return d.Severity != diag.Error })
	// One mistake shows in every copy: it is told of the first.
	return slices.CompactFunc(errors, func(a, b diag.Diagnostic) bool { return a.Code == b.Code && a.Subject == b.Subject })
}

// composites checks the node types that a blueprint defines: each body is a
// blueprint of its own.
func (c *checker) composites() {
	for _, t := range c.bp.Types {
		body := newChecker(t.Body, c.cat)
		body.suggestions = c.suggestions
		body.run()
		c.suggestions = body.suggestions
		c.diags = append(c.diags, body.diags...)
	}
	c.compositeCycles()
}

// compositeCycles reports composites that contain themselves.
func (c *checker) compositeCycles() {
	index := make(map[string]int, len(c.bp.Types))
	for i, t := range c.bp.Types {
		index[t.Name.Text] = i
	}
	g := newDigraph(len(c.bp.Types))
	for i, t := range c.bp.Types {
		for _, n := range t.Body.Nodes {
			if n.Composite == nil {
				continue
			}
			to := index[n.Composite.Name.Text]
			if to == i {
				c.diags.Add("DSL223", n.Type.Range, "The node type %q contains itself.", t.Name.Text)
			} else {
				g.edge(to)
			}
		}
		g.close()
	}
	for _, cycle := range g.cycles(maxCycles) {
		c.compositeCycle(cycle)
	}
}

func (c *checker) compositeCycle(cycle []int) {
	names := make([]string, len(cycle))
	var related []diag.Related
	for i, n := range cycle {
		from, to := c.bp.Types[n], c.bp.Types[cycle[(i+1)%len(cycle)]]
		names[i] = from.Name.Text
		for _, node := range from.Body.Nodes {
			if node.Composite == to && len(related) <= i && i < maxShownSteps {
				related = append(related, diag.Related{Range: node.Type.Range, Message: fmt.Sprintf("%q contains %q here", from.Name.Text, to.Name.Text)})
			}
		}
	}
	d := diag.New("DSL223", related[0].Range, "These node types contain each other: %s.", route(names))
	d.Related = related
	c.diags = append(c.diags, d)
}

// each checks what decides about the number of copies.
func (c *checker) each(n *dsl.NodeTemplate) {
	if n.Each == nil {
		return
	}
	for what, v := range map[string]*dsl.Value{"count": n.Each.Count, "for_each": n.Each.ForEach} {
		if v == nil {
			continue
		}
		c.expression(v, n)
		if v.Kind == dsl.Map {
			for _, e := range v.Entries {
				c.copyKey(e.Key.Text, e.Key.Range)
			}
			continue // only the keys of a map that is written out decide
		}
		c.copies(v, what)
		for _, r := range intrinsic.References(v) {
			c.diags.Add("DSL222", r.Range, "The number of copies can't depend on %q, which is deployed at the same time. Take it from an input, a mapping or a condition.", r.Node)
		}
	}
}

// copies checks what is known of copies before the inputs are.
func (c *checker) copies(v *dsl.Value, what string) {
	switch v.Kind {
	case dsl.Int:
		if n, _ := v.Scalar.(int64); n < 0 {
			c.diags.Add("DSL222", v.Range, "count is a whole number from 0 on; this is %d.", n)
		} else if n > dsl.MaxCopies {
			c.diags.Add("DSL223", v.Range, "count asks for %d copies; at most %d are made.", n, dsl.MaxCopies)
		}
	case dsl.List:
		seen := make(map[string]bool, len(v.Items))
		for i, item := range v.Items {
			switch key := item.Text(); {
			case item.Kind == dsl.Call:
				c.copiesOfSecret(item, fmt.Sprintf("Item %d of for_each", i))
			case item.Kind != dsl.String:
				c.diags.Add("DSL222", item.Range, "for_each goes through a list of texts; item %d is %s.", i, item.Kind)
			case seen[key]:
				c.diags.Add("DSL222", item.Range, "The key %q stands in the list twice. Each names one copy.", key)
			default:
				c.copyKey(key, item.Range)
				seen[key] = true
			}
		}
	case dsl.Call:
		c.copiesOfSecret(v, what)
	}
}

func (c *checker) copyKey(key string, at diag.Range) {
	if !dsl.ValidCopyKey(key) {
		c.diags.Add("DSL222", at, dsl.InvalidCopyKey, key)
	}
}

// copiesOfSecret refuses copies that are counted or named by a secret. What a
// condition decides is left to the expansion, which knows it.
func (c *checker) copiesOfSecret(v *dsl.Value, what string) {
	secret, open := false, false
	v.Walk(func(v *dsl.Value) bool {
		if v.Kind == dsl.Call && v.Function.Text == dsl.GetInput {
			in := c.inputs[v.Argument.Text()]
			secret = secret || in != nil && in.Sensitive()
		}
		open = open || v.Kind == dsl.Call && v.Function.Text == dsl.CondIf
		return true
	})
	if secret && !open {
		c.diags.Add("DSL222", v.Range, "%s comes from a secret, and the names of the copies would show it.", what)
	}
}

// compositeInputs checks the properties of a node template against the inputs
// of its composite.
func (c *checker) compositeInputs(n *dsl.NodeTemplate) {
	body := n.Composite.Body
	for _, e := range n.Properties {
		if body.Input(e.Key.Text) == nil {
			names := inputNames(body)
			hint := c.suggest(e.Key.Text, names)
			if hint == "" && len(names) > 0 {
				hint = " Its inputs are: " + strings.Join(names, ", ") + "."
			}
			c.diags.Add("DSL302", e.Key.Range, "The node type %q has no input %q.%s", n.Type.Text, e.Key.Text, hint)
		}
	}
	for _, in := range body.Inputs {
		c.compositeInput(n, in)
	}
}

func inputNames(bp *dsl.Blueprint) []string {
	out := make([]string, len(bp.Inputs))
	for i, in := range bp.Inputs {
		out[i] = in.Name.Text
	}
	return out
}

func (c *checker) compositeInput(n *dsl.NodeTemplate, in *dsl.Input) {
	v := n.Property(in.Name.Text)
	if v == nil || v.Kind == dsl.Null {
		if in.Default == nil && (in.Required == nil || *in.Required) {
			c.diags = append(c.diags, diag.New("DSL303", n.Name.Range, "The node type %q needs a value for its input %q.", n.Type.Text, in.Name.Text).
				With(in.Name.Range, "the input is declared here"))
		}
		return
	}
	if in.Sensitive() && writtenOut(v) {
		c.secret(v, "The input %s of the node type holds a secret in clear, for everybody who can read the blueprint. Declare an input of type password without a default, use it here with get_input, and give its value with --input-file or in the environment.", in.Name.Text)
	}
	known, diags := intrinsic.Eval(v, c.scope)
	c.evaluation(diags)
	if known.HasUnknown() || known.IsNull() {
		return
	}
	_, misfits := intrinsic.Fit(in, intrinsic.Given{Value: known})
	for _, m := range misfits {
		d := diag.New(m.Code, v.Range, "The value of input %q %s.", in.Name.Text, m.Text).With(in.Name.Range, "the input is declared here")
		d.Concealed = in.Sensitive()
		c.diags = append(c.diags, d)
	}
}

// specialTypes are the node types that mean something to the language itself.
func specialTypes() dsl.Catalogue {
	text := func(about string) *dsl.Property { return &dsl.Property{Type: "string", Description: about} }
	any := &dsl.Property{}
	names := map[string]*dsl.Property{"refID": text("ID"), "refName": text("Name")}
	stack := maps.Clone(names)
	stack["outputs"] = &dsl.Property{Type: "object", Additional: any, Description: "The outputs of the nested stack."}
	object := func(required []string, props map[string]*dsl.Property) *dsl.Property {
		return &dsl.Property{Type: "object", Required: required, Properties: props}
	}
	return dsl.Catalogue{
		dsl.TypeStack: {Name: dsl.TypeStack, Attributes: stack, Properties: object([]string{"templateId"}, map[string]*dsl.Property{
			"templateId": text("Blueprint of the package"), "inputs": any, "description": text("About it"),
			"failureStrategy": text("DoNothing"), "clusterId": text("Without effect"),
		})},
		dsl.TypeBatch: {Name: dsl.TypeBatch, Properties: object([]string{"items", "limit"}, map[string]*dsl.Property{
			"items": {Type: "array", Items: &dsl.Property{Type: "object", Open: true}}, "limit": {Type: "integer"}, "step": {Type: "integer"}, "values": {Type: "object", Open: true},
		})},
		dsl.TypeExternal: {Name: dsl.TypeExternal, Properties: object([]string{"stackName", "nodeName"}, map[string]*dsl.Property{
			"stackName": text("Stack"), "nodeName": text("Node"),
		})},
	}
}

// special checks what only the types of the language itself ask for.
func (c *checker) special(n *dsl.NodeTemplate) {
	if n.TypeName != dsl.TypeStack {
		return
	}
	if s := n.Property("failureStrategy"); s != nil && s.Kind == dsl.String {
		switch s.Text() {
		case "DoNothing":
		case "Rollback":
			c.diags.Add("DSL110", s.Range, "A nested stack is deployed together with the stack around it, so it can't be rolled back alone. Write DoNothing, which is the default.")
		default:
			c.diags.Add("DSL305", s.Range, "failureStrategy is DoNothing or Rollback; this is %q.", s.Text())
		}
	}
	if in := n.Property("inputs"); in != nil && in.Kind != dsl.Map && in.Kind != dsl.Call && in.Kind != dsl.Null {
		c.diags.Add("DSL304", in.Range, "The inputs of a nested stack are a map; this is %s.", in.Kind)
	}
}

// noCatalogue reports whether what a node template is can't be compared with
// types of the catalogue.
func noCatalogue(n *dsl.NodeTemplate) bool {
	switch n.TypeName {
	case "", dsl.TypeStack, dsl.TypeBatch, dsl.TypeExternal:
		return true
	}
	return n.Composite != nil
}

// composedAttribute checks an attribute of what is no single cloud object.
func (c *checker) composedAttribute(target *dsl.NodeTemplate, args []*dsl.Value) {
	if target.Composite == nil {
		return
	}
	name := args[1].Text()
	if target.Composite.Attribute(name) != nil {
		return
	}
	var names []string
	for _, o := range target.Composite.Body.Outputs {
		names = append(names, o.Name.Text)
	}
	hint := c.suggest(name, names)
	if hint == "" && len(names) > 0 {
		hint = " It has: " + strings.Join(names, ", ") + "."
	}
	c.diags = append(c.diags, diag.New("DSL202", args[1].Range, "The node type %q has no attribute %q.%s", target.Type.Text, name, hint).
		With(target.Composite.Name.Range, "the node type is declared here"))
}

// policyTypes are those of section 9.
var policyTypes = []string{"APM.PinPoint", "AntiDDos.Service"}

// policy checks a policy and then refuses it: no provider serves policies.
func (c *checker) policy(p *dsl.Policy) {
	if name := p.Type.Text; name != "" {
		short, prefixed := strings.CutPrefix(name, c.bp.Dialect.Prefix)
		other, foreign := strings.CutPrefix(name, c.bp.Dialect.Other().Prefix)
		switch {
		case foreign && slices.Contains(policyTypes, other):
			c.diags.Add("DSL114", p.Type.Range, "The blueprint is of dialect %s; write %s.", c.bp.Dialect.Version, c.bp.Dialect.Prefix+other)
		case !prefixed || !slices.Contains(policyTypes, short):
			known := []string{c.bp.Dialect.Prefix + policyTypes[0], c.bp.Dialect.Prefix + policyTypes[1]}
			c.diags.Add("DSL301", p.Type.Range, "No policy type is named %q.%s The types are %s and %s.", name, diag.DidYouMean(name, known), known[0], known[1])
		}
	}
	for _, t := range p.Targets {
		c.target(t, nil)
	}
	for i := range p.Properties {
		c.expression(p.Properties[i].Value, nil)
	}
	c.diags.Add("DSL110", p.Name.Range, "The policy %q can't be carried out: no provider serves policies. Remove it to deploy the rest.", p.Name.Text)
}

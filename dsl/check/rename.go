package check

import (
	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
)

// renames checks the names that node templates had before: each is free now,
// and claimed once. In an expanded blueprint they are names of elements.
func (c *checker) renames() {
	claimed := map[string]dsl.Name{}
	for _, n := range c.bp.Nodes {
		if n.TypeName == dsl.TypeExternal {
			c.externalRecord(n)
			continue
		}
		if n.RenamedFrom != nil {
			c.rename(n, n.Name.Text, *n.RenamedFrom, claimed)
		}
		if n.Each != nil {
			for _, f := range n.Each.Former {
				c.claim(f.Name, n.Name.Text+"["+f.Key.Text+"]", claimed)
			}
		}
	}
}

// externalRecord refuses keys about the record of what another stack records.
func (c *checker) externalRecord(n *dsl.NodeTemplate) {
	for _, key := range n.Extensions {
		c.diags.Add("DSL229", key.Range, "%q stands for an element of another stack, so %s has no effect here. Say it in the blueprint of that stack, or remove it.", n.Name.Text, key.Text)
	}
}

// rename checks one former name that a whole node template had.
func (c *checker) rename(n *dsl.NodeTemplate, name string, former dsl.Name, claimed map[string]dsl.Name) {
	copied := hasCopies(n)
	if _, key, keyed := dsl.CutKey(former.Text); copied && keyed {
		c.diags.Add("DSL227", former.Range, "%q has several copies, and %q was one. Say which copy it is now, as in renamed_from: {%s: %q}.", n.Name.Text, former.Text, key, former.Text)
		return
	}
	if i, ok := c.nodes[former.Text]; ok && former.Text != name && (copied || !hasCopies(c.bp.Nodes[i])) {
		c.diags = append(c.diags, diag.New("DSL228", former.Range, "%q can't have been renamed from %q: the blueprint still has a node template of that name. Remove that one, or rename one after the other.", name, former.Text).
			With(c.bp.Nodes[i].Name.Range, "it is here"))
		return
	}
	c.claim(former, name, claimed)
}

// claim checks that one node template only was a certain other one.
func (c *checker) claim(former dsl.Name, name string, claimed map[string]dsl.Name) {
	other, twice := claimed[former.Text]
	switch claimed[former.Text] = former; {
	case former.Text == name:
		c.diags.Add("DSL227", former.Range, "%q is the name that the node template has now. Write the one that it had before.", former.Text)
	case twice:
		c.diags = append(c.diags, diag.New("DSL228", former.Range, "%q became one node template, not two. Remove one of the two renamed_from.", former.Text).
			With(other.Range, "the other one"))
	}
}

// hasCopies reports whether a node template stands for several nodes.
func hasCopies(n *dsl.NodeTemplate) bool { return n.Each != nil || n.TypeName == dsl.TypeBatch }

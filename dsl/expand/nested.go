package expand

import (
	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
)

// Nested reads the blueprints of nested stacks as far as a blueprint names
// them literally, at any depth, so that they can be checked before any input
// is known. Each is listed once, after the one that names it first.
func Nested(p *dsl.Package) ([]*dsl.Blueprint, diag.List) {
	var out []*dsl.Blueprint
	var diags diag.List
	seen := map[*dsl.Blueprint]bool{p.Main: true}
	visit := func(nodes []*dsl.NodeTemplate) {
		for _, n := range nodes {
			id := n.Property("templateId")
			if n.TypeName != dsl.TypeStack || id == nil || id.Kind != dsl.String {
				continue
			}
			bp, found := p.Stack(id.Text(), id.Range)
			diags = append(diags, found...)
			if bp != nil && !seen[bp] {
				seen[bp] = true
				out = append(out, bp)
			}
		}
	}
	for queue := []*dsl.Blueprint{p.Main}; len(queue) > 0; {
		before := len(out)
		visit(queue[0].Nodes)
		for _, t := range queue[0].Types {
			visit(t.Body.Nodes)
		}
		queue = append(queue[1:], out[before:]...)
	}
	return out, diags
}

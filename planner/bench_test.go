package planner

import (
	"fmt"
	"strings"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

// layered writes n nodes in 100 layers, each of which refers to two nodes of
// the layer before.
func layered(n int) string {
	var b strings.Builder
	b.WriteString("tosca_definitions_version: cloud_tosca_version_1_0\ninputs:\n  tag: {type: string, default: v1}\nnode_templates:\n")
	width := max(1, n/100)
	for i := range n {
		fmt.Fprintf(&b, "  n%d:\n    type: Cloud.Test.Data\n    properties:\n      input:\n        - {get_input: tag}\n        - n%d\n", i, i)
		if i < width {
			continue
		}
		base := (i/width - 1) * width
		for _, p := range []int{base + i%width, base + (i%width*7+3)%width} {
			fmt.Fprintf(&b, "        - {get_attribute: [n%d, output, 1]}\n", p)
		}
	}
	return b.String()
}

// BenchmarkMake plans the creation of n nodes from a parsed blueprint.
func BenchmarkMake(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			bp, diags := dsl.Parse("blueprint.yaml", []byte(layered(n)), catalogue())
			if diags.HasErrors() {
				b.Fatal(diags.Err())
			}
			inputs, _ := intrinsic.ResolveInputs(bp, nil, nil)
			b.ReportAllocs()
			for b.Loop() {
				p, diags := Make(Request{Stack: "bench", Catalogue: catalogue(), Blueprint: bp, Inputs: inputs})
				if diags.HasErrors() || len(p.Steps) != n {
					b.Fatal(diags.Err())
				}
			}
		})
	}
}

package dsl_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/check"
	"gopkg.in/yaml.v3"
)

// layered writes a blueprint of n nodes in layers of n/100, each using two
// nodes of the layer above through its values and through requirements.
func layered(n int) []byte {
	var b strings.Builder
	b.WriteString("tosca_definitions_version: cloud_tosca_version_1_0\ninputs:\n  tag:\n    type: string\n    default: v1\nnode_templates:\n")
	width := max(1, n/100)
	for i := range n {
		fmt.Fprintf(&b, "  n%d:\n    type: Orchestrate.Data\n    properties:\n      input:\n        - {get_input: tag}\n        - n%d\n", i, i)
		if i < width {
			continue
		}
		above := (i/width - 1) * width
		up := []int{above + i%width, above + (i*7+3)%width}
		for _, p := range up {
			fmt.Fprintf(&b, "        - {get_attribute: [n%d, output, 1]}\n", p)
		}
		b.WriteString("    requirements:\n")
		for _, p := range up {
			fmt.Fprintf(&b, "      - dependency:\n          node: n%d\n", p)
		}
	}
	return []byte(b.String())
}

// BenchmarkValidate shows what all checks cost against a bare decode of the
// same text: compare the times of validate and decode for one size.
func BenchmarkValidate(b *testing.B) {
	cat, err := dsl.LoadCatalogue()
	if err != nil {
		b.Fatal(err)
	}
	for _, n := range []int{1_000, 10_000, 100_000} {
		src := layered(n)
		b.Run(fmt.Sprintf("decode/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var doc yaml.Node
				if err := yaml.Unmarshal(src, &doc); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("validate/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				bp, diags := dsl.Parse("blueprint.yaml", src, cat)
				if diags = append(diags, check.Run(bp, cat)...); len(diags) > 0 {
					b.Fatal(diags[0])
				}
			}
		})
	}
}

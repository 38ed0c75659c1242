package main

import (
	"strings"
	"testing"
)

func TestDrawings(t *testing.T) {
	d := drawing{
		title: `a "quoted" title`,
		boxes: []box{{"b", "Cloud.VPC.VPC", "black"}, {"a", `back\slash <x>`, "black"}},
		edges: [][2]string{{"b", "a"}, {"a", "b"}, {"b", "a"}},
	}.sorted()
	golden(t, "graph.dot", d.dot())
	golden(t, "graph.mmd", d.mermaid())
	golden(t, "graph-plan.dot", drawPlan(changePlan()).dot())
	svg, err := d.svg(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<svg", "Cloud.VPC.VPC", "</svg>"} {
		if !strings.Contains(string(svg), want) {
			t.Errorf("the SVG has no %q", want)
		}
	}
}

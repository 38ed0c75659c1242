package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
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
	golden(t, "graph.svg", string(drawPlan(changePlan()).svg()))
}

// The layout shows each node to the right of what it waits for, and no two
// boxes of a layer closer than the gap.
func TestLayout(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 30).Draw(t, "nodes")
		var edges [][2]int
		for range rapid.IntRange(0, 60).Draw(t, "edges") {
			if n < 2 {
				break
			}
			from := rapid.IntRange(1, n-1).Draw(t, "from")
			edges = append(edges, [2]int{from, rapid.IntRange(0, from-1).Draw(t, "to")})
		}
		l := newLayout(n, edges)
		for _, e := range edges {
			if l.layer[e[0]] <= l.layer[e[1]] {
				t.Fatalf("%d waits for %d but stands in layer %d, not after %d", e[0], e[1], l.layer[e[0]], l.layer[e[1]])
			}
		}
		for _, boxes := range l.layers {
			for i := 1; i < len(boxes); i++ {
				if gap := l.top[boxes[i]] - l.top[boxes[i-1]] - svgBoxHeight; gap < svgBoxGap-0.001 {
					t.Fatalf("boxes %d and %d are %.1f apart", boxes[i-1], boxes[i], gap)
				}
			}
		}
	})
}

func TestReducedEdges(t *testing.T) {
	d := drawing{edges: [][2]string{{"c", "a"}, {"c", "b"}, {"b", "a"}, {"d", "a"}}}
	want := [][2]string{{"c", "b"}, {"b", "a"}, {"d", "a"}}
	if diff := cmp.Diff(want, d.reduced()); diff != "" {
		t.Error(diff)
	}
}

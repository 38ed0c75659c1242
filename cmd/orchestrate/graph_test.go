package main

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
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
	for seed := range uint64(200) {
		drawn := rand.New(rand.NewPCG(seed, 0))
		n := drawn.IntN(31)
		var edges [][2]int
		for range drawn.IntN(61) {
			if n < 2 {
				break
			}
			from := 1 + drawn.IntN(n-1)
			edges = append(edges, [2]int{from, drawn.IntN(from)})
		}
		l := newLayout(n, edges)
		for _, e := range edges {
			if l.layer[e[0]] <= l.layer[e[1]] {
				t.Fatalf("seed %d: %d waits for %d but stands in layer %d, not after %d", seed, e[0], e[1], l.layer[e[0]], l.layer[e[1]])
			}
		}
		for _, boxes := range l.layers {
			for i := 1; i < len(boxes); i++ {
				if gap := l.top[boxes[i]] - l.top[boxes[i-1]] - svgBoxHeight; gap < svgBoxGap-0.001 {
					t.Fatalf("seed %d: boxes %d and %d are %.1f apart", seed, boxes[i-1], boxes[i], gap)
				}
			}
		}
	}
}

func TestReducedEdges(t *testing.T) {
	d := drawing{edges: [][2]string{{"c", "a"}, {"c", "b"}, {"b", "a"}, {"d", "a"}}}
	want := [][2]string{{"c", "b"}, {"b", "a"}, {"d", "a"}}
	if diff := cmp.Diff(want, d.reduced()); diff != "" {
		t.Error(diff)
	}
}

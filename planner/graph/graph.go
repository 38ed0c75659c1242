// Package graph owns order: it turns named tasks and "must come before" edges
// into one stable sequence, or names every cycle that forbids one. It alone
// uses gonum. It knows nothing of steps or blueprints.
package graph

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/gonum/graph"
	"gonum.org/v1/gonum/graph/iterator"
	"gonum.org/v1/gonum/graph/topo"
)

// Graph is a directed graph over a fixed set of names. Names have ranks in
// sorted order, so that equal graphs give equal orders however they were
// built.
type Graph struct {
	names []string // sorted
	rank  map[string]int64
	out   [][]int64
	in    [][]int64
}

// New returns a graph of the given names without edges. A name that is given
// twice counts once.
func New(names []string) *Graph {
	g := &Graph{names: slices.Compact(slices.Sorted(slices.Values(names)))}
	g.rank = make(map[string]int64, len(g.names))
	for i, n := range g.names {
		g.rank[n] = int64(i)
	}
	g.out = make([][]int64, len(g.names))
	g.in = make([][]int64, len(g.names))
	return g
}

// Add says that before comes before after. Names that the graph does not have
// are ignored, and so is an edge that is already there. A self edge is a cycle
// of one.
func (g *Graph) Add(before, after string) {
	b, ok := g.rank[before]
	a, ok2 := g.rank[after]
	if !ok || !ok2 || g.has(b, a) {
		return
	}
	g.out[b] = append(g.out[b], a)
	g.in[a] = append(g.in[a], b)
}

// has looks from the end with fewer edges: hubs have many on one side only.
func (g *Graph) has(b, a int64) bool {
	if len(g.out[b]) < len(g.in[a]) {
		return slices.Contains(g.out[b], a)
	}
	return slices.Contains(g.in[a], b)
}

// CycleError names every group of tasks that wait for each other. Each cycle
// is a path in which every name comes before the next and the last before the
// first; it starts with its smallest name.
type CycleError struct{ Cycles [][]string }

// Error shows each cycle as a path that returns to its start.
func (e *CycleError) Error() string {
	shown := make([]string, len(e.Cycles))
	for i, c := range e.Cycles {
		shown[i] = strings.Join(append(slices.Clone(c), c[0]), " -> ")
	}
	return "cyclic dependencies: " + strings.Join(shown, "; ")
}

// Order returns all names so that every edge points forward; names that no
// path ties come in sorted order as far as the edges allow. Any cycle gives a
// *CycleError that names one shortest cycle of every strongly connected group.
func (g *Graph) Order() ([]string, error) {
	var cycles [][]string
	for i := range g.out {
		if slices.Contains(g.out[i], int64(i)) {
			cycles = append(cycles, []string{g.names[i]})
		}
	}
	sorted, err := topo.SortStabilized(directed{g}, nil)
	var groups topo.Unorderable
	switch {
	case errors.As(err, &groups):
		for _, group := range groups {
			cycles = append(cycles, g.shortest(group))
		}
	case err != nil:
		return nil, fmt.Errorf("order the graph: %w", err)
	}
	if cycles != nil {
		slices.SortFunc(cycles, func(a, b []string) int { return slices.Compare(a, b) })
		return nil, &CycleError{Cycles: cycles}
	}
	out := make([]string, len(sorted))
	for i, n := range sorted {
		out[i] = g.names[n.ID()]
	}
	return out, nil
}

// Weigh returns for each name the greatest sum of weights on a path that ends
// in it, itself included. order is what Order returned.
func (g *Graph) Weigh(order []string, weight func(name string) int) map[string]int {
	sums := make(map[string]int, len(order))
	for _, name := range order {
		most := 0
		for _, before := range g.in[g.rank[name]] {
			most = max(most, sums[g.names[before]])
		}
		sums[name] = most + weight(name)
	}
	return sums
}

// shortest finds a shortest cycle through the smallest member of a strongly
// connected group, by breadth-first search inside the group.
func (g *Graph) shortest(group []graph.Node) []string {
	inside := make(map[int64]bool, len(group))
	start := group[0].ID()
	for _, n := range group {
		inside[n.ID()] = true
		start = min(start, n.ID())
	}
	from := map[int64]int64{}
	for queue := []int64{start}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		for _, next := range slices.Sorted(slices.Values(g.out[at])) {
			if next == start {
				return g.path(from, start, at)
			}
			if _, seen := from[next]; !seen && inside[next] {
				from[next] = at
				queue = append(queue, next)
			}
		}
	}
	return []string{g.names[start]} // not reached: the group is strongly connected
}

func (g *Graph) path(from map[int64]int64, start, end int64) []string {
	path := []string{g.names[end]}
	for at := end; at != start; {
		at = from[at]
		path = append(path, g.names[at])
	}
	slices.Reverse(path)
	return path
}

// directed shows a Graph to gonum without copying it. Self edges are left out:
// gonum's simple graphs have none, and Order reports them itself.
type directed struct{ g *Graph }

type node int64

func (n node) ID() int64 { return int64(n) }

type edge struct{ from, to node }

func (e edge) From() graph.Node         { return e.from }
func (e edge) To() graph.Node           { return e.to }
func (e edge) ReversedEdge() graph.Edge { return edge{e.to, e.from} }

func nodes(ids []int64, but int64) graph.Nodes {
	out := make([]graph.Node, 0, len(ids))
	for _, id := range ids {
		if id != but {
			out = append(out, node(id))
		}
	}
	return iterator.NewOrderedNodes(out)
}

func (d directed) has(id int64) bool { return id >= 0 && id < int64(len(d.g.names)) }

func (d directed) Node(id int64) graph.Node {
	if !d.has(id) {
		return nil
	}
	return node(id)
}

func (d directed) Nodes() graph.Nodes {
	out := make([]graph.Node, len(d.g.names))
	for i := range out {
		out[i] = node(i)
	}
	return iterator.NewOrderedNodes(out)
}

func (d directed) From(id int64) graph.Nodes { return nodes(d.g.out[id], id) }
func (d directed) To(id int64) graph.Nodes   { return nodes(d.g.in[id], id) }

func (d directed) HasEdgeFromTo(u, v int64) bool {
	return d.has(u) && d.has(v) && u != v && d.g.has(u, v)
}

func (d directed) HasEdgeBetween(u, v int64) bool {
	return d.HasEdgeFromTo(u, v) || d.HasEdgeFromTo(v, u)
}

func (d directed) Edge(u, v int64) graph.Edge {
	if !d.HasEdgeFromTo(u, v) {
		return nil
	}
	return edge{node(u), node(v)}
}

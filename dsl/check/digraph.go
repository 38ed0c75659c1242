package check

// digraph is a directed graph over the numbers below n, with the edges of each
// vertex side by side in one slice: a stack of 100,000 node templates must not
// cost an allocation each, and no algorithm here recurses.
type digraph struct {
	to    []int32
	first []int32 // edges of v are to[first[v]:first[v+1]]
}

func newDigraph(n int) *digraph { return &digraph{first: make([]int32, 1, n+1)} }

// edge adds an edge from the vertex that close will end.
func (g *digraph) edge(to int) { g.to = append(g.to, int32(to)) }

// close ends the edges of the next vertex, which are closed in order.
func (g *digraph) close() { g.first = append(g.first, int32(len(g.to))) }

func (g *digraph) len() int { return len(g.first) - 1 }

// next lists where edges from v lead.
func (g *digraph) next(v int32) []int32 { return g.to[g.first[v]:g.first[v+1]] }

// cut marks an edge as gone; it stays in place, leading nowhere.
const cut = int32(-1)

// cycles returns cycles, each a shortest one through its lowest vertex, until
// the graph has none left or most are found. After each, its closing edge is
// cut, so that no cycle is told twice; cycles that share that edge come up
// once it is repaired.
func (g *digraph) cycles(most int) [][]int {
	var out [][]int
	for {
		found := g.components()
		if len(found) == 0 {
			return out
		}
		for _, lowest := range found {
			if len(out) == most {
				return out
			}
			cycle := g.shortest(lowest)
			if cycle == nil {
				continue
			}
			out = append(out, cycle)
			g.remove(int32(cycle[len(cycle)-1]), lowest)
		}
	}
}

func (g *digraph) remove(from, to int32) {
	for i := g.first[from]; i < g.first[from+1]; i++ {
		if g.to[i] == to {
			g.to[i] = cut
		}
	}
}

// components returns the lowest vertex of each strongly connected component
// of more than one vertex, ascending (Tarjan's algorithm with its own stack).
func (g *digraph) components() []int32 {
	n := g.len()
	t := tarjan{digraph: g, index: make([]int32, n), low: make([]int32, n), edge: make([]int32, n), onStack: make([]bool, n)}
	for v := range n {
		if t.index[v] == 0 {
			t.visit(int32(v))
		}
	}
	// Components come in topological order; ours shall be that of the document.
	var out []int32
	for v := range n {
		if t.edge[v] == lowestOfComponent {
			out = append(out, int32(v))
		}
	}
	return out
}

// lowestOfComponent is what tarjan leaves in edge for the vertices it reports.
const lowestOfComponent = int32(-2)

type tarjan struct {
	*digraph
	count   int32
	index   []int32 // order of visit from 1; 0: not yet
	low     []int32
	edge    []int32 // how many edges of a vertex were followed
	onStack []bool
	stack   []int32
	path    []int32 // the calls that a recursion would have open
}

func (t *tarjan) enter(v int32) {
	t.count++
	t.index[v], t.low[v] = t.count, t.count
	t.stack, t.path = append(t.stack, v), append(t.path, v)
	t.onStack[v] = true
}

func (t *tarjan) visit(root int32) {
	for t.enter(root); len(t.path) > 0; {
		v := t.path[len(t.path)-1]
		if edges := t.next(v); int(t.edge[v]) < len(edges) {
			w := edges[t.edge[v]]
			t.edge[v]++
			switch {
			case w == cut:
			case t.index[w] == 0:
				t.enter(w)
			case t.onStack[w]:
				t.low[v] = min(t.low[v], t.index[w])
			}
			continue
		}
		t.path = t.path[:len(t.path)-1]
		if len(t.path) > 0 {
			up := t.path[len(t.path)-1]
			t.low[up] = min(t.low[up], t.low[v])
		}
		if t.low[v] == t.index[v] {
			t.component(v)
		}
	}
}

// component takes the component whose first vertex is v off the stack.
func (t *tarjan) component(v int32) {
	lowest, size := v, 0
	for {
		w := t.stack[len(t.stack)-1]
		t.stack = t.stack[:len(t.stack)-1]
		t.onStack[w] = false
		lowest, size = min(lowest, w), size+1
		if w == v {
			break
		}
	}
	if size > 1 {
		t.edge[lowest] = lowestOfComponent
	}
}

// shortest returns a shortest cycle through v, beginning with v; nil if there
// is none.
func (g *digraph) shortest(v int32) []int {
	from := make([]int32, g.len()) // predecessor plus one; 0: not reached
	queue := []int32{v}
	for len(queue) > 0 {
		u := queue[0]
		queue = queue[1:]
		for _, w := range g.next(u) {
			if w == v {
				return backtrack(from, u, v)
			}
			if w != cut && from[w] == 0 {
				from[w] = u + 1
				queue = append(queue, w)
			}
		}
	}
	return nil
}

func backtrack(from []int32, last, v int32) []int {
	var cycle []int
	for u := last; u != v; u = from[u] - 1 {
		cycle = append(cycle, int(u))
	}
	cycle = append(cycle, int(v))
	for i, j := 0, len(cycle)-1; i < j; i, j = i+1, j-1 {
		cycle[i], cycle[j] = cycle[j], cycle[i]
	}
	return cycle
}

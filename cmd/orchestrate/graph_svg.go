package main

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
)

// Sizes of a drawing in pixels.
const (
	svgCharWidth  = 7.5 // of the 13 pixel font, on the wide side
	svgBoxHeight  = 44.0
	svgBoxPadding = 14.0
	svgBoxGap     = 18.0
	svgLayerGap   = 90.0
	svgMargin     = 20.0
)

// layout places the boxes of a drawing in layers, each box one layer to the
// right of the last that it waits for (Sugiyama's method in its plainest form:
// longest paths, barycenters, then pulling boxes towards their neighbours).
// Boxes are known by their index; before lists what a box waits for, after who
// waits for it.
type layout struct {
	before, after [][]int
	layers        [][]int
	layer         []int
	top           []float64
}

// newLayout arranges n boxes; an edge leads from a box to what it waits for.
func newLayout(n int, edges [][2]int) *layout {
	l := &layout{before: make([][]int, n), after: make([][]int, n), layer: make([]int, n), top: make([]float64, n)}
	for _, e := range edges {
		l.before[e[0]] = append(l.before[e[0]], e[1])
		l.after[e[1]] = append(l.after[e[1]], e[0])
	}
	l.assignLayers()
	l.uncross()
	l.place()
	return l
}

// assignLayers gives each box the length of the longest path before it. Boxes
// in a cycle, which no valid blueprint has, stay in the first layer.
func (l *layout) assignLayers() {
	waits := make([]int, len(l.before))
	var ready []int
	for i, b := range l.before {
		if waits[i] = len(b); waits[i] == 0 {
			ready = append(ready, i)
		}
	}
	for ; len(ready) > 0; ready = ready[1:] {
		for _, next := range l.after[ready[0]] {
			l.layer[next] = max(l.layer[next], l.layer[ready[0]]+1)
			if waits[next]--; waits[next] == 0 {
				ready = append(ready, next)
			}
		}
	}
	for i, k := range l.layer {
		for len(l.layers) <= k {
			l.layers = append(l.layers, nil)
		}
		l.layers[k] = append(l.layers[k], i)
	}
}

// sweeps is how often orders and places are improved from both sides.
const sweeps = 6

// uncross orders each layer by where the neighbours of its boxes stand.
func (l *layout) uncross() {
	for _, boxes := range l.layers {
		l.stack(boxes)
	}
	for range sweeps {
		for _, boxes := range l.layers {
			l.order(boxes, l.before)
		}
		for _, boxes := range slices.Backward(l.layers) {
			l.order(boxes, l.after)
		}
	}
}

// stack puts the boxes of a layer below each other.
func (l *layout) stack(boxes []int) {
	for i, b := range boxes {
		l.top[b] = float64(i) * (svgBoxHeight + svgBoxGap)
	}
}

func (l *layout) order(boxes []int, neighbours [][]int) {
	wish := map[int]float64{}
	for _, b := range boxes {
		wish[b] = l.mean(b, neighbours[b])
	}
	slices.SortStableFunc(boxes, func(a, b int) int {
		switch {
		case wish[a] < wish[b]:
			return -1
		case wish[a] > wish[b]:
			return 1
		}
		return 0
	})
	l.stack(boxes)
}

// mean is where a box would like to stand: in the middle of its neighbours.
func (l *layout) mean(box int, neighbours []int) float64 {
	if len(neighbours) == 0 {
		return l.top[box]
	}
	sum := 0.0
	for _, n := range neighbours {
		sum += l.top[n]
	}
	return sum / float64(len(neighbours))
}

// place pulls boxes to the middle of their neighbours as far as the order of
// their layer allows.
func (l *layout) place() {
	for range sweeps {
		for _, boxes := range l.layers {
			l.pull(boxes, l.before)
		}
		for _, boxes := range slices.Backward(l.layers) {
			l.pull(boxes, l.after)
		}
	}
	if len(l.top) == 0 {
		return
	}
	least := slices.Min(l.top)
	for i := range l.top {
		l.top[i] -= least
	}
}

// pull moves the boxes of a layer, keeping their order and the gaps: first
// each down to its wish, then the surplus is shared by moving all up again.
func (l *layout) pull(boxes []int, neighbours [][]int) {
	shift, next := 0.0, 0.0
	for i, b := range boxes {
		wish := l.mean(b, neighbours[b])
		if i == 0 {
			next = wish
		}
		l.top[b] = max(wish, next)
		shift += l.top[b] - wish
		next = l.top[b] + svgBoxHeight + svgBoxGap
	}
	for _, b := range boxes {
		l.top[b] -= shift / float64(len(boxes))
	}
}

// svg draws the graph, each node to the right of what it waits for, without
// the edges that follow from others.
func (d drawing) svg() []byte {
	at := make(map[string]int, len(d.boxes))
	for i, b := range d.boxes {
		at[b.name] = i
	}
	var edges [][2]int
	for _, e := range d.reduced() {
		edges = append(edges, [2]int{at[e[0]], at[e[1]]})
	}
	return d.render(newLayout(len(d.boxes), edges), edges)
}

// maxReduced is the most edges among which those that follow from others are
// looked for: it takes time that grows with their square.
const maxReduced = 5000

// reduced returns the edges without those that a longer path makes superfluous.
func (d drawing) reduced() [][2]string {
	if len(d.edges) > maxReduced {
		return d.edges
	}
	next := map[string][]string{}
	for _, e := range d.edges {
		next[e[0]] = append(next[e[0]], e[1])
	}
	var out [][2]string
	for _, e := range d.edges {
		if !detour(next, e[0], e[1]) {
			out = append(out, e)
		}
	}
	return out
}

// detour reports whether a path of two edges or more leads from one node to
// another.
func detour(next map[string][]string, from, to string) bool {
	seen := map[string]bool{from: true, to: true}
	todo := slices.DeleteFunc(slices.Clone(next[from]), func(n string) bool { return n == to })
	for len(todo) > 0 {
		n := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[n] {
			continue
		}
		seen[n] = true
		if slices.Contains(next[n], to) {
			return true
		}
		todo = append(todo, next[n]...)
	}
	return false
}

// boxWidth fits the longest line of all boxes.
func (d drawing) boxWidth() float64 {
	longest := 0
	for _, b := range d.boxes {
		longest = max(longest, cells(b.name), cells(b.detail))
	}
	return float64(longest)*svgCharWidth + 2*svgBoxPadding
}

func (d drawing) render(l *layout, edges [][2]int) []byte {
	width := d.boxWidth()
	left := func(i int) float64 { return svgMargin + float64(l.layer[i])*(width+svgLayerGap) }
	var right, bottom float64
	for i := range d.boxes {
		right, bottom = max(right, left(i)+width), max(bottom, l.top[i]+svgBoxHeight)
	}
	w := max(right, float64(cells(d.title))*svgCharWidth+svgMargin) + svgMargin
	h := bottom + 2*svgMargin + 30
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f" font-family="Helvetica,Arial,sans-serif" font-size="13">`+"\n", w, h, w, h)
	fmt.Fprintf(&b, "<title>%s</title>\n", xmlText(d.title))
	b.WriteString(`<defs><marker id="arrow" viewBox="0 0 10 10" refX="1" refY="5" markerWidth="8" markerHeight="8" orient="auto"><path d="M10 0 0 5 10 10z" fill="#555"/></marker></defs>` + "\n")
	b.WriteString(`<rect width="100%" height="100%" fill="white"/>` + "\n")
	for _, e := range edges {
		b.WriteString(svgEdge(left(e[1])+width, l.top[e[1]], left(e[0]), l.top[e[0]]))
	}
	for i, x := range d.boxes {
		b.WriteString(svgBox(x, left(i), svgMargin+l.top[i], width))
	}
	fmt.Fprintf(&b, `<text x="%.0f" y="%.0f" text-anchor="middle" fill="#333">%s</text>`+"\n", w/2, h-svgMargin+5, xmlText(d.title))
	return []byte(b.String() + "</svg>\n")
}

// svgEdge draws a curve between the sides of two boxes, its head at what is
// waited for.
func svgEdge(x1, top1, x2, top2 float64) string {
	y1, y2 := svgMargin+top1+svgBoxHeight/2, svgMargin+top2+svgBoxHeight/2
	bend := svgLayerGap / 2
	return fmt.Sprintf(`<path d="M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f" fill="none" stroke="#555" marker-start="url(#arrow)"/>`+"\n",
		x1, y1, x1+bend, y1, x2-bend, y2, x2, y2)
}

func svgBox(x box, left, top, width float64) string {
	middle := left + width/2
	return fmt.Sprintf(`<g><rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="4" fill="white" stroke="%s"/>`+
		`<text x="%.1f" y="%.1f" text-anchor="middle" font-weight="bold">%s</text>`+
		`<text x="%.1f" y="%.1f" text-anchor="middle" fill="#333">%s</text></g>`+"\n",
		left, top, width, svgBoxHeight, svgColour(x.colour),
		middle, top+18, xmlText(x.name), middle, top+35, xmlText(x.detail))
}

// svgColour names a colour of DOT in CSS, which knows no shades by number.
func svgColour(dot string) string {
	switch dot {
	case "green4":
		return "green"
	case "orange3":
		return "darkorange"
	case "red3":
		return "firebrick"
	case "cyan4":
		return "darkcyan"
	}
	return dot
}

func xmlText(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a builder takes everything
	return b.String()
}

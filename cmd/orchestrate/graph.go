package main

import (
	"fmt"
	"sort"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/planner"
)

// drawing is a graph to be drawn: boxes and arrows in a fixed order. An arrow
// leads from a node to what it waits for.
type drawing struct {
	title string
	boxes []box
	edges [][2]string
}

type box struct {
	name   string // unique
	detail string // second line
	colour string // of the border, as DOT and CSS name it
}

// drawBlueprint shows the node templates and what they need.
func drawBlueprint(title string, bp *dsl.Blueprint) drawing {
	d := drawing{title: title}
	for _, n := range bp.Nodes {
		d.boxes = append(d.boxes, box{n.Name.Text, n.Type.Text, "black"})
		for _, dep := range intrinsic.Dependencies(n) {
			d.edges = append(d.edges, [2]string{n.Name.Text, dep.Node})
		}
	}
	return d.sorted()
}

// actionColour is the border of a step.
var actionColour = map[planner.Action]string{
	planner.None: "gray", planner.Read: "blue", planner.Create: "green4", planner.Update: "orange3",
	planner.Replace: "purple", planner.Delete: "red3", forget: "cyan4",
}

// drawPlan shows the steps and what they wait for.
func drawPlan(p *planner.Plan) drawing {
	d := drawing{title: p.Stack + ": " + summaryLine(p)}
	for _, s := range p.Steps {
		action := shownAction(s)
		d.boxes = append(d.boxes, box{s.Node, string(action) + " " + typeLabel(s.Type), actionColour[action]})
		before := s.DependsOn
		if s.Action == planner.Delete {
			before = s.DeleteAfter
		}
		for _, n := range before {
			d.edges = append(d.edges, [2]string{s.Node, n})
		}
	}
	return d.sorted()
}

func (d drawing) sorted() drawing {
	sort.Slice(d.boxes, func(i, j int) bool { return d.boxes[i].name < d.boxes[j].name })
	sort.Slice(d.edges, func(i, j int) bool {
		a, b := d.edges[i], d.edges[j]
		return a[0] < b[0] || a[0] == b[0] && a[1] < b[1]
	})
	kept := d.edges[:0]
	for i, e := range d.edges {
		if i == 0 || e != kept[len(kept)-1] {
			kept = append(kept, e)
		}
	}
	d.edges = kept
	return d
}

// dot writes the graph in the DOT language.
func (d drawing) dot() string {
	var b strings.Builder
	b.WriteString("digraph {\n  rankdir = \"RL\";\n")
	fmt.Fprintf(&b, "  label = %s;\n  fontname = \"Helvetica,Arial,sans-serif\";\n  node [shape = rect, fontname = \"Helvetica,Arial,sans-serif\", margin = \"0.35,0.08\"];\n", dotQuote(d.title))
	for _, x := range d.boxes {
		fmt.Fprintf(&b, "  %s [label = %s, color = %s];\n", dotQuote(x.name), dotQuote(x.name+"\n"+x.detail), dotQuote(x.colour))
	}
	for _, e := range d.edges {
		fmt.Fprintf(&b, "  %s -> %s;\n", dotQuote(e[0]), dotQuote(e[1]))
	}
	return b.String() + "}\n"
}

// dotQuote quotes a text for DOT, in which only the quote and the backslash are
// special.
func dotQuote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}

// mermaid writes the graph as a Mermaid flowchart.
func (d drawing) mermaid() string {
	ids := make(map[string]string, len(d.boxes))
	var b strings.Builder
	fmt.Fprintf(&b, "---\ntitle: %q\n---\nflowchart RL\n", d.title)
	for i, x := range d.boxes {
		ids[x.name] = fmt.Sprintf("n%d", i)
		fmt.Fprintf(&b, "  %s[\"%s<br/>%s\"]\n", ids[x.name], mermaidEscape(x.name), mermaidEscape(x.detail))
	}
	for _, e := range d.edges {
		fmt.Fprintf(&b, "  %s --> %s\n", ids[e[0]], ids[e[1]])
	}
	return b.String()
}

func mermaidEscape(s string) string {
	return strings.NewReplacer("#", "#35;", `"`, "#quot;", "<", "#lt;", ">", "#gt;", "\n", " ").Replace(s)
}

package check

import (
	"fmt"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

// maxCycles bounds how many cycles one run names.
const maxCycles = 20

// nodeCycles reports the cycles among node templates, through requirements and
// values alike.
func (c *checker) nodeCycles() {
	g := newDigraph(len(c.bp.Nodes))
	for i, n := range c.bp.Nodes {
		for _, d := range intrinsic.Dependencies(n) {
			if to, ok := c.indexOf(d.Node); ok && to != i {
				g.edge(to)
			}
		}
		g.close()
	}
	for _, cycle := range g.cycles(maxCycles) {
		c.nodeCycle(cycle)
	}
}

// indexOf finds a node template by its name or by that of a copy.
func (c *checker) indexOf(name string) (int, bool) {
	if i, ok := c.nodes[name]; ok {
		return i, true
	}
	base, _, _ := dsl.CutKey(name)
	i, ok := c.nodes[base]
	return i, ok
}

// nodeCycle reports one cycle: its path in the detail, and each reference with
// its line among the related places.
func (c *checker) nodeCycle(cycle []int) {
	var at diag.Range
	var related []diag.Related
	names := make([]string, 0, len(cycle)+1)
	for i, n := range cycle {
		from, to := c.bp.Nodes[n], c.bp.Nodes[cycle[(i+1)%len(cycle)]]
		names = append(names, from.Name.Text)
		for _, d := range intrinsic.Dependencies(from) {
			if at, ok := c.indexOf(d.Node); !ok || c.bp.Nodes[at] != to {
				continue
			}
			if i == 0 {
				at = d.Range
			}
			if len(related) < maxShownSteps {
				related = append(related, diag.Related{Range: d.Range, Message: fmt.Sprintf("%q waits for %q here, by its %s", from.Name.Text, to.Name.Text, d.Via)})
			}
		}
	}
	d := diag.New("DSL206", at, "These node templates wait for each other: %s. Remove one of the references.", route(names))
	d.Related = related
	c.diags = append(c.diags, d)
}

// maxShownSteps bounds how much of a long cycle a message tells.
const maxShownSteps = 30

// route writes names as a closed path, leaving out the middle of a long one.
func route(names []string) string {
	names = append(names, names[0])
	if n := len(names); n > maxShownSteps {
		half := maxShownSteps / 2
		names = append(append(append([]string{}, names[:half]...), fmt.Sprintf("... %d more ...", n-2*half)), names[n-half:]...)
	}
	return strings.Join(names, " -> ")
}

// conditionCycles reports conditions that depend on themselves.
func (c *checker) conditionCycles() {
	index := make(map[string]int, len(c.bp.Conditions))
	for i, cond := range c.bp.Conditions {
		index[cond.Name.Text] = i
	}
	g := newDigraph(len(c.bp.Conditions))
	for i, cond := range c.bp.Conditions {
		for _, name := range namedConditions(cond.Expr) {
			to, ok := index[name.Text]
			if ok && to == i {
				c.diags.Add("DSL206", name.Range, "The condition %q depends on itself.", name.Text)
			} else if ok {
				g.edge(to)
			}
		}
		g.close()
	}
	for _, cycle := range g.cycles(maxCycles) {
		c.conditionCycle(cycle)
	}
}

func (c *checker) conditionCycle(cycle []int) {
	names := make([]string, len(cycle))
	var related []diag.Related
	var at diag.Range
	for i, n := range cycle {
		from, to := c.bp.Conditions[n], c.bp.Conditions[cycle[(i+1)%len(cycle)]]
		names[i] = from.Name.Text
		use := useOf(from, to.Name.Text)
		if i == 0 {
			at = use
		}
		if len(related) < maxShownSteps {
			related = append(related, diag.Related{Range: use, Message: fmt.Sprintf("%q uses %q here", from.Name.Text, to.Name.Text)})
		}
	}
	d := diag.New("DSL206", at, "These conditions depend on each other: %s.", route(names))
	d.Related = related
	c.diags = append(c.diags, d)
}

func useOf(c *dsl.Condition, name string) diag.Range {
	for _, n := range namedConditions(c.Expr) {
		if n.Text == name {
			return n.Range
		}
	}
	return c.Name.Range
}

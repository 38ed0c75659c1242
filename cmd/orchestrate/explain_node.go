package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/planner"
)

// explainNode plans, and tells what becomes of one node and why. A plan that
// would be refused is explained all the same: that is when one asks.
func (a *app) explainNode(ctx context.Context, c *cobra.Command, node, path string, o explainOptions) error {
	in, err := a.planIntent(c, path, o.destroy)
	if err != nil {
		return err
	}
	s, err := a.openSession(ctx, false)
	if err != nil {
		return err
	}
	defer s.close()
	m, err := s.plan(ctx, in)
	if err != nil {
		return err
	}
	e := m.plan.Explain(node)
	if e == nil {
		return usagef(c, "%s", noStepFor(m.plan, node))
	}
	if o.json {
		return a.printJSON(e.Document(m.problems))
	}
	a.printf("%s", renderExplanation(e, m.plan, a.outStyle))
	if m.problems.HasErrors() {
		a.note("")
		a.note("The plan would be refused:")
		a.showProblems(m.problems, m.texts)
	}
	return nil
}

// noStepFor says why a plan has no step for a node.
func noStepFor(p *planner.Plan, node string) string {
	if p.Blueprint != nil {
		for _, n := range p.Blueprint.Nodes {
			switch {
			case n.Name.Text != node:
			case n.Trimmed != "":
				return fmt.Sprintf("node %q is not deployed: %s", node, n.Trimmed)
			case n.Condition != nil:
				return fmt.Sprintf("node %q is not deployed: condition %s is false", node, n.Condition.Text)
			}
		}
	}
	var known, copies []string
	for _, s := range p.Steps {
		known = append(known, s.Node)
		if strings.HasPrefix(s.Node, node+"[") || strings.HasPrefix(s.Node, node+"/") {
			copies = append(copies, s.Node)
		}
	}
	if copies != nil {
		return fmt.Sprintf("%q stands for several nodes; name one of them: %s", node, someOf(copies))
	}
	if known == nil {
		return fmt.Sprintf("there is no node %q: the plan has none at all", node)
	}
	return fmt.Sprintf("neither the blueprint nor the stack has a node %q.%s Nodes: %s", node, diag.DidYouMean(node, known), someOf(known))
}

// someOf lists names, not more than a reader takes in.
func someOf(names []string) string {
	const most = 12
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

// renderExplanation writes an explanation for people.
func renderExplanation(e *planner.Explanation, p *planner.Plan, st style) string {
	r := &planRenderer{style: st, fate: fates(p)}
	s := e.Step
	r.printf("%s\n", r.paint(bold, headline(s)))
	facts := []string{typeLabel(s.Type)}
	if s.ObjectID != "" {
		facts = append(facts, "id "+s.ObjectID)
	}
	if !s.Range.IsZero() {
		facts = append(facts, "declared at "+s.Range.String())
	}
	r.printf("  %s\n", strings.Join(facts, ", "))
	r.why(s)
	r.costs(e.Prices)
	r.chains(s)
	r.driftOf(e.Drift)
	r.waits("It waits for:", e.WaitsFor, func(w planner.Wait) string { return w.Node + " " + phaseDone(w.Action, w.Other) })
	r.waits("These wait for it:", e.Awaits, func(w planner.Wait) string { return w.Node + ", " + phaseToCome(w.Action, w.Delete, w.Other) })
	if e.Turns != nil {
		r.section("It takes turns:")
		r.printf("  one change at a time is made on %s, which these change too: %s\n", e.Object, someOf(e.Turns))
	}
	if text := undoText(s); text != "" {
		r.section("Can it be undone?")
		r.printf("  %s\n", text)
	}
	return r.b.String()
}

func (r *planRenderer) section(title string) { r.printf("\n%s\n", r.paint(bold, title)) }

// why says what makes the step what it is.
func (r *planRenderer) why(s *planner.Step) {
	var lines []string
	switch {
	case s.Kept:
		lines = append(lines, "the plan is for other nodes only")
	case s.Reason != "":
		lines = append(lines, s.Reason)
	}
	if s.RenamedFrom != "" {
		lines = append(lines, fmt.Sprintf("it was %s before, and its object is the same", s.RenamedFrom))
	}
	if text := deletionRemark(s); text != "" {
		lines = append(lines, text)
	}
	if loss := lossText(s); loss != "" {
		lines = append(lines, r.paint(red, strings.ToLower(loss[:1])+loss[1:]))
	}
	if lines == nil {
		return
	}
	r.section("Why:")
	for _, l := range lines {
		r.printf("  %s\n", l)
	}
}

// costs tells what the step buys and gives back.
func (r *planRenderer) costs(all []planner.Price) {
	if len(all) == 0 {
		return
	}
	r.section("What it costs:")
	for i := range all {
		r.printf("  %s\n", priceRemark(&all[i]))
	}
}

// chains writes every change with all that led to it.
func (r *planRenderer) chains(s *planner.Step) {
	if len(s.Changes) == 0 {
		return
	}
	r.section("What changes, and what led to it:")
	for i := range s.Changes {
		c := &s.Changes[i]
		r.printf("  %s %s = ", r.symbol(planner.Update), c.Path)
		if len(c.Within) > 0 {
			r.where = map[string]*planner.Change{}
			r.within(c, "  ", "")
		} else {
			r.printf("%s\n", arrow(c.Before, c.After, "  "))
		}
		if c.Replaces {
			r.printf("      %s\n", r.paint(red, "this forces the replacement: it cannot be changed in place"))
		}
		if c.Recorded != "" {
			r.printf("      it is only recorded: %s\n", c.Recorded)
		}
		for _, cause := range c.Causes {
			r.cause(cause)
		}
	}
}

// cause writes one link of a chain.
func (r *planRenderer) cause(c planner.Cause) {
	at := ""
	if !c.At.IsZero() {
		at = " " + r.paint(faint, "# "+c.At.String())
	}
	r.printf("      %s%s\n", c.Why, at)
}

// driftOf writes what a refresh found about the element.
func (r *planRenderer) driftOf(d *planner.Drift) {
	if d == nil {
		return
	}
	r.section("What was changed outside:")
	if d.Gone {
		r.printf("  %s it was deleted\n", r.paint(cyan, "!"))
		return
	}
	for i := range d.Changes {
		c := &d.Changes[i]
		r.printf("  %s %s = ", r.paint(cyan, "!"), c.Path)
		if c.Within != nil {
			r.where = map[string]*planner.Change{}
			r.within(c, "  ", "")
			continue
		}
		r.printf("%s\n", arrow(c.Before, c.After, "  "))
	}
}

// waits writes reasons to wait. Those that are no dependency but the order of
// what can't be undone are told in one line.
func (r *planRenderer) waits(title string, all []planner.Wait, what func(planner.Wait) string) {
	if len(all) == 0 {
		return
	}
	r.section(title)
	var staged []string
	why := ""
	for _, w := range all {
		if w.Stage {
			staged, why = append(staged, w.Node), w.Why
			continue
		}
		at := ""
		if !w.At.IsZero() {
			at = " " + r.paint(faint, "# "+w.At.String())
		}
		r.printf("  %s: %s%s\n", what(w), w.Why, at)
	}
	if staged != nil {
		r.printf("  %s: %s\n", someOf(staged), why)
	}
}

// phaseDone is what has to have happened to a node.
func phaseDone(a planner.Action, deletes bool) string {
	switch {
	case deletes:
		return "to be destroyed"
	case a == planner.Update:
		return "to be updated"
	case a == planner.Replace:
		return "to be made anew"
	}
	return "to be created"
}

// phaseToCome is what will happen to a node once this one is through. deletes
// is about the phase of this step, other about that of the waiting one.
func phaseToCome(a planner.Action, deletes, other bool) string {
	before := "once this is in place"
	if deletes {
		before = "once this is destroyed"
	}
	return phaseDone(a, other) + " " + before
}

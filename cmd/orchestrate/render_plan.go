package main

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/planner"
)

// renderPlan writes a plan for people, in OpenTofu's form: what was found
// changed outside, the symbols in use, each step that does something with the
// properties that matter and its reason, where the way back ends, and the
// summary.
func renderPlan(p *planner.Plan, st style) string {
	r := &planRenderer{style: st, fate: fates(p), prices: p.Prices}
	r.drift(p)
	if p.RefreshOnly {
		r.refreshOnly(p)
		return r.b.String()
	}
	if p.Targeted {
		r.printf("%s The plan is for the targets only, with what they depend on. What else differs is not shown.\n\n", r.paint(cyan, "Note:"))
	}
	r.skipped(p)
	if p.Empty() {
		r.noChanges(p)
		return r.b.String()
	}
	steps := shownSteps(p)
	if len(steps) > 0 {
		r.legend(steps)
		r.printf("%s\n\n", r.paint(bold, "orchestrate will perform the following actions:"))
	}
	for _, s := range steps {
		r.step(s)
	}
	r.noReturn(p.NoReturn)
	r.printf("%s\n", r.paint(bold, summaryLine(p)))
	r.toPay(p)
	r.outputs(p.Outputs)
	return r.b.String()
}

// shownSteps are the steps that do something, be it only to the record.
func shownSteps(p *planner.Plan) []*planner.Step {
	var out []*planner.Step
	for _, s := range p.Steps {
		if s.Action != planner.None && s.Action != planner.Read || s.RenamedFrom != "" {
			out = append(out, s)
		}
	}
	return out
}

// summaryLine is the line that tools look for.
func summaryLine(p *planner.Plan) string {
	s := p.Summary()
	forget := ""
	if s.Forget > 0 {
		forget = fmt.Sprintf(", %d to forget", s.Forget)
	}
	return fmt.Sprintf("Plan: %d to add, %d to change, %d to destroy%s.", s.Add, s.Change, s.Destroy, forget)
}

// planRenderer builds the text of one plan.
type planRenderer struct {
	b      strings.Builder
	style  style
	fate   map[string]string          // by node: what becomes of it, for those that follow it
	where  map[string]*planner.Change // of the step being written, by path
	prices map[string][]planner.Price // by node
}

// fates says of every node that changes what becomes of it.
func fates(p *planner.Plan) map[string]string {
	out := map[string]string{}
	for _, s := range p.Steps {
		switch s.Action {
		case planner.Create:
			out[s.Node] = "created"
		case planner.Update:
			out[s.Node] = "updated"
		case planner.Replace:
			out[s.Node] = "replaced"
		}
	}
	return out
}

func (r *planRenderer) printf(format string, args ...any) { fmt.Fprintf(&r.b, format, args...) }

func (r *planRenderer) paint(colour, text string) string { return r.style.paint(colour, text) }

func (r *planRenderer) noChanges(p *planner.Plan) {
	switch green := r.paint(green, "No changes."); {
	case p.Lifecycle == "delete":
		r.printf("%s There is nothing to delete in stack %q.\n", green, p.Stack)
	case p.Skipped != nil:
		r.printf("%s Nothing else is to be rolled back in stack %q.\n", green, p.Stack)
	case p.Targeted:
		r.printf("%s The targets in stack %q are as the blueprint says.\n", green, p.Stack)
	default:
		r.printf("%s Stack %q is as the blueprint says.\n", green, p.Stack)
	}
}

// skipped tells what a rollback leaves out.
func (r *planRenderer) skipped(p *planner.Plan) {
	if p.Skipped != nil {
		r.printf("%s Left as it is (--skip): %s. What refers to it is set to what it is now.\n\n", r.paint(cyan, "Note:"), strings.Join(p.Skipped, ", "))
	}
}

// refreshOnly ends a plan that records what was read.
func (r *planRenderer) refreshOnly(p *planner.Plan) {
	if len(p.Drift) == 0 {
		r.printf("%s The cloud is as stack %q records it.\n", r.paint(green, "No changes."), p.Stack)
		return
	}
	r.printf("This plan only refreshes: applying it records what was read and changes nothing in the cloud. To set the\n" +
		"objects right instead, plan without --refresh-only.\n\n")
	r.printf("%s\n", r.paint(bold, summaryLine(p)))
}

// noReturn says where the way back ends.
func (r *planRenderer) noReturn(n *planner.NoReturn) {
	if n == nil {
		return
	}
	does := r.fate[n.Node]
	if n.Delete {
		does = "destroyed"
	}
	before := "Nothing comes before it."
	if n.Before > 0 {
		before = fmt.Sprintf("What comes before, %s, can be undone.", count(n.Before, "action", "actions"))
	}
	r.printf("%s %s is %s.\n  %s\n  %s\n\n", r.paint(red, "Point of no return:"), n.Node, does, capital(sentence(n.Why)), before)
}

// capital begins a sentence.
func capital(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}

// drift tells what was changed outside, apart from what the plan does, with a
// symbol of its own.
func (r *planRenderer) drift(p *planner.Plan) {
	if len(p.Drift) == 0 {
		return
	}
	symbol := r.paint(cyan, "!")
	r.printf("%s Objects have changed outside of orchestrate\n\n", r.paint(cyan, "Note:"))
	for _, d := range p.Drift {
		if d.Gone {
			r.printf("  %s\n", r.paint(bold, fmt.Sprintf("# %s (%s) has been deleted", d.Node, typeLabel(d.Type))))
			r.printf("  %s node %q %q -> gone\n\n", symbol, typeLabel(d.Type), d.Node)
			continue
		}
		r.printf("  %s\n", r.paint(bold, fmt.Sprintf("# %s has changed", d.Node)))
		r.printf("  %s node %q %q {\n", symbol, typeLabel(d.Type), d.Node)
		longest := 0
		for _, c := range d.Changes {
			longest = max(longest, len(c.Path))
		}
		for i := range d.Changes {
			c := &d.Changes[i]
			r.printf("      %s %-*s = ", symbol, longest, c.Path)
			if c.Within != nil {
				r.within(c, "      ", "")
				continue
			}
			r.printf("%s\n", arrow(c.Before, c.After, "      "))
		}
		r.printf("    }\n\n")
	}
}

// forget is how the text shows a deletion that destroys nothing.
const forget planner.Action = "forget"

// shownAction is the action under whose symbol a step stands.
func shownAction(s *planner.Step) planner.Action {
	if s.Action == planner.Delete && s.Retained {
		return forget
	}
	return s.Action
}

// symbols in the order in which the legend lists them.
var legendOrder = []planner.Action{planner.Create, planner.Update, planner.Delete, planner.Replace, forget}

func (r *planRenderer) legend(steps []*planner.Step) {
	used := map[planner.Action]bool{}
	for _, s := range steps {
		used[shownAction(s)] = true
	}
	meaning := map[planner.Action]string{
		planner.Create: "create", planner.Update: "update in-place", planner.Delete: "destroy",
		planner.Replace: "destroy and then create replacement", forget: "remove from the stack, keep in the cloud",
	}
	lines := ""
	for _, a := range legendOrder {
		if used[a] {
			lines += fmt.Sprintf("%s %s\n", r.wideSymbol(a), meaning[a])
		}
	}
	if lines != "" {
		r.printf("Actions are indicated with the following symbols:\n%s\n", lines)
	}
}

func (r *planRenderer) symbol(a planner.Action) string {
	switch a {
	case planner.Create:
		return r.paint(green, "+")
	case planner.Update:
		return r.paint(yellow, "~")
	case planner.Delete:
		return r.paint(red, "-")
	case planner.Replace:
		return r.paint(red, "-") + "/" + r.paint(green, "+")
	case forget:
		return r.paint(cyan, ".")
	}
	return " "
}

// wideSymbol is the symbol right-aligned in three columns.
func (r *planRenderer) wideSymbol(a planner.Action) string {
	if a == planner.Replace {
		return r.symbol(a)
	}
	return "  " + r.symbol(a)
}

func (r *planRenderer) step(s *planner.Step) {
	r.printf("  %s\n", r.paint(bold, "# "+headline(s)))
	for _, remark := range remarks(s) {
		r.printf("  # (%s)\n", remark)
	}
	for i := range r.prices[s.Node] {
		r.printf("  # (%s)\n", priceRemark(&r.prices[s.Node][i]))
	}
	if loss := lossText(s); loss != "" {
		r.printf("  %s\n", r.paint(red, "# "+loss+"."))
	}
	r.where = map[string]*planner.Change{}
	for i := range s.Changes {
		r.where[s.Changes[i].Path] = &s.Changes[i]
	}
	r.printf("%s node %q %q {\n", r.wideSymbol(shownAction(s)), typeLabel(s.Type), s.Node)
	r.body(s)
	r.printf("    }\n\n")
}

// headline is what becomes of a node.
func headline(s *planner.Step) string {
	switch shownAction(s) {
	case planner.Create:
		return s.Node + " will be created"
	case planner.Update:
		return s.Node + " will be updated in-place"
	case planner.Delete:
		return s.Node + " will be destroyed"
	case planner.Replace:
		return s.Node + " must be replaced"
	case forget:
		return s.Node + " will be removed from the stack but stays in the cloud"
	}
	if s.RenamedFrom != "" {
		return s.RenamedFrom + " has moved to " + s.Node
	}
	return s.Node + " stays as it is"
}

// remarks say why a step is there and what is special about it.
func remarks(s *planner.Step) []string {
	var out []string
	if s.Reason != "" && s.Action != planner.None {
		why := "because " + s.Reason
		if !s.Range.IsZero() {
			why += "; declared at " + s.Range.String()
		}
		out = append(out, why)
	}
	if s.RenamedFrom != "" && s.Action != planner.None {
		out = append(out, s.RenamedFrom+" has moved to "+s.Node)
	}
	if s.ObjectID != "" {
		out = append(out, "id "+s.ObjectID)
	}
	switch {
	case s.Rethinks() && s.Retain:
		out = append(out, "from now on it stays in the cloud when it leaves the stack; nothing is called for that")
	case s.Rethinks():
		out = append(out, "from now on it is destroyed when it leaves the stack; nothing is called for that")
	}
	if text := deletionRemark(s); text != "" {
		out = append(out, text)
	}
	if text := undoRemark(s); text != "" {
		out = append(out, text)
	}
	return out
}

// deletionRemark is what is special about the deletion of an element.
func deletionRemark(s *planner.Step) string {
	switch {
	case s.Action != planner.Delete && s.Action != planner.Replace:
	case s.Retained && s.Action == planner.Replace:
		return "the old object is retained: it leaves the stack and stays in the cloud"
	case s.Retained: // the headline says it
	case s.Gone:
		return "it is gone from the cloud already: only its record is removed"
	case s.DeletedWith != "" && s.LeavesAlong != "":
		return fmt.Sprintf("it goes when %q is destroyed; it leaves behind %s", s.DeletedWith, s.LeavesAlong)
	case s.DeletedWith != "":
		return fmt.Sprintf("it goes when %q is destroyed", s.DeletedWith)
	case s.Forgotten != "":
		return "it is only forgotten: " + s.Forgotten
	default:
		return leavingRemark(s)
	}
	return ""
}

// leavingRemark is what goes with an object beyond itself, and what stays.
func leavingRemark(s *planner.Step) string {
	var out []string
	if s.Destroys != "" {
		out = append(out, "it destroys "+s.Destroys)
	}
	if s.Leaves != "" {
		out = append(out, "it leaves behind "+s.Leaves)
	}
	return strings.Join(out, "; ")
}

// undoRemark tells of a step that can't simply be undone, where nothing else
// says so: that what is destroyed is gone, and what data is lost with it, has
// lines of its own.
func undoRemark(s *planner.Step) string {
	switch {
	case s.Undo == planner.Irreversible && s.Loss() == "", s.Undo == planner.Compensatable && s.Action == planner.Update:
		return undoText(s)
	}
	return ""
}

// undoText says whether a step can be undone.
func undoText(s *planner.Step) string {
	text := map[planner.Undo]string{
		planner.Reversible:    "it can be undone",
		planner.Compensatable: "it can be made up for, but not undone",
		planner.Irreversible:  "it cannot be undone",
	}[s.Undo]
	if text != "" && s.UndoWhy != "" {
		text += ": " + s.UndoWhy
	}
	return text
}

// lossText says what the step destroys for good; "" if nothing.
func lossText(s *planner.Step) string {
	switch loss := s.Loss(); {
	case loss == "":
		return ""
	case s.Action == planner.Update:
		return "Updating it loses " + loss
	default:
		return "Destroying it loses " + loss
	}
}

func (r *planRenderer) body(s *planner.Step) {
	switch shownAction(s) {
	case planner.Create:
		r.whole(s.After, planner.Create)
	case planner.Delete:
		r.whole(s.Before, planner.Delete)
	case forget, planner.None:
		r.entries(s.Before, s.Before, "", "      ")
	default:
		r.entries(s.Before, s.After, "", "      ")
	}
}

// whole writes all properties of an element that comes or goes.
func (r *planRenderer) whole(v intrinsic.Value, a planner.Action) {
	keys := v.Keys()
	width := longest(keys)
	for _, k := range keys {
		e, _ := v.Get(k)
		suffix := ""
		if a == planner.Delete {
			suffix = " -> null"
		}
		r.printf("      %s %-*s = %s%s\n", r.symbol(a), width, k, r.block(e, a, "      "), suffix)
	}
}

// entries writes the entries of two maps that differ, and counts the others.
func (r *planRenderer) entries(before, after intrinsic.Value, path, indent string) {
	var shown []string
	hidden := 0
	for _, k := range unionKeys(before, after) {
		b, a := get(before, k), get(after, k)
		if b != nil && a != nil && b.Equal(*a) && (path != "" || k != "name") {
			hidden++
			continue
		}
		shown = append(shown, k)
	}
	width := longest(shown)
	for _, k := range shown {
		at := planner.PathTo(path, k)
		r.pair(fmt.Sprintf("%-*s = ", width, k), get(before, k), get(after, k), at, indent, "")
	}
	if hidden > 0 {
		r.printf("%s  %s\n", indent, r.paint(faint, fmt.Sprintf("# (%s hidden)", count(hidden, "unchanged property", "unchanged properties"))))
	}
}

// pair writes one entry of a map, or one part of a list, before and after.
// nil means that it is absent.
func (r *planRenderer) pair(label string, before, after *intrinsic.Value, path, indent, end string) {
	switch {
	case before == nil:
		r.noted(fmt.Sprintf("%s%s %s%s%s", indent, r.symbol(planner.Create), label, r.block(*after, planner.Create, indent), end), path)
	case after == nil:
		r.noted(fmt.Sprintf("%s%s %s%s -> null%s", indent, r.symbol(planner.Delete), label, r.block(*before, planner.Delete, indent), end), path)
	case before.Equal(*after):
		r.printf("%s  %s%s%s\n", indent, label, plainBlock(*after, indent), end)
	case isMap(*before) && isMap(*after):
		r.printf("%s%s %s{%s\n", indent, r.symbol(planner.Update), label, r.noteHere(path))
		r.entries(*before, *after, path, indent+"    ")
		r.printf("%s  }%s\n", indent, end)
	case isList(*before) && isList(*after):
		r.printf("%s%s %s[%s\n", indent, r.symbol(planner.Update), label, r.noteHere(path))
		r.items(*before, *after, path, indent+"    ")
		r.printf("%s  ]%s\n", indent, end)
	case r.where[path] != nil && r.where[path].Within != nil:
		r.printf("%s%s %s", indent, r.symbol(planner.Update), label)
		r.within(r.where[path], indent, end)
	default:
		r.noted(fmt.Sprintf("%s%s %s%s%s", indent, r.symbol(planner.Update), label, arrow(*before, *after, indent), end), path)
	}
}

// within writes what differs inside a text that is a document, or that nothing
// does but its form. It goes on where the label ended.
func (r *planRenderer) within(c *planner.Change, indent, end string) {
	if len(c.Within) == 0 {
		r.printf("(the same document in another form)%s%s\n", end, r.noteHere(c.Path))
		return
	}
	r.printf("document {\n")
	for i := range c.Within {
		r.leaf(&c.Within[i], indent+"    ")
	}
	r.printf("%s  }%s%s\n", indent, end, r.noteHere(c.Path))
}

// leaf writes one difference inside a document.
func (r *planRenderer) leaf(c *planner.Change, indent string) {
	switch {
	case c.Within != nil:
		r.printf("%s%s %s = ", indent, r.symbol(planner.Update), c.Path)
		r.within(c, indent, "")
	case c.Before.IsNull():
		r.printf("%s%s %s = %s\n", indent, r.symbol(planner.Create), c.Path, r.block(c.After, planner.Create, indent))
	case c.After.IsNull():
		r.printf("%s%s %s = %s -> null\n", indent, r.symbol(planner.Delete), c.Path, r.block(c.Before, planner.Delete, indent))
	default:
		r.printf("%s%s %s = %s\n", indent, r.symbol(planner.Update), c.Path, arrow(c.Before, c.After, indent))
	}
}

// items writes the parts of two lists, compared by place as the planner does.
func (r *planRenderer) items(before, after intrinsic.Value, path, indent string) {
	b, _ := before.List()
	a, _ := after.List()
	for i := range max(len(b), len(a)) {
		r.pair("", partAt(b, i), partAt(a, i), fmt.Sprintf("%s[%d]", path, i), indent, ",")
	}
}

func (r *planRenderer) outputs(all []*planner.OutputChange) {
	var names []string
	for _, o := range all {
		if o.Action != planner.None {
			names = append(names, o.Name)
		}
	}
	if len(names) == 0 {
		return
	}
	width := longest(names)
	r.printf("\n%s\n", r.paint(bold, "Changes to Outputs:"))
	for _, o := range all {
		if o.Action == planner.None {
			continue
		}
		r.printf("  %s %-*s = ", r.symbol(o.Action), width, o.Name)
		switch o.Action {
		case planner.Create:
			r.printf("%s\n", r.block(o.After, planner.Create, "  "))
		case planner.Delete:
			r.printf("%s -> null\n", r.block(o.Before, planner.Delete, "  "))
		default:
			r.printf("%s\n", arrow(o.Before, o.After, "  "))
		}
	}
}

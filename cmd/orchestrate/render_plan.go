package main

import (
	"fmt"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/planner"
)

// renderPlan writes a plan for people, in OpenTofu's form: what was found
// changed outside, the symbols in use, each acting step with the properties
// that matter and its reason, and the summary.
func renderPlan(p *planner.Plan, st style) string {
	r := &planRenderer{style: st}
	r.drift(p.Drift)
	if p.Empty() {
		r.noChanges(p)
		return r.b.String()
	}
	steps := actingSteps(p)
	if len(steps) > 0 {
		r.legend(steps)
		r.printf("%s\n\n", r.paint(bold, "orchestrate will perform the following actions:"))
	}
	for _, s := range steps {
		r.step(s)
	}
	r.printf("%s\n", r.paint(bold, summaryLine(p)))
	r.outputs(p.Outputs)
	return r.b.String()
}

// summaryLine is the line that tools look for.
func summaryLine(p *planner.Plan) string {
	s := p.Summary()
	return fmt.Sprintf("Plan: %d to add, %d to change, %d to destroy.", s.Add, s.Change, s.Destroy)
}

// planRenderer builds the text of one plan.
type planRenderer struct {
	b     strings.Builder
	style style
	where map[string]*planner.Change // of the step being written, by path
}

func (r *planRenderer) printf(format string, args ...any) { fmt.Fprintf(&r.b, format, args...) }

func (r *planRenderer) paint(colour, text string) string { return r.style.paint(colour, text) }

func (r *planRenderer) noChanges(p *planner.Plan) {
	if p.Lifecycle == "delete" {
		r.printf("%s There is nothing to delete in stack %q.\n", r.paint(green, "No changes."), p.Stack)
		return
	}
	r.printf("%s Stack %q is as the blueprint says.\n", r.paint(green, "No changes."), p.Stack)
}

func (r *planRenderer) drift(all []planner.Drift) {
	if len(all) == 0 {
		return
	}
	r.printf("%s Objects have changed outside of orchestrate\n\n", r.paint(cyan, "Note:"))
	for _, d := range all {
		if d.Gone {
			r.printf("  %s\n\n", r.paint(bold, fmt.Sprintf("# %s (%s) has been deleted", d.Node, typeLabel(d.Type))))
			continue
		}
		r.printf("  %s\n", r.paint(bold, fmt.Sprintf("# %s has changed", d.Node)))
		r.printf("  %s node %q %q {\n", r.symbol(planner.Update), typeLabel(d.Type), d.Node)
		longest := 0
		for _, c := range d.Changes {
			longest = max(longest, len(c.Path))
		}
		for _, c := range d.Changes {
			r.printf("      %s %-*s = %s\n", r.symbol(planner.Update), longest, c.Path, arrow(c.Before, c.After, "      "))
		}
		r.printf("    }\n\n")
	}
}

// symbols in the order in which the legend lists them.
var legendOrder = []planner.Action{planner.Create, planner.Update, planner.Delete, planner.Replace}

func (r *planRenderer) legend(steps []*planner.Step) {
	used := map[planner.Action]bool{}
	for _, s := range steps {
		used[s.Action] = true
	}
	meaning := map[planner.Action]string{
		planner.Create: "create", planner.Update: "update in-place", planner.Delete: "destroy",
		planner.Replace: "destroy and then create replacement",
	}
	r.printf("Actions are indicated with the following symbols:\n")
	for _, a := range legendOrder {
		if used[a] {
			r.printf("%s %s\n", r.wideSymbol(a), meaning[a])
		}
	}
	r.printf("\n")
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
	fate := map[planner.Action]string{
		planner.Create: "will be created", planner.Update: "will be updated in-place",
		planner.Delete: "will be destroyed", planner.Replace: "must be replaced",
	}[s.Action]
	r.printf("  %s\n", r.paint(bold, "# "+s.Node+" "+fate))
	for _, remark := range remarks(s) {
		r.printf("  # (%s)\n", remark)
	}
	if loss := dataLoss(s); loss != "" {
		r.printf("  %s\n", r.paint(red, "# Destroying it loses "+loss+"."))
	}
	r.where = map[string]*planner.Change{}
	for i := range s.Changes {
		r.where[s.Changes[i].Path] = &s.Changes[i]
	}
	r.printf("%s node %q %q {\n", r.wideSymbol(s.Action), typeLabel(s.Type), s.Node)
	r.body(s)
	r.printf("    }\n\n")
}

// remarks say why a step is there and what is special about it.
func remarks(s *planner.Step) []string {
	var out []string
	if s.Reason != "" {
		why := "because " + s.Reason
		if !s.Range.IsZero() {
			why += "; declared at " + s.Range.String()
		}
		out = append(out, why)
	}
	if s.ObjectID != "" {
		out = append(out, "id "+s.ObjectID)
	}
	if s.Action != planner.Delete && s.Action != planner.Replace {
		return out
	}
	switch {
	case s.Gone:
		out = append(out, "it is gone from the cloud already: only its record is removed")
	case s.DeletedWith != "":
		out = append(out, fmt.Sprintf("it goes when %q is destroyed", s.DeletedWith))
	case s.Forgotten != "":
		out = append(out, "it is only forgotten: "+s.Forgotten)
	}
	return out
}

// dataLoss says what the step destroys for good; "" if nothing.
func dataLoss(s *planner.Step) string {
	if s.Action == planner.Delete || s.Action == planner.Replace {
		return s.HoldsData
	}
	return ""
}

func (r *planRenderer) body(s *planner.Step) {
	switch s.Action {
	case planner.Create:
		r.whole(s.After, planner.Create)
	case planner.Delete:
		r.whole(s.Before, planner.Delete)
	default:
		r.entries(s.Before, s.After, "", "      ")
	}
}

// whole writes all properties of an element that comes or goes.
func (r *planRenderer) whole(v intrinsic.Value, a planner.Action) {
	keys := v.Keys()
	for _, k := range keys {
		e, _ := v.Get(k)
		suffix := ""
		if a == planner.Delete {
			suffix = " -> null"
		}
		r.printf("      %s %-*s = %s%s\n", r.symbol(a), longest(keys), k, r.block(e, a, "      "), suffix)
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
	for _, k := range shown {
		at := k
		if path != "" {
			at = path + "." + k
		}
		r.pair(fmt.Sprintf("%-*s = ", longest(shown), k), get(before, k), get(after, k), at, indent, "")
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
		r.printf("%s%s %s%s%s%s\n", indent, r.symbol(planner.Create), label, r.block(*after, planner.Create, indent), end, r.note(path))
	case after == nil:
		r.printf("%s%s %s%s -> null%s%s\n", indent, r.symbol(planner.Delete), label, r.block(*before, planner.Delete, indent), end, r.note(path))
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
	default:
		r.printf("%s%s %s%s%s%s\n", indent, r.symbol(planner.Update), label, arrow(*before, *after, indent), end, r.note(path))
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

// note tells whether a change forces a replacement and where the new value is
// declared. A block that comes or goes as one tells of its first part.
func (r *planRenderer) note(path string) string {
	if n := r.noteHere(path); n != "" {
		return n
	}
	first := ""
	for p := range r.where {
		if (strings.HasPrefix(p, path+".") || strings.HasPrefix(p, path+"[")) && (first == "" || p < first) {
			first = p
		}
	}
	return r.noteHere(first)
}

func (r *planRenderer) noteHere(path string) string {
	c := r.where[path]
	switch {
	case c == nil:
		return ""
	case c.Replaces && c.Range.IsZero():
		return " " + r.paint(red, "# forces replacement")
	case c.Replaces:
		return " " + r.paint(red, "# forces replacement") + r.paint(faint, " ("+c.Range.String()+")")
	case c.Recorded != "":
		return " " + r.paint(faint, "# only recorded: "+c.Recorded)
	case c.Range.IsZero():
		return ""
	}
	return " " + r.paint(faint, "# "+c.Range.String())
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
	r.printf("\n%s\n", r.paint(bold, "Changes to Outputs:"))
	for _, o := range all {
		if o.Action == planner.None {
			continue
		}
		r.printf("  %s %-*s = ", r.symbol(o.Action), longest(names), o.Name)
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

package main

import (
	"strings"

	"github.com/orchestrate-tosca/orchestrate/planner"
)

// maxPlanColumns is how wide the lines of a plan get for the sake of a remark.
const maxPlanColumns = 120

// noted writes a line with what is to be said about the change at a path.
func (r *planRenderer) noted(line, path string) {
	last := line[strings.LastIndexByte(line, '\n')+1:]
	r.printf("%s%s\n", line, r.note(path, visibleCells(last)))
}

// note tells whether a change forces a replacement, where the new value is
// declared, and what it follows. A block that comes or goes as one tells of
// its first part. taken is the width of what stands before it.
func (r *planRenderer) note(path string, taken int) string {
	if n := r.noteHere(path, taken); n != "" {
		return n
	}
	first := ""
	for p := range r.where {
		if (strings.HasPrefix(p, path+".") || strings.HasPrefix(p, path+"[")) && (first == "" || p < first) {
			first = p
		}
	}
	return r.noteHere(first, taken)
}

func (r *planRenderer) noteHere(path string, taken int) string {
	c := r.where[path]
	if c == nil {
		return ""
	}
	place := ""
	if !c.Range.IsZero() {
		place = c.Range.String()
	}
	whole := joinNonEmpty(", ", place, r.origin(c))
	for _, text := range []string{whole, place} {
		if n := r.noteText(c, text); text == place || taken+visibleCells(n) <= maxPlanColumns {
			return n
		}
	}
	return ""
}

// noteText is a remark with its origin.
func (r *planRenderer) noteText(c *planner.Change, origin string) string {
	switch {
	case c.Replaces && origin == "":
		return " " + r.paint(red, "# forces replacement")
	case c.Replaces:
		return " " + r.paint(red, "# forces replacement") + r.paint(faint, " ("+origin+")")
	case c.Recorded != "":
		return " " + r.paint(faint, "# only recorded: "+c.Recorded)
	case origin == "":
		return ""
	}
	return " " + r.paint(faint, "# "+origin)
}

// origin is the link of a change's chain that says most about it, in a few
// words; explain and --json have the whole chain.
func (r *planRenderer) origin(c *planner.Change) string {
	short := ""
	for i, cause := range c.Causes {
		switch cause.Kind {
		case planner.ByDrift:
			if i == 0 {
				return "changed outside"
			}
		case planner.ByAttribute:
			node := cause.Name[:strings.LastIndexByte(cause.Name, '.')]
			if fate := r.fate[node]; fate != "" && followed(c.Causes[i:]) {
				return "follows " + cause.Name + ", which is " + fate
			}
			if short == "" {
				short = "follows " + cause.Name
			}
		case planner.ByInput:
			if short == "" || strings.HasPrefix(short, "follows") {
				short = "input " + cause.Name
			}
		case planner.ByDefault:
			short = "default of " + cause.Name
		}
	}
	if short == "" && c.After.IsNull() && len(c.Causes) > 0 {
		short = "no longer given"
	}
	return short
}

// followed reports whether a chain that begins with an attribute goes on to
// the step that changes it.
func followed(causes []planner.Cause) bool {
	return len(causes) > 1 && causes[1].Kind == planner.ByStep
}

func joinNonEmpty(separator string, parts ...string) string {
	var kept []string
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, separator)
}

// visibleCells is the width of a text on a terminal, without its colours.
func visibleCells(text string) int {
	n := 0
	for text != "" {
		plain, rest, coloured := strings.Cut(text, "\x1b[")
		n += cells(plain)
		if !coloured {
			break
		}
		_, text, _ = strings.Cut(rest, "m")
	}
	return n
}

package main

import (
	"strings"

	"github.com/orchestrate-tosca/orchestrate/planner"
)

// maxPlanColumns is how wide the lines of a plan get for the sake of a remark.
const maxPlanColumns = 120

// noted writes a line with what is to be said about the change at a path:
// whether it forces a replacement, where the new value is declared, and what it
// follows. A block that comes or goes as one tells of its first part.
func (r *planRenderer) noted(line, path string) {
	c := r.where[path]
	if c == nil {
		c = r.firstBelow(path)
	}
	if c == nil {
		r.printf("%s\n", line)
		return
	}
	last := line[strings.LastIndexByte(line, '\n')+1:]
	if note := r.note(c); visibleCells(last)+visibleCells(note) <= maxPlanColumns || c.Recorded != "" {
		r.printf("%s%s\n", line, note)
		return
	}
	indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
	below := ""
	if origin := r.place(c); origin != "" {
		below = indent + "      " + r.paint(faint, "# "+origin) + "\n"
	}
	forces := ""
	if c.Replaces {
		forces = r.forces()
	}
	r.printf("%s%s\n%s", line, forces, below)
}

// firstBelow is the change of the first part of what stands at a path.
func (r *planRenderer) firstBelow(path string) *planner.Change {
	first := ""
	for p := range r.where {
		if (strings.HasPrefix(p, path+".") || strings.HasPrefix(p, path+"[")) && (first == "" || p < first) {
			first = p
		}
	}
	return r.where[first]
}

// noteHere is the remark about the change at a path itself; "" if there is
// none.
func (r *planRenderer) noteHere(path string) string {
	if c := r.where[path]; c != nil {
		return r.note(c)
	}
	return ""
}

// place is where a value is declared and what it follows.
func (r *planRenderer) place(c *planner.Change) string {
	at := ""
	if !c.Range.IsZero() {
		at = c.Range.String()
	}
	return joinNonEmpty(", ", at, r.origin(c))
}

func (r *planRenderer) forces() string { return " " + r.paint(red, "# forces replacement") }

// note is the remark about a change, on the line of the change.
func (r *planRenderer) note(c *planner.Change) string {
	origin := r.place(c)
	switch {
	case c.Replaces && origin == "":
		return r.forces()
	case c.Replaces:
		return r.forces() + r.paint(faint, " ("+origin+")")
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
		case planner.ByFile:
			return "its file has changed"
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

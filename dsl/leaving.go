package dsl

import (
	"maps"
	"slices"
	"strings"
)

// Leaving says what stays when an object of the type is deleted, and what its
// flags (x-destroys) let go with it: one clause each, "" if nothing does. flag
// tells the value of a property; where it does not know one, the text names the
// condition.
func (t *NodeType) Leaving(flag func(name string) (set, known bool)) (leaves, destroys string) {
	var stays, goes []string
	if t.Properties != nil {
		for _, name := range slices.Sorted(maps.Keys(t.Properties.Properties)) {
			what := t.Properties.Properties[name].Destroys
			if what == "" {
				continue
			}
			switch set, known := flag(name); {
			case !known:
				stays = append(stays, what+" unless "+name+" is true")
			case set:
				goes = append(goes, what+" ("+name+" is true)")
			default:
				stays = append(stays, what)
			}
		}
	}
	if t.Leaves == "" {
		return enumerated(stays), enumerated(goes)
	}
	return strings.Join(append(stays, t.Leaves), ", "), enumerated(goes)
}

// LeavingAlong says what stays when an object of the type goes with what it lives in,
// as one clause; "" if nothing does.
func (t *NodeType) LeavingAlong() string {
	for _, property := range slices.Sorted(maps.Keys(t.Containers)) {
		if c := t.Containers[property]; c.DeletedWith && c.Leaves != "" {
			return c.Leaves
		}
	}
	return ""
}

// enumerated joins clauses to a list in words.
func enumerated(all []string) string {
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	last := len(all) - 1
	return strings.Join(all[:last], ", ") + " and " + all[last]
}

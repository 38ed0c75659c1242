package huaweicloud

import (
	"fmt"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// The ID of an object that its service finds only by name, inside another one,
// is the path of names that leads to it, below the ID of that one. None of them
// can hold a slash.

// JoinPath makes such an ID.
func JoinPath(parts ...string) string { return strings.Join(parts, "/") }

// SplitPath is the inverse of JoinPath for an ID of n parts of which the first is
// the ID of top, such as "network".
func SplitPath(typ, id, top string, n int) ([]string, error) {
	parts := strings.Split(id, "/")
	bad := len(parts) != n
	for _, p := range parts {
		bad = bad || p == ""
	}
	if bad {
		return nil, &providers.Error{
			Kind:    providers.Invalid,
			Message: fmt.Sprintf("%q is not the ID of a %s: it has to have %d parts joined by slashes, the first being the ID of the %s", id, typ, n, top),
		}
	}
	return parts, nil
}

// Absent is the error of a read that finds the parent but not the object.
func Absent(what, name string) error {
	return &providers.Error{Kind: providers.NotFound, Message: what + " " + name + " does not exist"}
}

// Remains is the error of a deletion that is settled, so that it sends nothing
// any more, while something is left: it stays on record.
func Remains(left string) error {
	return &providers.Error{
		Kind:    providers.Failed,
		Message: "the deletion has ended before its time: " + left,
		Advice:  "Delete it again if it is to go.",
	}
}

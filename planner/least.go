package planner

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

// settleLeast notes that a change calls nothing if it only asks for the least
// that there is to be (x-least), and that is there already.
func (s *Step) settleLeast(typ *dsl.NodeType, c *Change) {
	if typ == nil || c.Replaces || c.Recorded != "" {
		return
	}
	p := propertyAt(typ.Properties, c.Path)
	if p == nil || p.Least == nil {
		return
	}
	there, _ := s.Attributes.Get(p.Least.Attribute)
	if blank(there) {
		there = c.Before // nobody has told; it has been asked for at least
	}
	if blank(c.After) || reaches(there, c.After) {
		c.Recorded = p.Least.Why
	}
}

// reaches reports whether there is known to be as much as is wanted: of two
// numbers, or of two versions.
func reaches(there, want intrinsic.Value) bool {
	have, counted := number(there)
	least, counts := number(want)
	if counted || counts {
		return counted && counts && have >= least
	}
	order, ok := compareVersions(plainText(there), plainText(want))
	return ok && order >= 0
}

// compareVersions compares versions part by part, what is missing being 0; ok is
// false unless both are numbers joined by dots.
func compareVersions(a, b string) (order int, ok bool) {
	x, xOK := versionParts(a)
	y, yOK := versionParts(b)
	if !xOK || !yOK {
		return 0, false
	}
	for i := range max(len(x), len(y)) {
		if order = cmp.Compare(partAt(x, i), partAt(y, i)); order != 0 {
			break
		}
	}
	return order, true
}

func versionParts(text string) ([]uint64, bool) {
	texts := strings.Split(text, ".")
	out := make([]uint64, len(texts))
	for i, part := range texts {
		n, err := strconv.ParseUint(part, 10, 64)
		if err != nil {
			return nil, false
		}
		out[i] = n
	}
	return out, true
}

func partAt(parts []uint64, i int) uint64 {
	if i < len(parts) {
		return parts[i]
	}
	return 0
}

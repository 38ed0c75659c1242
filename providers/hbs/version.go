package hbs

import (
	"cmp"
	"strconv"
	"strings"
)

// older tells whether a version, such as 1.0.1.2, comes before another one.
// Parts that are no numbers are compared as text.
func older(a, b string) bool { return compareVersions(a, b) < 0 }

func compareVersions(a, b string) int {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(x), len(y)) {
		if n := comparePart(at(x, i), at(y, i)); n != 0 {
			return n
		}
	}
	return 0
}

// at is a part of a version; what is missing counts as 0.
func at(parts []string, i int) string {
	if i < len(parts) {
		return parts[i]
	}
	return "0"
}

func comparePart(a, b string) int {
	n, errA := strconv.Atoi(a)
	m, errB := strconv.Atoi(b)
	if errA != nil || errB != nil {
		return cmp.Compare(a, b)
	}
	return cmp.Compare(n, m)
}

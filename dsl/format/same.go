package format

import (
	"slices"

	"github.com/orchestrate-tosca/orchestrate/dsl/internal/yamltree"
)

// texts are the comments of a document, sorted: their order does not count.
func texts(all []yamltree.Comment) []string {
	out := make([]string, len(all))
	for i, c := range all {
		out[i] = c.Text
	}
	slices.Sort(out)
	return out
}

// sameValue compares two values; the order of keys does not count, and how
// nothing is written does not either.
func sameValue(a, b *yamltree.Node) bool {
	if a == nil || b == nil {
		return isNothing(a) && isNothing(b)
	}
	if a.Kind != b.Kind || len(a.Items) != len(b.Items) || len(a.Pairs) != len(b.Pairs) {
		return false
	}
	if a.Kind != yamltree.Null && a.Text != b.Text {
		return false
	}
	for i := range a.Items {
		if !sameValue(a.Items[i], b.Items[i]) {
			return false
		}
	}
	return samePairs(a, b)
}

func isNothing(n *yamltree.Node) bool { return n == nil || n.Kind == yamltree.Null }

func samePairs(a, b *yamltree.Node) bool {
	if len(a.Pairs) == 0 {
		return true
	}
	other := make(map[string]*yamltree.Node, len(b.Pairs))
	for _, p := range b.Pairs {
		other[p.Key.Text] = p.Value
	}
	for _, p := range a.Pairs {
		if v, ok := other[p.Key.Text]; !ok || !sameValue(p.Value, v) {
			return false
		}
	}
	return true
}

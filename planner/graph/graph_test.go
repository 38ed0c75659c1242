package graph

import (
	"errors"
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// build makes a graph from words like "a>b" (a comes before b) and "c".
func build(words string) *Graph {
	var names []string
	var edges [][2]string
	for _, w := range strings.Fields(words) {
		b, a, tied := strings.Cut(w, ">")
		names = append(names, b)
		if tied {
			names = append(names, a)
			edges = append(edges, [2]string{b, a})
		}
	}
	g := New(names)
	for _, e := range edges {
		g.Add(e[0], e[1])
	}
	return g
}

func TestOrder(t *testing.T) {
	for _, tc := range []struct{ graph, want string }{
		{"", ""},
		{"c b a", "a b c"},
		{"z>a", "z a"},
		{"vpc>subnet subnet>server vpc>server eip>server", "eip vpc subnet server"},
		{"a>d b>d c>d", "a b c d"},
		{"a>b a>b", "a b"},
	} {
		got, err := build(tc.graph).Order()
		if err != nil {
			t.Errorf("%q: %v", tc.graph, err)
		}
		if s := strings.Join(got, " "); s != tc.want {
			t.Errorf("%q: got %q, want %q", tc.graph, s, tc.want)
		}
	}
}

func TestOrderNamesEveryCycle(t *testing.T) {
	for _, tc := range []struct {
		graph string
		want  [][]string
	}{
		{"a>a", [][]string{{"a"}}},
		{"a>b b>a", [][]string{{"a", "b"}}},
		{"a>b b>c c>a x>y y>x z", [][]string{{"a", "b", "c"}, {"x", "y"}}},
		{"a>b b>c c>d d>a c>a", [][]string{{"a", "b", "c"}}},
		{"a>a b>c c>b", [][]string{{"a"}, {"b", "c"}}},
	} {
		_, err := build(tc.graph).Order()
		var cycles *CycleError
		if !errors.As(err, &cycles) {
			t.Errorf("%q: got %v, want a CycleError", tc.graph, err)
			continue
		}
		if d := cmp.Diff(tc.want, cycles.Cycles); d != "" {
			t.Errorf("%q (-want +got):\n%s", tc.graph, d)
		}
	}
}

func TestOrderRespectsEdgesHoweverBuilt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 20).Draw(t, "n")
		names := make([]string, n)
		for i := range names {
			names[i] = fmt.Sprintf("n%02d", i)
		}
		perm := rapid.Permutation(names).Draw(t, "order of creation")
		var edges [][2]string
		for range rapid.IntRange(0, 40).Draw(t, "edges") {
			i, j := rapid.IntRange(0, n-1).Draw(t, "i"), rapid.IntRange(0, n-1).Draw(t, "j")
			if i < j {
				edges = append(edges, [2]string{perm[i], perm[j]})
			}
		}
		first := ordered(t, names, edges)
		rand.New(rand.NewSource(1)).Shuffle(len(edges), func(i, j int) { edges[i], edges[j] = edges[j], edges[i] })
		if d := cmp.Diff(first, ordered(t, perm, edges)); d != "" {
			t.Fatalf("order depends on how the graph was built:\n%s", d)
		}
		for _, e := range edges {
			if slices.Index(first, e[0]) > slices.Index(first, e[1]) {
				t.Fatalf("%s comes after %s in %v", e[0], e[1], first)
			}
		}
	})
}

func ordered(t *rapid.T, names []string, edges [][2]string) []string {
	g := New(names)
	for _, e := range edges {
		g.Add(e[0], e[1])
	}
	out, err := g.Order()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func BenchmarkOrder(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			names := make([]string, n)
			for i := range names {
				names[i] = fmt.Sprintf("n%d", i)
			}
			for b.Loop() {
				g := New(names)
				for i := 100; i < n; i++ {
					g.Add(names[i-100], names[i])
					g.Add(names[i/2], names[i])
				}
				if _, err := g.Order(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestWeigh(t *testing.T) {
	g := build("a>b b>c a>c d>c e")
	order, err := g.Order()
	if err != nil {
		t.Fatal(err)
	}
	got := g.Weigh(order, func(name string) int { return strings.Index(".abcd", name) })
	if d := cmp.Diff(map[string]int{"a": 1, "b": 3, "c": 7, "d": 4, "e": -1}, got); d != "" {
		t.Error(d)
	}
}

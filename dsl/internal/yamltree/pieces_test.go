package yamltree

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPieces cuts documents wherever they can be cut: what the pieces become
// together is what the document becomes as a whole, down to the last column.
// Where a cut would be wrong there is none, or it is found out.
func TestPieces(t *testing.T) {
	tests := []struct {
		name, src string
		pieces    int // 0: parsed as a whole
	}{
		{"two sections", "a: 1\nb: 2\n", 2},
		{"entries", "# first\n---\na:\n  b: 1\n  c: {d: [e]}\n  # of f\n  f:\n    - g\n    - h: i\nj: k\n", 4},
		{"quoted keys", "a:\n    \"b\": 1\n    'c': 2\n", 2},
		{"no line break at the end", "a:\n  b: 1\n  c: é x", 2},
		{"block texts", "a:\n  b: |+\n    x: 1\n\n\n  c: >2-\n      y\n     z\n  d: |\n  e: |-\n    é\n\nf: g\n", 5},
		{"texts over several lines", "a:\n  b: x\n    y\n  c: 'x\n    y'\n  d: [1,\n    2]\n", 3},
		{"lists at the indentation of their key", "a:\n  b:\n  - c: 1\n    d: 2\n  e: 3\n", 2},
		{"anchor and alias in one piece", "a:\n  b: [&x 1]\n  c: 2\n", 0},
		{"anchor and alias in two pieces", "a:\n  b: &x 1\n  c: *x\n", 0},
		{"merge key", "a:\n  b: 1\n  <<: {c: 2}\n  d: 3\n", 0},
		{"key twice", "a:\n  b: 1\n  c: 2\n  b: 3\n", 0},
		{"section twice", "a:\n  b: 1\na:\n  b: 2\n", 0},
		{"text that looks like a section", "a: |\n  b: 1\n  c: 2\nd: 3\n", 0},
		{"text over several lines that looks like one", "a:\n  b\n  c\nd: 3\n", 0},
		{"quoted text across cuts", "a:\n  b: 'x\n  c: y'\n  d: z\n", 0},
		{"quoted text across sections", "a: \"x\nb: y\"\nc: z\n", 0},
		{"list across cuts", "a:\n  b: [x,\n  c, y]\n  d: z\n", 0},
		{"map in flow style with more below", "a:\n  {b: 1}\n  c: 2\n", 0},
		{"tagged map", "a: !!map\n  b: 1\n  c: 2\n", 0},
		{"anchored map", "a: &x\n  b: 1\n  c: 2\n", 0},
		{"less indented", "a:\n    b: 1\n    c: 2\n  d: 3\n", 0},
		{"explicit keys", "? a\n: b\n? c\n: d\n", 0},
		{"explicit key without a value", "a:\n  ? b\n  c: d\n", 0},
		{"list of the document", "- a: 1\n- b: 2\n", 0},
		{"end of the document", "a: 1\n...\nb: 2\n", 0},
		{"two documents", "a: 1\n---\nb: 2\n", 0},
		{"directive", "%YAML 1.2\n---\na: 1\nb: 2\n", 0},
		{"indented document", "  a: 1\n  b: 2\n", 0},
		{"tab", "a:\n  b: 1\n\tc: 2\n", 0},
		{"other line breaks", "a: 1\r\nb: 2\r\n", 0},
		{"too deep", "a:\n  b: 1\n  c: [[[[[[[[[[1]]]]]]]]]]\n", 0},
	}
	limits := defaultLimits
	limits.Depth = 10
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			samePieces(t, []byte(test.src), limits)
			root := parsePieces("f", []byte(test.src), limits, 1)
			if (root != nil) != (test.pieces > 0) {
				t.Errorf("parsed in pieces: %t", root != nil)
			}
			if n := len(cut([]byte(test.src), 1)); root != nil && n != test.pieces {
				t.Errorf("it has %d pieces", n)
			}
		})
	}
}

// samePieces compares a parse in pieces with one of the whole.
func samePieces(t *testing.T, src []byte, limits Limits) {
	t.Helper()
	root := parsePieces("f", src, limits, 1)
	if root == nil {
		return
	}
	whole, _, diags := parseWhole("f", src, limits)
	if diff := cmp.Diff(whole, root); diff != "" || len(diags) > 0 {
		t.Errorf("in pieces %q becomes another tree, without %v (-whole +pieces):\n%s", src, diags, diff)
	}
}

// TestLongDocument is parsed in pieces by Parse itself.
func TestLongDocument(t *testing.T) {
	var b strings.Builder
	b.WriteString("inputs:\n  x: 1\nnodes:\n")
	for i := range 20_000 {
		fmt.Fprintf(&b, "  n%d:\n    text: |\n      %d\n    list: [a, {b: c}]\n", i, i)
	}
	b.WriteString("outputs: {}\n")
	src := []byte(b.String())
	if n := len(cut(src, pieceBytes)); n < 5 {
		t.Fatalf("the document has %d pieces", n)
	}
	root, diags := Parse("f", src)
	whole, _, _ := parseWhole("f", src, defaultLimits)
	if !reflect.DeepEqual(whole, root) || len(diags) > 0 {
		t.Fatal("in pieces it becomes another tree", diags)
	}
}

// FuzzPieces looks for a document that is another one in pieces.
func FuzzPieces(f *testing.F) {
	for _, s := range []string{
		"a:\n  b: 1\n  c: {d: [e]}\n  f:\n    - g\n    - h: i\nj: k\n", "a:\n  b: |+\n    x: 1\n\n\n  c: >2-\n      y\n     z\n  d: |\n  e: |-\n    é\n\nf: g\n",
		"a:\n  {b: 1}\n  c: 2\n", "a: &x\n  b: *x\n", "a: \"x\nb: y\"\nc: z\n", "a:\n- b: 1\nc: 2\n", "---\na: 1\n# c\n...\n", "a:\n  ? b\n  : c\n  d: e\n", "a:\n  b:\n  # c\n  d:\n   # e\n  f: 1 # g\n",
	} {
		f.Add([]byte(s))
	}
	limits := Limits{Bytes: 1 << 16, Depth: 40, Aliased: 1000}
	f.Fuzz(func(t *testing.T, src []byte) {
		if checkBytes("f", src, limits) == nil {
			samePieces(t, src, limits)
		}
	})
}

package yamltree_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/internal/yamltree"
)

// dump writes a tree, a node a line, with the source text that its range
// covers: what a user would see underlined.
func dump(src string, n *yamltree.Node) string {
	var b strings.Builder
	var walk func(n *yamltree.Node, label string, depth int)
	walk = func(n *yamltree.Node, label string, depth int) {
		kind := [...]string{"null", "bool", "int", "float", "string", "list", "map"}[n.Kind]
		fmt.Fprintf(&b, "%s%s%s %q\n", strings.Repeat("  ", depth), label, kind, covered(src, n))
		for i, item := range n.Items {
			walk(item, fmt.Sprintf("%d: ", i), depth+1)
		}
		for _, p := range n.Pairs {
			walk(p.Value, p.Key.Text+": ", depth+1)
		}
	}
	walk(n, "", 0)
	return b.String()
}

// covered returns the source between start and end.
func covered(src string, n *yamltree.Node) string {
	lines := strings.SplitAfter(src, "\n")
	offset := func(p diag.Pos) int {
		at := 0
		for _, l := range lines[:p.Line-1] {
			at += len(l)
		}
		line := ""
		if p.Line <= len(lines) {
			line = lines[p.Line-1]
		}
		for i := 1; i < p.Column; i++ {
			_, size := utf8.DecodeRuneInString(line)
			line, at = line[size:], at+size
		}
		return at
	}
	return src[offset(n.Start):offset(n.End)]
}

func TestRanges(t *testing.T) {
	tests := []struct{ name, src, want string }{
		{"plain", "a: b c # comment\n", `map "a: b c"
  a: string "b c"
`},
		{"types", "i: 12\nh: 0x1f\no: 0o17\nf: 1.50\nb: true\nn: ~\ne:\ny: yes\nd: 2020-01-02\nq: '12'\n", `map "i: 12\nh: 0x1f\no: 0o17\nf: 1.50\nb: true\nn: ~\ne:\ny: yes\nd: 2020-01-02\nq: '12'"
  i: int "12"
  h: int "0x1f"
  o: int "0o17"
  f: float "1.50"
  b: bool "true"
  n: null "~"
  e: null ""
  y: string "yes"
  d: string "2020-01-02"
  q: string "'12'"
`},
		{"plain over lines", "a: one\n  two\n\n  three\nb: 1\n", `map "a: one\n  two\n\n  three\nb: 1"
  a: string "one\n  two\n\n  three"
  b: int "1"
`},
		{"quotes", `a: "x \" # y"` + "\nb: 'it''s' # c\nc: \"two\n  lines\"\n", `map "a: \"x \\\" # y\"\nb: 'it''s' # c\nc: \"two\n  lines\""
  a: string "\"x \\\" # y\""
  b: string "'it''s'"
  c: string "\"two\n  lines\""
`},
		{"blocks", "a: |\n  one\n\n   two\n\nb: >-\n  x\n  y\n# end\nc: 1\n", `map "a: |\n  one\n\n   two\n\nb: >-\n  x\n  y\n# end\nc: 1"
  a: string "|\n  one\n\n   two"
  b: string ">-\n  x\n  y"
  c: int "1"
`},
		{"empty blocks", "a:\n  - |\n  - >+\n\n  - |-\n    x\nb: |\n", `map "a:\n  - |\n  - >+\n\n  - |-\n    x\nb: |"
  a: list "- |\n  - >+\n\n  - |-\n    x"
    0: string "|"
    1: string ">+"
    2: string "|-\n    x"
  b: string "|"
`},
		{"flow", "a: [1, {b: c, d: [ ]}, 'x' ] # z\ne: {}\n", `map "a: [1, {b: c, d: [ ]}, 'x' ] # z\ne: {}"
  a: list "[1, {b: c, d: [ ]}, 'x' ]"
    0: int "1"
    1: map "{b: c, d: [ ]}"
      b: string "c"
      d: list "[ ]"
    2: string "'x'"
  e: map "{}"
`},
		{"flow over lines", "a: [\n  1, # one ]\n  2,\n]\nb: 1\n", `map "a: [\n  1, # one ]\n  2,\n]\nb: 1"
  a: list "[\n  1, # one ]\n  2,\n]"
    0: int "1"
    1: int "2"
  b: int "1"
`},
		{"wide characters", "名: 值 # 注\nb: \"é\"\nc: 😀\n", `map "名: 值 # 注\nb: \"é\"\nc: 😀"
  名: string "值"
  b: string "\"é\""
  c: string "😀"
`},
		{"carriage returns", "a: 1\r\nb: x\r\n", `map "a: 1\r\nb: x"
  a: int "1"
  b: string "x"
`},
		{"anchors", "a: &x {k: 1}\nb: *x\nc:\n  <<: *x\n  k: 2\n  l: 3\nd: !!str 7\n", `map "a: &x {k: 1}\nb: *x\nc:\n  <<: *x\n  k: 2\n  l: 3\nd: !!str 7"
  a: map "&x {k: 1}"
    k: int "1"
  b: map "&x {k: 1}"
    k: int "1"
  c: map "<<: *x\n  k: 2\n  l: 3"
    k: int "2"
    l: int "3"
  d: string "!!str 7"
`},
		{"merged list", "a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc: {<<: [*a, *b], z: 3}\n", `map "a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc: {<<: [*a, *b], z: 3}"
  a: map "&a {x: 1}"
    x: int "1"
  b: map "&b {x: 2, y: 2}"
    x: int "2"
    y: int "2"
  c: map "{<<: [*a, *b], z: 3}"
    z: int "3"
    x: int "1"
    y: int "2"
`},
		{"json", `{"a": [1, null, true, "x"], "b": {"c": -1e3}}`, `map "{\"a\": [1, null, true, \"x\"], \"b\": {\"c\": -1e3}}"
  a: list "[1, null, true, \"x\"]"
    0: int "1"
    1: null "null"
    2: bool "true"
    3: string "\"x\""
  b: map "{\"c\": -1e3}"
    c: float "-1e3"
`},
		{"sequence under key", "a:\n- 1\n- b: 2\n  c: 3\nd: 4", `map "a:\n- 1\n- b: 2\n  c: 3\nd: 4"
  a: list "- 1\n- b: 2\n  c: 3"
    0: int "1"
    1: map "b: 2\n  c: 3"
      b: int "2"
      c: int "3"
  d: int "4"
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root, diags := yamltree.Parse("f", []byte(tt.src))
			if len(diags) > 0 {
				t.Fatal(diags)
			}
			if d := cmp.Diff(tt.want, dump(tt.src, root)); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

func TestProblems(t *testing.T) {
	head := "tosca: x\nnodes:\n  a:\n    type: T\n    props:\n      x: 1\n"
	tests := []struct{ name, src, want string }{
		{"colon in text", head + "  b:\n    text: a: b\n    more: 1\n", "f:8:5 DSL101"},
		{"bad indent", head + "     y: 2\n  c: 1\n", "f:7:6 DSL101"},
		{"list in map", head + "  - b\n  c: 1\n", "f:7:3 DSL101"},
		{"open list", head + "  b: [1, 2\n  c: 1\n  d: 2\n", "f:7:3 DSL101"},
		{"open map", head + "  b: {x: 1\n  c: 1\n", "f:7:3 DSL101"},
		{"open quote", head + "  b: \"text\n  c: 1\n", "f:7:3 DSL101"},
		{"tab", head + "  b:\n\tc: 1\n", "f:8:1 DSL101"},
		{"reserved", head + "  b: @x\n", "f:7:3 DSL101"},
		{"percent", "%x\na: 1\n", "f:1:1 DSL101"},
		{"first line", "a: b: c\n", "f:1:1 DSL101"},
		{"no colon", head + "  bcd\n  e: 1\n", "f:7:3 DSL101"},
		{"unknown alias", head + "  b: 1\n  c: *nope\n", "f:8:3 DSL101"},
		{"bad escape", head + "  b: \"\\q\"\n", "f:7:3 DSL101"},
		{"bad escape far below", head + "  b: \"x\n    y\n    \\q\"\n", "f:9:5 DSL101"},
		{"foreign tag", "a: !Ref b\n", "f:1:4 DSL101"},
		{"unfit tag", "a: !!int b\n", "f:1:4 DSL101"},
		{"not finite", "a: .inf\n", "f:1:4 DSL101"},
		{"map as key", "? {a: 1}\n: 2\n", "f:1:3 DSL101"},
		{"jinja", "a: {{ x }}\n", "f:1:5 DSL101"},
		{"alias in itself", "a: &a [*a]\n", "f:1:8 DSL101"},
		{"merge scalar", "a: {<<: 1}\n", "f:1:9 DSL101"},
		{"NUL", "a: \x00\n", "f:1:4 DSL102"},
		{"escape character", "a: é\x1b[31m\n", "f:1:5 DSL102"},
		{"latin-1", "# x\na: \xe9\n", "f:2:4 DSL102"},
		{"UTF-16", "\xff\xfea\x00:\x00", "f:1:1 DSL102"},
		{"archive", "PK\x03\x04xxxx", "f DSL102"},
		{"duplicate", "a: 1\nb: 2\na: 3\n", "f:3:1 DSL103"},
		{"duplicate by spelling", "1: a\n'1': b\n", "f:2:1 DSL103"},
		{"second document", "a: 1\n---\nb: 1\n", "f:2:1 DSL105"},
		{"second document after end", "a: 1\n...\n# x\n--- b\n", "f:4:1 DSL105"},
		{"broken second document", "a: 1\n---\nb: c: d\n", "f:3:1 DSL101"},
		{"deep", strings.Repeat("[", 200) + strings.Repeat("]", 200), "f:1:129 DSL104"},
		{"very deep", strings.Repeat("[", 100_000), "f:1:1 DSL104"},
		{"very deep in a value", "a: " + strings.Repeat("[", 100_000), "f DSL104"},
		{"very deep lines", deepLines(600), "f:513:1 DSL104"},
		{"very deep block", deepBlock(12_000), "f DSL104"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, diags := yamltree.Parse("f", []byte(tt.src))
			var got []string
			for _, d := range diags {
				got = append(got, d.Subject.String()+" "+string(d.Code))
			}
			if s := strings.Join(got, ", "); s != tt.want {
				t.Errorf("got %s, want %s: %v", s, tt.want, diags)
			}
		})
	}
}

// deepLines nests n maps in block style.
func deepLines(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

// deepBlock nests n lists in block style on one line.
func deepBlock(n int) string { return strings.Repeat("- ", n) + "x\n" }

func TestAliasBomb(t *testing.T) {
	var b strings.Builder
	b.WriteString("l0: &l0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 60; i++ {
		fmt.Fprintf(&b, "l%d: &l%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*l%d, ", i-1), 10), ", "))
	}
	_, diags := yamltree.Parse("f", []byte(b.String()))
	if len(diags) != 1 || diags[0].Code != "DSL104" {
		t.Errorf("got %v, want one DSL104", diags)
	}
}

func TestLimits(t *testing.T) {
	limits := yamltree.Limits{Bytes: 10, Depth: 2, Aliased: 3}
	for src, want := range map[string]string{
		"a: [b]":         "",
		"a: [b, c, d]":   "DSL104",
		"[[a]]":          "",
		"[[[]]]":         "DSL104",
		"[&a b,*a]":      "",
		"[&a x,*a,*a,*a": "DSL104", // too long, before it is not YAML
	} {
		_, diags := yamltree.ParseLimited("f", []byte(src), limits)
		if got := codes(diags); got != want {
			t.Errorf("%s: got %q, want %q: %v", src, got, want, diags)
		}
	}
}

// TestPrescan holds documents to the limits that count before parsing, in
// block and in flow style, and leaves alone what lies just below.
func TestPrescan(t *testing.T) {
	limits := yamltree.Limits{Bytes: 1 << 20, Depth: 50, Aliased: 100, Entries: 50, Values: 200, Text: 100}
	repeat := strings.Repeat
	for _, tt := range []struct{ name, src, want string }{
		{"entries", keys(50), ""},
		{"too many entries", keys(51), "f:51:1 DSL104"},
		{"too many entries further in", "a:\n  b:\n" + repeat("    - x\n", 51), "f:53:1 DSL104"},
		{"entries of many maps", repeat("- a: 1\n  b: 2\n", 50), ""},
		{"values", repeat("- \n", 40) + "- a:\n" + repeat("   -\n", 50), ""},
		{"too many lines", repeat("- a:\n"+repeat("   - x\n", 24), 9), "f:201:1 DSL104"},
		{"too many blank lines", repeat("\n", 201), "f:101:1 DSL104"},
		{"too many comments", repeat("#\n", 51), "f:51:1 DSL104"},
		{"too many values on a line", "a: [" + repeat("x,", 51) + "]", "f:1:1 DSL104"},
		{"too many values in flow style", "[" + repeat("[x,x,x,x,x],\n", 45) + "]", "f:41:1 DSL104"},
		{"too many entries in flow style", "[[\n" + repeat("{a: 1},\n", 51) + "]]", "f:52:1 DSL104"},
		{"entries in flow style", "[[" + repeat("{a: 1},\n", 50) + "]]", ""},
		{"commas in a text", `["` + repeat(",", 90) + `", 'it''s` + repeat(",[", 30) + `', don't, "\"` + repeat(":{", 30) + `"]`, ""},
		{"long word", "a: " + repeat("x", 99), "f:1:1 DSL104"},
		{"long text", "a: " + repeat("x ", 40), ""},
		{"long quoted text in flow style", `["` + repeat("x", 120) + `"]`, "f:1:1 DSL104"},
		{"long plain text in flow style", `[` + repeat("x ", 60) + `]`, "f:1:1 DSL104"},
		{"long block", "a:\n  b: |\n" + repeat("    k: v\n", 30), "f:27:1 DSL104"},
		{"block", "a:\n  b: >-2\n" + repeat("    k: v\n", 15) + "  c: |\n" + repeat("    k: v\n", 15), ""},
		{"long text over lines", "a:\n" + repeat("  some words\n", 12), "f:11:1 DSL104"},
		{"long text with blank lines", "a: 'x\n" + repeat("\n", 120) + "'", "f:97:1 DSL104"},
		{"no block", "# see |\n" + repeat("- a: 1\n", 40), ""},
		{"deep flow", repeat("[", 201) + repeat("]", 201), "f:1:1 DSL104"},
		{"unbalanced", "{]]}" + repeat("]", 90), "f:1:1 DSL101"},
	} {
		_, diags := yamltree.ParseLimited("f", []byte(tt.src), limits)
		got := ""
		for _, d := range diags {
			got = strings.TrimSpace(got + " " + d.Subject.String() + " " + string(d.Code))
		}
		if got != tt.want {
			t.Errorf("%s: got %q, want %q: %v", tt.name, got, tt.want, diags)
		}
	}
}

func keys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "k%d: v\n", i)
	}
	return b.String()
}

func codes(l diag.List) string {
	var out []string
	for _, d := range l {
		out = append(out, string(d.Code))
	}
	return strings.Join(out, " ")
}

func TestEmpty(t *testing.T) {
	for _, src := range []string{"", "\n", "# only a comment\n", "\xef\xbb\xbf"} {
		root, diags := yamltree.Parse("f", []byte(src))
		if root != nil || len(diags) > 0 {
			t.Errorf("%q: got %v, %v", src, root, diags)
		}
	}
}

// TestSecretNearby hides lines of what can't be parsed if a secret may stand
// there.
func TestSecretNearby(t *testing.T) {
	far := "a: 1\nb: 1\nc: 1\nd: 1\n"
	for src, want := range map[string]bool{
		"ledger_password: a: b\n":                             true,
		"in:\n  code:\n    type: secret\n    default: a: b\n": true,
		"in:\n  code:\n    default: a: b\n    type: secret\n": true,
		"password: x\n" + far + "y: a: b\n":                   false,
		"y: a: b\n":                                           false,
	} {
		_, diags := yamltree.Parse("f", []byte(src))
		if len(diags) != 1 || diags[0].Concealed != want {
			t.Errorf("%q: got %+v", src, diags)
		}
	}
}

func TestByteOrderMark(t *testing.T) {
	root, diags := yamltree.Parse("f", []byte("\xef\xbb\xbfa: 1\n"))
	if len(diags) > 0 || root.Get("a").Start != (diag.Pos{Line: 1, Column: 4}) {
		t.Errorf("got %+v, %v", root, diags)
	}
}

// FuzzParse holds the reader to what every caller relies on: no panic, ranges
// inside the file and in order, unique keys.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"a: [1, {b: c}]\n", "a: &x |\n  t\nb: *x\n", "? a\n: b\n", "a: 'x''y'\nb: \"\\n\"\n", "- - a\n  - b\n", "{a: , b}", "a: >+2\n   x\n\n",
		"<<: {a: 1}\n", "\xef\xbb\xbf--- a\n...\n", "a:\r\n- b\r\n", "a: !!str\nb: &y\nc: d", "é: [\u2028]", "a: [b, # ]\n c]", "&a a: *a", "|\n\n",
		"a:\n  - |\n  - >+\n\n  - |-\n", "{a: [b, 'c,d'], \"e:{\": f}", "a: |2-\n   x\n# |\nb: c |\n",
	} {
		f.Add([]byte(s))
	}
	for _, name := range fixtures(f) {
		if src, err := os.ReadFile(name); err == nil {
			f.Add(src)
		}
	}
	limits := yamltree.Limits{Bytes: 1 << 16, Depth: 40, Aliased: 1000}
	f.Fuzz(func(t *testing.T, src []byte) {
		root, diags := yamltree.ParseLimited("f", src, limits)
		last := diag.Pos{Line: strings.Count(strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n").Replace(string(src)), "\n") + 2}
		for _, d := range diags {
			if _, ok := diag.Lookup(d.Code); !ok || d.Detail == "" {
				t.Errorf("bad diagnostic %+v", d)
			}
			checkRange(t, d.Subject.Start, d.Subject.End, last)
		}
		if root != nil {
			checkTree(t, root, last)
		}
	})
}

func fixtures(tb testing.TB) []string {
	names, err := filepath.Glob("../../check/testdata/*.yaml")
	if err != nil {
		tb.Fatal(err)
	}
	return names
}

func checkRange(t *testing.T, start, end, last diag.Pos) {
	t.Helper()
	if end.Before(start) || last.Before(end) || start != (diag.Pos{}) && (start.Line < 1 || start.Column < 1) {
		t.Errorf("range %v to %v does not lie before %v", start, end, last)
	}
}

func checkTree(t *testing.T, n *yamltree.Node, last diag.Pos) {
	t.Helper()
	checkRange(t, n.Start, n.End, last)
	for _, i := range n.Items {
		checkTree(t, i, last)
	}
	seen := map[string]bool{}
	for _, p := range n.Pairs {
		if seen[p.Key.Text] || p.Key.Kind != yamltree.String {
			t.Errorf("bad key %q", p.Key.Text)
		}
		seen[p.Key.Text] = true
		checkTree(t, p.Value, last)
	}
}

package yamltree_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/orchestrate-tosca/orchestrate/dsl/internal/yamltree"
)

// dumpSyntax writes a written tree, a node a line, with the source that it
// covers, and then the comments.
func dumpSyntax(src string, s *yamltree.Syntax) string {
	var b strings.Builder
	forms := [...]string{"plain", "single", "double", "literal", "folded", "alias", "map", "list"}
	var walk func(w *yamltree.Written, label string, depth int)
	walk = func(w *yamltree.Written, label string, depth int) {
		fmt.Fprintf(&b, "%s%s%s", strings.Repeat("  ", depth), label, forms[w.Form])
		if w.Anchor != "" {
			b.WriteString(" &" + w.Anchor)
		}
		if w.Tag != "" {
			b.WriteString(" " + w.Tag)
		}
		if w.Flow {
			b.WriteString(" flow")
		}
		fmt.Fprintf(&b, " %q\n", src[w.Start:w.End])
		for _, e := range w.Entries {
			label := "- "
			if e.Key != nil {
				label = e.Key.Text + ": "
			}
			if e.AfterBlank {
				label = "(blank) " + label
			}
			walk(e.Value, label, depth+1)
		}
	}
	if s.Root != nil {
		walk(s.Root, "", 0)
	}
	for _, c := range s.Comments {
		fmt.Fprintf(&b, "%d:%d %s", c.Line, c.Column, c.Text)
		if c.OwnLine {
			b.WriteString(" own")
		}
		if c.AfterBlank {
			b.WriteString(" after blank")
		}
		if c.BeforeBlank {
			b.WriteString(" before blank")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestSyntax(t *testing.T) {
	tests := []struct{ name, src, want string }{
		{"comments", "# a\n\nx: 1 # b\n  # c\ny: '# no' #no\n# d", `map "x: 1 # b\n  # c\ny: '# no'"
  (blank) x: plain "1"
  y: single "'# no'"
1:1 # a own before blank
3:6 # b after blank
4:3 # c own
5:11 #no
6:1 # d own
`},
		{"no YAML", "a: [\n", ""},
		{"nothing written", "a:\nb: # x\n\nc: &k # y\nd: !!str\n", `map "a:\nb: # x\n\nc: &k # y\nd: !!str"
  a: plain ""
  b: plain ""
  (blank) c: plain &k "&k"
  d: plain !!str "!!str"
2:4 # x before blank
4:7 # y after blank
`},
		{"lists", "- a\n- # x\n  b: 1\n- - c\n\n  - d\n-\n", `list "- a\n- # x\n  b: 1\n- - c\n\n  - d\n-"
  - plain "a"
  - map "b: 1"
    b: plain "1"
  - list "- c\n\n  - d"
    - plain "c"
    (blank) - plain "d"
  - plain ""
2:3 # x
`},
		{"blocks", "a: | # x\n  # no\n\n   b\nc: >2-\n    # no\n   d\n# y\n", `map "a: | # x\n  # no\n\n   b\nc: >2-\n    # no\n   d"
  a: literal "| # x\n  # no\n\n   b"
  c: folded ">2-\n    # no\n   d"
1:6 # x
8:1 # y own
`},
		{"flow", "a: &x {b: [&y 1, # x\n  *y ], 'c': }\n", `map "a: &x {b: [&y 1, # x\n  *y ], 'c': }"
  a: map &x flow "&x {b: [&y 1, # x\n  *y ], 'c': }"
    b: list flow "[&y 1, # x\n  *y ]"
      - plain &y "&y 1"
      - alias "*y"
    c: plain ""
1:18 # x
`},
		{"only comments", "# a\n", "1:1 # a own\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, s, diags := yamltree.ParseSyntax("f", []byte(tt.src))
			if s == nil {
				if tt.want != "" || !diags.HasErrors() {
					t.Errorf("no syntax: %v", diags)
				}
				return
			}
			if d := cmp.Diff(tt.want, dumpSyntax(tt.src, s)); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

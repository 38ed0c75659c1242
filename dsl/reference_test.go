package dsl_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/check"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/expand"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

var update = flag.Bool("update", false, "rewrite golden files")

// TestReference validates the templates and fragments that the AOS reference
// and the text of the language print. What is wrong with one is in the .out file
// beside it; one without such a file is valid. In the other dialect the same
// holds.
func TestReference(t *testing.T) {
	cat := catalogue(t)
	names, err := filepath.Glob("testdata/reference/*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			src, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(src), dsl.DialectC.Version) {
				t.Fatal("the sample is of another dialect")
			}
			other := strings.NewReplacer(dsl.DialectC.Version, dsl.DialectH.Version, dsl.DialectC.Prefix, dsl.DialectH.Prefix).Replace(string(src))
			c, h := validate(t, src, cat), validate(t, []byte(other), cat)
			compareDialects(t, c, h)
			goldenFindings(t, strings.TrimSuffix(name, ".yaml")+".out", c.text)
		})
	}
}

// verdict is what validate tells.
type verdict struct {
	blueprint *dsl.Blueprint // nil if there is none
	places    []string       // code and line of each problem
	text      string         // the problems as users see them
}

// validate goes through a blueprint and, if its defaults suffice, the nodes
// that it makes.
func validate(t *testing.T, src []byte, cat dsl.Catalogue) verdict {
	t.Helper()
	const name = "blueprint.yaml"
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, src, 0o644); err != nil {
		t.Fatal(err)
	}
	loaded, diags := dsl.Load(file)
	if loaded == nil {
		t.Fatal(diags.Err())
	}
	pack, diags := dsl.ParsePackage(loaded, cat)
	if pack.Main != nil {
		diags = append(diags, check.Run(pack.Main, cat)...)
		inputs, missing := intrinsic.ResolveInputs(pack.Main, nil, nil)
		if !diags.HasErrors() && !missing.HasErrors() {
			_, more := expand.Run(pack.Main, inputs, expand.Options{Catalogue: cat, Package: pack})
			diags = append(diags, more...)
		}
	}
	v := verdict{blueprint: pack.Main}
	for _, d := range diags.Sorted() {
		v.places = append(v.places, fmt.Sprintf("%s:%d", d.Code, d.Subject.Start.Line))
	}
	v.text = strings.ReplaceAll(diag.Text(diags.Sorted(), pack.Texts()), file, name)
	return v
}

// compareDialects holds that only the prefixes differ.
func compareDialects(t *testing.T, c, h verdict) {
	t.Helper()
	if d := cmp.Diff(c.places, h.places); d != "" {
		t.Errorf("the problems differ (-C +H):\n%s", d)
	}
	if c.blueprint == nil || h.blueprint == nil {
		return
	}
	if c.blueprint.Dialect != dsl.DialectC || h.blueprint.Dialect != dsl.DialectH {
		t.Errorf("got dialects %v and %v", c.blueprint.Dialect, h.blueprint.Dialect)
	}
	types := func(bp *dsl.Blueprint) (out []string) {
		for _, n := range bp.Nodes {
			out = append(out, n.Name.Text+": "+n.TypeName)
		}
		return out
	}
	if d := cmp.Diff(types(c.blueprint), types(h.blueprint)); d != "" {
		t.Errorf("the types differ (-C +H):\n%s", d)
	}
}

// goldenFindings compares what was found with a file that exists only if
// anything was.
func goldenFindings(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		os.Remove(file)
		if got != "" {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	want, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got; rewrite with -update):\n%s", file, d)
	}
}

package expand_test

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/check"
	"github.com/orchestrate-tosca/orchestrate/dsl/expand"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

// FuzzRun expands whatever passes the checks: it must not panic nor run away,
// and what comes out must hold no composition any more, know its places, and
// give every name, present and former, to one node.
func FuzzRun(f *testing.F) {
	scripts, _ := filepath.Glob("testdata/*.txtar")
	for _, name := range scripts {
		ar, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, part := range ar.Files {
			if part.Name == "blueprint.yaml" {
				f.Add(part.Data)
			}
		}
	}
	nested, err := os.ReadFile("testdata/stack.txtar")
	if err != nil {
		f.Fatal(err)
	}
	files := fstest.MapFS{}
	for _, part := range txtar.Parse(nested).Files {
		files[part.Name] = &fstest.MapFile{Data: part.Data}
	}
	cat := catalogue(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		pack, diags := dsl.ParsePackage(&dsl.Source{File: "blueprint.yaml", Main: "blueprint.yaml", Bytes: text, Files: files}, cat)
		if pack.Main == nil || diags.HasErrors() || check.Run(pack.Main, cat).HasErrors() {
			return
		}
		if nested, found := expand.Nested(pack); found.HasErrors() {
			return
		} else {
			for _, bp := range nested {
				if check.Run(bp, cat).HasErrors() {
					return
				}
			}
		}
		inputs, diags := intrinsic.ResolveInputs(pack.Main, nil, nil)
		if diags.HasErrors() {
			return
		}
		for _, force := range []bool{false, true} {
			flat, diags := expand.Run(pack.Main, inputs, expand.Options{Catalogue: cat, Package: pack, ForceTrim: force})
			if diags.HasErrors() {
				continue
			}
			flat, _ = expand.Bind(flat, inputs, func(string, string) (intrinsic.Value, string) { return intrinsic.Of(map[string]any{}), "" })
			if expand.Needed(flat) && !expand.HasExternal(flat) {
				t.Errorf("not flat: %s", show(flat))
			}
			known := !check.Run(flat, cat).HasErrors()
			owners := map[string]string{}
			for _, n := range flat.Nodes {
				if n.Name.Range.Start.Line == 0 || n.Name.Range.File == "" {
					t.Errorf("%s has no place", n.Name.Text)
				}
				if owners[n.Name.Text] != "" {
					t.Errorf("two nodes are named %s", n.Name.Text)
				}
				owners[n.Name.Text] = "itself"
			}
			for _, n := range flat.Nodes {
				if f := n.RenamedFrom; known && f != nil {
					if owners[f.Text] != "" {
						t.Errorf("%s was %s, which is %s too", n.Name.Text, f.Text, owners[f.Text])
					}
					owners[f.Text] = n.Name.Text
				}
			}
		}
	})
}

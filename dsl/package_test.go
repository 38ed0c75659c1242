package dsl_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/orchestrate-tosca/orchestrate/dsl"
)

// unpack writes the files of a txtar text into a new folder.
func unpack(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(text)).Files {
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const diamond = `
-- blueprint.yaml --
tosca_definitions_version: cloud_tosca_version_1_0
imports: [a/one.yaml, two.yaml]
node_templates:
  x: {type: both}
-- a/one.yaml --
imports: [../two.yaml]
node_types:
  both:
    node_templates: {y: {type: leaf}}
-- two.yaml --
conditions: {c: {cond_eq: [1, 1]}}
mappings: {m: {o: {a: 1}}}
node_types:
  leaf:
    node_templates: {z: {type: Orchestrate.Data, condition: c}}
`

// Imports are found from the file that names them; one that comes by two ways
// counts once.
func TestImports(t *testing.T) {
	src, diags := dsl.Load(unpack(t, diamond))
	if diags != nil {
		t.Fatal(diags.Err())
	}
	pack, diags := dsl.ParsePackage(src, nil)
	if diags != nil {
		t.Fatal(diags.Err())
	}
	bp := pack.Main
	if bp.Type("both") == nil || bp.Type("leaf") == nil || bp.Mapping("m") == nil || bp.Condition("c") == nil || len(bp.Types) != 2 {
		t.Errorf("got types %v", bp.Types)
	}
	inner := bp.Nodes[0].Composite.Body.Nodes[0]
	if inner.Composite != bp.Type("leaf") || !strings.HasSuffix(filepath.ToSlash(inner.Name.Range.File), "a/one.yaml") {
		t.Errorf("y is %+v", inner)
	}
	if len(pack.Texts()) != 3 || len(pack.Used()) != 2 {
		t.Errorf("%d texts, %d of them used", len(pack.Texts()), len(pack.Used()))
	}

	again, diags := dsl.ParsePackage(dsl.Restore(src.File, src.Bytes, pack.Used()), nil)
	if diags != nil {
		t.Fatal(diags.Err())
	}
	if d := cmp.Diff(pack.Texts(), again.Texts()); d != "" {
		t.Errorf("restored (-was +is):\n%s", d)
	}
}

// No import leads out of the package, nor to what is no file.
func TestImportsStayInside(t *testing.T) {
	const text = `
-- pack/blueprint.yaml --
tosca_definitions_version: cloud_tosca_version_1_0
imports: [IMPORT]
node_templates:
  x: {type: Orchestrate.Data}
-- pack/sub/self.yaml --
imports: [other.yaml]
-- pack/sub/other.yaml --
imports: [../sub/self.yaml]
-- pack/other-dialect.yaml --
tosca_definitions_version: huaweicloud_tosca_version_1_0
-- secret.yaml --
mappings: {stolen: {a: {b: 1}}}
`
	for name, want := range map[string]string{
		"../secret.yaml":      "leads out of the package",
		"sub/../../x.yaml":    "leads out of the package",
		"/etc/hostname":       "absolute path",
		"link.yaml":           "can't be read",
		"sub":                 "can't be read",
		"none.yaml":           "has no file",
		".":                   "leads out of the package",
		"sub/self.yaml":       "sub/self.yaml -> sub/other.yaml -> sub/self.yaml",
		"other-dialect.yaml":  "DSL114",
		"folder/secret.yaml":  "can't be read",
		"sub/./self.yaml":     "import each other",
		`..\secret.yaml`:      "parted by /",
		"https://example.org": "only files of the package",
	} {
		dir := filepath.Join(unpack(t, strings.ReplaceAll(text, "IMPORT", "'"+name+"'")), "pack")
		for link, to := range map[string]string{"link.yaml": "../secret.yaml", "folder": ".."} {
			if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
				t.Skip("no symbolic links here")
			}
		}
		src, diags := dsl.Load(dir)
		if diags != nil {
			t.Fatal(diags.Err())
		}
		pack, diags := dsl.ParsePackage(src, nil)
		if err := diags.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", name, err, want)
		}
		if pack.Main.Mapping("stolen") != nil {
			t.Errorf("%s was read", name)
		}
	}
}

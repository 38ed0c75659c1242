package check_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
)

// TestExplained carries out what `orchestrate explain` shows: the wrong
// blueprint of a code gives that code and no other error, the right one gives
// nothing at all. Every code has an example (dsl/diag/examples.go).
func TestExplained(t *testing.T) {
	cat, err := dsl.LoadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range diag.Codes() {
		t.Run(string(entry.Code), func(t *testing.T) {
			e, ok := entry.Code.Example()
			if !ok || e.Wrong == "" || e.Right == "" {
				t.Fatal("the code has no example in dsl/diag/examples.go")
			}
			if blueprint, ok := completed(e.Wrong); ok {
				diags := exampleFindings(t, blueprint, cat)
				requireCode(t, entry.Code, diags)
				for _, d := range diags {
					if d.Code != entry.Code && d.Severity == diag.Error {
						t.Errorf("the wrong example gives more: %v", d)
					}
				}
			}
			if blueprint, ok := completed(e.Right); ok {
				for _, d := range exampleFindings(t, blueprint, cat) {
					t.Errorf("the right example gives %v", d)
				}
			}
		})
	}
}

func exampleFindings(t *testing.T, blueprint string, cat dsl.Catalogue) diag.List {
	t.Helper()
	file := filepath.Join(t.TempDir(), dsl.MainFile)
	if err := os.WriteFile(file, []byte(blueprint), 0o600); err != nil {
		t.Fatal(err)
	}
	contract := filepath.Join(filepath.Dir(file), "contracts", "trade.zip") // that examples name
	if err := os.MkdirAll(filepath.Dir(contract), 0o700); err != nil {
		t.Fatal(err)
	}
	archive, err := os.ReadFile(filepath.Join("testdata", "files", "one.zip"))
	if err == nil {
		err = os.WriteFile(contract, archive, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	src, diags := dsl.Load(file)
	if diags != nil {
		return diags
	}
	diags, _ = findings(src, cat, nil)
	return diags
}

// completed adds what examples leave out; ok is false if they are commands.
func completed(example string) (blueprint string, ok bool) {
	if strings.HasPrefix(example, "$ ") {
		return "", false
	}
	if !strings.Contains(example, "tosca_definitions_version:") {
		example = "tosca_definitions_version: cloud_tosca_version_1_0\n" + example
	}
	if !strings.Contains(example, "node_templates:") {
		example += "\nnode_templates:\n  other: {type: Orchestrate.Data}\n"
	}
	return example, true
}

package check_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/check"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
)

// TestCatalogueExamples puts the examples of all node types into one blueprint
// for each dialect: it is valid, so that a reader can copy any of them.
func TestCatalogueExamples(t *testing.T) {
	cat, err := dsl.LoadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []dsl.Dialect{dsl.DialectC, dsl.DialectH} {
		text := examplesBlueprint(cat, d)
		bp, diags := dsl.Parse("examples.yaml", []byte(text), cat)
		if bp != nil {
			diags = append(diags, check.Run(bp, cat)...)
		}
		if len(diags) > 0 {
			t.Errorf("%s", diag.Text(diags, map[string][]byte{"examples.yaml": []byte(text)}))
		}
		for _, name := range cat.Names() {
			if !slices.ContainsFunc(bp.Nodes, func(n *dsl.NodeTemplate) bool { return n.TypeName == name }) {
				t.Errorf("the example of %s is no node template of that type", name)
			}
		}
	}
}

var inputCall = regexp.MustCompile(`\{get_input: ([\w-]+)\}`)

func examplesBlueprint(cat dsl.Catalogue, d dsl.Dialect) string {
	var nodes strings.Builder
	inputs := map[string]bool{}
	for _, name := range cat.Names() {
		example := strings.ReplaceAll(strings.TrimSpace(cat[name].Example), dsl.DialectC.Prefix, d.Prefix)
		for _, m := range inputCall.FindAllStringSubmatch(example, -1) {
			inputs[m[1]] = true
		}
		nodes.WriteString("  " + strings.ReplaceAll(example, "\n", "\n  ") + "\n")
	}
	var text strings.Builder
	fmt.Fprintf(&text, "tosca_definitions_version: %s\ninputs:\n", d.Version)
	for name := range inputs {
		fmt.Fprintf(&text, "  %s:\n", name)
	}
	return text.String() + "node_templates:\n" + nodes.String()
}

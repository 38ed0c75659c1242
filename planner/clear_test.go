package planner

import (
	"testing"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

// TestSecretInText tells blueprints that have to be encrypted from those that
// people can read in a plan file.
func TestSecretInText(t *testing.T) {
	const head = "tosca_definitions_version: cloud_tosca_version_1_0\n"
	const node = "node_templates:\n  a:\n    type: Cloud.BCS.Instance\n    properties:\n      name: ledger\n      versionType: 2\n      resourcePassword: "
	for name, c := range map[string]struct {
		text string
		want bool
	}{
		"an input":      {"inputs:\n  password: {type: password}\n" + node + "{get_input: password}\n", false},
		"a default":     {"inputs:\n  password: {type: password, default: Canary-zq}\n" + node + "{get_input: password}\n", true},
		"a literal":     {node + "Canary-zq\n", true},
		"a part of one": {"inputs:\n  end: {type: password}\n" + node + "{concat: [Canary-, {get_input: end}]}\n", true},
		"a mapping":     {"mappings:\n  words: {east: {main: Canary-zq}}\n" + node + "{get_in_map: [words, east, main]}\n", true},
	} {
		cat, err := dsl.LoadCatalogue()
		if err != nil {
			t.Fatal(err)
		}
		bp, diags := dsl.Parse("blueprint.yaml", []byte(head+c.text), cat)
		if diags.HasErrors() {
			t.Fatal(name, diags.Err())
		}
		given := map[string]intrinsic.Value{}
		for _, i := range bp.Inputs {
			given[i.Name.Text] = intrinsic.Of("Given-from-outside").MarkSensitive()
		}
		p, _ := Make(Request{Stack: "s", Blueprint: bp, Source: []byte(head + c.text), Catalogue: cat, Inputs: given})
		if got := p.SecretInText(); got != c.want {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
	}
}

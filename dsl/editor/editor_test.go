package editor_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/check"
	"github.com/orchestrate-tosca/orchestrate/dsl/editor"
	"github.com/orchestrate-tosca/orchestrate/schemas"
	"github.com/rogpeppe/go-internal/txtar"
)

func compiled(t *testing.T, schema editor.Schema) *schemas.Schema {
	t.Helper()
	text, err := json.Marshal(schema)
	if err != nil {
		t.Fatal(err)
	}
	s, err := schemas.Compile(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func builtIn(t *testing.T) dsl.Catalogue {
	t.Helper()
	cat, err := dsl.LoadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

// violations validates a YAML text.
func violations(t *testing.T, s *schemas.Schema, file string, src []byte) []string {
	t.Helper()
	data, diags := dsl.ParseData(file, src)
	if diags.HasErrors() {
		t.Fatalf("%v", diags)
	}
	var plain any
	if data != nil {
		plain = data.Plain()
	}
	var out []string
	for _, v := range s.Validate(plain) {
		out = append(out, v.Pointer+" "+v.Keyword)
	}
	return out
}

// TestShippedBlueprints validates every YAML file that is shipped against the
// schema of its kind.
func TestShippedBlueprints(t *testing.T) {
	cat := builtIn(t)
	blueprint, part := compiled(t, editor.Blueprint(cat)), compiled(t, editor.Part(cat))
	inputs := map[string]*schemas.Schema{}
	checked := 0
	err := filepath.WalkDir("../../blueprints", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(file) != ".yaml" {
			return err
		}
		src, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		checked++
		schema := part
		switch {
		case strings.HasPrefix(filepath.Base(file), "inputs"):
			dir := filepath.Dir(file)
			if inputs[dir] == nil {
				text, err := os.ReadFile(filepath.Join(dir, dsl.MainFile))
				if err != nil {
					return err
				}
				bp, _ := dsl.Parse(dsl.MainFile, text, nil)
				inputs[dir] = compiled(t, editor.Inputs(bp))
			}
			schema = inputs[dir]
		case strings.Contains(string(src), "tosca_definitions_version"):
			schema = blueprint
		}
		for _, v := range violations(t, schema, file, src) {
			t.Errorf("%s: %s", file, v)
		}
		return nil
	})
	if err != nil || checked < 5 {
		t.Errorf("%d files checked, %v", checked, err)
	}
}

const head = "tosca_definitions_version: cloud_tosca_version_1_0\n"

// TestBlueprint shows what passes and what does not, and where.
func TestBlueprint(t *testing.T) {
	schema := compiled(t, editor.Blueprint(builtIn(t)))
	for _, tt := range []struct {
		name, src string
		want      []string
	}{
		{"smallest", "node_templates: {a: {type: Orchestrate.Data}}", nil},
		{"no nodes", "node_templates: {}", []string{"/node_templates minProperties"}},
		{"functions", "node_templates: {a: {type: Cloud.VPC.VPC, properties: {cidr: {select: [0, {split: [',', {get_input: x}]}]}}}}", nil},
		{"wrong function", "node_templates: {a: {type: Cloud.VPC.VPC, properties: {cidr: {get_inputs: x}}}}", []string{"/node_templates/a/properties/cidr anyOf"}},
		{"wrong argument", "node_templates: {a: {type: Orchestrate.Data, properties: {input: [{get_attribute: a}]}}}", []string{"/node_templates/a/properties/input/0/get_attribute type"}},
		{"property left empty", "node_templates: {a: {type: Cloud.VPC.VPC, properties: {cidr: 10.0.0.0/8, name: }}}", nil},
		{"unknown property", "node_templates: {a: {type: Cloud.VPC.VPC, properties: {cidr: 10.0.0.0/8, nmae: x}}}", []string{"/node_templates/a/properties additionalProperties"}},
		{"no properties", "node_templates: {a: {type: Cloud.VPC.VPC}}", []string{"/node_templates/a required"}},
		{"constraint", "node_templates: {a: {type: Cloud.VPC.VPC, properties: {cidr: ten}}}", []string{"/node_templates/a/properties/cidr anyOf"}},
		{"other dialect", "node_templates: {a: {type: HuaweiCloud.VPC.VPC, properties: {cidr: 10.0.0.0/8}}}", []string{"/node_templates/a/type type"}},
		{"composites", `imports: [a.yaml]
node_types:
  pair:
    inputs: {size: {type: integer, default: 2}}
    node_templates: {one: {type: Orchestrate.Data, count: {get_input: size}}}
    attributes: {all: {value: {get_attribute: [one, output]}}}
node_templates:
  p: {type: pair, for_each: [a, b], properties: {size: {get_each: value}}, deploy: true}
  s: {type: Cloud.AOS.Stack, properties: {templateId: x.yaml, inputs: {a: 1}}}
  b: {type: Cloud.AOS.Batch, properties: {limit: 3, items: [{element: Orchestrate.Data, properties: "input: 1"}]}}
  e: {type: ExternalNode, properties: {stackName: other, nodeName: net}}`, nil},
		{"count and for_each", "node_templates: {a: {type: Orchestrate.Data, count: 1, for_each: [a]}}", []string{"/node_templates/a not"}},
		{"rules between properties", `node_templates:
  a: {type: Cloud.BCS.Instance, properties: {name: abcd, versionType: 3, resourcePassword: {get_input: p}, orgDiskSize: {get_input: x}, cceClusterInfo: {get_input: y}, peerOrgs: , consensus: SFLIC, ordererNodeNumber: 4}}`, nil},
		{"broken rules", `node_templates:
  a: {type: Cloud.BCS.Instance, properties: {name: abcd, versionType: 3, resourcePassword: {get_input: p}, orgDiskSize: 100, ordererNodeNumber: 4}}`, []string{
			"/node_templates/a/properties required", "/node_templates/a/properties/ordererNodeNumber anyOf", "/node_templates/a/properties/orgDiskSize anyOf",
		}},
		{"former names", `node_templates:
  a: {type: Orchestrate.Data, renamed_from: "b[x.y]/c", retain: true}
  d: {type: Orchestrate.Data, for_each: [x], renamed_from: {x: e}, retain: false}`, nil},
		{"no former name", "node_templates: {a: {type: Orchestrate.Data, renamed_from: b/}}", []string{"/node_templates/a/renamed_from anyOf"}},
		{"retain by a function", "node_templates: {a: {type: Orchestrate.Data, retain: {get_input: x}}}", []string{"/node_templates/a/retain type"}},
		{"element of another stack", "node_templates: {a: {type: ExternalNode, retain: true, properties: {stackName: s, nodeName: n}}}", []string{"/node_templates/a/retain type"}},
		{"conditions", "conditions: {a: {cond_and: [b, {cond_not: {cond_eq: [{get_input: x}, 1]}}]}, b: true}\nnode_templates: {a: {type: Orchestrate.Data, condition: a}}", nil},
		{"condition of an attribute", "conditions: {a: {get_attribute: [a, refID]}}\nnode_templates: {a: {type: Orchestrate.Data}}", []string{"/conditions/a anyOf"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, violations(t, schema, "t.yaml", []byte(head+tt.src))); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

func TestInputs(t *testing.T) {
	bp, diags := dsl.Parse("b.yaml", []byte(head+`
inputs:
  free:
  size: {type: integer, default: 2, constraints: {in_range: [1, 5]}, description: 大小##Size}
  word: {constraints: {regex: "[a-z]+"}, type: string}
  look: {constraints: {regex: "(?i)[a-z]+"}, type: string}
  edition: {type: integer, constraints: {valid_values: [2, 4]}}
  pin: {type: password, default: hidden, constraints: {min_length: 4}}
  names: {type: list, constraints: {max_length: 2, min_length: 1}}
  ratio: {type: float, constraints: {greater_than: 0, less_than: 1}}
node_templates: {a: {type: Orchestrate.Data}}
`), nil)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	made := editor.Inputs(bp)
	text, _ := json.Marshal(made)
	if strings.Contains(string(text), "hidden") {
		t.Error("the default of a password is shown")
	}
	schema := compiled(t, made)
	for src, want := range map[string]string{
		"":             "",
		"size: 3":      "",
		"size: '3'":    "",
		"size: 9":      "/size maximum",
		"size:":        "",
		"word: abc":    "",
		"word: a1":     "/word pattern",
		"look: ABC":    "",
		"edition: '4'": "",
		"edition: 3":   "/edition enum",
		"names: []":    "/names minItems",
		"names: a":     "/names type",
		"ratio: 1":     "/ratio exclusiveMaximum",
		"pin: 123":     "",
		"pin: abc":     "/pin minLength",
		"free: [1]":    "",
		"other: 1":     " additionalProperties",
	} {
		if got := strings.Join(violations(t, schema, "i.yaml", []byte(src)), ", "); got != want {
			t.Errorf("%s: got %q, want %q", src, got, want)
		}
	}
}

// TestRightBlueprintsPass goes through every blueprint in the stories and
// tests of the repository: what the checks find right, the schema lets pass.
func TestRightBlueprintsPass(t *testing.T) {
	cat := builtIn(t)
	schema := compiled(t, editor.Blueprint(cat))
	var archives []string
	for _, pattern := range []string{"../expand/testdata/*.txtar", "../../cmd/orchestrate/testdata/script/*.txtar", "../../planner/testdata/*.txtar"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		archives = append(archives, found...)
	}
	right := 0
	for _, archive := range archives {
		if strings.HasPrefix(filepath.Base(archive), "wrong-") {
			continue // what is wrong with these shows later than the checks
		}
		parsed, err := txtar.ParseFile(archive)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range parsed.Files {
			if filepath.Ext(f.Name) != ".yaml" {
				continue
			}
			bp, problems := dsl.Parse(f.Name, f.Data, cat)
			if bp == nil || append(problems, check.Run(bp, cat)...).HasErrors() {
				continue
			}
			right++
			for _, v := range violations(t, schema, f.Name, f.Data) {
				t.Errorf("%s, %s: %s", archive, f.Name, v)
			}
		}
	}
	if right < 20 {
		t.Errorf("only %d right blueprints were found", right)
	}
}

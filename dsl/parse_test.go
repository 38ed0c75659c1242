package dsl_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/check"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
)

func catalogue(t testing.TB) dsl.Catalogue {
	t.Helper()
	cat, err := dsl.LoadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

func mustValidate(t *testing.T, src string, cat dsl.Catalogue) *dsl.Blueprint {
	t.Helper()
	bp, diags := dsl.Parse("sample.yaml", []byte(src), cat)
	if bp != nil {
		diags = append(diags, check.Run(bp, cat)...)
	}
	if len(diags) > 0 {
		t.Fatal(diag.Text(diags, map[string][]byte{"sample.yaml": []byte(src)}))
	}
	return bp
}

const small = `description: d
inputs:
  size: {type: integer, default: 3, label: l##L, required: true, immutable: true, advanced: true, constraints: {in_range: [1, 5]}}
  version: {type: string, default: 1.10}
  bare:
metadata: {Designer: {x: y}}
mappings: {m: {o: {a: 1}}}
conditions: {c: {cond_eq: [{get_input: size}, 3]}}
node_templates:
  a:
    type: Cloud.T.A
    metadata: {Designer: {id: 1}}
    condition: c
    properties: {p: [{get_input: [size]}, {x: {y: 1}}]}
    requirements:
      - p.x: {node: b, relationship: Cloud.Relationships.ContainedIn}
      - dependency: {node: b}
  b: {type: Orchestrate.Data, requirements: []}
outputs: {o: {description: d, value: {get_attribute: [a, refID]}}}
tosca_definitions_version: cloud_tosca_version_1_0
`

func TestParse(t *testing.T) {
	bp, diags := dsl.Parse("f", []byte(small), nil)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	name := func(s string) dsl.Name { return dsl.Name{Text: s} }
	text := func(s string) *dsl.Value { return &dsl.Value{Kind: dsl.String, Scalar: s} }
	number := func(n int64) *dsl.Value { return &dsl.Value{Kind: dsl.Int, Scalar: n} }
	list := func(items ...*dsl.Value) *dsl.Value { return &dsl.Value{Kind: dsl.List, Items: items} }
	entry := func(key string, v *dsl.Value) *dsl.Value {
		return &dsl.Value{Kind: dsl.Map, Entries: []dsl.Entry{{Key: name(key), Value: v}}}
	}
	call := func(f string, arg *dsl.Value) *dsl.Value {
		return &dsl.Value{Kind: dsl.Call, Function: name(f), Argument: arg}
	}
	yes, c := true, name("c")
	want := &dsl.Blueprint{
		File: "f", Dialect: dsl.DialectC, Description: "d",
		Inputs: []*dsl.Input{
			{Name: name("size"), Type: name("integer"), Default: number(3), Label: "l##L", Required: &yes, Immutable: true, Advanced: true,
				Constraints: []dsl.Constraint{{Operator: name("in_range"), Argument: list(number(1), number(5))}}},
			{Name: name("version"), Type: name("string"), Default: text("1.10")},
			{Name: name("bare")},
		},
		Mappings:   []*dsl.Mapping{{Name: name("m"), Objects: entry("o", entry("a", number(1)))}},
		Conditions: []*dsl.Condition{{Name: c, Expr: call("cond_eq", list(call("get_input", text("size")), number(3)))}},
		Nodes: []*dsl.NodeTemplate{
			{Name: name("a"), Type: name("Cloud.T.A"), TypeName: "T.A", Condition: &c,
				Properties: []dsl.Entry{{Key: name("p"), Value: list(call("get_input", text("size")), entry("x", entry("y", number(1))))}},
				Requirements: []dsl.Requirement{
					{Name: name("p.x"), Node: name("b"), Relationship: name("Cloud.Relationships.ContainedIn")},
					{Name: name("dependency"), Node: name("b")},
				}},
			{Name: name("b"), Type: name("Orchestrate.Data"), TypeName: "Orchestrate.Data", Requirements: []dsl.Requirement{}},
		},
		Outputs: []*dsl.Output{{Name: name("o"), Description: "d", Value: call("get_attribute", list(text("a"), text("refID")))}},
	}
	if d := cmp.Diff(want, bp, cmpopts.IgnoreTypes(diag.Range{})); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	if got := bp.Nodes[0].Property("p").Items[0].Range.String(); got != "f:14:22" {
		t.Errorf("the call stands at %s", got)
	}
}

// TestOtherDocuments names what a file is instead of a blueprint.
func TestOtherDocuments(t *testing.T) {
	tests := []struct{ src, want string }{
		{"", "The file is empty"},
		{"[a]", "this is a list"},
		{"hello\n", "this is a text"},
		{"{}", "is missing"},
		{"heat_template_version: 2018-08-31\n", "OpenStack Heat"},
		{"ROSTemplateFormatVersion: '2015-09-01'\n", "Alibaba Cloud ROS"},
		{"AWSTemplateFormatVersion: '2010-09-09'\n", "CloudFormation"},
		{`{"terraform": {}, "resource": {}}`, "Terraform"},
		{"apiVersion: v1\nkind: Pod\n", "Kubernetes"},
		{"tosca_definitions_version: tosca_simple_yaml_1_3\n", "TOSCA standard"},
		{"tosca_definitions_version: tosca_2_0\n", "TOSCA standard"},
		{"tosca_definitions_version: cloudify_dsl_1_3\n", "Cloudify"},
		{"tosca_definitions_version: fusionstage_tosca_version_2_1\n", "not documented"},
		{"tosca_definitions_version: cloud_tosca_version_1_1\n", `Did you mean "cloud_tosca_version_1_0"?`},
		{"tosca_definitions_version: [cloud_tosca_version_1_0]\n", "empty or no text"},
		{"tosca_definitions_version:\n", "empty or no text"},
	}
	for _, tt := range tests {
		bp, diags := dsl.Parse("f", []byte(tt.src), nil)
		if bp != nil || len(diags) != 1 || diags[0].Code != "DSL106" || !strings.Contains(diags[0].Detail, tt.want) ||
			!strings.Contains(diags[0].Detail, dsl.DialectC.Version) && !strings.HasPrefix(tt.src, "[") && !strings.HasPrefix(tt.src, "hello") {
			t.Errorf("%q: got %v, want one DSL106 with %q", tt.src, diags, tt.want)
		}
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("blueprint.yaml", "x")
	write("other.yaml", "y")
	write("empty/stack.yml", "z")
	write("pack.zip", "PK")
	write("pack.TAR.GZ", "")
	t.Chdir(dir)
	for _, tt := range []struct{ path, file, dir, code string }{
		{".", "blueprint.yaml", ".", ""},
		{"other.yaml", "other.yaml", ".", ""},
		{"./empty/stack.yml", filepath.Join("empty", "stack.yml"), "empty", ""},
		{"empty", "", "", "DSL115"},
		{"nowhere", "", "", "DSL115"},
		{"pack.zip", "", "", "DSL118"},
		{"pack.TAR.GZ", "", "", "DSL118"},
	} {
		src, diags := dsl.Load(tt.path)
		switch {
		case tt.code != "":
			if src != nil || len(diags) != 1 || string(diags[0].Code) != tt.code {
				t.Errorf("%s: got %v, want %s", tt.path, diags, tt.code)
			}
		case src == nil || src.File != tt.file || src.Dir != tt.dir:
			t.Errorf("%s: got %+v, %v", tt.path, src, diags)
		}
	}
}

// TestTooLarge reads no more of a file than the limit allows.
func TestTooLarge(t *testing.T) {
	name := filepath.Join(t.TempDir(), "blueprint.yaml")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(1 << 32); err != nil { // sparse
		t.Fatal(err)
	}
	f.Close()
	if _, diags := dsl.Load(name); len(diags) != 1 || diags[0].Code != "DSL104" {
		t.Errorf("got %v, want DSL104", diags)
	}
}

// TestLongChain holds the checks to bounded stacks: a chain, and one that is
// closed to a ring.
func TestLongChain(t *testing.T) {
	const n = 20_000
	var b strings.Builder
	b.WriteString("tosca_definitions_version: cloud_tosca_version_1_0\nnode_templates:\n")
	for i := range n {
		fmt.Fprintf(&b, "  n%d: {type: Orchestrate.Data, properties: {input: {get_attribute: [n%d, output]}}}\n", i, (i+1)%n)
	}
	ring := b.String()
	chain := strings.Replace(ring, fmt.Sprintf("n%d: {type: Orchestrate.Data, properties: {input: {get_attribute: [n0, output]}}}", n-1), fmt.Sprintf("n%d: {type: Orchestrate.Data}", n-1), 1)
	cat := catalogue(t)
	mustValidate(t, chain, cat)
	bp, _ := dsl.Parse("f", []byte(ring), cat)
	diags := check.Run(bp, cat)
	if len(diags) != 1 || diags[0].Code != "DSL206" || len(diags[0].Detail) > 1000 {
		t.Errorf("got %d diagnostics, want one short DSL206", len(diags))
	}
}

func TestCatalogue(t *testing.T) {
	for name, typ := range catalogue(t) {
		if typ.Attributes["refID"] == nil || typ.Attributes["refName"] == nil {
			t.Errorf("%s lacks refID or refName", name)
		}
		for property, c := range typ.Containers {
			if p := typ.Properties.Properties[property]; p == nil {
				t.Errorf("%s: the container %s is no property", name, property)
			} else if p.Reference != "" && p.Reference != c.Type {
				t.Errorf("%s: the container %s is of two types: %s, %s", name, property, p.Reference, c.Type)
			}
		}
		if s := typ.Serial; s != "" && s != "refID" && typ.Properties.Properties[s] == nil {
			t.Errorf("%s: serial %s is no property", name, s)
		}
		walkProperties(typ.Properties, name, func(p *dsl.Property, at string) {
			checkProperty(t, p, at)
			if p.Least != nil && typ.Attributes[p.Least.Attribute] == nil {
				t.Errorf("%s: attribute %s, which tells what there is, does not exist", at, p.Least.Attribute)
			}
		})
		for attr, p := range typ.Attributes {
			if p.From != "" && typ.Properties.Properties[p.From] == nil {
				t.Errorf("%s: attribute %s equals no property %s", name, attr, p.From)
			}
		}
	}
}

func walkProperties(p *dsl.Property, at string, visit func(*dsl.Property, string)) {
	visit(p, at)
	for name, q := range p.Properties {
		walkProperties(q, at+"."+name, visit)
	}
	if p.Items != nil {
		walkProperties(p.Items, at+"[]", visit)
	}
	if p.Additional != nil {
		walkProperties(p.Additional, at+".*", visit)
	}
}

// checkProperty compiles the constraints and holds the default to them.
func checkProperty(t *testing.T, p *dsl.Property, at string) {
	t.Helper()
	for _, r := range p.Required {
		if p.Properties[r] == nil {
			t.Errorf("%s: requires %s, which it does not declare", at, r)
		}
	}
	for _, v := range p.Violations(p.Default) {
		if p.Default != nil || v.Keyword == "" {
			t.Errorf("%s: default: %s", at, v.Message)
		}
	}
}

// TestDataIsData: in a file of input values nothing is a function, however
// much it looks like one.
func TestDataIsData(t *testing.T) {
	src := "{cond_if: [{cond_not: {get_input: a}}, {get_input: b}, {concat: [c]}]}"
	v, diags := dsl.ParseData("inputs.yaml", []byte(src))
	if len(diags) > 0 {
		t.Fatal(diags.Err())
	}
	call := func(name string, arg any) map[string]any { return map[string]any{name: arg} }
	want := call("cond_if", []any{call("cond_not", call("get_input", "a")), call("get_input", "b"), call("concat", []any{"c"})})
	if d := cmp.Diff(any(want), v.Plain()); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

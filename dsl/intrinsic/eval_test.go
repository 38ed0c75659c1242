package intrinsic_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

// frame is the blueprint around the expression under test. The node other has
// the attributes that scope knows; gone is not deployed.
const frame = `tosca_definitions_version: cloud_tosca_version_1_0
inputs:
  name: {default: net}
  n: {type: integer, default: 2}
  flag: {type: boolean, default: true}
  text-ten: {type: string, default: 10}
  pin: {type: password, default: s3cret}
  list: {default: [a, b, c]}
  late: {}
mappings:
  region: {eu: {az: eu-1, count: 3}}
conditions:
  on: {cond_eq: [{get_input: flag}, true]}
  off: {cond_not: on}
  ten: {cond_eq: [{get_input: text-ten}, 10]}
  both: {cond_and: [on, ten, {cond_or: [off, ten]}]}
  unsure: {cond_eq: [{get_input: late}, 1]}
  decided: {cond_or: [unsure, on]}
  undecided: {cond_and: [unsure, on]}
  secretive: {cond_eq: [{get_input: pin}, x]}
node_templates:
  other: {type: Orchestrate.Data}
  gone: {type: Orchestrate.Data}
  n:
    type: Orchestrate.Data
    properties:
      netId: {get_reference: other}
      netName: {get_reference: other}
      nics: [{subnetId: {get_reference: other}, NAME: {get_reference: other}}]
      x: %s
`

func parse(t testing.TB, src string) *dsl.Blueprint {
	t.Helper()
	bp, diags := dsl.Parse("f", []byte(src), nil)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	return bp
}

func scope(t testing.TB, bp *dsl.Blueprint) *intrinsic.Scope {
	t.Helper()
	given := []intrinsic.Given{{Name: "late", Value: "x"}}
	inputs, diags := intrinsic.ResolveInputs(bp, given, map[string]intrinsic.Value{"Region": intrinsic.Of("eu")})
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	inputs["late"] = intrinsic.Unknown
	attrs := map[string]intrinsic.Value{
		"refID": intrinsic.Of("id-1"), "refName": intrinsic.Of("name-1"), "later": intrinsic.Unknown,
		"token": intrinsic.Of("t0ken").MarkSensitive(),
		"deep":  intrinsic.Of(map[string]any{"list": []any{int64(1), map[string]any{"k": "v"}}}),
	}
	return &intrinsic.Scope{Blueprint: bp, Inputs: inputs, Attribute: func(node, attr string) (intrinsic.Value, bool) {
		return attrs[attr], node != "gone"
	}}
}

// show writes a value with its marks: ?, or the value, with ! if sensitive.
func show(v intrinsic.Value) string {
	mark := ""
	if v.IsSensitive() {
		mark = "!"
	}
	if v.IsUnknown() {
		return "?" + mark
	}
	if items, ok := v.List(); ok {
		parts := make([]string, len(items))
		for i := range items {
			parts[i] = show(items[i])
		}
		return "[" + strings.Join(parts, " ") + "]" + mark
	}
	if m, ok := v.Map(); ok {
		var parts []string
		for _, k := range v.Keys() {
			parts = append(parts, k+":"+show(m[k]))
		}
		return "{" + strings.Join(parts, " ") + "}" + mark
	}
	s, _ := v.Scalar()
	if text, ok := s.(string); ok {
		return fmt.Sprintf("%q%s", text, mark)
	}
	return fmt.Sprintf("%v%s", s, mark)
}

func TestFunctions(t *testing.T) {
	tests := []struct{ expr, want string }{
		{`{get_input: name}`, `"net"`},
		{`{get_input: [name]}`, `"net"`},
		{`{get_input: n}`, `2`},
		{`{get_input: text-ten}`, `"10"`},
		{`{get_input: pin}`, `"s3cret"!`},
		{`{get_input: late}`, `?`},
		{`{get_input: Cloud.Region}`, `"eu"`},
		{`{get_input: Cloud.PeriodType}`, `"month"`},
		{`{get_input: Cloud.PeriodNum}`, `1`},
		{`{get_input: Cloud.ProjectId}`, `DSL401`},
		{`[a, {get_input: Cloud.NoValue}, b]`, `["a" "b"]`},
		{`{a: 1, b: {get_input: Cloud.NoValue}}`, `{a:1}`},
		{`{concat: [a, {get_input: Cloud.NoValue}]}`, `"a"`},
		{`{get_attribute: [other, refID]}`, `"id-1"`},
		{`{get_attribute: [other, later]}`, `?`},
		{`{get_attribute: [other, later, x]}`, `?`},
		{`{get_attribute: [other, deep, list, 1, k]}`, `"v"`},
		{`{get_attribute: [other, deep, list, "0"]}`, `1`},
		{`{get_attribute: [other, deep, list, 9]}`, `<nil>`},
		{`{get_attribute: [other, deep, nope, deeper]}`, `<nil>`},
		{`{get_attribute: [other, nothing]}`, `<nil>`},
		{`{get_attribute: [gone, refID]}`, `DSL209`},
		{`{get_reference: other}`, `"id-1"`},
		{`{get_in_map: [region, {get_input: Cloud.Region}, az]}`, `"eu-1"`},
		{`{get_in_map: [region, us, az]}`, `DSL203`},
		{`{get_in_map: [region, {get_input: late}, az]}`, `?`},
		{`{concat: [a, 1, true, 1.5, {get_input: n}]}`, `"a1true1.52"`},
		{`{concat: [a, {get_input: pin}]}`, `"as3cret"!`},
		{`{concat: [{get_input: pin}, {get_input: late}]}`, `?!`},
		{`{concat: {get_input: list}}`, `"abc"`},
		{`{concat: [a, [b]]}`, `DSL306`},
		{`{split: [",", "a,b,,c"]}`, `["a" "b" "" "c"]`},
		{`{split: [",", abc]}`, `["abc"]`},
		{`{split: ["3", {get_input: pin}]}`, `["s" "cret"]!`},
		{`{split: ["", abc]}`, `DSL306`},
		{`{select: [1, {split: [",", "a,b"]}]}`, `"b"`},
		{`{select: ["1", [a, b]]}`, `"b"`},
		{`{select: [0, {split: ["3", {get_input: pin}]}]}`, `"s"!`},
		{`{select: [0, [{get_input: n}, {get_input: late}]]}`, `2`},
		{`{select: [1, [a, {get_input: pin}]]}`, `"s3cret"!`},
		{`{select: [-1, [a]]}`, `DSL306`},
		{`{select: [1, [a]]}`, `DSL306`},
		{`{select: [{get_input: late}, [a]]}`, `?`},
		{`{get_list_length: {get_input: list}}`, `3`},
		{`{get_list_length: [{get_input: late}, b]}`, `2`},
		{`{get_list_length: []}`, `0`},
		{`{get_list_length: {get_input: name}}`, `DSL306`},
		{`{base64_encode: abc}`, `"YWJj"`},
		{`{base64_encode: {get_input: pin}}`, `"czNjcmV0"!`},
		{`{base64_encode: {replace: ["h=${h} $PATH ${x}", {h: {get_input: n}}]}}`, `"aD0yICRQQVRIICR7eH0="`},
		{`{replace: ["${a}${b}", {a: "${b}", b: c}]}`, `"${b}c"`},
		{`{replace: ["${a", {a: b}]}`, `"${a"`},
		{`{replace: ["x", {a: {get_input: late}}]}`, `?`},
		{`{replace: ["x ${a}", {a: {get_input: pin}}]}`, `"x s3cret"!`},
		{`{cond_if: [on, a, b]}`, `"a"`},
		{`{cond_if: [off, a, b]}`, `"b"`},
		{`{cond_if: [both, a, b]}`, `"a"`},
		{`{cond_if: [unsure, a, b]}`, `?`},
		{`{cond_if: [decided, a, b]}`, `"a"`},
		{`{cond_if: [undecided, a, b]}`, `?`},
		{`{cond_if: [secretive, a, b]}`, `"b"!`},
		{`{cond_if: [{cond_eq: [{get_input: n}, "2"]}, a, b]}`, `"a"`},
		{`{cond_if: [{cond_eq: ["true", true]}, a, b]}`, `"a"`},
		{`{cond_if: [{get_input: flag}, a, b]}`, `"a"`},
		{`{cond_if: [{get_input: name}, a, b]}`, `DSL306`},
		{`{cond_if: [true, 1, {select: [9, [a]]}]}`, `1`}, // the other branch is not evaluated
		{`{cond_if: [nope, a, b]}`, `DSL205`},
		{`{other_key: {get_input: n}}`, `{other_key:2}`},
	}
	for _, tt := range tests {
		t.Run(tt.expr, func(t *testing.T) {
			bp := parse(t, fmt.Sprintf(frame, tt.expr))
			v, diags := intrinsic.Eval(bp.Nodes[2].Property("x"), scope(t, bp))
			got := show(v)
			if len(diags) > 0 {
				got = string(diags[0].Code)
			}
			if got != tt.want {
				t.Errorf("got %s, want %s (%v)", got, tt.want, diags)
			}
		})
	}
}

func TestReferenceByPropertyName(t *testing.T) {
	bp := parse(t, fmt.Sprintf(frame, "{get_reference: other}"))
	v, diags := intrinsic.EvalProperties(bp.Nodes[2].Properties, nil, scope(t, bp))
	want := `{netId:"id-1" netName:"name-1" nics:[{NAME:"name-1" subnetId:"id-1"}] x:"id-1"}`
	if got := show(v); got != want || len(diags) > 0 {
		t.Errorf("got %s, want %s (%v)", got, want, diags)
	}
}

func TestEvalPropertiesCompletes(t *testing.T) {
	typ := &dsl.NodeType{Properties: &dsl.Property{Type: "object", Properties: map[string]*dsl.Property{
		"size":  {Type: "integer", Default: int64(3)},
		"name":  {Type: "string"},
		"token": {Type: "string", Sensitive: true},
		"orgs": {Type: "array", Items: &dsl.Property{Type: "object", Properties: map[string]*dsl.Property{
			"peers": {Type: "integer", Default: int64(2)},
			"pin":   {Type: "string", Sensitive: true, Default: "0000"},
		}}},
		"absent": {Type: "object", Properties: map[string]*dsl.Property{"a": {Default: "b"}}},
		"eip":    {Type: "object", Default: map[string]any{"kind": "bgp"}, Properties: map[string]*dsl.Property{"size": {Default: int64(1)}, "kind": {}}},
	}}}
	tests := []struct{ properties, want string }{
		{`{}`, `{eip:{kind:"bgp" size:1} size:3}`},
		{`{size: 5, name: , token: x}`, `{eip:{kind:"bgp" size:1} size:5 token:"x"!}`},
		{`{orgs: [{}, {peers: 9, pin: x}], eip: {size: 2}}`, `{eip:{size:2} orgs:[{peers:2 pin:"0000"!} {peers:9 pin:"x"!}] size:3}`},
		{`{token: {get_input: later}, size: {get_input: Cloud.NoValue}}`, `{eip:{kind:"bgp" size:1} size:3 token:?!}`},
	}
	for _, tt := range tests {
		bp := parse(t, "tosca_definitions_version: cloud_tosca_version_1_0\ninputs: {later: {}}\nnode_templates: {n: {type: Orchestrate.Data, properties: "+tt.properties+"}}\n")
		s := &intrinsic.Scope{Blueprint: bp}
		v, diags := intrinsic.EvalProperties(bp.Nodes[0].Properties, typ, s)
		if got := show(v); got != tt.want || len(diags) > 0 {
			t.Errorf("%s: got %s, want %s (%v)", tt.properties, got, tt.want, diags)
		}
	}
}

func TestDependencies(t *testing.T) {
	bp := parse(t, `tosca_definitions_version: huaweicloud_tosca_version_1_0
node_templates:
  n:
    type: Orchestrate.Data
    properties:
      a: [{get_attribute: [x, refID]}, {get_reference: y}]
      b: {cond_if: [true, {get_attribute: [z, output]}, {get_reference: x}]}
    requirements:
      - a: {node: y}
      - dependency: {node: w}
`)
	var got []string
	for _, d := range intrinsic.Dependencies(bp.Nodes[0]) {
		got = append(got, fmt.Sprintf("%s by %s at %v", d.Node, d.Via, d.Range))
	}
	want := []string{
		"y by requirement a at f:9:19", "w by requirement dependency at f:10:28",
		"x by property a at f:6:28", "z by property b at f:7:44",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	var refs []string
	for _, r := range intrinsic.References(bp.Nodes[0].Property("a"), bp.Nodes[0].Property("b")) {
		refs = append(refs, r.Node+"."+r.Attribute)
	}
	if d := cmp.Diff([]string{"x.refID", "y.", "z.output", "x."}, refs); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func TestDeployed(t *testing.T) {
	bp := parse(t, fmt.Sprintf(frame, "1"))
	s := scope(t, bp)
	for name, want := range map[string]string{"on": "true", "off": "false", "both": "true", "unsure": "DSL306", "nope": "DSL205"} {
		ok, diags := intrinsic.Deployed(&dsl.NodeTemplate{Condition: &dsl.Name{Text: name}}, s)
		got := fmt.Sprint(ok)
		if len(diags) > 0 {
			got = string(diags[0].Code)
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	if ok, diags := intrinsic.Deployed(&dsl.NodeTemplate{}, s); !ok || diags != nil {
		t.Errorf("without a condition: got %v, %v", ok, diags)
	}
}

// TestBounds holds hostile expressions to bounded work.
func TestBounds(t *testing.T) {
	t.Run("conditions that double", func(t *testing.T) {
		var b strings.Builder
		b.WriteString("tosca_definitions_version: cloud_tosca_version_1_0\nconditions:\n  c0: {cond_eq: [1, 1]}\n")
		for i := 1; i < 90; i++ {
			fmt.Fprintf(&b, "  c%d: {cond_and: [c%d, c%d]}\n", i, i-1, i-1)
		}
		b.WriteString("node_templates: {n: {type: Orchestrate.Data, condition: c89}}\n")
		bp := parse(t, b.String())
		ok, diags := intrinsic.Deployed(bp.Nodes[0], &intrinsic.Scope{Blueprint: bp})
		if !ok || diags != nil {
			t.Errorf("got %v, %v", ok, diags)
		}
	})
	t.Run("texts that multiply", func(t *testing.T) {
		src := "tosca_definitions_version: cloud_tosca_version_1_0\nnode_templates:\n  n:\n    type: Orchestrate.Data\n    properties:\n" +
			"      a0: &a0 {concat: [" + strings.Repeat("x", 1000) + ", y]}\n"
		for i := 1; i < 6; i++ {
			src += fmt.Sprintf("      a%d: &a%d {concat: [%s]}\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 7), ", "))
		}
		bp := parse(t, src)
		_, diags := intrinsic.Eval(bp.Nodes[0].Property("a5"), &intrinsic.Scope{Blueprint: bp})
		if len(diags) == 0 || diags[0].Code != "DSL306" {
			t.Errorf("got %v, want DSL306", diags)
		}
	})
}

// FuzzEval holds evaluation to: no panic, ranges in the file, and secrets
// never in clear in a diagnostic.
func FuzzEval(f *testing.F) {
	for _, s := range []string{
		`{concat: [a, {get_input: pin}]}`, `{select: [{get_input: pin}, [a]]}`, `{get_in_map: [region, {get_input: pin}, az]}`,
		`{split: [{get_input: pin}, {get_input: pin}]}`, `{replace: ["${s3cret}", {s3cret: {get_input: list}}]}`,
		`{cond_if: [{cond_eq: [{get_input: pin}, 1]}, {get_attribute: [gone, token]}, {base64_encode: {get_reference: other}}]}`,
		`{get_list_length: [1, {a: b}]}`, `{get_attribute: [other, deep, {get_input: pin}, -1]}`, `[{get_input: Cloud.NoValue}]`, `{get_input: }`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, expr string) {
		if len(expr) > 4096 || strings.Contains(expr, "s3cret") {
			return
		}
		bp, diags := dsl.Parse("f", []byte(strings.ReplaceAll(frame, "%s", expr)), nil)
		if bp == nil || diags.HasErrors() {
			return
		}
		inputs, _ := intrinsic.ResolveInputs(bp, nil, nil)
		s := &intrinsic.Scope{Blueprint: bp, Inputs: inputs}
		for _, n := range bp.Nodes {
			v, diags := intrinsic.EvalProperties(n.Properties, nil, s)
			if text := diag.Text(diags, nil); strings.Contains(text, "s3cret") {
				t.Errorf("a secret is shown: %s", text)
			}
			if shown := intrinsic.Show(v); strings.Contains(shown, "s3cret") {
				t.Errorf("a secret is shown: %s", shown)
			}
			v.Plain()
		}
	})
}

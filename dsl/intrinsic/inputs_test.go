package intrinsic_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

func TestFit(t *testing.T) {
	text := func(s string) intrinsic.Given { return intrinsic.Given{Value: s, IsText: true} }
	data := func(v any, spelling string) intrinsic.Given {
		return intrinsic.Given{Value: v, Spelling: spelling}
	}
	tests := []struct {
		declaration string
		given       intrinsic.Given
		want        string
	}{
		{`{type: string}`, text("5"), `"5"`},
		{`{type: string}`, data(1.1, "1.10"), `"1.10"`},
		{`{type: string}`, data(true, "True"), `"True"`},
		{`{type: string}`, data([]any{"a"}, ""), `DSL403`},
		{`{type: integer}`, text("5"), `5`},
		{`{type: integer}`, text(" 5"), `5`},
		{`{type: integer}`, text("0x5"), `DSL403`},
		{`{type: integer}`, data(5.0, "5.0"), `5`},
		{`{type: integer}`, data(5.5, "5.5"), `DSL403`},
		{`{type: integer}`, data("5", "5"), `5`},
		{`{type: integer}`, data(true, "true"), `DSL403`},
		{`{type: float}`, text("1.5"), `1.5`},
		{`{type: float}`, text("NaN"), `DSL403`},
		{`{type: float}`, data(int64(2), "2"), `2`},
		{`{type: boolean}`, text("True"), `true`},
		{`{type: boolean}`, text("1"), `DSL403`},
		{`{type: ip}`, text("10.0.0.1"), `"10.0.0.1"`},
		{`{type: ip}`, text("fe80::1"), `"fe80::1"`},
		{`{type: ip}`, text("10.0.0.0/8"), `DSL403`},
		{`{type: Cloud.VPC.Subnet.Id}`, data(int64(7), "007"), `"007"`},
		{`{type: enum, constraints: {valid_values: [1, two]}}`, text("1"), `1`},
		{`{type: enum, constraints: {valid_values: [1, two]}}`, text("two"), `"two"`},
		{`{type: enum, constraints: {valid_values: [1, two]}}`, text("3"), `DSL404`},
		{`{type: enum, constraints: {valid_values: [1]}}`, data([]any{}, ""), `DSL403`},
		{`{type: password}`, text("p"), `"p"!`},
		{`{type: secret}`, text("p"), `"p"!`},
		{`{type: password}`, data([]any{"hidden"}, ""), `DSL403`},
		{`{invisible: true}`, text("p"), `"p"!`},
		{`{}`, text("5"), `"5"`},
		{`{}`, data(int64(5), "5"), `5`},
		{`{}`, data([]any{"a", int64(1)}, ""), `["a" 1]`},
		{`{default: 1}`, text("5"), `5`},
		{`{default: 1}`, text("five"), `"five"`},
		{`{default: 1.5}`, text("2"), `2`},
		{`{default: true}`, text("false"), `false`},
		{`{default: [a]}`, text("[b, 2]"), `["b" 2]`},
		{`{default: {a: b}}`, text("{get_input: c}"), `{get_input:"c"}`},
		{`{default: [a]}`, text("b"), `DSL403`},
		{`{type: integer, constraints: {in_range: [1, 5]}}`, text("5"), `5`},
		{`{type: integer, constraints: {in_range: [1, 5]}}`, text("6"), `DSL404`},
		{`{type: float, constraints: {in_range: [0.5, 1]}}`, text("0.4"), `DSL404`},
		{`{type: integer, constraints: {greater_than: 1, less_or_equal: 3}}`, text("3"), `3`},
		{`{type: integer, constraints: {greater_than: 1}}`, text("1"), `DSL404`},
		{`{type: integer, constraints: {greater_or_equal: 1}}`, text("1"), `1`},
		{`{type: integer, constraints: {less_than: 1}}`, text("1"), `DSL404`},
		{`{type: string, constraints: {less_than: 5}}`, text("abc"), `DSL404`},
		{`{type: string, constraints: {regex: "a|b"}}`, text("b"), `"b"`},
		{`{type: string, constraints: {regex: "a|b"}}`, text("ab"), `DSL404`},
		{`{type: string, constraints: {equal: 10}}`, text("10"), `"10"`},
		{`{type: integer, constraints: {equal: 10}}`, text("11"), `DSL404`},
		{`{type: float, constraints: {valid_values: [1, 2.5]}}`, text("2.5"), `2.5`},
		{`{type: boolean, constraints: {valid_values: [true]}}`, text("false"), `DSL404`},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s %v", tt.declaration, tt.given.Value), func(t *testing.T) {
			bp := parse(t, "tosca_definitions_version: cloud_tosca_version_1_0\ninputs: {i: "+tt.declaration+"}\nnode_templates: {n: {type: Orchestrate.Data}}\n")
			v, misfits := intrinsic.Fit(bp.Inputs[0], tt.given)
			got := show(v)
			if len(misfits) > 0 {
				got = string(misfits[0].Code)
				if strings.Contains(misfits[0].Text, "hidden") {
					t.Errorf("shows a secret: %s", misfits[0].Text)
				}
			}
			if got != tt.want {
				t.Errorf("got %s, want %s (%v)", got, tt.want, misfits)
			}
		})
	}
}

func TestResolveInputs(t *testing.T) {
	bp := parse(t, `tosca_definitions_version: huaweicloud_tosca_version_1_0
inputs:
  a: {default: 1}
  b: {type: string}
  c: {required: false}
  d: {type: password, constraints: {regex: "[0-9]+"}}
  e: {}
node_templates: {n: {type: Orchestrate.Data}}
`)
	file, diags := dsl.ParseInputs("inputs.yaml", []byte("b: 1.10\nd: hunter2\na: null\nx: 1\n"))
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	flag := intrinsic.Given{Name: "b", Value: "flag", IsText: true, Source: "--input"}
	values, diags := intrinsic.ResolveInputs(bp, append(file, flag), map[string]intrinsic.Value{"StackName": intrinsic.Of("s")})
	var got []string
	for _, d := range diags {
		got = append(got, fmt.Sprintf("%v %s", d.Subject, d.Code))
		if strings.Contains(d.Error(), "hunter2") || d.Code == "DSL404" && !d.Concealed {
			t.Errorf("shows a secret: %v", d)
		}
	}
	want := "f:7:3 DSL401, inputs.yaml:2:4 DSL404, inputs.yaml:4:1 DSL402"
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("got %s, want %s", s, want)
	}
	for name, want := range map[string]string{
		"a": "1", "b": `"flag"`, "c": "<nil>", "HuaweiCloud.StackName": `"s"`, "HuaweiCloud.PeriodNum": "1",
	} {
		if v, ok := values[name]; !ok || show(v) != want {
			t.Errorf("%s: got %s, want %s", name, show(v), want)
		}
	}
	if _, ok := values["e"]; ok {
		t.Error("an input without value is among the values")
	}
}

package policytest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/planner"
)

// scenarios are plans of the real planner, for the real node types.
var scenarios = map[string]func(*stack) planner.Request{
	"create": func(s *stack) planner.Request { return s.request() },
	"nothing": func(s *stack) planner.Request {
		s.apply()
		return s.request()
	},
	"grow": func(s *stack) planner.Request { // an update in place
		s.inputs["peers"] = 1
		s.apply()
		s.inputs["peers"] = 2
		return s.request()
	},
	"rename": func(s *stack) planner.Request { // a replacement of what holds data
		s.apply()
		s.inputs["network_name"] = "UPPER"
		return s.request()
	},
	"remove": func(s *stack) planner.Request { // deletions
		s.apply()
		return s.shrunk()
	},
	"destroy": func(s *stack) planner.Request {
		s.apply()
		return planner.Request{Stack: "demo", Catalogue: s.catalogue, State: s.state}
	},
	"drift": func(s *stack) planner.Request { // one element changed outside, one gone
		s.apply()
		req := s.request()
		req.Observed = map[string]planner.Observed{
			"bank":     {Properties: intrinsic.Of(map[string]any{"nodeCount": 1})},
			"payments": {Gone: true},
		}
		return req
	},
	"retain": func(s *stack) planner.Request {
		s.apply()
		req := s.shrunk()
		req.Retain = map[string]bool{}
		for _, node := range []string{"documents", "bank-app", "trader-app", "bank-in-payments", "trader-in-payments", "bank-in-documents", "trader-in-documents"} {
			req.Retain[node] = true
		}
		return req
	},
	"target": func(s *stack) planner.Request {
		s.apply()
		s.inputs["peers"] = 1
		req := s.request()
		req.Targets = map[string]bool{"bank": true}
		return req
	},
	"open": func(s *stack) planner.Request { // a password without a secret input
		s.edit("resourcePassword: {get_input: ledger_password}", "description: none")
		return s.request()
	},
}

// TestPolicies runs each file of rules over the scenarios and compares what
// they deny with the golden file beside it.
func TestPolicies(t *testing.T) {
	files, err := filepath.Glob("testdata/*.rego")
	if err != nil || len(files) == 0 {
		t.Fatalf("no rules: %v", err)
	}
	documents := map[string]any{}
	for name, scenario := range scenarios {
		s := newStack(t)
		var plain any
		if err := json.Unmarshal(s.document(scenario(s)), &plain); err != nil {
			t.Fatal(err)
		}
		documents[name] = plain
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			rules := compile(t, file)
			got := map[string]any{}
			for name, document := range documents {
				got[name] = denied(t, rules, document)
			}
			golden(t, file+".json", got)
		})
	}
}

// compile reads rules: those of old files are in the language as it was before
// its version 1.
func compile(t *testing.T, file string) rego.PreparedEvalQuery {
	t.Helper()
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	version := ast.RegoV1
	if filepath.Base(file)[:3] == "v0_" {
		version = ast.RegoV0
	}
	rules, err := rego.New(rego.Query("data.main.deny"), rego.Module(file, string(source)), rego.SetRegoVersion(version), rego.StrictBuiltinErrors(true)).PrepareForEval(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

func denied(t *testing.T, rules rego.PreparedEvalQuery, document any) any {
	t.Helper()
	results, err := rules.Eval(t.Context(), rego.EvalInput(document))
	if err != nil {
		t.Fatal(err)
	}
	if len(results) == 0 {
		t.Fatal("the rules are undefined for the document")
	}
	return results[0].Expressions[0].Value
}

// golden compares with a file that -update writes.
func golden(t *testing.T, file string, got any) {
	t.Helper()
	b, err := json.MarshalIndent(got, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	b = append(b, '\n')
	if *update {
		if err := os.WriteFile(file, b, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(b)); d != "" {
		t.Errorf("the rules judge otherwise (-want +got):\n%s", d)
	}
}

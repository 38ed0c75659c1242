package main

import (
	"strings"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
)

func TestRenderPlan(t *testing.T) {
	for name, p := range map[string]*planner.Plan{
		"create":       createPlan(),
		"change":       changePlan(),
		"causes":       causesPlan(),
		"refresh":      refreshPlan(),
		"refresh-none": {Stack: "chain", Lifecycle: "upgrade", RefreshOnly: true},
		"none":         {Stack: "chain", Lifecycle: "upgrade"},
		"deleted":      {Stack: "chain", Lifecycle: "delete"},
		"outputs-only": {Stack: "chain", Lifecycle: "upgrade", Outputs: []*planner.OutputChange{
			{Name: "x", After: intrinsic.Of("y"), Action: planner.Create}}},
	} {
		t.Run(name, func(t *testing.T) {
			text := renderPlan(p, style{})
			golden(t, "plan-"+name+".txt", text)
			if strings.Contains(text, "canary") {
				t.Error("a secret is shown")
			}
		})
	}
}

func TestRenderPlanInColourHoldsTheSameText(t *testing.T) {
	for _, p := range []*planner.Plan{changePlan(), causesPlan(), refreshPlan()} {
		plain, coloured := renderPlan(p, style{}), renderPlan(p, style{on: true})
		if !strings.Contains(coloured, "\x1b[") {
			t.Error("no colour")
		}
		if got := stripSGR(coloured); got != plain {
			t.Errorf("without its colours the text differs:\n%s", got)
		}
	}
}

func stripSGR(s string) string {
	var b strings.Builder
	for {
		i := strings.Index(s, "\x1b[")
		if i < 0 {
			return b.String() + s
		}
		b.WriteString(s[:i])
		s = s[i+strings.IndexByte(s[i:], 'm')+1:]
	}
}

func TestOutputsText(t *testing.T) {
	got := outputsText(map[string]state.Document{
		"text":   {Value: "a\nb"},
		"list":   {Value: []any{int64(1), "x", []any{}}},
		"map":    {Value: map[string]any{"k": 1.5, "in": map[string]any{"a": true}}},
		"secret": {Value: "canary", Sensitive: []string{""}},
		"partly": {Value: map[string]any{"p": "canary"}, Sensitive: []string{"/p"}},
	})
	golden(t, "outputs.txt", got)
}

func TestShellQuote(t *testing.T) {
	for word, want := range map[string]string{"a-b_1./:,=@": "a-b_1./:,=@", "": "''", "a b": "'a b'", "it's": `'it'\''s'`, "$x": "'$x'"} {
		if got := shellQuote(word); got != want {
			t.Errorf("shellQuote(%q) = %s, want %s", word, got, want)
		}
	}
}

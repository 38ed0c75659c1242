package planner

import (
	"fmt"
	"strings"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// What is too large, hostile, secret or no document on both sides is compared
// as a text.
func TestWithinIsBounded(t *testing.T) {
	lines := func(n int, value string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "k%d: %s\n", i, value)
		}
		return b.String()
	}
	bomb := "a0: &a0 [x, x]\n"
	for i := 1; i < 40; i++ {
		bomb += fmt.Sprintf("a%d: &a%d [*a%d, *a%d, *a%d]\n", i, i, i-1, i-1, i-1)
	}
	secret := intrinsic.Of("a: canary\n").MarkSensitive()
	for name, tc := range map[string]struct {
		before, after intrinsic.Value
		want          int // number of changes; -1: compared as a text
	}{
		"a few":          {intrinsic.Of(lines(3, "1")), intrinsic.Of(lines(3, "2")), 3},
		"many":           {intrinsic.Of(lines(maxEmbeddedChanges, "1")), intrinsic.Of(lines(maxEmbeddedChanges, "2")), maxEmbeddedChanges},
		"too many":       {intrinsic.Of(lines(maxEmbeddedChanges+1, "1")), intrinsic.Of(lines(maxEmbeddedChanges+1, "2")), -1},
		"too large":      {intrinsic.Of(lines(1, "1")), intrinsic.Of(lines(1, strings.Repeat("x", maxEmbeddedBytes))), -1},
		"an alias bomb":  {intrinsic.Of("a: 1\n"), intrinsic.Of(bomb), -1},
		"one line":       {intrinsic.Of("a: 1"), intrinsic.Of("a: 2"), -1},
		"with a tail":    {intrinsic.Of(`{"a": 1} {}`), intrinsic.Of(`{"a": 2} {}`), -1},
		"not a text":     {intrinsic.Of(1), intrinsic.Of("a: 1\n"), -1},
		"empty before":   {intrinsic.Of(""), intrinsic.Of("a: 1\n"), -1},
		"the same":       {intrinsic.Of("a: 1\n"), intrinsic.Of("{a: 1}"), 0},
		"secret before":  {secret, intrinsic.Of("a: 1\n"), -1},
		"secret after":   {intrinsic.Of("a: 1\n"), secret, -1},
		"unknown after":  {intrinsic.Of("a: 1\n"), intrinsic.Unknown, -1},
		"control letter": {intrinsic.Of("a: 1\n"), intrinsic.Of("a: \x00\n"), -1},
	} {
		t.Run(name, func(t *testing.T) {
			changes := diff(nil, nil, intrinsic.Of(map[string]any{"p": tc.before}), intrinsic.Of(map[string]any{"p": tc.after}))
			if len(changes) != 1 || changes[0].Path != "p" {
				t.Fatalf("changes: %+v", changes)
			}
			got := len(changes[0].Within)
			if changes[0].Within == nil {
				got = -1
			}
			if got != tc.want {
				t.Errorf("%d changes within, want %d", got, tc.want)
			}
		})
	}
}

// A default that came with the catalogue is told as such.
func TestDefaultIsACause(t *testing.T) {
	types := catalogue()
	types["Test.Chain"].Properties.Properties["size"].Default = int64(4)
	bp, diags := dsl.Parse("blueprint.yaml", []byte("tosca_definitions_version: cloud_tosca_version_1_0\nnode_templates:\n  chain:\n    type: Cloud.Test.Chain\n    properties: {name: c}\n"), types)
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	p, _ := Make(Request{Stack: "demo", Blueprint: bp, Catalogue: types, State: &state.Stack{Elements: map[string]*state.Element{
		"chain": {Node: "chain", Type: "Test.Chain", ObjectID: "c-1", Properties: state.Document{Value: map[string]any{"name": "c"}}}}}})
	want := "update chain.size: null -> 4\n    default Cloud.Test.Chain: it is the default of Cloud.Test.Chain ()\n"
	if got := printCauses(p); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

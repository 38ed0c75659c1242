package intrinsic_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

func TestWithContents(t *testing.T) {
	file := &dsl.Property{Type: "string", File: &dsl.FileRule{MaxBytes: 9}}
	typ := &dsl.NodeType{Properties: &dsl.Property{Type: "object", Properties: map[string]*dsl.Property{
		"one": file, "later": file, "other": file, "text": {Type: "string"},
		"list": {Type: "array", Items: file},
		"map":  {Type: "object", Additional: &dsl.Property{Type: "object", Properties: map[string]*dsl.Property{"part": file}}},
	}}}
	contents := map[string]dsl.Content{"./a": {Path: "./a", Size: 7, SHA256: "d"}}
	v := intrinsic.Of(map[string]intrinsic.Value{
		"one": intrinsic.Of("./a").MarkSensitive(), "later": intrinsic.Unknown, "other": intrinsic.Of("b"), "text": intrinsic.Of("./a"),
		"list": intrinsic.Of([]any{"b", "./a"}), "map": intrinsic.Of(map[string]any{"k": map[string]any{"part": "./a"}}), "more": intrinsic.Of("./a"),
	})
	got := intrinsic.WithContents(v, typ, contents)
	known := map[string]any{"path": "./a", "size": int64(7), "sha256": "d"}
	want := map[string]any{
		"one": known, "later": nil, "other": "b", "text": "./a", "list": []any{"b", known}, "map": map[string]any{"k": map[string]any{"part": known}}, "more": "./a",
	}
	if d := cmp.Diff(want, got.Plain()); d != "" {
		t.Error(d)
	}
	later, _ := got.Get("later")
	one, _ := got.Get("one")
	if !later.IsUnknown() || !one.IsSensitive() {
		t.Errorf("marks are lost: %v", got)
	}
	for _, without := range []intrinsic.Value{intrinsic.WithContents(v, nil, contents), intrinsic.WithContents(v, typ, nil)} {
		if name, _ := without.Get("one"); name.Plain() != "./a" {
			t.Errorf("without a type or files it became %v", name)
		}
	}
}

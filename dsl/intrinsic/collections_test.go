package intrinsic

import (
	"strings"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/dsl"
)

// Lists and maps come as they are from files and as text from flags; their
// parts are converted like single values.
func TestFitCollections(t *testing.T) {
	const head = "tosca_definitions_version: cloud_tosca_version_1_0\nnode_templates: {a: {type: Orchestrate.Data}}\ninputs:\n  x: "
	for _, c := range []struct {
		name, input string
		given       any
		isText      bool
		want        any
		misfit      string
	}{
		{"list of a file", "{type: list}", []any{"a", int64(1)}, false, []any{"a", int64(1)}, ""},
		{"YAML text", "{type: list, items: string}", "[a, b]", true, []any{"a", "b"}, ""},
		{"JSON text", "{type: map, items: integer}", `{"a": "1", "b": 2}`, true, map[string]any{"a": int64(1), "b": int64(2)}, ""},
		{"block text", "{type: list}", "- a\n- b\n", true, []any{"a", "b"}, ""},
		{"text of a file", "{type: list}", "[a]", false, nil, "is not a list"},
		{"map for list", "{type: list}", map[string]any{"a": 1}, false, nil, "is not a list"},
		{"list for map", "{type: map}", "[a]", true, nil, "is not a map"},
		{"no YAML", "{type: map}", "{a: [", true, nil, "is not a map"},
		{"wrong item", "{type: list, items: integer}", []any{1, "x"}, false, nil, "every item is a whole number (item 1 is not)"},
		{"wrong value", "{type: map, items: boolean}", map[string]any{"k": "maybe"}, false, nil, "every value is true or false (that of k is not)"},
		{"too short", "{type: list, constraints: {min_length: 2}}", []any{"a"}, false, nil, "has 1 items, fewer than 2"},
		{"too long", "{type: map, constraints: {max_length: 0}}", map[string]any{"a": 1}, false, nil, "has 1 keys, more than 0"},
		{"characters", "{type: string, constraints: {max_length: 2}}", "中文字", false, nil, "has 3 characters, more than 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bp, diags := dsl.Parse("blueprint.yaml", []byte(head+c.input+"\n"), nil)
			if diags.HasErrors() {
				t.Fatal(diags.Err())
			}
			v, misfits := Fit(bp.Inputs[0], Given{Value: c.given, IsText: c.isText})
			switch {
			case c.misfit == "" && len(misfits) > 0:
				t.Fatal(misfits)
			case c.misfit == "" && !v.Equal(Of(c.want)):
				t.Errorf("got %v, want %v", v.Plain(), c.want)
			case c.misfit != "" && (len(misfits) == 0 || !strings.Contains(misfits[0].Text, c.misfit)):
				t.Errorf("got %v, want %q", misfits, c.misfit)
			}
		})
	}
}

// Parts keep their marks.
func TestFitCollectionKeepsSecrets(t *testing.T) {
	in := &dsl.Input{Type: dsl.Name{Text: "list"}, Items: dsl.Name{Text: "string"}}
	v, misfits := Fit(in, Given{Value: Of([]Value{Of("a"), Of("hidden").MarkSensitive(), Unknown})})
	if len(misfits) > 0 {
		t.Fatal(misfits)
	}
	first, _ := v.Index(0)
	second, _ := v.Index(1)
	third, _ := v.Index(2)
	if first.IsSensitive() || !second.IsSensitive() || !third.IsUnknown() {
		t.Errorf("marks were lost: %v %v %v", first, second, third)
	}
}

package planner

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestPaths(t *testing.T) {
	for path, want := range map[string][]any{
		"size":                    {"size"},
		"peers[0].name":           {"peers", 0, "name"},
		`input["a.b"].c`:          {"input", "a.b", "c"},
		`["x[0]"][1]`:             {"x[0]", 1},
		`ports.80`:                {"ports", "80"},
		`labels["say \"hi\""][0]`: {"labels", `say "hi"`, 0},
	} {
		if d := cmp.Diff(want, pathParts(path)); d != "" {
			t.Errorf("%s (-want +got):\n%s", path, d)
		}
	}
}

// TestPathsAreTold apart: whatever the keys are, a path leads back to them.
func TestPathsAreToldApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var path string
		var want []any
		for range rapid.IntRange(1, 5).Draw(t, "length") {
			if len(want) > 0 && rapid.Bool().Draw(t, "item") {
				i := rapid.IntRange(0, 20).Draw(t, "index")
				path, want = pathToItem(path, i), append(want, i)
				continue
			}
			key := rapid.StringMatching(`[a-z0-9.\[\]" é\\]{0,4}`).Draw(t, "key")
			path, want = PathTo(path, key), append(want, key)
		}
		if d := cmp.Diff(want, pathParts(path)); d != "" {
			t.Errorf("%s (-want +got):\n%s", path, d)
		}
	})
}

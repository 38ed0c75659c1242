package main

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/schemas"
)

// TestSettingsSchema holds the schema of orchestrate.yaml to the settings that
// there are.
func TestSettingsSchema(t *testing.T) {
	text, err := schemas.Text("settings")
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Properties map[string]any `json:"properties"`
	}
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(settings, slices.Sorted(maps.Keys(schema.Properties))); d != "" {
		t.Errorf("-settings +schema:\n%s", d)
	}
}

// TestSchemasAreNamed sees that every schema can be printed.
func TestSchemasAreNamed(t *testing.T) {
	for _, name := range schemaNames() {
		args := []string{name}
		if name == "inputs" {
			args = append(args, "../../blueprints/consortium")
		}
		text, err := schemaText(nil, args)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, err := schemas.Compile(text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

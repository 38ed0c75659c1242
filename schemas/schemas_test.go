package schemas_test

import (
	"encoding/json"
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/orchestrate-tosca/orchestrate/schemas"
)

// TestCatalogueFiles holds every file of node types to catalogue.schema.json.
func TestCatalogueFiles(t *testing.T) {
	schema, err := schemas.Named("catalogue")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range schemas.TypeFiles() {
		types, err := schemas.TypeFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(types)
		if err != nil {
			t.Fatal(err)
		}
		var plain any
		if err := json.Unmarshal(text, &plain); err != nil {
			t.Fatal(err)
		}
		for _, v := range schema.Validate(plain) {
			t.Errorf("%s%s: %s", name, v.Pointer, v.Message)
		}
	}
}

// TestSchemasCompile compiles every JSON Schema there is.
func TestSchemasCompile(t *testing.T) {
	for _, name := range schemas.Names() {
		if _, err := schemas.Named(name); err != nil {
			t.Error(err)
		}
	}
	if _, err := schemas.Named("nope"); err == nil {
		t.Error("a schema that does not exist compiles")
	}
}

func TestContractsAreThere(t *testing.T) {
	names, err := fs.Glob(schemas.OpenAPI(), "*.yaml")
	if err != nil || len(names) == 0 {
		t.Errorf("got %v, %v", names, err)
	}
}

func TestTypesMerge(t *testing.T) {
	types, err := schemas.Types()
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := types["Orchestrate.Data"]; !ok {
		t.Error("Orchestrate.Data is missing")
	}
}

func TestValidate(t *testing.T) {
	schema, err := schemas.Compile(map[string]any{
		"type": "object",
		"properties": map[string]any{
			"b": map[string]any{"type": "string", "maxLength": 2, "pattern": "^x"},
			"a": map[string]any{"anyOf": []any{map[string]any{"type": "integer"}, map[string]any{"type": "boolean"}}},
		},
		"required": []any{"c"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []schemas.Violation{
		{"", "required", "missing properties: 'c'"},
		{"/a", "anyOf", "anyOf failed"},
		{"/b", "maxLength", "length must be <= 2, but got 3"},
		{"/b", "pattern", "does not match pattern '^x'"},
	}
	for range 20 { // causes come in another order each time
		got := schema.Validate(map[string]any{"a": "s", "b": "abc"})
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("-want +got:\n%s", d)
		}
	}
	if got := schema.Validate(map[string]any{"c": nil}); got != nil {
		t.Errorf("got %v, want none", got)
	}
}

func TestCompileRefusesOtherDocuments(t *testing.T) {
	for _, text := range []string{`{"$ref": "https://example.com/x.json"}`, `{"$ref": "file:///etc/passwd"}`, `{"type": 1}`, `{`} {
		if _, err := schemas.Compile([]byte(text)); err == nil {
			t.Errorf("%s compiles", text)
		}
	}
}

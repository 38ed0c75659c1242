package dsl_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/schemas"
)

// A word of the catalogue that nobody reads would let everything pass, so it is
// refused, and each word of the catalogue's own schema is known.
func TestWordsOfTheCatalogue(t *testing.T) {
	text, err := schemas.Text("catalogue")
	if err != nil {
		t.Fatal(err)
	}
	type object struct{ Properties map[string]any }
	var schema struct {
		Defs struct{ NodeType, Property object } `json:"$defs"`
	}
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	for form, words := range map[string]map[string]any{
		`{"WORD": null}`: schema.Defs.NodeType.Properties,
		`{"properties": {"type": "object", "properties": {"p": {"WORD": null}}}}`:               schema.Defs.Property.Properties,
		`{"properties": {"type": "object", "additionalProperties": {"items": {"WORD": null}}}}`: schema.Defs.Property.Properties,
	} {
		if len(words) < 10 {
			t.Fatalf("the schema has the words %v only", words)
		}
		for _, word := range slices.Sorted(maps.Keys(words)) {
			if err := parse(strings.ReplaceAll(form, "WORD", word)); err != nil {
				t.Errorf("%s: %v", word, err)
			}
		}
		if err := parse(strings.ReplaceAll(form, "WORD", "maxLenght")); err == nil || !strings.Contains(err.Error(), `"maxLenght"`) {
			t.Errorf("a word that is misspelt in %s gives the error %v", form, err)
		}
	}
}

func parse(def string) error {
	_, err := dsl.ParseCatalogue(map[string]json.RawMessage{"Test.Type": json.RawMessage(def)})
	return err
}

// What one caller adds to the catalogue no other one sees.
func TestCataloguesAreApart(t *testing.T) {
	mine, err := dsl.LoadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	mine["Test.Type"] = &dsl.NodeType{}
	if others, err := dsl.LoadCatalogue(); err != nil || others["Test.Type"] != nil || len(others) != len(mine)-1 {
		t.Errorf("another catalogue has %d types (%v), and mine %d", len(others), err, len(mine))
	}
}

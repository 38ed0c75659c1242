package check_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/editor"
	"github.com/orchestrate-tosca/orchestrate/schemas"
)

// beyondSchemas are the codes whose fixtures the JSON Schema of the language
// lets pass, and why it can't do better.
var beyondSchemas = map[string]string{
	"DSL117": "a warning: a larger blueprint is right, only AOS would refuse it",
	"DSL131": "the schema is that of the whole language, not only of what AOS knows",
	"DSL133": "the imported file is wrong; it has a schema of its own",
	"DSL134": "a schema sees one file",
	"DSL201": "a schema can't look a name up: inputs",
	"DSL202": "a schema can't look a name up: attributes of the type of a node",
	"DSL203": "a schema can't look a name up: entries of mappings",
	"DSL204": "a schema can't look a name up: node templates",
	"DSL205": "a schema can't look a name up: conditions",
	"DSL206": "a schema can't follow references",
	"DSL207": "a schema can't follow references",
	"DSL209": "conditions are decided by values",
	"DSL210": "a schema can't look a name up: the type of a node",
	"DSL221": "a schema can't look a name up: copies",
	"DSL223": "a schema can't follow references",
	"DSL224": "a schema can't follow references",
	"DSL225": "other stacks are in the state",
	"DSL226": "a schema sees one file",
	"DSL228": "a schema can't compare names",
	"DSL305": "the values come from inputs; those that are written out are caught",
	"DSL308": "a schema can't look into folders",
	"DSL306": "functions are not evaluated",
	"DSL401": "a file with values for inputs has a schema of its own",
	"DSL402": "a file with values for inputs has a schema of its own",
	"DSL403": "a file with values for inputs has a schema of its own",
	"DSL404": "a file with values for inputs has a schema of its own",
	"DSL409": "a warning: the value is right, only not well kept",
}

func compiled(t *testing.T, schema editor.Schema) *schemas.Schema {
	t.Helper()
	text, err := json.Marshal(schema)
	if err != nil {
		t.Fatal(err)
	}
	s, err := schemas.Compile(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSchemaCatchesFixtures holds the JSON Schema of the language against the
// fixtures of all codes: what it can't catch is listed, with the reason.
func TestSchemaCatchesFixtures(t *testing.T) {
	schema := compiled(t, editor.Blueprint(catalogue(t)))
	for _, entry := range diag.Codes() {
		code := string(entry.Code)
		src, err := os.ReadFile(filepath.Join("testdata", code+".yaml"))
		if err != nil || bytes.HasPrefix(src, []byte("# inputs file")) {
			continue // a package, or no blueprint
		}
		data, diags := dsl.ParseData(code, src)
		if diags.HasErrors() || data == nil {
			continue // no YAML, which an editor sees without a schema
		}
		caught := schema.Validate(data.Plain()) != nil
		switch why := beyondSchemas[code]; {
		case !caught && why == "":
			t.Errorf("%s: the schema lets the fixture pass: make it stricter, or say in beyondSchemas why it can't be", code)
		case caught && why != "":
			t.Errorf("%s: the schema catches the fixture, so it must not be in beyondSchemas", code)
		}
	}
}

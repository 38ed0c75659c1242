package planner

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/schemas"
)

// TestCauses prints, for each script, every change with its whole chain and
// with what differs inside texts. The section former.json holds the inputs of
// the newest revision.
func TestCauses(t *testing.T) {
	scripts(t, "testdata/causes/*.txtar", func(t *testing.T, ar *txtar.Archive, expect golden) {
		req := request(t, ar)
		if s := section(ar, "former.json"); s != "" {
			inputs := state.Document{}
			if err := json.Unmarshal([]byte(s), &inputs); err != nil {
				t.Fatal(err)
			}
			req.State.Revision.Inputs = inputs
		}
		p, diags := Make(req)
		expect("want", printCauses(p)+printDiags(diags))
	})
}

func printCauses(p *Plan) string {
	var b strings.Builder
	for _, s := range p.Steps {
		for _, c := range s.Changes {
			fmt.Fprintf(&b, "%s %s.%s: %s -> %s\n", s.Action, s.Node, c.Path, show(c.Before), show(c.After))
			for _, w := range c.Within {
				fmt.Fprintf(&b, "    within %s: %s -> %s\n", w.Path, show(w.Before), show(w.After))
			}
			if c.Within != nil && len(c.Within) == 0 {
				fmt.Fprintf(&b, "    within: the same in another form\n")
			}
			for _, cause := range c.Causes {
				fmt.Fprintf(&b, "    %s %s: %s (%s)\n", cause.Kind, cause.Name, cause.Why, cause.At)
			}
		}
	}
	return b.String()
}

// Every plan that a script makes is a document as the schema says.
func TestDocumentsFitTheirSchema(t *testing.T) {
	schema, err := schemas.Named("plan")
	if err != nil {
		t.Fatal(err)
	}
	everyScript(t, func(t *testing.T, ar *txtar.Archive) {
		p, diags := Make(request(t, ar))
		checkSchema(t, schema, p.Document("test", diags))
	})
}

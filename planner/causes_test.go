package planner

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/schemas"
)

// TestCauses prints, for each script, every change with its whole chain and
// with what differs inside texts. The section former.json holds the inputs of
// the newest revision.
func TestCauses(t *testing.T) {
	files, err := filepath.Glob("testdata/causes/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(f)
			if err != nil {
				t.Fatal(err)
			}
			req := request(t, ar)
			if s := section(ar, "former.json"); s != "" {
				inputs := state.Document{}
				if err := json.Unmarshal([]byte(s), &inputs); err != nil {
					t.Fatal(err)
				}
				req.State.Revision.Inputs = inputs
			}
			p, diags := Make(req)
			got := printCauses(p) + printDiags(diags)
			if *update {
				setSection(ar, "want", got)
				if err := os.WriteFile(f, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(section(ar, "want"), got); d != "" {
				t.Errorf("the causes differ (-want +got):\n%s", d)
			}
		})
	}
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
	files, _ := filepath.Glob("testdata/*.txtar")
	more, _ := filepath.Glob("testdata/*/*.txtar")
	for _, f := range append(files, more...) {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(f)
			if err != nil {
				t.Fatal(err)
			}
			p, diags := Make(request(t, ar))
			b, err := json.Marshal(p.Document("test", diags))
			if err != nil {
				t.Fatal(err)
			}
			var plain any
			if err := json.Unmarshal(b, &plain); err != nil {
				t.Fatal(err)
			}
			if violations := schema.Validate(plain); len(violations) > 0 {
				t.Errorf("%v\n%s", violations, b)
			}
		})
	}
}

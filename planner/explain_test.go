package planner

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/orchestrate-tosca/orchestrate/schemas"
)

// explained makes the plan of a script, with one change at a time on a chain.
func explained(t *testing.T, ar *txtar.Archive) *Plan {
	t.Helper()
	req := request(t, ar)
	for typ, property := range map[string]string{"Test.Chain": "refID", "Test.Org": "chainId", "Test.Member": "chainId"} {
		req.Catalogue[typ].Serial = property
	}
	p, _ := Make(req)
	return p
}

// TestExplain prints, for each script, what every step waits for and what waits
// for it.
func TestExplain(t *testing.T) {
	scripts(t, "testdata/explain/*.txtar", func(t *testing.T, ar *txtar.Archive, expect golden) {
		p := explained(t, ar)
		var b strings.Builder
		for _, s := range p.Steps {
			printExplanation(&b, p.Explain(s.Node))
		}
		expect("want", b.String())
	})
}

func printExplanation(b *strings.Builder, e *Explanation) {
	fmt.Fprintf(b, "%s %s (%s)\n", e.Step.Action, e.Step.Node, e.Step.Undo)
	line := func(w Wait, mine, word, other string) {
		stage := ""
		if w.Stage {
			stage = "stage: "
		}
		fmt.Fprintf(b, "    %s %s %s of %s (%s): %s%s %s\n", mine, word, other, w.Node, w.Action, stage, w.Why, w.At)
	}
	for _, w := range e.WaitsFor {
		line(w, phaseText(w.Delete), "waits for", phaseText(w.Other))
	}
	for _, w := range e.Awaits {
		line(w, phaseText(w.Delete), "before", phaseText(w.Other))
	}
	if e.Turns != nil {
		fmt.Fprintf(b, "    turns on %s with %s\n", e.Object, strings.Join(e.Turns, " "))
	}
}

// What a step waits for is told from both sides.
func TestExplainIsMutual(t *testing.T) {
	everyScript(t, func(t *testing.T, ar *txtar.Archive) {
		p := explained(t, ar)
		waits, awaits := map[string]int{}, map[string]int{}
		for _, s := range p.Steps {
			e := p.Explain(s.Node)
			for _, w := range e.WaitsFor {
				if w.Node != s.Node {
					waits[fmt.Sprint(s.Node, w.Delete, w.Node, w.Other, w.Why)]++
				}
			}
			for _, w := range e.Awaits {
				awaits[fmt.Sprint(w.Node, w.Other, s.Node, w.Delete, w.Why)]++
			}
		}
		if d := cmp.Diff(waits, awaits); d != "" {
			t.Errorf("waits and awaits differ:\n%s", d)
		}
	})
}

func TestExplainUnknown(t *testing.T) {
	if e := (&Plan{}).Explain("nothing"); e != nil {
		t.Errorf("explained: %+v", e)
	}
}

// Explanations are documents as their schema says.
func TestExplanationsFitTheirSchema(t *testing.T) {
	schema, err := schemas.Named("explanation")
	if err != nil {
		t.Fatal(err)
	}
	everyScript(t, func(t *testing.T, ar *txtar.Archive) {
		p := explained(t, ar)
		for _, s := range p.Steps {
			checkSchema(t, schema, p.Explain(s.Node).Document(nil))
		}
	})
}

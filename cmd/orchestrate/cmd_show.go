package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

func newShow(a *app) *cobra.Command {
	var o healthOptions
	c := &cobra.Command{
		Use:   "show [options]",
		Short: "Show a stack: its phase, revisions, inputs, elements and outputs; its health",
		Long: `Shows what is recorded of a stack. The revisions are those that a rollback can
return to: each with the execution that applied it, and how that ended.` + healthText,
		Example: examples(
			"orchestrate show --stack consortium", "orchestrate show --stack consortium --json",
			"orchestrate show --stack consortium --health --exit-code   # 1: not all is healthy",
			"orchestrate show --stack consortium --health --json | jq '.health.message'"),
		Args: cobra.NoArgs,
	}
	a.addHealthFlags(c, &o)
	return command(c, func(ctx context.Context, c *cobra.Command, _ []string) error {
		s, st, found, err := a.openToLook(ctx, c, o)
		if err != nil {
			return err
		}
		defer s.close()
		revisions, err := s.revisionLines(ctx, st)
		if err != nil {
			return err
		}
		if o.json {
			document := showObject(st, revisions)
			addHealth(document, found)
			err = a.printJSON(document)
		} else {
			a.showStack(st, revisions, found)
		}
		if err != nil || found == nil {
			return err
		}
		return o.exit(found)
	})
}

// revisionLine is a revision with the execution that applied it.
type revisionLine struct {
	*state.Revision
	by      *state.Execution // nil: not known
	current bool             // the stack is as it says: the newest that was applied with success
}

// revisionLines are the revisions of a stack, newest first.
func (s *session) revisionLines(ctx context.Context, st *state.Stack) ([]revisionLine, error) {
	all, err := s.store.Revisions(ctx, st.Name)
	if err != nil {
		return nil, fmt.Errorf("list revisions of stack %s: %w", st.Name, err)
	}
	h, err := s.history(ctx, st.Name)
	if err != nil {
		return nil, err
	}
	lines := make([]revisionLine, len(all))
	found := false
	for i, r := range all {
		lines[i] = revisionLine{Revision: r, by: h.applied(r.Number)}
		if by := lines[i].by; by != nil && h.whole(by) && !found {
			found, lines[i].current = true, true
		}
	}
	return lines, nil
}

func showObject(st *state.Stack, revisions []revisionLine) object {
	out := stackObject(st)
	out["format_version"] = showFormat
	out["elements"] = elementObjects(st)
	out["outputs"] = outputDocument(st.Outputs)
	all := make([]object, len(revisions))
	for i, r := range revisions {
		all[i] = revisionObject(r)
	}
	out["revisions"] = all
	out["revision"] = nil
	if r := st.Revision; r != nil {
		out["revision"] = object{"number": r.Number, "blueprint": r.File, "created": timeJSON(r.Created), "inputs": documentObject(r.Inputs)}
	}
	return out
}

// showStack writes a stack for people; found is nil if its health was not looked
// at.
func (a *app) showStack(st *state.Stack, revisions []revisionLine, found *executor.Checkup) {
	a.printf("Stack:    %s\nPhase:    %s\nStatus:   %s\nCreated:  %s\nUpdated:  %s\n", st.Name, st.Phase, stackStatus(st), timeText(st.Created), timeText(st.Updated))
	if found != nil {
		a.printf("Health:   %s: %s\nChecked:  %s\n", a.paintCondition(found.Condition()), healthSum(found), timeText(found.At))
	}
	if r := st.Revision; r != nil {
		a.printf("Revision: %d, of %s\n", r.Number, r.File)
		a.printf("\nRevisions:\n\n")
		a.showRevisions(revisions)
		if inputs := intrinsic.OfMarked(r.Inputs.Value, r.Inputs.Sensitive); len(inputs.Keys()) > 0 {
			a.printf("\nInputs:\n\n%s", entriesText(inputs))
		}
	}
	if found != nil && len(found.Elements) > 0 {
		a.printf("\nHealth:\n\n")
		a.listHealth(found)
	}
	for _, e := range sortedElements(st) {
		a.printf("\n# %s (%s)\n", e.Node, e.Phase)
		a.printf("node %q %q {\n", typeLabel(e.Type), e.Node)
		a.showValues(e.Properties)
		if len(intrinsic.Of(e.Attributes.Value).Keys()) > 0 {
			a.printf("\n    # learned from the cloud:\n")
			a.showValues(e.Attributes)
		}
		a.printf("}\n")
	}
	a.showOutputs(st.Outputs)
}

func (a *app) showRevisions(revisions []revisionLine) {
	var rows [][]string
	for _, r := range revisions {
		row := []string{numberText(r.Number), timeText(r.Created), "", "", r.File}
		if r.by != nil {
			row[2], row[3] = r.by.ID, r.by.Phase
		}
		if r.current {
			row[0] += " *"
		}
		rows = append(rows, row)
	}
	writeTable(a.out, []string{"number", "created", "execution", "phase", "blueprint"}, rows)
	a.printf("(* is what the stack was last brought to with success)\n")
}

func (a *app) showValues(d state.Document) {
	v := intrinsic.OfMarked(d.Value, d.Sensitive)
	keys := v.Keys()
	width := longest(keys)
	for _, k := range keys {
		e, _ := v.Get(k)
		a.printf("    %-*s = %s\n", width, k, blockText(e, "  ", "  "))
	}
}

// outputsText writes outputs as OpenTofu does, a name a line.
func outputsText(all map[string]state.Document) string {
	values := make(map[string]intrinsic.Value, len(all))
	for name, d := range all {
		values[name] = intrinsic.OfMarked(d.Value, d.Sensitive)
		if values[name].HasSensitive() {
			values[name] = values[name].MarkSensitive()
		}
	}
	return entriesText(intrinsic.Of(mapOf(values)))
}

func mapOf(values map[string]intrinsic.Value) map[string]any {
	out := make(map[string]any, len(values))
	for k, v := range values {
		out[k] = v
	}
	return out
}

func entriesText(v intrinsic.Value) string {
	var b strings.Builder
	for _, k := range v.Keys() {
		e, _ := v.Get(k)
		fmt.Fprintf(&b, "%s = %s\n", k, outputText(e, ""))
	}
	return b.String()
}

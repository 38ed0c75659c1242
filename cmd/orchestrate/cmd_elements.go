package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/orchestrate-tosca/orchestrate/executor"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

func newElements(a *app) *cobra.Command {
	var o healthOptions
	c := &cobra.Command{
		Use:   "elements [options]",
		Short: "List the elements of a stack, and how they are",
		Long:  "Lists what is recorded of the elements of a stack." + healthText,
		Example: examples(
			"orchestrate elements --stack consortium", "orchestrate elements --stack consortium --json",
			"orchestrate elements --stack consortium --health",
			"orchestrate elements --stack consortium --health --json | jq '.elements[] | select(.health.status != \"healthy\")'"),
		Args: cobra.NoArgs,
	}
	a.addHealthFlags(c, &o)
	return command(c, func(ctx context.Context, c *cobra.Command, _ []string) error {
		s, st, found, err := a.openToLook(ctx, c, o)
		if err != nil {
			return err
		}
		defer s.close()
		if o.json {
			document := object{"format_version": showFormat, "stack": st.Name, "elements": elementObjects(st)}
			addHealth(document, found)
			err = a.printJSON(document)
		} else {
			a.listElements(st, found)
		}
		if err != nil || found == nil {
			return err
		}
		return o.exit(found)
	})
}

// listElements writes the elements for people; found is nil if their health was
// not looked at.
func (a *app) listElements(st *state.Stack, found *executor.Checkup) {
	if len(st.Elements) == 0 {
		a.note("Stack %s has no elements.", st.Name)
		return
	}
	headings := []string{"node", "type", "phase", "id", "updated"}
	if found != nil {
		headings = []string{"node", "type", "phase", "id", "health", "measured"}
	}
	var rows [][]string
	for _, e := range sortedElements(st) {
		row := []string{e.Node, typeLabel(e.Type), e.Phase, e.ObjectID, timeText(e.Updated)}
		if found != nil {
			el := found.Of(e.Node)
			row = append(row[:4], string(el.Condition()), figuresText(el.Figures))
		}
		rows = append(rows, row)
	}
	writeTable(a.out, headings, rows)
	if found != nil {
		a.listSymptoms(found)
		a.printf("\n%s: %s\n", a.paintCondition(found.Condition()), healthSum(found))
	}
}

package main

import (
	"context"

	"github.com/spf13/cobra"
)

func newElements(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "elements [options]",
		Short:   "List the elements of a stack",
		Example: examples("orchestrate elements --stack consortium", "orchestrate elements --stack consortium --json"),
		Args:    cobra.NoArgs,
	}
	a.addStackFlags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return command(c, func(ctx context.Context, _ *cobra.Command, _ []string) error {
		st, err := a.lookAtStack(ctx)
		if err != nil {
			return err
		}
		if asJSON {
			return a.printJSON(object{"format_version": showFormat, "stack": st.Name, "elements": elementObjects(st)})
		}
		var rows [][]string
		for _, e := range sortedElements(st) {
			rows = append(rows, []string{e.Node, typeLabel(e.Type), e.Phase, e.ObjectID, timeText(e.Updated)})
		}
		if len(rows) == 0 {
			a.note("Stack %s has no elements.", st.Name)
			return nil
		}
		writeTable(a.out, []string{"node", "type", "phase", "id", "updated"}, rows)
		return nil
	})
}

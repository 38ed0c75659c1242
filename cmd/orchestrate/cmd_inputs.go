package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

func newInputs(a *app) *cobra.Command {
	var asJSON bool
	var number int64
	c := &cobra.Command{
		Use:   "inputs [options]",
		Short: "Print the input values of a stack",
		Long: `Prints the input values of the newest revision of a stack, or of another one.
Secrets are listed, but their values are never printed.`,
		Example: examples("orchestrate inputs --stack consortium", "orchestrate inputs --stack consortium --revision 2 --json"),
		Args:    cobra.NoArgs,
	}
	a.addStackFlags(c)
	c.Flags().Int64Var(&number, "revision", 0, "of this `REVISION` (default: the newest)")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return command(c, func(ctx context.Context, c *cobra.Command, _ []string) error {
		s, st, err := a.openToShow(ctx)
		if err != nil {
			return err
		}
		defer s.close()
		r := st.Revision
		if c.Flags().Changed("revision") {
			if r, err = s.revisionToShow(ctx, st.Name, number); err != nil {
				return err
			}
		}
		return a.showInputs(st.Name, r, asJSON)
	})
}

// revisionToShow reads a revision; its secrets are not needed.
func (s *session) revisionToShow(ctx context.Context, stack string, number int64) (*state.Revision, error) {
	r, err := s.store.Revision(ctx, stack, number)
	var sealed *state.SealedError
	switch {
	case errors.Is(err, state.ErrNotFound):
		return nil, fmt.Errorf("stack %s has no revision %d; `orchestrate show --stack %s` lists those that it has", stack, number, stack)
	case errors.As(err, &sealed) && r != nil:
		return r, nil
	case err != nil:
		return nil, fmt.Errorf("read revision %d of stack %s: %w", number, stack, err)
	}
	return r, nil
}

func (a *app) showInputs(stack string, r *state.Revision, asJSON bool) error {
	if r == nil {
		r = &state.Revision{}
	}
	if asJSON {
		return a.printJSON(object{"format_version": showFormat, "stack": stack, "revision": r.Number, "inputs": documentObject(r.Inputs)})
	}
	v := intrinsic.OfMarked(r.Inputs.Value, r.Inputs.Sensitive)
	if len(v.Keys()) == 0 {
		a.note("Stack %s has no inputs.", stack)
	}
	a.printf("%s", entriesText(v))
	return nil
}

package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

func newStacks(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "stacks [options]",
		Short:   "List the stacks",
		Example: examples("orchestrate stacks", "orchestrate stacks --json"),
		Args:    cobra.NoArgs,
	}
	a.addStateFlag(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return command(c, func(ctx context.Context, _ *cobra.Command, _ []string) error {
		s, err := a.openState(ctx, false)
		if err != nil {
			return err
		}
		defer s.close()
		var all []*state.Stack
		if s.store != nil {
			if all, err = s.store.Stacks(ctx); err != nil {
				return fmt.Errorf("list stacks: %w", err)
			}
			if err := s.fillEmptied(ctx, all); err != nil {
				return err
			}
		}
		if err := a.listStacks(all, asJSON); err != nil {
			return err
		}
		return s.noteDesertedStacks(ctx, all)
	})
}

// fillEmptied reads the stacks whole whose status their elements decide.
func (s *session) fillEmptied(ctx context.Context, all []*state.Stack) error {
	for _, st := range all {
		if st.Phase != "RollbackSucceeded" {
			continue
		}
		whole, err := s.stackWithoutSecrets(ctx, st.Name)
		if err != nil {
			return err
		}
		if whole != nil {
			st.Elements = whole.Elements
		}
	}
	return nil
}

func (a *app) listStacks(all []*state.Stack, asJSON bool) error {
	if asJSON {
		out := make([]object, 0, len(all))
		for _, st := range all {
			out = append(out, stackObject(st))
		}
		return a.printJSON(object{"format_version": showFormat, "stacks": out})
	}
	if len(all) == 0 {
		a.note("There are no stacks in %s.", a.opts.state)
		return nil
	}
	var rows [][]string
	for _, st := range all {
		rows = append(rows, []string{st.Name, st.Phase, stackStatus(st), timeText(st.Created), timeText(st.Updated)})
	}
	writeTable(a.out, []string{"name", "phase", "status", "created", "updated"}, rows)
	return nil
}

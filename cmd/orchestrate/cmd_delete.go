package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

func newDelete(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "delete [PATH] [options]",
		Aliases: []string{"destroy"},
		Short:   "Delete a stack and everything in it",
		Long: `Deletes the elements of a stack, each after those that depend on it, and then the
stack. The blueprint is not needed; PATH only gives the stack its default name.
Elements that hold data must be named with --allow-data-loss; on a terminal the
name of the stack may be typed instead. With --retain NODE the object stays in
the cloud and is only forgotten.

After a deletion that did not get through, --force forgets what can't be deleted
and says what that is: the cloud may still have it.`,
		Example: examples(
			"orchestrate delete --stack consortium --cloud local",
			"orchestrate delete --stack consortium -y --allow-data-loss ledger,trade",
			"orchestrate delete --stack consortium --retain network",
			"orchestrate delete --stack consortium --force"),
		Args: cobra.MaximumNArgs(1),
	}
	a.addStackFlags(c)
	a.addCloudFlags(c)
	a.addAnswerFlag(c)
	a.addRunFlags(c, &asJSON)
	a.addRefreshFlags(c)
	a.addLossFlags(c)
	c.Flags().BoolVar(&a.opts.force, "force", false, "after a deletion that did not get through: forget what can't be deleted")
	return command(c, func(ctx context.Context, c *cobra.Command, args []string) error {
		if asJSON {
			a.streamEvents()
		}
		if err := a.needApproval(c); err != nil {
			return err
		}
		in, err := a.deleteIntent(pathArg(args))
		if err != nil {
			return err
		}
		if a.opts.force {
			in.decide = func(ctx context.Context, s *session) error { return s.mayForce(ctx, in) }
		}
		return a.carryOut(ctx, in, approval{given: a.opts.yes})
	})
}

// mayForce refuses to forget elements whose deletion nobody has tried
// (blueprint language, section 13.1).
func (s *session) mayForce(ctx context.Context, in *intent) error {
	h, err := s.history(ctx, in.stack)
	if err != nil || h.wasDeleted() != nil {
		return err
	}
	return &noWayBack{
		fmt.Sprintf("--force comes after a deletion that did not get through, and none of stack %s was tried", in.stack),
		"Try it first:\n    " + s.app.stackCommand(in.stack, "delete"),
	}
}

package main

import (
	"context"

	"github.com/spf13/cobra"
)

func newRollback(a *app) *cobra.Command {
	var asJSON bool
	var to int64
	c := &cobra.Command{
		Use:   "rollback [--to REVISION] [options]",
		Short: "Return a stack to an earlier revision",
		Long: `Plans the way back to the revision that was applied with success before the last
execution, asks for approval, and carries it out. Elements get the values that
were recorded before they were changed. The blueprint is not needed: revisions
keep theirs, with its inputs. A stack whose creation failed is emptied.

What holds data is not destroyed unless it is named with --allow-data-loss. What
is done can be seen before it is done: nothing happens without approval.

With --skip NODE a node is left out, such as one whose step can't be undone: its
element stays as it is, and what refers to it is set to what it is now. What
can't go on without it is told before anything is done.`,
		Example: examples(
			"orchestrate rollback --stack consortium --cloud local",
			"orchestrate show --stack consortium            # lists the revisions",
			"orchestrate rollback --stack consortium --to 3 -y",
			"orchestrate rollback --stack consortium --skip ledger,trade   # all but these"),
		Args: cobra.NoArgs,
	}
	a.addStackFlags(c)
	a.addCloudFlags(c)
	a.addAnswerFlag(c)
	a.addRefreshFlags(c)
	a.addLossFlags(c)
	a.addRunFlags(c, &asJSON)
	a.addOnFailureFlag(c)
	a.addSkipFlag(c, "leave `NODE` as it is, on record and in the cloud")
	c.Flags().Int64Var(&to, "to", 0, "return to this `REVISION` instead of the one before")
	return command(c, func(ctx context.Context, c *cobra.Command, _ []string) error {
		explicit := c.Flags().Changed("to")
		if explicit && to < 1 {
			return usagef(c, "--to: revisions have numbers from 1 on, and this is %d", to)
		}
		return a.goOnWith(ctx, c, asJSON, func(stack string) *intent { return a.rollbackIntent(stack, to, explicit) })
	})
}

// goOnWith carries out what depends on the history of the stack that the options
// name.
func (a *app) goOnWith(ctx context.Context, c *cobra.Command, asJSON bool, intend func(stack string) *intent) error {
	stack, err := a.stackName(".")
	if err != nil {
		return err
	}
	if asJSON {
		a.streamEvents()
	}
	if err := a.needApproval(c); err != nil {
		return err
	}
	return a.carryOut(ctx, intend(stack), approval{given: a.opts.yes})
}

package main

import (
	"context"

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
name of the stack may be typed instead.`,
		Example: examples(
			"orchestrate delete --stack consortium --cloud local",
			"orchestrate delete --stack consortium -y --allow-data-loss ledger,trade"),
		Args: cobra.MaximumNArgs(1),
	}
	a.addStackFlags(c)
	a.addCloudFlags(c)
	a.addRunFlags(c)
	a.addDataLossFlag(c)
	c.Flags().BoolVar(&a.opts.refresh, "refresh", true, "read the elements from the cloud before planning")
	c.Flags().IntVar(&a.opts.parallelism, "parallelism", 10, "at most `N` steps at once")
	c.Flags().BoolVar(&asJSON, "json", false, "print the execution as a stream of JSON, a line an event")
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
		return a.carryOut(ctx, in, approval{given: a.opts.yes})
	})
}

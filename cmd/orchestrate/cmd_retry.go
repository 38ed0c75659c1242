package main

import (
	"context"

	"github.com/spf13/cobra"
)

func newRetry(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "retry [options]",
		Short: "Go on with the last execution if it did not succeed",
		Long: `Goes on with the last execution of a stack that failed, was interrupted or was
cancelled, from what is not done: with the blueprint and the inputs that it had,
whatever the files say by now, and under the terms that it had (--replace,
--target, --timeout, --on-failure, ...). To go on with a changed blueprint, use
apply.

A rollback that is stopped by a step that can't be undone goes on without it with
--skip NODE, also one that --on-failure rollback has begun.

Where the answer to a creation was lost and more than one object may be what it
made, it is asked which one: --adopt NODE=ID says so, --adopt NODE=none that it
is none of them. Every command that takes up what was left open has the option.`,
		Example: examples(
			"orchestrate retry --stack consortium --cloud local",
			"orchestrate retry --stack consortium -y --timeout 2h",
			"orchestrate retry --stack consortium --skip ledger   # of a rollback: all but this",
			"orchestrate retry --stack web --adopt gate=4f0d1c2e-..."),
		Args: cobra.NoArgs,
	}
	a.addStackFlags(c)
	a.addCloudFlags(c)
	a.addAnswerFlag(c)
	a.addRefreshFlags(c)
	a.addDataLossFlag(c)
	a.addRunFlags(c, &asJSON)
	a.addOnFailureFlag(c)
	a.addSkipFlag(c, "of a rollback: leave `NODE` as it is from now on")
	return command(c, func(ctx context.Context, c *cobra.Command, _ []string) error {
		return a.goOnWith(ctx, c, asJSON, func(stack string) *intent { return a.retryIntent(stack, c.Flags().Changed) })
	})
}

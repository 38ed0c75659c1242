package main

import (
	"context"

	"github.com/spf13/cobra"
)

func newApply(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "apply [PATH | PLANFILE] [options]",
		Short: "Create or upgrade a stack",
		Long: `Plans as the plan command does, asks for approval, and carries the plan out. A
plan file that plan --out saved is carried out as it is, without asking; it is
refused if what it would do has moved since.

A step that fails lets what runs finish, and nothing new is begun; the message
says how to go on. With --on-failure rollback what this command did is undone.

Ctrl-C starts nothing new, lets what runs reach a recorded point, and exits 130;
a second one stops at once. The next command takes up what runs on in the cloud.`,
		Example: examples(
			"orchestrate apply blueprints/consortium --cloud local",
			"orchestrate apply -y --parallelism 4 --timeout 60m",
			"orchestrate apply plan.json",
			"orchestrate apply -y --on-failure rollback   # all of it, or nothing",
			"orchestrate apply --target cache --target queue",
			"orchestrate apply --refresh-only             # write down what was changed outside",
			"orchestrate apply -y --json | jq -r '.\"@message\"'"),
		Args: cobra.MaximumNArgs(1),
	}
	a.addPlanningFlags(c)
	a.addRunFlags(c, &asJSON)
	a.addOnFailureFlag(c)
	a.addAnswerFlag(c)
	return command(c, func(ctx context.Context, c *cobra.Command, args []string) error {
		if asJSON {
			a.streamEvents()
		}
		return a.runApply(ctx, c, pathArg(args))
	})
}

// streamEvents makes standard output an event stream from here on.
func (a *app) streamEvents() {
	a.events = newEventStream(a.out, a.now)
	a.events.version(version())
}

func (a *app) runApply(ctx context.Context, c *cobra.Command, path string) error {
	in, isPlan, err := a.planFileIntent(ctx, path)
	if err != nil {
		return err
	}
	if isPlan {
		err = refuseWithPlanFile(c)
	} else if in, err = a.blueprintIntent(c, path); err == nil {
		err = a.needApproval(c)
	}
	if err != nil {
		return err
	}
	return a.carryOut(ctx, in, approval{given: isPlan || a.opts.yes})
}

// refuseWithPlanFile refuses options that a saved plan has fixed already.
func refuseWithPlanFile(c *cobra.Command) error {
	for _, name := range []string{"input", "inputs", "input-file", "replace", "allow-data-loss", "target", "retain", "refresh-only", "stack", "force-trim", "strict-aos"} {
		if f := c.Flags().Lookup(name); f != nil && f.Changed {
			return usagef(c, "--%s cannot change a saved plan; make the plan again with it", name)
		}
	}
	return nil
}

// needApproval refuses to begin what nobody can approve.
func (a *app) needApproval(c *cobra.Command) error {
	if a.opts.yes || a.events == nil && a.mayAsk() {
		return nil
	}
	return usagef(c, "nobody is there to approve the plan (no terminal, CI is set, or --json): give --auto-approve (-y), or apply a saved plan")
}

package main

import (
	"context"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// newRoot builds the tree of commands.
func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "orchestrate",
		Short: "Plan and carry out TOSCA-style blueprints",
		Long: `orchestrate reads a YAML blueprint, plans the difference between what it says
and what exists, and carries the plan out against the cloud.

Settings come from options, then from ORCHESTRATE_* variables (--cloud is
ORCHESTRATE_CLOUD), then from orchestrate.yaml in the current folder (cloud:).
Long options take one dash or two.

Exit codes: 0 done; 1 failed before anything changed, or any other error;
2 there are changes (only with --detailed-exitcode); 3 the blueprint, the inputs
or the command line are not valid; 4 another execution holds the stack; 5 failed
part way; 6 failed and rolled back; 7 credentials missing or refused; 130
interrupted or cancelled.`,
		Example: `  orchestrate plan blueprints/consortium --cloud local
  orchestrate apply blueprints/consortium --cloud local
  orchestrate rollback --stack consortium --cloud local
  orchestrate delete --stack consortium --cloud local`,
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRunE: func(c *cobra.Command, _ []string) error {
			a.started = true
			a.command = c.CommandPath()
			return a.enter(c)
		},
	}
	root.PersistentFlags().StringVarP(&a.opts.dir, "chdir", "C", "", "change to this `DIR` first")
	root.PersistentFlags().StringVar(&a.opts.log, "log", "warn", "write logs from this `LEVEL` on to standard error: debug, info, warn, error")
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetVersionTemplate("{{.Version}}\n")
	root.AddCommand(
		newInit(a), newValidate(a), newExplain(a), newPlan(a), newApply(a), newRollback(a), newRetry(a), newCancel(a), newDelete(a), newImport(a), newUnlock(a),
		newStacks(a), newShow(a), newElements(a), newInputs(a), newOutputs(a), newExecutions(a), newDrift(a), newAudit(a),
		newGraph(a), newFmt(a), newTypes(a), newSchema(a), newState(a), newAuth(a), newCloud(a), newE2EE(a), newEmulator(a), newVersion(a),
	)
	return root
}

// enter changes the folder and fills in the settings that the command line
// leaves open.
func (a *app) enter(c *cobra.Command) error {
	if a.opts.dir != "" {
		if err := os.Chdir(a.opts.dir); err != nil {
			return usagef(c, "-C: %v", err)
		}
	}
	if err := c.ValidateFlagGroups(); err != nil {
		return usagef(c, "%w", err)
	}
	if err := a.applySettings(c); err != nil {
		return err
	}
	if c.Flags().Lookup("parallelism") != nil && a.opts.parallelism < 1 {
		return usagef(c, "--parallelism: %d steps at once is not at least one", a.opts.parallelism)
	}
	if a.opts.refreshOnly && !a.opts.refresh {
		return usagef(c, "--refresh-only reads the cloud, which --refresh=false forbids: give one of them")
	}
	if a.opts.timeout < 0 {
		return usagef(c, "--timeout: %s is not a time to come", a.opts.timeout)
	}
	if a.opts.patience < 0 {
		return usagef(c, "--patience: %s is not a time to come", a.opts.patience)
	}
	if c.Flags().Lookup("on-failure") != nil && a.opts.onFailure != "" {
		return oneOf(c, "on-failure", a.opts.onFailure, onFailureStop, onFailureRollback)
	}
	return nil
}

// failedCommand is the path of the command that a command line names, as far
// as it can be told.
func (a *app) failedCommand(root *cobra.Command, args []string) string {
	c, _, err := root.Find(normalise(args, valueFlags(root)))
	if err != nil || c == nil {
		return root.CommandPath()
	}
	return c.CommandPath()
}

// command finishes a command: its work gets the context first.
func command(c *cobra.Command, run func(ctx context.Context, c *cobra.Command, args []string) error) *cobra.Command {
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := needNames(c); err != nil {
			return err
		}
		return run(c.Context(), c, args)
	}
	c.DisableFlagsInUseLine = true
	return c
}

// needNames refuses options that limit what a command touches and name nothing,
// as an unset variable of a script makes them: without them it would touch more.
func needNames(c *cobra.Command) error {
	for _, option := range []string{"target", "retain", "skip"} {
		if !c.Flags().Changed(option) {
			continue
		}
		if list, err := c.Flags().GetStringSlice(option); err == nil && len(names(list)) == 0 {
			return usagef(c, "--%s names no node; give its name, or leave the option out", option)
		}
	}
	return nil
}

// pathArg is the optional PATH of a command; the current folder by default.
func pathArg(args []string) string {
	if len(args) == 0 {
		return "."
	}
	return args[0]
}

// examples indents the lines of a help text as cobra's template wants them.
func examples(lines ...string) string {
	return "  " + strings.Join(lines, "\n  ")
}

// oneOf refuses a value that is not among the choices.
func oneOf(c *cobra.Command, flag, value string, choices ...string) error {
	for _, x := range choices {
		if value == x {
			return nil
		}
	}
	return usagef(c, "--%s: %q is none of %s", flag, value, strings.Join(choices, ", "))
}

// names turns a list of names into a set.
func names(list []string) map[string]bool {
	out := map[string]bool{}
	for _, n := range list {
		if n = strings.TrimSpace(n); n != "" {
			out[n] = true
		}
	}
	return out
}

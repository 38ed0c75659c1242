package main

import (
	"context"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/orchestrate-tosca/orchestrate/dsl"
)

// options are the values of the options that several commands share. Each is
// bound by the command that has it.
type options struct {
	dir           string // -C
	log           string
	cloud         string
	emulatorSpeed float64
	state         string
	stack         string
	mainFile      string
	inputs        []string // k=v
	inputFiles    []string
	inputTexts    []string // k=path
	parallelism   int
	timeout       time.Duration
	yes           bool
	refresh       bool
	onFailure     string // stop or rollback
	allowDataLoss []string
	replace       []string
	targets       []string
	retain        []string
	refreshOnly   bool
	force         bool
	strictAOS     bool
	forceTrim     bool
}

// defaultParallelism is how many steps run at once unless told otherwise.
const defaultParallelism = 10

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
		newValidate(a), newExplain(a), newPlan(a), newApply(a), newRollback(a), newRetry(a), newCancel(a), newDelete(a), newImport(a), newUnlock(a),
		newStacks(a), newShow(a), newElements(a), newInputs(a), newOutputs(a), newExecutions(a), newDrift(a),
		newGraph(a), newFmt(a), newTypes(a), newSchema(a), newState(a), newAuth(a), newEmulator(a), newVersion(a),
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

// The options of commands that need the state.
func (a *app) addStateFlag(c *cobra.Command) {
	c.Flags().StringVar(&a.opts.state, "state", "sqlite:"+besides("state.db"), "where stacks are remembered, as a `URL`: sqlite:PATH")
}

// The options of commands that work on one stack.
func (a *app) addStackFlags(c *cobra.Command) {
	a.addStateFlag(c)
	c.Flags().StringVar(&a.opts.stack, "stack", "", "`NAME` of the stack (default: the name of the blueprint's folder)")
}

// The options of commands that call a cloud.
func (a *app) addCloudFlags(c *cobra.Command) {
	c.Flags().StringVar(&a.opts.cloud, "cloud", "huaweicloud", "`CLOUD` to call: huaweicloud, local (the emulator inside this process), or the URL of an endpoint")
	c.Flags().Float64Var(&a.opts.emulatorSpeed, "emulator-speed", 1000, "with --cloud local: divide the durations of the service by `X`")
}

// The options of commands that read a blueprint and its inputs.
func (a *app) addInputFlags(c *cobra.Command) {
	c.Flags().StringVar(&a.opts.mainFile, "main-file", "", "`NAME` of the blueprint in a folder or package (default: "+dsl.MainFile+")")
	c.Flags().StringArrayVar(&a.opts.inputs, "input", nil, "set an input, as `NAME=VALUE`; repeatable")
	c.Flags().StringArrayVar(&a.opts.inputFiles, "inputs", nil, "read inputs from a YAML or JSON `FILE`; repeatable, later ones win")
	c.Flags().StringArrayVar(&a.opts.inputTexts, "input-file", nil, "set an input to the text of a file, as `NAME=PATH`; one line break at its end is dropped; repeatable")
}

func (a *app) addStrictFlag(c *cobra.Command) {
	c.Flags().BoolVar(&a.opts.strictAOS, "strict-aos", false, "refuse what AOS does not understand (imports, node_types, count, ...), and upgrades that it forbids")
}

func (a *app) addTrimFlag(c *cobra.Command) {
	c.Flags().BoolVar(&a.opts.forceTrim, "force-trim", false, "leave out too what cannot exist without a node that says deploy: false")
}

// The options of commands that plan the way to a blueprint.
func (a *app) addPlanFlags(c *cobra.Command) {
	a.addRefreshFlags(c)
	a.addLossFlags(c)
	c.Flags().StringSliceVar(&a.opts.replace, "replace", nil, "destroy and make `NODE` again; repeatable")
	c.Flags().StringSliceVar(&a.opts.targets, "target", nil, "plan only for `NODE` and what it depends on; repeatable")
	c.Flags().BoolVar(&a.opts.refreshOnly, "refresh-only", false, "only write down what was changed outside; change nothing in the cloud")
	c.MarkFlagsMutuallyExclusive("refresh-only", "replace")
}

// The options of commands that look at the cloud before they plan.
func (a *app) addRefreshFlags(c *cobra.Command) {
	c.Flags().BoolVar(&a.opts.refresh, "refresh", true, "read the elements from the cloud before planning")
	c.Flags().IntVar(&a.opts.parallelism, "parallelism", defaultParallelism, "at most `N` steps at once")
}

// The options of commands that may destroy something.
func (a *app) addLossFlags(c *cobra.Command) {
	a.addDataLossFlag(c)
	c.Flags().StringSliceVar(&a.opts.retain, "retain", nil, "`NODE` that stays in the cloud if it leaves the stack; repeatable")
}

func (a *app) addDataLossFlag(c *cobra.Command) {
	c.Flags().StringSliceVar(&a.opts.allowDataLoss, "allow-data-loss", nil, "`NODE` whose data may be destroyed; repeatable, or several with commas")
}

// The options of commands that carry a plan out.
func (a *app) addRunFlags(c *cobra.Command) {
	c.Flags().BoolVarP(&a.opts.yes, "auto-approve", "y", false, "do not ask for approval")
	c.Flags().DurationVar(&a.opts.timeout, "timeout", 0, "stop as with Ctrl-C after this `DURATION`, such as 60m (default: none)")
}

// What becomes of an execution in which a step failed.
const (
	onFailureStop     = "stop"
	onFailureRollback = "rollback"
)

func (a *app) addOnFailureFlag(c *cobra.Command) {
	c.Flags().StringVar(&a.opts.onFailure, "on-failure", onFailureStop, "if a step fails, do `WHAT`: stop after what runs, or rollback: undo what this command did, and exit 6")
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
	for _, option := range []string{"target", "retain"} {
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

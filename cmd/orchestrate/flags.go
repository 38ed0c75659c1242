package main

import (
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
	patience      time.Duration // with an endpoint that does not answer while it is looked at; 0: without end
	onFailure     string        // stop or rollback
	allowDataLoss []string
	replace       []string
	targets       []string
	retain        []string
	skip          []string
	refreshOnly   bool
	force         bool
	strictAOS     bool
	forceTrim     bool
	answers       answers // --adopt
}

// defaultParallelism is how many steps run at once unless told otherwise.
const defaultParallelism = 10

// defaultPatience is how long an endpoint may not answer while it is looked at,
// unless told otherwise: about as long as gateways wait for what is behind them.
const defaultPatience = 30 * time.Second

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
	c.Flags().DurationVar(&a.opts.patience, "patience", defaultPatience, "give up an endpoint that has not answered for this `DURATION` while it is looked at; 0: never")
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
func (a *app) addPlanningFlags(c *cobra.Command) {
	a.addStackFlags(c)
	a.addCloudFlags(c)
	a.addInputFlags(c)
	a.addRefreshFlags(c)
	a.addLossFlags(c)
	a.addStrictFlag(c)
	a.addTrimFlag(c)
	c.Flags().StringSliceVar(&a.opts.replace, "replace", nil, "destroy and make `NODE` again; repeatable")
	c.Flags().StringSliceVar(&a.opts.targets, "target", nil, "plan only for `NODE` and what it depends on; repeatable")
	c.Flags().BoolVar(&a.opts.refreshOnly, "refresh-only", false, "only write down what was changed outside; change nothing in the cloud")
	c.MarkFlagsMutuallyExclusive("refresh-only", "replace")
}

// addDestroyFlag lets a command that plans do so for a deletion, which leads to
// no blueprint.
func addDestroyFlag(c *cobra.Command, destroy *bool, usage string) {
	c.Flags().BoolVar(destroy, "destroy", false, usage)
	for _, other := range []string{"refresh-only", "target", "replace"} {
		c.MarkFlagsMutuallyExclusive("destroy", other)
	}
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

// The option of commands that may go back to an earlier revision.
func (a *app) addSkipFlag(c *cobra.Command, usage string) {
	c.Flags().StringSliceVar(&a.opts.skip, "skip", nil, usage+"; repeatable, or several with commas")
}

// The options of commands that carry a plan out; asJSON is whether they tell it
// as a stream of events.
func (a *app) addRunFlags(c *cobra.Command, asJSON *bool) {
	c.Flags().BoolVarP(&a.opts.yes, "auto-approve", "y", false, "do not ask for approval")
	c.Flags().DurationVar(&a.opts.timeout, "timeout", 0, "stop as with Ctrl-C this `DURATION` after the stack was taken hold of, such as 60m (default: none)")
	c.Flags().BoolVar(asJSON, "json", false, "print the execution as a stream of JSON, a line an event")
}

// What becomes of an execution in which a step failed.
const (
	onFailureStop     = "stop"
	onFailureRollback = "rollback"
)

func (a *app) addOnFailureFlag(c *cobra.Command) {
	c.Flags().StringVar(&a.opts.onFailure, "on-failure", onFailureStop, "if a step fails, do `WHAT`: stop after what runs, or rollback: undo what this command did, and exit 6")
}

package main

import (
	"context"
	"fmt"
	"sort"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

func newOutputs(a *app) *cobra.Command {
	var asJSON, raw bool
	c := &cobra.Command{
		Use:   "outputs [NAME] [options]",
		Short: "Print the outputs of a stack, or one of them",
		Long: `Prints the outputs of the last execution. Sensitive outputs are listed, but their
values are never printed.`,
		Example: examples("orchestrate outputs --stack consortium", "orchestrate outputs --stack consortium --json",
			"orchestrate outputs blockchain-id --stack consortium --raw"),
		Args: cobra.MaximumNArgs(1),
	}
	a.addStackFlags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().BoolVar(&raw, "raw", false, "print the text of one output without quotes")
	c.MarkFlagsMutuallyExclusive("json", "raw")
	return command(c, func(ctx context.Context, c *cobra.Command, args []string) error {
		if raw && len(args) == 0 {
			return usagef(c, "--raw prints one output: name it")
		}
		st, err := a.lookAtStack(ctx)
		switch {
		case err != nil:
			return err
		case len(args) == 1:
			return a.printOutput(st, args[0], asJSON, raw)
		case asJSON:
			return a.printJSON(outputDocument(st.Outputs))
		}
		if len(st.Outputs) == 0 {
			a.note("Stack %s has no outputs.", st.Name)
		}
		a.printf("%s", outputsText(st.Outputs))
		return nil
	})
}

// printOutput prints one output: as a literal, as JSON, or as bare text.
func (a *app) printOutput(st *state.Stack, name string, asJSON, raw bool) error {
	d, ok := st.Outputs[name]
	if !ok {
		return unknownOutput(st, name)
	}
	v := intrinsic.OfMarked(d.Value, d.Sensitive)
	if v.HasSensitive() {
		return fmt.Errorf("output %q of stack %s is sensitive: its value is never printed", name, st.Name)
	}
	switch {
	case asJSON:
		return a.printJSON(v.Plain())
	case !raw:
		a.printf("%s\n", outputText(v, ""))
		return nil
	}
	if _, isScalar := v.Scalar(); !isScalar {
		return fmt.Errorf("output %q of stack %s is a list or a map, which has no bare text: use --json", name, st.Name)
	}
	a.printf("%s", v.Text())
	return nil
}

func unknownOutput(st *state.Stack, name string) error {
	known := make([]string, 0, len(st.Outputs))
	for n := range st.Outputs {
		known = append(known, n)
	}
	sort.Strings(known)
	if len(known) == 0 {
		return fmt.Errorf("stack %s has no outputs", st.Name)
	}
	hint := ""
	if c := diag.Closest(name, known); c != "" {
		hint = fmt.Sprintf(" Did you mean %q?", c)
	}
	return fmt.Errorf("stack %s has no output %q.%s It has %s", st.Name, name, hint, strings.Join(known, ", "))
}

package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
)

func newValidate(a *app) *cobra.Command {
	var format string
	var asJSON bool
	c := &cobra.Command{
		Use:   "validate [PATH] [options]",
		Short: "Check everything that needs no cloud",
		Long: `Checks the blueprint at PATH (a file, or a folder with blueprint.yaml; default:
the current folder) and reports every problem at once. Inputs are checked when
some are given.`,
		Example: examples("orchestrate validate blueprints/consortium", "orchestrate validate --format json"),
		Args:    cobra.MaximumNArgs(1),
	}
	a.addInputFlags(c)
	c.Flags().StringVar(&format, "format", "text", "`FORMAT` of the report: text, json")
	c.Flags().BoolVar(&asJSON, "json", false, "the same as --format json")
	return command(c, func(_ context.Context, c *cobra.Command, args []string) error {
		if asJSON {
			format = "json"
		}
		if err := oneOf(c, "format", format, "text", "json"); err != nil {
			return err
		}
		return a.runValidate(c, pathArg(args), format)
	})
}

func (a *app) runValidate(c *cobra.Command, path, format string) error {
	problems, texts, file, err := a.validate(c, path)
	if err != nil {
		return err
	}
	if format == "json" {
		if err := diag.WriteJSON(a.out, problems, texts); err != nil {
			return fmt.Errorf("write report: %w", err)
		}
	} else {
		a.validateText(problems, texts, file)
	}
	if problems.HasErrors() {
		return exitCode{code: exitInvalid}
	}
	return nil
}

// validate returns what is wrong with a blueprint, and with its inputs if any
// are given on the command line.
func (a *app) validate(c *cobra.Command, path string) (diag.List, map[string][]byte, string, error) {
	src, err := a.loadSource(path)
	if err != nil {
		list, texts := diagnostics(err)
		return list, texts, path, nil
	}
	problems := src.problems
	if src.blueprint != nil && len(a.opts.inputs)+len(a.opts.inputFiles)+len(a.opts.inputTexts) > 0 {
		_, found, err := a.resolveInputs(c, src, "stack")
		if err != nil {
			return nil, nil, "", err
		}
		problems = append(append(diag.List(nil), problems...), found...).Sorted()
	}
	return problems, src.texts, src.file, nil
}

// validateText shows the report: problems are the result of this command, so
// they go to standard output.
func (a *app) validateText(problems diag.List, texts map[string][]byte, file string) {
	_ = diag.Render(a.out, problems, texts, a.outStyle.on) // a stream keeps its own error
	if !problems.HasErrors() {
		a.printf("%s %s is valid.\n", a.outStyle.paint(green, "Success!"), file)
		return
	}
	n := 0
	for _, d := range problems {
		if d.Severity == diag.Error {
			n++
		}
	}
	a.printf("\n%s in %s.\n", count(n, "error", "errors"), file)
}

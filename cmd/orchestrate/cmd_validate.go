package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
)

// reportFormats are the choices of validate --format.
var reportFormats = []string{"text", "json", "sarif", "github"}

func newValidate(a *app) *cobra.Command {
	var format string
	var asJSON bool
	c := &cobra.Command{
		Use:   "validate [PATH] [options]",
		Short: "Check everything that needs no cloud",
		Long: `Checks the blueprint at PATH and reports every problem at once. PATH is a YAML or
JSON file, or a folder or package (zip, tar.gz, tgz) with blueprint.yaml or the
file that --main-file names; default: the current folder. Inputs are checked
when some are given.

Formats of the report: text with source lines; json in the shape of OpenTofu's
validate; sarif (2.1.0) for code scanning; github, annotations of a workflow.
"orchestrate explain CODE" tells more about a problem.`,
		Example: examples("orchestrate validate blueprints/consortium", "orchestrate validate --format json",
			"orchestrate validate consortium.tgz --main-file stack.yaml",
			"orchestrate validate --inputs production.yaml --input-file ledger_password=/run/secrets/ledger",
			"orchestrate validate --strict-aos   # nothing but what AOS understands",
			"orchestrate validate --format sarif > orchestrate.sarif"),
		Args: cobra.MaximumNArgs(1),
	}
	a.addInputFlags(c)
	a.addStrictFlag(c)
	c.Flags().StringVar(&format, "format", "text", "`FORMAT` of the report: "+strings.Join(reportFormats, ", "))
	c.Flags().BoolVar(&asJSON, "json", false, "the same as --format json")
	return command(c, func(_ context.Context, c *cobra.Command, args []string) error {
		if asJSON {
			if c.Flags().Changed("format") && format != "json" {
				return usagef(c, "--json is --format json, and --format %s is given too", format)
			}
			format = "json"
		}
		if err := oneOf(c, "format", format, reportFormats...); err != nil {
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
	if err := a.report(problems, texts, file, format); err != nil {
		return err
	}
	if problems.HasErrors() {
		return exitCode{code: exitInvalid}
	}
	return nil
}

// report writes problems in a format. They are the result of this command, so
// they go to standard output.
func (a *app) report(problems diag.List, texts map[string][]byte, file, format string) error {
	switch format {
	case "json":
		return diag.WriteJSON(a.out, problems, texts)
	case "sarif":
		return diag.WriteSARIF(a.out, problems, diag.Tool{Name: "orchestrate", Version: version(), InformationURI: homepage})
	case "github":
		return diag.WriteGitHub(a.out, problems)
	}
	a.validateText(problems, texts, file)
	return nil
}

// homepage is where reports send those who ask what made them.
const homepage = "https://github.com/orchestrate-tosca/orchestrate"

// validate returns what is wrong with a blueprint, and with its inputs if any
// are given on the command line.
func (a *app) validate(c *cobra.Command, path string) (diag.List, map[string][]byte, string, error) {
	src, err := a.loadSource(path)
	if err != nil {
		list, texts := diagnostics(err)
		return list, texts, path, nil
	}
	problems := src.problems
	given := len(a.opts.inputs)+len(a.opts.inputFiles)+len(a.opts.inputTexts) > 0
	if src.blueprint != nil && (given || !problems.HasErrors()) {
		inputs, found, err := a.resolveInputs(c, src, "stack")
		if err != nil {
			return nil, nil, "", err
		}
		more := diag.List(nil)
		if given {
			more = found
		}
		if !problems.HasErrors() && !found.HasErrors() {
			more = append(more, src.evaluate(inputs)...)
		}
		problems = append(append(diag.List(nil), problems...), more...).Sorted()
	}
	return problems, src.texts, src.file, nil
}

// validateText shows the report to a person.
func (a *app) validateText(problems diag.List, texts map[string][]byte, file string) {
	_ = diag.Render(a.out, problems, texts, a.outStyle.on) // a stream keeps its own error
	if !problems.HasErrors() {
		a.printf("%s %s is valid.\n", a.outStyle.paint(green, "Success!"), file)
		return
	}
	errors, warnings := 0, 0
	for _, d := range problems {
		if d.Severity == diag.Error {
			errors++
		} else {
			warnings++
		}
	}
	found := count(errors, "error", "errors")
	if warnings > 0 {
		found += " and " + count(warnings, "warning", "warnings")
	}
	a.printf("\n%s in %s.\n", found, file)
}

package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
)

func newExplain(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "explain [CODE] [--json]",
		Short: "Tell what a diagnostic means and what to do about it",
		Long: `Tells what the diagnostic CODE means, with an example of the problem and of the
way out of it. Without CODE, lists all codes.`,
		Example: examples("orchestrate explain DSL204", "orchestrate explain", "orchestrate explain PLAN001 --json"),
		Args:    cobra.MaximumNArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var out []string
			for _, e := range diag.Codes() {
				out = append(out, string(e.Code)+"\t"+e.Summary)
			}
			return out, cobra.ShellCompDirectiveNoFileComp
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return command(c, func(_ context.Context, c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return a.listCodes(asJSON)
		}
		e, err := findCode(c, args[0])
		if err != nil {
			return err
		}
		if asJSON {
			return a.printJSON(codeDocument(e))
		}
		a.explainCode(e)
		return nil
	})
}

// findCode takes a code in either case, and as reports write it: error[DSL204].
func findCode(c *cobra.Command, text string) (diag.Entry, error) {
	code := strings.ToUpper(text)
	if _, rest, ok := strings.Cut(code, "["); ok {
		code, _, _ = strings.Cut(rest, "]")
	}
	if e, ok := diag.Lookup(diag.Code(code)); ok {
		return e, nil
	}
	var known []string
	for _, e := range diag.Codes() {
		known = append(known, string(e.Code))
	}
	return diag.Entry{}, usagef(c, "no diagnostic has the code %q.%s \"orchestrate explain\" lists them all", text, diag.DidYouMean(code, known))
}

func (a *app) listCodes(asJSON bool) error {
	if asJSON {
		list := []object{}
		for _, e := range diag.Codes() {
			list = append(list, codeDocument(e))
		}
		return a.printJSON(list)
	}
	for _, e := range diag.Codes() {
		a.printf("%-8s %-8s %s\n", e.Code, e.Severity, e.Summary)
	}
	return nil
}

func codeDocument(e diag.Entry) object {
	o := object{"code": e.Code, "severity": e.Severity, "summary": e.Summary, "text": e.Prose()}
	if x, ok := e.Code.Example(); ok {
		o["example"] = object{"wrong": x.Wrong, "right": x.Right}
	}
	return o
}

func (a *app) explainCode(e diag.Entry) {
	colour := red
	if e.Severity == diag.Warning {
		colour = yellow
	}
	a.printf("%s: %s\n\n%s\n", a.outStyle.paint(colour, fmt.Sprintf("%s[%s]", e.Severity, e.Code)), e.Summary, strings.TrimSpace(e.Text))
	x, ok := e.Code.Example()
	if !ok {
		return
	}
	a.printf("\nWrong:\n\n%s\n\nRight:\n\n%s\n", setOff(x.Wrong), setOff(x.Right))
}

// setOff sets an example off from the text.
func setOff(text string) string {
	return "    " + strings.ReplaceAll(text, "\n", "\n    ")
}

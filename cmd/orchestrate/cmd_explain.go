package main

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
)

func newExplain(a *app) *cobra.Command {
	var o explainOptions
	c := &cobra.Command{
		Use:   "explain [CODE | NODE [PATH]] [options]",
		Short: "Tell what a diagnostic means, or why a node changes",
		Long: `Tells what the diagnostic CODE means, with an example of the problem and of the
way out of it. Without CODE, lists all codes.

With the name of a NODE, plans as "orchestrate plan" does with the same options,
and tells what would become of that node and why: every change with all that led
to it, what was changed outside, what the step waits for and what waits for it,
and whether it can be undone. Nothing is changed. A name that could be either is
taken for a code unless PATH is given.`,
		Example: examples("orchestrate explain DSL204", "orchestrate explain", "orchestrate explain PLAN001 --json",
			"orchestrate explain ledger", "orchestrate explain 'member[bank]' blueprints/consortium --input peers=3",
			"orchestrate explain ledger --destroy"),
		Args: cobra.MaximumNArgs(2),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveDefault // PATH
			}
			var out []string
			for _, e := range diag.Codes() {
				out = append(out, string(e.Code)+"\t"+e.Summary)
			}
			return out, cobra.ShellCompDirectiveNoFileComp
		},
	}
	a.addPlanningFlags(c)
	c.Flags().BoolVar(&o.json, "json", false, "print JSON")
	addDestroyFlag(c, &o.destroy, "explain the deletion of the stack")
	return command(c, func(ctx context.Context, c *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return a.listCodes(o.json)
		case len(args) == 2 || !isCode(args[0]):
			return a.explainNode(ctx, c, args[0], pathArg(args[1:]), o)
		}
		e, err := findCode(c, args[0])
		if err != nil {
			return err
		}
		if o.json {
			return a.printJSON(codeDocument(e))
		}
		a.explainCode(e)
		return nil
	})
}

type explainOptions struct{ json, destroy bool }

// codeForm is what looks like a code, if maybe a misspelt one: the letters of
// one and three characters, in any case, alone or as reports write it.
var codeForm = regexp.MustCompile(`(?i)^(?:(?:error|warning)\[)?(DSL|PLAN|UPG|EXEC)[0-9A-Z]{3}\]?:?$`)

// isCode reports whether an argument is a code and not the name of a node.
func isCode(text string) bool {
	return codeForm.MatchString(text) && strings.ContainsAny(text, "0123456789")
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

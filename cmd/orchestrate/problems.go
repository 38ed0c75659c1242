package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/executor"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// failedRun is an execution that did not get through.
type failedRun struct {
	execution string
	changed   bool // something may have been changed in the cloud
	steps     []executor.StepError
	sources   map[string][]byte
}

func (e *failedRun) Error() string {
	return fmt.Sprintf("execution %s failed: %s", e.execution, count(len(e.steps), "step did not succeed", "steps did not succeed"))
}

// exit is the code of a failed run. Refused credentials have their own: with
// the right ones the same command goes on.
func (e *failedRun) exit() int {
	refused := len(e.steps) > 0
	for _, s := range e.steps {
		refused = refused && codeOf(s.Err) == exitRefused
	}
	switch {
	case refused:
		return exitRefused
	case e.changed:
		return exitPartWay
	}
	return exitFailed
}

// diagnostics shows any error as problems. Those without a code have no place
// in a file.
func diagnostics(err error) (diag.List, map[string][]byte) {
	var bad *invalid
	var run *failedRun
	switch {
	case errors.As(err, &bad):
		return bad.diags, bad.sources
	case errors.As(err, &run) && len(run.steps) > 0:
		var list diag.List
		for _, s := range run.steps {
			list = append(list, stepProblem(s))
		}
		return list, run.sources
	case len(executor.Questions(err)) > 0:
		return questionProblems(err), nil
	}
	return diag.List{{Severity: diag.Error, Summary: err.Error(), Detail: advice(err)}}, nil
}

// stepProblem shows why a step failed at the place that declares its element.
func stepProblem(s executor.StepError) diag.Diagnostic {
	var at diag.Range
	if s.Step != nil {
		at = s.Step.Range
	}
	if q := s.Asked(); q != nil {
		return questionProblem(q, at)
	}
	detail := sentence(fmt.Sprintf("%s: %v", s.Node, s.Err))
	if s.Left != "" {
		detail += " " + sentence(strings.ToUpper(s.Left[:1])+s.Left[1:])
	}
	if a := advice(s.Err); a != "" {
		detail += "\n" + a
	}
	return diag.New("EXEC001", at, "%s", detail)
}

// advice says what to do about an error, as far as it tells.
func advice(err error) string {
	var vendor *providers.Error
	var held *state.HeldError
	var outdated *state.OutdatedError
	var none *noWayBack
	var sealed *state.SealedError
	switch {
	case errors.As(err, &none):
		return none.instead
	case errors.As(err, &vendor):
		return vendor.Advice
	case errors.As(err, &outdated):
		return "Until it has ended this program can only read the state. Wait, or end it where it runs, or with a `cancel` of its own version. If its process is dead, its hold ends by itself at " + outdated.Held.Expires.UTC().Format("15:04:05") + " UTC."
	case errors.As(err, &held):
		return "Wait until it has ended, and run the command again; `executions` shows how far it is, `cancel` asks it to end. If its process is dead, its hold ends by itself at " + held.Expires.UTC().Format("15:04:05") + " UTC."
	case errors.As(err, &sealed):
		return "`show` and `elements` do without the key, and so does `delete`."
	case errors.Is(err, state.ErrLeaseLost):
		return "What this process had begun is recorded. Look at `orchestrate executions`, and run the command again when the other one has ended."
	}
	return ""
}

func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" || strings.HasSuffix(s, ".") {
		return s
	}
	return s + "."
}

// showProblems writes problems to standard error: those of files with their
// source lines, the others as plain sentences.
func (a *app) showProblems(list diag.List, sources map[string][]byte) {
	var coded diag.List
	for _, d := range list {
		if d.Code != "" {
			coded = append(coded, d)
			continue
		}
		a.note("%s %s", a.errStyle.paint(red, string(d.Severity)+":"), d.Summary)
		if d.Detail != "" {
			a.note("%s", d.Detail)
		}
	}
	if len(coded) > 0 {
		a.renderDiagnostics(coded, sources)
	}
}

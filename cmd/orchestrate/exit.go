package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/executor"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// The exit codes of every command.
const (
	exitDone        = 0
	exitFailed      = 1   // before anything changed, or any other error
	exitChanges     = 2   // only with --detailed-exitcode: there are changes
	exitInvalid     = 3   // the blueprint, the inputs or the command line are not valid
	exitHeld        = 4   // another execution holds the stack
	exitPartWay     = 5   // failed after something may have changed
	exitUndone      = 6   // failed, and what was done is undone
	exitRefused     = 7   // credentials missing or refused
	exitInterrupted = 130 // by a signal, or cancelled by somebody else
)

// usageError is a command line that cannot be understood.
type usageError struct {
	err     error
	command string // whose help tells more
}

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// usagef is a usage error found by a command itself.
func usagef(c *cobra.Command, format string, args ...any) error {
	return usageError{err: fmt.Errorf(format, args...), command: c.CommandPath()}
}

// invalid is a blueprint, an input or a setting that does not hold.
type invalid struct {
	diags   diag.List
	sources map[string][]byte // text of the files that the ranges point into
}

func (e *invalid) Error() string { return e.diags.Err().Error() }

// exitCode is an error that ends the command with a certain code; err may be
// nil when all has been said already.
type exitCode struct {
	code int
	err  error
}

func (e exitCode) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}
func (e exitCode) Unwrap() error { return e.err }

// codeOf tells the exit code that an error stands for.
func codeOf(err error) int {
	var (
		usage  usageError
		bad    *invalid
		coded  exitCode
		held   *state.HeldError
		run    *failedRun
		vendor *providers.Error
	)
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &coded):
		return coded.code
	case errors.As(err, &usage), errors.As(err, &bad):
		return exitInvalid
	case errors.As(err, &held):
		return exitHeld
	case errors.As(err, &run):
		return run.exit()
	case errors.As(err, &vendor) && vendor.Kind == providers.Auth:
		return exitRefused
	case errors.Is(err, context.Canceled), errors.Is(err, executor.ErrInterrupted):
		return exitInterrupted
	}
	return exitFailed
}

// finish shows an error, looks after the streams, and returns the exit code.
func (a *app) finish(err error) int {
	code := codeOf(err)
	if err != nil && a.interrupt.wasAsked() && code != exitPartWay && code != exitUndone {
		code = exitInterrupted
	}
	a.showError(err, code)
	if werr := a.out.failure(); werr != nil && code == exitDone {
		a.note("error: write standard output: %v", werr)
		return exitFailed
	}
	return code
}

func (a *app) showError(err error, code int) {
	var coded exitCode
	if err == nil || errors.As(err, &coded) && coded.err == nil {
		return
	}
	if code == exitInterrupted && errors.Is(err, context.Canceled) {
		a.note("Interrupted.")
		return
	}
	var usage usageError
	if errors.As(err, &usage) {
		a.note("%s %s", a.errStyle.paint(red, "error:"), strings.TrimSpace(usage.Error()))
		a.note("See '%s --help'.", usage.command)
		return
	}
	list, sources := diagnostics(err)
	if a.events != nil {
		a.events.diagnostics(list)
		if a.afterword != "" {
			a.events.log(a.afterword)
		}
		return
	}
	a.showProblems(list, sources)
	if a.afterword != "" {
		a.note("\n%s", a.afterword)
	}
}

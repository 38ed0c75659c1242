package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// wayOut is a command to copy, and what it does.
type wayOut struct{ command, what string }

// waysOn are the commands with which a stack goes on after an execution that
// did not get through.
func (a *app) waysOn(in *intent, x *state.Execution) string {
	ways := append(a.waysOf(in, x), wayOut{a.commandLine([]string{"executions", x.ID}), "see what came of each step"})
	return "What was done is recorded. To go on:\n" + waysText(ways)
}

func (a *app) waysOf(in *intent, x *state.Execution) []wayOut {
	retry := wayOut{a.stackCommand(x.Stack, "retry"), "go on with what is left"}
	switch x.Lifecycle {
	case lifecycleCreate:
		return []wayOut{retry, {a.stackCommand(x.Stack, "rollback"), "undo what was made"}}
	case lifecycleUpgrade:
		return []wayOut{retry, {a.stackCommand(x.Stack, "rollback"), "return to the revision before"}}
	case lifecycleDelete:
		ways := []wayOut{retry}
		if !in.terms.Force {
			ways = append(ways, wayOut{a.forceCommand(x.Stack, in.terms.AllowDataLoss), "forget what can't be deleted"})
		}
		return append(ways, wayOut{a.stackCommand(x.Stack, "rollback"), "make anew what was deleted"})
	case lifecycleRollback:
		return []wayOut{retry, {a.stackCommand(x.Stack, "delete"), "delete what is left"}}
	}
	return []wayOut{retry}
}

// waysText writes ways out below each other.
func waysText(ways []wayOut) string {
	wide := 0
	for _, w := range ways {
		wide = max(wide, len(w.command))
	}
	var b strings.Builder
	for i, w := range ways {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "    %-*s   # %s", wide, w.command, w.what)
	}
	return b.String()
}

// stackCommand is a command line to copy that works on a stack in the cloud of
// this one.
func (a *app) stackCommand(stack, verb string, options ...string) string {
	command := []string{verb, "--stack", stack}
	if a.opts.cloud != "" && a.opts.cloud != "huaweicloud" {
		command = append(command, "--cloud", a.opts.cloud)
	}
	if a.opts.yes {
		options = slices.Insert(slices.Clone(options), 0, "-y")
	}
	return a.commandLine(command, options...)
}

func (a *app) forceCommand(stack string, allowed []string) string {
	options := []string{"--force"}
	if len(allowed) > 0 {
		options = append(options, "--allow-data-loss", strings.Join(allowed, ","))
	}
	return a.stackCommand(stack, "delete", options...)
}

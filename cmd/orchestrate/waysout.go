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
// did not get through; stuck are the nodes that are in the way, with what has
// to be left with them.
func (a *app) waysOn(in *intent, x *state.Execution, stuck []string) string {
	ways := append(a.waysOf(in, x, stuck), wayOut{a.commandLine([]string{"executions", x.ID}), "see what came of each step"})
	return "What was done is recorded. To go on:\n" + waysText(ways)
}

// waysAfterLoss are those after an execution that could not be recorded to its
// end.
func (a *app) waysAfterLoss(in *intent, x *state.Execution) string {
	ways := append([]wayOut{{a.commandLine([]string{"executions", x.ID}), "see what is on record"}}, a.waysOf(in, x, nil)...)
	return "What was done last may not be on record. The next command finds it out before it does anything:\n" + waysText(ways)
}

func (a *app) waysOf(in *intent, x *state.Execution, stuck []string) []wayOut {
	retry := wayOut{a.stackCommand(x.Stack, "retry"), "go on with what is left"}
	switch x.Lifecycle {
	case lifecycleCreate:
		return []wayOut{retry, {a.stackCommand(x.Stack, "rollback"), "undo what was made"}}
	case lifecycleUpgrade:
		return []wayOut{retry, {a.stackCommand(x.Stack, "rollback"), "return to the revision before"}}
	case lifecycleDelete:
		ways := []wayOut{retry}
		if len(stuck) > 0 {
			ways = append(ways, a.retaining(in, x, stuck))
		}
		if !in.terms.Force {
			ways = append(ways, wayOut{a.forceCommand(x.Stack, in.terms.AllowDataLoss), "forget what can't be deleted"})
		}
		return append(ways, wayOut{a.stackCommand(x.Stack, "rollback"), "make anew what was deleted"})
	case lifecycleRollback:
		ways := []wayOut{retry}
		if len(stuck) > 0 {
			ways = append(ways, wayOut{a.stackCommand(x.Stack, "retry", "--skip", strings.Join(stuck, ",")), "leave that as it is, and go on with the rest"})
		}
		return append(ways, wayOut{a.stackCommand(x.Stack, "delete"), "delete what is left"})
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

// retaining deletes the rest and lets what can't be deleted stay.
func (a *app) retaining(in *intent, x *state.Execution, stuck []string) wayOut {
	options := []string{"--retain", strings.Join(sortedNames(append(slices.Clone(stuck), in.terms.Retain...)), ",")}
	if allowed := in.terms.AllowDataLoss; len(allowed) > 0 {
		options = append(options, "--allow-data-loss", strings.Join(allowed, ","))
	}
	return wayOut{a.stackCommand(x.Stack, "delete", options...), "leave that in the cloud, and delete the rest"}
}

func (a *app) forceCommand(stack string, allowed []string) string {
	options := []string{"--force"}
	if len(allowed) > 0 {
		options = append(options, "--allow-data-loss", strings.Join(allowed, ","))
	}
	return a.stackCommand(stack, "delete", options...)
}

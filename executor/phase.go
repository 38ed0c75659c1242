package executor

import (
	"strings"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
)

// verb is how AOS names what happens, as the first part of its phases
// (blueprint language, section 13.8).
type verb struct{ running, stem string }

var (
	creating  = verb{"Creating", "Create"}
	upgrading = verb{"Upgrading", "Upgrade"}
	deleting  = verb{"Deleting", "Delete"}
	rolling   = verb{"Rollbacking", "Rollback"}
	updating  = verb{"Updating", "Update"} // of the record alone
)

// names reports whether a phase is one of these.
func (v verb) names(phase string) bool { return phase == v.running || strings.HasPrefix(phase, v.stem) }

// An interrupted execution or step is Paused: it goes on with the next command.
// Cancelled is kept for one that is given up for good.
func (v verb) succeeded() string { return v.stem + "Succeeded" }
func (v verb) failed() string    { return v.stem + "Failed" }
func (v verb) paused() string    { return v.stem + "Paused" }

// cancelled: there is no such phase of an update.
func (v verb) cancelled() string {
	if v == updating {
		return v.failed()
	}
	return v.stem + "Cancelled"
}

func (v verb) outcome(o Outcome) string {
	switch o {
	case Succeeded:
		return v.succeeded()
	case Interrupted:
		return v.paused()
	case Cancelled:
		return v.cancelled()
	}
	return v.failed()
}

// Lifecycles that change the record and nothing else.
const (
	lifecycleRefresh = "refresh"
	lifecycleImport  = "import"
)

// stackPhase is the phase of a stack after an execution that only records what
// is there: that makes nothing complete that was not. was is its phase before;
// "" stands for the phase of the execution.
func stackPhase(lifecycle, was string) string {
	if lifecycleVerb(lifecycle) != updating || was == "" || updating.names(was) || strings.HasSuffix(was, "Succeeded") {
		return ""
	}
	return was
}

// standing is the phase in which those of the executions of a stack have left
// it that do more than to record; "" if there is none. They are sorted by their
// numbers, the newest first.
func standing(all []*state.Execution) string {
	for _, x := range all {
		if x.Final {
			break
		}
		if lifecycleVerb(x.Lifecycle) != updating {
			return x.Phase
		}
	}
	return ""
}

// phasePending is the phase of a step that was not begun.
const phasePending = "Pending"

// lifecycleVerb names the phases of an execution; a retry has those of the
// lifecycle it repeats.
func lifecycleVerb(lifecycle string) verb {
	switch lifecycle {
	case "delete":
		return deleting
	case "upgrade":
		return upgrading
	case "rollback":
		return rolling
	case lifecycleRefresh, lifecycleImport:
		return updating
	}
	return creating
}

// actionVerb names the phases of a step.
func actionVerb(a planner.Action) verb {
	switch a {
	case planner.Delete:
		return deleting
	case planner.Update:
		return upgrading
	}
	return creating
}

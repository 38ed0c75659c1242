package executor

import "github.com/orchestrate-tosca/orchestrate/planner"

// verb is how AOS names what happens, as the first part of its phases
// (blueprint language, section 13.8).
type verb struct{ running, stem string }

var (
	creating  = verb{"Creating", "Create"}
	upgrading = verb{"Upgrading", "Upgrade"}
	deleting  = verb{"Deleting", "Delete"}
	rolling   = verb{"Rollbacking", "Rollback"}
)

// An interrupted execution or step is Paused: it goes on with the next command.
// Cancelled is kept for one that is given up for good.
func (v verb) succeeded() string { return v.stem + "Succeeded" }
func (v verb) failed() string    { return v.stem + "Failed" }
func (v verb) paused() string    { return v.stem + "Paused" }

func (v verb) outcome(o Outcome) string {
	switch o {
	case Succeeded:
		return v.succeeded()
	case Interrupted:
		return v.paused()
	}
	return v.failed()
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

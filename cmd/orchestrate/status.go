package main

import (
	"strings"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// The statuses of a stack, in AOS's words (blueprint language, section 13.7).
const (
	statusRunning    = "Running"
	statusAbnormal   = "Abnormal"
	statusPending    = "Pending"
	statusProcessing = "Processing"
	statusUnknown    = "Unknow" // spelt so
)

// statusOf sums a phase up. AOS fixes only that CreateSucceeded is Running; a
// stack that was interrupted or cancelled is not as anybody wanted it, so it is
// as abnormal as one that failed.
func statusOf(phase string) string {
	switch {
	case phase == "" || phase == "Pending":
		return statusPending
	case phase == "DeleteSucceeded":
		return statusPending
	case strings.HasSuffix(phase, "Succeeded") || phase == "Running":
		return statusRunning
	case strings.HasSuffix(phase, "Failed"), strings.HasSuffix(phase, "Paused"), strings.HasSuffix(phase, "Cancelled"):
		return statusAbnormal
	case strings.HasSuffix(phase, "ing"):
		return statusProcessing
	}
	return statusUnknown
}

// stackStatus is the status of a stack that was read whole. One that has been
// emptied is not installed, however well that went.
func stackStatus(st *state.Stack) string {
	status := statusOf(st.Phase)
	if status == statusRunning && len(st.Elements) == 0 && strings.HasPrefix(st.Phase, "Rollback") {
		return statusPending
	}
	return status
}

// progressOf is how much of an execution is done, in percent.
func progressOf(x *state.Execution) int {
	if len(x.Steps) == 0 {
		if succeeded(x) {
			return 100
		}
		return 0
	}
	done := 0
	for _, s := range x.Steps {
		if strings.HasSuffix(s.Phase, "Succeeded") {
			done++
		}
	}
	return 100 * done / len(x.Steps)
}

package main

import (
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

func TestStatusOf(t *testing.T) {
	for phase, want := range map[string]string{
		"": "Pending", "Creating": "Processing", "CreateSucceeded": "Running", "CreateFailed": "Abnormal",
		"UpgradePaused": "Abnormal", "UpgradeCancelling": "Processing", "RollbackCancelled": "Abnormal",
		"Rollbacking": "Processing", "UpdateSucceeded": "Running", "DeleteFailed": "Abnormal", "Running": "Running",
		"Pending": "Pending", "Terminating": "Processing", "ForceCancelled": "Abnormal", "CancelFailed": "Abnormal", "?": "Unknow",
	} {
		if got := statusOf(phase); got != want {
			t.Errorf("%s: %s, want %s", phase, got, want)
		}
	}
	emptied := &state.Stack{Phase: "RollbackSucceeded"}
	if got := stackStatus(emptied); got != statusPending {
		t.Errorf("an emptied stack is %s", got)
	}
	emptied.Elements = map[string]*state.Element{"a": {}}
	if got := stackStatus(emptied); got != statusRunning {
		t.Errorf("a stack that was rolled back is %s", got)
	}
}

func TestProgressOf(t *testing.T) {
	steps := func(phases ...string) []state.StepRecord {
		var out []state.StepRecord
		for _, p := range phases {
			out = append(out, state.StepRecord{Phase: p})
		}
		return out
	}
	for _, c := range []struct {
		phase string
		steps []state.StepRecord
		want  int
	}{
		{"Creating", nil, 0},
		{"CreateSucceeded", nil, 100},
		{"Creating", steps("CreateSucceeded", "Creating", "Pending"), 33},
		{"UpgradeFailed", steps("UpgradeSucceeded", "CreateFailed"), 50},
		{"UpgradeSucceeded", steps("UpgradeSucceeded", "DeleteSucceeded"), 100},
	} {
		if got := progressOf(&state.Execution{Phase: c.phase, Steps: c.steps}); got != c.want {
			t.Errorf("%s with %d steps: %d%%, want %d%%", c.phase, len(c.steps), got, c.want)
		}
	}
}

// Consents hold for what is not done yet, and what the command line says wins.
func TestTermsAgain(t *testing.T) {
	a := newApp(process{Stdout: io.Discard, Stderr: io.Discard})
	a.opts.skip = []string{"stuck"}
	a.opts.allowDataLoss, a.opts.timeout, a.opts.onFailure = []string{"new"}, time.Minute, onFailureRollback
	x := &state.Execution{
		ID: "s-1",
		Terms: state.Terms{
			Replace: []string{"begun", "done", "left"}, AllowDataLoss: []string{"brought", "done", "left"}, Targets: []string{"done", "left"},
			Retain: []string{"done"}, Skip: []string{"before"}, Timeout: time.Hour, OnFailure: onFailureStop,
		},
		Steps: []state.StepRecord{{Node: "done", Phase: "CreateSucceeded"}, {Node: "left", Phase: "CreateFailed"}, {Node: "begun", Phase: "CreateFailed", Deleted: true}, {Node: "dragged", Action: "replace", Phase: "DeleteSucceeded", Deleted: true}},
	}
	want := x.Terms
	want.Targets = []string{"begun", "done", "dragged", "left"}
	want.Skip = []string{"before", "stuck"}
	want.Replace, want.AllowDataLoss, want.Retries, want.OnFailure = []string{"left"}, []string{"left", "new"}, "s-1", onFailureRollback
	got := a.termsAgain(x, map[string]bool{"brought": true}, func(option string) bool { return option == "on-failure" })
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if x.Terms.Replace[0] != "begun" {
		t.Error("the terms of the execution on record were changed")
	}
}

func TestWaysOn(t *testing.T) {
	for name, c := range map[string]struct {
		lifecycle string
		terms     state.Terms
		opts      options
		stuck     []string
		want      string
	}{
		"create": {lifecycle: "create", opts: options{cloud: "huaweicloud"}, want: `
    orchestrate retry --stack s      # go on with what is left
    orchestrate rollback --stack s   # undo what was made
    orchestrate executions s-1       # see what came of each step`},
		"upgrade elsewhere": {lifecycle: "upgrade", opts: options{cloud: "local", dir: "a b", yes: true, state: "sqlite:x"}, want: `
    orchestrate -C 'a b' retry --stack s --cloud local --state sqlite:x -y      # go on with what is left
    orchestrate -C 'a b' rollback --stack s --cloud local --state sqlite:x -y   # return to the revision before
    orchestrate -C 'a b' executions s-1 --state sqlite:x                        # see what came of each step`},
		"delete": {lifecycle: "delete", terms: state.Terms{AllowDataLoss: []string{"a", "b"}}, want: `
    orchestrate retry --stack s                                  # go on with what is left
    orchestrate delete --stack s --force --allow-data-loss a,b   # forget what can't be deleted
    orchestrate rollback --stack s                               # make anew what was deleted
    orchestrate executions s-1                                   # see what came of each step`},
		"delete by force": {lifecycle: "delete", terms: state.Terms{Force: true}, want: `
    orchestrate retry --stack s      # go on with what is left
    orchestrate rollback --stack s   # make anew what was deleted
    orchestrate executions s-1       # see what came of each step`},
		"rollback": {lifecycle: "rollback", want: `
    orchestrate retry --stack s    # go on with what is left
    orchestrate delete --stack s   # delete what is left
    orchestrate executions s-1     # see what came of each step`},
		"stuck rollback": {lifecycle: "rollback", stuck: []string{"a", "b"}, want: `
    orchestrate retry --stack s              # go on with what is left
    orchestrate retry --stack s --skip a,b   # leave that as it is, and go on with the rest
    orchestrate delete --stack s             # delete what is left
    orchestrate executions s-1               # see what came of each step`},
		"stuck deletion": {lifecycle: "delete", terms: state.Terms{Force: true, Retain: []string{"c"}, AllowDataLoss: []string{"d"}}, stuck: []string{"a"}, want: `
    orchestrate retry --stack s                                     # go on with what is left
    orchestrate delete --stack s --retain a,c --allow-data-loss d   # leave that in the cloud, and delete the rest
    orchestrate rollback --stack s                                  # make anew what was deleted
    orchestrate executions s-1                                      # see what came of each step`},
	} {
		a := newApp(process{Stdout: io.Discard, Stderr: io.Discard})
		a.opts = c.opts
		if a.opts.state == "" {
			a.opts.state = "sqlite:" + besides("state.db")
		}
		got := a.waysOn(&intent{terms: c.terms}, &state.Execution{ID: "s-1", Stack: "s", Lifecycle: c.lifecycle}, c.stuck)
		if d := cmp.Diff("What was done is recorded. To go on:"+c.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

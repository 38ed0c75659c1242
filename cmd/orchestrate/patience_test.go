package main

import (
	"path/filepath"
	"regexp"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/providers/emulator"
)

// A call that does not come about again and again uses up the patience with its
// step: the command ends after some minutes, says what was tried and what is left
// open, and the next one goes on. Nothing is made twice.
func TestPatienceRunsOut(t *testing.T) {
	blueprint, err := filepath.Abs("../../blueprints/vpc-ecs")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		operation string
		fault     emulator.Fault
		tells     []string // regular expressions, of what the command says
	}{
		"what is to be made is throttled": {
			"CreateSubnet", emulator.Throttle(time.Second),
			[]string{`mysubnet: given up after 13 attempts in a row: CreateSubnet: HTTP 429`, `Too many requests\. Wait, or lower --parallelism\.`},
		},
		"nobody tells how far the work is": {
			"ShowJob", emulator.Fault{Status: 503},
			[]string{
				`mycloudserver: given up after 13 attempts in a row: ShowJob: HTTP 503 .*\. Operation \S+ runs on in the cloud; the next command takes it up\.`,
				`The call was one that changes nothing; try again later\.`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				faults := &counted{}
				b := bubble(t, dir, faults)
				faults.dawn(emulator.NewScript(emulator.Rule{Operation: c.operation, Fault: c.fault}))
				begun := time.Now()
				code, _ := b.run("apply", blueprint, "-y")
				if took := time.Since(begun); code != exitPartWay || took < 2*time.Minute || took > 6*time.Minute {
					t.Errorf("exit %d after %s", code, took)
				}
				b.says(c.tells...)
				b.says(`attempt 12 did not succeed, trying again in `, `orchestrate retry --stack s .*# go on with what is left`)
				faults.dawn(nil)
				b.succeeds("executions", "s-1")
				b.succeeds("retry", "-y")
				b.succeeds("plan", blueprint, "--detailed-exitcode")
				b.succeeds("audit")
				if diff := cmp.Diff(map[string]int{"CreateVpc": 1, "CreateSubnet": 1, "CreateServers": 1}, b.carriedOut()); diff != "" {
					t.Errorf("requests that were carried out (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// says holds that the last command wrote this to standard error.
func (b *bubbled) says(patterns ...string) {
	b.t.Helper()
	for _, p := range patterns {
		if !regexp.MustCompile(p).MatchString(b.errs.String()) {
			b.t.Errorf("no %s in:\n%s", p, &b.errs)
		}
	}
}

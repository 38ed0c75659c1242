package main

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/emulator"
)

// A cloud that does not answer, or only fails, is given up by whoever only looks at
// it: after one patience for the whole command, which says meanwhile whom it waits
// for, and then who it was and what to do.
func TestLooksGiveUp(t *testing.T) {
	vpc, err := filepath.Abs("../../blueprints/vpc-ecs")
	if err != nil {
		t.Fatal(err)
	}
	hbs, err := filepath.Abs("../../blueprints/hbs-raft")
	if err != nil {
		t.Fatal(err)
	}
	looks := map[string]struct {
		args string
		code int
		out  string // it prints, of what it looked at in vain
		says string // it says at its end
	}{
		"plan":                  {"plan " + vpc, exitFailed, "", "error: refresh stack s: read "},
		"plan of what is new":   {"plan " + hbs + " --stack new", exitDone, "what it costs is not known: cloud.test has ", "warning[EXEC006]: The cloud could not be asked"},
		"drift":                 {"drift", exitFailed, "", "error: refresh stack s: read "},
		"health":                {"show --health", exitDone, "of 3 elements 3 unknown", ""},
		"health for a pipeline": {"elements --health --exit-code", exitFailed, "Its health could not be told: ", ""},
		"audit":                 {"audit", exitFailed, "unknown", "error: not all is accounted for: "},
		"account":               {"cloud instances --service bcs", exitFailed, "", "error: "},
	}
	for kind, c := range map[string]struct {
		fault emulator.Fault
		waits string // a pattern: between two tries nobody waits, so it may be told a little later
		end   string // of every message
	}{
		"silence": {emulator.Fault{Delay: time.Hour}, "which has not answered for 5s;", "cloud.test has not answered for 30s"},
		"errors":  {emulator.Fault{Status: 500}, `which has answered with errors only for [5-9]s \(HTTP 500 Internal Server Error\);`, "HTTP 500"},
	} {
		t.Run(kind, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				faults := &counted{}
				b := bubble(t, dir, faults)
				b.succeeds("apply", vpc, "-y")
				faults.dawn(emulator.NewScript(emulator.Rule{Fault: c.fault}))
				for name, l := range looks {
					begun := time.Now()
					code, out := b.run(strings.Fields(l.args)...)
					took := time.Since(begun)
					said := b.errs.String()
					if code != l.code || took > 45*time.Second || c.fault.Delay > 0 && took != defaultPatience {
						t.Errorf("%s: exit %d after %s:\n%s", name, code, took, said)
					}
					told := strings.Count(said, "Waiting for cloud.test (")
					if told > 1 || told == 0 && took > 10*time.Second || told == 1 && !regexp.MustCompile(c.waits).MatchString(said) {
						t.Errorf("%s: it tells %d times whom it waits for:\n%s", name, told, said)
					}
					if !strings.Contains(out, l.out) || !strings.Contains(said, l.says) || !strings.Contains(out+said, c.end) {
						t.Errorf("%s: no %q, %q and %q in:\n%s%s", name, l.out, l.says, c.end, out, said)
					}
				}
				if c.fault.Delay > 0 {
					begun := time.Now()
					code, _ := b.run("cloud", "instances", "--patience", "90s")
					if took := time.Since(begun); code != exitFailed || took != 90*time.Second {
						t.Errorf("with other patience: exit %d after %s", code, took)
					}
				}
				faults.dawn(nil)
				b.succeeds("plan", vpc, "--detailed-exitcode")
			})
		})
	}
}

// Answers that come late come all the same: nothing is given up between them.
func TestSlowAnswersAreWaitedFor(t *testing.T) {
	vpc, err := filepath.Abs("../../blueprints/vpc-ecs")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		faults := &counted{}
		b := bubble(t, dir, faults)
		b.succeeds("apply", vpc, "-y")
		faults.dawn(emulator.NewScript(emulator.Rule{Fault: emulator.Fault{Delay: 20 * time.Second}}))
		begun := time.Now()
		b.succeeds("plan", vpc, "--detailed-exitcode")
		if took := time.Since(begun); took < 20*time.Second {
			t.Errorf("it took %s only", took)
		}
		if told := strings.Count(b.errs.String(), "Waiting for cloud.test"); told != 1 {
			t.Errorf("it tells %d times whom it waits for:\n%s", told, &b.errs)
		}
	})
}

func TestWaitLine(t *testing.T) {
	s := providers.Silence{Endpoint: "bcs.test", Operation: "ListBlockchains", For: 7900 * time.Millisecond, Left: 22100 * time.Millisecond}
	if got, want := waitShort(s), "Waiting for bcs.test: no answer for 7s of 30s (ListBlockchains)"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for want, s := range map[string]providers.Silence{
		"Waiting for bcs.test (ListBlockchains), which has not answered for 7s; it is given up in 23s (--patience).": s,
		"Waiting for bcs.test (ListBlockchains), which has answered with errors only for 7s (HTTP 503 Service Unavailable).": {
			Endpoint: s.Endpoint, Operation: s.Operation, For: s.For, Err: &providers.Error{Status: 503},
		},
		"Waiting for bcs.test (ListBlockchains), which has answered with errors only for 7s (HTTP 599).": {
			Endpoint: s.Endpoint, Operation: s.Operation, For: s.For, Err: &providers.Error{Status: 599},
		},
	} {
		if got := waitLine(s); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

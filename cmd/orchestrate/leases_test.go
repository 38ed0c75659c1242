package main

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// briefLease is how long the hold of a process lasts that is stopped in a story.
const briefLease = 500 * time.Millisecond

// briefMain is the whole program, but for its shorter holds on stacks.
func briefMain() {
	p := thisProcess()
	p.LeaseTTL = briefLease
	os.Exit(run(context.Background(), os.Args[1:], p))
}

// TestOneOfMany lets processes of the real program work on one stack at the same
// time, from before there is a state file. One does all of it; the others say who
// that is.
func TestOneOfMany(t *testing.T) {
	for _, many := range []int{2, 4, 16} {
		t.Run(strconv.Itoa(many), func(t *testing.T) {
			s := newScene(t, threeSubnets)
			s.shut("CreateSubnet") // whoever comes so far stays until the others are done
			ended := make(chan *invocation, many)
			running := map[*invocation]bool{}
			for range many {
				c := s.start("orchestrate", "apply", "-y", s.blueprint())
				running[c] = true
				go func() {
					<-c.ended
					ended <- c
				}()
			}
			held := []*invocation{}
			for len(held) < many-1 {
				select {
				case c := <-ended:
					held = append(held, c)
					delete(running, c)
				case <-time.After(30 * time.Second):
					t.Fatalf("%d processes are at work", many-len(held))
				}
			}
			var owner *invocation
			for owner = range running {
			}
			s.await("the owner to be at work", s.reached)
			for _, c := range held {
				s.end(c, exitHeld, fmt.Sprintf(`stack "web" is held by orchestrate apply (process %d on `, owner.process.Pid))
			}
			s.unlock()
			s.end(owner, exitDone)
			if all := s.changed(); len(all) != 4 {
				t.Errorf("the cloud was asked for %d changes: %v", len(all), all)
			}
			s.goesOn()
		})
	}
}

// TestManyStacks works on stacks of one state at the same time, from before there
// is a file: nobody is in the way of the others.
func TestManyStacks(t *testing.T) {
	s := newScene(t, `tosca_definitions_version: cloud_tosca_version_1_0
node_templates:
  a: {type: Orchestrate.Data, properties: {input: a}}
  b: {type: Orchestrate.Data, properties: {input: {get_attribute: [a, output]}}}
`)
	var all []*invocation
	for i := range 6 {
		all = append(all, s.start("orchestrate", "apply", "-y", "--stack", fmt.Sprint("web", i), s.blueprint()))
	}
	for _, c := range all {
		s.end(c, exitDone)
	}
}

// ledgerAndBank are a blockchain and an organization with some peers: to give it
// more, its provider looks and then sends, in one move.
const ledgerAndBank = `tosca_definitions_version: cloud_tosca_version_1_0
inputs:
  peers: {type: integer, default: 1}
node_templates:
  ledger:
    type: Cloud.BCS.Instance
    properties: {name: ledger, versionType: 4, resourcePassword: Only-4-trials, cceClusterInfo: {clusterId: 00000000-0000-4000-8000-000000000001, clusterName: c}}
  bank:
    type: Cloud.BCS.Organization
    properties: {blockchainId: {get_reference: ledger}, name: bank, pvcName: pvc, nodeCount: {get_input: peers}}
`

// TestStoppedOwner stops a process (SIGSTOP) while its provider looks whether it
// may send its request, until its hold has run out and another process has taken
// the stack over, taken up what it left, and done the work. When it goes on it
// gets its answer, and must neither send the request nor write anything.
func TestStoppedOwner(t *testing.T) {
	t.Run("create", func(t *testing.T) {
		s := newScene(t, threeSubnets)
		s.shut("ListSubnets")
		s.stopped("apply", "-y", s.blueprint())
		if made := s.changed(); len(made) != 4 {
			t.Errorf("the cloud was asked for %d changes: %v", len(made), made)
		}
	})
	t.Run("update", func(t *testing.T) {
		s := newScene(t, ledgerAndBank)
		s.run(exitDone, "apply", "-y", s.blueprint())
		made := len(s.changed())
		s.shut("*")
		s.stopped("apply", "-y", s.blueprint(), "--input", "peers=2", "--refresh=false")
		if more := s.changed()[made:]; len(more) != 1 {
			t.Errorf("the cloud was asked for %d more changes: %v", len(more), more)
		}
	})
}

// stopped begins a command, stops it at the gate, lets another one do its work,
// and continues it.
func (s *scene) stopped(args ...string) {
	s.t.Helper()
	former := s.start("orchestrate-brief", args...)
	s.await("the process to look", s.reached)
	s.freeze(former)
	store := s.store()
	s.until("the hold runs out", func() bool {
		h, err := store.Held(context.Background(), "web")
		s.must(err)
		if h != nil && h.Process == state.Dead {
			s.t.Error("a process that is stopped counts as dead")
		}
		return h != nil && h.Expired
	})
	s.end(s.start("orchestrate", args...), exitDone)
	made, told := s.changed(), s.told()
	s.unlock() // the answer lies there when it goes on
	s.thaw(former)
	s.await("the former owner", former.ended)
	if former.code != exitFailed && former.code != exitPartWay {
		s.t.Errorf("exit %d", former.code)
	}
	s.end(former, former.code, "the lease on the stack was lost to another process", "Look at `orchestrate executions`")
	if d := cmp.Diff(made, s.changed()); d != "" {
		s.t.Errorf("the former owner has changed the cloud (-before +after):\n%s", d)
	}
	if d := cmp.Diff(told, s.told()); d != "" {
		s.t.Errorf("the former owner has written (-before +after):\n%s", d)
	}
	s.end(s.start("orchestrate", append([]string{"plan", "--detailed-exitcode"}, slices.DeleteFunc(args[1:], func(o string) bool { return o == "-y" })...)...), exitDone)
}

var exportedAt = regexp.MustCompile(`"exported": "[^"]*"`)

// told is all that the state tells.
func (s *scene) told() string {
	s.t.Helper()
	var all strings.Builder
	for _, args := range [][]string{{"show", "--json"}, {"executions", "--json"}, {"state", "export"}} {
		told := s.run(exitDone, args...).out
		all.WriteString(exportedAt.ReplaceAllString(told, ""))
	}
	return all.String()
}

// TestDeadOwner kills a process. On its own machine its hold counts for nothing;
// seen from elsewhere it lasts until it runs out, and then what the process had
// begun is taken up first.
func TestDeadOwner(t *testing.T) {
	for name, elsewhere := range map[string]bool{"here": false, "elsewhere": true} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, threeSubnets)
			s.shut("CreateSubnet")
			former := s.start("orchestrate", "apply", "-y", s.blueprint())
			s.await("the first subnet to be asked for", s.reached)
			s.must(former.process.Kill())
			s.await("its end", former.ended)
			s.unlock() // the work is done when nobody is there for the answer
			s.until("the subnet is there", func() bool { return len(s.changed()) == 2 })
			if elsewhere {
				owner := state.Owner{ID: "x", Host: "elsewhere", PID: 7, User: "carol", Command: "orchestrate apply", Since: time.Now()}
				store := s.store()
				_, err := store.Acquire(context.Background(), "web", owner, 2*time.Second)
				s.must(err)
				c := s.start("orchestrate", "apply", "-y", s.blueprint())
				s.end(c, exitHeld, `held by orchestrate apply (process 7 on elsewhere, user carol`, "its hold ends by itself at")
				s.until("the hold runs out", func() bool {
					h, err := store.Held(context.Background(), "web")
					s.must(err)
					return h.Expired
				})
			}
			s.end(s.start("orchestrate", "apply", "-y", s.blueprint()), exitDone, "Execution web-1 was taken up")
			s.goesOn()
		})
	}
}

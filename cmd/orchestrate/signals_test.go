package main

import (
	"context"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// ending is how a command is ended before it is done.
type ending struct {
	signals []os.Signal
	cancel  bool     // by another command
	options []string // by itself
	rare    bool     // told apart from the others only while it runs
}

// hard reports whether not even calls in flight are waited for.
func (e ending) hard() bool { return len(e.signals) > 1 && e.signals[1] != syscall.SIGHUP }

var endings = map[string]ending{
	"Ctrl-C":            {signals: []os.Signal{os.Interrupt}},
	"Ctrl-C twice":      {signals: []os.Signal{os.Interrupt, os.Interrupt}},
	"SIGTERM":           {signals: []os.Signal{syscall.SIGTERM}, rare: true},
	"SIGHUP twice":      {signals: []os.Signal{syscall.SIGHUP, syscall.SIGHUP}},
	"SIGHUP, SIGTERM":   {signals: []os.Signal{syscall.SIGHUP, syscall.SIGTERM}, rare: true},
	"cancel":            {cancel: true},
	"--timeout":         {options: []string{"--timeout", "400ms"}},
	"--timeout, Ctrl-C": {options: []string{"--timeout", "400ms"}, signals: []os.Signal{os.Interrupt}, rare: true},
}

// strike ends a command that is held up at the gate. Nothing but a call that is
// waited for may be needed for its end.
func (s *scene) strike(c *invocation, e ending, gentle bool) {
	s.t.Helper()
	if e.options != nil && gentle {
		s.until("its time is over", func() bool {
			return strings.Contains(c.show.String(), "its time of 400ms was over") || c.over()
		})
	}
	for i, signal := range e.signals {
		c.signals <- signal
		if gentle && (i == 0 || e.hard()) {
			said := []string{"Interrupt received", "Stopping at once"}[i]
			s.until("it says "+said, func() bool { return strings.Contains(c.show.String(), said) || c.over() })
		}
	}
	if e.cancel {
		other := s.begin(process{}, "cancel")
		s.until("it hears of it", func() bool { return strings.Contains(c.show.String(), "was cancelled by") || c.over() })
		defer func() { s.end(other, exitDone) }()
	}
	if gentle && !e.hard() {
		s.unlock()
	}
	s.await(c.line, c.ended)
}

// over reports whether a command has ended.
func (c *invocation) over() bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}

// plansNoDestroy checks that the next plan destroys nothing.
func (s *scene) plansNoDestroy() {
	s.t.Helper()
	if p := s.run(exitDone, "plan", s.blueprint()); !strings.Contains(p.out, " 0 to destroy.") && !strings.Contains(p.out, "No changes.") {
		s.t.Errorf("the next plan destroys something:\n%s%s", p.out, p.errs)
	}
}

// TestEndedBeforeItBegan ends commands while they look at the cloud, before they
// have begun anything: nothing is recorded, and nobody holds the stack.
func TestEndedBeforeItBegan(t *testing.T) {
	for name, e := range endings {
		if e.cancel || e.rare {
			continue // there is no execution yet
		}
		t.Run(name, func(t *testing.T) {
			s := newScene(t, threeSubnets)
			for _, phase := range []string{"planning", "refresh"} {
				s.shut("*")
				c := s.begin(process{}, append([]string{"apply", "-y", s.blueprint()}, e.options...)...)
				select {
				case <-s.reached:
				case <-c.ended: // its time was over before
				}
				s.strike(c, e, false)
				s.end(c, exitInterrupted)
				if e.options != nil && e.signals == nil && !strings.Contains(c.errs, "its time of 400ms was over before anything new was begun") {
					t.Errorf("%s: it does not say why it ended:\n%s", phase, c.errs)
				}
				s.unlock()
				all, err := s.store().Executions(context.Background(), "web")
				s.must(err)
				if phase == "planning" {
					if len(all) > 0 || len(s.changed()) > 0 {
						t.Errorf("%s: %d executions, changes: %v", phase, len(all), s.changed())
					}
					s.run(exitDone, "apply", "-y", s.blueprint())
				} else if len(all) != 1 || all[0].Phase != "CreateSucceeded" {
					t.Errorf("%s: %d executions", phase, len(all))
				}
				if h, err := s.store().Held(context.Background(), "web"); h != nil || err != nil {
					t.Errorf("%s: held by %v, %v", phase, h, err)
				}
				s.plansNoDestroy()
			}
			s.goesOn()
		})
	}
}

// TestEndedWhileItRuns ends commands while a request of theirs is under way.
func TestEndedWhileItRuns(t *testing.T) {
	for name, e := range endings {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, threeSubnets)
			s.shut("CreateSubnet")
			c := s.begin(process{}, append([]string{"apply", "-y", s.blueprint()}, e.options...)...)
			select {
			case <-s.reached:
			case <-c.ended: // its time was over before
			}
			s.strike(c, e, true)
			s.end(c, exitInterrupted)
			want := "CreatePaused"
			if e.cancel {
				want = "CreateCancelled"
			}
			if got := s.phase(); got != want && got != "" {
				t.Errorf("it ended as %s, want %s", got, want)
			}
			if n := len(s.changed()); n > 2 {
				t.Errorf("something was begun after the end was asked for: %v", s.changed())
			}
			s.unlock()
			s.plansNoDestroy()
			s.goesOn()
		})
	}
}

// TestEndedWhileItSettles ends commands that take up what an earlier one has left
// running in the cloud: nothing is planned on top of what is not known.
func TestEndedWhileItSettles(t *testing.T) {
	for name, e := range endings {
		if e.cancel || e.rare {
			continue // the execution that is taken up has ended
		}
		t.Run(name, func(t *testing.T) {
			s := newScene(t, ledgerAndBank)
			s.shut("ListOpRecord")
			first := s.begin(process{}, "apply", "-y", s.blueprint())
			s.await("the ledger to be made", s.reached)
			s.strike(first, endings["Ctrl-C twice"], true)
			s.end(first, exitInterrupted)
			s.unlock()

			s.shut("*")
			c := s.begin(process{}, append([]string{"apply", "-y", s.blueprint()}, e.options...)...)
			select {
			case <-s.reached:
			case <-c.ended: // its time was over before
			}
			s.strike(c, e, true)
			s.end(c, exitInterrupted)
			if strings.Contains(c.out, "Plan:") {
				t.Errorf("it has planned:\n%s", c.out)
			}
			if got := s.phase(); got != "CreatePaused" {
				t.Errorf("the execution is %s", got)
			}
			s.unlock()
			s.plansNoDestroy()
			s.goesOn()
		})
	}
}

// TestEndedWhileItUndoes ends commands that take back what they did before one of
// their steps failed: a retry goes on with that.
func TestEndedWhileItUndoes(t *testing.T) {
	for name, e := range endings {
		if e.options != nil || e.rare {
			continue // an undo has the same time again
		}
		t.Run(name, func(t *testing.T) {
			s := newScene(t, threeSubnets)
			s.shut("CreateSubnet")
			c := s.begin(process{}, "apply", "-y", "--on-failure", "rollback", s.blueprint())
			s.await("the first subnet", s.reached)
			s.more.refuse("CreateSubnet") // the next one
			s.unlock()
			s.shut("DeleteSubnet")
			s.await("the first subnet to be deleted", s.reached)
			s.strike(c, e, true)
			s.end(c, exitInterrupted)
			want := "RollbackPaused"
			if e.cancel {
				want = "RollbackCancelled"
			}
			if got := s.phase(); got != want {
				t.Errorf("it ended as %s, want %s", got, want)
			}
			s.unlock()
			s.more.mend()
			s.run(exitDone, "retry", "-y")
			if out := s.run(exitDone, "elements").out; strings.Contains(out, "Succeeded") {
				t.Errorf("something is left:\n%s", out)
			}
			s.run(exitDone, "apply", "-y", s.blueprint())
			s.run(exitDone, "plan", "--detailed-exitcode", s.blueprint())
		})
	}
}

// A signal that comes when everything is done changes nothing of it.
func TestEndedWhenItIsDone(t *testing.T) {
	s := newScene(t, threeSubnets)
	signals := make(chan os.Signal, 4)
	done := &trigger{on: "c: Creation complete", do: func() { signals <- os.Interrupt; signals <- os.Interrupt }}
	code := run(context.Background(), []string{"apply", "-y", s.blueprint()}, process{Env: s.env, Signals: signals, Stdout: &strings.Builder{}, Stderr: done})
	if code != exitDone || s.phase() != "CreateSucceeded" {
		t.Errorf("exit %d, %s\n%s", code, s.phase(), done)
	}
	s.goesOn()
}

// A command that does not end although it was told to stop at once is left alone,
// but not by a hand that hits Ctrl-C some times in a row.
func TestThirdSignal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		signals := make(chan os.Signal)
		defer close(signals)
		var said []string
		cancelled := false
		i := watchSignals(signals, func() { cancelled = true }, func(text string, _ ...any) { said = append(said, strings.Fields(text)[0]) })
		_ = i.gently(func(stop <-chan struct{}) error {
			for n, c := range []struct {
				after     time.Duration
				said      string
				cancelled bool
				abandoned bool
			}{{0, "Interrupt", false, false}, {0, "Stopping", true, false}, {patience / 2, "", true, false}, {patience, "Left", true, true}, {0, "Left", true, true}} {
				said = nil
				time.Sleep(c.after)
				signals <- os.Interrupt
				synctest.Wait()
				<-stop
				abandoned := false
				select {
				case <-i.abandon:
					abandoned = true
				default:
				}
				if got := strings.Join(said, " "); got != c.said || cancelled != c.cancelled || abandoned != c.abandoned {
					t.Errorf("signal %d: it says %q, cancelled %v, left %v", n+1, got, cancelled, abandoned)
				}
			}
			return nil
		})
	})
}

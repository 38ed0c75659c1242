package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// terminal opens a terminal: what a program sees of it, and what a person does
// (pts(4)).
func terminal(t *testing.T) (program, person *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("there are no terminals here:", err)
	}
	t.Cleanup(func() { person.Close() })
	var number, locked int32
	for request, at := range map[uintptr]*int32{syscall.TIOCGPTN: &number, syscall.TIOCSPTLCK: &locked} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, person.Fd(), request, uintptr(unsafe.Pointer(at))); errno != 0 {
			t.Skip("there are no terminals here:", errno)
		}
	}
	program, err = os.OpenFile(fmt.Sprint("/dev/pts/", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("there are no terminals here:", err)
	}
	t.Cleanup(func() { program.Close() })
	return program, person
}

// asked begins a command on a terminal and waits for its question.
func (s *scene) asked(p process, args ...string) *invocation {
	s.t.Helper()
	program, person := terminal(s.t)
	seen := &trigger{}
	go io.Copy(seen, person)
	p.Stdin, p.Stderr = program, program
	c := s.beginShown(p, seen, args...)
	s.until("it asks", func() bool { return strings.Contains(seen.String(), "Enter a value:") || c.over() })
	return c
}

// TestEndedWhileItAsks ends commands that wait for an answer: nothing has begun.
func TestEndedWhileItAsks(t *testing.T) {
	for name, e := range endings {
		if e.cancel || e.rare {
			continue // there is no execution yet
		}
		t.Run(name, func(t *testing.T) {
			s := newScene(t, threeSubnets)
			c := s.asked(process{}, append([]string{"apply", s.blueprint()}, e.options...)...)
			s.strike(c, e, false)
			s.untouched(c, exitInterrupted)
			s.goesOn()
		})
	}
	t.Run("cancel", func(t *testing.T) {
		s := newScene(t, threeSubnets)
		c := s.asked(process{}, "apply", s.blueprint())
		s.end(s.run(exitFailed, "cancel"), exitFailed, "nothing runs on stack web yet: it is held by orchestrate apply (process ", "`unlock --force` cuts it off")
		s.strike(c, endings["Ctrl-C"], false)
		s.untouched(c, exitInterrupted)
	})
	t.Run("unlock --force", func(t *testing.T) {
		s := newScene(t, threeSubnets)
		c := s.asked(process{LeaseTTL: 300 * time.Millisecond}, "apply", s.blueprint())
		s.run(exitDone, "unlock", "-y", "--force")
		s.untouched(c, exitFailed)
		s.until("it says why", func() bool {
			return strings.Contains(c.show.String(), "the lease on the stack was lost to another process")
		})
		s.goesOn()
	})
}

// untouched checks that a command ended without having begun anything.
func (s *scene) untouched(c *invocation, code int) {
	s.t.Helper()
	s.end(c, code)
	all, err := s.store().Executions(context.Background(), "web")
	s.must(err)
	if len(all) > 0 || len(s.changed()) > 0 {
		s.t.Errorf("%d executions, changes: %v", len(all), s.changed())
	}
	if h, err := s.store().Held(context.Background(), "web"); h != nil || err != nil {
		s.t.Errorf("held by %v, %v", h, err)
	}
}

// TestHangup has real processes whose terminal goes away. Under nohup they go on.
func TestHangup(t *testing.T) {
	for name, c := range map[string]struct {
		begin []string
		code  int
		phase string
	}{
		"as it is":    {[]string{"orchestrate"}, exitInterrupted, "CreatePaused"},
		"under nohup": {[]string{"sh", "-c", `trap "" HUP; exec orchestrate "$@"`, "sh"}, exitDone, "CreateSucceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, threeSubnets)
			s.shut("CreateSubnet")
			x := s.start(c.begin[0], append(c.begin[1:], "apply", "-y", s.blueprint())...)
			s.await("the first subnet", s.reached)
			s.must(x.process.Signal(syscall.SIGHUP))
			s.must(x.process.Signal(syscall.SIGHUP))
			if c.code != exitDone {
				s.until("it stops", func() bool { return strings.Contains(x.show.String(), "Interrupt received") })
			}
			s.unlock()
			s.end(x, c.code)
			if got := s.phase(); got != c.phase {
				t.Errorf("it is %s", got)
			}
			s.plansNoDestroy()
			s.goesOn()
		})
	}
}

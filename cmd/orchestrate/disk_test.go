package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// TestLimitedFile lets an apply run into a limit on the size of files, at one
// point after the other: before there is a state, while it begins, while it runs.
func TestLimitedFile(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("there is no shell to set a limit with")
	}
	failed := map[int]int{} // by exit code
	for _, blocks := range []int{16, 110, 140, 180, 230, 290} {
		t.Run(strconv.Itoa(blocks), func(t *testing.T) {
			s := newScene(t, threeSubnets)
			c := s.start("sh", "-c", `ulimit -f "$1" && shift && exec "$@"`, "sh", strconv.Itoa(blocks), "orchestrate", "apply", "-y", s.blueprint())
			s.await("it to end", c.ended)
			failed[c.code]++
			if c.code == exitDone {
				return // what a shell calls a block differs
			}
			s.outOfRoom(c, "a limit on the size of files is reached")
			s.goesOn()
		})
	}
	if failed[exitFailed] == 0 || failed[exitPartWay] == 0 {
		t.Errorf("the limits are not where something is in the way: %v", failed)
	}
}

// outOfRoom checks what a command leaves behind that could not go on recording:
// it says why and what to do, nothing was sent whose intent is not on record, and
// the state is readable.
func (s *scene) outOfRoom(c *invocation, why string) {
	s.t.Helper()
	s.end(c, c.code, why, "run the command again")
	if c.code != exitFailed && c.code != exitPartWay {
		s.t.Errorf("exit %d\n%s", c.code, c.errs)
	}
	if strings.Contains(c.errs, "goroutine ") || strings.Count(c.errs, why) > 2 { // the log says it too
		s.t.Errorf("it says it more than once, or crashes:\n%s", c.errs)
	}
	known := s.intents()
	for _, x := range s.changed() {
		name := strings.Split(strings.Split(x.Body, `"name":"`)[1], `"`)[0]
		if !known[name] {
			s.t.Errorf("%s of %s was sent without an intent on record", x.Operation, name)
		}
	}
	if known["net"] {
		s.run(exitDone, "show")
		s.run(exitDone, "executions", "web-1")
		s.run(exitDone, "state", "export")
		s.run(exitDone, "state", "verify")
	}
}

// intents are the nodes whose first request was about to be sent.
func (s *scene) intents() map[string]bool {
	s.t.Helper()
	store, known := s.store(), map[string]bool{}
	all, err := store.Executions(context.Background(), "web")
	s.must(err)
	for _, x := range all {
		records, err := store.Journal(context.Background(), x.ID)
		s.must(err)
		for _, r := range records {
			known[r.Node] = known[r.Node] || r.Kind == state.Intent
		}
	}
	return known
}

// alone runs a shell script where it may mount file systems, with $1 for the
// program, $2 for the blueprint and $3 for a folder to mount on. The test is
// skipped where that is not allowed.
func (s *scene) alone(script string) *invocation {
	s.t.Helper()
	mount := filepath.Join(s.dir, "mount")
	s.must(os.MkdirAll(mount, 0o700))
	if out, err := exec.Command("unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", mount).CombinedOutput(); err != nil {
		s.t.Skipf("nothing can be mounted here: %v\n%s", err, out)
	}
	c := s.start("unshare", "-rm", "sh", "-euc", script, "sh", "orchestrate", s.blueprint(), mount)
	s.await("the script", c.ended)
	return c
}

// TestFullDisk lets an apply fill the disk of its state. There it stays readable;
// with more room it goes on.
func TestFullDisk(t *testing.T) {
	for _, kilobytes := range []string{"32", "160", "200", "240"} {
		t.Run(kilobytes, func(t *testing.T) {
			s := newScene(t, threeSubnets)
			c := s.alone(`mount -t tmpfs -o size=` + kilobytes + `k tmpfs "$3"
				code=0; $1 apply -y "$2" --state sqlite:$3/state.db || code=$?
				cat /dev/zero >$3/more 2>/dev/null || true
				if [ -s $3/state.db ]; then
					$1 executions --state sqlite:$3/state.db >&2
					cp $3/state.db* ` + s.dir + `
				fi
				exit $code`)
			if c.code == exitDone {
				t.Fatalf("there was room enough:\n%s", c.errs)
			}
			s.outOfRoom(c, "the disk is full")
			s.goesOn()
		})
	}
}

// TestReadOnlyDisk has a state that can be read only, with the log of a process
// that was killed.
func TestReadOnlyDisk(t *testing.T) {
	s := newScene(t, threeSubnets)
	s.shut("CreateSubnet")
	former := s.start("orchestrate", "apply", "-y", s.blueprint())
	s.await("the first subnet", s.reached)
	s.must(former.process.Kill())
	s.await("its end", former.ended)
	s.unlock()
	s.until("the subnet is there", func() bool { return len(s.changed()) == 2 })
	for _, log := range []string{"cp " + s.state() + "* $3", "cp " + s.state() + " " + s.state() + "-wal $3"} {
		c := s.alone(`mount -t tmpfs tmpfs "$3"
			` + log + `
			mount -o remount,ro "$3"
			$1 show --state sqlite:$3/state.db
			$1 executions web-1 --state sqlite:$3/state.db
			$1 state export --state sqlite:$3/state.db >/dev/null
			$1 plan --state sqlite:$3/state.db $2 >/dev/null
			exec $1 apply -y "$2" --state sqlite:$3/state.db`)
		s.end(c, exitFailed, "it cannot be written, so nothing was called that needed the record; check the rights of the file and its folder")
		if !strings.Contains(c.out, "# net (CreateSucceeded)") {
			t.Errorf("the state can't be read:\n%s%s", c.out, c.errs)
		}
	}
	if n := len(s.changed()); n != 2 {
		t.Errorf("the cloud was asked for %d changes", n)
	}
	s.goesOn()
}

// TestBrokenFile has states that were damaged, or written by a newer program:
// nothing is called, the file is left as it is, and it is said what to do.
func TestBrokenFile(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(file []byte) []byte
		said  string
	}{
		"not a state": {func(file []byte) []byte { return bytes.Repeat([]byte("no state "), 1000) }, "it is not a state file of orchestrate, or it is encrypted or damaged; it was left as it is"},
		"empty":       {func([]byte) []byte { return nil }, "it is empty, as no state ever is; put the file back from a copy"},
		"zeroed":      {func(file []byte) []byte { return append(file[:4096:4096], make([]byte, len(file)-4096)...) }, "it is damaged; it was left as it is, restore it from a copy"},
		"cut off":     {func(file []byte) []byte { return file[:len(file)/2] }, "it is damaged; it was left as it is, restore it from a copy"},
		"newer": {func(file []byte) []byte {
			binary.BigEndian.PutUint32(file[60:], 99) // user_version (SQLite file format, section 1.3)
			return file
		}, "it was written by a newer orchestrate (schema 99, this one knows"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, threeSubnets)
			s.run(exitDone, "apply", "-y", s.blueprint())
			file, err := os.ReadFile(s.state())
			s.must(err)
			whole := bytes.Clone(file)
			file, asked := c.spoil(file), len(s.changed())
			s.must(os.WriteFile(s.state(), file, 0o600))
			for _, args := range [][]string{{"apply", "-y", s.blueprint(), "--replace", "c"}, {"delete", "-y"}, {"retry", "-y"}, {"rollback", "-y"}, {"cancel"}, {"unlock", "-y"}, {"show"}} {
				x := s.run(exitFailed, args...)
				s.end(x, exitFailed, c.said)
			}
			if len(s.changed()) != asked {
				t.Error("the cloud was changed")
			}
			now, err := os.ReadFile(s.state())
			s.must(err)
			if !bytes.Equal(file, now) {
				t.Error("the file was changed")
			}
			s.must(os.WriteFile(s.state(), whole, 0o600))
			s.goesOn()
		})
	}
}

package sched

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/planner"
)

var update = flag.Bool("update", false, "rewrite the golden parts of testdata")

// TestScripts runs testdata/*.txt. A file is a list of blocks: input lines, a
// line "----", and the commands and the whole state that follow from them, up
// to an empty line. Inputs:
//
//	task NAME create|update|delete|none [after=A,B] [limit=1m] [stage=N] [nocall|quick] [forget] [lapse] [resume=HANDLE]
//	start [parallelism=N]
//	at DURATION                  moves the clock
//	resolved NAME [key=K] [equal]
//	recorded NAME | unrecorded NAME
//	advanced NAME [done] [handle=H] [after=5s] [changed]
//	erred NAME CLASS [retryafter=5s]
//	fired NAME
//	stop | fenced
//
// A task is named NODE, or NODE/ACTION where the node has several.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := (&script{t: t}).run(string(text))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if diff := cmp.Diff(string(text), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

type script struct {
	t     *testing.T
	tasks []Task
	names map[string]int
	core  *Core
	now   time.Duration
}

func (s *script) run(text string) string {
	s.names = map[string]int{}
	var out, printed strings.Builder
	golden := false
	for line := range strings.Lines(text) {
		switch line = strings.TrimSuffix(line, "\n"); {
		case line == "":
			if golden {
				golden = false
			}
			out.WriteByte('\n')
		case golden:
		case line == "----":
			golden = true
			out.WriteString("----\n" + printed.String())
			if s.core != nil {
				out.WriteString(s.core.String())
			}
			printed.Reset()
		default:
			out.WriteString(line + "\n")
			if !strings.HasPrefix(line, "#") {
				for _, c := range s.input(strings.Fields(line)) {
					fmt.Fprintf(&printed, "> %s\n", c)
				}
			}
		}
	}
	return out.String()
}

// words are the words of a line after the first: NAME, flags and key=value.
type words struct {
	s     *script
	plain []string
	named map[string]string
}

func (s *script) input(line []string) []Command {
	w := words{s: s, named: map[string]string{}}
	for _, word := range line[1:] {
		if k, v, ok := strings.Cut(word, "="); ok {
			w.named[k] = v
		} else {
			w.plain = append(w.plain, word)
		}
	}
	switch line[0] {
	case "task":
		s.addTask(w)
		return nil
	case "start":
		parallelism, _ := strconv.Atoi(w.named["parallelism"])
		core, err := New(s.tasks, Options{Parallelism: max(parallelism, 1), Seed: 1})
		if err != nil {
			s.t.Fatal(err)
		}
		s.core = core
		return core.Start(s.now)
	case "at":
		s.now = w.duration(w.plain[0])
		return nil
	}
	return s.core.Handle(s.now, s.event(line[0], w))
}

func (s *script) addTask(w words) {
	t := Task{Node: w.plain[0], Action: planner.Action(w.plain[1]), Call: !w.has("nocall") && w.plain[1] != "none"}
	if after := w.named["after"]; after != "" {
		for _, name := range strings.Split(after, ",") {
			t.After = append(t.After, s.task(name))
		}
	}
	if holds := w.named["holds"]; holds != "" {
		for _, name := range strings.Split(holds, ",") {
			t.Holds = append(t.Holds, s.task(name))
		}
	}
	t.Limit = w.duration(w.named["limit"])
	t.Stage, _ = strconv.Atoi(w.named["stage"])
	t.Forget, t.Quick, t.Lapse = w.has("forget"), w.has("quick"), w.has("lapse")
	if h, ok := w.named["resume"]; ok {
		t.Resume = &Resume{Handle: h}
	}
	s.names[t.Node+"/"+w.plain[1]] = len(s.tasks)
	s.names[t.Node] = len(s.tasks)
	s.tasks = append(s.tasks, t)
}

func (s *script) event(kind string, w words) Event {
	switch kind {
	case "resolved":
		return Resolved{Task: w.task(), Key: w.named["key"], Equal: w.has("equal")}
	case "recorded":
		return Recorded{w.task()}
	case "unrecorded":
		return Unrecorded{w.task()}
	case "advanced":
		return Advanced{Task: w.task(), Done: w.has("done"), Handle: w.named["handle"], After: w.duration(w.named["after"]), Changed: w.has("changed")}
	case "erred":
		return Erred{Task: w.task(), Class: Class(w.plain[1]), RetryAfter: w.duration(w.named["retryafter"])}
	case "fired":
		return Fired{Task: w.task(), Timer: s.core.tasks[w.task()].timer}
	case "stop":
		return Stopped{}
	case "fenced":
		return Fenced{}
	}
	s.t.Fatalf("unknown input %q", kind)
	return nil
}

func (w words) has(flag string) bool {
	for _, p := range w.plain[1:] {
		if p == flag {
			return true
		}
	}
	return false
}

func (w words) task() int { return w.s.task(w.plain[0]) }

func (s *script) task(name string) int {
	i, ok := s.names[name]
	if !ok {
		s.t.Fatalf("no task %q", name)
	}
	return i
}

func (w words) duration(text string) time.Duration {
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		w.s.t.Fatal(err)
	}
	return d
}

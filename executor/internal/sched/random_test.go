package sched

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/orchestrate-tosca/orchestrate/planner"
)

var (
	seeds = flag.Int("seeds", 2000, "how many random executions TestRandom runs")
	seed  = flag.Uint64("seed", 0, "the one seed that TestRandom runs; 0: 1 to -seeds")
)

// TestRandom drives random graphs with random answers and checks after every
// step what the package comment promises.
func TestRandom(t *testing.T) {
	first, last := uint64(1), uint64(*seeds)
	if *seed != 0 {
		first, last = *seed, *seed
	}
	for s := first; s <= last; s++ {
		if err := newWorld(s).run(); err != nil {
			t.Fatalf("seed %d (run again with -args -seed %d): %v", s, s, err)
		}
	}
}

// world answers commands at random and watches the rules.
type world struct {
	rng     *rand.Rand
	tasks   []Task
	keys    []string
	core    *Core
	par     int
	now     time.Duration
	pending []Command
	trace   []string

	intent   []bool
	recorded []string // handle on record
	noted    []string // handle being recorded
	busy     []bool   // an Advance runs
	sent     []bool   // it was advanced once
	begun    []bool   // between intent and end
	made     []bool   // the cloud did it
	owed     []bool   // the next Advance must look
	ended    []Kind
	holding  map[string]int
	failed   bool // a task ended badly by itself: nothing begins
	stopped  bool
	broken   bool
	finished bool
}

func newWorld(seed uint64) *world {
	rng := rand.New(rand.NewPCG(seed, 1))
	n := 1 + rng.IntN(14)
	w := &world{
		rng: rng, par: 1 + rng.IntN(5), keys: make([]string, n), intent: make([]bool, n), recorded: make([]string, n),
		noted: make([]string, n), busy: make([]bool, n), sent: make([]bool, n), begun: make([]bool, n), made: make([]bool, n), owed: make([]bool, n), ended: make([]Kind, n),
		holding: map[string]int{},
	}
	actions := []planner.Action{planner.Create, planner.Update, planner.Delete, planner.None}
	for i := range n {
		t := Task{Node: fmt.Sprint("n", i), Action: actions[rng.IntN(len(actions))], Call: rng.IntN(5) > 0}
		t.Call = t.Call && t.Action != planner.None
		for p := range i {
			if rng.IntN(4) == 0 {
				t.After = append(t.After, p)
			}
		}
		if seed%2 == 0 {
			t.Stage = rng.IntN(5)
		}
		t.Forget = t.Action == planner.Delete && rng.IntN(3) == 0
		if rng.IntN(3) == 0 {
			t.Limit = time.Duration(1+rng.IntN(100)) * time.Second
		}
		if rng.IntN(2) == 0 {
			w.keys[i] = fmt.Sprint("k", rng.IntN(3))
		}
		if t.Call && rng.IntN(6) == 0 {
			t.Resume = &Resume{Handle: fmt.Sprint("r", i)}
			w.intent[i], w.recorded[i], w.owed[i] = true, t.Resume.Handle, true
		} else {
			t.Quick = rng.IntN(4) == 0
		}
		w.tasks = append(w.tasks, t)
	}
	return w
}

func (w *world) run() error {
	core, err := New(w.tasks, Options{Parallelism: w.par, Seed: 7})
	if err != nil {
		return err
	}
	core.quick.most = w.par
	w.core = core
	if err := w.take(core.Start(0)); err != nil {
		return err
	}
	for steps := 0; len(w.pending) > 0; steps++ {
		if steps > 20000 {
			return w.fail("no end")
		}
		e := w.answer()
		w.trace = append(w.trace, fmt.Sprintf("%s %T%+v", w.now, e, e))
		if err := w.take(core.Handle(w.now, e)); err != nil {
			return err
		}
	}
	return w.checkEnd()
}

func (w *world) fail(format string, args ...any) error {
	tail := w.trace[max(0, len(w.trace)-30):]
	text := ""
	for _, line := range tail {
		text += "\n  " + line
	}
	return fmt.Errorf(format+"%s\n%s", append(args, text, w.core)...)
}

// take checks commands against the rules and remembers those to answer.
func (w *world) take(commands []Command) error {
	for _, c := range commands {
		w.trace = append(w.trace, "    > "+c.String())
		var err error
		switch c := c.(type) {
		case Resolve:
			err = w.checkBegin(c.Task)
			w.pending = append(w.pending, c)
		case Record:
			err = w.checkRecord(c)
			w.pending = append(w.pending, c)
		case Advance:
			err = w.checkAdvance(c)
			w.pending = append(w.pending, c)
		case Wait:
			if c.For < 0 {
				err = w.fail("negative wait")
			}
			w.pending = append(w.pending, c)
		case Finish:
			if w.finished {
				err = w.fail("finished twice")
			}
			w.finished = true
		}
		if err != nil {
			return err
		}
	}
	slots := map[*pool]int{}
	for _, t := range w.core.tasks {
		if t.slot {
			slots[w.core.pool(t)]++
		}
	}
	for _, p := range []*pool{&w.core.calls, &w.core.quick} {
		if slots[p] > p.most || slots[p] != p.used {
			return w.fail("%d slots in use, %d counted, %d allowed", slots[p], p.used, p.most)
		}
	}
	return nil
}

func (w *world) checkBegin(task int) error {
	begun := w.tasks[task].Resume != nil // by an earlier execution
	if w.stopped || w.failed && !begun {
		return w.fail("task %d begins after the stop or a failure", task)
	}
	if t := w.core.tasks[task]; t.stage%2 == 1 {
		for i, other := range w.core.tasks {
			if other.stage < t.stage && other.state != Done && !(w.failed && begun && other.state.final()) {
				return w.fail("task %d of stage %d begins before task %d of stage %d is done", task, t.stage, i, other.stage)
			}
		}
	}
	for _, p := range w.tasks[task].After {
		if w.core.State(p) != Done {
			return w.fail("task %d begins before task %d is done", task, p)
		}
	}
	return nil
}

func (w *world) checkRecord(r Record) error {
	if w.broken {
		return w.fail("a record after the break-down")
	}
	if w.ended[r.Task] != "" {
		return w.fail("task %d goes on after its end", r.Task)
	}
	switch r.Kind {
	case Intent:
		if w.intent[r.Task] || w.tasks[r.Task].Quick {
			return w.fail("second or needless intent of task %d", r.Task)
		}
		return w.hold(r.Task)
	case Operation:
		w.noted[r.Task] = r.Handle
	case Skip:
		if w.made[r.Task] && !w.tasks[r.Task].Quick || w.tasks[r.Task].Resume != nil {
			return w.fail("task %d was begun but is skipped", r.Task)
		}
		w.ended[r.Task] = r.Kind
	case Fail:
		w.failed = true
		w.ended[r.Task] = r.Kind
	case Halt:
		if w.tasks[r.Task].Quick {
			return w.fail("task %d is left open, but has changed nothing", r.Task)
		}
		w.failed = w.failed || !r.Interrupted
		w.ended[r.Task] = r.Kind
	case Forget:
		if !w.tasks[r.Task].Forget {
			return w.fail("task %d is forgotten", r.Task)
		}
		w.ended[r.Task] = r.Kind
	case Result:
		if w.tasks[r.Task].Call && (w.intent[r.Task] || w.sent[r.Task]) && !w.made[r.Task] {
			return w.fail("result of task %d that was not done", r.Task)
		}
		w.ended[r.Task] = r.Kind
	default:
		w.ended[r.Task] = r.Kind
	}
	return nil
}

// hold notes that a task begins under its key.
func (w *world) hold(task int) error {
	if key := w.keys[task]; key != "" && !w.begun[task] {
		if w.holding[key]++; w.holding[key] > 1 {
			return w.fail("two tasks under key %s", key)
		}
		w.begun[task] = true
	}
	return nil
}

func (w *world) checkAdvance(a Advance) error {
	switch {
	case w.broken:
		return w.fail("task %d is advanced after the break-down", a.Task)
	case !w.intent[a.Task] && !w.tasks[a.Task].Quick:
		return w.fail("task %d is advanced without an intent", a.Task)
	case w.failed && !w.sent[a.Task] && w.tasks[a.Task].Resume == nil:
		return w.fail("task %d sends its first call after a failure", a.Task)
	case a.Handle != w.recorded[a.Task]:
		return w.fail("task %d is advanced with %q, on record is %q", a.Task, a.Handle, w.recorded[a.Task])
	case w.busy[a.Task]:
		return w.fail("task %d is advanced twice at once", a.Task)
	case w.owed[a.Task] && !a.Resumed:
		return w.fail("task %d does not look after an ambiguous answer", a.Task)
	}
	w.busy[a.Task], w.sent[a.Task] = true, true
	return w.hold(a.Task)
}

// answer draws one command and answers it; now and then something else happens.
func (w *world) answer() Event {
	w.now += time.Duration(w.rng.IntN(3000)) * time.Millisecond
	switch w.rng.IntN(300) {
	case 0:
		w.stopped = true
		return Stopped{}
	case 1:
		w.stopped, w.broken = true, true
		return Fenced{}
	}
	i := w.rng.IntN(len(w.pending))
	c := w.pending[i]
	w.pending = slices.Delete(w.pending, i, i+1)
	switch c := c.(type) {
	case Resolve:
		if w.rng.IntN(30) == 0 {
			return Erred{Task: c.Task, Class: Fatal}
		}
		return Resolved{Task: c.Task, Key: w.keys[c.Task], Equal: w.rng.IntN(20) == 0}
	case Record:
		return w.answerRecord(c)
	case Advance:
		return w.answerAdvance(c)
	case Wait:
		w.now += c.For
		return Fired{c.Task, c.Timer}
	}
	panic("unreachable")
}

func (w *world) answerRecord(r Record) Event {
	if w.rng.IntN(200) == 0 {
		w.stopped, w.broken = true, true
		return Unrecorded{r.Task}
	}
	switch r.Kind {
	case Intent:
		w.intent[r.Task] = true
	case Operation:
		w.recorded[r.Task] = w.noted[r.Task]
	default:
		if w.begun[r.Task] {
			w.begun[r.Task] = false
			w.holding[w.keys[r.Task]]--
		}
	}
	return Recorded{r.Task}
}

func (w *world) answerAdvance(a Advance) Event {
	w.busy[a.Task] = false
	switch n := w.rng.IntN(20); {
	case n < 6:
		w.made[a.Task], w.owed[a.Task] = true, false
		return Advanced{Task: a.Task, Done: true}
	case n < 12 && !w.tasks[a.Task].Quick:
		w.owed[a.Task] = false
		h := a.Handle
		if w.rng.IntN(2) == 0 {
			h = fmt.Sprint("h", w.rng.IntN(1000))
		}
		return Advanced{Task: a.Task, Handle: h, After: time.Duration(w.rng.IntN(5)) * time.Second, Changed: w.rng.IntN(2) == 0}
	}
	classes := []Class{Busy, Throttled, Unavailable, Ambiguous, Denied, Fatal, Unclear}
	e := Erred{Task: a.Task, Class: classes[w.rng.IntN(len(classes))], RetryAfter: time.Duration(w.rng.IntN(2)) * 5 * time.Second}
	if e.Class == Ambiguous {
		w.owed[a.Task] = true
		w.made[a.Task] = w.made[a.Task] || w.rng.IntN(2) == 0
	}
	return e
}

func (w *world) checkEnd() error {
	if !w.finished || w.core.calls.used+w.core.quick.used != 0 {
		return w.fail("nothing is left to answer, but it is not finished")
	}
	if slices.ContainsFunc(w.core.tasks, func(t *task) bool { return !t.state.final() }) {
		return w.fail("a task has no end")
	}
	if s := w.core.stages; s.lowest != len(s.left) || slices.ContainsFunc(s.left, func(n int) bool { return n != 0 }) {
		return w.fail("tasks are left in a stage: %v, at %d", s.left, s.lowest)
	}
	if !w.broken && len(w.core.keys) > 0 {
		return w.fail("keys are still held")
	}
	return nil
}

func TestCyclesAreRefused(t *testing.T) {
	tasks := []Task{{Node: "a"}, {Node: "b", After: []int{0, 2}}, {Node: "c", After: []int{1}}}
	if _, err := New(tasks, Options{}); err == nil {
		t.Error("a cycle was taken")
	}
	if _, err := New([]Task{{Node: "a", After: []int{3}}}, Options{}); err == nil {
		t.Error("a predecessor that does not exist was taken")
	}
}

// BenchmarkCore runs tasks in layers; with stages every tenth layer waits for
// all that comes before it.
func BenchmarkCore(b *testing.B) {
	b.Run("plain", func(b *testing.B) { benchmarkCore(b, func(int) int { return 0 }) })
	b.Run("stages", func(b *testing.B) {
		benchmarkCore(b, func(layer int) int { return layer/10*2 + 1 - min(layer%10, 1) })
	})
}

func benchmarkCore(b *testing.B, stage func(layer int) int) {
	tasks := make([]Task, 10000)
	for i := range tasks {
		tasks[i] = Task{Node: fmt.Sprint("n", i), Action: planner.Create, Call: true, Stage: stage(i / 100)}
		if i >= 100 {
			tasks[i].After = []int{i - 100, i - i%100 - 1}
		}
	}
	for b.Loop() {
		core, err := New(tasks, Options{Parallelism: 50})
		if err != nil {
			b.Fatal(err)
		}
		queue := core.Start(0)
		for len(queue) > 0 {
			c := queue[0]
			queue = queue[1:]
			switch c := c.(type) {
			case Resolve:
				queue = append(queue, core.Handle(0, Resolved{Task: c.Task})...)
			case Record:
				queue = append(queue, core.Handle(0, Recorded{c.Task})...)
			case Advance:
				queue = append(queue, core.Handle(0, Advanced{Task: c.Task, Done: true})...)
			}
		}
	}
}

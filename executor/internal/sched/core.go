package sched

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/orchestrate-tosca/orchestrate/planner"
)

// State is where a task is; see the diagram in the package comment.
type State string

// The states of a task.
const (
	Waiting   State = "waiting"
	Held      State = "held"
	Ready     State = "ready"
	Resolving State = "resolving"
	Queued    State = "queued"
	Intending State = "intending"
	Advancing State = "advancing"
	Noting    State = "noting"
	Pausing   State = "pausing"
	Closing   State = "closing"
	Done      State = "done"
	Failed    State = "failed"
	Halted    State = "halted"
	Skipped   State = "skipped"
)

func (s State) final() bool {
	return s == Done || s == Failed || s == Halted || s == Skipped
}

// task is a Task and how far it is.
type task struct {
	Task
	index      int
	state      State
	next       State  // what Closing leads to
	dependents []int  // indexes, ascending
	blocked    int    // predecessors that are not done
	stage      int    // Stage, or more if that of a predecessor is higher
	rank       int    // longest chain of tasks that wait for it
	slot       bool   // it holds one
	key        string // "" until resolved, or without limit
	keyed      bool   // it holds its key
	resolved   bool
	equal      bool
	forgot     bool // it ends, or has ended, by a record of kind Forget

	handle   string // recorded, or being recorded while Noting
	open     bool   // something may have been done in the cloud
	before   bool   // open as it was before the running Advance
	resume   bool   // the next Advance looks first
	resumed  bool   // the running Advance does
	attempt  int
	deadline time.Duration // 0: none
	tries    int           // errors in a row
	budget   budget        // what is left of the patience with errors
	quiet    int           // answers in a row that brought nothing new
	timer    int           // number of the last timer
	pause    pause         // what follows Noting
}

type pause struct {
	after   time.Duration
	changed bool
}

// Core is the state of one execution.
type Core struct {
	tasks []*task
	rng   *rand.Rand
	now   time.Duration
	out   []Command

	calls    pool               // slots of the tasks that call somebody
	quick    pool               // slots of the others
	keys     map[string][]*task // first: the holder; then who waits for it, in order
	stages   stages
	left     int // tasks that are not final
	stopping bool
	cause    string // of a drain: the first failure; "": none
	drained  bool   // what was not begun then is skipped
	broken   bool   // nothing can be recorded any more
	finished bool
	moved    []int // tasks that have met another obstacle; see Moved
}

// New returns the core of an execution of tasks. It fails if the tasks wait
// for each other in a circle or name predecessors that do not exist.
func New(tasks []Task, o Options) (*Core, error) {
	c := &Core{
		calls: pool{most: max(o.Parallelism, 1)},
		quick: pool{most: mostQuick},
		rng:   rand.New(rand.NewPCG(o.Seed, 0)),
		keys:  map[string][]*task{},
		left:  len(tasks),
	}
	for i, t := range tasks {
		n := &task{Task: t, index: i, state: Waiting, attempt: 1}
		if t.Resume != nil {
			n.handle, n.open, n.resume = t.Resume.Handle, true, true
		}
		c.tasks = append(c.tasks, n)
	}
	for _, t := range c.tasks {
		for _, p := range t.After {
			if p < 0 || p >= len(tasks) {
				return nil, fmt.Errorf("%s waits for task %d, which does not exist", t.name(), p)
			}
			c.tasks[p].dependents = append(c.tasks[p].dependents, t.index)
			t.blocked++
		}
	}
	free, err := c.setRanks()
	if err != nil {
		return nil, err
	}
	c.setStages(free)
	return c, nil
}

// setRanks walks the tasks backwards in topological order, which it returns:
// those that hold up the longest chain go first. It finds cycles on the way.
func (c *Core) setRanks() (backwards []int, err error) {
	open := make([]int, len(c.tasks))
	var free []int
	for i, t := range c.tasks {
		if open[i] = len(t.dependents); open[i] == 0 {
			free = append(free, i)
		}
	}
	for n := 0; n < len(free); n++ {
		t := c.tasks[free[n]]
		for _, p := range t.After {
			before := c.tasks[p]
			before.rank = max(before.rank, t.rank+1)
			if open[p]--; open[p] == 0 {
				free = append(free, p)
			}
		}
	}
	if len(free) < len(c.tasks) {
		for i, t := range c.tasks {
			if open[i] > 0 {
				return nil, fmt.Errorf("the steps wait for each other in a circle; %s is on it", t.name())
			}
		}
	}
	return free, nil
}

func (t *task) name() string { return t.Node + "/" + string(t.Action) }

// Start begins the execution.
func (c *Core) Start(now time.Duration) []Command {
	c.now = now
	for _, t := range c.tasks {
		if t.blocked == 0 && t.state == Waiting {
			c.unblock(t)
		}
	}
	c.blockedAtFirst()
	return c.take()
}

// Handle takes an event in. now counts from any fixed moment and never falls.
// Events that come too late for the state of their task change nothing.
func (c *Core) Handle(now time.Duration, e Event) []Command {
	c.now = now
	switch e := e.(type) {
	case Resolved:
		c.onResolved(c.tasks[e.Task], e)
	case Recorded:
		c.onRecorded(c.tasks[e.Task])
	case Unrecorded:
		c.breakDown()
		c.lose(c.tasks[e.Task])
	case Advanced:
		c.onAdvanced(c.tasks[e.Task], e)
	case Erred:
		c.onErred(c.tasks[e.Task], e)
	case Fired:
		c.onFired(c.tasks[e.Task], e)
	case Stopped:
		c.stop()
	case Fenced:
		c.breakDown()
	}
	return c.take()
}

// take hands out free slots and returns the commands that came together.
func (c *Core) take() []Command {
	c.handOut(&c.quick)
	c.handOut(&c.calls)
	if c.left == 0 && !c.finished {
		c.finished = true
		c.out = append(c.out, Finish{})
	}
	out := c.out
	c.out = nil
	return out
}

// handOut gives the free slots of a pool away.
func (c *Core) handOut(p *pool) {
	for p.used < p.most && len(p.ready) > 0 && !c.failing() {
		t := heap.Pop(&p.ready).(*task)
		if t.state.final() || t.state == Closing {
			continue
		}
		p.used++
		t.slot = true
		if t.resolved {
			c.begin(t)
			continue
		}
		t.state = Resolving
		c.out = append(c.out, Resolve{t.index})
	}
}

// pool is where the slot of a task comes from.
func (c *Core) pool(t *task) *pool {
	if t.Call && !t.Quick {
		return &c.calls
	}
	return &c.quick
}

// unblock lets a task go whose predecessors are done, if its stage is reached.
func (c *Core) unblock(t *task) {
	switch {
	case t.idle():
		c.end(t, Done)
	case c.stages.reached(t):
		c.enqueue(t)
	default:
		t.state = Held
		c.moved = append(c.moved, t.index)
		c.stages.hold(t)
	}
}

func (c *Core) enqueue(t *task) {
	t.state = Ready
	c.moved = append(c.moved, t.index)
	heap.Push(&c.pool(t).ready, t)
}

// idle reports whether there is nothing to do for a task.
func (t *task) idle() bool { return idle(t.Action) }

func idle(a planner.Action) bool { return a == planner.None || a == planner.Read }

func (c *Core) onResolved(t *task, e Resolved) {
	if t.state != Resolving {
		return
	}
	t.resolved, t.key, t.equal = true, e.Key, e.Equal
	switch {
	case c.over(t):
		c.leave(t)
	case t.key != "" && !c.lock(t):
		t.state = Queued
		c.moved = append(c.moved, t.index)
		c.freeSlot(t)
	default:
		c.begin(t)
	}
}

// lock takes the key of t, or queues for it.
func (c *Core) lock(t *task) bool {
	c.keys[t.key] = append(c.keys[t.key], t)
	t.keyed = len(c.keys[t.key]) == 1
	return t.keyed
}

// unlock gives the key of t back, or its place in the queue, and the key on to
// the next.
func (c *Core) unlock(t *task) {
	line := c.keys[t.key]
	for i, other := range line {
		if other == t {
			line = append(line[:i], line[i+1:]...)
			break
		}
	}
	c.keys[t.key] = line
	if len(line) == 0 {
		delete(c.keys, t.key)
		return
	}
	if next := line[0]; !next.keyed {
		next.keyed = true
		c.moved = append(c.moved, next.index)
		heap.Push(&c.pool(next).ready, next)
	}
}

func (c *Core) freeSlot(t *task) {
	if t.slot {
		t.slot = false
		c.pool(t).used--
	}
}

// begin is reached with a slot and, if needed, the key.
func (c *Core) begin(t *task) {
	if t.Limit > 0 {
		t.deadline = c.now + t.Limit
	}
	switch {
	case t.Resume != nil:
		c.advance(t)
	case !t.Call || t.equal:
		c.close(t, Record{Kind: Result}, Done)
	case t.Quick:
		c.advance(t)
	default:
		t.state = Intending
		c.record(t, Record{Kind: Intent})
	}
}

// record asks for a record of t; once nothing can be recorded the task ends
// there instead.
func (c *Core) record(t *task, r Record) {
	if c.broken {
		c.lose(t)
		return
	}
	r.Task = t.index
	c.out = append(c.out, r)
}

// lose ends t without a record.
func (c *Core) lose(t *task) {
	if t.open {
		c.end(t, Halted)
	} else {
		c.end(t, Skipped)
	}
}

// close records the end of t, after which it is in the state next. From a
// failure on nothing begins.
func (c *Core) close(t *task, r Record, next State) {
	t.state, t.next = Closing, next
	if c.cause == "" && (next == Failed || next == Halted && !r.Interrupted) {
		c.cause = t.Node + " " + unmet(next)
	}
	c.record(t, r)
}

// failing reports whether a first failure is being recorded.
func (c *Core) failing() bool { return c.cause != "" && !c.drained }

// over reports whether t has to end where it is.
func (c *Core) over(t *task) bool { return c.stopping || c.cause != "" && !t.open }

func (c *Core) advance(t *task) {
	t.state = Advancing
	t.before, t.open = t.open, t.open || !t.Quick
	a := Advance{Task: t.index, Handle: t.handle, Resumed: t.resume, Attempt: t.attempt}
	if t.deadline > 0 {
		a.Within = max(t.deadline-c.now, 1)
	}
	t.resumed, t.resume = t.resume, false
	c.out = append(c.out, a)
}

func (c *Core) onRecorded(t *task) {
	switch t.state {
	case Intending:
		if c.over(t) {
			c.leave(t)
			return
		}
		c.advance(t)
	case Noting:
		c.proceed(t)
	case Closing:
		c.end(t, t.next)
	}
}

func (c *Core) onAdvanced(t *task, e Advanced) {
	if t.state != Advancing {
		return
	}
	t.tries = 0
	t.budget.worked()
	if e.Done {
		c.close(t, Record{Kind: Result}, Done)
		return
	}
	t.pause = pause{after: e.After, changed: e.Changed || e.Handle != t.handle}
	if e.Handle == t.handle {
		c.proceed(t)
		return
	}
	t.handle, t.state = e.Handle, Noting
	c.record(t, Record{Kind: Operation, Handle: t.handle})
}

// proceed goes on after an answer whose handle is on record.
func (c *Core) proceed(t *task) {
	switch {
	case c.stopping:
		c.halt(t, "", true)
	case c.late(t):
	case t.pause.changed && t.pause.after == 0:
		t.quiet = 0
		c.advance(t)
	default:
		c.wait(t, c.pollDelay(t), false)
	}
}

// late ends t if its limit is over.
func (c *Core) late(t *task) bool {
	if t.deadline == 0 || c.now < t.deadline {
		return false
	}
	why := fmt.Sprintf("it was not done after %s", t.Limit)
	switch {
	case c.forget(t, why):
	case t.Lapse:
		c.close(t, Record{Kind: Fail, Why: why}, Failed)
	default:
		c.giveUp(t, why)
	}
	return true
}

// forget ends t as done after an answer that is the cloud's last word, or the
// lack of one in all the time that it had; it is false if t is not to be
// forgotten.
func (c *Core) forget(t *task, why string) bool {
	if t.Forget {
		t.forgot = true
		c.close(t, Record{Kind: Forget, Why: why}, Done)
	}
	return t.Forget
}

// occupied reports whether something that t holds was forgotten: it is going to
// stay in the way.
func (c *Core) occupied(t *task) bool {
	for _, i := range t.Holds {
		if c.tasks[i].forgot {
			return true
		}
	}
	return false
}

// giveUp ends t without its outcome, which is open if anything was sent.
func (c *Core) giveUp(t *task, why string) {
	if t.open {
		c.halt(t, why, false)
		return
	}
	c.close(t, Record{Kind: Fail, Why: why}, Failed)
}

func (c *Core) halt(t *task, why string, interrupted bool) {
	c.close(t, Record{Kind: Halt, Handle: t.handle, Why: why, Interrupted: interrupted}, Halted)
}

func (c *Core) skip(t *task, why string, interrupted bool) {
	c.close(t, Record{Kind: Skip, Why: why, Interrupted: interrupted}, Skipped)
}

func (c *Core) wait(t *task, d time.Duration, retry bool) {
	if t.deadline > 0 {
		d = min(d, t.deadline-c.now)
	}
	t.state = Pausing
	t.timer++
	c.out = append(c.out, Wait{Task: t.index, Timer: t.timer, For: d, Retry: retry, Attempt: t.attempt})
}

func (c *Core) onFired(t *task, e Fired) {
	if t.state == Pausing && e.Timer == t.timer && !c.late(t) {
		c.advance(t)
	}
}

func (c *Core) onErred(t *task, e Erred) {
	if t.state == Resolving {
		if !c.forget(t, "") {
			c.giveUp(t, "")
		}
		return
	}
	if t.state != Advancing {
		return
	}
	switch {
	case e.Class == Fatal, e.Class == Unclear, e.Class == Busy && c.occupied(t):
		if c.forget(t, "") {
			return
		}
	}
	switch e.Class {
	case Busy, Throttled, Unavailable:
		// A look that did not come about is still owed.
		t.open, t.resume = t.before, t.resumed
		c.retry(t, e)
	case Ambiguous:
		t.resume = true
		c.retry(t, e)
	case Denied:
		t.open = t.before
		c.giveUp(t, "")
	case Unclear:
		c.giveUp(t, "")
	default:
		c.close(t, Record{Kind: Fail}, Failed)
	}
}

// retry waits before the same move, unless the time or the patience is over.
func (c *Core) retry(t *task, e Erred) {
	t.tries++
	why := t.budget.spend(e.Class, t.handle == "")
	switch {
	case c.over(t):
		c.leave(t)
	case c.late(t):
	case why != "":
		c.giveUp(t, why)
	default:
		t.attempt++
		c.wait(t, c.retryDelay(t.tries, e), true)
	}
}

// stop starts nothing new and halts what waits. What is being answered or
// recorded halts when that is over.
func (c *Core) stop() {
	if !c.stopping {
		c.stopping = true
		c.sweep()
	}
}

// drain skips what was not begun when the first failure is on record.
func (c *Core) drain() {
	c.drained = true
	c.sweep()
}

// sweep ends the tasks that are at rest and have to.
func (c *Core) sweep() {
	for _, t := range c.tasks {
		switch t.state {
		case Waiting:
			if !t.idle() { // an idle one ends with those before it
				c.leave(t)
			}
		case Held:
			c.leave(t)
		case Ready, Queued, Pausing:
			if c.over(t) {
				c.leave(t)
			}
		}
	}
}

// leave ends t because of a stop or a failure elsewhere. What may have been
// begun, also by an earlier execution, must not count as skipped.
func (c *Core) leave(t *task) {
	why := c.cause
	if c.stopping {
		why = ""
	}
	if t.open {
		c.halt(t, why, c.stopping)
	} else {
		c.skip(t, why, c.stopping)
	}
}

// breakDown is a stop after which nothing is recorded.
func (c *Core) breakDown() {
	c.broken = true
	c.stop()
}

// end makes t final, gives back what it holds, and settles who waits for it.
func (c *Core) end(t *task, s State) {
	if t.state.final() {
		return
	}
	t.state = s
	c.left--
	c.freeSlot(t)
	if t.key != "" {
		c.unlock(t)
	}
	if s != Done && c.failing() {
		c.drain()
	}
	for _, i := range t.dependents {
		c.settle(c.tasks[i], s)
		if next := c.tasks[i]; next.Node == t.Node && next.state == Waiting {
			c.moved = append(c.moved, i) // the second phase of the step begins to wait
		}
	}
	for _, next := range c.stages.over(t) {
		if next.state == Held {
			c.enqueue(next)
		}
	}
}

// settle tells t that one of its predecessors ended so. If not all is well
// nothing waits any more but tasks without work, which are no obstacle of their
// own.
func (c *Core) settle(t *task, before State) {
	switch {
	case t.state != Waiting:
	case before != Done:
		c.end(t, Skipped)
	default:
		if t.blocked--; t.blocked == 0 {
			c.unblock(t)
		}
	}
}

func unmet(s State) string {
	if s == Halted {
		return "is not finished"
	}
	return "failed"
}

// State returns the state of a task.
func (c *Core) State(task int) State { return c.tasks[task].state }

// String prints everything that is not as it was at the beginning, for scripts
// and for bug reports.
func (c *Core) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "slots=%d/%d", c.calls.used, c.calls.most)
	if c.quick.used > 0 {
		fmt.Fprintf(&b, " quick=%d", c.quick.used)
	}
	fmt.Fprintf(&b, " left=%d", c.left)
	for _, f := range []struct {
		on   bool
		name string
	}{{c.stopping, " stopping"}, {c.cause != "", " draining"}, {c.broken, " broken"}, {c.finished, " finished"}} {
		if f.on {
			b.WriteString(f.name)
		}
	}
	b.WriteByte('\n')
	for _, t := range c.tasks {
		t.print(&b)
	}
	return b.String()
}

func (t *task) print(b *strings.Builder) {
	fmt.Fprintf(b, "%d %s %s", t.index, t.name(), t.state)
	if t.state == Closing {
		fmt.Fprintf(b, "->%s", t.next)
	}
	if t.keyed && !t.state.final() {
		fmt.Fprintf(b, " key=%s", t.key)
	}
	if t.handle != "" {
		fmt.Fprintf(b, " handle=%s", t.handle)
	}
	if t.attempt > 1 {
		fmt.Fprintf(b, " attempt=%d", t.attempt)
	}
	if t.open && !t.state.final() {
		b.WriteString(" open")
	}
	b.WriteByte('\n')
}

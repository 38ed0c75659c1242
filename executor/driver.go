package executor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/orchestrate-tosca/orchestrate/executor/internal/sched"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

const defaultParallelism = 10

// driver runs the core on this machine: it owns the clock, the timers and the
// goroutines that call providers and the store. Everything else happens on the
// one goroutine that calls run.
type driver struct {
	engine    *Engine
	options   Options
	keeper    *keeper
	execution *state.Execution
	core      *sched.Core
	jobs      []*job // by task
	redact    redactor

	// resolve learns the properties of a job and fills in its request.
	resolve func(*job) (sched.Resolved, error)
	// settled is told of each job that was done, after it is on record.
	settled func(*job, *state.Element)

	started  time.Time       // zero: not yet
	inbox    chan func()     // what goroutines and timers bring back
	done     chan struct{}   // closed when run ends
	commands []sched.Command // not yet carried out
	waiting  []*entry        // records to be written
	news     news
	finished bool

	stopped  string // why nothing new is begun; "" if it goes on
	cancel   cancellation
	storeErr error // why nothing can be recorded any more
	changed  bool
	summary  planner.Summary
	errors   []StepError
	told     map[string]bool // nodes whose skip was told: a replacement has two tasks
	forgot   map[string]bool // nodes whose objects were not deleted although they should have been
}

func (e *Engine) newDriver(k *keeper, o Options, x *state.Execution) *driver {
	return &driver{
		engine: e, options: o, keeper: k, execution: x,
		settled: func(*job, *state.Element) {}, told: map[string]bool{}, forgot: map[string]bool{},
		inbox: make(chan func()), done: make(chan struct{}),
	}
}

func (e *Engine) log() *slog.Logger {
	if e.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return e.Log
}

func (o Options) parallelism() int {
	if o.Parallelism <= 0 {
		return defaultParallelism
	}
	return o.Parallelism
}

// timeLeft is how much of Timeout is left.
func (o Options) timeLeft() time.Duration {
	if o.Since.IsZero() {
		return o.Timeout
	}
	return o.Timeout - time.Since(o.Since)
}

func (o Options) seed() uint64 {
	if o.Seed == 0 {
		return rand.Uint64()
	}
	return o.Seed
}

// run carries out tasks to the end; jobs belong to them one by one.
func (d *driver) run(tasks []sched.Task, jobs []*job) error {
	core, err := sched.New(tasks, sched.Options{Parallelism: d.options.parallelism(), Seed: d.options.seed()})
	if err != nil {
		return fmt.Errorf("order the steps: %w", err)
	}
	d.core, d.jobs, d.started = core, jobs, time.Now()
	defer close(d.done)
	if d.options.Timeout > 0 {
		deadline := time.AfterFunc(d.options.timeLeft(), func() {
			d.send(func() {
				d.stop(fmt.Sprintf("its time of %s was over", d.options.Timeout), sched.Stopped{})
			})
		})
		defer deadline.Stop()
	}
	stopAsking := d.askIfCancelled()
	defer stopAsking()
	stop, ended := d.options.Stop, d.keeper.ctx.Done()
	select {
	case <-stop: // before anything begins
		stop = nil
		d.stop("it was interrupted", sched.Stopped{})
	default:
	}
	d.carryOut(d.core.Start(0))
	for !d.finished {
		select {
		case bring := <-d.inbox: // what is there already goes along with the next write
			bring()
			continue
		default:
		}
		d.write()
		select {
		case bring := <-d.inbox:
			bring()
		case <-stop:
			stop = nil
			d.stop("it was interrupted", sched.Stopped{})
		case <-ended:
			ended = nil
			if cause := context.Cause(d.keeper.ctx); errors.Is(cause, state.ErrLeaseLost) {
				d.loseStore(cause)
				d.stop("its lease was lost", sched.Fenced{})
			} else {
				d.stop("it was interrupted", sched.Stopped{})
			}
		}
	}
	for _, j := range d.jobs {
		if j.timer != nil {
			j.timer.Stop()
		}
	}
	d.lastNews()
	return nil
}

func (d *driver) stop(why string, e sched.Event) {
	if d.stopped == "" {
		d.stopped = why
		d.observe(Event{Kind: StopAsked, Message: why})
	}
	d.handle(e)
}

// loseStore notes the first reason why nothing can be recorded any more.
func (d *driver) loseStore(err error) {
	if d.storeErr == nil {
		d.storeErr = err
		d.engine.log().Error("nothing can be recorded any more", "execution", d.execution.ID, "error", err)
	}
}

func (d *driver) handle(e sched.Event) {
	d.carryOut(d.core.Handle(time.Since(d.started), e))
}

// carryOut works commands off, with those that come up on the way.
func (d *driver) carryOut(commands []sched.Command) {
	d.commands = append(d.commands, commands...)
	for len(d.commands) > 0 {
		c := d.commands[0]
		d.commands = d.commands[1:]
		switch c := c.(type) {
		case sched.Resolve:
			d.resolved(d.jobs[c.Task])
		case sched.Record:
			d.record(d.jobs[c.Task], c)
		case sched.Advance:
			d.advance(d.jobs[c.Task], c)
		case sched.Wait:
			d.wait(d.jobs[c.Task], c)
		case sched.Finish:
			d.finished = true
		}
	}
	d.tellObstacles()
}

// resolved finds the values of a step.
func (d *driver) resolved(j *job) {
	d.commands = append(d.commands, d.core.Handle(time.Since(d.started), d.resolveNow(j))...)
}

func (d *driver) resolveNow(j *job) sched.Event {
	r, err := d.resolve(j)
	if err != nil {
		j.err = d.redact.err(err)
		return sched.Erred{Task: j.task, Class: sched.Fatal}
	}
	j.attempt, j.equal, j.key = 1, r.Equal, r.Key
	r.Task = j.task
	return r
}

// send hands what a goroutine or timer brings to the loop.
func (d *driver) send(bring func()) {
	select {
	case d.inbox <- bring:
	case <-d.done:
	}
}

func (d *driver) wait(j *job, w sched.Wait) {
	if w.Retry {
		d.report(j, d.observeJob(j, Event{Kind: StepRetry, Attempt: j.attempt, Wait: w.For, Err: j.err, Operation: j.op.ID}))
		d.engine.log().Info("step waits for another try", "node", j.node, "attempt", j.attempt, "wait", w.For, "error", j.err)
	}
	j.timer = time.AfterFunc(w.For, func() {
		d.send(func() { d.handle(sched.Fired{Task: w.Task, Timer: w.Timer}) })
	})
}

// advance makes a call. A lease that may have run out meanwhile is asked for
// first: after a long stop another process may be at work.
func (d *driver) advance(j *job, a sched.Advance) {
	j.attempt = a.Attempt
	if j.begun.IsZero() {
		d.begin(j)
	}
	if j.quick {
		d.commands = append(d.commands, d.core.Handle(time.Since(d.started), d.advanceNow(j, a))...)
		return
	}
	j.touched = true
	op, req, news := j.op, *j.req, &teller{driver: d, job: j}
	req.Content, req.Told = d.engine.content, news.tell
	go func() {
		ctx, cancel := d.keeper.ctx, context.CancelFunc(func() {})
		if a.Within > 0 {
			ctx, cancel = context.WithTimeout(ctx, a.Within)
		}
		defer cancel()
		var p providers.Progress
		err := d.keeper.sure()
		if err == nil {
			p, err = j.provider.Advance(providers.Permitted(ctx, d.keeper.sure), &req, op, a.Resumed)
		}
		news.end()
		d.send(func() { d.handle(d.advanced(j, a, p, err)) })
	}()
}

// advanceNow makes a call that changes nothing outside. Whether the lease is
// still ours shows when its result is recorded.
func (d *driver) advanceNow(j *job, a sched.Advance) sched.Event {
	p, err := j.provider.Advance(d.keeper.ctx, j.req, j.op, a.Resumed)
	if err == nil && !p.Done {
		err = fmt.Errorf("the provider of %s calls itself effectless, but is not done at once", j.typ)
	}
	return d.advanced(j, a, p, err)
}

func (d *driver) advanced(j *job, a sched.Advance, p providers.Progress, err error) sched.Event {
	if err != nil && j.action == planner.Delete && isKind(err, providers.NotFound) {
		p, err = providers.Progress{Done: true}, nil // somebody was faster
	}
	if err == nil && p.Done && j.req.Settling && (p.Object == nil) == (j.action != planner.Delete) {
		j.unmade = true
		return sched.Erred{Task: j.task, Class: sched.Fatal}
	}
	if err == nil && p.Done && p.Object == nil && j.action == planner.Create {
		err = fmt.Errorf("the provider of %s calls a create done, but returns no object", j.typ)
	}
	if err != nil {
		j.err = d.redact.err(err)
		class, wish := classify(err)
		if class == sched.Fatal && a.Resumed && j.mayHaveMade(err) {
			class = sched.Unclear
		}
		d.changed = d.changed || class == sched.Ambiguous || class == sched.Unclear || isKind(err, providers.Failed)
		return sched.Erred{Task: j.task, Class: class, RetryAfter: wish}
	}
	j.err = nil
	j.req = answered(j.req)
	// A handle that names neither work nor object stands for a look.
	d.changed = d.changed || p.Done || p.Next.ID != "" || p.Next.ObjectID != ""
	if p.Done {
		j.object = p.Object
		return sched.Advanced{Task: j.task, Done: true}
	}
	j.op = p.Next
	d.redact.learn(value(sealedOf(j.op)))
	handle, err := encodeOperation(p.Next)
	if err != nil {
		j.err = err
		return sched.Erred{Task: j.task, Class: sched.Unclear}
	}
	return sched.Advanced{Task: j.task, Handle: handle, After: p.After, Changed: d.progress(j, handle, p)}
}

// progress tells it if an answer brings news.
func (d *driver) progress(j *job, handle string, p providers.Progress) bool {
	mark := fmt.Sprintf("%s\x00%s\x00%v", handle, p.Message, p.Substeps)
	if mark == j.mark {
		return false
	}
	j.mark = mark
	if p.Next.ID == "" && p.Message == "" && len(p.Substeps) == 0 {
		return true // another handle says nothing to people
	}
	d.report(j, d.observeJob(j, Event{
		Kind: StepProgress, Operation: p.Next.ID, Message: d.redact.text(p.Message),
		Substeps: d.redact.substeps(p.Substeps), Attempt: j.attempt,
	}))
	return true
}

func (d *driver) begin(j *job) {
	j.begun = time.Now()
	d.observeJob(j, Event{Kind: StepStart, Operation: j.op.ID, Attempt: j.attempt})
}

// observe tells the observer, and returns what it told. It is only called by
// the loop, so one event comes after the other.
func (d *driver) observe(e Event) Event {
	e.At, e.Execution = time.Now(), d.execution.ID
	if d.options.Observe != nil {
		d.options.Observe(e)
	}
	return e
}

func (d *driver) observeJob(j *job, e Event) Event {
	e.Node, e.Type, e.Action = j.node, j.typ, j.action
	if e.ObjectID == "" {
		e.ObjectID = j.objectID()
	}
	if !j.begun.IsZero() {
		e.Elapsed = time.Since(j.begun)
	}
	return d.observe(e)
}

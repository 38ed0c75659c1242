package executor

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/internal/sched"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// Recovered is what Recover found and did.
type Recovered struct {
	Execution *state.Execution // whose open ends were taken up; nil: there were none
	Finished  []string         // nodes whose running operations were followed to a good end
	Adopted   []string         // nodes whose objects were found by evidence
	NotDone   []string         // nodes of which nothing was done, or not known to be
	Errors    []StepError      // operations that ended badly; the record says so now
	Outcome   Outcome          // Interrupted: open ends are left, and the error says why
}

// ErrInterrupted tells that Recover was stopped before everything was settled:
// to plan on top of that would be blind.
var ErrInterrupted = errors.New("interrupted before everything was settled that an earlier execution left running")

// PlaceError tells that an execution left work open somewhere else than where
// Recover was to look for it: nothing would be found there, and what the work
// has made or still deletes would be forgotten.
type PlaceError struct {
	Execution  string
	Nodes      []string // sorted
	Begun, Now state.Place
}

// Error says which work is open and what to do.
func (e *PlaceError) Error() string {
	return fmt.Sprintf("execution %s was begun against %s and left work open there (%s); this command works against %s. Run it with the same --cloud, region and project, so that the work can be settled",
		e.Execution, e.Begun, strings.Join(e.Nodes, ", "), e.Now)
}

// Recover settles what the last execution of a stack left open, because its
// process died, it was interrupted, or it gave up waiting. Operations on record
// are followed to their end; of an intent alone it looks what came of it. All
// of that is recorded in the journal of that execution, so that another crash
// only means to go on from there; at last the execution is ended if it was
// not: as cancelled if somebody has asked for that (Store.Cancel), which is how
// the execution of a dead process is cancelled. It runs before planning,
// because it changes what is on record.
func (e *Engine) Recover(ctx context.Context, l *state.Lease, stack string, o Options) (*Recovered, error) {
	k := e.keep(ctx, l)
	defer k.stop()
	if err := k.renew(); err != nil {
		return nil, fmt.Errorf("begin recovery: %w", err)
	}
	r := &recovery{engine: e, keeper: k, options: o, out: &Recovered{Outcome: Succeeded}}
	open, err := r.load(ctx, stack)
	if err == nil {
		err = r.checkAnswers(ctx, stack, open)
	}
	if err != nil || r.execution == nil {
		return r.out, err
	}
	r.out.Execution = r.execution
	if err := inPlace(r.execution, l.Owner.Place, open); err != nil {
		return r.out, err
	}
	r.driver = e.newDriver(k, o, r.execution)
	var trouble []error
	for _, j := range open {
		for _, known := range []intrinsic.Value{j.properties, j.recordedProperties(), j.recordedAttributes(), value(sealedOf(j.op))} {
			r.driver.redact.learn(known)
		}
		if err := r.settle(ctx, j); err != nil {
			trouble = append(trouble, takeUpError(j, r.driver.redact.err(err)))
		}
	}
	if err := r.follow(); err != nil {
		trouble = append(trouble, err)
	}
	if err := errors.Join(trouble...); err != nil {
		return r.out, err
	}
	return r.out, r.end()
}

// takeUpError names the node of an error; a question names it already.
func takeUpError(j *job, err error) error {
	if len(Questions(err)) > 0 {
		return err
	}
	return fmt.Errorf("take up %s: %w", j.node, err)
}

// inPlace refuses to settle jobs elsewhere than where they were begun.
func inPlace(x *state.Execution, now state.Place, open []*job) error {
	if len(open) == 0 || !x.Owner.Place.Differs(now) {
		return nil
	}
	nodes := make([]string, len(open))
	for i, j := range open {
		nodes[i] = j.node
	}
	slices.Sort(nodes)
	return &PlaceError{Execution: x.ID, Nodes: slices.Compact(nodes), Begun: x.Owner.Place, Now: now}
}

// recovery carries one Recover.
type recovery struct {
	engine    *Engine
	keeper    *keeper
	options   Options
	stack     *state.Stack
	execution *state.Execution
	driver    *driver
	running   []*job          // that are followed to their end
	recorded  bool            // the journal holds a result
	created   map[string]bool // nodes that the execution has begun to create
	standing  string          // phase of the stack before what only records
	out       *Recovered
}

// load finds the last execution and its open ends. execution stays nil if
// there is nothing to do.
func (r *recovery) load(ctx context.Context, stack string) ([]*job, error) {
	all, err := r.engine.Store.Executions(ctx, stack)
	if err != nil {
		return nil, fmt.Errorf("look for earlier executions: %w", err)
	}
	if len(all) == 0 {
		return nil, nil
	}
	// Times are those of several machines; numbers are not.
	slices.SortFunc(all, func(a, b *state.Execution) int { return cmp.Compare(b.Number, a.Number) })
	last := all[0]
	r.standing = standing(all)
	records, err := r.engine.Store.Journal(ctx, last.ID)
	open := openEnds(records)
	r.recorded = slices.ContainsFunc(records, func(rec state.Record) bool { return rec.Kind == state.Result })
	r.created = map[string]bool{}
	for _, rec := range records {
		if rec.Kind == state.Intent && rec.Action == string(planner.Create) {
			r.created[rec.Node] = true
		}
	}
	if len(open) == 0 && !last.Ended.IsZero() {
		return nil, nil
	}
	var sealed *state.SealedError
	if err != nil && !(errors.As(err, &sealed) && len(open) == 0) {
		return nil, fmt.Errorf("read the journal of execution %s, which has to be taken up: %w", last.ID, err)
	}
	r.execution = last
	r.stack, err = r.engine.Store.Stack(ctx, stack)
	if err != nil && !errors.Is(err, state.ErrNotFound) && !errors.As(err, &sealed) {
		return nil, fmt.Errorf("read stack %s: %w", stack, err)
	}
	jobs := make([]*job, len(open))
	for i, rec := range open {
		if jobs[i], err = r.job(rec); err != nil {
			return nil, err
		}
	}
	return jobs, nil
}

// openEnd is a phase of a step that began and has no known outcome: its intent with
// the operation that was recorded last.
type openEnd struct {
	state.Record
	sealed state.Document // what is secret of the operation
	last   time.Time      // when something was recorded of it last
}

// openEnds returns the open ends of an execution, in the order in which they began.
func openEnds(records []state.Record) []openEnd {
	type phase struct{ node, action string }
	var order []phase
	begun, open := map[phase]bool{}, map[phase]*openEnd{}
	for _, r := range records {
		p := phase{r.Node, r.Action}
		if in := open[p]; in != nil {
			in.last = r.At
		}
		switch r.Kind {
		case state.Intent:
			if !begun[p] {
				begun[p], order = true, append(order, p)
			}
			open[p] = &openEnd{Record: r, last: r.At}
		case state.Operation:
			if in := open[p]; in != nil {
				in.sealed = r.Request
				in.Operation, in.ObjectID, in.Attempt = r.Operation, r.ObjectID, r.Attempt
			}
		case state.Result, state.Failure, state.Skipped:
			delete(open, p)
		}
	}
	var out []openEnd
	for _, p := range order {
		if r := open[p]; r != nil {
			out = append(out, *r)
		}
	}
	return out
}

// job turns an open end into work.
func (r *recovery) job(rec openEnd) (*job, error) {
	j := &job{
		node: rec.Node, typ: rec.Type, action: planner.Action(rec.Action), attempt: max(rec.Attempt, 1),
		dependsOn: rec.DependsOn, hidden: rec.SensitiveAttributes, retain: rec.Retain, revision: r.execution.Revision, touched: true,
		last: rec.last,
	}
	if r.stack != nil {
		j.prior = r.stack.Elements[rec.Node]
	}
	j.properties = value(rec.Request)
	if j.action == planner.Delete {
		j.properties = j.recordedProperties()
	}
	if len(rec.Operation) > 0 {
		if err := json.Unmarshal(rec.Operation, &j.op); err != nil {
			return nil, fmt.Errorf("decode the recorded operation of %s: %w", rec.Node, err)
		}
		j.op = withSealed(j.op, rec.sealed)
	}
	j.req = j.requestFor(r.execution.Stack)
	j.req.Settling = true
	if j.action == planner.Create {
		j.req.Answer = r.options.Answers[j.node]
		j.req.Holder = r.engine.holder(j.req, rec.At)
	}
	return j, nil
}

// settle decides about one open end: what has an operation on record runs on, and
// so does what the service may be at without one; the rest is found out here.
func (r *recovery) settle(ctx context.Context, j *job) (err error) {
	if j.provider, err = r.engine.Providers.For(j.typ); err != nil {
		return err
	}
	if handle, err := encodeOperation(j.op); err != nil || handle != "" {
		if j.action != planner.Create && j.op.ID == "" { // a creation knows by itself
			j.provider = holding(j.provider, j.provider, j.last)
		}
		r.running = append(r.running, j)
		return err
	}
	if j.action == planner.Create {
		return r.find(ctx, j)
	}
	if !lingers(j.provider) {
		return r.read(ctx, j)
	}
	j.provider = holding(j.provider, lingering{j.provider}, j.last)
	r.running = append(r.running, j)
	return nil
}

// find looks for what a create without a recorded operation has made.
func (r *recovery) find(ctx context.Context, j *job) error {
	found, err := look(ctx, func(ctx context.Context) ([]*providers.Object, error) { return j.provider.Find(ctx, j.req) })
	if err != nil {
		return fmt.Errorf("look for what the lost request made: %w", err)
	}
	ours, err := choose(j, found)
	switch {
	case err != nil:
		return err
	case ours == nil:
		return r.notDone(j)
	}
	return r.adopt(j, ours)
}

// read finds out whether a delete without a recorded operation was carried
// out. Of an update nothing need be known but what it may have added: the next
// plan compares, and repeats it if it is still due.
func (r *recovery) read(ctx context.Context, j *job) error {
	if j.action == planner.Delete {
		_, err := look(ctx, func(ctx context.Context) (*providers.Object, error) { return j.provider.Read(ctx, j.req) })
		if isKind(err, providers.NotFound) {
			return r.done(j, nil, "it does not exist any more")
		}
		if err != nil {
			return fmt.Errorf("look whether it was deleted: %w", err)
		}
	}
	return r.notDone(j)
}

func (r *recovery) adopt(j *job, o *providers.Object) error {
	j.object = o
	if err := r.done(j, j.element(time.Now().UTC()), o.Evidence); err != nil {
		return err
	}
	r.out.Adopted = append(r.out.Adopted, j.node)
	return nil
}

// done records that an open end came to a good end.
func (r *recovery) done(j *job, e *state.Element, evidence string) error {
	rec := j.record(r.execution.ID, sched.Record{Kind: sched.Result}, time.Now().UTC())
	rec.Element, rec.Remove = e, e == nil
	if err := r.driver.append(rec); err != nil {
		return err
	}
	r.note(e, j.node)
	r.driver.observeJob(j, Event{Kind: StepAdopted, Message: evidence})
	return nil
}

// note keeps the stack in memory as it is on record.
func (r *recovery) note(e *state.Element, node string) {
	switch {
	case r.stack == nil:
	case e == nil:
		delete(r.stack.Elements, node)
	default:
		r.stack.Elements[node] = e
	}
}

func (r *recovery) notDone(j *job) error {
	why := j.unmadeBecause()
	rec := j.record(r.execution.ID, sched.Record{Kind: sched.Skip, Why: why}, time.Now().UTC())
	if j.action == planner.Update && j.prior != nil {
		rec.Element = j.unsure()
	}
	if err := r.driver.append(rec); err != nil {
		return err
	}
	if rec.Element != nil {
		r.note(rec.Element, j.node)
	}
	r.out.NotDone = append(r.out.NotDone, j.node)
	r.driver.observeJob(j, Event{Kind: StepSkipped, Message: why, Settled: true})
	return nil
}

// follow drives the operations on record to their end, and waits for lingering ones.
func (r *recovery) follow() error {
	if len(r.running) == 0 {
		return nil
	}
	d := r.driver
	d.resolve = func(*job) (sched.Resolved, error) { return sched.Resolved{}, nil }
	d.settled = func(j *job, e *state.Element) {
		r.note(e, j.node)
		r.out.Finished = append(r.out.Finished, j.node)
	}
	tasks := make([]sched.Task, len(r.running))
	for i, j := range r.running {
		handle, err := encodeOperation(j.op)
		if err != nil {
			return err
		}
		j.task = i
		tasks[i] = sched.Task{
			Node: j.node, Action: j.action, Call: true, Limit: defaultLimit, Resume: &sched.Resume{Handle: handle},
			// What a change that does not end has come to, the next plan reads. Left
			// open it would keep every command from its work, delete --force too.
			Lapse: j.action != planner.Create,
		}
	}
	if err := d.run(tasks, r.running); err != nil {
		return err
	}
	return r.followed()
}

// followed sorts what came of the jobs that were followed: what has ended, well
// or badly, and what is open still.
func (r *recovery) followed() error {
	d := r.driver
	open := map[string]bool{}
	for i, j := range r.running {
		if j.unmade {
			r.out.NotDone = append(r.out.NotDone, j.node)
			if j.action == planner.Update && j.prior != nil {
				r.note(j.unsure(), j.node)
			}
		}
		if s := d.core.State(i); s != sched.Done && s != sched.Failed {
			r.out.Outcome, open[j.node] = Interrupted, true
		}
	}
	var left []StepError // by a limit, a refusal or a question
	for _, e := range d.errors {
		if open[e.Node] {
			left = append(left, e)
		} else {
			r.out.Errors = append(r.out.Errors, e)
		}
	}
	switch {
	case d.storeErr != nil:
		return d.storeErr
	case r.out.Outcome != Interrupted:
		return nil
	case len(left) > 0:
		return openError(left)
	}
	return ErrInterrupted
}

func openError(failed []StepError) error {
	list := make([]error, len(failed))
	for i, f := range failed {
		if q := f.Asked(); q != nil {
			list[i] = q
		} else {
			list[i] = fmt.Errorf("%s: %w", f.Node, f.Err)
		}
	}
	return errors.Join(list...)
}

// ending judges an execution whose process ended before it did. What only lacked
// its last record has succeeded; somebody may have asked to cancel the others.
func (r *recovery) ending(gone bool) (phase, message string) {
	x := r.execution
	v := lifecycleVerb(x.Lifecycle)
	switch {
	case gone || v == updating && r.recorded:
		return v.succeeded(), ""
	case x.CancelAsked != nil:
		return v.cancelled(), cancelledText(x.CancelAsked) + "; what its process left open was settled afterwards"
	}
	return v.failed(), "its process ended before it did; what it left open was settled afterwards"
}

// end closes the execution if nobody did. A deletion that only lacked its last
// record is completed.
func (r *recovery) end() error {
	x := r.execution
	if r.out.Outcome == Interrupted || !x.Ended.IsZero() {
		return nil
	}
	gone := x.Lifecycle == "delete" && r.stack != nil && len(r.stack.Elements) == 0
	x.Ended = time.Now().UTC()
	x.Phase, x.Message = r.ending(gone)
	x.StackPhase = stackPhase(x.Lifecycle, r.standing)
	if err := r.engine.Store.Finish(context.WithoutCancel(r.keeper.ctx), r.keeper.lease, x, nil, gone); err != nil {
		return fmt.Errorf("end execution %s: %w", x.ID, err)
	}
	return nil
}

package executor

import (
	"context"
	"fmt"
	"time"

	"github.com/orchestrate-tosca/orchestrate/executor/internal/sched"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// entry is a record on its way to the journal.
type entry struct {
	job    *job
	asked  sched.Record
	record state.Record
}

// record makes a record durable and goes on. The loop leaves j alone until that
// is answered. What a failed create left behind is looked at first, so that it
// is not forgotten; everything else that comes together is written together: one
// failure may skip thousands.
func (d *driver) record(j *job, r sched.Record) {
	e := d.entry(j, r)
	if e.asked.Kind != sched.Fail {
		d.waiting = append(d.waiting, e)
		return
	}
	if j.refused() { // before it had done anything
		d.waiting = append(d.waiting, e)
		return
	}
	redact := d.redact // as of now: the loop goes on learning
	go func() {
		e.record.Element = j.remains(d.leftBehind(j, redact), e.record.At)
		d.makeDurable([]*entry{e})
	}()
}

// entry is what is to be recorded of a job.
func (d *driver) entry(j *job, r sched.Record) *entry {
	if j.stays = d.stays(j, r); j.stays != "" && !j.step.Retained {
		d.forgot[j.node] = true
	}
	if r.Kind == sched.Intent || r.Kind == sched.Result && j.begun.IsZero() && j.stays == "" {
		d.begin(j)
	}
	undone := r.Kind == sched.Fail && j.unmade
	if undone {
		r = sched.Record{Task: r.Task, Kind: sched.Skip, Why: j.unmadeBecause()}
	}
	now := time.Now().UTC()
	rec := d.journal(j, r, now)
	switch {
	case undone && j.action == planner.Update && j.prior != nil:
		rec.Element = j.unsure()
	case j.action == planner.Delete && (r.Kind == sched.Result || r.Kind == sched.Forget):
		rec.Remove = true
	case r.Kind == sched.Result:
		rec.Element = j.element(now)
	case r.Kind == sched.Halt && j.action != planner.Create && !r.Interrupted && !j.refused():
		rec.Element = j.remains(nil, now)
	}
	return &entry{j, r, rec}
}

// write makes the records durable that wait for each other.
func (d *driver) write() {
	if len(d.waiting) > 0 {
		go d.makeDurable(d.waiting)
		d.waiting = nil
	}
}

// makeDurable writes records and tells the loop. It is no part of the loop.
func (d *driver) makeDurable(entries []*entry) {
	records := make([]state.Record, len(entries))
	for i, e := range entries {
		records[i] = e.record
	}
	err := d.append(records...)
	d.send(func() {
		for _, e := range entries {
			d.recorded(e, err)
		}
	})
}

func (d *driver) append(records ...state.Record) error {
	return d.engine.Store.Append(context.WithoutCancel(d.keeper.ctx), d.keeper.lease, records...)
}

// leftBehind is the object of a create that failed after it was made, or nil.
// If it cannot be read, its ID stands for it.
func (d *driver) leftBehind(j *job, redact redactor) *providers.Object {
	id := j.op.ObjectID
	if j.action != planner.Create || id == "" || j.provider == nil {
		return nil
	}
	req := *j.req
	req.ObjectID = id
	o, err := look(d.keeper.ctx, func(ctx context.Context) (*providers.Object, error) { return j.provider.Read(ctx, &req) })
	switch {
	case isKind(err, providers.NotFound):
		return nil
	case err != nil || o == nil:
		d.engine.log().Warn("read what a failed create left behind", "node", j.node, "object", id, "error", redact.err(err))
		return &providers.Object{ID: id, Attributes: map[string]any{"refID": id, "refName": ""}}
	}
	return o
}

func (d *driver) recorded(e *entry, err error) {
	j, r, rec := e.job, e.asked, e.record
	if err != nil {
		d.loseStore(fmt.Errorf("record the %s of %s: %w", rec.Kind, j.node, err))
		if d.stopped == "" {
			d.stopped = "its progress could not be recorded"
		}
		d.handle(sched.Unrecorded{Task: j.task})
		return
	}
	switch r.Kind {
	case sched.Result, sched.Forget:
		d.count(j)
		d.settled(j, rec.Element)
		d.ended(j, rec)
	case sched.Fail:
		if j.refused() {
			d.paused(j, r, "nothing was sent")
		} else {
			d.failed(j, r, "")
		}
	case sched.Halt:
		d.halted(j, r)
	case sched.Skip:
		d.skippedOnce(j, rec.Error)
	}
	d.handle(sched.Recorded{Task: j.task})
}

// ended tells that a step is done.
func (d *driver) ended(j *job, rec state.Record) {
	if j.stays == "" {
		d.observeJob(j, Event{Kind: StepComplete, ObjectID: rec.ObjectID, Attempt: j.attempt})
		return
	}
	d.observeJob(j, Event{Kind: StepForgotten, ObjectID: rec.ObjectID, Attempt: j.attempt, Message: j.stays, Err: j.err})
}

// stays says why the object of a step that ends so remains in the cloud although
// its element goes; "" if it does not.
func (d *driver) stays(j *job, r sched.Record) string {
	switch {
	case j.action != planner.Delete || j.step == nil:
	case r.Kind == sched.Forget:
		return errorText(j.failure(r.Why))
	case r.Kind == sched.Result && d.forgot[j.step.DeletedWith]:
		return fmt.Sprintf("it would have gone with %s, which was not deleted", j.step.DeletedWith)
	case r.Kind == sched.Result && j.step.Retained:
		return "it is retained"
	}
	return ""
}

// journal is the journal record for what the core wants recorded.
func (d *driver) journal(j *job, r sched.Record, now time.Time) state.Record {
	rec := j.record(d.execution.ID, r, now)
	switch {
	case r.Kind == sched.Halt && r.Interrupted && d.cancel.by != nil:
		rec.Phase = j.verb().cancelled()
	case r.Kind == sched.Skip && r.Interrupted && d.cancel.by != nil:
		rec.Error = "the execution was cancelled before this step began"
	case j.stays != "" && rec.Error == "":
		rec.Action = actionForget
		if d.forgot[j.node] {
			rec.Error = j.stays
		}
	}
	return rec
}

func (d *driver) halted(j *job, r sched.Record) {
	left := "the next command finds out what came of the last request"
	if j.op.ID != "" {
		left = fmt.Sprintf("operation %s runs on in the cloud; the next command takes it up", j.op.ID)
	}
	switch {
	case r.Interrupted:
		d.observeJob(j, Event{Kind: StepStopped, Operation: j.op.ID, Message: left, Err: j.err})
	case j.refused():
		d.paused(j, r, left)
	default:
		d.failed(j, r, left)
	}
}

// paused tells that a step can't go on with these credentials.
func (d *driver) paused(j *job, r sched.Record, left string) {
	e := d.stepError(j, r, left)
	d.observeJob(j, Event{Kind: StepPaused, Operation: j.op.ID, Attempt: j.attempt, Message: left, Err: e.Err})
	d.engine.log().Info("step paused", "execution", d.execution.ID, "node", j.node, "action", j.action, "error", e.Err)
}

// failed tells that a step has failed; left says what of it is open.
func (d *driver) failed(j *job, r sched.Record, left string) {
	e := d.stepError(j, r, left)
	d.observeJob(j, Event{Kind: StepErrored, Operation: j.op.ID, Attempt: j.attempt, Err: e.Err})
	d.engine.log().Info("step failed", "execution", d.execution.ID, "node", j.node, "action", j.action, "error", e.Err)
}

// stepError keeps why a step has not succeeded.
func (d *driver) stepError(j *job, r sched.Record, left string) StepError {
	e := StepError{Node: j.node, Type: j.typ, Step: j.step, Err: j.failure(r.Why), Left: left}
	d.errors = append(d.errors, e)
	return e
}

// count sums up what was done. An update that turned out to be none does not
// count; one that was known to call nothing does.
func (d *driver) count(j *job) {
	switch {
	case j.equal && (j.step == nil || j.step.After.HasUnknown()):
	case j.stays != "":
		d.summary.Forget++
	case j.action == planner.Create:
		d.summary.Add++
	case j.action == planner.Update:
		d.summary.Change++
	case j.action == planner.Delete:
		d.summary.Destroy++
	}
}

// skippedOnce tells once of a node that it is left out, however many phases it
// has.
func (d *driver) skippedOnce(j *job, why string) {
	if !d.told[j.node] {
		d.told[j.node] = true
		d.observeJob(j, Event{Kind: StepSkipped, Message: why, Settled: j.unmade})
	}
}

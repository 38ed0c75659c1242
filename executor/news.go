package executor

import (
	"time"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

const (
	// newsEvery is how long news wait for others, so that one write takes them
	// along. Who follows from another process looks less often.
	newsEvery = 100 * time.Millisecond
	// mostNews is how many may wait, or twice the number of steps that have some:
	// a store that is slower than that loses the older ones of each step.
	mostNews = 1000
)

// news puts on record what steps are at, so that other processes can tell it.
// Nothing waits for them and nothing depends on them: one write is under way at
// most, and one that fails is no failure of the execution. Only the driver's
// loop touches it.
type news struct {
	pending []state.Record // in the order in which they happened
	most    int            // that may be pending before older ones are dropped
	timer   *time.Timer    // until the next write; nil: none is due
	writing bool
}

// report puts on record what is told of a step.
func (d *driver) report(j *job, e Event) {
	if d.storeErr != nil {
		return
	}
	d.news.add(d.newsRecord(j, e))
	d.news.due(d)
}

// add drops seldom enough that thousands of steps that come to wait at once cost
// no more each than a few do.
func (n *news) add(r state.Record) {
	n.pending = append(n.pending, r)
	if len(n.pending) > max(n.most, mostNews) {
		n.pending = latest(n.pending)
		n.most = 2 * len(n.pending)
	}
}

// due sees to it that what is pending is written.
func (n *news) due(d *driver) {
	if len(n.pending) == 0 || n.writing || n.timer != nil {
		return
	}
	n.timer = time.AfterFunc(newsEvery, func() { d.send(d.writeNews) })
}

func (d *driver) writeNews() {
	n := &d.news
	records := n.pending
	n.pending, n.most, n.timer, n.writing = nil, 0, nil, true
	go func() {
		err := d.append(records...)
		d.send(func() {
			d.noteUntold(err)
			n.writing = false
			n.due(d)
		})
	}()
}

// lastNews writes what is pending when the last step is over: from then on
// nothing comes any more.
func (d *driver) lastNews() {
	for d.news.writing && d.storeErr == nil {
		(<-d.inbox)()
	}
	if d.news.timer != nil {
		d.news.timer.Stop()
	}
	if len(d.news.pending) > 0 && d.storeErr == nil {
		d.noteUntold(d.append(d.news.pending...))
	}
	d.news = news{}
}

func (d *driver) noteUntold(err error) {
	if err != nil {
		d.engine.log().Warn("record what steps are at", "execution", d.execution.ID, "error", err)
	}
}

// newsRecord is the journal's form of an event.
func (d *driver) newsRecord(j *job, e Event) state.Record {
	r := state.Record{
		Execution: d.execution.ID, Node: j.node, Type: j.typ, Action: string(j.action), Kind: state.Progress,
		Phase: j.verb().running, Attempt: e.Attempt, ObjectID: j.objectID(), Error: errorText(e.Err), At: e.At.UTC(),
		Detail: &state.Detail{Message: e.Message, Operation: e.Operation, Wait: e.Wait, Obstacle: e.Obstacle, WaitsFor: e.WaitsFor},
	}
	if e.Transfer != nil {
		r.Detail.Transfer = (*state.Transfer)(e.Transfer)
	}
	for _, s := range e.Substeps {
		r.Detail.Substeps = append(r.Detail.Substeps, state.Substep(s))
	}
	if e.Obstacle != "" {
		r.Phase = phasePending
	}
	return r
}

// latest keeps the last news of each step, in order.
func latest(all []state.Record) []state.Record {
	last := map[string]int{}
	for i, r := range all {
		last[r.Node] = i
	}
	kept := make([]state.Record, 0, len(last))
	for i, r := range all {
		if last[r.Node] == i {
			kept = append(kept, r)
		}
	}
	return kept
}

// tellObstacles tells which steps have come to wait, and for what. Those that
// come before them, and that all slots are taken, follow from what is on record
// already; the rest is recorded.
func (d *driver) tellObstacles() {
	for _, task := range d.core.Moved() {
		o, by := d.core.Obstacle(task)
		j := d.jobs[task]
		if o == "" || state.Obstacle(o) == j.obstacle {
			continue
		}
		e := Event{Kind: StepWaiting, Obstacle: state.Obstacle(o), WaitsFor: d.nodes(by)}
		if e.Obstacle == state.Turn {
			e.Message = "one change at a time on " + d.redact.text(j.key)
		}
		e = d.observeJob(j, e)
		if lasting(e.Obstacle) || lasting(j.obstacle) || j.second() {
			d.report(j, e)
		}
		j.obstacle = e.Obstacle
	}
}

// lasting reports whether an obstacle has to be recorded to be known, and so has
// what comes after it.
func lasting(o state.Obstacle) bool { return o == state.Turn || o == state.Stage }

// nodes are the nodes of tasks, each once.
func (d *driver) nodes(tasks []int) []string {
	var out []string
	for _, t := range tasks {
		if node := d.jobs[t].node; len(out) == 0 || out[len(out)-1] != node {
			out = append(out, node)
		}
	}
	return out
}

// second reports whether a job is the creation of a replacement.
func (j *job) second() bool {
	return j.action == planner.Create && j.step != nil && j.step.Action == planner.Replace
}

// substeps are sub-steps as they may be told and recorded.
func (r *redactor) substeps(all []providers.Substep) []providers.Substep {
	if len(all) == 0 {
		return nil
	}
	out := make([]providers.Substep, len(all))
	for i, s := range all {
		out[i] = providers.Substep{Name: r.text(s.Name), Status: s.Status, Detail: r.text(s.Detail)}
	}
	return out
}

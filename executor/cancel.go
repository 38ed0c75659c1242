package executor

import (
	"context"
	"fmt"
	"time"

	"github.com/orchestrate-tosca/orchestrate/executor/internal/sched"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// cancelEvery is how often an execution that runs asks whether somebody wants
// it to end.
const cancelEvery = time.Second

// cancellation is what a driver knows of the wish to cancel its execution.
// Only the driver's loop touches it.
type cancellation struct {
	heeded bool         // somebody else may cancel; a recovery goes on all the same
	by     *state.Owner // who asked; nil: nobody yet
}

// askIfCancelled asks the store every now and then, without holding up the
// loop, until somebody wants it or stop is called.
func (d *driver) askIfCancelled() (stop func()) {
	if !d.cancel.heeded {
		return func() {}
	}
	var t *time.Timer
	ask := func() {
		by, err := d.canceller()
		d.send(func() {
			if err == nil && by != nil {
				d.cancelledBy(by)
				return
			}
			t.Reset(cancelEvery)
		})
	}
	t = time.AfterFunc(cancelEvery, ask)
	return func() { t.Stop() }
}

// canceller asks the store who wants the execution to end. That it cannot say
// is no reason to end.
func (d *driver) canceller() (*state.Owner, error) {
	by, err := d.engine.Store.CancelAsked(context.WithoutCancel(d.keeper.ctx), d.execution.ID)
	if err != nil {
		d.engine.log().Warn("ask whether the execution is to be cancelled", "execution", d.execution.ID, "error", err)
	}
	return by, err
}

func (d *driver) cancelledBy(by *state.Owner) {
	d.cancel.by = by
	d.stop(cancelledText(by), sched.Stopped{})
}

func cancelledText(by *state.Owner) string { return fmt.Sprintf("it was cancelled by %s", by) }

// interruption is the outcome of an execution that was ended before it was
// done. Somebody may have asked for it since it last looked.
func (d *driver) interruption() Outcome {
	if d.cancel.by == nil {
		if by, err := d.canceller(); err == nil && by != nil {
			d.cancel.by, d.stopped = by, cancelledText(by)
		}
	}
	if d.cancel.by != nil {
		return Cancelled
	}
	return Interrupted
}

package executor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// Files opens a file of the package by the name that a property gives it.
type Files func(name string) (io.ReadCloser, error)

// keepContents keeps with the state what the files hold that properties name, so
// that steps, retries and rollbacks find it whatever becomes of the files. Without
// files at hand it must be kept already.
func (e *Engine) keepContents(ctx context.Context, l *state.Lease, contents map[string]dsl.Content, files Files) error {
	if len(contents) == 0 {
		return nil
	}
	store, ok := e.Store.(state.Contents)
	if !ok {
		return errors.New("this state keeps no files, and the blueprint names some")
	}
	for _, name := range slices.Sorted(maps.Keys(contents)) {
		open := func() (io.ReadCloser, error) {
			if files == nil {
				return nil, notKept(contents[name].SHA256)
			}
			return files(name)
		}
		if err := store.Keep(ctx, l, state.Content(contents[name]), open); err != nil {
			return err
		}
	}
	return nil
}

// recordedContents is the form in which a revision lists files.
func recordedContents(contents map[string]dsl.Content) map[string]state.Content {
	if len(contents) == 0 {
		return nil
	}
	out := make(map[string]state.Content, len(contents))
	for name, c := range contents {
		out[name] = state.Content(c)
	}
	return out
}

// content opens what a file holds; see providers.Request.
func (e *Engine) content(ctx context.Context, sha256 string) (io.ReadCloser, error) {
	store, ok := e.Store.(state.Contents)
	if !ok {
		return nil, notKept(sha256)
	}
	r, err := store.Kept(ctx, sha256)
	if errors.Is(err, state.ErrNotFound) {
		return nil, notKept(sha256)
	}
	return r, err
}

func notKept(sha256 string) error {
	return &providers.Error{
		Kind: providers.Invalid, Message: fmt.Sprintf("what was in the file with the SHA-256 %s is not kept with the state", sha256),
		Advice: "Apply the blueprint again with the file that it names.",
	}
}

const (
	// toldEvery is how often people are told how far a transfer is, and
	// toldRecorded how often that is put on record for others who watch.
	toldEvery    = 200 * time.Millisecond
	toldRecorded = 3 * time.Second
)

// teller brings what a provider tells during a call to the loop.
type teller struct {
	driver *driver
	job    *job

	mu             sync.Mutex // held while something is told, so that nothing is after the call
	over           bool
	told, recorded time.Time
}

// tell implements providers.Request.Told. The last word of a transfer is always told.
func (t *teller) tell(p providers.Progress) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	last := p.Transfer != nil && p.Transfer.Sent == p.Transfer.Size
	if t.over || now.Sub(t.told) < toldEvery && !last {
		return
	}
	t.told = now
	record := now.Sub(t.recorded) >= toldRecorded || last
	if record {
		t.recorded = now
	}
	t.driver.send(func() { t.driver.hear(t.job, p, record) })
}

// end is called when the call has returned.
func (t *teller) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
}

// hear tells it, and puts it on record now and then.
func (d *driver) hear(j *job, p providers.Progress, record bool) {
	e := d.observeJob(j, Event{
		Kind: StepProgress, Operation: j.op.ID, Message: d.redact.text(p.Message), Substeps: d.redact.substeps(p.Substeps),
		Transfer: p.Transfer, Attempt: j.attempt,
	})
	if record {
		d.report(j, e)
	}
}

package providertest

import (
	"fmt"
	"testing"
	"time"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// longAfter is more than any work takes.
const longAfter = 3 * time.Hour

// lasting loses sight of a change or a deletion right after its first request. Once
// the provider says that no work runs on the object, what is read of it lasts.
func (k *kit) lasting(t *testing.T) {
	if k.Change != nil {
		o := k.do(t, k.create())
		k.lasts(t, o, k.update(o))
	}
	if !k.Forgotten {
		o := k.do(t, k.create())
		k.lasts(t, o, k.deletion(o, k.Properties))
	}
}

func (k *kit) lasts(t *testing.T, o *providers.Object, req *providers.Request) {
	t.Helper()
	r := &ride{kit: k, req: req, forgot: map[string]bool{}}
	for left := r.sent(); r.sent() == left; {
		p, err := r.advance(t)
		if err != nil {
			t.Fatalf("%s %s at %+v: %v", req.Action, req.Type, r.op, err)
		}
		if p.Done {
			break
		}
		if r.sent() == left {
			r.follow(t, p)
		}
	}
	k.idle(t, r)
	first := k.shows(t, o)
	r.wait(t, longAfter)
	if later := k.shows(t, o); later != first {
		t.Errorf("%s %s: with no work at it, it was read as\n%s\nand long after that as\n%s", req.Action, req.Type, first, later)
	}
	recorded := k.Properties
	if req.Action == providers.Update { // as the next plan does, if it is still due
		o, recorded = k.do(t, req), k.changed()
	}
	k.remove(t, o, recorded)
}

// idle waits until no work runs on an object.
func (k *kit) idle(t *testing.T, r *ride) {
	t.Helper()
	w, ok := k.cloud.Provider.(providers.Worker)
	if !ok {
		return
	}
	for range mostAdvances {
		work, err := w.Working(t.Context(), r.req)
		switch {
		case err != nil:
			t.Fatalf("look what runs on %s: %v", r.req.ObjectID, err)
		case work == "":
			return
		}
		r.wait(t, longestPoll)
	}
	t.Fatalf("work on %s does not end", r.req.ObjectID)
}

// shows is what is read of an object, as text.
func (k *kit) shows(t *testing.T, o *providers.Object) string {
	t.Helper()
	read, err := k.cloud.Provider.Read(t.Context(), k.reading(o, k.Properties))
	if isKind(err, providers.NotFound) {
		return "nothing"
	}
	if err != nil {
		t.Fatalf("read %s: %v", o.ID, err)
	}
	return fmt.Sprint(read.Properties)
}

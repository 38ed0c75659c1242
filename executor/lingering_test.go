package executor

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// laborious is a cloud whose work on an object shows for some looks, and takes
// effect with the last of them.
type laborious struct {
	*fakeCloud
	looks  int
	effect func()
}

func (c *laborious) Working(context.Context, *providers.Request) (string, error) {
	if c.looks--; c.looks == 0 {
		c.effect()
	}
	if c.looks > 0 {
		return "Upgrading", nil
	}
	return "", nil
}

// TestLostWorkIsWaitedFor settles updates and deletions of which only the intent is
// on record, while the service is still at what was asked of it.
func TestLostWorkIsWaitedFor(t *testing.T) {
	for name, test := range map[string]struct {
		action planner.Action
		effect func(c *fakeCloud, id string)
		want   planner.Action // of the next plan, that wants what there was
	}{
		"changed":     {planner.Update, func(c *fakeCloud, id string) { c.objects[id].properties["size"] = int64(99) }, planner.Update},
		"not changed": {planner.Update, func(*fakeCloud, string) {}, planner.None},
		"deleted":     {planner.Delete, func(c *fakeCloud, id string) { delete(c.objects, id) }, planner.Create},
		"not deleted": {planner.Delete, func(*fakeCloud, string) {}, planner.None},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, b *bench) {
				b.apply(chain)
				el := b.stack().Elements["d"]
				begun := time.Now()
				intent := state.Record{Node: "d", Type: el.Type, Action: string(test.action), Kind: state.Intent, ObjectID: el.ObjectID, At: begun}
				if test.action == planner.Update {
					intent.Request = el.Properties
				}
				l := b.lease()
				_, err := b.store.Begin(context.Background(), l, &state.Execution{Lifecycle: "upgrade", Phase: updating.running}, nil, []state.Record{intent})
				b.must(err)
				c := &laborious{fakeCloud: b.cloud, looks: 3, effect: func() { test.effect(b.cloud, el.ObjectID) }}
				b.engine.Providers[el.Type] = c
				b.cloud.log = nil
				rec, err := b.engine.Recover(context.Background(), l, "web", b.options())
				b.must(err)
				if c.looks > 0 || time.Since(begun) < 2*lingeringAfter {
					t.Errorf("%d looks were left after %s", c.looks, time.Since(begun))
				}
				told := slices.ContainsFunc(b.events, func(e Event) bool { return e.Kind == StepSkipped && e.Settled })
				equal(t, "told as settled", test.want != planner.Create, told)
				equal(t, "not done", test.want != planner.Create, slices.Equal(rec.NotDone, []string{"d"}))
				equal(t, "sent", 0, len(b.cloud.log))
				b.must(b.store.Release(context.Background(), l))
				equal(t, "d", test.want, b.action(chain, "d")) // after a look at the cloud
			})
		})
	}
}

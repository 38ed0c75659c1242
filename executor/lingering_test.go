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

// lagging is a cloud that carries out a request some time after its sender's death.
type lagging struct {
	*fakeCloud
	effect func()
	looks  []string // what was asked, and how long after the request
	sent   time.Time
}

func (c *lagging) Late() time.Duration { return 10 * time.Second }

func (c *lagging) look(what string) {
	c.looks = append(c.looks, what+" after "+time.Since(c.sent).Round(time.Second).String())
	if time.Since(c.sent) >= 10*time.Second {
		c.effect()
	}
}

func (c *lagging) Read(ctx context.Context, req *providers.Request) (*providers.Object, error) {
	c.look("read")
	return c.fakeCloud.Read(ctx, req)
}

func (c *lagging) Advance(_ context.Context, req *providers.Request, op providers.Operation, resumed bool) (providers.Progress, error) {
	c.look("advance " + op.Stage)
	if !resumed || !req.Settling {
		return providers.Progress{}, &providers.Error{Kind: providers.Unexpected, Message: "it does not know that it resumes"}
	}
	return providers.Progress{Done: true, Object: c.objects[req.ObjectID].object()}, nil
}

// TestRequestsOnTheirWayAreWaitedFor settles what was sent right before the process
// died, when the request may be carried out yet.
func TestRequestsOnTheirWayAreWaitedFor(t *testing.T) {
	for name, test := range map[string]struct {
		action planner.Action
		handle string        // on record; "": none
		since  time.Duration // from the request to the recovery
		looks  string        // the first one
	}{
		"deletion":          {planner.Delete, "", time.Second, "read after 10s"},
		"deletion long ago": {planner.Delete, "", time.Minute, "read after 1m0s"},
		"update's step":     {planner.Update, `{"stage":"rest","note":{"step":"join"}}`, 4 * time.Second, "advance rest after 10s"},
		"known work":        {planner.Update, `{"stage":"wait","id":"job"}`, 4 * time.Second, "advance wait after 4s"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, b *bench) {
				b.apply(chain)
				el := b.stack().Elements["d"]
				c := &lagging{fakeCloud: b.cloud, sent: time.Now(), effect: func() {
					if test.action == planner.Delete {
						delete(b.cloud.objects, el.ObjectID)
					}
				}}
				b.engine.Providers[el.Type] = c
				intent := state.Record{
					Node: "d", Type: el.Type, Action: string(test.action), Kind: state.Intent, ObjectID: el.ObjectID, At: c.sent, Request: el.Properties,
				}
				l := b.lease()
				x, err := b.store.Begin(context.Background(), l, &state.Execution{Lifecycle: "upgrade", Phase: updating.running}, nil, []state.Record{intent})
				b.must(err)
				if test.handle != "" {
					intent.Execution, intent.Kind, intent.Operation, intent.Request = x.ID, state.Operation, []byte(test.handle), state.Document{}
					b.must(b.store.Append(context.Background(), l, intent))
				}
				time.Sleep(test.since)
				_, err = b.engine.Recover(context.Background(), l, "web", b.options())
				b.must(err)
				equal(t, "looks", []string{test.looks}, c.looks)
				if gone := b.stack().Elements["d"] == nil; gone != (test.action == planner.Delete) {
					t.Errorf("d is on record: %v", !gone)
				}
			})
		})
	}
}

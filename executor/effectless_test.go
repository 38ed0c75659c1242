package executor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// notes serves Fake.Note, whose objects are nowhere but on record.
type notes struct {
	log  []string // by the driver's goroutine
	late string   // the node that is not done at once
}

func (n *notes) Effectless() {}

func (n *notes) Advance(_ context.Context, req *providers.Request, _ providers.Operation, _ bool) (providers.Progress, error) {
	n.log = append(n.log, fmt.Sprint(req.Action, " ", req.Node))
	if req.Node == n.late {
		return wait("note"), nil
	}
	if req.Action == providers.Delete {
		return providers.Progress{Done: true}, nil
	}
	id := "note-" + req.Node
	return providers.Progress{Done: true, Object: &providers.Object{ID: id, Attributes: map[string]any{"refID": id, "size": req.Properties["size"]}}}, nil
}

func (n *notes) Read(_ context.Context, req *providers.Request) (*providers.Object, error) {
	return &providers.Object{ID: req.ObjectID, Attributes: req.Attributes}, nil
}

func (n *notes) Find(context.Context, *providers.Request) ([]*providers.Object, error) {
	return nil, nil
}

// noted is a thing between notes.
const noted = header + `  first:
    type: HuaweiCloud.Fake.Note
    properties: {size: 1}
  thing:
    type: HuaweiCloud.Fake.Thing
    properties: {uses: {get_attribute: [first, refID]}}
  last:
    type: HuaweiCloud.Fake.Note
    properties: {size: 1, uses: {get_attribute: [thing, refID]}}
  lone:
    type: HuaweiCloud.Fake.Note
    properties: {size: 1}
`

func TestEffectless(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		res := b.apply(noted)
		equal(t, "outcome", Succeeded, res.Outcome)
		equal(t, "summary", planner.Summary{Add: 4}, res.Summary)
		equal(t, "journal", []string{
			"first create planned Pending", "lone create planned Pending", "thing create planned Pending", "last create planned Pending",
			"first create result CreateSucceeded", "lone create result CreateSucceeded",
			"thing create intent Creating", "thing create operation Creating", "thing create result CreateSucceeded",
			"last create result CreateSucceeded",
		}, b.journal("web-1"))
		equal(t, "events", []string{
			"apply_start first create", "apply_start lone create", "apply_complete first create", "apply_start thing create",
			"apply_complete lone create", "apply_complete thing create", "apply_start last create", "apply_complete last create",
		}, b.trace())
		equal(t, "element", "note-last CreateSucceeded", b.stack().Elements["last"].ObjectID+" "+b.stack().Elements["last"].Phase)
	})
}

// What such a step found is on record with its result, to return to.
func TestEffectlessChange(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.apply(noted)
		b.apply(strings.Replace(noted, "{size: 1}", "{size: 2}", 1))
		equal(t, "journal", []string{"first update planned Pending", "first update result UpgradeSucceeded"}, b.journal("web-2"))
		before, err := b.store.Before(context.Background(), "web", 2)
		b.must(err)
		if e := before["first"]; len(before) != 1 || e == nil || e.Properties.Value.(map[string]any)["size"] != int64(1) {
			t.Errorf("before: %+v", before)
		}
		b.apply("")
		gone := slices.DeleteFunc(b.journal("web-3"), func(line string) bool { return !strings.HasPrefix(line, "lone") })
		equal(t, "journal", []string{"lone delete planned Pending", "lone delete result DeleteSucceeded"}, gone)
	})
}

func TestEffectlessAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.cloud.notes.late = "lone"
		res := b.apply(noted)
		equal(t, "outcome", Failed, res.Outcome)
		equal(t, "errors", "the provider of Fake.Note calls itself effectless, but is not done at once", res.Errors[0].Err.Error())
	})
}

// effectlessCrashes are the crash cases of noted: however often a note was made,
// there is one of each on record, and one thing.
func effectlessCrashes() []crashCase {
	changed := strings.ReplaceAll(noted, "{size: 1", "{size: 2")
	check := func(size int64) func(*bench) {
		return func(b *bench) {
			st := b.stack()
			for _, node := range []string{"first", "last", "lone"} {
				e := st.Elements[node]
				if e == nil || e.ObjectID != "note-"+node || e.Attributes.Value.(map[string]any)["size"] != size {
					b.t.Errorf("%s is on record as %+v", node, e)
				}
			}
			if len(st.Elements) != 4 || b.cloud.objects[st.Elements["thing"].ObjectID] == nil {
				b.t.Errorf("elements: %v", st.Elements)
			}
		}
	}
	create := applying("create notes", "", noted, 0, map[string]int{"web-thing": 1})
	upgrade := applying("upgrade notes", noted, changed, 0, map[string]int{"web-thing": 1})
	create.check, upgrade.check = check(1), check(2)
	return []crashCase{create, upgrade, applying("delete notes", noted, "", 0, map[string]int{"web-thing": 1})}
}

// Nothing of a step that was not recorded is open, whenever the process ends.
func TestEffectlessInterrupted(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		stop := make(chan struct{})
		o := b.options()
		o.Observe = func(e Event) {
			if e.Kind == StepStart && e.Node == "thing" {
				close(stop)
			}
		}
		o.Stop = stop
		l := b.lease()
		res, err := b.engine.Run(context.Background(), l, b.plan(noted, nil), o)
		b.must(err)
		equal(t, "outcome", Interrupted, res.Outcome)
		equal(t, "calls", []string{"create first", "create lone"}, b.cloud.notes.log)
		r, err := b.engine.Recover(context.Background(), l, "web", b.options())
		b.must(err)
		equal(t, "taken up", true, r.Execution == nil)
		b.must(b.store.Release(context.Background(), l))
		equal(t, "the rest", Succeeded, b.run(b.plan(noted, nil), state.Terms{}).Outcome)
	})
}

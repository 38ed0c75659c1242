package executor

import (
	"context"
	"testing"
	"time"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// heldBy asks a creation of a node who has an object.
func (b *bench) heldBy(stack, node, typ, name, id string) (string, providers.Hold) {
	req := &providers.Request{Stack: stack, Node: node, Type: typ, Properties: map[string]any{}}
	if name != "" {
		req.Properties["name"] = name
	}
	return b.engine.holder(req, time.Now())(context.Background(), id)
}

// TestHolder names the other node that has an object, of whatever stack.
func TestHolder(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.apply(chain)
		id := b.stack().Elements["a"].ObjectID
		for _, test := range []struct{ stack, node, typ, id, want string }{
			{"web", "a", "Fake.Thing", id, ""}, // itself
			{"web", "b", "Fake.Thing", id, "node a"},
			{"other", "a", "Fake.Thing", id, "node a of stack web"},
			{"other", "a", "Fake.Key", id, ""},
			{"other", "a", "Fake.Thing", "id-77", ""},
		} {
			if got, hold := b.heldBy(test.stack, test.node, test.typ, "", test.id); got != test.want || (hold == providers.Held) != (got != "") {
				t.Errorf("%+v: %q, %v", test, got, hold)
			}
		}
	})
}

// TestHolderInTheMaking leaves to another node what it is making, before that is
// an element: two of one name are often made at the same time.
func TestHolderInTheMaking(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		l := b.lease()
		intent := state.Record{
			Node: "a", Type: "Fake.Thing", Action: string(planner.Create), Kind: state.Intent,
			Request: state.Document{Value: map[string]any{"name": "twin"}}, At: time.Now(),
		}
		x, err := b.store.Begin(context.Background(), l, &state.Execution{Lifecycle: "install", Phase: creating.running}, nil, []state.Record{intent})
		b.must(err)
		expect := func(stack, node, name, want string, wantHold providers.Hold) {
			t.Helper()
			if got, hold := b.heldBy(stack, node, "Fake.Thing", name, "id-1"); got != want || hold != wantHold {
				t.Errorf("%s of stack %s, named %q: %q, %v", node, stack, name, got, hold)
			}
		}
		expect("web", "b", "twin", "node a", providers.MaybeMade)
		expect("other", "a", "twin", "node a of stack web", providers.MaybeMade)
		expect("web", "b", "", "", providers.NotHeld)
		expect("web", "a", "twin", "", providers.NotHeld)

		made := intent
		made.Execution, made.Kind, made.Request, made.ObjectID, made.Operation = x.ID, state.Operation, state.Document{}, "id-1", []byte(`{"id":"job"}`)
		b.must(b.store.Append(context.Background(), l, made))
		expect("web", "b", "twin", "node a", providers.Made)
		made.ObjectID = "id-2"
		b.must(b.store.Append(context.Background(), l, made))
		expect("web", "b", "twin", "", providers.NotHeld)
	})
}

// TestHolderElsewhere does not take a node for the maker of what is inside another
// object than it asked for.
func TestHolderElsewhere(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		intent := state.Record{
			Node: "bank", Type: "Fake.Thing", Action: string(planner.Create), Kind: state.Intent,
			Request: state.Document{Value: map[string]any{"name": "bank", "network": "net-2"}}, At: time.Now(),
		}
		_, err := b.store.Begin(context.Background(), b.lease(), &state.Execution{Lifecycle: "install", Phase: creating.running}, nil, []state.Record{intent})
		b.must(err)
		for id, want := range map[string]string{"net-1/bank": "", "net-2/bank": "node bank of stack web"} {
			if got, _ := b.heldBy("other", "bank", "Fake.Thing", "bank", id); got != want {
				t.Errorf("%s: %q", id, got)
			}
		}
	})
}

// TestHolderThatLetGo leaves to another node what that has made, although it has
// let it go meanwhile: nobody has it on record then.
func TestHolderThatLetGo(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.apply(chain)
		id := b.stack().Elements["a"].ObjectID
		expect := func(begun time.Time, want string, wantHold providers.Hold) {
			t.Helper()
			req := &providers.Request{Stack: "other", Node: "a", Type: "Fake.Thing", Properties: map[string]any{}}
			if got, hold := b.engine.holder(req, begun)(context.Background(), id); got != want || hold != wantHold {
				t.Errorf("%q, %v, want %q", got, hold, want)
			}
			req.Stack = "web"
			if got, _ := b.engine.holder(req, begun)(context.Background(), id); got != "" {
				t.Errorf("its own node is told of %q", got)
			}
		}
		begun := time.Now()
		req := b.request(chain, nil)
		req.Replace, req.Retain = map[string]bool{"a": true}, map[string]bool{"a": true}
		equal(t, "outcome", Succeeded, b.run(b.make(req), state.Terms{}).Outcome)
		if b.stack().Elements["a"].ObjectID == id {
			t.Fatal("a was not replaced")
		}
		expect(begun, "node a of stack web", providers.Made)
		expect(begun.Add(visibility+time.Hour), "", providers.NotHeld) // what another one makes under its ID by then
	})
}

// TestMakerOf reads from a journal who has made an object.
func TestMakerOf(t *testing.T) {
	record := func(node string, action planner.Action, kind state.RecordKind, id string) state.Record {
		return state.Record{Node: node, Type: "Fake.Thing", Action: string(action), Kind: kind, ObjectID: id, At: time.Unix(1, 0)}
	}
	intent, named := record("a", planner.Create, state.Intent, ""), record("a", planner.Create, state.Operation, "id-1")
	forced := record("a", planner.Delete, state.Result, "id-1")
	forced.Error = "the cloud refuses"
	for name, test := range map[string]struct {
		records []state.Record
		want    string
	}{
		"nothing":                       {nil, ""},
		"not known yet":                 {[]state.Record{intent}, ""},
		"named":                         {[]state.Record{intent, named}, "a"},
		"made":                          {[]state.Record{intent, record("a", planner.Create, state.Result, "id-1")}, "a"},
		"failed":                        {[]state.Record{intent, named, record("a", planner.Create, state.Failure, "id-1")}, "a"},
		"another":                       {[]state.Record{intent, record("a", planner.Create, state.Operation, "id-2")}, ""},
		"turned out to be another":      {[]state.Record{intent, named, record("a", planner.Create, state.Operation, "id-2")}, ""},
		"made, then another one":        {[]state.Record{intent, named, intent, record("a", planner.Create, state.Operation, "id-2")}, "a"},
		"changed":                       {[]state.Record{record("a", planner.Update, state.Result, "id-1")}, ""},
		"deleted":                       {[]state.Record{intent, named, record("a", planner.Delete, state.Result, "id-1")}, ""},
		"deletion failed":               {[]state.Record{intent, named, record("a", planner.Delete, state.Failure, "id-1")}, "a"},
		"forgotten, not deleted":        {[]state.Record{intent, named, forced}, "a"},
		"deleted, then made by another": {[]state.Record{intent, named, record("a", planner.Delete, state.Result, "id-1"), record("b", planner.Create, state.Result, "id-1")}, "b"},
		"skipped":                       {[]state.Record{intent, record("a", planner.Create, state.Skipped, "id-1")}, ""},
	} {
		if got := makerOf("Fake.Thing", "id-1", test.records).node; got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
	if got := makerOf("Fake.Key", "id-1", []state.Record{intent, named}).node; got != "" {
		t.Errorf("of another type: %q", got)
	}
}

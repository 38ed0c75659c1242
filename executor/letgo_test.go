package executor

import (
	"fmt"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// TestUndoOfReplacedAndLetGo undoes an upgrade that failed after it had replaced
// what is retained: the object of before comes back without a call, and the one
// that was made goes.
func TestUndoOfReplacedAndLetGo(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.apply(chain)
		before := b.stack().Elements
		req := b.request(chain, nil)
		req.Replace, req.Retain = map[string]bool{"a": true}, map[string]bool{"a": true}
		b.cloud.faults["b"] = []fault{{err: &providers.Error{Kind: providers.Quota}}}
		equal(t, "outcome", Failed, b.run(b.make(req), state.Terms{}).Outcome)
		made := b.stack().Elements["a"].ObjectID
		if made == before["a"].ObjectID || len(b.cloud.objects) != 5 {
			t.Fatalf("nothing was replaced: %s, %d objects", made, len(b.cloud.objects))
		}
		p := b.returning(chain, 1, func(r *planner.Return) { r.Only, r.Own = true, true })
		equal(t, "planned", planner.Summary{Change: 1, Destroy: 1, Move: 1}, p.Summary())
		b.cloud.log = nil
		equal(t, "outcome", Succeeded, b.run(p, state.Terms{Undoes: "web-2"}).Outcome)
		equal(t, "calls", []string{"delete a-undone"}, b.acted())
		after := b.stack().Elements
		for node, was := range before {
			equal(t, node, fmt.Sprint(was.ObjectID, was.DependsOn, was.Properties), fmt.Sprint(after[node].ObjectID, after[node].DependsOn, after[node].Properties))
		}
		equal(t, "elements", len(before), len(after))
		equal(t, "objects", 4, len(b.cloud.objects))
	})
}

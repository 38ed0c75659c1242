package executor

import (
	"context"
	"testing"
)

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
			if got := b.engine.holder(test.stack, test.node, test.typ)(context.Background(), test.id); got != test.want {
				t.Errorf("%+v: %q", test, got)
			}
		}
	})
}

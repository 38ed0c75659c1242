package executor

import (
	"context"
	"fmt"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// holder tells a creation of a node which other node has an object of its type
// on record: what another stack, or another node of this one, has made
// meanwhile under the same name is not what a lost request of this node made.
// It is asked only after an answer was lost. That the state can't be read is no
// evidence of anything.
func (e *Engine) holder(stack, node, typ string) func(context.Context, string) string {
	return func(ctx context.Context, id string) string {
		stacks, err := e.Store.Stacks(ctx)
		for _, s := range stacks {
			var st *state.Stack
			if st, err = e.Store.Stack(ctx, s.Name); st == nil { // one whose secrets don't open will do
				continue
			}
			for _, el := range st.Elements {
				if el.Type != typ || el.ObjectID != id || st.Name == stack && el.Node == node {
					continue
				}
				if st.Name == stack {
					return "node " + el.Node
				}
				return fmt.Sprintf("node %s of stack %s", el.Node, st.Name)
			}
		}
		if err != nil {
			e.log().Warn("look who has an object on record", "type", typ, "object", id, "error", err)
		}
		return ""
	}
}

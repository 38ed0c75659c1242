package executor

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// holder tells a creation which other node has an object of its type on record,
// or may have made it: what another stack, or another node of this one, has made
// meanwhile under the same name is not what a lost request of this node made. It
// is asked only after an answer was lost. That the state can't be read is no
// evidence of anything.
func (e *Engine) holder(req *providers.Request) func(context.Context, string) (by string, sure bool) {
	return func(ctx context.Context, id string) (string, bool) {
		// What is being made first: when that is over it is among the elements.
		by, sure, err := e.making(ctx, req, id)
		if err == nil && !sure {
			var has string
			if has, err = e.having(ctx, req, id); has != "" {
				return has, true
			}
		}
		if err != nil {
			e.log().Warn("look who has an object on record", "type", req.Type, "object", id, "error", err)
		}
		return by, sure
	}
}

// having is the other node whose element an object is.
func (e *Engine) having(ctx context.Context, req *providers.Request, id string) (string, error) {
	stacks, err := e.Store.Stacks(ctx)
	for _, s := range stacks {
		var st *state.Stack
		if st, err = e.Store.Stack(ctx, s.Name); st == nil { // one whose secrets don't open will do
			continue
		}
		for _, el := range st.Elements {
			if el.Type == req.Type && el.ObjectID == id && !isNode(req, st.Name, el.Node) {
				return nodeOf(req, st.Name, el.Node), nil
			}
		}
	}
	return "", err
}

// making is the other node whose creation is not over and has made an object, or
// may have made it: its name is the same, and it is not known yet what it made.
func (e *Engine) making(ctx context.Context, req *providers.Request, id string) (by string, sure bool, err error) {
	all, err := e.Store.Executions(ctx, "")
	if err != nil {
		return "", false, err
	}
	for _, x := range unsettled(all) {
		records, err := e.Store.Journal(ctx, x.ID)
		if err != nil && records == nil {
			return by, false, err
		}
		for _, r := range openEnds(records) {
			if r.Action != string(planner.Create) || r.Type != req.Type || isNode(req, x.Stack, r.Node) {
				continue
			}
			switch {
			case r.ObjectID == id:
				return nodeOf(req, x.Stack, r.Node), true, nil
			case r.ObjectID == "" && wantedName(x.Stack, r) == cmp.Or(req.String("name"), req.DefaultName()) && mayHold(r, id):
				by = nodeOf(req, x.Stack, r.Node)
			}
		}
	}
	return by, false, nil
}

// unsettled are the newest executions of each stack, by its name, as far as they
// may have left something open. Earlier ones have not: it is settled before the next begins.
func unsettled(all []*state.Execution) []*state.Execution {
	newest := map[string]*state.Execution{}
	for _, x := range all {
		if n := newest[x.Stack]; n == nil || x.Number > n.Number {
			newest[x.Stack] = x
		}
	}
	var out []*state.Execution
	for _, stack := range slices.Sorted(maps.Keys(newest)) {
		x := newest[stack]
		if x.Ended.IsZero() || x.Phase != lifecycleVerb(x.Lifecycle).succeeded() {
			out = append(out, x)
		}
	}
	return out
}

func wantedName(stack string, intent state.Record) string {
	name, _ := value(intent.Request).Get("name")
	return cmp.Or(name.Text(), (&providers.Request{Stack: stack, Node: intent.Node}).DefaultName())
}

// mayHold reports whether a request may have made an object, by where that is. The
// ID of what is inside another object begins with that one's, which a request
// for something in there names.
func mayHold(intent state.Record, id string) bool {
	parent, _, inside := strings.Cut(id, "/")
	request := plainMap(value(intent.Request))
	if !inside || len(request) == 0 { // nothing is known of where it was to be
		return true
	}
	for _, v := range request {
		if v == any(parent) {
			return true
		}
	}
	return false
}

func isNode(req *providers.Request, stack, node string) bool {
	return stack == req.Stack && node == req.Node
}

// nodeOf names another node than that of req.
func nodeOf(req *providers.Request, stack, node string) string {
	if stack == req.Stack {
		return "node " + node
	}
	return fmt.Sprintf("node %s of stack %s", node, stack)
}

package executor

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// visibility is how long after its request an object may come into sight: what
// was made that much before a request can still turn up after it.
const visibility = 10 * time.Minute

// holder tells a creation, whose request was sent after begun, which other node
// has an object of its type on record, had it, or may have made it: what another
// stack, or another node of this one, has made meanwhile under the same name is
// not what a lost request of this node made. It is hardly ever asked but after an
// answer was lost. That the state can't be read is no evidence of anything.
func (e *Engine) holder(req *providers.Request, begun time.Time) func(context.Context, string) (by string, hold providers.Hold) {
	return func(ctx context.Context, id string) (string, providers.Hold) {
		// What is being made first: when that is over it is among the elements.
		by, hold, err := e.making(ctx, req, id, begun.Add(-visibility))
		if err == nil {
			var has string
			if has, err = e.having(ctx, req, id); has != "" {
				return has, providers.Held
			}
		}
		if err != nil {
			e.log().Warn("look who has an object on record", "type", req.Type, "object", id, "error", err)
		}
		return by, hold
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

// making is the other node that has made an object since then, be it that it let
// it go again; or the one whose creation is not over and may have made it: its
// name is the same, and it is not known yet what it made.
func (e *Engine) making(ctx context.Context, req *providers.Request, id string, since time.Time) (by string, hold providers.Hold, err error) {
	all, err := e.Store.Executions(ctx, "")
	if err != nil {
		return "", providers.NotHeld, err
	}
	open := unsettled(all)
	var last maker
	for _, x := range all {
		if !open[x.ID] && x.Ended.Before(since) {
			continue
		}
		records, err := e.Store.Journal(ctx, x.ID)
		if err != nil && records == nil {
			return by, hold, err
		}
		if m := makerOf(req.Type, id, records); m.at.After(since) && m.at.After(last.at) {
			last = m
			last.stack = x.Stack
		}
		if open[x.ID] {
			if by = cmp.Or(by, mayMake(req, x.Stack, id, records)); by != "" {
				hold = providers.MaybeMade
			}
		}
	}
	if last.node != "" && !isNode(req, last.stack, last.node) {
		return nodeOf(req, last.stack, last.node), providers.Made, nil
	}
	return by, hold, nil
}

// maker is who has made an object, and when that was recorded. One without a node
// stands for nobody: the object was deleted, and what has its ID now is another.
type maker struct {
	stack, node string
	at          time.Time
}

// makerOf is the last maker of an object in one execution; the zero maker if that
// had nothing to do with it.
func makerOf(typ, id string, records []state.Record) maker {
	var m maker
	creating := "" // the node whose creation the object is taken for now
	for _, r := range records {
		create := r.Action == string(planner.Create)
		switch {
		case r.Type != typ:
		case create && r.Kind == state.Intent:
			if r.Node == creating { // what it had made stays made by it
				creating = ""
			}
		case create && r.Kind != state.Skipped && r.ObjectID == id:
			m, creating = maker{node: r.Node, at: r.At}, r.Node
		case create && r.Node == creating && r.ObjectID != "": // it turned out to be another
			m, creating = maker{}, ""
		case r.Action == string(planner.Delete) && r.Kind == state.Result && r.Error == "" && r.ObjectID == id:
			m = maker{at: r.At}
		}
	}
	return m
}

// mayMake is the other node of an unsettled execution that may have made an object.
func mayMake(req *providers.Request, stack, id string, records []state.Record) string {
	for _, r := range openEnds(records) {
		if r.Action != string(planner.Create) || r.Type != req.Type || isNode(req, stack, r.Node) || r.ObjectID != "" {
			continue
		}
		if wantedName(stack, r.Record) == cmp.Or(req.String("name"), req.DefaultName()) && mayHold(r.Record, id) {
			return nodeOf(req, stack, r.Node)
		}
	}
	return ""
}

// unsettled are the IDs of the newest executions of each stack, as far as they
// may have left something open. Earlier ones have not: it is settled before the
// next begins.
func unsettled(all []*state.Execution) map[string]bool {
	newest := map[string]*state.Execution{}
	for _, x := range all {
		if n := newest[x.Stack]; n == nil || x.Number > n.Number {
			newest[x.Stack] = x
		}
	}
	out := map[string]bool{}
	for _, x := range newest {
		if x.Ended.IsZero() || x.Phase != lifecycleVerb(x.Lifecycle).succeeded() {
			out[x.ID] = true
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

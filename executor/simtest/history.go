package simtest

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
)

// way is where a rollback leads.
type way struct {
	to     int64  // the revision to return to; 0: to before the first one
	since  int64  // number of the first execution that is undone
	undoes string // the one execution that is undone; "": all since the revision
	only   bool   // what those executions did not touch stays out of it
}

// past lists the executions of a stack since it was last removed, newest first.
func (p *process) past() []*state.Execution {
	all := p.w.store.all(p.track.stack)
	for i, x := range all {
		if x.Final {
			return all[:i]
		}
	}
	return all
}

// text is the blueprint of a revision; "" for none.
func (p *process) text(number int64) string {
	for _, r := range p.w.store.revisionsOf(p.track.stack) {
		if r.Number == number {
			return string(r.Blueprint)
		}
	}
	return ""
}

// applied is the newest execution that has applied a text with success; nil if
// none did. What an undo leads to may be half of a revision, and what a rollback
// leads to is what was found, not what the text says.
func (p *process) applied(text string) *state.Execution {
	for _, x := range p.past() {
		if x.Revision > 0 && succeeded(x) && x.Lifecycle != "rollback" && p.text(x.Revision) == text {
			return x
		}
	}
	return nil
}

// behind is the way to the end of an execution.
func behind(x *state.Execution) way {
	return way{to: x.Revision, since: x.Number + 1, only: len(x.Terms.Targets) > 0}
}

// attempts are the executions that were to lead where a way leads.
func (p *process) attempts(w way) []string {
	var out []string
	for _, x := range p.past() {
		if x.Lifecycle == "rollback" && x.Terms.Undoes == "" && x.Terms.To == w.to && !w.only && x.Number >= w.since {
			out = append(out, x.ID)
		}
	}
	return out
}

// before is the way to before an execution and those that it went on with.
func (p *process) before(x *state.Execution) way {
	past := p.past()
	for _, y := range past {
		if x.Terms.Retries == y.ID {
			x = y
		}
	}
	w := way{since: x.Number, undoes: x.ID, only: true}
	for _, y := range past {
		switch {
		case y.Number >= x.Number:
		case y.Revision > 0:
			w.to = y.Revision
			return w
		case y.Lifecycle == "rollback":
			return w
		}
	}
	return w
}

// unfinished is the execution of this chapter that a retry goes on with; nil if
// there is none.
func (p *process) unfinished() *state.Execution {
	for _, x := range p.past() {
		records := x.Lifecycle == "import" || x.Lifecycle == "refresh"
		switch {
		case x.Number <= p.track.done || succeeded(x) && !records:
			return nil
		case !succeeded(x):
			return x
		}
	}
	return nil
}

// goOn makes a request one for what an execution was after.
func (p *process) goOn(ctx context.Context, req planner.Request, x *state.Execution) (planner.Request, state.Terms, error) {
	terms := x.Terms
	terms.Retries = x.ID
	switch x.Lifecycle {
	case "delete":
		return req, terms, nil
	case "rollback":
		w := way{to: terms.To}
		for _, y := range p.past() {
			switch {
			case terms.Undoes == y.ID:
				w = p.before(y)
			case terms.Undoes == "" && y.Revision == terms.To && w.since == 0:
				w = behind(y)
			}
		}
		req, again, err := p.returning(ctx, req, w, p.text(w.to), terms.Skip...)
		again.Retries = x.ID
		return req, again, err
	case "refresh":
		return p.leading(req, terms, p.command.drawing.text), terms, nil
	}
	if len(terms.Targets) > 0 {
		terms.Targets = slices.Concat(terms.Targets, p.undone(x))
	}
	return p.leading(req, terms, p.text(x.Revision)), terms, nil
}

// undone are the nodes of the steps that an execution has not done.
func (p *process) undone(x *state.Execution) []string {
	var out []string
	for _, s := range state.Fold(p.w.store.records(x.ID)) {
		if !strings.HasSuffix(s.Phase, "Succeeded") || s.Action == "replace" && s.Phase == "DeleteSucceeded" {
			out = append(out, s.Node)
		}
	}
	return out
}

// returning makes a request one for a rollback that leaves nodes out.
func (p *process) returning(ctx context.Context, req planner.Request, w way, text string, skip ...string) (planner.Request, state.Terms, error) {
	then, err := p.engine.Store.Before(ctx, p.track.stack, w.since, p.attempts(w)...)
	req.Return = &planner.Return{To: w.to, Elements: then, Only: w.only, Own: w.undoes != ""}
	if w.to > 0 {
		req.Blueprint, req.Source = p.w.blueprint(text), []byte(text)
	}
	for node := range then {
		req.AllowDataLoss[node] = true
	}
	if err == nil && w.undoes == "" { // what undoes itself was there a moment ago
		req.Return.There, err = p.letGo(ctx, then)
	}
	req.Skip = map[string]bool{}
	for _, node := range skip {
		req.Skip[node] = true
	}
	return req, state.Terms{To: w.to, Undoes: w.undoes, Skip: skip}, err
}

// letGo reads what a stack has let go of what it had then, and what may be there
// still.
func (p *process) letGo(ctx context.Context, then map[string]*state.Element) (map[string]planner.Observed, error) {
	gone := &state.Stack{Name: p.track.stack, Elements: maps.Clone(then)}
	maps.DeleteFunc(gone.Elements, func(_ string, e *state.Element) bool { return e == nil || !e.LetGo })
	return p.engine.Refresh(ctx, gone, p.w.catalogue, p.command.parallelism)
}

// finding is what an execution has found.
type finding struct {
	stack    *state.Stack // nil: there was none
	observed map[string]planner.Observed
	mixed    bool // it was not what one blueprint says
}

// read are the elements as they were read.
func (f finding) read() map[string]*state.Element {
	out := map[string]*state.Element{}
	for node, e := range f.stack.Elements {
		out[node] = e
		o, ok := f.observed[node]
		was, isMap := e.Properties.Value.(map[string]any)
		if seen, seenMap := o.Properties.Plain().(map[string]any); ok && isMap && seenMap {
			now := *e
			properties := maps.Clone(was)
			maps.Copy(properties, seen)
			now.Properties.Value, now.Attributes.Value = properties, o.Attributes.Plain()
			out[node] = &now
		}
	}
	return out
}

// whole reports whether the stack was as it should be, and all of it there.
func (f finding) whole() bool {
	for _, o := range f.observed {
		if o.Gone {
			return false
		}
	}
	return f.stack == nil || strings.HasSuffix(f.stack.Phase, "Succeeded")
}

package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/executor"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
)

// undo takes back what an execution did before one of its steps failed
// (--on-failure rollback). It is an execution of its own, under the same lease.
func (s *session) undo(ctx context.Context, lease *state.Lease, failed *made, in *intent, res *executor.Result, stop <-chan struct{}) error {
	a, x := s.app, res.Execution
	a.showFailure(failureOf(failed, res))
	back, err := s.undoing(ctx, in, x)
	if err == nil {
		a.tellUndoing(x, back)
		err = s.recover(ctx, lease, back, stop)
	}
	if err != nil {
		return a.stuck(in, x, fmt.Errorf("roll back execution %s: %w", x.ID, err))
	}
	m, err := s.plan(ctx, back)
	if err != nil {
		return a.stuck(in, x, err)
	}
	if err = m.err(); err != nil {
		return a.stuck(in, x, err, m.plan.Skipping(m.blamed()...)...)
	}
	a.presentUndo(m.plan)
	undone, err := s.execute(ctx, lease, m, back, stop)
	switch {
	case undone != nil && err != nil:
		a.tellNotUndone(x, undone.Execution)
		return exitCode{exitPartWay, err}
	case err != nil:
		return a.stuck(in, x, err)
	}
	switch undone.Outcome {
	case executor.Succeeded:
		a.succeeded(m.plan, undone)
		return a.tellUndone(x, undone.Execution, back)
	case executor.Interrupted:
		return a.stoppedShort(back, undone)
	case executor.Cancelled:
		return a.cancelledShort(back, undone)
	}
	a.tellNotUndone(x, undone.Execution)
	return exitCode{exitPartWay, a.failedShort(m, back, undone)}
}

// undoing is what it takes to undo an execution.
func (s *session) undoing(ctx context.Context, in *intent, x *state.Execution) (*intent, error) {
	h, err := s.history(ctx, in.stack)
	if err != nil {
		return nil, err
	}
	way := h.before(x)
	back := &intent{stack: in.stack, back: &way, own: true, terms: state.Terms{
		AllowDataLoss: in.terms.AllowDataLoss, Timeout: in.terms.Timeout, To: way.to, Undoes: way.undoes,
	}}
	return back, s.recall(ctx, back, way.to)
}

// stuck ends a command whose execution failed and could not be undone either,
// because of these nodes as far as that is known.
func (a *app) stuck(in *intent, x *state.Execution, err error, nodes ...string) error {
	a.tellNotUndone(x, nil)
	a.afterword = "The stack is as the execution left it. " + a.waysOn(in, x, nil)
	if len(nodes) > 0 {
		a.afterword += "\nTo undo all but what stands against it:\n    " + a.stackCommand(x.Stack, "rollback", "--skip", strings.Join(nodes, ","))
	}
	a.asked(executor.Questions(err))
	return exitCode{exitPartWay, err}
}

// showFailure shows why an execution failed when that is not the end of the
// command.
func (a *app) showFailure(err error) {
	list, sources := diagnostics(err)
	if a.events != nil {
		a.events.diagnostics(list)
		return
	}
	a.showProblems(list, sources)
}

func (a *app) tellUndoing(x *state.Execution, back *intent) {
	message := fmt.Sprintf("Rolling back: what execution %s did is undone%s", x.ID, leadsTo(back.back.to))
	if a.events != nil {
		a.events.rollback("rollback_start", "warn", message, x, back.back.to)
		return
	}
	a.note("\n%s\n", a.errStyle.paint(bold, message+"."))
}

// leadsTo says which revision a stack is back at.
func leadsTo(revision int64) string {
	if revision == 0 {
		return ", to before the first revision"
	}
	return fmt.Sprintf(", back to revision %d", revision)
}

// presentUndo shows the plan of an undoing in short: nobody is asked about it,
// and most of it is the plan that has just been shown, backwards.
func (a *app) presentUndo(p *planner.Plan) {
	if a.events != nil {
		a.events.plan(p)
		return
	}
	a.printf("\n%s", planInShort(p, a.outStyle))
}

// planInShort writes a plan with a line a step.
func planInShort(p *planner.Plan, st style) string {
	var b strings.Builder
	r := &planRenderer{style: st}
	for _, s := range actingSteps(p) {
		fmt.Fprintf(&b, "%s %s %s\n", r.wideSymbol(s.Action), s.Node, fateOf(s))
	}
	fmt.Fprintf(&b, "%s\n", summaryLine(p))
	return b.String()
}

func fateOf(s *planner.Step) string {
	switch s.Action {
	case planner.Create:
		return "is made anew"
	case planner.Update:
		return "gets its former values"
	case planner.Replace:
		return "is replaced by what it was"
	}
	return "is destroyed"
}

// tellUndone ends a command that failed and left nothing behind.
func (a *app) tellUndone(x, undone *state.Execution, back *intent) error {
	message := fmt.Sprintf("Execution %s failed, and execution %s has undone it%s. Put right what failed, and apply again.", x.ID, undone.ID, leadsTo(back.back.to))
	if a.events != nil {
		a.events.rollback("rollback_complete", "info", message, undone, back.back.to)
	} else {
		a.note("\n%s", message)
	}
	return exitCode{code: exitUndone}
}

func (a *app) tellNotUndone(x, undone *state.Execution) {
	if a.events == nil {
		return
	}
	if undone == nil {
		undone = x
	}
	a.events.rollback("rollback_errored", "error", fmt.Sprintf("Execution %s failed and could not be undone", x.ID), undone, 0)
}

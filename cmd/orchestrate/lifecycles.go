package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
)

// history reads what was done to a stack.
func (s *session) history(ctx context.Context, stack string) (history, error) {
	if s.store == nil {
		return nil, nil
	}
	all, err := s.store.Executions(ctx, stack)
	if err != nil {
		return nil, fmt.Errorf("list executions: %w", err)
	}
	return historyOf(all), nil
}

// recall makes a revision what an intent leads to; 0 is no blueprint at all.
func (s *session) recall(ctx context.Context, in *intent, number int64) error {
	if number == 0 {
		return nil
	}
	r, err := s.store.Revision(ctx, in.stack, number)
	if errors.Is(err, state.ErrNotFound) {
		return &noWayBack{fmt.Sprintf("revision %d of stack %s is not on record", number, in.stack), "`show` lists the revisions of the stack."}
	}
	if err != nil {
		return fmt.Errorf("read revision %d of stack %s: %w", number, in.stack, err)
	}
	in.source, in.inputs, err = restoreRevision(r)
	return err
}

// rollbackIntent wants a stack to be as an earlier revision left it; revision 0
// leaves it to the history to say which.
func (a *app) rollbackIntent(stack string, revision int64, explicit bool) *intent {
	in := &intent{stack: stack, terms: a.terms(), known: true, explicit: explicit}
	in.decide = func(ctx context.Context, s *session) error {
		h, err := s.history(ctx, stack)
		if err != nil {
			return err
		}
		var way wayBack
		if explicit {
			way, err = h.backTo(revision)
		} else {
			way, err = h.back()
		}
		if err != nil {
			return err
		}
		return s.goBack(ctx, in, way)
	}
	return in
}

// goBack makes a way back what an intent wants.
func (s *session) goBack(ctx context.Context, in *intent, way wayBack) error {
	in.back, in.own = &way, way.undoes != ""
	in.terms.To, in.terms.Undoes = way.to, way.undoes
	if err := s.recall(ctx, in, way.to); err != nil {
		return err
	}
	if s.app.events == nil {
		s.app.note("Rolling back stack %s%s.\n", in.stack, leadsTo(way.to))
	}
	return nil
}

// retryIntent wants the last execution of a stack to be finished, in the sense
// in which it was begun.
func (a *app) retryIntent(stack string, changed func(option string) bool) *intent {
	in := &intent{stack: stack, known: true}
	in.decide = func(ctx context.Context, s *session) error {
		h, err := s.history(ctx, stack)
		if err != nil {
			return err
		}
		x, err := h.unfinished()
		if err != nil {
			return err
		}
		if x, err = s.store.Execution(ctx, x.ID); err != nil {
			return fmt.Errorf("read execution: %w", err)
		}
		imported, err := s.importedSince(ctx, h, x)
		if err != nil {
			return err
		}
		in.terms = a.termsAgain(x, imported, changed)
		s.app.note("Going on with execution %s (%s).\n", x.ID, x.Phase)
		return s.goOn(ctx, in, h, x)
	}
	return in
}

// goOn makes what an execution was after what an intent wants.
func (s *session) goOn(ctx context.Context, in *intent, h history, x *state.Execution) error {
	if len(s.app.opts.skip) > 0 && x.Lifecycle != lifecycleRollback {
		return s.app.noSkipping(x)
	}
	switch x.Lifecycle {
	case lifecycleDelete:
		return nil
	case lifecycleImport:
		return &noWayBack{fmt.Sprintf("execution %s is an import, which is not repeated from what is recorded", x.ID), "Give the `import` command again."}
	case lifecycleRollback:
		way, err := h.again(x)
		if err != nil {
			return err
		}
		return s.goBack(ctx, in, way)
	case lifecycleRefresh:
		in.refreshOnly = true
		st, err := s.stack(ctx, in.stack)
		if err != nil || st == nil || st.Revision == nil {
			return err
		}
		return s.recall(ctx, in, st.Revision.Number)
	}
	return s.recall(ctx, in, x.Revision)
}

// noSkipping tells that only a rollback leaves nodes out, and what does so
// instead.
func (a *app) noSkipping(x *state.Execution) error {
	instead := "`rollback --skip NODE` undoes it but for that node; `apply --target NODE` carries a part of the blueprint out."
	if x.Lifecycle == lifecycleDelete {
		instead = "`delete --retain NODE` deletes the rest and leaves that object in the cloud."
	}
	return &noWayBack{fmt.Sprintf("--skip leaves nodes out of a rollback, and execution %s is of another lifecycle (%s)", x.ID, x.Lifecycle), instead}
}

// importedSince are the nodes that were given an object after an execution.
func (s *session) importedSince(ctx context.Context, h history, x *state.Execution) (map[string]bool, error) {
	nodes := map[string]bool{}
	for _, later := range h {
		if later.Number <= x.Number || later.Lifecycle != lifecycleImport {
			continue
		}
		whole, err := s.store.Execution(ctx, later.ID)
		if err != nil {
			return nil, fmt.Errorf("read execution: %w", err)
		}
		for _, step := range whole.Steps {
			nodes[step.Node] = true
		}
	}
	return nodes, nil
}

// termsAgain are the terms of an execution that is gone on with. Consents hold
// for what is not done yet: a replacement that was made is not asked for again,
// and what was made since is not destroyed under an old consent, be it what a
// creation has left behind that failed, or what was imported. A plan for targets
// drags other nodes along, which have to be replaced with what they are tied to:
// those that are not done are targets of what goes on.
func (a *app) termsAgain(x *state.Execution, imported map[string]bool, changed func(option string) bool) state.Terms {
	t := x.Terms
	t.Retries = x.ID
	done := map[string]bool{}
	for _, s := range x.Steps {
		done[s.Node] = s.Deleted || strings.HasSuffix(s.Phase, "Succeeded")
		if replaced := s.Deleted && s.Action == string(planner.Replace) && s.Phase == "DeleteSucceeded"; len(t.Targets) > 0 && (replaced || !strings.HasSuffix(s.Phase, "Succeeded")) {
			t.Targets = sortedNames(append(slices.Clone(t.Targets), s.Node))
		}
	}
	isOver := func(node string) bool { return done[node] || imported[node] }
	t.Replace = slices.DeleteFunc(slices.Clone(t.Replace), isOver)
	t.AllowDataLoss = slices.DeleteFunc(slices.Clone(t.AllowDataLoss), isOver)
	t.AllowDataLoss = sortedNames(append(t.AllowDataLoss, a.opts.allowDataLoss...))
	t.Skip = sortedNames(append(slices.Clone(t.Skip), a.opts.skip...))
	if changed("timeout") {
		t.Timeout = a.opts.timeout
	}
	if changed("on-failure") {
		t.OnFailure = a.opts.onFailure
	}
	return t
}

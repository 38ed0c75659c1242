package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

func newCancel(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "cancel [ID] [options]",
		Short: "Ask a running execution to end, and wait until it has",
		Long: `Asks the execution that runs on a stack, or the one with this ID, to end: it
begins nothing new, and what runs reaches a recorded point. The command that runs
it exits 130, wherever it runs. If its process is dead, its execution is taken
up here, and what it left running in the cloud is followed to its end.`,
		Example: examples("orchestrate cancel --stack consortium --cloud local", "orchestrate cancel consortium-7"),
		Args:    cobra.MaximumNArgs(1),
	}
	a.addStackFlags(c)
	a.addCloudFlags(c)
	a.addAnswerFlag(c)
	c.Flags().IntVar(&a.opts.parallelism, "parallelism", defaultParallelism, "at most `N` steps at once")
	return command(c, func(ctx context.Context, _ *cobra.Command, args []string) error {
		s, err := a.openSession(ctx, false)
		if err != nil {
			return err
		}
		defer s.close()
		x, err := s.toCancel(ctx, args)
		if err != nil {
			return err
		}
		return s.cancel(ctx, x)
	})
}

// toCancel finds the execution that is meant.
func (s *session) toCancel(ctx context.Context, args []string) (*state.Execution, error) {
	if len(args) == 1 {
		x, err := s.execution(ctx, args[0])
		if err == nil && !x.Ended.IsZero() {
			err = s.nothingRuns(x)
		}
		return x, err
	}
	stack, err := s.app.stackName(".")
	if err != nil {
		return nil, err
	}
	if s.store != nil {
		all, err := s.history(ctx, stack)
		if err != nil {
			return nil, err
		}
		if x := all.running(); x != nil {
			return x, nil
		}
		if err := s.notBegun(ctx, stack); err != nil {
			return nil, err
		}
		if len(all) > 0 {
			return nil, s.nothingRuns(all[0])
		}
	}
	if _, err := s.stackToShow(ctx, stack); err != nil {
		return nil, err
	}
	return nil, &noWayBack{fmt.Sprintf("nothing runs on stack %s", stack), "`apply` carries the blueprint out."}
}

// notBegun tells of a process that holds a stack and has not begun an execution;
// nil if there is none.
func (s *session) notBegun(ctx context.Context, stack string) error {
	h, err := s.held(ctx, stack)
	if err != nil || h == nil || !h.Living() {
		return err
	}
	return &noWayBack{
		fmt.Sprintf("nothing runs on stack %s yet: it is held by %s, which settles what an earlier execution left, plans, or waits for an answer", stack, h.Owner),
		"Interrupt that process, or cancel what it begins: `executions` shows it then. `unlock --force` cuts it off.",
	}
}

// nothingRuns says how the execution that might have been meant has ended.
func (s *session) nothingRuns(x *state.Execution) error {
	instead := "`apply` changes the stack, `rollback` returns to the revision before, `delete` removes it; `executions` lists what ran."
	if !succeeded(x) {
		instead = "`retry` goes on with it, `rollback` undoes it, `delete` removes the stack; `executions` lists what ran."
	}
	return &noWayBack{fmt.Sprintf("nothing runs on stack %s: execution %s has ended (%s)", x.Stack, x.ID, x.Phase), instead}
}

// execution reads one with its steps.
func (s *session) execution(ctx context.Context, id string) (*state.Execution, error) {
	var x *state.Execution
	err := state.ErrNotFound
	if s.store != nil {
		x, err = s.store.Execution(ctx, id)
	}
	if errors.Is(err, state.ErrNotFound) {
		return nil, fmt.Errorf("there is no execution %q in %s; `orchestrate executions` lists them", id, s.app.opts.state)
	}
	if err != nil {
		return nil, fmt.Errorf("read execution %s: %w", id, err)
	}
	return x, nil
}

// cancel asks an execution to end and waits until it has.
func (s *session) cancel(ctx context.Context, x *state.Execution) error {
	owner := state.NewOwner(s.app.command, s.app.now())
	owner.Place = s.cloud.place()
	err := s.store.Cancel(ctx, x.ID, owner)
	if err != nil && !errors.Is(err, state.ErrEnded) {
		return fmt.Errorf("cancel execution %s: %w", x.ID, err)
	}
	s.app.note("Execution %s is asked to end; it was begun by %s.", x.ID, x.Owner)
	if x, err = s.ended(ctx, x); err != nil {
		return err
	}
	if !strings.HasSuffix(x.Phase, "Cancelled") {
		return &noWayBack{fmt.Sprintf("execution %s ended by itself before it could be cancelled (%s)", x.ID, x.Phase), "`show` tells what the stack is like now."}
	}
	s.app.printf("Execution %s was cancelled (%s).\n", x.ID, x.Phase)
	s.app.note("%s", s.app.waysOn(&intent{terms: x.Terms}, x, nil))
	return nil
}

// cancelLook is how often it is looked whether a cancelled execution has ended.
const cancelLook = 300 * time.Millisecond

// ended waits until an execution has ended. One whose owner is dead is taken
// over and ended here.
func (s *session) ended(ctx context.Context, x *state.Execution) (*state.Execution, error) {
	t := time.NewTicker(cancelLook)
	defer t.Stop()
	for {
		now, err := s.execution(ctx, x.ID)
		if err != nil || !now.Ended.IsZero() {
			return now, err
		}
		err = s.takeOver(ctx, x)
		var held *state.HeldError
		if err != nil && !errors.As(err, &held) {
			return x, err
		}
		if err == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return x, ctx.Err()
		case <-t.C:
		}
	}
}

// takeOver settles and ends the execution of a dead owner. It fails with a
// *state.HeldError while the owner lives.
func (s *session) takeOver(ctx context.Context, x *state.Execution) error {
	ctx, lease, release, err := s.hold(ctx, x.Stack)
	if err != nil {
		return err
	}
	defer release()
	if now, err := s.execution(ctx, x.ID); err != nil || !now.Ended.IsZero() {
		return err // its owner came first; what it left open is the next command's
	}
	return s.app.interrupt.gently(func(stop <-chan struct{}) error {
		return s.recover(ctx, lease, &intent{stack: x.Stack}, stop)
	})
}

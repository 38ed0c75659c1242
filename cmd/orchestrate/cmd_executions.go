package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

func newExecutions(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "executions [ID] [options]",
		Short: "List executions, newest first, or show the steps of one",
		Long: `Lists the executions of all stacks, or of the one that --stack names. With an ID
it shows how far each step of that execution got.`,
		Example: examples("orchestrate executions", "orchestrate executions consortium-3", "orchestrate executions --stack consortium --json"),
		Args:    cobra.MaximumNArgs(1),
	}
	a.addStackFlags(c)
	c.Flags().Lookup("stack").Usage = "only executions of the stack `NAME` (default: all)"
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return command(c, func(ctx context.Context, _ *cobra.Command, args []string) error {
		s, err := a.openState(ctx, false)
		if err != nil {
			return err
		}
		defer s.close()
		if len(args) == 1 {
			return a.showExecution(ctx, s, args[0], asJSON)
		}
		return a.listExecutions(ctx, s, asJSON)
	})
}

func (a *app) listExecutions(ctx context.Context, s *session, asJSON bool) error {
	var all []*state.Execution
	if s.store != nil {
		var err error
		if all, err = s.store.Executions(ctx, a.opts.stack); err != nil {
			return fmt.Errorf("list executions: %w", err)
		}
	}
	if asJSON {
		out := make([]object, 0, len(all))
		for _, e := range all {
			out = append(out, executionObject(e))
		}
		return a.printJSON(object{"format_version": showFormat, "executions": out})
	}
	if len(all) == 0 {
		a.note("There are no executions in %s.", a.opts.state)
		return nil
	}
	var rows [][]string
	for _, e := range all {
		rows = append(rows, []string{e.ID, e.Lifecycle, e.Phase, timeText(e.Started), timeText(e.Ended), e.Message})
	}
	writeTable(a.out, []string{"id", "lifecycle", "phase", "started", "ended", "message"}, rows)
	return nil
}

func (a *app) showExecution(ctx context.Context, s *session, id string, asJSON bool) error {
	var e *state.Execution
	err := state.ErrNotFound
	if s.store != nil {
		e, err = s.store.Execution(ctx, id)
	}
	if errors.Is(err, state.ErrNotFound) {
		return fmt.Errorf("there is no execution %q in %s; `orchestrate executions` lists them", id, a.opts.state)
	}
	if err != nil {
		return fmt.Errorf("read execution %s: %w", id, err)
	}
	if asJSON {
		out := executionObject(e)
		out["format_version"], out["steps"] = showFormat, stepObjects(e.Steps)
		return a.printJSON(out)
	}
	a.printf("Execution: %s\nStack:     %s\nLifecycle: %s\nPhase:     %s\nOwner:     %s\nStarted:   %s\nEnded:     %s\n",
		e.ID, e.Stack, e.Lifecycle, e.Phase, e.Owner, timeText(e.Started), timeText(e.Ended))
	if e.Message != "" {
		a.printf("Message:   %s\n", e.Message)
	}
	a.printf("\n")
	var rows [][]string
	for _, st := range e.Steps {
		rows = append(rows, []string{st.Node, typeLabel(st.Type), st.Action, st.Phase, strconv.Itoa(st.Attempts),
			timeText(st.Started), timeText(st.Ended), operationID(st.Operation), st.Error})
	}
	writeTable(a.out, []string{"node", "type", "action", "phase", "attempts", "started", "ended", "operation", "error"}, rows)
	return nil
}

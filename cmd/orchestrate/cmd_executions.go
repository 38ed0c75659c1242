package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

func newExecutions(a *app) *cobra.Command {
	var asJSON, follow bool
	var picture string
	c := &cobra.Command{
		Use:   "executions [ID] [options]",
		Short: "List executions, newest first, or show the steps of one",
		Long: `Lists the executions of all stacks, or of the one that --stack names. With an ID
it shows under which terms that execution runs and how far each step got: phase,
attempts, times, the cloud's ID of its operation, and why it failed. While the
execution runs it also shows what each step is at, with the sub-steps of its
operation, and what each of the others waits for.

With --follow it shows a running execution as its own terminal does, from
wherever the state can be read, until the execution has ended; the exit code is 1
if it did not succeed. Ctrl-C ends the following only. With --json it prints the
events of the steps; those of the plan and of the outputs are not on record.

With --timeline it draws the execution as SVG: a lane a step, when it waited and
when it was at work, with its attempts and sub-steps; and the critical path, the
steps without which the execution could not have ended sooner.`,
		Example: examples(
			"orchestrate executions", "orchestrate executions consortium-3", "orchestrate executions --stack consortium --json",
			"orchestrate executions consortium-3 --follow",
			"orchestrate executions consortium-3 --timeline course.svg",
			"orchestrate executions consortium-3 --follow --json   # the steps in the event stream of apply --json"),
		Args: cobra.MaximumNArgs(1),
	}
	a.addStackFlags(c)
	c.Flags().Lookup("stack").Usage = "only executions of the stack `NAME` (default: all)"
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().BoolVar(&follow, "follow", false, "tell what is recorded of the execution ID until it has ended")
	c.Flags().StringVar(&picture, "timeline", "", "draw the execution ID as SVG into `FILE`; - is standard output")
	c.MarkFlagsMutuallyExclusive("timeline", "follow")
	c.MarkFlagsMutuallyExclusive("timeline", "json")
	return command(c, func(ctx context.Context, c *cobra.Command, args []string) error {
		if len(args) == 0 {
			if err := needID(c, "follow", "timeline"); err != nil {
				return err
			}
		}
		s, err := a.openState(ctx, false)
		if err != nil {
			return err
		}
		defer s.close()
		if follow {
			if asJSON {
				a.streamEvents()
			}
			return s.follow(ctx, args[0])
		}
		if c.Flags().Changed("timeline") {
			if picture == "" {
				return usagef(c, "--timeline is empty: name a file, or - for standard output")
			}
			return s.drawExecution(ctx, args[0], picture)
		}
		if len(args) == 1 {
			return a.showExecution(ctx, s, args[0], asJSON)
		}
		return a.listExecutions(ctx, s, asJSON)
	})
}

// needID refuses options that say something about one execution.
func needID(c *cobra.Command, options ...string) error {
	for _, o := range options {
		if c.Flags().Changed(o) {
			return usagef(c, "--%s: name the execution; `orchestrate executions` lists them", o)
		}
	}
	return nil
}

// drawExecution writes the timeline of an execution. It needs no secrets.
func (s *session) drawExecution(ctx context.Context, id, path string) error {
	x, err := s.execution(ctx, id)
	if err != nil {
		return err
	}
	journal, err := s.store.Journal(ctx, id)
	var sealed *state.SealedError
	if err != nil && !errors.As(err, &sealed) {
		return fmt.Errorf("read the journal of execution %s: %w", id, err)
	}
	text := timelineOf(x, journal, s.app.now()).svg()
	if path == "-" {
		s.app.printf("%s", text)
		return nil
	}
	if err := replaceFile(path, text); err != nil {
		return err
	}
	s.app.printf("The timeline of execution %s is written to %s.\n", id, path)
	return nil
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
		rows = append(rows, []string{e.ID, e.Lifecycle, e.Phase, numberText(e.Revision), timeText(e.Started), timeText(e.Ended), e.Message})
	}
	writeTable(a.out, []string{"id", "lifecycle", "phase", "revision", "started", "ended", "message"}, rows)
	return s.noteDeserted(ctx, all...)
}

func (a *app) showExecution(ctx context.Context, s *session, id string, asJSON bool) error {
	e, err := s.execution(ctx, id)
	if err != nil {
		return err
	}
	if asJSON {
		out := executionObject(e)
		out["format_version"], out["progress"], out["steps"] = showFormat, progressOf(e), stepObjects(e)
		return a.printJSON(out)
	}
	for _, line := range executionLines(e) {
		if line[1] != "" {
			a.printf("%-12s%s\n", line[0]+":", line[1])
		}
	}
	a.printf("\n")
	var rows [][]string
	for _, st := range e.Steps {
		rows = append(rows, []string{nodeText(st), typeLabel(st.Type), st.Action, st.Phase, strconv.Itoa(st.Attempts),
			timeText(st.Started), timeText(st.Ended), operationID(st.Operation), st.Error})
	}
	if len(rows) == 0 {
		a.note("The execution has no steps.")
		return nil
	}
	writeTable(a.out, []string{"node", "type", "action", "phase", "attempts", "started", "ended", "operation", "error"}, rows)
	a.tellStandings(e)
	return s.noteDeserted(ctx, e)
}

// nodeText is the name of a step's node, with the one that it had before.
func nodeText(s state.StepRecord) string {
	if s.RenamedFrom == "" {
		return s.Node
	}
	return fmt.Sprintf("%s (was %s)", s.Node, s.RenamedFrom)
}

// executionLines are what is said of an execution before its steps; what has no
// value is left out.
func executionLines(e *state.Execution) [][2]string {
	t := e.Terms
	lines := [][2]string{
		{"Execution", e.ID}, {"Stack", e.Stack}, {"Lifecycle", e.Lifecycle}, {"Phase", e.Phase}, {"Status", statusOf(e.Phase)},
		{"Progress", fmt.Sprintf("%d%%", progressOf(e))}, {"Owner", e.Owner.String()},
		{"Started", timeText(e.Started)}, {"Ended", timeText(e.Ended)}, {"Message", e.Message},
		{"Revision", numberText(e.Revision)}, {"On failure", onFailureOf(t)}, {"Timeout", timeoutText(t)},
		{"Retries", t.Retries}, {"Undoes", t.Undoes}, {"Targets", strings.Join(t.Targets, ", ")},
		{"Replaces", strings.Join(t.Replace, ", ")}, {"Retains", strings.Join(t.Retain, ", ")},
		{"Leaves out", strings.Join(t.Skip, ", ")},
		{"May lose", strings.Join(t.AllowDataLoss, ", ")},
	}
	if e.Lifecycle == lifecycleRollback {
		lines = append(lines, [2]string{"Returns to", returnText(t.To)})
	}
	if t.Force {
		lines = append(lines, [2]string{"Force", "what can't be deleted is forgotten"})
	}
	if by := e.CancelAsked; by != nil {
		lines = append(lines, [2]string{"Cancelled", "by " + by.String()})
	}
	return lines
}

func numberText(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

func onFailureOf(t state.Terms) string {
	if t.OnFailure == "" {
		return onFailureStop
	}
	return t.OnFailure
}

func timeoutText(t state.Terms) string {
	if t.Timeout == 0 {
		return "none"
	}
	return t.Timeout.String()
}

func returnText(revision int64) string {
	if revision == 0 {
		return "before the first revision"
	}
	return fmt.Sprintf("revision %d", revision)
}

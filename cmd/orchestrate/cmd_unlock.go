package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

func newUnlock(a *app) *cobra.Command {
	var force bool
	c := &cobra.Command{
		Use:   "unlock [options]",
		Short: "Break the hold of a dead process on a stack",
		Long: `Says who holds a stack, where and since when, and whether that process is alive,
and lets go of the stack if it is not. What the process had begun is on record:
the next apply, retry, rollback, delete or cancel takes it up.

It is seldom needed: the hold of a process that died on this machine counts for
nothing, and elsewhere it ends within half a minute. The hold of a process that
lives, or has given a sign of life within that time, is only broken with --force.
Whatever its process still tries to write is refused from then on; what it has
asked of the cloud cannot be called back.`,
		Example: examples(
			"orchestrate unlock --stack consortium",
			"orchestrate unlock --stack consortium -y",
			"orchestrate unlock --stack consortium --force   # its process hangs for good"),
		Args: cobra.NoArgs,
	}
	a.addStackFlags(c)
	c.Flags().BoolVarP(&a.opts.yes, "auto-approve", "y", false, "do not ask for approval")
	c.Flags().BoolVar(&force, "force", false, "break the hold of a process that lives, too")
	return command(c, func(ctx context.Context, c *cobra.Command, _ []string) error {
		s, err := a.openState(ctx, false)
		if err != nil {
			return err
		}
		defer s.close()
		stack, err := a.stackName(".")
		if err != nil {
			return err
		}
		return s.unlock(ctx, c, stack, force)
	})
}

// unlock lets go of a stack if nobody is at work on it, or that does not matter.
func (s *session) unlock(ctx context.Context, c *cobra.Command, stack string, force bool) error {
	h, err := s.held(ctx, stack)
	if err != nil {
		return err
	}
	if h == nil {
		if _, err := s.stackToShow(ctx, stack); err != nil {
			return err
		}
		s.app.printf("Nobody holds stack %s.\n", stack)
		return nil
	}
	s.app.note("Stack %s is held by %s.\n%s", stack, h.Owner, processText(h))
	if h.Living() && !force {
		return fmt.Errorf("its process may be at work, and only --force breaks its hold all the same: %w", &state.HeldError{Stack: stack, Owner: h.Owner, Expires: h.Expires})
	}
	if err := s.agreeToUnlock(c, h); err != nil {
		return err
	}
	err = s.file.Break(ctx, h)
	if errors.Is(err, state.ErrLeaseLost) {
		return fmt.Errorf("stack %s was let go or taken by another process in the meantime, and is left alone; look again with `orchestrate unlock`", stack)
	}
	if err != nil {
		return fmt.Errorf("unlock stack %s: %w", stack, err)
	}
	s.app.printf("Stack %s is unlocked.\n", stack)
	return s.tellUnfinished(ctx, stack)
}

// held tells who holds a stack; nil: nobody.
func (s *session) held(ctx context.Context, stack string) (*state.Hold, error) {
	if s.file == nil {
		return nil, nil
	}
	h, err := s.file.Held(ctx, stack)
	if err != nil {
		return nil, fmt.Errorf("look who holds stack %s: %w", stack, err)
	}
	return h, nil
}

// processText says what is known of the process that holds a stack.
func processText(h *state.Hold) string {
	at := h.Expires.UTC().Format("2006-01-02 15:04:05") + " UTC"
	switch {
	case h.Process == state.Dead:
		return "That process is dead."
	case h.Process == state.Alive && h.Expired:
		return "That process is alive, but stopped or stuck: it has not renewed its hold, which ran out at " + at + "."
	case h.Process == state.Alive:
		return "That process is alive."
	case h.Expired:
		return "Whether that process is alive cannot be told from here. It has not renewed its hold, which ran out at " + at + "."
	}
	return "Whether that process is alive cannot be told from here. It has renewed its hold lately; if it is dead, the hold runs out at " + at + "."
}

// agreeToUnlock asks whether to go on, after saying what that can lead to.
func (s *session) agreeToUnlock(c *cobra.Command, h *state.Hold) error {
	a := s.app
	if h.Living() {
		a.note("\n%s Its process is cut off from the state: what it has asked of the cloud goes on, but it can\n"+
			"record nothing more and stops. Work that it is about to begin may still reach the cloud once. Prefer\n"+
			"`orchestrate cancel`, which lets it come to a recorded point.", a.errStyle.paint(yellow, "warning:"))
	}
	if a.opts.yes {
		return nil
	}
	if !a.mayAsk() {
		return usagef(c, "nobody is there to agree (no terminal, or CI is set): give --auto-approve (-y)")
	}
	answer, err := a.ask(c.Context(), fmt.Sprintf("\nDo you want to break the hold on stack %q?\n  Only 'yes' will be accepted to approve.\n\n  Enter a value: ", h.Stack))
	if err == nil && answer != "yes" {
		err = exitCode{exitFailed, errors.New("nothing was changed: the hold was not to be broken")}
	}
	return err
}

// tellUnfinished says how to go on with what the former owner had begun.
func (s *session) tellUnfinished(ctx context.Context, stack string) error {
	h, err := s.history(ctx, stack)
	if err != nil {
		return err
	}
	if x := h.running(); x != nil {
		s.app.note("Execution %s has not ended. To go on:\n%s", x.ID, waysText([]wayOut{
			{s.app.stackCommand(stack, "retry"), "take up what runs in the cloud, and go on with what is left"},
			{s.app.stackCommand(stack, "cancel"), "take up what runs in the cloud, and end it"},
			{s.app.commandLine([]string{"executions", x.ID}), "see what came of each step"},
		}))
	}
	return nil
}

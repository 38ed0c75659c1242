package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

func newState(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "state COMMAND",
		Short: "The state itself: write it out whole, check that it is sound",
	}
	c.AddCommand(newStateExport(a))
	return c
}

func newStateExport(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "export [FILE] [options]",
		Short: "Write the whole state as one JSON document",
		Long: `Writes everything that the state holds, as it is at one moment: stacks, revisions,
elements, executions with their journals, and who holds what. Secrets stay sealed
in it, so that it needs no key. FILE gets the mode 0600; without one, or with -, the
document goes to standard output. Nothing is changed, and a state that cannot be
written will do. The schema is printed by "orchestrate schema state".`,
		Example: examples(
			"orchestrate state export backup.json",
			"orchestrate state export | jq '.stacks[].elements[] | [.node, .object_id]'",
			"orchestrate state export --state sqlite:/mnt/backup/state.db copy.json"),
		Args: cobra.MaximumNArgs(1),
	}
	a.addStateFlag(c)
	return command(c, func(ctx context.Context, c *cobra.Command, args []string) error {
		s, err := a.existingState(ctx)
		if err != nil {
			return err
		}
		defer s.close()
		if len(args) == 1 && args[0] != "-" {
			return s.exportTo(ctx, c, args[0])
		}
		text, err := s.export(ctx)
		if err == nil {
			a.printf("%s", text)
		}
		return err
	})
}

// existingState opens the state, which has to be there.
func (a *app) existingState(ctx context.Context) (*session, error) {
	s, err := a.openState(ctx, false)
	if err == nil && s.file == nil {
		err = fmt.Errorf("there is no state in %s; `apply` makes one, --state names another", a.opts.state)
	}
	return s, err
}

// export is the text of the whole state.
func (s *session) export(ctx context.Context) ([]byte, error) {
	all, err := s.file.Export(ctx)
	if err != nil {
		return nil, fmt.Errorf("export the state: %w", err)
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode the state: %w", err)
	}
	return append(text, '\n'), nil
}

// exportTo writes the state to a file, which must not be the state itself.
func (s *session) exportTo(ctx context.Context, c *cobra.Command, path string) error {
	there, err := os.Stat(path)
	own, ownErr := os.Stat(s.file.Path())
	if err == nil && ownErr == nil && os.SameFile(there, own) {
		return usagef(c, "%s is the state itself; name another file", path)
	}
	text, err := s.export(ctx)
	if err != nil {
		return err
	}
	if err := writePrivate(path, text); err != nil {
		return err
	}
	s.app.printf("The state is written to %s.\n", path)
	return nil
}

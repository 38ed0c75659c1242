package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

func newState(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:     "state COMMAND",
		Short:   "The state itself: write it out whole, check that it is sound",
		Example: examples("orchestrate state export backup.json", "orchestrate state verify"),
	}
	c.AddCommand(newStateExport(a), newStateVerify(a))
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

// verifyFormat is the version of the JSON of `state verify`; see
// schemas/verification.schema.json.
const verifyFormat = "1.0"

func newStateVerify(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "verify [options]",
		Short: "Check that the state is sound",
		Long: `Checks that the file is whole and has the tables of its version; that no row belongs
to what is not there; that what is stored can be read, and secrets open with the
key; and that the journal tells of the elements what is recorded of them. Work
whose outcome is not known, and who holds which stack, is told, and is no fault.
Nothing is changed. Exits 1 if something is wrong.`,
		Example: examples("orchestrate state verify", "orchestrate state verify --json | jq '.problems[]'", "orchestrate state verify --state sqlite:/mnt/backup/state.db"),
		Args:    cobra.NoArgs,
	}
	a.addStateFlag(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return command(c, func(ctx context.Context, _ *cobra.Command, _ []string) error {
		s, err := a.existingState(ctx)
		if err != nil {
			return err
		}
		defer s.close()
		r, err := s.file.Verify(ctx)
		if err != nil {
			return fmt.Errorf("verify the state: %w", err)
		}
		return s.showReport(r, asJSON)
	})
}

// showReport tells what was found, and fails if something is wrong.
func (s *session) showReport(r *state.Report, asJSON bool) error {
	a := s.app
	if asJSON {
		if err := a.printJSON(reportObject(s.file.Path(), r)); err != nil || r.Sound() {
			return err
		}
		return exitCode{code: exitFailed}
	}
	a.printf("%s, schema %d: %s, %s, %s, %s, %s.\n\n", s.file.Path(), r.Schema, count(r.Stacks, "stack", "stacks"), count(r.Elements, "element", "elements"),
		count(r.Runs, "execution", "executions"), count(r.Records, "record", "records"), count(r.Sealed, "sealed value", "sealed values"))
	writeTable(a.out, []string{"check", "result", "where", "what"}, reportRows(r))
	if r.Sound() {
		a.printf("\n%s\n", a.outStyle.paint(green, "The state is sound."))
		return nil
	}
	return &noWayBack{
		fmt.Sprintf("the state is not sound: %s", count(len(r.Problems), "problem", "problems")),
		"Nothing was changed. Keep a copy of it; `state export` writes out what can be read. Copies made before its form changed are beside it (*.bak).",
	}
}

// reportRows are the findings of each check, or that there is none.
func reportRows(r *state.Report) [][]string {
	var rows [][]string
	for _, check := range state.Checks() {
		before := len(rows)
		for _, kind := range []struct {
			name  string
			found []state.Finding
		}{{"problem", r.Problems}, {"note", r.Notes}} {
			for _, f := range kind.found {
				if f.Check == check {
					rows = append(rows, []string{check, kind.name, f.Place, f.Message})
				}
			}
		}
		if len(rows) == before {
			rows = append(rows, []string{check, "ok", "", ""})
		}
	}
	return rows
}

func reportObject(path string, r *state.Report) object {
	found := func(all []state.Finding) []state.Finding { return append([]state.Finding{}, all...) }
	return object{
		"format_version": verifyFormat, "path": path, "schema": r.Schema, "sound": r.Sound(),
		"stacks": r.Stacks, "elements": r.Elements, "executions": r.Runs, "records": r.Records,
		"sealed_values": r.Sealed, "sealed_values_unopened": r.Unopened,
		"problems": found(r.Problems), "notes": found(r.Notes),
	}
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

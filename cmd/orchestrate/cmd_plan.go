package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

func newPlan(a *app) *cobra.Command {
	var o planOptions
	c := &cobra.Command{
		Use:   "plan [PATH] [options]",
		Short: "Show what apply would do",
		Long: `Compares the blueprint at PATH (a file, or a folder with blueprint.yaml; default:
the current folder) with the recorded stack and with the cloud, and shows what
apply would do and why. Nothing is changed.`,
		Example: examples(
			"orchestrate plan blueprints/consortium --cloud local",
			"orchestrate plan --input nodes=3 --out plan.json && orchestrate apply plan.json",
			"orchestrate plan --json | jq '.resource_changes[].change.actions'",
			"orchestrate plan --detailed-exitcode   # 2: there are changes",
			"orchestrate plan --input 'zones=[east, west]' --force-trim",
			"orchestrate plan --target cache        # that node and what it depends on",
			"orchestrate plan --retain network      # if it leaves the stack, it stays in the cloud",
			"orchestrate plan --refresh-only        # what was changed outside",
			"orchestrate plan --strict-aos          # nothing but what AOS understands"),
		Args: cobra.MaximumNArgs(1),
	}
	a.addPlanningFlags(c)
	c.Flags().BoolVar(&o.json, "json", false, "print the plan as JSON, in the shape of OpenTofu's")
	c.Flags().StringVar(&o.out, "out", "", "save the plan to `FILE` for apply")
	c.Flags().BoolVar(&o.exitCode, "detailed-exitcode", false, "exit 2 if there are changes")
	addDestroyFlag(c, &o.destroy, "plan the deletion of the stack")
	return command(c, func(ctx context.Context, c *cobra.Command, args []string) error {
		return a.runPlan(ctx, c, pathArg(args), o)
	})
}

type planOptions struct {
	json, exitCode, destroy bool
	out                     string
}

func (a *app) runPlan(ctx context.Context, c *cobra.Command, path string, o planOptions) error {
	in, err := a.planIntent(c, path, o.destroy)
	if err != nil {
		return err
	}
	s, err := a.openToPlan(ctx, o)
	if err != nil {
		return err
	}
	defer s.close()
	if in.unsettled, err = s.warnOfRunning(ctx, in.stack); err != nil {
		return err
	}
	m, err := s.plan(ctx, in)
	if err != nil {
		return err
	}
	if o.json {
		err = a.printJSON(m.plan.Document(version(), m.all()))
	} else {
		a.printf("%s", renderPlan(m.plan, a.outStyle))
		a.warnOfForeseen(m)
	}
	if err == nil {
		err = m.err()
	}
	if err == nil && o.out != "" {
		err = a.savedPlan(s, m, in, o)
	}
	if err == nil && o.exitCode && !m.plan.Empty() {
		return exitCode{code: exitChanges}
	}
	return err
}

// openToPlan opens the state and the cloud. Planning leaves both alone, also when
// the plan is saved: then the key of the state is needed, which may be made.
func (a *app) openToPlan(ctx context.Context, o planOptions) (*session, error) {
	create := o.out != "" && state.NewKeyring(a.getenv(state.KeyVariable), "").NeedsState() // for the salt
	s, err := a.openSession(ctx, create)
	if err == nil {
		s.keys.SealAside()
	}
	return s, err
}

func (a *app) planIntent(c *cobra.Command, path string, destroy bool) (*intent, error) {
	if destroy {
		return a.deleteIntent(path)
	}
	return a.blueprintIntent(c, path)
}

func (a *app) savedPlan(s *session, m *made, in *intent, o planOptions) error {
	if err := s.savePlan(m, in, o.out); err != nil {
		return err
	}
	if !o.json {
		a.printf("\nSaved the plan to %s. To carry out exactly it:\n    %s\n", o.out, a.applyCommand(o.out))
	}
	return nil
}

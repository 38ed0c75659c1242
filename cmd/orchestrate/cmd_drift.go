package main

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/spf13/cobra"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/planner"
)

func newDrift(a *app) *cobra.Command {
	var o planOptions
	c := &cobra.Command{
		Use:   "drift [PATH] [options]",
		Short: "Compare what is recorded of a stack with the cloud",
		Long: `Reads the elements of a stack from the cloud and lists what was changed or deleted
outside of orchestrate. Nothing is changed, not even the record, and the blueprint
is not needed; PATH only gives the stack its default name. An apply sets right what
differs from the blueprint; apply --refresh-only writes down what was read.`,
		Example: examples(
			"orchestrate drift blueprints/consortium --cloud local",
			"orchestrate drift --stack consortium --detailed-exitcode   # 2: there is drift",
			"orchestrate drift --stack consortium --json | jq '.resource_drift[] | [.address, .change.actions]'"),
		Args: cobra.MaximumNArgs(1),
	}
	a.addStackFlags(c)
	a.addCloudFlags(c)
	c.Flags().IntVar(&a.opts.parallelism, "parallelism", defaultParallelism, "read at most `N` elements at once")
	c.Flags().BoolVar(&o.json, "json", false, "print a plan without steps as JSON, as plan --refresh-only --json does")
	c.Flags().BoolVar(&o.exitCode, "detailed-exitcode", false, "exit 2 if there is drift")
	return command(c, func(ctx context.Context, _ *cobra.Command, args []string) error {
		stack, err := a.stackName(dsl.Place(pathArg(args)))
		if err != nil {
			return err
		}
		return a.runDrift(ctx, &intent{stack: stack, refreshOnly: true, known: true}, o)
	})
}

func (a *app) runDrift(ctx context.Context, in *intent, o planOptions) error {
	s, err := a.openFor(ctx, in)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.noteRunning(ctx, in.stack, "drift"); err != nil {
		return err
	}
	a.opts.refresh = true // there is nothing else to do here
	m, err := s.plan(ctx, in)
	if err != nil {
		return err
	}
	// What the planner says against forgetting what is gone is no concern here:
	// nothing is forgotten.
	s.warnOfElsewhere(m)
	if o.json {
		err = a.printJSON(m.plan.Document(version(), nil))
	} else {
		a.listDrift(m.plan)
	}
	if err == nil && o.exitCode && len(m.plan.Drift) > 0 {
		return exitCode{code: exitChanges}
	}
	return err
}

// noteRunning says when an execution is changing what is looked at, and as what
// that may show.
func (s *session) noteRunning(ctx context.Context, stack, as string) error {
	h, err := s.history(ctx, stack)
	if err != nil {
		return err
	}
	if x := h.running(); x != nil {
		s.app.note("Note: execution %s has not ended; what it is changing may show as %s.", x.ID, as)
	}
	return nil
}

// warnOfElsewhere says when what was not found is hardly gone: the stack is in
// another place than the one that was looked at.
func (s *session) warnOfElsewhere(m *made) {
	a, lost := s.app, 0
	for _, d := range m.plan.Drift {
		if d.Gone {
			lost++
		}
	}
	warning := a.errStyle.paint(yellow, "warning:")
	switch inCloud := slices.DeleteFunc(typesOf(m.request.State), func(t string) bool { return !callsCloud(t) }); {
	case lost == 0:
	case m.request.Elsewhere != "":
		a.note("%s stack %s was last worked on in %s, and this command looked at %s.", warning, m.plan.Stack, m.request.Elsewhere, s.cloud.place())
	case lost == len(inCloud):
		a.note("%s no object of stack %s was found at all: check --cloud, the region and the project.", warning, m.plan.Stack)
	}
}

func (a *app) listDrift(p *planner.Plan) {
	if len(p.Drift) == 0 {
		a.printf("%s The cloud is as stack %q records it.\n", a.outStyle.paint(green, "No drift."), p.Stack)
		return
	}
	var rows [][]string
	for _, d := range p.Drift {
		if d.Gone {
			rows = append(rows, []string{d.Node, typeLabel(d.Type), "", "", "deleted"})
		}
		for _, c := range d.Changes {
			rows = append(rows, []string{d.Node, typeLabel(d.Type), c.Path, cellText(c.Before), cellText(c.After)})
		}
	}
	writeTable(a.out, []string{"node", "type", "property", "recorded", "in the cloud"}, rows)
}

// cellText writes a value on one line.
func cellText(v intrinsic.Value) string {
	if text, ok := leafText(v); ok {
		return text
	}
	text, _ := json.Marshal(withoutSecrets(v)) // plain data always encodes
	return string(text)
}

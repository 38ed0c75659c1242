package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/orchestrate-tosca/orchestrate/dsl/expand"
	"github.com/orchestrate-tosca/orchestrate/planner"
)

func newGraph(a *app) *cobra.Command {
	var format string
	var plan bool
	c := &cobra.Command{
		Use:   "graph [PATH] [options]",
		Short: "Draw the topology of a blueprint, or a plan",
		Long: `Draws the node templates of the blueprint at PATH and what they need; with --plan
the steps that apply would take and what they wait for. An arrow leads to what
must be there first.`,
		Example: examples("orchestrate graph blueprints/consortium --format svg > consortium.svg",
			"orchestrate graph --format mermaid", "orchestrate graph --plan --cloud local | dot -Tpng > plan.png"),
		Args: cobra.MaximumNArgs(1),
	}
	a.addPlanningFlags(c)
	c.Flags().StringVar(&format, "format", "dot", "`FORMAT` of the drawing: dot, mermaid, svg")
	c.Flags().BoolVar(&plan, "plan", false, "draw the plan")
	return command(c, func(ctx context.Context, c *cobra.Command, args []string) error {
		if err := oneOf(c, "format", format, "dot", "mermaid", "svg"); err != nil {
			return err
		}
		d, err := a.drawing(ctx, c, pathArg(args), plan)
		if err != nil {
			return err
		}
		a.draw(d, format)
		return nil
	})
}

func (a *app) drawing(ctx context.Context, c *cobra.Command, path string, plan bool) (drawing, error) {
	if plan {
		p, err := a.planToDraw(ctx, c, path)
		if err != nil {
			return drawing{}, err
		}
		return drawPlan(p), nil
	}
	src, err := a.loadSource(path)
	if err == nil {
		err = src.err(nil)
	}
	if err != nil {
		return drawing{}, err
	}
	if expand.Needed(src.blueprint) {
		inputs, found, err := a.resolveInputs(c, src, "stack")
		if err == nil && !found.HasErrors() {
			found = append(found, src.expand(inputs, a.opts.forceTrim)...)
		}
		if err == nil {
			err = src.err(found)
		}
		if err != nil {
			return drawing{}, err
		}
		return drawBlueprint(src.file, src.flat), nil
	}
	return drawBlueprint(src.file, src.blueprint), nil
}

// planToDraw makes the plan; one that would be refused is drawn all the same.
func (a *app) planToDraw(ctx context.Context, c *cobra.Command, path string) (*planner.Plan, error) {
	in, err := a.blueprintIntent(c, path)
	if err != nil {
		return nil, err
	}
	s, err := a.openSession(ctx, false)
	if err != nil {
		return nil, err
	}
	defer s.close()
	m, err := s.plan(ctx, in)
	if err != nil {
		return nil, err
	}
	return m.plan, nil
}

func (a *app) draw(d drawing, format string) {
	switch format {
	case "mermaid":
		a.printf("%s", d.mermaid())
	case "svg":
		a.printf("%s", d.svg())
	default:
		a.printf("%s", d.dot())
	}
}

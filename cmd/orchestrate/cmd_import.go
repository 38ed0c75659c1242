package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/executor"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

func newImport(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "import NODE ID [PATH] [options]",
		Short: "Take an object that exists into a stack",
		Long: `Records the cloud object with this ID as the element of NODE, a node template of
the blueprint at PATH. Nothing is changed in the cloud: the object is read, and
the next plan shows how it differs from what the blueprint says. The stack is
made if there is none yet.

IDs of things inside others have the form PARENT/NAME, as "orchestrate elements"
shows them. A node whose creation failed can be given the object that was
repaired by hand.`,
		Example: examples(
			"orchestrate import network 5f2b4c1e-... blueprints/consortium --cloud local",
			"orchestrate import bank 1c0ffee5-.../bank --stack consortium",
			"orchestrate plan                               # shows what differs"),
		Args: cobra.RangeArgs(2, 3),
	}
	a.addStackFlags(c)
	a.addCloudFlags(c)
	a.addAnswerFlag(c)
	a.addInputFlags(c)
	a.addTrimFlag(c)
	c.Flags().IntVar(&a.opts.parallelism, "parallelism", defaultParallelism, "at most `N` steps at once")
	return command(c, func(ctx context.Context, c *cobra.Command, args []string) error {
		in, err := a.blueprintIntent(c, pathArg(args[2:]))
		if err != nil {
			return err
		}
		return a.importObject(ctx, in, args[0], args[1])
	})
}

// importObject takes hold of the stack and records the object in it.
func (a *app) importObject(ctx context.Context, in *intent, node, id string) error {
	s, err := a.openSession(ctx, true)
	if err != nil {
		return err
	}
	defer s.close()
	ctx, lease, release, err := s.hold(ctx, in.stack)
	if err != nil {
		return err
	}
	defer release()
	if err := s.settle(ctx, lease, in); err != nil {
		return err
	}
	req, err := s.importRequest(ctx, in, node, id)
	if err != nil {
		return err
	}
	if err := s.cloud.reach(ctx, []string{req.Type}); err != nil {
		return err
	}
	req.Free = func(ctx context.Context, id string) error { return s.inOtherStack(ctx, in.stack, req.Type, id) }
	done, err := looked(ctx, a, func(ctx context.Context) (*executor.Imported, error) { return s.engine.Import(ctx, lease, *req) })
	if err != nil {
		return s.notThere(req, err)
	}
	a.printf("Imported %s %s as %q into stack %s.\n", typeLabel(req.Type), done.Element.ObjectID, node, in.stack)
	a.note("Nothing was changed in the cloud. To see how it differs from what the blueprint says:\n    %s", a.planCommand(in))
	return nil
}

// inOtherStack refuses an object that another stack of this state has: each of
// the two would change it back, and delete it under the other.
func (s *session) inOtherStack(ctx context.Context, own, typ, id string) error {
	others, err := s.objectsOfOthers(ctx, own)
	if err != nil {
		return err
	}
	if at, is := others[objectKey(typ, id)]; is {
		return fmt.Errorf("%s %s is in stack %s already, as %s. Two stacks can't both keep it: take it out of that one first (apply or delete with --retain %s leaves it in the cloud), or only read it, as an external node of that stack",
			typeLabel(typ), id, at.stack, at.node, at.node)
	}
	return nil
}

// nodeOf is a node of a stack.
type nodeOf struct{ stack, node string }

func objectKey(typ, id string) string { return typ + "\x00" + id }

// objectsOfOthers are the objects that other stacks of the state have.
func (s *session) objectsOfOthers(ctx context.Context, own string) (map[string]nodeOf, error) {
	all, err := s.store.Stacks(ctx)
	if err != nil {
		return nil, fmt.Errorf("list stacks: %w", err)
	}
	out := map[string]nodeOf{}
	for _, other := range all {
		if other.Name == own {
			continue
		}
		st, err := s.stackWithoutSecrets(ctx, other.Name)
		if err != nil {
			return nil, err
		}
		if st == nil {
			continue
		}
		for _, e := range sortedElements(st) {
			out[objectKey(e.Type, e.ObjectID)] = nodeOf{st.Name, e.Node}
		}
	}
	return out, nil
}

// notThere gives an import that finds no object advice of its own: what was
// never part of the stack has not been deleted outside it.
func (s *session) notThere(req *executor.ImportRequest, err error) error {
	var vendor *providers.Error
	if !errors.As(err, &vendor) || vendor.Kind != providers.NotFound {
		return err
	}
	place := s.cloud.place()
	return &providers.Error{
		Kind: providers.NotFound, Message: err.Error(), Err: err,
		Advice: fmt.Sprintf("Nothing was imported. Check that the ID is that of a %s, and that the object lies where it was looked for: region %s, project %s. `orchestrate auth show` says where both come from.",
			typeLabel(req.Type), cmp.Or(place.Region, "not set"), cmp.Or(place.Project, "that of the region")),
	}
}

// importRequest finds out what the blueprint says of a node: its properties, as
// far as they are known, and what it depends on.
func (s *session) importRequest(ctx context.Context, in *intent, node, id string) (*executor.ImportRequest, error) {
	st, err := s.stack(ctx, in.stack)
	if err != nil {
		return nil, err
	}
	req, err := s.request(ctx, in, st)
	if err != nil {
		return nil, err
	}
	req.Former, req.Strict, req.Targets = nil, false, map[string]bool{node: true}
	at := slices.IndexFunc(req.Blueprint.Nodes, func(n *dsl.NodeTemplate) bool { return n.Name.Text == node })
	if at < 0 {
		return nil, noTemplate(req, node)
	}
	p, problems := planner.Make(*req)
	step := slices.IndexFunc(p.Steps, func(s *planner.Step) bool { return s.Node == node })
	switch n := req.Blueprint.Nodes[at]; {
	case step < 0 && (n.Condition != nil || n.Trimmed != ""):
		return nil, exitCode{exitInvalid, fmt.Errorf("%s; what the plan leaves out can't be imported", noStepFor(p, node))}
	case step < 0:
		return nil, &invalid{diags: problems, sources: in.source.texts}
	}
	x := p.Steps[step]
	return &executor.ImportRequest{
		Stack: in.stack, Node: node, Type: x.Type, ObjectID: id, Properties: x.After, DependsOn: x.DependsOn, Retain: x.Retain,
		Catalogue: req.Catalogue, Terms: state.Terms{}, Contents: req.Contents, Files: in.files(),
	}, nil
}

func noTemplate(req *planner.Request, node string) error {
	known := make([]string, len(req.Blueprint.Nodes))
	for i, n := range req.Blueprint.Nodes {
		known[i] = n.Name.Text
	}
	slices.Sort(known)
	return exitCode{exitInvalid, fmt.Errorf("the blueprint has no node template %q;%s it has %s", node, diag.DidYouMean(node, known), strings.Join(known[:min(len(known), 20)], ", "))}
}

// planCommand is a command line to copy.
func (a *app) planCommand(in *intent) string {
	command := []string{"plan", in.source.path, "--stack", in.stack}
	if a.opts.cloud != "huaweicloud" {
		command = append(command, "--cloud", a.opts.cloud)
	}
	return a.commandLine(command)
}

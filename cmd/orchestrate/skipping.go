package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/executor"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
)

// leaving are the nodes of failed steps that a plan may do without, with those
// that have to be left with them: out of a rollback, or in the cloud by a
// deletion.
func leaving(p *planner.Plan, failed []executor.StepError) []string {
	nodes := map[string]bool{}
	for _, e := range failed {
		nodes[e.Node] = true
	}
	all := slices.Sorted(maps.Keys(nodes))
	if p.Lifecycle == lifecycleDelete {
		return p.Retaining(all...)
	}
	return p.Skipping(all...)
}

// failedSteps are the nodes of those of an execution, by name.
func failedSteps(x *state.Execution) []string {
	nodes := map[string]bool{}
	for _, s := range x.Steps {
		if strings.HasSuffix(s.Phase, "Failed") {
			nodes[s.Node] = true
		}
	}
	return slices.Sorted(maps.Keys(nodes))
}

// tellSkipping names, where a rollback is refused, the command that leaves out
// what it is refused for.
func (a *app) tellSkipping(m *made, in *intent) {
	if in.back == nil || m.err() == nil {
		return
	}
	stuck := m.plan.Skipping(m.blamed()...)
	if len(stuck) == 0 {
		return
	}
	if a.afterword != "" {
		a.afterword += "\n"
	}
	skip := sortedNames(append(stuck, in.terms.Skip...))
	a.afterword += "To leave it as it is and roll the rest back:\n    " + a.againCommand(in, sortedNames(a.opts.allowDataLoss), skip)
}

// blamed are the nodes that a plan is refused for, by name: those whose data
// would be lost, and those in whose templates the problems lie.
func (m *made) blamed() []string {
	nodes := map[string]bool{}
	for _, s := range losing(m.plan, m.request.AllowDataLoss) {
		nodes[s.Node] = true
	}
	for _, d := range m.all() {
		if t := templateAt(m.plan.Blueprint, d); t != nil {
			nodes[t.Name.Text] = true
		}
	}
	return slices.Sorted(maps.Keys(nodes))
}

// templateAt is the node template that an error lies in; nil if it lies in none.
// What can't be left out says itself what to do.
func templateAt(bp *dsl.Blueprint, d diag.Diagnostic) *dsl.NodeTemplate {
	if bp == nil || d.Severity != diag.Error || d.Code == planner.CodeCannotSkip {
		return nil
	}
	for _, n := range bp.Nodes {
		if n.Range.File == d.Subject.File && n.Name.Range.Start.Line <= d.Subject.Start.Line && d.Subject.End.Line <= n.Range.End.Line {
			return n
		}
	}
	return nil
}

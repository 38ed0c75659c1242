package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/executor"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
)

// approval says how the user agrees to a plan.
type approval struct {
	given bool
	// word is what must be typed; "" means yes. A deletion that loses data
	// asks for the name of the stack.
	word string
}

// carryOut takes hold of the stack, takes up what an earlier execution left,
// plans, asks, and runs the plan.
func (a *app) carryOut(ctx context.Context, in *intent, ok approval) error {
	s, err := a.openSession(ctx, true)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.unsealInputs(in); err != nil {
		return err
	}
	ctx, lease, release, err := s.hold(ctx, in.stack)
	if err != nil {
		return err
	}
	defer release()
	err = a.interrupt.gently(func(stop <-chan struct{}) error { return s.recover(ctx, lease, in, stop) })
	if err != nil {
		return err
	}
	m, err := s.plan(ctx, in)
	if err != nil {
		return err
	}
	if in.saved == nil || m.err() == nil { // instead of a saved plan that is refused no other one is shown
		a.present(m)
	}
	if in.source == nil {
		ok = a.guardData(m, in, ok)
	}
	if err := m.err(); err != nil {
		return err
	}
	if m.nothingToDo() {
		a.unchanged(m)
		return nil
	}
	if err := s.cloud.reach(ctx, typesOfSteps(m.plan)); err != nil {
		return err
	}
	if err := a.approve(ok, m.plan); err != nil {
		return err
	}
	return a.interrupt.gently(func(stop <-chan struct{}) error { return s.run(ctx, lease, m, in, stop) })
}

// recover takes up what an execution that never ended has left running.
func (s *session) recover(ctx context.Context, lease *state.Lease, in *intent, stop <-chan struct{}) error {
	observe, done := follow(s.app.view(nil), s.app.now)
	defer done()
	found, err := s.engine.Recover(ctx, lease, in.stack, executor.Options{
		Parallelism: s.app.opts.parallelism, Timeout: s.app.opts.timeout, Stop: stop, Observe: observe,
	})
	done()
	if found != nil {
		s.app.tellRecovered(found)
	}
	if err != nil {
		return fmt.Errorf("take up what an earlier execution of %s left: %w", in.stack, err)
	}
	return nil
}

// tellRecovered says what came of what an earlier execution had left running.
func (a *app) tellRecovered(r *executor.Recovered) {
	if a.events != nil || r.Execution == nil {
		return
	}
	if n := len(r.Finished) + len(r.Adopted) + len(r.NotDone) + len(r.Errors); n > 0 {
		a.note("Execution %s was taken up: %s.", r.Execution.ID, count(n, "open step is settled", "open steps are settled"))
	}
	for _, e := range r.Errors {
		a.note("%s %s: %s", a.errStyle.paint(yellow, "warning:"), e.Node, sentence(e.Err.Error()))
	}
}

// view chooses how an execution is shown.
func (a *app) view(p *planner.Plan) view {
	switch {
	case a.events != nil:
		return a.events
	case a.err.isTerminal():
		return newTTYView(a.err, a.err.size, a.errStyle, p)
	}
	return newPlainView(a.err)
}

// present shows the plan.
func (a *app) present(m *made) {
	if a.events != nil {
		a.events.plan(m.plan)
		return
	}
	a.printf("%s", renderPlan(m.plan, a.outStyle))
}

// nothingToDo reports whether the plan changes nothing. A stack without
// elements still has to go when it is to be deleted.
func (m *made) nothingToDo() bool {
	if m.plan.Lifecycle == "delete" {
		return m.request.State == nil
	}
	return m.plan.Empty()
}

// unchanged ends an execution that was not needed: what the stack gives is
// shown, and nothing is recorded.
func (a *app) unchanged(m *made) {
	if m.request.State != nil {
		a.showOutputs(m.request.State.Outputs)
	}
}

func (a *app) approve(ok approval, p *planner.Plan) error {
	if ok.given {
		return nil
	}
	want := ok.word
	if want == "" {
		want = "yes"
	}
	answer, err := a.ask(question(p, want))
	if err != nil {
		return err
	}
	if answer != want {
		word := "Apply"
		if p.Lifecycle == "delete" {
			word = "Destroy"
		}
		return exitCode{exitFailed, fmt.Errorf("%s cancelled: nothing was changed", word)}
	}
	a.note("")
	return nil
}

func question(p *planner.Plan, want string) string {
	what := "Do you want to perform these actions?"
	if p.Lifecycle == "delete" {
		what = fmt.Sprintf("Do you really want to destroy all elements of stack %q?", p.Stack)
	}
	only := "Only 'yes' will be accepted to approve."
	if want != "yes" {
		only = fmt.Sprintf("Data will be lost for good. Only the name of the stack, %q, will be accepted to approve.", want)
	}
	return fmt.Sprintf("\n%s\n  %s\n\n  Enter a value: ", what, only)
}

// run carries the plan out and tells how it ended.
func (s *session) run(ctx context.Context, lease *state.Lease, m *made, in *intent, stop <-chan struct{}) error {
	a := s.app
	observe, done := follow(a.view(m.plan), a.now)
	defer done()
	res, err := s.engine.Run(ctx, lease, m.plan, executor.Options{
		Parallelism: a.opts.parallelism, Timeout: a.opts.timeout, Stop: stop, Observe: observe, Source: in.text(),
	})
	done()
	if err != nil {
		err = fmt.Errorf("carry out the plan: %w", err)
		if res != nil && res.Changed {
			return exitCode{exitPartWay, err}
		}
		return err
	}
	switch res.Outcome {
	case executor.Succeeded:
		a.succeeded(m.plan, res)
		return nil
	case executor.Interrupted:
		return a.stoppedShort(res)
	}
	return a.failedShort(m, res)
}

func (a *app) succeeded(p *planner.Plan, res *executor.Result) {
	n := res.Summary
	message := fmt.Sprintf("Apply complete! Resources: %d added, %d changed, %d destroyed.", n.Add, n.Change, n.Destroy)
	operation := "apply"
	if p.Lifecycle == "delete" {
		message = fmt.Sprintf("Destroy complete! Resources: %d destroyed.", n.Destroy)
		operation = "destroy"
	}
	if a.events != nil {
		a.events.summary(n, operation, message)
	} else {
		a.printf("\n%s\n", a.outStyle.paint(green, message))
	}
	if p.Lifecycle != "delete" {
		a.showOutputs(res.Outputs)
	}
}

// stoppedShort ends an execution that was interrupted.
func (a *app) stoppedShort(res *executor.Result) error {
	for _, e := range res.Errors {
		a.note("%s: %v", e.Node, e.Err)
	}
	return exitCode{exitInterrupted, fmt.Errorf("execution %s was interrupted after %s; run the same command again to go on from there", res.Execution.ID, doneText(res.Summary))}
}

func (a *app) failedShort(m *made, res *executor.Result) error {
	err := &failedRun{execution: res.Execution.ID, changed: res.Changed, steps: res.Errors, sources: m.texts}
	a.afterword = fmt.Sprintf("Execution %s failed after %s. What was done is recorded: put right what failed and run the same command again to go on from there, or look at it with:\n    orchestrate executions %s", res.Execution.ID, doneText(res.Summary), res.Execution.ID)
	return err
}

func doneText(n planner.Summary) string {
	return fmt.Sprintf("%d added, %d changed, %d destroyed", n.Add, n.Change, n.Destroy)
}

// showOutputs prints the outputs of a stack, if it has any.
func (a *app) showOutputs(all map[string]state.Document) {
	if a.events != nil {
		a.events.outputs(all)
		return
	}
	if len(all) == 0 {
		return
	}
	a.printf("\n%s\n\n%s", a.outStyle.paint(green, "Outputs:"), outputsText(all))
}

// losing are the acting steps that destroy data without having been named, by
// name.
func losing(p *planner.Plan, allowed map[string]bool) []*planner.Step {
	var out []*planner.Step
	for _, s := range actingSteps(p) {
		if dataLoss(s) != "" && !allowed[s.Node] {
			out = append(out, s)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Node < out[j].Node })
	return out
}

// guardData lets the user agree to a deletion that destroys data of elements
// that were not named: on a terminal the name of the stack may be typed, so the
// plan is made again as if they had been. Else the plan stays refused, and the
// command to copy is said.
func (a *app) guardData(m *made, in *intent, ok approval) approval {
	lost := losing(m.plan, in.allow)
	if len(lost) == 0 {
		return ok
	}
	var list strings.Builder
	named := maps.Clone(in.allow)
	for _, s := range lost {
		fmt.Fprintf(&list, "\n  %s (%s): %s", s.Node, typeLabel(s.Type), s.HoldsData)
		named[s.Node] = true
	}
	if ok.given {
		a.afterword = "If all of that is meant:\n    " + a.deleteCommand(in.stack, named)
		return ok
	}
	a.note("\nDeleting stack %q destroys data:%s", in.stack, &list)
	m.request.AllowDataLoss = named
	m.plan, m.problems = planner.Make(m.request)
	ok.word = in.stack
	return ok
}

// deleteCommand is a command line to copy.
func (a *app) deleteCommand(stack string, allow map[string]bool) string {
	nodes := slices.Sorted(maps.Keys(allow))
	return a.commandLine([]string{"delete", "--stack", stack, "--cloud", a.opts.cloud}, "-y", "--allow-data-loss", strings.Join(nodes, ","))
}

// applyCommand is a command line to copy, for a plan file.
func (a *app) applyCommand(file string) string {
	if a.opts.cloud == "huaweicloud" {
		return a.commandLine([]string{"apply", file})
	}
	return a.commandLine([]string{"apply", file, "--cloud", a.opts.cloud})
}

// commandLine is a command to copy, with the folder and the state of this one.
func (a *app) commandLine(command []string, options ...string) string {
	words := []string{"orchestrate"}
	if a.opts.dir != "" {
		words = append(words, "-C", a.opts.dir)
	}
	words = append(words, command...)
	if a.opts.state != "sqlite:"+besides("state.db") {
		words = append(words, "--state", a.opts.state)
	}
	words = append(words, options...)
	for i := range words {
		words[i] = shellQuote(words[i])
	}
	return strings.Join(words, " ")
}

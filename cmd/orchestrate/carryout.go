package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
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
	s, err := a.openFor(ctx, in)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.unsealInputs(in); err != nil {
		return err
	}
	in.since = a.now()
	ctx, lease, release, err := s.hold(ctx, in.stack)
	if err != nil {
		return err
	}
	defer release()
	if err := s.settle(ctx, lease, in); err != nil {
		return whyEnded(ctx, err)
	}
	m, err := s.agree(ctx, in, ok)
	if err != nil || m == nil {
		return err
	}
	return a.interrupt.gently(func(stop <-chan struct{}) error { return s.run(ctx, lease, m, in, stop) })
}

// agree plans, shows the plan and asks, all within the time of the command. It
// returns nil when there is nothing to be done.
func (s *session) agree(ctx context.Context, in *intent, ok approval) (*made, error) {
	a := s.app
	ctx, cancel := in.within(ctx)
	defer cancel()
	m, err := s.plan(ctx, in)
	if err != nil {
		return nil, whyEnded(ctx, err)
	}
	if in.saved == nil || !m.problems.HasErrors() { // instead of a saved plan that is refused no other one is shown
		a.present(m)
		a.warnOfForeseen(m)
	}
	ok = a.guardData(m, in, ok)
	a.tellSkipping(m, in)
	if err := m.err(); err != nil {
		return nil, err
	}
	if m.halfway, err = s.halfway(ctx, m); err != nil {
		return nil, err
	}
	if m.nothingToDo() {
		a.unchanged(m)
		return nil, nil
	}
	a.tellHealing(m)
	err = s.cloud.reach(ctx, typesOfSteps(m.plan))
	if err == nil {
		err = a.approve(ctx, ok, m.plan)
	}
	if err == nil {
		err = a.interrupt.check()
	}
	if err == nil {
		err = ctx.Err()
	}
	return m, whyEnded(ctx, err)
}

// openFor opens what an intent works with. A stack that has to exist is not
// made by looking for it.
func (a *app) openFor(ctx context.Context, in *intent) (*session, error) {
	s, err := a.openSession(ctx, !in.known)
	if err != nil || !in.known {
		return s, err
	}
	if _, err = s.stackToShow(ctx, in.stack); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// settle takes up what an earlier execution left behind, and then decides what
// depends on how that ended.
func (s *session) settle(ctx context.Context, lease *state.Lease, in *intent) error {
	err := s.app.interrupt.gently(func(stop <-chan struct{}) error { return s.recover(ctx, lease, in, stop) })
	if err == nil {
		err = s.app.interrupt.check() // it may have come when all was settled
	}
	if err != nil || in.decide == nil {
		return err
	}
	decide := in.decide
	in.decide = nil
	return decide(ctx, s)
}

// recover takes up what an execution that never ended has left running.
func (s *session) recover(ctx context.Context, lease *state.Lease, in *intent, stop <-chan struct{}) error {
	observe, done := follow(s.app.view(nil), s.app.now)
	defer done()
	found, err := s.engine.Recover(ctx, lease, in.stack, executor.Options{
		Parallelism: s.app.opts.parallelism, Timeout: s.app.opts.timeout, Since: in.since, Stop: stop, Observe: observe,
		Answers: s.app.opts.answers,
	})
	done()
	if found != nil {
		s.app.tellRecovered(found)
	}
	if err != nil {
		return s.app.notTakenUp(in.stack, err)
	}
	s.app.opts.answers = nil // what fails later on asks for itself
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

// view is how an execution of a plan is shown.
func (a *app) view(p *planner.Plan) view { return a.viewOn(a.err, a.errStyle, p) }

// viewOn chooses how an execution is shown on a stream; p is nil if there is no
// plan of it.
func (a *app) viewOn(s *stream, st style, p *planner.Plan) view {
	switch {
	case a.events != nil:
		return a.events
	case s.isTerminal():
		return newTTYView(s, s.size, st, p)
	}
	return newPlainView(s)
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
// elements still has to go when it is to be deleted, and one whose last
// execution did not get through is whole again once that is on record.
func (m *made) nothingToDo() bool {
	st := m.request.State
	switch {
	case m.plan.Lifecycle == lifecycleDelete:
		return st == nil
	case m.heals():
		return false
	}
	return m.plan.Empty()
}

// heals reports whether carrying the plan out ends a failed phase of the stack,
// or makes of a stack that was left half done one that can be returned to. A plan
// for a part of it does so only for an execution that was for that part.
func (m *made) heals() bool {
	st := m.request.State
	return st != nil && (statusOf(st.Phase) == statusAbnormal || m.halfway != nil) && !m.plan.RefreshOnly && (!m.plan.Targeted || m.request.Again)
}

// halfway is the last execution of a stack for which there is nothing to do, if
// that has succeeded, but left it half done; nil if not.
func (s *session) halfway(ctx context.Context, m *made) (*state.Execution, error) {
	if !m.plan.Empty() || m.plan.Lifecycle == lifecycleDelete {
		return nil, nil
	}
	h, err := s.history(ctx, m.plan.Stack)
	if err != nil {
		return nil, err
	}
	if x := h.last(); x != nil && succeeded(x) && !h.whole(x) {
		return x, nil
	}
	return nil, nil
}

// tellHealing says why a plan without changes is carried out.
func (a *app) tellHealing(m *made) {
	switch {
	case !m.plan.Empty() || !m.heals():
	case m.halfway != nil:
		a.note("Execution %s has led stack %s back to what an execution had left half done. Now it is as it should be: that is recorded.", m.halfway.ID, m.plan.Stack)
	default:
		a.note("The last execution of stack %s did not get through (%s). Nothing is left to do: that is recorded.", m.plan.Stack, m.request.State.Phase)
	}
}

// unchanged ends an execution that was not needed: what the stack gives is
// shown, and nothing is recorded.
func (a *app) unchanged(m *made) {
	if m.request.State != nil {
		a.showOutputs(m.request.State.Outputs)
	}
}

func (a *app) approve(ctx context.Context, ok approval, p *planner.Plan) error {
	if ok.given || p.Empty() && p.Lifecycle != lifecycleDelete {
		return nil
	}
	want := ok.word
	if want == "" {
		want = "yes"
	}
	answer, err := a.ask(ctx, question(p, want))
	if err != nil {
		return err
	}
	if answer != want {
		word := "Apply"
		if p.Lifecycle == lifecycleDelete {
			word = "Destroy"
		}
		return exitCode{exitFailed, fmt.Errorf("%s cancelled: nothing was changed", word)}
	}
	a.note("")
	return nil
}

func question(p *planner.Plan, want string) string {
	what := "Do you want to perform these actions?"
	if p.RefreshOnly {
		what = "Do you want to write down what was changed outside?"
	}
	if p.Lifecycle == lifecycleDelete {
		what = fmt.Sprintf("Do you really want to destroy all elements of stack %q?", p.Stack)
	}
	only := "Only 'yes' will be accepted to approve."
	if want != "yes" {
		only = fmt.Sprintf("Data will be lost for good. Only the name of the stack, %q, will be accepted to approve.", want)
	}
	if costs := toPay(p); costs != "" {
		what += "\n  To pay: " + costs + "."
	}
	return fmt.Sprintf("\n%s\n  %s\n\n  Enter a value: ", what, only)
}

// run carries the plan out and tells how it ended.
func (s *session) run(ctx context.Context, lease *state.Lease, m *made, in *intent, stop <-chan struct{}) error {
	a := s.app
	res, err := s.execute(ctx, lease, m, in, stop)
	if err != nil {
		return err
	}
	switch res.Outcome {
	case executor.Succeeded:
		a.succeeded(m.plan, res)
		return nil
	case executor.Interrupted:
		return a.stoppedShort(in, res)
	case executor.Cancelled:
		return a.cancelledShort(in, res)
	}
	if in.terms.OnFailure == onFailureRollback && a.mayUndo(m, res) {
		return s.undo(ctx, lease, m, in, res, stop)
	}
	return a.failedShort(m, in, res)
}

// mayUndo reports whether a failed execution is undone when that was asked for:
// also if it changed nothing, so that the stack, and the exit code, do not
// depend on which of several steps was answered first. Nothing is undone for
// somebody who has stopped it or whom the cloud does not let in.
func (a *app) mayUndo(m *made, res *executor.Result) bool {
	return !a.interrupt.wasAsked() && failureOf(m, res).exit() != exitRefused
}

// execute carries the plan out, shown as it goes.
func (s *session) execute(ctx context.Context, lease *state.Lease, m *made, in *intent, stop <-chan struct{}) (*executor.Result, error) {
	a := s.app
	observe, done := follow(a.view(m.plan), a.now)
	defer done()
	res, err := s.engine.Run(ctx, lease, m.plan, executor.Options{
		Parallelism: a.opts.parallelism, Timeout: in.terms.Timeout, Since: in.since, Stop: stop, Observe: observe, Source: in.text(), Terms: in.terms,
		Files: in.files(),
	})
	if err == nil {
		return res, nil
	}
	err = fmt.Errorf("carry out the plan: %w", err)
	if res != nil {
		a.afterword = a.waysAfterLoss(in, res.Execution)
	}
	if res != nil && res.Changed {
		return res, exitCode{exitPartWay, err}
	}
	return res, err
}

func (a *app) succeeded(p *planner.Plan, res *executor.Result) {
	message, operation := successText(p, res.Summary), "apply"
	if p.Lifecycle == lifecycleDelete {
		operation = "destroy"
	}
	if a.events != nil {
		a.events.summary(res.Summary, operation, message)
	} else {
		a.printf("\n%s\n", a.outStyle.paint(green, message))
	}
	if p.Lifecycle != lifecycleDelete {
		a.showOutputs(res.Outputs)
	}
}

// successText is the line that tools look for. What OpenTofu's line has no word
// for comes after it.
func successText(p *planner.Plan, n planner.Summary) string {
	what := "Apply"
	switch p.Lifecycle {
	case lifecycleDelete:
		return fmt.Sprintf("Destroy complete! Resources: %d destroyed.", n.Destroy) + forgottenText(n)
	case lifecycleRollback:
		what = "Rollback"
	}
	return fmt.Sprintf("%s complete! Resources: %d added, %d changed, %d destroyed.", what, n.Add, n.Change, n.Destroy) + forgottenText(n)
}

func forgottenText(n planner.Summary) string {
	if n.Forget == 0 {
		return ""
	}
	return fmt.Sprintf(" %s in the cloud without the stack.", count(n.Forget, "object stays", "objects stay"))
}

// stoppedShort ends an execution that was interrupted.
func (a *app) stoppedShort(in *intent, res *executor.Result) error {
	for _, e := range res.Errors {
		a.note("%s: %v", e.Node, e.Err)
	}
	a.afterword = a.waysOn(in, res.Execution, nil)
	return exitCode{exitInterrupted, fmt.Errorf("execution %s was interrupted after %s", res.Execution.ID, doneText(res.Summary))}
}

// cancelledShort ends an execution that somebody else asked to end.
func (a *app) cancelledShort(in *intent, res *executor.Result) error {
	by := "somebody"
	if o := res.Execution.CancelAsked; o != nil {
		by = o.String()
	}
	a.afterword = a.waysOn(in, res.Execution, nil)
	return exitCode{exitInterrupted, fmt.Errorf("execution %s was cancelled after %s by %s", res.Execution.ID, doneText(res.Summary), by)}
}

func (a *app) failedShort(m *made, in *intent, res *executor.Result) error {
	ended := "Execution %s failed after %s.\n%s"
	if res.Refused() {
		ended = "Execution %s is paused after %s: the credentials were refused.\n%s"
	}
	a.afterword = fmt.Sprintf(ended, res.Execution.ID, doneText(res.Summary), a.waysOn(in, res.Execution, leaving(m.plan, res.Errors)))
	a.asked(askedIn(res.Errors))
	return failureOf(m, res)
}

func failureOf(m *made, res *executor.Result) *failedRun {
	return &failedRun{execution: res.Execution.ID, changed: res.Changed, steps: res.Errors, sources: m.texts}
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
		if s.Loss() != "" && !allowed[s.Node] {
			out = append(out, s)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Node < out[j].Node })
	return out
}

// guardData helps a user whose deletion or rollback destroys data of elements
// that were not named. The command to copy is said; a deletion on a terminal may
// instead be agreed to by typing the name of the stack, so the plan is made again
// as if they had been named.
func (a *app) guardData(m *made, in *intent, ok approval) approval {
	if in.source != nil && in.back == nil {
		return ok
	}
	allowed := names(in.terms.AllowDataLoss)
	lost := losing(m.plan, allowed)
	if len(lost) == 0 || in.own {
		return ok
	}
	var list strings.Builder
	named := maps.Clone(allowed)
	for _, s := range lost {
		fmt.Fprintf(&list, "\n  %s (%s): %s", s.Node, typeLabel(s.Type), s.Loss())
		named[s.Node] = true
	}
	if ok.given || in.back != nil {
		if !onlyDataLoss(m.problems) {
			return ok
		}
		a.afterword = "If all of that is meant:\n    " + a.againCommand(in, slices.Sorted(maps.Keys(named)), in.terms.Skip)
		return ok
	}
	a.note("\nDeleting stack %q destroys data:%s", in.stack, &list)
	in.terms.AllowDataLoss = slices.Sorted(maps.Keys(named))
	m.request.AllowDataLoss = named
	m.plan, m.problems = planner.Make(m.request)
	ok.word = in.stack
	return ok
}

// onlyDataLoss reports whether a plan is refused for nothing but the loss of
// data, so that a consent is all it lacks.
func onlyDataLoss(problems diag.List) bool {
	return problems.HasErrors() && !slices.ContainsFunc(problems, func(d diag.Diagnostic) bool {
		return d.Severity == diag.Error && d.Code != planner.CodeDataLoss && d.Code != planner.CodeReplaceLoss
	})
}

// againCommand is the same command line again, with the nodes whose data may be
// lost, and those that are left out.
func (a *app) againCommand(in *intent, mayLose, skip []string) string {
	verb, options := "delete", []string{}
	switch {
	case in.terms.Retries != "":
		verb = "retry"
	case in.back != nil:
		verb = "rollback"
		if in.explicit {
			options = append(options, "--to", strconv.FormatInt(in.back.to, 10))
		}
	case in.terms.Force:
		options = append(options, "--force")
	}
	if len(mayLose) > 0 {
		options = append(options, "--allow-data-loss", strings.Join(mayLose, ","))
	}
	if len(skip) > 0 {
		options = append(options, "--skip", strings.Join(skip, ","))
	}
	return a.stackCommand(in.stack, verb, append(options, a.sameOptions()...)...)
}

// sameOptions are the further options of a command line that is given again.
func (a *app) sameOptions() []string {
	var out []string
	if retained := sortedNames(a.opts.retain); len(retained) > 0 {
		out = append(out, "--retain", strings.Join(retained, ","))
	}
	if !a.opts.refresh {
		out = append(out, "--refresh=false")
	}
	if a.opts.timeout > 0 {
		out = append(out, "--timeout", a.opts.timeout.String())
	}
	if a.opts.parallelism != defaultParallelism {
		out = append(out, "--parallelism", strconv.Itoa(a.opts.parallelism))
	}
	return out
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

package simtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
)

// command is what a user wants of the stack.
type command struct {
	drawing     *drawing          // nil: the stack is to go
	back        bool              // by a rollback, if a revision has the drawing
	undo        bool              // --on-failure rollback
	refresh     bool              // --refresh-only
	force       bool              // --force, once a deletion was tried
	again       bool              // retry, if an execution of the same chapter is not finished
	targets     []string          // --target; nil: all
	skip        []string          // --skip, of a rollback
	answers     map[string]string // --adopt
	take        *template         // import of what somebody has made for this node; nil: none
	outside     []deed            // what somebody does in the cloud before
	timeout     time.Duration
	parallelism int
	seed        uint64 // of the jitter
}

func (c command) String() string {
	what := "apply"
	switch {
	case c.again:
		what = "retry"
	case c.take != nil:
		what = "import " + c.take.name
	case c.drawing == nil && c.force:
		what = "delete --force"
	case c.drawing == nil:
		what = "delete"
	case c.refresh:
		what = "apply --refresh-only"
	case c.back:
		what = "rollback"
	}
	if len(c.targets) > 0 {
		what += " --target " + strings.Join(c.targets, ",")
	}
	if len(c.skip) > 0 {
		what += " --skip " + strings.Join(c.skip, ",")
	}
	if c.undo {
		what += " --on-failure rollback"
	}
	return fmt.Sprintf("%s --parallelism %d --timeout %s", what, c.parallelism, c.timeout)
}

// doing is what a process carries out right now.
type doing struct {
	plan     *planner.Plan // nil while it settles
	settling bool
	forced   bool // what can't be deleted is forgotten
}

// errHeld tells that another process holds the stack and does not let go.
var errHeld = errors.New("another process holds the stack")

// main does what the command of a real process does.
func (p *process) main() error {
	if err := p.hold(); err != nil {
		return err
	}
	ctx, stop := p.engine.Keep(p.ctx, p.lease)
	p.pause() // the heartbeats of this lease must not beat together
	err := p.carryOut(ctx)
	stop()
	if lost := p.engine.Store.Release(context.WithoutCancel(p.ctx), p.lease); lost != nil && err == nil {
		err = fmt.Errorf("let go of the stack: %w", lost)
	}
	return err
}

// pause takes a moment.
func (p *process) pause() {
	_ = p.w.do(&call{p: p, ctx: context.Background(), what: "pauses", store: true, effect: func() {}}) // dead or not
}

// hold takes the lease; it waits for one that is held.
func (p *process) hold() (err error) {
	for range 30 {
		p.lease, err = p.engine.Acquire(p.ctx, p.track.stack, p.owner)
		var held *state.HeldError
		if !errors.As(err, &held) {
			return err
		}
		select {
		case <-p.ctx.Done():
			return errHeld
		case <-p.stop:
			return errHeld
		case <-time.After(7 * time.Second):
		}
	}
	return errHeld
}

// carryOut settles, plans and runs, and undoes what failed if it is to.
func (p *process) carryOut(ctx context.Context) error {
	if err := p.settle(ctx); err != nil {
		return fmt.Errorf("settle: %w", err)
	}
	if p.command.take != nil {
		return p.take(ctx)
	}
	req, terms, err := p.request(ctx)
	if err != nil {
		return err
	}
	plan, diags, err := p.plan(req)
	if err != nil {
		return err
	}
	if nothingToDo(req, plan) {
		p.outcome = executor.Succeeded
		return nil
	}
	if terms.Undoes == "" {
		p.w.checkDestroys(p, req.State, plan)
	} else {
		p.restart()
	}
	res, err := p.execute(ctx, req, plan, terms)
	switch {
	case err != nil:
	case res.Outcome == executor.Succeeded && terms.Undoes != "":
		p.outcome = undone
		p.w.checkUndone(p, terms.Undoes, diags)
	case res.Outcome == executor.Failed && p.command.undo && terms.Undoes == "" && res.Changed && !p.interrupted():
		return p.takeBack(ctx, res.Execution)
	}
	return err
}

// nothingToDo reports whether a command ends before it executes anything.
func nothingToDo(req planner.Request, plan *planner.Plan) bool {
	switch {
	case req.State == nil && (plan.Lifecycle == "delete" || plan.RefreshOnly):
		return true
	case plan.Lifecycle == "delete" || req.State == nil:
		return false
	}
	whole := strings.HasSuffix(req.State.Phase, "Succeeded") || plan.RefreshOnly || plan.Targeted && !req.Again
	return plan.Empty() && whole
}

func (p *process) interrupted() bool {
	select {
	case <-p.stop:
		return true
	default:
		return p.ctx.Err() != nil
	}
}

// begin notes what a process does from now on.
func (p *process) begin(d *doing) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.run, p.stopped = d, false
}

func (p *process) options() executor.Options {
	return executor.Options{
		Parallelism: p.command.parallelism, Timeout: p.command.timeout, Stop: p.stop, Seed: p.command.seed, Observe: p.observe,
		Answers: p.command.answers,
	}
}

func (p *process) settle(ctx context.Context) error {
	p.begin(&doing{settling: true})
	defer p.begin(nil)
	_, err := p.engine.Recover(ctx, p.lease, p.track.stack, p.options())
	for _, q := range executor.Questions(err) {
		p.asks(q.Node)
	}
	return err
}

func (p *process) execute(ctx context.Context, req planner.Request, plan *planner.Plan, terms state.Terms) (*executor.Result, error) {
	p.begin(&doing{plan: plan, forced: terms.Force})
	defer p.begin(nil)
	p.tell(plan)
	o := p.options()
	o.Answers = nil
	o.Terms, o.Source = terms, plan.Source
	res, err := p.engine.Run(ctx, p.lease, plan, o)
	if res != nil {
		p.outcome = res.Outcome
		for _, e := range res.Errors {
			if e.Asked() != nil {
				p.asks(e.Node)
			}
		}
		p.note(res.Execution, finding{stack: req.State, observed: req.Observed})
	}
	return res, err
}

// take imports what somebody has made by hand.
func (p *process) take(ctx context.Context) error {
	t := p.command.take
	_, err := p.engine.Import(ctx, p.lease, executor.ImportRequest{
		Stack: p.track.stack, Node: t.name, Type: typeName(t.kind, t.slot), ObjectID: t.handmade(p.track.stack),
		Properties: intrinsic.Of(map[string]any{"size": int64(t.size), "color": t.color}), Retain: t.retain, Catalogue: p.w.catalogue,
	})
	if err == nil {
		p.outcome = executor.Succeeded
	}
	return err
}

// request is what to plan from.
func (p *process) request(ctx context.Context) (planner.Request, state.Terms, error) {
	req, err := p.look(ctx)
	if err != nil {
		return req, state.Terms{}, err
	}
	if p.command.again {
		if x := p.unfinished(); x != nil {
			return p.goOn(ctx, req, x)
		}
	}
	terms := state.Terms{Force: p.command.force, Targets: p.command.targets}
	if p.command.drawing == nil {
		return req, terms, nil
	}
	text := p.command.drawing.text
	if p.command.back && req.State != nil {
		if x := p.applied(text); x != nil {
			return p.returning(ctx, req, behind(x), text, p.command.skip...)
		}
		p.unskipped = len(p.command.skip) > 0
	}
	return p.leading(req, terms, text), terms, nil
}

// leading makes a request one for a blueprint.
func (p *process) leading(req planner.Request, terms state.Terms, text string) planner.Request {
	req.Blueprint, req.Source, req.RefreshOnly, req.Again = p.w.blueprint(text), []byte(text), p.command.refresh, terms.Retries != ""
	if len(terms.Targets) > 0 {
		req.Targets = map[string]bool{}
		for _, node := range terms.Targets {
			req.Targets[node] = true
		}
	}
	return req
}

// look reads the stack, and what there is in the cloud.
func (p *process) look(ctx context.Context) (planner.Request, error) {
	req := planner.Request{Stack: p.track.stack, Catalogue: p.w.catalogue, AllowDataLoss: map[string]bool{}, Inputs: inputs()}
	st, err := p.engine.Store.Stack(ctx, p.track.stack)
	switch {
	case errors.Is(err, state.ErrNotFound):
		return req, nil
	case err != nil:
		return req, err
	}
	req.State = st
	for node := range st.Elements {
		req.AllowDataLoss[node] = true
	}
	if d := p.command.drawing; d != nil {
		for _, t := range d.nodes {
			req.AllowDataLoss[t.name] = true
		}
	}
	req.Observed, err = p.engine.Refresh(ctx, st, p.w.catalogue, p.command.parallelism)
	return req, err
}

func (p *process) plan(req planner.Request) (*planner.Plan, diag.List, error) {
	plan, diags := planner.Make(req)
	if err := diags.Err(); err != nil {
		p.advise(plan, req.Skip)
		return nil, diags, fmt.Errorf("plan: %w", err)
	}
	p.leftOut = plan.Skipped
	return plan, diags, nil
}

// advise keeps what else has to be left out so that this can be; nil: nothing
// helps.
func (p *process) advise(plan *planner.Plan, skip map[string]bool) {
	if len(skip) == 0 {
		return
	}
	if wider := plan.Skipping(slices.Sorted(maps.Keys(skip))...); len(wider) > len(skip) {
		p.skipping = wider
	}
}

// takeBack undoes an execution that failed.
func (p *process) takeBack(ctx context.Context, x *state.Execution) error {
	if err := p.settle(ctx); err != nil {
		return fmt.Errorf("settle before the undoing: %w", err)
	}
	req, err := p.look(ctx)
	if err != nil {
		return err
	}
	way := p.before(x)
	req, terms, err := p.returning(ctx, req, way, p.text(way.to))
	if err != nil {
		return err
	}
	plan, diags, err := p.plan(req)
	if err != nil {
		return fmt.Errorf("undo: %w", err)
	}
	p.restart()
	res, err := p.execute(ctx, req, plan, terms)
	if err == nil && res.Outcome == executor.Succeeded {
		p.outcome = undone
		p.w.checkUndone(p, terms.Undoes, diags)
	}
	return err
}

// undone is the outcome of a command that failed and took back what it did.
const undone executor.Outcome = "undone"

// tell puts a plan into the trace.
func (p *process) tell(plan *planner.Plan) {
	if !p.w.verbose || p.isDead() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range plan.Steps {
		p.told = append(p.told, fmt.Sprintf("plan: %s %s %s: %s", s.Action, s.Node, s.ObjectID, s.Reason))
	}
}

package simtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/orchestrate-tosca/orchestrate/executor"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
)

// command is what a user wants of the stack.
type command struct {
	drawing     *drawing // nil: the stack is to go
	back        bool     // by a rollback, if a revision has the drawing
	undo        bool     // --on-failure rollback
	timeout     time.Duration
	parallelism int
	seed        uint64 // of the jitter
}

func (c command) String() string {
	what := "apply"
	switch {
	case c.drawing == nil:
		what = "delete"
	case c.back:
		what = "rollback"
	case c.undo:
		what = "apply --on-failure rollback"
	}
	return fmt.Sprintf("%s --parallelism %d --timeout %s", what, c.parallelism, c.timeout)
}

// doing is what a process carries out right now.
type doing struct {
	plan     *planner.Plan // nil while it settles
	settling bool
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
		p.lease, err = p.engine.Store.Acquire(p.ctx, p.track.stack, p.owner, executor.LeaseTTL)
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
	req, terms, err := p.request(ctx)
	if err != nil {
		return err
	}
	if p.command.drawing == nil && req.State == nil {
		p.outcome = executor.Succeeded
		return nil
	}
	plan, err := p.plan(req)
	if err != nil {
		return err
	}
	if plan.Empty() && plan.Lifecycle != "delete" && req.State != nil && strings.HasSuffix(req.State.Phase, "Succeeded") {
		p.outcome = executor.Succeeded
		return nil
	}
	p.w.checkDestroys(p, req.State, plan)
	res, err := p.execute(ctx, plan, terms)
	if err != nil || res.Outcome != executor.Failed || !p.command.undo || !res.Changed || p.interrupted() {
		return err
	}
	return p.takeBack(ctx, req.State, res.Execution)
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
	}
}

func (p *process) settle(ctx context.Context) error {
	p.begin(&doing{settling: true})
	defer p.begin(nil)
	_, err := p.engine.Recover(ctx, p.lease, p.track.stack, p.options())
	return err
}

func (p *process) execute(ctx context.Context, plan *planner.Plan, terms state.Terms) (*executor.Result, error) {
	p.begin(&doing{plan: plan})
	defer p.begin(nil)
	p.tell(plan)
	o := p.options()
	o.Terms, o.Source = terms, plan.Source
	res, err := p.engine.Run(ctx, p.lease, plan, o)
	if res != nil {
		p.outcome = res.Outcome
	}
	return res, err
}

// request is what to plan from.
func (p *process) request(ctx context.Context) (planner.Request, state.Terms, error) {
	req, err := p.look(ctx)
	if err != nil || p.command.drawing == nil {
		return req, state.Terms{}, err
	}
	text := p.command.drawing.text
	if p.command.back && req.State != nil {
		if rev, since := p.revision(text); rev > 0 {
			return p.returning(ctx, req, rev, since, text)
		}
	}
	req.Blueprint, req.Source = p.w.blueprint(text), []byte(text)
	return req, state.Terms{}, nil
}

// look reads the stack, and what there is in the cloud.
func (p *process) look(ctx context.Context) (planner.Request, error) {
	req := planner.Request{Stack: p.track.stack, Catalogue: p.w.catalogue, AllowDataLoss: map[string]bool{}}
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

// revision is the newest one with this text that was applied with success, and
// the number of the first execution after it; 0 if there is none. What an undo
// leads to may be half of a revision.
func (p *process) revision(text string) (number, since int64) {
	stored := map[int64]string{}
	for _, r := range p.w.store.revisionsOf(p.track.stack) {
		stored[r.Number] = string(r.Blueprint)
	}
	for _, x := range p.w.store.all(p.track.stack) {
		if x.Final {
			break
		}
		if x.Revision > 0 && succeeded(x) && x.Terms.Undoes == "" && stored[x.Revision] == text {
			return x.Revision, x.Number + 1
		}
	}
	return 0, 0
}

// returning makes a request one for a rollback.
func (p *process) returning(ctx context.Context, req planner.Request, to, since int64, text string) (planner.Request, state.Terms, error) {
	then, err := p.engine.Store.Before(ctx, p.track.stack, since)
	req.Return = &planner.Return{To: to, Elements: then}
	if to > 0 {
		req.Blueprint, req.Source = p.w.blueprint(text), []byte(text)
	}
	for node := range then {
		req.AllowDataLoss[node] = true
	}
	return req, state.Terms{To: to}, err
}

func (p *process) plan(req planner.Request) (*planner.Plan, error) {
	plan, diags := planner.Make(req)
	if err := diags.Err(); err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	return plan, nil
}

// takeBack undoes an execution that failed; was is the stack that it found.
func (p *process) takeBack(ctx context.Context, was *state.Stack, x *state.Execution) error {
	if err := p.settle(ctx); err != nil {
		return fmt.Errorf("settle before the undoing: %w", err)
	}
	req, err := p.look(ctx)
	if err != nil {
		return err
	}
	to, text := int64(0), ""
	for _, r := range p.w.store.revisionsOf(p.track.stack) {
		if r.Number < x.Revision || x.Revision == 0 {
			to, text = r.Number, string(r.Blueprint)
		}
	}
	req, terms, err := p.returning(ctx, req, to, x.Number, text)
	if err != nil {
		return err
	}
	req.Return.Only, req.Return.Own, terms.Undoes = true, true, x.ID
	plan, diags := planner.Make(req)
	if err := diags.Err(); err != nil {
		return fmt.Errorf("plan the undoing: %w", err)
	}
	p.restart()
	res, err := p.execute(ctx, plan, terms)
	if err != nil {
		return err
	}
	if res.Outcome == executor.Succeeded {
		p.outcome = undone
		p.w.checkUndone(p, was, diags)
	}
	return nil
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

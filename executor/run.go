package executor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/internal/sched"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
)

// Run carries a plan out under a lease. Steps that fail are told in the
// result; an error means that the execution could not begin, or that its
// progress could not be recorded to the end. A result that comes with an error
// says what is known.
func (e *Engine) Run(ctx context.Context, l *state.Lease, p *planner.Plan, o Options) (*Result, error) {
	k := e.keep(ctx, l)
	defer k.stop()
	if err := k.renew(); err != nil {
		return nil, fmt.Errorf("begin execution: %w", err)
	}
	r := &runner{engine: e, plan: p, options: o, keeper: k}
	if err := r.load(ctx); err != nil {
		return nil, err
	}
	if p.Blueprint != nil && !p.RefreshOnly {
		if err := e.keepContents(k.ctx, l, p.Contents, o.Files); err != nil {
			return nil, fmt.Errorf("keep the files that the blueprint names: %w", err)
		}
	}
	if err := r.begin(ctx); err != nil {
		return nil, err
	}
	if err := r.drive(); err != nil {
		return nil, err
	}
	return r.finish()
}

// runner carries one Run.
type runner struct {
	engine  *Engine
	plan    *planner.Plan
	options Options
	keeper  *keeper

	stack     *state.Stack // as it was before
	templates map[string]*dsl.NodeTemplate
	execution *state.Execution
	driver    *driver
	tasks     []sched.Task
	stepOf    []int // by task: index of its step in the plan

	// attributes by node, as far as they are known; guarded by the driver's
	// loop. Nodes that are to be there but have none yet are in expected.
	attributes map[string]intrinsic.Value
	expected   map[string]bool
	left       map[string]bool // elements that are on record
	scope      *intrinsic.Scope
}

// load reads what the plan was made from. Secrets that cannot be decrypted
// matter unless the stack is deleted.
func (r *runner) load(ctx context.Context) error {
	st, err := r.engine.stackOrNew(ctx, r.plan.Stack)
	var sealed *state.SealedError
	switch {
	case errors.As(err, &sealed) && st != nil && r.plan.Lifecycle == "delete":
		r.engine.log().Warn("secrets are not readable; the deletion goes on without them", "stack", r.plan.Stack, "error", err)
	case err != nil:
		return err
	}
	r.stack = st
	r.templates = map[string]*dsl.NodeTemplate{}
	r.attributes, r.expected, r.left = map[string]intrinsic.Value{}, map[string]bool{}, map[string]bool{}
	if r.plan.Blueprint != nil {
		for _, n := range r.plan.Blueprint.Nodes {
			r.templates[n.Name.Text] = n
		}
	}
	for _, s := range r.plan.Steps {
		if s.Action == planner.Delete {
			continue
		}
		r.expected[s.Node] = true
		if s.Action != planner.Create && s.Action != planner.Replace {
			r.attributes[s.Node] = s.Attributes
		}
	}
	r.scope = &intrinsic.Scope{Blueprint: r.plan.Blueprint, Inputs: r.plan.Inputs, Attribute: r.attribute}
	r.tasks, r.stepOf = sched.Of(r.plan, func(s *planner.Step, a planner.Action) time.Duration {
		return limit(r.plan.Catalogue[s.Type], a)
	})
	return nil
}

// attribute is what expressions see of a node.
func (r *runner) attribute(node, name string) (intrinsic.Value, bool) {
	if !r.expected[node] {
		return intrinsic.Value{}, false
	}
	all, ok := r.attributes[node]
	if !ok {
		return intrinsic.Unknown, true
	}
	v, _ := all.Get(name)
	return v, true
}

// begin opens the execution, with what it is going to do.
func (r *runner) begin(ctx context.Context) error {
	now := time.Now().UTC()
	x, err := r.engine.Store.Begin(ctx, r.keeper.lease, &state.Execution{
		Stack: r.plan.Stack, Lifecycle: r.plan.Lifecycle, Phase: lifecycleVerb(r.plan.Lifecycle).running,
		Owner: r.keeper.lease.Owner, Terms: r.options.Terms, Started: now,
	}, r.revision(now), r.planned(now))
	if err != nil {
		return fmt.Errorf("begin execution of stack %s: %w", r.plan.Stack, err)
	}
	r.execution = x
	r.driver = r.engine.newDriver(r.keeper, r.options, x)
	r.driver.cancel.heeded = true
	return r.open(ctx, now)
}

// planned are the records of what is going to be done, with what each step
// waits for before its first phase.
func (r *runner) planned(now time.Time) []state.Record {
	out := make([]state.Record, 0, len(r.stepOf))
	for i, at := range r.stepOf {
		s := r.plan.Steps[at]
		if s.Action == planner.None || s.Action == planner.Read || i > 0 && r.stepOf[i-1] == at {
			continue
		}
		action := string(s.Action)
		if s.Action == planner.Delete && s.Retained {
			action = actionForget
		}
		out = append(out, state.Record{
			Node: s.Node, Type: s.Type, Action: action, Kind: state.Planned, Phase: phasePending, ObjectID: s.ObjectID, At: now,
			DependsOn: r.nodes(sched.Before(r.tasks, i)),
		})
	}
	return out
}

// nodes are the nodes of tasks.
func (r *runner) nodes(tasks []int) []string {
	out := make([]string, len(tasks))
	for i, t := range tasks {
		out[i] = r.tasks[t].Node
	}
	return out
}

func (r *runner) revision(now time.Time) *state.Revision {
	if r.plan.Blueprint == nil || r.plan.RefreshOnly {
		return nil
	}
	return &state.Revision{
		Blueprint: r.options.Source, File: r.plan.Blueprint.File, Files: r.plan.Files,
		Contents: recordedContents(r.plan.Contents),
		Secret:   r.plan.SecretInText(),
		Inputs:   document(intrinsic.Of(r.plan.Inputs)), Created: now,
	}
}

// drive runs the steps.
func (r *runner) drive() error {
	d := r.driver
	d.resolve, d.settled = r.resolve, r.settled
	d.redact.learn(intrinsic.Of(r.plan.Inputs))
	tasks := r.tasks
	jobs := make([]*job, len(tasks))
	for i, t := range tasks {
		s := r.plan.Steps[r.stepOf[i]]
		tasks[i].Forget = t.Action == planner.Delete && r.plan.Lifecycle == "delete" && r.options.Terms.Force
		jobs[i] = &job{
			task: i, node: s.Node, typ: s.Type, action: t.Action, step: s, prior: r.stack.Elements[s.Node],
			dependsOn: s.DependsOn, retain: s.Retain, revision: r.execution.Revision,
		}
		if p := jobs[i].prior; t.Action == planner.Delete && p != nil {
			jobs[i].typ = p.Type // a replacement may change the type
		}
		jobs[i].quick = t.Call && r.engine.effectless(jobs[i].typ)
		tasks[i].Quick = jobs[i].quick
		jobs[i].hidden = sensitiveAttributes(r.plan.Catalogue[jobs[i].typ])
	}
	for i := range tasks {
		tasks[i].Holds = r.holds(tasks, jobs, i)
	}
	return d.run(tasks, jobs)
}

// resolve finds the values of a step, now that its predecessors are done.
func (r *runner) resolve(j *job) (sched.Resolved, error) {
	var err error
	if r.tasks[j.task].Call {
		if j.provider, err = r.engine.Providers.For(j.typ); err != nil {
			return sched.Resolved{}, err
		}
	}
	j.properties = j.recordedProperties()
	if j.action != planner.Delete {
		if j.properties, err = r.properties(j); err != nil {
			return sched.Resolved{}, err
		}
	}
	r.driver.redact.learn(j.properties)
	r.driver.redact.learn(j.recordedAttributes())
	j.req = j.requestFor(r.plan.Stack)
	if j.action == planner.Create {
		j.req.Holder = r.engine.holder(j.req, time.Now())
	}
	// An update that was planned because of a value that was not known may turn
	// out to be none.
	e := sched.Resolved{Equal: j.action == planner.Update && !j.step.GoesOn && j.properties.Equal(j.step.Before)}
	if j.provider != nil && !e.Equal { // nobody else is in the way of what makes no call
		e.Key = serialKey(r.plan.Catalogue[j.typ], j.req)
	}
	return e, nil
}

// properties are those to be. What a rollback returns to was recorded once: it
// need not be what the blueprint of that time gives today.
func (r *runner) properties(j *job) (intrinsic.Value, error) {
	if r.plan.Lifecycle == "rollback" && !j.step.After.HasUnknown() {
		return j.step.After, nil
	}
	n := r.templates[j.node]
	if n == nil {
		return intrinsic.Value{}, fmt.Errorf("the plan has a step for %q, but its blueprint has no such node template", j.node)
	}
	v, diags := intrinsic.EvalProperties(n.Properties, r.plan.Catalogue[j.typ], r.scope)
	if err := diags.Err(); err != nil {
		return v, fmt.Errorf("evaluate the properties of %s: %w", j.node, err)
	}
	v = intrinsic.WithContents(v, r.plan.Catalogue[j.typ], r.plan.Contents)
	for _, name := range v.Keys() {
		if p, _ := v.Get(name); p.HasUnknown() {
			return v, fmt.Errorf("property %s of %s is still unknown: it uses an attribute that its node does not have", name, j.node)
		}
	}
	return v, nil
}

// settled notes what later steps and outputs see of a step that is done.
func (r *runner) settled(j *job, e *state.Element) {
	if e == nil {
		delete(r.left, j.node)
		return
	}
	r.left[j.node] = true
	r.attributes[j.node] = value(e.Attributes)
	r.driver.redact.learn(r.attributes[j.node])
}

// outcome judges the run. A step that failed by itself outweighs an
// interruption.
func (r *runner) outcome() Outcome {
	d := r.driver
	if len(d.errors) > 0 || d.storeErr != nil {
		return Failed
	}
	for i := range r.tasks {
		if d.core.State(i) != sched.Done {
			return d.interruption()
		}
	}
	return Succeeded
}

func (r *runner) finish() (*Result, error) {
	d := r.driver
	slices.SortStableFunc(d.errors, func(a, b StepError) int {
		if a.Node < b.Node {
			return -1
		}
		return 1
	})
	res := &Result{
		Execution: r.execution, Outcome: r.outcome(), Summary: d.summary, Changed: d.changed,
		Outputs: r.outputs(), Errors: d.errors, CancelledBy: d.cancel.by,
	}
	x := r.execution
	x.StackPhase, x.CancelAsked = stackPhase(r.plan.Lifecycle, r.stack.Phase), d.cancel.by
	x.Phase, x.Message, x.Ended = r.phase(res), r.message(res), time.Now().UTC()
	if errors.Is(d.storeErr, state.ErrLeaseLost) {
		return res, fmt.Errorf("execution %s: %w", x.ID, d.storeErr)
	}
	gone := r.plan.Lifecycle == "delete" && res.Outcome == Succeeded && len(r.left) == 0
	ctx := context.WithoutCancel(r.keeper.ctx)
	err := r.engine.Store.Finish(ctx, r.keeper.lease, x, res.Outputs, gone)
	switch {
	case d.storeErr != nil: // why it can't be ended either
		return res, fmt.Errorf("execution %s: %w", x.ID, d.storeErr)
	case err != nil:
		return res, fmt.Errorf("end execution %s: %w", x.ID, err)
	}
	return res, nil
}

// phase is that of the execution. One whose steps failed for nothing but refused
// credentials goes on with the right ones: it is paused.
func (r *runner) phase(res *Result) string {
	v := lifecycleVerb(r.plan.Lifecycle)
	if res.Refused() {
		return v.paused()
	}
	return v.outcome(res.Outcome)
}

// message says why the execution ended so.
func (r *runner) message(res *Result) string {
	switch {
	case res.Outcome == Succeeded:
		return ""
	case res.Outcome == Interrupted || res.Outcome == Cancelled || len(res.Errors) == 0:
		return r.driver.stopped
	case len(res.Errors) == 1:
		return fmt.Sprintf("%s failed: %v", res.Errors[0].Node, res.Errors[0].Err)
	}
	return fmt.Sprintf("%d steps failed, the first is %s: %v", len(res.Errors), res.Errors[0].Node, res.Errors[0].Err)
}

// outputs evaluates the outputs that are known. A deletion keeps those that
// are on record as long as the stack is, and so does what only records; those
// that were not to change stay even if what they need is not known.
func (r *runner) outputs() map[string]state.Document {
	switch {
	case r.plan.RefreshOnly:
		return nil
	case r.plan.Blueprint == nil && r.plan.Lifecycle == "rollback":
		return map[string]state.Document{} // to before there was anything
	case r.plan.Blueprint == nil:
		return nil
	}
	out := map[string]state.Document{}
	for _, c := range r.plan.Outputs {
		if was, ok := r.stack.Outputs[c.Name]; ok && c.Action == planner.None {
			out[c.Name] = was
		}
	}
	for _, o := range r.plan.Blueprint.Outputs {
		v, diags := intrinsic.Eval(o.Value, r.scope)
		if err := diags.Err(); err != nil {
			r.engine.log().Info("evaluate output", "output", o.Name.Text, "error", r.driver.redact.err(err))
			continue
		}
		if !v.HasUnknown() {
			out[o.Name.Text] = document(v)
		}
	}
	return out
}

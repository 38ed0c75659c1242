package executor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// readChunk is how many elements one call of a Lister is about: enough for what
// the service lists at once, and few enough to be read side by side.
const readChunk = 500

// Refresh reads every element of a stack from the cloud, parallelism calls at a
// time (0 means 10), and those of a type together where the service lists them.
// Only an answer that an object does not exist makes it Gone: what could not be
// read, or not with these credentials, is an error.
func (e *Engine) Refresh(ctx context.Context, stack *state.Stack, cat dsl.Catalogue, parallelism int) (map[string]planner.Observed, error) {
	ctx, cancel := context.WithCancel(providers.Sharing(ctx))
	defer cancel()
	reads := e.readsOf(stack, cat)
	atOnce(parallelism, reads, func(r *reading) {
		if r.run(ctx); slices.ContainsFunc(r.failed, isAuth) {
			cancel() // the others would be refused too
		}
	})
	return observations(reads)
}

func isAuth(err error) bool { return isKind(err, providers.Auth) }

// observations joins what was read.
func observations(reads []*reading) (map[string]planner.Observed, error) {
	out := map[string]planner.Observed{}
	var failed []error
	for _, r := range reads {
		failed = append(failed, r.failed...)
		for i, el := range r.elements {
			out[el.Node] = r.seen[i]
		}
	}
	if err := firstCause(failed); err != nil {
		return nil, err
	}
	return out, nil
}

// reading is one call's share of a refresh: elements of one type.
type reading struct {
	engine   *Engine
	stack    string
	typ      *dsl.NodeType // nil: the catalogue has it no more
	elements []*state.Element
	seen     []planner.Observed // by element
	failed   []error            // sorted by node
}

// readsOf splits a refresh into calls, sorted by their first node.
func (e *Engine) readsOf(stack *state.Stack, cat dsl.Catalogue) []*reading {
	var out []*reading
	open := map[string]*reading{} // by type, with room for more
	for _, node := range slices.Sorted(maps.Keys(stack.Elements)) {
		el := stack.Elements[node]
		r := open[el.Type]
		if r == nil {
			r = &reading{engine: e, stack: stack.Name, typ: cat[el.Type]}
			out = append(out, r)
		}
		r.elements = append(r.elements, el)
		delete(open, el.Type)
		if _, ok := e.Providers[el.Type].(providers.Lister); ok && len(r.elements) < readChunk {
			open[el.Type] = r
		}
	}
	return out
}

func (r *reading) run(ctx context.Context) {
	r.seen = make([]planner.Observed, len(r.elements))
	all, err := r.engine.readTogether(ctx, r.stack, r.elements)
	if err != nil {
		r.failed = append(r.failed, r.failure(fmt.Sprintf("the %d elements of type %s", len(r.elements), dsl.TypeLabel(r.elements[0].Type)), r.elements, err))
		return
	}
	for i, answer := range all {
		r.take(i, answer.Object, answer.Err)
	}
}

// readTogether reads elements of one type, with one call of its provider if that
// is a Lister. An error is about all of them; one that concerns a single element
// stands in its Reading.
func (e *Engine) readTogether(ctx context.Context, stack string, elements []*state.Element) ([]providers.Reading, error) {
	reqs := make([]*providers.Request, len(elements))
	for i, el := range elements {
		reqs[i] = readRequest(stack, el)
	}
	all := make([]providers.Reading, len(reqs))
	lister, ok := e.Providers[elements[0].Type].(providers.Lister)
	if !ok || len(reqs) == 1 {
		for i := range reqs {
			all[i] = e.readOne(ctx, reqs[i])
		}
		return all, nil
	}
	all, err := look(ctx, func(ctx context.Context) ([]providers.Reading, error) { return lister.ReadAll(ctx, reqs) })
	if err == nil && len(all) != len(reqs) {
		err = fmt.Errorf("its provider answered %d of %d requests", len(all), len(reqs))
	}
	if err != nil {
		return nil, err
	}
	for i := range all {
		if mayPass(all[i].Err) {
			all[i] = e.readOne(ctx, reqs[i])
		}
	}
	return all, nil
}

// readOne reads one element by itself.
func (e *Engine) readOne(ctx context.Context, req *providers.Request) providers.Reading {
	provider, err := e.Providers.For(req.Type)
	if err != nil {
		return providers.Reading{Err: err}
	}
	o, err := look(ctx, func(ctx context.Context) (*providers.Object, error) { return provider.Read(ctx, req) })
	return providers.Reading{Object: o, Err: err}
}

// take notes what was read of an element.
func (r *reading) take(i int, o *providers.Object, err error) {
	el := r.elements[i]
	switch {
	case isKind(err, providers.NotFound):
		r.seen[i] = planner.Observed{Gone: true}
	case err != nil:
		r.failed = append(r.failed, r.failure(fmt.Sprintf("%s (%s %s)", el.Node, dsl.TypeLabel(el.Type), el.ObjectID), r.elements[i:i+1], err))
	default:
		r.seen[i] = observed(o, r.typ, el.Properties)
	}
}

// observed is what planning goes by of an object that was read; was are the
// properties on record.
func observed(o *providers.Object, typ *dsl.NodeType, was state.Document) planner.Observed {
	recorded := value(was)
	return planner.Observed{
		Properties: observedProperties(o.Properties, typ, was.Sensitive, recorded),
		Attributes: attributes(o.Attributes, sensitiveAttributes(typ), recorded),
	}
}

// failure tells that something could not be read, without the secrets of the
// elements that it is about.
func (r *reading) failure(what string, about []*state.Element, err error) error {
	var secrets redactor
	for _, el := range about {
		secrets.learn(value(el.Properties))
	}
	return fmt.Errorf("read %s: %w", what, secrets.err(err))
}

// firstCause joins the errors, without those that only follow from another and
// those that say the same of another element.
func firstCause(failed []error) error {
	var own []error
	var causes []cause
	for _, err := range failed {
		if err == nil || errors.Is(err, context.Canceled) {
			continue
		}
		c := causeOf(err)
		i := slices.IndexFunc(causes, func(d cause) bool { return c.is(d) })
		if i < 0 {
			own, causes = append(own, err), append(causes, c)
		} else {
			causes[i].more++
		}
	}
	if len(own) == 0 {
		return errors.Join(failed...)
	}
	for i, c := range causes {
		if c.more > 0 {
			own[i] = fmt.Errorf("%w, and so for %d more", own[i], c.more)
		}
	}
	return errors.Join(own...)
}

// cause is what several errors may have in common: the credentials, the
// endpoint. An error of another kind is about its own element.
type cause struct {
	kind   providers.Kind
	status int
	code   string
	more   int
}

func causeOf(err error) cause {
	var e *providers.Error
	if errors.As(err, &e) && (e.Kind == providers.Auth || e.Kind == providers.Unavail) {
		return cause{kind: e.Kind, status: e.Status, code: e.Code}
	}
	return cause{}
}

func (c cause) is(d cause) bool {
	return c.kind != "" && c.kind == d.kind && c.status == d.status && c.code == d.code
}

// readRequest shares the recorded values with the request: who reads an object
// changes none of them.
func readRequest(stack string, el *state.Element) *providers.Request {
	properties := entries(el.Properties)
	return &providers.Request{
		Type: el.Type, Stack: stack, Node: el.Node, ObjectID: el.ObjectID,
		Properties: properties, Prior: properties, Attributes: entries(el.Attributes),
	}
}

// entries are those of a document that is a map.
func entries(d state.Document) map[string]any {
	if m, ok := d.Value.(map[string]any); ok {
		return m
	}
	return map[string]any{}
}

// observedProperties marks as sensitive what the node type calls so, what is
// so on record, and what repeats a recorded secret.
func observedProperties(plain map[string]any, typ *dsl.NodeType, recorded []string, was intrinsic.Value) intrinsic.Value {
	v := taint(intrinsic.OfMarked(plain, recorded), secretsOf(was))
	if typ == nil || !sensitive(typ.Properties) {
		return v
	}
	return markDeclared(v, typ.Properties)
}

func markDeclared(v intrinsic.Value, p *dsl.Property) intrinsic.Value {
	if p == nil {
		return v
	}
	marked := v
	if items, ok := v.List(); ok && p.Items != nil {
		out := make([]intrinsic.Value, len(items))
		for i := range items {
			out[i] = markDeclared(items[i], p.Items)
		}
		marked = intrinsic.Of(out)
	}
	if m, ok := v.Map(); ok {
		out := make(map[string]intrinsic.Value, len(m))
		for k, e := range m {
			q := p.Properties[k]
			if q == nil {
				q = p.Additional
			}
			out[k] = markDeclared(e, q)
		}
		marked = intrinsic.Of(out)
	}
	if v.IsSensitive() || p.Sensitive {
		marked = marked.MarkSensitive()
	}
	return marked
}

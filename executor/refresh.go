package executor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// Refresh reads every element of a stack from the cloud, parallelism at a
// time (0 means 10). Only an answer that an object does not exist makes it
// Gone: what could not be read, or not with these credentials, is an error.
func (e *Engine) Refresh(ctx context.Context, stack *state.Stack, cat dsl.Catalogue, parallelism int) (map[string]planner.Observed, error) {
	nodes := make([]string, 0, len(stack.Elements))
	for node := range stack.Elements {
		nodes = append(nodes, node)
	}
	slices.Sort(nodes)
	seen := make([]planner.Observed, len(nodes))
	failed := make([]error, len(nodes))
	work := make(chan int)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	for range min(Options{Parallelism: parallelism}.parallelism(), len(nodes)) {
		wg.Go(func() {
			for i := range work {
				el := stack.Elements[nodes[i]]
				seen[i], failed[i] = e.observe(ctx, stack.Name, el, cat[el.Type])
				if isKind(failed[i], providers.Auth) {
					cancel() // the others would be refused too
				}
			}
		})
	}
	for i := range nodes {
		work <- i
	}
	close(work)
	wg.Wait()
	if err := firstCause(failed); err != nil {
		return nil, err
	}
	out := make(map[string]planner.Observed, len(nodes))
	for i, node := range nodes {
		out[node] = seen[i]
	}
	return out, nil
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

// observe reads one element.
func (e *Engine) observe(ctx context.Context, stack string, el *state.Element, typ *dsl.NodeType) (planner.Observed, error) {
	provider, err := e.Providers.For(el.Type)
	if err != nil {
		return planner.Observed{}, fmt.Errorf("read %s: %w", el.Node, err)
	}
	recorded := value(el.Properties)
	req := readRequest(stack, el)
	o, err := look(ctx, func(ctx context.Context) (*providers.Object, error) { return provider.Read(ctx, req) })
	if isKind(err, providers.NotFound) {
		return planner.Observed{Gone: true}, nil
	}
	if err != nil {
		var r redactor
		r.learn(recorded)
		return planner.Observed{}, fmt.Errorf("read %s (%s %s): %w", el.Node, dsl.TypeLabel(el.Type), el.ObjectID, r.err(err))
	}
	return planner.Observed{
		Properties: observedProperties(o.Properties, typ, el.Properties.Sensitive, recorded),
		Attributes: attributes(o.Attributes, sensitiveAttributes(typ), recorded),
	}, nil
}

func readRequest(stack string, el *state.Element) *providers.Request {
	properties := plainMap(value(el.Properties))
	return &providers.Request{
		Type: el.Type, Stack: stack, Node: el.Node, ObjectID: el.ObjectID,
		Properties: properties, Prior: properties, Attributes: plainMap(value(el.Attributes)),
	}
}

// observedProperties marks as sensitive what the node type calls so, what is
// so on record, and what repeats a recorded secret.
func observedProperties(plain map[string]any, typ *dsl.NodeType, recorded []string, was intrinsic.Value) intrinsic.Value {
	v := taint(intrinsic.OfMarked(plain, recorded), secretsOf(was))
	if typ == nil || typ.Properties == nil {
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

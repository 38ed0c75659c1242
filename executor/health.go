package executor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// Checkup is how the elements of a stack are at one moment.
type Checkup struct {
	At       time.Time
	Elements []*Checked // sorted by node
}

// Checked is an element and how its object is.
type Checked struct {
	*state.Element
	providers.Health
}

// Condition is that of the worst element. Where there is none, nothing can be
// told.
func (c *Checkup) Condition() providers.Condition {
	if len(c.Elements) == 0 {
		return providers.Unknown
	}
	worst := providers.Healthy
	for _, el := range c.Elements {
		worst = worst.Worse(el.Condition())
	}
	return worst
}

// Count is the number of elements in a condition.
func (c *Checkup) Count(condition providers.Condition) int {
	n := 0
	for _, el := range c.Elements {
		if el.Condition() == condition {
			n++
		}
	}
	return n
}

// Of returns what was found about a node; nil if the stack has none of that name.
func (c *Checkup) Of(node string) *Checked {
	i, there := slices.BinarySearchFunc(c.Elements, node, func(el *Checked, node string) int { return strings.Compare(el.Node, node) })
	if !there {
		return nil
	}
	return c.Elements[i]
}

// CheckOptions steer a Check.
type CheckOptions struct {
	Parallelism int // most elements looked at at once; 0 means 10
	// Blind says why the cloud can't be asked at all; nil: it can. Then only objects
	// of those types are looked at that are in none, as Bare says; nil: none is.
	Blind error
	Bare  func(typ string) bool
}

// Check asks the cloud how each element of a stack is. It changes nothing. What
// can't be told of an element is a symptom of it: an error is about the
// credentials, with which nothing could be told.
func (e *Engine) Check(ctx context.Context, stack *state.Stack, opts CheckOptions) (*Checkup, error) {
	ctx, cancel := context.WithCancel(providers.Sharing(ctx))
	defer cancel()
	x := &checkup{engine: e, stack: stack.Name, opts: opts, health: map[string]*providers.Health{}, give: cancel}
	objects := map[*state.Element]*providers.Object{} // those that were read
	var mu sync.Mutex
	atOnce(opts.Parallelism, e.readsOf(stack, nil), func(r *reading) {
		found := x.read(ctx, r.elements)
		mu.Lock()
		defer mu.Unlock()
		maps.Copy(objects, found)
	})
	atOnce(opts.Parallelism, slices.Collect(maps.Keys(objects)), func(el *state.Element) { x.examine(ctx, el, objects[el]) })
	if x.denied != nil {
		return nil, fmt.Errorf("look at the health of stack %s: %w", stack.Name, x.denied)
	}
	if err := context.Cause(ctx); err != nil {
		return nil, fmt.Errorf("look at the health of stack %s: %w", stack.Name, err)
	}
	out := &Checkup{At: time.Now()}
	for _, node := range slices.Sorted(maps.Keys(stack.Elements)) {
		el := stack.Elements[node]
		h := x.health[node]
		h.Symptoms = append(h.Symptoms, onRecord(el)...)
		out.Elements = append(out.Elements, &Checked{Element: el, Health: *h})
	}
	return out, nil
}

// checkup is a Check under way.
type checkup struct {
	engine *Engine
	stack  string
	opts   CheckOptions
	give   func() // gives up: the others would be refused too

	mu     sync.Mutex
	health map[string]*providers.Health // by node; guarded by mu
	denied error                        // the credentials are refused; guarded by mu
}

// note keeps what was found about an element, without its secrets.
func (x *checkup) note(el *state.Element, h providers.Health) {
	var secrets redactor
	secrets.learn(value(el.Properties))
	secrets.learn(value(el.Attributes))
	for i := range h.Symptoms {
		s := &h.Symptoms[i]
		s.Message, s.Advice = secrets.text(s.Message), secrets.text(s.Advice)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.health[el.Node] = &h
}

// read reads elements of one type, and returns the objects of those that are
// there.
func (x *checkup) read(ctx context.Context, elements []*state.Element) map[*state.Element]*providers.Object {
	out := map[*state.Element]*providers.Object{}
	if x.opts.Blind != nil && (x.opts.Bare == nil || !x.opts.Bare(elements[0].Type)) {
		for _, el := range elements {
			x.fails(el, x.opts.Blind)
		}
		return out
	}
	all, err := x.engine.readTogether(ctx, x.stack, elements)
	for i, el := range elements {
		switch {
		case err != nil:
			x.fails(el, err)
		case all[i].Err != nil:
			x.fails(el, all[i].Err)
		default:
			out[el] = all[i].Object
		}
	}
	return out
}

// fails notes that an element could not be looked at, or is gone.
func (x *checkup) fails(el *state.Element, err error) {
	if isAuth(err) {
		x.mu.Lock()
		defer x.mu.Unlock()
		if x.denied == nil {
			x.denied = err
		}
		x.give()
		return
	}
	s := providers.Symptom{Condition: providers.Unknown, Message: "Its health could not be told: " + err.Error()}
	var e *providers.Error
	if errors.As(err, &e) {
		s.Operation, s.Advice = e.Operation, e.Advice
	}
	if isKind(err, providers.NotFound) {
		s.Condition, s.Message = providers.Abnormal, "It does not exist any more."
		s.Advice = "An apply makes it anew. If it is still there, look at --cloud, the region and the project."
	}
	x.note(el, providers.Health{Symptoms: []providers.Symptom{s}})
}

// examine asks the provider of an element how its object is. What exists only in
// the state is well as long as it is there.
func (x *checkup) examine(ctx context.Context, el *state.Element, o *providers.Object) {
	reader, ok := x.engine.Providers[el.Type].(providers.HealthReader)
	switch {
	case ok:
	case x.engine.effectless(el.Type):
		x.note(el, providers.Health{})
		return
	default:
		x.note(el, providers.Health{Symptoms: []providers.Symptom{{
			Condition: providers.Unknown, Message: "It is there. Nothing tells how objects of the type " + dsl.TypeLabel(el.Type) + " are.",
		}}})
		return
	}
	req := readRequest(x.stack, el)
	h, err := look(ctx, func(ctx context.Context) (providers.Health, error) { return reader.Health(ctx, req, o) })
	if err != nil {
		x.fails(el, err)
		return
	}
	x.note(el, h)
}

// onRecord is what the state itself tells of an element.
func onRecord(el *state.Element) []providers.Symptom {
	if !strings.HasSuffix(el.Phase, "Failed") {
		return nil
	}
	return []providers.Symptom{{
		Condition: providers.Healthy, Message: "The last step on it did not succeed: it is recorded as " + el.Phase + ".", Since: el.Updated,
		Advice: "`executions` tells why; `retry` or `apply` goes on.",
	}}
}

package executor

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// searchMargin is how much longer than its step took an object may come up that
// a request has made, and how far the clocks may be apart.
const searchMargin = 15 * time.Minute

// look looks for everything that the ledger tells of, and for what bears a name
// that some execution asked for.
func (l *ledger) look(ctx context.Context) error {
	ctx = providers.Sharing(ctx)
	if err := l.each(ctx, l.looks()); err != nil {
		return err
	}
	found := make([][]providers.Candidate, len(l.creations))
	searches := make([]func(context.Context), 0, len(l.creations))
	for i, c := range l.creations {
		searches = append(searches, func(ctx context.Context) { found[i] = l.search(ctx, c) })
	}
	if err := l.each(ctx, searches); err != nil {
		return err
	}
	for i, c := range l.creations {
		l.note(c, found[i])
	}
	return nil
}

// each makes calls side by side.
func (l *ledger) each(ctx context.Context, calls []func(context.Context)) error {
	atOnce(l.options.Parallelism, calls, func(call func(context.Context)) {
		if ctx.Err() == nil {
			call(ctx)
		}
	})
	return context.Cause(ctx)
}

// looks are the calls that read the objects, those of a type together where the
// service lists them.
func (l *ledger) looks() []func(context.Context) {
	byType := map[string][]*item{}
	for _, o := range l.objects {
		if o.place.Differs(l.options.Place) {
			o.err = fmt.Errorf("it was made in %s, and this command looks at %s", o.place, l.options.Place)
			continue
		}
		byType[o.Type] = append(byType[o.Type], o)
	}
	var out []func(context.Context)
	for typ, all := range byType {
		slices.SortFunc(all, func(a, b *item) int { return cmp.Compare(a.ID, b.ID) })
		lister, lists := l.engine.Providers[typ].(providers.Lister)
		for some := range slices.Chunk(all, readChunk) {
			if lists && len(some) > 1 {
				out = append(out, func(ctx context.Context) { l.readAll(ctx, lister, some) })
				continue
			}
			for _, o := range some {
				out = append(out, func(ctx context.Context) { l.readOne(ctx, o) })
			}
		}
	}
	return out
}

func (l *ledger) readAll(ctx context.Context, lister providers.Lister, some []*item) {
	reqs := make([]*providers.Request, len(some))
	for i, o := range some {
		reqs[i] = o.reading()
	}
	all, err := look(ctx, func(ctx context.Context) ([]providers.Reading, error) { return lister.ReadAll(ctx, reqs) })
	if err == nil && len(all) != len(reqs) {
		err = fmt.Errorf("its provider answered %d of %d requests", len(all), len(reqs))
	}
	for i, o := range some {
		switch {
		case err != nil:
			o.saw(nil, err)
		case mayPass(all[i].Err):
			l.readOne(ctx, o)
		default:
			o.saw(all[i].Object, all[i].Err)
		}
	}
}

func (l *ledger) readOne(ctx context.Context, o *item) {
	provider, err := l.engine.Providers.For(o.Type)
	if err != nil {
		o.saw(nil, err)
		return
	}
	req := o.reading()
	o.saw(look(ctx, func(ctx context.Context) (*providers.Object, error) { return provider.Read(ctx, req) }))
}

// reading is the request to read an object, with what is on record of it.
func (o *item) reading() *providers.Request {
	el := o.element
	if el == nil {
		el = &state.Element{Node: o.Node, Type: o.Type, ObjectID: o.ID, Properties: o.request}
	}
	return readRequest(o.Stack, el)
}

// saw notes what a look came upon.
func (o *item) saw(found *providers.Object, err error) {
	switch {
	case isKind(err, providers.NotFound):
	case err != nil:
		o.err = err
	default:
		o.there = true
		if name := providers.Text(found.Attributes["refName"]); name != "" {
			o.Name = name
		}
	}
}

// search lists what is there that a creation may have made. What can't be asked
// is told by the look at the objects.
func (l *ledger) search(ctx context.Context, c *creation) []providers.Candidate {
	searcher, ok := l.engine.Providers[c.typ].(providers.Searcher)
	if !ok || c.place.Differs(l.options.Place) {
		return nil
	}
	req := &providers.Request{
		Action: providers.Create, Type: c.typ, Stack: c.stack, Node: c.node, Properties: plainMap(value(c.request)),
	}
	found, err := look(ctx, func(ctx context.Context) ([]providers.Candidate, error) { return searcher.Search(ctx, req, c.op) })
	if err != nil && !isKind(err, providers.NotFound) { // what it was to be in is gone, and all that was in it
		c.err = err
	}
	return found
}

// note takes in what a search has found: what is accounted for already is left
// out, and so is what came up long before or after the request.
func (l *ledger) note(c *creation, found []providers.Candidate) {
	if c.err != nil {
		l.noteBlind(c)
		return
	}
	var open []string
	for _, f := range found {
		key := objectKey{c.typ, f.ID}
		if f.Against != "" || l.objects[key] != nil || !c.mayHaveMade(f) {
			continue
		}
		if c.open != nil {
			open = append(open, f.ID)
			continue
		}
		o := &item{Accounted: c.stands(f.ID), there: true, place: c.place}
		o.Name, o.Made = f.Name, Mark{}
		o.Why = fmt.Sprintf("execution %s asked for that name, and it came up after that", c.execution)
		if f.Doubt != "" {
			o.Why += ", but " + f.Doubt
		}
		l.objects[key] = o
	}
	if len(open) > 0 && c.open.ID == "" {
		c.open.Why = "; it may be " + strings.Join(open, " or ")
	}
}

// noteBlind takes in that nobody could look for what a creation may have made. It
// is told once: with the object that is open or that could not be looked at either.
func (l *ledger) noteBlind(c *creation) {
	switch {
	case c.open != nil && c.open.ID == "":
		c.open.Why = "; it could not be looked for: " + c.err.Error()
	case c.open != nil, c.made != nil && c.made.err != nil:
	default:
		l.nameless = append(l.nameless, &item{Accounted: c.stands(""), err: fmt.Errorf("what the creation may have made: %w", c.err)})
	}
}

// stands is what stands for something that a creation may have made.
func (c *creation) stands(id string) Accounted {
	return Accounted{Stack: c.stack, Node: c.node, Type: c.typ, ID: id, Made: Mark{c.execution, c.begun}}
}

// mayHaveMade reports whether the time of an object does not speak against it.
func (c *creation) mayHaveMade(f providers.Candidate) bool {
	switch {
	case f.Created.IsZero():
		return true
	case f.Created.Before(c.begun.Add(-searchMargin)):
		return false
	}
	return c.ended.IsZero() || f.Created.Before(c.ended.Add(searchMargin))
}

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// instanceRef names an instance of either service.
type instanceRef struct {
	service string
	ID      string
	Name    string
	besu    bool
	edge    bool // not managed in the cloud, which many calls of HBS ask for
}

// viewer reads one subject.
type viewer struct {
	app      *app
	looks    eyes
	subject  subject
	query    *lookQuery
	services []string // that are asked
}

func (v *viewer) reader(service string) reader {
	if service == serviceBCS {
		return v.subject.bcs
	}
	return v.subject.hbs
}

// readAtOnce is how many calls are made side by side.
const readAtOnce = 8

// portion is what one call of a reader gives.
type portion struct {
	service  string
	instance instanceRef // zero: the service as a whole
	read     func(ctx context.Context) ([]any, error)

	items []any
	err   error
}

// read asks the services for the subject. An error is about all of it.
func (v *viewer) read(ctx context.Context) (*findings, error) {
	ctx = providers.Sharing(ctx)
	if err := v.findInstance(ctx); err != nil {
		return nil, err
	}
	out := &findings{}
	portions, err := v.portions(ctx, out)
	if err != nil {
		return nil, err
	}
	readSideBySide(ctx, portions)
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	for _, p := range portions {
		if p.err != nil {
			out.missed = append(out.missed, missed{p.service, p.instance, p.err})
		}
		for _, item := range p.items {
			o := fieldsOf(item)
			o["service"] = p.service
			if p.instance.ID != "" {
				o["instance_id"], o["instance"] = p.instance.ID, p.instance.Name
			}
			out.items = append(out.items, o)
		}
	}
	if field := v.subject.newest; field != "" {
		slices.SortStableFunc(out.items, func(a, b object) int { return timeIn(b, field).Compare(timeIn(a, field)) })
		out.items = newest(out.items, v.query.limit)
	}
	return out, nil
}

// timeIn is a time of an item; the zero time if it has none.
func timeIn(o object, field string) time.Time {
	at, _ := o[field].(time.Time)
	return at
}

// readSideBySide makes the calls of portions, few at the same time.
func readSideBySide(ctx context.Context, portions []*portion) {
	var wg sync.WaitGroup
	turns := make(chan struct{}, readAtOnce)
	for _, p := range portions {
		turns <- struct{}{}
		wg.Go(func() {
			defer func() { <-turns }()
			p.items, p.err = p.read(ctx)
		})
	}
	wg.Wait()
}

// portions lists the calls to make, in the order in which their answers are shown.
// Instances that could not be listed go to out.
func (v *viewer) portions(ctx context.Context, out *findings) ([]*portion, error) {
	var all []*portion
	for _, service := range v.services {
		r := v.reader(service)
		if r.whole != nil {
			all = append(all, &portion{service: service, read: func(ctx context.Context) ([]any, error) { return r.whole(ctx, v.looks, v.query) }})
			continue
		}
		found, err := v.instances(ctx, service)
		if err != nil {
			out.missed = append(out.missed, missed{service: service, err: err})
		}
		for _, i := range found {
			all = append(all, &portion{service: service, instance: i, read: func(ctx context.Context) ([]any, error) { return r.each(ctx, v.looks, i, v.query) }})
		}
	}
	if v.subject.single && len(all) > 1 {
		var names []string
		for _, p := range all {
			names = append(names, p.instance.Name)
		}
		return nil, usageError{command: v.app.command, err: fmt.Errorf("--instance has to say of which one: %s", listed(names))}
	}
	return all, nil
}

// instances are those of a service to read for: the one that was asked for, or all
// that have the subject.
func (v *viewer) instances(ctx context.Context, service string) ([]instanceRef, error) {
	if at := v.query.at; at != nil {
		if at.service != service {
			return nil, nil
		}
		return []instanceRef{*at}, nil // whether it has the subject, the service says
	}
	all, err := v.list(ctx, service)
	return slices.DeleteFunc(all, func(i instanceRef) bool {
		fits := v.reader(service).fits
		return fits != nil && !fits(i)
	}), err
}

// list lists all instances of a service by name.
func (v *viewer) list(ctx context.Context, service string) (all []instanceRef, err error) {
	if service == serviceBCS {
		refs, err := v.looks.bcs.Refs(ctx)
		for _, r := range refs {
			all = append(all, instanceRef{service: service, ID: r.ID, Name: r.Name})
		}
		return byName(all), err
	}
	found, err := v.looks.hbs.Instances(ctx)
	for _, i := range found {
		all = append(all, instanceRef{service: service, ID: i.ID, Name: i.Name, besu: i.Kind == "Besu", edge: i.Mode == "Edge"})
	}
	return byName(all), err
}

func byName(all []instanceRef) []instanceRef {
	slices.SortFunc(all, func(a, b instanceRef) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return all
}

// findInstance finds out which instance --instance or --node names. Where a service
// does not let its instances be listed, the other one may still have it.
func (v *viewer) findInstance(ctx context.Context) error {
	name := v.query.instance
	if name == "" {
		return nil
	}
	var found []instanceRef
	var known []string
	var failed error
	for _, service := range v.services {
		all, err := v.list(ctx, service)
		if err != nil {
			failed = err
			continue
		}
		for _, i := range all {
			known = append(known, i.Name)
			if i.ID == name || i.Name == name {
				found = append(found, i)
			}
		}
	}
	switch {
	case len(found) == 1:
		v.query.at = &found[0]
		return nil
	case len(found) > 1:
		return ambiguousInstance(v.app.command, name, found)
	case failed != nil:
		return failed
	}
	slices.Sort(known)
	return notThere("instance", name, slices.Compact(known), "`cloud instances` shows more of them.")
}

func ambiguousInstance(command, name string, found []instanceRef) error {
	var which []string
	for _, i := range found {
		which = append(which, i.ID+" of "+strings.ToUpper(i.service))
	}
	return usageError{command: command, err: fmt.Errorf("--instance: several instances are called %q; give the ID of one: %s", name, listed(which))}
}

// takeNode takes the instance that a node of a stack is, or belongs to, and what
// else the node says.
func (a *app) takeNode(ctx context.Context, c *cobra.Command, q *lookQuery) error {
	st, err := a.lookAtStack(ctx)
	if err != nil {
		return err
	}
	e := st.Elements[q.node]
	if e == nil {
		return unknownNode(st, q.node)
	}
	service, kind, _ := strings.Cut(e.Type, ".")
	if service = strings.ToLower(service); service != serviceBCS && service != serviceHBS {
		return usagef(c, "--node: %s is of type %s, which belongs to no instance", q.node, e.Type)
	}
	parts := strings.Split(e.ObjectID, "/")
	if q.instance = instanceOfElement(e, parts[0]); q.instance == "" {
		return errors.New("node " + q.node + " of stack " + st.Name + " does not exist in the cloud: it is in phase " + e.Phase)
	}
	if option := map[string]string{"Organization": "organization", "Channel": "channel", "ChannelMembership": "channel"}[kind]; option != "" && len(parts) > 1 {
		if f := c.Flags().Lookup(option); f != nil && !f.Changed {
			return f.Value.Set(parts[1])
		}
	}
	return nil
}

// unknownNode is the error of a node that a stack does not have.
func unknownNode(st *state.Stack, node string) error {
	var known []string
	for _, e := range sortedElements(st) {
		known = append(known, e.Node)
	}
	return notThere("node", node, known, "They are elements of the stack "+st.Name+".")
}

// instanceOfElement is the ID of the instance that an element is, or belongs to.
// IDs of what is inside others begin with that of the instance.
func instanceOfElement(e *state.Element, first string) string {
	for _, name := range []string{"blockchainId", "instanceId"} {
		if id, ok := e.Properties.Value.(map[string]any)[name].(string); ok && id != "" {
			return id
		}
	}
	return first
}

// Which instances of HBS have something.
func inCloud(i instanceRef) bool      { return !i.edge }
func besuOnly(i instanceRef) bool     { return i.besu }
func chainInCloud(i instanceRef) bool { return !i.besu && !i.edge }

package executor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// ImportRequest names an object of the cloud that becomes the element of a
// node.
type ImportRequest struct {
	Stack    string
	Node     string
	Type     string // without prefix
	ObjectID string
	// Properties are those that the blueprint wants. What can be read back is
	// recorded as it was read, so that the next plan shows the difference; of the
	// rest what is known is taken as applied.
	Properties intrinsic.Value
	DependsOn  []string // sorted
	Retain     bool
	Catalogue  dsl.Catalogue
	Terms      state.Terms
	Contents   map[string]dsl.Content // of the files that the blueprint names, by their names there
	Files      Files                  // opens them
	// Free refuses an object, by its ID as the cloud writes it, that somebody else
	// has; nil: nobody can.
	Free func(ctx context.Context, objectID string) error
}

// Imported is what an import did.
type Imported struct {
	Execution *state.Execution
	Element   *state.Element
}

// Import takes an object that exists into a stack, which need not exist yet.
// It changes nothing in the cloud: it reads the object and records it. A node
// whose creation failed may be given the object that was left behind, once it
// has been repaired; any other element stands in the way.
func (e *Engine) Import(ctx context.Context, l *state.Lease, req ImportRequest) (*Imported, error) {
	k := e.keep(ctx, l)
	defer k.stop()
	if err := k.renew(); err != nil {
		return nil, fmt.Errorf("begin import: %w", err)
	}
	st, err := e.stackOrNew(ctx, req.Stack)
	if err != nil {
		return nil, err
	}
	found, err := e.readImport(ctx, &req)
	if err != nil {
		return nil, err
	}
	if err := req.fits(st); err != nil {
		return nil, err
	}
	if req.Free != nil && st.Elements[req.Node] == nil {
		if err := req.Free(ctx, req.ObjectID); err != nil {
			return nil, err
		}
	}
	seen := observed(found, req.Catalogue[req.Type], document(known(req.Properties)))
	seen.Properties = planner.Overlay(req.Properties, seen.Properties)
	if err := req.readable(seen.Properties, st); err != nil {
		return nil, err
	}
	if err := e.keepContents(k.ctx, l, req.Contents, req.Files); err != nil {
		return nil, fmt.Errorf("keep the files that the blueprint names: %w", err)
	}
	el := req.element(seen, st.Elements[req.Node], time.Now().UTC())
	x, err := e.recordImport(k, l, st, el, req.Terms)
	if err != nil {
		return nil, err
	}
	return &Imported{Execution: x, Element: el}, nil
}

// readImport reads the object, and takes the ID as the cloud writes it.
func (e *Engine) readImport(ctx context.Context, req *ImportRequest) (*providers.Object, error) {
	provider, err := e.Providers.For(req.Type)
	if err != nil {
		return nil, err
	}
	properties := plainMap(req.Properties) // what is not known yet is wanted all the same
	read := &providers.Request{
		Type: req.Type, Stack: req.Stack, Node: req.Node, ObjectID: req.ObjectID, Properties: properties, Prior: properties,
	}
	found, err := look(ctx, func(ctx context.Context) (*providers.Object, error) { return provider.Read(ctx, read) })
	if err != nil {
		var secrets redactor
		secrets.learn(req.Properties)
		return nil, fmt.Errorf("read %s %s, which is to be %s: %w", dsl.TypeLabel(req.Type), req.ObjectID, req.Node, secrets.err(err))
	}
	if found.ID != "" {
		req.ObjectID = found.ID
	}
	return found, nil
}

// fits refuses what would give a node another object than it has, or an object
// a second node.
func (req *ImportRequest) fits(st *state.Stack) error {
	if was := st.Elements[req.Node]; was != nil && (was.ObjectID != req.ObjectID || was.Type != req.Type) {
		return fmt.Errorf("%s is recorded as %s %s already; it can't become %s as well. Import under another node, or take %s out of the stack first (apply or delete with --retain %s leaves its object in the cloud)",
			req.Node, dsl.TypeLabel(was.Type), was.ObjectID, req.ObjectID, req.Node, req.Node)
	}
	for _, node := range slices.Sorted(maps.Keys(st.Elements)) {
		el := st.Elements[node]
		if node != req.Node && el.Type == req.Type && el.ObjectID == req.ObjectID {
			return fmt.Errorf("%s %s is in the stack already, as %s. To give the node another name, write renamed_from: %s into its template",
				dsl.TypeLabel(el.Type), el.ObjectID, node, node)
		}
	}
	return nil
}

// readable refuses an object of which something that can't be changed is neither
// known yet nor told by the service: as it can't be recorded, the next plan would
// take the object for another one than the blueprint wants, and replace it.
func (req *ImportRequest) readable(properties intrinsic.Value, st *state.Stack) error {
	typ := req.Catalogue[req.Type]
	if typ == nil {
		return nil
	}
	fixed := unreadFixed(nil, "", properties, typ.Properties)
	if len(fixed) == 0 {
		return nil
	}
	first := slices.DeleteFunc(slices.Clone(req.DependsOn), func(node string) bool { return st.Elements[node] != nil })
	advice := "Give the property a value in the blueprint that is known without a deployment."
	if len(first) > 0 {
		advice = "Import or apply first what it follows: " + strings.Join(first, ", ") + "."
	}
	return fmt.Errorf("%s can't be imported yet: neither is its %s known before, nor does the service tell it, and what can't be changed in place would have it replaced. %s",
		req.Node, strings.Join(fixed, " and "), advice)
}

// unreadFixed appends the paths of the unknown parts of a value that can't be
// changed in place.
func unreadFixed(paths []string, path string, v intrinsic.Value, p *dsl.Property) []string {
	switch {
	case p == nil || !v.HasUnknown():
		return paths
	case v.IsUnknown() || p.Immutable:
		if p.Immutable {
			paths = append(paths, path)
		}
		return paths
	}
	for _, key := range v.Keys() {
		part, _ := v.Get(key)
		paths = unreadFixed(paths, planner.PathTo(path, key), part, p.Part(key))
	}
	items, _ := v.List()
	for _, item := range items {
		paths = unreadFixed(paths, path, item, p.Items)
	}
	return slices.Compact(paths)
}

// element is what is recorded of the object that was found.
func (req *ImportRequest) element(seen planner.Observed, was *state.Element, now time.Time) *state.Element {
	el := &state.Element{
		Node: req.Node, Type: req.Type, ObjectID: req.ObjectID, Phase: creating.succeeded(),
		Properties: document(known(seen.Properties)), Attributes: document(seen.Attributes),
		DependsOn: req.DependsOn, Retain: req.Retain, Created: now, Updated: now,
	}
	if was != nil {
		el.Revision, el.Created = was.Revision, was.Created
	}
	return el
}

// recordImport writes the execution, whose one step is a record.
func (e *Engine) recordImport(k *keeper, l *state.Lease, st *state.Stack, el *state.Element, terms state.Terms) (*state.Execution, error) {
	ctx := context.WithoutCancel(k.ctx) // what is begun is ended
	step := state.Record{
		Node: el.Node, Type: el.Type, Action: actionImport, Kind: state.Planned, Phase: phasePending, ObjectID: el.ObjectID, At: el.Updated,
	}
	x, err := e.Store.Begin(ctx, l, &state.Execution{
		Stack: st.Name, Lifecycle: lifecycleImport, Phase: updating.running, Owner: l.Owner, Terms: terms, Started: el.Updated,
	}, nil, []state.Record{step})
	if err != nil {
		return nil, fmt.Errorf("begin the import into stack %s: %w", st.Name, err)
	}
	step.Execution, step.Kind, step.Phase, step.Element = x.ID, state.Result, updating.succeeded(), el
	step.Before = st.Elements[el.Node]
	if err := e.Store.Append(ctx, l, step); err != nil {
		return nil, fmt.Errorf("record the import of %s: %w", el.Node, err)
	}
	x.Phase, x.StackPhase, x.Ended = updating.succeeded(), stackPhase(lifecycleImport, st.Phase), time.Now().UTC()
	if err := e.Store.Finish(ctx, l, x, nil, false); err != nil {
		return nil, fmt.Errorf("end the import %s: %w", x.ID, err)
	}
	return x, nil
}

// stackOrNew reads a stack, or gives an empty one of that name.
func (e *Engine) stackOrNew(ctx context.Context, name string) (*state.Stack, error) {
	st, err := e.Store.Stack(ctx, name)
	switch {
	case errors.Is(err, state.ErrNotFound):
		return &state.Stack{Name: name, Elements: map[string]*state.Element{}}, nil
	case err != nil:
		return st, fmt.Errorf("read stack %s: %w", name, err)
	}
	return st, nil
}

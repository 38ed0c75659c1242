package executor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// fakeCloud holds objects of one kind, Fake.Thing; a Fake.Part is in one and
// goes with it, a Fake.Key is never deleted. Creations and deletions take
// two polls. It keeps a log of what was asked and counts what was made.
type fakeCloud struct {
	mu      sync.Mutex
	objects map[string]*fakeObject // by ID
	nextID  int
	made    map[string]int // by name
	faults  map[string][]fault
	log     []string
	running map[string]int // changing actions by parent, at this moment
	overlap bool           // two ran at once
	hold    map[string]chan struct{}
	born    map[string]time.Time // by ID; nil: nobody asks
	notes   notes
}

type fakeObject struct {
	id, name   string
	properties map[string]any
	polls      int // left until the work is done
	deleting   bool
}

// fault strikes one Advance of a node: before the work, or after it.
type fault struct {
	err   error
	after bool
}

func newCloud() *fakeCloud {
	return &fakeCloud{
		objects: map[string]*fakeObject{}, made: map[string]int{}, faults: map[string][]fault{},
		running: map[string]int{}, hold: map[string]chan struct{}{},
	}
}

func (c *fakeCloud) registry() providers.Registry {
	return providers.Registry{"Fake.Thing": c, "Fake.Part": c, "Fake.Key": c, "Fake.Note": &c.notes}
}

func (c *fakeCloud) Advance(ctx context.Context, req *providers.Request, op providers.Operation, resumed bool) (providers.Progress, error) {
	if hold := c.hold[req.Node]; hold != nil && op.Stage == "" {
		select {
		case <-hold:
		case <-ctx.Done():
			return providers.Progress{}, &providers.Error{Kind: providers.Ambiguous, Err: ctx.Err()}
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.log = append(c.log, fmt.Sprintf("%s %s %s", req.Action, req.Node, op.Stage))
	var strike fault
	if list := c.faults[req.Node]; len(list) > 0 {
		strike, c.faults[req.Node] = list[0], list[1:]
	}
	if strike.err != nil && !strike.after {
		return providers.Progress{}, strike.err
	}
	p, err := c.move(req, op, resumed)
	if strike.err != nil {
		return providers.Progress{}, strike.err
	}
	return p, err
}

func (c *fakeCloud) move(req *providers.Request, op providers.Operation, resumed bool) (providers.Progress, error) {
	if op.Stage == "wait" {
		return c.poll(req, op)
	}
	switch req.Action {
	case providers.Create:
		if resumed {
			if o := c.named(req); o != nil {
				return wait(o.id), nil
			}
		}
		return wait(c.create(req)), nil
	case providers.Update:
		o := c.objects[req.ObjectID]
		if o == nil {
			return providers.Progress{}, &providers.Error{Kind: providers.NotFound}
		}
		o.properties = req.Properties
		return providers.Progress{Done: true, Object: o.object()}, nil
	}
	o := c.objects[req.ObjectID]
	if o == nil {
		return providers.Progress{}, &providers.Error{Kind: providers.NotFound}
	}
	c.begin(o)
	o.deleting, o.polls = true, 2
	return wait(o.id), nil
}

func wait(id string) providers.Progress {
	return providers.Progress{Next: providers.Operation{Stage: "wait", ID: "op-" + id, ObjectID: id}, After: time.Second, Message: "working"}
}

func (c *fakeCloud) create(req *providers.Request) string {
	c.nextID++
	o := &fakeObject{id: fmt.Sprint("id-", c.nextID), name: req.DefaultName(), properties: maps.Clone(req.Properties), polls: 2}
	c.objects[o.id] = o
	c.made[o.name]++
	c.begin(o)
	return o.id
}

func (c *fakeCloud) begin(o *fakeObject) {
	parent := providers.Text(o.properties["parent"])
	if parent == "" {
		return
	}
	c.running[parent]++
	c.overlap = c.overlap || c.running[parent] > 1
}

func (c *fakeCloud) end(o *fakeObject) { c.running[providers.Text(o.properties["parent"])]-- }

func (c *fakeCloud) poll(req *providers.Request, op providers.Operation) (providers.Progress, error) {
	o := c.objects[op.ObjectID]
	if o == nil {
		return providers.Progress{Done: true}, nil
	}
	if o.polls > 0 {
		if o.polls--; o.polls == 0 {
			c.end(o)
		}
	}
	switch {
	case o.polls > 0:
		p := wait(o.id)
		p.Substeps = []providers.Substep{{Name: "build", Status: "processing", Detail: fmt.Sprint(min(o.polls, 9))}}
		return p, nil
	case o.deleting:
		delete(c.objects, o.id)
		return providers.Progress{Done: true}, nil
	}
	return providers.Progress{Done: true, Object: o.object()}, nil
}

func (c *fakeCloud) named(req *providers.Request) *fakeObject {
	for _, id := range slices.Sorted(maps.Keys(c.objects)) {
		if c.objects[id].name == req.DefaultName() {
			return c.objects[id]
		}
	}
	return nil
}

func (o *fakeObject) object() *providers.Object {
	return &providers.Object{
		ID: o.id, Properties: map[string]any{"size": o.properties["size"]},
		Attributes: map[string]any{"refID": o.id, "refName": o.name, "token": "token-of-" + o.id, "echo": o.properties["password"], "size": o.properties["size"]},
		Evidence:   "same name",
	}
}

func (c *fakeCloud) Read(_ context.Context, req *providers.Request) (*providers.Object, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if list := c.faults["read "+req.Node]; len(list) > 0 {
		c.faults["read "+req.Node] = list[1:]
		return nil, list[0].err
	}
	if o := c.objects[req.ObjectID]; o != nil {
		return o.object(), nil
	}
	return nil, &providers.Error{Kind: providers.NotFound, Status: 404}
}

func (c *fakeCloud) Find(_ context.Context, req *providers.Request) ([]*providers.Object, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []*providers.Object
	for _, id := range slices.Sorted(maps.Keys(c.objects)) {
		if o := c.objects[id]; o.name == req.DefaultName() {
			if o.polls > 0 { // by the time of a recovery the work is done
				o.polls = 0
				c.end(o)
			}
			out = append(out, o.object())
		}
	}
	return out, nil
}

func fakeCatalogue() dsl.Catalogue {
	text := &dsl.Property{Type: "string"}
	thing := dsl.NodeType{
		Name: "Fake.Thing",
		Properties: &dsl.Property{Type: "object", Properties: map[string]*dsl.Property{
			"size": {Type: "integer"}, "color": {Type: "string", Immutable: true}, "parent": text, "uses": text,
			"password": {Type: "string", Sensitive: true},
		}},
		Attributes: map[string]*dsl.Property{
			"refID": text, "refName": text, "echo": text, "size": {Type: "integer", Volatile: true},
			"token": {Type: "string", Sensitive: true},
		},
		Serial: "parent",
	}
	part, key, note := thing, thing, thing
	note.Name, note.Serial = "Fake.Note", ""
	part.Name, part.Containers = "Fake.Part", map[string]dsl.Containment{"parent": {Type: "Fake.Thing", DeletedWith: true}}
	key.Name, key.Forgotten = "Fake.Key", "nobody can take it back"
	return dsl.Catalogue{thing.Name: &thing, part.Name: &part, key.Name: &key, note.Name: &note}
}

// bench is a store, a cloud and an engine between them.
type bench struct {
	t      testing.TB
	path   string
	store  *state.SQLite
	cloud  *fakeCloud
	engine *Engine
	events []Event
}

func newBench(t testing.TB) *bench {
	b := &bench{t: t, path: t.TempDir() + "/state.db", cloud: newCloud()}
	b.reopen()
	return b
}

// reopen is a new process on the same state and cloud.
func (b *bench) reopen() {
	b.t.Helper()
	if b.store != nil {
		b.must(b.store.Close())
	}
	s, err := state.OpenSQLite(context.Background(), b.path, nil)
	b.must(err)
	b.store = s
	b.engine = &Engine{Store: s, Providers: b.cloud.registry()}
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) close() { b.must(b.store.Close()) }

// owner is one of another machine, so that only its lease's end frees it.
func (b *bench) lease() *state.Lease {
	b.t.Helper()
	l, err := b.store.Acquire(context.Background(), "web", state.Owner{ID: "o", Host: "elsewhere", PID: 1}, LeaseTTL)
	b.must(err)
	return l
}

// plan makes a plan from a blueprint, or for the deletion of the stack if it
// is "", after a refresh.
func (b *bench) plan(source string, inputs map[string]intrinsic.Value) *planner.Plan {
	b.t.Helper()
	req := b.request(source, inputs)
	return b.make(req)
}

func (b *bench) make(req planner.Request) *planner.Plan {
	b.t.Helper()
	p, diags := planner.Make(req)
	b.must(diags.Err())
	return p
}

func (b *bench) request(source string, inputs map[string]intrinsic.Value) planner.Request {
	b.t.Helper()
	ctx := context.Background()
	req := planner.Request{Stack: "web", Catalogue: fakeCatalogue(), Inputs: inputs}
	if source != "" {
		bp, diags := dsl.Parse("web.yaml", []byte(source), req.Catalogue)
		b.must(diags.Err())
		req.Blueprint = bp
	}
	st, err := b.store.Stack(ctx, "web")
	if err == nil {
		req.State = st
		req.Observed, err = b.engine.Refresh(ctx, st, req.Catalogue, 0)
		b.must(err)
	}
	return req
}

func (b *bench) options() Options {
	return Options{Parallelism: 4, Source: []byte("source"), Observe: func(e Event) { b.events = append(b.events, e) }}
}

// apply plans and runs.
func (b *bench) apply(source string) *Result {
	b.t.Helper()
	return b.run(b.plan(source, nil), state.Terms{})
}

func (b *bench) run(p *planner.Plan, terms state.Terms) *Result {
	b.t.Helper()
	l := b.lease()
	o := b.options()
	o.Terms = terms
	res, err := b.engine.Run(context.Background(), l, p, o)
	b.must(err)
	b.must(b.store.Release(context.Background(), l))
	return res
}

// trace is the events without those of progress and of waiting, one line each.
func (b *bench) trace() []string {
	var out []string
	for _, e := range b.events {
		if e.Kind == StepProgress || e.Kind == StepWaiting {
			continue
		}
		line := string(e.Kind)
		if e.Node != "" {
			line += " " + e.Node + " " + string(e.Action)
		}
		out = append(out, line)
	}
	return out
}

const header = "tosca_definitions_version: huaweicloud_tosca_version_1_0\nnode_templates:\n"

// chain is three things one after the other, and one on its own.
const chain = header + `  a:
    type: HuaweiCloud.Fake.Thing
    properties: {size: 1}
  b:
    type: HuaweiCloud.Fake.Thing
    properties: {uses: {get_attribute: [a, refID]}}
  c:
    type: HuaweiCloud.Fake.Thing
    properties: {uses: {get_attribute: [b, refID]}}
  d:
    type: HuaweiCloud.Fake.Thing
    properties: {size: 4}
outputs:
  last:
    value: {get_attribute: [c, refID]}
  alone:
    value: {get_attribute: [d, refName]}
`

package simtest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// lateness is how long after its creation an object may be missing from reads
// and lists; providers count on a little more.
const (
	lateness = 20 * time.Second
	late     = 25 * time.Second
)

// poll is how often providers of the simulation ask at most how far work is.
const poll = 2 * time.Second

// cloud holds what exists. Work takes its time; at most one change runs in a
// room at once, and others are refused as busy meanwhile.
type cloud struct {
	w       *world
	objects []*object // by creation
	made    int
	lost    map[string]bool // IDs of objects that somebody has deleted by hand
	call    *call           // that takes effect
	changes []string        // the changing requests that had an effect, in order
}

// object is one thing that exists. Its work is what the cloud does to it at the
// moment.
type object struct {
	id, name, typ string
	stack, node   string // that it was made for; "": by strangers
	kind          kind
	room          string // ID of what it is in; "": nothing
	properties    map[string]any

	work     string // creation, change or deletion; "": none
	ends     time.Time
	fails    bool           // the work will
	next     map[string]any // properties after the change
	shown    time.Time      // reads and lists show it from then on
	broken   bool           // its creation failed
	gone     bool
	stranger bool   // somebody else made it
	doomed   bool   // somebody has asked for its deletion
	stubborn string // why it is not deleted: refused, failing or endless; "": it is
}

// tick ends the work that is due.
func (c *cloud) tick() {
	now := time.Now()
	for _, o := range c.objects {
		if o.work == "" || now.Before(o.ends) {
			continue
		}
		switch {
		case o.work == "creation":
			o.broken = o.fails
		case o.work == "change" && !o.fails:
			o.properties = o.next
		case o.work == "deletion" && !o.fails:
			c.remove(o)
		}
		o.work = ""
	}
}

// remove takes an object out, and what goes with it.
func (c *cloud) remove(o *object) {
	o.gone = true
	for _, inner := range c.objects {
		if inner.room == o.id && !inner.gone {
			c.remove(inner)
		}
	}
}

// byID is an object that exists; nil if none does.
func (c *cloud) byID(id string) *object {
	for _, o := range c.objects {
		if o.id == id && !o.gone {
			return o
		}
	}
	return nil
}

// live lists what exists and was not made by strangers.
func (c *cloud) live() []*object {
	var out []*object
	for _, o := range c.objects {
		if !o.gone && !o.stranger {
			out = append(out, o)
		}
	}
	return out
}

// named lists the IDs of what is shown of a type under a name. Whatever has a
// name that nothing else may have is in the way of another one, and nothing else
// is.
func (c *cloud) named(typ, name string) []string {
	var out []string
	unique := kindOf(typ) == named
	for _, o := range c.objects {
		if o.name == name && !o.gone && unique == (o.kind == named) && (unique || o.typ == "" || o.typ == typ) && !time.Now().Before(o.shown) {
			out = append(out, o.id)
		}
	}
	return out
}

// busy refuses a change while other work runs on the object, on what it is in,
// or on something else in there.
func (c *cloud) busy(o *object, room string) error {
	if o != nil && o.work != "" {
		return refusal(providers.Busy, "other work runs on "+o.id)
	}
	if room == "" {
		return nil
	}
	for _, other := range c.objects {
		if !other.gone && other.work != "" && (other.id == room || other.room == room) {
			return refusal(providers.Busy, "other work runs in "+room)
		}
	}
	return nil
}

func refusal(kind providers.Kind, message string) error {
	status := map[providers.Kind]int{
		providers.NotFound: 404, providers.Conflict: 409, providers.Busy: 409, providers.Throttled: 429,
		providers.Auth: 401, providers.Invalid: 400, providers.Quota: 403,
	}[kind]
	return &providers.Error{Kind: kind, Status: status, Message: message}
}

// nameOf is the name that a request asks for.
func nameOf(req *providers.Request) string { return cmp.Or(req.String("name"), req.DefaultName()) }

// begin starts work on an object. Some of it fails in the end.
func (c *cloud) begin(p *process, o *object, work string) {
	o.work = work
	o.ends = time.Now().Add(c.w.duration(o.kind))
	o.fails = c.w.often(p.faults.work) || work == "deletion" && o.stubborn == failing
	if work == "deletion" && o.stubborn == endless {
		o.ends = o.ends.Add(1000 * time.Hour)
	}
	c.tick()
}

// create makes an object.
func (c *cloud) create(p *process, req *providers.Request, k kind) (*object, error) {
	room := req.String("room")
	if in := c.byID(room); room != "" && (in == nil || in.work == "deletion") {
		return nil, refusal(providers.NotFound, "there is no "+room)
	}
	if err := c.busy(nil, room); err != nil {
		return nil, err
	}
	if k == named && slices.ContainsFunc(c.objects, func(o *object) bool { return o.name == nameOf(req) && o.kind == named && !o.gone }) {
		return nil, refusal(providers.Conflict, "the name is taken")
	}
	c.made++
	o := &object{
		id: fmt.Sprintf("id-%d", c.made), name: nameOf(req), typ: req.Type, kind: k, room: room,
		stack: req.Stack, node: req.Node, properties: cloneValue(req.Properties).(map[string]any), shown: time.Now().Add(c.w.invisibility(k)),
	}
	c.objects = append(c.objects, o)
	c.begin(p, o, "creation")
	return o, nil
}

// provider serves all types of the simulation to one process. What it does is
// made of single exchanges, so that anything can happen between two.
type provider struct {
	p *process
}

// exchange sends one request.
func (v provider) exchange(ctx context.Context, what string, changing bool, carry func(*cloud) error) error {
	return v.telling(ctx, what, "", changing, carry)
}

// telling sends a request whose answer repeats a text.
func (v provider) telling(ctx context.Context, what, hint string, changing bool, carry func(*cloud) error) error {
	var err error
	w := v.p.w
	if changing {
		if barred := providers.MaySend(ctx); barred != nil {
			return &providers.Error{Kind: providers.Unavail, Message: "nothing was sent", Err: barred}
		}
	}
	var c *call
	c = &call{p: v.p, ctx: ctx, what: "cloud: " + what, changing: changing, hint: hint, effect: func() {
		w.cloud.tick()
		w.cloud.call = c
		err = carry(w.cloud)
		if err != nil {
			w.note(v.p, "  refused: %v", err)
		}
	}}
	if broken := w.do(c); broken != nil {
		err = broken
	}
	v.p.heard(what, err)
	return err
}

// Advance implements providers.Provider.
func (v provider) Advance(ctx context.Context, req *providers.Request, op providers.Operation, resumed bool) (providers.Progress, error) {
	v.p.w.checkAdvance(v.p, req, op)
	switch {
	case req.Action == providers.Create:
		return v.create(ctx, req, op, resumed)
	case op.Stage == huaweicloud.StageWait:
		return v.wait(ctx, req, op)
	case req.Action == providers.Update:
		return v.update(ctx, req)
	}
	return v.delete(ctx, req)
}

// create runs as that of the real providers does.
func (v provider) create(ctx context.Context, req *providers.Request, op providers.Operation, resumed bool) (providers.Progress, error) {
	k := kindOf(req.Type)
	return huaweicloud.Creation{
		What:    "object",
		Request: req,
		Late:    late,
		Look: func(ctx context.Context) (notes map[string]string, err error) {
			err = v.exchange(ctx, "look for "+req.Node, false, func(c *cloud) error {
				ids := c.named(req.Type, nameOf(req))
				if k == named && len(ids) > 0 {
					return huaweicloud.Exists("object", nameOf(req), "")
				}
				notes = huaweicloud.Existing(foundOf(ids))
				return nil
			})
			return notes, err
		},
		Send: func(ctx context.Context, op providers.Operation) (next providers.Operation, err error) {
			err = v.telling(ctx, "CREATE "+req.Node, req.String("secret"), true, func(c *cloud) error {
				v.p.w.checkChange(v.p, req, op)
				o, err := c.create(v.p, req, k)
				if err != nil {
					return err
				}
				c.changes = append(c.changes, "create "+req.Node)
				v.p.w.checkTwice(v.p, o)
				c.twins(o)
				next = providers.Operation{ID: "op-" + o.id, ObjectID: o.id}
				return nil
			})
			return next, err
		},
		Find: func(ctx context.Context) (all []huaweicloud.Found, err error) {
			err = v.exchange(ctx, "find "+req.Node, false, func(c *cloud) error {
				all = foundOf(c.named(req.Type, nameOf(req)))
				return nil
			})
			return all, err
		},
		Wait: func(ctx context.Context, op providers.Operation) (providers.Progress, error) {
			return v.wait(ctx, req, op)
		},
	}.Advance(ctx, op, resumed)
}

func foundOf(ids []string) []huaweicloud.Found {
	out := make([]huaweicloud.Found, len(ids))
	for i, id := range ids {
		out[i].ID = id
	}
	return out
}

// wait tells how far work on an object is.
func (v provider) wait(ctx context.Context, req *providers.Request, op providers.Operation) (p providers.Progress, err error) {
	err = v.exchange(ctx, fmt.Sprintf("wait for the %s of %s", req.Action, req.Node), false, func(c *cloud) error {
		o := c.byID(op.ObjectID)
		switch {
		case o == nil && req.Action == providers.Delete:
			p = providers.Progress{Done: true}
		case o == nil:
			return refusal(providers.NotFound, op.ObjectID+" does not exist")
		case o.work != "" || time.Now().Before(o.shown):
			p = providers.Progress{Next: op, After: o.patience(), Message: "working" + o.hint(), Substeps: o.substeps()}
		case req.Action == providers.Delete && op.Note["sent"] != "" || o.broken && req.Action == providers.Create || req.Action == providers.Update && !same(o.properties, req.Properties):
			return &providers.Error{Kind: providers.Failed, Message: fmt.Sprintf("the %s of %s failed%s", req.Action, o.id, o.hint())}
		default:
			p = providers.Progress{Done: true, Object: o.object()}
		}
		return nil
	})
	return p, err
}

// update sends all properties; to send it twice does no harm.
func (v provider) update(ctx context.Context, req *providers.Request) (p providers.Progress, err error) {
	err = v.telling(ctx, "UPDATE "+req.Node, req.String("secret"), true, func(c *cloud) error {
		v.p.w.checkChange(v.p, req, providers.Operation{})
		o := c.byID(req.ObjectID)
		if o == nil {
			return refusal(providers.NotFound, req.ObjectID+" does not exist")
		}
		if err := c.busy(o, o.room); err != nil {
			return err
		}
		c.changes = append(c.changes, "update "+req.Node)
		o.next = cloneValue(req.Properties).(map[string]any)
		c.begin(v.p, o, "change")
		p = providers.Progress{Next: providers.Operation{Stage: huaweicloud.StageWait, ID: "op-" + o.id, ObjectID: o.id}}
		return nil
	})
	return p, err
}

func (v provider) delete(ctx context.Context, req *providers.Request) (p providers.Progress, err error) {
	err = v.exchange(ctx, "DELETE "+req.Node, true, func(c *cloud) error {
		v.p.w.checkChange(v.p, req, providers.Operation{})
		o := c.byID(req.ObjectID)
		if o == nil {
			p = providers.Progress{Done: true}
			return nil
		}
		if o.work != "deletion" {
			if o.stubborn == refused {
				return refusal(providers.Invalid, "it is not deleted")
			}
			if err := c.busy(o, o.room); err != nil {
				return err
			}
			if slices.ContainsFunc(c.objects, func(inner *object) bool { return inner.room == o.id && !inner.gone && inner.kind == lot }) {
				return refusal(providers.Busy, "something is left in "+o.id)
			}
			c.changes = append(c.changes, "delete "+req.Node)
			o.doomed = true
			c.begin(v.p, o, "deletion")
		}
		p = providers.Progress{Next: providers.Operation{
			Stage: huaweicloud.StageWait, ID: "op-" + o.id, ObjectID: o.id, Note: map[string]string{"sent": "yes"},
		}}
		return nil
	})
	return p, err
}

// Read implements providers.Provider.
func (v provider) Read(ctx context.Context, req *providers.Request) (found *providers.Object, err error) {
	err = v.exchange(ctx, "read "+req.Node, false, func(c *cloud) error {
		if req.ObjectID == "" {
			c.w.violate(v.p, "%s is read without an ID", req.Node)
		}
		o := c.byID(req.ObjectID)
		if o == nil || time.Now().Before(o.shown) {
			return refusal(providers.NotFound, req.ObjectID+" does not exist")
		}
		found = o.object()
		return nil
	})
	return found, err
}

// Working implements providers.Worker.
func (v provider) Working(ctx context.Context, req *providers.Request) (work string, err error) {
	err = v.exchange(ctx, "look for work on "+req.Node, false, func(c *cloud) error {
		if o := c.byID(req.ObjectID); o != nil {
			work = o.work
		}
		return nil
	})
	return work, err
}

// Find implements providers.Provider: an intent alone has sent nothing.
func (v provider) Find(ctx context.Context, req *providers.Request) ([]*providers.Object, error) {
	return huaweicloud.LooksFirst{}.Find(ctx, req)
}

func (o *object) object() *providers.Object {
	read := map[string]any{}
	for _, name := range []string{"name", "size", "color", "secret", "uses", "pinned", "room"} {
		if v, ok := o.properties[name]; ok {
			read[name] = cloneValue(v)
		}
	}
	return &providers.Object{
		ID: o.id, Properties: read,
		Attributes: map[string]any{"refID": o.id, "refName": o.name, "level": o.properties["size"], "echo": o.properties["secret"]},
		Evidence:   "same name",
	}
}

// twins are what others make under the same name at the moment when an answer is
// lost.
func (c *cloud) twins(o *object) {
	lost := c.call.fate.err != nil && c.call.fate.lag > 0
	if !lost || o.kind == named || !c.w.chance(3) {
		return
	}
	c.w.note(nil, "BY HAND: another %s is made", o.name)
	id := "twin-of-" + o.id
	if c.made%2 == 0 {
		id = "a-" + id // what comes first by its ID is not the one for that
	}
	c.objects = append(c.objects, &object{
		id: id, name: o.name, typ: o.typ, kind: o.kind, properties: map[string]any{"size": int64(1), "color": "red"}, stranger: true, shown: o.shown,
	})
}

// hint is what messages about an object repeat of it.
func (o *object) hint() string {
	if secret := providers.Text(o.properties["secret"]); secret != "" {
		return " with " + secret
	}
	return ""
}

// patience is how long to wait before it is asked again: longer while there is
// much left, which is the same to all concerned and spares time.
func (o *object) patience() time.Duration {
	return min(max(poll, time.Until(o.ends)/6), time.Minute).Truncate(time.Millisecond)
}

// substeps are those of its work.
func (o *object) substeps() []providers.Substep {
	left := time.Until(o.ends)
	status := "processing"
	if left > 5*time.Second {
		status = "waiting"
	}
	return []providers.Substep{{Name: "prepare", Status: "finished"}, {Name: "finish", Status: status, Detail: o.hint()}}
}

// lister is the provider of a type that is listed.
type lister struct{ provider }

// ReadAll implements providers.Lister. Lists run late and lose objects, and who
// may read need not be allowed to list.
func (v lister) ReadAll(ctx context.Context, reqs []*providers.Request) ([]providers.Reading, error) {
	return huaweicloud.Listing[object]{
		List: func(ctx context.Context, reqs []*providers.Request) (all map[string]*object, err error) {
			err = v.exchange(ctx, "list "+reqs[0].Type, false, func(c *cloud) error {
				if c.w.often(v.p.faults.cloud) {
					return &providers.Error{Kind: providers.Auth, Status: 403, Message: "lists are not for you"}
				}
				all = map[string]*object{}
				for _, o := range c.objects {
					if o.typ == reqs[0].Type && !o.gone && !time.Now().Before(o.shown) && !c.w.often(v.p.faults.cloud) {
						copied := *o
						all[o.id] = &copied
					}
				}
				return nil
			})
			return all, err
		},
		Object: func(o *object, _ *providers.Request) (*providers.Object, error) { return o.object(), nil },
		Read:   v.Read,
	}.ReadAll(ctx, reqs)
}

// book is the provider of what exists only in the state of its stack. Only the
// loop of an execution asks it for changes.
type book struct {
	p    *process
	made int
}

// Effectless implements providers.Effectless.
func (*book) Effectless() {}

// Advance implements providers.Provider.
func (b *book) Advance(_ context.Context, req *providers.Request, _ providers.Operation, _ bool) (providers.Progress, error) {
	b.made++
	id := req.ObjectID
	switch req.Action {
	case providers.Delete:
		return providers.Progress{Done: true}, nil
	case providers.Create:
		id = fmt.Sprintf("%s%s-%s-%d", entry, b.p.name, req.Node, b.made)
	}
	return providers.Progress{Done: true, Object: b.object(id, req)}, nil
}

// entry begins the IDs of what exists only in the state.
const entry = "entry-"

func (b *book) object(id string, req *providers.Request) *providers.Object {
	o := &object{id: id, name: nameOf(req), properties: req.Properties}
	return o.object()
}

// Read implements providers.Provider.
func (b *book) Read(_ context.Context, req *providers.Request) (*providers.Object, error) {
	return b.object(req.ObjectID, req), nil
}

// Find implements providers.Provider.
func (*book) Find(context.Context, *providers.Request) ([]*providers.Object, error) { return nil, nil }

// exists reports whether an object is there.
func (c *cloud) exists(id string) bool { return strings.HasPrefix(id, entry) || c.byID(id) != nil }

// same compares plain values; numbers by what they say.
func same(a, b map[string]any) bool {
	return maps.EqualFunc(a, b, func(x, y any) bool { return text(x) == text(y) })
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

package providertest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// Bounds of one action: how many Advances it may take, how many of them may be
// refused for the time being, and how many handles it may give, each of which is
// put on record before it goes on.
const (
	mostAdvances = 3000
	mostRetries  = 200
	mostHandles  = 12
)

// longestPoll is how far the wait between two looks is lengthened.
const longestPoll = 15 * time.Second

// ride is one action on its way, carried out as the executor does.
type ride struct {
	*kit
	req     *providers.Request
	op      providers.Operation
	resumed bool
	owed    bool // the last Advance was told that it resumes

	// crash lets the process die once after each handle's first Advance: what it
	// did is done, what it said is lost.
	crash bool
	// fail is why its work is to fail; "": it is not.
	fail string
	// unsure counts the outcomes that were open.
	unsure int

	begun   bool
	forgot  map[string]bool
	idle    int // looks at which nothing had changed
	told    string
	retries int
	handles int
	parts   []providers.Substep // as told last
	made    *providers.Object   // of a create, as far as it is known
	removed bool                // a delete has ended
}

// do carries out an action that has to succeed.
func (k *kit) do(t *testing.T, req *providers.Request) *providers.Object {
	t.Helper()
	return k.succeed(t, &ride{kit: k, req: req})
}

func (k *kit) succeed(t *testing.T, r *ride) *providers.Object {
	t.Helper()
	o, err := r.run(t)
	if err != nil {
		t.Fatalf("%s %s at %+v: %v", r.req.Action, r.req.Type, r.op, err)
	}
	return o
}

// run carries on until the action is done or has failed. What may pass is waited
// for, what is open is looked into, and after a refusal of the credentials it goes
// on as if somebody had come with better ones.
func (r *ride) run(t *testing.T) (*providers.Object, error) {
	t.Helper()
	r.forgot = map[string]bool{}
	defer r.account()
	for range mostAdvances {
		p, err := r.advance(t)
		switch {
		case isKind(err, providers.Ambiguous):
			r.resumed = true
			r.unsure++
		case isKind(err, providers.Auth) && r.retries < mostRetries:
			r.resumed = true
			r.retries++
		case isKind(err, providers.NotFound) && r.req.Action == providers.Delete:
			r.removed = true
			return nil, nil
		case err != nil && retryable(err) && r.retries < mostRetries:
			r.resumed = r.owed // a look that did not come about is still owed
			r.wait(t, max(failure(err).RetryAfter, time.Second<<min(r.retries, 4)))
			r.retries++
		case err != nil:
			return nil, err
		case r.crash && !r.forgot[fmt.Sprint(r.op)] && (p.Done || fmt.Sprint(p.Next) != fmt.Sprint(r.op)):
			r.forgot[fmt.Sprint(r.op)], r.resumed = true, true
		case p.Done:
			r.made, r.removed = p.Object, true
			return p.Object, nil
		default:
			r.follow(t, p)
		}
	}
	t.Fatalf("%s %s does not end: %+v, %s", r.req.Action, r.req.Type, r.op, r.told)
	return nil, nil
}

// account tells whoever keeps account what became of the action.
func (r *ride) account() {
	switch {
	case r.req.Action == providers.Create && r.made != nil && r.cloud.Made != nil:
		r.cloud.Made(r.made.ID, r.deletion(r.made, r.req.Properties))
	case r.req.Action == providers.Delete && r.removed && r.cloud.Gone != nil:
		r.cloud.Gone(r.req.ObjectID)
	}
}

// advance makes one move, and checks what holds for each.
func (r *ride) advance(t *testing.T) (providers.Progress, error) {
	t.Helper()
	r.begin(t)
	left, struck := r.cloud.Wire.marks()
	done := len(r.cloud.Wire.Done())
	p, err := r.cloud.Provider.Advance(r.cloud.Wire.under(t.Context()), r.req, r.op, r.resumed)
	r.owed, r.resumed = r.resumed, false
	leftNow, struckNow := r.cloud.Wire.marks()
	if did := r.cloud.Wire.Done()[done:]; leftNow-left > 1 {
		t.Fatalf("one Advance of %s %s at %+v sent %d changing requests, and did %v", r.req.Action, r.req.Type, r.op, leftNow-left, did)
	}
	if r.refusing && struckNow > struck && !isKind(err, providers.Auth) {
		t.Errorf("%s %s at %+v: the credentials were refused, but it ended with %v", r.req.Action, r.req.Type, r.op, err)
	}
	if len(p.Substeps) > 0 {
		r.parts = p.Substeps
	}
	if id := p.Next.ObjectID; id != "" {
		r.cloud.Wire.hideID(id)
		r.made = &providers.Object{ID: id}
	}
	if err == nil && leftNow > left && p.After > time.Second {
		t.Errorf("%s %s looks %s after its request for the first time", r.req.Action, r.req.Type, p.After)
	}
	return p, err
}

// begin prepares an action once.
func (r *ride) begin(t *testing.T) {
	t.Helper()
	if r.begun {
		return
	}
	r.begun = true
	if r.req.Action == providers.Create && r.Ready != nil {
		r.Ready(t, r.cloud.Partner)
	}
	if r.fail != "" {
		r.cloud.Fail(r.fail)
	}
}

// follow takes up the handle and waits as long as it was told to, longer and
// longer while nothing changes.
func (r *ride) follow(t *testing.T, p providers.Progress) {
	t.Helper()
	told := fmt.Sprint(p.Next, p.Substeps, p.Message)
	if told == r.told {
		r.idle++
	} else {
		r.told, r.idle = told, 0
	}
	if fmt.Sprint(p.Next) != fmt.Sprint(r.op) {
		if r.handles++; r.handles > mostHandles {
			t.Fatalf("%s %s gives a new handle again and again: %+v, then %+v", r.req.Action, r.req.Type, r.op, p.Next)
		}
	} else if p.After > 0 && p.Message == "" {
		t.Errorf("%s %s waits at %+v and does not say for what", r.req.Action, r.req.Type, r.op)
	}
	r.op = p.Next
	if p.After > 0 {
		r.wait(t, min(p.After<<min(r.idle, 10), max(p.After, longestPoll)))
	}
}

func (r *ride) wait(t *testing.T, d time.Duration) {
	t.Helper()
	if err := r.cloud.Wait(t.Context(), d); err != nil {
		t.Fatalf("%s %s is stuck at %+v: %v", r.req.Action, r.req.Type, r.op, err)
	}
}

// under is the context of an Advance: changing requests are announced before they
// leave.
func (w *Wire) under(ctx context.Context) context.Context { return providers.Permitted(ctx, w.leaving) }

// The requests of a case.

func (k *kit) request(action providers.Action) *providers.Request {
	return &providers.Request{Action: action, Type: k.Type, Stack: k.cloud.Stack, Node: "node", Properties: k.Properties, Content: k.Content}
}

func (k *kit) create() *providers.Request { return k.request(providers.Create) }

// changed are the properties that an update sets.
func (k *kit) changed() map[string]any {
	want := maps.Clone(k.Properties)
	maps.Copy(want, k.Change)
	return want
}

func (k *kit) update(o *providers.Object) *providers.Request {
	r := k.request(providers.Update)
	r.Properties, r.Prior, r.ObjectID, r.Attributes = k.changed(), k.Properties, o.ID, o.Attributes
	return r
}

func (k *kit) deletion(o *providers.Object, recorded map[string]any) *providers.Request {
	r := k.request(providers.Delete)
	r.Properties, r.Prior, r.ObjectID, r.Attributes = recorded, recorded, o.ID, o.Attributes
	return r
}

func (k *kit) reading(o *providers.Object, recorded map[string]any) *providers.Request {
	r := k.request("")
	r.Properties, r.ObjectID, r.Attributes = recorded, o.ID, o.Attributes
	return r
}

// twice returns what stands more than once in a list.
func twice(list []string) []string {
	var out []string
	for i, s := range list {
		if slices.Contains(list[:i], s) {
			out = append(out, s)
		}
	}
	return out
}

// Make creates an object that others need, in the stack of the cloud.
func (c Cloud) Make(t *testing.T, typ, node string, properties map[string]any) *providers.Object {
	t.Helper()
	k := &kit{Config: Config{Type: typ, Properties: properties}, cloud: c}
	req := k.create()
	req.Node = node
	return k.do(t, req)
}

// Remove carries out a deletion that Made was told of.
func (c Cloud) Remove(t *testing.T, deletion *providers.Request) error {
	t.Helper()
	_, err := (&ride{kit: &kit{cloud: c}, req: deletion}).run(t)
	return err
}

// Package providertest is the conformance suite of node type providers: what
// the executor relies on, shown by driving a provider against a cloud. It
// knows neither the providers nor the cloud; a test brings both.
package providertest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// Config says what to drive, and with what.
type Config struct {
	Provider providers.Provider

	// Type, Properties and the rest make up the create. Properties must be
	// valid and name no object that exists.
	Type       string
	Properties map[string]any

	// Change holds the properties that an update sets; nil: nothing of the
	// type can be changed.
	Change map[string]any

	// Forgotten tells that a delete does not reach the cloud, so that the
	// object can still be read.
	Forgotten bool
	// Unread names the properties that the cloud does not show, sorted.
	Unread []string
	// NotImported tells that an object can't be read by its ID alone: the
	// provider has to say so.
	NotImported bool
	// Repeatable tells that a create may be carried out again after a lost
	// answer, because what the lost one made is worth nothing.
	Repeatable bool

	// Wait lets time pass in the cloud: at least a bit of d.
	Wait func(ctx context.Context, d time.Duration) error

	// Done lists the operations of the changing requests that the cloud has
	// carried out so far, in order.
	Done func() []string
	// LoseAnswer lets the cloud carry out the next changing request and lose
	// the answer.
	LoseAnswer func()
}

// most is how many Advances an action may take, and mostRetries how many of
// them may be refused for the time being, before it counts as stuck.
const (
	most        = 5000
	mostRetries = 20
)

// Run drives the provider through the life of one object, several times.
func Run(t *testing.T, cfg Config) {
	t.Run("life", cfg.life)
	t.Run("a gone object is not found, and its delete is done", cfg.gone)
	t.Run("an intent alone has made nothing", cfg.intent)
	t.Run("lost answers", cfg.lostAnswers)
	t.Run("crash after every step", cfg.crashes)
}

// life creates, reads, updates and deletes.
func (cfg Config) life(t *testing.T) {
	o := cfg.drive(t, cfg.create(), nil)
	cfg.holds(t, o, cfg.Properties)
	cfg.imports(t, o)
	if cfg.Change != nil {
		want := maps.Clone(cfg.Properties)
		maps.Copy(want, cfg.Change)
		changed := cfg.drive(t, cfg.update(o, want), nil)
		if changed.ID != o.ID {
			t.Errorf("an update turned %s into %s", o.ID, changed.ID)
		}
		cfg.holds(t, changed, want)
		o = changed
	}
	cfg.remove(t, o)
}

// holds checks an object, and that reading it gives the same.
func (cfg Config) holds(t *testing.T, o *providers.Object, want map[string]any) {
	t.Helper()
	if o == nil || o.ID == "" {
		t.Fatalf("the action ended without an object: %+v", o)
	}
	for _, name := range []string{"refID", "refName"} {
		if text, ok := o.Attributes[name].(string); !ok || text == "" {
			t.Errorf("attribute %s is %v", name, o.Attributes[name])
		}
	}
	read, err := cfg.Provider.Read(t.Context(), cfg.read(o, want))
	if err != nil {
		t.Fatalf("read %s: %v", o.ID, err)
	}
	if read.ID != o.ID {
		t.Errorf("reading %s gave %s", o.ID, read.ID)
	}
	for name, v := range read.Attributes {
		if fmt.Sprint(v) != fmt.Sprint(o.Attributes[name]) {
			t.Errorf("attribute %s was %v and is read as %v", name, o.Attributes[name], v)
		}
	}
	for name, v := range read.Properties {
		if fmt.Sprint(v) != fmt.Sprint(want[name]) {
			t.Errorf("property %s was %v and is read as %v", name, want[name], v)
		}
	}
}

// imports reads an object of which nobody has kept a record: by its ID alone,
// and for a blueprint that describes it as it is, to which it may not differ.
func (cfg Config) imports(t *testing.T, o *providers.Object) {
	t.Helper()
	alone := &providers.Request{Type: cfg.Type, ObjectID: o.ID}
	read, err := cfg.Provider.Read(t.Context(), alone)
	if cfg.NotImported {
		var e *providers.Error
		if !errors.As(err, &e) || e.Message == "" {
			t.Errorf("%s was read by its ID alone, or without saying what is missing: %v, %v", o.ID, read, err)
		}
		return
	}
	if err != nil {
		t.Fatalf("read %s by its ID alone: %v", o.ID, err)
	}
	cfg.matches(t, "by its ID alone", read, o)

	matching := cfg.request("")
	matching.ObjectID, matching.Prior = o.ID, cfg.Properties
	read, err = cfg.Provider.Read(t.Context(), matching)
	if err != nil {
		t.Fatalf("read %s for a blueprint: %v", o.ID, err)
	}
	cfg.matches(t, "for a blueprint", read, o)
	for name, v := range read.Properties {
		if _, wanted := cfg.Properties[name]; !wanted || !reflect.DeepEqual(v, cfg.Properties[name]) {
			t.Errorf("read for a blueprint, property %s is %#v and wanted as %#v", name, v, cfg.Properties[name])
		}
	}
}

// matches checks that an object is the one that was made, and that all is there
// but what is known to be hidden.
func (cfg Config) matches(t *testing.T, how string, read, made *providers.Object) {
	t.Helper()
	if read.ID != made.ID || fmt.Sprint(read.Attributes) != fmt.Sprint(made.Attributes) {
		t.Errorf("made %+v, read %s as %+v", made, how, read)
	}
	var unread []string
	for name := range cfg.Properties {
		if _, ok := read.Properties[name]; !ok {
			unread = append(unread, name)
		}
	}
	slices.Sort(unread)
	if !slices.Equal(unread, cfg.Unread) {
		t.Errorf("read %s, the properties %v are not told; expected %v", how, unread, cfg.Unread)
	}
}

// remove deletes an object and checks that it is gone.
func (cfg Config) remove(t *testing.T, o *providers.Object) {
	t.Helper()
	cfg.drive(t, cfg.deletion(o), nil)
	if cfg.Forgotten {
		return
	}
	if _, err := cfg.Provider.Read(t.Context(), cfg.read(o, cfg.Properties)); !isKind(err, providers.NotFound) {
		t.Errorf("after its delete, reading %s gave %v", o.ID, err)
	}
}

func (cfg Config) gone(t *testing.T) {
	o := cfg.drive(t, cfg.create(), nil)
	cfg.remove(t, o)
	before := len(cfg.Done())
	cfg.drive(t, cfg.deletion(o), nil)
	if after := cfg.Done(); len(after) != before {
		t.Errorf("the second delete did %v", after[before:])
	}
}

// intent stops a create before its first changing request.
func (cfg Config) intent(t *testing.T) {
	before := len(cfg.Done())
	found, err := cfg.Provider.Find(t.Context(), cfg.create())
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 0 || len(cfg.Done()) != before {
		t.Errorf("found %v", found)
	}
}

// lostAnswers loses the answer of the first changing request of each action.
func (cfg Config) lostAnswers(t *testing.T) {
	if cfg.LoseAnswer == nil {
		t.Skip("the cloud cannot lose answers")
	}
	before := len(cfg.Done())
	cfg.LoseAnswer()
	o := cfg.drive(t, cfg.create(), nil)
	cfg.once(t, before)
	cfg.holds(t, o, cfg.Properties)
	if cfg.Change != nil {
		want := maps.Clone(cfg.Properties)
		maps.Copy(want, cfg.Change)
		cfg.LoseAnswer()
		o = cfg.drive(t, cfg.update(o, want), nil)
		cfg.holds(t, o, want)
	}
	if cfg.Forgotten {
		return
	}
	before = len(cfg.Done())
	cfg.LoseAnswer()
	cfg.remove(t, o)
	cfg.once(t, before)
}

// crashes takes each step twice: as if the process had died between the
// request and the record of its answer.
func (cfg Config) crashes(t *testing.T) {
	before := len(cfg.Done())
	o := cfg.drive(t, cfg.create(), crash)
	cfg.once(t, before)
	cfg.holds(t, o, cfg.Properties)
	if cfg.Change != nil {
		want := maps.Clone(cfg.Properties)
		maps.Copy(want, cfg.Change)
		o = cfg.drive(t, cfg.update(o, want), crash)
		cfg.holds(t, o, want)
	}
	before = len(cfg.Done())
	cfg.drive(t, cfg.deletion(o), crash)
	cfg.once(t, before)
}

// once checks that no operation was carried out twice since before.
func (cfg Config) once(t *testing.T, before int) {
	t.Helper()
	did := cfg.Done()[before:]
	if sorted := slices.Sorted(slices.Values(did)); len(slices.Compact(sorted)) != len(did) && !cfg.Repeatable {
		t.Errorf("something was done twice: %v", did)
	}
}

// crash is the mode of drive in which the outcome of each first Advance on a
// handle is forgotten.
func crash(op providers.Operation, p providers.Progress) bool {
	return p.Done || fmt.Sprint(p.Next) != fmt.Sprint(op)
}

// drive carries out an action as the executor does. forget, if not nil, says
// whether to lose a Progress once and take the same handle up again.
func (cfg Config) drive(t *testing.T, req *providers.Request, forget func(providers.Operation, providers.Progress) bool) *providers.Object {
	t.Helper()
	var (
		op      providers.Operation
		resumed bool
		forgot  = map[string]bool{}
		retries int
	)
	for range most {
		before := len(cfg.Done())
		p, err := cfg.Provider.Advance(t.Context(), req, op, resumed)
		if did := cfg.Done()[before:]; len(did) > 1 {
			t.Fatalf("one Advance of %s %s sent %v", req.Action, req.Type, did)
		}
		resumed = false
		switch handle := fmt.Sprint(op); {
		case isKind(err, providers.Ambiguous):
			resumed = true
			continue
		case err != nil && retryable(err) && retries < mostRetries:
			retries++
			p = providers.Progress{Next: op, After: time.Second}
		case err != nil:
			t.Fatalf("%s %s at %+v: %v", req.Action, req.Type, op, err)
		case forget != nil && !forgot[handle] && forget(op, p):
			forgot[handle], resumed = true, true
			continue
		}
		if p.Done {
			return p.Object
		}
		op = p.Next
		if p.After > 0 {
			if err := cfg.Wait(t.Context(), p.After); err != nil {
				t.Fatalf("%s %s is stuck at %+v: %v", req.Action, req.Type, op, err)
			}
		}
	}
	t.Fatalf("%s %s does not end: %+v", req.Action, req.Type, op)
	return nil
}

func (cfg Config) request(action providers.Action) *providers.Request {
	return &providers.Request{Action: action, Type: cfg.Type, Stack: "suite", Node: "node", Properties: cfg.Properties}
}

func (cfg Config) create() *providers.Request { return cfg.request(providers.Create) }

func (cfg Config) update(o *providers.Object, want map[string]any) *providers.Request {
	r := cfg.request(providers.Update)
	r.Properties, r.Prior, r.ObjectID, r.Attributes = want, cfg.Properties, o.ID, o.Attributes
	return r
}

func (cfg Config) deletion(o *providers.Object) *providers.Request {
	r := cfg.request(providers.Delete)
	r.Prior, r.ObjectID, r.Attributes = cfg.Properties, o.ID, o.Attributes
	return r
}

func (cfg Config) read(o *providers.Object, recorded map[string]any) *providers.Request {
	r := cfg.request("")
	r.Properties, r.ObjectID, r.Attributes = recorded, o.ID, o.Attributes
	return r
}

func isKind(err error, kind providers.Kind) bool {
	var e *providers.Error
	return errors.As(err, &e) && e.Kind == kind
}

func retryable(err error) bool {
	var e *providers.Error
	return errors.As(err, &e) && e.Retryable()
}

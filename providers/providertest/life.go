package providertest

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// life creates, reads, imports, updates and deletes.
func (k *kit) life(t *testing.T) {
	o := k.do(t, k.create())
	k.holds(t, o, k.Properties)
	k.imports(t, o)
	k.lists(t, o)
	o, recorded := k.changes(t, o, nil)
	k.remove(t, o, recorded)
}

// changes updates an object, if the type can be, and returns what is there then
// and what is recorded of it. by, if it is not nil, carries the update out.
func (k *kit) changes(t *testing.T, o *providers.Object, by func(*providers.Request) *providers.Object) (*providers.Object, map[string]any) {
	t.Helper()
	if k.Change == nil {
		return o, k.Properties
	}
	if by == nil {
		by = func(req *providers.Request) *providers.Object { return k.do(t, req) }
	}
	changed := by(k.update(o))
	if changed == nil || changed.ID != o.ID {
		t.Fatalf("an update turned %s into %+v", o.ID, changed)
	}
	k.holds(t, changed, k.changed())
	return changed, k.changed()
}

// holds checks an object, and that reading it gives the same.
func (k *kit) holds(t *testing.T, o *providers.Object, want map[string]any) {
	t.Helper()
	if o == nil || o.ID == "" {
		t.Fatalf("the action ended without an object: %+v", o)
	}
	for _, name := range []string{"refID", "refName"} {
		if text, ok := o.Attributes[name].(string); !ok || text == "" {
			t.Errorf("attribute %s is %v", name, o.Attributes[name])
		}
	}
	if k.Check != nil {
		k.Check(t, o)
	}
	read, err := k.cloud.Provider.Read(t.Context(), k.reading(o, want))
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

// imports reads an object of which nobody has kept a record: by its ID alone, and
// for a blueprint that describes it as it is, to which it may not differ.
func (k *kit) imports(t *testing.T, o *providers.Object) {
	t.Helper()
	read, err := k.cloud.Provider.Read(t.Context(), &providers.Request{Type: k.Type, ObjectID: o.ID})
	if k.NotImported {
		if e := failure(err); e == nil || e.Message == "" {
			t.Errorf("%s was read by its ID alone, or without saying what is missing: %v, %v", o.ID, read, err)
		}
		return
	}
	if err != nil {
		t.Fatalf("read %s by its ID alone: %v", o.ID, err)
	}
	k.matches(t, "by its ID alone", read, o)

	matching := k.request("")
	matching.ObjectID, matching.Prior = o.ID, k.Properties
	read, err = k.cloud.Provider.Read(t.Context(), matching)
	if err != nil {
		t.Fatalf("read %s for a blueprint: %v", o.ID, err)
	}
	k.matches(t, "for a blueprint", read, o)
	for name, v := range read.Properties {
		if _, wanted := k.Properties[name]; !wanted || !reflect.DeepEqual(v, k.Properties[name]) {
			t.Errorf("read for a blueprint, property %s is %#v and wanted as %#v", name, v, k.Properties[name])
		}
	}
}

// lists reads an object together with others, of which one never was: that has to
// give what reading it alone gives.
func (k *kit) lists(t *testing.T, o *providers.Object) {
	t.Helper()
	if _, ok := k.cloud.Provider.(providers.Lister); !ok {
		return
	}
	it := k.reading(o, k.Properties)
	SameAsRead(t, k.cloud.Provider, []*providers.Request{it, k.reading(&providers.Object{ID: k.Missing}, k.Properties), it})
}

// matches checks that an object is the one that was made, and that all is there
// but what is known to be hidden.
func (k *kit) matches(t *testing.T, how string, read, made *providers.Object) {
	t.Helper()
	if read.ID != made.ID || fmt.Sprint(read.Attributes) != fmt.Sprint(made.Attributes) {
		t.Errorf("made %+v, read %s as %+v", made, how, read)
	}
	var unread []string
	for name := range k.Properties {
		if _, ok := read.Properties[name]; !ok {
			unread = append(unread, name)
		}
	}
	slices.Sort(unread)
	if !slices.Equal(unread, k.Unread) {
		t.Errorf("read %s, the properties %v are not told; expected %v", how, unread, k.Unread)
	}
}

// remove deletes an object and checks that it is gone.
func (k *kit) remove(t *testing.T, o *providers.Object, recorded map[string]any) {
	t.Helper()
	k.do(t, k.deletion(o, recorded))
	k.isGone(t, o, recorded)
}

func (k *kit) isGone(t *testing.T, o *providers.Object, recorded map[string]any) {
	t.Helper()
	if k.Forgotten {
		return
	}
	if _, err := k.cloud.Provider.Read(t.Context(), k.reading(o, recorded)); !isKind(err, providers.NotFound) {
		t.Errorf("after its delete, reading %s gave %v", o.ID, err)
	}
}

// absence looks for what never was, and deletes what is gone already.
func (k *kit) absence(t *testing.T) {
	never := &providers.Object{ID: k.Missing}
	if _, err := k.cloud.Provider.Read(t.Context(), k.reading(never, k.Properties)); !isKind(err, providers.NotFound) {
		t.Errorf("reading %s, which never was, gave %v", k.Missing, err)
	}
	o := k.do(t, k.create())
	k.remove(t, o, k.Properties)
	before := len(k.cloud.Wire.Done())
	k.do(t, k.deletion(o, k.Properties))
	if after := k.cloud.Wire.Done(); len(after) != before {
		t.Errorf("the second delete did %v", after[before:])
	}
}

// intent stops a create before its first changing request.
func (k *kit) intent(t *testing.T) {
	before, _ := k.cloud.Wire.marks()
	found, err := k.cloud.Provider.Find(t.Context(), k.create())
	if err != nil {
		t.Fatal(err)
	}
	if after, _ := k.cloud.Wire.marks(); len(found) != 0 || after != before {
		t.Errorf("found %v", found)
	}
}

// crashes lets the process die after each step, before its outcome is on record.
func (k *kit) crashes(t *testing.T) {
	crashing := func(req *providers.Request) *providers.Object {
		return k.untwice(t, &ride{kit: k, req: req, crash: true})
	}
	o := crashing(k.create())
	k.holds(t, o, k.Properties)
	o, recorded := k.changes(t, o, crashing)
	crashing(k.deletion(o, recorded))
	k.isGone(t, o, recorded)
}

// untwice carries an action out and checks that the cloud did nothing twice for
// it. To set what is set already does no harm.
func (k *kit) untwice(t *testing.T, r *ride) *providers.Object {
	t.Helper()
	before := len(k.cloud.Wire.Done())
	o := k.succeed(t, r)
	did := k.cloud.Wire.Done()[before:]
	if r.req.Action == providers.Update {
		did = slices.DeleteFunc(did, func(s string) bool { return strings.HasPrefix(s, http.MethodPut) })
	}
	if again := twice(did); len(again) > 0 && !k.Repeatable {
		t.Errorf("done twice: %v", again)
	}
	return o
}

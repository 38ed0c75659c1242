package providertest

import (
	"fmt"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// settledAnywhere lets the process die at each handle of each action, before its
// next move and after it. It is found out later what came of that: what has begun
// is waited for, nothing new is sent, and what is told then is so.
func (k *kit) settledAnywhere(t *testing.T) {
	if k.once() {
		action := providers.Create
		if k.Change != nil {
			action = providers.Update
		}
		k.settledAt(t, action, 1, true)
		return
	}
	for _, action := range []providers.Action{providers.Create, providers.Update, providers.Delete} {
		if action == providers.Update && k.Change == nil {
			continue
		}
		for handle := 1; k.settledAt(t, action, handle, false) && k.settledAt(t, action, handle, true); handle++ {
			t.Logf("%s was settled at its handle %d", action, handle)
		}
	}
}

// once reports whether an object of the type can be made once only, since nothing
// removes it.
func (k *kit) once() bool { return k.Forgotten && !k.Nameless && !k.Namesakes }

// settledAt lets an action die at one of its handles: moved tells whether it makes
// one more move, of which nothing is on record. It reports whether the action has so
// many handles.
func (k *kit) settledAt(t *testing.T, action providers.Action, handle int, moved bool) bool {
	t.Helper()
	var o *providers.Object
	req := k.create()
	if action != providers.Create {
		o = k.do(t, k.create())
	}
	switch action {
	case providers.Update:
		req = k.update(o)
	case providers.Delete:
		req = k.deletion(o, k.Properties)
	}
	r := &ride{kit: k, req: req, forgot: map[string]bool{}}
	if end, ended := r.until(t, handle); ended {
		k.clear(t, action, end)
		return false
	}
	if moved {
		_, _ = r.advance(t) // nobody hears what came of it
	}
	at, left := r.op, r.sent()
	r.req.Settling, r.resumed = true, true
	settled, err := r.run(t)
	if sent := r.sent() - left; sent > 0 && !k.untold(t, o, settled) {
		t.Errorf("while the %s at %+v was settled, %d changing requests were sent", action, at, sent)
	}
	k.afterwards(t, r, o, settled, err)
	return true
}

// sent is how many changing requests have left.
func (r *ride) sent() int {
	left, _ := r.cloud.Wire.marks()
	return left
}

// until carries an action on to one of its handles. ended is true if it has fewer.
func (r *ride) until(t *testing.T, handle int) (o *providers.Object, ended bool) {
	t.Helper()
	for range mostAdvances {
		p, err := r.advance(t)
		switch {
		case err != nil:
			t.Fatalf("%s %s at %+v: %v", r.req.Action, r.req.Type, r.op, err)
		case p.Done:
			return p.Object, true
		}
		r.follow(t, p)
		if r.handles == handle {
			return nil, false
		}
	}
	t.Fatalf("%s %s does not end: %+v, %s", r.req.Action, r.req.Type, r.op, r.told)
	return nil, true
}

// clear removes what an action that has ended by itself has left.
func (k *kit) clear(t *testing.T, action providers.Action, end *providers.Object) {
	t.Helper()
	switch action {
	case providers.Create:
		k.remove(t, end, k.Properties)
	case providers.Update:
		k.remove(t, end, k.changed())
	}
}

// untold reports whether the cloud does not tell what an update would change, so
// that it can't be known whether a request was carried out but by sending it again.
func (k *kit) untold(t *testing.T, objects ...*providers.Object) bool {
	t.Helper()
	for _, o := range objects {
		if o == nil {
			continue
		}
		read, err := k.cloud.Provider.Read(t.Context(), k.reading(o, k.Properties))
		if err != nil {
			return false
		}
		for name := range k.Change {
			if _, told := read.Properties[name]; told {
				return false
			}
		}
		return len(k.Change) > 0
	}
	return false
}

// afterwards goes on from what is on record of a settled action, as the next plan
// does.
func (k *kit) afterwards(t *testing.T, r *ride, before, settled *providers.Object, err error) {
	t.Helper()
	switch action := r.req.Action; {
	case action == providers.Create && err == nil && settled != nil:
		k.holds(t, settled, k.Properties)
		k.remove(t, settled, k.Properties)
	case action == providers.Create && r.op.ObjectID != "":
		_ = k.cloud.Remove(t, k.deletion(&providers.Object{ID: r.op.ObjectID}, k.Properties)) // it need not be there
	case action == providers.Create:
		k.orphans = k.orphans || k.Repeatable // what it made is worth nothing without its answer
	case action == providers.Update:
		k.tells(t, r, before, settled)
		k.goesOn(t, before, settled)
	case err == nil:
		k.isGone(t, before, k.Properties)
	default:
		k.remove(t, before, k.Properties)
	}
}

// tells checks that what a settled update has told of an object is as it is read.
func (k *kit) tells(t *testing.T, r *ride, before, settled *providers.Object) {
	t.Helper()
	if settled == nil {
		return // the executor goes by what was on record
	}
	read, err := k.cloud.Provider.Read(t.Context(), k.reading(before, merged(k.changed(), settled.Properties)))
	if err != nil {
		t.Fatalf("read %s: %v", before.ID, err)
	}
	for name := range k.Change {
		if was, is := settled.Properties[name], read.Properties[name]; fmt.Sprint(was) != fmt.Sprint(is) {
			t.Errorf("settled at %+v, property %s is told to be %v, and is read as %v", r.op, name, was, is)
		}
	}
}

// goesOn updates once more, from what was told of a settled update. What that left
// undone is done then, and nothing of the object is forgotten.
func (k *kit) goesOn(t *testing.T, before, settled *providers.Object) {
	t.Helper()
	req := k.update(before)
	if settled != nil {
		req.Prior, req.Attributes = merged(k.changed(), settled.Properties), settled.Attributes
	}
	o := k.do(t, req)
	k.holds(t, o, k.changed())
	if !k.NotImported && !k.once() {
		alone, err := k.cloud.Provider.Read(t.Context(), &providers.Request{Type: k.Type, ObjectID: o.ID})
		if err != nil {
			t.Fatalf("read %s by its ID alone: %v", o.ID, err)
		}
		for name, want := range k.Change {
			if is, told := alone.Properties[name]; told && fmt.Sprint(is) != fmt.Sprint(want) {
				t.Errorf("after another update, property %s is %v instead of %v", name, is, want)
			}
		}
	}
	k.remove(t, o, k.changed())
}

package providertest

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// through drives an object through its life while each request of each action is
// struck; changing and reading make anew what decides that. It fails the test
// nowhere if no request could be struck, but says so.
func (k *kit) through(t *testing.T, changing, reading func() func(key) *trouble) {
	t.Helper()
	struck := 0
	under := func(req *providers.Request) *providers.Object {
		t.Helper()
		k.cloud.Wire.strike(made(changing), made(reading))
		o := k.untwice(t, &ride{kit: k, req: req})
		struck += len(k.cloud.Wire.calm())
		return o
	}
	o := under(k.create())
	k.holds(t, o, k.Properties)
	if k.refusing {
		struck += k.refusedReading(t, o, reading)
	}
	o, recorded := k.changes(t, o, under)
	under(k.deletion(o, recorded))
	k.isGone(t, o, recorded)
	if struck == 0 {
		t.Skip("nothing is sent that trouble could come over")
	}
}

func made(f func() func(key) *trouble) func(key) *trouble {
	if f == nil {
		return nil
	}
	return f()
}

func each(troubles ...trouble) func() func(key) *trouble {
	return func() func(key) *trouble { return once(troubles...) }
}

// lostAnswers lets each changing request be carried out and its answer get lost.
func (k *kit) lostAnswers(t *testing.T) { k.through(t, each(lostAnswer), nil) }

// lostRequests lets each request leave and none arrive at first.
func (k *kit) lostRequests(t *testing.T) { k.through(t, each(lostRequest), each(lostRequest)) }

// timeOuts lets a gateway give up while the service carries each changing request
// out, and reads fail.
func (k *kit) timeOuts(t *testing.T) { k.through(t, each(timedOut), each(broken)) }

// unreachable lets no request leave at first.
func (k *kit) unreachable(t *testing.T) { k.through(t, each(unreachable), each(unreachable)) }

// throttled lets each request be refused twice, once with a time to wait.
func (k *kit) throttled(t *testing.T) {
	tooMany := each(
		trouble{status: http.StatusTooManyRequests, retryAfter: 3 * time.Second},
		trouble{status: http.StatusTooManyRequests},
	)
	k.through(t, tooMany, tooMany)
}

func (k *kit) notAuthenticated(t *testing.T) { k.refused(t, http.StatusUnauthorized) }

func (k *kit) notAuthorized(t *testing.T) { k.refused(t, http.StatusForbidden) }

// refused lets the credentials be refused at each request. That is no answer about
// the object: nothing is gone by it, nothing is done twice, and with good ones it
// goes on.
func (k *kit) refused(t *testing.T, status int) {
	k.refusing = true
	k.through(t, each(trouble{status: status}), each(trouble{status: status}))
}

// refusedReading reads once while it is refused, and returns how many requests
// were.
func (k *kit) refusedReading(t *testing.T, o *providers.Object, reading func() func(key) *trouble) int {
	t.Helper()
	k.cloud.Wire.strike(nil, reading())
	_, err := k.cloud.Provider.Read(t.Context(), k.reading(o, k.Properties))
	struck := len(k.cloud.Wire.calm())
	if struck > 0 && !isKind(err, providers.Auth) {
		t.Errorf("reading %s with refused credentials gave %v", o.ID, err)
	}
	return struck
}

// hidden is how long the cloud does not show what was made: longer than some
// looks take, and shorter than a lost request is looked for.
const hidden = 8 * time.Second

// shownLate hides what the create makes for a while.
func (k *kit) shownLate(t *testing.T) {
	k.cloud.Wire.hide(hidden, k.notThere(t))
	k.late(t)
}

// lostAndShownLate hides it, and loses the answers that would tell its ID.
func (k *kit) lostAndShownLate(t *testing.T) {
	k.cloud.Wire.hide(hidden, k.notThere(t))
	k.cloud.Wire.strike(once(lostAnswer), nil)
	k.late(t)
}

func (k *kit) late(t *testing.T) {
	t.Helper()
	o := k.untwice(t, &ride{kit: k, req: k.create()})
	if k.cloud.Wire.calm() == nil {
		t.Log("nobody looked while it was hidden")
	}
	k.holds(t, o, k.Properties)
	k.remove(t, o, k.Properties)
}

// notThere is how the cloud answers to who asks for what does not exist.
func (k *kit) notThere(t *testing.T) *answer {
	t.Helper()
	return k.cloud.Wire.listen(func() {
		_, err := k.cloud.Provider.Read(t.Context(), k.reading(&providers.Object{ID: k.Missing}, k.Properties))
		if !isKind(err, providers.NotFound) {
			t.Fatalf("reading %s, which never was, gave %v", k.Missing, err)
		}
	})
}

func (k *kit) settledAnswer(t *testing.T) { k.settled(t, lostAnswer) }

func (k *kit) settledRequest(t *testing.T) { k.settled(t, lostRequest) }

// settled lets a create die at its first changing request. It is found out later
// what came of that, and nothing new is sent.
func (k *kit) settled(t *testing.T, how trouble) {
	r := &ride{kit: k, req: k.create(), forgot: map[string]bool{}}
	k.cloud.Wire.strike(once(how), nil)
	for r.unsure == 0 {
		p, err := r.advance(t)
		switch {
		case isKind(err, providers.Ambiguous):
			r.unsure++
		case err != nil:
			t.Fatalf("create %s at %+v: %v", k.Type, r.op, err)
		case p.Done:
			t.Skip("nothing is sent that could get lost")
		default:
			r.follow(t, p)
		}
	}
	k.cloud.Wire.calm()
	left, _ := k.cloud.Wire.marks()
	r.req.Settling, r.resumed = true, true
	o := k.succeed(t, r)
	if now, _ := k.cloud.Wire.marks(); now != left {
		t.Errorf("while it was settled, %d more changing requests were sent", now-left)
	}
	switch {
	case o != nil && !how.carried:
		t.Errorf("a request that never arrived has made %s", o.ID)
	case o != nil:
		k.holds(t, o, k.Properties)
		k.remove(t, o, k.Properties)
	case how.carried && k.Repeatable:
		k.orphans = true // what it made is worth nothing without its answer
	case how.carried:
		t.Error("what a lost request has made was not found")
	}
}

// settledUpdate lets the credentials be refused at the first changing request of an
// update that has a handle on record. It is found out later what came of that,
// which is nothing: nothing new is sent, and nothing is told to be as it was wanted.
// Only what nobody tells may be sent once more, since it could not be known else.
func (k *kit) settledUpdate(t *testing.T) {
	if k.Change == nil {
		t.Skip("nothing of it can be changed in place")
	}
	o, recorded := k.do(t, k.create()), k.Properties
	defer func() { k.remove(t, o, recorded) }()
	r := &ride{kit: k, req: k.update(o), forgot: map[string]bool{}}
	k.cloud.Wire.strike(once(trouble{status: http.StatusUnauthorized}), nil)
	for {
		p, err := r.advance(t)
		if isKind(err, providers.Auth) {
			break
		}
		switch {
		case err != nil:
			t.Fatalf("update %s at %+v: %v", k.Type, r.op, err)
		case p.Done:
			o, recorded = p.Object, k.changed()
			t.Skip("nothing is sent that could be refused")
		}
		r.follow(t, p)
	}
	k.cloud.Wire.calm()
	if fmt.Sprint(r.op) == fmt.Sprint(providers.Operation{}) {
		t.Skip("with an intent alone on record, nobody asks the provider")
	}
	left, _ := k.cloud.Wire.marks()
	r.req.Settling, r.resumed = true, true
	settled := k.succeed(t, r)
	if now, _ := k.cloud.Wire.marks(); now != left {
		recorded = k.changed()
		read, err := k.cloud.Provider.Read(t.Context(), k.reading(o, recorded))
		if err != nil {
			t.Fatalf("read %s: %v", o.ID, err)
		}
		for name := range k.Change {
			if _, told := read.Properties[name]; told {
				t.Errorf("while it was settled, %d changing requests were sent, although it is told what %s is", now-left, name)
			}
		}
		return
	}
	for name := range k.Change {
		if settled == nil {
			break // the executor goes by what was on record
		}
		if told, ok := settled.Properties[name]; !ok || fmt.Sprint(told) != fmt.Sprint(k.Properties[name]) {
			t.Errorf("property %s, which was to become %v, is told to be %v and is still %v", name, k.Change[name], told, k.Properties[name])
		}
	}
}

// namesake creates what has the name of an object of somebody else, which is left
// alone.
func (k *kit) namesake(t *testing.T) {
	if k.Nameless {
		t.Skip("nothing could stand in its way")
	}
	other := *k
	other.Properties = merged(k.Properties, k.Foreign)
	foreign := other.do(t, other.create())
	before := len(k.cloud.Wire.Done())
	if k.Namesakes {
		k.cloud.Wire.strike(once(lostAnswer), nil)
		ours := k.do(t, k.create())
		k.cloud.Wire.calm()
		if ours.ID == foreign.ID {
			t.Fatalf("%s was taken over", foreign.ID)
		}
		k.holds(t, ours, k.Properties)
		k.remove(t, ours, k.Properties)
	} else {
		o, err := (&ride{kit: k, req: k.create()}).run(t)
		if e := failure(err); !isKind(err, providers.Conflict) || e.Message == "" || e.Advice == "" {
			t.Errorf("the create ended with %+v, %v", o, err)
		}
		if did := k.cloud.Wire.Done()[before:]; len(did) > 0 {
			t.Errorf("did %v", did)
		}
	}
	other.holds(t, foreign, other.Properties)
	other.remove(t, foreign, other.Properties)
}

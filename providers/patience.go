package providers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrGaveUp is the cause of the Error of a read for which there was no patience
// left: to repeat it is of no use to who asks now.
var ErrGaveUp = errors.New("there was no patience left")

// Patience is how long who only looks at clouds waits for endpoints of which no
// answer of use comes: none at all, errors of the server, refusals for load. An
// endpoint that has been asked for so long without one is given up, and whoever
// asks it from then on is told so at once. What counts is the time without an
// answer of use, not that of the whole look, which may be long where there is
// much to see:
//
//	      asked                          for the limit no answer of use
//	idle ------> awaited  (since: then) -------------------------------> given up
//	  ^            |  ^
//	  | none left  |  | others wait (since: now)
//	  +------------+--+
//	  an answer of use
//
// The same holds for each operation of an endpoint by itself, so that one which
// alone never works takes no others along. Once something was given up, what has
// never answered gets a third of the limit only: the patience is one for all.
type Patience struct {
	limit time.Duration // 0: it never ends

	mu    sync.Mutex
	spent bool                // something was given up; guarded by mu
	all   map[string]*awaited // by endpoint, and by endpoint and operation; guarded by mu
}

// NewPatience returns the patience of one look. With a limit of 0 it never ends,
// and tells only whom it is with.
func NewPatience(limit time.Duration) *Patience {
	return &Patience{limit: limit, all: map[string]*awaited{}}
}

// awaited is an endpoint, or an operation of one, that is asked. Its fields are
// guarded by the mutex of the Patience.
type awaited struct {
	endpoint  string
	operation string            // "": the endpoint as a whole
	since     time.Time         // since when there is no answer of use; zero: none is missing
	waiting   map[*Waiting]bool // who waits right now
	asked     map[string]bool   // the operations that were asked since the last answer of use
	last      *Error            // the newest answer of no use, since the last one of use; nil: there was none
	answered  bool              // there was an answer of use before
	gaveUp    *Error            // nil: there is patience left
}

// Patiently returns a context whose reads have that patience.
func Patiently(ctx context.Context, p *Patience) context.Context {
	return context.WithValue(ctx, patienceKey{}, p)
}

// PatienceOf is that of a context; nil: it never ends.
func PatienceOf(ctx context.Context) *Patience {
	p, _ := ctx.Value(patienceKey{}).(*Patience)
	return p
}

type patienceKey struct{}

// Waiting is one who waits for an answer to a read. A nil *Waiting waits for ever.
type Waiting struct {
	patience  *Patience
	operation string
	begun     time.Time
	whole     *awaited // the endpoint
	part      *awaited // its operation
	timer     *time.Timer
	asker     context.Context
	cancel    context.CancelCauseFunc
}

// Await begins to wait for an operation of an endpoint, and returns the context for
// all attempts of the read. That ends when the patience does. The caller reports
// each attempt to Heard, and the end to Over.
func (p *Patience) Await(ctx context.Context, endpoint, operation string) (context.Context, *Waiting) {
	if p == nil {
		return ctx, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	w := &Waiting{patience: p, operation: operation, begun: time.Now(), asker: ctx}
	w.whole, w.part = p.of(endpoint, ""), p.of(endpoint, operation)
	ctx, w.cancel = context.WithCancelCause(ctx)
	for _, a := range w.both() {
		if a.gaveUp != nil {
			w.cancel(a.gaveUp)
			return ctx, w
		}
	}
	for _, a := range w.both() {
		a.waiting[w] = true
		a.asked[operation] = true
		if a.since.IsZero() {
			a.since = w.begun
		}
	}
	if p.limit > 0 {
		w.timer = time.AfterFunc(w.left(w.begun), w.expire)
	}
	return ctx, w
}

// of returns what is known of an endpoint or of an operation of it.
func (p *Patience) of(endpoint, operation string) *awaited {
	key := endpoint + " " + operation
	a := p.all[key]
	if a == nil {
		a = &awaited{endpoint: endpoint, operation: operation, waiting: map[*Waiting]bool{}, asked: map[string]bool{}}
		p.all[key] = a
	}
	return a
}

func (w *Waiting) both() []*awaited { return []*awaited{w.whole, w.part} }

func (w *Waiting) givenUp() bool { return w.whole.gaveUp != nil || w.part.gaveUp != nil }

// Heard reports how an attempt ended.
func (w *Waiting) Heard(err error) {
	if w == nil || w.asker.Err() != nil {
		return // who goes away learns nothing of the endpoint
	}
	e := useless(err)
	w.patience.mu.Lock()
	defer w.patience.mu.Unlock()
	if e != nil && w.givenUp() {
		return // it was ended for that, which says nothing of what is not given up
	}
	for _, a := range w.both() {
		switch {
		case a.gaveUp != nil:
		case e != nil:
			a.last = e
		default:
			a.last, a.since, a.answered = nil, time.Time{}, true
			clear(a.asked)
			for other := range a.waiting {
				a.since = time.Now()
				a.asked[other.operation] = true
			}
		}
	}
}

// useless returns the error of an attempt that gave no answer of use; nil if there
// was one, be it that something does not exist.
func useless(err error) *Error {
	var e *Error
	if errors.As(err, &e) && (e.Kind == Unavail || e.Kind == Throttled) {
		return e
	}
	return nil
}

// Over ends the waiting, and returns why the read failed: that the patience was
// over, if it was that.
func (w *Waiting) Over(err error) error {
	if w == nil {
		return err
	}
	w.patience.mu.Lock()
	defer w.patience.mu.Unlock()
	if w.timer != nil {
		w.timer.Stop()
	}
	w.cancel(nil)
	for _, a := range w.both() {
		delete(a.waiting, w)
		if len(a.waiting) == 0 && a.last == nil {
			a.since = time.Time{} // nobody asks any more, and nothing is known against it
		}
		var e *Error
		if a.gaveUp != nil && err != nil && (useless(err) != nil || !errors.As(err, &e)) {
			err = a.gaveUp
		}
	}
	return err
}

// left is for how long there is patience with an endpoint or an operation yet.
func (p *Patience) left(a *awaited, now time.Time) time.Duration {
	limit := p.limit
	if p.spent && !a.answered {
		limit /= 3
	}
	if a.since.IsZero() {
		return limit
	}
	return max(0, limit-now.Sub(a.since))
}

// left is for how long there is patience with what is waited for yet.
func (w *Waiting) left(now time.Time) time.Duration {
	return min(w.patience.left(w.whole, now), w.patience.left(w.part, now))
}

// expire gives up what has given no answer of use for too long; if there was one
// meanwhile, it comes back later.
func (w *Waiting) expire() {
	p := w.patience
	p.mu.Lock()
	defer p.mu.Unlock()
	if !w.part.waiting[w] || w.givenUp() {
		return
	}
	now := time.Now()
	switch {
	case p.left(w.whole, now) == 0 && (!w.whole.answers() || len(w.whole.asked) > 1):
		p.giveUp(w.whole, now)
	case p.left(w.part, now) == 0:
		p.giveUp(w.part, now)
		if w.whole.answers() {
			w.whole.since = now // it is there: other operations have a time of their own
		}
	}
	if !w.givenUp() {
		w.timer.Reset(max(w.left(now), time.Millisecond))
	}
}

// giveUp ends all that wait.
func (p *Patience) giveUp(a *awaited, now time.Time) {
	silent := now.Sub(a.since).Round(time.Second)
	e := &Error{
		Kind: Unavail, Operation: a.operation, Err: ErrGaveUp,
		Message: fmt.Sprintf("%s has not answered for %s", a.endpoint, silent),
		Advice:  "Only calls that change nothing were made. Check that the endpoint is up, and the network, the proxy variables and the region; --patience lets looks wait longer.",
	}
	if a.answers() {
		e.Operation, e.Message = "", fmt.Sprintf("%s has answered with errors only for %s, the last one being %v", a.endpoint, silent, a.last)
	}
	a.gaveUp, p.spent = e, true
	for w := range a.waiting {
		w.cancel(e)
	}
	for _, other := range p.all {
		for w := range other.waiting {
			w.timer.Reset(w.left(now)) // there is less patience with them now
		}
	}
}

// answers reports whether anything comes at all, if of no use.
func (a *awaited) answers() bool { return a.last != nil && a.last.Status != 0 }

// Silence is an endpoint of which no answer of use has come for some time.
type Silence struct {
	Endpoint  string
	Operation string        // that has been waited for longest
	For       time.Duration // without an answer of use
	Left      time.Duration // until it is given up; 0: never
	Err       *Error        // the newest answer of no use; nil: there was none
}

// Longest returns the endpoint that somebody has been waiting for longest, and
// whether there is one.
func (p *Patience) Longest() (Silence, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out Silence
	now := time.Now()
	for _, a := range p.all {
		if len(a.waiting) == 0 || a.operation != "" || a.gaveUp != nil {
			continue
		}
		s := Silence{Endpoint: a.endpoint, For: now.Sub(a.since), Err: a.last}
		if p.limit > 0 {
			s.Left = max(p.left(a, now), time.Millisecond)
		}
		if out.Endpoint == "" || cmp.Or(cmp.Compare(s.For, out.For), cmp.Compare(out.Endpoint, s.Endpoint)) > 0 {
			s.Operation = a.oldest()
			out = s
		}
	}
	return out, out.Endpoint != ""
}

// oldest is the operation that somebody has been waiting for longest.
func (a *awaited) oldest() string {
	var first *Waiting
	for w := range a.waiting {
		if first == nil || cmp.Or(w.begun.Compare(first.begun), cmp.Compare(w.operation, first.operation)) < 0 {
			first = w
		}
	}
	return first.operation
}

package simtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing/synctest"
	"time"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// kernel decides what happens next. Everything that a process asks of its
// surroundings is a call; the kernel carries calls out one at a time, each at a
// moment of its own, and only when every goroutine of the bubble waits. What
// the goroutines of the engine do in between is therefore the answer to one
// event, and the same seed gives the same course.
//
// No two moments have the same nanoseconds (see moment), and all delays of the
// engine are whole milliseconds: timers that were started by different calls
// never fire together.
type kernel struct {
	rng     *rand.Rand
	begun   time.Time
	bell    chan struct{} // holds one: something arrived or ended
	mu      sync.Mutex    // guards arrived
	arrived []*call
	waiting []*call // those that the kernel has seen
	moments int
	verbose bool
	trace   []string
	broken  []string // what should have held and did not
}

// call is one request of a process to the store or the cloud.
type call struct {
	p        *process
	ctx      context.Context
	what     string // says which call it is; orders those that arrive together
	store    bool   // else it goes to the cloud
	changing bool
	hint     string // what a refusal repeats
	effect   func() // what it does to the world, and its answer

	due    time.Time
	fate   fate
	passed bool          // the moment of its effect is over
	took   bool          // the effect has come about
	err    error         // told instead of the answer
	done   chan struct{} // closed when err and the answer are there
	closed bool
	ended  bool // its context is over; guarded by mu
}

// fate is what becomes of a call.
type fate struct {
	err  error         // told instead of the answer
	lost bool          // the effect does not come about
	lag  time.Duration // from the effect to the answer
}

// errDead is what a process that has died is told: nothing that it does has
// any effect.
var errDead = errors.New("the process is dead")

// watchdog is how long a world may wait for nothing.
const watchdog = 24 * time.Hour

// maxMoments is how much may happen in a world: far more than ever does.
const maxMoments = 30000

func newKernel(seed, stream uint64, verbose bool) *kernel {
	return &kernel{rng: rand.New(rand.NewPCG(seed, stream)), begun: time.Now(), bell: make(chan struct{}, 1), verbose: verbose}
}

// ring wakes the kernel up.
func (k *kernel) ring() {
	select {
	case k.bell <- struct{}{}:
	default:
	}
}

// do hands a call in and waits for its answer.
func (k *kernel) do(c *call) error {
	k.mu.Lock()
	if c.p.dead {
		k.mu.Unlock()
		return errDead
	}
	c.done = make(chan struct{})
	k.arrived = append(k.arrived, c)
	k.mu.Unlock()
	k.ring()
	select {
	case <-c.done:
		return c.err
	case <-c.ctx.Done():
	}
	k.mu.Lock()
	c.ended = true
	k.mu.Unlock()
	k.ring()
	<-c.done
	return c.err
}

// moment is after a delay, at a time that nothing else has.
func (k *kernel) moment(delay time.Duration) time.Time {
	k.moments++
	return time.Now().Add(max(delay, 2*time.Millisecond)).Truncate(time.Millisecond).Add(time.Duration(k.moments % 1e6))
}

// between draws a delay of whole milliseconds.
func (k *kernel) between(least, most time.Duration) time.Duration {
	return least + time.Duration(k.rng.Int64N(int64((most-least)/time.Millisecond)+1))*time.Millisecond
}

// chance is true once in n times.
func (k *kernel) chance(n int) bool { return k.rng.IntN(n) == 0 }

// note adds a line to the trace.
func (k *kernel) note(p *process, format string, args ...any) {
	if !k.verbose {
		return
	}
	name := "--"
	if p != nil {
		name = p.name
	}
	k.trace = append(k.trace, fmt.Sprintf("%12s %-3s %s", time.Since(k.begun).Round(time.Millisecond), name, fmt.Sprintf(format, args...)))
}

// violate notes that something does not hold.
func (k *kernel) violate(p *process, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	k.broken = append(k.broken, text)
	k.note(p, "VIOLATED: %s", text)
}

// admit takes over what has arrived since it last looked, in an order that
// does not depend on goroutines.
func (w *world) admit() {
	w.mu.Lock()
	fresh := w.arrived
	w.arrived = nil
	w.mu.Unlock()
	slices.SortStableFunc(fresh, func(a, b *call) int {
		return cmp.Or(cmp.Compare(a.p.index, b.p.index), cmp.Compare(a.what, b.what))
	})
	for _, p := range w.processes {
		for _, line := range p.takeTold() {
			w.note(p, "  %s", line)
		}
	}
	for _, c := range fresh {
		w.draw(c)
		w.waiting = append(w.waiting, c)
	}
}

// expire answers a call whose caller waits no more, and reports whether there is
// one: of several each sees to its end by itself. What is on the wire may still
// arrive.
func (w *world) expire() bool {
	for _, c := range slices.Clone(w.waiting) {
		w.mu.Lock()
		ended := c.ended
		w.mu.Unlock()
		if !ended || c.closed {
			continue
		}
		if !c.passed && !c.store && !c.fate.lost && w.chance(2) {
			w.carry(c)
		}
		c.fate.err = c.ctx.Err()
		if !c.store {
			c.fate.err = &providers.Error{Kind: providers.Ambiguous, Message: "no answer", Err: c.ctx.Err()}
		}
		w.answer(c)
		return true
	}
	return false
}

// drive lets all processes run to their ends.
func (w *world) drive() {
	for {
		synctest.Wait()
		w.admit()
		if w.expire() {
			continue
		}
		if w.over() || len(w.broken) > 0 && w.abandon() {
			return
		}
		if w.moments > maxMoments && len(w.broken) == 0 {
			w.violate(nil, "it goes on and on")
			continue
		}
		c := w.next()
		if c != nil && !time.Now().Before(c.due) {
			w.perform(c)
			continue
		}
		if w.finishing() {
			continue
		}
		w.await(c)
	}
}

// finishing reports whether a process has ended whose last words are not in the
// trace yet.
func (w *world) finishing() bool {
	return slices.ContainsFunc(w.processes, func(p *process) bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.finished
	})
}

// next is the call that is due first; nil if there is none.
func (w *world) next() *call {
	var first *call
	for _, c := range w.waiting {
		if first == nil || c.due.Before(first.due) {
			first = c
		}
	}
	return first
}

// await sleeps until a call is due or something else happens.
func (w *world) await(c *call) {
	rest := watchdog
	if c != nil {
		rest = time.Until(c.due)
	}
	if rest <= 0 {
		return
	}
	t := time.NewTimer(rest)
	defer t.Stop()
	select {
	case <-w.bell:
	case <-t.C:
		if c == nil {
			w.violate(nil, "nothing happens any more, but a process has not ended")
		}
	}
}

// perform carries a call out, or answers one that was carried out before.
func (w *world) perform(c *call) {
	if c.passed {
		w.answer(c)
		return
	}
	p := c.p
	p.calls++
	struck := p.trouble.at == p.calls
	if struck && p.trouble.kind == dieBefore {
		w.kill(p)
		return
	}
	c.passed = true
	if !c.fate.lost {
		w.carry(c)
	}
	if struck {
		w.strike(p)
	}
	switch {
	case c.closed:
	case c.fate.lag > 0 || struck: // the process sees to what has befallen it first
		c.due = w.moment(c.fate.lag)
	default:
		w.answer(c)
	}
}

func (w *world) carry(c *call) {
	c.took = true
	c.effect()
	w.note(c.p, "%s%s", c.what, w.suffix(c))
}

func (w *world) suffix(c *call) string {
	if c.fate.err != nil {
		return fmt.Sprintf(" (told: %v)", c.fate.err)
	}
	return ""
}

// answer gives a call back to its process.
func (w *world) answer(c *call) {
	if c.closed {
		return
	}
	if !c.took && c.fate.err != nil && !c.p.dead {
		w.note(c.p, "%s: %v", c.what, c.fate.err)
	}
	c.closed = true
	c.err = c.fate.err
	w.waiting = slices.DeleteFunc(w.waiting, func(d *call) bool { return d == c })
	close(c.done)
}

// kill ends a process as kill -9 does: of what is under way, some comes about
// and some does not; nobody learns which.
func (w *world) kill(p *process) {
	w.note(p, "DIES")
	w.deaths++
	w.graves[p.owner.ID] = w.chance(2) && w.mirror == nil
	for _, c := range slices.Clone(w.waiting) {
		if c.p == p && !c.passed && !c.fate.lost && w.chance(2) && !(c.store && p.isCut()) {
			w.carry(c)
		}
	}
	w.mu.Lock()
	p.dead = true
	fresh := w.arrived
	w.arrived = nil
	w.mu.Unlock()
	for _, c := range fresh {
		if c.p == p {
			w.waiting = append(w.waiting, c)
		} else {
			w.mu.Lock()
			w.arrived = append(w.arrived, c)
			w.mu.Unlock()
		}
	}
	for _, c := range slices.Clone(w.waiting) {
		if c.p == p {
			c.fate.err = errDead
			w.answer(c)
		}
	}
	p.cancel()
}

// over reports whether all processes have ended, and forgets those that have.
func (w *world) over() bool {
	w.processes = slices.DeleteFunc(w.processes, func(p *process) bool { return p.ended() })
	return len(w.processes) == 0
}

// abandon kills what runs after something was violated: the rest is of no
// interest. It returns false: the processes have to end.
func (w *world) abandon() bool {
	for _, p := range w.processes {
		if !p.dead {
			w.kill(p)
		}
	}
	return false
}

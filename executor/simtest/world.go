package simtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/executor"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// world is a disk, a cloud and the processes that work on them.
type world struct {
	*kernel
	store     *memory
	cloud     *cloud
	catalogue dsl.Catalogue
	ttl       time.Duration             // of leases
	parsed    map[string]*dsl.Blueprint // by text
	processes []*process                // those that have not ended
	launched  int
	tracks    []*track                        // one a stack
	mirror    state.Store                     // is to do all that the store does; nil: none
	tear      func(what string) (torn func()) // called before each write of the mirror, and torn after it; nil: nobody tears
	deaths    int
	questions int
	graves    map[string]bool // owners that are known to be dead, by ID
	unmanaged map[string]bool // objects that were left to the cloud on purpose, by ID
}

// faults say how often things go wrong: once in so many times; 0 is never.
type faults struct {
	cloud  int // calls to the cloud
	store  int // writes of the state
	slow   int // calls that are long on the way to the cloud
	work   int // work in the cloud
	denial int // calls to the cloud after which credentials are refused for a while
}

func newWorld(k *kernel, cat dsl.Catalogue) *world {
	w := &world{kernel: k, store: newMemory(), catalogue: cat, parsed: map[string]*dsl.Blueprint{}, unmanaged: map[string]bool{}, graves: map[string]bool{}}
	w.ttl = executor.LeaseTTL * time.Duration(1+k.rng.IntN(4)) // most of what happens else is that leases are renewed
	w.cloud = &cloud{w: w, lost: map[string]bool{}}
	return w
}

// often is true once in n times, and never if n is 0.
func (w *world) often(n int) bool { return n > 0 && w.chance(n) }

// draw decides when a call has its effect, and what goes wrong with it.
func (w *world) draw(c *call) {
	if c.store {
		c.due = w.moment(w.between(2*time.Millisecond, 12*time.Millisecond))
		if until := c.p.cut; c.due.Before(until) {
			c.due = w.moment(time.Until(until))
		}
		if w.often(c.p.faults.store) {
			c.fate = fate{err: fmt.Errorf("no space left on device"), lost: w.chance(2)}
		}
		return
	}
	c.due = w.moment(w.between(10*time.Millisecond, 800*time.Millisecond))
	if w.often(c.p.faults.slow) {
		c.due = w.moment(w.between(time.Second, 15*time.Second))
	}
	if w.chance(3) {
		c.fate.lag = w.between(2*time.Millisecond, time.Second)
	}
	if w.often(c.p.faults.denial) {
		c.p.denied = time.Now().Add(w.between(time.Second, 3*time.Minute))
	}
	switch {
	case time.Now().Before(c.p.denied):
		c.fate = fate{err: refusal(providers.Auth, "the credentials are not accepted"), lost: true}
	case w.often(c.p.faults.cloud):
		c.fate = w.fault(c)
	}
}

// fault draws what goes wrong with a call to the cloud.
func (w *world) fault(c *call) fate {
	ambiguous := &providers.Error{Kind: providers.Ambiguous, Message: "connection reset"}
	switch w.rng.IntN(10) {
	case 0:
		e := &providers.Error{Kind: providers.Throttled, Status: 429, Message: "too many requests"}
		if w.chance(2) {
			e.RetryAfter = w.between(time.Second, 20*time.Second)
		}
		return fate{err: e, lost: true}
	case 1:
		return fate{err: &providers.Error{Kind: providers.Unavail, Message: "connection refused"}, lost: true}
	case 2:
		return fate{err: &providers.Error{Kind: providers.Ambiguous, Status: 502, Message: "bad gateway"}, lost: true}
	case 3, 4:
		return fate{err: ambiguous, lag: w.between(2*time.Millisecond, time.Second)}
	case 5, 6:
		return fate{err: ambiguous, lost: w.chance(3), lag: w.between(10*time.Second, 2*time.Minute)} // it hangs
	case 7:
		return fate{lag: w.between(5*time.Second, 20*time.Second)}
	case 8:
		return fate{err: &providers.Error{Kind: providers.Unexpected, Status: 200, Message: "an answer that makes no sense"}, lost: w.chance(2)}
	}
	if !c.changing {
		return fate{err: ambiguous, lost: true}
	}
	kinds := []providers.Kind{providers.Quota, providers.Invalid, providers.Busy}
	return fate{err: refusal(kinds[w.rng.IntN(len(kinds))], "not now, "+c.hint), lost: true}
}

// duration is how long work takes.
func (w *world) duration(k kind) time.Duration {
	switch {
	case k == quick || k == key:
		return 0
	case w.chance(20):
		return w.between(time.Minute, 8*time.Minute)
	}
	return w.between(100*time.Millisecond, 20*time.Second)
}

// invisibility is how long a new object is not shown.
func (w *world) invisibility(k kind) time.Duration {
	if k == named || !w.chance(3) {
		return 0
	}
	return w.between(time.Second, lateness)
}

// blueprint parses a text once.
func (w *world) blueprint(text string) *dsl.Blueprint {
	if bp := w.parsed[text]; bp != nil {
		return bp
	}
	bp, diags := dsl.Parse("web.yaml", []byte(text), w.catalogue)
	if err := diags.Err(); err != nil {
		w.violate(nil, "the drawn blueprint is wrong: %v\n%s", err, text)
		return nil
	}
	w.parsed[text] = bp
	return bp
}

// seesDead reports whether the process that owns a lease is known to be dead:
// one on the same machine is.
func (w *world) seesDead(o state.Owner) bool { return w.graves[o.ID] }

// process is one run of a command.
type process struct {
	w       *world
	index   int
	name    string
	track   *track
	command command
	owner   state.Owner
	engine  *executor.Engine
	ctx     context.Context
	cancel  context.CancelFunc
	stop    chan struct{}
	trouble trouble
	faults  faults
	denied  time.Time // until then its credentials are refused; the kernel's
	calls   int       // that were carried out; the kernel's
	cut     time.Time // until then its writes do not get through; the kernel's

	mu        sync.Mutex
	dead      bool // guarded by the kernel's mu
	finished  bool
	told      []string         // events not yet in the trace
	faulty    []string         // what does not hold, as its goroutines have seen
	answers   map[string]error // the last to each request
	leftOut   []string         // nodes that its rollback leaves as they are
	unskipped bool             // its rollback has nothing to return to, so that it is an upgrade, which leaves nothing out
	skipping  []string         // what a rollback should leave out instead of what it was told; nil: nothing helps
	asked     []string         // nodes of which it asks what a lost creation has made
	stopped   bool             // it was told to begin nothing new
	stalled   bool             // its state was out of reach: what it had decided before a stop may come after
	run       *doing           // nil: it carries nothing out
	lease     *state.Lease
	err       error
	outcome   executor.Outcome
}

// launch starts a process that carries out a command.
func (w *world) launch(of *track, c command, t trouble, f faults) *process {
	w.launched++
	p := &process{
		w: w, index: w.launched, name: fmt.Sprintf("p%d", w.launched), track: of, command: c, trouble: t, faults: f, stop: make(chan struct{}), answers: map[string]error{},
	}
	p.owner = state.Owner{ID: p.name, Host: "far away", PID: w.launched, Command: c.String()}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.engine = &executor.Engine{Store: &store{p: p, m: w.store}, Log: p.logger(), LeaseTTL: w.ttl}
	p.engine.Providers = registry(w.catalogue, p)
	w.processes = append(w.processes, p)
	w.note(p, "BEGINS %s of %s, %s", c, of.stack, t)
	go func() {
		err := p.main()
		p.mu.Lock()
		p.finished, p.err = true, err
		p.checkTold("it ends with", err)
		p.mu.Unlock()
		w.ring()
	}()
	return p
}

func (p *process) isDead() bool {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	return p.dead
}

func (p *process) isCut() bool { return time.Now().Before(p.cut) }

func (p *process) ended() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case !p.finished || len(p.told)+len(p.faulty) > 0:
	case p.dead:
		p.w.note(p, "is over") // what it says depends on who is told of its death first
	default:
		p.w.note(p, "ENDS %s %v", p.outcome, p.err)
	}
	return p.finished && len(p.told)+len(p.faulty) == 0
}

// takeTold empties the list of what was observed.
func (p *process) takeTold() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	told := p.told
	p.told = nil
	for _, f := range p.faulty {
		p.w.violate(p, "%s", f)
	}
	p.faulty = nil
	return told
}

// observe keeps an event for the trace.
func (p *process) observe(e executor.Event) {
	if p.isDead() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.checkEvent(e)
	if e.Kind == executor.StopAsked {
		p.stopped = true
	}
	if !p.w.verbose || e.Kind == executor.StepProgress {
		return
	}
	line := fmt.Sprintf("%s %s %s", e.Kind, e.Node, e.Action)
	if e.Message != "" {
		line += ": " + e.Message
	}
	if e.Err != nil {
		line += fmt.Sprintf(" (%v)", e.Err)
	}
	p.told = append(p.told, line)
}

// trouble is what befalls a process from outside, at its at-th call.
type trouble struct {
	kind string
	at   int
}

// The kinds of trouble.
const (
	dieBefore  = "it dies before"
	dieAfter   = "it dies after"
	interrupt  = "Ctrl-C at"
	abort      = "Ctrl-C twice at"
	cancelling = "it is cancelled at"
	losing     = "its state is out of reach from"
	challenge  = "another process begins at"
)

func (t trouble) String() string {
	if t.kind == "" {
		return "undisturbed"
	}
	return fmt.Sprintf("%s call %d", t.kind, t.at)
}

// strike brings the trouble of a process about.
func (w *world) strike(p *process) {
	if p.trouble.kind != dieBefore && p.trouble.kind != dieAfter {
		w.note(p, "TROUBLE: %s", p.trouble)
	}
	switch p.trouble.kind {
	case dieBefore, dieAfter:
		w.kill(p)
	case interrupt:
		close(p.stop)
	case abort:
		close(p.stop)
		p.cancel()
	case cancelling:
		if x := w.store.last(p.track.stack); x != nil {
			by := state.Owner{ID: "somebody", Command: "cancel"}
			err := w.store.cancel(x.ID, by) // it may have ended
			if w.mirror != nil {
				w.reflect(p, "cancel", func(s state.Store) error { return s.Cancel(context.Background(), x.ID, by) }, err)
			}
		}
	case losing:
		p.mu.Lock()
		p.stalled = true
		p.mu.Unlock()
		p.cut = w.moment(w.between(w.ttl*2/3, 4*w.ttl))
		for _, c := range w.waiting {
			if c.p == p && c.store && !c.passed {
				c.due = w.moment(time.Until(p.cut))
			}
		}
		w.rival(p)
	case challenge:
		w.rival(p)
	}
}

// rival starts another process that is after the same.
func (w *world) rival(p *process) {
	c := p.command
	c.again = c.again || len(c.targets) > 0
	w.launch(p.track, c, trouble{}, p.faults)
}

// seeded is a source of its own for a purpose.
func seeded(seed, stream uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, stream)) }

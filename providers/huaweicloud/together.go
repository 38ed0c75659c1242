package huaweicloud

import (
	"context"
	"sync"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// Together makes a read for all who ask for the same at about the same time.
// Unlike providers.Shared it never gives an answer that is older than the
// question: who asks while the read is under way gets the next one, together
// with all others who have come meanwhile. So a list that each of n concurrent
// creations needs is read a few times instead of n times, and says what it said
// to each. The key has to say everything that the answer depends on, and nobody
// may change the answer.
func Together[T any](ctx context.Context, c *Client, key string, read func(context.Context) (T, error)) (T, error) {
	for {
		before, r, mine := c.together.join(key)
		if mine {
			return lead(ctx, &c.together, key, before, r, read)
		}
		if err := over(ctx, r); err != nil {
			var none T
			return none, err
		}
		if r.abandoned {
			continue
		}
		value, _ := r.value.(T)
		return value, r.err
	}
}

// lead makes a read for all, once the one before it is over.
func lead[T any](ctx context.Context, g *gatherings, key string, before, r *gathered, read func(context.Context) (T, error)) (value T, err error) {
	defer func() { g.settle(key, r, value, err, ctx.Err() != nil) }()
	if err := over(ctx, before); err != nil {
		return value, err
	}
	g.begin(key, r)
	return read(ctx)
}

// gatherings are the reads of a client that several ask for. The zero value has
// none.
type gatherings struct {
	mu    sync.Mutex
	lanes map[string]*lane // by key; guarded by mu
}

// lane is a read that is under way and the one that comes after it.
type lane struct{ running, next *gathered }

// gathered is a read that was made, is under way or is going to be made.
type gathered struct {
	over      chan struct{} // closed when the rest is there
	value     any
	err       error
	abandoned bool // whoever made it for all has given up: that says nothing to the others
}

// join returns the next read of that key, the one that has to be over before it
// begins (nil: none), and whether the caller has to make it.
func (g *gatherings) join(key string) (before, r *gathered, mine bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	l := g.lanes[key]
	if l == nil {
		if g.lanes == nil {
			g.lanes = map[string]*lane{}
		}
		l = &lane{}
		g.lanes[key] = l
	}
	if mine = l.next == nil; mine {
		l.next = &gathered{over: make(chan struct{})}
	}
	return l.running, l.next, mine
}

// begin closes the read to those who come from now on.
func (g *gatherings) begin(key string, r *gathered) {
	g.mu.Lock()
	defer g.mu.Unlock()
	*g.lanes[key] = lane{running: r}
}

// settle hands the outcome to those who wait, also of a read that was given up
// before it began.
func (g *gatherings) settle(key string, r *gathered, value any, err error, abandoned bool) {
	g.mu.Lock()
	l := g.lanes[key]
	if l.running == r {
		l.running = nil
	}
	if l.next == r {
		l.next = nil
	}
	if *l == (lane{}) {
		delete(g.lanes, key)
	}
	g.mu.Unlock()
	r.value, r.err, r.abandoned = value, err, abandoned
	close(r.over)
}

// over waits for the end of a read; nil has ended.
func over(ctx context.Context, r *gathered) error {
	if r == nil {
		return nil
	}
	select {
	case <-r.over:
		return nil
	case <-ctx.Done():
		return &providers.Error{Kind: providers.Unavail, Message: "stopped while waiting for an answer", Err: ctx.Err()}
	}
}

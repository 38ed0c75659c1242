package providers

import (
	"context"
	"errors"
	"sync"
)

// Sharing returns a context in which equal reads are made once: who asks for
// what has been answered before, or is being asked just now, gets that answer.
// It is for looking at many objects at one moment, such as a refresh, and must
// not outlive it: within it nothing ever changes.
func Sharing(ctx context.Context) context.Context {
	if _, ok := ctx.Value(sharingKey{}).(*sharing); ok {
		return ctx
	}
	return context.WithValue(ctx, sharingKey{}, &sharing{reads: map[string]*sharedRead{}})
}

type sharingKey struct{}

type sharing struct {
	mu    sync.Mutex
	reads map[string]*sharedRead // by key; guarded by mu
}

// sharedRead is a read that was made or is under way.
type sharedRead struct {
	over  chan struct{} // closed when value and err are there
	value any
	err   error
}

// Shared makes a read, or gives the answer of an equal one if ctx is Sharing:
// the key has to say everything that the answer depends on. Whoever gets a
// shared answer must not change it. Failures are not kept for those who ask
// later, except that there is no such object.
func Shared[T any](ctx context.Context, key string, read func(context.Context) (T, error)) (T, error) {
	s, ok := ctx.Value(sharingKey{}).(*sharing)
	if !ok {
		return read(ctx)
	}
	for {
		r, mine := s.join(key)
		if mine {
			r.value, r.err = read(ctx)
			s.settle(key, r)
		}
		select {
		case <-r.over:
		case <-ctx.Done():
			var none T
			return none, &Error{Kind: Unavail, Message: "stopped while waiting for an answer", Err: ctx.Err()}
		}
		if !mine && errors.Is(r.err, context.Canceled) && ctx.Err() == nil {
			continue // only the one who asked has given up
		}
		value, _ := r.value.(T)
		return value, r.err
	}
}

// join returns the read of that key, and whether the caller has to make it.
func (s *sharing) join(key string) (r *sharedRead, mine bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.reads[key]; ok {
		return r, false
	}
	r = &sharedRead{over: make(chan struct{})}
	s.reads[key] = r
	return r, true
}

// settle hands the outcome to those who wait.
func (s *sharing) settle(key string, r *sharedRead) {
	var e *Error
	if r.err != nil && !(errors.As(r.err, &e) && e.Kind == NotFound) {
		s.mu.Lock()
		delete(s.reads, key)
		s.mu.Unlock()
	}
	close(r.over)
}

package providers_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// answer is what a read of a story comes to after some time; a nil error is an
// answer of use, and after < 0 means never.
type answer struct {
	after time.Duration
	err   error
}

var (
	never   = answer{after: -1}
	failing = answer{time.Second, &providers.Error{Kind: providers.Unavail, Operation: "List", Status: 500, Message: "boom"}}
	absent  = answer{time.Second, &providers.Error{Kind: providers.NotFound, Status: 404, Message: "there is none"}}
)

// readWith makes a read that is tried until it gives an answer of use, as those of
// clouds are.
func readWith(ctx context.Context, endpoint, operation string, a answer) error {
	ctx, waiting := providers.PatienceOf(ctx).Await(ctx, endpoint, operation)
	for {
		var err error
		if a.after < 0 {
			<-ctx.Done()
			err = &providers.Error{Kind: providers.Unavail, Err: ctx.Err()}
		} else if err = pause(ctx, a.after); err == nil {
			err = a.err
		}
		waiting.Heard(err)
		var e *providers.Error
		if ctx.Err() != nil || !errors.As(err, &e) || e.Kind != providers.Unavail {
			return waiting.Over(err)
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	over := make(chan struct{})
	defer time.AfterFunc(d, func() { close(over) }).Stop()
	select {
	case <-over:
		return nil
	case <-ctx.Done():
		return &providers.Error{Kind: providers.Unavail, Err: ctx.Err()}
	}
}

func TestPatienceIsOneForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := providers.Patiently(t.Context(), providers.NewPatience(30*time.Second))
		begun := time.Now()
		tell := func(wait time.Duration, err error, want string) {
			t.Helper()
			if took := time.Since(begun); took != wait || err == nil || err.Error() != want || !errors.Is(err, providers.ErrGaveUp) {
				t.Errorf("after %s: %v\nwant after %s: %s", took, err, wait, want)
			}
			begun = time.Now()
		}
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				if err := readWith(ctx, "bcs.test", "List", never); !errors.Is(err, providers.ErrGaveUp) {
					t.Error(err)
				}
			})
		}
		tell(30*time.Second, readWith(ctx, "bcs.test", "List", never), "bcs.test has not answered for 30s")
		wg.Wait()
		for range 50 {
			tell(0, readWith(ctx, "bcs.test", "Show", never), "bcs.test has not answered for 30s")
		}
		tell(10*time.Second, readWith(ctx, "vpc.test", "List", never), "vpc.test has not answered for 10s")
		tell(10*time.Second, readWith(ctx, "ecs.test", "List", failing), "ecs.test has answered with errors only for 10s, the last one being List: HTTP 500 boom")
		if err := readWith(ctx, "iam.test", "List", absent); !errors.Is(err, absent.err) {
			t.Error(err)
		}
	})
}

// As long as answers of use come, nothing is given up, however long it takes.
func TestPatienceIsWithWhatAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := providers.NewPatience(30 * time.Second)
		ctx := providers.Patiently(t.Context(), p)
		var wg sync.WaitGroup
		wg.Go(func() {
			for range 40 {
				if err := readWith(ctx, "bcs.test", "List", answer{after: 5 * time.Second}); err != nil {
					t.Error(err)
				}
			}
		})
		begun := time.Now()
		err := readWith(ctx, "bcs.test", "Show", never)
		if took := time.Since(begun); took != 30*time.Second || err == nil || err.Error() != "Show: bcs.test has not answered for 30s" {
			t.Errorf("the operation that never answers, after %s: %v", took, err)
		}
		wg.Wait()
	})
}

// An operation that never answers takes no time from the others of its endpoint, be
// they asked right after it was given up or when nobody has asked for long.
func TestPatienceAfterASilentOperation(t *testing.T) {
	for name, idle := range map[string]time.Duration{"at once": 0, "later": time.Minute} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := providers.Patiently(t.Context(), providers.NewPatience(30*time.Second))
				var wg sync.WaitGroup
				wg.Go(func() {
					if err := readWith(ctx, "bcs.test", "Show", never); !errors.Is(err, providers.ErrGaveUp) {
						t.Error(err)
					}
				})
				if err := readWith(ctx, "bcs.test", "List", answer{after: time.Second}); err != nil {
					t.Error(err)
				}
				wg.Wait()
				time.Sleep(idle)
				if err := readWith(ctx, "bcs.test", "Show", never); !errors.Is(err, providers.ErrGaveUp) {
					t.Error(err)
				}
				if err := readWith(ctx, "bcs.test", "List", answer{after: 25 * time.Second}); err != nil {
					t.Errorf("another operation: %v", err)
				}
			})
		})
	}
}

// An operation that fails takes others of its endpoint along only when these fail
// too.
func TestPatienceWithFailingOperations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := providers.Patiently(t.Context(), providers.NewPatience(30*time.Second))
		if err := readWith(ctx, "bcs.test", "List", failing); !errors.Is(err, providers.ErrGaveUp) {
			t.Fatal(err)
		}
		if err := readWith(ctx, "bcs.test", "Show", absent); !errors.Is(err, absent.err) {
			t.Errorf("another operation: %v", err)
		}
		begun := time.Now()
		if err := readWith(ctx, "bcs.test", "List", answer{}); !errors.Is(err, providers.ErrGaveUp) || time.Since(begun) != 0 {
			t.Errorf("the same again: %v", err)
		}
		if err := readWith(ctx, "bcs.test", "Count", failing); !errors.Is(err, providers.ErrGaveUp) {
			t.Fatal(err)
		}
		if took := time.Since(begun); took > 11*time.Second {
			t.Errorf("the next one that fails was waited for for %s", took)
		}
	})
}

// Who goes away blames nobody.
func TestPatienceOfWhoGoesAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := providers.NewPatience(30 * time.Second)
		ctx := providers.Patiently(t.Context(), p)
		brief, cancel := context.WithCancel(ctx)
		time.AfterFunc(20*time.Second, cancel)
		if err := readWith(brief, "bcs.test", "List", never); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if s, silent := p.Longest(); silent {
			t.Errorf("nobody waits, but: %+v", s)
		}
		if err := readWith(ctx, "bcs.test", "List", answer{after: 25 * time.Second}); err != nil {
			t.Error(err)
		}
	})
}

func TestPatienceTellsWhomItIsWith(t *testing.T) {
	for name, limit := range map[string]time.Duration{"limited": 30 * time.Second, "endless": 0} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := providers.NewPatience(limit)
				ctx, cancel := context.WithCancel(providers.Patiently(t.Context(), p))
				var wg sync.WaitGroup
				wg.Go(func() { _ = readWith(ctx, "bcs.test", "List", failing) })
				time.Sleep(2 * time.Second)
				wg.Go(func() { _ = readWith(ctx, "vpc.test", "List", never) })
				time.Sleep(5500 * time.Millisecond)
				s, silent := p.Longest()
				want := providers.Silence{Endpoint: "bcs.test", Operation: "List", For: 7500 * time.Millisecond, Err: s.Err}
				if limit > 0 {
					want.Left = limit - want.For
				}
				if !silent || s != want || s.Err == nil || s.Err.Status != 500 {
					t.Errorf("got %+v, want %+v", s, want)
				}
				cancel()
				wg.Wait()
			})
		})
	}
	if providers.PatienceOf(t.Context()) != nil {
		t.Error("there is patience where nobody asked for it")
	}
}

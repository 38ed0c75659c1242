package providers_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

func TestSharedReadsAreMadeOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := providers.Sharing(t.Context())
		if providers.Sharing(ctx) != ctx {
			t.Error("a sharing context was wrapped again")
		}
		made, answer := 0, make(chan int)
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				v, err := providers.Shared(ctx, "key", func(context.Context) (int, error) {
					made++
					return <-answer, nil
				})
				if v != 7 || err != nil {
					t.Errorf("got %d, %v", v, err)
				}
			})
		}
		synctest.Wait()
		answer <- 7
		wg.Wait()
		if made != 1 {
			t.Errorf("read %d times", made)
		}
	})
}

func TestSharedFailures(t *testing.T) {
	for _, c := range []struct {
		name  string
		err   error
		calls int
	}{
		{"absence is an answer", &providers.Error{Kind: providers.NotFound}, 1},
		{"a failure is not kept", &providers.Error{Kind: providers.Unavail}, 2},
		{"nor is a foreign one", errors.New("broken"), 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, calls := providers.Sharing(t.Context()), 0
			for range 2 {
				_, err := providers.Shared(ctx, "key", func(context.Context) (int, error) { calls++; return 0, c.err })
				if !errors.Is(err, c.err) {
					t.Errorf("got %v", err)
				}
			}
			if calls != c.calls {
				t.Errorf("read %d times instead of %d", calls, c.calls)
			}
		})
	}
}

func TestWithoutSharingEachReadIsMade(t *testing.T) {
	calls := 0
	for range 2 {
		providers.Shared(t.Context(), "key", func(context.Context) (int, error) { calls++; return 0, nil })
	}
	if calls != 2 {
		t.Errorf("read %d times", calls)
	}
}

func TestWaitingForASharedReadEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := providers.Sharing(t.Context())
		release := make(chan bool)
		go providers.Shared(ctx, "key", func(context.Context) (int, error) { <-release; return 0, nil })
		synctest.Wait()
		stopped, cancel := context.WithCancel(ctx)
		cancel()
		_, err := providers.Shared(stopped, "key", func(context.Context) (int, error) { return 0, nil })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		close(release)
	})
}

func TestSharedReadOfOneWhoGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := providers.Sharing(t.Context())
		impatient, giveUp := context.WithCancel(ctx)
		go providers.Shared(impatient, "key", func(ctx context.Context) (int, error) { <-ctx.Done(); return 0, ctx.Err() })
		synctest.Wait()
		got := make(chan int)
		go func() {
			v, _ := providers.Shared(ctx, "key", func(context.Context) (int, error) { return 7, nil })
			got <- v
		}()
		synctest.Wait()
		giveUp()
		if v := <-got; v != 7 {
			t.Errorf("got %d", v)
		}
	})
}

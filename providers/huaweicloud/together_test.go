package huaweicloud

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

// asked is a read whose answers are given by hand.
type asked struct{ answers chan int }

func (a asked) read(ctx context.Context) (int, error) {
	select {
	case n := <-a.answers:
		return n, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// ask asks in a goroutine of its own; the answer comes on the channel.
func (a asked) ask(ctx context.Context, c *Client, key string) <-chan int {
	got := make(chan int, 1)
	go func() {
		n, err := Together(ctx, c, key, a.read)
		if err != nil {
			n = -1
		}
		got <- n
	}()
	synctest.Wait()
	return got
}

func TestTogetherNeverAnswersFromBeforeTheQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, a := &Client{}, asked{make(chan int)}
		first := a.ask(t.Context(), c, "subnets")
		second, third := a.ask(t.Context(), c, "subnets"), a.ask(t.Context(), c, "subnets")
		a.answers <- 1
		synctest.Wait()
		if len(second) != 0 || len(third) != 0 {
			t.Error("an answer that was under way went to somebody who asked later")
		}
		a.answers <- 2
		if f, s, th := <-first, <-second, <-third; f != 1 || s != 2 || th != 2 {
			t.Errorf("got %d, %d and %d", f, s, th)
		}
		if len(c.together.lanes) != 0 {
			t.Error("something of reads that are over is kept")
		}
	})
}

func TestTogetherKeepsKeysApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, a, b := &Client{}, asked{make(chan int)}, asked{make(chan int)}
		first, second := a.ask(t.Context(), c, "a"), b.ask(t.Context(), c, "b")
		b.answers <- 2
		a.answers <- 1
		if f, s := <-first, <-second; f != 1 || s != 2 {
			t.Errorf("got %d and %d", f, s)
		}
	})
}

func TestTogetherOutlivesWhoGivesUp(t *testing.T) {
	for name, runs := range map[string]bool{"before it begins": false, "while it runs": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, a := &Client{}, asked{make(chan int)}
				before := a.ask(t.Context(), c, "subnets")
				ctx, giveUp := context.WithCancel(t.Context())
				leaver, stays := a.ask(ctx, c, "subnets"), a.ask(t.Context(), c, "subnets")
				if runs {
					a.answers <- 1
					<-before
				}
				giveUp()
				if n := <-leaver; n != -1 {
					t.Errorf("who gave up got %d", n)
				}
				if !runs {
					a.answers <- 1
					<-before
				}
				a.answers <- 2
				if n := <-stays; n != 2 {
					t.Errorf("got %d", n)
				}
			})
		})
	}
}

func TestTogetherSharesFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, release := &Client{}, make(chan bool)
		broken := errors.New("broken")
		read := func(context.Context) (int, error) { <-release; return 0, broken }
		errs := make(chan error, 3)
		for range 3 {
			go func() {
				_, err := Together(t.Context(), c, "subnets", read)
				errs <- err
			}()
		}
		synctest.Wait()
		close(release)
		for range 3 {
			if err := <-errs; !errors.Is(err, broken) {
				t.Errorf("got %v", err)
			}
		}
	})
}

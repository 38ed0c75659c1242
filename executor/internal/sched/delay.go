package sched

import (
	"fmt"
	"time"
)

const (
	// maxTries is how many errors in a row a task takes, busy ones aside, before
	// it gives up: three to four minutes.
	maxTries = 12
	// maxFirstTries is the same while nothing is on record but the intent and
	// the cloud cannot be reached: a wrong address shall not take minutes to
	// show.
	maxFirstTries = 4
	// maxErrors is how many errors a task takes in all, however much works in
	// between: more than a long operation meets on a day on which every fifth
	// look at it fails.
	maxErrors = 100
	// firstRetry doubles with each error in a row, up to maxRetry.
	firstRetry = time.Second
	maxRetry   = 30 * time.Second
	// Each poll without news waits a fifth longer than the one before, from what
	// the provider wishes up to maxPoll: so an end is seen after a sixth more than
	// the quiet before it took, and an operation of 20 minutes that tells nothing
	// is looked at about a hundred times.
	maxPoll = 15 * time.Second
	// minPoll keeps a provider without a wish from being asked without pause.
	minPoll = 500 * time.Millisecond
)

// budget bounds the errors of a task. That other work runs on the object is no
// error: it is waited for as long as the limit of the task allows.
type budget struct {
	inRow int // since something worked
	all   int
}

// worked tells that a call did.
func (b *budget) worked() { b.inRow = 0 }

// spend takes one more error in; it returns why the task gives up, "" if it
// does not. first tells that nothing is on record but the intent.
func (b *budget) spend(class Class, first bool) (why string) {
	if class == Busy {
		return ""
	}
	b.inRow++
	b.all++
	switch {
	case b.inRow > maxTries, class == Unavailable && first && b.inRow > maxFirstTries:
		return fmt.Sprintf("given up after %d attempts in a row", b.inRow)
	case b.all > maxErrors:
		return fmt.Sprintf("given up after %d attempts that failed, with others in between that worked", b.all)
	}
	return ""
}

// retryDelay is an exponential back-off of which the second half is left to
// chance, so that steps that failed together do not come back together. The
// server's wish is the least.
func (c *Core) retryDelay(tries int, e Erred) time.Duration {
	d := maxRetry
	if tries <= 5 { // a sixth doubling would be above maxRetry
		d = min(firstRetry<<(tries-1), maxRetry)
	}
	d = d/2 + time.Duration(c.rng.Int64N(int64(d/2)+1))
	if e.RetryAfter > d {
		d = e.RetryAfter + time.Duration(c.rng.Int64N(int64(firstRetry)))
	}
	return d.Round(time.Millisecond)
}

// pollDelay is the wish of the provider, lengthened step by step while nothing
// changes.
func (c *Core) pollDelay(t *task) time.Duration {
	if t.pause.changed {
		t.quiet = 0
	} else {
		t.quiet++
	}
	wish := t.pause.after
	if wish == 0 {
		wish = minPoll
	}
	d := wish
	for n := 0; n < t.quiet && d < maxPoll; n++ {
		d += d / 5
	}
	return max(wish, min(d, maxPoll))
}

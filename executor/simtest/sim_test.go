package simtest

import (
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"testing"
)

var (
	seeds = flag.Int("seeds", defaultSeeds, "how many seeds TestSim plays")
	first = flag.Uint64("first", 1, "the first of them")
	seed  = flag.Uint64("seed", 0, "the one seed that TestSim plays, with its trace; 0: -seeds from -first")
)

// TestSim plays stories. One that breaks a promise is played again for its
// trace.
func TestSim(t *testing.T) {
	if *seed != 0 {
		r := Run(t, *seed, true)
		t.Log(r)
		if len(r.Broken) > 0 {
			t.Errorf("seed %d: %q", *seed, r.Broken)
		}
		return
	}
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // what is alive at once is small
	var next atomic.Uint64
	next.Store(*first - 1)
	var failed atomic.Bool
	var lives, calls, died, changing, asked atomic.Int64
	t.Run("seeds", func(t *testing.T) {
		for n := range runtime.GOMAXPROCS(0) {
			t.Run(fmt.Sprint(n), func(t *testing.T) {
				t.Parallel()
				for s := next.Add(1); s < *first+uint64(*seeds) && !failed.Load(); s = next.Add(1) {
					r := Run(t, s, false)
					lives.Add(int64(r.Lives))
					calls.Add(int64(r.Calls))
					died.Add(int64(r.Died))
					changing.Add(int64(r.Changing))
					asked.Add(int64(r.Asked))
					if len(r.Broken) > 0 {
						failed.Store(true)
						t.Errorf("%v\nTo see it again: go test ./executor/simtest -run TestSim -seed %d", Run(t, s, true), s)
					}
				}
			})
		}
	})
	t.Logf("%d seeds, %d processes of which %d died, %d calls, %d changing requests, %d questions", *seeds, lives.Load(), died.Load(), calls.Load(), changing.Load(), asked.Load())
}

// TestSame plays seeds twice: they have to take the same course, to the
// nanosecond.
func TestSame(t *testing.T) {
	for s := uint64(1); s <= 60; s++ {
		a, b := Run(t, s, true), Run(t, s, true)
		if !slices.Equal(a.Trace, b.Trace) {
			for i := range a.Trace {
				if i >= len(b.Trace) || a.Trace[i] != b.Trace[i] {
					t.Fatalf("seed %d takes another course at line %d:\n%q\n%q", s, i, a.Trace[max(0, i-5):i+1], b.Trace[max(0, i-5):min(i+1, len(b.Trace))])
				}
			}
		}
	}
}

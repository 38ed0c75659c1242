package main

import (
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"
)

// TestHeapHeadroom holds the garbage collector back until the headroom is used
// up, then lets half of what is in use come on top of it, unless the user has
// said how it is to work.
func TestHeapHeadroom(t *testing.T) {
	for variable, held := range map[string]bool{"": true, "GOGC": false, "GOMEMLIMIT": false} {
		percent, limit := gcPercent(), debug.SetMemoryLimit(-1)
		release := heapHeadroom(func(name string) string {
			if name == variable {
				return "100"
			}
			return ""
		})
		if held {
			if got := debug.SetMemoryLimit(-1); gcPercent() != math.MaxUint64 || got != headroomBytes {
				t.Errorf("before anything is known of the heap it may grow by %d %%, up to %d bytes", gcPercent(), got)
			}
			measured(t, limit)
			measured(t, limit) // each collection is followed by the next
		} else if gcPercent() != percent {
			t.Errorf("with %q set the heap may grow by %d %%", variable, gcPercent())
		}
		release()
		if got := debug.SetMemoryLimit(-1); gcPercent() != percent || got != limit {
			t.Errorf("with %q set the heap may grow by %d %% after the release, up to %d bytes", variable, gcPercent(), got)
		}
	}
}

// measured waits until what a collection has found in use decides about the next.
func measured(t *testing.T, limit int64) {
	t.Helper()
	const nobodys = 7777
	debug.SetGCPercent(nobodys)
	for end := time.Now().Add(time.Minute); gcPercent() == nobodys; time.Sleep(time.Millisecond) {
		runtime.GC()
		if time.Now().After(end) {
			t.Fatal("nothing follows a collection")
		}
	}
	if gcPercent() <= garbagePercent || debug.SetMemoryLimit(-1) != limit {
		t.Errorf("after a collection the heap may grow by %d %%, up to %d bytes", gcPercent(), debug.SetMemoryLimit(-1))
	}
}

func TestGarbageFollowsWhatIsInUse(t *testing.T) {
	for live, most := range map[uint64]uint64{
		0:        1<<20 + 1<<19 + headroomBytes,
		10 << 20: 10<<20 + 5<<20 + headroomBytes,
		1 << 30:  1<<30 + 1<<29 + headroomBytes,
	} {
		floor := max(live, 1<<20)
		if got := floor + floor*uint64(percentFor(live))/100; got > most || got < most*98/100 {
			t.Errorf("a heap of %d bytes may grow to %d, want %d", live, got, most)
		}
	}
}

func gcPercent() uint64 {
	s := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

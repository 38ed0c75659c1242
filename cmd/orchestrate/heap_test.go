package main

import (
	"runtime"
	"runtime/metrics"
	"testing"
)

// TestHeapHeadroom holds the garbage collector back until the headroom is used
// up, unless the user has said how it is to work.
func TestHeapHeadroom(t *testing.T) {
	for variable, held := range map[string]bool{"": true, "GOGC": false, "GOMEMLIMIT": false} {
		before := heapInUse()
		release := heapHeadroom(func(name string) string {
			if name == variable {
				return "100"
			}
			return ""
		})
		grown, percent := heapInUse()-before, gcPercent()
		release()
		// What else runs in this process moves the figure a little.
		if (grown > headroomBytes/2) != held || (percent == garbagePercent) != held {
			t.Errorf("with %q set the heap counts %d bytes more, and may grow by %d %%", variable, grown, percent)
		}
		if got := gcPercent(); got == garbagePercent {
			t.Errorf("with %q set the heap may grow by %d %% after the release", variable, got)
		}
	}
}

// heapInUse is what the last collection left.
func heapInUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func gcPercent() uint64 {
	s := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

package main

import (
	"runtime"
	"testing"
)

// TestHeapHeadroom holds the garbage collector back until the headroom is used
// up, unless the user has said how it is to work.
func TestHeapHeadroom(t *testing.T) {
	for variable, held := range map[string]bool{"": true, "GOGC": false, "GOMEMLIMIT": false} {
		release := heapHeadroom(func(name string) string {
			if name == variable {
				return "100"
			}
			return ""
		})
		runtime.GC()
		var after runtime.MemStats
		runtime.ReadMemStats(&after)
		release()
		runtime.GC()
		var without runtime.MemStats
		runtime.ReadMemStats(&without)
		if (after.NextGC >= without.NextGC+headroomBytes) != held {
			t.Errorf("with %q set the next collection begins at %d bytes, without the headroom at %d", variable, after.NextGC, without.NextGC)
		}
	}
}

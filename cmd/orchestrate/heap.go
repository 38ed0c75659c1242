package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// Go collects garbage when the heap has doubled since the last time. That is
// often while a heap is small, and when it is large it leaves as much garbage as
// there is data. Here it may grow by 96 MB and by half of what is in use before
// that counts.
const (
	headroomBytes  = 96 << 20
	garbagePercent = 50
)

// heapHeadroom sets when garbage is collected, unless the user did.
func heapHeadroom(setting func(string) string) (release func()) {
	if setting("GOGC") != "" || setting("GOMEMLIMIT") != "" {
		return func() {}
	}
	h := &headroom{}
	// What is in use is not known before the first collection, which comes when
	// the process has taken the headroom: most commands end without one.
	h.percent, h.limit = debug.SetGCPercent(-1), debug.SetMemoryLimit(headroomBytes)
	h.watch()
	return h.release
}

// headroom keeps the distance to the next collection.
type headroom struct {
	mu       sync.Mutex
	released bool
	percent  int   // as it was before
	limit    int64 // as it was before
}

// mark is garbage from the beginning, so that it tells of the next collection.
type mark struct{ _ *mark }

func (h *headroom) watch() { runtime.AddCleanup(&mark{}, (*headroom).collected, h) }

// collected makes room for what has been found in use.
func (h *headroom) collected() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.released {
		return
	}
	debug.SetMemoryLimit(h.limit)
	debug.SetGCPercent(percentFor(liveBytes()))
	h.watch()
}

// percentFor is by how much of itself a heap may grow.
func percentFor(live uint64) int {
	return garbagePercent + int(100*headroomBytes/max(live, 1<<20))
}

// liveBytes is what the last collection has left.
func liveBytes() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

func (h *headroom) release() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.released = true
	debug.SetGCPercent(h.percent)
	debug.SetMemoryLimit(h.limit)
}

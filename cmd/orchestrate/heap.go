package main

import (
	"runtime"
	"runtime/debug"
)

// Go collects garbage when the heap has doubled since the last time. That is
// often while a heap is small, and when it is large it leaves as much garbage as
// there is data. Here it may grow by 50 % only, but by 96 MB before that
// counts.
const (
	headroomBytes  = 96 << 20
	garbagePercent = 50
)

// heapHeadroom sets when garbage is collected, unless the user did. The headroom
// is held as one allocation, which counts as heap, but takes no memory because
// nobody writes to it.
func heapHeadroom(setting func(string) string) (release func()) {
	if setting("GOGC") != "" || setting("GOMEMLIMIT") != "" {
		return func() {}
	}
	before := debug.SetGCPercent(garbagePercent)
	untouched := make([]byte, headroomBytes)
	return func() {
		runtime.KeepAlive(untouched)
		debug.SetGCPercent(before)
	}
}

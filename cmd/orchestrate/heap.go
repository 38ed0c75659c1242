package main

import "runtime"

// headroomBytes is how much garbage there may be more than Go would allow.
const headroomBytes = 64 << 20

// heapHeadroom spares small commands the collection of garbage and large ones
// the first few, without taking part in how much memory very large ones need:
// Go collects when the heap has doubled since the last time, and what is held
// here counts as heap, but takes no memory because nobody writes to it. It does
// nothing if the user has set how garbage is collected.
func heapHeadroom(setting func(string) string) (release func()) {
	if setting("GOGC") != "" || setting("GOMEMLIMIT") != "" {
		return func() {}
	}
	untouched := make([]byte, headroomBytes)
	return func() { runtime.KeepAlive(untouched) }
}

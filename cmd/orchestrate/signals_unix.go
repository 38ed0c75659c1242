//go:build unix

package main

import (
	"os/signal"
	"syscall"
)

// ignoreLimits makes a file that may not grow (ulimit -f) an error of the write
// instead of the end of the process.
func ignoreLimits() { signal.Ignore(syscall.SIGXFSZ) }

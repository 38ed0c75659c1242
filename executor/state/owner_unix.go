//go:build unix

package state

import (
	"errors"
	"syscall"
)

// running reports whether a process of that PID exists: signal 0 asks without
// sending anything (kill(2)).
func running(pid int) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

//go:build !unix

package state

import (
	"errors"
	"syscall"
)

// noRoom reports whether a call of the system failed because the disk is full.
func noRoom(err error) bool { return errors.Is(err, syscall.ENOSPC) }

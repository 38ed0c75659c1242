//go:build unix

package state

import (
	"errors"
	"syscall"
)

// noRoom reports whether a call of the system failed because the disk, a quota
// or a limit on the size of files is used up.
func noRoom(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}

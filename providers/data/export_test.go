package data

import "syscall"

var (
	TemporaryName = temporaryName
	DiskError     = diskError
	NoSpace       = syscall.ENOSPC
)

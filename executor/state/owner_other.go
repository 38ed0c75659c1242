//go:build !unix

package state

// running cannot tell here: a lease is then only lost by running out.
func running(int) bool { return true }

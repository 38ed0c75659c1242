//go:build linux || darwin

package state

import "syscall"

// freeBytes is how much room the disk of a file has for us; false: nobody tells.
func freeBytes(path string) (int64, bool) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(path, &st); err != nil || st.Blocks == 0 {
		return 0, false
	}
	return int64(st.Bavail) * int64(st.Bsize), true
}

//go:build unix

package main

import "syscall"

// freeze stops a process where it stands; thaw lets it go on.
func (s *scene) freeze(c *invocation) { s.must(c.process.Signal(syscall.SIGSTOP)) }
func (s *scene) thaw(c *invocation)   { s.must(c.process.Signal(syscall.SIGCONT)) }

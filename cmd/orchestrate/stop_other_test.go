//go:build !unix

package main

// freeze would stop a process where it stands.
func (s *scene) freeze(*invocation) { s.t.Skip("no process can be stopped here") }
func (s *scene) thaw(*invocation)   {}

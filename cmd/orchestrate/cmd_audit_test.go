package main

import (
	"testing"

	"github.com/orchestrate-tosca/orchestrate/executor"
)

// TestOrphanWay does not send an object to a node that has another one.
func TestOrphanWay(t *testing.T) {
	a := &app{}
	a.opts.state = "sqlite:" + besides("state.db")
	for superseded, want := range map[bool]wayOut{
		false: {"orchestrate import gate id-1 --stack one", "take it into the stack, or delete it in the console"},
		true:  {"orchestrate import NEW-NODE id-1 --stack one", "keep it under a node template of its own (gate has another object), or delete it in the console"},
	} {
		if got := a.orphanWay(&executor.Accounted{Stack: "one", Node: "gate", ID: "id-1", Superseded: superseded}); got != want {
			t.Errorf("superseded %v: %q", superseded, got)
		}
	}
}

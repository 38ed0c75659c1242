package simtest

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// TestMemory plays stories on the simulated disk and on the SQLite store at
// once: both have to answer and to hold the same.
func TestMemory(t *testing.T) {
	for seed := uint64(1); seed <= 10; seed++ {
		path := t.TempDir() + "/state.db"
		synctest.Test(t, func(t *testing.T) {
			s, err := state.OpenSQLite(context.Background(), path, nil)
			if err != nil {
				t.Fatal(err)
			}
			w := newWorld(newKernel(seed, 3, true), catalogue())
			w.mirror = s
			w.play(newStories(seed), true, nil)
			w.checkMirror()
			if len(w.broken) > 0 {
				t.Errorf("seed %d: %q", seed, w.broken)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

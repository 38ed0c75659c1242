package simtest

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// mirrored plays the disturbed story of a seed on the simulated disk and on the
// SQLite store at once: both have to answer and to hold the same.
func mirrored(t *testing.T, seed uint64, watch func(w *world, path string)) (path string) {
	path = t.TempDir() + "/state.db"
	synctest.Test(t, func(t *testing.T) {
		s, err := state.OpenSQLite(context.Background(), path, state.NewKeyring("", path))
		if err != nil {
			t.Fatal(err)
		}
		w := newWorld(newKernel(seed, 3, true), catalogue())
		w.mirror = s
		if watch != nil {
			watch(w, path)
		}
		w.play(newStories(seed), true, nil)
		w.checkMirror()
		if len(w.broken) > 0 {
			t.Errorf("seed %d: %q", seed, w.broken)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return path
}

// TestMemory holds the simulated disk to the SQLite store, and that to what is
// promised of secrets: none is in a file in clear.
func TestMemory(t *testing.T) {
	for seed := uint64(1); seed <= 12; seed++ {
		path := mirrored(t, seed, nil)
		files, err := os.ReadDir(filepath.Dir(path))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			text, err := os.ReadFile(filepath.Join(filepath.Dir(path), f.Name()))
			if err != nil || bytes.Contains(text, []byte(canary)) {
				t.Errorf("seed %d: a secret stands in %s in clear, %v", seed, f.Name(), err)
			}
		}
	}
}

// TestTorn cuts the log of the SQLite store, or damages it, somewhere in what the
// last write has added, as a machine does that loses its power: the state opens
// and is what it was before that write.
func TestTorn(t *testing.T) {
	torn := 0
	for seed := uint64(1); seed <= 4; seed++ {
		mirrored(t, seed, func(w *world, path string) {
			rng := seeded(seed, 5)
			w.tear = func(what string) func() {
				if rng.IntN(15) != 0 {
					return func() {}
				}
				before, size := w.contents(w.mirror), len(read(t, path+"-wal"))
				return func() {
					log := read(t, path+"-wal")
					if len(log) <= size {
						return // it began anew
					}
					torn++
					at := size + rng.IntN(len(log)-size)
					if rng.IntN(2) == 0 {
						log = log[:at]
					} else {
						log[at] ^= 0x55
					}
					if after := reopened(t, w, path, log); !slices.Equal(before, after) {
						t.Errorf("seed %d: after a torn write (%s) the state holds %q, before it %q", seed, what, after, before)
					}
				}
			}
		})
	}
	if torn < 20 {
		t.Errorf("only %d writes were torn", torn)
	}
}

func read(t *testing.T, path string) []byte {
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return text
}

// reopened is what a copy of a state holds whose log is this one.
func reopened(t *testing.T, w *world, path string, log []byte) []string {
	dir := t.TempDir()
	key := read(t, filepath.Join(filepath.Dir(path), "state.key"))
	for name, text := range map[string][]byte{"state.db": read(t, path), "state.db-wal": log, "state.key": key} {
		if text == nil {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := state.OpenSQLite(context.Background(), filepath.Join(dir, "state.db"), state.NewKeyring("", filepath.Join(dir, "state.db")))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	return w.contents(s)
}

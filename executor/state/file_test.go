package state

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// An empty file that nothing lies beside, such as mktemp makes, is a new state.
func TestEmptyFileIsFilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	must(t, os.WriteFile(path, nil, 0o600))
	s := openTest(t, path, "")
	if list, err := s.Stacks(context.Background()); err != nil || len(list) != 0 {
		t.Errorf("Stacks: %v, %v", list, err)
	}
	acquire(t, s, "web", "a")
}

// A state that lost its file after it was opened is not begun anew.
func TestFileIsEmptiedMeanwhile(t *testing.T) {
	path := temp(t)
	putSecret(t, path, "")
	s := openTest(t, path, "")
	must(t, os.Truncate(path, 0))
	if _, err := s.Acquire(context.Background(), "web", owner("b"), time.Minute); err == nil {
		t.Error("written to")
	}
	if info, err := os.Stat(path); err != nil || info.Size() != 0 {
		t.Errorf("the file changed: %v, %v", info, err)
	}
}

// TestMakeAtOnce lets many stores make the same file: all write into one, and
// nothing is left beside it.
func TestMakeAtOnce(t *testing.T) {
	path := temp(t)
	var wg sync.WaitGroup
	stores := make([]*SQLite, 8)
	for i := range stores {
		stores[i] = openTest(t, path, "")
		wg.Go(func() {
			if _, err := stores[i].Acquire(context.Background(), string(rune('a'+i)), owner("a"), 0); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	last := openTest(t, path, "")
	for i := range stores {
		if l := acquire(t, last, string(rune('a'+i)), "b"); l.Token != 2 {
			t.Errorf("store %d: token %d: it wrote elsewhere", i, l.Token)
		}
	}
	must(t, last.Close())
	for _, s := range stores {
		must(t, s.Close())
	}
	files, err := os.ReadDir(filepath.Dir(path))
	must(t, err)
	if len(files) != 1 {
		t.Errorf("files: %v", files)
	}
}

package state

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// An empty file is no state: what it held is lost, whatever lies beside it.
func TestEmptyFileIsLeft(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	must(t, os.WriteFile(path, nil, 0o600))
	if _, err := OpenSQLite(context.Background(), path, nil); err == nil || !strings.Contains(err.Error(), "remove the empty file, to begin anew") {
		t.Errorf("opened: %v", err)
	}
	files, err := os.ReadDir(filepath.Dir(path))
	must(t, err)
	if info, err := os.Stat(path); len(files) != 1 || err != nil || info.Size() != 0 {
		t.Errorf("it was not left as it is: %v, %v", files, err)
	}
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

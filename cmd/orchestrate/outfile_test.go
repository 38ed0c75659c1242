package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is written to a file takes its place in one step; what is written to
// something else goes into that.
func TestFilesThatAreWritten(t *testing.T) {
	writers := map[string]func(string, []byte) error{"private": writePrivate, "as it was": replaceFile}
	for name, write := range writers {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "out")
			for _, text := range []string{"one", "two, which is longer"} {
				if err := write(path, []byte(text)); err != nil {
					t.Fatal(err)
				}
				if got, err := os.ReadFile(path); err != nil || string(got) != text {
					t.Errorf("got %q, %v", got, err)
				}
			}
			if name == "private" {
				if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
					t.Errorf("mode %v, %v", info.Mode(), err)
				}
			}
			if err := write(dir, nil); err == nil || !strings.HasSuffix(err.Error(), dir+": it is a folder; name a file") {
				t.Errorf("into a folder: %v", err)
			}
			if err := write(filepath.Join(dir, "none", "out"), nil); err == nil {
				t.Error("into a folder that is not there")
			}
			left, err := os.ReadDir(dir)
			if err != nil || len(left) != 1 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

func TestDevicesStayWhatTheyAre(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	pipe := fmt.Sprintf("/dev/fd/%d", w.Fd())
	if _, err := os.Stat(pipe); err != nil {
		t.Skip("this system does not show open files:", err)
	}
	for _, write := range []func(string, []byte) error{writePrivate, replaceFile} {
		if err := write(pipe, []byte("text;")); err != nil {
			t.Error(err)
		}
	}
	w.Close()
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, []byte("text;text;")) {
		t.Errorf("got %q, %v", got, err)
	}
	for _, write := range []func(string, []byte) error{writePrivate, replaceFile} {
		link := filepath.Join(t.TempDir(), "null")
		if err := os.Symlink(os.DevNull, link); err != nil {
			t.Fatal(err)
		}
		if err := write(link, []byte("text")); err != nil {
			t.Error(err)
		}
		if info, err := os.Stat(link); err != nil || info.Mode().IsRegular() {
			t.Errorf("it is a file now: %v", err)
		}
	}
}

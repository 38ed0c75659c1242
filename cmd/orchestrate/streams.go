package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"

	"golang.org/x/term"
)

// stream is one output of the process. It keeps the first error of writing and
// drops everything after it, so that an execution goes on when its reader is
// gone; finish reports the error at the end. It is safe for concurrent use.
type stream struct {
	mu  sync.Mutex
	w   io.Writer
	err error
	fd  int // -1 if the stream is no terminal
}

func newStream(w io.Writer) *stream {
	s := &stream{w: w, fd: -1}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		s.fd = int(f.Fd())
	}
	return s
}

// Write never fails: see stream.
func (s *stream) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		_, s.err = s.w.Write(b)
	}
	return len(b), nil
}

func (s *stream) isTerminal() bool { return s.fd >= 0 }

// size is the terminal's width and height in cells; 80 by 24 when it tells none.
func (s *stream) size() (width, height int) {
	w, h, err := term.GetSize(s.fd)
	if err != nil || w <= 0 || h <= 0 {
		return 80, 24
	}
	return w, h
}

// failure is the first error of writing, except that the reader went away.
func (s *stream) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if errors.Is(s.err, syscall.EPIPE) || errors.Is(s.err, io.ErrClosedPipe) {
		return nil
	}
	return s.err
}

// style colours text for a terminal; the zero style leaves it plain.
type style struct{ on bool }

// The colours in use, as SGR parameters.
const (
	bold   = "1"
	faint  = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
)

func (s style) paint(colour, text string) string {
	if !s.on || text == "" {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// printf writes a result to standard output.
func (a *app) printf(format string, args ...any) { fmt.Fprintf(a.out, format, args...) }

// note writes a line for the user to standard error.
func (a *app) note(format string, args ...any) { fmt.Fprintf(a.err, format+"\n", args...) }

package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// interruption is closed by the first signal. Commands that change something
// hand its channel to the executor; the others just end when their context
// does.
type interruption struct {
	mu     sync.Mutex
	asked  bool
	stop   chan struct{}
	gentle bool               // what runs now stops by itself after the first signal
	cancel context.CancelFunc // ends every call in flight
	urged  time.Time          // when what runs was told to stop at once; zero: it was not
	// abandon is closed when what runs should have ended with its context and
	// has not: long computations, such as the reading of a large blueprint, do
	// not look at it, and have nothing to lose.
	abandon   chan struct{}
	abandoned bool
}

// patience is how long a cancelled command that changes nothing may take to
// end, and one that changes something before a further signal leaves it alone.
const patience = time.Second

// listen asks the system for the signals that end a command. Under nohup a
// terminal that goes away is none of them.
func listen() <-chan os.Signal {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	return signals
}

// watchSignals follows the signals of the process until it ends. The first one
// asks for an orderly stop if what runs knows how (see gently); otherwise, and
// at the second one, everything in flight is cancelled. note tells the user
// which of both happens.
func watchSignals(signals <-chan os.Signal, cancel context.CancelFunc, note func(string, ...any)) *interruption {
	i := &interruption{stop: make(chan struct{}), abandon: make(chan struct{}), cancel: cancel}
	if signals == nil {
		return i
	}
	go func() {
		for s := range signals {
			i.signalled(s, note)
		}
	}()
	return i
}

// signalled heeds a signal. A terminal that goes away says so more than once,
// through the system and through the shell, so that only the first SIGHUP counts.
func (i *interruption) signalled(s os.Signal, note func(string, ...any)) {
	i.mu.Lock()
	first, gentle, urged := !i.asked, i.gentle, i.urged
	if s == syscall.SIGHUP && !first {
		i.mu.Unlock()
		return
	}
	if first {
		i.asked = true
		close(i.stop)
	} else if urged.IsZero() {
		i.urged = time.Now()
	}
	i.mu.Unlock()
	switch {
	case first && gentle:
		note("Interrupt received: nothing new is started, what runs is followed to a recorded point.\nInterrupt once more to stop at once; the next command takes up what runs on in the cloud.")
		return
	case gentle && urged.IsZero():
		note("Stopping at once.")
	case gentle && time.Since(urged) > patience:
		note("Left as it is; the next command finds out what came of it.")
		i.leave()
		return
	}
	i.cancel()
	if first {
		time.AfterFunc(patience, i.giveUp)
	}
}

// giveUp leaves a command alone that did not end, unless it changes something
// after all.
func (i *interruption) giveUp() {
	i.mu.Lock()
	gentle := i.gentle
	i.mu.Unlock()
	if !gentle {
		i.leave()
	}
}

// leave ends the process whatever runs: as if it were killed, which everything
// on record is prepared for.
func (i *interruption) leave() {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.abandoned {
		i.abandoned = true
		close(i.abandon)
	}
}

// gently runs work that stops by itself once the channel is closed.
func (i *interruption) gently(work func(stop <-chan struct{}) error) error {
	i.setGentle(true)
	defer i.setGentle(false)
	return work(i.stop)
}

func (i *interruption) setGentle(on bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.gentle = on
}

// wasAsked reports whether any signal came.
func (i *interruption) wasAsked() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.asked
}

// errAsked tells that a command was interrupted between two things that it does.
var errAsked = errors.New("interrupted before anything new was begun")

// check is what a command asks between two things that it does.
func (i *interruption) check() error {
	if i.wasAsked() {
		return exitCode{exitInterrupted, errAsked}
	}
	return nil
}

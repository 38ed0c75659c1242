package main

import (
	"context"
	"os"
	"sync"
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
	// abandon is closed when what runs should have ended with its context and
	// has not: long computations, such as the reading of a large blueprint, do
	// not look at it, and have nothing to lose.
	abandon chan struct{}
}

// patience is how long a cancelled command that changes nothing may take to
// end.
const patience = time.Second

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
		for range signals {
			i.signalled(note)
		}
	}()
	return i
}

func (i *interruption) signalled(note func(string, ...any)) {
	i.mu.Lock()
	first, gentle := !i.asked, i.gentle
	if first {
		i.asked = true
		close(i.stop)
	}
	i.mu.Unlock()
	if first && gentle {
		note("Interrupt received: nothing new is started, what runs is followed to a recorded point.\nInterrupt once more to stop at once; the next command takes up what runs on in the cloud.")
		return
	}
	if gentle {
		note("Stopping at once.")
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
	defer i.mu.Unlock()
	if !i.gentle {
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

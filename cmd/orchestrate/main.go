// Command orchestrate plans and carries out blueprints from a terminal or a
// pipeline. It owns flags, settings, streams, exit codes and how everything is
// shown; arguments and files go in, text and JSON come out. What it does, a Go
// program can do through the packages: it decides nothing about blueprints,
// plans or clouds.
package main

import (
	"context"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	release := heapHeadroom(os.Getenv)
	code := run(context.Background(), os.Args[1:], thisProcess())
	release()
	os.Exit(code)
}

// thisProcess is the process of the system that this program runs as.
func thisProcess() process {
	// A reader that goes away ("| head") must not kill a running execution:
	// the writes fail instead, and the streams remember it.
	signal.Ignore(syscall.SIGPIPE)
	ignoreLimits()
	return process{
		Env: os.Environ(), Signals: listen(),
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
	}
}

// process is what an invocation gets from the operating system.
type process struct {
	Env            []string // KEY=VALUE
	Signals        <-chan os.Signal
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	LeaseTTL       time.Duration // how long a hold on a stack lasts without a sign; 0: as ever
	// Dial makes the connections to the cloud; nil: over the network.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// run carries out one command line and returns its exit code.
func run(ctx context.Context, args []string, p process) int {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	a := newApp(p)
	a.interrupt = watchSignals(p.Signals, cancel, a.note)

	root := newRoot(a)
	root.SetArgs(normalise(args, valueFlags(root)))
	ended := make(chan error, 1)
	go func() { ended <- root.ExecuteContext(ctx) }()
	var err error
	select {
	case err = <-ended:
	case <-a.interrupt.abandon:
		return exitInterrupted
	}
	if err != nil && !a.started {
		err = usageError{err: err, command: a.failedCommand(root, args)}
	}
	return a.finish(err)
}

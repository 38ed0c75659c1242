package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
)

// app is one invocation of the command: what it got from the operating system
// and from the command line.
type app struct {
	in  io.Reader
	out *stream // results
	err *stream // progress, questions, logs

	outStyle, errStyle style
	env                map[string]string
	now                func() time.Time
	dial               func(ctx context.Context, network, address string) (net.Conn, error) // nil: over the network
	leaseTTL           time.Duration
	interrupt          *interruption
	started            bool         // the command line was understood
	command            string       // "orchestrate apply"
	events             *eventStream // not nil: the output is an event stream
	afterword          string       // said after the problems of a failed command
	opts               options
	silent             sync.Map // endpoints of which it was told that they don't answer
}

func newApp(p process) *app {
	a := &app{in: p.Stdin, out: newStream(p.Stdout), err: newStream(p.Stderr), env: map[string]string{}, now: time.Now, leaseTTL: p.LeaseTTL, dial: p.Dial}
	for _, kv := range p.Env {
		k, v, _ := strings.Cut(kv, "=")
		a.env[k] = v
	}
	colour := a.env["NO_COLOR"] == "" && a.env["TERM"] != "dumb"
	a.outStyle.on = colour && a.out.isTerminal()
	a.errStyle.on = colour && a.err.isTerminal()
	return a
}

// getenv is the value of an environment variable, "" if it is not set.
func (a *app) getenv(name string) string { return a.env[name] }

// mayAsk reports whether somebody is there to answer a question.
func (a *app) mayAsk() bool {
	if ci := a.env["CI"]; ci != "" && ci != "false" && ci != "0" {
		return false
	}
	f, ok := a.in.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && a.err.isTerminal()
}

// ask puts a question on standard error and returns the line that answers it. It
// waits until the context ends or the command is interrupted.
func (a *app) ask(ctx context.Context, question string) (string, error) {
	fmt.Fprint(a.err, question)
	type answer struct {
		line string
		err  error
	}
	got := make(chan answer, 1)
	go func() {
		line, err := bufio.NewReader(a.in).ReadString('\n')
		got <- answer{line, err}
	}()
	select {
	case <-a.interrupt.stop:
		fmt.Fprintln(a.err)
		return "", errWhileAsking
	case <-ctx.Done():
		fmt.Fprintln(a.err)
		if a.interrupt.wasAsked() {
			return "", errWhileAsking
		}
		return "", context.Cause(ctx)
	case x := <-got:
		if x.err != nil && x.line == "" {
			return "", fmt.Errorf("read the answer: %w", x.err)
		}
		return strings.TrimSpace(x.line), nil
	}
}

var errWhileAsking = exitCode{exitInterrupted, errors.New("interrupted while waiting for the answer; nothing was changed")}

// logger writes to standard error from the level that --log asks for; by
// default only warnings and errors.
func (a *app) logger() *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(a.opts.log)); err != nil {
		level = slog.LevelWarn
	}
	return slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: level}))
}

// renderDiagnostics shows problems on standard error, with their source lines.
func (a *app) renderDiagnostics(list diag.List, sources map[string][]byte) {
	_ = diag.Render(a.err, list, sources, a.errStyle.on) // a stream keeps its own error
}

// besides is a path under the working folder's .orchestrate, where state and
// the local cloud live unless told otherwise.
func besides(name string) string { return filepath.Join(".orchestrate", name) }

package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// silenceTold is after which time without an answer people are told whom the
// command waits for: a sixth of the patience, or of that by default.
func (a *app) silenceTold() time.Duration {
	return max(cmp.Or(a.opts.patience, defaultPatience)/6, time.Second)
}

// patiently is a context in which looks at the cloud have the patience of a command,
// all of them together.
func (a *app) patiently(ctx context.Context) context.Context {
	return providers.Patiently(ctx, providers.NewPatience(a.opts.patience))
}

// looking looks at the cloud, and tells on standard error whom that waits for: on
// a terminal by a line that goes away, elsewhere by a line for each endpoint.
func (a *app) looking(ctx context.Context, look func(context.Context) error) error {
	patience := providers.PatienceOf(ctx)
	if patience == nil {
		return look(ctx)
	}
	t := &waitTeller{app: a, patience: patience}
	t.start()
	defer t.stop()
	return look(ctx)
}

// looked is what a look has found that is all the command has to do at the cloud.
func looked[T any](ctx context.Context, a *app, look func(context.Context) (T, error)) (found T, err error) {
	err = a.looking(a.patiently(ctx), func(ctx context.Context) (err error) {
		found, err = look(ctx)
		return err
	})
	return found, err
}

// waitTeller tells whom a look waits for.
type waitTeller struct {
	app      *app
	patience *providers.Patience

	mu    sync.Mutex
	timer *time.Timer // guarded by mu, like the next
	over  bool
	shown string // the line that stands on the terminal; guarded by mu
}

func (t *waitTeller) start() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.timer = time.AfterFunc(tickEvery, t.tick) // which may be at once, on a busy machine
}

func (t *waitTeller) tick() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over {
		return
	}
	s, silent := t.patience.Longest()
	switch silent = silent && s.For >= t.app.silenceTold(); {
	case t.app.err.isTerminal():
		line := ""
		if silent {
			line = waitShort(s)
		}
		t.show(line)
	case silent:
		if _, told := t.app.silent.LoadOrStore(s.Endpoint, true); !told {
			t.app.note("%s", waitLine(s))
		}
	}
	t.timer.Reset(tickEvery)
}

// show puts a line in the place of the one before.
func (t *waitTeller) show(line string) {
	if line == t.shown {
		return
	}
	t.shown = line
	columns, _ := t.app.err.size()
	fmt.Fprint(t.app.err, "\r\x1b[K"+t.app.errStyle.paint(faint, clip(line, columns-1)))
}

func (t *waitTeller) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.timer.Stop()
	t.over = true
	t.show("")
}

// waitShort tells whom a command waits for where there is little room: what matters
// most first.
func waitShort(s providers.Silence) string {
	line := fmt.Sprintf("Waiting for %s: no answer for %s", s.Endpoint, short(s.For))
	if status := statusText(s.Err); status != "" {
		line = fmt.Sprintf("Waiting for %s: %s for %s", s.Endpoint, status, short(s.For))
	}
	if s.Left > 0 {
		line += " of " + short(s.For+s.Left+time.Millisecond)
	}
	return line + " (" + s.Operation + ")"
}

// statusText is the HTTP status of an answer in words; "" if there was none.
func statusText(e *providers.Error) string {
	if e == nil || e.Status == 0 {
		return ""
	}
	return strings.TrimSpace(fmt.Sprintf("HTTP %d %s", e.Status, http.StatusText(e.Status)))
}

// waitLine tells whom a command waits for.
func waitLine(s providers.Silence) string {
	how := "which has not answered for " + short(s.For)
	if status := statusText(s.Err); status != "" {
		how = fmt.Sprintf("which has answered with errors only for %s (%s)", short(s.For), status)
	}
	line := fmt.Sprintf("Waiting for %s (%s), %s", s.Endpoint, s.Operation, how)
	if s.Left > 0 {
		line += "; it is given up in " + short(s.Left+time.Second-1) + " (--patience)"
	}
	return line + "."
}

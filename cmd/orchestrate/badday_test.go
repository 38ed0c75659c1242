package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/providers/emulator"
)

var badDays = flag.Int("baddays", 12, "from 1 to how many seeds TestEveryFifthCallFails goes")

// pipeNet is a network inside the process: what dials is accepted by the one
// listener. It has no sockets, so that a bubble can tell when everything waits.
type pipeNet struct {
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func newPipeNet() *pipeNet { return &pipeNet{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipeNet) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case p.conns <- far:
		return near, nil
	case <-p.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipeNet) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipeNet) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipeNet) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }

// bubbled is a cloud that commands reach within a bubble.
type bubbled struct {
	t     *testing.T
	dir   string // of the state
	net   *pipeNet
	cloud *emulator.Emulator
	errs  bytes.Buffer // what the last command wrote to standard error
}

// bubble opens a cloud with nothing in it; commands keep their state in dir.
func bubble(t *testing.T, dir string, faults emulator.Faults) *bubbled {
	b := &bubbled{t: t, dir: dir, net: newPipeNet()}
	var err error
	b.cloud, err = emulator.Open(t.Context(), emulator.Options{
		Contracts: sharedContracts, Speed: 1000, Faults: faults, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: b.cloud}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = srv.Serve(b.net) // ends with Close
	}()
	t.Cleanup(func() {
		srv.Close()
		<-served
		b.cloud.Close()
	})
	return b
}

// run carries out a command and returns its exit code and what it wrote to
// standard output.
func (b *bubbled) run(args ...string) (int, string) {
	env := []string{"ORCHESTRATE_CLOUD=http://cloud.test", "ORCHESTRATE_STATE=sqlite:" + filepath.Join(b.dir, "state.db"), "ORCHESTRATE_STACK=s"}
	for k, v := range b.cloud.Env() {
		env = append(env, k+"="+v)
	}
	var out bytes.Buffer
	b.errs.Reset()
	code := run(context.Background(), args, process{Env: env, Stdout: &out, Stderr: &b.errs, Dial: b.net.Dial})
	return code, out.String()
}

// badDay is what goes wrong: a fifth of all calls, by six kinds of trouble in
// equal parts. Each rule is asked about what those before it let pass.
func badDay(seed uint64) emulator.Faults {
	var rules []emulator.Rule
	kinds := []emulator.Fault{
		emulator.Throttle(time.Second), emulator.ServerError(), {Status: http.StatusServiceUnavailable},
		emulator.LoseReply(), emulator.CutConnection(), {Delay: 20 * time.Second},
	}
	for i, fault := range kinds {
		share := 0.2 / float64(len(kinds))
		rules = append(rules, emulator.Rule{Probability: share / (1 - share*float64(i)), Seed: seed, Fault: fault})
	}
	return emulator.NewScript(rules...)
}

// counted counts the calls, and those that something goes wrong with.
type counted struct {
	mu          sync.Mutex
	faults      emulator.Faults // guarded by mu; nil: a good day, on which nothing is counted
	calls, hits int             // guarded by mu
}

func (c *counted) Fault(ctx context.Context, call emulator.Call) emulator.Fault {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.faults == nil {
		return emulator.Fault{}
	}
	c.calls++
	f := c.faults.Fault(ctx, call)
	if f != (emulator.Fault{}) {
		c.hits++
	}
	return f
}

// dawn begins another day.
func (c *counted) dawn(faults emulator.Faults) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = faults
}

// On a day on which every fifth call to the cloud goes wrong, each apply ends
// right: nothing is made twice, and nothing is left to do. So does each delete:
// nothing is left.
func TestEveryFifthCallFails(t *testing.T) {
	seeds := *badDays
	if underRace {
		seeds = min(seeds, 2)
	}
	for name, wanted := range map[string]map[string]int{
		"consortium": {
			"CreateNewBlockchain": 1, "UpdateInstance": 2, "BatchCreateChannels": 2, "BatchAddPeersToChannel": 4,
			"CreateBlockchainCertByUserName": 2,
		},
		"vpc-ecs": {"CreateVpc": 1, "CreateSubnet": 1, "CreateServers": 1},
	} {
		blueprint, err := filepath.Abs("../../blueprints/" + name)
		if err != nil {
			t.Fatal(err)
		}
		calls, hits := 0, 0
		for seed := uint64(1); seed <= uint64(seeds); seed++ {
			t.Run(fmt.Sprintf("%s/%d", name, seed), func(t *testing.T) {
				dir := t.TempDir() // outside of the bubble, which ends before it is removed
				synctest.Test(t, func(t *testing.T) {
					c, h := endsRight(t, dir, blueprint, wanted, seed)
					calls, hits = calls+c, hits+h
				})
			})
		}
		t.Logf("%s: %d of %d calls went wrong", name, hits, calls)
		if hits*100 < calls*15 {
			t.Errorf("%s: only %d of %d calls went wrong", name, hits, calls)
		}
	}
}

// endsRight applies a blueprint on a bad day, looks on a good one at what came of
// it, and deletes it on another bad one.
func endsRight(t *testing.T, dir, blueprint string, wanted map[string]int, seed uint64) (calls, hits int) {
	faults := &counted{}
	b := bubble(t, dir, faults)
	begun := time.Now()
	faults.dawn(badDay(seed))
	b.succeeds("apply", blueprint, "-y")
	faults.dawn(nil)
	b.succeeds("plan", blueprint, "--detailed-exitcode")
	if diff := cmp.Diff(wanted, b.carriedOut()); diff != "" {
		t.Errorf("requests that were carried out (-want +got):\n%s%s", diff, &b.errs)
	}
	faults.dawn(badDay(seed + 1_000_000))
	b.succeeds("delete", "-y", "--allow-data-loss", "ledger,bank,trader,payments,documents,mycloudserver")
	if left := b.objects(); len(left) > 0 {
		t.Errorf("after the deletion there are still %v", left)
	}
	t.Logf("%d of %d calls went wrong; it took %s", faults.hits, faults.calls, time.Since(begun).Round(time.Second))
	return faults.calls, faults.hits
}

// succeeds carries out a command that ends well.
func (b *bubbled) succeeds(args ...string) {
	b.t.Helper()
	if code, out := b.run(args...); code != exitDone {
		b.t.Fatalf("%s: exit %d\n%s%s", args[0], code, out, &b.errs)
	}
}

// objects are those of the cloud, without what tells of work that is over, and
// certificates, which cannot be deleted.
func (b *bubbled) objects() []emulator.Object {
	b.t.Helper()
	all, err := b.cloud.Objects(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(o emulator.Object) bool {
		return strings.HasSuffix(o.Kind, ".operation") || strings.HasSuffix(o.Kind, ".job") || o.Kind == "bcs.certificate"
	})
}

// carriedOut counts the changing requests that the cloud has carried out. A
// certificate comes with its key in the one answer, and nobody can ask for it
// again: where that answer was lost, it has to be issued once more.
func (b *bubbled) carriedOut() map[string]int {
	b.t.Helper()
	changes, err := b.cloud.Changes(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	count := map[string]int{}
	for _, c := range changes {
		done := c.Status >= 200 && c.Status < 300
		if done && !(c.Lost && c.Operation == "CreateBlockchainCertByUserName") {
			count[c.Operation]++
		}
	}
	return count
}

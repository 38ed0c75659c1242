package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/providers/emulator"
)

// gate holds up the first call of an operation that it is shut for, until it is
// opened: so a story stops a command where it wants to, and waits for nothing
// else.
type gate struct {
	mu        sync.Mutex
	operation string        // "": no call is held up
	reached   chan struct{} // closed when a call is held up
	open      chan struct{} // closed to let it in
}

// shut holds up the next call of an operation, "*" for any.
func (g *gate) shut(operation string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.operation, g.reached, g.open = operation, make(chan struct{}), make(chan struct{})
}

// unlock lets in what is held up, and all that comes.
func (g *gate) unlock() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.operation = ""; g.open != nil {
		close(g.open)
		g.open = nil
	}
}

// Fault implements emulator.Faults.
func (g *gate) Fault(ctx context.Context, c emulator.Call) emulator.Fault {
	g.mu.Lock()
	open := g.open
	hit := g.operation == "*" || g.operation == c.Operation
	if hit {
		g.operation = ""
		close(g.reached)
	}
	g.mu.Unlock()
	if hit {
		select {
		case <-open:
		case <-ctx.Done():
		}
	}
	return emulator.Fault{}
}

// scene is a cloud behind a gate, and a stack whose commands work on it: in this
// process, or as processes of their own.
type scene struct {
	*gate
	t    *testing.T
	dir  string
	url  string
	env  []string
	more switchboard // what else goes wrong
}

// threeSubnets come one after the other.
const threeSubnets = `tosca_definitions_version: cloud_tosca_version_1_0
node_templates:
  net:
    type: Cloud.VPC.VPC
    properties: {name: net, cidr: 192.168.0.0/16}
  a:
    type: Cloud.VPC.Subnet
    properties: {name: a, vpcId: {get_reference: net}, cidr: 192.168.1.0/24, gateway: 192.168.1.1}
  b:
    type: Cloud.VPC.Subnet
    properties: {name: b, vpcId: {get_reference: net}, cidr: 192.168.2.0/24, gateway: 192.168.2.1}
    requirements: [{order: {node: a}}]
  c:
    type: Cloud.VPC.Subnet
    properties: {name: c, vpcId: {get_reference: net}, cidr: 192.168.3.0/24, gateway: 192.168.3.1}
    requirements: [{order: {node: b}}]
`

func newScene(t *testing.T, blueprint string) *scene {
	t.Helper()
	s := &scene{gate: &gate{}, t: t, dir: t.TempDir()}
	s.must(os.WriteFile(filepath.Join(s.dir, "blueprint.yaml"), []byte(blueprint), 0o600))
	_, s.url, s.env = serveCloud(t, emulator.Options{Speed: 1e6, Faults: s, Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(s.unlock) // before the server waits for what is held
	s.env = append(s.env, "ORCHESTRATE_STACK=web", "ORCHESTRATE_STATE=sqlite:"+s.state(), "PATH="+os.Getenv("PATH"), "GORACE=atexit_sleep_ms=10")
	return s
}

// Fault implements emulator.Faults.
func (s *scene) Fault(ctx context.Context, c emulator.Call) emulator.Fault {
	if f := s.more.Fault(ctx, c); f != (emulator.Fault{}) {
		return f
	}
	return s.gate.Fault(ctx, c)
}

func (s *scene) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) state() string     { return filepath.Join(s.dir, "state.db") }
func (s *scene) blueprint() string { return filepath.Join(s.dir, "blueprint.yaml") }

// await waits for something that another goroutine or process does.
func (s *scene) await(what string, done <-chan struct{}) {
	s.t.Helper()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		s.t.Fatal("waited in vain for " + what)
	}
}

// until waits for something to be so.
func (s *scene) until(what string, is func() bool) {
	s.t.Helper()
	for end := time.Now().Add(30 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatal("waited in vain: " + what)
		}
	}
}

// invocation is a command that runs or has run.
type invocation struct {
	line  string
	ended chan struct{} // closed when what follows is there
	code  int
	out   string
	errs  string

	process *os.Process // nil: it runs in this process
	signals chan os.Signal
	show    *trigger
}

// begin runs a command in this process.
func (s *scene) begin(p process, args ...string) *invocation {
	show := &trigger{}
	p.Stderr = show
	return s.beginShown(p, show, args...)
}

// beginShown is begin for a command whose standard error is shown elsewhere.
func (s *scene) beginShown(p process, show *trigger, args ...string) *invocation {
	var out strings.Builder
	c := &invocation{line: strings.Join(args, " "), ended: make(chan struct{}), signals: make(chan os.Signal, 4), show: show}
	p.Env, p.Signals, p.Stdout = append(slices.Clone(s.env), p.Env...), c.signals, &out
	go func() {
		defer close(c.ended)
		c.code = run(context.Background(), args, p)
		c.out, c.errs = out.String(), c.show.String()
	}()
	return c
}

// start runs a command as a process of its own.
func (s *scene) start(program string, args ...string) *invocation {
	s.t.Helper()
	x := exec.Command(program, args...)
	x.Env, x.Dir = s.env, s.dir
	var out bytes.Buffer
	c := &invocation{line: strings.Join(args, " "), ended: make(chan struct{}), show: &trigger{}}
	x.Stdout, x.Stderr = &out, c.show
	s.must(x.Start())
	c.process = x.Process
	s.t.Cleanup(func() { _ = x.Process.Kill() })
	go func() {
		defer close(c.ended)
		_ = x.Wait()
		c.code, c.out, c.errs = x.ProcessState.ExitCode(), out.String(), c.show.String()
	}()
	return c
}

// end waits for a command to end, and expects an exit code and what is said on
// standard error.
func (s *scene) end(c *invocation, code int, said ...string) {
	s.t.Helper()
	s.await(c.line, c.ended)
	if c.code != code {
		s.t.Errorf("%s: exit %d, want %d\n%s%s", c.line, c.code, code, c.out, c.errs)
	}
	for _, text := range said {
		if !strings.Contains(c.errs, text) {
			s.t.Errorf("%s: it does not say %q:\n%s", c.line, text, c.errs)
		}
	}
}

// run runs a command in this process to its end.
func (s *scene) run(code int, args ...string) *invocation {
	s.t.Helper()
	c := s.begin(process{}, args...)
	s.end(c, code)
	return c
}

// goesOn brings the stack to its goal, and checks that nothing was made twice.
func (s *scene) goesOn() {
	s.t.Helper()
	s.run(exitDone, "apply", "-y", s.blueprint())
	s.run(exitDone, "plan", "--detailed-exitcode", s.blueprint())
	for name, n := range s.made() {
		if n != 1 {
			s.t.Errorf("%s was made %d times", name, n)
		}
	}
}

// changed lists the changing requests that the cloud got.
func (s *scene) changed() []changing {
	s.t.Helper()
	resp, err := http.Get(s.url + "/_emulator/log")
	s.must(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	s.must(err)
	var all []changing
	s.must(json.Unmarshal(text, &all))
	return all
}

type changing struct {
	Operation, Body string
	Status          int
}

// made counts how often the cloud was successfully asked to make each thing.
func (s *scene) made() map[string]int {
	s.t.Helper()
	n := map[string]int{}
	for _, x := range s.changed() {
		if strings.HasPrefix(x.Operation, "Create") && x.Status < 300 {
			n[x.Operation+" "+x.Body]++
		}
	}
	return n
}

// store looks at the state beside the commands.
func (s *scene) store() *state.SQLite {
	s.t.Helper()
	store, err := state.OpenSQLite(context.Background(), s.state(), nil)
	s.must(err)
	s.t.Cleanup(func() { store.Close() })
	return store
}

// phase is that of the last execution.
func (s *scene) phase() string {
	s.t.Helper()
	all, err := s.store().Executions(context.Background(), "web")
	s.must(err)
	if len(all) == 0 {
		return ""
	}
	return all[0].Phase
}

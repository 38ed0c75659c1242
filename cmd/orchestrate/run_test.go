package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/executor"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

func TestExitCodes(t *testing.T) {
	auth := &providers.Error{Kind: providers.Auth}
	quota := &providers.Error{Kind: providers.Quota}
	steps := func(errs ...error) []executor.StepError {
		var out []executor.StepError
		for _, e := range errs {
			out = append(out, executor.StepError{Node: "n", Err: e})
		}
		return out
	}
	for name, c := range map[string]struct {
		err  error
		want int
	}{
		"nothing":              {nil, 0},
		"any":                  {errors.New("x"), 1},
		"coded":                {exitCode{code: 2}, 2},
		"command line":         {usageError{err: errors.New("x")}, 3},
		"blueprint":            {&invalid{diags: diag.List{diag.New("DSL101", diag.Range{}, "x")}}, 3},
		"held":                 {fmt.Errorf("take hold: %w", &state.HeldError{}), 4},
		"credentials":          {fmt.Errorf("refresh: %w", auth), 7},
		"vendor":               {fmt.Errorf("refresh: %w", quota), 1},
		"cancelled":            {fmt.Errorf("refresh: %w", context.Canceled), 130},
		"failed, unchanged":    {&failedRun{steps: steps(quota)}, 1},
		"failed, changed":      {&failedRun{steps: steps(quota, auth), changed: true}, 5},
		"failed and undone":    {exitCode{code: exitUndone}, 6},
		"nothing to do":        {&noWayBack{"x", "y"}, 1},
		"foreseen":             {(&made{foreseen: diag.List{diag.New("EXEC002", diag.Range{}, "x")}}).err(), 1},
		"refused in the midst": {&failedRun{steps: steps(auth, auth), changed: true}, 7},
	} {
		if got := codeOf(c.err); got != c.want {
			t.Errorf("%s: exit %d, want %d", name, got, c.want)
		}
	}
}

// trigger calls do once when the text has been written to it.
type trigger struct {
	mu   sync.Mutex
	text strings.Builder
	on   string
	do   func()
	once sync.Once
}

func (w *trigger) Write(b []byte) (int, error) {
	w.mu.Lock()
	w.text.Write(b)
	hit := w.on != "" && strings.Contains(w.text.String(), w.on)
	w.mu.Unlock()
	if hit {
		w.once.Do(w.do)
	}
	return len(b), nil
}

func (w *trigger) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

const slowChain = `tosca_definitions_version: cloud_tosca_version_1_0
node_templates:
  net:
    type: Cloud.VPC.VPC
    properties: {name: net, cidr: 192.168.0.0/16}
  ledger:
    type: Cloud.BCS.Instance
    properties:
      name: ledger
      versionType: 2
      fabricVersion: "2.2"
      blockchainType: union
      consensus: etcdraft
      signAlgorithm: ECDSA
      ordererNodeNumber: 3
      orgDiskSize: 100
      volumeType: efs
      resourcePassword: Only-4-local-trial
      clusterType: cce
      createNewCluster: false
      cceClusterInfo: {clusterId: 00000000-0000-4000-8000-000000000001, clusterName: trial}
  after:
    type: Orchestrate.Data
    properties:
      input: {get_attribute: [ledger, refID]}
`

func chainFolder(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.WriteFile("blueprint.yaml", []byte(slowChain), 0o644); err != nil {
		t.Fatal(err)
	}
}

// The first signal lets what runs reach a recorded point and starts nothing
// new; the next apply takes the operation up where it is.
func TestInterruptAndGoOn(t *testing.T) {
	for name, times := range map[string]int{"once": 1, "twice": 2} {
		t.Run(name, func(t *testing.T) {
			chainFolder(t)
			signals := make(chan os.Signal, 2)
			var out strings.Builder
			stderr := &trigger{on: "ledger: Creating: step 1 of", do: func() {
				for range times {
					signals <- os.Interrupt
				}
			}}
			code := run(t.Context(), []string{"apply", "-y", "--stack", "chain", "--cloud", "local", "--emulator-speed", "1000"},
				process{Signals: signals, Stdout: &out, Stderr: stderr})
			if code != exitInterrupted {
				t.Fatalf("exit %d, want 130\n%s%s", code, &out, stderr)
			}
			if strings.Contains(stderr.String(), "after: Creating") {
				t.Errorf("a step was begun after the interrupt:\n%s", stderr)
			}
			out.Reset()
			stderr = &trigger{}
			code = run(t.Context(), []string{"plan", "--stack", "chain", "--cloud", "local"}, process{Stdout: &out, Stderr: stderr})
			if code != exitDone || !strings.Contains(stderr.String(), "execution chain-1 was paused") {
				t.Errorf("plan: exit %d, and nothing about what is open:\n%s", code, stderr)
			}
			out.Reset()
			stderr = &trigger{}
			code = run(t.Context(), []string{"apply", "-y", "--stack", "chain", "--cloud", "local", "--emulator-speed", "1e6"},
				process{Stdout: &out, Stderr: stderr})
			if code != exitDone {
				t.Fatalf("exit %d, want 0\n%s%s", code, &out, stderr)
			}
			if strings.Contains(out.String(), "# ledger will be created") {
				t.Errorf("the instance is made again:\n%s%s", &out, stderr)
			}
		})
	}
}

// A reader that goes away does not stop the execution.
func TestExecutionOutlivesItsReader(t *testing.T) {
	chainFolder(t)
	r, w := io.Pipe()
	r.Close()
	args := []string{"apply", "-y", "--stack", "chain", "--cloud", "local", "--emulator-speed", "1e6"}
	if code := run(t.Context(), args, process{Stdout: w, Stderr: w}); code != exitDone {
		t.Fatalf("exit %d, want 0", code)
	}
	var out strings.Builder
	if code := run(t.Context(), []string{"elements", "--stack", "chain"}, process{Stdout: &out, Stderr: io.Discard}); code != exitDone {
		t.Fatalf("exit %d, want 0", code)
	}
	if strings.Count(out.String(), "CreateSucceeded") != 3 {
		t.Errorf("not everything was made:\n%s", &out)
	}
}

// A result that could not be written is a failure.
func TestFullOutput(t *testing.T) {
	t.Chdir(t.TempDir())
	if code := run(t.Context(), []string{"version"}, process{Stdout: failingWriter{}, Stderr: io.Discard}); code != exitFailed {
		t.Errorf("exit %d, want 1", code)
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestEmulatorCommand(t *testing.T) {
	chainFolder(t)
	r, w := io.Pipe()
	signals := make(chan os.Signal, 1)
	ended := make(chan int, 1)
	go func() {
		ended <- run(context.Background(), []string{"emulator", "--db", "cloud.db", "--speed", "1e6"},
			process{Signals: signals, Stdout: w, Stderr: io.Discard})
	}()
	line, err := bufio.NewReader(r).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var hello struct {
		URL string
		Env map[string]string
	}
	if err := json.Unmarshal(line, &hello); err != nil {
		t.Fatalf("the first line is no JSON: %v\n%s", err, line)
	}
	var env []string
	for k, v := range hello.Env {
		env = append(env, k+"="+v)
	}
	var out, errs strings.Builder
	if code := run(t.Context(), []string{"apply", "-y", "--stack", "chain", "--cloud", hello.URL}, process{Env: env, Stdout: &out, Stderr: &errs}); code != exitDone {
		t.Errorf("exit %d, want 0\n%s%s", code, &out, &errs)
	}
	signals <- syscall.SIGTERM
	if code := <-ended; code != exitInterrupted {
		t.Errorf("the emulator exits %d, want 130", code)
	}
}

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// tofuLine is a line of OpenTofu's machine-readable UI, as a tool written for
// that decodes it. Tools skip types that they don't know.
type tofuLine struct {
	Level     string    `json:"@level"`
	Message   string    `json:"@message"`
	Module    string    `json:"@module"`
	Timestamp time.Time `json:"@timestamp"`
	Type      string    `json:"type"`

	UI     string `json:"ui"`
	Change *struct {
		Resource         tofuResource  `json:"resource"`
		PreviousResource *tofuResource `json:"previous_resource"`
		Action           string        `json:"action"`
		Reason           string        `json:"reason"`
	} `json:"change"`
	Changes *struct {
		Add       int    `json:"add"`
		Change    int    `json:"change"`
		Import    int    `json:"import"`
		Remove    int    `json:"remove"`
		Operation string `json:"operation"`
	} `json:"changes"`
	Hook *struct {
		Resource tofuResource `json:"resource"`
		Action   string       `json:"action"`
		IDKey    string       `json:"id_key"`
		IDValue  string       `json:"id_value"`
		Elapsed  float64      `json:"elapsed_seconds"`
	} `json:"hook"`
	Outputs map[string]struct {
		Sensitive bool            `json:"sensitive"`
		Type      json.RawMessage `json:"type"`
		Value     json.RawMessage `json:"value"`
		Action    string          `json:"action"`
	} `json:"outputs"`
	Diagnostic *struct {
		Severity string `json:"severity"`
		Summary  string `json:"summary"`
		Detail   string `json:"detail"`
		Range    *struct {
			Filename string `json:"filename"`
			Start    struct{ Line, Column, Byte int }
			End      struct{ Line, Column, Byte int }
		} `json:"range"`
	} `json:"diagnostic"`
}

type tofuResource struct {
	Addr            string  `json:"addr"`
	Module          string  `json:"module"`
	Resource        string  `json:"resource"`
	ImpliedProvider string  `json:"implied_provider"`
	Type            string  `json:"resource_type"`
	Name            string  `json:"resource_name"`
	Key             *string `json:"resource_key"`
}

// tofuRun is what such a tool has learned from a stream.
type tofuRun struct {
	planned  map[string][]string // addresses by action
	drifted  []string
	running  map[string]string // action by address
	done     map[string]int    // number of completed ones by action
	errored  []string
	problems []string
	plan     string // "add change remove" of the plan's summary
	result   string // and of the last one
	outputs  map[string]string
}

// readTofu reads a stream as a tool written for OpenTofu does, and finds fault
// with what would mislead it.
func readTofu(t *testing.T, stream string) *tofuRun {
	t.Helper()
	run := &tofuRun{planned: map[string][]string{}, running: map[string]string{}, done: map[string]int{}, outputs: map[string]string{}}
	lines := bufio.NewScanner(strings.NewReader(stream))
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		var l tofuLine
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Fatalf("line %d: %v\n%s", n, err, lines.Bytes())
		}
		if err := run.take(n, &l); err != nil {
			t.Errorf("line %d: %v\n%s", n, err, lines.Bytes())
		}
	}
	return run
}

var (
	tofuLevels  = []string{"trace", "debug", "info", "warn", "error"}
	tofuActions = []string{"noop", "create", "read", "update", "replace", "delete", "move", "import", "forget"}
)

// take learns from one line.
func (run *tofuRun) take(n int, l *tofuLine) error {
	switch {
	case l.Message == "" || l.Module == "" || l.Timestamp.IsZero() || !slices.Contains(tofuLevels, l.Level):
		return fmt.Errorf("incomplete line")
	case (n == 1) != (l.Type == "version"):
		return fmt.Errorf("the version stands in the first line and nowhere else")
	}
	switch l.Type {
	case "version":
		if !strings.HasPrefix(l.UI, "1.") {
			return fmt.Errorf("a version of the UI that the tool does not read: %q", l.UI)
		}
	case "resource_drift", "planned_change":
		return run.takeChange(l)
	case "change_summary":
		return run.takeSummary(l)
	case "apply_start", "apply_progress", "apply_complete", "apply_errored":
		return run.takeHook(l)
	case "outputs":
		for name, o := range l.Outputs {
			if o.Sensitive && o.Value != nil {
				return fmt.Errorf("the sensitive output %s has a value", name)
			}
			run.outputs[name] = string(o.Value)
		}
	case "diagnostic":
		d := l.Diagnostic
		if d == nil || d.Summary == "" || d.Severity != "error" && d.Severity != "warning" {
			return fmt.Errorf("incomplete diagnostic")
		}
		run.problems = append(run.problems, d.Severity+": "+d.Summary)
	}
	return nil
}

func (run *tofuRun) takeChange(l *tofuLine) error {
	c := l.Change
	if c == nil || c.Resource.Addr == "" || c.Resource.Type == "" || !slices.Contains(tofuActions, c.Action) {
		return fmt.Errorf("incomplete change")
	}
	if (c.Action == "move") && c.PreviousResource == nil {
		return fmt.Errorf("a move from nowhere")
	}
	if l.Type == "resource_drift" {
		run.drifted = append(run.drifted, c.Resource.Addr)
	} else {
		run.planned[c.Action] = append(run.planned[c.Action], c.Resource.Addr)
	}
	return nil
}

func (run *tofuRun) takeSummary(l *tofuLine) error {
	c := l.Changes
	if c == nil || !slices.Contains([]string{"plan", "apply", "destroy"}, c.Operation) {
		return fmt.Errorf("incomplete summary")
	}
	run.result = fmt.Sprintf("%d %d %d", c.Add, c.Change, c.Remove)
	if c.Operation != "plan" {
		return nil
	}
	run.plan = run.result
	replaced := len(run.planned["replace"])
	if planned := fmt.Sprintf("%d %d %d", len(run.planned["create"])+replaced, len(run.planned["update"]), len(run.planned["delete"])+replaced); planned != run.plan {
		return fmt.Errorf("planned_change and change_summary differ: %s and %s", planned, run.plan)
	}
	return nil
}

func (run *tofuRun) takeHook(l *tofuLine) error {
	h := l.Hook
	if h == nil || h.Resource.Addr == "" || !slices.Contains(tofuActions, h.Action) || (h.IDKey == "") != (h.IDValue == "") {
		return fmt.Errorf("incomplete hook")
	}
	addr := h.Resource.Addr
	if l.Type == "apply_start" {
		if had := run.running[addr]; had != "" {
			return fmt.Errorf("%s is begun while it runs", addr)
		}
		run.running[addr] = h.Action
		return nil
	}
	if run.running[addr] != h.Action {
		return fmt.Errorf("%s of %s, of which %q was begun", l.Type, addr, run.running[addr])
	}
	switch l.Type {
	case "apply_complete":
		run.done[h.Action]++
		delete(run.running, addr)
	case "apply_errored":
		run.errored = append(run.errored, addr)
		delete(run.running, addr)
	}
	return nil
}

const readBlueprint = `tosca_definitions_version: cloud_tosca_version_1_0
inputs:
  name: {type: string, default: one}
  code: {type: password, default: canary-7a1}
node_templates:
  net:
    type: Cloud.VPC.VPC
    properties: {name: {get_input: name}, cidr: 192.168.0.0/16}
  sub:
    type: Cloud.VPC.Subnet
    properties: {name: sub, vpcId: {get_reference: net}, cidr: 192.168.1.0/24, gateway: 192.168.1.1}
  note:
    type: Orchestrate.Data
    properties: {input: {get_input: code}}
outputs:
  net: {value: {get_attribute: [net, refName]}}
  code: {value: {get_attribute: [note, output]}}
`

// A tool written for OpenTofu follows whole executions.
func TestEventsAreReadAsOpenTofus(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("blueprint.yaml", []byte(readBlueprint), 0o600); err != nil {
		t.Fatal(err)
	}
	follow := func(want int, args ...string) *tofuRun {
		t.Helper()
		var out, errs strings.Builder
		args = append(args, "--json", "-y", "--stack", "web", "--cloud", "local", "--emulator-speed", "1e6")
		if code := run(t.Context(), args, process{Stdout: &out, Stderr: &errs}); code != want {
			t.Fatalf("exit %d, want %d\n%s%s", code, want, &out, &errs)
		}
		if strings.Contains(out.String(), "canary") {
			t.Error("a secret is in the stream")
		}
		return readTofu(t, out.String())
	}
	made := follow(exitDone, "apply")
	if made.plan != "3 0 0" || made.result != "3 0 0" || made.done["create"] != 3 || made.outputs["net"] != `"one"` {
		t.Errorf("creation: %+v", made)
	}
	changed := follow(exitDone, "apply", "--input", "name=two", "--replace", "net")
	if d := cmp.Diff([]string{"net", "sub"}, changed.planned["replace"]); d != "" || changed.plan != "2 0 2" || changed.result != "2 0 2" {
		t.Errorf("replacement: %+v", changed)
	}
	if changed.done["create"] != 2 || changed.done["delete"] != 2 || len(changed.running) != 0 {
		t.Errorf("replacement: %+v", changed)
	}
	refused := follow(exitInvalid, "apply", "--input", "name=three", "--replace", "nothing")
	if d := cmp.Diff([]string{"error: Unknown node in an option"}, refused.problems); !strings.Contains(strings.Join(refused.problems, "\n"), "error: Unknown node") {
		t.Errorf("problems: %s", d)
	}
	gone := follow(exitDone, "delete")
	if gone.result != "0 0 3" || gone.done["delete"] != 3 {
		t.Errorf("deletion: %+v", gone)
	}
}

// The words for what only this program has are skipped, and mislead nobody.
func TestPlannedChangesAreReadAsOpenTofus(t *testing.T) {
	var b strings.Builder
	s := newEventStream(&b, func() time.Time { return begin })
	s.version("1.0.0")
	s.plan(causesPlan())
	got := readTofu(t, b.String())
	want := map[string][]string{"update": {"net"}, "move": {"moved"}, "forget": {"vault"}, "replace": {"ledger"}, "delete": {"old"}}
	if d := cmp.Diff(want, got.planned); d != "" {
		t.Errorf("planned changes (-want +got):\n%s", d)
	}
}

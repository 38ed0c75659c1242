package main

import (
	"context"
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/providers/emulator"
	"github.com/orchestrate-tosca/orchestrate/schemas"
)

// The exit code of each command in each state that a stack can be in. Nothing
// goes wrong while they run: a code other than 0 means that the command is not
// the one for this state, and its message names one that is. 0|3: of a request
// whose answer did not come it is open whether it was heard, and a plan that was
// saved before that was known may be out of date.
const deadEnds = `
state              plan apply file refresh retry rollback delete force cancel import outputs show executions elements
none               0    0     0    0       1     1        0      1     1      0      1       1    0          1
created            0    0     0    0       1     1        0      1     1      1      0       0    0          0
create-failed      0    0     0    0       0     0        0      1     1      1      0       0    0          0
create-paused      0    0     0|3  0       0     0        0      1     1      1      0       0    0          0
create-cancelled   0    0     0    0       0     0        0      1     1      1      0       0    0          0
create-killed      0    0     0|3  0       0     0        0      1     0      1      0       0    0          0
upgraded           0    0     0    0       1     0        0      1     1      1      0       0    0          0
upgrade-failed     0    0     0    0       0     0        0      1     1      1      0       0    0          0
upgrade-paused     0    0     0|3  0       0     0        0      1     1      1      0       0    0          0
upgrade-cancelled  0    0     0    0       0     0        0      1     1      1      0       0    0          0
upgrade-killed     0    0     0|3  0       0     0        0      1     0      1      0       0    0          0
rolled-back        0    0     0    0       1     0        0      1     1      1      0       0    0          0
rollback-failed    0    0     0    0       0     0        0      1     1      1      0       0    0          0
rollback-paused    0    0     0|3  0       0     0        0      1     1      1      0       0    0          0
rollback-cancelled 0    0     0    0       0     0        0      1     1      1      0       0    0          0
rollback-killed    0    0     0|3  0       0     0        0      1     0      1      0       0    0          0
undo-failed        0    0     0    0       0     0        0      1     1      1      0       0    0          0
undo-killed        0    0     0|3  0       0     0        0      1     0      0|1    0       0    0          0
emptied            0    0     0    0       1     1        0      1     1      0      0       0    0          0
delete-failed      0    0     0    0       0     0        0      0     1      1      0       0    0          0
delete-paused      0    0     0|3  0       0     0        0      0     1      1      0       0    0          0
delete-cancelled   0    0     0    0       0     0        0      0     1      1      0       0    0          0
delete-killed      0    0     0|3  0       0     0        0      0     0      1      0       0    0          0
imported           0    0     0    0       1     1        0      1     1      0      0       0    0          0
refreshed          0    0     0    0       1     1        0      1     1      1      0       0    0          0
deleted            0    0     0    0       1     1        0      1     1      0      1       1    0          1
held               0    4     4    4       4     4        4      4     1      4      0       0    0          0
key-lost           1    1     1    1       1     1        0      1     1      1      0       0    0          0
`

const (
	deadEndFirst = `tosca_definitions_version: cloud_tosca_version_1_0
inputs:
  note: {type: string, default: first}
  code: {type: password}
node_templates:
  net:
    type: Cloud.VPC.VPC
    properties: {name: net, cidr: 10.0.0.0/16, description: {get_input: note}}
  lab:
    type: Cloud.VPC.Subnet
    properties: {name: lab, cidr: 10.0.1.0/24, gateway: 10.0.1.1, vpcId: {get_reference: net}}
  note:
    type: Orchestrate.Data
    properties: {input: {get_input: code}}
`
	deadEndSecond = deadEndFirst + `  attic:
    type: Cloud.VPC.Subnet
    properties: {name: attic, cidr: 10.0.2.0/24, gateway: 10.0.2.1, vpcId: {get_reference: net}}
`
	deadEndStray = `tosca_definitions_version: cloud_tosca_version_1_0
node_templates:
  stray:
    type: Cloud.VPC.VPC
    properties: {name: stray, cidr: 10.0.0.0/16}
outputs:
  id: {value: {get_reference: stray}}
`
)

// sharedContracts are parsed once for all emulators that have them.
var sharedContracts = emulator.ShareContracts(schemas.OpenAPI())

// world is a folder with a state, a cloud and blueprints; nothing but these
// files is remembered from one command to the next, so that a copy of them is
// the same world again.
type world struct {
	t     *testing.T
	dir   string
	cloud *emulator.Emulator
	srv   *httptest.Server
	board *switchboard
	stray string // ID of a network that is in no stack
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir()}
	for name, text := range map[string]string{"first.yaml": deadEndFirst, "second.yaml": deadEndSecond, "stray.yaml": deadEndStray} {
		if err := os.WriteFile(w.path(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w.open()
	w.must("apply", w.path("stray.yaml"), "-y", "--stack", "stray", "--cloud", "", "--state", "")
	w.stray = strings.TrimSpace(w.must("outputs", "id", "--raw", "--stack", "stray", "--state", ""))
	w.must("delete", "-y", "--retain", "stray", "--stack", "stray", "--cloud", "", "--state", "")
	return w
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

func (w *world) open() {
	w.board = &switchboard{}
	var err error
	w.cloud, err = emulator.Open(context.Background(), emulator.Options{
		DB: w.path("cloud.db"), Contracts: sharedContracts, Speed: 1e6, Faults: w.board,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.srv = httptest.NewServer(w.cloud)
}

func (w *world) close() {
	w.srv.CloseClientConnections()
	w.srv.Close()
	w.cloud.Close()
}

// copied is the same world in another folder. This one has to be closed.
func (w *world) copied(t *testing.T) *world {
	c := &world{t: t, dir: t.TempDir(), stray: w.stray}
	if err := os.CopyFS(c.dir, os.DirFS(w.dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(c.path("state.key"), 0o600); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	c.open()
	return c
}

func (w *world) env() []string {
	env := []string{"ORCHESTRATE_INPUT_code=Secret-4-a-trial", "PATH=" + os.Getenv("PATH")}
	for k, v := range w.cloud.Env() {
		env = append(env, k+"="+v)
	}
	return env
}

// fill puts the cloud and the state of this world where an option is left empty.
func (w *world) fill(args []string) []string {
	out := slices.Clone(args)
	for i := range out {
		switch {
		case out[i] != "" || i == 0:
		case out[i-1] == "--cloud":
			out[i] = w.srv.URL
		case out[i-1] == "--state":
			out[i] = "sqlite:" + w.path("state.db")
		}
	}
	return out
}

// run carries out a command in this process.
func (w *world) run(args ...string) (code int, stdout, stderr string) {
	var out, errs strings.Builder
	code = run(context.Background(), w.fill(args), process{Env: w.env(), Stdout: &out, Stderr: &errs})
	return code, out.String(), errs.String()
}

func (w *world) must(args ...string) string {
	w.t.Helper()
	code, out, errs := w.run(args...)
	if code != exitDone {
		w.t.Fatalf("%v: exit %d\n%s%s", args, code, out, errs)
	}
	return out
}

// fails runs a command while operations are out of order.
func (w *world) fails(operation string, args ...string) {
	w.t.Helper()
	w.board.refuse(operation)
	defer w.board.mend()
	if code, out, errs := w.run(args...); code != exitPartWay && code != exitFailed {
		w.t.Fatalf("%v: exit %d, want 5, or 1 if it was the first step\n%s%s", args, code, out, errs)
	}
}

// paused interrupts a command twice while it waits for an answer.
func (w *world) paused(operation, when string, args ...string) {
	w.t.Helper()
	w.board.hang(operation)
	defer w.board.mend()
	signals := make(chan os.Signal, 2)
	errs := &trigger{on: when, do: func() { signals <- os.Interrupt; signals <- os.Interrupt }}
	if code := run(context.Background(), w.fill(args), process{Env: w.env(), Signals: signals, Stdout: &strings.Builder{}, Stderr: errs}); code != exitInterrupted {
		w.t.Fatalf("%v: exit %d, want 130\n%s", args, code, errs)
	}
}

// killed lets the process of a command die while it waits for an answer.
func (w *world) killed(operation, when string, args ...string) {
	w.t.Helper()
	w.board.hang(operation)
	defer w.board.mend()
	c := exec.Command("orchestrate", w.fill(args)...)
	c.Env = w.env()
	errs := &trigger{on: when, do: func() { c.Process.Kill() }}
	c.Stderr = errs
	if err := c.Run(); err == nil || c.ProcessState.ExitCode() != -1 {
		w.t.Fatalf("%v was not killed: %v\n%s", args, err, errs)
	}
}

// The command lines of the table. Those that the states are built with are
// among them.
func (w *world) commands() map[string][]string {
	blueprint := []string{w.path("first.yaml")}
	on := func(args ...string) []string { return append(args, "--stack", "net", "--state", "") }
	in := func(args ...string) []string { return on(append(args, "--cloud", "")...) }
	return map[string][]string{
		"plan":       in("plan", blueprint[0]),
		"apply":      in("apply", blueprint[0], "-y"),
		"save":       in("plan", blueprint[0], "--out", w.path("plan.json")),
		"file":       {"apply", w.path("plan.json"), "--cloud", "", "--state", ""},
		"refresh":    in("apply", blueprint[0], "--refresh-only", "-y"),
		"retry":      in("retry", "-y"),
		"rollback":   in("rollback", "-y", "--parallelism", "1"),
		"delete":     in("delete", "-y"),
		"force":      in("delete", "--force", "-y"),
		"cancel":     in("cancel"),
		"import":     in("import", "net", w.stray, blueprint[0]),
		"outputs":    on("outputs"),
		"show":       on("show"),
		"executions": on("executions"),
		"elements":   on("elements"),
		"upgrade":    in("apply", w.path("second.yaml"), "-y", "--input", "note=second"),
		"stacks":     {"stacks", "--state", ""},
		"whole":      in("plan", blueprint[0], "--detailed-exitcode"),
	}
}

// states builds each state of a stack.
func (w *world) states() map[string]func() {
	c := w.commands()
	do := func(name string) { w.t.Helper(); w.must(c[name]...) }
	cut := func(base []string, name, operation, when string) map[string]func() {
		before := func() {
			for _, b := range base {
				do(b)
			}
		}
		stem := name
		if name == "apply" {
			stem = "create"
		}
		return map[string]func(){
			stem + "-failed":    func() { before(); w.fails(operation, c[name]...) },
			stem + "-paused":    func() { before(); w.paused(operation, when, c[name]...) },
			stem + "-killed":    func() { before(); w.killed(operation, when, c[name]...) },
			stem + "-cancelled": func() { before(); w.killed(operation, when, c[name]...); do("cancel") },
		}
	}
	undo := append(slices.Clone(c["apply"]), "--on-failure", "rollback")
	all := map[string]func(){
		"none":        func() {},
		"created":     func() { do("apply") },
		"upgraded":    func() { do("apply"); do("upgrade") },
		"rolled-back": func() { do("apply"); do("upgrade"); do("rollback") },
		"undo-failed": func() { w.board.refuse("DeleteVpc"); w.fails("CreateSubnet", undo...) },
		"undo-killed": func() { w.board.refuse("CreateSubnet"); w.killed("DeleteVpc", "net: Destroying", undo...) },
		"emptied":     func() { w.fails("CreateSubnet", c["apply"]...); do("rollback") },
		"imported":    func() { do("import") },
		"refreshed":   func() { do("apply"); w.drift(); do("refresh") },
		"deleted":     func() { do("apply"); do("delete") },
		"held":        func() { do("apply"); w.hold() },
		"key-lost":    func() { do("apply"); w.loseKey() },
	}
	maps.Copy(all, cut(nil, "apply", "CreateSubnet", "lab: Creating"))
	maps.Copy(all, cut([]string{"apply"}, "upgrade", "CreateSubnet", "attic: Creating"))
	maps.Copy(all, cut([]string{"apply", "upgrade"}, "rollback", "DeleteSubnet", "attic: Destroying"))
	maps.Copy(all, cut([]string{"apply"}, "delete", "DeleteSubnet", "lab: Destroying"))
	return all
}

// drift changes an object outside of the stack: another state says that it is
// its own.
func (w *world) drift() {
	text := w.must("show", "--json", "--stack", "net", "--state", "")
	id := regexp.MustCompile(`"neutron_network_id": "([^"]+)"`).FindStringSubmatch(text)
	network := regexp.MustCompile(`"vpcId": "([^"]+)"`).FindStringSubmatch(text)
	if id == nil || network == nil {
		w.t.Fatalf("no network in %s", text)
	}
	elsewhere := "sqlite:" + w.path("other.db")
	w.must("import", "net", network[1], w.path("first.yaml"), "--stack", "other", "--state", elsewhere, "--cloud", "")
	w.must("apply", w.path("first.yaml"), "--target", "net", "--input", "note=drifted", "-y", "--stack", "other", "--state", elsewhere, "--cloud", "")
}

// hold takes the lease of the stack for a process that lives: this one.
func (w *world) hold() {
	store, err := state.OpenSQLite(context.Background(), w.path("state.db"), state.NewKeyring("", w.path("state.db")))
	if err != nil {
		w.t.Fatal(err)
	}
	defer store.Close()
	if _, err = store.Acquire(context.Background(), "net", state.NewOwner("orchestrate apply", time.Now()), time.Hour); err != nil {
		w.t.Fatal(err)
	}
}

// loseKey puts another key in the place of the state's.
func (w *world) loseKey() {
	if err := os.WriteFile(w.path("state.key"), []byte(strings.Repeat("ab", 32)+"\n"), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// namedCommand finds the commands that a message names: `retry`, orchestrate
// retry --stack ..., or (apply with ...).
var namedCommand = regexp.MustCompile("(?:`|orchestrate |\\(|Make the )(plan|apply|retry|rollback|delete|cancel|import|show|executions|elements|stacks)\\b")

func TestNoDeadEnds(t *testing.T) {
	if underRace {
		t.Skip("left to the tests without the race detector")
	}
	table, commands := deadEndTable()
	base := newWorld(t)
	base.close()
	if d := slices.Compare(slices.Sorted(maps.Keys(table)), slices.Sorted(maps.Keys(base.states()))); d != 0 {
		t.Fatalf("the table has other states than are built: %v, %v", slices.Sorted(maps.Keys(table)), slices.Sorted(maps.Keys(base.states())))
	}
	for _, name := range slices.Sorted(maps.Keys(table)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := base.copied(t)
			w.states()[name]()
			w.close()
			looking := w.copied(t)
			defer looking.close()
			var ends sync.Map // the summaries of worlds that were led on
			for _, command := range commands {
				if looks[command] {
					looking.check(command, table[name])
					continue
				}
				t.Run(command, func(t *testing.T) {
					t.Parallel() // some wait for what may be on its way
					x := w.copied(t)
					defer x.close()
					x.check(command, table[name])
					if name == "key-lost" {
						x.must(x.commands()["delete"]...) // the way out of it
					}
					if _, led := ends.LoadOrStore(x.summary(), true); !led && name != "held" {
						x.leads(command)
					}
				})
			}
		})
	}
}

// looks are the commands that change nothing.
var looks = map[string]bool{"plan": true, "outputs": true, "show": true, "executions": true, "elements": true}

// deadEndTable reads the table: exit codes by state and command.
func deadEndTable() (table map[string]map[string]string, commands []string) {
	lines := strings.Split(strings.TrimSpace(deadEnds), "\n")
	commands = strings.Fields(lines[0])[1:]
	table = map[string]map[string]string{}
	for _, line := range lines[1:] {
		cells := strings.Fields(line)
		row := map[string]string{}
		for i, c := range commands {
			row[c] = cells[i+1]
		}
		table[cells[0]] = row
	}
	return table, commands
}

// check runs a command and compares its exit code with the table's; where that
// is not 0, what the message names has to work.
func (w *world) check(command string, row map[string]string) {
	c := w.commands()
	if command == "file" {
		if code, _, errs := w.run(c["save"]...); code != exitDone {
			if strconv.Itoa(code) != row["plan"] {
				w.t.Errorf("plan --out: exit %d\n%s", code, errs)
			}
			return
		}
	}
	code, out, errs := w.run(c[command]...)
	if !slices.Contains(strings.Split(row[command], "|"), strconv.Itoa(code)) {
		w.t.Errorf("%s: exit %d, want %s\n%s%s", command, code, row[command], out, errs)
	}
	if code == exitDone {
		return
	}
	for _, m := range namedCommand.FindAllStringSubmatch(errs, -1) {
		if always := m[1] == "stacks"; always || row[m[1]] == "0" && (m[1] != command || command == "delete") {
			return
		}
	}
	w.t.Errorf("%s: the message names no command that works:\n%s", command, errs)
}

// summary tells worlds apart as far as it matters where they lead.
func (w *world) summary() string {
	code, out, _ := w.run("show", "--json", "--stack", "net", "--state", "")
	var parts []string
	for _, m := range regexp.MustCompile(`"(node|phase|status|current|lifecycle)": ("[^"]*"|true|false|null)`).FindAllStringSubmatch(out, -1) {
		parts = append(parts, m[1]+"="+m[2])
	}
	return fmt.Sprint(code, parts)
}

// leads sees that the world can be made what the blueprint says, and be rid of
// the stack.
func (w *world) leads(after string) {
	c := w.commands()
	for _, step := range []string{"apply", "whole", "delete"} {
		if code, out, errs := w.run(c[step]...); code != exitDone {
			w.t.Errorf("after %s, %s: exit %d\n%s%s", after, step, code, out, errs)
			return
		}
	}
	if out := w.must(c["stacks"]...); strings.Contains(out, "net") {
		w.t.Errorf("after %s and delete the stack is still there:\n%s", after, out)
	}
}

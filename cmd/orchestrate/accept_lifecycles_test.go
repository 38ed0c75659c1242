package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/orchestrate-tosca/orchestrate/providers/emulator"
	"github.com/orchestrate-tosca/orchestrate/schemas"
)

// walker goes through the lifecycles of one stack at random, and all goes wrong
// on the way: calls are refused, answers are lost, operations fail, processes
// are interrupted and killed.
type walker struct {
	t     *testing.T
	rand  *rand.Rand
	dir   string
	url   string
	env   []string
	story []string
	torn  bool // a process was killed: the state has a tail that the next one to open it works off

	mu    sync.Mutex
	calls int // changing ones of this command
	at    int // the one that goes wrong; -1: none
	fault emulator.Fault
	stays bool // those after it go wrong too
}

// Fault implements emulator.Faults.
func (w *walker) Fault(_ context.Context, c emulator.Call) emulator.Fault {
	if c.Method == http.MethodGet {
		return emulator.Fault{}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls++
	if w.at > 0 && (w.calls == w.at || w.stays && w.calls > w.at) {
		return w.fault
	}
	return emulator.Fault{}
}

func (w *walker) wrong(at int, fault emulator.Fault, stays bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls, w.at, w.fault, w.stays = 0, at, fault, stays
}

const walkFirst = `tosca_definitions_version: cloud_tosca_version_1_0
inputs:
  title: {type: string, default: net}
  third: {type: integer, default: 1}
  peers: {type: integer, default: 1}
  word: {type: string, default: a}
  code: {type: password}
node_templates:
  net:
    type: Cloud.VPC.VPC
    properties: {name: {get_input: title}, cidr: 10.0.0.0/16}
  part:
    type: Cloud.VPC.Subnet
    properties:
      name: part
      vpcId: {get_reference: net}
      cidr: {concat: ['10.0.', {get_input: third}, '.0/24']}
      gateway: {concat: ['10.0.', {get_input: third}, '.1']}
  ledger:
    type: Cloud.BCS.Instance
    properties:
      name: walked
      versionType: 2
      resourcePassword: {get_input: code}
      cceClusterInfo: {clusterId: 00000000-0000-4000-8000-000000000001, clusterName: c}
  bank:
    type: Cloud.BCS.Organization
    properties: {blockchainId: {get_reference: ledger}, name: bank, pvcName: pvc, nodeCount: {get_input: peers}}
  word:
    type: Orchestrate.Data
    properties: {input: [{get_input: word}, {get_attribute: [part, refID]}, {get_input: code}]}
`

const walkSecond = `tosca_definitions_version: cloud_tosca_version_1_0
inputs:
  title: {type: string, default: net}
  third: {type: integer, default: 1}
  peers: {type: integer, default: 1}
  word: {type: string, default: a}
  code: {type: password}
node_templates:
  base:
    type: Cloud.VPC.VPC
    renamed_from: net
    properties: {name: {get_input: title}, cidr: 10.0.0.0/16}
  other:
    type: Cloud.VPC.VPC
    properties: {name: other, cidr: 10.0.0.0/16}
  ledger:
    type: Cloud.BCS.Instance
    properties:
      name: walked
      versionType: 2
      resourcePassword: {get_input: code}
      cceClusterInfo: {clusterId: 00000000-0000-4000-8000-000000000001, clusterName: c}
  trade:
    type: Cloud.BCS.Channel
    properties: {blockchainId: {get_reference: ledger}, name: trade}
  word:
    type: Orchestrate.Data
    properties: {input: {get_input: word}}
    requirements: [{order: {node: trade}}, {order: {node: other}}]
`

const walkCanary = "Canary-Zq7w-Pw"

func newWalker(t *testing.T, seed uint64) *walker {
	w := &walker{t: t, rand: rand.New(rand.NewPCG(seed, 4)), dir: t.TempDir()}
	for name, text := range map[string]string{"first.yaml": walkFirst, "second.yaml": walkSecond} {
		if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, w.url, w.env = serveCloud(t, emulator.Options{DB: filepath.Join(w.dir, "cloud.db"), Speed: 1e6, Faults: w})
	w.env = append(w.env, "ORCHESTRATE_INPUT_code="+walkCanary, "ORCHESTRATE_STACK=walk",
		"ORCHESTRATE_STATE=sqlite:"+filepath.Join(w.dir, "state.db"), "PATH="+os.Getenv("PATH"))
	return w
}

// run carries out a command in this process and notes it down. What hangs is
// ended after a minute.
func (w *walker) run(signals chan os.Signal, stderr io.Writer, args ...string) (int, string, string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var out, errs bytes.Buffer
	both := io.Writer(&errs)
	if stderr != nil {
		both = io.MultiWriter(&errs, stderr)
	}
	code := run(ctx, args, process{Env: w.env, Signals: signals, Stdout: &out, Stderr: both})
	w.told(code, args, out.String(), errs.String())
	if ctx.Err() != nil {
		w.fail("it took more than a minute")
	}
	return code, out.String(), errs.String()
}

func (w *walker) told(code int, args []string, out, errs string) {
	w.story = append(w.story, fmt.Sprintf("$ orchestrate %s  # exit %d\n%s", strings.Join(args, " "), code, indent(errs)))
	if strings.Contains(out+errs, "Zq7w") {
		w.fail("a secret is shown")
	}
	if strings.Contains(errs, "panic") || strings.Contains(errs, "goroutine ") {
		w.fail("a panic")
	}
}

func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    ")
}

func (w *walker) fail(format string, args ...any) {
	w.t.Helper()
	w.t.Fatalf("%s\n\n%s", fmt.Sprintf(format, args...), strings.Join(w.story, "\n"))
}

func pick[T any](w *walker, of ...T) T { return of[w.rand.IntN(len(of))] }

// options of a plan, at random.
func (w *walker) options() []string {
	args := []string{filepath.Join(w.dir, pick(w, "first.yaml", "first.yaml", "second.yaml"))}
	if w.rand.IntN(2) == 0 {
		args = append(args, "--input", pick(w, "title=net", "title=changed", "third=2", "peers=2", "word=b"))
	}
	if w.rand.IntN(3) > 0 {
		args = append(args, "--allow-data-loss", "ledger,bank,trade")
	}
	if w.rand.IntN(8) == 0 {
		args = append(args, pick(w, "--target=word", "--replace=word", "--refresh=false", "--retain=word"))
	}
	return args
}

func (w *walker) command() []string {
	switch w.rand.IntN(10) {
	case 0:
		return append([]string{"delete", "-y"}, pick(w, nil, []string{"--allow-data-loss", "ledger,bank,trade"})...)
	case 1:
		return []string{"rollback", "-y", "--allow-data-loss", "ledger,bank,trade"}
	case 2:
		return []string{"rollback", "-y", "--on-failure", pick(w, "stop", "rollback")}
	case 3, 4:
		return []string{"retry", "-y"}
	case 5:
		return []string{"cancel"}
	case 6:
		return append([]string{"apply", "-y", "--on-failure", "rollback"}, w.options()...)
	default:
		return append([]string{"apply", "-y"}, w.options()...)
	}
}

var begins = regexp.MustCompile(`(Creating|Modifying|Destroying)\.\.\.`)

// nth does something when the text that is written to it has the n-th begin of a step.
type nth struct {
	n    int
	text bytes.Buffer
	do   func()
	once sync.Once
	mu   sync.Mutex
}

func (x *nth) Write(b []byte) (int, error) {
	x.mu.Lock()
	x.text.Write(b)
	hit := len(begins.FindAll(x.text.Bytes(), -1)) >= x.n
	x.mu.Unlock()
	if hit {
		x.once.Do(x.do)
	}
	return len(b), nil
}

// step carries out a random command, while something goes wrong or not.
func (w *walker) step() {
	args := w.command()
	n := 1 + w.rand.IntN(5)
	defer w.wrong(0, emulator.Fault{}, false)
	switch w.rand.IntN(8) {
	case 0, 1:
		w.wrong(n, emulator.Fault{Status: http.StatusBadRequest, Message: "out of order"}, true)
	case 2:
		w.wrong(n, emulator.LoseReply(), false)
	case 3:
		w.wrong(n, emulator.FailOperation("out of order"), false)
	case 4:
		signals := make(chan os.Signal, 2)
		w.end(w.run(signals, &nth{n: n, do: func() {
			for range 1 + n%2 {
				signals <- os.Interrupt
			}
		}}, args...))
		return
	case 5:
		c := exec.Command("orchestrate", args...)
		c.Env = w.env
		var out, errs bytes.Buffer
		c.Stdout = &out
		c.Stderr = io.MultiWriter(&errs, &nth{n: n, do: func() { _ = c.Process.Kill() }})
		guard := time.AfterFunc(time.Minute, func() { _ = c.Process.Kill() })
		_ = c.Run()
		guard.Stop()
		w.torn = w.torn || c.ProcessState.ExitCode() == -1
		w.told(c.ProcessState.ExitCode(), args, out.String(), errs.String())
		return
	}
	w.end(w.run(nil, nil, args...))
}

// end judges exit code and message of a command.
func (w *walker) end(code int, _, errs string) {
	if !slices.Contains([]int{0, 1, 3, 5, 6, 130}, code) {
		w.fail("exit code %d", code)
	}
	if code != 0 && strings.TrimSpace(errs) == "" {
		w.fail("exit code %d without a word", code)
	}
}

func (w *walker) bytes(name string) []byte {
	b, err := os.ReadFile(filepath.Join(w.dir, name))
	if err != nil && !os.IsNotExist(err) {
		w.t.Fatal(err)
	}
	return b
}

func (w *walker) get(path string) []byte {
	resp, err := http.Get(w.url + path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

// recorded is the state: its file, or all that commands tell of it.
func (w *walker) recorded() []byte {
	if !w.torn {
		return w.bytes("state.db")
	}
	told := len(w.story)
	defer func() { w.story = w.story[:told] }()
	var all bytes.Buffer
	for _, command := range []string{"stacks", "show", "executions"} {
		_, out, _ := w.run(nil, nil, command, "--json")
		all.WriteString(out)
	}
	return all.Bytes()
}

// look plans: that changes nothing, keeps its schema, and exits 2 if and only
// if there is a change among what it lists.
func (w *walker) look() {
	args := append([]string{"plan", "--json", "--detailed-exitcode"}, w.options()...)
	switch w.rand.IntN(8) {
	case 0:
		args = append(args, "--refresh-only")
	case 1:
		args = append(args, "--destroy")
	case 2:
		args = append(args, "--strict-aos")
	case 3:
		args = append(args, "--out", filepath.Join(w.dir, "walk.plan"))
	}
	recorded := w.recorded()
	objects, log := w.get("/_emulator/objects"), w.get("/_emulator/log")
	code, out, _ := w.run(nil, nil, args...)
	if !bytes.Equal(recorded, w.recorded()) {
		w.fail("a plan has changed the state")
	}
	if !bytes.Equal(objects, w.get("/_emulator/objects")) || !bytes.Equal(log, w.get("/_emulator/log")) {
		w.fail("a plan has changed the cloud")
	}
	if out == "" {
		return
	}
	schema, err := schemas.Named("plan")
	if err != nil {
		w.t.Fatal(err)
	}
	var doc any
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		w.fail("%v in %s", err, out)
	}
	if broken := schema.Validate(doc); broken != nil {
		w.fail("%v\n%s", broken, out)
	}
	if changed := planned(doc); code == 0 && changed || code == 2 && !changed {
		w.fail("exit %d, changes: %v\n%s", code, changed, out)
	}
}

// planned tells whether a plan as JSON lists a change.
func planned(doc any) bool {
	plan := doc.(map[string]any)
	acts := func(change any) bool {
		a := fmt.Sprint(change.(map[string]any)["actions"])
		return a != "[no-op]" && a != "[read]"
	}
	list := func(name string) []any {
		l, _ := plan[name].([]any)
		return l
	}
	for _, c := range list("resource_changes") {
		r := c.(map[string]any)
		if acts(r["change"]) || r["previous_address"] != nil {
			return true
		}
	}
	if plan["refresh_only"] == true && len(list("resource_drift")) > 0 {
		return true
	}
	outputs, _ := plan["output_changes"].(map[string]any)
	for _, c := range outputs {
		if acts(c) {
			return true
		}
	}
	return false
}

var (
	walkConsent = regexp.MustCompile(`--(?:allow-data-loss|replace) ([\w\[\],-]+\w\]?)`)
	walkCommand = regexp.MustCompile("(?m)(?:^ +|`)orchestrate ((?:apply|retry|rollback|delete|cancel|unlock)[^#`\n]*)|`(apply|retry|rollback|delete|cancel|unlock)`")
)

// leads gets a command to succeed with what messages name: options that
// consent, and other commands.
func (w *walker) leads(args ...string) {
	var consents []string
	tried := map[string]bool{}
	for range 12 {
		now := args
		for _, c := range consents {
			now = append(slices.Clone(now), "--allow-data-loss", c)
		}
		code, _, errs := w.run(nil, nil, now...)
		if code == 0 {
			return
		}
		known := len(consents)
		for _, m := range walkConsent.FindAllStringSubmatch(errs, -1) {
			for _, node := range strings.Split(m[1], ",") {
				if !slices.Contains(consents, node) {
					consents = append(consents, node)
				}
			}
		}
		if len(consents) > known {
			continue
		}
		next := ""
		for _, m := range walkCommand.FindAllStringSubmatch(errs, -1) {
			command := strings.TrimSpace(m[1] + m[2])
			if !tried[command] && next == "" {
				next = command
			}
		}
		if next == "" {
			w.fail("a dead end: nothing that the message names leads on")
		}
		tried[next] = true
		words := strings.Fields(next)
		if words[0] != "cancel" && !slices.Contains(words, "-y") {
			words = append(words, "-y")
		}
		if words[0] != "cancel" && words[0] != "unlock" {
			for _, c := range consents {
				words = append(words, "--allow-data-loss", c)
			}
		}
		w.run(nil, nil, words...)
	}
	w.fail("no end of ways")
}

// From wherever a stack has got to, what the messages say leads to what the
// blueprint says, and from there to nothing.
func TestAcceptNoDeadEnds(t *testing.T) {
	walks := uint64(8)
	if underRace {
		walks = 2
	}
	for seed := range walks {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			w := newWalker(t, seed)
			for range 5 {
				w.step()
				w.look()
			}
			blueprint := filepath.Join(w.dir, pick(w, "first.yaml", "second.yaml"))
			w.leads("apply", "-y", blueprint)
			if code, out, _ := w.run(nil, nil, "plan", "--detailed-exitcode", blueprint); code != 0 {
				w.fail("a plan after an apply is not empty:\n%s", out)
			}
			w.leads("delete", "-y")
			if _, out, _ := w.run(nil, nil, "stacks"); out != "" {
				w.fail("after the deletion there is a stack:\n%s", out)
			}
			var left []struct {
				Kind string `json:"kind"`
			}
			if err := json.Unmarshal(w.get("/_emulator/objects"), &left); err != nil {
				t.Fatal(err)
			}
			for _, o := range left {
				if !strings.HasSuffix(o.Kind, ".operation") {
					w.fail("left in the cloud: %s", w.get("/_emulator/objects"))
				}
			}
			for _, name := range []string{"state.db", "state.db-wal", "cloud.db", "walk.plan"} {
				if bytes.Contains(w.bytes(name), []byte(walkCanary)) {
					w.fail("%s holds the secret", name)
				}
			}
		})
	}
}

// walkChanges is a change of every property of every node type, by "node.property";
// what else has to change with it stands beside.
var walkChanges = map[string]map[string]any{
	"net.name":                {"name": "another"},
	"net.cidr":                {"cidr": "10.0.0.0/8"},
	"net.description":         {"description": "x"},
	"net.enterpriseProjectId": {"enterpriseProjectId": "7"},

	"part.name":             {"name": "another"},
	"part.cidr":             {"cidr": "10.0.8.0/24", "gateway": "10.0.8.1"},
	"part.gateway":          {"gateway": "10.0.1.2"},
	"part.vpcId":            {"vpcId": map[string]any{"get_reference": "net2"}},
	"part.availabilityZone": {"availabilityZone": "b"},
	"part.description":      {"description": "x"},
	"part.dhcpEnable":       {"dhcpEnable": false},
	"part.dnsList":          {"dnsList": []string{"1.1.1.1"}},

	"ledger.name":                {"name": "another"},
	"ledger.resourcePassword":    {"resourcePassword": "Other-4-trials"},
	"ledger.versionType":         {"versionType": 4},
	"ledger.bandwidthSize":       {"bandwidthSize": 5},
	"ledger.blockInfo":           {"blockInfo": map[string]any{"batchTimeout": 3}},
	"ledger.blockchainType":      {"blockchainType": "private"},
	"ledger.cceClusterInfo":      {"cceClusterInfo": map[string]any{"clusterId": "00000000-0000-4000-8000-000000000002", "clusterName": "c"}},
	"ledger.cceCreateInfo":       walkNewCluster,
	"ledger.createNewCluster":    walkNewCluster,
	"ledger.clusterType":         walkEdge,
	"ledger.iefNodesInfo":        walkEdge,
	"ledger.iefDeployMode":       walkEdge,
	"ledger.deleteIef":           {"deleteIef": true},
	"ledger.deleteObs":           {"deleteObs": true},
	"ledger.deleteResource":      {"deleteResource": true},
	"ledger.deleteStorage":       {"deleteStorage": true},
	"ledger.consensus":           {"consensus": "SFLIC", "ordererNodeNumber": 4},
	"ledger.ordererNodeNumber":   {"consensus": "SFLIC", "ordererNodeNumber": 4},
	"ledger.couchdbInfo":         walkCouch,
	"ledger.databaseType":        walkCouch,
	"ledger.enterpriseProjectId": {"enterpriseProjectId": "7"},
	"ledger.evsDiskType":         {"evsDiskType": "SAS", "volumeType": "evs"},
	"ledger.volumeType":          {"volumeType": "nfs"},
	"ledger.fabricVersion":       walkInvitee,
	"ledger.isInvitee":           walkInvitee,
	"ledger.invitorInfos":        walkInvitee,
	"ledger.orgDiskSize":         {"orgDiskSize": 200},
	"ledger.peerOrgs":            {"peerOrgs": walkPeers},
	"ledger.restfulApiSupport":   {"restfulApiSupport": true},
	"ledger.signAlgorithm":       {"signAlgorithm": "sm2"},
	"ledger.tc3Need":             {"tc3Need": true},
	"ledger.turboInfo":           {"turboInfo": map[string]any{"availableZone": "b"}},
	"ledger.useEip":              {"useEip": true},

	"bank.blockchainId": {"blockchainId": "11111111-1111-4111-8111-111111111111"},
	"bank.name":         {"name": "shop"},
	"bank.pvcName":      {"pvcName": "other"},
	"bank.nodeCount":    {"nodeCount": 2},

	"trade.blockchainId": {"blockchainId": "11111111-1111-4111-8111-111111111111"},
	"trade.name":         {"name": "deals"},
	"trade.description":  {"description": "x"},

	"member.blockchainId":     {"blockchainId": "11111111-1111-4111-8111-111111111111"},
	"member.channelName":      {"channelName": "deals"},
	"member.organizationName": {"organizationName": "shop"},
	"member.peerCount":        {"peerCount": 2},

	"app.blockchainId":     {"blockchainId": "11111111-1111-4111-8111-111111111111"},
	"app.organizationName": {"organizationName": "shop"},
	"app.userName":         {"userName": "another"},
	"app.securityMode":     {"securityMode": true},
	"app.frozen":           {"frozen": true},

	"web.availabilityZone":    {"availabilityZone": "b"},
	"web.flavor":              {"flavor": "s6.large.4"},
	"web.imageId":             {"imageId": "11111111-1111-4111-8111-111111111111"},
	"web.nics":                {"nics": []any{map[string]any{"subnetId": map[string]any{"get_reference": "part"}, "ipAddress": "10.0.1.9"}}},
	"web.rootVolume":          {"rootVolume": map[string]any{"volumeType": "SSD", "size": 40}},
	"web.vpcId":               {"vpcId": map[string]any{"get_reference": "net2"}, "nics": []any{map[string]any{"subnetId": "11111111-1111-4111-8111-111111111111"}}},
	"web.adminPass":           {"adminPass": "Other-4-trials", "sshKeyName": nil},
	"web.sshKeyName":          {"sshKeyName": "other"},
	"web.dataVolumes":         {"dataVolumes": []any{map[string]any{"size": 10, "volumeType": "SSD"}}},
	"web.description":         {"description": "x"},
	"web.enterpriseProjectId": {"enterpriseProjectId": "7"},
	"web.name":                {"name": "another"},
	"web.publicIP":            {"publicIP": map[string]any{"id": "11111111-1111-4111-8111-111111111111"}},
	"web.securityGroups":      {"securityGroups": []any{map[string]any{"id": "11111111-1111-4111-8111-111111111111"}}},
	"web.userData":            {"userData": "ZWNobw=="},

	"data.input": {"input": 2},
}

var (
	walkNewCluster = map[string]any{"createNewCluster": true, "cceClusterInfo": nil, "cceCreateInfo": map[string]any{
		"az": "a", "cceFlavor": "cce.s1.small", "initNodePwd": "Only-4-trials", "nodeFlavor": "s6.xlarge.2", "nodeNum": 1,
	}}
	walkPeers = []any{map[string]any{"name": "peer", "nodeCount": 1}}
	walkEdge  = map[string]any{"clusterType": "ief", "cceClusterInfo": nil, "peerOrgs": walkPeers, "iefDeployMode": 1, "iefNodesInfo": []any{
		map[string]any{"id": "11111111-1111-4111-8111-111111111111", "publicIpAddress": "203.0.113.9"},
	}}
	walkCouch   = map[string]any{"databaseType": "couchdb", "couchdbInfo": map[string]any{"userName": "u", "password": "Only-4-trials"}}
	walkInvitee = map[string]any{"isInvitee": true, "fabricVersion": "1.4", "consensus": "solo", "ordererNodeNumber": 1, "invitorInfos": map[string]any{
		"blockchainId": "11111111-1111-4111-8111-111111111111", "projectId": "p", "tenantId": "t",
	}}
)

func walkNodes() map[string]any {
	node := func(kind string, properties map[string]any) map[string]any {
		return map[string]any{"type": kind, "properties": properties}
	}
	refer := func(to string) map[string]any { return map[string]any{"get_reference": to} }
	return map[string]any{
		"net":  node("Cloud.VPC.VPC", map[string]any{"name": "net", "cidr": "10.0.0.0/16"}),
		"net2": node("Cloud.VPC.VPC", map[string]any{"name": "net2", "cidr": "10.0.0.0/16"}),
		"part": node("Cloud.VPC.Subnet", map[string]any{"name": "part", "cidr": "10.0.1.0/24", "gateway": "10.0.1.1", "vpcId": refer("net")}),
		"ledger": node("Cloud.BCS.Instance", map[string]any{
			"name": "walked", "versionType": 2, "blockchainType": "union", "resourcePassword": "Only-4-trials", "ordererNodeNumber": 3,
			"cceClusterInfo": map[string]any{"clusterId": "00000000-0000-4000-8000-000000000001", "clusterName": "c"},
		}),
		"bank":   node("Cloud.BCS.Organization", map[string]any{"blockchainId": refer("ledger"), "name": "bank", "pvcName": "pvc"}),
		"trade":  node("Cloud.BCS.Channel", map[string]any{"blockchainId": refer("ledger"), "name": "trade"}),
		"member": node("Cloud.BCS.ChannelMembership", map[string]any{"blockchainId": refer("ledger"), "channelName": refer("trade"), "organizationName": refer("bank")}),
		"app":    node("Cloud.BCS.UserCertificate", map[string]any{"blockchainId": refer("ledger"), "organizationName": refer("bank"), "userName": "bankapp"}),
		"web": node("Cloud.ECS.CloudServer", map[string]any{
			"availabilityZone": "a", "flavor": "s6.large.2", "imageId": "1189efbf-d48b-46ad-a823-94b942e2a000", "vpcId": refer("net"), "sshKeyName": "k",
			"nics": []any{map[string]any{"subnetId": refer("part")}}, "rootVolume": map[string]any{"volumeType": "GPSSD", "size": 40},
		}),
		"data": node("Orchestrate.Data", map[string]any{"input": 1}),
	}
}

func (w *walker) writeNodes(nodes map[string]any) string {
	text, err := json.Marshal(map[string]any{"tosca_definitions_version": "cloud_tosca_version_1_0", "node_templates": nodes})
	if err != nil {
		w.t.Fatal(err)
	}
	path := filepath.Join(w.dir, "nodes.json")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		w.t.Fatal(err)
	}
	return path
}

// What "types" calls immutable is replaced, everything else is changed in
// place: for every property there is.
func TestAcceptEveryProperty(t *testing.T) {
	w := newWalker(t, 1)
	if code, _, _ := w.run(nil, nil, "apply", "-y", w.writeNodes(walkNodes())); code != 0 {
		w.fail("exit %d", code)
	}
	seen := map[string]bool{}
	for name := range walkNodes() {
		kind := walkNodes()[name].(map[string]any)["type"].(string)
		if seen[kind] || name == "net2" {
			continue
		}
		seen[kind] = true
		_, out, _ := w.run(nil, nil, "types", kind, "--json")
		var types struct {
			NodeTypes []struct {
				Properties struct {
					Properties map[string]struct {
						Immutable bool `json:"x-immutable"`
					}
				}
			} `json:"node_types"`
		}
		if err := json.Unmarshal([]byte(out), &types); err != nil {
			t.Fatal(err)
		}
		for property, schema := range types.NodeTypes[0].Properties.Properties {
			change, known := walkChanges[name+"."+property]
			if !known {
				t.Errorf("no change of %s %s is tried", kind, property)
				continue
			}
			nodes := walkNodes()
			properties := nodes[name].(map[string]any)["properties"].(map[string]any)
			for k, v := range change {
				properties[k] = v
			}
			w.story = nil
			_, out, errs := w.run(nil, nil, "plan", "--json", "--refresh=false", w.writeNodes(nodes))
			if got := walkForced(out, name, property); got != fmt.Sprint(schema.Immutable) {
				t.Errorf("%s %s: immutable %v, forces the replacement: %s\n%s", kind, property, schema.Immutable, got, errs)
			}
		}
	}
	if len(seen) != 9 {
		t.Errorf("%d node types are tried", len(seen))
	}
}

// walkForced tells whether a change of a property is said to force the
// replacement, and that what is planned agrees.
func walkForced(out, node, property string) string {
	var plan struct {
		Changes []struct {
			Address string
			Change  struct {
				Actions []string
			}
			Changes []struct {
				Path   string
				Forces bool `json:"forces_replacement"`
			}
		} `json:"resource_changes"`
	}
	if err := json.Unmarshal([]byte(out), &plan); err != nil {
		return "there is no plan"
	}
	for _, c := range plan.Changes {
		if c.Address != node {
			continue
		}
		forced, any := "not a change", false
		for _, leaf := range c.Changes {
			any = any || leaf.Forces
			if leaf.Path == property || strings.HasPrefix(leaf.Path, property+".") || strings.HasPrefix(leaf.Path, property+"[") {
				forced = fmt.Sprint(leaf.Forces)
			}
		}
		if replaced := slices.Equal(c.Change.Actions, []string{"delete", "create"}); replaced != any {
			return fmt.Sprintf("%s, but planned is %v", forced, c.Change.Actions)
		}
		return forced
	}
	return "the node is not in the plan"
}

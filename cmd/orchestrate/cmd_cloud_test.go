package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/providers/emulator"
	"github.com/orchestrate-tosca/orchestrate/schemas"
)

// Each subject keeps the schema: a field that only one of the two has, or a column
// that nothing has, shows here.
func TestSubjectsKeepTheSchema(t *testing.T) {
	schema, err := schemas.Named("cloud")
	if err != nil {
		t.Fatal(err)
	}
	text, err := schemas.Text("cloud")
	if err != nil {
		t.Fatal(err)
	}
	var enum struct {
		Properties struct {
			Subject struct {
				Enum []string `json:"enum"`
			} `json:"subject"`
		} `json:"properties"`
	}
	if err := json.Unmarshal(text, &enum); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range subjects() {
		names = append(names, s.name)
		columns := map[string]bool{}
		for service, r := range map[string]reader{serviceBCS: s.bcs, serviceHBS: s.hbs} {
			if !r.isSet() {
				continue
			}
			item := fieldsOf(r.sample)
			if item["service"] = service; r.each != nil {
				item["instance"], item["instance_id"] = "", ""
			}
			for name := range item {
				columns[name] = true
			}
			found := &findings{items: []object{item}, missed: []missed{{service: service, err: context.Canceled}}}
			for _, x := range schema.Validate(plainJSON(t, found.document(s))) {
				t.Errorf("%s of %s: %s: %s: %s", s.name, service, x.Pointer, x.Keyword, x.Message)
			}
		}
		for _, name := range s.columns {
			if !columns[name] {
				t.Errorf("%s has no field for its column %s", s.name, name)
			}
		}
	}
	slices.Sort(names)
	slices.Sort(enum.Properties.Subject.Enum)
	if d := cmp.Diff(names, enum.Properties.Subject.Enum); d != "" {
		t.Errorf("-subjects +schema:\n%s", d)
	}
}

func plainJSON(t *testing.T, v any) any {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// account is an emulated account, and what was asked of it.
type account struct {
	t     *testing.T
	cloud *emulator.Emulator
	url   string
	env   []string
	mu    sync.Mutex
	told  map[string]bool // operations that were called
	bad   map[string]int  // status with which operations are refused
}

// Fault implements emulator.Faults.
func (x *account) Fault(_ context.Context, c emulator.Call) emulator.Fault {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.told[c.Operation] = true
	return emulator.Fault{Status: x.bad[c.Operation]}
}

// asked returns the operations that were called since it was asked before, sorted.
func (x *account) asked() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	var out []string
	for name := range x.told {
		out = append(out, name)
	}
	clear(x.told)
	slices.Sort(out)
	return out
}

func newAccount(t *testing.T) *account {
	t.Helper()
	x := &account{t: t, told: map[string]bool{}, bad: map[string]int{}}
	x.cloud, x.url, x.env = serveCloud(t, emulator.Options{Speed: 1e6, Faults: x})
	x.env = append(x.env, "ORCHESTRATE_STACK=estate", "ORCHESTRATE_STATE=sqlite:"+filepath.Join(t.TempDir(), "state.db"))
	return x
}

func (x *account) run(args ...string) (code int, out, errs string) {
	var stdout, stderr bytes.Buffer
	code = run(x.t.Context(), args, process{Env: x.env, Stdout: &stdout, Stderr: &stderr})
	return code, stdout.String(), stderr.String()
}

// estate has something of each kind, and nothing that takes long.
const estate = `tosca_definitions_version: cloud_tosca_version_1_0
node_templates:
  net:
    type: Cloud.VPC.VPC
    properties: {name: net, cidr: 192.168.0.0/16}
  sub:
    type: Cloud.VPC.Subnet
    properties: {name: sub, vpcId: {get_reference: net}, cidr: 192.168.1.0/24, gateway: 192.168.1.1}
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
  bank:
    type: Cloud.BCS.Organization
    properties: {blockchainId: {get_reference: ledger}, name: bank, nodeCount: 2, pvcName: pvc-bank}
  trade:
    type: Cloud.BCS.Channel
    properties: {blockchainId: {get_reference: ledger}, name: trade, description: trade documents}
  joined:
    type: Cloud.BCS.ChannelMembership
    properties: {blockchainId: {get_reference: ledger}, channelName: {get_reference: trade}, organizationName: {get_reference: bank}, peerCount: 2}
  chain:
    type: Cloud.HBS.Instance
    properties:
      name: chain
      edition: Enterprise
      dataManagement: Cloud
      orgs: [{name: operator}]
      orgOrderInfo: {periodType: 2, periodNum: 1}
      payOrder: true
  settle:
    type: Cloud.HBS.Contract
    properties:
      instanceId: {get_reference: chain}
      name: settle
      version: "1.0"
      type: go
      file: settle.zip
      installOrgs: [operator]
      endorseOrgs: [operator]
      securityCheck: true
  labels:
    type: Cloud.HBS.Tags
    properties: {instanceId: {get_reference: chain}, tags: {team: ledger}}
  saved:
    type: Cloud.HBS.Backup
    properties: {instanceId: {get_reference: chain}}
  gate:
    type: Cloud.HBS.Endpoint
    properties: {instanceId: {get_reference: chain}, vpcId: {get_reference: net}, subnetId: {get_reference: sub}}
  besu:
    type: Cloud.HBS.Instance
    properties:
      name: besu
      edition: Professional
      dataManagement: Cloud
      kind: Besu
      orgs: [{name: operator}]
      orgOrderInfo: {periodType: 2, periodNum: 1}
      payOrder: true
  token:
    type: Cloud.HBS.BesuToken
    properties: {instanceId: {get_reference: besu}, description: monitoring}
  counter:
    type: Cloud.HBS.BesuContract
    properties: {instanceId: {get_reference: besu}, abi: "[]", bytecode: "6001", description: a counter}
`

func newEstate(t *testing.T) *account {
	t.Helper()
	x := newAccount(t)
	folder := t.TempDir()
	var contract bytes.Buffer
	z := zip.NewWriter(&contract)
	if err := z.AddFS(fstest.MapFS{"main.go": {Data: []byte("package main")}}); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"blueprint.yaml": []byte(estate), "settle.zip": contract.Bytes()} {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if code, _, errs := x.run("apply", folder, "-y"); code != 0 {
		t.Fatalf("apply ends with %d:\n%s", code, errs)
	}
	return x
}

// A look asks the operations that it is there for, and shows what they tell.
func TestLooks(t *testing.T) {
	x := newEstate(t)
	const bcsList, hbsList = "ListBlockchains", "ListInstances"
	show := func(args string) (doc map[string]any) {
		t.Helper()
		code, out, errs := x.run(append(append([]string{"cloud"}, strings.Fields(args)...), "--json")...)
		if code != 0 {
			t.Fatalf("%s ends with %d:\n%s", args, code, errs)
		}
		if err := json.Unmarshal([]byte(out), &doc); err != nil {
			t.Fatal(err)
		}
		return doc
	}
	first := func(args, field string) string {
		t.Helper()
		items := show(args)["items"].([]any)
		return fmt.Sprint(items[0].(map[string]any)[field])
	}
	job, record := first("jobs --service hbs", "id"), first("operations --service bcs", "id")
	tx, besuTx, backup := first("transactions --instance chain", "id"), first("transactions --instance besu", "id"), first("restorable-backups", "id")
	pod := first("peers --organization bank", "name")
	t.Chdir(t.TempDir())
	if err := x.cloud.SetHealth(t.Context(), first("channels", "instance_id"), "Abnormal"); err != nil {
		t.Fatal(err)
	}
	schema, err := schemas.Named("cloud")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args string
		asks []string
		has  string // a text in the table
		n    int    // of items
	}{
		{"instances", []string{bcsList, "ShowBlockchainDetail", hbsList}, "Fabric 2.2", 3},
		{"instances --instance ledger", []string{bcsList, "ShowBlockchainDetail", hbsList}, "professional", 1},
		{"instances --instance chain", []string{bcsList, hbsList, "ShowInstance"}, "HuaweiCloudChain", 1},
		{"instances --service hbs", []string{hbsList}, "Besu", 2},
		{"totals", []string{bcsList, "ShowDashboard"}, "instance", 2},
		{"dashboard --service hbs", []string{"ShowDashboard"}, "2", 1},
		{"quotas", []string{"ListQuotas"}, "instance", 1},
		{"flavours", []string{"ShowBlockchainFlavors", "ShowServerInfo"}, "Platinum", 4},
		{"versions", []string{"ShowServerInfo"}, "E2EE", 3},
		{"prices --organizations 3", []string{"ShowResourcePrice", "ShowServerInfo"}, "108000", 2},
		{"prices --edition Professional --organizations 2 --years 1", []string{"ShowResourcePrice"}, "CNY", 1},
		{"restorable-backups", []string{"ListRestoreBackups"}, "chain", 1},
		{"restorable-backups --id " + backup, []string{"ListRestoreBackups", "ShowRestoreBackups"}, "no", 1},
		{"components", []string{bcsList, "ShowBlockchainStatus"}, "finished", 2},
		{"nodes --instance ledger", []string{bcsList, "ShowBlockchainDetail"}, "orderer", 3},
		{"organizations", []string{bcsList, "ShowBlockchainDetail", "ShowBlockchainNodes", hbsList, "ListOrganizations"}, "operator", 3},
		{"orgs --organization bank --service bcs", []string{bcsList, "ShowBlockchainDetail", "ShowBlockchainNodes"}, "Normal", 1},
		{"orgs --organization operator --instance chain", []string{bcsList, hbsList, "ShowOrganization"}, "Available", 1},
		{"orgs --organization operator --service hbs", []string{hbsList, "ShowOrganization"}, "besu", 2},
		{"peers --channel trade", []string{bcsList, "ShowBlockchainNodes"}, "bank", 2},
		{"peers --organization bank --node joined", []string{bcsList, "ShowBlockchainNodes"}, "trade", 2},
		{"channels", []string{bcsList, "ListBlockchainChannels"}, "bank (2)", 1},
		{"channels --node trade", []string{bcsList, "ListBlockchainChannels"}, "trade documents", 1},
		{"channels --channel other", []string{bcsList, "ListBlockchainChannels"}, "", 0},
		{"endpoints --node gate", []string{hbsList, "ListEndpoints"}, "192.168.1.", 1},
		{"endpoint-services --instance chain", []string{hbsList, "ShowEndpointService"}, "chain", 1},
		{"tags --instance chain", []string{hbsList, "ListResourceTags"}, "team", 1},
		{"backups", []string{hbsList, "ListBackups"}, "ManualBackup", 1},
		{"backup-rules --instance chain", []string{hbsList, "ShowAutoBackupRules"}, "no", 1},
		{"tokens", []string{hbsList, "ListBesuTokens"}, "monitoring", 1},
		{"chains", []string{hbsList, "ShowBesuBlockchain", "ShowBlockchain"}, "IBFT2.0", 2},
		{"trends", []string{hbsList, "ListBlockAndTxResult"}, "chain", 7},
		{"trends --minutes --instance chain", []string{hbsList, "ListBlockAndTxResult"}, "chain", 7},
		{"blocks --instance chain --limit 1", []string{hbsList, "ListBlocks"}, "BODY HASH", 1},
		{"blocks --instance chain --height 0", []string{hbsList, "ShowBlock"}, "=", 1},
		{"blocks --instance besu", []string{hbsList, "ListBesuBlocks"}, "0x", 3},
		{"blocks --instance besu --height 1", []string{hbsList, "ShowBesuBlock"}, "0x", 1},
		{"transactions --instance chain", []string{hbsList, "ListBlocks", "ListTransactions"}, "VOTE_TRANSACTION", 3},
		{"txs --instance chain --limit 1", []string{hbsList, "ListBlocks", "ListTransactions"}, "VALID", 1},
		{"txs --instance chain --block 0", []string{hbsList, "ListTransactions"}, "VALID", 1},
		{"txs --instance chain --id " + tx, []string{hbsList, "ShowTransaction"}, tx, 1},
		{"transactions --instance besu", []string{hbsList, "ListBesuBlocks", "ListBesuTransactions"}, "0x", 1},
		{"transactions --instance besu --id " + besuTx, []string{hbsList, "ShowBesuTransaction"}, besuTx, 1},
		{"contracts --instance besu", []string{hbsList, "ListBesuContracts"}, "0x", 1},
		{"contracts --instance chain", []string{hbsList, "ListContractsNew"}, "settle", 1},
		{"operations --since 1h", []string{"ListOpRecord", "ListHuaweiChainJobs"}, "create instance", 6},
		{"operations --limit 2", []string{"ListOpRecord", "ListHuaweiChainJobs"}, "", 2},
		{"operations --instance besu --status success", []string{bcsList, hbsList, "ListHuaweiChainJobs"}, "create instance", 1},
		{"operations --instance ledger --status failed", []string{bcsList, hbsList, "ListOpRecord"}, "", 0},
		{"operations --id " + record, []string{"ListOpRecord", "ShowHuaweiChainJob"}, record, 1},
		{"jobs --id " + job, []string{"ListOpRecord", "ShowHuaweiChainJob"}, job, 1},
		{"events", []string{bcsList, "ListBcsEvents"}, "OperationFinished", 5},
		{"alarms --open --since 7d", []string{bcsList, "ListBcsEvents"}, "Major", 1},
		{"events --since 2h --until 1h", []string{bcsList, "ListBcsEvents"}, "", 0},
		{"event-counts --since 365d", []string{bcsList, "ListBcsEventsStatistic"}, "Major", 3},
		{"event-counts --instance ledger", []string{bcsList, "ListBcsEventsStatistic"}, "Info", 3},
		{"metrics", []string{bcsList, "ListBcsMetric"}, "memUsedRate", 5},
		{"metrics --metric cpuUsage --metric diskCapacity", []string{bcsList, "ListBcsMetric"}, "diskCapacity", 2},
		{"metrics --node bank", []string{bcsList, "ListEntityMetric"}, pod, 14},
		{"metrics --organization bank --pod " + pod, []string{bcsList, "ListInstanceMetric"}, pod, 7},
		{"contracts --instance chain --name settle", []string{hbsList, "ShowContractNew"}, "1.0", 1},
		{"contracts --name settle --report scan.zip", []string{hbsList, "ShowContractNew", "ShowContractReport"}, "finished", 1},
		{"steps --id " + record, []string{"ListOpRecord"}, "Join", 3},
	} {
		t.Run(c.args, func(t *testing.T) {
			x.asked()
			doc := show(c.args)
			slices.Sort(c.asks)
			if d := cmp.Diff(c.asks, x.asked()); d != "" {
				t.Errorf("calls: -want +got:\n%s", d)
			}
			if n := len(doc["items"].([]any)); n != c.n {
				t.Errorf("%d items, want %d: %v", n, c.n, doc["items"])
			}
			for _, v := range schema.Validate(doc) {
				t.Errorf("%s: %s: %s", v.Pointer, v.Keyword, v.Message)
			}
			_, table, errs := x.run(append([]string{"cloud"}, strings.Fields(c.args)...)...)
			if !strings.Contains(table, c.has) || c.n == 0 && !strings.Contains(errs, "There are no ") {
				t.Errorf("the table has no %q:\n%s%s", c.has, table, errs)
			}
			if lines := strings.Count(table, "\n"); c.n > 0 && lines != c.n+1 {
				t.Errorf("the table has %d lines:\n%s", lines, table)
			}
		})
	}
}

// An invitation is seen from both sides, each with its own credentials.
func TestLooksOfAConsortium(t *testing.T) {
	x := newAccount(t)
	folder := t.TempDir()
	ledger, _, _ := strings.Cut(estate, "  chain:\n")
	ledger += `  invited:
    type: Cloud.BCS.Invitation
    properties: {blockchainId: {get_reference: ledger}, channelName: {get_reference: trade}, tenantName: partner}
`
	if err := os.WriteFile(filepath.Join(folder, "blueprint.yaml"), []byte(ledger), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := x.run("apply", folder, "-y"); code != 0 {
		t.Fatalf("apply ends with %d:\n%s", code, errs)
	}
	schema, err := schemas.Named("cloud")
	if err != nil {
		t.Fatal(err)
	}
	look := func(args string, n int, has ...string) {
		t.Helper()
		code, out, errs := x.run(append(append([]string{"cloud"}, strings.Fields(args)...), "--json")...)
		var doc struct{ Items []object }
		if err := json.Unmarshal([]byte(out), &doc); err != nil || code != 0 || len(doc.Items) != n {
			t.Fatalf("%s: exit %d with %d items, want %d: %v\n%s%s", args, code, len(doc.Items), n, err, out, errs)
		}
		for _, v := range schema.Validate(plainJSON(t, json.RawMessage(out))) {
			t.Errorf("%s: %s: %s", args, v.Pointer, v.Message)
		}
		_, table, errs := x.run(append([]string{"cloud"}, strings.Fields(args)...)...)
		for _, text := range has {
			if !strings.Contains(table+errs, text) {
				t.Errorf("%s: no %q in\n%s%s", args, text, table, errs)
			}
		}
	}
	look("members", 1, "trade", "ledger", "partner")
	look("members --node invited", 1, "partner")
	look("members --channel other", 0, "There are no members.")
	look("notifications", 0, "There are no notifications.")
	for k, v := range x.cloud.Projects()["partner"] {
		x.env = append(x.env, k+"="+v)
	}
	look("instances", 0)
	look("notifications --status waiting", 1, "trade", "waiting", "ledger")
	look("invitations --channel trade", 1, "emulator")
	look("notifications --status reject", 0)
	if asked := x.asked(); !slices.Contains(asked, "ListMembers") || !slices.Contains(asked, "ListNotifications") {
		t.Error(asked)
	}
}

// What can't be read is told, once for each cause, and what can is shown.
func TestLooksThatFail(t *testing.T) {
	x := newEstate(t)
	for name, c := range map[string]struct {
		args     string
		refuse   string
		status   int
		code     int
		out, err string
	}{
		"one service":        {"instances", "ListInstances", 400, 1, "ledger", "ListInstances: HTTP 400"},
		"credentials":        {"quotas", "ListQuotas", 403, 7, "", "ListQuotas: HTTP 403"},
		"unknown instance":   {"channels --instance ledgr", "", 0, 1, "", `Did you mean "ledger"?`},
		"the other service":  {"channels --instance chain", "", 0, 1, "", `instance "chain" does not exist`},
		"several":            {"blocks", "", 0, 3, "", "--instance has to say of which one: besu, chain"},
		"unknown node":       {"channels --node led", "", 0, 1, "", `node "led" does not exist`},
		"another node":       {"channels --node net", "", 0, 3, "", "of type VPC.VPC, which belongs to no instance"},
		"unknown stack":      {"channels --node ledger --stack none", "", 0, 1, "", `no stack "none"`},
		"unknown service":    {"instances --service ecs", "", 0, 3, "", "none of bcs, hbs"},
		"a bad time":         {"operations --since yesterday", "", 0, 3, "", `"yesterday" is neither a time`},
		"times turned round": {"events --since 1h --until 2h", "", 0, 3, "", "--until is not after --since"},
		"both":               {"events --open --past", "", 0, 3, "", "[open past]"},
		"a negative limit":   {"blocks --limit -1", "", 0, 3, "", "below 0"},
		"a negative height":  {"blocks --height -3", "", 0, 3, "", "0 or more"},
		"an empty instance":  {"channels --instance=", "", 0, 3, "", "--instance is empty"},
		"no such block":      {"blocks --instance chain --height 99", "", 0, 1, "", "ShowBlock"},
		"report of what":     {"contracts --report x.zip", "", 0, 3, "", "give its --name"},
		"pod of what":        {"metrics --pod p", "", 0, 3, "", "--pod needs"},
		"a path":             {"txs --instance chain --id ../x", "", 0, 1, "", `"../x" cannot be an ID`},
		"unknown edition":    {"prices --edition Gold", "", 0, 3, "", "none of Professional"},
		"unknown subject":    {"instance", "", 0, 3, "", `there is no subject "instance". Did you mean "instances"?`},
		"too many to price":  {"prices --edition Professional --organizations 3", "", 0, 1, "", "org_num"},
	} {
		t.Run(name, func(t *testing.T) {
			x.mu.Lock()
			clear(x.bad)
			if c.refuse != "" {
				x.bad[c.refuse] = c.status
			}
			x.mu.Unlock()
			code, out, errs := x.run(append([]string{"cloud"}, strings.Fields(c.args)...)...)
			if code != c.code || !strings.Contains(out, c.out) || !strings.Contains(errs, c.err) || strings.Contains(errs, "outside this stack") {
				t.Errorf("exit %d, want %d with %q and %q:\n%s%s", code, c.code, c.out, c.err, out, errs)
			}
		})
	}
}

// Without credentials, or with nobody there, nothing is tried.
func TestLooksWithoutACloud(t *testing.T) {
	var out, errs strings.Builder
	if code := run(t.Context(), []string{"cloud", "instances"}, process{Env: []string{"HW_REGION_NAME=cn-north-4"}, Stdout: &out, Stderr: &errs}); code != exitRefused {
		t.Errorf("exit %d without credentials: %s", code, &errs)
	}
	server := httptest.NewServer(nil)
	server.Close()
	env := []string{"HW_ACCESS_KEY=a", "HW_SECRET_KEY=some-secret", "HW_PROJECT_ID=p", "HW_REGION_NAME=cn-north-4"}
	errs.Reset()
	if code := run(t.Context(), []string{"cloud", "instances", "--cloud", server.URL}, process{Env: env, Stdout: &out, Stderr: &errs}); code != exitFailed {
		t.Errorf("exit %d where nobody listens", code)
	}
	if !strings.Contains(errs.String(), "nothing answers at "+server.URL) || out.Len() > 0 {
		t.Errorf("it says:\n%s%s", &out, &errs)
	}
}

func TestPastTime(t *testing.T) {
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"": "0001-01-01T00:00:00Z", "2h": "2026-11-22T06:00:00Z", "7d": "2026-11-15T08:00:00Z", "90s": "2026-11-22T07:58:30Z",
		"2026-11-01T00:00:00+08:00": "2026-10-31T16:00:00Z",
		"-1h":                       "", "0": "", "d": "", "1.5d": "", "99999999999d": "", "now": "", "NaN": "",
	} {
		at, err := pastTime(text, now)
		if got := at.UTC().Format(time.RFC3339); want != "" && (err != nil || got != want) || want == "" && err == nil {
			t.Errorf("%q is %s, want %s (%v)", text, got, want, err)
		}
	}
}

// Names come from others; none of them gets a control character to the terminal.
func TestTablesOfHostileNames(t *testing.T) {
	var out strings.Builder
	s := subjects()[0]
	a := newApp(process{Stdout: &out})
	a.printLook(s, &findings{items: []object{{"name": "a\x1b[2Jb\tc\nd\u009be\u202ef\u200bg", "status": []any{"x\ry", nil, true, 1.5}}}})
	if want := "a [2Jb c d e f g"; !strings.Contains(out.String(), want) || strings.Count(out.String(), "\n") != 2 {
		t.Errorf("the table is\n%q", out.String())
	}
	if !strings.Contains(out.String(), "x y, , yes, 1.5") {
		t.Errorf("the table is\n%q", out.String())
	}
}

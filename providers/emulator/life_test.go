package emulator_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/sdkerr"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2/model"
	ecsmodel "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/ecs/v2/model"

	"github.com/orchestrate-tosca/orchestrate/providers/emulator"
)

// inFile keeps the cloud in a file.
func inFile(path string) func(*emulator.Options) {
	return func(o *emulator.Options) { o.DB = path }
}

// sameClock lets a cloud run on another one's clock.
func sameClock(c *clock) func(*emulator.Options) {
	return func(o *emulator.Options) { o.Now = c.Now }
}

// An operation goes on while nobody runs the emulator.
func TestTheCloudOutlivesTheProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cloud.db")
	first := start(t, inFile(path))
	out := must(first.bcs(t).CreateNewBlockchain(orderOf("ledger")))(t)
	first.Close()

	first.Advance(time.Second)
	second := start(t, inFile(path), sameClock(first.clock))
	api := second.bcs(t)
	if got := states(detail(t, api, *out.BlockchainId)); got != "/IsCreating/0" {
		t.Errorf("after a second: %s", got)
	}
	second.Close()

	first.Advance(time.Second)
	third := start(t, inFile(path), sameClock(first.clock))
	api = third.bcs(t)
	if got := states(detail(t, api, *out.BlockchainId)); got != "Normal//1" {
		t.Errorf("after two: %s", got)
	}
	if got := progress(t, api, *out.OperationId)[0]; got != "finished" {
		t.Errorf("operation %s", got)
	}
	info := must(os.Stat(path))(t)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %v", info.Mode())
	}
}

// Two processes over one file are one cloud.
func TestTwoEmulatorsShareAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cloud.db")
	one := start(t, inFile(path))
	other := start(t, inFile(path), sameClock(one.clock))
	must(one.bcs(t).CreateNewBlockchain(orderOf("ledger")))(t)
	_, err := other.bcs(t).CreateNewBlockchain(orderOf("ledger", onCluster(clusterB)))
	wantCode(t, err, 400, "BCS.4001018")
}

// Of many that ask for the same name at once, exactly one gets it.
func TestOneOfManyWins(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cloud.db")
	clouds := []*cloud{start(t, inFile(path)), start(t, inFile(path))}
	var wg sync.WaitGroup
	errs := make([]error, 16)
	for n := range errs {
		api := clouds[n%2].bcs(t)
		wg.Go(func() { _, errs[n] = api.CreateNewBlockchain(orderOf("ledger")) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		wantCode(t, err, 400, "BCS.4001018")
	}
	if won != 1 {
		t.Errorf("%d of %d won", won, len(errs))
	}
}

func TestFileOfTheFuture(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cloud.db")
	start(t, inFile(path)).Close()
	db := must(sql.Open("sqlite", path))(t)
	must(db.Exec("PRAGMA user_version = 99"))(t)
	db.Close()
	_, err := emulator.Open(context.Background(), emulator.Options{DB: path, Contracts: os.DirFS(contracts)})
	if err == nil || !strings.Contains(err.Error(), "version 99") {
		t.Errorf("opened with %v", err)
	}
	if err := os.WriteFile(path, []byte("this is no database, but long enough to be looked at"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err = emulator.Open(context.Background(), emulator.Options{DB: path, Contracts: os.DirFS(contracts)}); err == nil {
		t.Error("opened something that is no database")
	}
}

func TestFaults(t *testing.T) {
	c := start(t)
	api := c.bcs(t)
	c.faults.Add(
		emulator.Rule{Operation: "ListBlockchains", Times: 1, Fault: emulator.Throttle(1500 * time.Millisecond)},
		emulator.Rule{Operation: "ListBlockchains", Times: 1, Fault: emulator.ServerError()},
		emulator.Rule{Operation: "ListBlockchains", Times: 1, Fault: emulator.Unauthorized()},
		emulator.Rule{Operation: "CreateNewBlockchain", Times: 1, Fault: emulator.LoseReply()},
		emulator.Rule{Operation: "UpdateInstance", Times: 1, Fault: emulator.FailOperation("the node is gone")},
	)
	list := func() error { _, err := api.ListBlockchains(&model.ListBlockchainsRequest{}); return err }
	wantCode(t, list(), 429, "APIGW.0308")
	wantCode(t, list(), 500, "BCS.5000500")
	wantCode(t, list(), 401, "BCS.4010401")
	if err := list(); err != nil {
		t.Errorf("after the faults: %v", err)
	}

	_, err := api.CreateNewBlockchain(orderOf("ledger"))
	var refused *sdkerr.ServiceResponseError
	if err == nil || errors.As(err, &refused) {
		t.Fatalf("a lost reply came as %v", err)
	}
	instances := *must(api.ListBlockchains(&model.ListBlockchainsRequest{}))(t).Blockchains
	if len(instances) != 1 {
		t.Fatalf("%d instances after a lost reply", len(instances))
	}
	c.Advance(1200 * time.Millisecond)

	id := *instances[0].Id
	op := must(api.UpdateInstance(update(id, false, model.NodeOrgs{Name: "gamma", NodeCount: 1, PvcName: ptr("p")})))(t)
	c.Advance(300 * time.Millisecond)
	want := []string{
		"failed", "1 Preparation: finished", "  1 Check the request: finished",
		"2 Add Organization: failed", "  2 Generate certificates: finished", "  3 Mount network storage: failed",
		"  4 Deploy peers: (waiting)", "  5 Update the agent: (waiting)",
	}
	if diff := cmp.Diff(want, progress(t, api, *op.OperationId)); diff != "" {
		t.Error(diff)
	}
	record := (*must(api.ListOpRecord(&model.ListOpRecordRequest{OperationId: op.OperationId}))(t).OperationRecords)[0]
	if diff := cmp.Diff(&[]string{"the node is gone"}, record.Message); diff != "" {
		t.Error(diff)
	}
	d := detail(t, api, id)
	if got := states(d); got != "Normal//1" || len(*d.PeerInfo) != 2 {
		t.Errorf("after a failed addition: %s %v", got, groups(d))
	}
}

func TestRetryAfterIsInWholeSeconds(t *testing.T) {
	c := start(t)
	c.faults.Add(emulator.Rule{Fault: emulator.Throttle(1500 * time.Millisecond)})
	resp := raw(t, http.MethodGet, c.url+"/v2/"+emulator.DefaultProjectID+"/quotas", "")
	if got := resp.Header.Get("Retry-After"); resp.StatusCode != 429 || got != "2" {
		t.Errorf("%d, Retry-After %q", resp.StatusCode, got)
	}
}

func TestFailedCreationAndDeletion(t *testing.T) {
	c := start(t)
	api := c.bcs(t)
	c.faults.Add(
		emulator.Rule{Operation: "CreateNewBlockchain", Times: 1, Fault: emulator.FailOperation("no capacity")},
		emulator.Rule{Operation: "DeleteBlockchain", Times: 1, Fault: emulator.FailOperation("the cluster is faulty")},
	)
	id := c.order(t, api, orderOf("ledger"))
	if got := states(detail(t, api, id)); got != "Abnormal//2" {
		t.Errorf("after a failed creation: %s", got)
	}
	for _, want := range []bool{true, false} {
		must(api.DeleteBlockchain(&model.DeleteBlockchainRequest{BlockchainId: id}))(t)
		c.Advance(300 * time.Millisecond)
		_, err := api.ShowBlockchainDetail(&model.ShowBlockchainDetailRequest{BlockchainId: id})
		if there := err == nil; there != want {
			t.Errorf("there after a deletion: %v, want %v", there, want)
		}
	}
}

func TestFailedServer(t *testing.T) {
	c := start(t)
	vpcID, subnetID := c.network(t)
	c.faults.Add(emulator.Rule{Operation: "CreateServers", Times: 1, Fault: emulator.FailOperation("flavor sold out")})
	api := c.ecs(t)
	out := must(api.CreateServers(serverOf("web", vpcID, subnetID)))(t)
	c.Advance(120 * time.Millisecond)
	job := must(api.ShowJob(&ecsmodel.ShowJobRequest{JobId: *out.JobId}))(t)
	if job.Status.Value() != "FAIL" || *job.FailReason != "flavor sold out" {
		t.Errorf("job %v", job)
	}
	server := must(api.ShowServer(&ecsmodel.ShowServerRequest{ServerId: (*out.ServerIds)[0]}))(t).Server
	if server.Status != "ERROR" || server.Fault == nil {
		t.Errorf("server %v", server)
	}
}

func TestLogOfChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cloud.db")
	c := start(t, inFile(path))
	api := c.bcs(t)
	c.faults.Add(emulator.Rule{Operation: "DeleteBlockchain", Times: 1, Fault: emulator.LoseReply()})
	id := c.order(t, api, orderOf("ledger"))
	api.CreateNewBlockchain(orderOf("ledger"))                                             //nolint:errcheck // refused, which the log shall tell
	api.DeleteBlockchain(&model.DeleteBlockchainRequest{BlockchainId: id})                 //nolint:errcheck // lost
	must(api.ListBlockchains(&model.ListBlockchainsRequest{}))(t)                          // no change
	raw(t, http.MethodDelete, c.url+"/v2/"+emulator.DefaultProjectID+"/blockchains/x", "") // not let in

	got := must(c.Changes(t.Context()))(t)
	base := "/v2/" + emulator.DefaultProjectID + "/blockchains"
	want := []emulator.Change{
		{Seq: 1, Service: "bcs", Operation: "CreateNewBlockchain", Method: "POST", Path: base, Status: 200},
		{Seq: 2, Service: "bcs", Operation: "CreateNewBlockchain", Method: "POST", Path: base, Status: 400, Code: "BCS.4001018"},
		{Seq: 3, Service: "bcs", Operation: "DeleteBlockchain", Method: "DELETE", Path: base + "/" + id, Status: 200, Lost: true},
		{Seq: 4, Service: "bcs", Operation: "DeleteBlockchain", Method: "DELETE", Path: base + "/x", Status: 401, Code: "BCS.4010401"},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(emulator.Change{}, "Time", "Body", "RequestID")); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	if !strings.Contains(got[0].Body, `"resource_password":"(redacted)"`) || !strings.Contains(got[0].Body, `"name":"ledger"`) {
		t.Errorf("body %s", got[0].Body)
	}

	var over []emulator.Change
	if err := json.NewDecoder(raw(t, http.MethodGet, c.url+"/_emulator/log", "").Body).Decode(&over); err != nil || len(over) != len(got) {
		t.Errorf("over HTTP: %v %d", err, len(over))
	}
	var objects []emulator.Object
	if err := json.NewDecoder(raw(t, http.MethodGet, c.url+"/_emulator/objects", "").Body).Decode(&objects); err != nil || len(objects) != 3 {
		t.Errorf("objects over HTTP: %v %+v", err, objects)
	}
	if got := raw(t, http.MethodPost, c.url+"/_emulator/log", "").StatusCode; got != 405 {
		t.Errorf("POST to the log: %d", got)
	}
	if got := raw(t, http.MethodGet, c.url+"/_emulator/else", "").StatusCode; got != 404 {
		t.Errorf("an unknown path: %d", got)
	}
}

// No password that goes in can be found in what the emulator keeps.
func TestSecretsAreNotKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cloud.db")
	c := start(t, inFile(path))
	must(c.bcs(t).CreateNewBlockchain(orderOf("ledger", func(b *model.CreateRequestBody) {
		b.DatabaseType, b.CouchdbInfo = ptr("couchdb"), &model.CouchDb{UserName: "admin", Password: "Canary-Couch-1"}
	})))(t)
	vpcID, subnetID := c.network(t)
	must(c.ecs(t).CreateServers(serverOf("web", vpcID, subnetID)))(t)
	raw(t, http.MethodPost, c.url+"/v3/auth/tokens",
		`{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"emulator","password":"Canary-Token-1"}}}}}`,
		"Content-Type", "application/json")
	c.Close()
	for _, name := range must(filepath.Glob(path + "*"))(t) {
		if data := must(os.ReadFile(name))(t); bytes.Contains(data, []byte("Canary")) {
			t.Errorf("%s holds a password", name)
		}
	}
}

func TestBadRequests(t *testing.T) {
	c := start(t)
	resp := raw(t, http.MethodPost, c.url+"/v3/auth/tokens",
		`{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"emulator","password":"`+emulator.DefaultPassword+`"}}}}}`,
		"Content-Type", "application/json")
	token := resp.Header.Get("X-Subject-Token")
	base := "/v2/" + emulator.DefaultProjectID + "/blockchains"
	for _, tc := range []struct{ name, method, path, contentType, body, want string }{
		{"no JSON", "POST", base, "application/json", "{", "BCS.4004025"},
		{"no object", "POST", base, "application/json", "[]", "BCS.4004025"},
		{"empty", "POST", base, "application/json", "", "BCS.4004025"},
		{"form", "POST", base, "application/x-www-form-urlencoded", "a=b", "BCS.4004025"},
		{"number as text", "POST", base, "application/json", `{"version_type":"4"}`, "BCS.4006014"},
		{"no boolean", "DELETE", base + "/x?is_delete_obs=maybe", "", "", "BCS.4006014"},
		{"no status", "GET", "/v2/" + emulator.DefaultProjectID + "/operation/record?operation_status=done", "", "", "BCS.4006014"},
		{"page of none", "GET", base + "/flavors?limit=0", "", "", "BCS.4006014"},
		{"vpc without a body", "POST", "/v1/" + emulator.DefaultProjectID + "/vpcs", "application/json", "", `"code":"VPC.0101"`},
		{"subnet without a name", "POST", "/v1/" + emulator.DefaultProjectID + "/subnets", "application/json", `{"subnet":{}}`, `"code":"VPC.0201"`},
		{"server without anything", "POST", "/v1.1/" + emulator.DefaultProjectID + "/cloudservers", "application/json", `{}`, `{"error":{"code":"Ecs.0005"`},
		{"address of no type", "POST", "/v1/" + emulator.DefaultProjectID + "/publicips", "application/json", `{}`, `"code":"VPC.0501"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			resp := raw(t, tc.method, c.url+tc.path, tc.body, "X-Auth-Token", token, "Content-Type", tc.contentType)
			body := must(io.ReadAll(resp.Body))(t)
			if resp.StatusCode < 400 || !strings.Contains(string(body), tc.want) {
				t.Errorf("%d %s, want %s", resp.StatusCode, body, tc.want)
			}
		})
	}
	long := strings.Repeat(" ", 12<<20+1)
	if got := raw(t, http.MethodPost, c.url+base, long, "X-Auth-Token", token).StatusCode; got != http.StatusRequestEntityTooLarge {
		t.Errorf("13 MB are answered with %d", got)
	}
}

func TestServe(t *testing.T) {
	e := must(emulator.Open(context.Background(), emulator.Options{Contracts: os.DirFS(contracts)}))(t)
	defer e.Close()
	l := must(net.Listen("tcp", "127.0.0.1:0"))(t)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.Serve(ctx, l) }()
	if got := raw(t, http.MethodGet, "http://"+l.Addr().String()+"/v3/projects", "").StatusCode; got != 401 {
		t.Errorf("status %d", got)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestOpenWithoutContracts(t *testing.T) {
	if _, err := emulator.Open(context.Background(), emulator.Options{}); err == nil {
		t.Error("opened without contracts")
	}
}

// A file that another process is about to write can't be switched to write-ahead
// logging yet, and SQLite says so at once instead of waiting.
func TestOpenWaitsForTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cloud.db")
	db := must(sql.Open("sqlite", path+"?_txlock=immediate"))(t)
	defer db.Close()
	writer := must(db.Begin())(t)
	time.AfterFunc(50*time.Millisecond, func() { writer.Rollback() }) //nolint:errcheck // it has written nothing
	e, err := emulator.Open(context.Background(), emulator.Options{DB: path, Contracts: os.DirFS(contracts)})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

// Several processes may make the same file at once.
func TestManyOpenANewFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new cloud?#%.db")
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for n := range errs {
		wg.Go(func() {
			e, err := emulator.Open(context.Background(), emulator.Options{DB: path, Contracts: os.DirFS(contracts)})
			errs[n] = err
			if err == nil {
				e.Close()
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

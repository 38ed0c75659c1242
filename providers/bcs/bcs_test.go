package bcs_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/bcs"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
	"github.com/orchestrate-tosca/orchestrate/providers/providertest"
)

// start returns the providers of a cloud that answers as told.
func start(t *testing.T, answers map[string][]string) (*providertest.Script, providers.Registry) {
	t.Helper()
	s := providertest.NewScript(t, answers, func(code string) (int, string) {
		return http.StatusBadRequest, fmt.Sprintf(`{"error_code":"BCS.%s","error_msg":"refused Canary-Passw0rd"}`, code)
	})
	c, err := huaweicloud.New(huaweicloud.Config{Endpoint: s.URL, Env: s.Env, FirstWait: time.Millisecond, Late: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	reg := providers.Registry{}
	bcs.Register(reg, c)
	return s, reg
}

const network = "50ca216f-f0e5-ea05-5aee-de8d8f0fb6fa"

func detail(status, process string, orgs ...string) string {
	var peers []string
	for _, o := range orgs {
		name, count, _ := strings.Cut(o, ":")
		peers = append(peers, fmt.Sprintf(`{"name":%q,"node_cnt":%s,"status":"Normal"}`, name, count))
	}
	return fmt.Sprintf(`{"basic_info":{"id":%q,"name":"ledger","version":"4.0.9","consensus":"sflic","service_type":"union","cluster_type":"CCE",
		"status":%q,"process_status":%q,"deploy_status":0,"agent_portal_addrs":["24.68.213.148:30603"]},
		"peer_info":[%s],"light_peer_info":[],
		"orderer_info":{"name":"ledger-orderer","node_cnt":4,"address":[{"domain_port":"orderer-0:7050","ip_port":"24.68.213.148:30835"}]}}`,
		network, status, process, strings.Join(peers, ","))
}

func record(id, status string) string {
	return fmt.Sprintf(`{"count":1,"operation_records":[{"operation_id":%q,"operation_type":"99","blockchain_id":%q,"operation_status":%q,"message":["quota of the file system is used up"],
	"record_time":1618218591906100000,"operation_process":{
	"Create Other Dependent Resource":{"status":"processing","serial_num":2,"sub_steps":{
		"Create EIP":{"status":"finished","serial_num":1,"detail":null,"message":null,"start_time":1618219038464462600},
		"Create network storage":{"status":"","detail":"waiting","serial_num":2,"start_time":0}}},
	"Preparation":{"status":"finished","serial_num":1,"sub_steps":{"Generate basic configurations":{"status":"finished","serial_num":3}}},
	"Deploy":{"status":"failed","detail":"no node is ready","serial_num":3}}}]}`, id, network, status)
}

const (
	noRecord = `{"count":0,"operation_records":[]}`
	inList   = `{"count":1,"blockchains":[{"id":"` + network + `","name":"ledger"}]}`
	notThere = `{"count":0,"blockchains":[]}`

	list       = "GET blockchains"
	order      = "POST blockchains"
	show       = "GET blockchains/" + network
	nodes      = show + "/nodes"
	update     = "PUT blockchains/" + network
	remove     = "DELETE blockchains/" + network
	operations = "GET operation/record"
	channels   = "GET blockchains/" + network + "/channels"
	join       = "POST blockchains/" + network + "/channels/peers"
	leave      = "PUT blockchains/" + network + "/trade/peers/quit"
)

func ledger() map[string]any {
	return map[string]any{
		"name": "ledger", "versionType": int64(2), "resourcePassword": "Canary-Passw0rd", "deleteStorage": true,
		"cceClusterInfo": map[string]any{"clusterId": "c1", "clusterName": "one", "clusterPlatformType": "ARM64"},
	}
}

// lines are the changing requests, each as one line.
func lines(s *providertest.Script) []string {
	var out []string
	for _, r := range s.Sent() {
		out = append(out, r.String())
	}
	return out
}

func creation(typ string, properties map[string]any) *providers.Request {
	return &providers.Request{Action: providers.Create, Type: typ, Stack: "s", Node: "n", Properties: properties}
}

func TestOrderSaysEverything(t *testing.T) {
	s, reg := start(t, map[string][]string{
		list:       {notThere},
		order:      {`{"blockchain_id":"` + network + `","blockchain_name":"ledger","operation_id":"BCSSVC01-99-1"}`},
		operations: {record("BCSSVC01-99-1", "processing"), record("BCSSVC01-99-1", "finished")},
		show:       {detail("Normal", "")},
	})
	progress, err := providertest.Drive(t.Context(), reg["BCS.Instance"], creation("BCS.Instance", ledger()), providers.Operation{}, false)
	if err != nil {
		t.Fatal(err)
	}
	var body map[string]any
	if err := json.Unmarshal([]byte(s.Bodies()[0]), &body); err != nil || len(s.Sent()) != 1 {
		t.Fatalf("%v: %v", s.Sent(), err)
	}
	want := map[string]any{
		"name": "ledger", "version_type": 2.0, "fabric_version": "2.2", "blockchain_type": "private", "consensus": "etcdraft",
		"sign_algorithm": "ECDSA", "enterprise_project_id": "0", "volume_type": "efs", "org_disk_size": 100.0,
		"database_type": "goleveldb", "resource_password": "Canary-Passw0rd", "orderer_node_number": 3.0, "use_eip": false,
		"cluster_type": "cce", "create_new_cluster": false, "peer_orgs": []any{},
		"cce_cluster_info": map[string]any{"cluster_id": "c1", "cluster_name": "one", "cluster_platform_type": "ARM64"},
		"turbo_info":       map[string]any{"share_type": "STANDARD", "type": "efs-ha", "available_zone": "", "resource_spec_code": "sfs.turbo.standard"},
	}
	if diff := cmp.Diff(want, body); diff != "" {
		t.Error(diff)
	}
	wantAttributes := map[string]any{
		"refID": network, "refName": "ledger", "version": "4.0.9", "status": "Normal", "clusterId": "", "createdTime": "",
		"agentPortalAddrs": []any{"24.68.213.148:30603"}, "ordererAddresses": []any{"24.68.213.148:30835"}, "ordererDomains": []any{"orderer-0:7050"},
	}
	if diff := cmp.Diff(wantAttributes, progress.Object.Attributes); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]any{"name": "ledger"}, progress.Object.Properties); diff != "" {
		t.Errorf("only what is recorded may be compared: %s", diff)
	}
}

func TestOrderRules(t *testing.T) {
	_, reg := start(t, nil) // any call fails the test
	for name, tt := range map[string]struct {
		change map[string]any
		want   string
	}{
		"disk class":            {map[string]any{"volumeType": "evs"}, "volumeType evs needs evsDiskType"},
		"disk size":             {map[string]any{"versionType": int64(3), "orgDiskSize": int64(100)}, "orgDiskSize has to be at least 500 with versionType 3"},
		"database account":      {map[string]any{"databaseType": "couchdb"}, "databaseType couchdb needs couchdbInfo"},
		"raft":                  {map[string]any{"ordererNodeNumber": int64(4)}, "ordererNodeNumber has to be 3 with consensus etcdraft"},
		"FBFT":                  {map[string]any{"consensus": "SFLIC", "ordererNodeNumber": int64(3)}, "ordererNodeNumber has to be 4 to 10 with consensus SFLIC"},
		"algorithm":             {map[string]any{"consensus": "solo"}, "consensus solo does not go with fabricVersion 2.2"},
		"version":               {map[string]any{"fabricVersion": "1.4", "consensus": "SFLIC"}, "fabricVersion has to be 2.2 unless isInvitee is true"},
		"inviter":               {map[string]any{"isInvitee": true}, "isInvitee and invitorInfos belong together"},
		"no cluster":            {map[string]any{"cceClusterInfo": nil}, "createNewCluster false needs cceClusterInfo"},
		"no new cluster":        {map[string]any{"createNewCluster": true}, "createNewCluster true needs cceCreateInfo"},
		"edge":                  {map[string]any{"clusterType": "ief"}, "clusterType ief needs iefNodesInfo and peerOrgs"},
		"everything at once":    {map[string]any{"volumeType": "evs", "databaseType": "couchdb"}, "volumeType evs needs evsDiskType; databaseType couchdb needs couchdbInfo"},
		"a field that is not":   {map[string]any{"colour": "red"}, `unknown field "colour"`},
		"a number for a string": {map[string]any{"consensus": int64(5)}, "cannot unmarshal number"},
	} {
		t.Run(name, func(t *testing.T) {
			properties := ledger()
			for k, v := range tt.change {
				properties[k] = v
			}
			_, err := reg["BCS.Instance"].Advance(t.Context(), creation("BCS.Instance", properties), providers.Operation{}, false)
			if e := providertest.Failure(t, err); e.Kind != providers.Invalid || !strings.Contains(e.Message, tt.want) {
				t.Errorf("got %v, want %s", e, tt.want)
			}
		})
	}
}

func TestProgressOfAnOperation(t *testing.T) {
	_, reg := start(t, map[string][]string{operations: {record("op-1", "processing")}})
	op := providers.Operation{Stage: huaweicloud.StageWait, ID: "op-1", ObjectID: network}
	p, err := reg["BCS.Instance"].Advance(t.Context(), creation("BCS.Instance", ledger()), op, true)
	if err != nil || p.Done || p.After <= 0 || cmp.Diff(op, p.Next) != "" {
		t.Fatalf("%+v %v", p, err)
	}
	want := []providers.Substep{
		{Name: "Preparation: Generate basic configurations", Status: "finished"},
		{Name: "Create Other Dependent Resource: Create EIP", Status: "finished"},
		{Name: "Create Other Dependent Resource: Create network storage", Status: "waiting"},
		{Name: "Deploy", Status: "failed", Detail: "no node is ready"},
	}
	if diff := cmp.Diff(want, p.Substeps); diff != "" {
		t.Error(diff)
	}
}

func TestFailedOperation(t *testing.T) {
	for _, status := range []string{"failed", "stop"} {
		_, reg := start(t, map[string][]string{operations: {record("op-1", status)}})
		op := providers.Operation{Stage: huaweicloud.StageWait, ID: "op-1", ObjectID: network}
		_, err := reg["BCS.Instance"].Advance(t.Context(), creation("BCS.Instance", ledger()), op, false)
		e := providertest.Failure(t, err)
		if e.Kind != providers.Failed || !strings.Contains(e.Message, "quota of the file system") || !strings.Contains(e.Message, "Deploy: no node is ready") {
			t.Errorf("%s: %v", status, e)
		}
	}
}

// Without a record, because the answer named none or it is gone, the object
// itself tells.
func TestWithoutRecord(t *testing.T) {
	for name, tt := range map[string]struct {
		op      providers.Operation
		answers map[string][]string
		done    bool
		kind    providers.Kind
	}{
		"vanished, ready":        {providers.Operation{ID: "op", ObjectID: network}, map[string][]string{operations: {noRecord}, show: {detail("Normal", "")}}, true, ""},
		"none named, ready":      {providers.Operation{ObjectID: network}, map[string][]string{show: {detail("Normal", "")}}, true, ""},
		"none named, no ID even": {providers.Operation{}, map[string][]string{list: {notThere, inList}, show: {detail("Normal", "")}}, true, ""},
		"working":                {providers.Operation{ObjectID: network}, map[string][]string{show: {detail("Normal", "IsCreating")}}, false, ""},
		"shown late":             {providers.Operation{ObjectID: network}, map[string][]string{show: {"4001011", detail("", "IsCreating"), detail("Normal", "")}}, true, ""},
		"unknown yet":            {providers.Operation{ObjectID: network}, map[string][]string{show: {detail("", "")}}, false, ""},
		"went wrong":             {providers.Operation{ObjectID: network}, map[string][]string{show: {detail("Abnormal", "")}}, false, providers.Failed},
		"finished, but abnormal": {providers.Operation{ID: "op", ObjectID: network}, map[string][]string{operations: {record("op", "finished")}, show: {detail("Unknown", "")}}, false, providers.Failed},
		"refused is not gone":    {providers.Operation{ObjectID: network}, map[string][]string{show: {"4010401"}}, false, providers.Auth},
	} {
		t.Run(name, func(t *testing.T) {
			_, reg := start(t, tt.answers)
			tt.op.Stage = huaweicloud.StageWait
			p, err := providertest.Drive(t.Context(), reg["BCS.Instance"], creation("BCS.Instance", ledger()), tt.op, false)
			if p.Done != tt.done {
				t.Errorf("done %v: %+v, %v", p.Done, p, err)
			}
			if tt.kind != "" && providertest.Failure(t, err).Kind != tt.kind {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestNameIsTaken(t *testing.T) {
	s, reg := start(t, map[string][]string{list: {inList}})
	_, err := reg["BCS.Instance"].Advance(t.Context(), creation("BCS.Instance", ledger()), providers.Operation{}, false)
	if e := providertest.Failure(t, err); e.Kind != providers.Conflict || len(s.Sent()) != 0 {
		t.Errorf("%v, sent %v", e, s.Sent())
	}
}

// After a lost answer the network is looked for; what is found is taken over
// with the record of its creation.
func TestLostOrder(t *testing.T) {
	send := providers.Operation{Stage: huaweicloud.StageSend}
	t.Run("was carried out", func(t *testing.T) {
		_, reg := start(t, map[string][]string{list: {inList}, operations: {record("BCSSVC01-99-1", "processing")}})
		p, err := reg["BCS.Instance"].Advance(t.Context(), creation("BCS.Instance", ledger()), send, true)
		if want := (providers.Operation{Stage: huaweicloud.StageWait, ID: "BCSSVC01-99-1", ObjectID: network}); err != nil || cmp.Diff(want, p.Next) != "" {
			t.Errorf("%+v, %v", p, err)
		}
	})
	t.Run("never arrived", func(t *testing.T) {
		s, reg := start(t, map[string][]string{list: {notThere}, order: {`{"blockchain_id":"` + network + `"}`}, show: {detail("Normal", "")}})
		p, err := providertest.Drive(t.Context(), reg["BCS.Instance"], creation("BCS.Instance", ledger()), send, true)
		if err != nil || !p.Done || len(s.Sent()) != 1 {
			t.Errorf("%+v, %v, sent %d", p, err, len(s.Sent()))
		}
	})
	t.Run("shows late, so that the second is refused", func(t *testing.T) {
		s, reg := start(t, map[string][]string{list: {notThere, notThere, notThere, inList}, order: {"4001018"}, operations: {noRecord}, show: {detail("Normal", "")}})
		p, err := providertest.Drive(t.Context(), reg["BCS.Instance"], creation("BCS.Instance", ledger()), send, true)
		if err != nil || !p.Done || p.Object.ID != network || len(s.Sent()) != 1 {
			t.Errorf("%+v, %v, sent %d", p, err, len(s.Sent()))
		}
	})
}

func TestPasswordStaysOutOfErrors(t *testing.T) {
	_, reg := start(t, map[string][]string{order: {"4004025"}})
	_, err := reg["BCS.Instance"].Advance(t.Context(), creation("BCS.Instance", ledger()), providers.Operation{Stage: huaweicloud.StageSend}, false)
	if e := providertest.Failure(t, err); strings.Contains(fmt.Sprintf("%v %+v", e, e), "Canary") || e.Code != "BCS.4004025" {
		t.Errorf("%+v", e)
	}
}

func TestQuota(t *testing.T) {
	for name, tt := range map[string]struct {
		code, quotas string
		want         providers.Kind
	}{
		"used up":             {"4999999", `{"resources":[{"type":"instance","quota":5,"used":5,"free":0}]}`, providers.Quota},
		"room left":           {"4999999", `{"resources":[{"type":"instance","quota":5,"used":1,"free":0}]}`, providers.Invalid},
		"no right to look":    {"4999999", "4030403", providers.Invalid},
		"a code that we know": {"4001045", "", providers.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			_, reg := start(t, map[string][]string{order: {tt.code}, "GET quotas": {tt.quotas}})
			_, err := reg["BCS.Instance"].Advance(t.Context(), creation("BCS.Instance", ledger()), providers.Operation{Stage: huaweicloud.StageSend}, false)
			if e := providertest.Failure(t, err); e.Kind != tt.want || e.Code != "BCS."+tt.code {
				t.Errorf("%+v", e)
			}
		})
	}
}

func deletion(typ, id string, properties map[string]any) *providers.Request {
	return &providers.Request{Action: providers.Delete, Type: typ, Properties: properties, Prior: properties, ObjectID: id}
}

func TestDeleteInstance(t *testing.T) {
	for name, tt := range map[string]struct {
		resumed bool
		answers map[string][]string
		sent    int
		kind    providers.Kind
	}{
		"by its record":            {false, map[string][]string{remove: {`{"operation_id":"op"}`}, operations: {record("op", "waiting"), record("op", "finished")}, show: {detail("Normal", "IsDeleting"), "4001011"}}, 1, ""},
		"record vanished":          {false, map[string][]string{remove: {`{"operation_id":"op"}`}, operations: {noRecord}, show: {detail("Normal", "IsDeleting"), "4001011"}}, 1, ""},
		"gone before":              {false, map[string][]string{remove: {"4001202"}}, 1, ""},
		"somebody else does it":    {false, map[string][]string{remove: {"4001003"}, show: {detail("Normal", "IsDeleting"), "4001011"}}, 1, ""},
		"lost, was carried out":    {true, map[string][]string{show: {"4001011"}}, 0, ""},
		"lost, runs":               {true, map[string][]string{show: {detail("Normal", "IsDeleting"), "4001011"}, operations: {record("op", "processing"), record("op", "finished")}}, 0, ""},
		"lost, never arrived":      {true, map[string][]string{show: {detail("Normal", ""), "4001011"}, remove: {`{"operation_id":"op"}`}, operations: {record("op", "finished")}}, 1, ""},
		"no permission":            {false, map[string][]string{remove: {"4030403"}}, 1, providers.Auth},
		"no permission to look":    {true, map[string][]string{show: {"4030403"}}, 0, providers.Auth},
		"cluster hibernates":       {false, map[string][]string{remove: {"4001123"}}, 1, providers.Failed},
		"other work is waited for": {false, map[string][]string{remove: {"4001020"}, show: {detail("Normal", "IsScaling")}}, 1, providers.Busy},
	} {
		t.Run(name, func(t *testing.T) {
			s, reg := start(t, tt.answers)
			p, err := providertest.Drive(t.Context(), reg["BCS.Instance"], deletion("BCS.Instance", network, ledger()), providers.Operation{}, tt.resumed)
			if len(s.Sent()) != tt.sent {
				t.Errorf("sent %v", s.Sent())
			}
			if tt.kind != "" {
				if providertest.Failure(t, err).Kind != tt.kind {
					t.Errorf("%v", err)
				}
				return
			}
			if err != nil || !p.Done {
				t.Errorf("%+v, %v", p, err)
			}
			if tt.sent == 1 && !strings.Contains(s.Sent()[0].Call, "is_delete_obs=false&is_delete_resource=false&is_delete_storage=true") {
				t.Errorf("flags: %s", s.Sent()[0])
			}
		})
	}
}

func org(count int64) map[string]any {
	return map[string]any{"blockchainId": network, "name": "bank", "nodeCount": count, "pvcName": "pvc-bank"}
}

func TestOrganization(t *testing.T) {
	const nodesOfBank = `{"node_orgs":{"bank":{"org_msp_id":"06MSP","org_domain":"d","peers":{"peer-b":{"ip_port":"1.1.1.1:2"},"peer-a":{"ip_port":"1.1.1.1:1"}}}}}`
	s, reg := start(t, map[string][]string{
		show:       {detail("Normal", ""), detail("Normal", "IsAdding", "bank:2"), detail("Normal", "", "bank:2")},
		update:     {`{"operation_id":"op"}`},
		operations: {record("op", "finished")},
		nodes:      {nodesOfBank},
	})
	p, err := providertest.Drive(t.Context(), reg["BCS.Organization"], creation("BCS.Organization", org(2)), providers.Operation{}, false)
	if err != nil {
		t.Fatal(err)
	}
	want := &providers.Object{
		ID: network + "/bank",
		Attributes: map[string]any{
			"refID": network + "/bank", "refName": "bank", "mspId": "06MSP", "domain": "d",
			"peers": []any{"peer-a", "peer-b"}, "peerAddresses": []any{"1.1.1.1:1", "1.1.1.1:2"},
		},
		Properties: map[string]any{"blockchainId": network, "name": "bank", "nodeCount": int64(2)},
	}
	if diff := cmp.Diff(want, p.Object); diff != "" {
		t.Error(diff)
	}
	if want := update + ` {"node_orgs":[{"name":"bank","node_count":2,"pvc_name":"pvc-bank"}],"is_delete_org":false}`; s.Sent()[0].String() != want {
		t.Errorf("sent %s", s.Sent()[0])
	}
}

func TestScaleOrganization(t *testing.T) {
	req := &providers.Request{Action: providers.Update, Properties: org(2), Prior: org(1), ObjectID: network + "/bank"}
	for name, tt := range map[string]struct {
		resumed bool
		answers map[string][]string
		sent    int
	}{
		"grows":                 {false, map[string][]string{show: {detail("Normal", "", "bank:1"), detail("Normal", "", "bank:2")}, update: {`{}`}}, 1},
		"is as wanted":          {false, map[string][]string{show: {detail("Normal", "", "bank:2")}}, 0},
		"lost, runs":            {true, map[string][]string{show: {detail("Normal", "", "bank:2")}, operations: {record("op", "processing"), record("op", "finished")}}, 0},
		"lost, never arrived":   {true, map[string][]string{show: {detail("Normal", "", "bank:1"), detail("Normal", "", "bank:2")}, operations: {noRecord}, update: {`{}`}}, 1},
		"lost, was carried out": {true, map[string][]string{show: {detail("Normal", "", "bank:2")}, operations: {noRecord}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			tt.answers[nodes] = []string{`{"node_orgs":{}}`}
			s, reg := start(t, tt.answers)
			p, err := providertest.Drive(t.Context(), reg["BCS.Organization"], req, providers.Operation{}, tt.resumed)
			if err != nil || !p.Done || len(s.Sent()) != tt.sent {
				t.Errorf("%+v, %v, sent %v", p, err, s.Sent())
			}
		})
	}
}

// The service refuses to remove a peer that is in a channel.
func TestPeersLeaveTheirChannelsFirst(t *testing.T) {
	req := &providers.Request{Action: providers.Update, Properties: org(1), Prior: org(2), ObjectID: network + "/bank"}
	s, reg := start(t, map[string][]string{
		show:       {detail("Normal", "", "bank:2"), detail("Normal", "", "bank:2"), detail("Normal", "", "bank:1")},
		channels:   {members(2), members(1)},
		leave:      {`{"operation_id":"op"}`},
		update:     {`{"operation_id":"op"}`},
		operations: {record("op", "processing"), record("op", "finished")},
		nodes:      {`{"node_orgs":{}}`},
	})
	p, err := providertest.Drive(t.Context(), reg["BCS.Organization"], req, providers.Operation{}, false)
	if err != nil || !p.Done {
		t.Fatalf("%+v, %v", p, err)
	}
	want := []string{
		leave + ` {"org_name":"bank","peers":1}`,
		update + ` {"node_orgs":[{"name":"bank","node_count":1}],"is_delete_org":false}`,
	}
	if diff := cmp.Diff(want, lines(s)); diff != "" {
		t.Error(diff)
	}
}

// The service has one code for "busy" and "abnormal"; only the first is worth
// waiting for.
func TestAbnormalIsNotBusy(t *testing.T) {
	_, reg := start(t, map[string][]string{update: {"4001020"}, show: {detail("Abnormal", "", "bank:1")}, operations: {noRecord}})
	req := &providers.Request{Action: providers.Update, Properties: org(2), Prior: org(1), ObjectID: network + "/bank"}
	_, err := reg["BCS.Organization"].Advance(t.Context(), req, providers.Operation{}, false)
	if e := providertest.Failure(t, err); e.Kind != providers.Failed || !strings.Contains(e.Message, "Abnormal") {
		t.Errorf("%v", e)
	}
}

func members(count int) string {
	peers := []string{`"peer-0"`, `"peer-1"`, `"peer-2"`}[:count]
	return `{"channels":[{"name":"trade","peers":{"bank":[` + strings.Join(peers, ",") + `]}}]}`
}

func membership(count int64) map[string]any {
	return map[string]any{"blockchainId": network, "channelName": "trade", "organizationName": "bank", "peerCount": count}
}

// Whether the number of BatchAddPeersToChannel is a target or an addition is
// not documented; either way the wanted number ends up in the channel.
func TestMembershipConverges(t *testing.T) {
	req := &providers.Request{Action: providers.Update, Properties: membership(2), Prior: membership(1), ObjectID: network + "/trade/bank"}
	for name, tt := range map[string]struct {
		seen []string // answers of ListBlockchainChannels
		sent []string
	}{
		"target":   {[]string{members(1), members(2)}, []string{join}},
		"addition": {[]string{members(1), members(3), members(3), members(3), members(2)}, []string{join, leave}},
		"fewer":    {[]string{members(3), members(2)}, []string{leave}},
		"as is":    {[]string{members(2)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s, reg := start(t, map[string][]string{
				channels: tt.seen, join: {`{"operation_id":"op"}`}, leave: {`{"operation_id":"op"}`}, operations: {record("op", "finished")},
			})
			p, err := providertest.Drive(t.Context(), reg["BCS.ChannelMembership"], req, providers.Operation{}, false)
			if err != nil || !p.Done {
				t.Fatalf("%+v, %v", p, err)
			}
			var sent []string
			for _, r := range s.Sent() {
				sent = append(sent, r.Call)
			}
			if diff := cmp.Diff(tt.sent, sent); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A removal of peers counts how many leave, so it must not be sent twice.
func TestLostRemovalIsNotRepeated(t *testing.T) {
	req := &providers.Request{Action: providers.Update, Properties: membership(1), Prior: membership(3), ObjectID: network + "/trade/bank"}
	s, reg := start(t, map[string][]string{channels: {members(1)}, operations: {record("op", "processing"), record("op", "finished")}})
	p, err := providertest.Drive(t.Context(), reg["BCS.ChannelMembership"], req, providers.Operation{}, true)
	if err != nil || !p.Done || len(s.Sent()) != 0 {
		t.Errorf("%+v, %v, sent %v", p, err, s.Sent())
	}
}

// Work that runs after a lost request may be anybody's: it is waited for, and
// what the channel shows then counts.
func TestLostMembership(t *testing.T) {
	for name, tt := range map[string]struct {
		running, seen string // answers of the look after the loss
		busy          bool
		sent          int
	}{
		"other work, or its own": {record("op", "processing"), members(0), true, 0},
		"was carried out":        {record("op", "finished"), members(2), false, 0},
		"runs, some are there":   {record("op", "processing"), members(2), false, 0},
		"never arrived":          {noRecord, members(0), false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s, reg := start(t, map[string][]string{
				operations: {tt.running, record("op", "finished")}, join: {`{"operation_id":"op"}`},
				channels: {tt.seen, tt.seen, tt.seen, members(2)},
			})
			p, err := providertest.Drive(t.Context(), reg["BCS.ChannelMembership"], creation("BCS.ChannelMembership", membership(2)), providers.Operation{Stage: huaweicloud.StageSend}, true)
			if tt.busy {
				if providertest.Failure(t, err).Kind != providers.Busy {
					t.Errorf("%+v, %v", p, err)
				}
			} else if err != nil || !p.Done {
				t.Errorf("%+v, %v", p, err)
			}
			if len(s.Sent()) != tt.sent {
				t.Errorf("sent %v", s.Sent())
			}
		})
	}
}

func TestCertificate(t *testing.T) {
	const issue = "POST blockchains/" + network + "/orgs/bank/usercert/bankapp"
	properties := func(securityMode bool) map[string]any {
		return map[string]any{"blockchainId": network, "organizationName": "bank", "userName": "bankapp", "securityMode": securityMode}
	}
	t.Run("archive", func(t *testing.T) {
		_, reg := start(t, map[string][]string{issue: {"PK\x03\x04rest"}})
		p, err := providertest.Drive(t.Context(), reg["BCS.UserCertificate"], creation("BCS.UserCertificate", properties(false)), providers.Operation{}, false)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]any{
			"refID": network + "/bank/bankapp", "refName": "bankapp", "archive": "UEsDBHJlc3Q=",
			"sha256": "5f0adda0305ab987986e189ad4a8e190c75559e27aa62bb58122667879199678",
		}
		if diff := cmp.Diff(want, p.Object.Attributes); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("no archive", func(t *testing.T) {
		_, reg := start(t, map[string][]string{issue: {`{"result":"success"}`}})
		_, err := providertest.Drive(t.Context(), reg["BCS.UserCertificate"], creation("BCS.UserCertificate", properties(false)), providers.Operation{}, false)
		if providertest.Failure(t, err).Kind != providers.Failed {
			t.Errorf("%v", err)
		}
	})
	t.Run("lost in security mode", func(t *testing.T) {
		_, reg := start(t, map[string][]string{issue: {"4006036"}})
		_, err := providertest.Drive(t.Context(), reg["BCS.UserCertificate"], creation("BCS.UserCertificate", properties(true)), providers.Operation{}, true)
		if !strings.Contains(providertest.Failure(t, err).Advice, "another userName") {
			t.Errorf("%+v", err)
		}
	})
}

func TestReadWhatIsNotThere(t *testing.T) {
	_, reg := start(t, map[string][]string{show: {detail("Normal", "")}, channels: {`{"channels":[]}`}})
	for typ, id := range map[string]string{
		"BCS.Organization": network + "/bank", "BCS.Channel": network + "/trade",
		"BCS.ChannelMembership": network + "/trade/bank", "BCS.UserCertificate": network + "/bank/bankapp",
	} {
		if _, err := reg[typ].Read(t.Context(), &providers.Request{ObjectID: id}); providertest.Failure(t, err).Kind != providers.NotFound {
			t.Errorf("%s: %v", typ, err)
		}
	}
}

func TestMalformedID(t *testing.T) {
	_, reg := start(t, nil)
	for typ, ids := range map[string][]string{
		"BCS.Instance":          {"", "a/b", "..", "a?b"},
		"BCS.Organization":      {"", network, network + "/", network + "/a/b"},
		"BCS.Channel":           {network, "/trade"},
		"BCS.ChannelMembership": {network + "/trade"},
		"BCS.UserCertificate":   {network + "/bank/"},
		"BCS.Invitation":        {network + "/trade"},

		"BCS.InvitationResponse": {"", network, network + "/trade/bank"},
	} {
		for _, id := range ids {
			if _, err := reg[typ].Read(t.Context(), &providers.Request{ObjectID: id}); providertest.Failure(t, err).Kind != providers.Invalid {
				t.Errorf("%s %q: %v", typ, id, err)
			}
		}
	}
}

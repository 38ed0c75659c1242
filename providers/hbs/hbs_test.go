package hbs_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/hbs"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
	"github.com/orchestrate-tosca/orchestrate/providers/providertest"
)

// start returns the providers of a cloud that answers as told.
func start(t *testing.T, answers map[string][]string) (*providertest.Script, providers.Registry) {
	t.Helper()
	s := providertest.NewScript(t, answers, func(code string) (int, string) {
		status := map[string]int{"4001011": http.StatusNotFound, "4040001": http.StatusNotFound, "4010401": http.StatusUnauthorized}[code]
		if status == 0 {
			status = http.StatusBadRequest
		}
		prefix := "BCS."
		switch code {
		case "4040001":
			prefix = "HBS."
		case "30050009":
			prefix = "CBC."
		}
		return status, fmt.Sprintf(`{"error_code":"%s%s","error_msg":"refused"}`, prefix, code)
	})
	env := func(name string) string {
		if name == "HW_DOMAIN_ID" {
			return "d"
		}
		return s.Env(name)
	}
	c, err := huaweicloud.New(huaweicloud.Config{Endpoint: s.URL, Env: env, FirstWait: time.Millisecond, Late: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	reg := providers.Registry{}
	hbs.Register(reg, c)
	return s, reg
}

const (
	id = "50ca216f-f0e5-4a05-9aee-de8d8f0fb6fa"

	list  = "GET huaweicloudchain/instances"
	order = "POST huaweicloudchain/instances"
	show  = "GET huaweicloudchain/instances/" + id
	orgs  = show + "/organizations"
	join  = "POST huaweicloudchain/instances/" + id + "/organizations"
	job   = "GET huaweicloudchain/jobs/j1"
	jobs  = "GET huaweicloudchain/jobs"

	// The order service has no project in its paths.
	bssRead, bssPost = "GET ", "POST "

	nobody = `{"count":0,"instances":[]}`
	bought = `{"order_id":"CS1","order_num":1,"instance_id":"` + id + `","job_id":"j1"}`
	noOrgs = `{"count":0,"orgs":[]}`
)

func instance(status string) string {
	return fmt.Sprintf(`{"id":%q,"name":"ledger","status":%q,"edition":"Enterprise","data_management":"Cloud","chain_engine_version":"1.0.1.2",
		"orgs":[{"name":"alpha","status":"Available"}],"chains":[{"chain_id":"ledger-1","consensus":"raft","sign_algorithm":"ecdsa_with_sha256"}],
		"create_time":"2022-04-16T07:00:05Z"}`, id, status)
}

func listed(status string) string { return `{"count":1,"instances":[` + instance(status) + `]}` }

func jobIn(status string) string {
	return fmt.Sprintf(`{"id":"j1","type":"CreateInstance","status":%q,"failed_message":"no room","progress":30,"instance_id":%q,"instance_name":"ledger","start_time":"2022-04-16T07:00:05Z"}`, status, id)
}

func org(name, status string) string {
	return fmt.Sprintf(`{"count":1,"orgs":[{"uid":"u-%s","name":%q,"chain_org_id":"%s-1","status":%q,"subscription_id":"s-%s"}]}`, name, name, name, status, name)
}

func ledger() map[string]any {
	return map[string]any{
		"name": "ledger", "edition": "Enterprise", "dataManagement": "Cloud", "kind": "HuaweiCloudChain",
		"orgs": []any{map[string]any{"name": "alpha"}}, "orgOrderInfo": map[string]any{"isAutoPay": true},
	}
}

func creation(typ string, properties map[string]any) *providers.Request {
	return &providers.Request{Action: providers.Create, Type: typ, Stack: "s", Node: "n", Properties: properties}
}

// What the properties leave out is sent all the same: nobody documents the
// service's defaults.
func TestOrderSaysEverything(t *testing.T) {
	s, reg := start(t, map[string][]string{list: {nobody}, order: {bought}, job: {jobIn("Success")}, show: {instance("Available")}})
	p, err := providertest.Drive(t.Context(), reg["HBS.Instance"], creation("HBS.Instance", ledger()), providers.Operation{}, false)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"name":"ledger","edition":"Enterprise","data_management":"Cloud","type":"HuaweiCloudChain","orgs":[{"name":"alpha"}],` +
		`"chain_info":{"consensus":"raft","sign_algorithm":"ecdsa_with_sha256"},` +
		`"org_order_info":{"charge_mode":0,"period_type":2,"period_num":1,"is_auto_pay":true,"is_auto_renew":false},"enterprise_project_id":"0"}`
	if diff := cmp.Diff([]string{want}, s.Bodies()); diff != "" {
		t.Error(diff)
	}
	wantAttributes := map[string]any{
		"refID": id, "refName": "ledger", "status": "Available", "chainEngineVersion": "1.0.1.2", "chainId": "ledger-1", "createTime": "2022-04-16T07:00:05Z",
	}
	if diff := cmp.Diff(wantAttributes, p.Object.Attributes); diff != "" {
		t.Error(diff)
	}
}

// A job shows as a step; one that vanished, or that the answer did not name, leaves
// the word to the instance.
func TestWaitingForAnInstance(t *testing.T) {
	named, unnamed := providers.Operation{ID: "j1", ObjectID: id}, providers.Operation{ObjectID: id}
	for name, tt := range map[string]struct {
		op      providers.Operation
		answers map[string][]string
		done    bool
		kind    providers.Kind
	}{
		"running, then done":     {named, map[string][]string{job: {jobIn("Running"), jobIn("Success")}, show: {instance("Available")}}, true, ""},
		"failed":                 {named, map[string][]string{job: {jobIn("Failed")}}, false, providers.Failed},
		"vanished, ready":        {named, map[string][]string{job: {"4040001"}, show: {instance("Available")}}, true, ""},
		"shown late":             {unnamed, map[string][]string{show: {"4001011", instance("Creating"), instance("Available")}}, true, ""},
		"ready, shown late":      {named, map[string][]string{job: {jobIn("Success")}, show: {"4001011", instance("Creating"), instance("Available")}}, true, ""},
		"not named, listed late": {providers.Operation{}, map[string][]string{list: {nobody, listed("Creating")}, show: {instance("Available")}}, true, ""},
		"went wrong":             {unnamed, map[string][]string{show: {instance("Exception")}}, false, providers.Failed},
		"refused is not gone":    {unnamed, map[string][]string{show: {"4010401"}}, false, providers.Auth},
		"others work on it":      {named, map[string][]string{job: {jobIn("Success")}, show: {instance("OrgCreating")}}, true, ""},
		"never ends":             {unnamed, map[string][]string{show: {instance("Creating")}}, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, reg := start(t, tt.answers)
			tt.op.Stage = huaweicloud.StageWait
			p, err := providertest.Drive(t.Context(), reg["HBS.Instance"], creation("HBS.Instance", ledger()), tt.op, false)
			if p.Done != tt.done {
				t.Errorf("done %v: %+v, %v", p.Done, p, err)
			}
			if tt.kind != "" && providertest.Failure(t, err).Kind != tt.kind {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestJobIsAStep(t *testing.T) {
	_, reg := start(t, map[string][]string{job: {jobIn("Running")}})
	op := providers.Operation{Stage: huaweicloud.StageWait, ID: "j1", ObjectID: id}
	p, err := reg["HBS.Instance"].Advance(t.Context(), creation("HBS.Instance", ledger()), op, true)
	if err != nil || p.Done || p.After <= 0 || cmp.Diff(op, p.Next) != "" {
		t.Fatalf("%+v %v", p, err)
	}
	if diff := cmp.Diff([]providers.Substep{{Name: "CreateInstance", Status: "processing", Detail: "30 %"}}, p.Substeps); diff != "" {
		t.Error(diff)
	}
}

// After a lost answer the instance is looked for; what has its name and can't be
// it is told apart.
func TestLostOrder(t *testing.T) {
	send := providers.Operation{Stage: huaweicloud.StageSend}
	another := strings.Replace(listed("Available"), "Enterprise", "Platinum", 1)
	for name, tt := range map[string]struct {
		answers map[string][]string
		sent    int
	}{
		"was carried out":    {map[string][]string{list: {listed("Creating")}, jobs: {`{"jobs":[` + jobIn("Running") + `]}`}, job: {jobIn("Success")}, show: {instance("Available")}}, 0},
		"never arrived":      {map[string][]string{list: {nobody}, order: {bought}, job: {jobIn("Success")}, show: {instance("Available")}}, 1},
		"another edition":    {map[string][]string{list: {another}, jobs: {`{"jobs":[]}`}, order: {bought}, job: {jobIn("Success")}, show: {instance("Available")}}, 1},
		"is listed late":     {map[string][]string{list: {nobody, listed("Creating")}, jobs: {`{"jobs":[]}`}, show: {instance("Available")}}, 0},
		"the second refused": {map[string][]string{list: {nobody, nobody, nobody, listed("Creating")}, jobs: {`{"jobs":[]}`}, order: {"4001018"}, show: {instance("Available")}}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s, reg := start(t, tt.answers)
			p, err := providertest.Drive(t.Context(), reg["HBS.Instance"], creation("HBS.Instance", ledger()), send, true)
			if err != nil || !p.Done || p.Object.ID != id || len(s.Sent()) != tt.sent {
				t.Errorf("%+v, %v, sent %v", p, err, s.Sent())
			}
		})
	}
}

func TestNameIsTaken(t *testing.T) {
	s, reg := start(t, map[string][]string{list: {listed("Available")}})
	_, err := providertest.Drive(t.Context(), reg["HBS.Instance"], creation("HBS.Instance", ledger()), providers.Operation{}, false)
	if e := providertest.Failure(t, err); e.Kind != providers.Conflict || len(s.Sent()) != 0 {
		t.Errorf("%v, sent %v", e, s.Sent())
	}
}

// An organization that shows late, before or after its job.
func TestOrganizationShowsLate(t *testing.T) {
	s, reg := start(t, map[string][]string{
		orgs: {noOrgs, noOrgs, org("beta", "Creating"), org("beta", "Available")}, join: {bought}, job: {jobIn("Success")},
	})
	properties := map[string]any{"instanceId": id, "name": "beta", "orgOrderInfo": map[string]any{"isAutoPay": true}}
	p, err := providertest.Drive(t.Context(), reg["HBS.Organization"], creation("HBS.Organization", properties), providers.Operation{}, false)
	if err != nil || !p.Done || p.Object.ID != id+"/beta" || p.Object.Attributes["chainOrgId"] != "beta-1" || len(s.Sent()) != 1 {
		t.Errorf("%+v, %v, sent %v", p, err, s.Sent())
	}
}

// What is to be seen decides what a deletion sends, and only the service's own word
// counts as gone.
func TestDeleteInstance(t *testing.T) {
	const (
		taken   = `{"order_ids":["CS2"]}`
		working = `{"order_infos":[{"order_id":"CS2","status":3}]}`
		closed  = `{"order_infos":[{"order_id":"CS2","status":5}]}`
	)
	failed := strings.Replace(`{"jobs":[`+jobIn("Failed")+`]}`, "CreateInstance", "DeleteInstance", 1)
	for name, tt := range map[string]struct {
		answers map[string][]string
		sent    int
		kind    providers.Kind
	}{
		"all the way":               {map[string][]string{show: {instance("Available"), instance("Available"), instance("Deleting"), "4001011"}, orgs: {org("alpha", "Available")}, bssPost: {taken}, bssRead: {working}, jobs: {`{"jobs":[]}`}}, 1, ""},
		"gone before":               {map[string][]string{show: {"4001011"}}, 0, ""},
		"lost, was carried out":     {map[string][]string{show: {instance("Deleting"), instance("Deleting"), "4001011"}, orgs: {org("alpha", "Deleting")}, jobs: {`{"jobs":[]}`}}, 0, ""},
		"the order service is done": {map[string][]string{show: {instance("Available"), instance("Deleting"), "4001011"}, orgs: {org("alpha", "Available")}, bssPost: {"30050009"}, jobs: {`{"jobs":[]}`}}, 1, ""},
		"failed":                    {map[string][]string{show: {instance("Available"), instance("Exception")}, orgs: {org("alpha", "Available")}, bssPost: {taken}, bssRead: {closed}, jobs: {failed}}, 1, providers.Failed},
		"no permission":             {map[string][]string{show: {"4010401"}}, 0, providers.Auth},
		"nothing to unsubscribe":    {map[string][]string{show: {instance("Available")}, orgs: {strings.Replace(org("alpha", "Available"), "s-alpha", "", 1)}}, 0, providers.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			s, reg := start(t, tt.answers)
			req := &providers.Request{Action: providers.Delete, Type: "HBS.Instance", Node: "n", Properties: ledger(), Prior: ledger(), ObjectID: id}
			p, err := providertest.Drive(t.Context(), reg["HBS.Instance"], req, providers.Operation{}, true)
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
			if tt.sent == 1 && !strings.Contains(s.Bodies()[0], `"resource_ids":["s-alpha"],"unsubscribe_type":1`) {
				t.Errorf("sent %s", s.Bodies()[0])
			}
		})
	}
}

func TestMalformedID(t *testing.T) {
	_, reg := start(t, nil)
	for typ, ids := range map[string][]string{
		"HBS.Instance": {"", "a/b", "..", "a?b"}, "HBS.Organization": {"", id, id + "/", id + "/a/b"}, "HBS.Endpoint": {id},
		"HBS.Backup": {"", "a/b"}, "HBS.SdkConfig": {id + "/"}, "HBS.Tags": {"/tags"}, "HBS.BackupRule": {"", "/backup-rule"},
	} {
		for _, text := range ids {
			if _, err := reg[typ].Read(t.Context(), &providers.Request{ObjectID: text}); providertest.Failure(t, err).Kind != providers.Invalid {
				t.Errorf("%s %q: %v", typ, text, err)
			}
		}
	}
}

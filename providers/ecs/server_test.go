package ecs_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/ecs"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
	"github.com/orchestrate-tosca/orchestrate/providers/providertest"
)

// start returns the provider of a cloud that answers as told.
func start(t *testing.T, answers map[string][]string) (*providertest.Script, providers.Provider) {
	t.Helper()
	s := providertest.NewScript(t, answers, func(string) (int, string) {
		return http.StatusNotFound, `{"error":{"code":"Ecs.0114","message":"not there"}}`
	})
	c, err := huaweicloud.New(huaweicloud.Config{Endpoint: s.URL, Env: s.Env, FirstWait: time.Millisecond, Late: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	reg := providers.Registry{}
	ecs.Register(reg, c)
	return s, reg["ECS.CloudServer"]
}

const (
	listed = "GET cloudservers/detail"
	order  = "POST cloudservers"
	job    = "GET jobs/j1"
	shown  = "GET cloudservers/s1"
	ips    = "GET publicips"
	remove = "POST cloudservers/delete"

	jobRuns = `{"status":"RUNNING","job_id":"j1","entities":{"sub_jobs_total":1,"sub_jobs":[{"status":"RUNNING","job_type":"createSingleServer","entities":{"server_id":"s1"}}]}}`
	jobDone = `{"status":"SUCCESS","job_id":"j1","entities":{"sub_jobs_total":1,"sub_jobs":[{"status":"SUCCESS","job_type":"createSingleServer","entities":{"server_id":"s1"}}]}}`
	jobFail = `{"status":"FAIL","job_id":"j1","error_code":"Ecs.0319","fail_reason":"sold out","entities":{"sub_jobs":[{"status":"FAIL","job_type":"createSingleServer","fail_reason":"no host","entities":{"server_id":"s1"}}]}}`
	active  = `{"server":{"id":"s1","name":"web","status":"ACTIVE","key_name":"key","flavor":{"id":"small"},"image":{"id":"i1"},"metadata":{"vpc_id":"v1"},"addresses":{"v1":[
		{"version":"4","addr":"10.0.0.9","OS-EXT-IPS:type":"fixed","OS-EXT-IPS:port_id":"p2"},
		{"version":"4","addr":"10.0.0.5","primary":true,"OS-EXT-IPS:type":"fixed","OS-EXT-IPS:port_id":"p1"},
		{"version":"4","addr":"1.2.3.4","OS-EXT-IPS:type":"floating","OS-EXT-IPS:port_id":"p1"}]}}}`
	oneIP = `{"publicips":[{"id":"e1","public_ip_address":"1.2.3.4","port_id":"p1"}]}`
)

func servers(ids ...string) string {
	var all []string
	for _, id := range ids {
		all = append(all, fmt.Sprintf(`{"id":%q,"name":"web"}`, id))
	}
	all = append(all, `{"id":"other","name":"web-2"}`) // the filter is fuzzy
	return `{"count":1,"servers":[` + strings.Join(all, ",") + `]}`
}

func web() map[string]any {
	return map[string]any{
		"name": "web", "availabilityZone": "az1", "flavor": "small", "imageId": "i1", "vpcId": "v1", "sshKeyName": "key",
		"nics":       []any{map[string]any{"subnetId": "n1"}},
		"rootVolume": map[string]any{"volumeType": "SAS"},
		"publicIP": map[string]any{"eip": map[string]any{
			"ipType": "5_bgp", "bandwidth": map[string]any{"shareType": "PER", "size": int64(1)},
		}},
	}
}

func creation(properties map[string]any) *providers.Request {
	return &providers.Request{Action: providers.Create, Stack: "s", Node: "n", Properties: properties}
}

func TestCreate(t *testing.T) {
	s, p := start(t, map[string][]string{
		listed: {servers("old")}, order: {`{"job_id":"j1","serverIds":["s1"]}`}, job: {jobRuns, jobDone}, shown: {active}, ips: {oneIP},
	})
	progress, err := providertest.Drive(t.Context(), p, creation(web()), providers.Operation{}, false)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"refID": "s1", "refName": "web", "status": "ACTIVE", "privateIps": []any{"10.0.0.5", "10.0.0.9"},
		"publicIps": []any{"1.2.3.4"}, "floatingIpId": "e1", "floatingIpIds": []any{"e1"},
	}
	if diff := cmp.Diff(want, progress.Object.Attributes); diff != "" {
		t.Error(diff)
	}
	wantRead := map[string]any{"name": "web", "flavor": "small", "imageId": "i1", "vpcId": "v1", "sshKeyName": "key"}
	if diff := cmp.Diff(wantRead, progress.Object.Properties); diff != "" {
		t.Error(diff)
	}
	var body any
	if err := json.Unmarshal([]byte(s.Bodies()[0]), &body); err != nil {
		t.Fatal(err)
	}
	wantBody := map[string]any{"server": map[string]any{
		"name": "web", "availability_zone": "az1", "flavorRef": "small", "imageRef": "i1", "vpcid": "v1", "key_name": "key", "count": 1.0,
		"nics": []any{map[string]any{"subnet_id": "n1"}}, "root_volume": map[string]any{"volumetype": "SAS"},
		"publicip": map[string]any{"eip": map[string]any{"iptype": "5_bgp", "bandwidth": map[string]any{"sharetype": "PER", "size": 1.0}}},
	}}
	if diff := cmp.Diff(any(wantBody), body); diff != "" {
		t.Error(diff)
	}
	if s.Sent()[0].Header.Get("X-Client-Token") == "" {
		t.Error("the order carries no token")
	}
}

func TestJobs(t *testing.T) {
	wait := providers.Operation{Stage: huaweicloud.StageWait, ID: "j1"}
	t.Run("progress", func(t *testing.T) {
		_, p := start(t, map[string][]string{job: {jobRuns}})
		got, err := p.Advance(t.Context(), creation(web()), wait, true)
		want := providers.Operation{Stage: huaweicloud.StageWait, ID: "j1", ObjectID: "s1"}
		if err != nil || cmp.Diff(want, got.Next) != "" || cmp.Diff([]providers.Substep{{Name: "createSingleServer", Status: "processing"}}, got.Substeps) != "" {
			t.Errorf("%+v, %v", got, err)
		}
	})
	t.Run("failure", func(t *testing.T) {
		_, p := start(t, map[string][]string{job: {jobFail}})
		_, err := providertest.Drive(t.Context(), p, creation(web()), wait, false)
		if e := providertest.Failure(t, err); e.Kind != providers.Failed || e.Code != "Ecs.0319" || e.Message != "job j1 failed: sold out; createSingleServer: no host" || !strings.Contains(e.Advice, "s1") {
			t.Errorf("%+v", e)
		}
	})
	t.Run("vanished", func(t *testing.T) {
		_, p := start(t, map[string][]string{job: {"404"}, shown: {"404", active}, ips: {oneIP}})
		known := wait
		known.ObjectID = "s1"
		got, err := providertest.Drive(t.Context(), p, creation(web()), known, false)
		if err != nil || !got.Done {
			t.Errorf("%+v, %v", got, err)
		}
	})
	t.Run("server in error", func(t *testing.T) {
		_, p := start(t, map[string][]string{job: {jobDone}, shown: {`{"server":{"id":"s1","name":"web","status":"ERROR"}}`}})
		_, err := providertest.Drive(t.Context(), p, creation(web()), wait, false)
		if providertest.Failure(t, err).Kind != providers.Failed {
			t.Errorf("%v", err)
		}
	})
}

func TestLostOrder(t *testing.T) {
	send := providers.Operation{Stage: huaweicloud.StageSend, Note: map[string]string{"existing": "old", "token": "t1"}}
	t.Run("was carried out", func(t *testing.T) {
		s, p := start(t, map[string][]string{listed: {servers("old", "s1")}, shown: {active}, ips: {oneIP}})
		got, err := providertest.Drive(t.Context(), p, creation(web()), send, true)
		if err != nil || got.Object.ID != "s1" || len(s.Sent()) != 0 {
			t.Errorf("%+v, %v, sent %d", got, err, len(s.Sent()))
		}
	})
	t.Run("never arrived", func(t *testing.T) {
		s, p := start(t, map[string][]string{listed: {servers("old")}, order: {`{"job_id":"j1","serverIds":["s1"]}`}, job: {jobDone}, shown: {active}, ips: {oneIP}})
		got, err := providertest.Drive(t.Context(), p, creation(web()), send, true)
		if err != nil || !got.Done || len(s.Sent()) != 1 || s.Sent()[0].Header.Get("X-Client-Token") != "t1" {
			t.Errorf("%+v, %v, sent %d", got, err, len(s.Sent()))
		}
	})
	t.Run("two candidates", func(t *testing.T) {
		s, p := start(t, map[string][]string{listed: {servers("old", "s1", "s2")}})
		_, err := providertest.Drive(t.Context(), p, creation(web()), send, true)
		var q *providers.QuestionError
		if !errors.As(err, &q) || len(q.Candidates) != 2 || len(q.Others) != 1 || len(s.Sent()) != 0 {
			t.Errorf("%v, sent %d", err, len(s.Sent()))
		}
	})
}

func TestOrderRules(t *testing.T) {
	for want, change := range map[string]map[string]any{
		"publicIP needs either id or eip":             {"publicIP": map[string]any{}},
		"shareType PER needs size":                    {"publicIP": map[string]any{"eip": map[string]any{"ipType": "x", "bandwidth": map[string]any{"shareType": "PER"}}}},
		"shareType WHOLE needs id":                    {"publicIP": map[string]any{"eip": map[string]any{"ipType": "x", "bandwidth": map[string]any{"shareType": "WHOLE"}}}},
		"sshKeyName and adminPass exclude each other": {"adminPass": "Canary-Passw0rd"},
	} {
		_, p := start(t, nil) // any call fails the test
		properties := web()
		for k, v := range change {
			properties[k] = v
		}
		_, err := providertest.Drive(t.Context(), p, creation(properties), providers.Operation{}, false)
		if e := providertest.Failure(t, err); e.Kind != providers.Invalid || !strings.Contains(e.Message, want) || strings.Contains(e.Error(), "Canary") {
			t.Errorf("got %v, want %s", e, want)
		}
	}
}

func TestDeleteTakesAlongWhatItMade(t *testing.T) {
	existing := web()
	existing["publicIP"] = map[string]any{"id": "e9"}
	for name, tt := range map[string]struct {
		properties map[string]any
		want       string
	}{
		"own elastic IP":      {web(), `"delete_publicip":true,"delete_volume":true`},
		"existing elastic IP": {existing, `"delete_publicip":false,"delete_volume":true`},
	} {
		t.Run(name, func(t *testing.T) {
			s, p := start(t, map[string][]string{shown: {active, "404"}, remove: {`{"job_id":"j1"}`}, job: {jobRuns, jobDone}})
			req := &providers.Request{Action: providers.Delete, Properties: tt.properties, Prior: tt.properties, ObjectID: "s1"}
			got, err := providertest.Drive(t.Context(), p, req, providers.Operation{}, false)
			if err != nil || !got.Done || !strings.Contains(s.Bodies()[0], tt.want) {
				t.Errorf("%+v, %v, sent %v", got, err, s.Bodies())
			}
		})
	}
}

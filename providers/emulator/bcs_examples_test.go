package emulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"
)

// bcsWorld is a cloud with two tenants and what the examples of BCS speak of: an
// instance with the organizations organization and organization2 and the
// channels channel, channel02 and chan2, one without channels, and that of an
// invitee.
type bcsWorld struct {
	*Emulator
	t   *testing.T
	now time.Time

	host, plain, guest string // IDs of the instances
	hash               string // of the host's first organization
	as                 string // the project that calls
}

func newBCSWorld(t *testing.T) *bcsWorld {
	t.Helper()
	w := &bcsWorld{t: t, now: time.Now(), as: DefaultProjectID}
	e, err := Open(t.Context(), Options{Contracts: parsed(), Now: func() time.Time { return w.now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	w.Emulator = e
	w.host = w.order("bcs-host", `"peer_orgs": [{"name": "organization", "node_count": 2}, {"name": "organization2", "node_count": 1}],
		"channels": [{"name": "channel", "org_names": ["organization", "organization2"]}, {"name": "channel02", "org_names": []}, {"name": "chan2", "org_names": []}]`)
	w.plain = w.order("bcs-plain", `"peer_orgs": [{"name": "organization", "node_count": 2}]`)
	w.as = PartnerProjectID
	w.guest = w.order("bcs-guest", fmt.Sprintf(`"peer_orgs": [{"name": "organization", "node_count": 2}], "is_invitee": true,
		"invitor_infos": {"tenant_id": %q, "project_id": %q, "blockchain_id": %q}`, DefaultDomainID, DefaultProjectID, w.host))
	w.as = DefaultProjectID
	msp := w.call("GET", "/blockchains/"+w.host+"/nodes", "")["node_orgs"].(map[string]any)["organization"].(map[string]any)["org_msp_id"].(string)
	w.hash = strings.TrimSuffix(msp, "MSP")
	return w
}

// order orders an instance, and lets it be made.
func (w *bcsWorld) order(name, rest string) string {
	w.t.Helper()
	id := w.call("POST", "/blockchains", fmt.Sprintf(`{"name": %q, "version_type": 3, "enterprise_project_id": "0", "resource_password": "Secret-Passw0rd",
		"blockchain_type": "union", "orderer_node_number": 3, "use_eip": true, "cluster_type": "cce", "create_new_cluster": false,
		"cce_cluster_info": {"cluster_id": %q, "cluster_name": "one", "cluster_platform_type": "ARM64"}, %s}`, name, newID(), rest))["blockchain_id"].(string)
	w.pass(takesCreation)
	return id
}

// pass lets work go on that is documented to take d.
func (w *bcsWorld) pass(d time.Duration) { w.now = w.now.Add(d/defaultSpeed + 1) }

// send sends a request as the tenant that calls.
func (w *bcsWorld) send(method, path, body string) *httptest.ResponseRecorder {
	w.t.Helper()
	err := w.store.within(w.t.Context(), func(t *tx) error {
		return t.put(&token{Digest: tokenDigest(w.as), Project: w.as, Issued: w.now})
	})
	if err != nil {
		w.t.Fatal(err)
	}
	req := httptest.NewRequest(method, "/v2/"+w.as+path, bytes.NewReader([]byte(body)))
	req.Header.Set("X-Auth-Token", w.as)
	if body != "" {
		req.Header.Set("Content-Type", "application/json;charset=UTF-8")
	}
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, req)
	return rec
}

// call expects success.
func (w *bcsWorld) call(method, path, body string) map[string]any {
	w.t.Helper()
	rec := w.send(method, path, body)
	if rec.Code != 200 {
		w.t.Fatalf("%s %s: %d %s", method, path, rec.Code, rec.Body)
	}
	out := map[string]any{}
	if strings.HasPrefix(rec.Header().Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(rec.Body.Bytes(), &out); err != nil {
			w.t.Fatal(err)
		}
	}
	return out
}

// invite invites the partner to a channel.
func (w *bcsWorld) invite(channel string) {
	w.t.Helper()
	w.call("POST", "/members/invitations", fmt.Sprintf(`{"bcs_id": %q, "channel_name": %q, "invited_userinfo": [{"invited_user": %q}]}`, w.host, channel, PartnerUserName))
}

// join accepts the invitation to a channel, as the partner.
func (w *bcsWorld) join(channel string) {
	w.t.Helper()
	w.as = PartnerProjectID
	w.call("POST", "/notification/handle", fmt.Sprintf(`{"channel_name": %q, "status": "agreed", "invited_orgs": [{"name": "organization"}],
		"invitor_info": {"invitor_user_id": %q, "invitor_bcs_id": %q, "invitor_project_id": %q, "invitor_bcs_name": "bcs-host"},
		"invitee_info": {"invitee_user_id": %q, "invitee_bcs_id": %q, "invitee_project_id": %q, "invitee_bcs_name": "bcs-guest"}}`,
		channel, DefaultDomainID, w.host, DefaultProjectID, PartnerDomainID, w.guest, PartnerProjectID))
	w.pass(takesUnion)
}

// quit leaves a channel, as the partner.
func (w *bcsWorld) quit(channel string) {
	w.t.Helper()
	w.as = PartnerProjectID
	w.call("PUT", "/members/quit", fmt.Sprintf(`{"inviter_bcsid": %q, "inviter_projectid": %q, "inviter_domainid": %q, "inviter_username": %q,
		"channel_name": %q, "invitee_bcsid": %q, "invitee_projectid": %q, "invitee_domainid": %q}`,
		w.host, DefaultProjectID, DefaultDomainID, DefaultUserName, channel, w.guest, PartnerProjectID, PartnerDomainID))
	w.pass(takesUnion)
}

// prepare brings the world to where the example of an operation begins.
func (w *bcsWorld) prepare(operation string) {
	w.t.Helper()
	switch operation {
	case "HandleNotification":
		w.invite("channel")
		w.as = PartnerProjectID
	case "HandleUnionMemberQuitList":
		w.invite("channel")
		w.join("channel")
	case "DeleteMemberInvite":
		w.invite("chan2")
		w.join("chan2")
		w.quit("chan2")
		w.as = DefaultProjectID
	case "ListMembers":
		w.invite("channel")
		w.join("channel")
		w.as = DefaultProjectID
	case "ListNotifications":
		w.invite("channel")
		w.as = PartnerProjectID
	case "FreezeCert", "UnfreezeCert":
		w.call("POST", "/blockchains/"+w.host+"/orgs/organization/usercert/trader", `{"security_mode": true}`)
	case "ListBcsEvents", "ListBcsEventsStatistic":
		if err := w.SetAlarm(w.t.Context(), w.host, AlarmPeerConnect, true); err != nil {
			w.t.Fatal(err)
		}
	}
}

var (
	anyHash = regexp.MustCompile(`\b[0-9a-f]{40}`)
	anyPod  = regexp.MustCompile(`baas-agent-[0-9a-z]{10}-[0-9a-z]{5}`)
)

// fit puts the names of this world into an example.
func (w *bcsWorld) fit(text string) string {
	text = anyHash.ReplaceAllString(text, w.hash)
	agent := (&instance{ID: w.host}).pods()[0].name
	text = anyPod.ReplaceAllString(text, agent)
	return strings.NewReplacer(
		`"resource_password":"xxx"`, `"resource_password":"Secret-Passw0rd"`,
		"ba0fc16d-c752-9ac4-7a43-7a84443e0a06", w.host, "paas_bcs_xxxx", DefaultUserName, `"invited_user":"xxx"`, `"invited_user":"`+PartnerUserName+`"`, // inviting
		"83d85ea4-0f97-3bb7-07e2-4ad4b5a9f39d", w.host, "11ba0ae0-2986-72d5-9049-43998c16fe86", w.guest, "bcstest02", PartnerUserName, // withdrawing
		"051dded56100d4f90fe6c01d7d7a9240", DefaultDomainID, "051ddda48580d3371fc6c014ba7175b5", PartnerDomainID, // answering
		`"invitor_bcs_id":"6a9062bb-6aaf-a1cc-1756-7f45f9e0ea11"`, `"invitor_bcs_id":"`+w.host+`"`,
		`"invitee_bcs_id":"6a9062bb-6aaf-a1cc-1756-7f45f9e0ea11"`, `"invitee_bcs_id":"`+w.guest+`"`,
		`"invitor_project_id":"051dded75a80d4fb2f38c01d64a5789e"`, `"invitor_project_id":"`+DefaultProjectID+`"`,
		`"invitee_project_id":"051dded75a80d4fb2f38c01d64a5789e"`, `"invitee_project_id":"`+PartnerProjectID+`"`,
		"a30962b6-xxxxx-f7ff1a0ec561", w.host, "b45a57xxxxx8a5", DefaultProjectID, "a38c7xxxxd374d", DefaultDomainID, // quitting
		"e97ae066-xxxxx-f6bdb4fd3df1", w.guest, "e64e7xxxxx65e1", PartnerProjectID, "a38c7xxxxx374d", PartnerDomainID,
		`"inviter_username":"bcs-test"`, `"inviter_username":"`+DefaultUserName+`"`,
	).Replace(text)
}

// pathOf is the path of an operation in this world below the project, with the
// query that it needs.
func (w *bcsWorld) pathOf(r *route) string {
	id, channel := w.host, "channel"
	switch r.id {
	case "UpdateInstance", "DeleteBlockchain":
		id = w.plain
	case "DeleteChannel":
		channel = "channel02"
	}
	path := "/" + strings.NewReplacer("{blockchain_id}", id, "{channel_id}", channel, "{org_name}", "organization", "{user_name}", "trader",
		"{user_name_old}", "trader").Replace(strings.Join(r.segments[2:], "/"))
	query := map[string]string{
		"DownloadBlockchainCert": "org_name=organization&cert_type=admin", "ListOpRecord": "operation_type=99", "DeleteBlockchain": "is_delete_storage=true",
	}[r.id]
	if query != "" {
		path += "?" + query
	}
	return path
}

// Every documented request is carried out, and its answer has all members of
// the documented answer.
func TestBCSExamples(t *testing.T) {
	c := parsed().of("bcs")
	if err := c.load(relaxBCS); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, r := range c.routes {
		for _, example := range requestExamples(r) {
			n++
			t.Run(r.id+"/"+example.name, func(t *testing.T) { newBCSWorld(t).play(t, r, example.value) })
		}
	}
	if n != 32 {
		t.Errorf("%d examples of 32 operations", n)
	}
}

// play sends a documented request and looks at the answer.
func (w *bcsWorld) play(t *testing.T, r *route, body map[string]any) {
	t.Helper()
	w.prepare(r.id)
	text := ""
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		text = w.fit(string(data))
	}
	rec := w.send(r.method, w.pathOf(r), text)
	if rec.Code != r.success {
		t.Fatalf("%s: %d %s", w.pathOf(r), rec.Code, rec.Body)
	}
	media := r.route.Operation.Responses.Status(r.success).Value.Content["application/json"]
	if media == nil {
		if _, err := signCert(rec.Body.Bytes()); err != nil && r.id != "DownloadBlockchainSdkConfig" {
			t.Error(err)
		}
		return
	}
	var got any
	if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for _, ex := range media.Examples {
		data, err := json.Marshal(ex.Value.Value)
		if err != nil {
			t.Fatal(err)
		}
		var want any
		if err := json.Unmarshal([]byte(w.fit(string(data))), &want); err != nil {
			t.Fatal(err)
		}
		holds(t, "", want, got)
	}
}

// All thirty-two operations of BCS are there.
func TestBCSIsWhole(t *testing.T) {
	if n := len(bcsService().operations); n != 32 {
		t.Errorf("%d operations", n)
	}
}

package bcs_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/providertest"
)

const (
	inviter = "b268e1ca-b5c2-28f1-1e57-f571e14ecdbd"

	listMembers       = "GET members"
	invite            = "POST members/invitations"
	withdraw          = "DELETE members/invitations"
	listNotifications = "GET notifications"
	answer            = "POST notification/handle"
	quit              = "PUT members/quit"

	noMembers       = `{"members":[]}`
	noNotifications = `{"notifications":[]}`
)

// membersOf is the answer of ListMembers: one tenant with a status ("": the service
// tells none), who has come with an instance ("": he has not).
func membersOf(status, instance string) string {
	return fmt.Sprintf(`{"members":[
		{"channel_name":"other","invited_orgs":[{"status":"waiting"}],"invitor_info":{"invitor_bcs_id":%[1]q},"invitee_info":{"invitee_username":"partner"}},
		{"channel_name":"trade","invited_orgs":[{"name":"supplier","name_hash":"25df","status":%[2]q}],
		 "invitor_info":{"invitor_bcs_id":%[1]q,"invitor_user_id":"account","invitor_project_id":"project"},
		 "invitee_info":{"invitee_bcs_id":%[3]q,"invitee_username":"partner"}}]}`, network, status, instance)
}

// notified is the answer of ListNotifications: an older invitation of the same name
// that has ended, and one with a status.
func notified(status, instance string) string {
	return fmt.Sprintf(`{"notifications":[
		{"channel_name":"trade","status":%[2]q,"updated_time":"2026-03-02T00:00:00Z",
		 "invitor_info":{"invitor_id":"account","invitor_name":"emulator","invitor_bcs_id":%[1]q,"invitor_bcs_name":"host","invitor_project_id":"project"},
		 "invitee_info":{"invitee_id":"own-account","invitee_bcs_id":%[3]q},"invitee_orgs":[{"name":"supplier"},{"name":"carrier"}]},
		{"channel_name":"trade","status":"quit","updated_time":"2026-03-01T00:00:00Z","invitor_info":{"invitor_bcs_id":%[1]q}},
		{"channel_name":"docs","status":"waiting","updated_time":"2026-03-03T00:00:00Z","invitor_info":{"invitor_bcs_id":%[1]q}}]}`, inviter, status, instance)
}

// unionRecord is the answer of ListOpRecord with a record of joining or leaving.
func unionRecord(id, status string) string {
	return fmt.Sprintf(`{"count":1,"operation_records":[{"operation_id":%q,"operation_type":"05","blockchain_id":%q,"operation_status":%q,
		"message":["the channel is full"],"record_time":1618218591906100000}]}`, id, network, status)
}

func invitation() map[string]any {
	return map[string]any{"blockchainId": network, "channelName": "trade", "tenantName": "partner"}
}

func acceptance() map[string]any {
	return map[string]any{
		"blockchainId": network, "inviterBlockchainId": inviter, "channelName": "trade", "accept": true, "organizationNames": []any{"supplier", "carrier"},
	}
}

func refusal() map[string]any {
	return map[string]any{"inviterBlockchainId": inviter, "channelName": "trade", "accept": false}
}

func TestInvitationIsSentOnce(t *testing.T) {
	for _, tt := range []struct {
		name    string
		members []string
		op      providers.Operation
		resumed bool
		sent    int
		status  any // of what is there in the end; nil: it failed
	}{
		{"nobody was invited", []string{noMembers, noMembers, membersOf("waiting", "")}, providers.Operation{}, false, 1, "waiting"},
		{"invited by somebody else", []string{membersOf("waiting", "")}, providers.Operation{}, false, 0, nil},
		{"the answer was lost", []string{membersOf("waiting", "")}, providers.Operation{Stage: "send"}, true, 0, "waiting"},
		{"the request was lost", []string{noMembers, noMembers, noMembers, membersOf("", "")}, providers.Operation{Stage: "send"}, true, 1, "waiting"},
		{"accepted meanwhile, without a word of it", []string{noMembers, membersOf("", "x")}, providers.Operation{}, false, 1, "agreed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, reg := start(t, map[string][]string{listMembers: tt.members, invite: {success}})
			p, err := providertest.Drive(t.Context(), reg["BCS.Invitation"], creation("BCS.Invitation", invitation()), tt.op, tt.resumed)
			switch {
			case tt.status == nil:
				if e := providertest.Failure(t, err); e.Kind != providers.Conflict || !strings.Contains(e.Advice, "import NODE "+network+"/trade/partner") {
					t.Errorf("%+v", e)
				}
			case err != nil:
				t.Error(err)
			case p.Object.ID != network+"/trade/partner" || p.Object.Attributes["status"] != tt.status ||
				p.Object.Attributes["inviterTenantId"] != "account" || p.Object.Attributes["inviterProjectId"] != "project":
				t.Errorf("%+v", p.Object)
			}
			if len(s.Sent()) != tt.sent {
				t.Errorf("sent %v", s.Sent())
			}
		})
	}
}

func TestInvitationIsTakenAway(t *testing.T) {
	for _, tt := range []struct {
		name    string
		members []string
		want    string // what is sent; "": nothing
		kind    providers.Kind
	}{
		{"waiting", []string{membersOf("waiting", ""), membersOf("waiting", ""), noMembers}, `{"invited_user":"partner","status":"waiting"}`, ""},
		{"quit", []string{membersOf("quit", "x"), noMembers}, `{"invited_user":"partner","status":"quit","invited_bcs_id":"x"}`, ""},
		{"released", []string{membersOf("released", "x"), noMembers}, `{"invited_user":"partner","status":"released","invited_bcs_id":"x"}`, ""},
		{"a member", []string{membersOf("agreed", "x")}, "", providers.Conflict},
		{"gone", []string{noMembers}, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, reg := start(t, map[string][]string{listMembers: tt.members, withdraw: {success}})
			_, err := providertest.Drive(t.Context(), reg["BCS.Invitation"], deletion("BCS.Invitation", network+"/trade/partner", invitation()), providers.Operation{}, false)
			if tt.kind != "" && providertest.Failure(t, err).Kind != tt.kind || tt.kind == "" && err != nil {
				t.Error(err)
			}
			switch sent := s.Bodies(); {
			case tt.want == "" && len(sent) == 0:
			case len(sent) != 1 || !strings.Contains(sent[0], tt.want):
				t.Errorf("sent %v, want %s", sent, tt.want)
			}
		})
	}
}

func TestInvitationIsAccepted(t *testing.T) {
	s, reg := start(t, map[string][]string{
		listNotifications: {notified("waiting", ""), notified("waiting", ""), notified("waiting", ""), notified("agreed", network)},
		operations:        {unionRecord("of before", "finished"), unionRecord("of before", "finished"), unionRecord("new", "processing"), unionRecord("new", "finished")},
		show:              {detail("Normal", "")}, answer: {success},
	})
	p, err := providertest.Drive(t.Context(), reg["BCS.InvitationResponse"], creation("BCS.InvitationResponse", acceptance()), providers.Operation{}, false)
	if err != nil {
		t.Fatal(err)
	}
	var body map[string]any
	if err := json.Unmarshal([]byte(s.Bodies()[0]), &body); err != nil || len(s.Sent()) != 1 {
		t.Fatalf("sent %v, %v", s.Sent(), err)
	}
	want := map[string]any{
		"channel_name": "trade", "status": "agreed",
		"invitor_info": map[string]any{"invitor_bcs_id": inviter, "invitor_bcs_name": "host", "invitor_project_id": "project", "invitor_user_id": "account"},
		"invitee_info": map[string]any{"invitee_bcs_id": network, "invitee_bcs_name": "ledger", "invitee_project_id": providertest.Project, "invitee_user_id": "own-account"},
		"invited_orgs": []any{map[string]any{"name": "supplier"}, map[string]any{"name": "carrier"}},
	}
	if diff := cmp.Diff(want, body); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(acceptance(), p.Object.Properties); diff != "" || p.Object.ID != inviter+"/trade" {
		t.Errorf("%s: %s", p.Object.ID, diff)
	}
}

func TestAcceptance(t *testing.T) {
	before := map[string]string{"before": "of before"}
	sending := providers.Operation{Stage: "send", Note: before}
	for _, tt := range []struct {
		name          string
		op            providers.Operation
		resumed       bool
		notifications []string
		records       []string
		sent          int
		kind          providers.Kind
		text          string
	}{
		{name: "never invited", notifications: []string{noNotifications}, kind: providers.Invalid, text: "nobody has invited"},
		{name: "taken back", notifications: []string{notified("released", "")}, kind: providers.Invalid, text: "any more: it is released"},
		{name: "accepted before", notifications: []string{notified("agreed", "another")}, kind: providers.Conflict, text: "accepted already, for network another"},
		{
			name: "its work fails", op: sending, sent: 1, kind: providers.Failed, text: "the channel is full",
			notifications: []string{notified("waiting", "")}, records: []string{unionRecord("new", "failed")},
		},
		{
			name: "the answer was lost, the work runs", op: sending, resumed: true,
			notifications: []string{notified("waiting", ""), notified("agreed", network)},
			records:       []string{unionRecord("new", "processing"), unionRecord("new", "finished")},
		},
		{
			name: "the answer was lost, the work is over", op: sending, resumed: true,
			notifications: []string{notified("agreed", network)}, records: []string{noRecord},
		},
		{
			name: "the request was lost", op: sending, resumed: true, sent: 1,
			notifications: append(slices.Repeat([]string{notified("waiting", "")}, 5), notified("agreed", network)),
			records:       []string{unionRecord("of before", "finished")},
		},
		{
			name: "taken back meanwhile", op: sending, sent: 1, kind: providers.Failed, text: "by somebody else",
			notifications: []string{notified("waiting", ""), notified("canceled", "")}, records: []string{noRecord},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, reg := start(t, map[string][]string{
				listNotifications: tt.notifications, operations: tt.records, show: {detail("Normal", "")}, answer: {success},
			})
			p, err := providertest.Drive(t.Context(), reg["BCS.InvitationResponse"], creation("BCS.InvitationResponse", acceptance()), tt.op, tt.resumed)
			if tt.kind == "" {
				if err != nil || p.Object.Attributes["status"] != "agreed" {
					t.Errorf("%+v, %v", p, err)
				}
			} else if e := providertest.Failure(t, err); e.Kind != tt.kind || !strings.Contains(e.Message, tt.text) {
				t.Errorf("%+v", e)
			}
			if len(s.Sent()) != tt.sent {
				t.Errorf("sent %v", s.Sent())
			}
		})
	}
}

func TestRefusal(t *testing.T) {
	for _, tt := range []struct {
		name          string
		notifications []string
		sent          int
	}{
		{"of what waits", []string{notified("waiting", ""), notified("waiting", ""), notified("reject", "")}, 1},
		{"of what was declined", []string{notified("reject", "")}, 0},
		{"of what was left", []string{notified("quit", network)}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, reg := start(t, map[string][]string{listNotifications: tt.notifications, answer: {success}})
			p, err := providertest.Drive(t.Context(), reg["BCS.InvitationResponse"], creation("BCS.InvitationResponse", refusal()), providers.Operation{}, false)
			if err != nil || p.Object.Properties["accept"] != false {
				t.Fatalf("%+v, %v", p, err)
			}
			if len(s.Sent()) != tt.sent || tt.sent == 1 && strings.Contains(s.Bodies()[0], "invitee_info") {
				t.Errorf("sent %v", s.Sent())
			}
		})
	}
}

func TestMembershipOfAConsortiumIsLeft(t *testing.T) {
	for _, tt := range []struct {
		name          string
		properties    map[string]any
		notifications []string
		sent          []string
	}{
		{"a member", acceptance(), []string{notified("agreed", network), notified("agreed", network), notified("quit", network)}, []string{
			quit + ` {"inviter_bcsid":"` + inviter + `","inviter_projectid":"project","inviter_domainid":"account","inviter_username":"emulator",` +
				`"channel_name":"trade","invitee_bcsid":"` + network + `","invitee_projectid":"` + providertest.Project + `","invitee_domainid":"own-account"}`,
		}},
		{"released", acceptance(), []string{notified("released", network)}, nil},
		{"a member with another network", acceptance(), []string{notified("agreed", "another")}, nil},
		{"a refusal", refusal(), nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, reg := start(t, map[string][]string{
				listNotifications: tt.notifications, quit: {`{"result":"success","operation_id":"leaves"}`}, operations: {unionRecord("leaves", "finished")},
			})
			_, err := providertest.Drive(t.Context(), reg["BCS.InvitationResponse"], deletion("BCS.InvitationResponse", inviter+"/trade", tt.properties), providers.Operation{}, false)
			if err != nil || !slices.Equal(lines(s), tt.sent) {
				t.Errorf("%v, sent %v", err, lines(s))
			}
		})
	}
}

func TestReadOfAnAnswer(t *testing.T) {
	for _, tt := range []struct {
		name         string
		notification string
		recorded     map[string]any // nil: an import
		want         any            // accept, as read; nil: there is no answer
	}{
		{"a member", notified("agreed", network), acceptance(), true},
		{"a member is imported", notified("agreed", network), nil, true},
		{"a refusal", notified("reject", ""), refusal(), false},
		{"a refusal is imported", notified("reject", ""), nil, false},
		{"a refusal of what was taken back", notified("canceled", ""), refusal(), false},
		{"what was accepted instead", notified("agreed", network), refusal(), true},
		{"what was declined instead", notified("reject", ""), acceptance(), nil},
		{"a member that was released", notified("released", network), acceptance(), nil},
		{"what waits again", notified("waiting", ""), refusal(), nil},
		{"nothing", noNotifications, refusal(), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, reg := start(t, map[string][]string{listNotifications: {tt.notification}})
			o, err := reg["BCS.InvitationResponse"].Read(t.Context(), &providers.Request{ObjectID: inviter + "/trade", Properties: tt.recorded, Prior: tt.recorded})
			if tt.want == nil {
				if providertest.Failure(t, err).Kind != providers.NotFound {
					t.Error(err)
				}
			} else if err != nil || o.Properties["accept"] != tt.want {
				t.Errorf("%+v, %v", o, err)
			}
		})
	}
}

func TestPreflightOfInvitations(t *testing.T) {
	_, reg := start(t, map[string][]string{listMembers: {membersOf("agreed", "x")}, listNotifications: {notified("released", network)}})
	at := func(action providers.Action, node, id string, properties map[string]any) *providers.Request {
		return &providers.Request{Action: action, Node: node, ObjectID: id, Properties: properties}
	}
	other := invitation()
	other["tenantName"] = "nobody"
	along := at(providers.Delete, "along", network+"/trade/partner", invitation())
	along.Along = true
	for _, tt := range []struct {
		typ  string
		reqs []*providers.Request
		want []string
	}{
		{"BCS.Invitation", []*providers.Request{
			at(providers.Create, "again", "", invitation()), at(providers.Create, "new", "", other),
		}, []string{"again: partner is invited to channel trade already; the invitation is agreed."}},
		{"BCS.Invitation", []*providers.Request{along}, nil},
		{"BCS.Invitation", []*providers.Request{
			at(providers.Delete, "replaced", network+"/trade/partner", invitation()), at(providers.Create, "replaced", "", invitation()),
		}, []string{"replaced: partner is a member of channel trade; the service takes no invitation away that was accepted."}},
		{"BCS.InvitationResponse", []*providers.Request{
			at(providers.Create, "joins", "", acceptance()), at(providers.Create, "declines", "", refusal()),
			at(providers.Create, "unknown", "", map[string]any{"channelName": "trade", "accept": true}),
		}, []string{"joins: The invitation to channel trade can't be accepted any more: it is released."}},
	} {
		found, err := reg[tt.typ].(providers.Preflighter).Preflight(t.Context(), tt.reqs)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range found {
			got = append(got, f.Node+": "+f.Message)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestInviteeFitsItsInviter(t *testing.T) {
	of := func(text string) string {
		return `{"notifications":[{"channel_name":"trade","status":"waiting","invitor_info":{"invitor_bcs_id":"` + inviter + `",` + text + `}}]}`
	}
	for _, tt := range []struct {
		name    string
		inviter string
		want    []string
	}{
		{"as it should be", of(`"invitor_consensus":"sflic","invitor_signature_algorithm":"ECDSA","invitor_fabric_version":"2.2","invitor_id":"a","invitor_project_id":"p"`), nil},
		{"nothing is told", of(`"invitor_consensus":""`), nil},
		{"not invited", noNotifications, nil},
		{"everything else", of(`"invitor_consensus":"etcdraft","invitor_signature_algorithm":"sm2","invitor_fabric_version":"1.4","invitor_id":"b","invitor_project_id":"q"`), []string{
			"consensus: The consensus of the inviter is etcdraft, not SFLIC.",
			"fabricVersion: The version of Fabric of the inviter is 1.4, not 2.2.",
			"invitorInfos.projectId: The project of the inviter is q, not p.",
			"invitorInfos.tenantId: The account of the inviter is b, not a.",
			"signAlgorithm: The cryptography of the inviter is sm2, not ECDSA.",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, reg := start(t, map[string][]string{
				listNotifications: {tt.inviter}, list: {notThere}, "GET quotas": {`{"resources":[]}`},
			})
			req := creation("BCS.Instance", map[string]any{
				"name": "ledger", "versionType": int64(2), "consensus": "SFLIC", "signAlgorithm": "ECDSA", "fabricVersion": "2.2", "isInvitee": true,
				"invitorInfos": map[string]any{"tenantId": "a", "projectId": "p", "blockchainId": inviter},
			})
			found, err := reg["BCS.Instance"].(providers.Preflighter).Preflight(t.Context(), []*providers.Request{req})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range found {
				got = append(got, f.Property+": "+f.Message)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

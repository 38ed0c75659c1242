package bcs_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/providertest"
)

// Work that runs after a lost deletion may be anybody's: only that the object is
// gone ends the deletion, and what is still there is removed.
func TestRemovalNeedsEvidence(t *testing.T) {
	const deleteChannel = "DELETE blockchains/" + network + "/channel/trade"
	const quitChannel = "PUT blockchains/" + network + "/trade/orgs/quit"
	const there, without = `{"name":"trade","peers":{"bank":["peer-0"]}}`, `{"name":"trade","peers":{}}`
	removed := update + ` {"node_orgs":[{"name":"bank","node_count":2}],"is_delete_org":true}`
	channelsOf := func(one string) string { return `{"channels":[` + one + `]}` }
	running, over, failed := record("other", "processing"), record("other", "finished"), record("other", "failed")
	ours := record("ours", "finished")
	for name, tt := range map[string]struct {
		req              *providers.Request
		op               providers.Operation
		resumed          bool
		look             string
		seen, operations []string
		sent             []string
	}{
		"organization, work of somebody else": {
			req: deletion("BCS.Organization", network+"/bank", org(2)), resumed: true,
			look: show, seen: []string{detail("Normal", "", "bank:2"), detail("Normal", "")},
			operations: []string{running, over, ours}, sent: []string{removed},
		},
		"organization, somebody's work fails": {
			req: deletion("BCS.Organization", network+"/bank", org(2)), resumed: true,
			look: show, seen: []string{detail("Normal", "", "bank:2"), detail("Normal", "")},
			operations: []string{running, failed, ours}, sent: []string{removed},
		},
		"organization, the work was its own": {
			req: deletion("BCS.Organization", network+"/bank", org(2)), resumed: true,
			look: show, seen: []string{detail("Normal", "")}, operations: []string{running, over},
		},
		"organization, shown for a while": {
			req:  deletion("BCS.Organization", network+"/bank", org(2)),
			look: show, seen: []string{detail("Normal", "", "bank:2"), detail("Normal", "", "bank:2"), detail("Normal", "")},
			operations: []string{ours}, sent: []string{removed},
		},
		"channel": {
			req:     deletion("BCS.Channel", network+"/trade", map[string]any{"blockchainId": network, "name": "trade"}),
			resumed: true, look: channels, seen: []string{channelsOf(there), channelsOf("")},
			operations: []string{running, over, ours}, sent: []string{deleteChannel},
		},
		"membership": {
			req: deletion("BCS.ChannelMembership", network+"/trade/bank", membership(2)), resumed: true,
			look: channels, seen: []string{channelsOf(there), channelsOf(without)},
			operations: []string{running, over, ours}, sent: []string{quitChannel + ` {"org_names":["bank"]}`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, reg := start(t, map[string][]string{
				tt.look: tt.seen, operations: tt.operations, nodes: {`{"node_orgs":{}}`},
				update: {`{"operation_id":"ours"}`}, quitChannel: {`{"operation_id":"ours"}`},
				deleteChannel: {`{"operation_id":"ours"}`},
			})
			p, err := providertest.Drive(t.Context(), reg[tt.req.Type], tt.req, tt.op, tt.resumed)
			if err != nil || !p.Done {
				t.Errorf("%+v, %v", p, err)
			}
			if diff := cmp.Diff(tt.sent, lines(s)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// An answer that says nothing, or is about something else, is no evidence.
func TestNothingSaidIsNoEvidence(t *testing.T) {
	for name, answers := range map[string]map[string][]string{
		"no fields":         {show: {`{}`}, channels: {`{}`}},
		"null":              {show: {detail("Normal", "")}, channels: {`null`}},
		"a channel unnamed": {show: {detail("Normal", "")}, channels: {`{"channels":[{"name":null}]}`}},
		"another network":   {show: {`{"basic_info":{"id":"other"}}`}, channels: {`{}`}},
	} {
		t.Run(name, func(t *testing.T) {
			s, reg := start(t, answers)
			req := deletion("BCS.Channel", network+"/trade", map[string]any{"blockchainId": network, "name": "trade"})
			p, err := reg[req.Type].Advance(t.Context(), req, providers.Operation{}, false)
			if e := providertest.Failure(t, err); e.Kind != providers.Unexpected || p.Done || len(s.Sent()) != 0 {
				t.Errorf("%+v, %+v, sent %v", e, p, s.Sent())
			}
		})
	}
	t.Run("a network without channels", func(t *testing.T) {
		_, reg := start(t, map[string][]string{show: {detail("Normal", "")}, channels: {`{}`}})
		_, err := reg["BCS.Channel"].Read(t.Context(), &providers.Request{ObjectID: network + "/trade"})
		if e := providertest.Failure(t, err); e.Kind != providers.NotFound {
			t.Errorf("%+v", e)
		}
	})
}

// While it is settled what an earlier execution left, the work that runs is
// waited for, and nothing is sent after it.
func TestOtherWorkIsSettled(t *testing.T) {
	other := providers.Operation{Stage: "other", ID: "other"}
	for name, tt := range map[string]struct {
		req  *providers.Request
		op   providers.Operation
		kind providers.Kind
	}{
		"deletion": {deletion("BCS.Organization", network+"/bank", org(1)), other, providers.Failed},
		"scaling":  {&providers.Request{Action: providers.Update, Type: "BCS.Organization", Properties: org(1), Prior: org(2), ObjectID: network + "/bank"}, other, ""},
		"its peers have left": {
			&providers.Request{Action: providers.Update, Type: "BCS.Organization", Properties: org(1), Prior: org(2), ObjectID: network + "/bank"},
			providers.Operation{Stage: "leaving", ID: "other"}, "",
		},
		"joining": {&providers.Request{Action: providers.Update, Type: "BCS.ChannelMembership", Properties: membership(3), Prior: membership(1), ObjectID: network + "/trade/bank"}, other, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, reg := start(t, map[string][]string{
				show: {detail("Normal", "", "bank:2")}, channels: {members(2)}, nodes: {`{"node_orgs":{}}`},
				operations: {record("other", "processing"), record("other", "finished")},
			})
			tt.req.Settling = true
			p, err := providertest.Drive(t.Context(), reg[tt.req.Type], tt.req, tt.op, true)
			if tt.kind != "" {
				if providertest.Failure(t, err).Kind != tt.kind {
					t.Errorf("%v", err)
				}
			} else if err != nil || !p.Done || p.Object == nil {
				t.Errorf("%+v, %v", p, err)
			}
			if len(s.Sent()) != 0 {
				t.Errorf("sent %v", s.Sent())
			}
		})
	}
}

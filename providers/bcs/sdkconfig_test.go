package bcs_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/providertest"
)

const downloadConfig = "POST blockchains/" + network + "/sdk-cfg"

// inChannels is the detail of a network whose channels have peers: by hash, as the
// reference's example, and by name, as its table.
func inChannels() string {
	return `{"basic_info":{"id":"` + network + `"},"peer_info":[{"name":"bank"},{"name":"trader"}],"channels":[
		{"name":"trade","org_names":["trader","bank"],"org_name_hash":["trader:9a","bank:8b"],
		 "peers":{"8b":["peer-8b-10.peer-8b.svc","peer-8b-2.peer-8b.svc"],"9a":["peer-9a-0.peer-9a.svc"]}},
		{"name":"docs","peers":{"bank":["peer-8b-2.peer-8b.svc","peer-8b-0.peer-8b.svc"]}},
		{"name":"other","peers":{"bank":["peer-8b-5.peer-8b.svc"]}}]}`
}

func config(channels ...any) map[string]any {
	return map[string]any{
		"blockchainId": network, "organizationNames": []any{"bank"}, "channels": channels, "certPath": "/opt", "members": map[string]any{},
	}
}

func inChannel(name string, chaincodes ...any) map[string]any {
	return map[string]any{"channelName": name, "chaincodeNames": chaincodes}
}

func TestConfigOfAClient(t *testing.T) {
	joined := config(inChannel("trade", "tradecc"))
	joined["members"] = map[string]any{"partner": []any{"0a1b2c"}}
	for _, tt := range []struct {
		name       string
		properties map[string]any
		want       map[string]any
	}{
		{"one chaincode", config(inChannel("trade", "tradecc")), map[string]any{
			"chaincode_name": "tradecc", "channel_name": "trade", "cert_path": "/opt",
			"peer_orgs": map[string]any{"bank": []any{"peer-8b-2.peer-8b.svc", "peer-8b-10.peer-8b.svc"}},
		}},
		{"another tenant's organization", joined, map[string]any{
			"chaincode_name": "tradecc", "channel_name": "trade", "cert_path": "/opt", "union_info": map[string]any{"partner": []any{"0a1b2c"}},
			"peer_orgs": map[string]any{"bank": []any{"peer-8b-2.peer-8b.svc", "peer-8b-10.peer-8b.svc"}},
		}},
		{"several channels", config(inChannel("trade", "tradecc"), inChannel("docs", "papercc")), map[string]any{
			"chaincode_name": "", "channel_name": "", "cert_path": "/opt", "is_multi_chan": true,
			"channel_chaincode": map[string]any{"trade": []any{"tradecc"}, "docs": []any{"papercc"}},
			"peer_orgs":         map[string]any{"bank": []any{"peer-8b-0.peer-8b.svc", "peer-8b-2.peer-8b.svc", "peer-8b-10.peer-8b.svc"}},
		}},
		{"several chaincodes", config(inChannel("docs", "papercc", "moneycc")), map[string]any{
			"chaincode_name": "", "channel_name": "", "cert_path": "/opt", "is_multi_chan": true,
			"channel_chaincode": map[string]any{"docs": []any{"papercc", "moneycc"}},
			"peer_orgs":         map[string]any{"bank": []any{"peer-8b-0.peer-8b.svc", "peer-8b-2.peer-8b.svc"}},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, reg := start(t, map[string][]string{show: {inChannels()}, downloadConfig: {"PK\x03\x04rest"}})
			p, err := providertest.Drive(t.Context(), reg["BCS.SdkConfig"], creation("BCS.SdkConfig", tt.properties), providers.Operation{}, false)
			if err != nil {
				t.Fatal(err)
			}
			if p.Object.ID != network+"/bank" || p.Object.Attributes["archive"] != "UEsDBHJlc3Q=" {
				t.Errorf("%+v", p.Object)
			}
			var body map[string]any
			if err := json.Unmarshal([]byte(s.Bodies()[0]), &body); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, body); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestConfigOfWhoIsInNoChannel(t *testing.T) {
	s, reg := start(t, map[string][]string{show: {inChannels()}})
	properties := config(inChannel("trade", "tradecc"))
	properties["organizationNames"] = []any{"bank", "auditor"}
	_, err := providertest.Drive(t.Context(), reg["BCS.SdkConfig"], creation("BCS.SdkConfig", properties), providers.Operation{}, false)
	if e := providertest.Failure(t, err); e.Kind != providers.Invalid || !strings.Contains(e.Message, "auditor has no peers") || len(s.Sent()) > 0 {
		t.Errorf("%+v, sent %v", e, s.Sent())
	}
}

func TestReadOfDownloads(t *testing.T) {
	_, reg := start(t, map[string][]string{show: {inChannels()}})
	attributes := map[string]any{"archive": "UEsDBHJlc3Q=", "sha256": "5f"}
	for _, tt := range []struct {
		typ, id string
		have    map[string]any
		want    providers.Kind // "": it is there
	}{
		{"BCS.SdkConfig", network + "/bank+trader", attributes, ""},
		{"BCS.SdkConfig", network + "/bank+auditor", attributes, providers.NotFound},
		{"BCS.SdkConfig", network + "/bank", nil, providers.Invalid},
		{"BCS.SdkConfig", network, attributes, providers.Invalid},
		{"BCS.Certificates", network + "/bank/admin", attributes, ""},
		{"BCS.Certificates", network + "/orderer/ca", attributes, ""},
		{"BCS.Certificates", network + "/auditor/ca", attributes, providers.NotFound},
		{"BCS.Certificates", network + "/bank/ca", nil, providers.Invalid},
		{"BCS.Certificates", network + "/bank", attributes, providers.Invalid},
	} {
		o, err := reg[tt.typ].Read(t.Context(), &providers.Request{ObjectID: tt.id, Attributes: tt.have})
		if tt.want == "" {
			if err != nil || o.Attributes["sha256"] != "5f" {
				t.Errorf("%s %s: %+v, %v", tt.typ, tt.id, o, err)
			}
		} else if providertest.Failure(t, err).Kind != tt.want {
			t.Errorf("%s %s: %v", tt.typ, tt.id, err)
		}
	}
}

func TestCertificatesOfAnOrganization(t *testing.T) {
	const download = "GET blockchains/" + network + "/cert"
	_, reg := start(t, map[string][]string{download: {"PK\x03\x04rest"}})
	properties := map[string]any{"blockchainId": network, "organizationName": "bank", "certType": "ca"}
	p, err := providertest.Drive(t.Context(), reg["BCS.Certificates"], creation("BCS.Certificates", properties), providers.Operation{}, false)
	if err != nil {
		t.Fatal(err)
	}
	if p.Object.ID != network+"/bank/ca" || p.Object.Attributes["archive"] != "UEsDBHJlc3Q=" {
		t.Errorf("%+v", p.Object)
	}
}

package providertest_test

import (
	"testing"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/emulator"
	"github.com/orchestrate-tosca/orchestrate/providers/providertest"
)

// anything are all actions.
var anything = []providers.Action{providers.Create, providers.Update, providers.Delete}

var bcsSubjects = []subject{
	{"BCS.Instance", "", func(b *bench) providertest.Config {
		return providertest.Config{
			Properties: b.ledger("suite-01"), Change: map[string]any{"deleteStorage": true},
			Unread: []string{
				"createNewCluster", "deleteIef", "deleteObs", "deleteResource", "deleteStorage", "enterpriseProjectId", "isInvitee",
				"peerOrgs", "resourcePassword", "restfulApiSupport", "tc3Need", "useEip", "volumeType",
			},
			Missing: nowhere, Works: []providers.Action{providers.Create, providers.Delete},
		}
	}},
	{"BCS.Organization", "", func(b *bench) providertest.Config { return organization(b, 1, 2) }},
	{"BCS.Organization", "that shrinks", func(b *bench) providertest.Config { return organization(b, 2, 1) }},
	{"BCS.Channel", "", func(b *bench) providertest.Config {
		id := network(b)
		return providertest.Config{
			Properties: map[string]any{"blockchainId": id, "name": "docs", "description": "papers"},
			Missing:    id + "/none", Works: []providers.Action{providers.Create, providers.Delete},
		}
	}},
	{"BCS.ChannelMembership", "", func(b *bench) providertest.Config { return member(b, 1, 2) }},
	{"BCS.ChannelMembership", "that shrinks", func(b *bench) providertest.Config { return member(b, 2, 1) }},
	{"BCS.UserCertificate", "", func(b *bench) providertest.Config {
		id := network(b)
		return providertest.Config{
			Properties: map[string]any{"blockchainId": id, "organizationName": "base", "userName": "baseapp", "securityMode": false},
			Change:     map[string]any{"frozen": true},
			Missing:    id + "/none/baseapp",
			Forgotten:  true, Repeatable: true, Nameless: true, NotImported: true,
		}
	}},
	{"BCS.UserCertificate", "that is made frozen", func(b *bench) providertest.Config {
		id := network(b)
		return providertest.Config{
			Properties: map[string]any{"blockchainId": id, "organizationName": "base", "userName": "baseapp", "securityMode": false, "frozen": true},
			Change:     map[string]any{"frozen": false},
			Missing:    id + "/none/baseapp",
			Forgotten:  true, Repeatable: true, Nameless: true, NotImported: true,
		}
	}},
	{"BCS.Certificates", "", func(b *bench) providertest.Config {
		id := network(b)
		return providertest.Config{
			Properties: map[string]any{"blockchainId": id, "organizationName": "base", "certType": "admin"},
			Missing:    id + "/none/admin",
			Forgotten:  true, Repeatable: true, Nameless: true, NotImported: true,
		}
	}},
	{"BCS.SdkConfig", "", func(b *bench) providertest.Config {
		id := network(b)
		b.make("BCS.ChannelMembership", "member", map[string]any{"blockchainId": id, "channelName": "trade", "organizationName": "base", "peerCount": int64(2)})
		return providertest.Config{
			Properties: map[string]any{
				"blockchainId": id, "organizationNames": []any{"base"}, "certPath": "/opt/certs", "members": map[string]any{},
				"channels": []any{map[string]any{"channelName": "trade", "chaincodeNames": []any{"papers"}}},
			},
			Change: map[string]any{
				"certPath": "/opt/others",
				"channels": []any{map[string]any{"channelName": "trade", "chaincodeNames": []any{"papers", "orders"}}},
			},
			Missing:   id + "/none",
			Forgotten: true, Repeatable: true, Nameless: true, NotImported: true,
		}
	}},
	{"BCS.Invitation", "", func(b *bench) providertest.Config {
		id := network(b)
		return providertest.Config{
			Properties: map[string]any{"blockchainId": id, "channelName": "trade", "tenantName": b.given("tenant", emulator.PartnerUserName)},
			Missing:    id + "/trade/nobody",
		}
	}},
	{"BCS.InvitationResponse", "", func(b *bench) providertest.Config {
		cfg := response(b)
		cfg.Works = []providers.Action{providers.Create, providers.Delete}
		return cfg
	}},
	{"BCS.InvitationResponse", "that declines", func(b *bench) providertest.Config {
		cfg := response(b)
		cfg.Properties = with(cfg.Properties, map[string]any{"accept": false, "blockchainId": nil, "organizationNames": nil})
		cfg.Forgotten = true
		return cfg
	}},
}

// response is what an invited tenant answers. After each answer another invitation
// is needed.
func response(b *bench) providertest.Config {
	host := b.partner()
	inviting := network(host)
	invitation := map[string]any{"blockchainId": inviting, "channelName": "trade", "tenantName": b.given("name", emulator.DefaultUserName)}
	invited := host.make("BCS.Invitation", "guest", invitation)

	order := b.ledger("suite-03")
	order["isInvitee"] = true
	order["invitorInfos"] = map[string]any{
		"tenantId": invited.Attributes["inviterTenantId"], "projectId": invited.Attributes["inviterProjectId"], "blockchainId": inviting,
	}
	own := b.make("BCS.Instance", "own", order).ID
	b.make("BCS.Organization", "supplier", map[string]any{"blockchainId": own, "name": "supplier", "nodeCount": int64(1), "pvcName": "pvc-supplier"})
	return providertest.Config{
		Properties: map[string]any{
			"blockchainId": own, "inviterBlockchainId": inviting, "channelName": "trade", "accept": true, "organizationNames": []any{"supplier"},
		},
		Missing: inviting + "/none",
		Ready: func(t *testing.T, partner func(string) providertest.Cloud) {
			old := &providers.Request{
				Action: providers.Delete, Type: "BCS.Invitation", ObjectID: invited.ID, Properties: invitation, Prior: invitation, Attributes: invited.Attributes,
			}
			if partner("BCS.Invitation").Remove(t, old) == nil { // it stays while it is accepted
				partner("BCS.Invitation").Make(t, "BCS.Invitation", "guest", invitation)
			}
		},
	}
}

// ledger are the properties of a network on a cluster that is there.
func (b *bench) ledger(name string) map[string]any {
	p := ledger(name)
	p["name"] = b.name(name)
	cluster, ok := p["cceClusterInfo"].(map[string]any)
	if !ok {
		b.t.Fatalf("%v has no cluster", p)
	}
	cluster["clusterId"] = b.given("cluster", providers.Text(cluster["clusterId"]))
	cluster["clusterName"] = b.given("cluster-name", providers.Text(cluster["clusterName"]))
	return p
}

// network makes a network with an organization and a channel.
func network(b *bench) string {
	id := b.make("BCS.Instance", "ledger", b.ledger("suite-02")).ID
	b.make("BCS.Organization", "base", map[string]any{"blockchainId": id, "name": "base", "nodeCount": int64(2), "pvcName": "pvc-base"})
	b.make("BCS.Channel", "trade", map[string]any{"blockchainId": id, "name": "trade", "description": ""})
	return id
}

func organization(b *bench, first, then int64) providertest.Config {
	id := network(b)
	return providertest.Config{
		Properties: map[string]any{"blockchainId": id, "name": "bank", "nodeCount": first, "pvcName": "pvc-bank"},
		Change:     map[string]any{"nodeCount": then},
		Missing:    id + "/none", Works: anything,
	}
}

func member(b *bench, first, then int64) providertest.Config {
	id := network(b)
	return providertest.Config{
		Properties: map[string]any{"blockchainId": id, "channelName": "trade", "organizationName": "base", "peerCount": first},
		Change:     map[string]any{"peerCount": then},
		Missing:    id + "/trade/none", Works: anything,
	}
}

package providertest_test

import (
	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/providertest"
)

// anything are all actions.
var anything = []providers.Action{providers.Create, providers.Update, providers.Delete}

var bcsSubjects = []subject{
	{"BCS.Instance", "", func(b *bench) providertest.Config {
		return providertest.Config{
			Properties: b.ledger("suite-01"), Change: map[string]any{"deleteStorage": true},
			Unread:  []string{"createNewCluster", "deleteStorage", "resourcePassword", "volumeType"},
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
			Change:    map[string]any{"certPath": "/opt/others"},
			Missing:   id + "/none",
			Forgotten: true, Repeatable: true, Nameless: true, NotImported: true,
		}
	}},
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

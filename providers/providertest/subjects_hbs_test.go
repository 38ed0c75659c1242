package providertest_test

import (
	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/providertest"
)

var hbsSubjects = []subject{
	{"HBS.Instance", "", func(b *bench) providertest.Config {
		return instance(chain(b.name("chain-1"), "alpha", "beta"), map[string]any{"orgs": members("beta", "gamma", "delta")})
	}},
	{"HBS.Instance", "without its leader", func(b *bench) providertest.Config {
		return instance(chain(b.name("chain-1"), "alpha", "beta"), map[string]any{"orgs": members("beta")})
	}},
	{"HBS.Instance", "Besu", func(b *bench) providertest.Config {
		return instance(with(chain(b.name("chain-1"), "alpha"), map[string]any{
			"kind": "Besu", "chainInfo": map[string]any{"consensus": "IBFT2.0", "signAlgorithm": "ecdsa_with_sha256"}, "chainEngineVersion": "22.10.3",
		}), map[string]any{"payOrder": true})
	}},
	{"HBS.Instance", "Edge", func(b *bench) providertest.Config {
		return instance(with(chain(b.name("chain-1"), "alpha"), map[string]any{"dataManagement": "Edge", "edition": "Professional"}), nil)
	}},
	{"HBS.Instance", "paid by us", func(b *bench) providertest.Config {
		return instance(with(chain(b.name("chain-1"), "alpha", "beta"), map[string]any{
			"payOrder": true, "orgOrderInfo": map[string]any{"periodType": int64(3), "periodNum": int64(1), "isAutoPay": false, "isAutoRenew": true},
		}), nil)
	}},
	{"HBS.Instance", "with the records of its jobs", func(b *bench) providertest.Config {
		return instance(with(chain(b.name("chain-1"), "alpha"), map[string]any{"deleteJobs": true}), nil)
	}},
	{"HBS.Organization", "", func(b *bench) providertest.Config { return joining(b, paid()) }},
	{"HBS.Organization", "paid by us", func(b *bench) providertest.Config {
		return joining(b, with(paid(), map[string]any{"isAutoPay": false}))
	}},
	{"HBS.Endpoint", "", func(b *bench) providertest.Config {
		id := b.make("HBS.Instance", "chain", chain(b.name("chain-1"), "alpha")).ID
		vpc := b.make("VPC.VPC", "net", map[string]any{"cidr": "10.0.0.0/16"}).ID
		part := func(node, cidr, gateway string) string {
			return b.make("VPC.Subnet", node, map[string]any{"vpcId": vpc, "cidr": cidr, "gateway": gateway}).ID
		}
		return providertest.Config{
			Properties: map[string]any{"instanceId": id, "vpcId": vpc, "subnetId": part("part", "10.0.1.0/24", "10.0.1.1")},
			Foreign:    map[string]any{"subnetId": part("other", "10.0.2.0/24", "10.0.2.1")},
			Unread:     []string{"subnetId", "vpcId"},
			Missing:    id + "/" + nowhere, Namesakes: true, Forgotten: true, // nothing tells of one that can't be made
		}
	}},
	{"HBS.Backup", "", func(b *bench) providertest.Config {
		id := b.make("HBS.Instance", "chain", chain(b.name("chain-1"), "alpha")).ID
		return providertest.Config{
			Properties: map[string]any{"instanceId": id}, Missing: nowhere, Namesakes: true, Works: []providers.Action{providers.Create},
		}
	}},
	{"HBS.BackupRule", "", func(b *bench) providertest.Config {
		id := b.make("HBS.Instance", "chain", chain(b.name("chain-1"), "alpha")).ID
		return providertest.Config{
			Properties: map[string]any{"instanceId": id, "days": int64(1)}, Change: map[string]any{"days": int64(7)},
			Missing: nowhere + "/backup-rule", Repeatable: true,
		}
	}},
	{"HBS.SdkConfig", "", func(b *bench) providertest.Config {
		id := b.make("HBS.Instance", "chain", chain(b.name("chain-1"), "alpha", "beta")).ID
		return providertest.Config{
			Properties: map[string]any{
				"instanceId": id, "organizationNames": []any{"alpha", "beta"}, "certPath": "opt/chain", "downloadCa": false, "accessMode": "StandardChannel",
			},
			Change:    map[string]any{"accessMode": "HighPerformanceChannel", "endpointIp": "10.0.0.4", "certPath": "etc/chain", "downloadCa": true},
			Missing:   nowhere + "/alpha",
			Forgotten: true, Repeatable: true, Nameless: true, NotImported: true,
		}
	}},
	{"HBS.Tags", "", func(b *bench) providertest.Config {
		id := b.make("HBS.Instance", "chain", chain(b.name("chain-1"), "alpha")).ID
		return providertest.Config{
			Properties: map[string]any{"instanceId": id, "tags": map[string]any{"team": "one", "cost": "17"}},
			Change:     map[string]any{"tags": map[string]any{"team": "two", "stage": "test"}},
			Missing:    nowhere + "/tags", Repeatable: true,
		}
	}},
	{"HBS.BesuToken", "", func(b *bench) providertest.Config {
		id := besu(b)
		return providertest.Config{
			Properties: map[string]any{"instanceId": id, "description": "explorer"}, Missing: id + "/" + nowhere,
			Repeatable: true, Namesakes: true, NotImported: true,
		}
	}},
	{"HBS.BesuCertificates", "", func(b *bench) providertest.Config {
		return providertest.Config{
			Properties: map[string]any{"instanceId": besu(b)}, Missing: nowhere + "/certificates",
			Forgotten: true, Repeatable: true, Nameless: true, NotImported: true,
		}
	}},
}

func instance(properties, change map[string]any) providertest.Config {
	return providertest.Config{
		Properties: properties, Change: change, Unread: []string{"deleteJobs", "orgOrderInfo", "payOrder"}, Missing: nowhere, Works: anything,
	}
}

func joining(b *bench, order map[string]any) providertest.Config {
	id := b.make("HBS.Instance", "chain", chain(b.name("chain-1"), "alpha")).ID
	return providertest.Config{
		Properties: map[string]any{"instanceId": id, "name": "beta", "orgOrderInfo": order, "payOrder": true},
		Unread:     []string{"orgOrderInfo", "payOrder"},
		Missing:    id + "/none", Works: []providers.Action{providers.Create, providers.Delete},
	}
}

func besu(b *bench) string {
	return b.make("HBS.Instance", "chain", with(chain(b.name("chain-1"), "alpha"), map[string]any{"kind": "Besu"})).ID
}

// paid is an order that takes the money by itself.
func paid() map[string]any {
	return map[string]any{"periodType": int64(2), "periodNum": int64(1), "isAutoPay": true, "isAutoRenew": false}
}

// chain are the properties of an instance of HBS.
func chain(name string, orgs ...string) map[string]any {
	return map[string]any{
		"name": name, "edition": "Enterprise", "dataManagement": "Cloud", "kind": "HuaweiCloudChain", "orgs": members(orgs...),
		"orgOrderInfo": paid(), "payOrder": false, "enterpriseProjectId": "0",
	}
}

func members(names ...string) []any {
	out := []any{}
	for _, name := range names {
		out = append(out, map[string]any{"name": name})
	}
	return out
}

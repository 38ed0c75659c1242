package providertest_test

import (
	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/providertest"
)

var vpcSubjects = []subject{
	{"VPC.VPC", "", func(b *bench) providertest.Config {
		return providertest.Config{
			Properties: vpcNamed(""), Change: map[string]any{"name": b.name("renamed"), "cidr": "192.168.0.0/18", "description": "new"},
			Missing: nowhere,
		}
	}},
	{"VPC.Subnet", "", func(b *bench) providertest.Config {
		return providertest.Config{
			Properties: b.part(b.make("VPC.VPC", "net", vpcNamed("")).ID),
			Change: map[string]any{
				"name": b.name("renamed"), "description": "new", "dnsList": []any{"192.168.0.3"}, "dhcpEnable": false,
			},
			Missing: nowhere, Namesakes: true, Foreign: map[string]any{"cidr": "192.168.2.0/24", "gateway": "192.168.2.1"},
		}
	}},
}

var ecsSubjects = []subject{
	{"ECS.CloudServer", "", func(b *bench) providertest.Config {
		vpc := b.make("VPC.VPC", "net", vpcNamed("")).ID
		server := serverIn(vpc, b.make("VPC.Subnet", "part", b.part(vpc)).ID)
		for property, given := range map[string]string{"availabilityZone": "zone", "flavor": "flavor", "imageId": "image", "sshKeyName": "key"} {
			server[property] = b.given(given, providers.Text(server[property]))
		}
		return providertest.Config{
			Properties: server,
			Change:     map[string]any{"name": b.name("renamed"), "description": "new"},
			Unread:     []string{"nics", "publicIP", "rootVolume"},
			Missing:    nowhere, Namesakes: true, Works: []providers.Action{providers.Create, providers.Delete},
		}
	}},
}

var ownSubjects = []subject{
	{"Orchestrate.File", "", func(*bench) providertest.Config {
		return providertest.Config{
			Properties: map[string]any{"path": "keys/user.txt", "content": "one", "encoding": "text", "mode": "0600"},
			Change:     map[string]any{"content": "dHdv", "encoding": "base64", "mode": "0400"},
			Missing:    "keys/none.txt",
			Foreign:    map[string]any{"content": "another"},
		}
	}},
	{"Orchestrate.Data", "", func(*bench) providertest.Config {
		return providertest.Config{
			Properties: map[string]any{"input": map[string]any{"a": []any{int64(1), "x", true, nil}}},
			Change:     map[string]any{"input": "new"},
			Missing:    nowhere,
			Forgotten:  true, NotImported: true, Repeatable: true, Nameless: true,
		}
	}},
}

func vpcNamed(name string) map[string]any {
	return map[string]any{"name": name, "cidr": "192.168.0.0/16", "description": "", "enterpriseProjectId": "0"}
}

func (b *bench) part(vpc string) map[string]any {
	return map[string]any{
		"name": "", "vpcId": vpc, "cidr": "192.168.1.0/24", "gateway": "192.168.1.1", "dhcpEnable": true,
		"availabilityZone": b.given("zone", "az1"), "dnsList": []any{"192.168.0.1", "192.168.0.2"},
	}
}

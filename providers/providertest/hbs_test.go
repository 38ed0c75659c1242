package providertest_test

import (
	"testing"

	"github.com/orchestrate-tosca/orchestrate/providers/providertest"
)

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

func TestHBSInstance(t *testing.T) {
	c := newCloud(t)
	unread := []string{"orgOrderInfo", "payOrder"}
	for name, change := range map[string]map[string]any{
		"organizations": {"orgs": members("beta", "gamma", "delta")},
		"leader":        {"orgs": members("beta")},
		"order":         {"payOrder": true},
	} {
		t.Run(name, func(t *testing.T) {
			c.run(t, providertest.Config{Type: "HBS.Instance", Properties: chain("chain-1", "alpha", "beta"), Change: change, Unread: unread})
		})
	}
	for name, properties := range map[string]map[string]any{
		"Besu": with(chain("chain-2", "alpha"), map[string]any{
			"kind": "Besu", "chainInfo": map[string]any{"consensus": "IBFT2.0", "signAlgorithm": "ecdsa_with_sha256"}, "chainEngineVersion": "22.10.3",
		}),
		"Edge": with(chain("chain-3", "alpha"), map[string]any{"dataManagement": "Edge", "edition": "Professional"}),
		"paid by us": with(chain("chain-4", "alpha", "beta"), map[string]any{
			"payOrder": true, "orgOrderInfo": map[string]any{"periodType": int64(3), "periodNum": int64(1), "isAutoPay": false, "isAutoRenew": true},
		}),
	} {
		t.Run(name, func(t *testing.T) {
			c.run(t, providertest.Config{Type: "HBS.Instance", Properties: properties, Unread: unread})
		})
	}
}

func TestHBSOrganization(t *testing.T) {
	c := newCloud(t)
	id := c.make(t, "HBS.Instance", "chain", chain("chain-1", "alpha")).ID
	for name, order := range map[string]map[string]any{
		"paid by itself": paid(),
		"paid by us":     with(paid(), map[string]any{"isAutoPay": false}),
	} {
		t.Run(name, func(t *testing.T) {
			c.run(t, providertest.Config{
				Type:       "HBS.Organization",
				Properties: map[string]any{"instanceId": id, "name": "beta", "orgOrderInfo": order, "payOrder": true},
				Unread:     []string{"orgOrderInfo", "payOrder"},
			})
		})
	}
}

func TestHBSEndpoint(t *testing.T) {
	c := newCloud(t)
	id := c.make(t, "HBS.Instance", "chain", chain("chain-1", "alpha")).ID
	vpcID := c.make(t, "VPC.VPC", "net", map[string]any{"cidr": "10.0.0.0/16"}).ID
	subnetID := c.make(t, "VPC.Subnet", "part", map[string]any{"vpcId": vpcID, "cidr": "10.0.1.0/24", "gateway": "10.0.1.1"}).ID
	c.run(t, providertest.Config{
		Type: "HBS.Endpoint", Properties: map[string]any{"instanceId": id, "vpcId": vpcID, "subnetId": subnetID},
		Unread: []string{"subnetId", "vpcId"}, Forgotten: true,
	})
}

func TestHBSBackup(t *testing.T) {
	c := newCloud(t)
	id := c.make(t, "HBS.Instance", "chain", chain("chain-1", "alpha")).ID
	c.run(t, providertest.Config{Type: "HBS.Backup", Properties: map[string]any{"instanceId": id}})
}

func TestHBSSdkConfig(t *testing.T) {
	c := newCloud(t)
	id := c.make(t, "HBS.Instance", "chain", chain("chain-1", "alpha", "beta")).ID
	c.run(t, providertest.Config{
		Type: "HBS.SdkConfig",
		Properties: map[string]any{
			"instanceId": id, "organizationNames": []any{"alpha", "beta"}, "certPath": "opt/chain", "downloadCa": false, "accessMode": "StandardChannel",
		},
		Change:    map[string]any{"accessMode": "HighPerformanceChannel", "endpointIp": "10.0.0.4"},
		Forgotten: true, Repeatable: true, NotImported: true,
	})
}

func TestHBSTags(t *testing.T) {
	c := newCloud(t)
	id := c.make(t, "HBS.Instance", "chain", chain("chain-1", "alpha")).ID
	c.run(t, providertest.Config{
		Type:       "HBS.Tags",
		Properties: map[string]any{"instanceId": id, "tags": map[string]any{"team": "one", "cost": "17"}},
		Change:     map[string]any{"tags": map[string]any{"team": "two", "stage": "test"}},
	})
}

func TestHBSBesu(t *testing.T) {
	c := newCloud(t)
	id := c.make(t, "HBS.Instance", "chain", with(chain("chain-1", "alpha"), map[string]any{"kind": "Besu"})).ID
	t.Run("BesuToken", func(t *testing.T) {
		c.run(t, providertest.Config{
			Type: "HBS.BesuToken", Properties: map[string]any{"instanceId": id, "description": "explorer"},
			Repeatable: true, NotImported: true,
		})
	})
	t.Run("BesuCertificates", func(t *testing.T) {
		c.run(t, providertest.Config{
			Type: "HBS.BesuCertificates", Properties: map[string]any{"instanceId": id},
			Forgotten: true, Repeatable: true, NotImported: true,
		})
	})
}

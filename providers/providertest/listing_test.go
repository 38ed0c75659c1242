package providertest_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/emulator"
	"github.com/orchestrate-tosca/orchestrate/providers/providertest"
)

// estate is what fill makes: the requests that read it, by node type.
type estate map[string][]*providers.Request

// add makes an object and keeps how to read it.
func (e estate) add(t *testing.T, c *cloud, typ, node string, properties map[string]any) string {
	t.Helper()
	o := c.make(t, typ, node, properties)
	e[typ] = append(e[typ], &providers.Request{
		Type: typ, Stack: "suite", Node: node, ObjectID: o.ID, Properties: properties, Prior: properties, Attributes: o.Attributes,
	})
	return o.ID
}

// miss adds the reading of an object that does not exist.
func (e estate) miss(typ, id string) {
	like := e[typ][0]
	e[typ] = append(e[typ], &providers.Request{
		Type: typ, Stack: "suite", Node: "missing", ObjectID: id, Properties: like.Properties, Prior: like.Prior, Attributes: like.Attributes,
	})
}

// fill makes some objects of each type.
func fill(t *testing.T, c *cloud) estate {
	t.Helper()
	e := estate{}
	fillNetworks(t, c, e)
	fillLedgers(t, c, e)
	fillChains(t, c, e)
	e.add(t, c, "Orchestrate.Data", "value", map[string]any{"input": "x"})
	return e
}

// nowhere is the ID of nothing.
const nowhere = "00000000-0000-4000-8000-00000000dead"

func fillNetworks(t *testing.T, c *cloud, e estate) {
	t.Helper()
	var vpcs, subnets []string
	for i := range 3 {
		node := fmt.Sprintf("net%d", i)
		vpcs = append(vpcs, e.add(t, c, "VPC.VPC", node, map[string]any{"name": "", "cidr": fmt.Sprintf("10.%d.0.0/16", i), "description": "", "enterpriseProjectId": "0"}))
		subnets = append(subnets, e.add(t, c, "VPC.Subnet", node+"-part", map[string]any{
			"name": "", "vpcId": vpcs[i], "cidr": fmt.Sprintf("10.%d.1.0/24", i), "gateway": fmt.Sprintf("10.%d.1.1", i), "dhcpEnable": true, "description": "",
		}))
		server := serverIn(vpcs[i], subnets[i])
		if i == 1 {
			delete(server, "publicIP")
		}
		e.add(t, c, "ECS.CloudServer", node+"-server", server)
	}
	for _, typ := range []string{"VPC.VPC", "VPC.Subnet", "ECS.CloudServer"} {
		e.miss(typ, nowhere)
	}
}

func serverIn(vpc, subnet string) map[string]any {
	return map[string]any{
		"name": "", "description": "", "availabilityZone": "az1", "flavor": "s6.large.2", "imageId": "1189efbf-d48b-46ad-a823-94b942e2a000", "vpcId": vpc,
		"nics":       []any{map[string]any{"subnetId": subnet}},
		"rootVolume": map[string]any{"volumeType": "SAS"},
		"publicIP": map[string]any{"eip": map[string]any{
			"ipType": "5_bgp", "bandwidth": map[string]any{"shareType": "PER", "size": int64(1)},
		}},
		"sshKeyName": "key", "enterpriseProjectId": "0",
	}
}

func fillLedgers(t *testing.T, c *cloud, e estate) {
	t.Helper()
	for _, name := range []string{"ledger-01", "ledger-02"} {
		id := e.add(t, c, "BCS.Instance", name, ledger(name))
		for _, org := range []string{"bank", "shop"} {
			e.add(t, c, "BCS.Organization", name+org, map[string]any{"blockchainId": id, "name": org, "nodeCount": int64(2), "pvcName": "pvc-" + org})
		}
		e.add(t, c, "BCS.Channel", name+"trade", map[string]any{"blockchainId": id, "name": "trade", "description": ""})
		for _, org := range []string{"bank", "shop"} {
			e.add(t, c, "BCS.ChannelMembership", name+org+"trade", map[string]any{
				"blockchainId": id, "channelName": "trade", "organizationName": org, "peerCount": int64(1),
			})
		}
		e.add(t, c, "BCS.UserCertificate", name+"user", map[string]any{
			"blockchainId": id, "organizationName": "bank", "userName": "bankuser", "securityMode": false,
		})
		for typ, inside := range map[string]string{
			"BCS.Organization": "/none", "BCS.Channel": "/none", "BCS.ChannelMembership": "/trade/none", "BCS.UserCertificate": "/none/bankuser",
		} {
			e.miss(typ, id+inside)
		}
	}
	for typ, id := range map[string]string{
		"BCS.Instance": "", "BCS.Organization": "/bank", "BCS.Channel": "/trade", "BCS.ChannelMembership": "/trade/bank", "BCS.UserCertificate": "/bank/bankuser",
	} {
		e.miss(typ, nowhere+id)
	}
}

func fillChains(t *testing.T, c *cloud, e estate) {
	t.Helper()
	for _, name := range []string{"chain-1", "chain-2", "chain-3"} {
		id := e.add(t, c, "HBS.Instance", name, chain(name, "alpha"))
		e.add(t, c, "HBS.Organization", name+"beta", map[string]any{"instanceId": id, "name": "beta", "orgOrderInfo": paid()})
		e.add(t, c, "HBS.Backup", name+"saved", map[string]any{"instanceId": id})
		e.add(t, c, "HBS.Tags", name+"tags", map[string]any{"instanceId": id, "tags": map[string]any{"team": "one"}})
		e.add(t, c, "HBS.SdkConfig", name+"client", map[string]any{
			"instanceId": id, "organizationNames": []any{"alpha"}, "certPath": "opt", "accessMode": "StandardChannel",
		})
		e.miss("HBS.Organization", id+"/none")
	}
	e.add(t, c, "HBS.Endpoint", "way", map[string]any{
		"instanceId": e["HBS.Instance"][0].ObjectID, "vpcId": e["VPC.VPC"][0].ObjectID, "subnetId": e["VPC.Subnet"][0].ObjectID,
	})
	besu := c.make(t, "HBS.Instance", "besu", with(chain("besu-1", "alpha"), map[string]any{"kind": "Besu"})).ID
	e.add(t, c, "HBS.BesuToken", "token", map[string]any{"instanceId": besu, "description": "x"})
	e.add(t, c, "HBS.BesuCertificates", "certificates", map[string]any{"instanceId": besu})
	e.miss("HBS.BesuToken", besu+"/"+nowhere)
	e.miss("HBS.BesuCertificates", nowhere+"/certificates")
	e.miss("HBS.Instance", nowhere)
	e.miss("HBS.Backup", nowhere)
	e.miss("HBS.Tags", nowhere+"/tags")
	e.miss("HBS.SdkConfig", nowhere+"/alpha")
	e.miss("HBS.Endpoint", nowhere+"/"+nowhere)
	e.miss("HBS.Organization", nowhere+"/alpha")
}

func TestReadAllIsRead(t *testing.T) {
	c := newCloud(t)
	for typ, reqs := range fill(t, c) {
		t.Run(typ, func(t *testing.T) { providertest.SameAsRead(t, c.registry[typ], reqs) })
	}
	for _, typ := range c.registry.Types() {
		if _, ok := c.registry[typ].(providers.Lister); !ok {
			t.Errorf("%s can't be read together", typ)
		}
	}
}

// refresh reads an estate as a refresh does, and returns what was called.
func (c *cloud) refresh(t *testing.T, e estate) []string {
	t.Helper()
	c.mu.Lock()
	before := len(c.called)
	c.mu.Unlock()
	ctx := providers.Sharing(t.Context())
	for typ, reqs := range e {
		if _, err := c.registry[typ].(providers.Lister).ReadAll(ctx, reqs); err != nil {
			t.Fatal(err)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(slices.Values(c.called[before:]))
}

func TestRequestsOfARefresh(t *testing.T) {
	t.Run("a network of eleven elements", func(t *testing.T) {
		c, e := newCloud(t), estate{}
		id := e.add(t, c, "BCS.Instance", "ledger", ledger("ledger-01"))
		for _, org := range []string{"bank", "shop", "port"} {
			e.add(t, c, "BCS.Organization", org, map[string]any{"blockchainId": id, "name": org + "s", "nodeCount": int64(2), "pvcName": "pvc-" + org})
		}
		for _, channel := range []string{"trade", "docs"} {
			e.add(t, c, "BCS.Channel", channel, map[string]any{"blockchainId": id, "name": channel, "description": ""})
			for _, org := range []string{"banks", "shops"} {
				e.add(t, c, "BCS.ChannelMembership", channel+org, map[string]any{"blockchainId": id, "channelName": channel, "organizationName": org, "peerCount": int64(1)})
			}
		}
		e.add(t, c, "BCS.UserCertificate", "user", map[string]any{"blockchainId": id, "organizationName": "banks", "userName": "bankuser", "securityMode": false})
		want := []string{"ListBlockchainChannels", "ShowBlockchainDetail", "ShowBlockchainNodes"}
		if got := c.refresh(t, e); !slices.Equal(got, want) {
			t.Errorf("called %v, want %v", got, want)
		}
	})
	t.Run("a server in its network", func(t *testing.T) {
		c, e := newCloud(t), estate{}
		vpc := e.add(t, c, "VPC.VPC", "net", map[string]any{"cidr": "10.0.0.0/16"})
		part := e.add(t, c, "VPC.Subnet", "part", map[string]any{"vpcId": vpc, "cidr": "10.0.1.0/24", "gateway": "10.0.1.1"})
		e.add(t, c, "ECS.CloudServer", "server", serverIn(vpc, part))
		want := []string{"ListPublicips", "ShowServer", "ShowSubnet", "ShowVpc"}
		if got := c.refresh(t, e); !slices.Equal(got, want) {
			t.Errorf("called %v, want %v", got, want)
		}
	})
	t.Run("many", func(t *testing.T) {
		c := newCloud(t)
		e := fill(t, c)
		for typ, reqs := range e { // without what is missing, which is asked for again
			e[typ] = slices.DeleteFunc(reqs, func(r *providers.Request) bool { return r.Node == "missing" })
		}
		want := []string{
			"ListBesuTokens", "ListBlockchainChannels", "ListBlockchainChannels", "ListEndpoints", "ListInstances",
			"ListOrganizations", "ListOrganizations", "ListOrganizations", "ListPublicips",
			"ListResourceTags", "ListResourceTags", "ListResourceTags", "ListServersDetails", "ListSubnets", "ListVpcs",
			"ShowBlockchainDetail", "ShowBlockchainDetail", "ShowBlockchainNodes", "ShowBlockchainNodes",
			"ShowInstance", "ShowRestoreBackups", "ShowRestoreBackups", "ShowRestoreBackups",
		}
		if got := c.refresh(t, e); !slices.Equal(got, want) {
			t.Errorf("called %v, want %v", got, want)
		}
	})
}

func TestSubnetsAreReadByPages(t *testing.T) {
	c, e := newCloud(t), estate{}
	vpc := c.make(t, "VPC.VPC", "net", map[string]any{"cidr": "10.0.0.0/16"}).ID
	for i := range 30 {
		e.add(t, c, "VPC.Subnet", fmt.Sprintf("part%d", i), map[string]any{
			"vpcId": vpc, "cidr": fmt.Sprintf("10.0.%d.0/24", i), "gateway": fmt.Sprintf("10.0.%d.1", i),
		})
	}
	if got := c.refresh(t, e); len(got) != 1 {
		t.Errorf("called %v", got)
	}
	providertest.SameAsRead(t, c.registry["VPC.Subnet"], e["VPC.Subnet"])
}

// What is about all objects is told about all: nothing is gone because of it.
func TestRefusedReadsAreNoAbsence(t *testing.T) {
	c := newCloud(t)
	e := fill(t, c)
	c.faults.Add(emulator.Rule{Fault: emulator.Unauthorized()})
	for typ, reqs := range e {
		if typ == "Orchestrate.Data" {
			continue
		}
		all, err := c.registry[typ].(providers.Lister).ReadAll(t.Context(), reqs)
		if providertest.Failure(t, err).Kind != providers.Auth || all != nil {
			t.Errorf("%s: read %v, %v", typ, all, err)
		}
	}
}

// Whoever must not list may still read.
func TestForbiddenListing(t *testing.T) {
	c := newCloud(t)
	e := fill(t, c)
	for _, operation := range []string{"ListVpcs", "ListSubnets", "ListServersDetails"} {
		c.faults.Add(emulator.Rule{Operation: operation, Fault: emulator.Fault{Status: 403}})
	}
	for _, typ := range []string{"VPC.VPC", "VPC.Subnet", "ECS.CloudServer"} {
		providertest.SameAsRead(t, c.registry[typ], e[typ])
	}
}

// IDs that nobody else can have given are told from objects that are gone.
func TestMalformedIDs(t *testing.T) {
	c := newCloud(t)
	for typ, id := range map[string]string{
		"BCS.Instance": "a/b", "BCS.Organization": nowhere, "BCS.Channel": nowhere + "/a/b", "BCS.ChannelMembership": nowhere + "/a",
		"BCS.UserCertificate": nowhere, "VPC.VPC": "", "VPC.Subnet": "..", "ECS.CloudServer": "a?b",
	} {
		_, err := c.registry[typ].Read(t.Context(), &providers.Request{Type: typ, ObjectID: id})
		if e := providertest.Failure(t, err); e.Kind != providers.Invalid || !strings.Contains(e.Message, strconv.Quote(id)) {
			t.Errorf("%s %q: %v", typ, id, err)
		}
	}
}

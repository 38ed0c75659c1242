package providertest_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/emulator"
	"github.com/orchestrate-tosca/orchestrate/providers/providertest"
)

// preflight tells what is found, a line each. IDs are replaced by names.
func (c *cloud) preflight(t *testing.T, typ string, ids map[string]string, reqs ...*providers.Request) []string {
	t.Helper()
	found, err := c.registry[typ].(providers.Preflighter).Preflight(t.Context(), reqs)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range found {
		severity := "error"
		if f.Warning {
			severity = "warning"
		}
		line := fmt.Sprintf("%s %s %s[%s]: %s", severity, f.Kind, f.Node, f.Property, f.Message)
		if f.More > 0 {
			line += fmt.Sprintf(" The same holds for %d more of the plan.", f.More)
		}
		if f.Advice == "" {
			t.Errorf("no advice: %s", line)
		}
		for id, name := range ids {
			line = strings.ReplaceAll(line, id, name)
		}
		out = append(out, line)
	}
	return out
}

func creation(typ, node string, properties map[string]any) *providers.Request {
	return &providers.Request{Action: providers.Create, Type: typ, Stack: "suite", Node: node, Properties: properties}
}

func deletion(typ, node, id string, properties map[string]any) *providers.Request {
	return &providers.Request{Action: providers.Delete, Type: typ, Stack: "suite", Node: node, ObjectID: id, Properties: properties, Prior: properties}
}

// along is a deletion that goes with that of its container.
func along(req *providers.Request) *providers.Request {
	req.Along = true
	return req
}

// referring is a request whose property refers to the object of another one of
// the plan.
func referring(req *providers.Request, property string, other *providers.Request) *providers.Request {
	req.Refers = map[string]*providers.Request{property: other}
	return req
}

// beside makes requests parts of one plan with others, which are looked at by
// another provider.
func beside(req *providers.Request, others ...*providers.Request) *providers.Request {
	req.Beside = append([]*providers.Request{req}, others...)
	return req
}

// update is a change of an object.
func update(typ, node, id string, properties map[string]any) *providers.Request {
	return &providers.Request{Action: providers.Update, Type: typ, Stack: "suite", Node: node, ObjectID: id, Properties: properties, Prior: properties}
}

// with returns properties with some of them changed; nil takes one away.
func with(properties map[string]any, change map[string]any) map[string]any {
	out := maps.Clone(properties)
	for k, v := range change {
		if out[k] = v; v == nil {
			delete(out, k)
		}
	}
	return out
}

func (c *cloud) set(t *testing.T, s emulator.Settings) {
	t.Helper()
	if err := c.emulator.Set(t.Context(), s); err != nil {
		t.Fatal(err)
	}
}

func TestPreflightOfInstances(t *testing.T) {
	c := newCloud(t)
	have := ledger("ledger-01")
	id := c.make(t, "BCS.Instance", "ledger", have).ID
	cluster := func(flavor string) map[string]any {
		return with(ledger("ledger-05"), map[string]any{"createNewCluster": true, "cceClusterInfo": nil, "cceCreateInfo": map[string]any{
			"nodeNum": int64(1), "nodeFlavor": flavor, "cceFlavor": "cce.s1.small", "initNodePwd": "x", "az": "az1",
		}})
	}
	c.set(t, emulator.Settings{Flavors: map[string]string{"c6.xlarge.2": emulator.FlavorSellout}})
	ids := map[string]string{id: "ID"}
	for _, test := range []struct {
		name  string
		quota int
		reqs  []*providers.Request
		want  []string
	}{
		{"all is well", 5, []*providers.Request{creation("BCS.Instance", "new", ledger("ledger-02"))}, nil},
		{"a quota that is used up", 2, []*providers.Request{
			creation("BCS.Instance", "new", ledger("ledger-02")), creation("BCS.Instance", "newer", ledger("ledger-03")),
		}, []string{"error quota newer[]: The project may have 2 networks and has 1; the plan makes 2 more."}},
		{"a quota that a deletion makes room in", 1, []*providers.Request{
			creation("BCS.Instance", "new", ledger("ledger-02")), deletion("BCS.Instance", "ledger", id, have),
		}, []string{"warning quota new[]: The project may have 1 networks and has 1; the plan makes 1 more. They fit only once 1 that the plan deletes are gone."}},
		{"a replacement needs no room", 1, []*providers.Request{creation("BCS.Instance", "ledger", have), deletion("BCS.Instance", "ledger", id, have)}, nil},
		{"name and cluster are taken", 5, []*providers.Request{creation("BCS.Instance", "new", have)}, []string{
			"error conflict new[cceClusterInfo.clusterId]: The cluster 00000000-0000-4000-8000-000000000001 is taken by ID, which this stack has not made.",
			"error conflict new[name]: The network name ledger-01 is taken by ID, which this stack has not made.",
		}},
		{"one name for two", 5, []*providers.Request{
			creation("BCS.Instance", "new", ledger("ledger-02")), creation("BCS.Instance", "newer", with(ledger("ledger-03"), map[string]any{"name": "ledger-02"})),
		}, []string{"error conflict newer[name]: The nodes new and newer want the same network name: ledger-02."}},
		{"what is not known is passed over", 5, []*providers.Request{
			creation("BCS.Instance", "new", with(have, map[string]any{"name": nil, "cceClusterInfo": nil})),
		}, nil},
		{"a flavor that is too small", 5, []*providers.Request{creation("BCS.Instance", "new", cluster("s6.large.2"))}, []string{
			"error invalid new[cceCreateInfo.nodeFlavor]: The flavor s6.large.2 has 2 vCPUs and 4096 MB; at least 4 and 8192 MB are needed.",
		}},
		{"a flavor that is sold out", 5, []*providers.Request{creation("BCS.Instance", "new", cluster("c6.xlarge.2"))}, []string{
			"error invalid new[cceCreateInfo.nodeFlavor]: The flavor c6.xlarge.2 is sold out in zone az1.",
		}},
		{"a flavor that does not exist", 5, []*providers.Request{creation("BCS.Instance", "new", cluster("Large"))}, []string{
			"error invalid new[cceCreateInfo.nodeFlavor]: The flavor Large does not exist in the region.",
		}},
		{"too many peers and orderers", 5, []*providers.Request{creation("BCS.Instance", "new", with(ledger("ledger-02"), map[string]any{
			"versionType": int64(3), "consensus": "SFLIC", "ordererNodeNumber": int64(11),
			"peerOrgs": []any{map[string]any{"name": "bank", "nodeCount": int64(6)}},
		}))}, []string{
			"error invalid new[ordererNodeNumber]: The edition allows 10 orderers; 11 are asked for.",
			"error invalid new[peerOrgs[0].nodeCount]: The edition allows 5 peers in an organization; bank has 6.",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c.set(t, emulator.Settings{Quotas: map[string]int{emulator.QuotaInstances: test.quota}})
			if diff := cmp.Diff(test.want, c.preflight(t, "BCS.Instance", ids, test.reqs...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPreflightInsideANetwork(t *testing.T) {
	c := newCloud(t)
	id := c.make(t, "BCS.Instance", "ledger", ledger("ledger-01")).ID
	org := func(name string, peers int64) map[string]any {
		return map[string]any{"blockchainId": id, "name": name, "nodeCount": peers, "pvcName": "pvc"}
	}
	channel := func(name string) map[string]any {
		return map[string]any{"blockchainId": id, "name": name, "description": ""}
	}
	member := map[string]any{"blockchainId": id, "channelName": "trade", "organizationName": "bank", "peerCount": int64(1)}
	c.make(t, "BCS.Organization", "bank", org("bank", 2))
	c.make(t, "BCS.Channel", "trade", channel("trade"))
	c.make(t, "BCS.ChannelMembership", "member", member)
	ids := map[string]string{id: "ID", nowhere: "NOWHERE"}
	for _, test := range []struct {
		name string
		reqs []*providers.Request
		want []string
	}{
		{"an organization of that name", []*providers.Request{creation("BCS.Organization", "new", org("bank", 1))},
			[]string{"error conflict new[name]: The organization name bank is taken by ID/bank, which this stack has not made."}},
		{"its replacement", []*providers.Request{creation("BCS.Organization", "bank", org("bank", 1)), deletion("BCS.Organization", "bank", id+"/bank", org("bank", 2))}, nil},
		{"too many peers", []*providers.Request{creation("BCS.Organization", "new", org("shop", 3))},
			[]string{"error invalid new[nodeCount]: The edition allows 2 peers in an organization; shop has 3."}},
		{"too many channels", []*providers.Request{creation("BCS.Channel", "a", channel("aaaa")), creation("BCS.Channel", "b", channel("bbbb"))},
			[]string{"error quota b[name]: The network ledger-01 may have 2 channels and has 1; the plan makes 2 more."}},
		{"a channel of that name", []*providers.Request{creation("BCS.Channel", "a", channel("trade"))},
			[]string{"error conflict a[name]: The channel name trade is taken by ID/trade, which this stack has not made."}},
		{"a member already", []*providers.Request{creation("BCS.ChannelMembership", "a", member)},
			[]string{"error conflict a[organizationName]: The membership ID/trade/bank is taken by ID/trade/bank, which this stack has not made."}},
		{"a network that is not there", []*providers.Request{creation("BCS.Channel", "a", with(channel("docs"), map[string]any{"blockchainId": nowhere}))},
			[]string{"error invalid a[blockchainId]: The network NOWHERE does not exist."}},
		{"a deletion in a network that is not there", []*providers.Request{deletion("BCS.Channel", "a", nowhere+"/docs", with(channel("docs"), map[string]any{"blockchainId": nowhere}))}, nil},
		{"a network that is made in the same plan", []*providers.Request{creation("BCS.Channel", "a", with(channel("docs"), map[string]any{"blockchainId": nil}))}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, c.preflight(t, test.reqs[0].Type, ids, test.reqs...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What is to be made in a network that the same plan orders is held to the
// edition of the order.
func TestPreflightInsideAnOrder(t *testing.T) {
	c := newCloud(t)
	order := func(edition any) *providers.Request {
		return creation("BCS.Instance", "ledger", with(ledger("ledger-01"), map[string]any{"versionType": edition}))
	}
	part := func(typ, node string, edition any, properties map[string]any) *providers.Request {
		return referring(creation(typ, node, properties), "blockchainId", order(edition))
	}
	channels := func(edition any, names ...string) (out []*providers.Request) {
		for _, name := range names {
			out = append(out, part("BCS.Channel", name, edition, map[string]any{"name": name}))
		}
		return out
	}
	org := func(node, name string, edition any, peers int64) *providers.Request {
		return part("BCS.Organization", node, edition, map[string]any{"name": name, "nodeCount": peers, "pvcName": "pvc"})
	}
	elsewhere := creation("BCS.Instance", "other", with(ledger("ledger-02"), nil))
	over := func(node string, limit, wanted int) []string {
		return []string{fmt.Sprintf("error quota %s[name]: The network ledger-01 may have %d channels and has 0; the plan makes %d more.", node, limit, wanted)}
	}
	for _, test := range []struct {
		name string
		reqs []*providers.Request
		want []string
	}{
		{"as many as the basic edition has", channels(int64(4), "aaaa", "bbbb"), nil},
		{"one more", channels(int64(4), "aaaa", "bbbb", "cccc"), over("cccc", 2, 3)},
		{"as many as the professional edition has", channels(int64(2), "aaaa", "bbbb"), nil},
		{"one more than that", channels(int64(2), "aaaa", "bbbb", "cccc"), over("cccc", 2, 3)},
		{"as many as the enterprise edition has", channels(int64(3), "aaaa", "bbbb", "cccc", "dddd"), nil},
		{"one more than that has", channels(int64(3), "aaaa", "bbbb", "cccc", "dddd", "eeee"), over("eeee", 4, 5)},
		{"an edition that is not known", channels(nil, "aaaa", "bbbb", "cccc"), nil},
		{"an edition that nobody has described", channels(int64(9), "aaaa", "bbbb", "cccc"), nil},
		{"two networks", append(channels(int64(2), "aaaa", "bbbb"), referring(creation("BCS.Channel", "c", map[string]any{"name": "cccc"}), "blockchainId", elsewhere)), nil},
		{"the network is replaced, and its channels with it", append(channels(int64(2), "aaaa", "bbbb"),
			along(deletion("BCS.Channel", "aaaa", nowhere+"/aaaa", map[string]any{"blockchainId": nowhere, "name": "aaaa"})),
			along(deletion("BCS.Channel", "bbbb", nowhere+"/bbbb", map[string]any{"blockchainId": nowhere, "name": "bbbb"})),
		), nil},
		{"one channel twice", []*providers.Request{
			part("BCS.Channel", "a", int64(2), map[string]any{"name": "aaaa"}), part("BCS.Channel", "b", int64(2), map[string]any{"name": "aaaa"}),
		}, []string{"error conflict b[name]: The nodes a and b want the same channel name: aaaa."}},
		{"names that are not known", []*providers.Request{
			part("BCS.Channel", "a", int64(2), map[string]any{}), part("BCS.Channel", "b", int64(2), map[string]any{}),
		}, nil},
		{"as many peers as there may be", []*providers.Request{org("a", "bank", int64(4), 2), org("b", "shop", int64(3), 5)}, nil},
		{"one more peer", []*providers.Request{org("a", "bank", int64(4), 3)},
			[]string{"error invalid a[nodeCount]: The edition allows 2 peers in an organization; bank has 3."}},
		{"one more peer than the enterprise edition has", []*providers.Request{org("a", "bank", int64(3), 6)},
			[]string{"error invalid a[nodeCount]: The edition allows 5 peers in an organization; bank has 6."}},
		{"one organization twice", []*providers.Request{org("a", "bank", int64(4), 1), org("b", "bank", int64(4), 1)},
			[]string{"error conflict b[name]: The nodes a and b want the same organization name: bank."}},
		{"an organization in two channels", []*providers.Request{
			part("BCS.ChannelMembership", "a", int64(4), map[string]any{"channelName": "aaaa", "organizationName": "bank"}),
			part("BCS.ChannelMembership", "b", int64(4), map[string]any{"channelName": "bbbb", "organizationName": "bank"}),
		}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, c.preflight(t, test.reqs[0].Type, map[string]string{nowhere: "NOWHERE"}, test.reqs...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// An organization has as many peers as it is going to have once the plan was
// carried out.
func TestPreflightOfPeersInChannels(t *testing.T) {
	c := newCloud(t)
	id := c.make(t, "BCS.Instance", "ledger", ledger("ledger-01")).ID
	org := func(name string, peers any) map[string]any {
		return map[string]any{"blockchainId": id, "name": name, "nodeCount": peers, "pvcName": "pvc"}
	}
	c.make(t, "BCS.Organization", "bank", org("bank", int64(1)))
	member := func(name, peers any) map[string]any {
		return map[string]any{"blockchainId": id, "channelName": "trade", "organizationName": name, "peerCount": peers}
	}
	joins := func(name, peers any) *providers.Request {
		return creation("BCS.ChannelMembership", "a", member(name, peers))
	}
	scaled := func(peers any) *providers.Request {
		return update("BCS.Organization", "bank", id+"/bank", org("bank", peers))
	}
	made := func(peers int64) *providers.Request {
		return creation("BCS.Organization", "shop", with(org("", peers), map[string]any{"name": nil}))
	}
	order := creation("BCS.Instance", "order", with(ledger("ledger-02"), map[string]any{
		"peerOrgs": []any{map[string]any{"name": "bank", "nodeCount": int64(1)}},
	}))
	inOrder := func(typ, node string, properties map[string]any) *providers.Request {
		return referring(creation(typ, node, with(properties, map[string]any{"blockchainId": nil})), "blockchainId", order)
	}
	tooMany := func(org string, have, want int) []string {
		return []string{fmt.Sprintf("error invalid a[peerCount]: The organization %s has %d peers; %d are asked for in the channel.", org, have, want)}
	}
	for _, test := range []struct {
		name string
		req  *providers.Request
		want []string
	}{
		{"as many as there are", joins("bank", int64(1)), nil},
		{"one more", joins("bank", int64(2)), tooMany("bank", 1, 2)},
		{"one more joins", update("BCS.ChannelMembership", "a", id+"/trade/bank", member("bank", int64(2))), tooMany("bank", 1, 2)},
		{"a deletion", deletion("BCS.ChannelMembership", "a", id+"/trade/bank", member("bank", int64(2))), nil},
		{"a number that is not known", joins("bank", nil), nil},
		{"an organization that is not there", joins("none", int64(2)), nil},
		{"an organization that is not known", joins(nil, int64(2)), nil},
		{"one that is scaled up", referring(joins("bank", int64(2)), "organizationName", scaled(int64(2))), nil},
		{"not far enough", referring(joins("bank", int64(3)), "organizationName", scaled(int64(2))), tooMany("bank", 2, 3)},
		{"to what is not known", referring(joins("bank", int64(3)), "organizationName", scaled(nil)), nil},
		{"one that is made", referring(joins(nil, int64(2)), "organizationName", made(2)), nil},
		{"one that is made too small", referring(joins(nil, int64(2)), "organizationName", made(1)), tooMany("shop", 1, 2)},
		{"one that is scaled up and named", beside(joins("bank", int64(2)), scaled(int64(2))), nil},
		{"one that is scaled up to what is not known, and named", beside(joins("bank", int64(2)), scaled(nil)), nil},
		{"another one is scaled up", beside(joins("bank", int64(2)), update("BCS.Organization", "shop", id+"/shop", org("shop", int64(2)))), tooMany("bank", 1, 2)},
		{"one in another network is", beside(joins("bank", int64(2)), update("BCS.Organization", "shop", nowhere+"/bank", with(org("bank", int64(2)), map[string]any{"blockchainId": nowhere}))), tooMany("bank", 1, 2)},
		{"one that is ordered with its network", inOrder("BCS.ChannelMembership", "a", member("bank", int64(1))), nil},
		{"that is too small", inOrder("BCS.ChannelMembership", "a", member("bank", int64(2))), tooMany("bank", 1, 2)},
		{"one that is made in an order", beside(inOrder("BCS.ChannelMembership", "a", member("shop", int64(2))), inOrder("BCS.Organization", "shop", org("shop", int64(2)))), nil},
		{"that is too small too", beside(inOrder("BCS.ChannelMembership", "a", member("shop", int64(2))), inOrder("BCS.Organization", "shop", org("shop", int64(1)))), tooMany("shop", 1, 2)},
		{"one that is made elsewhere", beside(inOrder("BCS.ChannelMembership", "a", member("shop", int64(2))), creation("BCS.Organization", "shop", org("shop", int64(1)))), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, c.preflight(t, test.req.Type, map[string]string{id: "ID"}, test.req)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPreflightOfNetworksAtWork(t *testing.T) {
	c := newCloud(t)
	props := ledger("ledger-01")
	id := c.make(t, "BCS.Instance", "ledger", props).ID
	ids := map[string]string{id: "ID"}
	channel := map[string]any{"blockchainId": id, "name": "docs", "description": ""}
	cert := map[string]any{"blockchainId": id, "organizationName": "bank", "userName": "user", "securityMode": false}
	for _, test := range []struct {
		health string
		req    *providers.Request
		want   []string
	}{
		{"Normal", creation("BCS.Channel", "docs", channel), nil},
		{"Abnormal", creation("BCS.Channel", "docs", channel), []string{"error invalid docs[blockchainId]: The network ledger-01 (ID) is abnormal, and refuses this."}},
		{"EipAbnormal", deletion("BCS.Channel", "docs", id+"/docs", channel), nil},
		{"Freeze", deletion("BCS.Channel", "docs", id+"/docs", channel), []string{"error invalid docs[blockchainId]: The network ledger-01 (ID) is frozen, and refuses this."}},
		{"Freeze", deletion("BCS.Instance", "ledger", id, props), nil},
		{"Freeze", along(deletion("BCS.Channel", "docs", id+"/docs", channel)), nil},
		{"Hibernation", deletion("BCS.Instance", "ledger", id, props), []string{"error invalid ledger[]: The network ledger-01 (ID) hibernates, and refuses this."}},
		{"Abnormal", creation("BCS.UserCertificate", "user", cert), nil},
		{"Freeze", creation("BCS.UserCertificate", "user", cert), []string{"error invalid user[blockchainId]: The network ledger-01 (ID) is frozen, and refuses this."}},
		{"Normal", deletion("BCS.Instance", "ledger", id, props), nil},
	} {
		if err := c.emulator.SetHealth(t.Context(), id, test.health); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, c.preflight(t, test.req.Type, ids, test.req)); diff != "" {
			t.Errorf("%s %s %s: %s", test.health, test.req.Action, test.req.Type, diff)
		}
	}
}

func TestPreflightOfNetworksWithOtherWork(t *testing.T) {
	c := newSlowCloud(t)
	props := ledger("ledger-01")
	p := c.registry["BCS.Instance"]
	req := creation("BCS.Instance", "ledger", props)
	begun, err := p.Advance(t.Context(), req, providers.Operation{}, false)
	if err == nil {
		begun, err = p.Advance(t.Context(), req, begun.Next, false)
	}
	if err != nil {
		t.Fatal(err)
	}
	id := begun.Next.ObjectID
	ids := map[string]string{id: "ID", begun.Next.ID: "OP"}
	channel := func(name string) *providers.Request {
		return creation("BCS.Channel", name, map[string]any{"blockchainId": id, "name": name, "description": ""})
	}
	want := []string{"warning busy docs[blockchainId]: Other work runs on the network ledger-01 (ID): IsCreating, operation OP. The same holds for 1 more of the plan."}
	if diff := cmp.Diff(want, c.preflight(t, "BCS.Channel", ids, channel("trade"), channel("docs"))); diff != "" {
		t.Error(diff)
	}
	want = []string{"warning busy ledger[]: Other work runs on the network ledger-01 (ID): IsCreating, operation OP."}
	if diff := cmp.Diff(want, c.preflight(t, "BCS.Instance", ids, deletion("BCS.Instance", "ledger", id, props))); diff != "" {
		t.Error(diff)
	}
}

func TestPreflightOfServersAndNetworks(t *testing.T) {
	c := newCloud(t)
	have := map[string]any{"name": "net", "cidr": "10.0.0.0/16"}
	vpc := c.make(t, "VPC.VPC", "net", have).ID
	part := func(cidr string) map[string]any {
		return map[string]any{"vpcId": vpc, "cidr": cidr, "gateway": strings.TrimSuffix(cidr, "0/24") + "1"}
	}
	subnet := c.make(t, "VPC.Subnet", "part", part("10.0.1.0/24")).ID
	ids := map[string]string{vpc: "VPC", subnet: "SUBNET", nowhere: "NOWHERE"}
	server := serverIn(vpc, subnet)
	widened := func(cidr any) *providers.Request {
		return &providers.Request{Action: providers.Update, Type: "VPC.VPC", Node: "net", ObjectID: vpc, Prior: have, Properties: with(have, map[string]any{"cidr": cidr})}
	}
	for _, test := range []struct {
		name     string
		settings emulator.Settings
		reqs     []*providers.Request
		want     []string
	}{
		{"no VPCs left", quotas(emulator.QuotaVPCs, 1), []*providers.Request{creation("VPC.VPC", "new", map[string]any{"cidr": "10.0.0.0/16"})},
			[]string{"error quota new[]: The project may have 1 VPCs and has 1; the plan makes 1 more."}},
		{"the name is taken", quotas(emulator.QuotaVPCs, 50), []*providers.Request{creation("VPC.VPC", "new", have)},
			[]string{"error conflict new[name]: The VPC name net is taken by VPC, which this stack has not made."}},
		{"addresses that leave a subnet out", emulator.Settings{}, []*providers.Request{{
			Action: providers.Update, Type: "VPC.VPC", Node: "net", ObjectID: vpc, Prior: have, Properties: with(have, map[string]any{"cidr": "10.0.0.0/24"}),
		}}, []string{"warning invalid net[cidr]: The subnet SUBNET (10.0.1.0/24) of the VPC is not within 10.0.0.0/24; the service refuses this while it exists."}},
		{"addresses that widen", emulator.Settings{}, []*providers.Request{{
			Action: providers.Update, Type: "VPC.VPC", Node: "net", ObjectID: vpc, Prior: have, Properties: with(have, map[string]any{"cidr": "10.0.0.0/8"}),
		}}, nil},
		{"a name that an update gives up", emulator.Settings{}, []*providers.Request{
			creation("VPC.VPC", "new", have),
			{Action: providers.Update, Type: "VPC.VPC", Node: "net", ObjectID: vpc, Prior: have, Properties: with(have, map[string]any{"name": "old"})},
		}, nil},
		{"a name that an update keeps", emulator.Settings{}, []*providers.Request{
			creation("VPC.VPC", "new", have),
			{Action: providers.Update, Type: "VPC.VPC", Node: "net", ObjectID: vpc, Prior: have, Properties: with(have, map[string]any{"description": "x"})},
		}, []string{"error conflict new[name]: The VPC name net is taken by VPC, which this stack has not made."}},
		{"a subnet in what the VPC is going to have", emulator.Settings{}, []*providers.Request{
			referring(creation("VPC.Subnet", "a", part("10.1.0.0/24")), "vpcId", widened("10.0.0.0/15")),
		}, nil},
		{"a subnet beyond what the VPC is going to have", emulator.Settings{}, []*providers.Request{
			referring(creation("VPC.Subnet", "a", part("10.0.9.0/24")), "vpcId", widened("10.0.0.0/21")),
		}, []string{"error invalid a[cidr]: The addresses 10.0.9.0/24 are not within those of the VPC VPC (10.0.0.0/21)."}},
		{"a subnet in what is not known", emulator.Settings{}, []*providers.Request{
			referring(creation("VPC.Subnet", "a", part("10.1.0.0/24")), "vpcId", widened(nil)),
		}, nil},
		{"addresses next to those of a subnet", emulator.Settings{}, []*providers.Request{creation("VPC.Subnet", "a", part("10.0.0.0/24")), creation("VPC.Subnet", "b", part("10.0.2.0/24"))}, nil},
		{"no subnets left", quotas(emulator.QuotaSubnets, 1), []*providers.Request{creation("VPC.Subnet", "new", map[string]any{"cidr": "10.0.2.0/24"})},
			[]string{"error quota new[]: The project may have 1 subnets and has 1; the plan makes 1 more."}},
		{"addresses", quotas(emulator.QuotaSubnets, 50), []*providers.Request{
			creation("VPC.Subnet", "a", part("10.1.0.0/24")), creation("VPC.Subnet", "b", part("10.0.1.0/24")),
			creation("VPC.Subnet", "c", part("10.0.2.0/24")), creation("VPC.Subnet", "d", part("10.0.2.0/24")),
			creation("VPC.Subnet", "e", with(part("10.0.3.0/24"), map[string]any{"vpcId": nowhere})),
		}, []string{
			"error invalid a[cidr]: The addresses 10.1.0.0/24 are not within those of the VPC VPC (10.0.0.0/16).",
			"error conflict b[cidr]: The addresses 10.0.1.0/24 overlap those of the subnet SUBNET (10.0.1.0/24).",
			"error conflict d[cidr]: The addresses 10.0.2.0/24 overlap those of the node c.",
			"error invalid e[vpcId]: The VPC NOWHERE does not exist.",
		}},
		{"a subnet that is replaced", emulator.Settings{}, []*providers.Request{
			creation("VPC.Subnet", "part", part("10.0.1.0/24")), deletion("VPC.Subnet", "part", subnet, part("10.0.1.0/24")),
		}, nil},
		{"a server", emulator.Settings{}, []*providers.Request{creation("ECS.CloudServer", "new", server)}, nil},
		{"a server over every limit", emulator.Settings{Quotas: map[string]int{
			emulator.QuotaServers: 0, emulator.QuotaCores: 1, emulator.QuotaRAM: 1024, emulator.QuotaPublicIPs: 0,
		}}, []*providers.Request{creation("ECS.CloudServer", "new", server)}, []string{
			"error quota new[]: The project may have 0 servers and has 0; the plan makes 1 more.",
			"error quota new[]: The project may have 1 vCPUs and has 0; the plan makes 2 more.",
			"error quota new[]: The project may have 1024 MB of memory and has 0; the plan makes 4096 more.",
			"error quota new[publicIP]: The project may have 0 elastic IPs and has 0; the plan makes 1 more.",
		}},
		{"a deletion needs nothing", emulator.Settings{}, []*providers.Request{deletion("ECS.CloudServer", "old", nowhere, server)}, nil},
		{"a flavor that is no longer offered", emulator.Settings{
			Quotas:  map[string]int{emulator.QuotaServers: 10, emulator.QuotaCores: 10, emulator.QuotaRAM: 65536, emulator.QuotaPublicIPs: 10},
			Flavors: map[string]string{"s6.large.2": emulator.FlavorAbandon},
		}, []*providers.Request{creation("ECS.CloudServer", "new", server)}, []string{
			"error invalid new[flavor]: The flavor s6.large.2 is no longer offered in zone az1.",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c.set(t, test.settings)
			if diff := cmp.Diff(test.want, c.preflight(t, test.reqs[0].Type, ids, test.reqs...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func quotas(name string, n int) emulator.Settings {
	return emulator.Settings{Quotas: map[string]int{name: n}}
}

// A preflight that can't look says so, beside what it found.
func TestPreflightThatCannotLook(t *testing.T) {
	c := newCloud(t)
	c.make(t, "BCS.Instance", "ledger", ledger("ledger-01"))
	c.faults.Add(emulator.Rule{Operation: "ListQuotas", Fault: emulator.Fault{Status: 403}})
	found, err := c.registry["BCS.Instance"].(providers.Preflighter).Preflight(t.Context(), []*providers.Request{creation("BCS.Instance", "new", ledger("ledger-01"))})
	if len(found) != 2 || providertest.Failure(t, err).Operation != "ListQuotas" {
		t.Errorf("found %v, %v", found, err)
	}
}

// Nothing is changed by looking.
func TestPreflightChangesNothing(t *testing.T) {
	c := newCloud(t)
	e := fill(t, c)
	before := len(c.done(t))
	for typ, reqs := range e {
		p, ok := c.registry[typ].(providers.Preflighter)
		if !ok {
			continue
		}
		for _, action := range []providers.Action{providers.Create, providers.Update, providers.Delete} {
			for _, req := range reqs {
				req.Action = action
			}
			if _, err := p.Preflight(t.Context(), reqs); err != nil {
				t.Errorf("%s %s: %v", action, typ, err)
			}
		}
	}
	if did := c.done(t)[before:]; len(did) > 0 {
		t.Errorf("did %v", did)
	}
}

// Several looks that fail for the same reason give one error.
func TestPreflightWithRefusedCredentials(t *testing.T) {
	c := newCloud(t)
	c.faults.Add(emulator.Rule{Fault: emulator.Unauthorized()})
	for typ, properties := range map[string]map[string]any{"BCS.Instance": ledger("ledger-01"), "VPC.VPC": {"cidr": "10.0.0.0/16"}, "ECS.CloudServer": serverIn("v", "s")} {
		found, err := c.registry[typ].(providers.Preflighter).Preflight(t.Context(), []*providers.Request{creation(typ, "new", properties)})
		if e := providertest.Failure(t, err); len(found) > 0 || e.Kind != providers.Auth || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: found %v, %v", typ, found, err)
		}
	}
}

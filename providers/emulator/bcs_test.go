package emulator_test

import (
	"archive/zip"
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/def"
	bcs "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2/model"

	"github.com/orchestrate-tosca/orchestrate/providers/emulator"
)

const (
	clusterA = "5adc2ce2-9712-11ea-9535-0255ac100b0d"
	clusterB = "5adc2ce2-9712-11ea-9535-0255ac100b0e"
	password = "Canary-Passw0rd"
)

// orderOf is a valid order, changed as told.
func orderOf(name string, change ...func(*model.CreateRequestBody)) *model.CreateNewBlockchainRequest {
	body := &model.CreateRequestBody{
		Name: name, VersionType: 4, EnterpriseProjectId: "0", ResourcePassword: password, ClusterType: "cce",
		FabricVersion: ptr("2.2"), BlockchainType: ptr("union"), Consensus: ptr("etcdraft"), OrdererNodeNumber: ptr(int64(3)),
		CceClusterInfo: &model.CceClusterInfo{ClusterId: clusterA, ClusterName: "one", ClusterPlatformType: "ARM64"},
		PeerOrgs:       &[]model.OrgPeer{{Name: "alpha", NodeCount: 2}, {Name: "beta", NodeCount: 1}},
	}
	for _, f := range change {
		f(body)
	}
	return &model.CreateNewBlockchainRequest{Body: body}
}

// onCluster puts an order on another cluster.
func onCluster(id string) func(*model.CreateRequestBody) {
	return func(b *model.CreateRequestBody) { b.CceClusterInfo.ClusterId = id }
}

// order orders an instance and lets the creation end.
func (c *cloud) order(t *testing.T, api *bcs.BcsClient, req *model.CreateNewBlockchainRequest) string {
	t.Helper()
	out := must(api.CreateNewBlockchain(req))(t)
	c.Advance(1200 * time.Millisecond)
	return *out.BlockchainId
}

func detail(t *testing.T, api *bcs.BcsClient, id string) *model.ShowBlockchainDetailResponse {
	t.Helper()
	return must(api.ShowBlockchainDetail(&model.ShowBlockchainDetailRequest{BlockchainId: id}))(t)
}

// groups is "name status detail" of each peer organisation.
func groups(d *model.ShowBlockchainDetailResponse) []string {
	out := []string{}
	for _, p := range *d.PeerInfo {
		out = append(out, fmt.Sprintf("%s %s %s", *p.Name, *p.Status, *p.StatusDetail))
	}
	return out
}

// states is "status/process_status/deploy_status" of an instance.
func states(d *model.ShowBlockchainDetailResponse) string {
	b := d.BasicInfo
	return fmt.Sprintf("%s/%s/%d", *b.Status, *b.ProcessStatus, *b.DeployStatus)
}

// progress is the status of an operation and of each sub step, in order.
func progress(t *testing.T, api *bcs.BcsClient, operation string) []string {
	t.Helper()
	out := must(api.ListOpRecord(&model.ListOpRecordRequest{OperationId: &operation}))(t)
	if *out.Count != 1 {
		t.Fatalf("%d records of %s", *out.Count, operation)
	}
	r := (*out.OperationRecords)[0]
	lines := []string{*r.OperationStatus}
	for _, step := range sorted(r.OperationProcess, func(p model.ProcessInfo) int64 { return *p.SerialNum }) {
		lines = append(lines, fmt.Sprintf("%d %s: %s", *step.SerialNum, *step.StepName, *step.Status))
		for _, sub := range sorted(step.SubSteps, func(s model.SubDetail) int64 { return *s.SerialNum }) {
			status := *sub.Status
			if status == "" {
				status = "(" + *sub.Detail + ")"
			}
			lines = append(lines, fmt.Sprintf("  %d %s: %s", *sub.SerialNum, *sub.SubstepName, status))
		}
	}
	return lines
}

func sorted[V any](m map[string]V, number func(V) int64) []V {
	return slices.SortedFunc(maps.Values(m), func(a, b V) int { return int(number(a) - number(b)) })
}

func TestInstanceLife(t *testing.T) {
	c := start(t)
	api := c.bcs(t)
	out := must(api.CreateNewBlockchain(orderOf("ledger", func(b *model.CreateRequestBody) { b.UseEip = ptr(true) })))(t)
	id, operation := *out.BlockchainId, *out.OperationId

	want := []string{
		"waiting",
		"1 Preparation: waiting", "  1 Generate basic configurations: (waiting)",
		"2 Create Other Dependent Resource: waiting", "  2 Create EIP: (waiting)", "  3 Create network storage: (waiting)",
		"3 Deploy Blockchain: waiting", "  4 Generate certificates: (waiting)", "  5 Deploy orderers: (waiting)",
		"  6 Deploy peers of alpha: (waiting)", "  7 Deploy peers of beta: (waiting)", "  8 Deploy agent: (waiting)",
	}
	if diff := cmp.Diff(want, progress(t, api, operation)); diff != "" {
		t.Errorf("at the start (-want +got):\n%s", diff)
	}
	if got := states(detail(t, api, id)); got != "/IsCreating/0" {
		t.Errorf("at the start: %s", got)
	}
	c.Advance(400 * time.Millisecond)
	want = []string{
		"processing",
		"1 Preparation: finished", "  1 Generate basic configurations: finished",
		"2 Create Other Dependent Resource: finished", "  2 Create EIP: finished", "  3 Create network storage: finished",
		"3 Deploy Blockchain: processing", "  4 Generate certificates: finished", "  5 Deploy orderers: processing",
		"  6 Deploy peers of alpha: (waiting)", "  7 Deploy peers of beta: (waiting)", "  8 Deploy agent: (waiting)",
	}
	if diff := cmp.Diff(want, progress(t, api, operation)); diff != "" {
		t.Errorf("in the middle (-want +got):\n%s", diff)
	}
	status := must(api.ShowBlockchainStatus(&model.ShowBlockchainStatusRequest{BlockchainId: id}))(t)
	if status.Bcs.Status.Value() != "deploying" || status.Eip.Status.Value() != "finished" || status.Sfs.Status.Value() != "finished" ||
		*status.Sfs.StartTime != *status.Eip.StartTime || status.Cce != nil || status.Obs != nil || *status.Bcs.EndTime != "" {
		t.Errorf("creation status %v", status)
	}
	c.Advance(800 * time.Millisecond)
	d := detail(t, api, id)
	if got := states(d); got != "Normal//1" {
		t.Errorf("at the end: %s", got)
	}
	if diff := cmp.Diff([]string{"alpha Normal 2/2", "beta Normal 1/1"}, groups(d)); diff != "" {
		t.Error(diff)
	}
	if got := progress(t, api, operation)[0]; got != "finished" {
		t.Errorf("operation %s at the end", got)
	}

	deleted := must(api.DeleteBlockchain(&model.DeleteBlockchainRequest{BlockchainId: id, IsDeleteStorage: ptr(true)}))(t)
	if got := states(detail(t, api, id)); got != "Normal/IsDeleting/1" {
		t.Errorf("while it is deleted: %s", got)
	}
	_, err := api.DeleteBlockchain(&model.DeleteBlockchainRequest{BlockchainId: id})
	wantCode(t, err, 400, "BCS.4001003")
	c.Advance(301 * time.Millisecond)
	_, err = api.ShowBlockchainDetail(&model.ShowBlockchainDetailRequest{BlockchainId: id})
	wantCode(t, err, 400, "BCS.4001011")
	_, err = api.DeleteBlockchain(&model.DeleteBlockchainRequest{BlockchainId: id})
	wantCode(t, err, 400, "BCS.4001202")
	if n := *must(api.ListBlockchains(&model.ListBlockchainsRequest{}))(t).Count; n != 0 {
		t.Errorf("%d instances are left", n)
	}
	if got := progress(t, api, *deleted.OperationId)[0]; got != "finished" {
		t.Errorf("the record of the deletion says %s", got)
	}
}

func TestDefaultsOfAnOrder(t *testing.T) {
	c := start(t)
	api := c.bcs(t)
	id := c.order(t, api, orderOf("bare", func(b *model.CreateRequestBody) {
		b.FabricVersion, b.BlockchainType, b.Consensus, b.PeerOrgs = nil, nil, nil, nil
	}))
	d := detail(t, api, id)
	b := d.BasicInfo
	got := []string{*b.Version, *b.ServiceType, *b.Consensus, *b.SignAlgorithm, *b.DatabaseType, *d.SfsInfo.Type}
	if diff := cmp.Diff([]string{"4.0.9", "private", "etcdraft", "ECDSA", "goleveldb", "efs"}, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"organization Normal 2/2"}, groups(d)); diff != "" {
		t.Error(diff)
	}
	id = c.order(t, api, orderOf("empty", onCluster(clusterB), func(b *model.CreateRequestBody) { b.PeerOrgs = &[]model.OrgPeer{} }))
	if got := groups(detail(t, api, id)); len(got) != 0 {
		t.Errorf("an order without organizations made %v", got)
	}
}

func TestRefusedOrders(t *testing.T) {
	c := start(t)
	api := c.bcs(t)
	for _, tc := range []struct {
		name   string
		change func(*model.CreateRequestBody)
		code   string
	}{
		{"short name", func(b *model.CreateRequestBody) { b.Name = "abc" }, "BCS.4006014"},
		{"leading hyphen", func(b *model.CreateRequestBody) { b.Name = "-abcd" }, "BCS.4006014"},
		{"unknown edition", func(b *model.CreateRequestBody) { b.VersionType = 9 }, "BCS.4006014"},
		{"weak password", func(b *model.CreateRequestBody) { b.ResourcePassword = "abc" }, "BCS.4001045"},
		{"unset password", func(b *model.CreateRequestBody) { b.ResourcePassword = "" }, "BCS.4001045"},
		{"unset enterprise project", func(b *model.CreateRequestBody) { b.EnterpriseProjectId = "" }, "BCS.4006014"},
		{"unset cluster type", func(b *model.CreateRequestBody) { b.ClusterType = "" }, "BCS.4006014"},
		{"old Fabric for an inviter", func(b *model.CreateRequestBody) { b.FabricVersion = ptr("1.4") }, "BCS.4006014"},
		{"solo with Fabric 2.2", func(b *model.CreateRequestBody) { b.Consensus = ptr("solo") }, "BCS.4006014"},
		{"lower case algorithm", func(b *model.CreateRequestBody) { b.Consensus = ptr("sflic") }, "BCS.4006014"},
		{"no orderers", func(b *model.CreateRequestBody) { b.OrdererNodeNumber = nil }, "BCS.4006014"},
		{"4 orderers with Raft", func(b *model.CreateRequestBody) { b.OrdererNodeNumber = ptr(int64(4)) }, "BCS.4006014"},
		{"3 orderers with FBFT", func(b *model.CreateRequestBody) { b.Consensus = ptr("SFLIC") }, "BCS.4006014"},
		{"EVS without a class", func(b *model.CreateRequestBody) { b.VolumeType = ptr("evs") }, "BCS.4006014"},
		{"small disk", func(b *model.CreateRequestBody) { b.OrgDiskSize = ptr(int64(99)) }, "BCS.4006014"},
		{"small disk of the enterprise edition", func(b *model.CreateRequestBody) { b.VersionType, b.OrgDiskSize = 3, ptr(int64(499)) }, "BCS.4006014"},
		{"CouchDB without an account", func(b *model.CreateRequestBody) { b.DatabaseType = ptr("couchdb") }, "BCS.4006014"},
		{"no cluster", func(b *model.CreateRequestBody) { b.CceClusterInfo = nil }, "BCS.4006014"},
		{"cluster that cannot exist", onCluster("one"), "BCS.4001106"},
		{"new cluster without an order", func(b *model.CreateRequestBody) { b.CreateNewCluster = true }, "BCS.4006014"},
		{"flavour too small", func(b *model.CreateRequestBody) {
			b.CreateNewCluster = true
			b.CceCreateInfo = &model.CceCreateInfo{NodeNum: 1, NodeFlavor: "s6.large.2", CceFlavor: "cce.s1.small", InitNodePwd: "x", Az: "a", ClusterPlatformType: "ARM64"}
		}, "BCS.4001212"},
		{"edge without nodes", func(b *model.CreateRequestBody) { b.ClusterType = "ief" }, "BCS.4006014"},
		{"edge with too few nodes", func(b *model.CreateRequestBody) {
			b.ClusterType = "ief"
			b.IefNodesInfo = &[]model.IefNode{{Id: "1", Status: "ACTIVE", PublicIpAddress: "192.0.2.1"}}
		}, "BCS.4001717"},
		{"too many peers", func(b *model.CreateRequestBody) { (*b.PeerOrgs)[0].NodeCount = 3 }, "BCS.4001051"},
		{"no peers", func(b *model.CreateRequestBody) { (*b.PeerOrgs)[0].NodeCount = 0 }, "BCS.4001051"},
		{"organization twice", func(b *model.CreateRequestBody) { (*b.PeerOrgs)[1].Name = "alpha" }, "BCS.4006014"},
		{"bad channel", func(b *model.CreateRequestBody) {
			b.Channels = &[]model.ChannelInfoV2{{Name: "channel_test", OrgNames: []string{"alpha"}}}
		}, "BCS.4006012"},
		{"too many channels", func(b *model.CreateRequestBody) {
			b.Channels = &[]model.ChannelInfoV2{{Name: "chan1", OrgNames: []string{}}, {Name: "chan2", OrgNames: []string{}}, {Name: "chan3", OrgNames: []string{}}}
		}, "BCS.4006012"},
		{"channel of nobody", func(b *model.CreateRequestBody) {
			b.Channels = &[]model.ChannelInfoV2{{Name: "chan1", OrgNames: []string{"gamma"}}}
		}, "BCS.4001245"},
		{"invitee without an inviter", func(b *model.CreateRequestBody) { b.IsInvitee = ptr(true) }, "BCS.4006014"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := api.CreateNewBlockchain(orderOf("ledger", tc.change))
			wantCode(t, err, 400, tc.code)
			if strings.Contains(err.Error(), password) {
				t.Error("the refusal holds the password")
			}
		})
	}
}

func TestRoomForAnOrder(t *testing.T) {
	c := start(t, func(o *emulator.Options) { o.InstanceQuota = 2 })
	api := c.bcs(t)
	must(api.CreateNewBlockchain(orderOf("ledger")))(t)
	_, err := api.CreateNewBlockchain(orderOf("ledger", onCluster(clusterB)))
	wantCode(t, err, 400, "BCS.4001018")
	_, err = api.CreateNewBlockchain(orderOf("second"))
	wantCode(t, err, 400, "BCS.4006039")
	must(api.CreateNewBlockchain(orderOf("second", onCluster(clusterB))))(t)
	_, err = api.CreateNewBlockchain(orderOf("third", onCluster("5adc2ce2-9712-11ea-9535-0255ac100b0f")))
	wantCode(t, err, 400, "BCS.4001061")
	if !strings.Contains(err.Error(), "quota") {
		t.Errorf("the refusal does not name the quota: %v", err)
	}
	q := (*must(api.ListQuotas(&model.ListQuotasRequest{}))(t).Resources)[0]
	if *q.Quota != 2 || *q.Used != 2 || *q.Free != 0 {
		t.Errorf("quota %v", q)
	}
}

func update(id string, remove bool, orgs ...model.NodeOrgs) *model.UpdateInstanceRequest {
	return &model.UpdateInstanceRequest{BlockchainId: id, Body: &model.UpdateInstanceRequestBody{NodeOrgs: orgs, IsDeleteOrg: &remove}}
}

func TestOrganizations(t *testing.T) {
	c := start(t)
	api := c.bcs(t)
	id := c.order(t, api, orderOf("ledger"))

	added := must(api.UpdateInstance(update(id, false, model.NodeOrgs{Name: "gamma", NodeCount: 2, PvcName: ptr("pvc-gamma")})))(t)
	if !strings.HasPrefix(*added.OperationId, "BCSSVC01-02-") {
		t.Errorf("operation %s", *added.OperationId)
	}
	d := detail(t, api, id)
	if got := states(d); got != "Normal/IsAdding/1" {
		t.Errorf("while it is added: %s", got)
	}
	if diff := cmp.Diff([]string{"alpha Normal 2/2", "beta Normal 1/1", "gamma Adding 0/2"}, groups(d)); diff != "" {
		t.Error(diff)
	}
	c.Advance(300 * time.Millisecond)
	if diff := cmp.Diff([]string{"alpha Normal 2/2", "beta Normal 1/1", "gamma Normal 2/2"}, groups(detail(t, api, id))); diff != "" {
		t.Error(diff)
	}

	must(api.UpdateInstance(update(id, false, model.NodeOrgs{Name: "beta", NodeCount: 2})))(t)
	d = detail(t, api, id)
	if diff := cmp.Diff([]string{"alpha Normal 2/2", "beta IsScaling 1/2", "gamma Normal 2/2"}, groups(d)); diff != "" {
		t.Error(diff)
	}
	if got := states(d); got != "Normal/IsScaling/1" {
		t.Errorf("while it is scaled: %s", got)
	}
	c.Advance(300 * time.Millisecond)

	must(api.UpdateInstance(update(id, true, model.NodeOrgs{Name: "alpha"}, model.NodeOrgs{Name: "beta"})))(t)
	if diff := cmp.Diff([]string{"alpha Isdeleting 2/2", "beta Isdeleting 2/2", "gamma Normal 2/2"}, groups(detail(t, api, id))); diff != "" {
		t.Error(diff)
	}
	c.Advance(300 * time.Millisecond)

	for _, tc := range []struct {
		name string
		req  *model.UpdateInstanceRequest
		code string
	}{
		{"nothing changes", update(id, false, model.NodeOrgs{Name: "gamma", NodeCount: 2}), "BCS.4001051"},
		{"too many peers", update(id, false, model.NodeOrgs{Name: "gamma", NodeCount: 3}), "BCS.4001051"},
		{"no peers", update(id, false, model.NodeOrgs{Name: "gamma"}), "BCS.4001051"},
		{"two kinds", update(id, false, model.NodeOrgs{Name: "gamma", NodeCount: 1}, model.NodeOrgs{Name: "delta", NodeCount: 1, PvcName: ptr("p")}), "BCS.4001051"},
		{"no volume", update(id, false, model.NodeOrgs{Name: "delta", NodeCount: 1}), "BCS.4006014"},
		{"bad name", update(id, false, model.NodeOrgs{Name: "-x", NodeCount: 1, PvcName: ptr("p")}), "BCS.4006014"},
		{"twice", update(id, true, model.NodeOrgs{Name: "gamma"}, model.NodeOrgs{Name: "gamma"}), "BCS.4006014"},
		{"unknown removal", update(id, true, model.NodeOrgs{Name: "delta"}), "BCS.4001245"},
		{"the last one", update(id, true, model.NodeOrgs{Name: "gamma"}), "BCS.4001051"},
		{"no list", &model.UpdateInstanceRequest{BlockchainId: id, Body: &model.UpdateInstanceRequestBody{}}, "BCS.4006014"},
		{"no body", &model.UpdateInstanceRequest{BlockchainId: id}, "BCS.4004025"},
		{"no instance", update("none", true, model.NodeOrgs{Name: "gamma"}), "BCS.4001011"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := api.UpdateInstance(tc.req)
			wantCode(t, err, 400, tc.code)
		})
	}
}

// An instance that was ordered without organisations may lose its last one.
func TestLastOrganizationOfAnEmptyOrder(t *testing.T) {
	c := start(t)
	api := c.bcs(t)
	id := c.order(t, api, orderOf("ledger", func(b *model.CreateRequestBody) { b.PeerOrgs = &[]model.OrgPeer{} }))
	must(api.UpdateInstance(update(id, false, model.NodeOrgs{Name: "alpha", NodeCount: 1, PvcName: ptr("p")})))(t)
	c.Advance(300 * time.Millisecond)
	must(api.UpdateInstance(update(id, true, model.NodeOrgs{Name: "alpha", NodeCount: 1})))(t)
	c.Advance(300 * time.Millisecond)
	if got := groups(detail(t, api, id)); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
}

// Enterprise instances have up to 5 peers in an organisation, although the
// contract's literal says 2.
func TestPeersOfTheEnterpriseEdition(t *testing.T) {
	c := start(t)
	api := c.bcs(t)
	id := c.order(t, api, orderOf("ledger", func(b *model.CreateRequestBody) { b.VersionType = 3 }))
	must(api.UpdateInstance(update(id, false, model.NodeOrgs{Name: "beta", NodeCount: 5})))(t)
	c.Advance(300 * time.Millisecond)
	_, err := api.UpdateInstance(update(id, false, model.NodeOrgs{Name: "alpha", NodeCount: 6}))
	wantCode(t, err, 400, "BCS.4001051")
	if diff := cmp.Diff([]string{"alpha Normal 2/2", "beta Normal 5/5"}, groups(detail(t, api, id))); diff != "" {
		t.Error(diff)
	}
}

func createChannels(id string, names ...string) *model.BatchCreateChannelsRequest {
	body := &model.BatchCreateChannelsRequestBody{Channels: []model.ChannelCreateInfo{}}
	for _, n := range names {
		body.Channels = append(body.Channels, model.ChannelCreateInfo{ChannelName: n})
	}
	return &model.BatchCreateChannelsRequest{BlockchainId: id, Body: body}
}

func join(id, channel string, peers map[string]int64) *model.BatchAddPeersToChannelRequest {
	return &model.BatchAddPeersToChannelRequest{BlockchainId: id, Body: &model.BatchAddPeersToChannelRequestBody{
		ChannelPeers: []model.PeerChannelInfo{{ChannelName: channel, Peers: peers}},
	}}
}

// members is "channel organisation peers" of each member of each channel.
func members(t *testing.T, api *bcs.BcsClient, id string) []string {
	t.Helper()
	out := []string{}
	for _, ch := range *must(api.ListBlockchainChannels(&model.ListBlockchainChannelsRequest{BlockchainId: id}))(t).Channels {
		if len(ch.Peers) == 0 {
			out = append(out, *ch.Name)
		}
		for _, org := range slices.Sorted(maps.Keys(ch.Peers)) {
			out = append(out, fmt.Sprintf("%s %s %d", *ch.Name, org, len(ch.Peers[org])))
		}
	}
	return out
}

func TestChannels(t *testing.T) {
	c := start(t)
	api := c.bcs(t)
	id := c.order(t, api, orderOf("ledger"))
	after := func(want ...string) {
		t.Helper()
		c.Advance(60 * time.Millisecond)
		if diff := cmp.Diff(want, members(t, api, id)); diff != "" {
			t.Error(diff)
		}
	}

	must(api.BatchCreateChannels(createChannels(id, "chan1", "chan2")))(t)
	if got := states(detail(t, api, id)); got != "Normal//1" {
		t.Errorf("work on channels shows: %s", got)
	}
	if got := members(t, api, id); len(got) != 0 {
		t.Errorf("there before it is made: %v", got)
	}
	_, err := api.BatchAddPeersToChannel(join(id, "chan1", map[string]int64{"alpha": 1}))
	wantCode(t, err, 400, "BCS.4001020")
	after("chan1", "chan2")

	must(api.BatchAddPeersToChannel(join(id, "chan1", map[string]int64{"alpha": 2, "beta": 1})))(t)
	after("chan1 alpha 2", "chan1 beta 1", "chan2")
	must(api.BatchAddPeersToChannel(join(id, "chan1", map[string]int64{"alpha": 2})))(t) // the target is met
	after("chan1 alpha 2", "chan1 beta 1", "chan2")

	nodes := must(api.ShowBlockchainNodes(&model.ShowBlockchainNodesRequest{BlockchainId: id}))(t)
	for name, peer := range nodes.NodeOrgs["alpha"].Peers {
		if diff := cmp.Diff([]string{"chan1"}, *peer.Channels); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}

	must(api.BatchRemovePeersFromChannel(&model.BatchRemovePeersFromChannelRequest{
		BlockchainId: id, ChannelId: "chan1", Body: &model.BatchRemovePeersFromChannelRequestBody{OrgName: "alpha", Peers: 1},
	}))(t)
	after("chan1 alpha 1", "chan1 beta 1", "chan2")
	_, err = api.DeleteChannel(&model.DeleteChannelRequest{BlockchainId: id, ChannelId: "chan1"})
	wantCode(t, err, 400, "BCS.4001249")
	_, err = api.UpdateInstance(update(id, true, model.NodeOrgs{Name: "beta"}))
	wantCode(t, err, 400, "BCS.4001051")
	left := must(api.BatchRemoveOrgsFromChannel(&model.BatchRemoveOrgsFromChannelRequest{
		BlockchainId: id, ChannelId: "chan1", Body: &model.BatchRemoveOrgsFromChannelRequestBody{OrgNames: []string{"alpha", "beta"}},
	}))(t)
	if !strings.HasPrefix(*left.OperationId, "BCSSVC01-06-") {
		t.Errorf("operation %s", *left.OperationId)
	}
	after("chan1", "chan2")
	must(api.DeleteChannel(&model.DeleteChannelRequest{BlockchainId: id, ChannelId: "chan1"}))(t)
	after("chan2")
}

func TestRefusedWorkOnChannels(t *testing.T) {
	c := start(t)
	api := c.bcs(t)
	id := c.order(t, api, orderOf("ledger", func(b *model.CreateRequestBody) {
		b.Channels = &[]model.ChannelInfoV2{{Name: "chan1", OrgNames: []string{"alpha"}}}
	}))
	quit := func(org string, n int32) error {
		_, err := api.BatchRemovePeersFromChannel(&model.BatchRemovePeersFromChannelRequest{
			BlockchainId: id, ChannelId: "chan1", Body: &model.BatchRemovePeersFromChannelRequestBody{OrgName: org, Peers: n},
		})
		return err
	}
	made := func(names ...string) error {
		_, err := api.BatchCreateChannels(createChannels(id, names...))
		return err
	}
	joined := func(channel string, peers map[string]int64) error {
		_, err := api.BatchAddPeersToChannel(join(id, channel, peers))
		return err
	}
	left := func(channel string, orgs ...string) error {
		_, err := api.BatchRemoveOrgsFromChannel(&model.BatchRemoveOrgsFromChannelRequest{
			BlockchainId: id, ChannelId: channel, Body: &model.BatchRemoveOrgsFromChannelRequestBody{OrgNames: orgs},
		})
		return err
	}
	two := &model.BatchAddPeersToChannelRequest{BlockchainId: id, Body: &model.BatchAddPeersToChannelRequestBody{
		ChannelPeers: []model.PeerChannelInfo{{ChannelName: "chan1"}, {ChannelName: "chan2"}},
	}}
	two.Body.ChannelPeers[0].Peers, two.Body.ChannelPeers[1].Peers = map[string]int64{"alpha": 1}, map[string]int64{"alpha": 1}
	_, twoErr := api.BatchAddPeersToChannel(two)
	_, deleted := api.DeleteChannel(&model.DeleteChannelRequest{BlockchainId: id, ChannelId: "none1"})
	for _, tc := range []struct {
		name string
		err  error
		code string
	}{
		{"underscore", made("channel_test"), "BCS.4006012"},
		{"reserved name", made("testchainid"), "BCS.4006012"},
		{"name taken", made("chan1"), "BCS.4006012"},
		{"name twice", made("chan2", "chan2"), "BCS.4006012"},
		{"over the limit", made("chan2", "chan3"), "BCS.4006012"},
		{"no names", made(), "BCS.4006014"},
		{"unknown channel", joined("chan9", map[string]int64{"alpha": 1}), "BCS.4006012"},
		{"unknown organization", joined("chan1", map[string]int64{"gamma": 1}), "BCS.4001245"},
		{"more than there are", joined("chan1", map[string]int64{"alpha": 3}), "BCS.4001051"},
		{"fewer than are there", joined("chan1", map[string]int64{"alpha": 1}), "BCS.4006014"},
		{"none", joined("chan1", map[string]int64{"beta": 0}), "BCS.4006014"},
		{"nobody", joined("chan1", nil), "BCS.4006014"},
		{"two channels", twoErr, "BCS.4006014"},
		{"the last peer", quit("alpha", 2), "BCS.4006014"},
		{"no peer", quit("alpha", 0), "BCS.4006014"},
		{"no member", quit("beta", 1), "BCS.4001245"},
		{"no member leaves", left("chan1", "beta"), "BCS.4001245"},
		{"nobody leaves", left("chan1"), "BCS.4006014"},
		{"unknown channel left", left("none1", "alpha"), "BCS.4006012"},
		{"unknown channel deleted", deleted, "BCS.4006012"},
	} {
		t.Run(tc.name, func(t *testing.T) { wantCode(t, tc.err, 400, tc.code) })
	}
}

// The matrix of docs/emulator.md: which work is let in, in which state.
func TestStates(t *testing.T) {
	const yes = ""
	type row struct{ update, channel, cert, delete string }
	for _, tc := range []struct {
		state string
		bring func(t *testing.T, c *cloud, api *bcs.BcsClient, id string)
		want  row
	}{
		{"Normal", nil, row{yes, yes, yes, yes}},
		{"Abnormal", health("Abnormal"), row{"BCS.4001020", "BCS.4001020", yes, yes}},
		{"EipAbnormal", health("EipAbnormal"), row{"BCS.4001020", yes, yes, yes}},
		{"Freeze", health("Freeze"), row{"BCS.4001234", "BCS.4001234", "BCS.4001234", yes}},
		{"Hibernation", health("Hibernation"), row{"BCS.4001234", "BCS.4001234", "BCS.4001234", "BCS.4001123"}},
		{"IsCreating", func(t *testing.T, c *cloud, _ *bcs.BcsClient, _ string) { c.Advance(-time.Second) },
			row{"BCS.4001001", "BCS.4001001", "BCS.4001001", "BCS.4001001"}},
		{"IsAdding", func(t *testing.T, _ *cloud, api *bcs.BcsClient, id string) {
			must(api.UpdateInstance(update(id, false, model.NodeOrgs{Name: "gamma", NodeCount: 1, PvcName: ptr("p")})))(t)
		}, row{"BCS.4001020", "BCS.4001020", yes, "BCS.4001020"}},
		{"channel work", func(t *testing.T, _ *cloud, api *bcs.BcsClient, id string) {
			must(api.BatchCreateChannels(createChannels(id, "chan1")))(t)
		}, row{"BCS.4001020", "BCS.4001020", yes, "BCS.4001020"}},
		{"IsDeleting", func(t *testing.T, _ *cloud, api *bcs.BcsClient, id string) {
			must(api.DeleteBlockchain(&model.DeleteBlockchainRequest{BlockchainId: id}))(t)
		}, row{"BCS.4001003", "BCS.4001003", "BCS.4001003", "BCS.4001003"}},
	} {
		t.Run(tc.state, func(t *testing.T) {
			c := start(t)
			api := c.bcs(t)
			for n, work := range []string{"update", "channel", "cert", "delete"} {
				want := []string{tc.want.update, tc.want.channel, tc.want.cert, tc.want.delete}[n]
				id := c.order(t, api, orderOf("for-"+work, onCluster(fmt.Sprintf("5adc2ce2-9712-11ea-9535-%012d", n))))
				if tc.bring != nil {
					tc.bring(t, c, api, id)
				}
				var err error
				switch work {
				case "update":
					_, err = api.UpdateInstance(update(id, false, model.NodeOrgs{Name: "beta", NodeCount: 2}))
				case "channel":
					_, err = api.BatchCreateChannels(createChannels(id, "chan2"))
				case "cert":
					_, err = api.DownloadBlockchainCert(&model.DownloadBlockchainCertRequest{
						BlockchainId: id, OrgName: "alpha", CertType: model.GetDownloadBlockchainCertRequestCertTypeEnum().ADMIN,
					})
				case "delete":
					_, err = api.DeleteBlockchain(&model.DeleteBlockchainRequest{BlockchainId: id})
				}
				if want == yes {
					if err != nil {
						t.Errorf("%s: %v", work, err)
					}
					continue
				}
				wantCode(t, err, 400, want)
				detail(t, api, id) // reads are always let in
			}
		})
	}
}

func health(state string) func(*testing.T, *cloud, *bcs.BcsClient, string) {
	return func(t *testing.T, c *cloud, _ *bcs.BcsClient, id string) {
		t.Helper()
		if err := c.SetHealth(t.Context(), id, state); err != nil {
			t.Fatal(err)
		}
	}
}

// unzip reads an archive of the SDK's download.
func unzip(t *testing.T, body io.Reader) map[string][]byte {
	t.Helper()
	data := must(io.ReadAll(body))(t)
	r := must(zip.NewReader(bytes.NewReader(data), int64(len(data))))(t)
	files := map[string][]byte{}
	for _, f := range r.File {
		in := must(f.Open())(t)
		files[f.Name] = must(io.ReadAll(in))(t)
	}
	return files
}

// one is the only file below a folder.
func one(t *testing.T, files map[string][]byte, folder string) []byte {
	t.Helper()
	var found [][]byte
	for name, data := range files {
		if strings.HasPrefix(name, folder+"/") {
			found = append(found, data)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d files in %s", len(found), folder)
	}
	return found[0]
}

func parseCert(t *testing.T, text []byte) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(text)
	if block == nil {
		t.Fatalf("no PEM: %q", text)
	}
	return must(x509.ParseCertificate(block.Bytes))(t)
}

func TestUserCertificate(t *testing.T) {
	c := start(t)
	api := c.bcs(t)
	id := c.order(t, api, orderOf("ledger"))
	issue := func(user string, secure bool) (*model.CreateBlockchainCertByUserNameResponse, error) {
		return api.CreateBlockchainCertByUserName(&model.CreateBlockchainCertByUserNameRequest{
			BlockchainId: id, OrgName: "alpha", UserName: user,
			Body: &model.CreateBlockchainCertByUserNameRequestBody{SecurityMode: &secure},
		})
	}
	out := must(issue("alice", false))(t)
	var archive bytes.Buffer
	files := unzip(t, io.TeeReader(out.Body, &archive))
	if archive.Len() > 30<<10 {
		t.Errorf("the archive has %d bytes, too many to be uploaded again", archive.Len())
	}

	ca := parseCert(t, one(t, files, "msp/cacerts"))
	cert := parseCert(t, one(t, files, "msp/signcerts"))
	if err := cert.CheckSignatureFrom(ca); err != nil {
		t.Errorf("not signed by its authority: %v", err)
	}
	if cert.Subject.CommonName != "alice@alpha" {
		t.Errorf("issued to %s", cert.Subject)
	}
	block, _ := pem.Decode(one(t, files, "msp/keystore"))
	if _, err := x509.ParsePKCS8PrivateKey(block.Bytes); err != nil {
		t.Errorf("the key cannot be read: %v", err)
	}
	tlsCA := parseCert(t, files["tls/ca.crt"])
	if err := parseCert(t, files["tls/server.crt"]).CheckSignatureFrom(tlsCA); err != nil {
		t.Errorf("the TLS certificate is not signed by its authority: %v", err)
	}

	must(issue("alice", false))(t) // no limit when the caller keeps it
	must(issue("alice", true))(t)
	_, err := issue("alice", true)
	wantCode(t, err, 400, "BCS.4006036")
	_, err = issue("Alice", true)
	wantCode(t, err, 400, "BCS.4006014")

	upload := func(user, org string, data []byte) error {
		path := filepath.Join(t.TempDir(), "cert.zip")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		file := must(os.Open(path))(t)
		defer file.Close()
		_, err := api.FreezeCert(&model.FreezeCertRequest{
			BlockchainId: id, OrgName: org, UserName: user, Body: &model.FreezeCertRequestBody{File: def.NewFilePart(file)},
		})
		return err
	}
	if err := upload("alice", "alpha", archive.Bytes()); err != nil {
		t.Errorf("freezing a certificate that the caller keeps: %v", err)
	}
	wantCode(t, upload("alice", "beta", archive.Bytes()), 400, "BCS.4006014")
	wantCode(t, upload("bobby", "alpha", archive.Bytes()), 400, "BCS.4006014")
	wantCode(t, upload("alice", "alpha", []byte("no archive")), 400, "BCS.4006014")
	wantCode(t, upload("alice", "alpha", make([]byte, 30<<10+1)), 400, "BCS.4006014")
	must(api.FreezeCert(&model.FreezeCertRequest{BlockchainId: id, OrgName: "alpha", UserName: "alice"}))(t)
	must(api.FreezeCert(&model.FreezeCertRequest{BlockchainId: id, OrgName: "alpha", UserName: "alice"}))(t)
	must(api.UnfreezeCert(&model.UnfreezeCertRequest{BlockchainId: id, OrgName: "alpha", UserName: "alice"}))(t)
	_, err = api.FreezeCert(&model.FreezeCertRequest{BlockchainId: id, OrgName: "alpha", UserName: "bobby"})
	wantCode(t, err, 400, "BCS.4006014")
}

func TestDownloadedCertificates(t *testing.T) {
	c := start(t)
	api := c.bcs(t)
	id := c.order(t, api, orderOf("ledger"))
	kinds := model.GetDownloadBlockchainCertRequestCertTypeEnum()
	download := func(org string, kind model.DownloadBlockchainCertRequestCertType) (map[string][]byte, error) {
		out, err := api.DownloadBlockchainCert(&model.DownloadBlockchainCertRequest{BlockchainId: id, OrgName: org, CertType: kind})
		if err != nil {
			return nil, err
		}
		return unzip(t, out.Body), nil
	}
	for _, org := range []string{"alpha", "beta", "orderer", "ledger-orderer"} {
		ca := parseCert(t, must(download(org, kinds.CA))(t)[caFile(org)])
		for _, kind := range []model.DownloadBlockchainCertRequestCertType{kinds.ADMIN, kinds.USER} {
			files := must(download(org, kind))(t)
			if err := parseCert(t, one(t, files, "msp/signcerts")).CheckSignatureFrom(ca); err != nil {
				t.Errorf("%s %s: %v", org, kind.Value(), err)
			}
			if again := must(download(org, kind))(t); !cmp.Equal(files, again) {
				t.Errorf("%s %s differs the second time", org, kind.Value())
			}
		}
	}
	_, err := download("gamma", kinds.ADMIN)
	wantCode(t, err, 400, "BCS.4001245")
	_, err = download("alpha", model.DownloadBlockchainCertRequestCertType{})
	wantCode(t, err, 400, "BCS.4006014")
}

func caFile(org string) string {
	if org == "orderer" {
		org = "ledger-orderer"
	}
	return "ca/ca." + org + "-cert.pem"
}

func TestRecords(t *testing.T) {
	c := start(t)
	api := c.bcs(t)
	id := c.order(t, api, orderOf("ledger"))
	must(api.BatchCreateChannels(createChannels(id, "chan1")))(t)
	types := func(change func(*model.ListOpRecordRequest)) []string {
		req := &model.ListOpRecordRequest{}
		change(req)
		out, list := must(api.ListOpRecord(req))(t), []string{}
		for _, r := range *out.OperationRecords {
			list = append(list, *r.OperationType+" "+*r.OperationStatus)
		}
		return list
	}
	enum := model.GetListOpRecordRequestOperationStatusEnum()
	for _, tc := range []struct {
		name   string
		change func(*model.ListOpRecordRequest)
		want   []string
	}{
		{"all, newest first", func(r *model.ListOpRecordRequest) {}, []string{"04 waiting", "99 finished"}},
		{"instance", func(r *model.ListOpRecordRequest) { r.BlockchainId = &id }, []string{"04 waiting", "99 finished"}},
		{"other instance", func(r *model.ListOpRecordRequest) { r.BlockchainId = ptr("x") }, []string{}},
		{"status", func(r *model.ListOpRecordRequest) { r.OperationStatus = &enum.FINISHED }, []string{"99 finished"}},
		{"type", func(r *model.ListOpRecordRequest) {
			r.OperationType = ptr(model.GetListOpRecordRequestOperationTypeEnum().E_04)
		}, []string{"04 waiting"}},
		{"none of this type", func(r *model.ListOpRecordRequest) {
			r.OperationType = ptr(model.GetListOpRecordRequestOperationTypeEnum().E_00)
		}, []string{}},
		{"unknown operation", func(r *model.ListOpRecordRequest) { r.OperationId = ptr("BCSSVC01-99-1") }, []string{}},
	} {
		if diff := cmp.Diff(tc.want, types(tc.change)); diff != "" {
			t.Errorf("%s: %s", tc.name, diff)
		}
	}
}

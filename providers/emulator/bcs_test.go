package emulator_test

import (
	"testing"
	"time"

	bcs "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2/model"
)

const (
	clusterA = "5adc2ce2-9712-11ea-9535-0255ac100b0d"
	clusterB = "5adc2ce2-9712-11ea-9535-0255ac100b0e"
	password = "Str0ng-enough"
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

// order orders an instance and lets the creation end.
func (c *cloud) order(t *testing.T, api *bcs.BcsClient, req *model.CreateNewBlockchainRequest) string {
	t.Helper()
	out := must(api.CreateNewBlockchain(req))(t)
	c.Advance(1300 * time.Millisecond)
	return *out.BlockchainId
}

func TestInstanceLife(t *testing.T) {
	c := start(t)
	api := c.bcs(t)
	out := must(api.CreateNewBlockchain(orderOf("ledger")))(t)
	d := must(api.ShowBlockchainDetail(&model.ShowBlockchainDetailRequest{BlockchainId: *out.BlockchainId}))(t)
	if *d.BasicInfo.ProcessStatus != "IsCreating" {
		t.Errorf("process status %v", d.BasicInfo.ProcessStatus)
	}
	c.Advance(1300 * time.Millisecond)
	d = must(api.ShowBlockchainDetail(&model.ShowBlockchainDetailRequest{BlockchainId: *out.BlockchainId}))(t)
	if *d.BasicInfo.Status != "Normal" || len(*d.PeerInfo) != 2 {
		t.Errorf("%v", d)
	}
	t.Log(d)
	t.Log(must(api.ListOpRecord(&model.ListOpRecordRequest{OperationId: out.OperationId}))(t))
	t.Log(must(api.ShowBlockchainStatus(&model.ShowBlockchainStatusRequest{BlockchainId: *out.BlockchainId}))(t))
	t.Log(must(api.ShowBlockchainNodes(&model.ShowBlockchainNodesRequest{BlockchainId: *out.BlockchainId}))(t))
}

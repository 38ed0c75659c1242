package bcs

import (
	"context"
	"errors"
	"slices"

	sdk "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2/model"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

var service = huaweicloud.Service[*sdk.BcsClient]{Host: "bcs", New: sdk.NewBcsClient}

// api holds the calls that the node types need, one method an operation of the
// contract. A changing call returns the ID of its operation record, "" if the
// answer has none, which the reference's own examples show.
type api struct{ c *huaweicloud.Client }

func (a api) createNewBlockchain(ctx context.Context, body *model.CreateRequestBody) (*model.CreateNewBlockchainResponse, error) {
	return huaweicloud.Change(ctx, a.c, service, "CreateNewBlockchain", (*sdk.BcsClient).CreateNewBlockchain,
		&model.CreateNewBlockchainRequest{Body: body})
}

func (a api) listBlockchains(ctx context.Context) ([]model.BlockchainInfo, error) {
	r, err := huaweicloud.Read(ctx, a.c, service, "ListBlockchains", (*sdk.BcsClient).ListBlockchains, &model.ListBlockchainsRequest{})
	if err != nil {
		return nil, err
	}
	return val(r.Blockchains), nil
}

func (a api) listQuotas(ctx context.Context) ([]model.Resource, error) {
	r, err := huaweicloud.Read(ctx, a.c, service, "ListQuotas", (*sdk.BcsClient).ListQuotas, &model.ListQuotasRequest{})
	if err != nil {
		return nil, err
	}
	return val(r.Resources), nil
}

// showBlockchainFlavors returns the limits of the enterprise edition.
func (a api) showBlockchainFlavors(ctx context.Context) (*model.InstanceSpc, error) {
	r, err := huaweicloud.Read(ctx, a.c, service, "ShowBlockchainFlavors", (*sdk.BcsClient).ShowBlockchainFlavors, &model.ShowBlockchainFlavorsRequest{})
	if err != nil {
		return nil, err
	}
	return r.EnterpriseSpec, nil
}

func (a api) showBlockchainDetail(ctx context.Context, id string) (*model.ShowBlockchainDetailResponse, error) {
	if err := huaweicloud.InPath(id); err != nil {
		return nil, err
	}
	d, err := huaweicloud.Read(ctx, a.c, service, "ShowBlockchainDetail", (*sdk.BcsClient).ShowBlockchainDetail,
		&model.ShowBlockchainDetailRequest{BlockchainId: id})
	if err == nil && val(basic(d).Id) != id {
		return nil, huaweicloud.Senseless("ShowBlockchainDetail", "the answer is not about the network that was asked for")
	}
	return d, err
}

func (a api) showBlockchainNodes(ctx context.Context, id string) (map[string]model.Org, error) {
	if err := huaweicloud.InPath(id); err != nil {
		return nil, err
	}
	r, err := huaweicloud.Read(ctx, a.c, service, "ShowBlockchainNodes", (*sdk.BcsClient).ShowBlockchainNodes,
		&model.ShowBlockchainNodesRequest{BlockchainId: id})
	if err != nil {
		return nil, err
	}
	return r.NodeOrgs, nil
}

func (a api) updateInstance(ctx context.Context, id string, org model.NodeOrgs, remove bool) (string, error) {
	if err := huaweicloud.InPath(id); err != nil {
		return "", err
	}
	r, err := huaweicloud.Change(ctx, a.c, service, "UpdateInstance", (*sdk.BcsClient).UpdateInstance, &model.UpdateInstanceRequest{
		BlockchainId: id,
		Body:         &model.UpdateInstanceRequestBody{NodeOrgs: []model.NodeOrgs{org}, IsDeleteOrg: &remove},
	})
	if err != nil {
		return "", a.explainBusy(ctx, id, err)
	}
	return val(r.OperationId), nil
}

func (a api) deleteBlockchain(ctx context.Context, q *model.DeleteBlockchainRequest) (string, error) {
	if err := huaweicloud.InPath(q.BlockchainId); err != nil {
		return "", err
	}
	r, err := huaweicloud.Change(ctx, a.c, service, "DeleteBlockchain", (*sdk.BcsClient).DeleteBlockchain, q)
	if err != nil {
		return "", a.explainBusy(ctx, q.BlockchainId, err)
	}
	return val(r.OperationId), nil
}

func (a api) batchCreateChannels(ctx context.Context, id string, ch model.ChannelCreateInfo) (string, error) {
	if err := huaweicloud.InPath(id); err != nil {
		return "", err
	}
	r, err := huaweicloud.Change(ctx, a.c, service, "BatchCreateChannels", (*sdk.BcsClient).BatchCreateChannels, &model.BatchCreateChannelsRequest{
		BlockchainId: id,
		Body:         &model.BatchCreateChannelsRequestBody{Channels: []model.ChannelCreateInfo{ch}},
	})
	if err != nil {
		return "", a.explainBusy(ctx, id, err)
	}
	return val(r.OperationId), nil
}

func (a api) listBlockchainChannels(ctx context.Context, id string) ([]model.Channel, error) {
	if err := huaweicloud.InPath(id); err != nil {
		return nil, err
	}
	r, err := huaweicloud.Read(ctx, a.c, service, "ListBlockchainChannels", (*sdk.BcsClient).ListBlockchainChannels,
		&model.ListBlockchainChannelsRequest{BlockchainId: id})
	if huaweicloud.NoFields(err) { // as a network without channels may be shown: it must be there
		if _, missing := a.showBlockchainDetail(ctx, id); missing != nil {
			return nil, err
		}
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	channels := val(r.Channels)
	if slices.ContainsFunc(channels, func(ch model.Channel) bool { return val(ch.Name) == "" }) {
		return nil, huaweicloud.Senseless("ListBlockchainChannels", "a channel has no name")
	}
	return channels, nil
}

func (a api) deleteChannel(ctx context.Context, id, channel string) (string, error) {
	if err := huaweicloud.InPath(id, channel); err != nil {
		return "", err
	}
	r, err := huaweicloud.Change(ctx, a.c, service, "DeleteChannel", (*sdk.BcsClient).DeleteChannel,
		&model.DeleteChannelRequest{BlockchainId: id, ChannelId: channel})
	if err != nil {
		return "", a.explainBusy(ctx, id, err)
	}
	return val(r.OperationId), nil
}

func (a api) batchAddPeersToChannel(ctx context.Context, id, channel, org string, peers int64) (string, error) {
	if err := huaweicloud.InPath(id); err != nil {
		return "", err
	}
	r, err := huaweicloud.Change(ctx, a.c, service, "BatchAddPeersToChannel", (*sdk.BcsClient).BatchAddPeersToChannel, &model.BatchAddPeersToChannelRequest{
		BlockchainId: id,
		Body: &model.BatchAddPeersToChannelRequestBody{ChannelPeers: []model.PeerChannelInfo{
			{ChannelName: channel, Peers: map[string]int64{org: peers}},
		}},
	})
	if err != nil {
		return "", a.explainBusy(ctx, id, err)
	}
	return val(r.OperationId), nil
}

func (a api) batchRemovePeersFromChannel(ctx context.Context, id, channel, org string, peers int64) (string, error) {
	if err := huaweicloud.InPath(id, channel); err != nil {
		return "", err
	}
	r, err := huaweicloud.Change(ctx, a.c, service, "BatchRemovePeersFromChannel", (*sdk.BcsClient).BatchRemovePeersFromChannel, &model.BatchRemovePeersFromChannelRequest{
		BlockchainId: id,
		ChannelId:    channel,
		Body:         &model.BatchRemovePeersFromChannelRequestBody{OrgName: org, Peers: int32(peers)},
	})
	if err != nil {
		return "", a.explainBusy(ctx, id, err)
	}
	return val(r.OperationId), nil
}

func (a api) batchRemoveOrgsFromChannel(ctx context.Context, id, channel, org string) (string, error) {
	if err := huaweicloud.InPath(id, channel); err != nil {
		return "", err
	}
	r, err := huaweicloud.Change(ctx, a.c, service, "BatchRemoveOrgsFromChannel", (*sdk.BcsClient).BatchRemoveOrgsFromChannel, &model.BatchRemoveOrgsFromChannelRequest{
		BlockchainId: id,
		ChannelId:    channel,
		Body:         &model.BatchRemoveOrgsFromChannelRequestBody{OrgNames: []string{org}},
	})
	if err != nil {
		return "", a.explainBusy(ctx, id, err)
	}
	return val(r.OperationId), nil
}

// listOpRecord lists the operation records of one network, or the one record
// with an ID; either may be "".
func (a api) listOpRecord(ctx context.Context, network, id string) ([]model.RecordDetailInfo, error) {
	q := &model.ListOpRecordRequest{}
	if network != "" {
		q.BlockchainId = &network
	}
	if id != "" {
		q.OperationId = &id
	}
	r, err := huaweicloud.Read(ctx, a.c, service, "ListOpRecord", (*sdk.BcsClient).ListOpRecord, q)
	if err != nil {
		return nil, err
	}
	return val(r.OperationRecords), nil
}

// explainBusy tells an abnormal network from one that other work runs on: the
// service has one code for both, and only the second is worth waiting for.
func (a api) explainBusy(ctx context.Context, network string, refusal error) error {
	if !huaweicloud.IsCode(refusal, "BCS.4001020") {
		return refusal
	}
	d, err := a.showBlockchainDetail(ctx, network)
	if err != nil || !isFault(val(basic(d).Status)) || val(basic(d).ProcessStatus) != "" {
		return refusal
	}
	if record, err := a.running(ctx, network); err != nil || record != nil {
		return refusal
	}
	var e *providers.Error
	errors.As(refusal, &e)
	explained := *e
	explained.Kind = providers.Failed
	explained.Message = "the network is in state " + val(basic(d).Status) + ": " + e.Message
	explained.Advice = "Repair the network or its cluster on the console until its state is Normal, then apply again."
	return &explained
}

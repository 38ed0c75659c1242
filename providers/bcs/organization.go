package bcs

import (
	"context"
	"fmt"
	"slices"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2/model"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// organization provides BCS.Organization. The service has one call for adding,
// scaling and removing (UpdateInstance, one kind of change per call); the
// number that it takes is a target.
type organization struct {
	api
	huaweicloud.LooksFirst
}

// orgProperties are the properties of an organization.
type orgProperties struct {
	Network string `json:"blockchainId"`
	Name    string `json:"name"`
	Peers   int64  `json:"nodeCount"`
	PVC     string `json:"pvcName"`
}

func (o orgProperties) id() string { return huaweicloud.JoinPath(o.Network, o.Name) }

// Advance implements providers.Provider.
func (p organization) Advance(ctx context.Context, req *providers.Request, op providers.Operation, resumed bool) (providers.Progress, error) {
	var want orgProperties
	if err := providers.Decode(req.Properties, &want); err != nil {
		return providers.Progress{}, err
	}
	switch req.Action {
	case providers.Create:
		return p.create(ctx, req, want, op, resumed)
	case providers.Delete:
		return p.delete(ctx, want, op, resumed, req.Settling)
	}
	return p.scale(ctx, want, op, resumed, req.Settling)
}

func (p organization) create(ctx context.Context, req *providers.Request, want orgProperties, op providers.Operation, resumed bool) (providers.Progress, error) {
	return huaweicloud.Creation{
		What:    "organization",
		Request: req,
		Late:    p.c.Late(),
		Look: func(ctx context.Context) (map[string]string, error) {
			_, info, err := p.info(ctx, want.Network, want.Name)
			if err == nil && info != nil {
				err = huaweicloud.Exists("organization", want.Name, "Choose another name, or remove it from peerOrgs of the network or from the network itself.")
			}
			return nil, err
		},
		Send: func(ctx context.Context, _ providers.Operation) (providers.Operation, error) {
			node := model.NodeOrgs{Name: want.Name, NodeCount: want.Peers, PvcName: &want.PVC}
			record, err := p.updateInstance(ctx, want.Network, node, false)
			return providers.Operation{ID: record, ObjectID: want.id()}, err
		},
		Find: func(ctx context.Context) ([]huaweicloud.Found, error) {
			_, info, err := p.info(ctx, want.Network, want.Name)
			if err != nil || info == nil {
				return nil, err
			}
			record, err := p.running(ctx, want.Network)
			return []huaweicloud.Found{foundOf(want.id(), want.Name, want.Network, "", record)}, err
		},
		Wait: func(ctx context.Context, op providers.Operation) (providers.Progress, error) {
			return p.scaled(ctx, want, op)
		},
	}.Advance(ctx, op, resumed)
}

// The stages of scaling, besides waiting for the end:
//
//	"" or rescale    --a channel has too many of its peers-->  leaving  -->  rescale
//	                 --none has-->  wait
//	"", answer lost  --work runs-->  other  --it has ended-->  rescale
//
// A peer that shall go leaves its channels first: the service refuses to
// remove one that is in a channel, and the memberships, which depend on the
// organization, are brought into line only after it.
const (
	stageLeaving = "leaving" // work whose end leads to a new look
	stageRescale = "rescale"
)

// noteChannel names the channel that peers leave.
const noteChannel = "channel"

func (p organization) scale(ctx context.Context, want orgProperties, op providers.Operation, resumed, settling bool) (providers.Progress, error) {
	switch op.Stage {
	case huaweicloud.StageWait:
		return p.scaled(ctx, want, op)
	case stageLeaving:
		return p.left(ctx, want, op)
	case stageOther:
		return p.outlast(ctx, op, stageRescale)
	}
	if resumed { // before its peers are counted: the work may end meanwhile
		next, err := p.takeUp(ctx, want.Network, want.id())
		if err != nil || next != nil {
			return providers.Progress{Next: val(next)}, err
		}
	}
	_, info, err := p.info(ctx, want.Network, want.Name)
	if err != nil {
		return providers.Progress{}, err
	}
	if info == nil {
		return providers.Progress{}, huaweicloud.Absent("organization", want.Name)
	}
	if settling {
		o, err := p.object(ctx, want.Network, info)
		return providers.Progress{Done: err == nil, Object: o}, err
	}
	if val(info.NodeCnt) > want.Peers {
		channel, surplus, err := p.surplus(ctx, want, "")
		if err != nil || channel != "" {
			return p.leave(ctx, want, channel, surplus, err)
		}
	}
	next := providers.Operation{Stage: huaweicloud.StageWait, ObjectID: want.id()}
	if val(info.NodeCnt) != want.Peers { // the service refuses what changes nothing
		next.ID, err = p.updateInstance(ctx, want.Network, model.NodeOrgs{Name: want.Name, NodeCount: want.Peers}, false)
	}
	return providers.Progress{Next: next}, err
}

// surplus returns the first channel, or the one that is named, in which more
// peers of the organization are than it shall have, and how many more; "" if
// there is none.
func (p organization) surplus(ctx context.Context, want orgProperties, only string) (channel string, peers int64, err error) {
	all, err := p.listBlockchainChannels(ctx, want.Network)
	if err != nil {
		return "", 0, err
	}
	for _, ch := range all {
		name, more := val(ch.Name), int64(len(ch.Peers[want.Name]))-want.Peers
		if more > 0 && (only == "" || only == name) {
			return name, more, nil
		}
	}
	return "", 0, nil
}

func (p organization) leave(ctx context.Context, want orgProperties, channel string, peers int64, err error) (providers.Progress, error) {
	if err != nil {
		return providers.Progress{}, err
	}
	record, err := p.batchRemovePeersFromChannel(ctx, want.Network, channel, want.Name, peers)
	return providers.Progress{
		Next:    providers.Operation{Stage: stageLeaving, ID: record, ObjectID: want.id(), Note: map[string]string{noteChannel: channel}},
		Message: fmt.Sprintf("peers that leave channel %s: %d", channel, peers),
	}, err
}

// left waits until the peers have left, then lets the scaling be looked at
// again.
func (p organization) left(ctx context.Context, want orgProperties, op providers.Operation) (providers.Progress, error) {
	return p.await(ctx, op, func(ctx context.Context, finished bool) (settled, error) {
		if channel := op.Note[noteChannel]; !finished && channel != "" {
			still, more, err := p.surplus(ctx, want, channel)
			if err != nil || still != "" {
				return settled{waiting: fmt.Sprintf("peers that leave channel %s: %d", channel, more)}, err
			}
		}
		return settled{next: &providers.Operation{Stage: stageRescale, ObjectID: want.id()}}, nil
	})
}

// scaled waits until the organization has the wanted number of peers and
// nothing works on the network any more.
func (p organization) scaled(ctx context.Context, want orgProperties, op providers.Operation) (providers.Progress, error) {
	return p.await(ctx, op, func(ctx context.Context, finished bool) (settled, error) {
		process, info, err := p.info(ctx, want.Network, want.Name)
		switch {
		case err != nil:
			return settled{}, err
		case process != "":
			return settled{waiting: "the network is in state " + process}, nil
		case info == nil:
			return settled{waiting: "the organization is not shown yet"}, nil
		case val(info.NodeCnt) == want.Peers:
			o, err := p.object(ctx, want.Network, info)
			return settled{done: err == nil, object: o}, err
		case finished:
			return settled{}, &providers.Error{
				Kind:      providers.Failed,
				Operation: "UpdateInstance",
				Message:   fmt.Sprintf("the operation is finished, but organization %s has %d peers instead of %d", want.Name, val(info.NodeCnt), want.Peers),
				Advice:    "Look at the organization on the console, then apply again.",
			}
		}
		return settled{waiting: fmt.Sprintf("the organization has %d of %d peers", val(info.NodeCnt), want.Peers)}, nil
	})
}

func (p organization) delete(ctx context.Context, have orgProperties, op providers.Operation, resumed, settling bool) (providers.Progress, error) {
	var info *model.PeerInfo // as looked at last
	return p.remove(ctx, removal{
		network: have.Network, object: have.id(), settling: settling,
		left: func(ctx context.Context) (_ string, err error) {
			_, info, err = p.info(ctx, have.Network, have.Name)
			if err != nil || info == nil {
				return "", err
			}
			return "the organization is still there", nil
		},
		send: func(ctx context.Context) (string, error) {
			// The schema wants a number here too; a removal ignores it.
			return p.updateInstance(ctx, have.Network, model.NodeOrgs{Name: have.Name, NodeCount: max(val(info.NodeCnt), 1)}, true)
		},
	}, op, resumed)
}

// Search implements providers.Searcher.
func (p organization) Search(ctx context.Context, req *providers.Request, _ providers.Operation) ([]providers.Candidate, error) {
	o := orgProperties{Network: req.String("blockchainId"), Name: req.String("name")}
	_, info, err := p.info(ctx, o.Network, o.Name)
	if err != nil || info == nil {
		return nil, err
	}
	return []providers.Candidate{foundOf(o.id(), o.Name, o.Network, "", nil).Candidate}, nil
}

// ReadAll implements providers.Lister.
func (p organization) ReadAll(ctx context.Context, reqs []*providers.Request) ([]providers.Reading, error) {
	return huaweicloud.ReadEach(ctx, reqs, p.Read)
}

// Read implements providers.Provider.
func (p organization) Read(ctx context.Context, req *providers.Request) (*providers.Object, error) {
	parts, err := huaweicloud.SplitPath("BCS.Organization", req.ObjectID, "network", 2)
	if err != nil {
		return nil, err
	}
	_, info, err := p.info(ctx, parts[0], parts[1])
	if err != nil {
		return nil, err
	}
	if info == nil {
		return nil, huaweicloud.Absent("organization", parts[1])
	}
	return p.object(ctx, parts[0], info)
}

// info returns the work on the network ("" if it is idle) and what it shows of
// an organization, nil if there is none of that name.
func (a api) info(ctx context.Context, network, name string) (process string, info *model.PeerInfo, err error) {
	d, err := a.showBlockchainDetail(ctx, network)
	if err != nil {
		return "", nil, err
	}
	process = val(basic(d).ProcessStatus)
	for _, i := range val(d.PeerInfo) {
		if val(i.Name) == name {
			return process, &i, nil
		}
	}
	return process, nil, nil
}

func (p organization) object(ctx context.Context, network string, info *model.PeerInfo) (*providers.Object, error) {
	name := val(info.Name)
	orgs, err := p.showBlockchainNodes(ctx, network)
	if err != nil {
		return nil, err
	}
	org := orgs[name]
	peers := make([]string, 0, len(org.Peers))
	for peer := range org.Peers {
		peers = append(peers, peer)
	}
	slices.Sort(peers)
	addresses := make([]string, len(peers))
	for i, peer := range peers {
		addresses[i] = val(org.Peers[peer].IpPort)
	}
	properties := map[string]any{"blockchainId": network, "name": name, "nodeCount": val(info.NodeCnt)}
	if pvc := val(info.PvcName); pvc != "" {
		properties["pvcName"] = pvc
	}
	return &providers.Object{
		ID: huaweicloud.JoinPath(network, name),
		Attributes: map[string]any{
			"refID":         huaweicloud.JoinPath(network, name),
			"refName":       name,
			"mspId":         val(org.OrgMspId),
			"domain":        val(org.OrgDomain),
			"peers":         huaweicloud.Texts(peers),
			"peerAddresses": huaweicloud.Texts(addresses),
		},
		Properties: properties,
	}, nil
}

package bcs

import (
	"context"
	"fmt"
	"slices"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// membership provides BCS.ChannelMembership.
//
// What the number in BatchAddPeersToChannel means, a target or an addition, is
// not documented. For an organization without peers in the channel both are
// the same. Otherwise it is sent as a target, which the console suggests, and
// what joined too much leaves again: the number that the channel shows decides.
type membership struct {
	api
	huaweicloud.LooksFirst
}

// stageAdjust follows on work after which the channel shows another number of
// peers than wanted.
const stageAdjust = "adjust"

// memberProperties are the properties of a membership.
type memberProperties struct {
	Network string `json:"blockchainId"`
	Channel string `json:"channelName"`
	Org     string `json:"organizationName"`
	Peers   int64  `json:"peerCount"`
}

func (m memberProperties) id() string { return huaweicloud.JoinPath(m.Network, m.Channel, m.Org) }

// Advance implements providers.Provider.
func (p membership) Advance(ctx context.Context, req *providers.Request, op providers.Operation, resumed bool) (providers.Progress, error) {
	var want memberProperties
	if err := providers.Decode(req.Properties, &want); err != nil {
		return providers.Progress{}, err
	}
	switch {
	case req.Action == providers.Delete:
		return p.delete(ctx, want, op, resumed, req.Settling)
	case op.Stage == stageOther:
		return p.outlast(ctx, op, stageAdjust)
	case op.Stage == stageAdjust, req.Action == providers.Update && op.Stage == "":
		return p.adjust(ctx, want, resumed, req.Settling)
	case req.Action == providers.Update:
		return p.adjusted(ctx, want, op)
	}
	return p.create(ctx, req, want, op, resumed)
}

func (p membership) create(ctx context.Context, req *providers.Request, want memberProperties, op providers.Operation, resumed bool) (providers.Progress, error) {
	return huaweicloud.Creation{
		What:    "membership",
		Request: req,
		Late:    p.c.Late(),
		Look: func(ctx context.Context) (map[string]string, error) {
			peers, err := p.peers(ctx, want)
			if err == nil && len(peers) > 0 {
				err = huaweicloud.Exists("a membership of "+want.Org+" in channel", want.Channel, "Let the organization leave the channel first.")
			}
			return nil, err
		},
		Send: func(ctx context.Context, _ providers.Operation) (providers.Operation, error) {
			record, err := p.batchAddPeersToChannel(ctx, want.Network, want.Channel, want.Org, want.Peers)
			return providers.Operation{ID: record, ObjectID: want.id()}, err
		},
		Find: func(ctx context.Context) ([]huaweicloud.Found, error) { return p.find(ctx, want) },
		Wait: func(ctx context.Context, op providers.Operation) (providers.Progress, error) {
			return p.adjusted(ctx, want, op)
		},
	}.Advance(ctx, op, resumed)
}

// find looks for what a lost request has made. Work that runs on the network says
// nothing while the channel shows no peers: it may be the request's own, or
// anybody's. When it has ended, they are there or not.
func (p membership) find(ctx context.Context, want memberProperties) ([]huaweicloud.Found, error) {
	record, err := p.running(ctx, want.Network) // before the peers: it may end meanwhile
	if err != nil {
		return nil, err
	}
	peers, err := p.peers(ctx, want)
	switch {
	case err != nil:
		return nil, err
	case len(peers) > 0:
		return []huaweicloud.Found{foundOf(want.id(), want.Org+" in channel "+want.Channel, want.Network, "", record)}, nil
	case record != nil:
		return nil, &providers.Error{Kind: providers.Busy, Message: "work runs on the network, and may be that of the lost request; it is waited for"}
	}
	return nil, nil
}

// adjust brings the number of peers in the channel to the wanted one.
func (p membership) adjust(ctx context.Context, want memberProperties, resumed, settling bool) (providers.Progress, error) {
	if resumed { // before the peers are looked at: the work may end meanwhile
		next, err := p.takeUp(ctx, want.Network, want.id())
		if err != nil || next != nil {
			return providers.Progress{Next: val(next)}, err
		}
	}
	peers, err := p.peers(ctx, want)
	if err != nil {
		return providers.Progress{}, err
	}
	if settling {
		return done(memberObject(want, peers)), nil
	}
	next := providers.Operation{Stage: huaweicloud.StageWait, ObjectID: want.id()}
	switch have := int64(len(peers)); {
	case have < want.Peers:
		next.ID, err = p.batchAddPeersToChannel(ctx, want.Network, want.Channel, want.Org, want.Peers)
	case have > want.Peers:
		next.ID, err = p.batchRemovePeersFromChannel(ctx, want.Network, want.Channel, want.Org, have-want.Peers)
	default:
		return done(memberObject(want, peers)), nil
	}
	return providers.Progress{Next: next}, err
}

// adjusted waits until the channel shows the wanted number of peers.
func (p membership) adjusted(ctx context.Context, want memberProperties, op providers.Operation) (providers.Progress, error) {
	return p.await(ctx, op, func(ctx context.Context, finished bool) (settled, error) {
		peers, err := p.peers(ctx, want)
		if err != nil {
			return settled{}, err
		}
		switch have := int64(len(peers)); {
		case have == want.Peers:
			return settled{done: true, object: memberObject(want, peers)}, nil
		case finished && have > want.Peers:
			return settled{
				waiting: fmt.Sprintf("%d peers joined instead of %d", have, want.Peers),
				next:    &providers.Operation{Stage: stageAdjust, ObjectID: want.id()},
			}, nil
		case finished:
			return settled{}, &providers.Error{
				Kind:      providers.Failed,
				Operation: "BatchAddPeersToChannel",
				Message:   fmt.Sprintf("the operation is finished, but %d of %d peers of %s are in channel %s", have, want.Peers, want.Org, want.Channel),
				Advice:    "Check that the organization has that many peers (nodeCount), and that they are healthy.",
			}
		default:
			return settled{waiting: fmt.Sprintf("%d of %d peers are in the channel", have, want.Peers)}, nil
		}
	})
}

func (p membership) delete(ctx context.Context, have memberProperties, op providers.Operation, resumed, settling bool) (providers.Progress, error) {
	return p.remove(ctx, removal{
		network: have.Network, object: have.id(), settling: settling,
		left: func(ctx context.Context) (string, error) {
			peers, err := p.peers(ctx, have)
			if err != nil || len(peers) == 0 {
				return "", err
			}
			return fmt.Sprintf("%d peers are still in the channel", len(peers)), nil
		},
		send: func(ctx context.Context) (string, error) {
			return p.batchRemoveOrgsFromChannel(ctx, have.Network, have.Channel, have.Org)
		},
	}, op, resumed)
}

// Search implements providers.Searcher.
func (p membership) Search(ctx context.Context, req *providers.Request, _ providers.Operation) ([]providers.Candidate, error) {
	var m memberProperties
	if err := providers.Decode(req.Properties, &m); err != nil {
		return nil, err
	}
	peers, err := p.peers(ctx, m)
	if err != nil || len(peers) == 0 {
		return nil, err
	}
	return []providers.Candidate{foundOf(m.id(), m.Org+" in channel "+m.Channel, m.Network, "", nil).Candidate}, nil
}

// ReadAll implements providers.Lister.
func (p membership) ReadAll(ctx context.Context, reqs []*providers.Request) ([]providers.Reading, error) {
	return huaweicloud.ReadEach(ctx, reqs, p.Read)
}

// Read implements providers.Provider.
func (p membership) Read(ctx context.Context, req *providers.Request) (*providers.Object, error) {
	parts, err := huaweicloud.SplitPath("BCS.ChannelMembership", req.ObjectID, "network", 3)
	if err != nil {
		return nil, err
	}
	m := memberProperties{Network: parts[0], Channel: parts[1], Org: parts[2]}
	peers, err := p.peers(ctx, m)
	if err != nil {
		return nil, err
	}
	if len(peers) == 0 {
		return nil, huaweicloud.Absent("a membership of "+m.Org+" in channel", m.Channel)
	}
	return memberObject(m, peers), nil
}

// peers lists the peers of the organization that are in the channel, sorted.
func (p membership) peers(ctx context.Context, m memberProperties) ([]string, error) {
	ch, err := p.channelNamed(ctx, m.Network, m.Channel)
	if err != nil {
		return nil, err
	}
	if ch == nil {
		return nil, huaweicloud.Absent("channel", m.Channel)
	}
	peers := slices.Clone(ch.Peers[m.Org])
	slices.Sort(peers)
	return peers, nil
}

func memberObject(m memberProperties, peers []string) *providers.Object {
	return &providers.Object{
		ID: m.id(),
		Attributes: map[string]any{
			"refID":   m.id(),
			"refName": m.Org,
			"peers":   huaweicloud.Texts(peers),
		},
		Properties: map[string]any{
			"blockchainId":     m.Network,
			"channelName":      m.Channel,
			"organizationName": m.Org,
			"peerCount":        int64(len(peers)),
		},
	}
}

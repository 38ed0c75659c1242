package bcs

import (
	"context"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2/model"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// channel provides BCS.Channel. Channels are made without members and can be
// deleted only without; nothing of them can be changed.
type channel struct {
	api
	huaweicloud.LooksFirst
}

// channelProperties are the properties of a channel.
type channelProperties struct {
	Network     string `json:"blockchainId"`
	Name        string `json:"name"`
	Description string `json:"description"`
}

func (c channelProperties) id() string { return huaweicloud.JoinPath(c.Network, c.Name) }

// Advance implements providers.Provider.
func (p channel) Advance(ctx context.Context, req *providers.Request, op providers.Operation, resumed bool) (providers.Progress, error) {
	var want channelProperties
	if err := providers.Decode(req.Properties, &want); err != nil {
		return providers.Progress{}, err
	}
	switch req.Action {
	case providers.Create:
		return p.create(ctx, req, want, op, resumed)
	case providers.Delete:
		return p.delete(ctx, want, op, resumed, req.Settling)
	}
	o, err := p.Read(ctx, req)
	return done(o), err
}

func (p channel) create(ctx context.Context, req *providers.Request, want channelProperties, op providers.Operation, resumed bool) (providers.Progress, error) {
	return huaweicloud.Creation{
		What:    "channel",
		Request: req,
		Late:    p.c.Late(),
		Look: func(ctx context.Context) (map[string]string, error) {
			ch, err := p.channelNamed(ctx, want.Network, want.Name)
			if err == nil && ch != nil {
				err = huaweicloud.Exists("channel", want.Name, "Choose another name (property name).")
			}
			return nil, err
		},
		Send: func(ctx context.Context, _ providers.Operation) (providers.Operation, error) {
			record, err := p.batchCreateChannels(ctx, want.Network, model.ChannelCreateInfo{ChannelName: want.Name, ChannelDescription: &want.Description})
			return providers.Operation{ID: record, ObjectID: want.id()}, err
		},
		Find: func(ctx context.Context) ([]huaweicloud.Found, error) {
			ch, err := p.channelNamed(ctx, want.Network, want.Name)
			if err != nil || ch == nil {
				return nil, err
			}
			record, err := p.running(ctx, want.Network)
			return []huaweicloud.Found{foundOf(want.id(), want.Name, want.Network, val(ch.CreateTime), record)}, err
		},
		Wait: func(ctx context.Context, op providers.Operation) (providers.Progress, error) {
			return p.await(ctx, op, func(ctx context.Context, _ bool) (settled, error) {
				ch, err := p.channelNamed(ctx, want.Network, want.Name)
				if err != nil || ch == nil {
					return settled{waiting: "the channel is not listed yet"}, err
				}
				return settled{done: true, object: channelObject(want.Network, ch)}, nil
			})
		},
	}.Advance(ctx, op, resumed)
}

func (p channel) delete(ctx context.Context, have channelProperties, op providers.Operation, resumed, settling bool) (providers.Progress, error) {
	return p.remove(ctx, removal{
		network: have.Network, object: have.id(), settling: settling,
		left: func(ctx context.Context) (string, error) {
			ch, err := p.channelNamed(ctx, have.Network, have.Name)
			if err != nil || ch == nil {
				return "", err
			}
			return "the channel is still listed", nil
		},
		send: func(ctx context.Context) (string, error) { return p.deleteChannel(ctx, have.Network, have.Name) },
	}, op, resumed)
}

// Search implements providers.Searcher.
func (p channel) Search(ctx context.Context, req *providers.Request, _ providers.Operation) ([]providers.Candidate, error) {
	c := channelProperties{Network: req.String("blockchainId"), Name: req.String("name")}
	ch, err := p.channelNamed(ctx, c.Network, c.Name)
	if err != nil || ch == nil {
		return nil, err
	}
	return []providers.Candidate{foundOf(c.id(), c.Name, c.Network, val(ch.CreateTime), nil).Candidate}, nil
}

// ReadAll implements providers.Lister.
func (p channel) ReadAll(ctx context.Context, reqs []*providers.Request) ([]providers.Reading, error) {
	return huaweicloud.ReadEach(ctx, reqs, p.Read)
}

// Read implements providers.Provider.
func (p channel) Read(ctx context.Context, req *providers.Request) (*providers.Object, error) {
	parts, err := huaweicloud.SplitPath("BCS.Channel", req.ObjectID, "network", 2)
	if err != nil {
		return nil, err
	}
	ch, err := p.channelNamed(ctx, parts[0], parts[1])
	if err != nil {
		return nil, err
	}
	if ch == nil {
		return nil, huaweicloud.Absent("channel", parts[1])
	}
	return channelObject(parts[0], ch), nil
}

// channelNamed returns a channel, nil if the network has none of that name.
func (a api) channelNamed(ctx context.Context, network, name string) (*model.Channel, error) {
	all, err := a.listBlockchainChannels(ctx, network)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if val(all[i].Name) == name {
			return &all[i], nil
		}
	}
	return nil, nil
}

func channelObject(network string, ch *model.Channel) *providers.Object {
	name := val(ch.Name)
	return &providers.Object{
		ID: huaweicloud.JoinPath(network, name),
		Attributes: map[string]any{
			"refID":      huaweicloud.JoinPath(network, name),
			"refName":    name,
			"consensus":  val(ch.Consensus),
			"createTime": val(ch.CreateTime),
		},
		Properties: map[string]any{"blockchainId": network, "name": name, "description": val(ch.Description)},
	}
}

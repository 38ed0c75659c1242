package emulator

import (
	"maps"
	"slices"
	"time"
)

// createChannels answers BatchCreateChannels (API 1.5.1.5): channels without
// members.
func createChannels(c *call) (reply, error) {
	i, err := c.blockchain(bcsNotFound)
	if err != nil {
		return reply{}, err
	}
	var body struct {
		Channels []struct {
			Name        string `json:"channel_name"`
			Description string `json:"channel_description"`
		} `json:"channels"`
	}
	if err := c.decode(&body); err != nil {
		return reply{}, err
	}
	if err := i.admit(c.tx, workChannels); err != nil {
		return reply{}, err
	}
	if i.Order.IsInvitee {
		return reply{}, refuse(bcsChannel, "Failed to create the channel: an invitee creates no channels.")
	}
	if len(body.Channels) == 0 {
		return reply{}, badParameter("channels", "empty")
	}
	e, subs := effect{}, []string{}
	for _, ch := range body.Channels {
		again := slices.ContainsFunc(e.AddChannels, func(other *channel) bool { return other.Name == ch.Name })
		switch {
		case ch.Name == reservedChannel:
			return reply{}, refuse(bcsChannel, "Invalid channel name: %s is reserved.", ch.Name)
		case i.channel(ch.Name) != nil || again:
			return reply{}, refuse(bcsChannel, "Failed to create the channel: the channel %s already exists.", ch.Name)
		}
		e.AddChannels = append(e.AddChannels, &channel{Name: ch.Name, Description: ch.Description})
		subs = append(subs, "Create channel "+ch.Name)
	}
	if limit := editionOf(i.Order.VersionType).channels; len(i.Channels)+len(e.AddChannels) > limit {
		return reply{}, errChannelLimit(limit)
	}
	return c.began(i, opJoin, e, planSimple(takesChannel, "Create Channels", subs...))
}

// began starts an operation and answers with its ID.
func (c *call) began(i *instance, kind string, e effect, p plan) (reply, error) {
	op, err := c.start(i, kind, e, p)
	if err != nil {
		return reply{}, err
	}
	return answer(map[string]string{"operation_id": op.ID})
}

// listChannels answers ListBlockchainChannels (API 1.5.1.6). A channel without
// members has empty objects. The consenters are the orderers' side, which the
// printed example shows as the first peer of each member.
func listChannels(c *call) (reply, error) {
	i, err := c.blockchain(bcsNotFound)
	if err != nil {
		return reply{}, err
	}
	list := []any{}
	if i.Health == "" {
		return answer(map[string]any{"channels": list}) // still being created
	}
	for _, ch := range i.Channels {
		peers, consenters := map[string][]string{}, map[string][]string{}
		for _, m := range ch.Members {
			peers[m.Org] = i.org(m.Org).peerNames(m.Peers)
			consenters[m.Org] = peers[m.Org][:1]
		}
		list = append(list, map[string]any{
			"name": ch.Name, "description": ch.Description, "create_time": ch.Created.UTC().Format(time.RFC3339),
			"consensus": lowerConsensus(i.Order.Consensus), "peers": peers, "consensusNodes": consenters,
		})
	}
	return answer(map[string]any{"channels": list})
}

// addPeersToChannel answers BatchAddPeersToChannel (API 1.5.1.7). The number of
// peers is what shall be in the channel afterwards; what is there already
// stays, so repeating a call does no harm.
func addPeersToChannel(c *call) (reply, error) {
	i, err := c.blockchain(bcsNotFound)
	if err != nil {
		return reply{}, err
	}
	var body struct {
		Joins []struct {
			Channel string         `json:"channel_name"`
			Peers   map[string]int `json:"peers"`
		} `json:"channel_peers"`
	}
	if err := c.decode(&body); err != nil {
		return reply{}, err
	}
	if err := i.admit(c.tx, workChannels); err != nil {
		return reply{}, err
	}
	if len(body.Joins) != 1 {
		return reply{}, badParameter("channel_peers", "must hold exactly one channel")
	}
	join := body.Joins[0]
	ch := i.channel(join.Channel)
	if ch == nil {
		return reply{}, errNoChannel(join.Channel)
	}
	if len(join.Peers) == 0 {
		return reply{}, badParameter("peers", "empty")
	}
	e := effect{Channel: ch.Name}
	for _, name := range sortedKeys(join.Peers) {
		n, org := join.Peers[name], i.org(name)
		switch {
		case org == nil:
			return reply{}, errWrongOrg(name)
		case n < 1:
			return reply{}, badParameter("peers", "must be at least 1 for "+name)
		case n > org.Nodes:
			return reply{}, refuse(bcsWrongScale, "Failed to add the peer to the channel: %s has %d peers, but %d are asked for.", name, org.Nodes, n)
		case n < ch.peers(name):
			return reply{}, badParameter("peers", "fewer than are in the channel for "+name+"; peers leave with another call")
		}
		e.Members = append(e.Members, member{Org: name, Peers: n})
	}
	return c.began(i, opJoin, e, planSimple(takesJoin, "Join Channel", "Update the channel configuration", "Join peers to "+ch.Name))
}

// sortedKeys makes walks over a map repeatable.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func errNoChannel(name string) error {
	return refuse(bcsChannel, "The channel %s does not exist.", name)
}

// channelOf finds instance and channel of a path, ready for work on channels.
func (c *call) channelOf() (*instance, *channel, error) {
	i, err := c.blockchain(bcsNotFound)
	if err != nil {
		return nil, nil, err
	}
	if err := i.admit(c.tx, workChannels); err != nil {
		return nil, nil, err
	}
	ch := i.channel(c.params["channel_id"]) // the name, in spite of the parameter's
	if ch == nil {
		return nil, nil, errNoChannel(c.params["channel_id"])
	}
	return i, ch, nil
}

// removeOrgsFromChannel answers BatchRemoveOrgsFromChannel (API 1.5.1.8).
func removeOrgsFromChannel(c *call) (reply, error) {
	i, ch, err := c.channelOf()
	if err != nil {
		return reply{}, err
	}
	var body struct {
		Orgs []string `json:"org_names"`
	}
	if err := c.decode(&body); err != nil {
		return reply{}, err
	}
	if len(body.Orgs) == 0 {
		return reply{}, badParameter("org_names", "empty")
	}
	e := effect{Channel: ch.Name}
	for _, name := range body.Orgs {
		if ch.peers(name) == 0 {
			return reply{}, errWrongOrg(name)
		}
		e.Members = append(e.Members, member{Org: name})
	}
	return c.began(i, opLeave, e, planSimple(takesLeave, "Leave Channel", "Remove peers from "+ch.Name, "Update the channel configuration"))
}

// removePeersFromChannel answers BatchRemovePeersFromChannel (API 1.5.1.20).
// The highest numbers leave, and never the last one.
func removePeersFromChannel(c *call) (reply, error) {
	i, ch, err := c.channelOf()
	if err != nil {
		return reply{}, err
	}
	var body struct {
		Org   string `json:"org_name"`
		Peers int    `json:"peers"`
	}
	if err := c.decode(&body); err != nil {
		return reply{}, err
	}
	there := ch.peers(body.Org)
	if there == 0 {
		return reply{}, errWrongOrg(body.Org)
	}
	if body.Peers < 1 || body.Peers >= there {
		return reply{}, badParameter("peers", "must be more than 0 and fewer than the organization has in the channel")
	}
	e := effect{Channel: ch.Name, Members: []member{{Org: body.Org, Peers: there - body.Peers}}}
	return c.began(i, opLeave, e, planSimple(takesLeave, "Leave Channel", "Remove peers from "+ch.Name))
}

// deleteChannel answers DeleteChannel (API 1.5.1.21), for an empty channel.
func deleteChannel(c *call) (reply, error) {
	i, ch, err := c.channelOf()
	if err != nil {
		return reply{}, err
	}
	if i.Order.IsInvitee {
		return reply{}, refuse(bcsChannel, "Failed to delete the channel: it is the inviter's.")
	}
	shared, err := c.hasMembers(i, ch.Name)
	if err != nil {
		return reply{}, err
	}
	if len(ch.Members) > 0 || shared {
		return reply{}, refuse(bcsChannelInUse,
			"the channel(%s) is not empty for the bcs(%s), so cannot delete channel, please remove orgs from this channel first", ch.Name, i.Name)
	}
	return c.began(i, opJoin, effect{DropChannel: ch.Name}, planSimple(takesChannel, "Delete Channel", "Delete channel "+ch.Name))
}

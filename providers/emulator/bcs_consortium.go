package emulator

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

const kindInvitation = "bcs.invitation"

// The statuses of an invitation (API 1.5.2.2, 1.5.2.5; agreed is the SDK's word,
// canceled the emulator's for what the console calls so).
const (
	inviteWaiting  = "waiting"
	inviteAgreed   = "agreed"
	inviteReject   = "reject"
	inviteQuit     = "quit"
	inviteReleased = "released"
	inviteCanceled = "canceled"
)

// The limits of a consortium (user guide 1.8.1, API 1.7.2).
const (
	maxMembersOfChannel = 5
	maxInvitedTenants   = 40
	maxWaitingAnswers   = 100
)

// invitation asks a tenant to join a channel of an instance. An instance of his
// answers for him:
//
//	waiting --accepted--> (Work runs) --> agreed --leaves--> (Work runs) --> quit
//	  |  ^                    | fails       |
//	  |  +--------------------+             +-- the inviter's instance goes --> released
//	  +-- declined --> reject
//	  +-- the inviter's instance or channel goes --> canceled
//
// Work that fails leaves the status as it was.
type invitation struct {
	ID               string
	Project          string // of the inviter
	Tenant           string // the name of the invited one
	Guest            string // his project
	Channel          string
	Status           string
	Work             string // ID of the operation that joins or leaves; "" when none runs
	Created, Updated time.Time
	Host             host
	Invitee          guest // chosen with the acceptance
}

// host is the inviting instance as it was when it invited. It may be gone.
type host struct {
	ID, Name                         string
	Consensus, SignAlgorithm, Fabric string
	Cluster, Database                string
	TC3                              bool
}

// guest is the instance that joined, with the organizations that it brought.
type guest struct {
	ID, Name string
	Orgs     []guestOrg
}

type guestOrg struct {
	Name, Hash string
	Nodes      int
}

func (v *invitation) object() Object {
	return Object{Kind: kindInvitation, ID: v.ID, Project: v.Project, Parent: v.Host.ID, Name: v.Channel + "/" + v.Tenant, Created: v.Created}
}

// joined tells whether the tenant is a member or has been one.
func (v *invitation) joined() bool {
	return v.Status == inviteAgreed || v.Status == inviteQuit || v.Status == inviteReleased
}

// open tells whether the invitation takes one of the places in the channel.
func (v *invitation) open() bool { return v.Status == inviteWaiting || v.Status == inviteAgreed }

// invitations are those that fit, oldest first, those of one moment by channel
// and tenant.
func invitations(t *tx, fits func(*invitation) bool) ([]*invitation, error) {
	list, err := everyones[invitation](t, kindInvitation)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(v *invitation) bool { return !fits(v) })
	slices.SortFunc(list, func(a, b *invitation) int {
		return cmp.Or(a.Created.Compare(b.Created), strings.Compare(a.object().Name, b.object().Name), strings.Compare(a.ID, b.ID))
	})
	return list, nil
}

// consortium is the ID of the instance that invites in the consortium that i is
// part of: i itself unless it has joined another one.
func (i *instance) consortium(t *tx) (string, error) {
	if !i.Order.IsInvitee {
		return i.ID, nil
	}
	list, err := invitations(t, func(v *invitation) bool { return v.Invitee.ID == i.ID && (v.Status == inviteAgreed || v.Work != "") })
	if err != nil || len(list) == 0 {
		return i.ID, err
	}
	return list[0].Host.ID, nil
}

// membersOf are the IDs of the instances of a consortium, the inviting one first,
// each once; also of those that are just joining.
func membersOf(t *tx, hostID string) ([]string, error) {
	list, err := invitations(t, func(v *invitation) bool { return v.Host.ID == hostID && (v.Status == inviteAgreed || v.Work != "") })
	ids := []string{hostID}
	for _, v := range list {
		if !slices.Contains(ids, v.Invitee.ID) {
			ids = append(ids, v.Invitee.ID)
		}
	}
	return ids, err
}

// othersIdle refuses work on i while another instance of the consortium of the
// inviting instance hostID is being changed.
func (i *instance) othersIdle(t *tx, hostID string) error {
	ids, err := membersOf(t, hostID)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if id == i.ID {
			continue
		}
		other, err := get[instance](t, kindInstance, id)
		if err != nil {
			return err
		}
		if other != nil && other.Running != "" {
			return refuse(bcsConsortiumBusy, "Operation failed because the current service or services in the consortium are being updated. Try again later.")
		}
	}
	return nil
}

// settleInvitation carries over to its invitation how an operation on i ended
// that joined or left a consortium.
func (c *call) settleInvitation(op *operation) error {
	v, err := get[invitation](c.tx, kindInvitation, op.Effect.Invitation)
	if err != nil || v == nil {
		return err
	}
	v.Work = ""
	switch {
	case op.Failure == "":
		v.Status, v.Updated = op.Effect.Becomes, c.now
	case v.Status == inviteWaiting:
		v.Invitee = guest{}
	}
	return c.put(v)
}

// dissolve tells the partners of an instance that it is gone: who is invited by
// it can't come any more, who came stands alone, and where it was a member it
// has quit.
func (c *call) dissolve(i *instance) error {
	list, err := invitations(c.tx, func(v *invitation) bool { return v.open() && (v.Host.ID == i.ID || v.Invitee.ID == i.ID) })
	if err != nil {
		return err
	}
	for _, v := range list {
		v.Updated = c.now
		switch {
		case v.Invitee.ID == i.ID:
			v.Status = inviteQuit
		case v.Status == inviteAgreed:
			v.Status = inviteReleased
			err = c.dropSharedChannel(v)
		default:
			v.Status = inviteCanceled
		}
		if err != nil {
			return err
		}
		if err := c.put(v); err != nil {
			return err
		}
	}
	return nil
}

// dropSharedChannel takes the channel of the inviter from a member's instance.
func (c *call) dropSharedChannel(v *invitation) error {
	i, err := get[instance](c.tx, kindInstance, v.Invitee.ID)
	if err != nil || i == nil {
		return err
	}
	i.Channels = slices.DeleteFunc(i.Channels, func(ch *channel) bool { return ch.Name == v.Channel })
	return c.put(i)
}

// cancelInvitations cancels those to a channel that is gone.
func (c *call) cancelInvitations(i *instance, channel string) error {
	list, err := invitations(c.tx, func(v *invitation) bool {
		return v.Host.ID == i.ID && v.Channel == channel && v.Status == inviteWaiting
	})
	if err != nil {
		return err
	}
	for _, v := range list {
		v.Status, v.Updated = inviteCanceled, c.now
		if err := c.put(v); err != nil {
			return err
		}
	}
	return nil
}

// hasMembers tells whether invited tenants are in a channel.
func (c *call) hasMembers(i *instance, channel string) (bool, error) {
	list, err := invitations(c.tx, func(v *invitation) bool {
		return v.Host.ID == i.ID && v.Channel == channel && (v.Status == inviteAgreed || v.Work != "")
	})
	return len(list) > 0, err
}

// listMembers answers ListMembers (API 1.5.2.4). The inviter sees everybody
// whom it invited and who may still come, a member the consortiums that it
// has joined.
func listMembers(c *call) (reply, error) {
	list, err := invitations(c.tx, func(v *invitation) bool {
		return v.Project == c.project && v.Status != inviteCanceled || v.Guest == c.project && v.joined()
	})
	if err != nil {
		return reply{}, err
	}
	members, err := wiresOf(list, c.memberWire)
	if err != nil {
		return reply{}, err
	}
	return answer(map[string]any{"members": members})
}

// memberWire is an invitation as ListMembers shows it. The text points to this
// list for the status, and gives it no field: it is in the organizations, of
// which those who have not come have a nameless one for its sake.
func (c *call) memberWire(v *invitation) (any, error) {
	orgs, err := c.guestOrgs(v)
	if err != nil {
		return nil, err
	}
	if len(orgs) == 0 {
		orgs = []any{map[string]any{"name": "", "name_hash": "", "node_count": 0, "status": v.Status, "status_detail": ""}}
	}
	inviter, invited := c.e.tenantOf(v.Project), c.e.tenantOf(v.Guest)
	invitee := map[string]any{"invitee_bcs_id": "", "invitee_user_id": invited.DomainID, "invitee_username": v.Tenant}
	if v.joined() {
		invitee["invitee_bcs_id"] = v.Invitee.ID
	}
	return map[string]any{
		"tcs_need": v.Host.TC3, "channel_name": v.Channel, "invited_orgs": orgs,
		"invitor_info": map[string]any{
			"invitor_bcs_id": v.Host.ID, "invitor_bcs_name": v.Host.Name, "invitor_project_id": inviter.ProjectID,
			"invitor_user_id": inviter.DomainID, "invitor_username": inviter.Name,
		},
		"invitee_info": invitee,
	}, nil
}

// guestOrgs are the organizations that a member brought, with the number of
// their nodes as it is now, or as it was last.
func (c *call) guestOrgs(v *invitation) ([]any, error) {
	orgs := []any{}
	if !v.joined() {
		return orgs, nil
	}
	i, err := get[instance](c.tx, kindInstance, v.Invitee.ID)
	if err != nil {
		return nil, err
	}
	for _, o := range v.Invitee.Orgs {
		nodes := o.Nodes
		if i != nil && i.org(o.Name) != nil {
			nodes = i.org(o.Name).Nodes
		}
		orgs = append(orgs, map[string]any{
			"name": o.Name, "name_hash": o.Hash, "node_count": nodes, "status": v.Status, "status_detail": healthyOf(nodes, nodes),
		})
	}
	return orgs, nil
}

// hostOf is what an invitation keeps of the inviting instance.
func hostOf(i *instance) host {
	return host{
		ID: i.ID, Name: i.Name, Consensus: lowerConsensus(i.Order.Consensus), SignAlgorithm: i.Order.SignAlgorithm,
		Fabric: i.Order.FabricVersion, Cluster: strings.ToLower(i.Cluster.Type), Database: i.Order.DatabaseType, TC3: i.Order.TC3,
	}
}

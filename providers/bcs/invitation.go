package bcs

import (
	"context"
	"fmt"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2/model"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// invitation provides BCS.Invitation: that a tenant may join a channel. What comes
// of it is up to the tenant (response.go); the invitation is there until it is
// taken away, which the service allows unless the tenant is a member:
//
//	waiting --accepted--> agreed --quits, or the network goes--> quit, released
//	   +------declined--> reject
type invitation struct {
	api
	huaweicloud.LooksFirst
}

// inviteProperties are the properties of an invitation.
type inviteProperties struct {
	Network string `json:"blockchainId"`
	Channel string `json:"channelName"`
	Tenant  string `json:"tenantName"`
}

func (v inviteProperties) id() string { return huaweicloud.JoinPath(v.Network, v.Channel, v.Tenant) }

// Advance implements providers.Provider.
func (p invitation) Advance(ctx context.Context, req *providers.Request, op providers.Operation, resumed bool) (providers.Progress, error) {
	var want inviteProperties
	if err := providers.Decode(req.Properties, &want); err != nil {
		return providers.Progress{}, err
	}
	switch req.Action {
	case providers.Create:
		return p.create(ctx, req, want, op, resumed)
	case providers.Delete:
		return p.delete(ctx, want, op)
	}
	o, err := p.Read(ctx, req) // everything is immutable
	return done(o), err
}

func (p invitation) create(ctx context.Context, req *providers.Request, want inviteProperties, op providers.Operation, resumed bool) (providers.Progress, error) {
	return huaweicloud.Creation{
		What:    "invitation",
		Request: req,
		Late:    p.c.Late(),
		Look: func(ctx context.Context) (map[string]string, error) {
			m, err := p.member(ctx, want.Network, want.Channel, want.Tenant)
			if err == nil && m != nil {
				err = invitedBefore(want, m)
			}
			return nil, err
		},
		Send: func(ctx context.Context, _ providers.Operation) (providers.Operation, error) {
			err := p.batchInviteMembersToChannel(ctx, want.Network, want.Channel, want.Tenant)
			return providers.Operation{ObjectID: want.id()}, err
		},
		Find: func(ctx context.Context) ([]huaweicloud.Found, error) {
			m, err := p.member(ctx, want.Network, want.Channel, want.Tenant)
			if err != nil || m == nil {
				return nil, err
			}
			return []huaweicloud.Found{foundOf(want.id(), want.Tenant+" in channel "+want.Channel, want.Network, "", nil)}, nil
		},
		Wait: func(ctx context.Context, op providers.Operation) (providers.Progress, error) {
			m, err := p.member(ctx, want.Network, want.Channel, want.Tenant)
			if err != nil || m == nil {
				return providers.Progress{Next: op, After: poll, Message: "the invitation is not listed yet"}, err
			}
			o, err := p.object(ctx, want, m)
			return done(o), err
		},
	}.Advance(ctx, op, resumed)
}

// invitedBefore says what to do about an invitation that is there already: the
// service sends no second one as long as it is.
func invitedBefore(want inviteProperties, m *Member) error {
	advice := "Take it into the stack: orchestrate import NODE " + want.id() + "."
	switch m.standing() {
	case inviteReject, inviteQuit, inviteReleased:
		advice += " To invite the tenant again, replace it then (--replace NODE)."
	}
	return huaweicloud.Exists("an invitation of "+want.Tenant+" to channel", want.Channel+" ("+m.standing()+")", advice)
}

func (p invitation) delete(ctx context.Context, have inviteProperties, op providers.Operation) (providers.Progress, error) {
	m, err := p.member(ctx, have.Network, have.Channel, have.Tenant)
	switch {
	case err != nil:
		return providers.Progress{}, err
	case m == nil:
		return providers.Progress{Done: true}, nil
	case op.Stage == huaweicloud.StageWait:
		return providers.Progress{Next: op, After: poll, Message: "the invitation is still listed"}, nil
	case m.standing() == inviteAgreed:
		return providers.Progress{}, &providers.Error{Kind: providers.Conflict, Operation: "ListMembers", Message: isMember(have), Advice: letQuit}
	}
	err = p.deleteMemberInvite(ctx, have.Network, have.Channel, withdrawn(m))
	if huaweicloud.Gone(err) {
		return providers.Progress{Done: true}, nil
	}
	return providers.Progress{Next: providers.Operation{Stage: huaweicloud.StageWait, ObjectID: have.id()}}, err
}

const letQuit = "Have the tenant leave first: the stack of its side deletes its BCS.InvitationResponse. Deleting the network releases it too."

func isMember(v inviteProperties) string {
	return fmt.Sprintf("%s is a member of channel %s; the service takes no invitation away that was accepted", v.Tenant, v.Channel)
}

// withdrawn names an invitation as DeleteMemberInvite wants it: the status and the
// tenant's network count for those that had been accepted.
func withdrawn(m *Member) model.InvitationDetail {
	known := model.GetInvitationDetailStatusEnum()
	statuses := map[string]model.InvitationDetailStatus{
		inviteWaiting: known.WAITING, inviteReject: known.REJECT, inviteQuit: known.QUIT, inviteReleased: known.RELEASED,
	}
	d := model.InvitationDetail{InvitedUser: m.Invitee}
	if s, ok := statuses[m.standing()]; ok {
		d.Status = &s
	}
	if m.InviteeInstanceID != "" {
		d.InvitedBcsId = &m.InviteeInstanceID
	}
	return d
}

// Search implements providers.Searcher.
func (p invitation) Search(ctx context.Context, req *providers.Request, _ providers.Operation) ([]providers.Candidate, error) {
	var v inviteProperties
	if err := providers.Decode(req.Properties, &v); err != nil {
		return nil, err
	}
	m, err := p.member(ctx, v.Network, v.Channel, v.Tenant)
	if err != nil || m == nil {
		return nil, err
	}
	return []providers.Candidate{foundOf(v.id(), v.Tenant+" in channel "+v.Channel, v.Network, "", nil).Candidate}, nil
}

// ReadAll implements providers.Lister.
func (p invitation) ReadAll(ctx context.Context, reqs []*providers.Request) ([]providers.Reading, error) {
	return huaweicloud.ReadEach(ctx, reqs, p.Read)
}

// Read implements providers.Provider.
func (p invitation) Read(ctx context.Context, req *providers.Request) (*providers.Object, error) {
	parts, err := huaweicloud.SplitPath("BCS.Invitation", req.ObjectID, "network", 3)
	if err != nil {
		return nil, err
	}
	v := inviteProperties{Network: parts[0], Channel: parts[1], Tenant: parts[2]}
	m, err := p.member(ctx, v.Network, v.Channel, v.Tenant)
	if err != nil {
		return nil, err
	}
	if m == nil {
		return nil, huaweicloud.Absent("an invitation of "+v.Tenant+" to channel", v.Channel)
	}
	return p.object(ctx, v, m)
}

// object tells of the inviter what the other side has to order its network with.
func (p invitation) object(ctx context.Context, v inviteProperties, m *Member) (*providers.Object, error) {
	account, project := m.InviterID, m.InviterProjectID
	var err error
	if project == "" {
		if project, err = p.c.ProjectID(ctx); err != nil {
			return nil, err
		}
	}
	if account == "" {
		if account, err = p.c.DomainID(ctx); err != nil {
			return nil, err
		}
	}
	var hashes []string
	for _, o := range m.Organizations {
		if o.Hash != "" {
			hashes = append(hashes, o.Hash)
		}
	}
	return &providers.Object{
		ID: v.id(),
		Attributes: map[string]any{
			"refID": v.id(), "refName": v.Tenant, "status": m.standing(),
			"inviterTenantId": account, "inviterProjectId": project,
			"tenantBlockchainId": m.InviteeInstanceID, "organizationHashes": huaweicloud.Texts(hashes),
		},
		Properties: map[string]any{"blockchainId": v.Network, "channelName": v.Channel, "tenantName": v.Tenant},
	}, nil
}

// Preflight implements providers.Preflighter: is the tenant invited already, and
// may the invitation go.
func (p invitation) Preflight(ctx context.Context, reqs []*providers.Request) ([]providers.Finding, error) {
	ctx = providers.Sharing(ctx)
	var out huaweicloud.Looks
	goes := huaweicloud.Freed(reqs)
	for _, req := range reqs {
		var v inviteProperties
		if err := providers.Decode(req.Properties, &v); err != nil || v.Network == "" || v.Channel == "" || v.Tenant == "" || req.Along {
			continue // not known yet, or it goes with its network
		}
		m, err := p.member(ctx, v.Network, v.Channel, v.Tenant)
		if err != nil || m == nil {
			out.Add(nil, err)
			continue
		}
		if req.Action == providers.Delete || !goes[v.id()] {
			out.Add(standsAgainst(req, v, m), nil)
		}
	}
	return out.Result()
}

// standsAgainst tells what an invitation that is there means for an action.
func standsAgainst(req *providers.Request, v inviteProperties, m *Member) []providers.Finding {
	switch {
	case req.Action == providers.Delete && m.standing() == inviteAgreed:
		return []providers.Finding{{Node: req.Node, Kind: providers.Invalid, Message: isMember(v) + ".", Advice: letQuit}}
	case req.Action == providers.Create:
		return []providers.Finding{{
			Node: req.Node, Property: "tenantName", Kind: providers.Conflict,
			Message: fmt.Sprintf("%s is invited to channel %s already; the invitation is %s.", v.Tenant, v.Channel, m.standing()),
			Advice:  "Take it into the stack: orchestrate import " + req.Node + " " + v.id() + ".",
		}}
	}
	return nil
}

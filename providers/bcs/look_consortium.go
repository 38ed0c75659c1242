package bcs

import (
	"context"
	"time"

	sdk "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2/model"
)

// Member is a tenant that was invited to a channel, as either side sees it.
type Member struct {
	Channel           string      `json:"channel"`
	Status            string      `json:"status"` // of its first organization that tells one
	Inviter           string      `json:"inviter"`
	InviterInstance   string      `json:"inviter_instance"`
	InviterInstanceID string      `json:"inviter_instance_id"`
	InviterID         string      `json:"inviter_id"`
	InviterProjectID  string      `json:"inviter_project_id"`
	Invitee           string      `json:"invitee"`
	InviteeID         string      `json:"invitee_id"`
	InviteeInstanceID string      `json:"invitee_instance_id"`
	Organizations     []MemberOrg `json:"organizations"`
}

// MemberOrg is an organization that a tenant brought, or is to bring.
type MemberOrg struct {
	Name   string `json:"name"`
	Hash   string `json:"hash"`
	Peers  int64  `json:"peers"`
	Status string `json:"status"`
	Detail string `json:"detail"`
}

// String names it.
func (o MemberOrg) String() string { return o.Name }

// memberOrgWire is an organization in the answers about a consortium.
type memberOrgWire struct {
	Name   loose `json:"name"`
	Hash   loose `json:"name_hash"`
	Count  loose `json:"node_count"`
	Status loose `json:"status"`
	Detail loose `json:"status_detail"`
}

func memberOrgs(wire []memberOrgWire) (status string, out []MemberOrg) {
	for _, o := range wire {
		out = append(out, MemberOrg{string(o.Name), string(o.Hash), o.Count.Int(), string(o.Status), string(o.Detail)})
		status = or(status, string(o.Status))
	}
	return status, out
}

type listMembersAnswer struct {
	Members []struct {
		Channel string          `json:"channel_name"`
		Orgs    []memberOrgWire `json:"invited_orgs"`
		Inviter struct {
			Instance loose `json:"invitor_bcs_id"`
			Name     loose `json:"invitor_bcs_name"`
			User     loose `json:"invitor_username"`
			ID       loose `json:"invitor_user_id"`
			Project  loose `json:"invitor_project_id"`
		} `json:"invitor_info"`
		Invitee struct {
			Instance loose `json:"invitee_bcs_id"`
			ID       loose `json:"invitee_user_id"`
			User     loose `json:"invitee_username"`
		} `json:"invitee_info"`
	} `json:"members"`
	answered
}

// Members lists the members of the project's consortiums (ListMembers).
func (l Look) Members(ctx context.Context) ([]Member, error) {
	r, err := leniently[model.ListMembersRequest, listMembersAnswer](ctx, l.api, "ListMembers", sdk.GenReqDefForListMembers, &model.ListMembersRequest{})
	if err != nil {
		return nil, err
	}
	var out []Member
	for _, m := range r.Members {
		status, orgs := memberOrgs(m.Orgs)
		out = append(out, Member{
			Channel: m.Channel, Status: status, Organizations: orgs,
			Inviter: string(m.Inviter.User), InviterInstance: string(m.Inviter.Name), InviterInstanceID: string(m.Inviter.Instance),
			InviterID: string(m.Inviter.ID), InviterProjectID: string(m.Inviter.Project),
			Invitee: string(m.Invitee.User), InviteeID: string(m.Invitee.ID), InviteeInstanceID: string(m.Invitee.Instance),
		})
	}
	return out, nil
}

// Notification is an invitation as the invited side sees it.
type Notification struct {
	Channel           string      `json:"channel"`
	Status            string      `json:"status"`
	Updated           time.Time   `json:"updated"`
	Inviter           string      `json:"inviter"`
	InviterID         string      `json:"inviter_id"`
	InviterInstance   string      `json:"inviter_instance"`
	InviterInstanceID string      `json:"inviter_instance_id"`
	InviterProjectID  string      `json:"inviter_project_id"`
	Fabric            string      `json:"fabric"`
	Consensus         string      `json:"consensus"`
	SignAlgorithm     string      `json:"sign_algorithm"`
	Database          string      `json:"database"`
	Invitee           string      `json:"invitee"`
	InviteeID         string      `json:"invitee_id"`
	InviteeInstance   string      `json:"invitee_instance"`
	InviteeInstanceID string      `json:"invitee_instance_id"`
	Organizations     []MemberOrg `json:"organizations"`
}

type listNotificationsAnswer struct {
	Notifications []struct {
		Channel string `json:"channel_name"`
		Status  string `json:"status"`
		Updated loose  `json:"updated_time"`
		Inviter struct {
			ID            loose `json:"invitor_id"`
			Name          loose `json:"invitor_name"`
			InstanceID    loose `json:"invitor_bcs_id"`
			Instance      loose `json:"invitor_bcs_name"`
			Project       loose `json:"invitor_project_id"`
			Consensus     loose `json:"invitor_consensus"`
			Database      loose `json:"invitor_database_type"`
			SignAlgorithm loose `json:"invitor_signature_algorithm"`
			Fabric        loose `json:"invitor_fabric_version"`
		} `json:"invitor_info"`
		Invitee struct {
			ID         loose `json:"invitee_id"`
			Name       loose `json:"invitee_name"` // the SDK refuses any that is no number
			InstanceID loose `json:"invitee_bcs_id"`
			Instance   loose `json:"invitee_bcs_name"`
		} `json:"invitee_info"`
		Orgs []memberOrgWire `json:"invitee_orgs"`
	} `json:"notifications"`
	answered
}

// Notifications lists the invitations of the project (ListNotifications).
func (l Look) Notifications(ctx context.Context) ([]Notification, error) {
	r, err := leniently[model.ListNotificationsRequest, listNotificationsAnswer](ctx, l.api, "ListNotifications", sdk.GenReqDefForListNotifications, &model.ListNotificationsRequest{})
	if err != nil {
		return nil, err
	}
	var out []Notification
	for _, n := range r.Notifications {
		_, orgs := memberOrgs(n.Orgs)
		out = append(out, Notification{
			Channel: n.Channel, Status: n.Status, Updated: n.Updated.Moment(), Organizations: orgs,
			Inviter: string(n.Inviter.Name), InviterID: string(n.Inviter.ID), InviterInstance: string(n.Inviter.Instance),
			InviterInstanceID: string(n.Inviter.InstanceID), InviterProjectID: string(n.Inviter.Project),
			Fabric: string(n.Inviter.Fabric), Consensus: string(n.Inviter.Consensus), SignAlgorithm: string(n.Inviter.SignAlgorithm), Database: string(n.Inviter.Database),
			Invitee: string(n.Invitee.Name), InviteeID: string(n.Invitee.ID), InviteeInstance: string(n.Invitee.Instance), InviteeInstanceID: string(n.Invitee.InstanceID),
		})
	}
	return out, nil
}

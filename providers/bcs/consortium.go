package bcs

import (
	"context"

	sdk "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2/model"

	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// Statuses of an invitation (API reference 1.5.2.2, 1.5.2.5, and the SDK's agreed).
// That of one that the inviter took back by deleting its network is not documented.
const (
	inviteWaiting  = "waiting"
	inviteAgreed   = "agreed"
	inviteReject   = "reject"
	inviteQuit     = "quit"
	inviteReleased = "released"
)

// opUnion is the operation type of joining and leaving a consortium.
const opUnion = "05"

// batchInviteMembersToChannel invites one tenant: of several it would not be told
// which could not be invited.
func (a api) batchInviteMembersToChannel(ctx context.Context, network, channel, tenant string) error {
	_, err := huaweicloud.Change(ctx, a.c, service, "BatchInviteMembersToChannel", (*sdk.BcsClient).BatchInviteMembersToChannel, &model.BatchInviteMembersToChannelRequest{
		Body: &model.BatchInviteMembersToChannelRequestBody{
			BcsId: network, ChannelName: channel, InvitedUserinfo: []model.InvitedDomain{{InvitedUser: tenant}},
		},
	})
	if err != nil {
		return a.explainBusy(ctx, network, err)
	}
	return nil
}

// deleteMemberInvite takes an invitation away that is not, or no more, a membership.
func (a api) deleteMemberInvite(ctx context.Context, network, channel string, who model.InvitationDetail) error {
	_, err := huaweicloud.Change(ctx, a.c, service, "DeleteMemberInvite", (*sdk.BcsClient).DeleteMemberInvite, &model.DeleteMemberInviteRequest{
		Body: &model.DeleteMemberInviteRequestBody{BcsId: network, ChannelName: channel, InvitedUserinfo: []model.InvitationDetail{who}},
	})
	if err != nil {
		return a.explainBusy(ctx, network, err)
	}
	return nil
}

// handleNotification answers an invitation. The answer names no operation record
// although an acceptance begins one.
func (a api) handleNotification(ctx context.Context, body *model.HandleNotificationRequestBody) error {
	_, err := huaweicloud.Change(ctx, a.c, service, "HandleNotification", (*sdk.BcsClient).HandleNotification, &model.HandleNotificationRequest{Body: body})
	if err != nil && body.InviteeInfo != nil {
		return a.explainBusy(ctx, body.InviteeInfo.InviteeBcsId, err)
	}
	return err
}

// handleUnionMemberQuitList leaves a consortium.
func (a api) handleUnionMemberQuitList(ctx context.Context, body *model.QuitUnionFromMemberListRequestBody) (string, error) {
	r, err := huaweicloud.Change(ctx, a.c, service, "HandleUnionMemberQuitList", (*sdk.BcsClient).HandleUnionMemberQuitList, &model.HandleUnionMemberQuitListRequest{Body: body})
	if err != nil {
		return "", a.explainBusy(ctx, body.InviteeBcsid, err)
	}
	return val(r.OperationId), nil
}

// member returns the invitation of a tenant to a channel, nil if there is none.
func (a api) member(ctx context.Context, network, channel, tenant string) (*Member, error) {
	all, err := Look{a}.Members(ctx)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if m := &all[i]; m.InviterInstanceID == network && m.Channel == channel && m.Invitee == tenant {
			return m, nil
		}
	}
	return nil, nil
}

// standing is the status of an invitation. The reference points to the list of
// members for it, and shows none there: then it is told by who has come.
func (m *Member) standing() string {
	switch m.Status {
	case inviteWaiting, inviteAgreed, inviteReject, inviteQuit, inviteReleased:
		return m.Status
	}
	if m.InviteeInstanceID != "" {
		return inviteAgreed
	}
	return inviteWaiting
}

// notification returns the newest invitation of the project to a channel, nil if
// there is none. A channel of the same name may have been there before.
func (a api) notification(ctx context.Context, inviter, channel string) (*Notification, error) {
	all, err := Look{a}.Notifications(ctx)
	if err != nil {
		return nil, err
	}
	var newest *Notification
	for i := range all {
		n := &all[i]
		if n.InviterInstanceID == inviter && n.Channel == channel && (newest == nil || !n.Updated.Before(newest.Updated)) {
			newest = n
		}
	}
	return newest, nil
}

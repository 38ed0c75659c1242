package emulator

import (
	"errors"
	"slices"
)

// inviteMembers answers BatchInviteMembersToChannel (API 1.5.2.1). Of several
// tenants those stand that can be invited.
func inviteMembers(c *call) (reply, error) {
	var body struct {
		Instance string `json:"bcs_id"`
		Channel  string `json:"channel_name"`
		Inviter  string `json:"invitor_username"`
		Users    []struct {
			Name string `json:"invited_user"`
		} `json:"invited_userinfo"`
	}
	if err := c.decode(&body); err != nil {
		return reply{}, err
	}
	i, err := c.inviter(body.Instance)
	if err != nil {
		return reply{}, err
	}
	switch {
	case body.Inviter != "" && body.Inviter != c.tenant().Name:
		return reply{}, badParameter("invitor_username", "not the name of the caller's account")
	case i.channel(body.Channel) == nil:
		return reply{}, errNoChannel(body.Channel)
	case len(body.Users) == 0:
		return reply{}, badParameter("invited_userinfo", "empty")
	}
	var first error
	failed := 0
	for _, user := range body.Users {
		err := c.invite(i, body.Channel, user.Name)
		var refusal *apiError
		switch {
		case err == nil:
		case errors.As(err, &refusal):
			if failed++; failed == 1 {
				first = err
			}
		default:
			return reply{}, err
		}
	}
	switch failed {
	case 0:
		return succeeded()
	case len(body.Users):
		return reply{}, first
	}
	return reply{refusal: refuse(bcsInvitedPartly, "Some invitations failed: %d of %d. The members list shows the others.", failed, len(body.Users))}, nil
}

// inviter finds the inviting instance, in a state to invite.
func (c *call) inviter(id string) (*instance, error) {
	i, err := c.instance(id, bcsNotFound)
	if err != nil {
		return nil, err
	}
	if err := i.admit(c.tx, workConsortium); err != nil {
		return nil, err
	}
	switch {
	case i.Order.BlockchainType != "union":
		return nil, badParameter("bcs_id", "a private chain invites nobody")
	case i.Order.IsInvitee:
		return nil, badParameter("bcs_id", "an invitee invites nobody")
	}
	return i, nil
}

// invite sends one invitation.
func (c *call) invite(i *instance, channel, name string) error {
	invited := c.e.tenantBy(func(t *Tenant) bool { return t.Name == name })
	switch {
	case invited == nil:
		return badParameter("invited_userinfo", "no tenant has this name")
	case invited.ProjectID == i.Project:
		return badParameter("invited_userinfo", "nobody invites himself")
	}
	if err := c.checkInvitation(i, channel, name); err != nil {
		return err
	}
	return c.put(&invitation{
		ID: newID(), Project: i.Project, Tenant: name, Guest: invited.ProjectID, Channel: channel,
		Status: inviteWaiting, Created: c.now, Updated: c.now, Host: hostOf(i),
	})
}

// checkInvitation keeps the limits of a consortium. A tenant is invited to a
// channel once, until the inviter takes the invitation away.
func (c *call) checkInvitation(i *instance, channel, name string) error {
	sent, err := invitations(c.tx, func(v *invitation) bool { return v.Host.ID == i.ID || v.Tenant == name })
	if err != nil {
		return err
	}
	tenants, inChannel, unanswered := map[string]bool{name: true}, 0, 0
	for _, v := range sent {
		if v.Tenant == name && v.Status == inviteWaiting {
			unanswered++
		}
		if v.Host.ID != i.ID || v.Status == inviteCanceled {
			continue
		}
		if v.Channel == channel && v.Tenant == name {
			return refuse(bcsInvitedBefore, "Invitation failed because the tenant has already been invited: %s", name)
		}
		tenants[v.Tenant] = true
		if v.Channel == channel && v.open() {
			inChannel++
		}
	}
	switch {
	case inChannel >= maxMembersOfChannel:
		return refuse(bcsChannelFull, "The maximum number (%d) of invited members in the channel has been reached.", maxMembersOfChannel)
	case len(tenants) > maxInvitedTenants:
		return refuse(bcsTenantLimit, "The maximum number of tenants that can be invited has been reached.")
	case unanswered >= maxWaitingAnswers:
		return refuse(bcsInviteeFull, "The maximum number of invitation notifications that can be received has been reached.")
	}
	return nil
}

// withdrawal is what DeleteMemberInvite says of an invitation.
type withdrawal struct {
	Tenant   string `json:"invited_user"`
	Status   string `json:"status"`
	Instance string `json:"invited_bcs_id"`
}

// deleteInvitations answers DeleteMemberInvite (API 1.5.2.5). All go, or none.
// The instance may be gone: its dissolved memberships can still be removed.
func deleteInvitations(c *call) (reply, error) {
	var body struct {
		Instance string       `json:"bcs_id"`
		Channel  string       `json:"channel_name"`
		Users    []withdrawal `json:"invited_userinfo"`
	}
	if err := c.decode(&body); err != nil {
		return reply{}, err
	}
	sent, err := invitations(c.tx, func(v *invitation) bool { return v.Project == c.project && v.Host.ID == body.Instance })
	if err != nil {
		return reply{}, err
	}
	i, err := c.instance(body.Instance, bcsNotFound)
	if err != nil && len(sent) == 0 {
		return reply{}, err
	}
	if i != nil {
		if err := i.admit(c.tx, workConsortium); err != nil {
			return reply{}, err
		}
	}
	if len(body.Users) == 0 {
		return reply{}, badParameter("invited_userinfo", "empty")
	}
	for _, w := range body.Users {
		at := slices.IndexFunc(sent, func(v *invitation) bool {
			return v.Channel == body.Channel && v.Tenant == w.Tenant && v.Status != inviteCanceled
		})
		if at < 0 {
			return reply{}, errNoNotification()
		}
		if err := w.check(sent[at]); err != nil {
			return reply{}, err
		}
		if err := c.remove(sent[at]); err != nil {
			return reply{}, err
		}
		sent = slices.Delete(sent, at, at+1)
	}
	return succeeded()
}

// check tells whether an invitation may go. What had come to a membership has to
// be named exactly.
func (w withdrawal) check(v *invitation) error {
	exact := w.Status == v.Status
	switch {
	case v.Work != "" || v.Status == inviteAgreed:
		return errInviteStatus()
	case v.joined() && (!exact || w.Instance != v.Invitee.ID):
		return errInviteStatus()
	case w.Status != "" && !exact:
		return errInviteStatus()
	}
	return nil
}

func errInviteStatus() error { return refuse(bcsInviteStatus, "Invalid Parameter notification status") }

func errNoNotification() error {
	return refuse(bcsNoNotification, "Operation failed. The notification does not exist. Refresh the page.")
}

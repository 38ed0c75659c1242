package emulator

import (
	"slices"
	"time"
)

// listNotifications answers ListNotifications (API 1.5.2.3): what the tenant was
// invited to.
func listNotifications(c *call) (reply, error) {
	list, err := invitations(c.tx, func(v *invitation) bool { return v.Guest == c.project })
	if err != nil {
		return reply{}, err
	}
	wires, err := wiresOf(list, c.notificationWire)
	if err != nil {
		return reply{}, err
	}
	return answer(map[string]any{"notifications": wires})
}

// notificationWire is an invitation as the invited tenant sees it. Its
// invitee_name, a number by the contract, is left out: the SDK reads no text there.
func (c *call) notificationWire(v *invitation) (any, error) {
	orgs, err := c.guestOrgs(v)
	if err != nil {
		return nil, err
	}
	inviter, invited, read := c.e.tenantOf(v.Project), c.e.tenantOf(v.Guest), 0
	if v.Status != inviteWaiting {
		read = 1
	}
	invitee := map[string]any{"invitee_id": invited.DomainID, "invitee_project_id": invited.ProjectID}
	if v.joined() {
		invitee["invitee_bcs_id"], invitee["invitee_bcs_name"] = v.Invitee.ID, v.Invitee.Name
	}
	return map[string]any{
		"channel_name": v.Channel, "status": v.Status, "updated_time": v.Updated.UTC().Format(time.RFC3339), "tc3_need": v.Host.TC3,
		"invitor_info": map[string]any{
			"invitor_id": inviter.DomainID, "invitor_name": inviter.Name, "invitor_project_id": inviter.ProjectID,
			"invitor_bcs_id": v.Host.ID, "invitor_bcs_name": v.Host.Name, "invitor_consensus": v.Host.Consensus,
			"invitor_cluster_type": v.Host.Cluster, "invitor_database_type": v.Host.Database,
			"invitor_signature_algorithm": v.Host.SignAlgorithm, "invitor_fabric_version": v.Host.Fabric,
			"order_fade_enabled": false, "order_fade_cache": 0,
		},
		"invitee_info": invitee, "hide": 0, "invitee_orgs": orgs, "read_status": read, "cross_version_upgrade": "",
	}, nil
}

// notificationAnswer is the body of HandleNotification.
type notificationAnswer struct {
	Channel string `json:"channel_name"`
	Status  string `json:"status"`
	Inviter struct {
		User     string `json:"invitor_user_id"`
		Instance string `json:"invitor_bcs_id"`
		Project  string `json:"invitor_project_id"`
	} `json:"invitor_info"`
	Invitee *struct {
		User     string `json:"invitee_user_id"`
		Instance string `json:"invitee_bcs_id"`
		Project  string `json:"invitee_project_id"`
	} `json:"invitee_info"`
	Orgs []struct {
		Name string `json:"name"`
	} `json:"invited_orgs"`
}

// handleNotification answers HandleNotification (API 1.5.2.2). Declining is done
// at once, accepting in the background.
func handleNotification(c *call) (reply, error) {
	var a notificationAnswer
	if err := c.decode(&a); err != nil {
		return reply{}, err
	}
	v, err := c.notification(a.Inviter.Instance, a.Channel)
	if err != nil {
		return reply{}, err
	}
	if v.Project != a.Inviter.Project || c.e.tenantOf(v.Project).DomainID != a.Inviter.User {
		return reply{}, errNoNotification()
	}
	if a.Status == inviteReject {
		if err := v.declinable(); err != nil {
			return reply{}, err
		}
		v.Status, v.Updated = inviteReject, c.now
		if err := c.put(v); err != nil {
			return reply{}, err
		}
		return succeeded()
	}
	if err := v.acceptable(); err != nil {
		return reply{}, err
	}
	if err := c.accept(v, &a); err != nil {
		return reply{}, err
	}
	return succeeded()
}

// notification finds the invitation of the caller to a channel. Of a channel
// that was made anew under its name, and of an invitation that was sent again,
// it is the newest.
func (c *call) notification(instanceID, channel string) (*invitation, error) {
	list, err := invitations(c.tx, func(v *invitation) bool {
		return v.Guest == c.project && v.Host.ID == instanceID && v.Channel == channel
	})
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, errNoNotification()
	}
	return list[len(list)-1], nil
}

func (v *invitation) declinable() error {
	switch {
	case v.Status == inviteAgreed || v.Status == inviteWaiting && v.Work != "":
		return refuse(bcsNotDeclined, "Failed to decline the invitation for joining a channel. Refresh the page and check the invitation status later.")
	case v.Status != inviteWaiting:
		return errInviteStatus()
	}
	return nil
}

func (v *invitation) acceptable() error {
	switch {
	case v.Status == inviteWaiting && v.Work != "":
		return refuse(bcsAccepting, "Failed to accept the invitation. The acceptance is being processed. Refresh the page and check the invitation status later.")
	case v.Status == inviteAgreed:
		return refuse(bcsAccepted, "Failed to accept the invitation. Refresh the page and check the invitation status later.")
	case v.Status != inviteWaiting:
		return errInviteStatus()
	}
	return nil
}

// accept starts the work that joins.
func (c *call) accept(v *invitation, a *notificationAnswer) error {
	if a.Invitee == nil {
		return badParameter("invitee_info", "missing, but the invitation is accepted")
	}
	if len(a.Orgs) == 0 {
		return badParameter("invited_orgs", "missing, but the invitation is accepted")
	}
	if a.Invitee.Project != c.project || a.Invitee.User != c.tenant().DomainID {
		return badParameter("invitee_info", "not the caller's own project and account")
	}
	i, err := c.instance(a.Invitee.Instance, bcsNotFound)
	if err != nil {
		return err
	}
	if err := i.admit(c.tx, workConsortium); err != nil {
		return err
	}
	if i.Order.Invitor == nil || !i.Order.IsInvitee || i.Order.Invitor.Blockchain != v.Host.ID {
		return badParameter("invitee_bcs_id", "not an instance that was ordered as an invitee of this inviter")
	}
	if err := i.othersIdle(c.tx, v.Host.ID); err != nil {
		return err
	}
	v.Invitee = guest{ID: i.ID, Name: i.Name}
	shared := &channel{Name: v.Channel}
	for _, named := range a.Orgs {
		o := i.org(named.Name)
		if o == nil || shared.peers(o.Name) > 0 {
			return errWrongOrg(named.Name)
		}
		v.Invitee.Orgs = append(v.Invitee.Orgs, guestOrg{o.Name, o.Hash, o.Nodes})
		shared.setPeers(o.Name, o.Nodes)
	}
	_, err = c.changeMembership(i, v, effect{AddChannels: []*channel{shared}, Becomes: inviteAgreed},
		planSimple(takesUnion, "Join Consortium", "Exchange certificates", "Update the channel configuration", "Join peers to "+v.Channel))
	return err
}

// changeMembership starts work that joins or leaves.
func (c *call) changeMembership(i *instance, v *invitation, e effect, p plan) (*operation, error) {
	e.Invitation = v.ID
	op, err := c.start(i, opUnion, e, p)
	if err != nil {
		return nil, err
	}
	v.Work = op.ID
	return op, c.put(v)
}

// quitRequest is the body of HandleUnionMemberQuitList.
type quitRequest struct {
	InviterInstance string `json:"inviter_bcsid"`
	InviterProject  string `json:"inviter_projectid"`
	InviterDomain   string `json:"inviter_domainid"`
	InviterName     string `json:"inviter_username"`
	Channel         string `json:"channel_name"`
	Instance        string `json:"invitee_bcsid"`
	Project         string `json:"invitee_projectid"`
	Domain          string `json:"invitee_domainid"`
}

// quitConsortium answers HandleUnionMemberQuitList (API 1.5.2.6): the member
// leaves the channel of the inviter.
func quitConsortium(c *call) (reply, error) {
	var q quitRequest
	if err := c.decode(&q); err != nil {
		return reply{}, err
	}
	if q.Project != c.project || q.Domain != c.tenant().DomainID {
		return reply{}, badParameter("invitee_projectid", "not the caller's own project and account")
	}
	i, err := c.instance(q.Instance, bcsNotFound)
	if err != nil {
		return reply{}, err
	}
	v, err := c.notification(q.InviterInstance, q.Channel)
	if err != nil {
		return reply{}, err
	}
	inviter := c.e.tenantOf(v.Project)
	if !slices.Equal([]string{q.InviterProject, q.InviterDomain, q.InviterName}, []string{inviter.ProjectID, inviter.DomainID, inviter.Name}) {
		return reply{}, errNoNotification()
	}
	if v.Status != inviteAgreed || v.Invitee.ID != i.ID {
		return reply{}, errInviteStatus()
	}
	if err := i.admit(c.tx, workConsortium); err != nil {
		return reply{}, err
	}
	op, err := c.changeMembership(i, v, effect{DropChannel: v.Channel, Becomes: inviteQuit},
		planSimple(takesUnion, "Quit Consortium", "Remove peers from "+v.Channel, "Update the channel configuration"))
	if err != nil {
		return reply{}, err
	}
	return answer(map[string]string{"result": "success", "operation_id": op.ID})
}

package bcs

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2/model"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// response provides BCS.InvitationResponse: what an invited tenant makes of an
// invitation (invitation.go). Accepted, a network of its own is a member of the
// channel until it quits; declined, nothing is there but the answer.
//
// An acceptance runs on, and its answer does not name the operation record: it is
// the one of that type that was not there before.
type response struct {
	api
	huaweicloud.LooksFirst
}

// noteBefore in an operation's notes is the newest record of joining or leaving
// before the invitation was accepted.
const noteBefore = "before"

// responseProperties are the properties of an answer.
type responseProperties struct {
	Network string   `json:"blockchainId"` // the tenant's own; "" in a refusal
	Inviter string   `json:"inviterBlockchainId"`
	Channel string   `json:"channelName"`
	Accept  bool     `json:"accept"`
	Orgs    []string `json:"organizationNames"`
}

func (v responseProperties) id() string { return huaweicloud.JoinPath(v.Inviter, v.Channel) }

// done reports whether a notification is answered as it should be. What has ended,
// whoever ended it, can't be accepted any more.
func (v responseProperties) done(n *Notification) bool {
	if v.Accept {
		return n.Status == inviteAgreed && n.InviteeInstanceID == v.Network
	}
	return n.Status != inviteWaiting && n.Status != inviteAgreed
}

// Advance implements providers.Provider.
func (p response) Advance(ctx context.Context, req *providers.Request, op providers.Operation, resumed bool) (providers.Progress, error) {
	var want responseProperties
	if err := providers.Decode(req.Properties, &want); err != nil {
		return providers.Progress{}, err
	}
	switch req.Action {
	case providers.Create:
		return p.create(ctx, req, want, op, resumed)
	case providers.Delete:
		return p.delete(ctx, req, want, op, resumed)
	}
	o, err := p.Read(ctx, req) // everything is immutable
	return done(o), err
}

func (p response) create(ctx context.Context, req *providers.Request, want responseProperties, op providers.Operation, resumed bool) (providers.Progress, error) {
	return huaweicloud.Creation{
		What:    "answer to an invitation",
		Request: req,
		Late:    p.c.Late(),
		Look:    func(ctx context.Context) (map[string]string, error) { return p.look(ctx, want) },
		Send: func(ctx context.Context, op providers.Operation) (providers.Operation, error) {
			n, err := p.notification(ctx, want.Inviter, want.Channel)
			if err != nil {
				return providers.Operation{}, err
			}
			next := providers.Operation{ObjectID: want.id(), Note: map[string]string{noteBefore: op.Note[noteBefore]}}
			if n != nil && want.done(n) { // a refusal of what nobody can accept any more
				return next, nil
			}
			return next, p.send(ctx, want, n)
		},
		Find: func(ctx context.Context) ([]huaweicloud.Found, error) { return p.find(ctx, want, op) },
		Wait: func(ctx context.Context, op providers.Operation) (providers.Progress, error) {
			return p.answered(ctx, req, want, op)
		},
	}.Advance(ctx, op, resumed)
}

// look checks that the invitation can be answered, and notes which record of a
// membership is the newest so far.
func (p response) look(ctx context.Context, want responseProperties) (map[string]string, error) {
	n, err := p.notification(ctx, want.Inviter, want.Channel)
	if err != nil {
		return nil, err
	}
	if against := want.against(n); against != nil {
		return nil, against
	}
	if !want.Accept {
		return nil, nil
	}
	record, err := p.union(ctx, want.Network)
	if err != nil || record == nil {
		return nil, err
	}
	return map[string]string{noteBefore: val(record.OperationId)}, nil
}

// against says why an invitation can't be answered so; nil if it can.
func (v responseProperties) against(n *Notification) error {
	refusal := func(kind providers.Kind, advice, format string, args ...any) error {
		return &providers.Error{Kind: kind, Operation: "ListNotifications", Message: fmt.Sprintf(format, args...), Advice: advice}
	}
	switch {
	case n == nil:
		return refusal(providers.Invalid, "Check inviterBlockchainId and channelName (orchestrate cloud notifications lists what there is), or ask the inviter for an invitation of this account.",
			"nobody has invited this project to channel %s of network %s", v.Channel, v.Inviter)
	case n.Status == inviteAgreed:
		return refusal(providers.Conflict, "Take it into the stack: orchestrate import NODE "+v.id()+".",
			"the invitation to channel %s was accepted already, for network %s", v.Channel, or(n.InviteeInstanceID, "?"))
	case v.Accept && n.Status != inviteWaiting:
		return refusal(providers.Invalid, "Ask the inviter for another one; the old one has to be taken away before.",
			"the invitation to channel %s can't be accepted any more: it is %s", v.Channel, n.Status)
	}
	return nil
}

// send answers the invitation.
func (p response) send(ctx context.Context, want responseProperties, n *Notification) error {
	if n == nil {
		return want.against(nil)
	}
	known := model.GetHandleNotificationRequestBodyStatusEnum()
	body := &model.HandleNotificationRequestBody{
		ChannelName: want.Channel, Status: known.REJECT,
		InvitorInfo: &model.HandleNotificationInvitor{
			InvitorUserId: n.InviterID, InvitorBcsId: n.InviterInstanceID, InvitorProjectId: n.InviterProjectID, InvitorBcsName: n.InviterInstance,
		},
	}
	if !want.Accept {
		return p.handleNotification(ctx, body)
	}
	own, err := p.showBlockchainDetail(ctx, want.Network)
	if err != nil {
		return err
	}
	project, account, err := p.self(ctx, n)
	if err != nil {
		return err
	}
	body.Status = known.AGREED
	body.InviteeInfo = &model.HandleNotificationInvitee{
		InviteeUserId: account, InviteeBcsId: want.Network, InviteeProjectId: project, InviteeBcsName: val(basic(own).Name),
	}
	orgs := make([]model.HandleNotificationOrg, len(want.Orgs))
	for i, name := range want.Orgs {
		orgs[i].Name = name
	}
	body.InvitedOrgs = &orgs
	return p.handleNotification(ctx, body)
}

// self is the project and the account that are invited.
func (p response) self(ctx context.Context, n *Notification) (project, account string, err error) {
	if project, err = p.c.ProjectID(ctx); err != nil || n.InviteeID != "" {
		return project, n.InviteeID, err
	}
	account, err = p.c.DomainID(ctx)
	return project, account, err
}

// union returns the newest record of joining or leaving on a network, nil if there
// is none.
func (p response) union(ctx context.Context, network string) (*model.RecordDetailInfo, error) {
	return p.newest(ctx, network, func(r *model.RecordDetailInfo) bool { return val(r.OperationType) == opUnion })
}

// joining returns the record of the acceptance that was sent under a handle, nil if
// none has come up.
func (p response) joining(ctx context.Context, want responseProperties, op providers.Operation) (*model.RecordDetailInfo, error) {
	if !want.Accept {
		return nil, nil
	}
	record, err := p.union(ctx, want.Network)
	if err != nil || record == nil || val(record.OperationId) == op.Note[noteBefore] {
		return nil, err
	}
	return record, nil
}

// find looks for what a lost answer has come to.
func (p response) find(ctx context.Context, want responseProperties, op providers.Operation) ([]huaweicloud.Found, error) {
	record, err := p.joining(ctx, want, op) // before the notification: it may end meanwhile
	if err != nil {
		return nil, err
	}
	n, err := p.notification(ctx, want.Inviter, want.Channel)
	if err != nil || n == nil || record == nil && !want.done(n) {
		return nil, err
	}
	return []huaweicloud.Found{foundOf(want.id(), "the answer to the invitation to channel "+want.Channel, want.Network, "", record)}, nil
}

// answered waits until the invitation shows its answer.
func (p response) answered(ctx context.Context, req *providers.Request, want responseProperties, op providers.Operation) (providers.Progress, error) {
	if op.ID == "" {
		record, err := p.joining(ctx, want, op)
		if err != nil {
			return providers.Progress{}, err
		}
		if record != nil {
			op.ID = val(record.OperationId)
			return providers.Progress{Next: op}, nil
		}
	}
	return p.await(ctx, op, func(ctx context.Context, finished bool) (settled, error) {
		n, err := p.notification(ctx, want.Inviter, want.Channel)
		switch {
		case err != nil:
			return settled{}, err
		case n != nil && want.done(n):
			return settled{done: true, object: responseObject(want.id(), n, huaweicloud.Recorded(req))}, nil
		case n == nil || n.Status != inviteWaiting:
			return settled{}, &providers.Error{
				Kind: providers.Failed, Operation: "ListNotifications",
				Message: fmt.Sprintf("the invitation to channel %s was answered or taken away by somebody else", want.Channel),
				Advice:  "Look at the notifications (orchestrate cloud notifications), and ask the inviter.",
			}
		}
		return settled{waiting: "the invitation does not show the answer yet"}, nil
	})
}

// delete has the network leave the consortium. A refusal stays as it is.
func (p response) delete(ctx context.Context, req *providers.Request, have responseProperties, op providers.Operation, resumed bool) (providers.Progress, error) {
	if !have.Accept {
		return providers.Progress{Done: true}, nil
	}
	return p.remove(ctx, removal{
		network: have.Network, object: req.ObjectID, settling: req.Settling,
		left: func(ctx context.Context) (string, error) {
			n, err := p.notification(ctx, have.Inviter, have.Channel)
			if err != nil || n == nil || !have.done(n) {
				return "", err
			}
			return "the network is still a member of channel " + have.Channel, nil
		},
		send: func(ctx context.Context) (string, error) { return p.quit(ctx, have) },
	}, op, resumed)
}

func (p response) quit(ctx context.Context, have responseProperties) (string, error) {
	n, err := p.notification(ctx, have.Inviter, have.Channel)
	if err != nil || n == nil {
		return "", err
	}
	project, account, err := p.self(ctx, n)
	if err != nil {
		return "", err
	}
	return p.handleUnionMemberQuitList(ctx, &model.QuitUnionFromMemberListRequestBody{
		InviterBcsid: n.InviterInstanceID, InviterProjectid: n.InviterProjectID, InviterDomainid: n.InviterID, InviterUsername: n.Inviter,
		ChannelName: n.Channel, InviteeBcsid: have.Network, InviteeProjectid: project, InviteeDomainid: account,
	})
}

// Search implements providers.Searcher.
func (p response) Search(ctx context.Context, req *providers.Request, op providers.Operation) ([]providers.Candidate, error) {
	var want responseProperties
	if err := providers.Decode(req.Properties, &want); err != nil {
		return nil, err
	}
	found, err := p.find(ctx, want, op)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return []providers.Candidate{found[0].Candidate}, nil
}

// ReadAll implements providers.Lister.
func (p response) ReadAll(ctx context.Context, reqs []*providers.Request) ([]providers.Reading, error) {
	return huaweicloud.ReadEach(ctx, reqs, p.Read)
}

// Read implements providers.Provider. A membership that has ended, and an
// invitation that waits for its answer (again), are no answers.
func (p response) Read(ctx context.Context, req *providers.Request) (*providers.Object, error) {
	parts, err := huaweicloud.SplitPath("BCS.InvitationResponse", req.ObjectID, "inviting network", 2)
	if err != nil {
		return nil, err
	}
	n, err := p.notification(ctx, parts[0], parts[1])
	if err != nil {
		return nil, err
	}
	accepted, known := req.Properties["accept"].(bool)
	switch {
	case n != nil && n.Status == inviteAgreed:
	case n != nil && n.Status == inviteReject && !(known && accepted):
	case n != nil && n.Status != inviteWaiting && known && !accepted:
	default:
		return nil, huaweicloud.Absent("an answer to an invitation to channel", parts[1])
	}
	return responseObject(req.ObjectID, n, huaweicloud.Recorded(req)), nil
}

func responseObject(id string, n *Notification, recorded map[string]any) *providers.Object {
	properties := map[string]any{
		"inviterBlockchainId": n.InviterInstanceID, "channelName": n.Channel, "accept": n.Status == inviteAgreed,
	}
	if n.Status == inviteAgreed {
		properties["blockchainId"] = n.InviteeInstanceID
		if names := joined(n, recorded["organizationNames"]); len(names) > 0 {
			properties["organizationNames"] = names
		}
	}
	return &providers.Object{
		ID: id,
		Attributes: map[string]any{
			"refID": id, "refName": n.Channel, "status": n.Status,
			"inviterName": n.Inviter, "inviterTenantId": n.InviterID, "inviterProjectId": n.InviterProjectID, "inviterBlockchainName": n.InviterInstance,
		},
		Properties: huaweicloud.AsRecorded(properties, recorded),
	}
}

// joined are the organizations that joined, in the order of the record if they are
// the same.
func joined(n *Notification, recorded any) []any {
	var names []string
	for _, o := range n.Organizations {
		if o.Name != "" {
			names = append(names, o.Name)
		}
	}
	slices.Sort(names)
	given, _ := recorded.([]any)
	if was := texts(given); len(was) == len(names) {
		slices.Sort(was)
		if slices.Equal(was, names) {
			return given
		}
	}
	return huaweicloud.Texts(names)
}

func texts(list []any) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = providers.Text(v)
	}
	return out
}

// Preflight implements providers.Preflighter: is there an invitation that can be
// answered.
func (p response) Preflight(ctx context.Context, reqs []*providers.Request) ([]providers.Finding, error) {
	ctx = providers.Sharing(ctx)
	ends := huaweicloud.Freed(reqs)
	var out huaweicloud.Looks
	for _, req := range huaweicloud.Of(reqs, providers.Create) {
		var v responseProperties
		if err := providers.Decode(req.Properties, &v); err != nil || v.Inviter == "" || v.Channel == "" || ends[v.id()] && !v.Accept {
			continue // not known yet, or what is declined is what has just been left
		}
		n, err := p.notification(ctx, v.Inviter, v.Channel)
		if err != nil {
			out.Add(nil, err)
			continue
		}
		out.Add(v.findings(req.Node, n, ends[v.id()]), nil)
	}
	return out.Result()
}

// findings is what stands against an answer. One that follows on the end of another
// needs a new invitation.
func (v responseProperties) findings(node string, n *Notification, follows bool) []providers.Finding {
	against := v.against(n)
	if follows && n != nil && n.Status == inviteAgreed {
		left := *n
		left.Status = inviteQuit
		against = v.against(&left)
	}
	e, ok := against.(*providers.Error)
	if !ok {
		return nil
	}
	return []providers.Finding{{Node: node, Property: "channelName", Kind: e.Kind, Message: upperFirst(e.Message) + ".", Advice: e.Advice}}
}

// upperFirst begins a sentence.
func upperFirst(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

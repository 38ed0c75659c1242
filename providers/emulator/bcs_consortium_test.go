package emulator_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	bcs "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2/model"

	"github.com/orchestrate-tosca/orchestrate/providers/emulator"
)

const clusterC = "5adc2ce2-9712-11ea-9535-0255ac100b0f"

// sides are the two sides of a consortium: an inviter with an instance and the
// channels chan1 and chan2, and an invitee with an instance that was ordered as
// such, of the organizations gamma (2 peers) and delta (1 peer).
type sides struct {
	*cloud
	inviter, invitee *bcs.BcsClient
	host, guest      string // IDs of the instances
}

func twoSides(t *testing.T, change ...func(*emulator.Options)) *sides {
	t.Helper()
	c := start(t, change...)
	s := &sides{cloud: c, inviter: c.bcs(t), invitee: c.as(t, emulator.PartnerUserName)}
	s.host = c.order(t, s.inviter, orderOf("inviting", func(b *model.CreateRequestBody) {
		b.Channels = &[]model.ChannelInfoV2{{Name: "chan1", OrgNames: []string{"alpha"}}, {Name: "chan2", OrgNames: []string{"beta"}}}
	}))
	s.guest = c.order(t, s.invitee, s.invited("invited", clusterB))
	return s
}

// invited is the order of an instance of an invitee.
func (s *sides) invited(name, cluster string) *model.CreateNewBlockchainRequest {
	return orderOf(name, onCluster(cluster), func(b *model.CreateRequestBody) {
		b.IsInvitee = ptr(true)
		b.InvitorInfos = &model.InvitorInfos{TenantId: emulator.DefaultDomainID, ProjectId: emulator.DefaultProjectID, BlockchainId: s.host}
		b.PeerOrgs = &[]model.OrgPeer{{Name: "gamma", NodeCount: 2}, {Name: "delta", NodeCount: 1}}
	})
}

// unionDone is past the time that joining and leaving take.
func (s *sides) unionDone() { s.Advance(121 * time.Millisecond) }

func (s *sides) invite(channel string, tenants ...string) error {
	users := []model.InvitedDomain{}
	for _, name := range tenants {
		users = append(users, model.InvitedDomain{InvitedUser: name})
	}
	_, err := s.inviter.BatchInviteMembersToChannel(&model.BatchInviteMembersToChannelRequest{
		Body: &model.BatchInviteMembersToChannelRequestBody{BcsId: s.host, ChannelName: channel, InvitedUserinfo: users},
	})
	return err
}

// answer answers the invitation to a channel, with an instance and its
// organizations if it accepts.
func (s *sides) answer(channel, status, instance string, orgs ...string) error {
	body := &model.HandleNotificationRequestBody{
		ChannelName: channel,
		InvitorInfo: &model.HandleNotificationInvitor{
			InvitorUserId: emulator.DefaultDomainID, InvitorProjectId: emulator.DefaultProjectID, InvitorBcsId: s.host, InvitorBcsName: "inviting",
		},
	}
	if err := body.Status.UnmarshalJSON([]byte(`"` + status + `"`)); err != nil {
		return err
	}
	if instance != "" {
		list := []model.HandleNotificationOrg{}
		for _, name := range orgs {
			list = append(list, model.HandleNotificationOrg{Name: name})
		}
		body.InvitedOrgs = &list
		body.InviteeInfo = &model.HandleNotificationInvitee{
			InviteeUserId: emulator.PartnerDomainID, InviteeProjectId: emulator.PartnerProjectID, InviteeBcsId: instance, InviteeBcsName: "invited",
		}
	}
	_, err := s.invitee.HandleNotification(&model.HandleNotificationRequest{Body: body})
	return err
}

// join invites to a channel, and accepts.
func (s *sides) join(t *testing.T, channel string) {
	t.Helper()
	if err := s.invite(channel, emulator.PartnerUserName); err != nil {
		t.Fatal(err)
	}
	if err := s.answer(channel, "agreed", s.guest, "gamma"); err != nil {
		t.Fatal(err)
	}
	s.unionDone()
}

func (s *sides) quit(channel string) (*model.HandleUnionMemberQuitListResponse, error) {
	return s.invitee.HandleUnionMemberQuitList(&model.HandleUnionMemberQuitListRequest{Body: &model.QuitUnionFromMemberListRequestBody{
		InviterBcsid: s.host, InviterProjectid: emulator.DefaultProjectID, InviterDomainid: emulator.DefaultDomainID,
		InviterUsername: emulator.DefaultUserName, ChannelName: channel,
		InviteeBcsid: s.guest, InviteeProjectid: emulator.PartnerProjectID, InviteeDomainid: emulator.PartnerDomainID,
	}})
}

// withdraw deletes an invitation of the partner; status and instance may be "".
func (s *sides) withdraw(channel, status, instance string) error {
	d := model.InvitationDetail{InvitedUser: emulator.PartnerUserName}
	if status != "" {
		d.Status = new(model.InvitationDetailStatus)
		if err := d.Status.UnmarshalJSON([]byte(`"` + status + `"`)); err != nil {
			return err
		}
	}
	if instance != "" {
		d.InvitedBcsId = &instance
	}
	_, err := s.inviter.DeleteMemberInvite(&model.DeleteMemberInviteRequest{
		Body: &model.DeleteMemberInviteRequestBody{BcsId: s.host, ChannelName: channel, InvitedUserinfo: []model.InvitationDetail{d}},
	})
	return err
}

// notified is "channel status organizations" of each notification of the invitee.
func (s *sides) notified(t *testing.T) []string {
	t.Helper()
	lines := []string{}
	for _, n := range *must(s.invitee.ListNotifications(&model.ListNotificationsRequest{}))(t).Notifications {
		orgs := []string{}
		for _, o := range *n.InviteeOrgs {
			orgs = append(orgs, *o.Name+" "+*o.StatusDetail)
		}
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s", *n.ChannelName, *n.Status, strings.Join(orgs, ", "))))
	}
	return lines
}

// unionMembers is "channel tenant organization status" of each member that a tenant
// sees; the nameless organization is "-".
func unionMembers(t *testing.T, api *bcs.BcsClient) []string {
	t.Helper()
	lines := []string{}
	for _, m := range *must(api.ListMembers(&model.ListMembersRequest{}))(t).Members {
		for _, o := range *m.InvitedOrgs {
			name := *o.Name
			if name == "" {
				name = "-"
			}
			lines = append(lines, fmt.Sprintf("%s %s %s %s", *m.ChannelName, *m.InviteeInfo.InviteeUsername, name, *o.Status))
		}
	}
	return lines
}

// channels is "name organization peers" of what an instance shows.
func channels(t *testing.T, api *bcs.BcsClient, id string) []string {
	t.Helper()
	lines := []string{}
	for _, ch := range *must(api.ListBlockchainChannels(&model.ListBlockchainChannelsRequest{BlockchainId: id}))(t).Channels {
		for org, peers := range ch.Peers {
			lines = append(lines, fmt.Sprintf("%s %s %d", *ch.Name, org, len(peers)))
		}
	}
	return lines
}

func same(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if want == nil {
		want = []string{}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// An invitation is sent, seen, accepted, and the member leaves again.
func TestInvitationLife(t *testing.T) {
	s := twoSides(t)
	if err := s.invite("chan1", emulator.PartnerUserName); err != nil {
		t.Fatal(err)
	}
	same(t, "notifications", s.notified(t), "chan1 waiting")
	same(t, "the inviter's members", unionMembers(t, s.inviter), "chan1 partner - waiting")
	same(t, "the invitee's members", unionMembers(t, s.invitee))
	n := (*must(s.invitee.ListNotifications(&model.ListNotificationsRequest{}))(t).Notifications)[0].InvitorInfo
	got := []string{
		*n.InvitorId, *n.InvitorName, *n.InvitorProjectId, *n.InvitorBcsId, *n.InvitorBcsName,
		*n.InvitorConsensus, *n.InvitorFabricVersion, *n.InvitorSignatureAlgorithm, *n.InvitorClusterType, *n.InvitorDatabaseType,
	}
	same(t, "inviter", got, emulator.DefaultDomainID, emulator.DefaultUserName, emulator.DefaultProjectID, s.host, "inviting",
		"etcdraft", "2.2", "ECDSA", "cce", "goleveldb")

	if err := s.answer("chan1", "agreed", s.guest, "gamma"); err != nil {
		t.Fatal(err)
	}
	same(t, "notifications while it joins", s.notified(t), "chan1 waiting")
	wantCode(t, s.answer("chan1", "agreed", s.guest, "gamma"), 400, "BCS.4001044")
	wantCode(t, s.answer("chan1", "reject", ""), 400, "BCS.4001040")
	record := (*must(s.invitee.ListOpRecord(&model.ListOpRecordRequest{BlockchainId: &s.guest}))(t).OperationRecords)[0]
	if *record.OperationType != "05" || *record.OperationStatus != "waiting" {
		t.Errorf("record of type %s, %s", *record.OperationType, *record.OperationStatus)
	}
	s.unionDone()
	same(t, "notifications", s.notified(t), "chan1 agreed gamma 2/2")
	same(t, "the inviter's members", unionMembers(t, s.inviter), "chan1 partner gamma agreed")
	same(t, "the invitee's members", unionMembers(t, s.invitee), "chan1 partner gamma agreed")
	same(t, "the invitee's channels", channels(t, s.invitee, s.guest), "chan1 gamma 2")
	same(t, "the inviter's channels", channels(t, s.inviter, s.host), "chan1 alpha 2", "chan2 beta 1")
	wantCode(t, s.answer("chan1", "agreed", s.guest, "gamma"), 400, "BCS.4001999")
	wantCode(t, s.answer("chan1", "reject", ""), 400, "BCS.4001040")

	// Who has come can't be sent away, and holds the channel.
	wantCode(t, s.withdraw("chan1", "", ""), 400, "BCS.4006003")
	wantCode(t, s.withdraw("chan1", "quit", s.guest), 400, "BCS.4006003")
	must(s.inviter.BatchRemoveOrgsFromChannel(&model.BatchRemoveOrgsFromChannelRequest{
		BlockchainId: s.host, ChannelId: "chan1", Body: &model.BatchRemoveOrgsFromChannelRequestBody{OrgNames: []string{"alpha"}},
	}))(t)
	s.Advance(61 * time.Millisecond)
	_, err := s.inviter.DeleteChannel(&model.DeleteChannelRequest{BlockchainId: s.host, ChannelId: "chan1"})
	wantCode(t, err, 400, "BCS.4001249")
	_, err = s.invitee.DeleteChannel(&model.DeleteChannelRequest{BlockchainId: s.guest, ChannelId: "chan1"})
	wantCode(t, err, 400, "BCS.4006012")

	out := must(s.quit("chan1"))(t)
	if *out.Result != "success" || !strings.HasPrefix(*out.OperationId, "BCSSVC01-05-") {
		t.Errorf("quitting: %v", out)
	}
	s.unionDone()
	same(t, "notifications", s.notified(t), "chan1 quit gamma 2/2")
	same(t, "the invitee's channels", channels(t, s.invitee, s.guest))
	_, err = s.quit("chan1")
	wantCode(t, err, 400, "BCS.4006003")
	wantCode(t, s.invite("chan1", emulator.PartnerUserName), 400, "BCS.4006025")
	wantCode(t, s.withdraw("chan1", "", ""), 400, "BCS.4006003")
	wantCode(t, s.withdraw("chan1", "quit", s.host), 400, "BCS.4006003")
	if err := s.withdraw("chan1", "quit", s.guest); err != nil {
		t.Fatal(err)
	}
	same(t, "notifications", s.notified(t))
	same(t, "the inviter's members", unionMembers(t, s.inviter))

	// Then all of it can begin anew.
	s.join(t, "chan1")
	same(t, "notifications", s.notified(t), "chan1 agreed gamma 2/2")
}

func TestDeclinedAndWithdrawnInvitations(t *testing.T) {
	s := twoSides(t)
	for _, channel := range []string{"chan1", "chan2"} {
		if err := s.invite(channel, emulator.PartnerUserName); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.answer("chan1", "reject", ""); err != nil {
		t.Fatal(err)
	}
	same(t, "notifications", s.notified(t), "chan1 reject", "chan2 waiting")
	same(t, "the inviter's members", unionMembers(t, s.inviter), "chan1 partner - reject", "chan2 partner - waiting")
	wantCode(t, s.answer("chan1", "reject", ""), 400, "BCS.4006003")
	wantCode(t, s.answer("chan1", "agreed", s.guest, "gamma"), 400, "BCS.4006003")
	_, err := s.quit("chan1")
	wantCode(t, err, 400, "BCS.4006003")
	wantCode(t, s.withdraw("chan1", "waiting", ""), 400, "BCS.4006003")
	if err := s.withdraw("chan1", "reject", ""); err != nil {
		t.Error(err)
	}
	if err := s.withdraw("chan2", "", ""); err != nil {
		t.Error(err)
	}
	same(t, "notifications", s.notified(t))
	wantCode(t, s.withdraw("chan2", "", ""), 400, "BCS.4001036")
	wantCode(t, s.answer("chan2", "reject", ""), 400, "BCS.4001036")
}

// An acceptance that fails leaves the invitation as it was.
func TestFailedAcceptance(t *testing.T) {
	s := twoSides(t)
	if err := s.invite("chan1", emulator.PartnerUserName); err != nil {
		t.Fatal(err)
	}
	s.faults.Add(emulator.Rule{Operation: "HandleNotification", Times: 1, Fault: emulator.FailOperation("the peers are away")})
	if err := s.answer("chan1", "agreed", s.guest, "gamma", "delta"); err != nil {
		t.Fatal(err)
	}
	s.unionDone()
	same(t, "notifications", s.notified(t), "chan1 waiting")
	same(t, "the invitee's channels", channels(t, s.invitee, s.guest))
	if err := s.answer("chan1", "agreed", s.guest, "gamma", "delta"); err != nil {
		t.Fatal(err)
	}
	s.unionDone()
	same(t, "notifications", s.notified(t), "chan1 agreed gamma 2/2, delta 1/1")
	s.faults.Add(emulator.Rule{Operation: "HandleUnionMemberQuitList", Times: 1, Fault: emulator.FailOperation("the peers are away")})
	must(s.quit("chan1"))(t)
	s.unionDone()
	same(t, "notifications", s.notified(t), "chan1 agreed gamma 2/2, delta 1/1")
}

// The inviter's instance takes its consortium along.
func TestConsortiumIsDissolved(t *testing.T) {
	s := twoSides(t)
	s.join(t, "chan1")
	if err := s.invite("chan2", emulator.PartnerUserName); err != nil {
		t.Fatal(err)
	}
	must(s.inviter.DeleteBlockchain(&model.DeleteBlockchainRequest{BlockchainId: s.host}))(t)
	_, err := s.invitee.DeleteBlockchain(&model.DeleteBlockchainRequest{BlockchainId: s.guest})
	wantCode(t, err, 400, "BCS.4001196")
	wantCode(t, s.answer("chan2", "agreed", s.guest, "gamma"), 400, "BCS.4001196")
	s.Advance(301 * time.Millisecond)
	same(t, "notifications", s.notified(t), "chan1 released gamma 2/2", "chan2 canceled")
	same(t, "the invitee's channels", channels(t, s.invitee, s.guest))
	same(t, "the inviter's members", unionMembers(t, s.inviter), "chan1 partner gamma released")
	same(t, "the invitee's members", unionMembers(t, s.invitee), "chan1 partner gamma released")
	wantCode(t, s.answer("chan2", "agreed", s.guest, "gamma"), 400, "BCS.4006003")
	wantCode(t, s.withdraw("chan1", "released", ""), 400, "BCS.4006003")
	if err := s.withdraw("chan1", "released", s.guest); err != nil {
		t.Error(err)
	}
	wantCode(t, s.withdraw("chan3", "", ""), 400, "BCS.4001036")
	must(s.invitee.DeleteBlockchain(&model.DeleteBlockchainRequest{BlockchainId: s.guest}))(t)
	s.Advance(301 * time.Millisecond)
	same(t, "notifications", s.notified(t), "chan2 canceled")
}

// A member quits with its instance.
func TestMemberIsDeleted(t *testing.T) {
	s := twoSides(t)
	s.join(t, "chan1")
	must(s.invitee.DeleteBlockchain(&model.DeleteBlockchainRequest{BlockchainId: s.guest}))(t)
	s.Advance(301 * time.Millisecond)
	same(t, "the inviter's members", unionMembers(t, s.inviter), "chan1 partner gamma quit")
	if err := s.withdraw("chan1", "quit", s.guest); err != nil {
		t.Error(err)
	}
}

// Invitations to a channel are canceled with it.
func TestInvitationToADeletedChannel(t *testing.T) {
	s := twoSides(t)
	if err := s.invite("chan2", emulator.PartnerUserName); err != nil {
		t.Fatal(err)
	}
	must(s.inviter.BatchRemoveOrgsFromChannel(&model.BatchRemoveOrgsFromChannelRequest{
		BlockchainId: s.host, ChannelId: "chan2", Body: &model.BatchRemoveOrgsFromChannelRequestBody{OrgNames: []string{"beta"}},
	}))(t)
	s.Advance(61 * time.Millisecond)
	must(s.inviter.DeleteChannel(&model.DeleteChannelRequest{BlockchainId: s.host, ChannelId: "chan2"}))(t)
	s.Advance(61 * time.Millisecond)
	same(t, "notifications", s.notified(t), "chan2 canceled")
	same(t, "the inviter's members", unionMembers(t, s.inviter))
}

// While one instance of a consortium is changed, the others are not.
func TestConsortiumIsBusy(t *testing.T) {
	s := twoSides(t)
	s.join(t, "chan1")
	grow := func(name string) model.NodeOrgs { return model.NodeOrgs{Name: name, NodeCount: 2} }
	must(s.invitee.UpdateInstance(update(s.guest, false, grow("delta"))))(t)
	_, err := s.inviter.UpdateInstance(update(s.host, false, grow("beta")))
	wantCode(t, err, 400, "BCS.4001196")
	wantCode(t, s.invite("chan2", emulator.PartnerUserName), 400, "BCS.4001196")
	must(s.inviter.DownloadBlockchainCert(&model.DownloadBlockchainCertRequest{BlockchainId: s.host, OrgName: "alpha", CertType: model.GetDownloadBlockchainCertRequestCertTypeEnum().ADMIN}))(t)
	s.Advance(181 * time.Millisecond)
	must(s.inviter.UpdateInstance(update(s.host, false, grow("beta"))))(t)
	_, err = s.quit("chan1")
	wantCode(t, err, 400, "BCS.4001196")
	s.Advance(181 * time.Millisecond)

	// Who has left is not held up.
	must(s.quit("chan1"))(t)
	s.unionDone()
	must(s.invitee.UpdateInstance(update(s.guest, false, model.NodeOrgs{Name: "delta", NodeCount: 1})))(t)
	must(s.inviter.UpdateInstance(update(s.host, false, model.NodeOrgs{Name: "beta", NodeCount: 1})))(t)
}

func TestRefusedInvitations(t *testing.T) {
	s := twoSides(t)
	private := s.order(t, s.inviter, orderOf("private", onCluster(clusterC), func(b *model.CreateRequestBody) {
		b.BlockchainType = ptr("private")
		b.Channels = &[]model.ChannelInfoV2{{Name: "chan1", OrgNames: []string{"alpha"}}}
	}))
	ask := func(id, channel, inviter, tenant string) *model.BatchInviteMembersToChannelRequest {
		body := &model.BatchInviteMembersToChannelRequestBody{BcsId: id, ChannelName: channel, InvitedUserinfo: []model.InvitedDomain{{InvitedUser: tenant}}}
		if inviter != "" {
			body.InvitorUsername = &inviter
		}
		return &model.BatchInviteMembersToChannelRequest{Body: body}
	}
	for _, tc := range []struct {
		name string
		api  *bcs.BcsClient
		req  *model.BatchInviteMembersToChannelRequest
		code string
	}{
		{"private chain", s.inviter, ask(private, "chan1", "", "partner"), "BCS.4006014"},
		{"somebody else's instance", s.invitee, ask(s.host, "chan1", "", "emulator"), "BCS.4001011"},
		{"an invitee's", s.invitee, ask(s.guest, "chan1", "", "emulator"), "BCS.4006014"},
		{"no channel", s.inviter, ask(s.host, "chan9", "", "partner"), "BCS.4006012"},
		{"unknown tenant", s.inviter, ask(s.host, "chan1", "", "nobody"), "BCS.4006014"},
		{"oneself", s.inviter, ask(s.host, "chan1", "", "emulator"), "BCS.4006014"},
		{"under a wrong name", s.inviter, ask(s.host, "chan1", "somebody", "partner"), "BCS.4006014"},
		{"no list", s.inviter, &model.BatchInviteMembersToChannelRequest{
			Body: &model.BatchInviteMembersToChannelRequestBody{BcsId: s.host, ChannelName: "chan1", InvitedUserinfo: []model.InvitedDomain{}},
		}, "BCS.4006014"},
		{"no body", s.inviter, &model.BatchInviteMembersToChannelRequest{}, "BCS.4004025"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := tc.api.BatchInviteMembersToChannel(tc.req)
			wantCode(t, err, 400, tc.code)
		})
	}
	same(t, "notifications", s.notified(t))

	// Of a batch those stand that can be invited, also if it is told otherwise.
	wantCode(t, s.invite("chan1", emulator.PartnerUserName, "nobody"), 400, "BCS.4006026")
	same(t, "notifications", s.notified(t), "chan1 waiting")
	wantCode(t, s.invite("chan1", emulator.PartnerUserName), 400, "BCS.4006025")
	changes := must(s.Changes(t.Context()))(t)
	if last := changes[len(changes)-1]; last.Status != 400 || last.Code != "BCS.4006025" {
		t.Errorf("in the log: %d %s", last.Status, last.Code)
	}
	if partly := changes[len(changes)-2]; partly.Status != 400 || partly.Code != "BCS.4006026" {
		t.Errorf("in the log: %d %s", partly.Status, partly.Code)
	}

	if err := s.SetHealth(t.Context(), s.host, "Abnormal"); err != nil {
		t.Fatal(err)
	}
	wantCode(t, s.invite("chan2", emulator.PartnerUserName), 400, "BCS.4001020")
	wantCode(t, s.withdraw("chan1", "", ""), 400, "BCS.4001020")
	if err := s.answer("chan1", "agreed", s.guest, "gamma"); err != nil {
		t.Errorf("an abnormal inviter holds the invitee up: %v", err)
	}
}

func TestRefusedAnswers(t *testing.T) {
	s := twoSides(t)
	own := s.order(t, s.invitee, orderOf("own-chain", onCluster(clusterC)))
	if err := s.invite("chan1", emulator.PartnerUserName); err != nil {
		t.Fatal(err)
	}
	wantCode(t, s.answer("chan2", "agreed", s.guest, "gamma"), 400, "BCS.4001036")
	wantCode(t, s.answer("chan1", "agreed", ""), 400, "BCS.4006014")
	wantCode(t, s.answer("chan1", "agreed", s.guest), 400, "BCS.4006014")
	wantCode(t, s.answer("chan1", "agreed", s.guest, "alpha"), 400, "BCS.4001245")
	wantCode(t, s.answer("chan1", "agreed", s.guest, "gamma", "gamma"), 400, "BCS.4001245")
	wantCode(t, s.answer("chan1", "agreed", s.host, "alpha"), 400, "BCS.4001011")
	wantCode(t, s.answer("chan1", "agreed", own, "alpha"), 400, "BCS.4006014")
	wantCode(t, s.answer("chan1", "perhaps", s.guest, "gamma"), 400, "BCS.4006014")
	if err := s.SetHealth(t.Context(), s.guest, "Hibernation"); err != nil {
		t.Fatal(err)
	}
	wantCode(t, s.answer("chan1", "agreed", s.guest, "gamma"), 400, "BCS.4001234")
	if err := s.SetHealth(t.Context(), s.guest, "Normal"); err != nil {
		t.Fatal(err)
	}
	_, err := s.quit("chan1")
	wantCode(t, err, 400, "BCS.4006003")
	_, err = s.quit("chan2")
	wantCode(t, err, 400, "BCS.4001036")
	same(t, "notifications", s.notified(t), "chan1 waiting")

	// The order of an invitee names its inviter rightly.
	wrong := s.invited("another", "5adc2ce2-9712-11ea-9535-0255ac100b10")
	wrong.Body.InvitorInfos.ProjectId = emulator.PartnerProjectID
	_, err = s.invitee.CreateNewBlockchain(wrong)
	wantCode(t, err, 400, "BCS.4006014")
}

// A channel has five members, an instance invites forty tenants, and a tenant may
// leave a hundred invitations unanswered.
func TestLimitsOfAConsortium(t *testing.T) {
	crowd := []emulator.Tenant{}
	names := []string{}
	for n := range 41 {
		name := fmt.Sprintf("tenant%02d", n)
		names = append(names, name)
		crowd = append(crowd, emulator.Tenant{
			Name: name, Password: "p", AccessKey: "ak" + name, SecretKey: "sk", ProjectID: "project" + name, DomainID: "domain" + name, UserID: "user" + name,
		})
	}
	c := start(t, func(o *emulator.Options) { o.Partners, o.InstanceQuota = crowd, 100 })
	s := &sides{cloud: c, inviter: c.bcs(t)}
	instance := func(n int) string {
		return c.order(t, s.inviter, orderOf(fmt.Sprintf("inviting-%03d", n), onCluster(fmt.Sprintf("5adc2ce2-9712-11ea-9535-0255ac100%03d", n)),
			func(b *model.CreateRequestBody) {
				b.VersionType = 3
				list := []model.ChannelInfoV2{}
				for k := range 4 {
					list = append(list, model.ChannelInfoV2{Name: fmt.Sprintf("chan%d", k), OrgNames: []string{"alpha"}})
				}
				b.Channels, b.OrgDiskSize = &list, nil
			}))
	}
	s.host = instance(0)
	if err := s.invite("chan0", names[:5]...); err != nil {
		t.Fatal(err)
	}
	wantCode(t, s.invite("chan0", names[5]), 400, "BCS.4009103")
	for _, name := range names[5:40] { // who declines leaves his place in the channel
		if err := s.invite("chan1", name); err != nil {
			t.Fatal(err)
		}
		s.invitee = c.as(t, name)
		if err := s.answer("chan1", "reject", ""); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, s.invite("chan1", names[40]), 400, "BCS.4001062")
	for n := 1; n <= 24; n++ {
		s.host = instance(n)
		for k := range 4 {
			if err := s.invite(fmt.Sprintf("chan%d", k), names[0]); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.host = instance(25)
	for k := range 4 {
		err := s.invite(fmt.Sprintf("chan%d", k), names[0])
		if waiting := 97 + k; waiting >= 100 {
			wantCode(t, err, 400, "BCS.4001063")
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

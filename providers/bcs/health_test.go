package bcs_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/providertest"
)

const (
	created = "GET blockchains/" + network + "/status"

	noEvents  = `{"events":[]}`
	noCounts  = `{"series":[]}`
	noMetrics = `{"metrics":[]}`
)

// network with so many healthy nodes.
func nodesOf(status, process, orderers, bank, trader string) string {
	return fmt.Sprintf(`{"basic_info":{"id":%q,"name":"ledger","status":%q,"process_status":%q},
		"peer_info":[{"name":"bank","node_cnt":2,"status":"Normal","status_detail":%q},{"name":"trader","node_cnt":2,"status":"Normal","status_detail":%q}],
		"restapi_info":{"name":"","node_cnt":0,"status":"","status_detail":""},
		"orderer_info":{"name":"ledger-orderer","node_cnt":3,"status":"Normal","status_detail":%q}}`, network, status, process, bank, trader, orderers)
}

func measured(name string, values ...float64) string {
	var points []string
	for i, v := range values {
		points = append(points, fmt.Sprintf(`{"timestamp":%d,"unit":"Percent","statistics":[{"statistic":"average","value":%v}]}`, 1000+i, v))
	}
	return fmt.Sprintf(`{"metric":{"namespace":"n","metricName":%q,"dimensions":[{"name":"node","value":"1"}]},"dataPoints":[%s]}`, name, strings.Join(points, ","))
}

// answering are the answers of a network that is well, but for some.
func answering(other map[string][]string) map[string][]string {
	all := map[string][]string{
		show: {nodesOf("Normal", "", "3/3", "2/2", "2/2")}, events: {noEvents}, statistics: {noCounts}, metrics: {noMetrics}, entity: {noMetrics},
		created:    {`{"bcs":{"status":"finished"},"sfs":{"status":"finished"}}`},
		operations: {noRecord},
		nodes:      {`{"node_orgs":{"bank":{"peers":{"peer-b-0":{},"peer-b-1":{}}}}}`},
		channels:   {`{"channels":[{"name":"payments","peers":{"bank":["peer-b-0","peer-b-1"]}},{"name":"empty","peers":{}}]}`},
	}
	for call, answers := range other {
		all[call] = answers
	}
	return all
}

func TestHealthOfNetworks(t *testing.T) {
	well := "orderers 3/3, peers of bank 2/2, peers of trader 2/2"
	for name, tt := range map[string]struct {
		answers map[string][]string
		want    []string
	}{
		"well": {nil, []string{well}},
		"abnormal": {map[string][]string{show: {nodesOf("Abnormal", "", "1/3", "2/2", "0/2")}}, []string{
			"abnormal: The network is in state Abnormal. (ShowBlockchainDetail)",
			"abnormal: 1 of 3 orderers are healthy. (ShowBlockchainDetail)",
			"abnormal: 0 of 2 peers of trader are healthy. (ShowBlockchainDetail)",
			"orderers 1/3, peers of bank 2/2, peers of trader 0/2",
		}},
		"frozen":  {map[string][]string{show: {nodesOf("Freeze", "", "3/3", "2/2", "2/2")}}, []string{"abnormal: The network is in state Freeze: it is frozen. (ShowBlockchainDetail)", well}},
		"strange": {map[string][]string{show: {nodesOf("Dancing", "", "3/3", "2/2", "2/2")}}, []string{"unknown: The network is in state Dancing, of which nothing is known. (ShowBlockchainDetail)", well}},
		"silent":  {map[string][]string{show: {nodesOf("", "", "3/3", "2/2", "2/2")}}, []string{"unknown: The network shows no state. (ShowBlockchainDetail)", well}},
		"being created": {map[string][]string{
			show:    {nodesOf("", "IsCreating", "0/3", "0/2", "0/2")},
			created: {`{"cce":{"cluster":{"status":"finished"}},"sfs":{"status":"deploying","start_time":"2020-10-15T18:24:31.9+08:00","end_time":""},"bcs":{"status":"waiting"}}`},
		}, []string{"unknown: The network is being created. (ShowBlockchainDetail)", "healthy: Its file system is being made. (ShowBlockchainStatus since 2020-10-15)", ""}},
		"made badly": {map[string][]string{
			show:    {nodesOf("Abnormal", "", "3/3", "2/2", "2/2")},
			created: {`{"eip":{"status":"failed","end_time":"2020-10-15T18:24:33+08:00","detail":"no address is left"}}`},
		}, []string{
			"abnormal: The network is in state Abnormal. (ShowBlockchainDetail)",
			"abnormal: When it was created, its elastic IP could not be made: no address is left (ShowBlockchainStatus since 2020-10-15)", well,
		}},
		"after a failure": {map[string][]string{show: {nodesOf("Abnormal", "", "3/3", "2/2", "2/2")}, operations: {record("BCSSVC01-02-1", "failed")}}, []string{
			"abnormal: The network is in state Abnormal. (ShowBlockchainDetail)",
			"abnormal: The last operation BCSSVC01-02-1 failed: quota of the file system is used up; Deploy: no node is ready. (ListOpRecord since 2021-04-12)", well,
		}},
		"being scaled":   {map[string][]string{show: {nodesOf("Normal", "IsScaling", "3/3", "2/2", "2/2")}}, []string{"healthy: Work runs on it (IsScaling). (ShowBlockchainDetail)", well}},
		"being upgraded": {map[string][]string{show: {nodesOf("Normal", "IsUpgrading", "3/3", "2/2", "2/2")}}, []string{"abnormal: The network is being upgraded, and is out of service until that has ended. (ShowBlockchainDetail)", ""}},
		"being deleted":  {map[string][]string{show: {nodesOf("Normal", "IsDeleting", "3/3", "2/2", "2/2")}}, []string{"abnormal: The network is being deleted. (ShowBlockchainDetail)", ""}},
		"not counted": {map[string][]string{show: {`{"basic_info":{"id":"` + network + `","status":"Normal"},"orderer_info":{"node_cnt":3,"status":"AbNormal"},"agent_info":{"node_cnt":1,"status":"Normal"}}`}},
			[]string{"abnormal: The orderers are in state AbNormal. (ShowBlockchainDetail)", ""}},
		"alarms": {map[string][]string{
			events: {`{"events":[
				{"id":"1","starts_at":1618218591906,"ends_at":0,"metadata":{"event_type":"alarm","event_severity":"Major","event_name":"PeerConnectFailed"},"annotations":{"message":"peer-b-0 is lost","alarm_fix_suggestion_en_us":"Restart it."}},
				{"id":"5","starts_at":1618218591906,"metadata":{"event_type":"alarm","event_severity":"Major","event_name":"FailedScheduling","name":"coredns-7d5-x"}},
				{"id":2,"starts_at":"1618218591906","metadata":{"event_type":"alarm","event_severity":"Minor","event_name":"HighMemory"}},
				{"id":"3","starts_at":16377362908000,"metadata":{"event_type":"event","event_severity":"Major","event_name":"Deployed"}},
				{"id":"4","starts_at":1,"ends_at":2,"metadata":{"event_type":"alarm","event_severity":"Major","event_name":"Over"}}]}`},
			statistics: {`{"series":[{"event_severity":"Minor","values":[0,2,1]},{"event_severity":"Info","values":[0,0,0]}],"step":3600000,"timestamps":[1,2,3]}`},
		}, []string{
			"abnormal: Alarm PeerConnectFailed (Major): peer-b-0 is lost (ListBcsEvents since 2021-04-12)",
			"healthy: Alarm FailedScheduling (Major) (ListBcsEvents since 2021-04-12)",
			"healthy: Alarm HighMemory (Minor) (ListBcsEvents since 2021-04-12)", well + ", Minor events of a day 3",
		}},
		"metrics": {map[string][]string{metrics: {`{"metrics":[` + strings.Join([]string{measured("cpuUsage", 99, 97.5), measured("memUsedRate", 95, 85), measured("diskUsedRate", 12, 92.25)}, ",") + `]}`}}, []string{
			"healthy: 85 % of the memory is in use. (ListBcsMetric)",
			"abnormal: 92 % of the disk is in use. (ListBcsMetric)", well + ", cpu 97.5, memory 85, disk 92.25",
		}},
		"nothing but the state": {map[string][]string{events: {"4030403"}, statistics: {"4030403"}, metrics: {"4004021"}}, []string{
			"unknown: Alarms could not be looked at: ListBcsEvents: HTTP 400 BCS.4030403 refused Canary-Passw0rd (ListBcsEvents)",
			"healthy: The number of events could not be looked at: ListBcsEventsStatistic: HTTP 400 BCS.4030403 refused Canary-Passw0rd (ListBcsEventsStatistic)", well,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			_, reg := start(t, answering(tt.answers))
			if d := cmp.Diff(tt.want, providertest.HealthOf(t, reg, &providers.Request{Type: "BCS.Instance", ObjectID: network})); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestHealthInNetworks(t *testing.T) {
	member := map[string]any{"blockchainId": network, "channelName": "payments", "organizationName": "bank", "peerCount": int64(2)}
	three := map[string]any{"blockchainId": network, "channelName": "payments", "organizationName": "bank", "peerCount": int64(3)}
	issued := map[string]any{"sha256": "x"}
	frozen := map[string][]string{show: {nodesOf("Freeze", "", "3/3", "2/2", "2/2")}}
	noBank := map[string][]string{show: {nodesOf("Normal", "", "3/3", "0/2", "2/2")}}
	for name, tt := range map[string]struct {
		typ, id                string
		properties, attributes map[string]any
		answers                map[string][]string
		want                   []string
	}{
		"an organization": {typ: "BCS.Organization", id: network + "/bank", answers: map[string][]string{
			entity: {`{"metrics":[{"dimensions":[],"values":[{"cpuUsage":0.175,"memUsage":"1.25","filesystemUsage":"81"}]}]}`},
			events: {`{"events":[{"metadata":{"event_severity":"Major","event_name":"PeerWriteDBFailed","name":"peer-b-1"},"annotations":{"message":"it can't write"}},
				{"metadata":{"event_severity":"Major","event_name":"PeerWriteDBFailed"},"annotations":{"message":"peer-t-1 can't write"}}]}`},
		}, want: []string{
			"abnormal: Alarm PeerWriteDBFailed (Major): it can't write (ListBcsEvents)",
			"healthy: 81 % of the disk is in use. (ListEntityMetric)", "peers 2/2, cpu 0.175, memory 1.25, disk 81",
		}},
		"without peers": {typ: "BCS.Organization", id: network + "/bank", answers: noBank, want: []string{"abnormal: 0 of 2 peers are healthy. (ShowBlockchainDetail)", "peers 0/2"}},
		"an organization in what is frozen": {typ: "BCS.Organization", id: network + "/bank", answers: frozen, want: []string{
			"abnormal: Its network is in state Freeze: it is frozen. (ShowBlockchainDetail)", "peers 2/2"}},
		"a channel":                   {typ: "BCS.Channel", id: network + "/payments", want: []string{"organizations 1"}},
		"an empty channel":            {typ: "BCS.Channel", id: network + "/empty", want: []string{"healthy: No organization is in the channel. (ListBlockchainChannels)", "organizations 0"}},
		"a channel without peers":     {typ: "BCS.Channel", id: network + "/payments", answers: noBank, want: []string{"abnormal: None of the 2 peers of bank is healthy. (ShowBlockchainDetail)", "organizations 1"}},
		"a channel in what is frozen": {typ: "BCS.Channel", id: network + "/payments", answers: frozen, want: []string{"abnormal: Its network is in state Freeze: it is frozen. (ShowBlockchainDetail)", "organizations 1"}},
		"a channel beside a fault": {typ: "BCS.Channel", id: network + "/payments", answers: map[string][]string{show: {nodesOf("Abnormal", "", "3/3", "2/2", "1/2")}}, want: []string{
			"healthy: Its network is in state Abnormal: not all peers of trader are healthy. (ShowBlockchainDetail)", "organizations 1"}},
		"a channel without order": {typ: "BCS.Channel", id: network + "/payments", answers: map[string][]string{show: {nodesOf("Abnormal", "", "1/3", "2/2", "1/2")}}, want: []string{
			"abnormal: Its network is in state Abnormal. (ShowBlockchainDetail)", "organizations 1"}},
		"a member":                   {typ: "BCS.ChannelMembership", id: network + "/payments/bank", properties: member, want: []string{"peers in the channel 2/2, peers of bank 2/2"}},
		"a member that lacks a peer": {typ: "BCS.ChannelMembership", id: network + "/payments/bank", properties: three, want: []string{"abnormal: 2 of 3 peers are in the channel. (ListBlockchainChannels)", "peers in the channel 2/3, peers of bank 2/2"}},
		"an invitation":              {typ: "BCS.Invitation", id: network + "/trade/partner", properties: invitation(), answers: map[string][]string{listMembers: {membersOf("agreed", "x")}}, want: []string{""}},
		"an invitation that waits": {typ: "BCS.Invitation", id: network + "/trade/partner", properties: invitation(), answers: map[string][]string{listMembers: {membersOf("waiting", "")}}, want: []string{
			"healthy: The invitation is in state waiting: the tenant has not answered it yet. (ListMembers)", ""}},
		"an invitation that is declined": {typ: "BCS.Invitation", id: network + "/trade/partner", properties: invitation(), answers: map[string][]string{listMembers: {membersOf("reject", "")}}, want: []string{
			"abnormal: The invitation is in state reject: the tenant has declined it. (ListMembers)", ""}},
		"an acceptance": {typ: "BCS.InvitationResponse", id: inviter + "/trade", properties: acceptance(), answers: map[string][]string{listNotifications: {notified("agreed", network)}, show: frozen[show]}, want: []string{
			"abnormal: Its network is in state Freeze: it is frozen. (ShowBlockchainDetail)", ""}},
		"a refusal": {typ: "BCS.InvitationResponse", id: inviter + "/trade", properties: refusal(), answers: map[string][]string{listNotifications: {notified("reject", "")}}, want: []string{
			"healthy: The invitation is in state reject, as the blueprint says. (ListNotifications)", ""}},
		"a certificate":                  {typ: "BCS.UserCertificate", id: network + "/bank/app", properties: map[string]any{"frozen": true}, attributes: issued, want: []string{"healthy: It is frozen, as the blueprint says. ()", ""}},
		"a certificate that can be used": {typ: "BCS.UserCertificate", id: network + "/bank/app", attributes: issued, want: []string{""}},
	} {
		t.Run(name, func(t *testing.T) {
			_, reg := start(t, answering(tt.answers))
			req := &providers.Request{Type: tt.typ, ObjectID: tt.id, Properties: tt.properties, Prior: tt.properties, Attributes: tt.attributes}
			if d := cmp.Diff(tt.want, providertest.HealthOf(t, reg, req)); d != "" {
				t.Error(d)
			}
		})
	}
}

// What lies in a network is told with few calls.
func TestHealthAsksOnce(t *testing.T) {
	_, reg := start(t, nil)
	for _, typ := range reg.Types() {
		if _, ok := reg[typ].(providers.HealthReader); !ok {
			t.Errorf("nobody tells how %s is", typ)
		}
	}
	s, reg := start(t, answering(nil))
	ctx := providers.Sharing(t.Context())
	for typ, id := range map[string]string{"BCS.Instance": network, "BCS.Organization": network + "/bank", "BCS.Channel": network + "/payments", "BCS.ChannelMembership": network + "/payments/bank"} {
		for range 3 {
			req := &providers.Request{Type: typ, ObjectID: id}
			o, err := reg[typ].Read(ctx, req)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := reg[typ].(providers.HealthReader).Health(ctx, req, o); err != nil {
				t.Fatal(err)
			}
		}
	}
	if sent := s.Sent(); len(sent) != 4 { // events, their numbers, metrics of the network and of the organization
		t.Errorf("%d questions: %v", len(sent), sent)
	}
}

package bcs_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/providers/bcs"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
	"github.com/orchestrate-tosca/orchestrate/providers/providertest"
)

// look returns the way to look at a cloud that answers as told.
func look(t *testing.T, answers map[string][]string) (*providertest.Script, bcs.Look) {
	t.Helper()
	s := providertest.NewScript(t, answers, func(code string) (int, string) {
		return http.StatusBadRequest, `{"error_code":"BCS.` + code + `","error_msg":"refused"}`
	})
	c, err := huaweicloud.New(huaweicloud.Config{Endpoint: s.URL, Env: s.Env, FirstWait: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	return s, bcs.NewLook(c)
}

func utc(text string) time.Time {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return at
}

const (
	events     = "POST blockchains/" + network + "/events"
	statistics = events + "/statistic"
	metrics    = "POST blockchains/" + network + "/metric/list"
	entity     = "POST blockchains/" + network + "/entity/metric/list"
	pod        = "POST blockchains/" + network + "/entity/instance/metric/list"
)

// The reference's examples of monitoring and consortiums, which differ from its
// tables in names and types, are understood in either form.
func TestWhatTheSDKCannotRead(t *testing.T) {
	point := `{"timestamp":%s,"unit":"Percent","statistics":[{"statistic":"maximum","value":%s}]}`
	one := func(timestamp, value string) string {
		return `{"metrics":[{"metric":{"namespace":"abc","metricName":"cpuUsage","dimensions":[{"name":"pod","value":"p-0"}]},"dataPoints":[` +
			fmt.Sprintf(point, timestamp, value) + `]}]}`
	}
	_, l := look(t, map[string][]string{
		events: {`{"events":[{"annotations":{"alarm_probableCause_zh_cn":"原因","message":"detail","alarm_fix_suggestion_en_us":"repair"},"attach_rule":{},"ends_at":0,
			"id":"6775161208461480000","metadata":{"event_type":"alarm","event_severity":"Major","resource_type":"blockchain","event_name":"test","resource_id":"r","resource_provider":"BCS"},
			"starts_at":16377362908000,"timeout":60000},
			{"annotations":null,"ends_at":1637736350800,"id":7,"metadata":{"event_name":"later"},"starts_at":1637736290801}]}`},
		statistics: {`{"series":[{"event_severity":"Minor","values":[0,2,1,0]},{"event_severity":"Info","values":["0","0"]}],"step":60000,"timestamps":[1642820700000,1642820760000,"1642820820000"]}`},
		metrics:    {one("1467892800000", "23.0"), one(`"1467892800000"`, `"23.0"`)},
		pod:        {one("1467892800000", "23.0")},
		entity: {`{"metrics":[{"dimensions":[{"name":"cluster","value":"abc"}],"values":[{"memUsage":"1.252","cpuUsage":0.175,"recvBytesRate":null}]}]}`,
			`{"metrics":[{"dimensions":null,"values":null}]}`},
		"GET notifications": {`{"notifications":[{"channel_name":"trade","status":"waiting","updated_time":"2021-03-31T02:46:30Z","tc3_need":false,"hide":0,
			"invitor_info":{"invitor_name":"bank","invitor_bcs_name":"ledger","invitor_bcs_id":"i1","invitor_consensus":"etcdraft"},
			"invitee_info":{"invitee_id":"u2","invitee_name":"trader"},"invitee_orgs":null},
			{"channel_name":"clear","status":"reject","updated_time":1617158790000,"invitor_info":null,"invitee_info":{"invitee_name":42}}]}`},
		"GET members": {`{"members":[{"tcs_need":true,"channel_name":"trade","invited_orgs":[{"name":"org","name_hash":"25df","node_count":1,"status":"waiting","status_detail":""}],
			"invitor_info":{"invitor_bcs_id":"i1","invitor_bcs_name":"ledger","invitor_username":"bank"},"invitee_info":{"invitee_user_id":"u2","invitee_username":"trader"}}]}`},
	})
	check := func(name string, got any, err error, want any) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: -want +got:\n%s", name, d)
		}
	}
	ctx := t.Context()
	gotEvents, err := l.Events(ctx, network, bcs.EventFilter{Last: time.Hour})
	check("events", gotEvents, err, []bcs.Event{
		{ID: "7", Name: "later", Started: utc("2021-11-24T06:44:50.801Z"), Ended: utc("2021-11-24T06:45:50.8Z")},
		{ID: "6775161208461480000", Name: "test", Severity: "Major", Type: "alarm", ResourceType: "blockchain", ResourceID: "r", Source: "BCS",
			Message: "detail", Cause: "原因", Remedy: "repair", Started: utc("2021-11-24T06:44:50.8Z")},
	})
	counts, err := l.EventCounts(ctx, network, bcs.EventFilter{Last: time.Hour})
	t0, t1, t2 := utc("2022-01-22T03:05:00Z"), utc("2022-01-22T03:06:00Z"), utc("2022-01-22T03:07:00Z")
	check("counts", counts, err, []bcs.EventCount{
		{Severity: "Minor", Total: 3, Last: t2, Steps: []bcs.EventBucket{{Time: t0, Count: 0}, {Time: t1, Count: 2}, {Time: t2, Count: 1}}},
		{Severity: "Info", Steps: []bcs.EventBucket{{Time: t0}, {Time: t1}}},
	})
	measured := []bcs.Metric{{Of: "p-0", Name: "cpuUsage", Value: 23, Unit: "Percent", Statistic: "maximum", Dimensions: []string{"pod=p-0"}, Time: utc("2016-07-07T12:00:00Z")}}
	for range 2 { // numbers, then texts
		got, err := l.Metrics(ctx, network, bcs.MetricFilter{Names: []string{"cpuUsage"}})
		check("metrics", got, err, measured)
	}
	got, err := l.Metrics(ctx, network, bcs.MetricFilter{Entity: "baas-agent", Node: "p-0"})
	check("metrics of a node", got, err, measured)
	got, err = l.Metrics(ctx, network, bcs.MetricFilter{Entity: "baas-agent"})
	check("metrics of an entity", got, err, []bcs.Metric{
		{Of: "abc", Name: "cpuUsage", Value: 0.175, Dimensions: []string{"cluster=abc"}}, {Of: "abc", Name: "memUsage", Value: 1.252, Dimensions: []string{"cluster=abc"}},
	})
	got, err = l.Metrics(ctx, network, bcs.MetricFilter{Entity: "baas-agent"})
	check("no metrics of an entity", got, err, []bcs.Metric(nil))
	notifications, err := l.Notifications(ctx)
	check("notifications", notifications, err, []bcs.Notification{
		{Channel: "trade", Status: "waiting", Updated: utc("2021-03-31T02:46:30Z"), Inviter: "bank", InviterInstance: "ledger", InviterInstanceID: "i1",
			Consensus: "etcdraft", Invitee: "trader", InviteeID: "u2"},
		{Channel: "clear", Status: "reject", Updated: utc("2021-03-31T02:46:30Z"), Invitee: "42"},
	})
	members, err := l.Members(ctx)
	check("members", members, err, []bcs.Member{{
		Channel: "trade", Status: "waiting", Inviter: "bank", InviterInstance: "ledger", InviterInstanceID: "i1", Invitee: "trader", InviteeID: "u2",
		Organizations: []bcs.MemberOrg{{Name: "org", Hash: "25df", Peers: 1, Status: "waiting"}},
	}})
}

// What is asked for goes out as the contract says.
func TestMonitoringRequests(t *testing.T) {
	const some = `{"count":0}`
	s, l := look(t, map[string][]string{events: {some}, statistics: {some}, metrics: {some}, entity: {some}, pod: {some}})
	ctx := t.Context()
	from := utc("2026-11-22T00:00:00Z")
	for _, err := range []error{
		second(l.Events(ctx, network, bcs.EventFilter{Last: 90 * time.Second, Only: bcs.OpenAlarms, Search: "disk"})),
		second(l.EventCounts(ctx, network, bcs.EventFilter{From: from, To: from.Add(time.Hour), Step: 5 * time.Minute})),
		second(l.Metrics(ctx, network, bcs.MetricFilter{})),
		second(l.Metrics(ctx, network, bcs.MetricFilter{Plugin: true, Entity: "restapi"})),
		second(l.Metrics(ctx, network, bcs.MetricFilter{Entity: "bank", Node: "peer-0"})),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	if _, err := l.Metrics(ctx, network, bcs.MetricFilter{Node: "peer-0"}); err == nil {
		t.Error("a node without its organization is not refused")
	}
	var sent []string
	for _, r := range s.Sent() {
		sent = append(sent, r.String())
	}
	sorted := `"sort":{"order_by":["starts_at"],"order":"desc"}`
	want := []string{
		events + `?type=active_alert {"time_range":"-1.-1.2","step":60000,"search":"disk",` + sorted + `}`,
		statistics + ` {"time_range":"1795305600000.1795309200000.60","step":300000,"search":"",` + sorted + `}`,
		metrics + ` {}`,
		entity + ` {"type":"plugin","entity_name":"restapi"}`,
		pod + ` {"type":"org","entity_name":"bank","instance_name":"peer-0"}`,
	}
	if d := cmp.Diff(want, sent); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// The service refuses too many steps; nobody has to work out how many there are.
func TestStepsOfEvents(t *testing.T) {
	const day = 24 * time.Hour
	for last, want := range map[time.Duration]int64{
		time.Hour: 60_000, day: 60_000, 7 * day: 900_000, 30 * day: 3_600_000, 365 * day: 21_600_000, 1500 * day: 86_400_000, 36_500 * day: 25 * 86_400_000,
	} {
		s, l := look(t, map[string][]string{statistics: {`{"events":[]}`}})
		if _, err := l.EventCounts(t.Context(), network, bcs.EventFilter{Last: last}); err != nil {
			t.Fatal(err)
		}
		if sent := s.Bodies()[0]; !strings.Contains(sent, fmt.Sprintf(`"step":%d,`, want)) {
			t.Errorf("%s: %s, want steps of %d ms", last, sent, want)
		}
	}
}

func second[T any](_ T, err error) error { return err }

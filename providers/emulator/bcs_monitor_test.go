package emulator_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2/model"

	"github.com/orchestrate-tosca/orchestrate/providers/emulator"
)

// ask sends a POST about an instance with a token, and returns status and body
// of the answer. The SDK drops half of what the monitoring answers.
func (c *cloud) ask(t *testing.T, id, path, body string) (int, []byte) {
	t.Helper()
	resp := raw(t, http.MethodPost, c.url+"/v3/auth/tokens",
		`{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"emulator","password":"`+emulator.DefaultPassword+`"}}}}}`,
		"Content-Type", "application/json")
	token := resp.Header.Get("X-Subject-Token")
	resp = raw(t, http.MethodPost, c.url+"/v2/"+emulator.DefaultProjectID+"/blockchains/"+id+"/"+path, body,
		"X-Auth-Token", token, "Content-Type", "application/json")
	return resp.StatusCode, must(io.ReadAll(resp.Body))(t)
}

// wireEvent is an event as it comes over the wire.
type wireEvent struct {
	ID          string            `json:"id"`
	Starts      int64             `json:"starts_at"`
	Ends        int64             `json:"ends_at"`
	Metadata    map[string]string `json:"metadata"`
	Annotations map[string]string `json:"annotations"`
}

const lastHour = `{"time_range": "-1.-1.60", "step": 60000}`

// events lists events of an instance.
func (c *cloud) events(t *testing.T, id, query, body string) []wireEvent {
	t.Helper()
	status, data := c.ask(t, id, "events"+query, body)
	var out struct{ Events []wireEvent }
	if err := json.Unmarshal(data, &out); status != 200 || err != nil {
		t.Fatalf("%d %s: %v", status, data, err)
	}
	return out.Events
}

// names are "name severity state" of events, "active" or "over".
func names(list []wireEvent) []string {
	lines := []string{}
	for _, e := range list {
		state := "over"
		if e.Ends == 0 {
			state = "active"
		}
		lines = append(lines, e.Metadata["event_name"]+" "+e.Metadata["event_severity"]+" "+state)
	}
	return lines
}

// counted are the events by severity that the statistics count.
func (c *cloud) counted(t *testing.T, id, query, body string) map[string]int {
	t.Helper()
	status, data := c.ask(t, id, "events/statistic"+query, body)
	var out struct {
		Series []struct {
			Severity string `json:"event_severity"`
			Values   []int
		}
		Timestamps []int64
	}
	if err := json.Unmarshal(data, &out); status != 200 || err != nil {
		t.Fatalf("%d %s: %v", status, data, err)
	}
	counts := map[string]int{}
	for _, s := range out.Series {
		if len(s.Values) != len(out.Timestamps) {
			t.Errorf("%d values at %d times", len(s.Values), len(out.Timestamps))
		}
		for _, n := range s.Values {
			counts[s.Severity] += n
		}
	}
	return counts
}

// An alarm comes when an instance turns abnormal, and goes when it is well again.
func TestAlarmsOfAnInstance(t *testing.T) {
	c := start(t)
	id := c.order(t, c.bcs(t), orderOf("ledger"))
	same(t, "events", names(c.events(t, id, "", lastHour)), "OperationFinished Info over")
	same(t, "alarms", names(c.events(t, id, "?type=active_alert", lastHour)))

	if err := c.SetHealth(t.Context(), id, "Abnormal"); err != nil {
		t.Fatal(err)
	}
	active := c.events(t, id, "?type=active_alert", lastHour)
	same(t, "active alarms", names(active), "PeerConnectFailed Major active")
	a := active[0]
	if a.Metadata["resource_id"] != id || a.Metadata["resource_type"] != "blockchain" || a.Metadata["resource_provider"] != "BCS" ||
		a.Metadata["event_type"] != "alarm" || !strings.HasPrefix(a.Metadata["name"], "peer-") || a.Annotations["message"] == "" ||
		len(a.ID) != 19 || a.Starts != c.Now().UnixMilli() {
		t.Errorf("alarm %+v", a)
	}
	if got := groups(detail(t, c.bcs(t), id)); got[0] != "alpha AbNormal 1/2" || got[1] != "beta AbNormal 1/1" {
		t.Errorf("groups %v", got)
	}

	c.Advance(2 * time.Minute)
	if err := c.SetHealth(t.Context(), id, "Normal"); err != nil {
		t.Fatal(err)
	}
	same(t, "active alarms", names(c.events(t, id, "?type=active_alert", lastHour)))
	same(t, "past alarms", names(c.events(t, id, "?type=history_alert", lastHour)), "PeerConnectFailed Major over")
	same(t, "events", names(c.events(t, id, "", lastHour)), "PeerConnectFailed Major over", "OperationFinished Info over")
	if got := groups(detail(t, c.bcs(t), id)); got[0] != "alpha Normal 2/2" {
		t.Errorf("groups %v", got)
	}
	// It comes and goes like this once for each time.
	for _, health := range []string{"Abnormal", "Abnormal", "EipAbnormal", "Freeze"} {
		c.Advance(time.Minute)
		if err := c.SetHealth(t.Context(), id, health); err != nil {
			t.Fatal(err)
		}
	}
	same(t, "alarms", names(c.events(t, id, "?type=history_alert", lastHour)),
		"EipAbnormal Minor over", "PeerConnectFailed Major over", "PeerConnectFailed Major over")
}

// What fails shows: as an event, and as an alarm if the instance is broken by it.
func TestEventsOfFailures(t *testing.T) {
	c := start(t)
	api := c.bcs(t)
	c.faults.Add(emulator.Rule{Operation: "CreateNewBlockchain", Times: 1, Fault: emulator.FailOperation("no node has room")})
	id := c.order(t, api, orderOf("ledger"))
	list := c.events(t, id, "", lastHour)
	same(t, "events", names(list), "FailedCreate Major active", "OperationFailed Minor over")
	if !strings.Contains(list[1].Annotations["message"], "no node has room") {
		t.Errorf("message %q", list[1].Annotations["message"])
	}
	must(api.DeleteBlockchain(&model.DeleteBlockchainRequest{BlockchainId: id}))(t)
	c.Advance(301 * time.Millisecond)
	for _, o := range must(c.Objects(t.Context()))(t) {
		if o.Kind == "bcs.alarm" {
			t.Error("an alarm outlives its instance")
		}
	}
	if status, _ := c.ask(t, id, "events", lastHour); status != 400 {
		t.Errorf("events of what is gone: %d", status)
	}
}

// The statistics count what the list lists, whatever is asked for.
func TestEventStatistics(t *testing.T) {
	c := start(t)
	id := c.order(t, c.bcs(t), orderOf("ledger"))
	set := func(name string, active bool) {
		t.Helper()
		if err := c.SetAlarm(t.Context(), id, name, active); err != nil {
			t.Fatal(err)
		}
		c.Advance(90 * time.Second)
	}
	set(emulator.AlarmMemory, true)
	set(emulator.AlarmRebooted, true)
	set(emulator.AlarmPeerDisk, true)
	set(emulator.AlarmMemory, false)
	c.Advance(time.Minute)
	begin := c.Now().Add(-3 * time.Minute).UnixMilli()
	ranges := []string{"-1.-1.60", "-1.-1.3", fmt.Sprintf("%d.%d.3", begin, c.Now().UnixMilli()), fmt.Sprintf("%d.%d.1", begin-200_000, begin)}
	total := 0
	for _, span := range ranges {
		for _, step := range []string{"1000", "60000", "3600000"} {
			for _, query := range []string{"", "?type=active_alert", "?type=history_alert", "?type=other"} {
				body := `{"time_range": "` + span + `", "step": ` + step + `}`
				want := map[string]int{"Major": 0, "Minor": 0, "Info": 0}
				for _, e := range c.events(t, id, query, body) {
					want[e.Metadata["event_severity"]]++
					total++
				}
				if got := c.counted(t, id, query, body); fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("%s %s %s: counted %v, listed %v", span, step, query, got, want)
				}
			}
		}
	}
	if total == 0 {
		t.Error("there was nothing to count")
	}
	same(t, "the last three minutes", names(c.events(t, id, "", `{"time_range": "-1.-1.3", "step": 60000}`)),
		"PeerNodeDiskAvailableNotEnough Minor active", "Rebooted Info active", "Excessive memory usage Major over")
}

func TestEventQueries(t *testing.T) {
	c := start(t)
	id := c.order(t, c.bcs(t), orderOf("ledger"))
	c.Advance(time.Second)
	for _, name := range []string{emulator.AlarmPeerConnect, emulator.AlarmNodeNotReady, emulator.AlarmScheduling} {
		if err := c.SetAlarm(t.Context(), id, name, true); err != nil {
			t.Fatal(err)
		}
		c.Advance(time.Second)
	}
	with := func(rest string) string { return `{"time_range": "-1.-1.60", "step": 60000, ` + rest + `}` }
	for name, tc := range map[string]struct {
		body string
		want string
	}{
		"all, the newest first": {lastHour, "FailedScheduling NodeNotReady PeerConnectFailed OperationFinished"},
		"search":                {with(`"search": "notready"`), "NodeNotReady"},
		"search in texts":       {with(`"search": "FINDS NO"`), "FailedScheduling"},
		"and":                   {with(`"metadata_relation": [{"key": "event_severity", "value": ["Major"], "relation": "AND"}, {"key": "resource_provider", "value": ["CCE"], "relation": "AND"}]`), "NodeNotReady"},
		"not":                   {with(`"metadata_relation": [{"key": "resource_provider", "value": ["BCS"], "relation": "NOT"}]`), "FailedScheduling NodeNotReady"},
		"or":                    {with(`"metadata_relation": [{"key": "event_severity", "value": ["Info"], "relation": "OR"}, {"key": "event_severity", "value": ["Minor"], "relation": "OR"}]`), "FailedScheduling OperationFinished"},
		"sorted by name":        {with(`"sort": {"order_by": ["event_name"], "order": "asc"}`), "FailedScheduling NodeNotReady OperationFinished PeerConnectFailed"},
		"sorted by two":         {with(`"sort": {"order_by": ["event_severity", "starts_at"], "order": "desc"}`), "FailedScheduling NodeNotReady PeerConnectFailed OperationFinished"},
		"sorted by time":        {with(`"sort": {"order_by": ["starts_at"], "order": "asc"}`), "OperationFinished PeerConnectFailed NodeNotReady FailedScheduling"},
	} {
		t.Run(name, func(t *testing.T) {
			got := []string{}
			for _, e := range c.events(t, id, "", tc.body) {
				got = append(got, e.Metadata["event_name"])
			}
			same(t, "events", got, strings.Fields(tc.want)...)
		})
	}
	for name, body := range map[string]string{
		"no range":          `{"step": 60000}`,
		"no step":           `{"time_range": "-1.-1.60"}`,
		"step 0":            `{"time_range": "-1.-1.60", "step": 0}`,
		"endless step":      `{"time_range": "-1.-1.60", "step": 9223372036854775807}`,
		"too many steps":    `{"time_range": "-1.-1.60", "step": 1}`,
		"empty range":       `{"time_range": "", "step": 60000}`,
		"words":             `{"time_range": "last hour", "step": 60000}`,
		"no minutes":        `{"time_range": "-1.-1.0", "step": 60000}`,
		"endless":           `{"time_range": "-1.-1.9223372036854775807", "step": 60000}`,
		"begins at its end": `{"time_range": "1000.1000.5", "step": 60000}`,
		"ten years":         `{"time_range": "0.315360000000.5", "step": 31536000}`,
		"unknown field":     with(`"sort": {"order_by": ["colour"], "order": "asc"}`),
		"unknown order":     with(`"sort": {"order_by": ["starts_at"], "order": "up"}`),
		"unknown relation":  with(`"metadata_relation": [{"key": "event_type", "value": ["alarm"], "relation": "XOR"}]`),
	} {
		t.Run(name, func(t *testing.T) {
			for _, path := range []string{"events", "events/statistic"} {
				if status, data := c.ask(t, id, path, body); status != 400 || !strings.Contains(string(data), "BCS.4006014") {
					t.Errorf("%s: %d %s", path, status, data)
				}
			}
		})
	}
}

// metrics are the newest values by name.
func metrics(t *testing.T, list *[]model.MetricItemResultApi) map[string]float64 {
	t.Helper()
	out := map[string]float64{}
	for _, m := range *list {
		points := *m.DataPoints
		out[*m.Metric.MetricName] = *(*points[len(points)-1].Statistics)[0].Value
	}
	return out
}

// The metrics of an instance are made of those of its pods.
func TestMetrics(t *testing.T) {
	c := start(t)
	api := c.bcs(t)
	id := c.order(t, api, orderOf("ledger"))
	c.Advance(5 * time.Minute)
	all := func(names ...string) map[string]float64 {
		t.Helper()
		return metrics(t, must(api.ListBcsMetric(&model.ListBcsMetricRequest{BlockchainId: id, Body: &model.ListBcsMetricRequestBody{MetricNames: &names}}))(t).Metrics)
	}
	m := all("cpuUsage", "diskUsedRate", "memUsedRate", "sendBytesRate", "recvBytesRate", "cpuCoreLimit", "cpuCoreUsed", "totalMem", "freeMem",
		"diskCapacity", "diskAvailableCapacity")
	about := func(what string, got, want float64) {
		t.Helper()
		if d := got - want; d < -0.01*max(1, want) || d > 0.01*max(1, want) {
			t.Errorf("%s: %v, want about %v", what, got, want)
		}
	}
	about("used cores", m["cpuCoreUsed"], m["cpuCoreLimit"]*m["cpuUsage"]/100)
	about("free memory", m["freeMem"], m["totalMem"]*(1-m["memUsedRate"]/100))
	about("free disk", m["diskAvailableCapacity"], m["diskCapacity"]*(1-m["diskUsedRate"]/100))
	about("disk", m["diskCapacity"], 2*100*1024)

	org := func(name string) []model.EntityMetricList {
		t.Helper()
		return *must(api.ListEntityMetric(&model.ListEntityMetricRequest{BlockchainId: id, Body: &model.ListEntityMetricRequestBody{
			Type: "org", EntityName: &name,
		}}))(t).Metrics
	}
	cpu, sent, pods := 0.0, 0.0, 0
	for _, entity := range []string{"baas-agent", "ledger-orderer", "alpha", "beta"} {
		for _, e := range org(entity) {
			pods++
			v := (*e.Values)[0]
			cpu += must(strconv.ParseFloat(*v.CpuUsage, 64))(t)
			sent += must(strconv.ParseFloat(*v.SendBytesRate, 64))(t)
		}
	}
	if pods != 1+3+3 || len(org("")) != pods {
		t.Errorf("%d pods, %d in all", pods, len(org("")))
	}
	about("processor", m["cpuUsage"], cpu)
	about("sent", m["sendBytesRate"], sent)

	// A pod's series ends with what its organization shows.
	first := org("alpha")[0]
	dims := map[string]string{}
	for _, d := range *first.Dimensions {
		dims[*d.Name] = *d.Value
	}
	pod := func(entity, name string) (*model.ListInstanceMetricResponse, error) {
		return api.ListInstanceMetric(&model.ListInstanceMetricRequest{BlockchainId: id, Body: &model.ListInstanceMetricRequestBody{
			Type: "org", EntityName: entity, InstanceName: name,
		}})
	}
	one := must(pod("alpha", dims["podName"]))(t)
	about("memory of a pod", metrics(t, one.Metrics)["memUsage"], must(strconv.ParseFloat(*(*first.Values)[0].MemUsage, 64))(t))
	if n := len(*(*one.Metrics)[0].DataPoints); n < 5 || n > 6 {
		t.Errorf("%d samples of five minutes", n)
	}
	c.Advance(9 * time.Minute)
	if again := must(pod("alpha", dims["podName"]))(t); len(*(*again.Metrics)[0].DataPoints) > 15 {
		t.Errorf("%d samples", len(*(*again.Metrics)[0].DataPoints))
	}
}

// Metrics and alarms tell the same.
func TestMetricsOfAlarms(t *testing.T) {
	c := start(t)
	api := c.bcs(t)
	id := c.order(t, api, orderOf("ledger"))
	newest := func() map[string]float64 {
		t.Helper()
		return metrics(t, must(api.ListBcsMetric(&model.ListBcsMetricRequest{BlockchainId: id}))(t).Metrics)
	}
	if m := newest(); len(m) != 5 || m["memUsedRate"] > 80 || m["diskUsedRate"] > 80 {
		t.Errorf("metrics %v", m)
	}
	for _, name := range []string{emulator.AlarmMemory, emulator.AlarmOrdererDisk} {
		if err := c.SetAlarm(t.Context(), id, name, true); err != nil {
			t.Fatal(err)
		}
	}
	c.Advance(time.Minute)
	if m := newest(); m["memUsedRate"] <= 90 || m["diskUsedRate"] <= 90 {
		t.Errorf("metrics %v", m)
	}
	if err := c.SetHealth(t.Context(), id, "Hibernation"); err != nil {
		t.Fatal(err)
	}
	for _, m := range *must(api.ListBcsMetric(&model.ListBcsMetricRequest{BlockchainId: id}))(t).Metrics {
		if len(*m.DataPoints) != 0 {
			t.Errorf("%s of what sleeps: %v", *m.Metric.MetricName, *m.DataPoints)
		}
	}
	if err := c.SetAlarm(t.Context(), id, "Fire", true); err == nil {
		t.Error("an unknown alarm was raised")
	}
	if err := c.SetAlarm(t.Context(), "none", emulator.AlarmMemory, true); err == nil {
		t.Error("an alarm of nothing was raised")
	}
}

func TestRefusedMetrics(t *testing.T) {
	c := start(t)
	api := c.bcs(t)
	id := c.order(t, api, orderOf("ledger"))
	edge := c.order(t, api, orderOf("edge-ledger", func(b *model.CreateRequestBody) {
		nodes := []model.IefNode{}
		for n := range 3 {
			nodes = append(nodes, model.IefNode{Id: strconv.Itoa(n), Status: "ACTIVE", PublicIpAddress: fmt.Sprintf("192.0.2.%d", n+1)})
		}
		b.ClusterType, b.IefNodesInfo, b.CceClusterInfo = "ief", &nodes, nil
	}))
	for name, tc := range map[string]struct{ id, path, body, code string }{
		"metric":           {id, "metric/list", `{"metric_names": ["cpuUsage", "colour"]}`, "BCS.4001108"},
		"entity":           {id, "entity/metric/list", `{"type": "org", "entity_name": "gamma"}`, "BCS.4004024"},
		"add-on":           {id, "entity/metric/list", `{"type": "plugin", "entity_name": "baas-restapi"}`, "BCS.4004024"},
		"kind":             {id, "entity/metric/list", `{"type": "host"}`, "BCS.4006014"},
		"no kind":          {id, "entity/metric/list", `{}`, "BCS.4006014"},
		"pod":              {id, "entity/instance/metric/list", `{"type": "org", "entity_name": "alpha", "instance_name": "none"}`, "BCS.4004029"},
		"entity of a pod":  {id, "entity/instance/metric/list", `{"type": "org", "entity_name": "gamma", "instance_name": "none"}`, "BCS.4004024"},
		"no pod":           {id, "entity/instance/metric/list", `{"type": "org", "entity_name": "alpha"}`, "BCS.4006014"},
		"edge":             {edge, "entity/instance/metric/list", `{"type": "org", "entity_name": "alpha", "instance_name": "x"}`, "BCS.4004021"},
		"no instance":      {"none", "metric/list", `{}`, "BCS.4001011"},
		"no instance, org": {"none", "entity/metric/list", `{"type": "org"}`, "BCS.4001011"},
	} {
		t.Run(name, func(t *testing.T) {
			if status, data := c.ask(t, tc.id, tc.path, tc.body); status != 400 || !strings.Contains(string(data), tc.code) {
				t.Errorf("%d %s", status, data)
			}
		})
	}
	if status, data := c.ask(t, id, "entity/metric/list", `{"type": "plugin"}`); status != 200 || strings.TrimSpace(string(data)) != `{"metrics":[]}` {
		t.Errorf("add-ons: %d %s", status, data)
	}
	if status, _ := c.ask(t, edge, "metric/list", ``); status != 200 {
		t.Errorf("metrics of the edge: %d", status)
	}
}

// Stories turn instances over HTTP.
func TestSideDoors(t *testing.T) {
	c := start(t)
	id := c.order(t, c.bcs(t), orderOf("ledger"))
	put := func(path, body string) int { return raw(t, http.MethodPut, c.url+path, body).StatusCode }
	for _, tc := range []struct {
		path, body string
		status     int
	}{
		{"/_emulator/health", `{"blockchain_id": "` + id + `", "health": "Abnormal"}`, 200},
		{"/_emulator/alarms", `{"blockchain_id": "` + id + `", "alarm": "NodeNotReady", "active": true}`, 200},
		{"/_emulator/health", `{"blockchain_id": "` + id + `", "health": "Poor"}`, 400},
		{"/_emulator/alarms", `{"blockchain_id": "none", "alarm": "NodeNotReady"}`, 400},
		{"/_emulator/alarms", `{"colour": "red"}`, 400},
		{"/_emulator/objects", `{}`, 405},
	} {
		if got := put(tc.path, tc.body); got != tc.status {
			t.Errorf("%s %s: %d, want %d", tc.path, tc.body, got, tc.status)
		}
	}
	got := names(c.events(t, id, "?type=active_alert", lastHour))
	slices.Sort(got)
	same(t, "alarms", got, "NodeNotReady Major active", "PeerConnectFailed Major active")
}

package bcs

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/def"
	sdk "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2/model"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// EventFilter says which events are asked for.
type EventFilter struct {
	// Last is how far back to look; it counts by the clock of the service.
	Last time.Duration
	// From and To bound the time exactly instead, if both are set.
	From, To time.Time
	Only     EventState
	Search   string        // part of a text of the event; "" for all
	Step     time.Duration // of the statistics; 0 means what fits the time
}

// EventState is open or past alarms only.
type EventState string

// The states of events; the zero one stands for all.
const (
	OpenAlarms EventState = "active_alert"
	PastAlarms EventState = "history_alert"
)

// timeRange is the form in which the application operations management service,
// from which the events come, takes times: start, end, and the minutes between;
// -1 for both stands for the last minutes.
func (f EventFilter) timeRange() string {
	if !f.From.IsZero() && !f.To.IsZero() {
		return fmt.Sprintf("%d.%d.%d", f.From.UnixMilli(), f.To.UnixMilli(), minutes(f.To.Sub(f.From)))
	}
	return fmt.Sprintf("-1.-1.%d", minutes(f.Last))
}

// mostSteps is how many steps are asked for unless somebody chooses them.
const mostSteps = 1500

// step is the given one, or else the shortest that divides the time into few enough.
func (f EventFilter) step() time.Duration {
	if f.Step > 0 {
		return f.Step
	}
	span := f.Last
	if !f.From.IsZero() && !f.To.IsZero() {
		span = f.To.Sub(f.From)
	}
	for _, step := range []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 6 * time.Hour} {
		if span <= mostSteps*step {
			return step
		}
	}
	const day = 24 * time.Hour
	return day * max(1, (span+mostSteps*day-1)/(mostSteps*day))
}

// minutes rounds up, so that what is asked for is within.
func minutes(d time.Duration) int64 {
	return max(1, int64((d+time.Minute-1)/time.Minute))
}

// eventsRequest is the request of both calls about events, whose types in the SDK
// have an own one each for the state.
type eventsRequest struct {
	BlockchainId string                         `json:"blockchain_id"`
	Type         *string                        `json:"type,omitempty"`
	Body         *model.ListBcsEventRequestBody `json:"body,omitempty"`
}

func (f EventFilter) request(id string) *eventsRequest {
	newest := model.GetEventResultSortOrderEnum().DESC
	q := &eventsRequest{BlockchainId: id, Body: &model.ListBcsEventRequestBody{
		TimeRange: f.timeRange(), Step: f.step().Milliseconds(), Search: &f.Search,
		Sort: &model.EventResultSort{OrderBy: &[]string{"starts_at"}, Order: &newest},
	}}
	if f.Only != "" {
		only := string(f.Only)
		q.Type = &only
	}
	return q
}

// Event is something that happened to an instance, such as an alarm.
type Event struct {
	ID           string    `json:"id"`
	Name         string    `json:"name"`
	Severity     string    `json:"severity"`
	Type         string    `json:"type"`
	ResourceType string    `json:"resource_type"`
	ResourceID   string    `json:"resource_id"`
	Source       string    `json:"source"`
	Pod          string    `json:"pod"` // that it is about; "" where the service names none
	Message      string    `json:"message"`
	Cause        string    `json:"cause"`
	Remedy       string    `json:"remedy"`
	Started      time.Time `json:"started"`
	Ended        time.Time `json:"ended"` // zero while it is open
}

type listEventsAnswer struct {
	Events []struct {
		ID          loose            `json:"id"`
		Starts      loose            `json:"starts_at"`
		Ends        loose            `json:"ends_at"`
		Annotations map[string]loose `json:"annotations"`
		Metadata    map[string]loose `json:"metadata"`
	} `json:"events"`
	answered
}

// Events lists what happened to an instance, the newest first (ListBcsEvents).
func (l Look) Events(ctx context.Context, id string, f EventFilter) ([]Event, error) {
	r, err := events[listEventsAnswer](ctx, l.api, "ListBcsEvents", sdk.GenReqDefForListBcsEvents, id, f)
	if err != nil {
		return nil, err
	}
	var out []Event
	for _, e := range r.Events {
		note := func(name string) string {
			return string(cmp.Or(e.Annotations[name], e.Annotations[name+"_en_us"], e.Annotations[name+"_zh_cn"]))
		}
		m := e.Metadata
		out = append(out, Event{
			ID: string(e.ID), Name: string(m["event_name"]), Severity: string(m["event_severity"]), Type: string(m["event_type"]),
			ResourceType: string(m["resource_type"]), ResourceID: string(m["resource_id"]), Source: string(m["resource_provider"]), Pod: string(m["name"]),
			Message: note("message"), Cause: note("alarm_probableCause"), Remedy: note("alarm_fix_suggestion"),
			Started: e.Starts.Moment(), Ended: e.Ends.Moment(),
		})
	}
	slices.SortStableFunc(out, func(a, b Event) int { return b.Started.Compare(a.Started) })
	return out, nil
}

func events[R any](ctx context.Context, a api, operation string, request func() *def.HttpRequestDef, id string, f EventFilter) (*R, error) {
	if err := huaweicloud.InPath(id); err != nil {
		return nil, err
	}
	return leniently[eventsRequest, R](ctx, a, operation, request, f.request(id))
}

// EventCount is how many events of a severity there were.
type EventCount struct {
	Severity string        `json:"severity"`
	Total    int64         `json:"total"`
	Last     time.Time     `json:"last"` // begin of the last step that has any
	Steps    []EventBucket `json:"steps"`
}

// EventBucket is how many events began in a step of time.
type EventBucket struct {
	Time  time.Time `json:"time"`
	Count int64     `json:"count"`
}

type countEventsAnswer struct {
	Series []struct {
		Severity string  `json:"event_severity"`
		Values   []loose `json:"values"`
	} `json:"series"`
	Times []loose `json:"timestamps"`
	answered
}

// EventCounts counts events by severity and step of time (ListBcsEventsStatistic).
func (l Look) EventCounts(ctx context.Context, id string, f EventFilter) ([]EventCount, error) {
	r, err := events[countEventsAnswer](ctx, l.api, "ListBcsEventsStatistic", sdk.GenReqDefForListBcsEventsStatistic, id, f)
	if err != nil {
		return nil, err
	}
	var out []EventCount
	for _, s := range r.Series {
		c := EventCount{Severity: s.Severity}
		for i, v := range s.Values[:min(len(s.Values), len(r.Times))] {
			b := EventBucket{r.Times[i].Moment(), v.Int()}
			c.Steps = append(c.Steps, b)
			if c.Total += b.Count; b.Count > 0 {
				c.Last = b.Time
			}
		}
		out = append(out, c)
	}
	return out, nil
}

// Metric is one measured value.
type Metric struct {
	Of         string    `json:"of"` // value of the last dimension, which is the narrowest
	Name       string    `json:"name"`
	Value      float64   `json:"value"`
	Unit       string    `json:"unit"`
	Statistic  string    `json:"statistic"`  // such as average; "" for a value that stands for itself
	Dimensions []string  `json:"dimensions"` // NAME=VALUE
	Time       time.Time `json:"time"`       // zero where the service tells none
}

// MetricFilter says what is measured: the instance, one of its organizations or
// plugins, or one node of these.
type MetricFilter struct {
	Names  []string // of metrics of the instance; none means those that the service chooses
	Plugin bool     // Entity is a plugin and no organization
	Entity string   // "" for the instance
	Node   string   // name of the pod; "" for the whole entity
}

type metricsAnswer struct {
	Metrics []struct {
		Metric struct {
			Name       string          `json:"metricName"`
			Dimensions []dimensionWire `json:"dimensions"`
		} `json:"metric"`
		Points []struct {
			Time       loose  `json:"timestamp"`
			Unit       string `json:"unit"`
			Statistics []struct {
				Statistic string `json:"statistic"`
				Value     loose  `json:"value"`
			} `json:"statistics"`
		} `json:"dataPoints"`
	} `json:"metrics"`
	answered
}

type dimensionWire struct {
	Name  loose `json:"name"`
	Value loose `json:"value"`
}

// along tells what a metric is of.
func (m Metric) along(wire []dimensionWire) Metric {
	for _, d := range wire {
		m.Of = string(d.Value)
		m.Dimensions = append(m.Dimensions, string(d.Name)+"="+m.Of)
	}
	return m
}

func (r *metricsAnswer) values() []Metric {
	var out []Metric
	for _, m := range r.Metrics {
		for _, p := range m.Points {
			for _, s := range p.Statistics {
				v := Metric{Name: m.Metric.Name, Value: s.Value.Number(), Unit: p.Unit, Statistic: s.Statistic, Time: p.Time.Moment()}
				out = append(out, v.along(m.Metric.Dimensions))
			}
		}
	}
	return out
}

// entityMetricsAnswer holds texts by the contract and numbers in its example.
type entityMetricsAnswer struct {
	Metrics []struct {
		Dimensions []dimensionWire    `json:"dimensions"`
		Values     []map[string]loose `json:"values"`
	} `json:"metrics"`
	answered
}

// entityMetrics are the values that the service tells of an entity, in the order
// of the reference (1.5.3.4).
var entityMetrics = []string{"cpuUsage", "memUsage", "filesystemUsage", "diskReadRate", "diskWriteRate", "recvBytesRate", "sendBytesRate"}

func (r *entityMetricsAnswer) values() []Metric {
	var out []Metric
	for _, m := range r.Metrics {
		for _, values := range m.Values {
			for _, name := range entityMetrics {
				if v, ok := values[name]; ok && v != "" {
					out = append(out, Metric{Name: name, Value: v.Number()}.along(m.Dimensions))
				}
			}
		}
	}
	return out
}

// Metrics lists measured values: of an instance (ListBcsMetric), an organization
// or a plugin (ListEntityMetric), or one of its nodes (ListInstanceMetric).
func (l Look) Metrics(ctx context.Context, id string, f MetricFilter) ([]Metric, error) {
	if err := huaweicloud.InPath(id); err != nil {
		return nil, err
	}
	kind := "org"
	if f.Plugin {
		kind = "plugin"
	}
	switch {
	case f.Node != "" && f.Entity == "":
		return nil, &providers.Error{Kind: providers.Invalid, Message: "the metrics of a node are asked for without its organization or plugin"}
	case f.Node != "":
		r, err := leniently[model.ListInstanceMetricRequest, metricsAnswer](ctx, l.api, "ListInstanceMetric", sdk.GenReqDefForListInstanceMetric, &model.ListInstanceMetricRequest{
			BlockchainId: id, Body: &model.ListInstanceMetricRequestBody{Type: kind, EntityName: f.Entity, InstanceName: f.Node},
		})
		if err != nil {
			return nil, err
		}
		return r.values(), nil
	case f.Entity != "":
		r, err := leniently[model.ListEntityMetricRequest, entityMetricsAnswer](ctx, l.api, "ListEntityMetric", sdk.GenReqDefForListEntityMetric, &model.ListEntityMetricRequest{
			BlockchainId: id, Body: &model.ListEntityMetricRequestBody{Type: kind, EntityName: &f.Entity},
		})
		if err != nil {
			return nil, err
		}
		return r.values(), nil
	}
	body := &model.ListBcsMetricRequestBody{}
	if len(f.Names) > 0 {
		body.MetricNames = &f.Names
	}
	r, err := leniently[model.ListBcsMetricRequest, metricsAnswer](ctx, l.api, "ListBcsMetric", sdk.GenReqDefForListBcsMetric, &model.ListBcsMetricRequest{BlockchainId: id, Body: body})
	if err != nil {
		return nil, err
	}
	return r.values(), nil
}

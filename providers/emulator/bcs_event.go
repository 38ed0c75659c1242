package emulator

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// event is an alarm, or the end of an operation, as the monitoring shows it.
type event struct {
	id           string
	begins, ends time.Time // ends is zero for an alarm that goes on
	metadata     map[string]string
	annotations  map[string]string
}

// Types of events.
const (
	eventAlarm = "alarm"
	eventEvent = "event"
)

// events are all events of an instance: its alarms, and the ends of its
// operations.
func (c *call) events(i *instance) ([]event, error) {
	alarms, err := children[alarm](c.tx, kindAlarm, i.ID)
	if err != nil {
		return nil, err
	}
	ops, err := children[operation](c.tx, kindOperation, i.ID)
	if err != nil {
		return nil, err
	}
	list := []event{}
	for _, a := range alarms {
		list = append(list, a.event(i))
	}
	for _, op := range ops {
		if !op.Ends.After(c.now) {
			list = append(list, op.event(i))
		}
	}
	return list, nil
}

// labels are the metadata that every event has.
func (i *instance) labels(kind, name, severity, source string) map[string]string {
	return map[string]string{
		"event_type": kind, "event_name": name, "event_severity": severity, "resource_provider": source,
		"resource_type": "blockchain", "resource_id": i.ID, "clusterID": i.Cluster.ID, "clusterName": i.Cluster.Name,
	}
}

func (a *alarm) event(i *instance) event {
	k := kindOfAlarm(a.Name)
	labels := i.labels(eventAlarm, a.Name, k.severity, k.source)
	maps.Copy(labels, map[string]string{"kind": "Pod", "namespace": podNamespace, "name": a.Pod})
	return event{a.ID, a.Begins, a.Ends, labels, map[string]string{
		"message":                    k.cause + " Pod: " + a.Pod,
		"alarm_probableCause_en_us":  k.cause,
		"alarm_fix_suggestion_en_us": k.fix,
		"alarm_probableCause_zh_cn":  k.cause,
		"alarm_fix_suggestion_zh_cn": k.fix,
	}}
}

// event tells that the operation has ended.
func (o *operation) event(i *instance) event {
	name, severity, message := "OperationFinished", severityInfo, "The operation "+o.ID+" has finished."
	if o.Failure != "" {
		name, severity, message = "OperationFailed", severityMinor, "The operation "+o.ID+" has failed: "+o.Failure
	}
	labels := i.labels(eventEvent, name, severity, "BCS")
	labels["operation_id"] = o.ID
	h := fnv.New64a()
	h.Write([]byte(o.ID))
	return event{fmt.Sprintf("%019d", h.Sum64()>>1), o.Ends, o.Ends, labels, map[string]string{"message": message}}
}

// active tells whether an alarm goes on.
func (v event) active() bool { return v.ends.IsZero() }

// during tells whether an event was there at any time from begin on, and before
// end. One without a length was there at its moment.
func (v event) during(begin, end time.Time) bool {
	if v.begins.Equal(v.ends) {
		return !v.begins.Before(begin) && v.begins.Before(end)
	}
	return v.begins.Before(end) && (v.active() || v.ends.After(begin))
}

func (v event) wire() any {
	ends := int64(0)
	if !v.active() {
		ends = v.ends.UnixMilli()
	}
	return map[string]any{
		"id": v.id, "starts_at": v.begins.UnixMilli(), "ends_at": ends, "timeout": 60000,
		"attach_rule": map[string]any{}, "metadata": v.metadata, "annotations": v.annotations,
	}
}

// eventQuery is the body of both calls.
type eventQuery struct {
	Range    string `json:"time_range"`
	Step     int64  `json:"step"` // milliseconds
	Search   string `json:"search"`
	Metadata []struct {
		Key      string   `json:"key"`
		Values   []string `json:"value"`
		Relation string   `json:"relation"`
	} `json:"metadata_relation"`
	Sort *struct {
		By    []string `json:"order_by"`
		Order string   `json:"order"`
	} `json:"sort"`

	kind       string    // of the query: "active_alert", "history_alert", or else everything
	begin, end time.Time // from Range
}

const (
	maxBuckets  = 10_000        // of an answer of statistics
	mostMinutes = 366 * 24 * 60 // of a time range
)

// readEventQuery reads both calls' request.
func (c *call) readEventQuery() (*eventQuery, error) {
	q := &eventQuery{kind: c.query.Get("type")}
	if err := c.decode(q); err != nil {
		return nil, err
	}
	if err := q.readRange(c.now); err != nil {
		return nil, err
	}
	step := time.Duration(q.Step) * time.Millisecond
	switch {
	case q.Step <= 0 || q.Step > mostMinutes*time.Minute.Milliseconds():
		return nil, badParameter("step", "must be above 0, and a year at most")
	case q.end.Sub(q.begin)/maxBuckets > step:
		return nil, badParameter("step", fmt.Sprintf("too short for the time range: there are at most %d", maxBuckets))
	}
	if q.Sort != nil {
		for _, field := range q.Sort.By {
			if !slices.Contains(sortable, field) {
				return nil, badParameter("order_by", "must be of "+strings.Join(sortable, ", "))
			}
		}
	}
	return q, nil
}

// readRange reads time_range, as the monitoring service AOM writes it:
// "-1.-1.N" is the last N minutes, "BEGIN.END.N" a span between two times in
// milliseconds.
func (q *eventQuery) readRange(now time.Time) error {
	parts := strings.Split(q.Range, ".")
	var n [3]int64
	for i, text := range parts {
		v, err := strconv.ParseInt(text, 10, 64)
		if err != nil || len(parts) != len(n) {
			return badParameter("time_range", "must be -1.-1.MINUTES, or BEGIN.END.MINUTES in milliseconds")
		}
		n[i] = v
	}
	switch {
	case n[2] < 1 || n[2] > mostMinutes:
		return badParameter("time_range", "must have at least a minute and at most a year")
	case n[0] == -1 && n[1] == -1:
		q.begin, q.end = now.Add(-time.Duration(n[2])*time.Minute), now.Add(1)
		return nil
	case n[0] < 0 || n[1] <= n[0] || n[1]-n[0] > (mostMinutes*time.Minute).Milliseconds():
		return badParameter("time_range", "must begin before it ends, and last a year at most")
	}
	q.begin, q.end = time.UnixMilli(n[0]), time.UnixMilli(n[1]).Add(1)
	return nil
}

// fits tells whether the query asks for an event.
func (q *eventQuery) fits(v event) bool {
	alarm := v.metadata["event_type"] == eventAlarm
	switch {
	case q.kind == "active_alert" && !(alarm && v.active()):
		return false
	case q.kind == "history_alert" && !(alarm && !v.active()):
		return false
	}
	return v.during(q.begin, q.end) && q.found(v) && q.related(v)
}

// found tells whether the text of search is in what an event says.
func (q *eventQuery) found(v event) bool {
	text := strings.ToLower(q.Search)
	for _, m := range []map[string]string{v.metadata, v.annotations} {
		for _, value := range m {
			if strings.Contains(strings.ToLower(value), text) {
				return true
			}
		}
	}
	return false
}

// related keeps the conditions: all AND, no NOT, and one OR if there are any.
func (q *eventQuery) related(v event) bool {
	alternatives, one := false, false
	for _, m := range q.Metadata {
		meets := slices.Contains(m.Values, v.metadata[m.Key])
		switch {
		case m.Relation == "OR":
			alternatives, one = true, one || meets
		case (m.Relation == "NOT") == meets:
			return false
		}
	}
	return one || !alternatives
}

// sortable are the fields that events can be sorted by.
var sortable = []string{"starts_at", "ends_at", "event_severity", "event_name", "event_type", "resource_provider"}

// compare orders events: as the query says, else the newest first.
func (q *eventQuery) compare(a, b event) int {
	newest := cmp.Or(b.begins.Compare(a.begins), strings.Compare(a.metadata["event_type"], b.metadata["event_type"]), strings.Compare(b.id, a.id))
	if q.Sort == nil {
		return newest
	}
	n := 0
	for _, field := range q.Sort.By {
		switch field {
		case "starts_at":
			n = cmp.Or(n, a.begins.Compare(b.begins))
		case "ends_at":
			n = cmp.Or(n, a.ends.Compare(b.ends))
		default:
			n = cmp.Or(n, strings.Compare(a.metadata[field], b.metadata[field]))
		}
	}
	if q.Sort.Order == "desc" {
		n = -n
	}
	return cmp.Or(n, newest)
}

// asked are the events of the instance of the path that a query asks for.
func (c *call) asked() (*eventQuery, []event, error) {
	i, err := c.blockchain(bcsNotFound)
	if err != nil {
		return nil, nil, err
	}
	q, err := c.readEventQuery()
	if err != nil {
		return nil, nil, err
	}
	list, err := c.events(i)
	if err != nil {
		return nil, nil, err
	}
	list = slices.DeleteFunc(list, func(v event) bool { return !q.fits(v) })
	slices.SortFunc(list, q.compare)
	return q, list, nil
}

// listEvents answers ListBcsEvents (API 1.5.3.1) as its example does; of what
// its table shows there is nothing.
func listEvents(c *call) (reply, error) {
	_, list, err := c.asked()
	if err != nil {
		return reply{}, err
	}
	wires := []any{}
	for _, v := range list {
		wires = append(wires, v.wire())
	}
	return answer(map[string]any{"metrics": []any{}, "events": wires})
}

// listEventStatistics answers ListBcsEventsStatistic (API 1.5.3.2) as its example
// does: the events of the list by severity and step of time. Each counts once,
// in the step in which it began; what began before the time range, in the first.
func listEventStatistics(c *call) (reply, error) {
	q, list, err := c.asked()
	if err != nil {
		return reply{}, err
	}
	first := q.begin.UnixMilli() / q.Step * q.Step
	times := []int64{}
	for at := first; at <= q.end.UnixMilli(); at += q.Step {
		times = append(times, at)
	}
	series := []any{}
	for _, severity := range []string{severityMajor, severityMinor, severityInfo} {
		values := make([]int, len(times))
		for _, v := range list {
			if v.metadata["event_severity"] == severity {
				values[max(0, v.begins.UnixMilli()-first)/q.Step]++
			}
		}
		series = append(series, map[string]any{"event_severity": severity, "values": values})
	}
	return answer(map[string]any{"metrics": []any{}, "series": series, "step": q.Step, "timestamps": times})
}

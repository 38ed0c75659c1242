package emulator

import (
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strconv"
	"time"
)

// podNamespace is where the pods of an instance are in its cluster.
const podNamespace = "default"

// What a series of samples is: the console shows a quarter of an hour.
const (
	sampleEvery = time.Minute
	sampleCount = 15
)

// Sizes of the cluster of an instance, which no call tells: two nodes of the
// smallest flavour that is allowed.
const (
	clusterCores = 8
	clusterMemMB = 16384
)

// pod is a node of an instance: the agent, an orderer or a peer.
type pod struct {
	name    string
	entity  string // the group that it belongs to
	orderer bool
	agent   bool
}

// agentName is the group of the agent.
const agentName = "baas-agent"

// pods are the nodes of an instance, the agent first.
func (i *instance) pods() []pod {
	replica := orgHash(i.ID, agentName)
	list := []pod{{name: fmt.Sprintf("%s-%s-%s", agentName, replica[:10], replica[10:15]), entity: agentName, agent: true}}
	for n := range i.Orderer.Nodes {
		list = append(list, pod{name: fmt.Sprintf("orderer-%s-%d", i.Orderer.Hash, n), entity: i.Orderer.Name, orderer: true})
	}
	for _, o := range i.Orgs {
		for n := range o.Nodes {
			list = append(list, pod{name: o.peerName(n), entity: o.Name})
		}
	}
	return list
}

// measure is one of the things that are measured of a pod.
type measure struct {
	name       string
	unit       string
	base, span float64 // it lies between base and base + span
}

// measures of pods. Processor and memory are shares of the cluster's.
var measures = []measure{
	{"cpuUsage", "Percent", 0.1, 2},
	{"memUsage", "Percent", 1, 2},
	{"diskReadRate", "KB/s", 0, 40},
	{"diskWriteRate", "KB/s", 0, 120},
	{"recvBytesRate", "KB/s", 2, 30},
	{"sendBytesRate", "KB/s", 2, 30},
	{"filesystemUsage", "Percent", 5, 5},
}

// monitor is an instance as the monitoring sees it.
type monitor struct {
	*instance
	alarms []*alarm
}

// monitored finds the instance of the path with its alarms.
func (c *call) monitored() (*monitor, error) {
	i, err := c.blockchain(bcsNotFound)
	if err != nil {
		return nil, err
	}
	alarms, err := children[alarm](c.tx, kindAlarm, i.ID)
	return &monitor{i, alarms}, err
}

// alarmed tells whether an alarm of a name went on at a moment, about any pod or
// about one.
func (m *monitor) alarmed(name, pod string, at time.Time) bool {
	return slices.ContainsFunc(m.alarms, func(a *alarm) bool { return a.Name == name && a.at(at) && (pod == "" || a.Pod == pod) })
}

// asleep tells whether nothing of the instance runs: it is being made, frozen or
// hibernated.
func (m *monitor) asleep() bool {
	return m.Health == "" || m.Health == healthFrozen || m.Health == healthHibernation
}

// sample is what is measured of a pod at a moment. The same moment always has
// the same value. A pod that lost the network has no traffic, and one whose disk
// is nearly full shows it.
func (m *monitor) sample(p pod, of measure, at time.Time) float64 {
	switch of.name {
	case "recvBytesRate", "sendBytesRate":
		if m.alarmed(AlarmPeerConnect, p.name, at) {
			return 0
		}
	case "filesystemUsage":
		if m.alarmed(AlarmPeerDisk, p.name, at) || m.alarmed(AlarmOrdererDisk, p.name, at) {
			return 95
		}
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "%s/%s/%d", p.name, of.name, at.UnixMilli())
	return round(of.base + of.span*float64(h.Sum64()%1000)/1000)
}

// round keeps three digits after the point.
func round(v float64) float64 { return math.Round(v*1000) / 1000 }

// total adds up what is measured of all pods, or of the highest of them.
func (m *monitor) total(name string, at time.Time, highest bool) float64 {
	of := measures[slices.IndexFunc(measures, func(m measure) bool { return m.name == name })]
	sum, most := 0.0, 0.0
	for _, p := range m.pods() {
		v := m.sample(p, of, at)
		sum, most = sum+v, max(most, v)
	}
	if highest {
		return most
	}
	return sum
}

// memory is the share of the cluster's memory in use: that of the pods and of
// the system, or what an alarm says.
func (m *monitor) memory(at time.Time) float64 {
	switch {
	case m.alarmed(AlarmMemory, "", at):
		return 93
	case m.alarmed(AlarmHighMemory, "", at):
		return 85
	}
	return min(75, 20+m.total("memUsage", at, false))
}

// diskMB is the storage of all organizations.
func (m *monitor) diskMB() float64 {
	size := editionOf(m.Order.VersionType).minDiskGB
	if m.Order.OrgDiskSize != nil {
		size = *m.Order.OrgDiskSize
	}
	return float64(size * max(1, len(m.Orgs)) * 1024)
}

// instanceMetric is a metric of a whole instance. All are made of the same
// samples: what is used and what is free add up to what there is.
type instanceMetric struct {
	name, unit string
	value      func(m *monitor, at time.Time) float64
}

// instanceMetrics in the order of the table; the first five are the default
// (API 1.5.3.3).
var instanceMetrics = []instanceMetric{
	{"cpuUsage", "Percent", func(m *monitor, at time.Time) float64 { return m.total("cpuUsage", at, false) }},
	{"diskUsedRate", "Percent", func(m *monitor, at time.Time) float64 { return m.total("filesystemUsage", at, true) }},
	{"memUsedRate", "Percent", (*monitor).memory},
	{"sendBytesRate", "KB/s", func(m *monitor, at time.Time) float64 { return m.total("sendBytesRate", at, false) }},
	{"recvBytesRate", "KB/s", func(m *monitor, at time.Time) float64 { return m.total("recvBytesRate", at, false) }},
	{"cpuCoreLimit", "Core", func(*monitor, time.Time) float64 { return clusterCores }},
	{"cpuCoreUsed", "Core", func(m *monitor, at time.Time) float64 { return clusterCores * m.total("cpuUsage", at, false) / 100 }},
	{"totalMem", "MB", func(*monitor, time.Time) float64 { return clusterMemMB }},
	{"freeMem", "MB", func(m *monitor, at time.Time) float64 { return clusterMemMB * (1 - m.memory(at)/100) }},
	{"diskCapacity", "MB", func(m *monitor, _ time.Time) float64 { return m.diskMB() }},
	{"diskAvailableCapacity", "MB", func(m *monitor, at time.Time) float64 {
		return m.diskMB() * (1 - m.total("filesystemUsage", at, true)/100)
	}},
}

const defaultMetrics = 5

// samples are the moments of a series that ends now, oldest first: each whole
// minute since the instance was made, and the last one in any case.
func (m *monitor) samples(now time.Time) []time.Time {
	moments := []time.Time{}
	if m.asleep() {
		return moments
	}
	for n := sampleCount - 1; n >= 0; n-- {
		at := now.Truncate(sampleEvery).Add(-time.Duration(n) * sampleEvery)
		if n == 0 || !at.Before(m.Created) {
			moments = append(moments, at)
		}
	}
	return moments
}

// series is a metric with its samples, as two calls show it.
func (m *monitor) series(name, unit string, dimensions []any, now time.Time, value func(time.Time) float64) any {
	points := []any{}
	for _, at := range m.samples(now) {
		points = append(points, map[string]any{
			"timestamp": at.UnixMilli(), "unit": unit,
			"statistics": []any{map[string]any{"statistic": "maximum", "value": round(value(at))}},
		})
	}
	return map[string]any{
		"metric":     map[string]any{"namespace": podNamespace, "metricName": name, "dimensions": dimensions},
		"dataPoints": points,
	}
}

// dimensions say what is measured: the cluster, and of a pod its group and name.
func (m *monitor) dimensions(of ...pod) []any {
	list := []any{
		map[string]string{"name": "clusterId", "value": m.Cluster.ID},
		map[string]string{"name": "clusterName", "value": m.Cluster.Name},
	}
	for _, p := range of {
		list = append(list, map[string]string{"name": "appName", "value": p.entity}, map[string]string{"name": "podName", "value": p.name})
	}
	return list
}

// listInstanceMetrics answers ListBcsMetric (API 1.5.3.3).
func listInstanceMetrics(c *call) (reply, error) {
	m, err := c.monitored()
	if err != nil {
		return reply{}, err
	}
	var body struct {
		Names *[]string `json:"metric_names"`
	}
	if err := c.decode(&body); err != nil {
		return reply{}, err
	}
	wires := []any{}
	for n, metric := range instanceMetrics {
		if body.Names == nil && n < defaultMetrics || body.Names != nil && slices.Contains(*body.Names, metric.name) {
			wires = append(wires, m.series(metric.name, metric.unit, m.dimensions(), c.now, func(at time.Time) float64 { return metric.value(m, at) }))
		}
	}
	return answer(map[string]any{"metrics": wires})
}

// entityQuery is the body of ListEntityMetric and ListInstanceMetric.
type entityQuery struct {
	Type   string `json:"type"`
	Entity string `json:"entity_name"`
	Pod    string `json:"instance_name"`
}

// podsAsked are the pods of the entity that the call asks for, of all entities if
// it names none; one is the name of the pod that it asks for. There are no add-ons
// here.
func (c *call) podsAsked(m *monitor) (pods []pod, one string, err error) {
	var q entityQuery
	if err := c.decode(&q); err != nil {
		return nil, "", err
	}
	if q.Type == "org" {
		pods = slices.DeleteFunc(m.pods(), func(p pod) bool { return q.Entity != "" && p.entity != q.Entity })
	}
	if q.Entity != "" && len(pods) == 0 {
		return nil, "", refuse(bcsMetricOrg, "invalid org name input")
	}
	return pods, q.Pod, nil
}

// listEntityMetrics answers ListEntityMetric (API 1.5.3.4): the newest sample of
// each pod, as text, which the SDK wants.
func listEntityMetrics(c *call) (reply, error) {
	m, err := c.monitored()
	if err != nil {
		return reply{}, err
	}
	pods, _, err := c.podsAsked(m)
	if err != nil {
		return reply{}, err
	}
	wires := []any{}
	for _, p := range pods {
		values := []any{}
		for _, at := range m.samples(c.now) {
			item := map[string]string{}
			for _, of := range measures {
				item[of.name] = strconv.FormatFloat(m.sample(p, of, at), 'f', -1, 64)
			}
			values = []any{item}
		}
		wires = append(wires, map[string]any{"dimensions": m.dimensions(p), "values": values})
	}
	return answer(map[string]any{"metrics": wires})
}

// listPodMetrics answers ListInstanceMetric (API 1.5.3.5): the samples of one pod.
func listPodMetrics(c *call) (reply, error) {
	m, err := c.monitored()
	if err != nil {
		return reply{}, err
	}
	if m.Cluster.Type == clusterIEF {
		return reply{}, refuse(bcsNotForEdge, "GetOrgInstanceMetricDetail operation does not support IEF cluster type")
	}
	pods, name, err := c.podsAsked(m)
	if err != nil {
		return reply{}, err
	}
	at := slices.IndexFunc(pods, func(p pod) bool { return p.name == name })
	if at < 0 {
		return reply{}, refuse(bcsQueryFailed, "Query failed. No pod of the entity has this name.")
	}
	wires := []any{}
	for _, of := range measures {
		wires = append(wires, m.series(of.name, of.unit, m.dimensions(pods[at]), c.now, func(t time.Time) float64 { return m.sample(pods[at], of, t) }))
	}
	return answer(map[string]any{"metrics": wires})
}

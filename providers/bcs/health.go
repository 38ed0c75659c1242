package bcs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2/model"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// statesOf are the states of a network (API reference 1.5.1.3); what is how to
// speak of it.
func statesOf(what string) huaweicloud.States {
	return huaweicloud.States{
		What: what, Operation: "ShowBlockchainDetail", Well: []string{statusNormal},
		Others: map[string]huaweicloud.Meaning{
			statusAbnormal: {Condition: providers.Abnormal, Advice: "Look at the network and its cluster on the console."},
			"EipAbnormal":  {Condition: providers.Abnormal, Text: ": its elastic IP does not lead to it", Advice: "Look at the elastic IPs of the nodes of its cluster."},
			"Freeze":       {Condition: providers.Abnormal, Text: ": it is frozen", Advice: "Settle the account in the billing center; the storage of a frozen network is released in the end."},
			"Hibernation":  {Condition: providers.Abnormal, Text: ": it sleeps", Advice: "Wake it on the console."},
		},
	}
}

// statusAbnormal says that something is wrong, and not what.
const statusAbnormal = "Abnormal"

// The work that shows as process_status.
const (
	processCreate  = "IsCreating"
	processUpgrade = "IsUpgrading"
)

// judgeWork notes what the work on a network means for its health, and reports
// whether anything else can be told meanwhile.
func judgeWork(h *providers.Health, what string, info model.BasicInfo) (more bool) {
	s := providers.Symptom{Operation: "ShowBlockchainDetail", Advice: "Wait, and look again."}
	switch process := val(info.ProcessStatus); process {
	case "":
		return true
	case processCreate:
		s.Condition, s.Message = providers.Unknown, what+" is being created."
	case processDel:
		s.Condition, s.Message, s.Advice = providers.Abnormal, what+" is being deleted.", ""
	case processUpgrade:
		s.Condition, s.Message = providers.Abnormal, what+" is being upgraded, and is out of service until that has ended."
	default:
		s.Condition, s.Message, s.Advice, more = providers.Healthy, fmt.Sprintf("Work runs on it (%s).", process), "", true
	}
	h.Add(s)
	return more
}

// Health implements providers.HealthReader: the state of the network and the work
// on it, its nodes, its alarms and metrics.
func (p instance) Health(ctx context.Context, req *providers.Request, _ *providers.Object) (h providers.Health, _ error) {
	d, err := p.showBlockchainDetail(ctx, req.ObjectID)
	if err != nil {
		return h, err
	}
	info := basic(d)
	if judgeWork(&h, "The network", info) {
		statesOf("The network").Judge(&h, val(info.Status))
		for _, g := range groupsOf(d) {
			g.judge(&h)
		}
	}
	if val(info.Status) != statusNormal {
		p.judgeCreation(ctx, &h, req.ObjectID)
		p.judgeOperation(ctx, &h, req.ObjectID)
	}
	if val(info.ProcessStatus) == processCreate {
		return h, nil // nothing is measured yet
	}
	p.judgeAlarms(ctx, &h, req.ObjectID, func(*Event) bool { return true })
	p.countEvents(ctx, &h, req.ObjectID)
	p.measure(ctx, &h, req.ObjectID, "")
	return h, nil
}

// group are nodes that do the same, as the service counts them.
type group struct {
	name          string // such as "peers of bank"
	healthy, made int
	peers         bool   // of an organization
	counted       bool   // false: the service does not say how many are healthy
	status        string // of all together
}

// groupsOf are the groups of nodes that a network consists of. One that it does
// not have is shown with empty values.
func groupsOf(d *model.ShowBlockchainDetailResponse) []group {
	all := []group{groupOf("orderers", d.OrdererInfo), groupOf("agents", d.AgentInfo)}
	for _, org := range val(d.PeerInfo) {
		g := groupOf("peers of "+val(org.Name), &org)
		g.peers = true
		all = append(all, g)
	}
	return slices.DeleteFunc(all, func(g group) bool { return g.made == 0 })
}

// groupOf reads how many nodes of a group are healthy, from a text such as 2/3.
func groupOf(name string, info *model.PeerInfo) group {
	g := group{name: name, made: int(val(val(info).NodeCnt)), status: val(val(info).Status)}
	healthy, made, _ := strings.Cut(val(val(info).StatusDetail), "/")
	h, errH := strconv.Atoi(healthy)
	m, errM := strconv.Atoi(made)
	if errH == nil && errM == nil {
		g.healthy, g.made, g.counted = h, m, true
	}
	return g
}

// judge notes how many nodes there are and what it means that some are not
// healthy.
func (g group) judge(h *providers.Health) {
	h.Nodes += g.made
	s := providers.Symptom{Condition: providers.Abnormal, Operation: "ShowBlockchainDetail", Advice: "Look at their workloads in the cluster."}
	switch {
	case g.counted:
		h.Measure(providers.Figure{Name: g.name, Value: float64(g.healthy), Of: float64(g.made), Operation: s.Operation})
		if g.healthy < g.made {
			s.Message = fmt.Sprintf("%d of %d %s are healthy.", g.healthy, g.made, g.name)
			h.Add(s)
		}
	case strings.EqualFold(g.status, "Abnormal"): // the reference spells it AbNormal
		s.Message = fmt.Sprintf("The %s are in state %s.", g.name, g.status)
		h.Add(s)
	}
}

// judgeCreation notes which part of the creation of a network runs or has failed.
func (a api) judgeCreation(ctx context.Context, h *providers.Health, network string) {
	parts, err := Look{a}.Components(ctx, network)
	if err != nil {
		huaweicloud.Missed(h, "How far its creation is", err)
		return
	}
	for _, part := range parts {
		s := providers.Symptom{Operation: "ShowBlockchainStatus"}
		switch part.Status {
		case "deploying":
			s.Condition, s.Message, s.Since = providers.Healthy, "Its "+part.Name+" is being made.", part.Started
		case "failed":
			s.Condition, s.Since = providers.Abnormal, part.Ended
			s.Message = strings.TrimSuffix("When it was created, its "+part.Name+" could not be made: "+part.Detail, ": ")
			s.Advice = "Repair what is told there, delete the network and apply again."
		default:
			continue
		}
		h.Add(s)
	}
}

// judgeOperation notes why the last operation on a network has failed, as long as
// the service keeps its record.
func (a api) judgeOperation(ctx context.Context, h *providers.Health, network string) {
	record, err := a.newest(ctx, network, func(*model.RecordDetailInfo) bool { return true })
	if err != nil {
		huaweicloud.Missed(h, "The last operation on it", err)
		return
	}
	var e *providers.Error
	if status := val(val(record).OperationStatus); (status == recordFailed || status == recordStop) && errors.As(failure(record), &e) {
		h.Add(providers.Symptom{Condition: providers.Abnormal, Message: "The last " + strings.TrimSuffix(e.Message, ".") + ".", Since: recordTime(record), Operation: e.Operation, Advice: e.Advice})
	}
}

// lastDay is how far back alarms and other events are looked for.
const lastDay = 24 * time.Hour

// alarmConditions say what alarms mean by their severity. Those of lesser ones are
// remarks.
var alarmConditions = map[string]providers.Condition{"Critical": providers.Abnormal, "Major": providers.Abnormal}

// podOfDNS begins the names of pods whose alarms need not be handled, says the user
// guide (1.4.3.2): small clusters have too few nodes for all of them.
const podOfDNS = "coredns-"

// judgeAlarms notes the alarms of a network that last, as far as they concern
// what is looked at.
func (a api) judgeAlarms(ctx context.Context, h *providers.Health, network string, concerns func(*Event) bool) {
	alarms, err := Look{a}.Events(ctx, network, EventFilter{Last: lastDay, Only: OpenAlarms})
	if err != nil {
		huaweicloud.Untold(h, "Alarms", err)
		return
	}
	for _, e := range alarms {
		if e.lasts() && concerns(&e) {
			h.Add(e.symptom())
		}
	}
}

// lasts tells alarms that have not ended from what else the service may list.
func (e *Event) lasts() bool {
	return e.Type != "event" && (e.Ended.IsZero() || e.Ended.After(time.Now()))
}

// mentions tells whether an alarm is about an organization: it is named as the
// resource, or one of its peers as the pod or in the text.
func (e *Event) mentions(org string, peers []string) bool {
	return e.ResourceID == org || slices.ContainsFunc(peers, func(peer string) bool {
		return e.Pod == peer || e.ResourceID == peer || strings.Contains(e.Message, peer)
	})
}

func (e *Event) symptom() providers.Symptom {
	s := providers.Symptom{
		Condition: providers.Healthy, Operation: "ListBcsEvents", Advice: or(e.Remedy, "Look at the monitoring of the network on the console."),
		Message: strings.TrimSuffix(fmt.Sprintf("Alarm %s (%s): %s", e.Name, e.Severity, or(e.Message, e.Cause)), ": "),
	}
	if c, ok := alarmConditions[e.Severity]; ok && !strings.HasPrefix(e.Pod, podOfDNS) {
		s.Condition = c
	}
	if e.Started.Before(time.Now()) { // the reference shows one that begins in the far future
		s.Since = e.Started
	}
	return s
}

// countEvents notes how many events the last day had, by severity.
func (a api) countEvents(ctx context.Context, h *providers.Health, network string) {
	counts, err := Look{a}.EventCounts(ctx, network, EventFilter{Last: lastDay, Step: time.Hour})
	if err != nil {
		huaweicloud.Missed(h, "The number of events", err)
		return
	}
	for _, c := range counts {
		if c.Total > 0 {
			h.Measure(providers.Figure{Name: c.Severity + " events of a day", Value: float64(c.Total), Operation: "ListBcsEventsStatistic"})
		}
	}
}

// watched are metrics that are looked at: what to call them, and what the service
// calls them for a network and for an organization.
var watched = []struct{ name, network, org string }{
	{"cpu", "cpuUsage", "cpuUsage"}, {"memory", "memUsedRate", "memUsage"}, {"disk", "diskUsedRate", "filesystemUsage"},
}

// codeNotOnEdge is the refusal of metrics of networks at the edge.
const codeNotOnEdge = "BCS.4004021"

// measure notes the metrics of a network, or of one of its organizations.
func (a api) measure(ctx context.Context, h *providers.Health, network, org string) {
	f, operation := MetricFilter{Entity: org}, "ListEntityMetric"
	if org == "" {
		operation = "ListBcsMetric"
		for _, w := range watched {
			f.Names = append(f.Names, w.network)
		}
	}
	all, err := Look{a}.Metrics(ctx, network, f)
	if err != nil {
		if !huaweicloud.IsCode(err, codeNotOnEdge) {
			huaweicloud.Untold(h, "Metrics", err)
		}
		return
	}
	for _, w := range watched {
		name := w.network
		if org != "" {
			name = w.org
		}
		if percent, ok := highest(all, name); ok {
			judgeMetric(h, w.name, percent, operation)
		}
	}
}

// judgeMetric notes a metric. Processors may be busy; what fills up is judged.
func judgeMetric(h *providers.Health, name string, percent float64, operation string) {
	switch name {
	case "memory":
		huaweicloud.Fills(h, name, percent, operation, "Use larger nodes in the cluster, or fewer peers on each.")
	case "disk":
		huaweicloud.Fills(h, name, percent, operation, "Enlarge the storage on the console.")
	default:
		h.Measure(providers.Figure{Name: name, Value: percent, Unit: "%", Operation: operation})
	}
}

// highest is the newest value of a metric; the highest one if it is told of several
// things, such as nodes.
func highest(all []Metric, name string) (value float64, ok bool) {
	newest := map[string]Metric{} // by what it is told of
	for _, m := range all {
		key := strings.Join(m.Dimensions, " ")
		if old, there := newest[key]; m.Name == name && (!there || m.Time.After(old.Time) || m.Time.Equal(old.Time) && m.Value > old.Value) {
			newest[key] = m
		}
	}
	for _, m := range newest {
		value, ok = max(value, m.Value), true
	}
	return value, ok
}

// judgeNetwork notes what the state of a network means for what is in it. If it is
// plain that only peers of some organizations are the fault, others are none the
// worse for it.
func judgeNetwork(h *providers.Health, d *model.ShowBlockchainDetailResponse) {
	if !judgeWork(h, "Its network", basic(d)) {
		return
	}
	status := val(basic(d).Status)
	if at := faultyPeers(d); status == statusAbnormal && at != "" {
		h.Add(providers.Symptom{
			Condition: providers.Healthy, Message: fmt.Sprintf("Its network is in state %s: not all %s are healthy.", status, at), Operation: "ShowBlockchainDetail",
		})
		return
	}
	statesOf("Its network").Judge(h, status)
}

// faultyPeers names the groups of peers that are not all healthy, if nothing else
// of a network is at fault; "" if something is, or nothing can be told.
func faultyPeers(d *model.ShowBlockchainDetailResponse) string {
	var at []string
	for _, g := range groupsOf(d) {
		switch {
		case !g.counted:
			return ""
		case g.healthy == g.made:
		case !g.peers:
			return ""
		default:
			at = append(at, g.name)
		}
	}
	return strings.Join(at, ", ")
}

// Health implements providers.HealthReader: the nodes of the organization, the
// alarms about them and their metrics, and the state of the network.
func (p organization) Health(ctx context.Context, req *providers.Request, o *providers.Object) (h providers.Health, _ error) {
	parts, err := huaweicloud.SplitPath("BCS.Organization", req.ObjectID, "network", 2)
	if err != nil {
		return h, err
	}
	network, name := parts[0], parts[1]
	d, err := p.showBlockchainDetail(ctx, network)
	if err != nil {
		return h, err
	}
	judgeNetwork(&h, d)
	for _, org := range val(d.PeerInfo) {
		if val(org.Name) == name {
			groupOf("peers", &org).judge(&h)
		}
	}
	var peers []string
	listed, _ := o.Attributes["peers"].([]any)
	for _, peer := range listed {
		peers = append(peers, providers.Text(peer))
	}
	p.judgeAlarms(ctx, &h, network, func(e *Event) bool { return e.mentions(name, peers) })
	p.measure(ctx, &h, network, name)
	return h, nil
}

// Health implements providers.HealthReader: a channel is as well as its network
// and those of its members without which nothing is endorsed.
func (p channel) Health(ctx context.Context, req *providers.Request, _ *providers.Object) (h providers.Health, _ error) {
	parts, err := huaweicloud.SplitPath("BCS.Channel", req.ObjectID, "network", 2)
	if err != nil {
		return h, err
	}
	d, err := p.showBlockchainDetail(ctx, parts[0])
	if err != nil {
		return h, err
	}
	judgeNetwork(&h, d)
	ch, err := p.channelNamed(ctx, parts[0], parts[1])
	if err != nil {
		return h, err
	}
	if ch == nil {
		return h, huaweicloud.Absent("channel", parts[1])
	}
	h.Measure(providers.Figure{Name: "organizations", Value: float64(len(ch.Peers)), Operation: "ListBlockchainChannels"})
	if len(ch.Peers) == 0 {
		h.Add(providers.Symptom{Condition: providers.Healthy, Message: "No organization is in the channel.", Operation: "ListBlockchainChannels"})
	}
	for _, g := range downOf(d, slices.Sorted(maps.Keys(ch.Peers))) {
		h.Add(providers.Symptom{
			Condition: providers.Abnormal, Message: fmt.Sprintf("None of the %d %s is healthy.", g.made, g.name),
			Operation: "ShowBlockchainDetail", Advice: "Look at their workloads in the cluster.",
		})
	}
	return h, nil
}

// downOf are those of some organizations of which no peer is healthy.
func downOf(d *model.ShowBlockchainDetailResponse, orgs []string) []group {
	var out []group
	for _, org := range val(d.PeerInfo) {
		g := groupOf("peers of "+val(org.Name), &org)
		if slices.Contains(orgs, val(org.Name)) && g.counted && g.made > 0 && g.healthy == 0 {
			out = append(out, g)
		}
	}
	return out
}

// Health implements providers.HealthReader: are as many peers in the channel as
// shall be, and are they well?
func (p membership) Health(ctx context.Context, req *providers.Request, o *providers.Object) (h providers.Health, _ error) {
	parts, err := huaweicloud.SplitPath("BCS.ChannelMembership", req.ObjectID, "network", 3)
	if err != nil {
		return h, err
	}
	var want memberProperties
	if err := providers.Decode(req.Properties, &want); err != nil {
		return h, err
	}
	d, err := p.showBlockchainDetail(ctx, parts[0])
	if err != nil {
		return h, err
	}
	judgeNetwork(&h, d)
	peers, _ := o.Attributes["peers"].([]any)
	h.Measure(providers.Figure{Name: "peers in the channel", Value: float64(len(peers)), Of: float64(want.Peers), Operation: "ListBlockchainChannels"})
	if int64(len(peers)) < want.Peers {
		h.Add(providers.Symptom{
			Condition: providers.Abnormal, Message: fmt.Sprintf("%d of %d peers are in the channel.", len(peers), want.Peers),
			Operation: "ListBlockchainChannels", Advice: "An apply lets the others join.",
		})
	}
	for _, org := range val(d.PeerInfo) {
		if val(org.Name) == parts[2] {
			groupOf("peers of "+parts[2], &org).judge(&h)
		}
	}
	h.Nodes = len(peers) // those that are in the channel
	return h, nil
}

// Health implements providers.HealthReader. Whether the service still takes the
// certificate can't be asked; for how long it is made can be seen.
func (certificate) Health(_ context.Context, req *providers.Request, _ *providers.Object) (h providers.Health, _ error) {
	if frozen, _ := req.Properties["frozen"].(bool); frozen {
		h.Add(providers.Symptom{Condition: providers.Healthy, Message: "It is frozen, as the blueprint says."})
	}
	huaweicloud.JudgeValidity(&h, req.Attributes["archive"])
	return h, nil
}

// Health implements providers.HealthReader: for how long the certificates are made.
func (certificates) Health(_ context.Context, req *providers.Request, _ *providers.Object) (h providers.Health, _ error) {
	huaweicloud.JudgeValidity(&h, req.Attributes["archive"])
	return h, nil
}

// Health implements providers.HealthReader. The configuration has no certificates:
// it says where they lie.
func (sdkConfig) Health(context.Context, *providers.Request, *providers.Object) (providers.Health, error) {
	return providers.Health{}, nil
}

// standings are the states of invitations, of whichever side (behaviour of
// ListMembers and ListNotifications); declined says what a refusal means there.
func standings(operation string, declined huaweicloud.Meaning) huaweicloud.States {
	return huaweicloud.States{
		What: "The invitation", Operation: operation, Well: []string{inviteAgreed},
		Others: map[string]huaweicloud.Meaning{
			inviteWaiting:  {Condition: providers.Healthy, Text: ": the tenant has not answered it yet"},
			inviteReject:   declined,
			inviteQuit:     {Condition: providers.Abnormal, Text: ": the tenant has left the channel", Advice: "Invite the tenant again, if it is to come back: apply --replace with this node."},
			inviteReleased: {Condition: providers.Abnormal, Text: ": the network that it leads to is gone"},
		},
	}
}

// Health implements providers.HealthReader: what has become of the invitation, and
// the state of the network.
func (p invitation) Health(ctx context.Context, req *providers.Request, o *providers.Object) (h providers.Health, _ error) {
	standings("ListMembers", huaweicloud.Meaning{
		Condition: providers.Abnormal, Text: ": the tenant has declined it", Advice: "Invite the tenant again, if it has changed its mind: apply --replace with this node.",
	}).Judge(&h, providers.Text(o.Attributes["status"]))
	network, _, _ := strings.Cut(req.ObjectID, "/")
	d, err := p.showBlockchainDetail(ctx, network)
	if err != nil {
		return h, err
	}
	judgeNetwork(&h, d)
	return h, nil
}

// Health implements providers.HealthReader: is the invitation answered as it should
// be, and how is the network that joined by it?
func (p response) Health(ctx context.Context, req *providers.Request, o *providers.Object) (h providers.Health, _ error) {
	var want responseProperties
	if err := providers.Decode(req.Properties, &want); err != nil {
		return h, err
	}
	declined := huaweicloud.Meaning{Condition: providers.Healthy, Text: ", as the blueprint says"}
	if want.Accept {
		declined = huaweicloud.Meaning{Condition: providers.Abnormal, Text: ": it can't be accepted any more", Advice: "Have the inviter send another one."}
	}
	standings("ListNotifications", declined).Judge(&h, providers.Text(o.Attributes["status"]))
	if !want.Accept || want.Network == "" {
		return h, nil
	}
	d, err := p.showBlockchainDetail(ctx, want.Network)
	if err != nil {
		return h, err
	}
	judgeNetwork(&h, d)
	return h, nil
}

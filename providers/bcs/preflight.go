package bcs

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2/model"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

const moreQuota = "Delete a network that is no longer needed, or ask for more quota in a service ticket."

// Preflight implements providers.Preflighter: are there networks left to
// order, are names, clusters and flavors free, does an invitee fit its inviter, can
// what shall go be deleted.
func (p instance) Preflight(ctx context.Context, reqs []*providers.Request) ([]providers.Finding, error) {
	ctx = providers.Sharing(ctx)
	var out huaweicloud.Looks
	if creations := huaweicloud.Of(reqs, providers.Create); len(creations) > 0 {
		out.Add(p.checkQuota(ctx, reqs))
		out.Add(p.checkNames(ctx, reqs))
		for _, req := range creations {
			out.Add(p.checkOrdered(ctx, req))
			out.Add(p.checkInvitee(ctx, req))
		}
	}
	out.Add(p.checkAtWork(ctx, huaweicloud.Of(reqs, providers.Delete), func(req *providers.Request) string { return req.ObjectID }, deletable))
	return out.Result()
}

func (p instance) checkQuota(ctx context.Context, reqs []*providers.Request) ([]providers.Finding, error) {
	quotas, err := p.listQuotas(ctx)
	if err != nil {
		return nil, err
	}
	for _, q := range quotas {
		if val(q.Type) == "instance" && q.Quota != nil {
			stock := huaweicloud.Stock{Where: "The project", What: "networks", Limit: val(q.Quota), Used: val(q.Used), Advice: moreQuota}
			return stock.Check(reqs, huaweicloud.One), nil
		}
	}
	return nil, nil
}

// checkNames looks for names and clusters that are taken. A cluster serves one
// network only.
func (p instance) checkNames(ctx context.Context, reqs []*providers.Request) ([]providers.Finding, error) {
	all, err := p.listBlockchains(ctx)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, b := range all {
		names[val(b.Name)] = val(b.Id)
	}
	found := huaweicloud.Taken(reqs, "network name", "name", func(req *providers.Request) string { return req.String("name") }, names)
	if !slices.ContainsFunc(huaweicloud.Of(reqs, providers.Create), func(req *providers.Request) bool { return clusterOf(req) != "" }) {
		return found, nil
	}
	clusters, err := p.clusters(ctx, slices.Sorted(maps.Values(names)))
	return append(found, huaweicloud.Taken(reqs, "cluster", "cceClusterInfo.clusterId", clusterOf, clusters)...), err
}

// clusters returns the IDs of networks by the cluster that they run in.
func (p instance) clusters(ctx context.Context, ids []string) (map[string]string, error) {
	out := map[string]string{}
	for _, id := range ids {
		d, err := p.showBlockchainDetail(ctx, id)
		if huaweicloud.Gone(err) {
			continue
		}
		if err != nil {
			return out, err
		}
		if cluster := val(basic(d).ClusterId); cluster != "" {
			out[cluster] = id
		}
	}
	return out, nil
}

// clusterOf returns the existing cluster that an order asks for, "" if it asks
// for none or that is not known yet.
func clusterOf(req *providers.Request) string {
	var want struct {
		Type    string `json:"clusterType"`
		New     bool   `json:"createNewCluster"`
		Cluster struct {
			ID string `json:"clusterId"`
		} `json:"cceClusterInfo"`
	}
	if err := providers.Decode(req.Properties, &want); err != nil || want.New || want.Type == "ief" {
		return ""
	}
	return want.Cluster.ID
}

// leastNode is what a node of a cluster must have (API reference 1.5.1.1).
var leastNode = huaweicloud.Flavor{Cores: 4, RAMMB: 8192}

// checkOrdered judges one order: the flavor of a new cluster's nodes, and what
// the enterprise edition allows.
func (p instance) checkOrdered(ctx context.Context, req *providers.Request) ([]providers.Finding, error) {
	var want struct {
		Edition  int64  `json:"versionType"`
		Orderers int64  `json:"ordererNodeNumber"`
		Type     string `json:"clusterType"`
		New      bool   `json:"createNewCluster"`
		Cluster  struct {
			Flavor string `json:"nodeFlavor"`
			Zone   string `json:"az"`
		} `json:"cceCreateInfo"`
		Orgs []struct {
			Name  string `json:"name"`
			Peers int64  `json:"nodeCount"`
		} `json:"peerOrgs"`
	}
	if err := providers.Decode(req.Properties, &want); err != nil {
		return nil, nil // what is not known yet may stand in the way
	}
	var out huaweicloud.Looks
	if want.New && want.Type != "ief" {
		_, found, err := p.c.CheckFlavor(ctx, req, "cceCreateInfo.nodeFlavor", want.Cluster.Flavor, want.Cluster.Zone, leastNode)
		out.Add(found, err)
	}
	if len(want.Orgs) == 0 && want.Orderers == 0 {
		return out.Result()
	}
	limits, err := p.limits(ctx, want.Edition)
	out.Add(nil, err)
	for i, org := range want.Orgs {
		if n := limits.peers; n > 0 && org.Peers > n {
			out.Add([]providers.Finding{tooManyPeers(req.Node, fmt.Sprintf("peerOrgs[%d].nodeCount", i), org.Name, org.Peers, n)}, nil)
		}
	}
	if n := limits.orderers; n > 0 && want.Orderers > n {
		out.Add([]providers.Finding{{
			Node: req.Node, Property: "ordererNodeNumber", Kind: providers.Invalid,
			Message: fmt.Sprintf("The edition allows %d orderers; %d are asked for.", n, want.Orderers), Advice: "Ask for fewer.",
		}}, nil)
	}
	return out.Result()
}

func tooManyPeers(node, property, org string, peers, most int64) providers.Finding {
	return providers.Finding{
		Node: node, Property: property, Kind: providers.Invalid,
		Message: fmt.Sprintf("The edition allows %d peers in an organization; %s has %d.", most, org, peers),
		Advice:  "Ask for fewer peers, or spread them over several organizations.",
	}
}

// limits are what an edition allows; 0 stands for what nobody has said.
type limits struct{ peers, orderers, channels int64 }

// limits of the enterprise edition are told by the service, those of the others
// by the user guide (1.4.1, 1.5). It says nothing of channels in the basic
// edition, which is never above the professional one.
func (a api) limits(ctx context.Context, edition int64) (limits, error) {
	switch edition {
	case editionProfessional:
		return limits{peers: 2, channels: 2}, nil
	case editionBasic:
		return limits{peers: 2, channels: 2}, nil
	case editionEnterprise:
		spec, err := a.showBlockchainFlavors(ctx)
		if err != nil || spec == nil {
			return limits{}, err
		}
		return limits{peers: val(spec.OrgPeerMaxNum), orderers: val(spec.OrdererMaxNum), channels: 4}, nil
	}
	return limits{}, nil
}

// may is what an instance lets in while nothing runs on it.
type may int

const (
	deletable  may = iota // its deletion
	changeable            // changes of its organizations and channels
	issuing               // new certificates
)

// refusal says why an instance in a state does not let that in, "" if it does
// or the state is not known to refuse (matrix of BCS.4001020, 4001123, 4001234
// in the code table of API reference 1.7.2).
func (m may) refusal(status string) string {
	switch status {
	case "Hibernation":
		return "hibernates"
	case "Freeze":
		if m != deletable {
			return "is frozen"
		}
	case "Abnormal":
		if m == changeable {
			return "is abnormal"
		}
	}
	return ""
}

// checkAtWork looks at the networks that the requests change: in which state
// they are, and whether other work runs on them. There is one finding for each
// network, at its first node.
func (a api) checkAtWork(ctx context.Context, reqs []*providers.Request, networkOf func(*providers.Request) string, m may) ([]providers.Finding, error) {
	first, count := map[string]*providers.Request{}, map[string]int{}
	for _, req := range huaweicloud.ByNode(reqs) {
		id := networkOf(req)
		if id == "" || req.Along {
			continue
		}
		if count[id]++; count[id] == 1 {
			first[id] = req
		}
	}
	var out huaweicloud.Looks
	for _, id := range slices.Sorted(maps.Keys(first)) {
		f, err := a.atWork(ctx, id, first[id], m)
		if f != nil {
			f.Object, f.More = id, count[id]-1
			out.Add([]providers.Finding{*f}, nil)
		}
		out.Add(nil, err)
	}
	return out.Result()
}

func (a api) atWork(ctx context.Context, id string, req *providers.Request, m may) (*providers.Finding, error) {
	d, err := a.showBlockchainDetail(ctx, id)
	if huaweicloud.Gone(err) {
		return missing(req, id), nil
	}
	if err != nil {
		return nil, err
	}
	info := basic(d)
	name, process := val(info.Name), val(info.ProcessStatus)
	if m == deletable && process == processDel {
		return nil, nil // that is what is wanted
	}
	if why := m.refusal(val(info.Status)); why != "" && process == "" {
		return &providers.Finding{
			Node: req.Node, Property: networkProperty(m), Kind: providers.Invalid,
			Message: fmt.Sprintf("The network %s (%s) %s, and refuses this.", name, id, why),
			Advice:  "Wake or repair it on the console until its state is Normal, then plan again.",
		}, nil
	}
	if m == issuing {
		return nil, nil // does not wait for other work
	}
	work, err := a.working(ctx, id, process)
	if work == "" {
		return nil, err
	}
	return &providers.Finding{
		Node: req.Node, Property: networkProperty(m), Kind: providers.Busy, Warning: true,
		Message: fmt.Sprintf("Other work runs on the network %s (%s): %s.", name, id, work),
		Advice:  "Its end is waited for.",
	}, err
}

// working says what runs on a network, "" if nothing does. Work on channels is
// only to be seen in the records.
func (a api) working(ctx context.Context, id, process string) (string, error) {
	record, err := a.running(ctx, id)
	switch {
	case process != "" && record != nil:
		return process + ", operation " + val(record.OperationId), err
	case record != nil:
		return "operation " + val(record.OperationId), err
	}
	return process, err
}

// missing is the finding about a network that does not exist: only what is to
// be made in it suffers.
func missing(req *providers.Request, id string) *providers.Finding {
	if req.Action == providers.Delete {
		return nil
	}
	return &providers.Finding{
		Node: req.Node, Property: "blockchainId", Kind: providers.Invalid,
		Message: fmt.Sprintf("The network %s does not exist.", id),
		Advice:  "Check the property blockchainId; best let it refer to a node: {get_reference: NODE}.",
	}
}

func networkProperty(m may) string {
	if m == deletable {
		return ""
	}
	return "blockchainId"
}

// networkOf returns the network that a request is about, "" while it is not
// known.
func networkOf(req *providers.Request) string { return req.String("blockchainId") }

// site is a network as a preflight knows it: one that exists, or one that the
// same plan makes.
type site struct {
	id      string // "" of one that the plan makes
	name    string
	edition int64                               // 0: not known
	detail  *model.ShowBlockchainDetailResponse // nil of one that the plan makes
	order   *providers.Request                  // nil of one that exists
	reqs    []*providers.Request                // about what is in it
}

// bySite calls check for each network that the requests are about, unless they
// only delete. One that does not exist is left to atWork.
func (a api) bySite(ctx context.Context, reqs []*providers.Request, check func(s *site) ([]providers.Finding, error)) ([]providers.Finding, error) {
	exist, made := map[string]*site{}, map[string]*site{} // by ID, by node
	for _, req := range reqs {
		id, ordered := networkOf(req), req.Refers["blockchainId"]
		switch {
		case id != "":
			join(exist, id, req)
		case ordered != nil && ordered.Action == providers.Create:
			s := join(made, ordered.Node, req)
			s.name, s.edition, s.order = cmp.Or(ordered.String("name"), ordered.Node), editionOf(ordered), ordered
		}
	}
	var out huaweicloud.Looks
	for _, id := range slices.Sorted(maps.Keys(exist)) {
		s := exist[id]
		if len(s.reqs) == len(huaweicloud.Of(s.reqs, providers.Delete)) {
			continue
		}
		d, err := a.showBlockchainDetail(ctx, id)
		switch {
		case huaweicloud.Gone(err):
		case err != nil:
			out.Add(nil, err)
		default:
			s.id, s.name, s.edition, s.detail = id, val(basic(d).Name), val(basic(d).VersionType), d
			out.Add(check(s))
		}
	}
	for _, node := range slices.Sorted(maps.Keys(made)) {
		out.Add(check(made[node]))
	}
	return out.Result()
}

// join adds a request to the site of a key.
func join(sites map[string]*site, key string, req *providers.Request) *site {
	s := sites[key]
	if s == nil {
		s = &site{}
		sites[key] = s
	}
	s.reqs = append(s.reqs, req)
	return s
}

// editionOf returns the edition that an instance is ordered in, 0 while it is
// not known.
func editionOf(req *providers.Request) int64 {
	var want struct {
		Edition int64 `json:"versionType"`
	}
	if err := providers.Decode(map[string]any{"versionType": req.Properties["versionType"]}, &want); err != nil {
		return 0
	}
	return want.Edition
}

// Preflight implements providers.Preflighter.
func (p organization) Preflight(ctx context.Context, reqs []*providers.Request) ([]providers.Finding, error) {
	ctx = providers.Sharing(ctx)
	var out huaweicloud.Looks
	out.Add(p.checkAtWork(ctx, reqs, networkOf, changeable))
	out.Add(p.bySite(ctx, reqs, func(s *site) ([]providers.Finding, error) {
		names := map[string]string{}
		if s.detail != nil {
			for _, org := range val(s.detail.PeerInfo) {
				names[val(org.Name)] = huaweicloud.JoinPath(s.id, val(org.Name))
			}
		}
		found := huaweicloud.Taken(s.reqs, "organization name", "name", propertyOf("name"), names)
		limits, err := p.limits(ctx, s.edition)
		for _, req := range huaweicloud.ByNode(s.reqs) {
			var want orgProperties
			if providers.Decode(req.Properties, &want) != nil || req.Action == providers.Delete {
				continue
			}
			if limits.peers > 0 && want.Peers > limits.peers {
				found = append(found, tooManyPeers(req.Node, "nodeCount", want.Name, want.Peers, limits.peers))
			}
		}
		return found, err
	}))
	return out.Result()
}

// Preflight implements providers.Preflighter.
func (p channel) Preflight(ctx context.Context, reqs []*providers.Request) ([]providers.Finding, error) {
	ctx = providers.Sharing(ctx)
	var out huaweicloud.Looks
	out.Add(p.checkAtWork(ctx, reqs, networkOf, changeable))
	out.Add(p.bySite(ctx, reqs, func(s *site) ([]providers.Finding, error) {
		all, err := p.channelsOf(ctx, s)
		if err != nil {
			return nil, err
		}
		names := map[string]string{}
		for _, ch := range all {
			names[val(ch.Name)] = huaweicloud.JoinPath(s.id, val(ch.Name))
		}
		found := huaweicloud.Taken(s.reqs, "channel name", "name", propertyOf("name"), names)
		limits, err := p.limits(ctx, s.edition)
		if limits.channels == 0 {
			return found, err
		}
		stock := huaweicloud.Stock{
			Where: "The network " + s.name, What: "channels", Limit: limits.channels, Used: int64(len(all)), Property: "name",
			Advice: "Make fewer channels, delete one that is no longer needed, or use a network of another edition.",
		}
		return append(found, stock.Check(s.reqs, huaweicloud.One)...), err
	}))
	return out.Result()
}

// channelsOf lists the channels of a network; one that is ordered is going to
// have none.
func (a api) channelsOf(ctx context.Context, s *site) ([]model.Channel, error) {
	if s.detail == nil {
		return nil, nil
	}
	return a.listBlockchainChannels(ctx, s.id)
}

// Preflight implements providers.Preflighter.
func (p membership) Preflight(ctx context.Context, reqs []*providers.Request) ([]providers.Finding, error) {
	ctx = providers.Sharing(ctx)
	var out huaweicloud.Looks
	out.Add(p.checkAtWork(ctx, reqs, networkOf, changeable))
	out.Add(p.bySite(ctx, reqs, func(s *site) ([]providers.Finding, error) {
		found := checkPeersThere(s)
		if len(huaweicloud.Of(s.reqs, providers.Create)) == 0 {
			return found, nil
		}
		all, err := p.channelsOf(ctx, s)
		if err != nil {
			return found, err
		}
		members := map[string]string{}
		for _, ch := range all {
			for org, peers := range ch.Peers {
				if m := (memberProperties{Network: s.id, Channel: val(ch.Name), Org: org}); len(peers) > 0 {
					members[m.id()] = m.id()
				}
			}
		}
		return append(found, huaweicloud.Taken(s.reqs, "membership", "organizationName", membershipOf, members)...), nil
	}))
	return out.Result()
}

// checkPeersThere finds channels that more peers of an organization are asked
// into than it is going to have (BCS.4001051).
func checkPeersThere(s *site) []providers.Finding {
	var out []providers.Finding
	there := s.peers()
	for _, req := range huaweicloud.ByNode(s.reqs) {
		var want memberProperties
		if req.Action == providers.Delete || providers.Decode(req.Properties, &want) != nil {
			continue
		}
		have, org := there[want.Org], want.Org
		if o := req.Refers["organizationName"]; o != nil { // its name may not be known yet
			have, org = peersOf(o), cmp.Or(org, o.Node)
		}
		if have > 0 && want.Peers > have {
			out = append(out, providers.Finding{
				Node: req.Node, Property: "peerCount", Kind: providers.Invalid,
				Message: fmt.Sprintf("The organization %s has %d peers; %d are asked for in the channel.", org, have, want.Peers),
				Advice:  "Ask for fewer peers (peerCount), or give the organization more (nodeCount).",
			})
		}
	}
	return out
}

// peers returns how many peers the organizations of a network are going to
// have, by name; 0 or absent: not known. While other work runs on a network,
// what it shows may be about to change.
func (s *site) peers() map[string]int64 {
	out := map[string]int64{}
	if s.detail != nil && val(basic(s.detail).ProcessStatus) == "" {
		for _, org := range val(s.detail.PeerInfo) {
			out[val(org.Name)] = val(org.NodeCnt)
		}
	}
	if s.order != nil {
		var want struct {
			Orgs []struct {
				Name  string `json:"name"`
				Peers int64  `json:"nodeCount"`
			} `json:"peerOrgs"`
		}
		if providers.Decode(map[string]any{"peerOrgs": s.order.Properties["peerOrgs"]}, &want) == nil {
			for _, org := range want.Orgs {
				out[org.Name] = org.Peers
			}
		}
	}
	for _, o := range s.reqs[0].Beside {
		if o.Type == "BCS.Organization" && s.holds(o) {
			out[o.String("name")] = peersOf(o)
		}
	}
	return out
}

// holds reports whether what a request makes or changes is in the network.
func (s *site) holds(req *providers.Request) bool {
	if s.order != nil {
		ordered := req.Refers["blockchainId"]
		return ordered != nil && ordered.Node == s.order.Node
	}
	return networkOf(req) == s.id
}

// peersOf returns how many peers an organization is given, 0 while that is not
// known.
func peersOf(req *providers.Request) int64 {
	var want struct {
		Peers int64 `json:"nodeCount"`
	}
	if providers.Decode(map[string]any{"nodeCount": req.Properties["nodeCount"]}, &want) != nil {
		return 0
	}
	return want.Peers
}

// membershipOf returns the ID that a membership is going to have, "" while it
// is not known.
func membershipOf(req *providers.Request) string {
	var want memberProperties
	if err := providers.Decode(req.Properties, &want); err != nil || want.Channel == "" || want.Org == "" {
		return ""
	}
	return want.id()
}

// Preflight implements providers.Preflighter.
func (p certificate) Preflight(ctx context.Context, reqs []*providers.Request) ([]providers.Finding, error) {
	return p.checkAtWork(providers.Sharing(ctx), huaweicloud.Of(reqs, providers.Create), networkOf, issuing)
}

func propertyOf(name string) func(*providers.Request) string {
	return func(req *providers.Request) string { return req.String(name) }
}

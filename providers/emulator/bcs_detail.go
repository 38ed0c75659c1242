package emulator

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// showBlockchainDetail answers ShowBlockchainDetail (API 1.5.1.3).
func showBlockchainDetail(c *call) (reply, error) {
	i, err := c.blockchain(bcsNotFound)
	if err != nil {
		return reply{}, err
	}
	op, err := i.running(c.tx)
	if err != nil {
		return reply{}, err
	}
	alarms, err := children[alarm](c.tx, kindAlarm, i.ID)
	if err != nil {
		return reply{}, err
	}
	v := view{i, op, slices.DeleteFunc(alarms, func(a *alarm) bool { return !a.Ends.IsZero() })}
	return answer(v.detail())
}

// view is an instance as reads show it while an operation runs on it; op is
// nil when none does. Its alarms are those that go on.
type view struct {
	*instance
	op     *operation
	alarms []*alarm
}

// down is how many pods of a group an alarm says are out of order.
func (v view) down(group string) int {
	n := 0
	for _, p := range v.pods() {
		if p.entity == group && slices.ContainsFunc(v.alarms, func(a *alarm) bool { return a.Pod == p.name && kindOfAlarm(a.Name).down }) {
			n++
		}
	}
	return n
}

// processStatus is basic_info.process_status: what runs. Work on channels does
// not show.
func (v view) processStatus() string {
	if v.op == nil {
		return ""
	}
	switch v.op.Type {
	case opCreate:
		return "IsCreating"
	case opDelete:
		return "IsDeleting"
	case opAddOrg:
		return "IsAdding"
	case opScale:
		return "IsScaling"
	case opUpgrade, opRollback:
		return "IsUpgrading"
	}
	return ""
}

// deployStatus is basic_info.deploy_status: 0 running, 1 succeeded, 2 failed.
func (v view) deployStatus() int {
	switch {
	case v.Failed:
		return 2
	case v.op != nil && v.op.Type == opCreate:
		return 0
	}
	return 1
}

func (v view) detail() map[string]any {
	none := map[string]any{"name": "", "node_cnt": 0, "status": "", "status_detail": "", "pvc_name": ""}
	d := map[string]any{
		"basic_info":          v.basicInfo(),
		"channels":            v.channelInfos(),
		"peer_info":           v.peerInfos(),
		"light_peer_info":     []any{},
		"orderer_info":        v.ordererInfo(),
		"couch_db_info":       map[string]any{"user": ""},
		"dms_kafka_info":      map[string]any{"order_fade_enable": false, "order_fade_cache": 0, "status": "", "status_detail": ""},
		"ief_info":            map[string]any{"deploy_mode": v.Order.IEFDeployMode},
		"sfs_info":            v.sfsInfo(),
		"agent_info":          v.group("baas-agent", 1, 1, ""),
		"restapi_info":        none,
		"tc3_taskserver_info": none,
		"obs_bucket_info":     map[string]any{"name": "", "addr": ""},
	}
	if v.Order.CouchDB != nil && v.Order.DatabaseType == "couchdb" {
		d["couch_db_info"] = map[string]any{"user": v.Order.CouchDB.User}
	}
	if v.Order.VolumeType == "evs" {
		d["evs_pvc_info"] = v.evsInfo()
	}
	return d
}

func (v view) basicInfo() map[string]any {
	o := v.Order
	deployType := ""
	if o.BlockchainType == "union" {
		deployType = map[bool]string{false: "create", true: "invite"}[o.IsInvitee]
	}
	clusterType := "CCE"
	if v.Cluster.Type == clusterIEF {
		clusterType = "ief"
	}
	return map[string]any{
		"id": v.ID, "name": v.Name, "version": version(o.FabricVersion),
		"service_type": o.BlockchainType, "purchase_type": "normal", "deploy_type": deployType,
		"sign_algorithm": o.SignAlgorithm, "consensus": lowerConsensus(o.Consensus),
		"version_type": o.VersionType, "database_type": o.DatabaseType, "charging_mode": 1,
		"cluster_id": v.Cluster.ID, "cluster_name": v.Cluster.Name, "cluster_type": clusterType,
		"cluster_platform_type": v.Cluster.Platform, "cluster_az": "no",
		"created_time":       v.Created.UTC().Format(time.RFC3339),
		"agent_portal_addrs": []string{fmt.Sprintf("%s:%d", v.address(), v.BasePort)},
		"status":             v.Health, "process_status": v.processStatus(),
		"order_status": 0, "deploy_status": v.deployStatus(),
		"block_info":         v.blockInfo(),
		"order_fade_enabled": false, "order_fade_cache": 0, "is_cross_region": false,
		"is_support_rollback": false, "is_support_restful": o.RESTful, "is_support_tc3": o.TC3,
		"is_old_service": false, "old_service_version": "",
	}
}

// version is the release of BCS for a Fabric version: 3.x.x is Fabric 1.4,
// 4.x.x is Fabric 2.2 (user guide 1.4.1).
func version(fabric string) string {
	switch fabric {
	case "1.1.0":
		return "2.1.20"
	case "1.4":
		return "3.0.18"
	}
	return "4.0.9"
}

// blockInfo is the order's, with the documented defaults.
func (v view) blockInfo() map[string]any {
	info := map[string]any{"batch_timeout": 2, "max_message_count": 500, "preferred_maxbytes": 2}
	if b := v.Order.Block; b != nil {
		for name, value := range map[string]*int{
			"batch_timeout": b.Timeout, "max_message_count": b.MessageCount, "preferred_maxbytes": b.MaxBytes,
		} {
			if value != nil {
				info[name] = *value
			}
		}
	}
	return info
}

// channelInfos are the channels with their members: names, and hashes for the
// peers, as the printed example has them.
func (v view) channelInfos() []any {
	list := []any{}
	for _, ch := range v.Channels {
		names, hashes, peers := []string{}, []string{}, map[string][]string{}
		for _, m := range ch.Members {
			org := v.org(m.Org)
			names = append(names, org.Name)
			hashes = append(hashes, org.Name+":"+org.Hash)
			for _, peer := range org.peerNames(m.Peers) {
				peers[org.Hash] = append(peers[org.Hash], peer+"."+org.peerDomain())
			}
		}
		list = append(list, map[string]any{"name": ch.Name, "org_names": names, "org_name_hash": hashes, "peers": peers})
	}
	return list
}

// peerInfos are the organisations, also the ones that are being added.
func (v view) peerInfos() []any {
	list := []any{}
	for _, o := range v.Orgs {
		list = append(list, v.orgGroup(o, o.Nodes))
	}
	if v.op != nil {
		for _, o := range v.op.Effect.AddOrgs {
			list = append(list, v.orgGroup(o, 0))
		}
	}
	return list
}

// orgGroup is a peer organisation as a group of nodes, of which healthy ones
// run. Its node_cnt is where the running work leads.
func (v view) orgGroup(o *organization, healthy int) any {
	count, status := o.Nodes, v.groupStatus()
	if v.op != nil {
		if n, ok := v.op.Effect.Scale[o.Name]; ok {
			count, status = n, "IsScaling"
		}
		switch {
		case slices.Contains(v.op.Effect.RemoveOrgs, o.Name):
			status = "Isdeleting"
		case healthy == 0:
			status = "Adding"
		}
	}
	if v.starting() {
		healthy = 0
	}
	g := v.groupOf(o.Name, count, max(0, min(healthy, count)-v.down(o.Name)), o.PVC, status)
	g["address"] = v.peerAddresses(o)
	return g
}

func (v view) starting() bool { return v.op != nil && v.op.Type == opCreate }

// group is a group of nodes with the status of the instance.
func (v view) group(name string, count, healthy int, pvc string) map[string]any {
	if v.starting() {
		healthy = 0
	}
	return v.groupOf(name, count, max(0, healthy-v.down(name)), pvc, v.groupStatus())
}

func (v view) groupOf(name string, count, healthy int, pvc, status string) map[string]any {
	return map[string]any{
		"name": name, "node_cnt": count, "status": status,
		"status_detail": healthyOf(healthy, count), "pvc_name": pvc,
	}
}

// healthyOf is status_detail: how many of all nodes are healthy.
func healthyOf(healthy, count int) string { return fmt.Sprintf("%d/%d", healthy, count) }

// groupStatus is the status of groups that nothing happens to in particular.
// The odd spellings are the source's.
func (v view) groupStatus() string {
	switch {
	case v.starting():
		return "IsCreating"
	case v.op != nil && v.op.Type == opDelete:
		return "Isdeleting"
	case v.Health == healthAbnormal:
		return "AbNormal"
	}
	return "Normal"
}

func (v view) ordererInfo() map[string]any {
	o := v.Orderer
	g := v.group(o.Name, o.Nodes, o.Nodes, "")
	addresses := []any{}
	for n := range o.Nodes {
		addresses = append(addresses, map[string]any{
			"domain_port": v.ordererHost(n),
			"ip_port":     v.ordererIPPort(n),
		})
	}
	g["address"] = addresses
	return g
}

// ordererHost is where an orderer is reached inside the cluster.
func (i *instance) ordererHost(n int) string {
	return fmt.Sprintf("orderer-%s-%d.orderer-%s.default.svc.cluster.local:7050", i.Orderer.Hash, n, i.Orderer.Hash)
}

func (v view) ordererIPPort(n int) string { return fmt.Sprintf("%s:%d", v.address(), v.BasePort+1+n) }

func (v view) peerAddresses(o *organization) []any {
	addresses := []any{}
	for n := range o.Nodes {
		addresses = append(addresses, map[string]any{
			"domain_port": o.host(n),
			"ip_port":     v.peerIPPort(o, n),
		})
	}
	return addresses
}

// peerPortOf is where the ports of the peers begin, after agent and orderers.
const peerPortOf = 20

// maxPeers is the highest number of peers in an organisation of any edition.
const maxPeers = 5

// peerIPPort gives each organisation room for the most peers.
func (v view) peerIPPort(o *organization, n int) string {
	return fmt.Sprintf("%s:%d", v.address(), v.BasePort+peerPortOf+o.Slot*maxPeers+n)
}

func (v view) sfsInfo() map[string]any {
	if v.Order.VolumeType == "evs" || v.Cluster.Type == clusterIEF {
		return map[string]any{"pvc_name": "", "name": "", "addr": "", "type": "host"}
	}
	return map[string]any{
		"pvc_name": "pvc-" + v.Name, "name": "sfs-" + v.Name, "addr": "192.168.0.20:/", "type": v.Order.VolumeType,
	}
}

// evsInfo names the volume of each peer by organisation.
func (v view) evsInfo() map[string]any {
	volumes := map[string]any{}
	for _, o := range v.Orgs {
		byPeer := map[string]string{}
		for _, peer := range o.peerNames(o.Nodes) {
			byPeer[peer] = "pvc-" + peer
		}
		volumes[o.Name] = byPeer
	}
	return volumes
}

// showBlockchainNodes answers ShowBlockchainNodes (API 1.5.1.16).
func showBlockchainNodes(c *call) (reply, error) {
	i, err := c.blockchain(bcsNotFound)
	if err != nil {
		return reply{}, err
	}
	v, orgs := view{instance: i}, map[string]any{}
	for _, o := range i.Orgs {
		peers := map[string]any{}
		for n := range o.Nodes {
			joined := []string{}
			for _, ch := range i.Channels {
				if ch.peers(o.Name) > n {
					joined = append(joined, ch.Name)
				}
			}
			peers[o.peerName(n)] = map[string]any{"ip_port": v.peerIPPort(o, n), "channels": joined}
		}
		orgs[o.Name] = map[string]any{"org_msp_id": o.mspID(), "org_domain": o.peerDomain(), "peers": peers}
	}
	return answer(map[string]any{"node_orgs": orgs})
}

// showBlockchainStatus answers ShowBlockchainStatus (API 1.5.1.2): the parts of
// the creation as components. The cluster comes first, storage and elastic IP
// begin together, and bcs begins when all of them are there.
func showBlockchainStatus(c *call) (reply, error) {
	i, err := c.blockchain(bcsNotFound)
	if err != nil {
		return reply{}, err
	}
	ops, err := children[operation](c.tx, kindOperation, i.ID)
	if err != nil {
		return reply{}, err
	}
	at := slices.IndexFunc(ops, func(o *operation) bool { return o.Type == opCreate })
	if at < 0 {
		return answer(map[string]any{})
	}
	return answer(ops[at].components(c.now))
}

// components are the parts of a creation by component.
func (o *operation) components(now time.Time) map[string]any {
	parts, deploy := map[string]opSubstep{}, opSubstep{}
	for _, step := range o.Steps {
		for _, sub := range step.Substeps {
			switch {
			case step.Name == stepDependents:
				parts[sub.Name] = sub
			case step.Name == stepPreparation:
			case deploy.Begins.IsZero():
				deploy = sub
			default:
				deploy.Ends, deploy.Fails = later(deploy.Ends, sub.Ends), deploy.Fails || sub.Fails
			}
		}
	}
	out := map[string]any{"bcs": o.component(deploy, now)}
	cce, hasCluster := parts[subCluster]
	storage := parts[subStorage]
	if eip, ok := parts[subEIP]; ok {
		storage.Begins = eip.Begins
		out["eip"] = o.component(eip, now)
	}
	out["sfs"] = o.component(storage, now)
	if hasCluster {
		detail := o.component(cce, now)
		out["cce"] = map[string]any{"cluster": detail, "network": detail, "security_group": detail}
	}
	return out
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// component is a part as ShowBlockchainStatus words it. Times that are not
// reached are empty.
func (o *operation) component(part opSubstep, now time.Time) map[string]any {
	words := map[string]string{"": "waiting", "processing": "deploying", "finished": "finished", "failed": "failed"}
	status := part.status(now)
	d := map[string]any{"start_time": "", "end_time": "", "status": words[status], "detail": ""}
	if status != "" {
		d["start_time"] = part.Begins.Format(time.RFC3339Nano)
	}
	if status == "finished" || status == "failed" {
		d["end_time"] = part.Ends.Format(time.RFC3339Nano)
	}
	if status == "failed" {
		d["detail"] = strings.TrimSpace(o.Failure)
	}
	return d
}

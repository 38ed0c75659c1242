package emulator

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

const kindInstance = "bcs.instance"

// The values of basic_info.status that the emulator uses (API 1.5.1.3).
const (
	healthNormal      = "Normal"
	healthAbnormal    = "Abnormal"
	healthEIP         = "EipAbnormal"
	healthFrozen      = "Freeze"
	healthHibernation = "Hibernation"
)

// instance is one BCS service. At most one operation runs on it:
//
//	         order
//	           v
//	    creating (Running) --fails--> Abnormal --delete--> deleting
//	           v                                              ^  v
//	Normal <------> adding, scaling, channel work (Running) --+  gone
//
// Any operation but a creation that fails leaves the instance as it was.
type instance struct {
	ID, Name string
	Project  string
	Created  time.Time

	Health  string // healthNormal and so on; "" until the creation has ended
	Running string // ID of the running operation; "" when idle
	Failed  bool   // the creation failed

	Order    order // as it came in, without its secrets
	Cluster  cluster
	BasePort int // of the node ports: agent, then orderers, then peers
	Orderer  organization
	Orgs     []*organization
	Channels []*channel
	Founded  int // organisations ordered with the instance
	Slots    int // how many organisations have had a range of ports
}

// cluster is where an instance runs.
type cluster struct {
	ID, Name string
	Type     string // "cce" or "ief"
	Platform string
}

// organization is a group of nodes with a certificate authority.
type organization struct {
	Name  string
	Hash  string // 40 hex digits
	Nodes int
	PVC   string
	Slot  int // which range of ports the peers have; never given again
	CA    authority
}

// channel is a ledger that organisations share. Peers join from number 0 up.
type channel struct {
	Name, Description string
	Created           time.Time
	Members           []member
}

// member is an organisation in a channel, with that many of its peers.
type member struct {
	Org   string
	Peers int
}

func (i *instance) object() Object {
	return Object{Kind: kindInstance, ID: i.ID, Project: i.Project, Name: i.Name, Created: i.Created}
}

// orgHash is stable for an organisation of an instance.
func orgHash(instanceID, name string) string {
	sum := sha1.Sum([]byte(instanceID + "/" + name))
	return hex.EncodeToString(sum[:])
}

// org finds a peer organisation; nil if there is none of that name.
func (i *instance) org(name string) *organization {
	for _, o := range i.Orgs {
		if o.Name == name {
			return o
		}
	}
	return nil
}

// channel finds a channel; nil if there is none of that name.
func (i *instance) channel(name string) *channel {
	for _, ch := range i.Channels {
		if ch.Name == name {
			return ch
		}
	}
	return nil
}

// peers is how many peers of an organisation are in the channel.
func (ch *channel) peers(org string) int {
	for _, m := range ch.Members {
		if m.Org == org {
			return m.Peers
		}
	}
	return 0
}

// setPeers lets that many peers of an organisation be in the channel; with 0
// the organisation leaves.
func (ch *channel) setPeers(org string, n int) {
	i := slices.IndexFunc(ch.Members, func(m member) bool { return m.Org == org })
	switch {
	case i >= 0 && n == 0:
		ch.Members = slices.Delete(ch.Members, i, i+1)
	case i >= 0:
		ch.Members[i].Peers = n
	case n > 0:
		ch.Members = append(ch.Members, member{Org: org, Peers: n})
	}
}

// peerName is the name of a peer, counted from 0.
func (o *organization) peerName(n int) string { return fmt.Sprintf("peer-%s-%d", o.Hash, n) }

// peerNames are the names of the first n peers.
func (o *organization) peerNames(n int) []string {
	names := make([]string, n)
	for k := range names {
		names[k] = o.peerName(k)
	}
	return names
}

// peerDomain is the domain that the peers of an organisation share.
func (o *organization) peerDomain() string {
	return "peer-" + o.Hash + ".default.svc.cluster.local"
}

func (o *organization) mspID() string { return o.Hash + "MSP" }

// address is where the nodes are reached: the elastic IP of the cluster if the
// order asked for it, else a private one. Both are from ranges that lead
// nowhere (RFC 5737) or stay inside.
func (i *instance) address() string {
	if i.Order.UseEIP {
		return "192.0.2.10"
	}
	return "192.168.0.10"
}

// running is the operation that runs on the instance; nil when idle.
func (i *instance) running(t *tx) (*operation, error) {
	if i.Running == "" {
		return nil, nil
	}
	return get[operation](t, kindOperation, i.Running)
}

// blockchain finds the instance of the path; missing is the code if there is none.
func (c *call) blockchain(missing string) (*instance, error) {
	return c.instance(c.params["blockchain_id"], missing)
}

// instance finds an instance of the caller's.
func (c *call) instance(id, missing string) (*instance, error) {
	i, err := get[instance](c.tx, kindInstance, id)
	if err != nil {
		return nil, err
	}
	if i == nil || i.Project != c.project {
		message := "Operation failed. The service does not exist or has been deleted. Refresh the page."
		if missing == bcsGone {
			message = "Deletion failed. The service does not exist or has already been deleted. Refresh the page."
		}
		return nil, refuse(missing, "%s", message)
	}
	return i, nil
}

// kindOfWork groups the calls by the states in which they are let in.
type kindOfWork int

const (
	workNodes        kindOfWork = iota // UpdateInstance
	workChannels                       // create, join, leave, delete
	workCertificates                   // certificates and SDK configuration
	workDeletion                       // DeleteBlockchain
	workConsortium                     // invitations, joining, quitting
)

// admit tells whether the instance is in a state for that kind of work: the
// matrix of docs/emulator.md.
func (i *instance) admit(t *tx, kind kindOfWork) error {
	op, err := i.running(t)
	if err != nil {
		return err
	}
	if op != nil {
		switch {
		case op.Type == opCreate:
			return refuse(bcsCreating, "Operation failed. The BCS service is being created.")
		case op.Type == opUpgrade || op.Type == opRollback:
			return refuse(bcsUpgrading, "Operation failed. The BCS service is being upgraded.")
		case op.Type == opDelete:
			return refuse(bcsDeleting, "Operation failed. The BCS service is being deleted.")
		case kind != workCertificates:
			return errBusy()
		}
	}
	if err := i.admitHealth(kind); err != nil {
		return err
	}
	if kind == workCertificates || i.Order.BlockchainType != "union" {
		return nil
	}
	hostID, err := i.consortium(t)
	if err != nil {
		return err
	}
	return i.othersIdle(t, hostID)
}

func (i *instance) admitHealth(kind kindOfWork) error {
	switch i.Health {
	case healthAbnormal:
		if kind == workNodes || kind == workChannels || kind == workConsortium {
			return errBusy()
		}
	case healthEIP:
		if kind == workNodes {
			return errBusy()
		}
	case healthFrozen:
		if kind != workDeletion {
			return errAsleep()
		}
	case healthHibernation:
		if kind == workDeletion {
			return refuse(bcsClusterAsleep, "Failed to delete the service because the cluster has been hibernated.")
		}
		return errAsleep()
	}
	return nil
}

func errBusy() error {
	return refuse(bcsBusy, "Operation failed. The service status is abnormal or the service is being processed. Try again later.")
}

func errAsleep() error {
	return refuse(bcsAsleep, "Operation failed because the BCS service is in the Hibernating or Frozen state.")
}

// listBlockchains answers ListBlockchains (API 1.5.1.18), oldest first.
func listBlockchains(c *call) (reply, error) {
	type info struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	instances, err := all[instance](c.tx, kindInstance, c.project)
	if err != nil {
		return reply{}, err
	}
	slices.SortStableFunc(instances, func(a, b *instance) int { return a.Created.Compare(b.Created) })
	list := []info{}
	for _, i := range instances {
		list = append(list, info{i.ID, i.Name})
	}
	return answer(map[string]any{"blockchains": list, "count": len(list)})
}

// listQuotas answers ListQuotas (API 1.5.1.14). Everything that is in the list
// of instances counts, also while it is being created or deleted.
func listQuotas(c *call) (reply, error) {
	used, err := c.count(kindInstance, c.project)
	if err != nil {
		return reply{}, err
	}
	quota, err := c.quota(QuotaInstances)
	if err != nil {
		return reply{}, err
	}
	return answer(map[string]any{"resources": []any{map[string]any{
		"type": "instance", "unit": "", "min": 0, "max": max(100, quota),
		"quota": quota, "used": used, "free": max(0, quota-used),
	}}})
}

// showFlavors answers ShowBlockchainFlavors (API 1.5.1.15).
func showFlavors(*call) (reply, error) {
	return answer(map[string]any{"enterprise_spec": map[string]any{
		"org_peer_max_num": editionOf(3).peersPerOrg, "orderer_max_num": maxOrderers, "member_max_num": 50,
	}})
}

// deleteBlockchain answers DeleteBlockchain (API 1.5.1.19). The flags choose
// what else goes; here nothing else is left, so they only have to be well
// formed, and is_delete_ief has to be there in edge mode.
func deleteBlockchain(c *call) (reply, error) {
	i, err := c.blockchain(bcsGone)
	if err != nil {
		return reply{}, err
	}
	if err := i.admit(c.tx, workDeletion); err != nil {
		return reply{}, err
	}
	if i.Cluster.Type == clusterIEF && c.query.Get("is_delete_ief") == "" {
		return reply{}, badParameter("is_delete_ief", "must be true or false for an edge instance")
	}
	op, err := c.start(i, opDelete, effect{Delete: true}, planDeletion(i))
	if err != nil {
		return reply{}, err
	}
	return answer(map[string]string{"operation_id": op.ID})
}

// lowerConsensus is how answers write the algorithm of the order: SFLIC as sflic.
func lowerConsensus(consensus string) string { return strings.ToLower(consensus) }

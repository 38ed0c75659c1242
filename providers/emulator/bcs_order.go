package emulator

import (
	"hash/fnv"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Kinds of clusters in an order.
const (
	clusterCCE = "cce"
	clusterIEF = "ief"
)

const maxOrderers = 10

// order is the body of CreateNewBlockchain. What is secret has no field: the
// passwords are judged by checkSecrets and forgotten.
type order struct {
	Name                string           `json:"name"`
	VersionType         int              `json:"version_type"`
	FabricVersion       string           `json:"fabric_version"`
	BlockchainType      string           `json:"blockchain_type"`
	Consensus           string           `json:"consensus"`
	SignAlgorithm       string           `json:"sign_algorithm"`
	EnterpriseProjectID string           `json:"enterprise_project_id"`
	VolumeType          string           `json:"volume_type"`
	EVSDiskType         string           `json:"evs_disk_type"`
	OrgDiskSize         *int             `json:"org_disk_size"`
	DatabaseType        string           `json:"database_type"`
	OrdererNumber       *int             `json:"orderer_node_number"`
	UseEIP              bool             `json:"use_eip"`
	ClusterType         string           `json:"cluster_type"`
	CreateNewCluster    bool             `json:"create_new_cluster"`
	ClusterInfo         *existingCluster `json:"cce_cluster_info"`
	ClusterOrder        *newCluster      `json:"cce_create_info"`
	IEFDeployMode       int              `json:"ief_deploy_mode"`
	IEFNodes            []iefNode        `json:"ief_nodes_info"`
	PeerOrgs            *[]orderedOrg    `json:"peer_orgs"` // nil: the default one; empty: none
	Channels            []orderedChannel `json:"channels"`
	CouchDB             *couchDB         `json:"couchdb_info"`
	Turbo               *struct{}        `json:"turbo_info"`
	Block               *blockInfo       `json:"block_info"`
	Kafka               *kafkaOrder      `json:"kafka_create_info"`
	TC3                 bool             `json:"tc3_need"`
	RESTful             bool             `json:"restful_api_support"`
	IsInvitee           bool             `json:"is_invitee"`
	Invitor             *invitor         `json:"invitor_infos"`
}

type existingCluster struct {
	ID       string `json:"cluster_id"`
	Name     string `json:"cluster_name"`
	Platform string `json:"cluster_platform_type"`
}

type newCluster struct {
	NodeNum    int    `json:"node_num"`
	NodeFlavor string `json:"node_flavor"`
	Platform   string `json:"cluster_platform_type"`
}

type iefNode struct {
	ID string `json:"id"`
	IP string `json:"public_ip_address"`
}

type orderedOrg struct {
	Name  string `json:"name"`
	Nodes int    `json:"node_count"`
}

type orderedChannel struct {
	Name        string   `json:"name"`
	Orgs        []string `json:"org_names"`
	Description string   `json:"description"`
}

type couchDB struct {
	User string `json:"user_name"`
}

type blockInfo struct {
	Timeout      *int `json:"batch_timeout"`
	MessageCount *int `json:"max_message_count"`
	MaxBytes     *int `json:"preferred_maxbytes"`
}

type kafkaOrder struct {
	Spec    string `json:"spec"`
	Storage int    `json:"storage"`
}

type invitor struct {
	Tenant     string `json:"tenant_id"`
	Project    string `json:"project_id"`
	Blockchain string `json:"blockchain_id"`
}

// createBlockchain answers CreateNewBlockchain (API 1.5.1.1).
func createBlockchain(c *call) (reply, error) {
	var o order
	if err := c.decode(&o); err != nil {
		return reply{}, err
	}
	if err := c.checkSecrets(&o); err != nil {
		return reply{}, err
	}
	o.fillDefaults()
	if err := o.check(); err != nil {
		return reply{}, err
	}
	if err := c.checkRoom(&o); err != nil {
		return reply{}, err
	}
	i, err := c.found(o)
	if err != nil {
		return reply{}, err
	}
	op, err := c.start(i, opCreate, effect{Create: true}, planCreation(i))
	if err != nil {
		return reply{}, err
	}
	return answer(map[string]string{"blockchain_id": i.ID, "blockchain_name": i.Name, "operation_id": op.ID})
}

// checkSecrets judges what the order keeps secret. The SDK sends required
// fields that are unset as "", so that counts as missing.
func (c *call) checkSecrets(o *order) error {
	var secrets struct {
		Password string `json:"resource_password"`
		CouchDB  *struct {
			Password string `json:"password"`
		} `json:"couchdb_info"`
		Cluster *struct {
			Password string `json:"init_node_pwd"`
		} `json:"cce_create_info"`
	}
	if err := c.decode(&secrets); err != nil {
		return err
	}
	switch {
	case !strongPassword(secrets.Password):
		return refuse(bcsWeakPassword, "Weak password: resource_password needs 8 to 26 characters of at least three kinds: upper case, lower case, digits, others.")
	case o.DatabaseType == "couchdb" && secrets.CouchDB != nil && !strongPassword(secrets.CouchDB.Password):
		return refuse(bcsWeakPassword, "Weak password: password of couchdb_info needs 8 to 26 characters of at least three kinds.")
	case o.CreateNewCluster && secrets.Cluster != nil && secrets.Cluster.Password == "":
		return badParameter("init_node_pwd", "missing")
	}
	return nil
}

// strongPassword is the emulator's rule: 8 to 26 characters, three kinds of
// four.
func strongPassword(p string) bool {
	n, kinds := 0, map[string]bool{}
	for _, r := range p {
		n++
		switch {
		case unicode.IsUpper(r):
			kinds["upper"] = true
		case unicode.IsLower(r):
			kinds["lower"] = true
		case unicode.IsDigit(r):
			kinds["digit"] = true
		default:
			kinds["other"] = true
		}
	}
	return n >= 8 && n <= 26 && len(kinds) >= 3
}

// fillDefaults sets what the order leaves out. Where the source names no
// default, docs/emulator.md lists the choice.
func (o *order) fillDefaults() {
	for field, value := range map[*string]string{
		&o.FabricVersion: "2.2", &o.BlockchainType: "private", &o.Consensus: "etcdraft",
		&o.SignAlgorithm: "ECDSA", &o.VolumeType: "efs", &o.DatabaseType: "goleveldb",
	} {
		if *field == "" {
			*field = value
		}
	}
	if o.OrgDiskSize == nil {
		size := editionOf(o.VersionType).minDiskGB
		o.OrgDiskSize = &size
	}
	if o.PeerOrgs == nil {
		o.PeerOrgs = &[]orderedOrg{{Name: "organization", Nodes: 2}}
	}
}

// check keeps the rules between the fields of an order (x-rules of the
// contract). The first one broken is told.
func (o *order) check() error {
	for _, rule := range []func() error{
		o.checkBasics, o.checkVersion, o.checkOrderers, o.checkStorage, o.checkCluster, o.checkEdge, o.checkOrgs, o.checkChannels,
	} {
		if err := rule(); err != nil {
			return err
		}
	}
	return nil
}

func (o *order) checkBasics() error {
	if o.EnterpriseProjectID == "" {
		return badParameter("enterprise_project_id", "missing")
	}
	if o.IsInvitee && o.Invitor == nil {
		return badParameter("invitor_infos", "missing, but is_invitee is true")
	}
	return nil
}

// old tells Fabric 1.x from 2.x.
func (o *order) old() bool { return strings.HasPrefix(o.FabricVersion, "1.") }

func (o *order) checkVersion() error {
	if o.FabricVersion != "2.2" && !o.IsInvitee {
		return badParameter("fabric_version", "an inviter or a private chain may only order 2.2")
	}
	if !slices.Contains([]string{"1.1.0", "1.4", "2.2"}, o.FabricVersion) {
		return badParameter("fabric_version", "must be 1.1.0, 1.4 or 2.2")
	}
	allowed := []string{"etcdraft", "SFLIC"}
	if o.old() {
		allowed = []string{"solo", "SFLIC"}
	}
	if !slices.Contains(allowed, o.Consensus) {
		return badParameter("consensus", "must be "+strings.Join(allowed, " or ")+" with Fabric "+o.FabricVersion)
	}
	return nil
}

func (o *order) checkOrderers() error {
	if o.OrdererNumber == nil {
		if o.IsInvitee || o.old() {
			return nil
		}
		return badParameter("orderer_node_number", "missing, but needed with Fabric 2.2")
	}
	switch n := *o.OrdererNumber; {
	case o.Consensus == "etcdraft" && n != 3:
		return badParameter("orderer_node_number", "must be 3 with etcdraft")
	case o.Consensus == "SFLIC" && (n < 4 || n > maxOrderers):
		return badParameter("orderer_node_number", "must be 4 to 10 with SFLIC")
	}
	return nil
}

func (o *order) checkStorage() error {
	switch {
	case o.VolumeType == "evs" && o.EVSDiskType == "":
		return badParameter("evs_disk_type", "missing, but volume_type is evs")
	case *o.OrgDiskSize < editionOf(o.VersionType).minDiskGB:
		return badParameter("org_disk_size", "below the least size of this edition")
	case o.DatabaseType == "couchdb" && (o.CouchDB == nil || o.CouchDB.User == ""):
		return badParameter("couchdb_info", "missing, but database_type is couchdb")
	case o.Kafka != nil && o.Kafka.Storage < map[string]int{"mini": 300, "small": 1200, "middle": 2400, "high": 4800}[o.Kafka.Spec]:
		return badParameter("storage", "below the least size of this spec")
	}
	return nil
}

// saleable is the form of flavours with at least 4 vCPU, such as s6.xlarge.2.
var saleable = regexp.MustCompile(`^[A-Za-z0-9]+\.[0-9]*xlarge(\.[A-Za-z0-9]+)*$`)

func (o *order) checkCluster() error {
	switch {
	case o.ClusterType == clusterIEF:
		return nil
	case o.CreateNewCluster && o.ClusterOrder == nil:
		return badParameter("cce_create_info", "missing, but create_new_cluster is true")
	case o.CreateNewCluster && o.ClusterOrder.NodeNum < 1:
		return badParameter("node_num", "must be at least 1")
	case o.CreateNewCluster && !saleable.MatchString(o.ClusterOrder.NodeFlavor):
		return refuse(bcsNoFlavor, "Operation failed. The ECS specified by node_flavor in the request cannot be purchased.")
	case !o.CreateNewCluster && o.ClusterInfo == nil:
		return badParameter("cce_cluster_info", "missing, but create_new_cluster is false")
	case !o.CreateNewCluster && !uuidForm.MatchString(o.ClusterInfo.ID):
		return refuse(bcsNoCluster, "Operation failed. The cluster does not exist. Try again later.")
	}
	return nil
}

// checkEdge keeps the rules of edge mode.
func (o *order) checkEdge() error {
	if o.ClusterType != clusterIEF {
		return nil
	}
	if len(o.IEFNodes) == 0 {
		return badParameter("ief_nodes_info", "missing, but cluster_type is ief")
	}
	if len(*o.PeerOrgs) == 0 {
		return badParameter("peer_orgs", "missing, but cluster_type is ief")
	}
	for _, n := range o.IEFNodes {
		if n.IP == "" {
			return refuse(bcsWrongIEFNode, "Operation failed. The IP address of the IEF node cluster is incorrect.")
		}
	}
	if o.OrdererNumber != nil && len(o.IEFNodes) < *o.OrdererNumber {
		return refuse(bcsFewIEFNodes, "Operation failed. The number of IEF nodes is less than that required by the consensus policy.")
	}
	return nil
}

func (o *order) checkOrgs() error {
	seen := map[string]bool{}
	for _, org := range *o.PeerOrgs {
		switch {
		case !nameForm.MatchString(org.Name):
			return badParameter("peer_orgs", "an organization name has 4 to 24 letters, digits, Chinese characters or hyphens, and no leading hyphen")
		case seen[org.Name]:
			return badParameter("peer_orgs", "the organization "+org.Name+" is there twice")
		case org.Nodes < 1 || org.Nodes > editionOf(o.VersionType).peersPerOrg:
			return errPeerLimit(editionOf(o.VersionType))
		}
		seen[org.Name] = true
	}
	return nil
}

func (o *order) checkChannels() error {
	if limit := editionOf(o.VersionType).channels; len(o.Channels) > limit {
		return errChannelLimit(limit)
	}
	seen := map[string]bool{}
	for _, ch := range o.Channels {
		switch {
		case !channelForm.MatchString(ch.Name) || ch.Name == reservedChannel:
			return refuse(bcsChannel, "Invalid channel name.")
		case seen[ch.Name]:
			return refuse(bcsChannel, "The channel %s is there twice.", ch.Name)
		case o.IsInvitee:
			return refuse(bcsChannel, "An invitee creates no channels.")
		}
		seen[ch.Name] = true
		for _, name := range ch.Orgs {
			if !slices.ContainsFunc(*o.PeerOrgs, func(p orderedOrg) bool { return p.Name == name }) {
				return errWrongOrg(name)
			}
		}
	}
	return nil
}

func errPeerLimit(e edition) error {
	return refuse(bcsWrongScale, "Scaling failed due to incorrect request parameters. Check whether the number of peers in the organization has reached the limit (%d).", e.peersPerOrg)
}

func errChannelLimit(limit int) error {
	return refuse(bcsChannel, "Failed to create the channel: this edition has at most %d channels an instance.", limit)
}

func errWrongOrg(name string) error {
	return refuse(bcsWrongOrg, "The org name is invalid: %s", name)
}

// checkRoom judges the order against what exists: name, quota, cluster, inviter.
func (c *call) checkRoom(o *order) error {
	instances, err := all[instance](c.tx, kindInstance, c.project)
	if err != nil {
		return err
	}
	for _, i := range instances {
		if i.Name == o.Name {
			return refuse(bcsNameTaken, "Operation failed. A service with the same name already exists. Enter another name and try again.")
		}
	}
	s, err := c.settings()
	if err != nil {
		return err
	}
	if quota := s.Quotas[QuotaInstances]; len(instances) >= quota {
		return refuse(bcsQuotaUsedUp, "Operation failed. The instance quota of the project is used up: quota %d, used %d.", quota, len(instances))
	}
	for _, i := range instances {
		if o.ClusterType == clusterCCE && !o.CreateNewCluster && i.Cluster.ID == o.ClusterInfo.ID {
			return refuse(bcsClusterTaken, "Failed to submit the request because the cluster is in use.")
		}
	}
	if status := s.Flavors[o.nodeFlavor()]; status == FlavorSellout || status == FlavorAbandon {
		return refuse(bcsNoFlavor, "Operation failed. The ECS specified by node_flavor in the request cannot be purchased.")
	}
	return c.checkInvitor(o)
}

// nodeFlavor is the flavour of the cluster that the order makes, "" if it makes
// none.
func (o *order) nodeFlavor() string {
	if o.ClusterType != clusterCCE || !o.CreateNewCluster || o.ClusterOrder == nil {
		return ""
	}
	return o.ClusterOrder.NodeFlavor
}

// checkInvitor holds an invitee to its inviter, if that lives here too.
func (c *call) checkInvitor(o *order) error {
	if !o.IsInvitee {
		return nil
	}
	inviter, err := get[instance](c.tx, kindInstance, o.Invitor.Blockchain)
	if err != nil || inviter == nil {
		return err
	}
	for _, same := range []struct{ field, theirs, ours string }{
		{"fabric_version", inviter.Order.FabricVersion, o.FabricVersion},
		{"blockchain_type", inviter.Order.BlockchainType, o.BlockchainType},
		{"consensus", inviter.Order.Consensus, o.Consensus},
		{"sign_algorithm", inviter.Order.SignAlgorithm, o.SignAlgorithm},
	} {
		if same.theirs != same.ours {
			return badParameter(same.field, "must be that of the inviter, "+same.theirs)
		}
	}
	if o.Invitor.Project != inviter.Project || o.Invitor.Tenant != c.e.tenantOf(inviter.Project).DomainID {
		return badParameter("invitor_infos", "the instance is in another project or account")
	}
	if inviter.Order.VersionType != o.VersionType {
		return badParameter("version_type", "must be that of the inviter")
	}
	return nil
}

// found makes the instance of an order, with the keys of its organisations.
func (c *call) found(o order) (*instance, error) {
	i := &instance{ID: newID(), Name: o.Name, Project: c.project, Created: c.now, Order: o, Founded: len(*o.PeerOrgs)}
	i.Cluster = clusterOf(&o)
	h := fnv.New32a()
	h.Write([]byte(i.ID))
	i.BasePort = 30600 + int(h.Sum32()%20)*100 // NodePorts end at 32767
	orderers := 1
	if o.OrdererNumber != nil {
		orderers = *o.OrdererNumber
	}
	var err error
	if i.Orderer.CA, err = newAuthority("orderer", c.now); err != nil {
		return nil, err
	}
	i.Orderer.Name, i.Orderer.Hash, i.Orderer.Nodes = i.Name+"-orderer", orgHash(i.ID, "orderer"), orderers
	for _, ordered := range *o.PeerOrgs {
		org, err := i.newOrg(ordered.Name, ordered.Nodes, "", c.now)
		if err != nil {
			return nil, err
		}
		i.Orgs = append(i.Orgs, org)
	}
	for _, ordered := range o.Channels {
		ch := &channel{Name: ordered.Name, Description: ordered.Description, Created: c.now}
		for _, name := range ordered.Orgs {
			ch.setPeers(name, i.org(name).Nodes)
		}
		i.Channels = append(i.Channels, ch)
	}
	return i, nil
}

func clusterOf(o *order) cluster {
	switch {
	case o.ClusterType == clusterIEF:
		return cluster{Type: clusterIEF}
	case o.CreateNewCluster:
		return cluster{ID: newID(), Name: o.Name + "-cluster", Type: clusterCCE, Platform: o.ClusterOrder.Platform}
	}
	return cluster{ID: o.ClusterInfo.ID, Name: o.ClusterInfo.Name, Type: clusterCCE, Platform: o.ClusterInfo.Platform}
}

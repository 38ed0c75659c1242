package emulator

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// clientRequest is the body of DownloadBlockchainSdkConfig.
type clientRequest struct {
	Chaincode  string              `json:"chaincode_name"`
	CertPath   string              `json:"cert_path"`
	Channel    string              `json:"channel_name"`
	Peers      map[string][]string `json:"peer_orgs"`  // host names by organization
	Union      map[string][]string `json:"union_info"` // hashes of organizations by tenant
	Multi      bool                `json:"is_multi_chan"`
	Chaincodes map[string][]string `json:"channel_chaincode"` // by channel, if Multi
}

// clientProfile is what the file of a client tells: Fabric's profile of a
// network. Nothing of it is secret; the certificates come with another call.
type clientProfile struct {
	certPath   string
	chaincodes map[string][]string // by channel
	orderer    *instance           // whose orderers serve the channels
	orgs       []profileOrg        // the caller's own first
}

// profileOrg is an organization with those of its peers that the client is to
// know. Of another tenant's none are named: it gets all that are in the channels.
type profileOrg struct {
	*organization
	of    view // its instance, for the addresses
	peers []int
}

// downloadClientConfig answers DownloadBlockchainSdkConfig (API 1.5.1.10): an
// archive with one YAML file. Whether the chaincodes are there is not known
// here, since they are installed by other means.
func downloadClientConfig(c *call) (reply, error) {
	i, err := c.blockchain(bcsNotFound)
	if err != nil {
		return reply{}, err
	}
	if err := i.admit(c.tx, workCertificates); err != nil {
		return reply{}, err
	}
	var r clientRequest
	if err := c.decode(&r); err != nil {
		return reply{}, err
	}
	p, err := c.profile(i, &r)
	if err != nil {
		return reply{}, err
	}
	name := i.Name
	if !r.Multi {
		name = r.Channel
	}
	file, err := pack([]archiveFile{{name + "-sdk-config.yaml", p.render()}}, c.now)
	return reply{file: file}, err
}

// profile makes out what is asked for.
func (c *call) profile(i *instance, r *clientRequest) (*clientProfile, error) {
	p := &clientProfile{certPath: r.CertPath}
	if err := checkCertPath(r.CertPath); err != nil {
		return nil, err
	}
	var err error
	if p.chaincodes, err = r.wanted(i); err != nil {
		return nil, err
	}
	channels := sortedKeys(p.chaincodes)
	if p.orgs, err = r.ownOrgs(i, channels); err != nil {
		return nil, err
	}
	theirs, err := c.partnersOrgs(i, r.Union, channels)
	if err != nil {
		return nil, err
	}
	p.orgs = append(p.orgs, theirs...)
	hostID, err := i.consortium(c.tx)
	if err != nil {
		return nil, err
	}
	p.orderer = i
	if hostID != i.ID {
		p.orderer, err = get[instance](c.tx, kindInstance, hostID)
	}
	return p, err
}

// wanted are the chaincodes by channel: those of one channel, or of several.
func (r *clientRequest) wanted(i *instance) (map[string][]string, error) {
	chaincodes := map[string][]string{r.Channel: {r.Chaincode}}
	switch {
	case r.Multi && len(r.Chaincodes) == 0:
		return nil, badParameter("channel_chaincode", "missing, but is_multi_chan is true")
	case r.Multi && (r.Channel != "" || r.Chaincode != ""):
		return nil, badParameter("chaincode_name", "must be empty, and so must channel_name, if is_multi_chan is true")
	case r.Multi:
		chaincodes = r.Chaincodes
	case r.Chaincode == "":
		return nil, badParameter("chaincode_name", "missing")
	}
	for _, name := range sortedKeys(chaincodes) {
		if i.channel(name) == nil {
			return nil, errNoChannel(name)
		}
		if len(chaincodes[name]) == 0 {
			return nil, badParameter("channel_chaincode", "no chaincode is named for the channel "+name)
		}
	}
	return chaincodes, nil
}

// ownOrgs are the organizations of peer_orgs. Their peers are in one of the
// channels.
func (r *clientRequest) ownOrgs(i *instance, channels []string) ([]profileOrg, error) {
	if len(r.Peers) == 0 {
		return nil, badParameter("peer_orgs", "empty")
	}
	var orgs []profileOrg
	for _, name := range sortedKeys(r.Peers) {
		org := i.org(name)
		if org == nil {
			return nil, errWrongOrg(name)
		}
		peers, err := org.peersOf(r.Peers[name], i.mostPeers(name, channels))
		if err != nil {
			return nil, err
		}
		orgs = append(orgs, profileOrg{org, view{instance: i}, peers})
	}
	return orgs, nil
}

// mostPeers is how many peers of an organization are in one of the channels.
func (i *instance) mostPeers(org string, channels []string) int {
	most := 0
	for _, name := range channels {
		if ch := i.channel(name); ch != nil {
			most = max(most, ch.peers(org))
		}
	}
	return most
}

// peersOf are the numbers of the peers with these host names, which rise. The
// first n peers are in the channel.
func (o *organization) peersOf(hosts []string, n int) ([]int, error) {
	if len(hosts) == 0 {
		return nil, badParameter("peer_orgs", "no peer of "+o.Name+" is named")
	}
	known := []string{}
	for _, name := range o.peerNames(n) {
		known = append(known, name+"."+o.peerDomain())
	}
	var peers []int
	for _, host := range hosts {
		at := slices.Index(known, host)
		if at < 0 {
			return nil, badParameter("peer_orgs", "a host name is none of a peer of "+o.Name+" in the channel")
		}
		if len(peers) > 0 && at <= peers[len(peers)-1] {
			return nil, badParameter("peer_orgs", "the peers of "+o.Name+" are not in rising order")
		}
		peers = append(peers, at)
	}
	return peers, nil
}

// partnersOrgs are the organizations of union_info: of the other members of the
// consortium, or of its inviter.
func (c *call) partnersOrgs(i *instance, union map[string][]string, channels []string) ([]profileOrg, error) {
	if len(union) == 0 {
		return nil, nil
	}
	others, err := c.partners(i, channels)
	if err != nil {
		return nil, err
	}
	var orgs []profileOrg
	for _, tenant := range sortedKeys(union) {
		for _, hash := range union[tenant] {
			at := slices.IndexFunc(others, func(o profileOrg) bool {
				return o.Hash == hash && c.e.tenantOf(o.of.Project).Name == tenant
			})
			if at < 0 {
				return nil, errWrongOrg(hash)
			}
			orgs = append(orgs, others[at])
		}
	}
	return orgs, nil
}

// partners are the organizations of the other instances of a consortium, with
// their peers in the channels.
func (c *call) partners(i *instance, channels []string) ([]profileOrg, error) {
	hostID, err := i.consortium(c.tx)
	if err != nil {
		return nil, err
	}
	ids, err := membersOf(c.tx, hostID)
	if err != nil {
		return nil, err
	}
	var orgs []profileOrg
	for _, id := range ids {
		other, err := get[instance](c.tx, kindInstance, id)
		if err != nil {
			return nil, err
		}
		if other == nil || other.ID == i.ID {
			continue
		}
		for _, o := range other.Orgs {
			var peers []int
			for n := range other.mostPeers(o.Name, channels) {
				peers = append(peers, n)
			}
			if len(peers) > 0 {
				orgs = append(orgs, profileOrg{o, view{instance: other}, peers})
			}
		}
	}
	return orgs, nil
}

// checkCertPath keeps certificates in a folder: names in a configuration must
// not lead out of it.
func checkCertPath(dir string) error {
	clean := path.Clean("/" + dir)
	if dir == "" || clean == "/" || strings.Contains(dir, "..") || strings.ContainsAny(dir, "\\\x00\n") {
		return badParameter("cert_path", "must be a path without steps upwards")
	}
	return nil
}

// render writes the profile as YAML.
func (p *clientProfile) render() string {
	w := &yamlWriter{}
	w.line("# Client configuration, made by the emulator.")
	w.line("name: %q", p.orderer.Name)
	w.line("version: %q", "1.0.0")
	w.line("client:")
	w.line("  organization: %q", p.orgs[0].Hash)
	w.line("  cryptoconfig:")
	w.line("    path: %q", p.certPath)
	p.renderChannels(w)
	p.renderOrgs(w)
	p.renderNodes(w)
	return w.String()
}

// yamlWriter writes line by line.
type yamlWriter struct{ strings.Builder }

func (w *yamlWriter) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

func (p *clientProfile) renderChannels(w *yamlWriter) {
	w.line("channels:")
	for _, name := range sortedKeys(p.chaincodes) {
		w.line("  %s:", name)
		w.line("    orderers:")
		for n := range p.orderer.Orderer.Nodes {
			w.line("      - %q", p.orderer.ordererHost(n))
		}
		w.line("    peers:")
		for _, o := range p.orgs {
			for _, n := range o.peers {
				w.line("      %q:", o.host(n))
				for _, role := range []string{"endorsingPeer", "chaincodeQuery", "ledgerQuery", "eventSource"} {
					w.line("        %s: true", role)
				}
			}
		}
		w.line("    chaincodes:")
		for _, chaincode := range p.chaincodes[name] {
			w.line("      - %q", chaincode)
		}
	}
}

// dir is where the certificates of an organization lie.
func (p *clientProfile) dir(hash, kind string) string { return path.Join(p.certPath, hash+"."+kind) }

func (p *clientProfile) renderOrgs(w *yamlWriter) {
	w.line("organizations:")
	for _, o := range p.orgs {
		w.line("  %q:", o.Hash)
		w.line("    name: %q", o.Name)
		w.line("    mspid: %q", o.mspID())
		w.line("    cryptoPath: %q", p.dir(o.Hash, "peer")+"/msp")
		w.line("    tlsCryptoKeyPath: %q", p.dir(o.Hash, "peer")+"/tls/server.key")
		w.line("    tlsCryptoCertPath: %q", p.dir(o.Hash, "peer")+"/tls/server.crt")
		w.line("    peers:")
		for _, n := range o.peers {
			w.line("      - %q", o.host(n))
		}
	}
	orderer := p.orderer.Orderer
	w.line("  ordererorg:")
	w.line("    name: %q", orderer.Name)
	w.line("    mspid: %q", orderer.mspID())
	w.line("    cryptoPath: %q", p.dir(orderer.Hash, "orderer")+"/msp")
}

func (p *clientProfile) renderNodes(w *yamlWriter) {
	node := func(host, address, caPath string) {
		name, _, _ := strings.Cut(host, ":")
		w.line("  %q:", host)
		w.line("    url: %q", "grpcs://"+address)
		w.line("    grpcOptions:")
		w.line("      ssl-target-name-override: %q", name)
		w.line("    tlsCACerts:")
		w.line("      path: %q", caPath)
	}
	orderer, at := p.orderer.Orderer, view{instance: p.orderer}
	w.line("orderers:")
	for n := range orderer.Nodes {
		node(p.orderer.ordererHost(n), at.ordererIPPort(n), p.dir(orderer.Hash, "orderer")+"/msp/tlscacerts/tlsca."+orderer.Name+"-cert.pem")
	}
	w.line("peers:")
	for _, o := range p.orgs {
		for _, n := range o.peers {
			node(o.host(n), o.of.peerIPPort(o.organization, n), p.dir(o.Hash, "peer")+"/msp/tlscacerts/tlsca."+o.Name+"-cert.pem")
		}
	}
}

// host is where a peer is reached inside the cluster.
func (o *organization) host(n int) string { return o.peerName(n) + "." + o.peerDomain() + ":7051" }

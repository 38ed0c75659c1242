package emulator

import (
	"encoding/hex"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

const (
	kindSubnet = "vpc.subnet"
	kindPort   = "vpc.port"
)

// Codes of VPC about subnets.
const (
	subnetBadParameter = "VPC.0201"
	subnetNotFound     = "VPC.0202"
	subnetOutside      = "VPC.0203"
	subnetOverlaps     = "VPC.0204"
	subnetInUse        = "VPC.0209"
	subnetBadNetwork   = "VPC.0212"
)

// subnet is a part of a VPC.
type subnet struct {
	ID                string
	Project           string
	VPC               string
	Name, Description string
	CIDR, Gateway     string
	Zone              string
	DHCP, IPv6        bool
	DNS               []string // all of them
	PrimaryDNS        string
	SecondaryDNS      string
	Extra             []dhcpOption
	UsageMetrics      bool
	NeutronSubnet     string
	Created, Updated  time.Time
	Ready             time.Time
}

// dhcpOption is an NTP server or a lease time.
type dhcpOption struct {
	Name  string  `json:"opt_name"`
	Value *string `json:"opt_value,omitempty"`
}

func (s *subnet) object() Object {
	return Object{Kind: kindSubnet, ID: s.ID, Project: s.Project, Parent: s.VPC, Name: s.Name, Created: s.Created, Place: placeOf(s.network())}
}

// placeOf puts networks that don't overlap in order: the first and the last
// address, in hex.
func placeOf(p netip.Prefix) string {
	if !p.IsValid() {
		return ""
	}
	first, last := p.Addr().As4(), lastAddress(p).As4()
	return hex.EncodeToString(first[:]) + "-" + hex.EncodeToString(last[:])
}

// network is the subnet's CIDR, which was checked when it was made.
func (s *subnet) network() netip.Prefix {
	p, _ := parseNetwork(s.CIDR)
	return p
}

// port is an address in a subnet and what has it.
type port struct {
	ID      string
	Project string
	Subnet  string
	Device  string // ID of the server
	IP      string
	MAC     string
	Created time.Time
}

func (p *port) object() Object {
	return Object{Kind: kindPort, ID: p.ID, Project: p.Project, Parent: p.Subnet, Name: p.IP, Created: p.Created}
}

// status is UNKNOWN until the subnet is attached to its VPC.
func (s *subnet) status(now time.Time) string {
	if now.Before(s.Ready) {
		return "UNKNOWN"
	}
	return "ACTIVE"
}

// reservedAddresses are those of each subnet that nobody gets: network,
// gateway, the service's two, broadcast.
const reservedAddresses = 5

func (s *subnet) wire(now time.Time, used int) map[string]any {
	dns, extra := s.DNS, s.Extra
	if dns == nil {
		dns = []string{}
	}
	if extra == nil {
		extra = []dhcpOption{}
	}
	return map[string]any{
		"id": s.ID, "name": s.Name, "description": s.Description, "cidr": s.CIDR, "gateway_ip": s.Gateway,
		"ipv6_enable": s.IPv6, "dhcp_enable": s.DHCP, "primary_dns": s.PrimaryDNS, "secondary_dns": s.SecondaryDNS,
		"dnsList": dns, "availability_zone": s.Zone, "vpc_id": s.VPC, "status": s.status(now),
		"neutron_network_id": s.ID, "neutron_subnet_id": s.NeutronSubnet, "extra_dhcp_opts": extra, "scope": "center",
		"tenant_id": s.Project, "created_at": wireTime(s.Created), "updated_at": wireTime(s.Updated),
		"enable_network_address_usage_metrics": s.UsageMetrics,
		"available_ip_address_count":           max(0, 1<<(32-s.network().Bits())-reservedAddresses-used),
	}
}

// subnetFields are what a subnet is made or changed with; nil: left out.
type subnetFields struct {
	Name         *string       `json:"name"`
	Description  *string       `json:"description"`
	CIDR         string        `json:"cidr"`
	VPC          string        `json:"vpc_id"`
	Gateway      string        `json:"gateway_ip"`
	IPv6         *bool         `json:"ipv6_enable"`
	DHCP         *bool         `json:"dhcp_enable"`
	PrimaryDNS   *string       `json:"primary_dns"`
	SecondaryDNS *string       `json:"secondary_dns"`
	DNS          *[]string     `json:"dnsList"`
	Zone         *string       `json:"availability_zone"`
	Extra        *[]dhcpOption `json:"extra_dhcp_opts"`
	UsageMetrics *bool         `json:"enable_network_address_usage_metrics"`
}

// createSubnet answers CreateSubnet.
func createSubnet(c *call) (reply, error) {
	var body struct {
		Subnet subnetFields `json:"subnet"`
	}
	if err := c.decode(&body); err != nil {
		return reply{}, err
	}
	f := body.Subnet
	v, err := c.vpc(f.VPC)
	if err != nil {
		return reply{}, err
	}
	if err := c.needRoom(QuotaSubnets, kindSubnet, "subnet"); err != nil {
		return reply{}, err
	}
	if err := c.checkSubnetNetwork(v, f); err != nil {
		return reply{}, err
	}
	s := &subnet{
		ID: newID(), NeutronSubnet: newID(), Project: c.project, VPC: v.ID, CIDR: f.CIDR, Gateway: f.Gateway, DHCP: true,
		Created: c.now, Updated: c.now, Ready: c.ends(takesVPC),
	}
	if err := c.changeSubnet(s, f); err != nil {
		return reply{}, err
	}
	return answer(map[string]any{"subnet": s.wire(c.now, 0)})
}

// checkSubnetNetwork keeps the rules between a subnet, its VPC and its sisters.
func (c *call) checkSubnetNetwork(v *vpc, f subnetFields) error {
	p, ok := parseNetwork(f.CIDR)
	if !ok || p.Bits() > 28 {
		return refuse(subnetBadNetwork, "The subnet cidr is not valid.")
	}
	if outer, ok := parseNetwork(v.CIDR); ok && !contains(outer, p) {
		return refuse(subnetOutside, "Subnet is not in the range of VPC.")
	}
	gateway, err := netip.ParseAddr(f.Gateway)
	if err != nil || !p.Contains(gateway) || gateway == p.Addr() || gateway == lastAddress(p) {
		return refuse(subnetBadParameter, "gateway_ip %s is no address of a host in %s.", f.Gateway, f.CIDR)
	}
	// Sisters don't overlap each other. So of those that begin before this one
	// ends, the last one ends last.
	first, last, _ := strings.Cut(placeOf(p), "-")
	sister, err := c.lastPlace(kindSubnet, v.ID, last+"~")
	if err != nil {
		return err
	}
	if _, end, ok := strings.Cut(sister, "-"); ok && end >= first {
		return refuse(subnetOverlaps, "The subnet has already existed in the VPC, or has been in conflict with the VPC subnet.")
	}
	return nil
}

// lastAddress is the broadcast address of an IPv4 network.
func lastAddress(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().As4()
	for bit := p.Bits(); bit < 32; bit++ {
		b[bit/8] |= 1 << (7 - bit%8)
	}
	return netip.AddrFrom4(b)
}

// changeSubnet checks the fields, sets and stores them. The list of DNS servers
// and the first two follow each other.
func (c *call) changeSubnet(s *subnet, f subnetFields) error {
	set(&s.Name, f.Name)
	set(&s.Description, f.Description)
	set(&s.IPv6, f.IPv6)
	set(&s.DHCP, f.DHCP)
	set(&s.Zone, f.Zone)
	set(&s.Extra, f.Extra)
	set(&s.UsageMetrics, f.UsageMetrics)
	set(&s.PrimaryDNS, f.PrimaryDNS)
	set(&s.SecondaryDNS, f.SecondaryDNS)
	switch {
	case f.DNS != nil:
		s.DNS = *f.DNS
		s.PrimaryDNS, s.SecondaryDNS = at(s.DNS, 0), at(s.DNS, 1)
	case f.PrimaryDNS != nil || f.SecondaryDNS != nil:
		s.DNS = nil
		for _, a := range []string{s.PrimaryDNS, s.SecondaryDNS} {
			if a != "" {
				s.DNS = append(s.DNS, a)
			}
		}
	}
	for _, a := range s.DNS {
		if ip, err := netip.ParseAddr(a); err != nil || !ip.Is4() {
			return refuse(subnetBadParameter, "dnsList holds %q, which is no IPv4 address.", a)
		}
	}
	return c.put(s)
}

// at is an element of a list, or "" beyond its end.
func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}

// subnet finds the subnet of that ID; vpcID "" stands for any VPC.
func (c *call) subnet(id, vpcID string) (*subnet, error) {
	s, err := get[subnet](c.tx, kindSubnet, id)
	if err != nil {
		return nil, err
	}
	if s == nil || s.Project != c.project || vpcID != "" && s.VPC != vpcID {
		return nil, refuse(subnetNotFound, "Query subnet fail: %s could not be found.", id).withStatus(http.StatusNotFound)
	}
	return s, nil
}

// showSubnet answers ShowSubnet.
func showSubnet(c *call) (reply, error) {
	s, err := c.subnet(c.params["subnet_id"], "")
	if err != nil {
		return reply{}, err
	}
	used, err := children[port](c.tx, kindPort, s.ID)
	if err != nil {
		return reply{}, err
	}
	return answer(map[string]any{"subnet": s.wire(c.now, len(used))})
}

// listSubnets answers ListSubnets.
func listSubnets(c *call) (reply, error) {
	list, err := all[subnet](c.tx, kindSubnet, c.project)
	if err != nil {
		return reply{}, err
	}
	out := []*subnet{}
	for _, s := range list {
		if c.query.Get("vpc_id") == "" || c.query.Get("vpc_id") == s.VPC {
			out = append(out, s)
		}
	}
	used, err := c.counts(kindPort, c.project)
	if err != nil {
		return reply{}, err
	}
	wires := []any{}
	for _, s := range page(c, out, func(s *subnet) string { return s.ID }, pageOfVPCs) {
		wires = append(wires, s.wire(c.now, used[s.ID]))
	}
	return answer(map[string]any{"subnets": wires})
}

// updateSubnet answers UpdateSubnet.
func updateSubnet(c *call) (reply, error) {
	s, err := c.subnet(c.params["subnet_id"], c.params["vpc_id"])
	if err != nil {
		return reply{}, err
	}
	var body struct {
		Subnet subnetFields `json:"subnet"`
	}
	if err := c.decode(&body); err != nil {
		return reply{}, err
	}
	s.Updated = c.now
	if err := c.changeSubnet(s, body.Subnet); err != nil {
		return reply{}, err
	}
	return answer(map[string]any{"subnet": map[string]any{"id": s.ID, "status": s.status(c.now)}})
}

// deleteSubnet answers DeleteSubnet.
func deleteSubnet(c *call) (reply, error) {
	s, err := c.subnet(c.params["subnet_id"], c.params["vpc_id"])
	if err != nil {
		return reply{}, err
	}
	used, err := children[port](c.tx, kindPort, s.ID)
	if err != nil {
		return reply{}, err
	}
	if len(used) > 0 {
		return reply{}, refuse(subnetInUse, "subnet is still used ,such as computer,LB.").withStatus(http.StatusConflict)
	}
	if err := c.remove(s); err != nil {
		return reply{}, err
	}
	return nothing()
}

// firstHost is how far into a subnet addresses are given out.
const firstHost = 3

// plug gives a device an address in a subnet: the wanted one, or the lowest
// free one; nil if it is taken, or none is left.
func (c *call) plug(s *subnet, device, wanted string) (*port, error) {
	used, err := children[port](c.tx, kindPort, s.ID)
	if err != nil {
		return nil, err
	}
	taken := map[netip.Addr]bool{s.network().Addr(): true, lastAddress(s.network()): true}
	if gateway, err := netip.ParseAddr(s.Gateway); err == nil {
		taken[gateway] = true
	}
	for _, p := range used {
		if a, err := netip.ParseAddr(p.IP); err == nil {
			taken[a] = true
		}
	}
	ip, ok := freeAddress(s.network(), taken, wanted)
	if !ok {
		return nil, nil
	}
	b := ip.As4()
	p := &port{
		ID: newID(), Project: c.project, Subnet: s.ID, Device: device, IP: ip.String(), MAC: macOf(b), Created: c.now,
	}
	return p, c.put(p)
}

// freeAddress picks an address of a network.
func freeAddress(network netip.Prefix, taken map[netip.Addr]bool, wanted string) (netip.Addr, bool) {
	if wanted != "" {
		ip, err := netip.ParseAddr(wanted)
		return ip, err == nil && network.Contains(ip) && !taken[ip]
	}
	ip := network.Addr()
	for range firstHost {
		ip = ip.Next()
	}
	for ; network.Contains(ip); ip = ip.Next() {
		if !taken[ip] {
			return ip, true
		}
	}
	return ip, false
}

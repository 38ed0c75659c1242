package emulator

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"time"
)

const kindPublicIP = "eip.publicip"

// Codes of EIP, from VPC's table of error codes.
const (
	eipBadParameter = "VPC.0501"
	eipNotFound     = "VPC.0504"
	eipBadPort      = "VPC.0508"
	eipBound        = "VPC.0510"
	eipPortTaken    = "VPC.0511"
	eipAddressTaken = "VPC.0522"
	eipNoAddresses  = "VPC.0532"
)

// eipPool is where elastic addresses come from: a range for documentation
// (RFC 5737), which leads nowhere.
var eipPool = netip.MustParsePrefix("203.0.113.0/24")

// eipService is the service of elastic addresses: /v1/{project_id}/publicips.
func eipService() *service {
	return &service{
		name: "eip",
		owns: func(segments []string) bool { return ownsV1(segments, "publicips") },
		operations: map[string]handler{
			"CreatePublicip": createPublicIP,
			"ListPublicips":  listPublicIPs,
			"ShowPublicip":   showPublicIP,
			"UpdatePublicip": updatePublicIP,
			"DeletePublicip": deletePublicIP,
		},
		errorShape: shapeCode,
		plain:      vpcPlain,
		violation: func(v violation) *apiError {
			return refuse(eipBadParameter, "%s is invalid: %s", orBody(v.field), v.reason)
		},
	}
}

// publicIP is an elastic address with its bandwidth.
type publicIP struct {
	ID                string
	Project           string
	Address           string
	Type              string
	Alias             string
	EnterpriseProject string
	Port              string // "" while it is not bound
	PrivateIP         string
	Bandwidth         bandwidth
	Created           time.Time
}

// bandwidth is what an elastic address may carry.
type bandwidth struct {
	ID        string
	Name      string
	ShareType string // "PER" or "WHOLE"
	Size      int    // Mbit/s
	Charge    string
}

func (p *publicIP) object() Object {
	return Object{Kind: kindPublicIP, ID: p.ID, Project: p.Project, Name: p.Address, Created: p.Created}
}

func (p *publicIP) wire() map[string]any {
	w := map[string]any{
		"id": p.ID, "status": "DOWN", "type": p.Type, "public_ip_address": p.Address, "alias": p.Alias, "ip_version": 4,
		"tenant_id": p.Project, "enterprise_project_id": p.EnterpriseProject,
		"create_time":  p.Created.UTC().Format(time.DateTime),
		"bandwidth_id": p.Bandwidth.ID, "bandwidth_name": p.Bandwidth.Name,
		"bandwidth_share_type": p.Bandwidth.ShareType, "bandwidth_size": p.Bandwidth.Size, "public_border_group": "center",
	}
	if p.Port != "" {
		w["status"], w["port_id"], w["private_ip_address"] = "ACTIVE", p.Port, p.PrivateIP
	}
	return w
}

// eipOrder is the body of CreatePublicip.
type eipOrder struct {
	EnterpriseProject string `json:"enterprise_project_id"`
	PublicIP          struct {
		Type      string `json:"type"`
		IPVersion int    `json:"ip_version"`
		Address   string `json:"ip_address"`
		Alias     string `json:"alias"`
		Port      string `json:"port_id"`
	} `json:"publicip"`
	Bandwidth bandwidthOrder `json:"bandwidth"`
}

type bandwidthOrder struct {
	ShareType string `json:"share_type"`
	Charge    string `json:"charge_mode"`
	ID        string `json:"id"`
	Name      string `json:"name"`
	Size      int    `json:"size"`
}

// check keeps the rules of a bandwidth: one of its own has a size, a shared one
// an ID.
func (b *bandwidthOrder) check() error {
	switch {
	case b.ShareType == "PER" && b.Size == 0:
		return refuse(eipBadParameter, "Bandwidth size is missing.")
	case b.ShareType == "WHOLE" && b.ID == "":
		return refuse(eipBadParameter, "Bandwidth id is missing, but share_type is WHOLE.")
	}
	return nil
}

// createPublicIP answers CreatePublicip.
func createPublicIP(c *call) (reply, error) {
	var o eipOrder
	if err := c.decode(&o); err != nil {
		return reply{}, err
	}
	if o.PublicIP.IPVersion == 6 {
		return reply{}, refuse(eipBadParameter, "ip_version 6 is not available.")
	}
	if o.Bandwidth.ShareType == "PER" && o.Bandwidth.Name == "" {
		return reply{}, refuse(eipBadParameter, "Bandwidth name is missing.")
	}
	p, err := c.allocate(o)
	if err != nil {
		return reply{}, err
	}
	if o.PublicIP.Port != "" {
		if err := c.bind(p, o.PublicIP.Port); err != nil {
			return reply{}, err
		}
	}
	return answer(map[string]any{"publicip": p.wire()})
}

// allocate takes an address from the pool, and stores it.
func (c *call) allocate(o eipOrder) (*publicIP, error) {
	if err := o.Bandwidth.check(); err != nil {
		return nil, err
	}
	if err := c.needRoom(QuotaPublicIPs, kindPublicIP, "floatingip"); err != nil {
		return nil, err
	}
	list, err := everyones[publicIP](c.tx, kindPublicIP)
	if err != nil {
		return nil, err
	}
	taken := map[netip.Addr]bool{lastAddress(eipPool): true}
	for _, p := range list {
		if a, err := netip.ParseAddr(p.Address); err == nil {
			taken[a] = true
		}
	}
	address, ok := freeAddress(eipPool, taken, o.PublicIP.Address)
	switch {
	case !ok && o.PublicIP.Address != "":
		return nil, refuse(eipAddressTaken, "The IP address is in use.").withStatus(http.StatusConflict)
	case !ok:
		return nil, refuse(eipNoAddresses, "No more IP addresses available on network.").withStatus(http.StatusConflict)
	}
	p := &publicIP{
		ID: newID(), Project: c.project, Address: address.String(), Type: o.PublicIP.Type, Alias: o.PublicIP.Alias,
		EnterpriseProject: orDefault(o.EnterpriseProject, "0"), Created: c.now,
		Bandwidth: bandwidth{
			ID: orDefault(o.Bandwidth.ID, newID()), Name: o.Bandwidth.Name, ShareType: o.Bandwidth.ShareType,
			Size: o.Bandwidth.Size, Charge: orDefault(o.Bandwidth.Charge, "bandwidth"),
		},
	}
	return p, c.put(p)
}

// orDefault is s, or the default if it is empty.
func orDefault(s, or string) string {
	if s == "" {
		return or
	}
	return s
}

// bind lets an elastic address lead to a port.
func (c *call) bind(p *publicIP, portID string) error {
	target, err := get[port](c.tx, kindPort, portID)
	if err != nil {
		return err
	}
	if target == nil || target.Project != c.project {
		return refuse(eipBadPort, "Port is invalid: %s", portID)
	}
	if p.Port != "" && p.Port != portID {
		return refuse(eipBound, "Floatingip has already associated with port.").withStatus(http.StatusConflict)
	}
	list, err := all[publicIP](c.tx, kindPublicIP, c.project)
	if err != nil {
		return err
	}
	for _, other := range list {
		if other.Port == portID && other.ID != p.ID {
			return refuse(eipPortTaken, "Port has already associated with floatingip.").withStatus(http.StatusConflict)
		}
	}
	p.Port, p.PrivateIP = portID, target.IP
	return c.put(p)
}

// unbind lets an elastic address lead nowhere.
func (c *call) unbind(p *publicIP) error {
	p.Port, p.PrivateIP = "", ""
	return c.put(p)
}

// publicIP finds the elastic address of that ID.
func (c *call) publicIP(id string) (*publicIP, error) {
	p, err := get[publicIP](c.tx, kindPublicIP, id)
	if err != nil {
		return nil, err
	}
	if p == nil || p.Project != c.project {
		return nil, refuse(eipNotFound, "Floating IP could not be found.").withStatus(http.StatusNotFound)
	}
	return p, nil
}

// showPublicIP answers ShowPublicip.
func showPublicIP(c *call) (reply, error) {
	p, err := c.publicIP(c.params["publicip_id"])
	if err != nil {
		return reply{}, err
	}
	return answer(map[string]any{"publicip": p.wire()})
}

// listPublicIPs answers ListPublicips.
func listPublicIPs(c *call) (reply, error) {
	list, err := all[publicIP](c.tx, kindPublicIP, c.project)
	if err != nil {
		return reply{}, err
	}
	asked := func(name, value string) bool {
		values, ok := c.query[name]
		return !ok || slices.Contains(values, value)
	}
	out := []*publicIP{}
	for _, p := range list {
		if asked("id", p.ID) && asked("port_id", p.Port) && asked("public_ip_address", p.Address) &&
			asked("private_ip_address", p.PrivateIP) && asked("ip_version", "4") && c.inEnterpriseProject(p.EnterpriseProject) {
			out = append(out, p)
		}
	}
	wires := []any{}
	for _, p := range page(c, out, func(p *publicIP) string { return p.ID }, pageOfVPCs) {
		wires = append(wires, p.wire())
	}
	return answer(map[string]any{"publicips": wires})
}

// updatePublicIP answers UpdatePublicip.
func updatePublicIP(c *call) (reply, error) {
	p, err := c.publicIP(c.params["publicip_id"])
	if err != nil {
		return reply{}, err
	}
	var body struct {
		PublicIP struct {
			Port  string  `json:"port_id"`
			Alias *string `json:"alias"`
		} `json:"publicip"`
	}
	if err := c.decode(&body); err != nil {
		return reply{}, err
	}
	switch {
	case body.PublicIP.Alias != nil:
		p.Alias = *body.PublicIP.Alias
		err = c.put(p)
	case body.PublicIP.Port != "":
		err = c.bind(p, body.PublicIP.Port)
	default:
		err = c.unbind(p)
	}
	if err != nil {
		return reply{}, err
	}
	return answer(map[string]any{"publicip": p.wire()})
}

// deletePublicIP answers DeletePublicip.
func deletePublicIP(c *call) (reply, error) {
	p, err := c.publicIP(c.params["publicip_id"])
	if err != nil {
		return reply{}, err
	}
	if p.Port != "" {
		return reply{}, refuse(eipBound, "Floatingip has already associated with port.").withStatus(http.StatusConflict)
	}
	if err := c.remove(p); err != nil {
		return reply{}, err
	}
	return nothing()
}

// macOf makes a locally administered MAC address of an IPv4 address, with the
// prefix that OpenStack gives to virtual machines.
func macOf(ip [4]byte) string {
	return fmt.Sprintf("fa:16:%02x:%02x:%02x:%02x", ip[0], ip[1], ip[2], ip[3])
}

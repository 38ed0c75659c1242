package emulator

import (
	"net/http"
	"net/netip"
	"strings"
	"time"
)

const kindVPC = "vpc.vpc"

// Codes of VPC, from its table of error codes.
const (
	vpcBadParameter = "VPC.0101"
	vpcHasSubnets   = "VPC.0104"
	vpcNotFound     = "VPC.0105"
	vpcQuotaUsedUp  = "VPC.0114"
	vpcNameTaken    = "VPC.0115"
	vpcTooNarrow    = "VPC.0117"
	vpcInternal     = "VPC.0111"
	vpcForbidden    = "VPC.2701"
)

const (
	takesVPC   = 5 * time.Second // until a VPC or subnet is ready; the emulator's choice
	pageOfVPCs = 2000            // default length of a page
)

// vpcService is the network service: /v1/{project_id}/vpcs, subnets
// and quotas, which also tells that of elastic addresses.
func vpcService() *service {
	return &service{
		name: "vpc",
		owns: func(segments []string) bool { return ownsV1(segments, "vpcs", "subnets", "quotas") },
		operations: map[string]handler{
			"CreateVpc":    createVPC,
			"ListVpcs":     listVPCs,
			"ShowVpc":      showVPC,
			"UpdateVpc":    updateVPC,
			"DeleteVpc":    deleteVPC,
			"CreateSubnet": createSubnet,
			"ListSubnets":  listSubnets,
			"ShowSubnet":   showSubnet,
			"UpdateSubnet": updateSubnet,
			"DeleteSubnet": deleteSubnet,
			"ShowQuota":    showQuota,
		},
		errorShape: shapeCode,
		plain:      vpcPlain,
		violation: func(v violation) *apiError {
			code := vpcBadParameter
			if strings.HasPrefix(v.pointer, "/subnet") || v.field == "subnet_id" {
				code = subnetBadParameter
			}
			return refuse(code, "%s is invalid: %s", orBody(v.field), v.reason)
		},
	}
}

// ownsV1 tells whether a path is /v1/{project_id}/ and one of the names.
func ownsV1(segments []string, names ...string) bool {
	if len(segments) < 3 || segments[0] != "v1" {
		return false
	}
	for _, name := range names {
		if segments[2] == name {
			return true
		}
	}
	return false
}

// orBody names a field for a message, or the body if there is none.
func orBody(field string) string {
	if field == "" {
		return "the request body"
	}
	return field
}

// vpcPlain is what VPC and EIP say for a bare status; whoever is not let in
// talks to the gateway.
func vpcPlain(status int) *apiError {
	switch status {
	case http.StatusForbidden:
		return &apiError{status: status, code: vpcForbidden, message: "Token not allowed to do this action."}
	case http.StatusInternalServerError:
		return &apiError{status: status, code: vpcInternal, message: "Internal error."}
	}
	return gatewayError(status)
}

// vpc is a virtual private cloud.
type vpc struct {
	ID                string
	Project           string
	Name, Description string
	CIDR              string // "" if none was given
	EnterpriseProject string
	Routes            []route4
	Created, Updated  time.Time
	Ready             time.Time
	BlockEndpoints    string
	UsageMetrics      bool
}

// route4 is an entry of a VPC's routes.
type route4 struct {
	Destination string `json:"destination,omitempty"`
	NextHop     string `json:"nexthop,omitempty"`
}

func (v *vpc) object() Object {
	return Object{Kind: kindVPC, ID: v.ID, Project: v.Project, Name: v.Name, Created: v.Created}
}

// wireTime is how VPC and ECS write times.
func wireTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// wire is the VPC as answers show it.
func (v *vpc) wire(now time.Time) map[string]any {
	status := "OK"
	if now.Before(v.Ready) {
		status = "CREATING"
	}
	routes := v.Routes
	if routes == nil {
		routes = []route4{}
	}
	return map[string]any{
		"id": v.ID, "name": v.Name, "description": v.Description, "cidr": v.CIDR, "status": status,
		"routes": routes, "enterprise_project_id": v.EnterpriseProject, "tenant_id": v.Project,
		"created_at": wireTime(v.Created), "updated_at": wireTime(v.Updated),
		"block_service_endpoint_states": v.BlockEndpoints, "enable_network_address_usage_metrics": v.UsageMetrics,
	}
}

// vpcFields are what a VPC is made or changed with; nil: left out.
type vpcFields struct {
	Name              *string   `json:"name"`
	Description       *string   `json:"description"`
	CIDR              *string   `json:"cidr"`
	EnterpriseProject *string   `json:"enterprise_project_id"`
	Routes            *[]route4 `json:"routes"`
	BlockEndpoints    *string   `json:"block_service_endpoint_states"`
	UsageMetrics      *bool     `json:"enable_network_address_usage_metrics"`
}

// set overwrites a value if there is a new one.
func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// privateRanges are where the network of a VPC may lie.
var privateRanges = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
}

// parseNetwork reads a network that has no host bits set.
func parseNetwork(cidr string) (netip.Prefix, bool) {
	p, err := netip.ParsePrefix(cidr)
	return p, err == nil && p.Addr().Is4() && p.Masked() == p
}

// contains tells whether all of inner lies in outer.
func contains(outer, inner netip.Prefix) bool {
	return inner.Bits() >= outer.Bits() && outer.Contains(inner.Addr())
}

func checkVPCNetwork(cidr string) error {
	p, ok := parseNetwork(cidr)
	if !ok || p.Bits() > 28 {
		return refuse(vpcBadParameter, "cidr %s is no IPv4 network of at least 16 addresses.", cidr)
	}
	for _, r := range privateRanges {
		if contains(r, p) {
			return nil
		}
	}
	return refuse(vpcBadParameter, "cidr %s is not within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16.", cidr)
}

// createVPC answers CreateVpc.
func createVPC(c *call) (reply, error) {
	var body struct {
		VPC vpcFields `json:"vpc"`
	}
	if err := c.decode(&body); err != nil {
		return reply{}, err
	}
	if err := c.needRoom(QuotaVPCs, kindVPC, "router"); err != nil {
		return reply{}, err
	}
	v := &vpc{
		ID: newID(), Project: c.project, EnterpriseProject: "0", BlockEndpoints: "off",
		Created: c.now, Updated: c.now, Ready: c.ends(takesVPC),
	}
	if err := c.changeVPC(v, body.VPC); err != nil {
		return reply{}, err
	}
	return answer(map[string]any{"vpc": v.wire(c.now)})
}

// needRoom refuses one more object of a kind if the quota is used up.
func (c *call) needRoom(quota, kind, resource string) error {
	ok, err := c.room(quota, kind, 1)
	if err == nil && !ok {
		err = refuse(vpcQuotaUsedUp, "Quota exceeded for resources: ['%s'].", resource).withStatus(http.StatusConflict)
	}
	return err
}

// changeVPC checks the fields, sets and stores them.
func (c *call) changeVPC(v *vpc, f vpcFields) error {
	if f.CIDR != nil {
		if err := checkVPCNetwork(*f.CIDR); err != nil {
			return err
		}
		if err := c.checkSubnetsFit(v, *f.CIDR); err != nil {
			return err
		}
	}
	if f.Name != nil && *f.Name != "" {
		same, err := named[vpc](c.tx, kindVPC, c.project, *f.Name)
		if err != nil {
			return err
		}
		for _, other := range same {
			if other.ID != v.ID {
				return refuse(vpcNameTaken, "The router name has exist.")
			}
		}
	}
	set(&v.Name, f.Name)
	set(&v.Description, f.Description)
	set(&v.CIDR, f.CIDR)
	set(&v.EnterpriseProject, f.EnterpriseProject)
	set(&v.Routes, f.Routes)
	set(&v.BlockEndpoints, f.BlockEndpoints)
	set(&v.UsageMetrics, f.UsageMetrics)
	return c.put(v)
}

// checkSubnetsFit refuses a network that would leave subnets outside.
func (c *call) checkSubnetsFit(v *vpc, cidr string) error {
	p, _ := parseNetwork(cidr)
	list, err := children[subnet](c.tx, kindSubnet, v.ID)
	if err != nil {
		return err
	}
	for _, s := range list {
		if !contains(p, s.network()) {
			return refuse(vpcTooNarrow, "Cidr can not contain subnetList cidr.")
		}
	}
	return nil
}

// vpc finds the VPC of that ID.
func (c *call) vpc(id string) (*vpc, error) {
	v, err := get[vpc](c.tx, kindVPC, id)
	if err != nil {
		return nil, err
	}
	if v == nil || v.Project != c.project {
		return nil, refuse(vpcNotFound, "The VPC %s could not be found.", id).withStatus(http.StatusNotFound)
	}
	return v, nil
}

// showVPC answers ShowVpc.
func showVPC(c *call) (reply, error) {
	v, err := c.vpc(c.params["vpc_id"])
	if err != nil {
		return reply{}, err
	}
	return answer(map[string]any{"vpc": v.wire(c.now)})
}

// listVPCs answers ListVpcs.
func listVPCs(c *call) (reply, error) {
	list, err := all[vpc](c.tx, kindVPC, c.project)
	if err != nil {
		return reply{}, err
	}
	out := []*vpc{}
	for _, v := range list {
		if (c.query.Get("id") == "" || c.query.Get("id") == v.ID) && c.inEnterpriseProject(v.EnterpriseProject) {
			out = append(out, v)
		}
	}
	wires := []any{}
	for _, v := range page(c, out, func(v *vpc) string { return v.ID }, pageOfVPCs) {
		wires = append(wires, v.wire(c.now))
	}
	return answer(map[string]any{"vpcs": wires})
}

// inEnterpriseProject applies the query's filter of that name.
func (c *call) inEnterpriseProject(project string) bool {
	asked := c.query.Get("enterprise_project_id")
	return asked == "" || asked == "all_granted_eps" || asked == project
}

// updateVPC answers UpdateVpc.
func updateVPC(c *call) (reply, error) {
	v, err := c.vpc(c.params["vpc_id"])
	if err != nil {
		return reply{}, err
	}
	var body struct {
		VPC vpcFields `json:"vpc"`
	}
	if err := c.decode(&body); err != nil {
		return reply{}, err
	}
	v.Updated = c.now
	if err := c.changeVPC(v, body.VPC); err != nil {
		return reply{}, err
	}
	return answer(map[string]any{"vpc": v.wire(c.now)})
}

// deleteVPC answers DeleteVpc.
func deleteVPC(c *call) (reply, error) {
	v, err := c.vpc(c.params["vpc_id"])
	if err != nil {
		return reply{}, err
	}
	list, err := children[subnet](c.tx, kindSubnet, v.ID)
	if err != nil {
		return reply{}, err
	}
	if len(list) > 0 {
		return reply{}, refuse(vpcHasSubnets, "Router contains subnets, please delete subnet first.").withStatus(http.StatusConflict)
	}
	if err := c.remove(v); err != nil {
		return reply{}, err
	}
	return nothing()
}

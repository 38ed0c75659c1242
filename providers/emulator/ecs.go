package emulator

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	kindServer = "ecs.server"
	kindDisk   = "evs.volume"
)

// Codes of ECS. Only Ecs.0114 is sure; the others are chosen from its table by
// meaning.
const (
	ecsBadRequest   = "Ecs.0005"
	ecsForbidden    = "Ecs.0003"
	ecsInternal     = "Ecs.0000"
	ecsNotFound     = "Ecs.0114"
	ecsBadFlavor    = "Ecs.0019"
	ecsBadImage     = "Ecs.0021"
	ecsBadNetwork   = "Ecs.0038"
	ecsWeakPassword = "Ecs.0011"
	ecsNoAddress    = "Ecs.0049"
	ecsNoJob        = "Ecs.0053"
)

const (
	takesServer         = 2 * time.Minute // creation; the emulator's choice
	takesServerDeletion = time.Minute
	pageOfServers       = 25 // default length of a page
)

// ecsService is the server service: /v1/{project_id}/cloudservers and jobs, and
// /v1.1/{project_id}/cloudservers.
func ecsService() *service {
	return &service{
		name: "ecs",
		owns: func(segments []string) bool {
			return ownsV1(segments, "cloudservers", "jobs") || segments[0] == "v1.1"
		},
		operations: map[string]handler{
			"CreateServers":      createServers,
			"ShowJob":            showJob,
			"ShowServer":         showServer,
			"ListServersDetails": listServers,
			"UpdateServer":       updateServer,
			"DeleteServers":      deleteServers,
		},
		settle:     map[string]settler{kindJob: settleJob},
		errorShape: shapeNested,
		plain:      ecsPlain,
		violation: func(v violation) *apiError {
			return refuse(ecsBadRequest, "The request is invalid: %s %s", orBody(v.field), v.reason)
		},
	}
}

func ecsPlain(status int) *apiError {
	switch status {
	case http.StatusForbidden:
		return &apiError{status: status, code: ecsForbidden, message: "The project is not yours."}
	case http.StatusInternalServerError:
		return &apiError{status: status, code: ecsInternal, message: "Internal error."}
	}
	return gatewayError(status)
}

// server is a cloud server.
type server struct {
	ID                string
	Project           string
	Name, Description string
	Hostname          string
	Flavor, Image     string
	Zone              string
	VPC               string
	KeyName           string
	SecurityGroups    []string // IDs
	Metadata          map[string]string
	Tags              []string
	EnterpriseProject string
	Nics              []nic
	Volumes           []volume
	PublicIP          string // ID of the elastic address; "" if it has none
	Status            string // "BUILD", "ACTIVE" or "ERROR"
	Fault             string
	Deleting          bool
	Created, Updated  time.Time
	Launched          time.Time
}

// nic is a network card.
type nic struct {
	Port, Subnet, IP, MAC string
}

// volume is a disk.
type volume struct {
	ID     string
	Type   string
	Size   int // GB
	Device string
	Boot   bool
}

// disk is a volume as an object of its own, so that one that a deleted server
// leaves behind is still in the account.
type disk struct {
	volume
	Project string
	Server  string // "" when it is not attached
	Created time.Time
}

func (d *disk) object() Object {
	return Object{Kind: kindDisk, ID: d.ID, Project: d.Project, Parent: d.Server, Created: d.Created}
}

func (s *server) object() Object {
	return Object{Kind: kindServer, ID: s.ID, Project: s.Project, Name: s.Name, Created: s.Created}
}

// serverOrder is what the emulator keeps of the body of CreateServers.
type serverOrder struct {
	DryRun bool `json:"dry_run"`
	Server struct {
		Name        string `json:"name"`
		Description string `json:"description"`
		Image       string `json:"imageRef"`
		Flavor      string `json:"flavorRef"`
		VPC         string `json:"vpcid"`
		Nics        []struct {
			Subnet string `json:"subnet_id"`
			IP     string `json:"ip_address"`
		} `json:"nics"`
		PublicIP *struct {
			ID  string `json:"id"`
			EIP *struct {
				Type      string `json:"iptype"`
				Bandwidth struct {
					Size      int    `json:"size"`
					ShareType string `json:"sharetype"`
					Charge    string `json:"chargemode"`
					ID        string `json:"id"`
				} `json:"bandwidth"`
			} `json:"eip"`
		} `json:"publicip"`
		Count          int           `json:"count"`
		RootVolume     volumeOrder   `json:"root_volume"`
		DataVolumes    []volumeOrder `json:"data_volumes"`
		SecurityGroups []struct {
			ID string `json:"id"`
		} `json:"security_groups"`
		Zone       string            `json:"availability_zone"`
		KeyName    string            `json:"key_name"`
		Password   string            `json:"adminPass"`
		Metadata   map[string]string `json:"metadata"`
		Tags       []string          `json:"tags"`
		ServerTags []struct {
			Key   string `json:"key"`
			Value string `json:"value"`
		} `json:"server_tags"`
		Extend struct {
			EnterpriseProject string `json:"enterprise_project_id"`
			ChargingMode      string `json:"chargingMode"`
		} `json:"extendparam"`
	} `json:"server"`
}

type volumeOrder struct {
	Type string `json:"volumetype"`
	Size int    `json:"size"`
}

// flavorForm is the form of flavours, such as s6.large.2.
var flavorForm = regexp.MustCompile(`^[a-z][a-z0-9]*\.[a-z0-9]+(\.[a-z0-9.]+)?$`)

// check judges what can be judged without the network. Flavours and images that
// are well formed are taken to exist.
func (o *serverOrder) check() error {
	s := &o.Server
	switch {
	case !flavorForm.MatchString(s.Flavor):
		return refuse(ecsBadFlavor, "The flavor %s does not exist.", s.Flavor)
	case !uuidForm.MatchString(s.Image):
		return refuse(ecsBadImage, "The image %s does not exist.", s.Image)
	case s.Password != "" && !strongPassword(s.Password):
		return refuse(ecsWeakPassword, "adminPass is too weak.")
	case s.Extend.ChargingMode == "prePaid":
		return refuse(ecsBadRequest, "chargingMode prePaid is not available: servers are pay-per-use here.")
	case len(s.Nics) == 0:
		return refuse(ecsBadRequest, "nics is empty.")
	case s.PublicIP != nil && (s.PublicIP.ID == "") == (s.PublicIP.EIP == nil):
		return refuse(ecsBadRequest, "publicip needs either id or eip.")
	case s.PublicIP != nil && s.Count > 1 && s.PublicIP.ID != "":
		return refuse(ecsBadRequest, "one publicip id cannot serve several servers.")
	}
	return nil
}

// createServers answers CreateServers. Network cards and the elastic address
// are taken at once; the servers are built by a job. A repeated
// X-Client-Token gets the first answer again.
func createServers(c *call) (reply, error) {
	if again, err := c.sameRequest(); err != nil || again != nil {
		return reply{body: again}, err
	}
	var o serverOrder
	if err := c.decode(&o); err != nil {
		return reply{}, err
	}
	if err := o.check(); err != nil {
		return reply{}, err
	}
	if o.DryRun {
		return reply{status: http.StatusAccepted}, nil
	}
	var ids []string
	count := max(1, o.Server.Count)
	for n := range count {
		s, err := c.build(&o, serverName(o.Server.Name, n, count))
		if err != nil {
			return reply{}, err
		}
		ids = append(ids, s.ID)
	}
	j, err := c.startJob("createServer", "createSingleServer", ids, takesServer, jobOptions{ClientToken: c.header.Get("X-Client-Token")})
	if err != nil {
		return reply{}, err
	}
	return answer(map[string]any{"job_id": j.ID, "serverIds": ids})
}

// serverName numbers servers that are made together.
func serverName(name string, n, count int) string {
	if count == 1 {
		return name
	}
	return fmt.Sprintf("%s-%04d", name, n+1)
}

// sameRequest is the answer to an earlier request with the same client token;
// nil if there was none.
func (c *call) sameRequest() (any, error) {
	token := c.header.Get("X-Client-Token")
	if token == "" {
		return nil, nil
	}
	jobs, err := named[job](c.tx, kindJob, c.project, token)
	if err != nil || len(jobs) == 0 {
		return nil, err
	}
	return map[string]any{"job_id": jobs[0].ID, "serverIds": jobs[0].Servers}, nil
}

// build makes one server in status BUILD, with its cards and elastic address.
func (c *call) build(o *serverOrder, name string) (*server, error) {
	in := &o.Server
	v, err := get[vpc](c.tx, kindVPC, in.VPC)
	if err != nil {
		return nil, err
	}
	if v == nil || v.Project != c.project {
		return nil, refuse(ecsBadNetwork, "The VPC %s does not exist.", in.VPC)
	}
	s := &server{
		ID: newID(), Project: c.project, Name: name, Description: in.Description, Hostname: strings.ToLower(name),
		Flavor: in.Flavor, Image: in.Image, Zone: orDefault(in.Zone, c.e.opts.Region+"a"), VPC: in.VPC, KeyName: in.KeyName,
		Metadata: in.Metadata, Tags: in.Tags, EnterpriseProject: orDefault(in.Extend.EnterpriseProject, "0"),
		Status: "BUILD", Created: c.now, Updated: c.now,
	}
	for _, t := range in.ServerTags {
		s.Tags = append(s.Tags, t.Key+"="+t.Value)
	}
	for _, g := range in.SecurityGroups {
		s.SecurityGroups = append(s.SecurityGroups, g.ID)
	}
	s.Volumes = []volume{newVolume(in.RootVolume, 0)}
	for n, d := range in.DataVolumes {
		s.Volumes = append(s.Volumes, newVolume(d, n+1))
	}
	for _, d := range s.Volumes {
		if err := c.put(&disk{volume: d, Project: s.Project, Server: s.ID, Created: c.now}); err != nil {
			return nil, err
		}
	}
	if err := c.plugAll(s, o); err != nil {
		return nil, err
	}
	if err := c.giveAddress(s, o); err != nil {
		return nil, err
	}
	return s, c.put(s)
}

// defaultRootGB is the size of a system disk of which none is given.
const defaultRootGB = 40

func newVolume(o volumeOrder, n int) volume {
	size := o.Size
	if size == 0 {
		size = defaultRootGB
	}
	return volume{ID: newID(), Type: o.Type, Size: size, Device: "/dev/vd" + string(rune('a'+n)), Boot: n == 0}
}

// plugAll connects a server's cards.
func (c *call) plugAll(s *server, o *serverOrder) error {
	for _, in := range o.Server.Nics {
		net, err := get[subnet](c.tx, kindSubnet, in.Subnet)
		if err != nil {
			return err
		}
		if net == nil || net.VPC != s.VPC {
			return refuse(ecsBadNetwork, "The subnet %s does not exist in the VPC %s.", in.Subnet, s.VPC)
		}
		p, err := c.plug(net, s.ID, in.IP)
		if err != nil {
			return err
		}
		if p == nil {
			return refuse(ecsNoAddress, "The address is in use, or none is left in the subnet %s.", in.Subnet)
		}
		s.Nics = append(s.Nics, nic{Port: p.ID, Subnet: net.ID, IP: p.IP, MAC: p.MAC})
	}
	return nil
}

// giveAddress binds an elastic address to the first card: an existing one, or a
// new one.
func (c *call) giveAddress(s *server, o *serverOrder) error {
	in := o.Server.PublicIP
	if in == nil {
		return nil
	}
	var p *publicIP
	var err error
	if in.ID != "" {
		p, err = c.publicIP(in.ID)
	} else {
		b := in.EIP.Bandwidth
		order := eipOrder{EnterpriseProject: s.EnterpriseProject, Bandwidth: bandwidthOrder{
			ShareType: b.ShareType, Charge: b.Charge, ID: b.ID, Size: b.Size, Name: "bandwidth-" + s.Name,
		}}
		order.PublicIP.Type = in.EIP.Type
		p, err = c.allocate(order)
	}
	if err != nil {
		return err
	}
	s.PublicIP = p.ID
	return c.bind(p, s.Nics[0].Port)
}

// server finds the server of that ID.
func (c *call) server(id string) (*server, error) {
	s, err := get[server](c.tx, kindServer, id)
	if err != nil {
		return nil, err
	}
	if s == nil || s.Project != c.project {
		return nil, refuse(ecsNotFound, "Instance[%s] could not be found.", id).withStatus(http.StatusNotFound)
	}
	return s, nil
}

// showServer answers ShowServer.
func showServer(c *call) (reply, error) {
	s, err := c.server(c.params["server_id"])
	if err != nil {
		return reply{}, err
	}
	w, err := c.serverWire(s)
	if err != nil {
		return reply{}, err
	}
	return answer(map[string]any{"server": w})
}

// serverWire is a server as answers show it.
func (c *call) serverWire(s *server) (map[string]any, error) {
	addresses, err := c.addresses(s)
	if err != nil {
		return nil, err
	}
	task, power := "", 1
	switch {
	case s.Status == "BUILD":
		task, power = "spawning", 0
	case s.Deleting:
		task = "deleting"
	}
	states := map[string]string{"BUILD": "building", "ACTIVE": "active", "ERROR": "error"}
	w := map[string]any{
		"id": s.ID, "name": s.Name, "description": s.Description, "status": s.Status, "tenant_id": s.Project,
		"user_id": DefaultUserID, "created": wireTime(s.Created), "updated": wireTime(s.Updated), "auto_terminate_time": "",
		"flavor": flavorWire(s.Flavor), "image": map[string]any{"id": s.Image}, "key_name": s.KeyName,
		"addresses": addresses, "metadata": s.metadata(), "tags": nonNil(s.Tags), "security_groups": s.securityGroups(),
		"enterprise_project_id": s.EnterpriseProject, "locked": false, "progress": 0, "config_drive": "",
		"accessIPv4": "", "accessIPv6": "", "hostId": s.hostID(), "host_status": "UP",
		"OS-EXT-SRV-ATTR:host": "emulator", "OS-EXT-SRV-ATTR:instance_name": "instance-" + s.ID[:8],
		"OS-EXT-SRV-ATTR:hypervisor_hostname": "emulator", "OS-EXT-SRV-ATTR:hostname": s.Hostname,
		"OS-EXT-SRV-ATTR:launch_index": 0, "OS-EXT-SRV-ATTR:kernel_id": "", "OS-EXT-SRV-ATTR:ramdisk_id": "",
		"OS-EXT-SRV-ATTR:root_device_name": "/dev/vda", "OS-EXT-AZ:availability_zone": s.Zone, "OS-DCF:diskConfig": "MANUAL",
		"OS-EXT-STS:task_state": task, "OS-EXT-STS:vm_state": states[s.Status], "OS-EXT-STS:power_state": power,
		"OS-SRV-USG:launched_at": "", "OS-SRV-USG:terminated_at": "",
		"os-extended-volumes:volumes_attached": s.attached(),
	}
	if !s.Launched.IsZero() {
		w["OS-SRV-USG:launched_at"] = s.Launched.UTC().Format("2006-01-02T15:04:05.000000")
	}
	if s.Fault != "" {
		w["fault"] = map[string]any{"message": s.Fault, "code": 500, "created": wireTime(s.Updated)}
	}
	return w, nil
}

// nonNil makes a list that JSON writes as [] of none.
func nonNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// hostID is stable for a server's project.
func (s *server) hostID() string { return orgHash(s.Project, "host") }

// metadata is the server's own with what the service adds.
func (s *server) metadata() map[string]string {
	m := map[string]string{"charging_mode": "0", "vpc_id": s.VPC, "metering.image_id": s.Image, "image_name": s.Image}
	for k, v := range s.Metadata {
		m[k] = v
	}
	return m
}

func (s *server) securityGroups() []any {
	groups := []any{}
	for _, id := range s.SecurityGroups {
		groups = append(groups, map[string]any{"id": id, "name": id})
	}
	if len(groups) == 0 {
		groups = append(groups, map[string]any{"id": s.VPC, "name": "default"})
	}
	return groups
}

func (s *server) attached() []any {
	list := []any{}
	for _, v := range s.Volumes {
		boot := "-1"
		if v.Boot {
			boot = "0"
		}
		list = append(list, map[string]any{
			"id": v.ID, "device": v.Device, "bootIndex": boot, "delete_on_termination": strconv.FormatBool(v.Boot),
		})
	}
	return list
}

// addresses are a server's addresses by VPC: those of its cards, and the
// elastic one at the card that it is bound to.
func (c *call) addresses(s *server) (map[string]any, error) {
	list := []any{}
	public, err := get[publicIP](c.tx, kindPublicIP, s.PublicIP)
	if err != nil {
		return nil, err
	}
	for n, card := range s.Nics {
		entry := map[string]any{
			"version": "4", "addr": card.IP, "primary": n == 0, "OS-EXT-IPS:type": "fixed",
			"OS-EXT-IPS-MAC:mac_addr": card.MAC, "OS-EXT-IPS:port_id": card.Port,
		}
		list = append(list, entry)
		if public != nil && public.Port == card.Port {
			list = append(list, map[string]any{
				"version": "4", "addr": public.Address, "OS-EXT-IPS:type": "floating",
				"OS-EXT-IPS-MAC:mac_addr": card.MAC, "OS-EXT-IPS:port_id": card.Port,
			})
		}
	}
	return map[string]any{s.VPC: list}, nil
}

// flavorWire reads what a flavour's name says: its size gives the processors,
// its last number the GB of memory for each.
func flavorWire(name string) map[string]any {
	cpus, ratio := 1, 2
	parts := strings.Split(name, ".")
	if len(parts) > 1 {
		switch size := parts[1]; {
		case size == "large":
			cpus = 2
		case strings.HasSuffix(size, "xlarge"):
			n, err := strconv.Atoi(strings.TrimSuffix(size, "xlarge"))
			if err != nil {
				n = 1
			}
			cpus = 4 * n
		}
	}
	if len(parts) > 2 {
		if n, err := strconv.Atoi(parts[2]); err == nil {
			ratio = n
		}
	}
	return map[string]any{
		"id": name, "name": name, "disk": "0", "vcpus": strconv.Itoa(cpus), "ram": strconv.Itoa(cpus * ratio * 1024),
		"gpus": []any{}, "asic_accelerators": []any{},
	}
}

// listServers answers ListServersDetails. name is a part of the name, as the
// service has it; offset counts pages from 1, and marker goes on after an ID.
func listServers(c *call) (reply, error) {
	list, err := all[server](c.tx, kindServer, c.project)
	if err != nil {
		return reply{}, err
	}
	found := []*server{}
	for _, s := range list {
		if s.matches(c) {
			found = append(found, s)
		}
	}
	limit := c.intQuery("limit", pageOfServers)
	from := min(len(found), (max(1, c.intQuery("offset", 1))-1)*limit)
	shown := found[from:]
	if c.query.Get("marker") == "" {
		shown = shown[:min(len(shown), limit)]
	} else {
		shown = page(c, found, func(s *server) string { return s.ID }, limit)
	}
	wires := []any{}
	for _, s := range shown {
		w, err := c.serverWire(s)
		if err != nil {
			return reply{}, err
		}
		wires = append(wires, w)
	}
	return answer(map[string]any{"count": len(found), "servers": wires})
}

// matches applies the filters of ListServersDetails.
func (s *server) matches(c *call) bool {
	q := c.query
	if name := q.Get("name"); name != "" && !strings.Contains(s.Name, name) {
		return false
	}
	if status := q.Get("status"); status != "" && status != s.Status {
		return false
	}
	if flavor := q.Get("flavor"); flavor != "" && flavor != s.Flavor {
		return false
	}
	if ids := q.Get("server_id"); ids != "" && !slices.Contains(strings.Split(ids, ","), s.ID) {
		return false
	}
	hasIP := func(test func(ip string) bool) bool {
		return slices.ContainsFunc(s.Nics, func(n nic) bool { return test(n.IP) })
	}
	if ip := q.Get("ip_eq"); ip != "" && !hasIP(func(own string) bool { return own == ip }) {
		return false
	}
	if ip := q.Get("ip"); ip != "" && !hasIP(func(own string) bool { return strings.Contains(own, ip) }) {
		return false
	}
	return c.inEnterpriseProject(s.EnterpriseProject)
}

// updateServer answers UpdateServer.
func updateServer(c *call) (reply, error) {
	s, err := c.server(c.params["server_id"])
	if err != nil {
		return reply{}, err
	}
	var body struct {
		Server struct {
			Name        *string `json:"name"`
			Description *string `json:"description"`
			Hostname    *string `json:"hostname"`
		} `json:"server"`
	}
	if err := c.decode(&body); err != nil {
		return reply{}, err
	}
	set(&s.Name, body.Server.Name)
	set(&s.Description, body.Server.Description)
	set(&s.Hostname, body.Server.Hostname)
	s.Updated = c.now
	if err := c.put(s); err != nil {
		return reply{}, err
	}
	return answer(map[string]any{"server": s.updateWire()})
}

// updateWire is the other form of a server, which only UpdateServer answers.
func (s *server) updateWire() map[string]any {
	list := []any{}
	for _, card := range s.Nics {
		list = append(list, map[string]any{"version": 4, "addr": card.IP})
	}
	return map[string]any{
		"id": s.ID, "name": s.Name, "description": s.Description, "status": s.Status, "tenant_id": s.Project,
		"user_id": DefaultUserID, "image": s.Image, "flavor": map[string]any{"id": s.Flavor, "links": []any{}},
		"created": wireTime(s.Created), "updated": wireTime(s.Updated), "hostId": s.hostID(), "progress": 0,
		"accessIPv4": "", "accessIPv6": "", "metadata": s.metadata(), "addresses": map[string]any{s.VPC: list},
		"links": []any{}, "tags": nonNil(s.Tags), "locked": false, "OS-DCF:diskConfig": "MANUAL",
		"OS-EXT-SRV-ATTR:hostname": s.Hostname,
	}
}

// deleteServers answers DeleteServers. The servers go when the job ends, and
// with them what the flags name.
func deleteServers(c *call) (reply, error) {
	var body struct {
		DeletePublicIP bool `json:"delete_publicip"`
		DeleteVolume   bool `json:"delete_volume"`
		Servers        []struct {
			ID string `json:"id"`
		} `json:"servers"`
	}
	if err := c.decode(&body); err != nil {
		return reply{}, err
	}
	if len(body.Servers) == 0 {
		return reply{}, refuse(ecsBadRequest, "servers is empty.")
	}
	ids := []string{}
	for _, in := range body.Servers {
		s, err := c.server(in.ID)
		if err != nil {
			return reply{}, err
		}
		s.Deleting = true
		if err := c.put(s); err != nil {
			return reply{}, err
		}
		ids = append(ids, s.ID)
	}
	j, err := c.startJob("deleteServer", "deleteSingleServer", ids, takesServerDeletion, jobOptions{
		DeletePublicIP: body.DeletePublicIP, DeleteVolume: body.DeleteVolume,
	})
	if err != nil {
		return reply{}, err
	}
	return answer(map[string]any{"job_id": j.ID})
}

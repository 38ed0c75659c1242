package emulator

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

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

// flavorSize reads what a flavour's name says: its size gives the processors,
// its last number the GB of memory for each.
func flavorSize(name string) (cores, ramMB int) {
	cores, ratio := 1, 2
	parts := strings.Split(name, ".")
	if len(parts) > 1 {
		switch size := parts[1]; {
		case size == "large":
			cores = 2
		case strings.HasSuffix(size, "xlarge"):
			n, err := strconv.Atoi(strings.TrimSuffix(size, "xlarge"))
			if err != nil {
				n = 1
			}
			cores = 4 * n
		}
	}
	if len(parts) > 2 {
		if n, err := strconv.Atoi(parts[2]); err == nil {
			ratio = n
		}
	}
	return cores, cores * ratio * 1024
}

// flavorWire is the flavour of a server.
func flavorWire(name string) map[string]any {
	cores, ram := flavorSize(name)
	return map[string]any{
		"id": name, "name": name, "disk": "0", "vcpus": strconv.Itoa(cores), "ram": strconv.Itoa(ram),
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
	wires, err := wiresOf(shown, c.serverWire)
	if err != nil {
		return reply{}, err
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

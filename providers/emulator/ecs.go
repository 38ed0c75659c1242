package emulator

import (
	"fmt"
	"net/http"
	"regexp"
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
	ecsQuotaUsedUp  = "Ecs.0001"
)

const (
	takesServer         = 2 * time.Minute // creation; the emulator's choice
	takesServerDeletion = time.Minute
	pageOfServers       = 25 // default length of a page
	pageOfFlavors       = 1000
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
			"ListFlavors":        listFlavors,
			"ShowServerLimits":   showServerLimits,
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
	if err := c.checkServerRoom(o.Server.Flavor, count); err != nil {
		return reply{}, err
	}
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

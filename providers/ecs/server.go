package ecs

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/ecs/v2/model"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// server provides ECS.CloudServer. Names of servers are not unique, so what
// exists under the name is noted before anything is sent; besides, the order
// carries a token that keeps the service from carrying it out twice.
type server struct {
	api
	huaweicloud.LooksFirst
}

// noteToken holds the token of an order.
const noteToken = "token"

// Advance implements providers.Provider.
func (p server) Advance(ctx context.Context, req *providers.Request, op providers.Operation, resumed bool) (providers.Progress, error) {
	switch req.Action {
	case providers.Create:
		return p.create(ctx, req, op, resumed)
	case providers.Delete:
		return p.delete(ctx, req, op, resumed)
	}
	return p.update(ctx, req, op)
}

func (p server) create(ctx context.Context, req *providers.Request, op providers.Operation, resumed bool) (providers.Progress, error) {
	var want serverProperties
	if err := providers.Decode(req.Properties, &want); err != nil {
		return providers.Progress{}, err
	}
	name := huaweicloud.Name(req, maxNameChars)
	progress, err := huaweicloud.Creation{
		What:    "server",
		Request: req,
		Late:    p.c.Late(),
		Look: func(ctx context.Context) (map[string]string, error) {
			if err := want.check(); err != nil {
				return nil, err
			}
			all, err := p.named(ctx, want, name)
			notes := huaweicloud.Existing(all)
			notes[noteToken] = uuid.NewString()
			return notes, err
		},
		Send: func(ctx context.Context, op providers.Operation) (providers.Operation, error) {
			r, err := p.createServers(ctx, op.Note[noteToken], want.order(name))
			if err != nil {
				return providers.Operation{}, err
			}
			next := providers.Operation{ID: huaweicloud.Val(r.JobId), Note: op.Note}
			if ids := huaweicloud.Val(r.ServerIds); len(ids) == 1 {
				next.ObjectID = ids[0]
			}
			return next, nil
		},
		Find: func(ctx context.Context) ([]huaweicloud.Found, error) { return p.named(ctx, want, name) },
		Wait: func(ctx context.Context, op providers.Operation) (providers.Progress, error) {
			return p.created(ctx, req, want, op)
		},
	}.Advance(ctx, op, resumed)
	huaweicloud.Scrub(err, want.AdminPass, want.UserData)
	return progress, err
}

// Search implements providers.Searcher.
func (p server) Search(ctx context.Context, req *providers.Request, op providers.Operation) ([]providers.Candidate, error) {
	var want serverProperties
	if err := providers.Decode(req.Properties, &want); err != nil {
		return nil, err
	}
	all, err := p.named(ctx, want, huaweicloud.Name(req, maxNameChars))
	return huaweicloud.Fresh(op, all), err
}

// named returns the servers with a name. One in another zone or VPC than was
// ordered is not the one.
func (p server) named(ctx context.Context, want serverProperties, name string) ([]huaweicloud.Found, error) {
	all, err := p.serversNamed(ctx, name)
	var out []huaweicloud.Found
	for _, s := range all {
		out = append(out, huaweicloud.Found{Candidate: providers.Candidate{
			ID: s.Id, Name: s.Name, Parent: parentOf(s), Created: createdAt(s), Against: want.against(s), Doubt: want.doubt(s),
		}})
	}
	return out, err
}

func parentOf(s *model.ServerDetail) string {
	if id := s.Metadata["vpc_id"]; id != "" {
		return "VPC " + id
	}
	return ""
}

func createdAt(s *model.ServerDetail) time.Time {
	at, _ := time.Parse(time.RFC3339, s.Created) // the zero time says nothing
	return at
}

// against says why a server is not what was ordered, as far as that never
// changes; "" if nothing speaks against it.
func (w serverProperties) against(s *model.ServerDetail) string {
	switch zone, vpc := s.OSEXTAZavailabilityZone, s.Metadata["vpc_id"]; {
	case w.Zone != "" && zone != "" && zone != w.Zone:
		return fmt.Sprintf("it is in zone %s, and %s was ordered", zone, w.Zone)
	case vpc != "" && vpc != w.VPC:
		return fmt.Sprintf("it is in VPC %s, and %s was ordered", vpc, w.VPC)
	}
	return ""
}

// doubt says what else differs from the order; "" if nothing does.
func (w serverProperties) doubt(s *model.ServerDetail) string {
	switch flavor, image := huaweicloud.Val(s.Flavor).Id, huaweicloud.Val(s.Image).Id; {
	case flavor != "" && flavor != w.Flavor:
		return fmt.Sprintf("its flavor is %s, and %s was ordered", flavor, w.Flavor)
	case image != "" && image != w.Image:
		return fmt.Sprintf("its image is %s, and %s was ordered", image, w.Image)
	}
	return ""
}

// created waits for the job and then for the server to be ACTIVE.
func (p server) created(ctx context.Context, req *providers.Request, want serverProperties, op providers.Operation) (providers.Progress, error) {
	job, err := p.job(ctx, op.ID)
	if err != nil {
		return providers.Progress{}, err
	}
	pending := providers.Progress{Next: op, After: poll, Substeps: job.steps, Message: job.message}
	if op.ObjectID == "" && job.serverID != "" {
		pending.Next.ObjectID = job.serverID
	}
	if job.running {
		return pending, nil
	}
	if pending.Next.ObjectID == "" { // neither answer nor job named it
		all, err := p.named(ctx, want, huaweicloud.Name(req, maxNameChars))
		if err != nil {
			return pending, err
		}
		found, err := huaweicloud.Pick(ctx, "server", op, req, all)
		if err != nil || found == nil {
			pending.Message = "the server is not listed yet"
			return pending, err
		}
		pending.Next.ObjectID = found.ID
	}
	s, err := p.showServer(ctx, pending.Next.ObjectID)
	switch {
	case huaweicloud.Gone(err):
		pending.Message = "the server is not shown yet"
		return pending, nil
	case err != nil:
		return pending, err
	case s.Status == "ERROR":
		return pending, &providers.Error{
			Kind:      providers.Failed,
			Operation: "ShowServer",
			Message:   "the server " + s.Id + " is in state ERROR",
			Advice:    "Look at the server on the console and delete it, then apply again.",
		}
	case s.Status != "ACTIVE":
		pending.Message = "the server is in state " + s.Status
		return pending, nil
	}
	o, err := p.object(ctx, s, req)
	return providers.Progress{Done: err == nil, Object: o, Substeps: job.steps}, err
}

// update sends what can change; to send it twice does no harm.
func (p server) update(ctx context.Context, req *providers.Request, op providers.Operation) (providers.Progress, error) {
	if op.Stage == huaweicloud.StageWait {
		s, err := p.showServer(ctx, req.ObjectID)
		if err != nil {
			return providers.Progress{}, err
		}
		o, err := p.object(ctx, s, req)
		return providers.Progress{Done: err == nil, Object: o}, err
	}
	name, description := huaweicloud.Name(req, maxNameChars), req.String("description")
	err := p.updateServer(ctx, req.ObjectID, &model.UpdateServerOption{Name: &name, Description: &description})
	return providers.Progress{Next: providers.Operation{Stage: huaweicloud.StageWait, ObjectID: req.ObjectID}}, err
}

// delete takes along what was made with the server: its disks and, unless it
// existed before, its elastic IP.
func (p server) delete(ctx context.Context, req *providers.Request, op providers.Operation, resumed bool) (providers.Progress, error) {
	id := req.ObjectID
	if op.Stage == huaweicloud.StageWait {
		return p.deleted(ctx, id, op)
	}
	var have serverProperties
	if err := providers.Decode(req.Properties, &have); err != nil {
		return providers.Progress{}, err
	}
	s, err := p.showServer(ctx, id)
	if huaweicloud.Gone(err) {
		return providers.Progress{Done: true}, nil
	}
	if err != nil {
		return providers.Progress{}, err
	}
	next := providers.Operation{Stage: huaweicloud.StageWait, ObjectID: id}
	if resumed && (s.Status == "DELETED" || s.OSEXTSTStaskState == "deleting") {
		return providers.Progress{Next: next, After: poll}, nil
	}
	next.ID, err = p.deleteServer(ctx, id, have.PublicIP == nil || have.PublicIP.ID == "")
	if huaweicloud.Gone(err) {
		return providers.Progress{Done: true}, nil
	}
	return providers.Progress{Next: next}, err
}

func (p server) deleted(ctx context.Context, id string, op providers.Operation) (providers.Progress, error) {
	job, err := p.job(ctx, op.ID)
	if err != nil {
		return providers.Progress{}, err
	}
	pending := providers.Progress{Next: op, After: poll, Substeps: job.steps, Message: job.message}
	if job.running {
		return pending, nil
	}
	s, err := p.showServer(ctx, id)
	if huaweicloud.Gone(err) || err == nil && s.Status == "DELETED" {
		return providers.Progress{Done: true, Substeps: job.steps}, nil
	}
	pending.Message = "the server is still there"
	return pending, err
}

// Read implements providers.Provider.
func (p server) Read(ctx context.Context, req *providers.Request) (*providers.Object, error) {
	s, err := p.showServer(ctx, req.ObjectID)
	if err != nil {
		return nil, err
	}
	if !exists(s) {
		return nil, deleted(s.Id)
	}
	return p.object(ctx, s, req)
}

// Late implements providers.Lagging.
func (p server) Late() time.Duration { return p.c.Late() }

// Working implements providers.Worker.
func (p server) Working(ctx context.Context, req *providers.Request) (string, error) {
	s, err := p.showServer(ctx, req.ObjectID)
	if huaweicloud.Gone(err) {
		return "", nil
	}
	if err != nil || s.OSEXTSTStaskState == "" {
		return "", err
	}
	return fmt.Sprintf("the server %s is in task state %s", req.ObjectID, s.OSEXTSTStaskState), nil
}

// ReadAll implements providers.Lister: servers and their elastic IPs are asked
// for by many IDs in a call.
func (p server) ReadAll(ctx context.Context, reqs []*providers.Request) ([]providers.Reading, error) {
	var bound []publicIP // of all the servers that were listed
	return huaweicloud.Listing[model.ServerDetail]{
		List: func(ctx context.Context, reqs []*providers.Request) (map[string]*model.ServerDetail, error) {
			listed, err := p.serversWithIDs(ctx, objectIDs(reqs))
			if err != nil {
				return nil, err
			}
			var ports []string
			for _, s := range listed {
				ports = append(ports, addressesOf(s).ports...)
			}
			bound, err = p.publicIPs(ctx, ports)
			return listed, err
		},
		Object: func(s *model.ServerDetail, req *providers.Request) (*providers.Object, error) {
			if !exists(s) {
				return nil, deleted(s.Id)
			}
			a := addressesOf(s)
			return serverObject(s, a, boundTo(bound, a.ports), req), nil
		},
		Read: p.Read,
	}.ReadAll(ctx, reqs)
}

func objectIDs(reqs []*providers.Request) []string {
	out := make([]string, 0, len(reqs))
	for _, req := range reqs {
		out = append(out, req.ObjectID)
	}
	return out
}

func exists(s *model.ServerDetail) bool { return s.Status != "DELETED" && s.Status != "SOFT_DELETED" }

func deleted(id string) error {
	return &providers.Error{Kind: providers.NotFound, Operation: "ShowServer", Message: "the server " + id + " is deleted"}
}

func (p server) object(ctx context.Context, s *model.ServerDetail, req *providers.Request) (*providers.Object, error) {
	a := addressesOf(s)
	bound, err := p.publicIPs(ctx, a.ports)
	if err != nil {
		return nil, err
	}
	return serverObject(s, a, bound, req), nil
}

// boundTo returns those of the elastic IPs that are bound to one of the ports.
func boundTo(all []publicIP, ports []string) []publicIP {
	var out []publicIP
	for _, p := range all {
		if slices.Contains(ports, huaweicloud.Val(p.PortId)) {
			out = append(out, p)
		}
	}
	return out
}

func serverObject(s *model.ServerDetail, a addresses, bound []publicIP, req *providers.Request) *providers.Object {
	bound = slices.SortedFunc(slices.Values(bound), func(x, y publicIP) int {
		return cmp.Compare(huaweicloud.Val(x.PublicIpAddress), huaweicloud.Val(y.PublicIpAddress))
	})
	ids, first := make([]string, 0, len(bound)), ""
	publics := make([]string, 0, len(bound))
	for _, b := range bound {
		ids = append(ids, huaweicloud.Val(b.Id))
		publics = append(publics, huaweicloud.Val(b.PublicIpAddress))
	}
	if len(ids) > 0 {
		first = ids[0]
	}
	read := map[string]any{"description": huaweicloud.Val(s.Description)}
	for name, text := range map[string]string{
		"availabilityZone":    s.OSEXTAZavailabilityZone,
		"enterpriseProjectId": huaweicloud.Val(s.EnterpriseProjectId),
		"flavor":              huaweicloud.Val(s.Flavor).Id,
		"imageId":             huaweicloud.Val(s.Image).Id,
		"vpcId":               s.Metadata["vpc_id"],
		"sshKeyName":          s.KeyName,
	} {
		if text != "" {
			read[name] = text
		}
	}
	read["name"] = huaweicloud.ReadName(req, s.Name, maxNameChars)
	return &providers.Object{
		ID: s.Id,
		Attributes: map[string]any{
			"refID":         s.Id,
			"refName":       s.Name,
			"status":        s.Status,
			"privateIps":    huaweicloud.Texts(a.private),
			"publicIps":     huaweicloud.Texts(publics),
			"floatingIpId":  first,
			"floatingIpIds": huaweicloud.Texts(ids),
		},
		Properties: huaweicloud.AsRecorded(read, huaweicloud.Recorded(req)),
	}
}

// addresses are the private addresses of a server and the ports that hold
// them, those of the primary interface first.
type addresses struct{ private, ports []string }

func addressesOf(s *model.ServerDetail) addresses {
	var fixed []model.ServerAddress
	for _, network := range slices.Sorted(maps.Keys(s.Addresses)) {
		for _, a := range s.Addresses[network] {
			if huaweicloud.Val(a.OSEXTIPStype).Value() != "floating" {
				fixed = append(fixed, a)
			}
		}
	}
	slices.SortStableFunc(fixed, func(x, y model.ServerAddress) int {
		return cmp.Compare(rank(x), rank(y))
	})
	var out addresses
	for _, a := range fixed {
		out.private = append(out.private, a.Addr)
		if port := huaweicloud.Val(a.OSEXTIPSportId); port != "" && !slices.Contains(out.ports, port) {
			out.ports = append(out.ports, port)
		}
	}
	return out
}

func rank(a model.ServerAddress) int {
	if huaweicloud.Val(a.Primary) {
		return 0
	}
	return 1
}

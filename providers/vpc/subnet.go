package vpc

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	sdk "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/vpc/v2"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/vpc/v2/model"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// subnet provides VPC.Subnet.
type subnet struct {
	c *huaweicloud.Client
	huaweicloud.LooksFirst
}

// subnetProperties are the properties of a subnet.
type subnetProperties struct {
	VPC         string   `json:"vpcId"`
	CIDR        string   `json:"cidr"`
	Gateway     string   `json:"gateway"`
	DNS         []string `json:"dnsList"`
	DHCP        *bool    `json:"dhcpEnable"`
	Zone        string   `json:"availabilityZone"`
	Description string   `json:"description"`
}

// primaryAndSecondary returns the first two name servers, nil where there are
// fewer: the service wants them beside the whole list.
func (s subnetProperties) primaryAndSecondary() (primary, secondary *string) {
	if len(s.DNS) > 0 {
		primary = &s.DNS[0]
	}
	if len(s.DNS) > 1 {
		secondary = &s.DNS[1]
	}
	return primary, secondary
}

// dnsList returns the whole list, nil if the blueprint gives none.
func (s subnetProperties) dnsList() *[]string {
	if s.DNS == nil {
		return nil
	}
	return &s.DNS
}

// Advance implements providers.Provider.
func (p subnet) Advance(ctx context.Context, req *providers.Request, op providers.Operation, resumed bool) (providers.Progress, error) {
	var props subnetProperties
	if err := providers.Decode(req.Properties, &props); err != nil {
		return providers.Progress{}, err
	}
	switch req.Action {
	case providers.Create:
		return p.create(ctx, req, props, op, resumed)
	case providers.Delete:
		return p.delete(ctx, req, props, op)
	}
	return p.update(ctx, req, props, op)
}

func (p subnet) create(ctx context.Context, req *providers.Request, want subnetProperties, op providers.Operation, resumed bool) (providers.Progress, error) {
	name := huaweicloud.Name(req, maxNameChars)
	return huaweicloud.Creation{
		What:    "subnet",
		Request: req,
		Late:    p.c.Late(),
		Look: func(ctx context.Context) (map[string]string, error) {
			all, err := p.named(ctx, want, name)
			return huaweicloud.Existing(all), err
		},
		Send: func(ctx context.Context, _ providers.Operation) (providers.Operation, error) {
			r, err := huaweicloud.Change(ctx, p.c, service, "CreateSubnet", (*sdk.VpcClient).CreateSubnet,
				&model.CreateSubnetRequest{Body: &model.CreateSubnetRequestBody{Subnet: createOption(name, want)}})
			if err != nil {
				return providers.Operation{}, err
			}
			return providers.Operation{ObjectID: huaweicloud.Val(r.Subnet).Id}, nil
		},
		Find: func(ctx context.Context) ([]huaweicloud.Found, error) { return p.named(ctx, want, name) },
		Wait: func(ctx context.Context, op providers.Operation) (providers.Progress, error) {
			return p.ready(ctx, req, op)
		},
	}.Advance(ctx, op, resumed)
}

func createOption(name string, want subnetProperties) *model.CreateSubnetOption {
	o := &model.CreateSubnetOption{
		Name:        name,
		Description: &want.Description,
		Cidr:        want.CIDR,
		VpcId:       want.VPC,
		GatewayIp:   want.Gateway,
		DhcpEnable:  want.DHCP,
		DnsList:     want.dnsList(),
	}
	o.PrimaryDns, o.SecondaryDns = want.primaryAndSecondary()
	if want.Zone != "" {
		o.AvailabilityZone = &want.Zone
	}
	return o
}

// ready waits for the status ACTIVE; UNKNOWN means not yet tied to the router.
func (p subnet) ready(ctx context.Context, req *providers.Request, op providers.Operation) (providers.Progress, error) {
	s, err := p.show(ctx, op.ObjectID)
	switch {
	case huaweicloud.Gone(err):
		return providers.Progress{Next: op, After: poll, Message: "the subnet is not shown yet"}, nil
	case err != nil:
		return providers.Progress{}, err
	case s.Status.Value() == "ERROR":
		return providers.Progress{}, &providers.Error{
			Kind:      providers.Failed,
			Operation: "ShowSubnet",
			Message:   "the subnet " + s.Id + " is in state ERROR",
			Advice:    "Delete it on the console, then apply again.",
		}
	case s.Status.Value() != "ACTIVE":
		return providers.Progress{Next: op, After: poll, Message: "the subnet is in state " + s.Status.Value()}, nil
	}
	return providers.Progress{Done: true, Object: subnetObject(s, req)}, nil
}

// update sends everything that can change; to send it twice does no harm.
func (p subnet) update(ctx context.Context, req *providers.Request, want subnetProperties, op providers.Operation) (providers.Progress, error) {
	if op.Stage == huaweicloud.StageWait {
		return p.ready(ctx, req, op)
	}
	if err := huaweicloud.InPath(want.VPC, req.ObjectID); err != nil {
		return providers.Progress{}, err
	}
	o := &model.UpdateSubnetOption{
		Name:        huaweicloud.Name(req, maxNameChars),
		Description: &want.Description,
		DhcpEnable:  want.DHCP,
		DnsList:     want.dnsList(),
	}
	o.PrimaryDns, o.SecondaryDns = want.primaryAndSecondary()
	_, err := huaweicloud.Change(ctx, p.c, service, "UpdateSubnet", (*sdk.VpcClient).UpdateSubnet,
		&model.UpdateSubnetRequest{VpcId: want.VPC, SubnetId: req.ObjectID, Body: &model.UpdateSubnetRequestBody{Subnet: o}})
	return providers.Progress{Next: providers.Operation{Stage: huaweicloud.StageWait, ObjectID: req.ObjectID}}, err
}

func (p subnet) delete(ctx context.Context, req *providers.Request, have subnetProperties, op providers.Operation) (providers.Progress, error) {
	id := req.ObjectID
	if op.Stage == huaweicloud.StageWait {
		_, err := p.show(ctx, id)
		if huaweicloud.Gone(err) {
			return providers.Progress{Done: true}, nil
		}
		return providers.Progress{Next: op, After: poll, Message: "the subnet is still there"}, err
	}
	if err := huaweicloud.InPath(have.VPC, id); err != nil {
		return providers.Progress{}, err
	}
	_, err := huaweicloud.Change(ctx, p.c, service, "DeleteSubnet", (*sdk.VpcClient).DeleteSubnet, &model.DeleteSubnetRequest{VpcId: have.VPC, SubnetId: id})
	if huaweicloud.Gone(err) {
		return providers.Progress{Done: true}, nil
	}
	return providers.Progress{Next: providers.Operation{Stage: huaweicloud.StageWait, ObjectID: id}},
		inUse(err, "Something still uses addresses of the subnet; it is waited for. If this does not end, look for servers and other objects in it that were made outside this stack.")
}

// Late implements providers.Lagging.
func (p subnet) Late() time.Duration { return p.c.Late() }

// Read implements providers.Provider.
func (p subnet) Read(ctx context.Context, req *providers.Request) (*providers.Object, error) {
	s, err := p.show(ctx, req.ObjectID)
	if err != nil {
		return nil, err
	}
	return subnetObject(s, req), nil
}

func (p subnet) show(ctx context.Context, id string) (*model.Subnet, error) {
	if err := huaweicloud.InPath(id); err != nil {
		return nil, err
	}
	r, err := huaweicloud.Read(ctx, p.c, service, "ShowSubnet", (*sdk.VpcClient).ShowSubnet, &model.ShowSubnetRequest{SubnetId: id})
	if err != nil {
		return nil, err
	}
	if r.Subnet == nil {
		return nil, &providers.Error{Kind: providers.Unexpected, Operation: "ShowSubnet", Message: "the answer holds no subnet"}
	}
	return r.Subnet, nil
}

// ReadAll implements providers.Lister.
func (p subnet) ReadAll(ctx context.Context, reqs []*providers.Request) ([]providers.Reading, error) {
	return huaweicloud.Listing[model.Subnet]{
		List: func(ctx context.Context, reqs []*providers.Request) (map[string]*model.Subnet, error) {
			all, err := p.list(ctx, commonVPC(reqs))
			return huaweicloud.ByID(all, subnetID), err
		},
		Object: func(s *model.Subnet, req *providers.Request) (*providers.Object, error) {
			return subnetObject(s, req), nil
		},
		Read: p.Read,
	}.ReadAll(ctx, reqs)
}

// commonVPC returns the VPC that all subnets are recorded to be in, "" if they
// are in several.
func commonVPC(reqs []*providers.Request) string {
	vpc := providers.Text(huaweicloud.Recorded(reqs[0])["vpcId"])
	for _, req := range reqs {
		if providers.Text(huaweicloud.Recorded(req)["vpcId"]) != vpc {
			return ""
		}
	}
	return vpc
}

// list returns the subnets of a VPC, those of the whole project if it is "".
func (p subnet) list(ctx context.Context, vpc string) ([]model.Subnet, error) {
	limit := int32(pageSize)
	return huaweicloud.Together(ctx, p.c, "ListSubnets "+vpc, func(ctx context.Context) ([]model.Subnet, error) {
		return huaweicloud.Pages(pageSize, subnetID, func(marker *string) ([]model.Subnet, error) {
			q := &model.ListSubnetsRequest{Limit: &limit, Marker: marker}
			if vpc != "" {
				q.VpcId = &vpc
			}
			r, err := huaweicloud.Read(ctx, p.c, service, "ListSubnets", (*sdk.VpcClient).ListSubnets, q)
			if err != nil {
				return nil, err
			}
			return huaweicloud.Val(r.Subnets), nil
		})
	})
}

func subnetID(s *model.Subnet) string { return s.Id }

// Search implements providers.Searcher.
func (p subnet) Search(ctx context.Context, req *providers.Request, op providers.Operation) ([]providers.Candidate, error) {
	var want subnetProperties
	if err := providers.Decode(req.Properties, &want); err != nil {
		return nil, err
	}
	all, err := p.named(ctx, want, huaweicloud.Name(req, maxNameChars))
	return huaweicloud.Fresh(op, all), err
}

// named returns the subnets with a name in the VPC that is wanted. Addresses
// never change, so a subnet with others is not the one that was asked for.
func (p subnet) named(ctx context.Context, want subnetProperties, name string) ([]huaweicloud.Found, error) {
	all, err := p.list(ctx, want.VPC)
	var out []huaweicloud.Found
	for _, s := range all {
		if s.Name != name {
			continue
		}
		f := huaweicloud.Found{Candidate: providers.Candidate{
			ID: s.Id, Name: s.Name, Parent: "VPC " + s.VpcId, Created: huaweicloud.Moment(s.CreatedAt),
		}}
		if !sameAddresses(s.Cidr, want.CIDR) {
			f.Against = fmt.Sprintf("its addresses are %s, and %s were asked for", s.Cidr, want.CIDR)
		}
		out = append(out, f)
	}
	return out, err
}

// sameAddresses compares two ranges by what they mean. What can't be read
// says nothing.
func sameAddresses(a, b string) bool {
	x, errX := netip.ParsePrefix(a)
	y, errY := netip.ParsePrefix(b)
	return errX != nil || errY != nil || x.Masked() == y.Masked()
}

func subnetObject(s *model.Subnet, req *providers.Request) *providers.Object {
	read := map[string]any{
		"vpcId":       s.VpcId,
		"cidr":        s.Cidr,
		"gateway":     s.GatewayIp,
		"dhcpEnable":  s.DhcpEnable,
		"description": s.Description,
		"dnsList":     huaweicloud.Texts(s.DnsList),
	}
	if s.AvailabilityZone != "" {
		read["availabilityZone"] = s.AvailabilityZone
	}
	read["name"] = huaweicloud.ReadName(req, s.Name, maxNameChars)
	return &providers.Object{
		ID: s.Id,
		Attributes: map[string]any{
			"refID":              s.Id,
			"refName":            s.Name,
			"vpcId":              s.VpcId,
			"status":             s.Status.Value(),
			"neutron_network_id": s.NeutronNetworkId,
			"neutron_subnet_id":  s.NeutronSubnetId,
		},
		Properties: huaweicloud.AsRecorded(read, huaweicloud.Recorded(req)),
	}
}

package vpc

import (
	"context"
	"fmt"
	"time"

	sdk "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/vpc/v2"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/vpc/v2/model"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// network provides VPC.VPC.
type network struct {
	c *huaweicloud.Client
	huaweicloud.LooksFirst
}

// networkProperties are the properties of a VPC.
type networkProperties struct {
	CIDR              string `json:"cidr"`
	Description       string `json:"description"`
	EnterpriseProject string `json:"enterpriseProjectId"`
}

// Advance implements providers.Provider.
func (p network) Advance(ctx context.Context, req *providers.Request, op providers.Operation, resumed bool) (providers.Progress, error) {
	switch req.Action {
	case providers.Create:
		return p.create(ctx, req, op, resumed)
	case providers.Delete:
		return p.delete(ctx, req, op)
	}
	return p.update(ctx, req, op)
}

func (p network) create(ctx context.Context, req *providers.Request, op providers.Operation, resumed bool) (providers.Progress, error) {
	var want networkProperties
	if err := providers.Decode(req.Properties, &want); err != nil {
		return providers.Progress{}, err
	}
	name := huaweicloud.Name(req, maxNameChars)
	return huaweicloud.Creation{
		What:    "VPC",
		Request: req,
		Late:    p.c.Late(),
		Look: func(ctx context.Context) (map[string]string, error) {
			all, err := p.named(ctx, name, want.CIDR)
			return huaweicloud.Existing(all), err
		},
		Send: func(ctx context.Context, _ providers.Operation) (providers.Operation, error) {
			option := &model.CreateVpcOption{Cidr: &want.CIDR, Name: &name, Description: &want.Description}
			if want.EnterpriseProject != "" {
				option.EnterpriseProjectId = &want.EnterpriseProject
			}
			r, err := huaweicloud.Change(ctx, p.c, service, "CreateVpc", (*sdk.VpcClient).CreateVpc,
				&model.CreateVpcRequest{Body: &model.CreateVpcRequestBody{Vpc: option}})
			if err != nil {
				return providers.Operation{}, err
			}
			return providers.Operation{ObjectID: huaweicloud.Val(r.Vpc).Id}, nil
		},
		Find: func(ctx context.Context) ([]huaweicloud.Found, error) { return p.named(ctx, name, want.CIDR) },
		Wait: func(ctx context.Context, op providers.Operation) (providers.Progress, error) {
			return p.ready(ctx, req, op)
		},
	}.Advance(ctx, op, resumed)
}

// ready waits for the status OK.
func (p network) ready(ctx context.Context, req *providers.Request, op providers.Operation) (providers.Progress, error) {
	v, err := p.show(ctx, op.ObjectID)
	switch {
	case huaweicloud.Gone(err):
		return providers.Progress{Next: op, After: poll, Message: "the VPC is not shown yet"}, nil
	case err != nil:
		return providers.Progress{}, err
	case v.Status.Value() != "OK":
		return providers.Progress{Next: op, After: poll, Message: "the VPC is in state " + v.Status.Value()}, nil
	}
	return providers.Progress{Done: true, Object: networkObject(v, req)}, nil
}

// update sends everything that can change; to send it twice does no harm.
func (p network) update(ctx context.Context, req *providers.Request, op providers.Operation) (providers.Progress, error) {
	if op.Stage == huaweicloud.StageWait {
		return p.ready(ctx, req, op)
	}
	if err := huaweicloud.InPath(req.ObjectID); err != nil {
		return providers.Progress{}, err
	}
	var want networkProperties
	if err := providers.Decode(req.Properties, &want); err != nil {
		return providers.Progress{}, err
	}
	name := huaweicloud.Name(req, maxNameChars)
	option := &model.UpdateVpcOption{Name: &name, Description: &want.Description}
	if want.CIDR != providers.Text(req.Prior["cidr"]) {
		option.Cidr = &want.CIDR
	}
	_, err := huaweicloud.Change(ctx, p.c, service, "UpdateVpc", (*sdk.VpcClient).UpdateVpc,
		&model.UpdateVpcRequest{VpcId: req.ObjectID, Body: &model.UpdateVpcRequestBody{Vpc: option}})
	return providers.Progress{Next: providers.Operation{Stage: huaweicloud.StageWait, ObjectID: req.ObjectID}}, err
}

func (p network) delete(ctx context.Context, req *providers.Request, op providers.Operation) (providers.Progress, error) {
	id := req.ObjectID
	if op.Stage == huaweicloud.StageWait {
		_, err := p.show(ctx, id)
		if huaweicloud.Gone(err) {
			return providers.Progress{Done: true}, nil
		}
		return providers.Progress{Next: op, After: poll, Message: "the VPC is still there"}, err
	}
	if err := huaweicloud.InPath(id); err != nil {
		return providers.Progress{}, err
	}
	_, err := huaweicloud.Change(ctx, p.c, service, "DeleteVpc", (*sdk.VpcClient).DeleteVpc, &model.DeleteVpcRequest{VpcId: id})
	if huaweicloud.Gone(err) {
		return providers.Progress{Done: true}, nil
	}
	return providers.Progress{Next: providers.Operation{Stage: huaweicloud.StageWait, ObjectID: id}},
		inUse(err, "Something is left in the VPC; it is waited for. If this does not end, look for subnets and other objects in it that were made outside this stack.")
}

// Late implements providers.Lagging.
func (p network) Late() time.Duration { return p.c.Late() }

// Read implements providers.Provider.
func (p network) Read(ctx context.Context, req *providers.Request) (*providers.Object, error) {
	v, err := p.show(ctx, req.ObjectID)
	if err != nil {
		return nil, err
	}
	return networkObject(v, req), nil
}

func (p network) show(ctx context.Context, id string) (*model.Vpc, error) {
	if err := huaweicloud.InPath(id); err != nil {
		return nil, err
	}
	r, err := huaweicloud.Read(ctx, p.c, service, "ShowVpc", (*sdk.VpcClient).ShowVpc, &model.ShowVpcRequest{VpcId: id})
	if err != nil {
		return nil, err
	}
	if r.Vpc == nil {
		return nil, &providers.Error{Kind: providers.Unexpected, Operation: "ShowVpc", Message: "the answer holds no VPC"}
	}
	return r.Vpc, nil
}

// ReadAll implements providers.Lister.
func (p network) ReadAll(ctx context.Context, reqs []*providers.Request) ([]providers.Reading, error) {
	return huaweicloud.Listing[model.Vpc]{
		List: func(ctx context.Context, _ []*providers.Request) (map[string]*model.Vpc, error) {
			all, err := p.list(ctx)
			return huaweicloud.ByID(all, networkID), err
		},
		Object: func(v *model.Vpc, req *providers.Request) (*providers.Object, error) {
			return networkObject(v, req), nil
		},
		Read: p.Read,
	}.ReadAll(ctx, reqs)
}

// list returns all VPCs of the project.
func (p network) list(ctx context.Context) ([]model.Vpc, error) {
	limit := int32(pageSize)
	return huaweicloud.Together(ctx, p.c, "ListVpcs", func(ctx context.Context) ([]model.Vpc, error) {
		return huaweicloud.Pages(pageSize, networkID, func(marker *string) ([]model.Vpc, error) {
			r, err := huaweicloud.Read(ctx, p.c, service, "ListVpcs", (*sdk.VpcClient).ListVpcs, &model.ListVpcsRequest{Limit: &limit, Marker: marker})
			if err != nil {
				return nil, err
			}
			return huaweicloud.Val(r.Vpcs), nil
		})
	})
}

func networkID(v *model.Vpc) string { return v.Id }

// Search implements providers.Searcher.
func (p network) Search(ctx context.Context, req *providers.Request, op providers.Operation) ([]providers.Candidate, error) {
	all, err := p.named(ctx, nameOf(req), req.String("cidr"))
	return huaweicloud.Fresh(op, all), err
}

// named returns the VPCs with a name. Addresses other than the wanted ones may
// have been changed since.
func (p network) named(ctx context.Context, name, cidr string) ([]huaweicloud.Found, error) {
	all, err := p.list(ctx)
	var out []huaweicloud.Found
	for _, v := range all {
		if v.Name != name {
			continue
		}
		f := huaweicloud.Found{Candidate: providers.Candidate{ID: v.Id, Name: v.Name, Created: huaweicloud.Moment(v.CreatedAt)}}
		if !sameAddresses(v.Cidr, cidr) {
			f.Doubt = fmt.Sprintf("its addresses are %s, and %s were asked for", v.Cidr, cidr)
		}
		out = append(out, f)
	}
	return out, err
}

func networkObject(v *model.Vpc, req *providers.Request) *providers.Object {
	read := map[string]any{"cidr": v.Cidr, "description": v.Description}
	if v.EnterpriseProjectId != "" {
		read["enterpriseProjectId"] = v.EnterpriseProjectId
	}
	read["name"] = huaweicloud.ReadName(req, v.Name, maxNameChars)
	return &providers.Object{
		ID:         v.Id,
		Attributes: map[string]any{"refID": v.Id, "refName": v.Name, "status": v.Status.Value()},
		Properties: huaweicloud.AsRecorded(read, huaweicloud.Recorded(req)),
	}
}

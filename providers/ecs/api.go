package ecs

import (
	"context"
	"slices"
	"strings"

	sdk "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/ecs/v2"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/ecs/v2/model"
	eip "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/eip/v2"
	eipmodel "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/eip/v2/model"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// api holds the calls that the node type needs, one method an operation.
type api struct{ c *huaweicloud.Client }

// createServers sends an order with a token under which the service carries it
// out only once, however often it comes.
func (a api) createServers(ctx context.Context, token string, s *model.PrePaidServer) (*model.CreateServersResponse, error) {
	return huaweicloud.Change(ctx, a.c, service, "CreateServers", (*sdk.EcsClient).CreateServers,
		&model.CreateServersRequest{XClientToken: &token, Body: &model.CreateServersRequestBody{Server: s}})
}

func (a api) showJob(ctx context.Context, id string) (*model.ShowJobResponse, error) {
	if err := huaweicloud.InPath(id); err != nil {
		return nil, err
	}
	return huaweicloud.Read(ctx, a.c, service, "ShowJob", (*sdk.EcsClient).ShowJob, &model.ShowJobRequest{JobId: id})
}

func (a api) showServer(ctx context.Context, id string) (*model.ServerDetail, error) {
	if err := huaweicloud.InPath(id); err != nil {
		return nil, err
	}
	r, err := huaweicloud.Read(ctx, a.c, service, "ShowServer", (*sdk.EcsClient).ShowServer, &model.ShowServerRequest{ServerId: id})
	if err != nil {
		return nil, err
	}
	if r.Server == nil {
		return nil, &providers.Error{Kind: providers.Unexpected, Operation: "ShowServer", Message: "the answer holds no server"}
	}
	return r.Server, nil
}

// serversNamed returns the servers with a name, page by page: the filter of the
// service also lets through names that only contain it.
func (a api) serversNamed(ctx context.Context, name string) ([]*model.ServerDetail, error) {
	var out []*model.ServerDetail
	limit := int32(pageSize)
	for page := int32(1); ; page++ {
		r, err := huaweicloud.Read(ctx, a.c, service, "ListServersDetails", (*sdk.EcsClient).ListServersDetails,
			&model.ListServersDetailsRequest{Name: &name, Limit: &limit, Offset: &page})
		if err != nil {
			return nil, err
		}
		servers := huaweicloud.Val(r.Servers)
		for i := range servers {
			if servers[i].Name == name {
				out = append(out, &servers[i])
			}
		}
		if len(servers) < pageSize {
			return out, nil
		}
	}
}

func (a api) updateServer(ctx context.Context, id string, o *model.UpdateServerOption) error {
	if err := huaweicloud.InPath(id); err != nil {
		return err
	}
	_, err := huaweicloud.Change(ctx, a.c, service, "UpdateServer", (*sdk.EcsClient).UpdateServer,
		&model.UpdateServerRequest{ServerId: id, Body: &model.UpdateServerRequestBody{Server: o}})
	return err
}

// deleteServer returns the ID of the job.
func (a api) deleteServer(ctx context.Context, id string, withEIP bool) (string, error) {
	if err := huaweicloud.InPath(id); err != nil {
		return "", err
	}
	withVolumes := true
	r, err := huaweicloud.Change(ctx, a.c, service, "DeleteServers", (*sdk.EcsClient).DeleteServers, &model.DeleteServersRequest{
		Body: &model.DeleteServersRequestBody{DeletePublicip: &withEIP, DeleteVolume: &withVolumes, Servers: []model.ServerId{{Id: id}}},
	})
	if err != nil {
		return "", err
	}
	return huaweicloud.Val(r.JobId), nil
}

// serversWithIDs returns the servers with these IDs, by ID. Of one that does
// not exist the service may show a husk.
func (a api) serversWithIDs(ctx context.Context, ids []string) (map[string]*model.ServerDetail, error) {
	out := make(map[string]*model.ServerDetail, len(ids))
	for some := range slices.Chunk(ids, idsInQuery) {
		joined, limit := strings.Join(some, ","), int32(len(some))
		r, err := huaweicloud.Read(ctx, a.c, service, "ListServersDetails", (*sdk.EcsClient).ListServersDetails,
			&model.ListServersDetailsRequest{ServerId: &joined, Limit: &limit})
		if err != nil {
			return nil, err
		}
		for _, s := range huaweicloud.Val(r.Servers) {
			if s.Status != "" {
				out[s.Id] = &s
			}
		}
	}
	return out, nil
}

// publicIPs lists the elastic IPs that are bound to ports.
func (a api) publicIPs(ctx context.Context, ports []string) ([]eipmodel.PublicipShowResp, error) {
	var out []eipmodel.PublicipShowResp
	for some := range slices.Chunk(ports, idsInQuery) {
		r, err := huaweicloud.Read(ctx, a.c, eipService, "ListPublicips", (*eip.EipClient).ListPublicips, &eipmodel.ListPublicipsRequest{PortId: &some})
		if err != nil {
			return nil, err
		}
		out = append(out, huaweicloud.Val(r.Publicips)...)
	}
	return out, nil
}

package emulator_test

import (
	"testing"
	"time"

	ecs "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/ecs/v2"
	ecsmodel "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/ecs/v2/model"
	eip "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/eip/v2"
	eipmodel "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/eip/v2/model"
	vpc "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/vpc/v2"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/vpc/v2/model"
)

func (c *cloud) vpc(t *testing.T) *vpc.VpcClient {
	t.Helper()
	return vpc.NewVpcClient(client(t, vpc.VpcClientBuilder(), c.url, c.credentials(t)))
}

func (c *cloud) ecs(t *testing.T) *ecs.EcsClient {
	t.Helper()
	return ecs.NewEcsClient(client(t, ecs.EcsClientBuilder(), c.url, c.credentials(t)))
}

func (c *cloud) eip(t *testing.T) *eip.EipClient {
	t.Helper()
	return eip.NewEipClient(client(t, eip.EipClientBuilder(), c.url, c.credentials(t)))
}

func vpcOf(name, cidr string) *model.CreateVpcRequest {
	return &model.CreateVpcRequest{Body: &model.CreateVpcRequestBody{Vpc: &model.CreateVpcOption{Name: &name, Cidr: &cidr}}}
}

func subnetOf(vpcID, cidr, gateway string) *model.CreateSubnetRequest {
	return &model.CreateSubnetRequest{Body: &model.CreateSubnetRequestBody{Subnet: &model.CreateSubnetOption{
		Name: "subnet", VpcId: vpcID, Cidr: cidr, GatewayIp: gateway, DnsList: &[]string{"192.168.0.1", "192.168.0.0"},
	}}}
}

// network makes a VPC and a subnet, and returns their IDs.
func (c *cloud) network(t *testing.T) (vpcID, subnetID string) {
	t.Helper()
	api := c.vpc(t)
	vpcID = must(api.CreateVpc(vpcOf("net", "192.168.0.0/16")))(t).Vpc.Id
	subnetID = must(api.CreateSubnet(subnetOf(vpcID, "192.168.1.0/24", "192.168.1.1")))(t).Subnet.Id
	return vpcID, subnetID
}

// serverOf is a valid request for one server with a new elastic address.
func serverOf(name, vpcID, subnetID string) *ecsmodel.CreateServersRequest {
	return &ecsmodel.CreateServersRequest{Body: &ecsmodel.CreateServersRequestBody{Server: &ecsmodel.PrePaidServer{
		Name: name, ImageRef: "1189efbf-d48b-46ad-a823-94b942e2a000", FlavorRef: "s2.large.2", Vpcid: vpcID,
		Nics:       []ecsmodel.PrePaidServerNic{{SubnetId: &subnetID}},
		RootVolume: &ecsmodel.PrePaidServerRootVolume{Volumetype: ecsmodel.GetPrePaidServerRootVolumeVolumetypeEnum().SSD},
		Publicip: &ecsmodel.PrePaidServerPublicip{Eip: &ecsmodel.PrePaidServerEip{
			Iptype: "5_bgp",
			Bandwidth: &ecsmodel.PrePaidServerEipBandwidth{
				Size: ptr(int32(1)), Sharetype: ecsmodel.GetPrePaidServerEipBandwidthSharetypeEnum().PER,
			},
		}},
		AdminPass: ptr("Canary-Secret-1"),
	}}}
}

func TestServerLife(t *testing.T) {
	c := start(t)
	vpcID, subnetID := c.network(t)
	api := c.ecs(t)
	out := must(api.CreateServers(serverOf("web", vpcID, subnetID)))(t)
	id := (*out.ServerIds)[0]

	if got := must(api.ShowServer(&ecsmodel.ShowServerRequest{ServerId: id}))(t).Server; got.Status != "BUILD" {
		t.Errorf("status %s while the job runs", got.Status)
	}
	job := must(api.ShowJob(&ecsmodel.ShowJobRequest{JobId: *out.JobId}))(t)
	if *job.Status != ecsmodel.GetShowJobResponseStatusEnum().INIT {
		t.Errorf("job %v at its start", job.Status)
	}
	c.Advance(60 * time.Millisecond)
	job = must(api.ShowJob(&ecsmodel.ShowJobRequest{JobId: *out.JobId}))(t)
	if *job.Status != ecsmodel.GetShowJobResponseStatusEnum().RUNNING {
		t.Errorf("job %v in the middle", job.Status)
	}
	c.Advance(60 * time.Millisecond)
	job = must(api.ShowJob(&ecsmodel.ShowJobRequest{JobId: *out.JobId}))(t)
	if *job.Status != ecsmodel.GetShowJobResponseStatusEnum().SUCCESS || *(*job.Entities.SubJobs)[0].Entities.ServerId != id {
		t.Errorf("job %v at its end", job)
	}
	server := must(api.ShowServer(&ecsmodel.ShowServerRequest{ServerId: id}))(t).Server
	addresses := server.Addresses[vpcID]
	if server.Status != "ACTIVE" || len(addresses) != 2 || addresses[0].Addr != "192.168.1.3" || addresses[1].Addr != "203.0.113.3" {
		t.Errorf("server %v", server)
	}

	list := must(c.eip(t).ListPublicips(&eipmodel.ListPublicipsRequest{PortId: &[]string{*addresses[0].OSEXTIPSportId}}))(t)
	if len(*list.Publicips) != 1 || *(*list.Publicips)[0].PublicIpAddress != "203.0.113.3" {
		t.Errorf("elastic addresses %v", list)
	}
	found := must(api.ListServersDetails(&ecsmodel.ListServersDetailsRequest{Name: ptr("web")}))(t)
	if *found.Count != 1 || (*found.Servers)[0].Id != id {
		t.Errorf("found %v", found)
	}
	renamed := must(api.UpdateServer(&ecsmodel.UpdateServerRequest{ServerId: id, Body: &ecsmodel.UpdateServerRequestBody{
		Server: &ecsmodel.UpdateServerOption{Name: ptr("web-2")},
	}}))(t)
	if renamed.Server.Name != "web-2" {
		t.Errorf("renamed to %s", renamed.Server.Name)
	}

	networks := c.vpc(t)
	_, err := networks.DeleteSubnet(&model.DeleteSubnetRequest{VpcId: vpcID, SubnetId: subnetID})
	wantCode(t, err, 409, "VPC.0209")
	_, err = networks.DeleteVpc(&model.DeleteVpcRequest{VpcId: vpcID})
	wantCode(t, err, 409, "VPC.0104")

	must(api.DeleteServers(&ecsmodel.DeleteServersRequest{Body: &ecsmodel.DeleteServersRequestBody{
		Servers: []ecsmodel.ServerId{{Id: id}}, DeletePublicip: ptr(true), DeleteVolume: ptr(true),
	}}))(t)
	c.Advance(61 * time.Millisecond)
	_, err = api.ShowServer(&ecsmodel.ShowServerRequest{ServerId: id})
	wantCode(t, err, 404, "Ecs.0114")
	must(networks.DeleteSubnet(&model.DeleteSubnetRequest{VpcId: vpcID, SubnetId: subnetID}))(t)
	must(networks.DeleteVpc(&model.DeleteVpcRequest{VpcId: vpcID}))(t)
	for _, o := range must(c.Objects(t.Context()))(t) {
		if o.Kind != "ecs.job" {
			t.Errorf("left behind: %+v", o)
		}
	}
}

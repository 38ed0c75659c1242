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

func TestRefusedNetworks(t *testing.T) {
	c := start(t)
	api := c.vpc(t)
	vpcID, subnetID := c.network(t)
	made := func(req *model.CreateVpcRequest) error { _, err := api.CreateVpc(req); return err }
	sub := func(vpcID, cidr, gateway string) error {
		_, err := api.CreateSubnet(subnetOf(vpcID, cidr, gateway))
		return err
	}
	badDNS := subnetOf(vpcID, "192.168.9.0/24", "192.168.9.1")
	badDNS.Body.Subnet.DnsList = &[]string{"dns.example"}
	_, dnsErr := api.CreateSubnet(badDNS)
	_, narrowed := api.UpdateVpc(&model.UpdateVpcRequest{VpcId: vpcID, Body: &model.UpdateVpcRequestBody{Vpc: &model.UpdateVpcOption{Cidr: ptr("192.168.2.0/24")}}})
	_, noVPC := api.ShowVpc(&model.ShowVpcRequest{VpcId: "none"})
	_, noSubnet := api.ShowSubnet(&model.ShowSubnetRequest{SubnetId: "none"})
	_, otherVPC := api.DeleteSubnet(&model.DeleteSubnetRequest{VpcId: "none", SubnetId: subnetID})
	for _, tc := range []struct {
		name   string
		err    error
		status int
		code   string
	}{
		{"name taken", made(vpcOf("net", "10.0.0.0/8")), 400, "VPC.0115"},
		{"public range", made(vpcOf("a", "8.8.8.0/24")), 400, "VPC.0101"},
		{"host bits", made(vpcOf("a", "10.0.0.1/8")), 400, "VPC.0101"},
		{"too small", made(vpcOf("a", "10.0.0.0/29")), 400, "VPC.0101"},
		{"no network", made(vpcOf("a", "10.0.0.0")), 400, "VPC.0101"},
		{"bad name", made(vpcOf("a b", "10.0.0.0/8")), 400, "VPC.0101"},
		{"outside", sub(vpcID, "10.0.0.0/24", "10.0.0.1"), 400, "VPC.0203"},
		{"overlap", sub(vpcID, "192.168.1.128/25", "192.168.1.129"), 400, "VPC.0204"},
		{"bad network", sub(vpcID, "192.168.2.1/24", "192.168.2.1"), 400, "VPC.0212"},
		{"gateway elsewhere", sub(vpcID, "192.168.2.0/24", "192.168.3.1"), 400, "VPC.0201"},
		{"gateway is the network", sub(vpcID, "192.168.2.0/24", "192.168.2.0"), 400, "VPC.0201"},
		{"gateway is broadcast", sub(vpcID, "192.168.2.0/24", "192.168.2.255"), 400, "VPC.0201"},
		{"no VPC of the subnet", sub("none", "192.168.2.0/24", "192.168.2.1"), 404, "VPC.0105"},
		{"DNS by name", dnsErr, 400, "VPC.0201"},
		{"leaves a subnet outside", narrowed, 400, "VPC.0117"},
		{"no VPC", noVPC, 404, "VPC.0105"},
		{"no subnet", noSubnet, 404, "VPC.0202"},
		{"subnet of another VPC", otherVPC, 404, "VPC.0202"},
	} {
		t.Run(tc.name, func(t *testing.T) { wantCode(t, tc.err, tc.status, tc.code) })
	}
}

func TestNetworkStates(t *testing.T) {
	c := start(t)
	api := c.vpc(t)
	v := must(api.CreateVpc(vpcOf("net", "10.0.0.0/8")))(t).Vpc
	s := must(api.CreateSubnet(subnetOf(v.Id, "10.0.1.0/24", "10.0.1.1")))(t).Subnet
	if v.Status.Value() != "CREATING" || s.Status.Value() != "UNKNOWN" {
		t.Errorf("at first %s, %s", v.Status.Value(), s.Status.Value())
	}
	c.Advance(5 * time.Millisecond)
	v = must(api.ShowVpc(&model.ShowVpcRequest{VpcId: v.Id}))(t).Vpc
	s = must(api.ShowSubnet(&model.ShowSubnetRequest{SubnetId: s.Id}))(t).Subnet
	if v.Status.Value() != "OK" || s.Status.Value() != "ACTIVE" || s.PrimaryDns != "192.168.0.1" || s.AvailableIpAddressCount != 251 {
		t.Errorf("then %v, %v", v, s)
	}
	must(api.UpdateVpc(&model.UpdateVpcRequest{VpcId: v.Id, Body: &model.UpdateVpcRequestBody{Vpc: &model.UpdateVpcOption{Name: ptr("net-2")}}}))(t)
	must(api.UpdateSubnet(&model.UpdateSubnetRequest{VpcId: v.Id, SubnetId: s.Id, Body: &model.UpdateSubnetRequestBody{
		Subnet: &model.UpdateSubnetOption{Name: "subnet-2", DhcpEnable: ptr(false)},
	}}))(t)
	v = must(api.ShowVpc(&model.ShowVpcRequest{VpcId: v.Id}))(t).Vpc
	s = must(api.ShowSubnet(&model.ShowSubnetRequest{SubnetId: s.Id}))(t).Subnet
	if v.Name != "net-2" || v.Cidr != "10.0.0.0/8" || s.Name != "subnet-2" || s.DhcpEnable || len(s.DnsList) != 2 {
		t.Errorf("changed to %v, %v", v, s)
	}
}

// Lists page by marker, in the order of IDs.
func TestPages(t *testing.T) {
	c := start(t)
	api := c.vpc(t)
	want := map[string]bool{}
	for range 5 {
		want[must(api.CreateVpc(vpcOf("", "10.0.0.0/8")))(t).Vpc.Id] = true
	}
	var marker *string
	pages := 0
	for {
		list := *must(api.ListVpcs(&model.ListVpcsRequest{Limit: ptr(int32(2)), Marker: marker}))(t).Vpcs
		if len(list) == 0 {
			break
		}
		pages++
		for _, v := range list {
			if !want[v.Id] {
				t.Errorf("%s is there twice, or should not be", v.Id)
			}
			delete(want, v.Id)
		}
		marker = &list[len(list)-1].Id
	}
	if pages != 3 || len(want) != 0 {
		t.Errorf("%d pages, missing %v", pages, want)
	}
	servers := c.ecs(t)
	vpcID, subnetID := c.network(t)
	for _, name := range []string{"web-1", "web-2", "web-3"} {
		req := serverOf(name, vpcID, subnetID)
		req.Body.Server.Publicip = nil
		must(servers.CreateServers(req))(t)
	}
	for offset, count := range map[int32]int{1: 2, 2: 1, 3: 0} {
		out := must(servers.ListServersDetails(&ecsmodel.ListServersDetailsRequest{Limit: ptr(int32(2)), Offset: &offset, Name: ptr("web")}))(t)
		if *out.Count != 3 || len(*out.Servers) != count {
			t.Errorf("page %d: %d of %d", offset, len(*out.Servers), *out.Count)
		}
	}
}

func TestElasticAddresses(t *testing.T) {
	c := start(t)
	vpcID, subnetID := c.network(t)
	req := serverOf("web", vpcID, subnetID)
	req.Body.Server.Publicip = nil
	servers := c.ecs(t)
	serverID := (*must(servers.CreateServers(req))(t).ServerIds)[0]
	port := *must(servers.ShowServer(&ecsmodel.ShowServerRequest{ServerId: serverID}))(t).Server.Addresses[vpcID][0].OSEXTIPSportId

	api := c.eip(t)
	allocate := func() string {
		out := must(api.CreatePublicip(&eipmodel.CreatePublicipRequest{Body: &eipmodel.CreatePublicipRequestBody{
			Publicip: &eipmodel.CreatePublicipOption{Type: "5_bgp"},
			Bandwidth: &eipmodel.CreatePublicipBandwidthOption{
				Name: ptr("b"), Size: ptr(int32(5)), ShareType: eipmodel.GetCreatePublicipBandwidthOptionShareTypeEnum().PER,
			},
		}}))(t)
		return *out.Publicip.Id
	}
	bind := func(id, port string) error {
		_, err := api.UpdatePublicip(&eipmodel.UpdatePublicipRequest{PublicipId: id, Body: &eipmodel.UpdatePublicipsRequestBody{
			Publicip: &eipmodel.UpdatePublicipOption{PortId: &port},
		}})
		return err
	}
	one, two := allocate(), allocate()
	if err := bind(one, port); err != nil {
		t.Fatal(err)
	}
	shown := must(api.ShowPublicip(&eipmodel.ShowPublicipRequest{PublicipId: one}))(t).Publicip
	if shown.Status.Value() != "ACTIVE" || *shown.PortId != port || *shown.PrivateIpAddress != "192.168.1.3" {
		t.Errorf("bound: %v", shown)
	}
	wantCode(t, bind(two, port), 409, "VPC.0511")
	wantCode(t, bind(two, "none"), 400, "VPC.0508")
	_, err := api.DeletePublicip(&eipmodel.DeletePublicipRequest{PublicipId: one})
	wantCode(t, err, 409, "VPC.0510")

	// Without delete_publicip the address stays, unbound.
	must(servers.DeleteServers(&ecsmodel.DeleteServersRequest{Body: &ecsmodel.DeleteServersRequestBody{Servers: []ecsmodel.ServerId{{Id: serverID}}}}))(t)
	c.Advance(60 * time.Millisecond)
	shown = must(api.ShowPublicip(&eipmodel.ShowPublicipRequest{PublicipId: one}))(t).Publicip
	if shown.Status.Value() != "DOWN" || shown.PortId != nil {
		t.Errorf("after its server: %v", shown)
	}
	must(api.DeletePublicip(&eipmodel.DeletePublicipRequest{PublicipId: one}))(t)
	_, err = api.ShowPublicip(&eipmodel.ShowPublicipRequest{PublicipId: one})
	wantCode(t, err, 404, "VPC.0504")
	if list := *must(api.ListPublicips(&eipmodel.ListPublicipsRequest{}))(t).Publicips; len(list) != 1 || *list[0].Id != two {
		t.Errorf("left: %v", list)
	}
}

func TestRefusedServers(t *testing.T) {
	c := start(t)
	vpcID, subnetID := c.network(t)
	api := c.ecs(t)
	for _, tc := range []struct {
		name   string
		change func(*ecsmodel.PrePaidServer)
		code   string
	}{
		{"no flavour", func(s *ecsmodel.PrePaidServer) { s.FlavorRef = "" }, "Ecs.0019"},
		{"no image", func(s *ecsmodel.PrePaidServer) { s.ImageRef = "ubuntu" }, "Ecs.0021"},
		{"no VPC", func(s *ecsmodel.PrePaidServer) { s.Vpcid = "none" }, "Ecs.0038"},
		{"no subnet", func(s *ecsmodel.PrePaidServer) { s.Nics[0].SubnetId = ptr("none") }, "Ecs.0038"},
		{"no cards", func(s *ecsmodel.PrePaidServer) { s.Nics = []ecsmodel.PrePaidServerNic{} }, "Ecs.0005"},
		{"cards unset", func(s *ecsmodel.PrePaidServer) { s.Nics = nil }, "Ecs.0005"},
		{"bad name", func(s *ecsmodel.PrePaidServer) { s.Name = "a b" }, "Ecs.0005"},
		{"weak password", func(s *ecsmodel.PrePaidServer) { s.AdminPass = ptr("abc") }, "Ecs.0011"},
		{"address outside", func(s *ecsmodel.PrePaidServer) { s.Nics[0].IpAddress = ptr("10.0.0.1") }, "Ecs.0049"},
		{"both kinds of address", func(s *ecsmodel.PrePaidServer) { s.Publicip.Id = ptr("x") }, "Ecs.0005"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			req := serverOf("web", vpcID, subnetID)
			tc.change(req.Body.Server)
			_, err := api.CreateServers(req)
			wantCode(t, err, 400, tc.code)
		})
	}
	// A refusal leaves nothing behind: no port, no disk, no elastic address.
	for _, o := range must(c.Objects(t.Context()))(t) {
		if o.Kind != "vpc.vpc" && o.Kind != "vpc.subnet" {
			t.Errorf("left behind: %+v", o)
		}
	}
}

func TestClientTokenAndBatch(t *testing.T) {
	c := start(t)
	vpcID, subnetID := c.network(t)
	api := c.ecs(t)
	req := serverOf("web", vpcID, subnetID)
	req.XClientToken, req.Body.Server.Count = ptr("once"), ptr(int32(2))
	first := must(api.CreateServers(req))(t)
	again := must(api.CreateServers(req))(t)
	if *first.JobId != *again.JobId {
		t.Errorf("jobs %s and %s for one token", *first.JobId, *again.JobId)
	}
	list := *must(api.ListServersDetails(&ecsmodel.ListServersDetailsRequest{}))(t).Servers
	if len(list) != 2 || list[0].Name[:4] != "web-" {
		t.Errorf("servers %v", list)
	}
	req = serverOf("dry", vpcID, subnetID)
	req.Body.DryRun = ptr(true)
	if out := must(api.CreateServers(req))(t); out.HttpStatusCode != 202 || out.JobId != nil {
		t.Errorf("dry run %v", out)
	}
}

// Data disks stay when only the server goes.
func TestLeftDisk(t *testing.T) {
	c := start(t)
	vpcID, subnetID := c.network(t)
	api := c.ecs(t)
	req := serverOf("web", vpcID, subnetID)
	req.Body.Server.DataVolumes = &[]ecsmodel.PrePaidServerDataVolume{{Volumetype: ecsmodel.GetPrePaidServerDataVolumeVolumetypeEnum().SSD, Size: 10}}
	id := (*must(api.CreateServers(req))(t).ServerIds)[0]
	must(api.DeleteServers(&ecsmodel.DeleteServersRequest{Body: &ecsmodel.DeleteServersRequestBody{Servers: []ecsmodel.ServerId{{Id: id}}}}))(t)
	c.Advance(time.Second)
	disks := 0
	for _, o := range must(c.Objects(t.Context()))(t) {
		if o.Kind == "evs.volume" {
			disks++
		}
	}
	if disks != 1 {
		t.Errorf("%d disks are left", disks)
	}
}

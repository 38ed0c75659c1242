package ecs

import (
	"strings"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/ecs/v2/model"
	eipmodel "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/eip/v2/model"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

type publicIP = eipmodel.PublicipShowResp

// serverProperties are the properties of a server, without its name.
type serverProperties struct {
	Description string `json:"description"`
	Zone        string `json:"availabilityZone"`
	Flavor      string `json:"flavor"`
	Image       string `json:"imageId"`
	VPC         string `json:"vpcId"`
	Nics        []struct {
		Subnet  string `json:"subnetId"`
		Address string `json:"ipAddress"`
	} `json:"nics"`
	PublicIP *struct {
		ID  string `json:"id"`
		EIP *struct {
			Type      string `json:"ipType"`
			Bandwidth struct {
				Share  string  `json:"shareType"`
				Size   int32   `json:"size"`
				Charge *string `json:"chargeMode"`
				ID     *string `json:"id"`
			} `json:"bandwidth"`
		} `json:"eip"`
	} `json:"publicIP"`
	Key            *string         `json:"sshKeyName"`
	AdminPass      string          `json:"adminPass"`
	Root           volume          `json:"rootVolume"`
	Data           []volume        `json:"dataVolumes"`
	SecurityGroups []securityGroup `json:"securityGroups"`
	UserData       string          `json:"userData"`
	Enterprise     string          `json:"enterpriseProjectId"`
}

type volume struct {
	Type string `json:"volumeType"`
	Size int32  `json:"size"` // GB; 0: as the image needs
}

type securityGroup struct {
	ID string `json:"id"`
}

// check holds the rules between properties before anything is sent.
func (s *serverProperties) check() error {
	var problems []string
	if p := s.PublicIP; p != nil {
		if (p.ID == "") == (p.EIP == nil) {
			problems = append(problems, "publicIP needs either id or eip")
		}
		if p.EIP != nil && p.EIP.Bandwidth.Share == "PER" && p.EIP.Bandwidth.Size == 0 {
			problems = append(problems, "a bandwidth with shareType PER needs size")
		}
		if p.EIP != nil && p.EIP.Bandwidth.Share == "WHOLE" && p.EIP.Bandwidth.ID == nil {
			problems = append(problems, "a bandwidth with shareType WHOLE needs id")
		}
	}
	if s.Key != nil && s.AdminPass != "" {
		problems = append(problems, "sshKeyName and adminPass exclude each other")
	}
	if len(problems) == 0 {
		return nil
	}
	return &providers.Error{
		Kind:      providers.Invalid,
		Operation: "CreateServers",
		Message:   strings.Join(problems, "; "),
		Advice:    "Correct the properties; nothing was ordered.",
	}
}

// order makes the body of CreateServers for one server, paid by use.
func (s *serverProperties) order(name string) *model.PrePaidServer {
	one := int32(1)
	o := &model.PrePaidServer{
		Name:             name,
		ImageRef:         s.Image,
		FlavorRef:        s.Flavor,
		Vpcid:            s.VPC,
		AvailabilityZone: &s.Zone,
		KeyName:          s.Key,
		Count:            &one,
		RootVolume:       &model.PrePaidServerRootVolume{Volumetype: rootType(s.Root.Type)},
		Publicip:         s.publicip(),
	}
	if s.Root.Size > 0 {
		o.RootVolume.Size = &s.Root.Size
	}
	for _, n := range s.Nics {
		nic := model.PrePaidServerNic{SubnetId: &n.Subnet}
		if n.Address != "" {
			nic.IpAddress = &n.Address
		}
		o.Nics = append(o.Nics, nic)
	}
	s.addOptional(o)
	return o
}

func (s *serverProperties) addOptional(o *model.PrePaidServer) {
	if s.Description != "" {
		o.Description = &s.Description
	}
	if s.AdminPass != "" {
		o.AdminPass = &s.AdminPass
	}
	if s.UserData != "" {
		o.UserData = &s.UserData
	}
	if s.Enterprise != "" {
		o.Extendparam = &model.PrePaidServerExtendParam{EnterpriseProjectId: &s.Enterprise}
	}
	if len(s.Data) > 0 {
		var disks []model.PrePaidServerDataVolume
		for _, d := range s.Data {
			disks = append(disks, model.PrePaidServerDataVolume{Volumetype: dataType(d.Type), Size: d.Size})
		}
		o.DataVolumes = &disks
	}
	if len(s.SecurityGroups) > 0 {
		var groups []model.PrePaidServerSecurityGroup
		for _, g := range s.SecurityGroups {
			groups = append(groups, model.PrePaidServerSecurityGroup{Id: &g.ID})
		}
		o.SecurityGroups = &groups
	}
}

func (s *serverProperties) publicip() *model.PrePaidServerPublicip {
	switch p := s.PublicIP; {
	case p == nil:
		return nil
	case p.EIP == nil:
		return &model.PrePaidServerPublicip{Id: &p.ID}
	default:
		b := &model.PrePaidServerEipBandwidth{Sharetype: shareType(p.EIP.Bandwidth.Share), Chargemode: p.EIP.Bandwidth.Charge, Id: p.EIP.Bandwidth.ID}
		if p.EIP.Bandwidth.Size > 0 {
			b.Size = &p.EIP.Bandwidth.Size
		}
		return &model.PrePaidServerPublicip{Eip: &model.PrePaidServerEip{Iptype: p.EIP.Type, Bandwidth: b}}
	}
}

// The SDK's enumerations can be set only by their decoders, which take any
// text; the catalogue has checked it.

func rootType(s string) (t model.PrePaidServerRootVolumeVolumetype) {
	_ = t.UnmarshalJSON([]byte(`"` + s + `"`))
	return t
}

func dataType(s string) (t model.PrePaidServerDataVolumeVolumetype) {
	_ = t.UnmarshalJSON([]byte(`"` + s + `"`))
	return t
}

func shareType(s string) (t model.PrePaidServerEipBandwidthSharetype) {
	_ = t.UnmarshalJSON([]byte(`"` + s + `"`))
	return t
}

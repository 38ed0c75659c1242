package bcs

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	sdk "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2/model"

	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// Look reads what an account has, for people to look at. Each method names the
// operations that it asks, and changes nothing. What the service leaves out is the
// zero value; lists keep the service's order, or are sorted where it has none.
type Look struct{ api }

// NewLook returns the way to look at the account of a client.
func NewLook(c *huaweicloud.Client) Look { return Look{api{c}} }

// Ref names an instance.
type Ref struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Instance is a network, as the service shows it.
type Instance struct {
	ID            string    `json:"id"`
	Name          string    `json:"name"`
	Status        string    `json:"status"`
	Work          string    `json:"work"` // in progress, such as IsScaling; "" if it is idle
	Kind          string    `json:"kind"`
	Edition       string    `json:"edition"`
	Version       string    `json:"version"`
	Chain         string    `json:"chain"` // private or union
	Role          string    `json:"role"`  // in a consortium: create or invite
	Consensus     string    `json:"consensus"`
	SignAlgorithm string    `json:"sign_algorithm"`
	Database      string    `json:"database"`
	ClusterID     string    `json:"cluster_id"`
	ClusterName   string    `json:"cluster_name"`
	ClusterType   string    `json:"cluster_type"`
	Addresses     []string  `json:"addresses"` // of the agent's portal
	Created       time.Time `json:"created"`
}

// Refs lists the instances of the project (ListBlockchains).
func (l Look) Refs(ctx context.Context) ([]Ref, error) {
	all, err := l.listBlockchains(ctx)
	out := make([]Ref, len(all))
	for i, b := range all {
		out[i] = Ref{val(b.Id), val(b.Name)}
	}
	return out, err
}

// Instance shows one of them (ShowBlockchainDetail).
func (l Look) Instance(ctx context.Context, id string) (Instance, error) {
	d, err := l.showBlockchainDetail(ctx, id)
	if err != nil {
		return Instance{}, err
	}
	b := basic(d)
	return Instance{
		ID: val(b.Id), Name: val(b.Name), Status: val(b.Status), Work: val(b.ProcessStatus),
		Kind: strings.TrimSpace("Fabric " + fabricOf(val(b.Version))), Edition: editionName(val(b.VersionType)), Version: val(b.Version),
		Chain: val(b.ServiceType), Role: val(b.DeployType), Consensus: val(b.Consensus), SignAlgorithm: val(b.SignAlgorithm), Database: val(b.DatabaseType),
		ClusterID: val(b.ClusterId), ClusterName: val(b.ClusterName), ClusterType: val(b.ClusterType),
		Addresses: val(b.AgentPortalAddrs), Created: moment(val(b.CreatedTime)),
	}, nil
}

// editionName is a version_type in words.
func editionName(n int64) string {
	return map[int64]string{editionProfessional: "professional", editionEnterprise: "enterprise", editionBasic: "basic"}[n]
}

// Quota is how much of something a project may have.
type Quota struct {
	Type  string `json:"type"`
	Unit  string `json:"unit"`
	Quota int64  `json:"quota"`
	Used  int64  `json:"used"`
	Free  int64  `json:"free"`
}

// Quotas lists them (ListQuotas). What is free is worked out, since the reference's
// own example tells it wrong.
func (l Look) Quotas(ctx context.Context) ([]Quota, error) {
	all, err := l.listQuotas(ctx)
	out := make([]Quota, len(all))
	for i, r := range all {
		out[i] = Quota{val(r.Type), val(r.Unit), val(r.Quota), val(r.Used), max(0, val(r.Quota)-val(r.Used))}
	}
	return out, err
}

// Flavour is what instances of an edition may have.
type Flavour struct {
	Edition  string `json:"edition"`
	Peers    int64  `json:"peers"` // of an organization
	Orderers int64  `json:"orderers"`
	Members  int64  `json:"members"` // of a consortium
}

// Flavours lists those that the service tells: of the enterprise edition
// (ShowBlockchainFlavors).
func (l Look) Flavours(ctx context.Context) ([]Flavour, error) {
	f, err := l.showBlockchainFlavors(ctx)
	if err != nil || f == nil {
		return nil, err
	}
	return []Flavour{{editionName(editionEnterprise), val(f.OrgPeerMaxNum), val(f.OrdererMaxNum), int64(val(f.MemberMaxNum))}}, nil
}

// Component is a part of the creation of an instance.
type Component struct {
	Name    string    `json:"name"`
	Status  string    `json:"status"` // waiting, deploying, finished or failed
	Detail  string    `json:"detail"`
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended"`
}

// Components tells how the creation of an instance went, part by part
// (ShowBlockchainStatus).
func (l Look) Components(ctx context.Context, id string) ([]Component, error) {
	if err := huaweicloud.InPath(id); err != nil {
		return nil, err
	}
	r, err := huaweicloud.Read(ctx, l.c, service, "ShowBlockchainStatus", (*sdk.BcsClient).ShowBlockchainStatus, &model.ShowBlockchainStatusRequest{BlockchainId: id})
	if err != nil {
		return nil, err
	}
	cce := val(r.Cce)
	var out []Component
	for _, part := range []struct {
		name string
		is   *model.Detail
	}{
		{"cluster", cce.Cluster}, {"network of the cluster", cce.Network}, {"security group of the cluster", cce.SecurityGroup},
		{"elastic IP", r.Eip}, {"file system", r.Sfs}, {"object storage", r.Obs}, {"kafka", r.Kafka}, {"instance", r.Bcs},
	} {
		if d := part.is; d != nil {
			out = append(out, Component{part.name, val(d.Status).Value(), val(d.Detail), moment(val(d.StartTime)), moment(val(d.EndTime))})
		}
	}
	return out, nil
}

// Node is a group of equal nodes of an instance.
type Node struct {
	Name      string   `json:"name"`
	Role      string   `json:"role"`
	Status    string   `json:"status"`
	Healthy   string   `json:"healthy"` // of how many, such as 2/2
	Count     int64    `json:"count"`
	Storage   string   `json:"storage"`
	Addresses []string `json:"addresses"`
}

// Nodes lists the groups of nodes of an instance (ShowBlockchainDetail). The ones
// that are not in use are left out.
func (l Look) Nodes(ctx context.Context, id string) ([]Node, error) {
	d, err := l.showBlockchainDetail(ctx, id)
	if err != nil {
		return nil, err
	}
	var out []Node
	add := func(role string, groups ...model.PeerInfo) {
		for _, g := range groups {
			if val(g.Name) == "" && val(g.NodeCnt) == 0 {
				continue
			}
			n := Node{val(g.Name), role, val(g.Status), val(g.StatusDetail), val(g.NodeCnt), val(g.PvcName), nil}
			for _, a := range val(g.Address) {
				n.Addresses = append(n.Addresses, cmp.Or(val(a.IpPort), val(a.DomainPort)))
			}
			out = append(out, n)
		}
	}
	add("agent", val(d.AgentInfo))
	add("orderer", val(d.OrdererInfo))
	add("peer", val(d.PeerInfo)...)
	add("light peer", val(d.LightPeerInfo)...)
	add("RESTful API", val(d.RestapiInfo))
	add("trusted computing", val(d.Tc3TaskserverInfo))
	return out, nil
}

// Organization is one of an instance.
type Organization struct {
	Name    string `json:"name"`
	Status  string `json:"status"`
	Healthy string `json:"healthy"` // peers of how many, such as 2/2
	Peers   int64  `json:"peers"`
	MSP     string `json:"msp_id"`
	Domain  string `json:"domain"`
	Storage string `json:"storage"`
}

// Organizations lists those of an instance (ShowBlockchainDetail for what they
// are in, ShowBlockchainNodes for who they are).
func (l Look) Organizations(ctx context.Context, id string) ([]Organization, error) {
	d, err := l.showBlockchainDetail(ctx, id)
	if err != nil {
		return nil, err
	}
	orgs, err := l.showBlockchainNodes(ctx, id)
	if err != nil {
		return nil, err
	}
	var out []Organization
	for _, g := range val(d.PeerInfo) {
		o := orgs[val(g.Name)]
		out = append(out, Organization{val(g.Name), val(g.Status), val(g.StatusDetail), val(g.NodeCnt), val(o.OrgMspId), val(o.OrgDomain), val(g.PvcName)})
	}
	return out, nil
}

// Peer is a node of an organization.
type Peer struct {
	Organization string   `json:"organization"`
	Name         string   `json:"name"`
	Address      string   `json:"address"`
	Channels     []string `json:"channels"`
}

// Peers lists those of an instance by organization and name (ShowBlockchainNodes).
func (l Look) Peers(ctx context.Context, id string) ([]Peer, error) {
	orgs, err := l.showBlockchainNodes(ctx, id)
	var out []Peer
	for _, org := range slices.Sorted(maps.Keys(orgs)) {
		for _, name := range slices.Sorted(maps.Keys(orgs[org].Peers)) {
			p := orgs[org].Peers[name]
			out = append(out, Peer{org, name, val(p.IpPort), val(p.Channels)})
		}
	}
	return out, err
}

// Channel is one of an instance.
type Channel struct {
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Consensus   string    `json:"consensus"`
	Members     []Joined  `json:"members"`
	Orderers    []string  `json:"orderers"`
	Created     time.Time `json:"created"`
}

// Joined is an organization with its peers in a channel.
type Joined struct {
	Organization string   `json:"organization"`
	Peers        []string `json:"peers"`
}

// String names the organization, and how many peers it has there.
func (j Joined) String() string { return fmt.Sprintf("%s (%d)", j.Organization, len(j.Peers)) }

// Channels lists those of an instance (ListBlockchainChannels).
func (l Look) Channels(ctx context.Context, id string) ([]Channel, error) {
	all, err := l.listBlockchainChannels(ctx, id)
	var out []Channel
	for _, c := range all {
		ch := Channel{Name: val(c.Name), Description: val(c.Description), Consensus: val(c.Consensus), Created: moment(val(c.CreateTime))}
		for _, org := range slices.Sorted(maps.Keys(c.Peers)) {
			ch.Members = append(ch.Members, Joined{org, c.Peers[org]})
		}
		for _, org := range slices.Sorted(maps.Keys(c.ConsensusNodes)) {
			ch.Orderers = append(ch.Orderers, c.ConsensusNodes[org]...)
		}
		out = append(out, ch)
	}
	return out, err
}

//go:build unix

package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
)

// large is a blueprint of many elements, nearly all of which make requests: a
// ledger with an organization that is in a channel, networks, their subnets,
// servers in these, and data that follows the subnets.
type large struct {
	n int
	// changed: every second subnet is described in other words, every eighth
	// server is gone, some subnets are new.
	changed bool
}

const ledgerNodes = `  ledger:
    type: Cloud.BCS.Instance
    properties: {name: ledger, versionType: 2, resourcePassword: Only-4-trials, cceClusterInfo: {clusterId: 00000000-0000-4000-8000-000000000009, clusterName: c}}
  bank:
    type: Cloud.BCS.Organization
    properties: {blockchainId: {get_reference: ledger}, name: bank, nodeCount: 1, pvcName: pvc-bank}
  payments:
    type: Cloud.BCS.Channel
    properties: {blockchainId: {get_reference: ledger}, name: payments}
  bank-in-payments:
    type: Cloud.BCS.ChannelMembership
    properties: {blockchainId: {get_reference: ledger}, channelName: {get_reference: payments}, organizationName: {get_reference: bank}, peerCount: 1}
`

const ofLedger = 4 // nodes

// The numbers of each kind; data makes up what is missing.
func (g large) networks() int { return max(1, g.n/30) }
func (g large) subnets() int  { return g.n * 2 / 5 }
func (g large) servers() int  { return g.n / 8 }
func (g large) data() int {
	return max(0, g.n-ofLedger-g.networks()-g.subnets()-g.servers())
}

func (g large) write(path string) error {
	var b bytes.Buffer
	b.WriteString("tosca_definitions_version: cloud_tosca_version_1_0\nnode_templates:\n" + ledgerNodes)
	for i := range g.networks() {
		fmt.Fprintf(&b, "  net%d:\n    type: Cloud.VPC.VPC\n    properties: {name: net%d, cidr: 10.%d.0.0/16}\n", i, i, i)
	}
	subnets := g.subnets()
	if g.changed {
		subnets += g.n / 20
	}
	for i := range subnets {
		net, part := i%g.networks(), i/g.networks()
		fmt.Fprintf(&b, "  part%d:\n    type: Cloud.VPC.Subnet\n    properties: {name: part%d, vpcId: {get_reference: net%d}, cidr: 10.%d.%d.0/24, gateway: 10.%d.%d.1, description: %s}\n",
			i, i, net, net, part, net, part, g.word(i))
	}
	for i := range g.servers() {
		if g.changed && i%8 == 7 {
			continue
		}
		subnet := i % g.subnets()
		fmt.Fprintf(&b, "  server%d:\n    type: Cloud.ECS.CloudServer\n    properties: {name: server%d, availabilityZone: ae-ad-1a, flavor: s2.large.2, imageId: 1189efbf-d48b-46ad-a823-94b942e2a000, sshKeyName: key, vpcId: {get_reference: net%d}, nics: [{subnetId: {get_reference: part%d}}], rootVolume: {volumeType: SATA}}\n",
			i, i, subnet%g.networks(), subnet)
	}
	for i := range g.data() {
		fmt.Fprintf(&b, "  data%d:\n    type: Orchestrate.Data\n    properties: {input: [{get_reference: part%d}, %s]}\n", i, i%g.subnets(), g.word(i))
	}
	return os.WriteFile(path, b.Bytes(), 0o600)
}

func (g large) word(i int) string {
	if g.changed && i%2 == 1 {
		return "changed"
	}
	return "first"
}

// dataNodes are the nodes whose loss has to be consented to, separated by commas.
func (g large) dataNodes() string {
	names := []string{"ledger", "bank", "payments"}
	for i := range g.servers() {
		names = append(names, fmt.Sprintf("server%d", i))
	}
	return strings.Join(names, ",")
}

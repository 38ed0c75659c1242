package main

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/providers/emulator"
)

const twinServers = `tosca_definitions_version: cloud_tosca_version_1_0
node_templates:
  net:
    type: Cloud.VPC.VPC
    properties: {name: net, cidr: 10.0.0.0/16}
  part:
    type: Cloud.VPC.Subnet
    properties: {name: part, vpcId: {get_reference: net}, cidr: 10.0.1.0/24, gateway: 10.0.1.1}
  left:
    type: Cloud.ECS.CloudServer
    properties: &server
      name: twin
      availabilityZone: ae-ad-1a
      flavor: s2.large.2
      imageId: 1189efbf-d48b-46ad-a823-94b942e2a000
      vpcId: {get_reference: net}
      nics: [{subnetId: {get_reference: part}}]
      rootVolume: {volumeType: SAS}
      sshKeyName: mine
  right:
    type: Cloud.ECS.CloudServer
    properties: *server
`

// Two servers of one name are made at once. The request for one of them never
// arrives, while the other one is being made still: that is not taken for it.
func TestTwins(t *testing.T) {
	dir := t.TempDir()
	blueprint := filepath.Join(dir, "twins.yaml")
	if err := os.WriteFile(blueprint, []byte(twinServers), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		b := bubble(t, dir, emulator.NewScript(
			emulator.Rule{Operation: "CreateServers", Skip: 1, Times: 1, Fault: emulator.CutConnection()},
			emulator.Rule{Operation: "ShowJob", Times: 1, Fault: emulator.Fault{Delay: 20 * time.Second}},
		))
		b.succeeds("apply", blueprint, "-y")
		want := map[string]int{"CreateVpc": 1, "CreateSubnet": 1, "CreateServers": 2}
		if diff := cmp.Diff(want, b.carriedOut()); diff != "" {
			t.Errorf("requests that were carried out (-want +got):\n%s%s", diff, &b.errs)
		}
		b.succeeds("audit")
	})
}

package check_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/check"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

// TestRulesOfTheCatalogue breaks every rule that a node type has, by what is
// written and by what inputs give, and shows that nothing unknown breaks one.
func TestRulesOfTheCatalogue(t *testing.T) {
	cat, err := dsl.LoadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	for _, name := range []string{"written", "given"} {
		t.Run(name, func(t *testing.T) {
			src, diags := dsl.Load(filepath.Join("testdata", "rules", name+".yaml"))
			if diags.HasErrors() {
				t.Fatal(diags.Err())
			}
			diags, texts := findings(src, cat, nil)
			compareWants(t, src.Bytes, diags)
			for _, d := range diags {
				if d.Code != "DSL307" {
					t.Errorf("another problem: %v", d)
				}
				said.WriteString(d.Detail)
			}
			if text := diag.Text(diags, texts); strings.Contains(text, "Canary") {
				t.Errorf("a secret is told: %s", text)
			}
		})
	}
	for _, typ := range cat.Names() {
		for _, r := range cat[typ].Rules {
			if !strings.Contains(said.String(), r.Message) {
				t.Errorf("%s: no fixture breaks the rule %q", typ, r.Message)
			}
		}
	}
}

// TestRulesLookOnlyAtWhatIsKnown takes one property after the other away from
// properties that keep all rules.
func TestRulesLookOnlyAtWhatIsKnown(t *testing.T) {
	cat, err := dsl.LoadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	typ := cat["BCS.Instance"]
	n := &dsl.NodeTemplate{Name: dsl.Name{Text: "ledger"}, TypeName: typ.Name, Type: dsl.Name{Text: "Cloud.BCS.Instance"}}
	whole := map[string]any{
		"name": "ledger", "versionType": int64(3), "resourcePassword": "x", "orgDiskSize": int64(500), "isInvitee": true, "blockchainType": "union",
		"fabricVersion": "1.4", "consensus": "SFLIC", "ordererNodeNumber": int64(4), "volumeType": "evs", "evsDiskType": "SAS",
		"databaseType": "couchdb", "couchdbInfo": map[string]any{"userName": "u", "password": "p"},
		"clusterType": "cce", "createNewCluster": false, "cceClusterInfo": map[string]any{"clusterId": "c", "clusterName": "c"},
		"invitorInfos": map[string]any{"tenantId": "t", "projectId": "p", "blockchainId": "b"},
	}
	for missing := range whole {
		properties := map[string]intrinsic.Value{}
		for name, v := range whole {
			properties[name] = intrinsic.Of(v)
		}
		properties[missing] = intrinsic.Unknown
		if diags := check.Properties(n, typ, intrinsic.Of(properties)); len(diags) > 0 {
			t.Errorf("without %s: %v", missing, diags.Err())
		}
	}
}

// TestNetworksOfConditions lets networks overlap that are never there together.
func TestNetworksOfConditions(t *testing.T) {
	cat, err := dsl.LoadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	bp, diags := dsl.Parse("blueprint.yaml", []byte(`tosca_definitions_version: cloud_tosca_version_1_0
inputs: {big: {type: boolean}}
conditions: {big: {eq: [{get_input: big}, true]}, small: {not: {cond: [big]}}}
node_templates:
  net: {type: Cloud.VPC.VPC, properties: {cidr: 10.0.0.0/8}}
  one: {type: Cloud.VPC.Subnet, condition: big, properties: {vpcId: {get_reference: net}, cidr: 10.0.0.0/16, gateway: 10.0.0.1}}
  two: {type: Cloud.VPC.Subnet, condition: small, properties: {vpcId: {get_reference: net}, cidr: 10.0.0.0/24, gateway: 10.0.0.1}}
  three: {type: Cloud.VPC.Subnet, properties: {deploy: {get_input: big}, vpcId: {get_reference: net}, cidr: 10.0.0.0/20, gateway: 10.0.0.1}}
`), cat)
	if bp == nil {
		t.Fatal(diags.Err())
	}
	for _, d := range check.Run(bp, cat) {
		if d.Code == "DSL307" {
			t.Errorf("got %v", d)
		}
	}
}

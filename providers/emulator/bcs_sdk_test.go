package emulator_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	bcs "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2/model"
	"gopkg.in/yaml.v3"

	"github.com/orchestrate-tosca/orchestrate/providers/emulator"
)

// profile is a client configuration of Fabric.
type profile struct {
	Client struct {
		Organization string
	}
	Channels map[string]struct {
		Orderers   []string
		Peers      map[string]map[string]bool
		Chaincodes []string
	}
	Organizations map[string]struct {
		Name       string
		MSPID      string `yaml:"mspid"`
		CryptoPath string `yaml:"cryptoPath"`
		Peers      []string
	}
	Orderers, Peers map[string]struct {
		URL   string
		TLSCA struct{ Path string } `yaml:"tlsCACerts"`
	}
}

// hosts are the host names of the first n peers of an organization.
func hosts(t *testing.T, api *bcs.BcsClient, id, org string, n int) []string {
	t.Helper()
	out := []string{}
	for _, p := range *detail(t, api, id).PeerInfo {
		if *p.Name != org {
			continue
		}
		for _, a := range (*p.Address)[:n] {
			name, _, _ := strings.Cut(*a.DomainPort, ":")
			out = append(out, name)
		}
	}
	if len(out) != n {
		t.Fatalf("%s has %d peers", org, len(out))
	}
	return out
}

func clientConfig(t *testing.T, api *bcs.BcsClient, id string, body *model.CfgRequestBody) (map[string][]byte, error) {
	resp, err := api.DownloadBlockchainSdkConfig(&model.DownloadBlockchainSdkConfigRequest{BlockchainId: id, Body: body})
	if err != nil {
		return nil, err
	}
	return unzip(t, resp.Body), nil
}

// parsedConfig is the one file of an archive.
func parsedConfig(t *testing.T, files map[string][]byte, name string) profile {
	t.Helper()
	if got := slices.Collect(maps.Keys(files)); len(got) != 1 || got[0] != name {
		t.Fatalf("files %v, want %s alone", got, name)
	}
	var p profile
	if err := yaml.Unmarshal(files[name], &p); err != nil {
		t.Fatalf("%v\n%s", err, files[name])
	}
	return p
}

func TestClientConfig(t *testing.T) {
	c := start(t)
	api := c.bcs(t)
	id := c.order(t, api, orderOf("ledger", func(b *model.CreateRequestBody) {
		b.Channels = &[]model.ChannelInfoV2{{Name: "chan1", OrgNames: []string{"alpha", "beta"}}, {Name: "chan2", OrgNames: []string{"beta"}}}
	}))
	alpha, beta := hosts(t, api, id, "alpha", 2), hosts(t, api, id, "beta", 1)
	one := func() *model.CfgRequestBody {
		return &model.CfgRequestBody{
			ChaincodeName: "chaincode", ChannelName: "chan1", CertPath: "/root", PeerOrgs: map[string][]string{"alpha": alpha, "beta": beta},
		}
	}
	files := must(clientConfig(t, api, id, one()))(t)
	p := parsedConfig(t, files, "chan1-sdk-config.yaml")
	ch := p.Channels["chan1"]
	if len(p.Channels) != 1 || len(ch.Orderers) != 3 || len(ch.Peers) != 3 || fmt.Sprint(ch.Chaincodes) != "[chaincode]" {
		t.Errorf("channels %v", p.Channels)
	}
	// All that is named leads somewhere.
	for _, name := range ch.Orderers {
		if !strings.HasPrefix(p.Orderers[name].URL, "grpcs://") {
			t.Errorf("orderer %s: %v", name, p.Orderers[name])
		}
	}
	addresses := map[string]bool{}
	for name, roles := range ch.Peers {
		addresses[p.Peers[name].URL] = true
		if !roles["endorsingPeer"] || !strings.HasPrefix(p.Peers[name].TLSCA.Path, "/root/") {
			t.Errorf("peer %s: %v %v", name, roles, p.Peers[name])
		}
	}
	if len(addresses) != 3 || len(p.Peers) != 3 || len(p.Organizations) != 3 || p.Organizations["ordererorg"].Name != "ledger-orderer" {
		t.Errorf("peers %v, organizations %v", p.Peers, p.Organizations)
	}
	own := p.Organizations[p.Client.Organization]
	if own.Name != "alpha" || own.MSPID != p.Client.Organization+"MSP" || len(own.Peers) != 2 || own.CryptoPath != "/root/"+p.Client.Organization+".peer/msp" {
		t.Errorf("own organization %v", own)
	}
	if again := must(clientConfig(t, api, id, one()))(t); string(again["chan1-sdk-config.yaml"]) != string(files["chan1-sdk-config.yaml"]) {
		t.Error("the second download differs")
	}

	several := &model.CfgRequestBody{
		CertPath: "certs", PeerOrgs: map[string][]string{"beta": beta}, IsMultiChan: ptr(true),
		ChannelChaincode: map[string][]string{"chan1": {"chaincode"}, "chan2": {"trades", "settle"}},
	}
	p = parsedConfig(t, must(clientConfig(t, api, id, several))(t), "ledger-sdk-config.yaml")
	if len(p.Channels) != 2 || fmt.Sprint(p.Channels["chan2"].Chaincodes) != "[trades settle]" {
		t.Errorf("channels %v", p.Channels)
	}

	for name, tc := range map[string]struct {
		change func(*model.CfgRequestBody)
		code   string
	}{
		"unknown channel":      {func(b *model.CfgRequestBody) { b.ChannelName = "chan9" }, "BCS.4006012"},
		"no channel":           {func(b *model.CfgRequestBody) { b.ChannelName = "" }, "BCS.4006012"},
		"no chaincode":         {func(b *model.CfgRequestBody) { b.ChaincodeName = "" }, "BCS.4006014"},
		"malformed chaincode":  {func(b *model.CfgRequestBody) { b.ChaincodeName = "Chain" }, "BCS.4006014"},
		"no path":              {func(b *model.CfgRequestBody) { b.CertPath = "" }, "BCS.4006014"},
		"path upwards":         {func(b *model.CfgRequestBody) { b.CertPath = "/root/../etc" }, "BCS.4006014"},
		"nobody":               {func(b *model.CfgRequestBody) { b.PeerOrgs = map[string][]string{} }, "BCS.4006014"},
		"unset organizations":  {func(b *model.CfgRequestBody) { b.PeerOrgs = nil }, "BCS.4006014"},
		"unknown organization": {func(b *model.CfgRequestBody) { b.PeerOrgs = map[string][]string{"gamma": alpha} }, "BCS.4001245"},
		"no peers":             {func(b *model.CfgRequestBody) { b.PeerOrgs = map[string][]string{"alpha": {}} }, "BCS.4006014"},
		"somebody else's peer": {func(b *model.CfgRequestBody) { b.PeerOrgs = map[string][]string{"alpha": beta} }, "BCS.4006014"},
		"falling order":        {func(b *model.CfgRequestBody) { b.PeerOrgs = map[string][]string{"alpha": {alpha[1], alpha[0]}} }, "BCS.4006014"},
		"not in the channel": {func(b *model.CfgRequestBody) {
			b.ChannelName, b.PeerOrgs = "chan2", map[string][]string{"alpha": alpha}
		}, "BCS.4006014"},
		"several without channels":     {func(b *model.CfgRequestBody) { b.IsMultiChan, b.ChannelName, b.ChaincodeName = ptr(true), "", "" }, "BCS.4006014"},
		"several and one":              {func(b *model.CfgRequestBody) { b.IsMultiChan, b.ChannelChaincode = ptr(true), several.ChannelChaincode }, "BCS.4006014"},
		"partner outside a consortium": {func(b *model.CfgRequestBody) { b.UnionInfo = map[string][]string{"partner": {"hash"}} }, "BCS.4001245"},
	} {
		t.Run(name, func(t *testing.T) {
			body := one()
			tc.change(body)
			_, err := clientConfig(t, api, id, body)
			wantCode(t, err, 400, tc.code)
		})
	}
	_, err := clientConfig(t, api, "none", one())
	wantCode(t, err, 400, "BCS.4001011")
	if err := c.SetHealth(t.Context(), id, "Freeze"); err != nil {
		t.Fatal(err)
	}
	_, err = clientConfig(t, api, id, one())
	wantCode(t, err, 400, "BCS.4001234")
}

// In a consortium each side may know the other's peers, and both use the
// inviter's orderers.
func TestClientConfigOfAConsortium(t *testing.T) {
	s := twoSides(t)
	s.join(t, "chan1")
	for _, tc := range []struct {
		name               string
		api                *bcs.BcsClient
		id, org, otherName string
		other              string // instance
		otherAPI           *bcs.BcsClient
		otherOrg           string
	}{
		{"inviter", s.inviter, s.host, "alpha", emulator.PartnerUserName, s.guest, s.invitee, "gamma"},
		{"invitee", s.invitee, s.guest, "gamma", emulator.DefaultUserName, s.host, s.inviter, "alpha"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			theirs := hosts(t, tc.otherAPI, tc.other, tc.otherOrg, 2)
			hash := strings.TrimPrefix(strings.Split(theirs[0], ".")[1], "peer-")
			p := parsedConfig(t, must(clientConfig(t, tc.api, tc.id, &model.CfgRequestBody{
				ChaincodeName: "chaincode", ChannelName: "chan1", CertPath: "/root",
				PeerOrgs:  map[string][]string{tc.org: hosts(t, tc.api, tc.id, tc.org, 2)},
				UnionInfo: map[string][]string{tc.otherName: {hash}},
			}))(t), "chan1-sdk-config.yaml")
			if len(p.Peers) != 4 || p.Organizations[hash].Name != tc.otherOrg || p.Organizations["ordererorg"].Name != "inviting-orderer" {
				t.Errorf("peers %v, organizations %v", p.Peers, p.Organizations)
			}
			if p.Peers[theirs[0]+":7051"].URL == "" {
				t.Errorf("%s has no address", theirs[0])
			}
		})
	}
}

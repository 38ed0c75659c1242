package bcs

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2/model"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// sdkConfig provides BCS.SdkConfig: an archive with the file that tells a client
// where the peers and orderers of some channels are. The service makes it on demand
// and keeps nothing of it, so the recorded archive is all there is, and another one
// can be had at any time.
type sdkConfig struct {
	api
	huaweicloud.LooksFirst
}

type (
	// configProperties are the properties of a client configuration.
	configProperties struct {
		Network  string              `json:"blockchainId"`
		Orgs     []string            `json:"organizationNames"`
		Channels []configChannel     `json:"channels"`
		CertPath string              `json:"certPath"`
		Members  map[string][]string `json:"members"`
	}
	// configChannel is a channel with the chaincodes that the client uses there.
	configChannel struct {
		Name       string   `json:"channelName"`
		Chaincodes []string `json:"chaincodeNames"`
	}
)

func (c configProperties) id() string {
	return huaweicloud.JoinPath(c.Network, strings.Join(c.Orgs, "+"))
}

// Advance implements providers.Provider.
func (p sdkConfig) Advance(ctx context.Context, req *providers.Request, _ providers.Operation, _ bool) (providers.Progress, error) {
	if req.Action == providers.Delete || req.Action == providers.Create && req.Settling {
		return providers.Progress{Done: true}, nil // there is nothing to delete, and nothing was made
	}
	var want configProperties
	if err := providers.Decode(req.Properties, &want); err != nil {
		return providers.Progress{}, err
	}
	d, err := p.showBlockchainDetail(ctx, want.Network)
	if err != nil {
		return providers.Progress{}, err
	}
	body, err := want.body(d)
	if err != nil {
		return providers.Progress{}, err
	}
	archive, err := p.downloadBlockchainSdkConfig(ctx, want.Network, body)
	if err != nil {
		return providers.Progress{}, err
	}
	o, err := archiveObject("DownloadBlockchainSdkConfig", want.id(), strings.Join(want.Orgs, "+"), archive)
	return providers.Progress{Done: err == nil, Object: o}, err
}

// body asks for the configuration. The service has one form for a single chaincode
// of a single channel, and another for more.
func (c configProperties) body(d *model.ShowBlockchainDetailResponse) (*model.CfgRequestBody, error) {
	body := &model.CfgRequestBody{CertPath: c.CertPath, PeerOrgs: map[string][]string{}, UnionInfo: c.Members}
	chaincodes := map[string][]string{}
	for _, ch := range c.Channels {
		chaincodes[ch.Name] = append(chaincodes[ch.Name], ch.Chaincodes...)
	}
	if several := len(c.Channels) != 1 || len(c.Channels[0].Chaincodes) != 1; several {
		body.IsMultiChan, body.ChannelChaincode = &several, chaincodes
	} else {
		body.ChannelName, body.ChaincodeName = c.Channels[0].Name, c.Channels[0].Chaincodes[0]
	}
	for _, org := range c.Orgs {
		hosts := c.hosts(d, org)
		if len(hosts) == 0 {
			return nil, &providers.Error{
				Kind: providers.Invalid, Operation: "ShowBlockchainDetail",
				Message: fmt.Sprintf("organization %s has no peers in the channels of the configuration", org),
				Advice:  "Name it by its membership, so that this is there before: {get_attribute: [NODE, refName]}.",
			}
		}
		body.PeerOrgs[org] = hosts
	}
	return body, nil
}

// hosts are the names of the peers of an organization in the channels, by their
// numbers, as the service wants them.
func (c configProperties) hosts(d *model.ShowBlockchainDetailResponse, org string) []string {
	var out []string
	for _, ch := range val(d.Channels) {
		if slices.ContainsFunc(c.Channels, func(w configChannel) bool { return w.Name == val(ch.Name) }) {
			out = append(out, hostsIn(ch, org)...)
		}
	}
	slices.SortFunc(out, func(a, b string) int {
		return cmp.Or(cmp.Compare(peerNumber(a), peerNumber(b)), cmp.Compare(a, b))
	})
	return slices.Compact(out)
}

// hostsIn are the peers of an organization in a channel. The reference's table has
// them by name, its example by hash.
func hostsIn(ch model.ChannelInfo, org string) []string {
	if peers, ok := ch.Peers[org]; ok {
		return peers
	}
	hashes := val(ch.OrgNameHash)
	i := slices.Index(val(ch.OrgNames), org)
	if i < 0 || i >= len(hashes) {
		return nil
	}
	return ch.Peers[strings.TrimPrefix(hashes[i], org+":")]
}

// peerNumber is N of a host peer-HASH-N.DOMAIN.
func peerNumber(host string) int {
	name, _, _ := strings.Cut(host, ".")
	n, _ := strconv.Atoi(name[strings.LastIndex(name, "-")+1:]) // names of another form sort as texts
	return n
}

// Read implements providers.Provider. A configuration is taken to be there as long
// as its organizations are.
func (p sdkConfig) Read(ctx context.Context, req *providers.Request) (*providers.Object, error) {
	parts, err := huaweicloud.SplitPath("BCS.SdkConfig", req.ObjectID, "network", 2)
	if err != nil {
		return nil, err
	}
	d, err := p.showBlockchainDetail(ctx, parts[0])
	if err != nil {
		return nil, err
	}
	there := map[string]bool{}
	for _, info := range val(d.PeerInfo) {
		there[val(info.Name)] = true
	}
	for _, org := range strings.Split(parts[1], "+") {
		if !there[org] {
			return nil, huaweicloud.Absent("organization", org)
		}
	}
	return huaweicloud.KeptArchive(req, "the service keeps no client configuration", "Let the stack download one instead of importing it.")
}

// ReadAll implements providers.Lister.
func (p sdkConfig) ReadAll(ctx context.Context, reqs []*providers.Request) ([]providers.Reading, error) {
	return huaweicloud.ReadEach(ctx, reqs, p.Read)
}

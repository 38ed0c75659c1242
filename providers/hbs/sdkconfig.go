package hbs

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// Client configurations:
var downloadSdkConfigFile = operation[sdkConfigRequest, stream]{name: "DownloadSdkConfigFile", method: http.MethodPost, path: "huaweicloudchain/instances/{instance_id}/chain/sdk-config"}

type (
	sdkConfigRequest struct {
		Instance string     `json:"instance_id" at:"path"`
		Body     *sdkConfig `json:"body" at:"body"`
	}
	sdkConfig struct {
		CertPath   string   `json:"cert_path"`
		WithCA     bool     `json:"download_ca"`
		Orgs       []string `json:"orgs"` // on the chain
		AccessMode string   `json:"access_mode"`
		Endpoint   string   `json:"endpoint_ip,omitempty"`
	}
)

// clientConfig provides HBS.SdkConfig: an archive with what the clients of some
// organizations need, their private keys among it. The service makes it on demand
// and keeps nothing of it, so the recorded archive is all there is, and another one
// can be had at any time.
type clientConfig struct {
	api
	huaweicloud.LooksFirst
}

// configProperties are the properties of a client configuration.
type configProperties struct {
	Instance   string   `json:"instanceId"`
	Orgs       []string `json:"organizationNames"`
	CertPath   string   `json:"certPath"`
	WithCA     bool     `json:"downloadCa"`
	AccessMode string   `json:"accessMode"`
	Endpoint   string   `json:"endpointIp"`
}

func (c configProperties) id() string {
	return huaweicloud.JoinPath(c.Instance, strings.Join(c.Orgs, "+"))
}

// Advance implements providers.Provider.
func (p clientConfig) Advance(ctx context.Context, req *providers.Request, _ providers.Operation, _ bool) (providers.Progress, error) {
	if req.Action == providers.Delete || req.Action == providers.Create && req.Settling {
		return providers.Progress{Done: true}, nil // there is nothing to delete, and nothing was made
	}
	var want configProperties
	if err := providers.Decode(req.Properties, &want); err != nil {
		return providers.Progress{}, err
	}
	ids, err := p.onChain(ctx, want.Instance, want.Orgs)
	if err != nil {
		return providers.Progress{}, err
	}
	archive, err := fetch(ctx, p.api, downloadSdkConfigFile, &sdkConfigRequest{
		want.Instance, &sdkConfig{want.CertPath, want.WithCA, ids, want.AccessMode, want.Endpoint},
	})
	if err != nil {
		return providers.Progress{}, p.explain(ctx, want.Instance, err)
	}
	o, err := archiveObject(downloadSdkConfigFile.name, want.id(), strings.Join(want.Orgs, "+"), archive)
	return providers.Progress{Done: err == nil, Object: o}, err
}

// onChain finds the IDs on the chain of organizations.
func (a api) onChain(ctx context.Context, instance string, orgs []string) ([]string, error) {
	all, err := a.organizations(ctx, instance)
	if err != nil {
		return nil, err
	}
	known := map[string]string{}
	for _, o := range all {
		known[o.Name] = o.ChainID
	}
	ids := make([]string, len(orgs))
	for i, name := range orgs {
		if ids[i] = known[name]; ids[i] == "" {
			return nil, &providers.Error{
				Kind: providers.Invalid, Operation: "ListOrganizations", Message: fmt.Sprintf("organization %s is not part of the instance %s", name, instance),
				Advice: "Check organizationNames; best let them refer to nodes: {get_reference: [NODE, refName]}.",
			}
		}
	}
	return ids, nil
}

// Read implements providers.Provider. A configuration is taken to be there as long
// as its organizations are.
func (p clientConfig) Read(ctx context.Context, req *providers.Request) (*providers.Object, error) {
	parts, err := huaweicloud.SplitPath("HBS.SdkConfig", req.ObjectID, "instance", 2)
	if err != nil {
		return nil, err
	}
	all, err := p.organizations(ctx, parts[0])
	if err != nil {
		return nil, err
	}
	there := map[string]bool{}
	for _, o := range all {
		there[o.Name] = true
	}
	for _, name := range strings.Split(parts[1], "+") {
		if !there[name] {
			return nil, huaweicloud.Absent("organization", name)
		}
	}
	return huaweicloud.KeptArchive(req, "the service keeps no client configuration", "Let the stack download one instead of importing it.")
}

// ReadAll implements providers.Lister.
func (p clientConfig) ReadAll(ctx context.Context, reqs []*providers.Request) ([]providers.Reading, error) {
	return huaweicloud.ReadEach(ctx, reqs, p.Read)
}

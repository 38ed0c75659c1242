package bcs

import (
	"context"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// certificates provides BCS.Certificates: those with which a network runs an
// organization, or its orderers. The service makes them with the organization and
// hands them out as often as it is asked.
type certificates struct {
	api
	huaweicloud.LooksFirst
}

// ordererOrg is the name under which the certificates of the orderers are asked for.
const ordererOrg = "orderer"

// certsProperties are the properties of such certificates.
type certsProperties struct {
	Network string `json:"blockchainId"`
	Org     string `json:"organizationName"`
	Kind    string `json:"certType"`
}

func (c certsProperties) id() string { return huaweicloud.JoinPath(c.Network, c.Org, c.Kind) }

// Advance implements providers.Provider.
func (p certificates) Advance(ctx context.Context, req *providers.Request, _ providers.Operation, _ bool) (providers.Progress, error) {
	switch req.Action {
	case providers.Delete:
		return providers.Progress{Done: true}, nil // there is nothing to delete
	case providers.Update: // everything is immutable
		o, err := p.Read(ctx, req)
		return done(o), err
	}
	var want certsProperties
	if err := providers.Decode(req.Properties, &want); err != nil {
		return providers.Progress{}, err
	}
	archive, err := p.downloadBlockchainCert(ctx, want.Network, want.Org, want.Kind)
	if err != nil {
		return providers.Progress{}, err
	}
	o, err := archiveObject("DownloadBlockchainCert", want.id(), want.Org, archive)
	return providers.Progress{Done: err == nil, Object: o}, err
}

// Read implements providers.Provider. They are taken to be there as long as their
// organization is.
func (p certificates) Read(ctx context.Context, req *providers.Request) (*providers.Object, error) {
	parts, err := huaweicloud.SplitPath("BCS.Certificates", req.ObjectID, "network", 3)
	if err != nil {
		return nil, err
	}
	_, info, err := p.info(ctx, parts[0], parts[1])
	switch {
	case err != nil:
		return nil, err
	case info == nil && parts[1] != ordererOrg:
		return nil, huaweicloud.Absent("organization", parts[1])
	}
	return huaweicloud.KeptArchive(req, "what the service hands out is kept by the stack only", "Let the stack download the certificates instead of importing them.")
}

// ReadAll implements providers.Lister.
func (p certificates) ReadAll(ctx context.Context, reqs []*providers.Request) ([]providers.Reading, error) {
	return huaweicloud.ReadEach(ctx, reqs, p.Read)
}

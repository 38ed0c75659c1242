package hbs

import (
	"context"
	"net/http"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// downloadCerts asks for the certificates of a Besu chain.
var downloadCerts = operation[instanceRequest, stream]{name: "DownloadCerts", method: http.MethodPost, path: "besu/instances/{instance_id}/chain/certs"}

// besuCertificates provides HBS.BesuCertificates: an archive with what clients need
// to reach the nodes of a Besu chain, a private key among it. The service hands it
// out as often as it is asked.
type besuCertificates struct {
	api
	huaweicloud.LooksFirst
}

// certsSuffix makes the ID of certificates of that of their instance.
const certsSuffix = "certificates"

// Advance implements providers.Provider.
func (p besuCertificates) Advance(ctx context.Context, req *providers.Request, _ providers.Operation, _ bool) (providers.Progress, error) {
	switch {
	case req.Action == providers.Delete, req.Action == providers.Create && req.Settling:
		return providers.Progress{Done: true}, nil // there is nothing to delete, and nothing was made
	case req.Action == providers.Update: // everything is immutable
		o, err := p.Read(ctx, req)
		return done(o), err
	}
	instance := instanceFor(req)
	archive, err := fetch(ctx, p.api, downloadCerts, &instanceRequest{instance})
	if err != nil {
		return providers.Progress{}, p.explain(ctx, instance, err)
	}
	o, err := archiveObject(downloadCerts.name, huaweicloud.JoinPath(instance, certsSuffix), certsSuffix, archive)
	return providers.Progress{Done: err == nil, Object: o}, err
}

// Read implements providers.Provider. The certificates are taken to be there as
// long as their instance is.
func (p besuCertificates) Read(ctx context.Context, req *providers.Request) (*providers.Object, error) {
	parts, err := huaweicloud.SplitPath("HBS.BesuCertificates", req.ObjectID, "instance", 2)
	if err != nil {
		return nil, err
	}
	if _, err := p.instance(ctx, parts[0]); err != nil {
		return nil, err
	}
	return huaweicloud.KeptArchive(req, "what the service hands out is kept by the stack only", "Let the stack download the certificates instead of importing them.")
}

// ReadAll implements providers.Lister.
func (p besuCertificates) ReadAll(ctx context.Context, reqs []*providers.Request) ([]providers.Reading, error) {
	return huaweicloud.ReadEach(ctx, reqs, p.Read)
}

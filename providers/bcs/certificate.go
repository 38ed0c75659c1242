package bcs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"maps"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// certificate provides BCS.UserCertificate.
//
// The service issues a certificate and its key in one answer and has no call
// to list, read or delete one, so the recorded archive is all there is. If the
// answer gets lost, another one is issued: without security mode the service
// allows any number, and nobody holds the key of the first. With it, there is
// one for each user name; then the lost one cannot be had again, and the
// refusal says so.
type certificate struct {
	api
	huaweicloud.LooksFirst
}

// certProperties are the properties of a user certificate.
type certProperties struct {
	Network      string `json:"blockchainId"`
	Org          string `json:"organizationName"`
	User         string `json:"userName"`
	SecurityMode bool   `json:"securityMode"`
}

func (c certProperties) id() string { return huaweicloud.JoinPath(c.Network, c.Org, c.User) }

// Advance implements providers.Provider.
func (p certificate) Advance(ctx context.Context, req *providers.Request, _ providers.Operation, resumed bool) (providers.Progress, error) {
	switch req.Action {
	case providers.Create:
		return p.issue(ctx, req, resumed)
	case providers.Update: // everything is immutable
		o, err := p.Read(ctx, req)
		return done(o), err
	}
	return providers.Progress{Done: true}, nil // there is no call for it
}

func (p certificate) issue(ctx context.Context, req *providers.Request, resumed bool) (providers.Progress, error) {
	var want certProperties
	if err := providers.Decode(req.Properties, &want); err != nil {
		return providers.Progress{}, err
	}
	archive, err := p.createBlockchainCertByUserName(ctx, want.Network, want.Org, want.User, want.SecurityMode)
	if err != nil {
		return providers.Progress{}, explainLost(err, want, resumed)
	}
	// The reference shows {"result":"success"} in place of the file.
	if !bytes.HasPrefix(archive, []byte("PK\x03\x04")) {
		return providers.Progress{}, &providers.Error{
			Kind:      providers.Failed,
			Operation: "CreateBlockchainCertByUserName",
			Message:   "the service answered without a zip archive, so the certificate is lost",
			Advice:    "Apply again; with securityMode true choose another userName.",
		}
	}
	digest := sha256.Sum256(archive)
	return done(&providers.Object{
		ID: want.id(),
		Attributes: map[string]any{
			"refID":   want.id(),
			"refName": want.User,
			"archive": base64.StdEncoding.EncodeToString(archive),
			"sha256":  hex.EncodeToString(digest[:]),
		},
	}), nil
}

// explainLost says what a refusal means when an earlier answer got lost.
func explainLost(err error, want certProperties, resumed bool) error {
	var e *providers.Error
	if !resumed || !want.SecurityMode || !errors.As(err, &e) || e.Retryable() || e.Kind == providers.Ambiguous || e.Kind == providers.Auth {
		return err
	}
	explained := *e
	explained.Advice = "An earlier request, whose answer was lost, may have issued the certificate of " + want.User +
		" already; the service hands it out only once. Choose another userName, or freeze the lost one on the console."
	return &explained
}

// ReadAll implements providers.Lister.
func (p certificate) ReadAll(ctx context.Context, reqs []*providers.Request) ([]providers.Reading, error) {
	return huaweicloud.ReadEach(ctx, reqs, p.Read)
}

// Read implements providers.Provider. A certificate is taken to exist as long
// as its organization does.
func (p certificate) Read(ctx context.Context, req *providers.Request) (*providers.Object, error) {
	parts, err := huaweicloud.SplitPath("BCS.UserCertificate", req.ObjectID, "network", 3)
	if err != nil {
		return nil, err
	}
	_, info, err := p.info(ctx, parts[0], parts[1])
	if err != nil {
		return nil, err
	}
	if info == nil {
		return nil, huaweicloud.Absent("organization", parts[1])
	}
	// The archive itself may be there but sealed under a key that is lost: the
	// stack must still be seen, and deleted.
	if providers.Text(req.Attributes["sha256"]) == "" {
		return nil, &providers.Error{
			Kind:    providers.Invalid,
			Message: "the service hands out a certificate only when it issues it",
			Advice:  "Let the stack issue a new one instead of importing it.",
		}
	}
	return &providers.Object{ID: req.ObjectID, Attributes: maps.Clone(req.Attributes)}, nil
}

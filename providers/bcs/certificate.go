package bcs

import (
	"context"
	"encoding/base64"
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
// refusal says so. The archive of one that is to be frozen goes along with the
// handle, sealed, so that it is not lost between the two requests that this takes.
//
// Whether a certificate is frozen is not told either; what was asked for is on
// record. To freeze one twice does no harm, so such a request is sent again when
// its answer was lost, and also while it is settled what an earlier execution has
// left: only then is it sure what is on record.
//
//	create: ""  --issued-->  done
//	             --issued, and to be frozen-->  freeze  --frozen-->  done
//	update: ""  -->  freeze  --frozen or unfrozen-->  done
type certificate struct {
	api
	huaweicloud.LooksFirst
}

// stageFreeze is that of a certificate that is issued, and secretArchive is what its
// handle keeps of it in a create.
const (
	stageFreeze   = "freeze"
	secretArchive = "archive"
)

// certProperties are the properties of a user certificate.
type certProperties struct {
	Network      string `json:"blockchainId"`
	Org          string `json:"organizationName"`
	User         string `json:"userName"`
	SecurityMode bool   `json:"securityMode"`
	Frozen       bool   `json:"frozen"`
}

func (c certProperties) id() string { return huaweicloud.JoinPath(c.Network, c.Org, c.User) }

// Advance implements providers.Provider.
func (p certificate) Advance(ctx context.Context, req *providers.Request, op providers.Operation, resumed bool) (providers.Progress, error) {
	if req.Action == providers.Delete {
		return providers.Progress{Done: true}, nil // there is no call for it
	}
	var want certProperties
	if err := providers.Decode(req.Properties, &want); err != nil {
		return providers.Progress{}, err
	}
	switch {
	case req.Action == providers.Update:
		return p.update(ctx, req, want, op)
	case op.Secret[secretArchive] != "":
		return p.freezeNew(ctx, req, want, op)
	case req.Settling:
		return providers.Progress{Done: true}, nil // nobody holds the key of what may have been issued
	}
	return p.issue(ctx, want, resumed)
}

func (p certificate) issue(ctx context.Context, want certProperties, resumed bool) (providers.Progress, error) {
	archive, err := p.createBlockchainCertByUserName(ctx, want.Network, want.Org, want.User, want.SecurityMode)
	if err != nil {
		return providers.Progress{}, explainLost(err, want, resumed)
	}
	o, err := archiveObject("CreateBlockchainCertByUserName", want.id(), want.User, archive)
	switch {
	case err != nil:
		return providers.Progress{}, err
	case !want.Frozen:
		return done(o), nil
	}
	kept := map[string]string{secretArchive: base64.StdEncoding.EncodeToString(archive)}
	return providers.Progress{Next: providers.Operation{Stage: stageFreeze, Secret: kept}}, nil
}

// freezeNew freezes what was just issued. If that is refused, the certificate is there
// all the same: its handle stays on record, and the next command takes it for one
// that is not frozen, so that the plan after that freezes it.
func (p certificate) freezeNew(ctx context.Context, req *providers.Request, want certProperties, op providers.Operation) (providers.Progress, error) {
	archive, err := base64.StdEncoding.DecodeString(op.Secret[secretArchive])
	if err != nil {
		return providers.Progress{}, errors.New("the archive of the certificate that is on record can't be read")
	}
	o := huaweicloud.ArchiveObject(want.id(), want.User, archive)
	err = p.freeze(ctx, want, archive)
	var refusal *providers.Error
	switch {
	case err == nil:
		return done(o), nil
	case !errors.As(err, &refusal) || !isFinal(refusal.Kind):
		return providers.Progress{}, err
	case req.Settling:
		o.Properties = map[string]any{"frozen": false}
		return done(o), nil
	}
	open := *refusal
	open.Kind = providers.Unexpected
	open.Advice = "The certificate is issued and kept, and not frozen. The next command records it so, and the plan after that freezes it; " +
		"to leave it as it is, set frozen to false."
	return providers.Progress{}, &open
}

// isFinal reports whether a refusal of that kind would come again.
func isFinal(kind providers.Kind) bool {
	switch kind {
	case providers.Invalid, providers.NotFound, providers.Conflict, providers.Quota, providers.Failed:
		return true
	}
	return false
}

// update freezes or unfreezes; everything else is immutable.
func (p certificate) update(ctx context.Context, req *providers.Request, want certProperties, op providers.Operation) (providers.Progress, error) {
	if op.Stage == "" {
		return providers.Progress{Next: providers.Operation{Stage: stageFreeze, ObjectID: req.ObjectID}}, nil
	}
	archive, err := base64.StdEncoding.DecodeString(providers.Text(req.Attributes["archive"]))
	if err != nil || len(archive) == 0 && !want.SecurityMode {
		return providers.Progress{}, &providers.Error{
			Kind:    providers.Invalid,
			Message: "the recorded archive of the certificate can't be read, and without it the service does not know which one is meant",
			Advice:  "Issue another certificate with --replace " + req.Node + ".",
		}
	}
	if err := p.freeze(ctx, want, archive); err != nil {
		return providers.Progress{}, err
	}
	return done(&providers.Object{ID: req.ObjectID, Attributes: maps.Clone(req.Attributes)}), nil
}

// freeze has a certificate frozen or unfrozen, which takes effect within a minute.
// What the service does not keep has to be shown to it.
func (p certificate) freeze(ctx context.Context, want certProperties, archive []byte) error {
	if want.SecurityMode {
		archive = nil
	}
	if want.Frozen {
		return p.freezeCert(ctx, want.Network, want.Org, want.User, archive)
	}
	return p.unfreezeCert(ctx, want.Network, want.Org, want.User, archive)
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
	return huaweicloud.KeptArchive(req, "the service hands out a certificate only when it issues it", "Let the stack issue a new one instead of importing it.")
}

package bcs

import (
	"context"
	"encoding/base64"
	"errors"
	"maps"
	"sync"

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
//
// Whether a certificate is frozen is not told either; what was asked for is on
// record. To freeze one twice does no harm, so such a request is sent again when
// its answer was lost, and also while it is settled what an earlier execution has
// left: only then is it sure what is on record.
//
//	create: issue  --issued-->  done
//	          ^ |
//	  archive | +--to be frozen-->  freeze  --frozen-->  done
//	     lost +-----------------------+
//	update: ""  -->  freeze  --frozen or unfrozen-->  done
type certificate struct {
	api
	huaweicloud.LooksFirst
	held *archives
}

// Stages of a certificate.
const (
	stageIssue  = "issue"
	stageFreeze = "freeze"
)

// archives holds archives between the two requests of a create, in memory only:
// they are secret, so no operation may carry them. Who finds none issues another
// certificate, as after a lost answer.
type archives struct {
	mu   sync.Mutex
	made map[string][]byte // by ID of the certificate; guarded by mu
}

func (a *archives) hold(id string, archive []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.made[id] = archive
}

// find returns an archive that is held, nil if there is none.
func (a *archives) find(id string) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.made[id]
}

func (a *archives) drop(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.made, id)
}

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
	case op.Stage == stageFreeze:
		return p.freezeNew(ctx, req, want)
	case req.Settling:
		return providers.Progress{Done: true}, nil // nobody holds the key of what may have been issued
	}
	return p.issue(ctx, want, op, resumed)
}

func (p certificate) issue(ctx context.Context, want certProperties, op providers.Operation, resumed bool) (providers.Progress, error) {
	archive, err := p.createBlockchainCertByUserName(ctx, want.Network, want.Org, want.User, want.SecurityMode)
	if err != nil {
		return providers.Progress{}, explainLost(err, want, resumed || op.Stage == stageIssue)
	}
	o, err := archiveObject("CreateBlockchainCertByUserName", want.id(), want.User, archive)
	switch {
	case err != nil:
		return providers.Progress{}, err
	case !want.Frozen:
		return done(o), nil
	}
	p.held.hold(want.id(), archive)
	return providers.Progress{Next: providers.Operation{Stage: stageFreeze}}, nil
}

// freezeNew freezes what was just issued.
func (p certificate) freezeNew(ctx context.Context, req *providers.Request, want certProperties) (providers.Progress, error) {
	archive := p.held.find(want.id())
	switch {
	case archive == nil && req.Settling:
		return providers.Progress{Done: true}, nil // nobody holds its key
	case archive == nil:
		return providers.Progress{Next: providers.Operation{Stage: stageIssue}, Message: "issuing another certificate, because the first got lost"}, nil
	}
	if err := p.freeze(ctx, want, archive); err != nil {
		return providers.Progress{}, err
	}
	o, err := archiveObject("CreateBlockchainCertByUserName", want.id(), want.User, archive)
	if err == nil {
		p.held.drop(want.id())
	}
	return done(o), err
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

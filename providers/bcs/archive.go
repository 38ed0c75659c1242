package bcs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"maps"

	sdk "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2/model"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// archiveObject is what is recorded of a zip archive that the service made. The
// reference shows {"result":"success"} in place of the file.
func archiveObject(operation, id, name string, archive []byte) (*providers.Object, error) {
	if !bytes.HasPrefix(archive, []byte("PK\x03\x04")) {
		return nil, &providers.Error{
			Kind:      providers.Failed,
			Operation: operation,
			Message:   "the service answered without a zip archive, so what it made is lost",
			Advice:    "Apply again; a certificate with securityMode true needs another userName.",
		}
	}
	digest := sha256.Sum256(archive)
	return &providers.Object{
		ID: id,
		Attributes: map[string]any{
			"refID":   id,
			"refName": name,
			"archive": base64.StdEncoding.EncodeToString(archive),
			"sha256":  hex.EncodeToString(digest[:]),
		},
	}, nil
}

// archiveRecorded is an object of which only the stack keeps the archive. It may be
// there but sealed under a key that is lost: the stack must still be seen, and
// deleted.
func archiveRecorded(req *providers.Request, message, advice string) (*providers.Object, error) {
	if providers.Text(req.Attributes["sha256"]) == "" {
		return nil, &providers.Error{Kind: providers.Invalid, Message: message, Advice: advice}
	}
	return &providers.Object{ID: req.ObjectID, Attributes: maps.Clone(req.Attributes)}, nil
}

// drained reads an answer that is a file, while the call's context still lives: the
// SDK hands over the unread body.
func drained(body io.ReadCloser) (*[]byte, error) {
	defer body.Close()
	file, err := io.ReadAll(body)
	return &file, err
}

// createBlockchainCertByUserName returns the archive.
func (a api) createBlockchainCertByUserName(ctx context.Context, id, org, user string, securityMode bool) ([]byte, error) {
	if err := huaweicloud.InPath(id, org, user); err != nil {
		return nil, err
	}
	issue := func(c *sdk.BcsClient, q *model.CreateBlockchainCertByUserNameRequest) (*[]byte, error) {
		r, err := c.CreateBlockchainCertByUserName(q)
		if err != nil {
			return nil, err
		}
		return drained(r.Body)
	}
	archive, err := huaweicloud.Change(ctx, a.c, service, "CreateBlockchainCertByUserName", issue, &model.CreateBlockchainCertByUserNameRequest{
		BlockchainId: id,
		OrgName:      org,
		UserName:     user,
		Body:         &model.CreateBlockchainCertByUserNameRequestBody{SecurityMode: &securityMode},
	})
	if err != nil {
		return nil, err
	}
	return *archive, nil
}

// downloadBlockchainCert returns the archive with certificates of a kind: those of
// the administrator or the user of an organization (or of the orderers), or of its
// authority.
func (a api) downloadBlockchainCert(ctx context.Context, id, org, kind string) ([]byte, error) {
	if err := huaweicloud.InPath(id); err != nil {
		return nil, err
	}
	known := model.GetDownloadBlockchainCertRequestCertTypeEnum()
	kinds := map[string]model.DownloadBlockchainCertRequestCertType{"admin": known.ADMIN, "user": known.USER, "ca": known.CA}
	q := &model.DownloadBlockchainCertRequest{BlockchainId: id, OrgName: org, CertType: kinds[kind]}
	download := func(c *sdk.BcsClient, q *model.DownloadBlockchainCertRequest) (*[]byte, error) {
		r, err := c.DownloadBlockchainCert(q)
		if err != nil {
			return nil, err
		}
		return drained(r.Body)
	}
	archive, err := huaweicloud.Read(ctx, a.c, service, "DownloadBlockchainCert", download, q)
	if err != nil {
		return nil, err
	}
	return *archive, nil
}

// downloadBlockchainSdkConfig returns the archive.
func (a api) downloadBlockchainSdkConfig(ctx context.Context, id string, body *model.CfgRequestBody) ([]byte, error) {
	if err := huaweicloud.InPath(id); err != nil {
		return nil, err
	}
	download := func(c *sdk.BcsClient, q *model.DownloadBlockchainSdkConfigRequest) (*[]byte, error) {
		r, err := c.DownloadBlockchainSdkConfig(q)
		if err != nil {
			return nil, err
		}
		return drained(r.Body)
	}
	archive, err := huaweicloud.Change(ctx, a.c, service, "DownloadBlockchainSdkConfig", download,
		&model.DownloadBlockchainSdkConfigRequest{BlockchainId: id, Body: body})
	if err != nil {
		return nil, err
	}
	return *archive, nil
}

// freezeCert freezes a certificate: the one in an archive, or that which the service
// keeps if there is none.
func (a api) freezeCert(ctx context.Context, id, org, user string, archive []byte) error {
	if err := huaweicloud.InPath(id, org, user); err != nil {
		return err
	}
	q := &model.FreezeCertRequest{BlockchainId: id, OrgName: org, UserName: user}
	if archive == nil {
		_, err := huaweicloud.Change(ctx, a.c, service, "FreezeCert", (*sdk.BcsClient).FreezeCert, q)
		return err
	}
	_, err := huaweicloud.Upload(ctx, a.c, service, "FreezeCert", (*sdk.BcsClient).FreezeCert, q, archiveForm(user, archive))
	return err
}

// unfreezeCert takes a freezeCert back.
func (a api) unfreezeCert(ctx context.Context, id, org, user string, archive []byte) error {
	if err := huaweicloud.InPath(id, org, user); err != nil {
		return err
	}
	q := &model.UnfreezeCertRequest{BlockchainId: id, OrgName: org, UserName: user}
	if archive == nil {
		_, err := huaweicloud.Change(ctx, a.c, service, "UnfreezeCert", (*sdk.BcsClient).UnfreezeCert, q)
		return err
	}
	_, err := huaweicloud.Upload(ctx, a.c, service, "UnfreezeCert", (*sdk.BcsClient).UnfreezeCert, q, archiveForm(user, archive))
	return err
}

// archiveForm is the form with which an archive is shown to the service.
func archiveForm(name string, archive []byte) *huaweicloud.Form {
	return &huaweicloud.Form{File: &huaweicloud.FormFile{
		Field: "file", Name: name + ".zip", Media: "application/octet-stream", Size: int64(len(archive)),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(archive)), nil },
	}}
}

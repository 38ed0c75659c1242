package bcs

import (
	"bytes"
	"context"
	"io"

	sdk "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2/model"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// archiveObject is what is recorded of a zip archive that the service made. The
// reference shows {"result":"success"} in place of the file.
func archiveObject(operation, id, name string, archive []byte) (*providers.Object, error) {
	if !huaweicloud.IsZip(archive) {
		return nil, &providers.Error{
			Kind:      providers.Failed,
			Operation: operation,
			Message:   "the service answered without a zip archive, so what it made is lost",
			Advice:    "Apply again; a certificate with securityMode true needs another userName.",
		}
	}
	return huaweicloud.ArchiveObject(id, name, archive), nil
}

// createBlockchainCertByUserName returns the archive.
func (a api) createBlockchainCertByUserName(ctx context.Context, id, org, user string, securityMode bool) ([]byte, error) {
	if err := huaweicloud.InPath(id, org, user); err != nil {
		return nil, err
	}
	q := &model.CreateBlockchainCertByUserNameRequest{
		BlockchainId: id,
		OrgName:      org,
		UserName:     user,
		Body:         &model.CreateBlockchainCertByUserNameRequestBody{SecurityMode: &securityMode},
	}
	return huaweicloud.MakeFile(ctx, a.c, service, "CreateBlockchainCertByUserName", (*sdk.BcsClient).CreateBlockchainCertByUserName, q)
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
	return huaweicloud.ReadFile(ctx, a.c, service, "DownloadBlockchainCert", (*sdk.BcsClient).DownloadBlockchainCert, q)
}

// downloadBlockchainSdkConfig returns the archive.
func (a api) downloadBlockchainSdkConfig(ctx context.Context, id string, body *model.CfgRequestBody) ([]byte, error) {
	if err := huaweicloud.InPath(id); err != nil {
		return nil, err
	}
	q := &model.DownloadBlockchainSdkConfigRequest{BlockchainId: id, Body: body}
	return huaweicloud.MakeFile(ctx, a.c, service, "DownloadBlockchainSdkConfig", (*sdk.BcsClient).DownloadBlockchainSdkConfig, q)
}

// freezeCert freezes a certificate: the one in an archive, or that which the service
// keeps if there is none.
func (a api) freezeCert(ctx context.Context, id, org, user string, archive []byte) error {
	if err := huaweicloud.InPath(id, org, user); err != nil {
		return err
	}
	q := &model.FreezeCertRequest{BlockchainId: id, OrgName: org, UserName: user}
	return showing(ctx, a, user, archive, "FreezeCert", (*sdk.BcsClient).FreezeCert, q)
}

// unfreezeCert takes a freezeCert back.
func (a api) unfreezeCert(ctx context.Context, id, org, user string, archive []byte) error {
	if err := huaweicloud.InPath(id, org, user); err != nil {
		return err
	}
	q := &model.UnfreezeCertRequest{BlockchainId: id, OrgName: org, UserName: user}
	return showing(ctx, a, user, archive, "UnfreezeCert", (*sdk.BcsClient).UnfreezeCert, q)
}

// showing makes a call about a certificate, and shows the archive with it if there
// is one.
func showing[Q, R any](ctx context.Context, a api, user string, archive []byte, operation string, call func(*sdk.BcsClient, *Q) (*R, error), q *Q) (err error) {
	if archive == nil {
		_, err = huaweicloud.Change(ctx, a.c, service, operation, call, q)
	} else {
		_, err = huaweicloud.Upload(ctx, a.c, service, operation, call, q, archiveForm(user, archive))
	}
	return err
}

// archiveForm is the form with which an archive is shown to the service.
func archiveForm(name string, archive []byte) *huaweicloud.Form {
	return &huaweicloud.Form{File: &huaweicloud.FormFile{
		Field: "file", Name: name + ".zip", Media: "application/octet-stream", Size: int64(len(archive)),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(archive)), nil },
	}}
}

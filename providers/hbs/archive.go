package hbs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// stream is an answer that is a file. The SDK hands over the unread body.
type stream struct {
	Body io.ReadCloser `json:"-" type:"stream"`
	answered
}

// fetch makes a call that answers with a file, and reads it while the call's
// context still lives. The call may change something: it is sent once.
func fetch[Q any](ctx context.Context, a api, o operation[Q, stream], q *Q) ([]byte, error) {
	if err := inPath(q); err != nil {
		return nil, err
	}
	return whole(huaweicloud.Change(ctx, a.c, service, o.name, reading(o), q))
}

// fetchAgain is fetch for a call that changes nothing.
func fetchAgain[Q any](ctx context.Context, a api, o operation[Q, stream], q *Q) ([]byte, error) {
	if err := inPath(q); err != nil {
		return nil, err
	}
	return whole(huaweicloud.Read(ctx, a.c, service, o.name, reading(o), q))
}

// reading is the call of an operation together with the reading of its file.
func reading[Q any](o operation[Q, stream]) func(*core.HcHttpClient, *Q) (*[]byte, error) {
	return func(c *core.HcHttpClient, q *Q) (*[]byte, error) {
		r, err := o.call(c, q)
		if err != nil {
			return nil, err
		}
		defer r.Body.Close()
		file, err := io.ReadAll(r.Body)
		return &file, err
	}
}

func whole(file *[]byte, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	return *file, nil
}

// archiveObject is what is recorded of a zip archive that the service made.
func archiveObject(operation, id, name string, archive []byte) (*providers.Object, error) {
	if !bytes.HasPrefix(archive, []byte("PK\x03\x04")) {
		return nil, unexpected(operation, "the service answered without a zip archive")
	}
	digest := sha256.Sum256(archive)
	return &providers.Object{
		ID: id,
		Attributes: map[string]any{
			"refID": id, "refName": name,
			"archive": base64.StdEncoding.EncodeToString(archive), "sha256": hex.EncodeToString(digest[:]),
		},
	}, nil
}

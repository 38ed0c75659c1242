package huaweicloud

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"maps"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// Stream is an answer that is a file: the SDK hands over the unread body. Consume
// reads it to its end and closes it.
type Stream interface {
	Consume(to io.Writer) (int64, error)
}

// ReadFile is Read for a call that answers with a file.
func ReadFile[T, Q any, R Stream](ctx context.Context, c *Client, s Service[T], operation string, call func(T, *Q) (*R, error), q *Q) ([]byte, error) {
	return whole(Read(ctx, c, s, operation, consuming(call), q))
}

// MakeFile is Change for a call that answers with a file, which the service may
// have made for it.
func MakeFile[T, Q any, R Stream](ctx context.Context, c *Client, s Service[T], operation string, call func(T, *Q) (*R, error), q *Q) ([]byte, error) {
	return whole(Change(ctx, c, s, operation, consuming(call), q))
}

// consuming is a call together with the reading of its file, while the call's
// context still lives.
func consuming[T, Q any, R Stream](call func(T, *Q) (*R, error)) func(T, *Q) (*bytes.Buffer, error) {
	return func(client T, q *Q) (*bytes.Buffer, error) {
		r, err := call(client, q)
		if err != nil {
			return nil, err
		}
		file := new(bytes.Buffer)
		_, err = (*r).Consume(file)
		return file, err
	}
}

func whole(file *bytes.Buffer, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	return file.Bytes(), nil
}

// IsZip reports whether a file is a zip archive with something in it.
func IsZip(file []byte) bool { return bytes.HasPrefix(file, []byte("PK\x03\x04")) }

// ArchiveObject is what is recorded of an archive that a service made.
func ArchiveObject(id, name string, archive []byte) *providers.Object {
	digest := sha256.Sum256(archive)
	return &providers.Object{
		ID: id,
		Attributes: map[string]any{
			"refID":   id,
			"refName": name,
			"archive": base64.StdEncoding.EncodeToString(archive),
			"sha256":  hex.EncodeToString(digest[:]),
		},
	}
}

// KeptArchive is an object of which only the stack keeps the archive; message and
// advice are for who has none. The archive may be there but sealed under a key that
// is lost: the stack must still be seen, and deleted.
func KeptArchive(req *providers.Request, message, advice string) (*providers.Object, error) {
	if providers.Text(req.Attributes["sha256"]) == "" {
		return nil, &providers.Error{Kind: providers.Invalid, Message: message, Advice: advice}
	}
	return &providers.Object{ID: req.ObjectID, Attributes: maps.Clone(req.Attributes)}, nil
}

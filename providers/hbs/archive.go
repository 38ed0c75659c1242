package hbs

import (
	"context"
	"io"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// stream is an answer that is a file.
type stream struct {
	Body io.ReadCloser `json:"-" type:"stream"`
	answered
}

// Consume implements huaweicloud.Stream.
func (s stream) Consume(to io.Writer) (int64, error) {
	defer s.Body.Close()
	return io.Copy(to, s.Body)
}

// fetch makes a call that answers with a file. The call may change something: it is
// sent once.
func fetch[Q any](ctx context.Context, a api, o operation[Q, stream], q *Q) ([]byte, error) {
	if err := inPath(q); err != nil {
		return nil, err
	}
	return huaweicloud.MakeFile(ctx, a.c, service, o.name, o.call, q)
}

// fetchAgain is fetch for a call that changes nothing.
func fetchAgain[Q any](ctx context.Context, a api, o operation[Q, stream], q *Q) ([]byte, error) {
	if err := inPath(q); err != nil {
		return nil, err
	}
	return huaweicloud.ReadFile(ctx, a.c, service, o.name, o.call, q)
}

// archiveObject is what is recorded of a zip archive that the service made.
func archiveObject(operation, id, name string, archive []byte) (*providers.Object, error) {
	if !huaweicloud.IsZip(archive) {
		return nil, huaweicloud.Senseless(operation, "the service answered without a zip archive")
	}
	return huaweicloud.ArchiveObject(id, name, archive), nil
}

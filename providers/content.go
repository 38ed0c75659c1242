package providers

import (
	"context"
	"fmt"
	"io"
)

// File is what stands in the place of a property that names a file: the content
// itself is read by Request.Open.
type File struct {
	Path   string `json:"path"` // in the package of the blueprint
	Size   int64  `json:"size"` // in bytes
	SHA256 string `json:"sha256"`
}

// Map is the form of a file among properties.
func (f File) Map() map[string]any {
	return map[string]any{"path": f.Path, "size": f.Size, "sha256": f.SHA256}
}

// Transfer is how far what a request carries is on its way.
type Transfer struct {
	Sent int64 `json:"sent"` // bytes
	Size int64 `json:"size"`
}

// Open begins to read what a file holds. What is read is what its digest says, or
// an error.
func (r *Request) Open(ctx context.Context, f File) (io.ReadCloser, error) {
	if r.Content == nil {
		return nil, &Error{Kind: Unexpected, Message: fmt.Sprintf("%s can't be read here: only a create or an update of a stack reads files", f.Path)}
	}
	return r.Content(ctx, f.SHA256)
}

// Tell tells people what an Advance is at that takes its time. It may be called
// often, by any goroutine.
func (r *Request) Tell(p Progress) {
	if r.Told != nil {
		r.Told(p)
	}
}

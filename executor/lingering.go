package executor

import (
	"context"
	"time"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// lingering stands in for the request of an update or a deletion of which only the
// intent is on record: it may have been sent, and the service may be at it still.
// Until that has ended, what the next plan reads need not last: it would find
// nothing to do, and the object would change, or vanish, after that. So the end is
// waited for, and nothing is sent. A deletion is done if the object is gone then.
type lingering struct{ providers.Worker }

// lingeringAfter is how long after a look the next one comes at least.
const lingeringAfter = 2 * time.Second

// Advance implements providers.Provider.
func (p lingering) Advance(ctx context.Context, req *providers.Request, _ providers.Operation, _ bool) (providers.Progress, error) {
	work, err := p.Working(ctx, req)
	switch {
	case err != nil:
		return providers.Progress{}, err
	case work != "":
		return providers.Progress{After: lingeringAfter, Message: "its request may have been sent; the service is at work: " + work}, nil
	case req.Action == providers.Update:
		return providers.Progress{Done: true}, nil
	}
	o, err := p.Read(ctx, req)
	return providers.Progress{Done: true, Object: o}, err
}

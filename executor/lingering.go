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
type lingering struct{ providers.Provider }

// lingeringAfter is how long after a look the next one comes at least.
const lingeringAfter = 2 * time.Second

// Advance implements providers.Provider.
func (p lingering) Advance(ctx context.Context, req *providers.Request, _ providers.Operation, _ bool) (providers.Progress, error) {
	if w, ok := p.Provider.(providers.Worker); ok {
		work, err := w.Working(ctx, req)
		if err != nil {
			return providers.Progress{}, err
		}
		if work != "" {
			return providers.Progress{After: lingeringAfter, Message: "its request may have been sent; the service is at work: " + work}, nil
		}
	}
	if req.Action == providers.Update {
		return providers.Progress{Done: true}, nil
	}
	o, err := p.Read(ctx, req)
	return providers.Progress{Done: true, Object: o}, err
}

// lingers reports whether something may come of a request after its sender has died.
func lingers(p providers.Provider) bool {
	_, works := p.(providers.Worker)
	_, lags := p.(providers.Lagging)
	return works || lags
}

// held keeps a provider from looking what has come of a request that may be on its
// way still.
type held struct {
	providers.Provider
	until   time.Time
	resumed bool // it is still to be told that it resumes
}

// holding is a provider, or what stands in for it, held until its last request has
// been carried out if it ever is; that may have left when last was.
func holding(p, stand providers.Provider, last time.Time) providers.Provider {
	lagging, ok := p.(providers.Lagging)
	if !ok {
		return stand
	}
	return &held{Provider: stand, until: last.Add(lagging.Late())}
}

// Advance implements providers.Provider.
func (p *held) Advance(ctx context.Context, req *providers.Request, op providers.Operation, resumed bool) (providers.Progress, error) {
	p.resumed = p.resumed || resumed
	// A clock that was set back does not make it longer.
	if left := time.Until(p.until); left > 0 && left <= longestHold {
		return providers.Progress{Next: op, After: left, Message: "its last request may be on its way still"}, nil
	}
	resumed, p.resumed = p.resumed, false
	return p.Provider.Advance(ctx, req, op, resumed)
}

// longestHold is more than any provider's Late.
const longestHold = 2 * time.Minute

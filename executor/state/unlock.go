package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Liveness is what is known of the process of an owner.
type Liveness string

// What can be known of a process. Only its own machine can tell whether it is
// there; of one elsewhere the sign of life is that it renews its lease.
const (
	Alive   Liveness = "alive"
	Dead    Liveness = "dead"
	Unknown Liveness = "unknown"
)

// Hold is the lease on a stack as it is recorded.
type Hold struct {
	Stack   string
	Owner   Owner
	Token   int64
	Expires time.Time // when it ends unless its owner renews it
	Expired bool      // by the clock of this machine
	Process Liveness  // of the owner
}

// Living reports whether somebody may be at work under the hold: the process is
// there, or it gave a sign of life so lately that its lease still runs.
func (h *Hold) Living() bool {
	return h.Process == Alive || h.Process == Unknown && !h.Expired
}

// Held tells who holds a stack, nil if nobody does. A lease that has run out is
// its owner's until somebody else takes it, so it counts.
func (s *SQLite) Held(ctx context.Context, stack string) (*Hold, error) {
	all, err := s.Holds(ctx)
	for _, h := range all {
		if h.Stack == stack {
			return h, err
		}
	}
	return nil, err
}

// Holds lists the stacks that are held, by name.
func (s *SQLite) Holds(ctx context.Context) ([]*Hold, error) {
	var out []*Hold
	err := s.view(ctx, "the leases", func(t *snapshot) (err error) {
		out, err = s.holds(ctx, t)
		return err
	})
	return out, err
}

// Break takes the lease away from its owner, whose next write then fails with
// ErrLeaseLost. It fails with ErrLeaseLost itself if the lease is no longer the
// one that was looked at: nobody loses a lease that was not judged.
func (s *SQLite) Break(ctx context.Context, h *Hold) error {
	if held, err := s.Held(ctx, h.Stack); err != nil || held == nil {
		return errors.Join(err, ErrLeaseLost) // above all, no state file is made to free what is not held
	}
	return s.Release(ctx, &Lease{Stack: h.Stack, Token: h.Token})
}

// holds reads the leases that somebody has.
func (s *SQLite) holds(ctx context.Context, t *snapshot) ([]*Hold, error) {
	return holdsIn(ctx, t, s.now(), s.self)
}

// holdsIn judges the leases by a clock and from a machine.
func holdsIn(ctx context.Context, q rowsQuerier, now time.Time, self Owner) ([]*Hold, error) {
	var out []*Hold
	err := each(ctx, q, func(r *sql.Rows) error {
		h := &Hold{}
		var owner string
		var expires int64
		if err := r.Scan(&h.Stack, &h.Token, &owner, &expires); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(owner), &h.Owner); err != nil {
			return fmt.Errorf("decode the owner of stack %s: %w", h.Stack, err)
		}
		h.Expires = moment(expires)
		h.Expired = !now.Before(h.Expires)
		h.Process = h.Owner.liveness(self)
		out = append(out, h)
		return nil
	}, `SELECT stack, token, owner, expires FROM leases WHERE owner <> '' ORDER BY stack`)
	return out, err
}

// liveness is what this machine knows of the process of an owner.
func (o Owner) liveness(self Owner) Liveness {
	switch {
	case o.dead(self):
		return Dead
	case o.Process != "" && o.Host == self.Host && processIdentity(o.PID) == o.Process:
		return Alive
	}
	return Unknown
}

package state

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Acquire takes the lease if it is free, ran out, or belongs to a process of
// this machine that is no more. Expiry is judged by this machine's clock.
func (s *SQLite) Acquire(ctx context.Context, stack string, owner Owner, ttl time.Duration) (*Lease, error) {
	text, err := json.Marshal(owner)
	if err != nil {
		return nil, fmt.Errorf("encode owner: %w", err)
	}
	l := &Lease{Stack: stack, Owner: owner}
	err = s.write(ctx, "take the lease of stack "+stack, func(t *tx) error {
		row, _, err := t.lease(stack)
		if err != nil {
			return err
		}
		if row.held(s.now()) && !row.owner.dead(s.self) {
			return &HeldError{Stack: stack, Owner: row.owner, Expires: row.expires}
		}
		l.Token = row.token + 1
		// Appends of the former owner may stand in the same batch.
		clear(t.fenced)
		return t.exec(`INSERT INTO leases (stack, token, owner, expires) VALUES (?, ?, ?, ?)
			ON CONFLICT (stack) DO UPDATE SET token = excluded.token, owner = excluded.owner, expires = excluded.expires`,
			stack, l.Token, string(text), nanos(s.now().Add(ttl)))
	})
	if err != nil {
		return nil, err
	}
	return l, nil
}

// Renew pushes the end of the lease out. A lease that ran out but was not
// taken is still the owner's.
func (s *SQLite) Renew(ctx context.Context, l *Lease, ttl time.Duration) error {
	return s.write(ctx, "renew the lease of stack "+l.Stack, func(t *tx) error {
		if err := t.fence(l); err != nil {
			return err
		}
		return t.exec(`UPDATE leases SET expires = ? WHERE stack = ?`, nanos(s.now().Add(ttl)), l.Stack)
	})
}

// Release gives the lease back. One that was lost before gives ErrLeaseLost.
func (s *SQLite) Release(ctx context.Context, l *Lease) error {
	return s.write(ctx, "release the lease of stack "+l.Stack, func(t *tx) error {
		if err := t.fence(l); err != nil {
			return err
		}
		clear(t.fenced)
		return t.exec(`UPDATE leases SET owner = '', expires = 0 WHERE stack = ?`, l.Stack)
	})
}

// leaseRow is what is stored of a lease; the zero value is a free one.
type leaseRow struct {
	token   int64
	owner   Owner
	free    bool
	expires time.Time
}

func (r leaseRow) held(now time.Time) bool { return !r.free && now.Before(r.expires) }

func (t *tx) lease(stack string) (leaseRow, bool, error) {
	var r leaseRow
	var owner string
	var expires int64
	found, err := t.row(`SELECT token, owner, expires FROM leases WHERE stack = ?`, []any{stack}, &r.token, &owner, &expires)
	if err != nil {
		return r, false, err
	}
	r.free, r.expires = owner == "", moment(expires)
	if r.free {
		return r, found, nil
	}
	if err := json.Unmarshal([]byte(owner), &r.owner); err != nil {
		return r, false, fmt.Errorf("decode the owner of stack %s: %w", stack, err)
	}
	return r, found, nil
}

// fence checks that l is still the lease of its stack. Every write calls it
// first, inside its transaction; a batch asks once per lease.
func (t *tx) fence(l *Lease) error {
	id := Lease{Stack: l.Stack, Token: l.Token}
	if err, ok := t.fenced[id]; ok {
		return err
	}
	row, found, err := t.lease(l.Stack)
	if err != nil {
		return err
	}
	if !found || row.free || row.token != l.Token {
		err = ErrLeaseLost
	}
	t.fenced[id] = err
	return err
}

// nanos is how times are stored; the zero time is 0.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// moment is the inverse of nanos.
func moment(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

package simtest

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// store is the state.Store of one process: every write is a call that may be
// late, fail, or outlive its process. Reads are answered at once; nothing can
// change while a goroutine runs.
type store struct {
	p *process
	m *memory
}

// write has the kernel carry a write out; mirrored does the same to another
// store.
func (s *store) write(ctx context.Context, what string, do func() error, mirrored func(state.Store) error) error {
	var err error
	c := &call{p: s.p, ctx: ctx, what: what, store: true, changing: true, effect: func() {
		if err = do(); s.p.w.mirror != nil {
			s.p.w.reflect(s.p, what, mirrored, err)
		}
	}}
	if broken := s.p.w.do(c); broken != nil {
		return fmt.Errorf("write the state: %w", broken)
	}
	return err
}

func (s *store) alive() error {
	if s.p.isDead() {
		return errDead
	}
	return nil
}

func (s *store) Stacks(context.Context) ([]*state.Stack, error) {
	return s.m.list(), s.alive()
}

func (s *store) Stack(_ context.Context, name string) (*state.Stack, error) {
	if err := s.alive(); err != nil {
		return nil, err
	}
	return s.m.stack(name)
}

func (s *store) Executions(_ context.Context, stack string) ([]*state.Execution, error) {
	return s.m.all(stack), s.alive()
}

func (s *store) Execution(_ context.Context, id string) (*state.Execution, error) {
	for _, x := range s.m.all("") {
		if x.ID == id {
			x.Steps = state.Fold(s.m.records(id))
			return x, s.alive()
		}
	}
	return nil, fmt.Errorf("execution %q: %w", id, state.ErrNotFound)
}

func (s *store) Journal(_ context.Context, execution string) ([]state.Record, error) {
	var out []state.Record
	for _, r := range s.m.records(execution) {
		r.Element, r.Remove = nil, false
		r.Before, r.Request = cloneElement(r.Before), cloneDocument(r.Request)
		out = append(out, r)
	}
	return out, s.alive()
}

func (s *store) Revisions(_ context.Context, stack string) ([]*state.Revision, error) {
	return s.m.revisionsOf(stack), s.alive()
}

func (s *store) Revision(_ context.Context, stack string, number int64) (*state.Revision, error) {
	for _, r := range s.m.revisionsOf(stack) {
		if r.Number == number {
			return r, s.alive()
		}
	}
	return nil, fmt.Errorf("revision %d of stack %q: %w", number, stack, state.ErrNotFound)
}

func (s *store) Before(_ context.Context, stack string, number int64, attempts ...string) (map[string]*state.Element, error) {
	return s.m.before(stack, number, attempts), s.alive()
}

func (s *store) Acquire(ctx context.Context, stack string, owner state.Owner, ttl time.Duration) (l *state.Lease, err error) {
	err = s.write(ctx, "store: acquire", func() (err error) {
		l, err = s.m.acquire(stack, owner, ttl, s.p.w.seesDead)
		return err
	}, func(o state.Store) error {
		_, err := o.Acquire(context.Background(), stack, owner, ttl)
		return err
	})
	return l, err
}

func (s *store) Renew(ctx context.Context, l *state.Lease, ttl time.Duration) error {
	return s.write(ctx, "store: renew", func() error { return s.m.renew(l, ttl) },
		func(o state.Store) error { return o.Renew(context.Background(), l, ttl) })
}

func (s *store) Release(ctx context.Context, l *state.Lease) error {
	return s.write(ctx, "store: release", func() error { return s.m.release(l) },
		func(o state.Store) error { return o.Release(context.Background(), l) })
}

func (s *store) Cancel(ctx context.Context, execution string, by state.Owner) error {
	return s.write(ctx, "store: cancel", func() error { return s.m.cancel(execution, by) },
		func(o state.Store) error { return o.Cancel(context.Background(), execution, by) })
}

func (s *store) CancelAsked(_ context.Context, execution string) (*state.Owner, error) {
	if err := s.alive(); err != nil {
		return nil, err
	}
	return s.m.cancelAsked(execution)
}

func (s *store) Begin(ctx context.Context, l *state.Lease, x *state.Execution, rev *state.Revision, planned []state.Record) (begun *state.Execution, err error) {
	err = s.write(ctx, "store: begin "+x.Lifecycle, func() (err error) {
		begun, err = s.m.begin(l, x, rev, planned)
		s.p.w.checkSealed(s.p, planned)
		s.p.w.checkRevision(s.p, rev)
		return err
	}, func(o state.Store) error {
		_, err := o.Begin(context.Background(), l, x, rev, planned)
		return err
	})
	return begun, err
}

func (s *store) Append(ctx context.Context, l *state.Lease, records ...state.Record) error {
	names := make([]string, len(records))
	for i, r := range records {
		names[i] = fmt.Sprintf("%s %s %s", r.Kind, r.Action, r.Node)
		if r.Error != "" {
			names[i] += " (" + r.Error + ")"
		}
		if r.ObjectID != "" {
			names[i] += " " + r.ObjectID
		}
	}
	return s.write(ctx, "store: append "+strings.Join(names, ", "), func() error {
		err := s.m.append(l, records)
		if err == nil {
			s.p.w.checkRecords(s.p, records)
			s.p.w.checkSealed(s.p, records)
		}
		return err
	}, func(o state.Store) error { return o.Append(context.Background(), l, records...) })
}

func (s *store) Finish(ctx context.Context, l *state.Lease, x *state.Execution, outputs map[string]state.Document, remove bool) error {
	return s.write(ctx, "store: finish "+x.Phase, func() error {
		s.p.w.checkOutputs(s.p, x, outputs)
		return s.m.finish(l, x, outputs, remove)
	},
		func(o state.Store) error { return o.Finish(context.Background(), l, x, outputs, remove) })
}

func (s *store) Close() error { return nil }

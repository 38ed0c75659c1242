package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/executor"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// session is what a command works with: the state, the cloud and the engine
// between them.
type session struct {
	app    *app
	store  state.Store   // nil: there is no state file yet, and none is made
	file   *state.SQLite // the store, for commands about the state itself; nil as store is
	keys   *state.Keyring
	cloud  *cloud // nil: the command calls none
	engine *executor.Engine
}

// openState opens the state that --state names. Unless create is true, a file
// that does not exist is left so, and the session has no store.
func (a *app) openState(ctx context.Context, create bool) (*session, error) {
	path, ok := strings.CutPrefix(a.opts.state, "sqlite:")
	if !ok || path == "" {
		return nil, usageError{command: a.command, err: fmt.Errorf("--state: %q is not of the form sqlite:PATH", a.opts.state)}
	}
	s := &session{app: a, keys: state.NewKeyring(a.getenv(state.KeyVariable), path)}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && !create {
		return s, nil
	}
	store, err := state.OpenSQLite(ctx, path, s.keys)
	if err != nil {
		return nil, fmt.Errorf("open the state: %w", err)
	}
	s.store, s.file = store, store
	return s, nil
}

// openSession opens the state and the cloud.
func (a *app) openSession(ctx context.Context, create bool) (*session, error) {
	s, err := a.openState(ctx, create)
	if err != nil {
		return nil, err
	}
	if s.cloud, err = a.openCloud(ctx); err != nil {
		s.close()
		return nil, err
	}
	s.engine = &executor.Engine{Store: s.store, Providers: s.cloud.providers, Log: a.logger(), LeaseTTL: a.leaseTTL}
	return s, nil
}

func (s *session) close() {
	if s.cloud != nil {
		s.cloud.close()
	}
	if s.store == nil {
		return
	}
	if err := s.store.Close(); err != nil {
		s.app.note("warning: close the state: %v", err)
	}
}

// stack returns a stack, or nil if it does not exist.
func (s *session) stack(ctx context.Context, name string) (*state.Stack, error) {
	if s.store == nil {
		return nil, nil
	}
	st, err := s.store.Stack(ctx, name)
	switch {
	case errors.Is(err, state.ErrNotFound):
		return nil, nil
	case err != nil:
		return st, fmt.Errorf("read stack %s: %w", name, err)
	}
	return st, nil
}

// stackWithoutSecrets is stack for what needs no secret: those that cannot be
// decrypted do not matter.
func (s *session) stackWithoutSecrets(ctx context.Context, name string) (*state.Stack, error) {
	st, err := s.stack(ctx, name)
	var sealed *state.SealedError
	if st != nil && errors.As(err, &sealed) {
		return st, nil
	}
	return st, err
}

// stackToShow returns a stack for commands that show no secret. One that does
// not exist is an error that names those that do.
func (s *session) stackToShow(ctx context.Context, name string) (*state.Stack, error) {
	st, err := s.stackWithoutSecrets(ctx, name)
	if err != nil || st != nil {
		return st, err
	}
	var known []string
	if s.store != nil {
		all, err := s.store.Stacks(ctx)
		if err != nil {
			return nil, fmt.Errorf("list stacks: %w", err)
		}
		for _, x := range all {
			known = append(known, x.Name)
		}
	}
	if len(known) == 0 {
		return nil, fmt.Errorf("there is no stack %q, nor any other, in %s; `apply` makes one", name, s.app.opts.state)
	}
	return nil, fmt.Errorf("there is no stack %q in %s; those that exist are %s (choose one with --stack); `apply` makes another", name, s.app.opts.state, strings.Join(known, ", "))
}

// openToShow opens the state and finds the stack that the options name in it.
func (a *app) openToShow(ctx context.Context) (*session, *state.Stack, error) {
	name, err := a.stackName(".")
	if err != nil {
		return nil, nil, err
	}
	s, err := a.openState(ctx, false)
	if err != nil {
		return nil, nil, err
	}
	st, err := s.stackToShow(ctx, name)
	if err != nil {
		s.close()
		return nil, nil, err
	}
	return s, st, nil
}

// lookAtStack reads the stack that the options name.
func (a *app) lookAtStack(ctx context.Context) (*state.Stack, error) {
	s, st, err := a.openToShow(ctx)
	if err != nil {
		return nil, err
	}
	s.close()
	return st, nil
}

// hold takes the lease of a stack and keeps it until release is called; held
// ends when it could not be kept.
func (s *session) hold(ctx context.Context, stack string) (held context.Context, lease *state.Lease, release func(), err error) {
	owner := state.NewOwner(s.app.command, s.app.now())
	owner.Place = s.cloud.place()
	lease, err = s.engine.Acquire(ctx, stack, owner)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("take hold of the stack: %w", err)
	}
	held, stop := s.engine.Keep(ctx, lease)
	return held, lease, func() {
		stop()
		// A process that is gone holds nothing for long, so this is no trouble.
		if err := s.store.Release(context.WithoutCancel(ctx), lease); err != nil && !errors.Is(err, state.ErrLeaseLost) {
			s.app.logger().Info("let go of the stack", "stack", stack, "error", err)
		}
	}, nil
}

// elsewhere says where the last execution of a stack worked if that is another
// cloud, region or project than this session's.
func (s *session) elsewhere(ctx context.Context, stack string) (string, error) {
	all, err := s.store.Executions(ctx, stack)
	if err != nil {
		return "", fmt.Errorf("list executions: %w", err)
	}
	if len(all) == 0 || !all[0].Owner.Place.Differs(s.cloud.place()) {
		return "", nil
	}
	return all[0].Owner.Place.String(), nil
}

// warnOfRunning says when an execution runs on the stack right now, or was left
// with open ends: a plan is made from what is recorded so far. It reports
// whether that may be the case.
func (s *session) warnOfRunning(ctx context.Context, stack string) (unsettled bool, err error) {
	h, err := s.history(ctx, stack)
	if err != nil || len(h) == 0 {
		return false, err
	}
	switch x := h[0]; {
	case x.Ended.IsZero():
		why, err := s.deserted(ctx, stack)
		switch {
		case err != nil:
			return false, err
		case why != "":
			s.app.note("Note: execution %s has not ended, but %s; it was begun by %s. The next apply takes it up; the plan does not, and may change by it.", x.ID, why, x.Owner)
		default:
			s.app.note("Note: execution %s has not ended; it was begun by %s. The plan may change until it has.", x.ID, x.Owner)
		}
	case strings.HasSuffix(x.Phase, "Paused"):
		s.app.note("Note: execution %s was paused (%s), and what it had begun may still run in the cloud. The next apply or delete takes that up first; the plan does not, and may change by it.", x.ID, x.Phase)
	case strings.HasSuffix(x.Phase, "Cancelled"):
		s.app.note("Note: execution %s was cancelled (%s), and what it had begun may still run in the cloud. The next apply or delete takes that up first; the plan does not, and may change by it.", x.ID, x.Phase)
	default:
		return false, nil
	}
	return true, nil
}

package cloudformation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/store"
)

// errActive says that somebody is at work on a stack.
var errActive = errors.New("somebody is at work on the stack")

// enter claims a stack for one operation: in this process, and among the nodes
// that share the records. Changes under the context that it returns fail once
// another node has taken over.
func (s *Service) enter(ctx context.Context, name string) (_ context.Context, leave func(), err error) {
	s.mu.Lock()
	active := s.active[name]
	s.active[name] = true
	s.mu.Unlock()
	if active {
		return ctx, nil, errActive
	}
	free := func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.active, name)
	}
	ctx, release, err := s.cfg.Store.Lease(ctx, leaseOf(name))
	switch {
	case errors.Is(err, store.ErrHeld):
		free()
		return ctx, nil, errActive
	case err != nil:
		free()
		return ctx, nil, fmt.Errorf("claim stack %s: %w", name, err)
	}
	return ctx, func() { release(); free() }, nil
}

func leaseOf(name string) string { return "cloudformation/" + name }

// refused words why a stack could not be entered.
func (s *Service) refused(err error, name string) error {
	if errors.Is(err, errActive) {
		return s.busy(name)
	}
	return err
}

// isActive reports whether somebody is at work on a stack, here or elsewhere.
func (s *Service) isActive(stackID string) bool {
	k, ok := s.stacks.Get(stackID)
	if !ok {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.active[k.StackName] || !s.cfg.Store.Free(leaseOf(k.StackName))
}

// Recover finishes the deployments that were under way when the process died:
// creations and updates are rolled back, clean-ups and deletions go on. What it
// finds and does is logged and told in the stacks' events; the error is about
// what could not even be told. Deployments of other nodes are left to them.
func (s *Service) Recover(ctx context.Context) error {
	return errors.Join(s.finishInterrupted(ctx), s.deleteOrphans(ctx), s.expire(ctx), s.forgetTokens(ctx))
}

func (s *Service) finishInterrupted(ctx context.Context) error {
	var errs []error
	for _, id := range s.interrupted() {
		if err := s.resume(ctx, id); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// resume finishes one deployment that nobody is at work on.
func (s *Service) resume(ctx context.Context, stackID string) error {
	k, ok := s.stacks.Get(stackID)
	if !ok || s.isActive(stackID) {
		return nil
	}
	ctx, leave, err := s.enter(ctx, k.StackName)
	if errors.Is(err, errActive) {
		return nil
	}
	if err != nil {
		return err
	}
	defer leave()
	if k, ok = s.stacks.Get(stackID); !ok || !k.underWay() {
		return nil // it ended just now
	}
	s.cfg.Log.WarnContext(ctx, "finish an interrupted deployment", "stack", k.StackName, "status", string(k.Status))
	d := s.deployment(&k, nil)
	err = d.Resume(ctx, k.Status)
	if failed, ok := errors.AsType[*stack.FailedError](err); ok {
		s.cfg.Log.WarnContext(ctx, "interrupted deployment is over", "stack", k.StackName, "status", string(failed.Status))
		return nil
	}
	if err != nil {
		return fmt.Errorf("finish deployment of stack %s: %w", k.StackName, err)
	}
	return nil
}

// takeOverEvery is how often a node looks for deployments whose node is gone.
const takeOverEvery = 2 * time.Second

// takeOver finishes the deployments of nodes that died, and those that this node
// could not finish while it was cut off, until ctx is done.
func (s *Service) takeOver(ctx context.Context) {
	tick := time.NewTicker(takeOverEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if s.cfg.Store.Stale() > store.StaleAfter {
			continue // it cannot change anything
		}
		if err := errors.Join(s.finishInterrupted(ctx), s.deleteOrphans(ctx)); err != nil && ctx.Err() == nil {
			s.cfg.Log.ErrorContext(ctx, "take over deployments", "error", err)
		}
	}
}

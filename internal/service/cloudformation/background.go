package cloudformation

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/stack"
)

// errStopping is the answer to operations that come while the service stops.
var errStopping = awserr.New("ServiceUnavailable", http.StatusServiceUnavailable, "The service is stopping.")

// Run carries out what callers of the API start: they are answered before it is
// done. When ctx is done nothing new begins, what is under way is taken back, and
// Run returns. It must be called once; without it the API cannot change stacks.
func (s *Service) Run(ctx context.Context) error {
	defer close(s.stopped)
	var jobs sync.WaitGroup
	defer jobs.Wait()
	if s.cfg.Store.Self() != "" {
		jobs.Go(func() { s.takeOver(ctx) })
	}
	for {
		select {
		case job := <-s.jobs:
			jobs.Go(func() { job(ctx) })
		case <-ctx.Done():
			return nil
		}
	}
}

// patience is how long a caller waits for the outcome. Most operations are over
// by then, here; the waiters of deployment tools look once and then sleep for up
// to 30 seconds.
const patience = 2 * time.Second

// start runs an operation in the background. It returns once the stack is on its
// way and [patience] is over: callers poll its status from then on and must not
// see the one before. An operation that ends without having begun is answered
// with its error.
func (s *Service) start(ctx context.Context, operation func(ctx context.Context, event func(stack.Event)) error) error {
	begun, ended := make(chan struct{}), make(chan struct{})
	var outcome error // once ended
	begin := sync.OnceFunc(func() { close(begun) })
	caller, facts := access.From(ctx)
	job := func(ctx context.Context) {
		outcome = operation(access.With(ctx, caller, facts), func(e stack.Event) {
			if e.PhysicalID == e.StackID && e.Status != stack.ReviewInProgress {
				begin()
			}
		})
		close(ended)
		select {
		case <-begun:
			s.report(ctx, outcome)
		default: // the caller is told
		}
	}
	select {
	case s.jobs <- job:
	case <-s.stopped:
		return errStopping
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-begun:
	case <-ended:
		select {
		case <-begun: // both happened
			return nil
		default:
			return outcome
		}
	case <-ctx.Done():
		return ctx.Err()
	}
	soon := time.NewTimer(patience)
	defer soon.Stop()
	select {
	case <-ended:
	case <-soon.C:
	case <-ctx.Done():
	}
	return nil
}

// report logs the failure of an operation whose caller has been answered. That a
// deployment failed is in the stack's events.
func (s *Service) report(ctx context.Context, err error) {
	var failed *stack.FailedError
	switch {
	case err == nil, errors.Is(err, ErrNoChanges):
	case errors.As(err, &failed):
		s.cfg.Log.InfoContext(ctx, "deployment failed", "status", string(failed.Status), "reason", failed.Reason)
	default:
		s.cfg.Log.ErrorContext(ctx, "deployment failed", "error", err)
	}
}

package cloudformation

import (
	"context"
	"errors"
	"net/http"
	"sync"

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
	for {
		select {
		case job := <-s.jobs:
			jobs.Go(func() { job(ctx) })
		case <-ctx.Done():
			return nil
		}
	}
}

// start runs an operation in the background. It returns once the stack is on its
// way: callers poll its status from then on and must not see the one before. An
// operation that ends without having begun is answered with its error.
func (s *Service) start(ctx context.Context, operation func(ctx context.Context, event func(stack.Event)) error) error {
	begun, ended := make(chan struct{}), make(chan error, 1)
	begin := sync.OnceFunc(func() { close(begun) })
	job := func(ctx context.Context) {
		err := operation(ctx, func(e stack.Event) {
			if e.PhysicalID == e.StackID && e.Status != stack.ReviewInProgress {
				begin()
			}
		})
		ended <- err
		select {
		case <-begun:
			s.report(ctx, err)
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
		return nil
	case err := <-ended:
		select {
		case <-begun: // both happened
			return nil
		default:
			return err
		}
	case <-ctx.Done():
		return ctx.Err()
	}
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

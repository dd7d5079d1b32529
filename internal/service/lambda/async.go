package lambda

import (
	"context"
	"time"
)

// An EventInvokeConfig says what becomes of asynchronous calls.
type EventInvokeConfig struct {
	FunctionArn              string
	LastModified             float64 // seconds since 1970
	MaximumRetryAttempts     *int    `json:",omitempty"`
	MaximumEventAgeInSeconds *int    `json:",omitempty"`
	OnSuccess                string  // ARN of a destination
	OnFailure                string
}

// PutFunctionEventInvokeConfig sets what becomes of asynchronous calls of a
// function, version or alias.
func (s *Service) PutFunctionEventInvokeConfig(ctx context.Context, name, qualifier string, c EventInvokeConfig) (*EventInvokeConfig, error) {
	r, err := s.resolve(name, qualifier)
	if err != nil {
		return nil, err
	}
	var v violations
	if n := c.MaximumRetryAttempts; n != nil {
		atLeast(&v, *n, "maximumRetryAttempts", 0)
		atMost(&v, *n, "maximumRetryAttempts", 2)
	}
	if n := c.MaximumEventAgeInSeconds; n != nil {
		atLeast(&v, *n, "maximumEventAgeInSeconds", 60)
		atMost(&v, *n, "maximumEventAgeInSeconds", 21600)
	}
	if err := v.err(); err != nil {
		return nil, err
	}
	for _, target := range []string{c.OnSuccess, c.OnFailure} {
		if err := s.checkTarget(target); err != nil {
			return nil, err
		}
	}
	if _, ok := s.functions.Get(r.name); !ok {
		return nil, notFound("The function doesn't exist.")
	}
	c.FunctionArn, c.LastModified = s.arn(r.name, orLatest(r.qualifier)), float64(time.Now().Unix())
	err = s.change(ctx, r.name, func(f *record) error {
		if f.Async == nil {
			f.Async = map[string]EventInvokeConfig{}
		}
		f.Async[orLatest(r.qualifier)] = c
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &c, nil
}

// DeleteFunctionEventInvokeConfig removes it. Deleting what is gone succeeds.
func (s *Service) DeleteFunctionEventInvokeConfig(ctx context.Context, name, qualifier string) error {
	r, err := s.resolve(name, qualifier)
	if err != nil {
		return err
	}
	return s.change(ctx, r.name, func(f *record) error {
		delete(f.Async, orLatest(r.qualifier))
		return nil
	})
}

package lambda

import (
	"context"
	"regexp"
	"slices"
	"strings"
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
	for member, target := range map[string]string{"onFailure": c.OnFailure, "onSuccess": c.OnSuccess} {
		if !destinationRE.MatchString(target) {
			v.add(target, "destinationConfig."+member+".destination", "satisfy regular expression pattern: "+destinationPattern)
		}
	}
	if err := v.err(); err != nil {
		return nil, err
	}
	if c == (EventInvokeConfig{}) {
		return nil, invalidParameter("You must specify at least one of error handling or destination setting.")
	}
	if _, ok := s.functions.Get(r.name); !ok {
		return nil, notFound("The function doesn't exist.")
	}
	if err := s.checkDestinations(r, &c); err != nil {
		return nil, err
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

const destinationPattern = `$|kafka://([^.]([a-zA-Z0-9\-_.]{0,248}))|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)`

var destinationRE = regexp.MustCompile(`^(?:` + destinationPattern + `)$`)

// destinationServices are those that Lambda itself delivers to.
var destinationServices = []string{"lambda", "sqs", "sns", "events", "s3"}

// checkDestinations refuses what Lambda does, and what nothing can be delivered to
// here.
func (s *Service) checkDestinations(r reference, c *EventInvokeConfig) error {
	shown := func(name, target string) string {
		if target == "" {
			return "null"
		}
		return name + "(destination=" + target + ")"
	}
	for _, target := range []string{c.OnSuccess, c.OnFailure} {
		parts := strings.SplitN(target, ":", 6)
		if target == "" {
			continue
		}
		if len(parts) < 6 || !slices.Contains(destinationServices, parts[2]) || parts[2] == "s3" && target == c.OnSuccess {
			return invalidParameter("The provided destination config DestinationConfig(onSuccess=%s, onFailure=%s) is invalid.",
				shown("OnSuccess", c.OnSuccess), shown("OnFailure", c.OnFailure))
		}
		if err := s.checkTarget(target); err != nil {
			return err
		}
		if parts[2] != "lambda" {
			continue
		}
		to, err := s.resolve(target, "")
		if err == nil && to.name == r.name {
			return invalidParameter("You can't specify the function as a destination for itself.")
		}
		if f, ok := s.functions.Get(to.name); err != nil || !ok || s.qualified(&f, to) != nil {
			return invalidParameter("The destination ARN %s is invalid.", target)
		}
	}
	return nil
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

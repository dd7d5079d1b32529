// Package integration has what stands behind a route: Lambda functions and
// HTTP backends.
package integration

import (
	"context"

	"github.com/hakonegate/hakone/internal/access"
)

// An Invoker runs Lambda functions. An [awserr.Error] with one of these codes
// has a meaning for the caller of an API: AccessDeniedException (who asks may
// not invoke the function), ResourceNotFoundException, TooManyRequestsException
// and RequestEntityTooLargeException. Every other error is an internal failure.
type Invoker interface {
	Invoke(ctx context.Context, i *Invocation) (*Result, error)
}

// An Invocation is one synchronous call of a function.
//
// Who asks is exactly one of: the service apigateway.amazonaws.com for the
// resource SourceARN, when Role and Caller are empty; the role Role, which
// that service assumes; or Caller.
type Invocation struct {
	FunctionARN   string // may have a qualifier
	Payload       []byte
	SourceARN     string // arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/PATH
	SourceAccount string
	Role          string
	Caller        *access.Caller
	Facts         *access.RequestFacts // of the request, for Caller's policies; nil without Caller
	RequestID     string               // the API's request ID, for logs; not an ID of Lambda's form
	TraceID       string               // X-Amzn-Trace-Id
}

// A Result is what a function answered. A FunctionError other than "" means
// that the function failed and Payload describes how.
type Result struct {
	RequestID     string // Lambda's
	Payload       []byte
	FunctionError string
}

package integration

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/gateway/event"
)

// MaxPayload is how large an event may be: Lambda's limit for synchronous
// invocations.
const MaxPayload = 6 << 20

// An Error is an integration that gave no answer. Status and nothing else is
// for the caller; Reason tells the operator why.
type Error struct {
	Status int
	Reason string
	Err    error // the cause, if it was an error; may be nil
}

// Error returns the reason.
func (f *Error) Error() string {
	if f.Err != nil {
		return f.Reason + ": " + f.Err.Error()
	}
	return f.Reason
}

// Unwrap returns the cause.
func (f *Error) Unwrap() error { return f.Err }

// A Lambda is a Lambda proxy integration. It is immutable.
type Lambda struct {
	Invoker     Invoker
	FunctionARN string // may have a qualifier
	Format      string // "1.0" or "2.0"
	Timeout     time.Duration
	Credentials string // ARN of a role; CallerCredentials; or empty: the function's own policy decides
}

// CallerCredentials as credentialsArn means that the caller's own policies must
// allow to invoke the function.
const CallerCredentials = "arn:aws:iam::*:user/*" //nolint:gosec // AWS's name for it, not a secret

// Invoke calls the function for r. The function's policy sees one of sources
// as aws:SourceArn, the first that it allows. Every error is a [*Error].
func (l *Lambda) Invoke(ctx context.Context, r *event.Request, sources []string, caller *access.Caller, facts *access.RequestFacts) (*event.Response, *Result, error) {
	i := &Invocation{FunctionARN: l.FunctionARN, SourceAccount: r.AccountID, RequestID: r.RequestID, TraceID: r.Header("x-amzn-trace-id")}
	switch l.Credentials {
	case "":
	case CallerCredentials:
		if caller == nil {
			return nil, nil, &Error{Status: http.StatusInternalServerError, Reason: "the integration uses the caller's credentials, but the route has no IAM authorization"}
		}
		i.Caller, i.Facts, sources = caller, facts, sources[:1]
	default:
		i.Role, sources = l.Credentials, sources[:1]
	}
	if len(r.Body) > MaxPayload { // no event is made of it, which would take several times its memory
		return nil, nil, &Error{Status: http.StatusRequestEntityTooLarge, Reason: fmt.Sprintf("the body has %d bytes; a function takes %d", len(r.Body), MaxPayload)}
	}
	size := 1024 + 2*len(r.Body)
	if l.Format == "1.0" {
		i.Payload = event.AppendV1(make([]byte, 0, 2*size), r)
	} else {
		i.Payload = event.AppendV2(make([]byte, 0, size), r)
	}
	if len(i.Payload) > MaxPayload {
		return nil, nil, &Error{Status: http.StatusRequestEntityTooLarge, Reason: fmt.Sprintf("the event has %d bytes; a function takes %d", len(i.Payload), MaxPayload)}
	}
	result, err := Call(ctx, l.Invoker, i, sources, l.Timeout)
	if err != nil {
		return nil, nil, err
	}
	if result.FunctionError != "" {
		return nil, result, &Error{Status: http.StatusInternalServerError, Reason: "the function failed (" + result.FunctionError + "): " + excerpt(result.Payload)}
	}
	parse := event.ParseV2
	if l.Format == "1.0" {
		parse = event.ParseV1
	}
	answer, err := parse(result.Payload)
	if err != nil {
		return nil, result, &Error{Status: http.StatusInternalServerError, Reason: "the function's answer is malformed", Err: err}
	}
	return answer, result, nil
}

// Call invokes a function within timeout, for the first of sources that the
// function's policy allows. Every error is an [*Error].
func Call(ctx context.Context, v Invoker, i *Invocation, sources []string, timeout time.Duration) (*Result, error) {
	// A function that runs is not stopped because its caller went away.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer cancel()
	var result *Result
	var err error
	for _, source := range sources {
		i.SourceARN = source
		if result, err = v.Invoke(ctx, i); code(err) != "AccessDeniedException" {
			break
		}
	}
	switch {
	case err == nil:
		return result, nil
	case ctx.Err() != nil:
		return nil, &Error{http.StatusServiceUnavailable, fmt.Sprintf("the function did not answer within the integration's timeout of %v", timeout), err}
	}
	switch code(err) {
	case "AccessDeniedException":
		return nil, &Error{http.StatusInternalServerError, noPermission(i), err}
	case "TooManyRequestsException":
		return nil, &Error{http.StatusServiceUnavailable, "the function is throttled", err}
	case "ServiceUnavailableException":
		return nil, &Error{http.StatusServiceUnavailable, "no machine is there to run the function: start hakone worker", err}
	case "RequestEntityTooLargeException":
		return nil, &Error{http.StatusRequestEntityTooLarge, "the event is too large for the function", err}
	case "ResourceNotFoundException":
		return nil, &Error{http.StatusInternalServerError, "the function does not exist: " + i.FunctionARN, err}
	default:
		return nil, &Error{http.StatusInternalServerError, "the function could not be invoked", err}
	}
}

func noPermission(i *Invocation) string {
	switch {
	case i.Role != "":
		return fmt.Sprintf("the integration's role %s may not invoke %s", i.Role, i.FunctionARN)
	case i.Caller != nil:
		return fmt.Sprintf("the caller %s may not invoke %s", i.Caller.ARN, i.FunctionARN)
	default:
		return fmt.Sprintf("API Gateway has no permission to invoke %s for %s: the function needs an AWS::Lambda::Permission with Principal apigateway.amazonaws.com and a matching SourceArn", i.FunctionARN, i.SourceARN)
	}
}

// code returns the code of an AWS error, or "".
func code(err error) string {
	if e, ok := errors.AsType[*awserr.Error](err); ok {
		return e.Code
	}
	return ""
}

// excerpt shortens what a function said for a log.
func excerpt(b []byte) string {
	const most = 400
	if len(b) > most {
		return strings.ToValidUTF8(string(b[:most]), "") + "…"
	}
	return strings.ToValidUTF8(string(b), "\uFFFD")
}

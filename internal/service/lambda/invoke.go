package lambda

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/execenv"
	"github.com/hakonegate/hakone/policy"
)

// MaxPayload is how large the event of a synchronous call may be.
const MaxPayload = 6291456

// An InvokeInput is one call of a function. Exactly one of Service and Caller
// says who calls.
type InvokeInput struct {
	FunctionARN string // ARN, partial ARN or name, maybe with a qualifier
	Qualifier   string // version or alias, if FunctionARN has none
	Payload     []byte // JSON; empty means {}

	// Service is the principal of an AWS service that calls for itself, such as
	// "apigateway.amazonaws.com": the function's policy must allow it, with
	// aws:SourceArn and aws:SourceAccount as here. Services send well-formed
	// JSON, which is not checked again.
	Service       string
	SourceARN     string
	SourceAccount string

	// Caller is who signed the call: its own policies and the function's
	// decide, with the condition keys that Facts gives (nil: none).
	Caller *access.Caller
	Facts  *access.RequestFacts

	RequestID     string // lower-case UUID; "" makes one
	TraceID       string // X-Amzn-Trace-Id; "" makes one
	ClientContext string // decoded JSON text
	Tail          bool   // LogType Tail

	// Stream takes a streamed result as it comes, from within Invoke; the
	// payload is empty then, or the error. Nil collects it in the payload.
	Stream func(contentType string, chunk []byte)
}

// An InvokeOutput is the answer of a call that reached the function.
type InvokeOutput struct {
	RequestID       string
	Payload         []byte // the function's result, or the error as JSON
	FunctionError   string // "" or "Unhandled"
	ErrorType       string // of a FunctionError, for logs
	ExecutedVersion string
	LogResult       []byte // last 4096 bytes of the log with Tail
	ContentType     string // of the result, as the function's runtime said
	Streamed        bool   // the function wrote it as a stream
}

// Invoke calls a function and waits for its answer.
//
// Refusals are [*awserr.Error]: AccessDeniedException when no policy allows the
// caller, ResourceNotFoundException, TooManyRequestsException,
// RequestEntityTooLargeException, InvalidRequestContentException. A function
// that fails is no error but has a FunctionError. When ctx ends, Invoke
// returns and the call goes on, as on Lambda.
func (s *Service) Invoke(ctx context.Context, in *InvokeInput) (*InvokeOutput, error) {
	a, err := s.admit(in, MaxPayload)
	if err != nil {
		return nil, err
	}
	return s.run(ctx, in, a)
}

// run calls the function of a call that was admitted.
func (s *Service) run(ctx context.Context, in *InvokeInput, a admitted) (*InvokeOutput, error) {
	if a.throttled {
		return nil, throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
	}
	fn := a.fn
	payload := in.Payload
	if len(payload) == 0 {
		payload = []byte("{}")
	}
	res, err := s.cfg.Pool.Invoke(ctx, fn, payload, execenv.Invocation{
		RequestID: in.RequestID, InvokedARN: s.arn(a.r.name, a.r.qualifier), TraceID: in.TraceID, ClientContext: in.ClientContext, Tail: in.Tail, Stream: in.Stream,
	})
	if err != nil {
		return nil, refused(err)
	}
	return &InvokeOutput{
		RequestID: res.RequestID, Payload: res.Payload, FunctionError: res.FunctionError, ErrorType: res.ErrorType,
		ExecutedVersion: fn.Version, LogResult: res.LogTail, ContentType: res.ContentType, Streamed: res.Streamed,
	}, nil
}

// MayInvoke answers as Invoke would before it reaches the function, and calls
// nothing: the DryRun of Lambda's API.
func (s *Service) MayInvoke(in *InvokeInput) error {
	_, err := s.admit(in, MaxPayload)
	return err
}

// admitted is a function that the caller may call.
type admitted struct {
	r         reference
	fn        *execenv.Function
	throttled bool // it has no concurrency at all
}

// admit finds the function and checks that the caller may call it with such an
// event.
func (s *Service) admit(in *InvokeInput, most int) (admitted, error) {
	r, err := s.resolve(in.FunctionARN, in.Qualifier)
	if err != nil {
		return admitted{}, err
	}
	arn := s.arn(r.name, r.qualifier)
	c := s.compiled.Load().functions[r.name]
	var fn *execenv.Function
	if c != nil {
		fn = c.find(r.qualifier)
	}
	// Who may not call learns nothing of what there is.
	who, facts := in.principal()
	var resource *policy.Policy
	if c != nil {
		resource = c.policies[policyQualifier(r.qualifier)]
	}
	if d := access.Authorize(who, facts, invokeAction, policyARN(s, r), s.cfg.Account, resource); !d.Allowed() {
		if c == nil && in.Caller == nil {
			// A service is told, for the operator's sake.
			return admitted{}, functionNotFound(s.arn(r.name, orLatest(r.qualifier)))
		}
		return admitted{}, access.Denied("AccessDeniedException", who, invokeAction, arn, d)
	}
	switch {
	case fn == nil && r.qualifier == "":
		return admitted{}, functionNotFound(s.arn(r.name, latest))
	case fn == nil:
		return admitted{}, functionNotFound(arn)
	case len(in.Payload) > most:
		return admitted{}, tooLarge(most)
	case in.Service == "":
		if err := checkJSON(in.Payload); err != nil {
			return admitted{}, err
		}
	}
	return admitted{r, fn, c.reserved != nil && *c.reserved == 0}, nil
}

const invokeAction = "lambda:InvokeFunction"

// principal is who calls, as access knows it.
func (in *InvokeInput) principal() (*access.Caller, *access.RequestFacts) {
	if in.Service != "" {
		return access.ServicePrincipal(in.Service), &access.RequestFacts{SourceARN: in.SourceARN, SourceAccount: in.SourceAccount}
	}
	who, facts := in.Caller, in.Facts
	if who == nil {
		who = access.Anonymous()
	}
	if facts == nil {
		facts = &access.RequestFacts{}
	}
	return who, facts
}

// A permission on the bare function covers $LATEST, but no alias or version.
func policyQualifier(qualifier string) string {
	if qualifier == latest {
		return ""
	}
	return qualifier
}

func policyARN(s *Service, r reference) string { return s.arn(r.name, policyQualifier(r.qualifier)) }

func orLatest(qualifier string) string {
	if qualifier == "" {
		return latest
	}
	return qualifier
}

// checkJSON checks an event that somebody else wrote.
func checkJSON(payload []byte) error {
	if len(payload) == 0 || json.Valid(payload) {
		return nil
	}
	var v any
	err := json.NewDecoder(bytes.NewReader(payload)).Decode(&v)
	if err == nil {
		err = errors.New("there is more than one value")
	}
	return awserr.New("InvalidRequestContentException", http.StatusBadRequest,
		"Could not parse request body into json: Could not parse payload into json: %s", err.Error())
}

// refused turns what kept a call from the function into Lambda's refusal.
func refused(err error) error {
	var no *execenv.UnavailableError
	switch {
	case errors.Is(err, execenv.ErrFunctionLimit):
		return throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
	case errors.Is(err, execenv.ErrNowhere):
		return &awserr.Error{Code: "ServiceUnavailableException", Status: http.StatusServiceUnavailable, Message: "Service is temporarily unavailable.", Err: err}
	case errors.Is(err, execenv.ErrLimit):
		return throttled("ConcurrentInvocationLimitExceeded")
	case errors.As(err, &no):
		return &awserr.Error{Code: "InvalidRuntimeException", Status: http.StatusBadGateway, Message: no.Error(), Err: err}
	case errors.Is(err, execenv.ErrCredentials):
		return &awserr.Error{
			Code: "ServiceException", Status: http.StatusInternalServerError,
			Message: "The role defined for the function cannot be assumed by Lambda.", Err: err,
		}
	default:
		return err
	}
}

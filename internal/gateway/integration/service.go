package integration

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/service/apigatewayv2"
	"github.com/hakonegate/hakone/sigv4"
)

// Roles gives API Gateway the sessions of integrations' roles.
type Roles interface {
	// AssumeRole fails where the role does not trust API Gateway, which calls
	// for sourceARN, or does not exist.
	AssumeRole(ctx context.Context, roleARN, sourceARN string) (*RoleSession, error)
}

// A RoleSession is who a role's session is, and what it signs with.
type RoleSession struct {
	Caller      *access.Caller
	Credentials sigv4.Credentials
}

// A Service is an AWS service integration. It is immutable.
type Service struct {
	Roles     Roles
	Transport http.RoundTripper
	Action    *apigatewayv2.ServiceAction
	Endpoint  *url.URL
	Role      string // ARN
	Partition string
	Region    string
	Account   string // for whose resources names without an account stand
	Timeout   time.Duration
}

// Call calls the service with the action's parameters that have a value, for a
// request to the route sourceARN. The role's policies must allow it: an endpoint
// that asks for no signature is not more open than AWS is. Every error is an
// [*Error].
func (s *Service) Call(ctx context.Context, input map[string]string, sourceARN string) (*HTTPResponse, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	call, err := newServiceCall(s.Action, input)
	if err != nil {
		return nil, nil, &Error{http.StatusBadRequest, "the request does not give what " + s.Action.Subtype + " needs", err}
	}
	session, err := s.Roles.AssumeRole(ctx, s.Role, sourceARN)
	if err != nil {
		return nil, nil, &Error{http.StatusInternalServerError, "the integration's role " + s.Role + " cannot be assumed", err}
	}
	facts := &access.RequestFacts{Time: time.Now(), Secure: true, Region: s.Region}
	action := s.Action.Service + ":" + s.Action.Operation
	for _, resource := range s.resources(input) {
		if d := access.Authorize(session.Caller, facts, action, resource, s.Account, nil); !d.Allowed() {
			denied := access.Denied("AccessDeniedException", session.Caller, action, resource, d)
			return nil, nil, &Error{http.StatusForbidden, "the integration's role may not call the service", denied}
		}
	}
	out, err := http.NewRequestWithContext(ctx, call.method, s.Endpoint.JoinPath(call.path...).String(), bytes.NewReader(call.body))
	if err != nil {
		return nil, nil, &Error{http.StatusInternalServerError, "the service's URL cannot be made", err}
	}
	out.URL.RawQuery = call.query.Encode()
	for name, value := range call.headers {
		out.Header.Set(name, value)
	}
	signer := sigv4.Signer{Service: s.Action.Service, Region: s.Region}
	if err := signer.SignHTTP(out, session.Credentials, time.Now()); err != nil {
		return nil, nil, &Error{http.StatusInternalServerError, "the call of the service cannot be signed", err}
	}
	answer, err := s.Transport.RoundTrip(out)
	if err != nil {
		return nil, nil, s.unavailable(ctx, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, MaxResponse+1))
	switch {
	case err != nil:
		return nil, nil, s.unavailable(ctx, err)
	case len(body) > MaxResponse:
		return nil, nil, &Error{http.StatusInternalServerError, "the service's answer is larger than 10 MB", nil}
	}
	return &HTTPResponse{Status: answer.StatusCode, Headers: serviceHeaders(answer.Header), RequestID: answer.Header.Get("X-Amzn-Requestid")}, body, nil
}

func (s *Service) unavailable(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &Error{http.StatusServiceUnavailable, fmt.Sprintf("%s did not answer within the integration's timeout of %v", s.Action.Service, s.Timeout), err}
	}
	return &Error{http.StatusServiceUnavailable, "the endpoint of " + s.Action.Service + " could not be reached", err}
}

// serviceHeaders are what the client sees of the service's headers. The types of
// the JSON protocols are plain JSON to it.
func serviceHeaders(h http.Header) (out []sigv4.Header) {
	switch kind := h.Get("Content-Type"); kind {
	case "":
	case jsonType10, jsonType11:
		out = append(out, sigv4.Header{Name: "content-type", Value: "application/json"})
	default:
		out = append(out, sigv4.Header{Name: "content-type", Value: kind})
	}
	for _, name := range []string{"configuration-version", "x-amzn-errortype"} {
		if value := h.Get(name); value != "" {
			out = append(out, sigv4.Header{Name: name, Value: value})
		}
	}
	return out
}

package lambda

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/policy"
)

// URL returns the function URL with the ID, which is the first label of its host.
func (s *Service) URL(id string) (*FunctionURL, bool) {
	u, ok := s.compiled.Load().urls[id]
	return u, ok
}

const invokeURLAction = "lambda:InvokeFunctionUrl"

// InvokeURL calls the function of a function URL. Since October 2025 AWS asks
// for two permissions, lambda:InvokeFunctionUrl and lambda:InvokeFunction, also
// where everybody may call. Caller may be nil in in; FunctionARN and Qualifier
// are the URL's.
func (s *Service) InvokeURL(ctx context.Context, u *FunctionURL, in *InvokeInput) (*InvokeOutput, error) {
	call := *in
	call.FunctionARN, call.Qualifier = u.FunctionArn, ""
	who, known := call.principal()
	facts := *known
	facts.Keys = policy.Map{
		"lambda:functionurlauthtype": policy.One(u.AuthType), "lambda:invokedviafunctionurl": policy.One("true"),
	}
	call.Caller, call.Facts = who, &facts
	r, err := s.resolve(u.FunctionArn, "")
	if err != nil {
		return nil, err
	}
	var resource *policy.Policy
	if c := s.compiled.Load().functions[r.name]; c != nil {
		resource = c.policies[r.qualifier]
	}
	if d := access.Authorize(who, &facts, invokeURLAction, u.FunctionArn, s.cfg.Account, resource); !d.Allowed() {
		return nil, access.Denied("AccessDeniedException", who, invokeURLAction, u.FunctionArn, d)
	}
	return s.Invoke(ctx, &call)
}

// NewRequestID returns the ID of a call that is not made by Lambda's API.
func NewRequestID() string { return uuid.NewString() }

// NewTraceID returns the trace of a call that is in none. It is not sampled.
func NewTraceID(at time.Time) string {
	return fmt.Sprintf("Root=1-%08x-%s;Sampled=0", at.Unix(), strings.ReplaceAll(uuid.NewString(), "-", "")[8:])
}

// Refusal is the body in which Lambda tells of an error.
func Refusal(e *awserr.Error) any { return refusal(e) }

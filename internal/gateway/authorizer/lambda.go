package authorizer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/gateway/event"
	"github.com/hakonegate/hakone/internal/gateway/integration"
	"github.com/hakonegate/hakone/policy"
)

// lambdaTimeout is how long API Gateway waits for an authorizer function.
const lambdaTimeout = 10 * time.Second

// A Lambda asks a function who may use a route. It is immutable and safe for
// concurrent use.
type Lambda struct {
	Invoker     integration.Invoker
	FunctionARN string
	SourceARN   string // arn:aws:execute-api:…:API/authorizers/ID
	Credentials string // ARN of a role, or empty
	Format      string // of the event: "1.0" or "2.0"
	Simple      bool   // the answer is {"isAuthorized": …}
	TTL         time.Duration
	Cache       *Cache
	CacheKey    string // tells this authorizer, as it is defined now, from all others
}

// An Answer is what the function said. Policy is nil for simple answers.
type Answer struct {
	Allowed bool // of a simple answer
	Policy  *policy.Policy
	Lambda  *event.Lambda
}

// Ask returns the function's answer for a request with the given values of the
// identity sources, cached if it may be. Its error means that the function gave
// no usable answer.
func (l *Lambda) Ask(ctx context.Context, r *event.AuthorizerRequest) (a *Answer, cached bool, err error) {
	key := ""
	if l.TTL > 0 && len(r.IdentitySource) > 0 {
		key = l.CacheKey + "\x00" + strings.Join(r.IdentitySource, "\x00")
		if a := l.Cache.get(key); a != nil {
			return a, true, nil
		}
	}
	i := &integration.Invocation{
		FunctionARN: l.FunctionARN, SourceAccount: r.AccountID, RequestID: r.RequestID, Role: l.Credentials, TraceID: r.Header("x-amzn-trace-id"),
	}
	if l.Format == "1.0" {
		i.Payload = event.AppendAuthorizerV1(nil, r)
	} else {
		i.Payload = event.AppendAuthorizerV2(nil, r)
	}
	result, err := integration.Call(ctx, l.Invoker, i, []string{l.SourceARN}, lambdaTimeout)
	if err != nil {
		return nil, false, err
	}
	if result.FunctionError != "" {
		return nil, false, errors.New("the authorizer function failed (" + result.FunctionError + ")")
	}
	if a, err = l.read(result.Payload); err != nil {
		return nil, false, err
	}
	if key != "" {
		l.Cache.put(key, a, l.TTL)
	}
	return a, false, nil
}

// read reads the answer in the one form that the authorizer is set to.
func (l *Lambda) read(payload []byte) (*Answer, error) {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(payload, &m); err != nil || m == nil {
		return nil, errors.New("the authorizer function's answer is not a JSON object")
	}
	context, err := readContext(m["context"])
	if err != nil {
		return nil, err
	}
	out := &Answer{Lambda: &event.Lambda{Context: context}}
	if l.Simple {
		switch string(m["isAuthorized"]) {
		case "true":
			out.Allowed = true
		case "false":
		default:
			return nil, errors.New("the authorizer function's isAuthorized is neither true nor false")
		}
		return out, nil
	}
	if raw, ok := m["principalId"]; ok {
		if err := json.Unmarshal(raw, &out.Lambda.PrincipalID); err != nil {
			return nil, errors.New("the authorizer function's principalId is not a string")
		}
	}
	text, ok := m["policyDocument"]
	if !ok {
		return nil, errors.New("the authorizer function's answer has no policyDocument")
	}
	document, err := policy.Load(policy.Identity, text)
	if err != nil {
		return nil, fmt.Errorf("the authorizer function's policyDocument: %w", err)
	}
	out.Policy = policy.New("authorizer function", "", document)
	return out, nil
}

func readContext(raw json.RawMessage) ([]event.Member, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, errors.New("the authorizer function's context is not an object")
	}
	var out []event.Member
	for name, value := range m {
		if name == "claims" {
			return nil, errors.New("the authorizer function's context has the reserved name claims")
		}
		out = append(out, event.Member{Name: name, JSON: value})
	}
	slices.SortFunc(out, func(a, b event.Member) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

package gateway

import (
	"errors"
	"net/http"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/gateway/event"
	"github.com/hakonegate/hakone/internal/gateway/httpapi"
	"github.com/hakonegate/hakone/internal/trace"
	"github.com/hakonegate/hakone/sigv4"
)

func (x *exchange) authenticate() error { return x.target.gate.authenticate(x) }
func (x *exchange) authorize() error    { return x.target.gate.authorize(x) }

// resource is what the request asks to invoke. Where somebody is asked for leave,
// its name has a limit.
func (x *exchange) resource() (string, error) {
	resource := x.stage.arns.Request(x.req.Method, x.path)
	const longestARN = 1600
	if len(resource) > longestARN {
		return "", refuseWith(http.StatusRequestURITooLong, "the resource name of the request is longer than 1,600 bytes")
	}
	return resource, nil
}

// open admits everyone: the route's authorization type is NONE.
type open struct{}

func (open) authenticate(*exchange) error { return nil }
func (open) authorize(*exchange) error    { return nil }

// closed admits nobody, since the gateway cannot do what the route asks for.
type closed struct{ err error }

func (c closed) authenticate(*exchange) error { return internal("the route has no authorizer", c.err) }

func (c closed) authorize(*exchange) error { return internal("the route has no authorizer", c.err) }

// iam admits callers whose signature is good and whose own policies allow
// execute-api:Invoke. HTTP APIs have no resource policies, so callers of other
// accounts are never admitted.
type iam struct{ g *Gateway }

// authenticate verifies the signature over what was received, before anything
// of it was rewritten.
func (a *iam) authenticate(x *exchange) error {
	sig := &x.signature
	caller, err := access.AuthenticateInto(x.r.Context(), a.g.verifier, sig, x.req)
	if refused, ok := errors.AsType[*sigv4.Error](err); ok {
		x.trace.SetSignature(a.refused(x, refused))
		switch refused.Reason {
		case sigv4.BodyTooLarge:
			return tooLarge()
		case sigv4.Busy:
			return &refusal{Status: http.StatusServiceUnavailable, Detail: "too many bodies are being read", Err: err}
		default:
			return &refusal{Status: http.StatusForbidden, Detail: refusedDetail(refused)}
		}
	}
	if err != nil && x.client != nil && x.client.err != nil {
		return x.brokenBody(err)
	}
	if err != nil {
		return internal("the signature could not be verified", err)
	}
	x.caller = caller
	x.trace.SetSignature(&trace.Signature{
		Valid: true, AccessKeyID: sig.AccessKeyID, Date: sig.Time, Region: sig.Scope.Region, Service: sig.Scope.Service,
		SignedHeaders: sig.SignedHeaders, Presigned: sig.Presigned,
	})
	x.trace.SetCaller(trace.Caller{
		Kind: caller.Kind.String(), ARN: caller.ARN, AccountID: caller.AccountID, UserID: caller.UserID, AccessKeyID: caller.AccessKeyID,
	})
	x.iam = event.IAM{
		AccessKey: caller.AccessKeyID, AccountID: caller.AccountID, UserID: caller.UserID, UserARN: caller.ARN, OrgID: a.g.config.OrganizationID,
	}
	x.authorizer.IAM = &x.iam
	// A signature does not tell /a/../b from /b, nor does it see what escapes
	// hide: what is not plainly one path is not judged as one.
	if !httpapi.IsNormal(x.path) {
		return forbidden("the decoded path has empty or dot segments, which a signed route refuses")
	}
	return nil
}

// authorize asks the caller's policies.
func (a *iam) authorize(x *exchange) error {
	resource, err := x.resource()
	if err != nil {
		return err
	}
	facts := x.facts()
	decision := access.Authorize(x.caller, facts, httpapi.InvokeAction, resource, a.g.config.Account, nil)
	x.trace.SetAuthorization(trace.Authorization{
		Action: httpapi.InvokeAction, Resource: resource, Allowed: decision.Allowed(), Decision: decision.Effect.String(),
	})
	if decision.Allowed() {
		return nil
	}
	x.trace.Authorization.Explanation = access.ExplainAuthorization(x.caller, facts, httpapi.InvokeAction, resource, a.g.config.Account, nil)
	return forbidden("the caller's policies do not allow " + httpapi.InvokeAction + " on " + resource)
}

// facts are what conditions of policies may ask of the request. They are good until
// the exchange ends.
func (x *exchange) facts() *access.RequestFacts {
	x.told = access.RequestFacts{
		SourceIP: x.sourceIP, Secure: x.secure, Time: x.start, Region: x.g.config.Region, OrgID: x.g.config.OrganizationID,
		UserAgent: x.r.UserAgent(), Referer: x.r.Referer(),
	}
	return &x.told
}

func (a *iam) refused(x *exchange, e *sigv4.Error) *trace.Signature {
	s := &trace.Signature{
		Reason: e.Reason.String(), Message: e.Detail, AccessKeyID: e.AccessKeyID, Date: e.Time, Now: x.start,
		WantRegion: a.g.config.Region, WantService: "execute-api",
		CanonicalRequest: e.CanonicalRequest, StringToSign: e.StringToSign,
	}
	if claim, err := sigv4.Claimed(x.req); err == nil {
		s.Region, s.Service, s.Presigned = claim.Scope.Region, claim.Scope.Service, claim.Presigned
		if s.AccessKeyID == "" {
			s.AccessKeyID = claim.AccessKeyID
		}
	}
	if e.Reason == sigv4.Mismatch && e.CanonicalRequest != "" {
		s.Cause = a.suspect(x, e)
	}
	return s
}

func refusedDetail(e *sigv4.Error) string {
	if e.Detail == "" {
		return "the signature is refused: " + e.Reason.String()
	}
	return "the signature is refused: " + e.Reason.String() + ": " + e.Detail
}

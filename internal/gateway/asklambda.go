package gateway

import (
	"net/http"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/gateway/authorizer"
	"github.com/hakonegate/hakone/internal/gateway/event"
	"github.com/hakonegate/hakone/internal/gateway/httpapi"
	"github.com/hakonegate/hakone/internal/trace"
	"github.com/hakonegate/hakone/policy"
)

// asked admits whom a Lambda authorizer admits.
type asked struct {
	authorizer.Lambda

	sources []string
}

// authenticate gathers the identity sources and asks the function, unless the
// answer is known.
func (a *asked) authenticate(x *exchange) error {
	var values []string
	for _, source := range a.sources {
		v := x.identity(source)
		if v == "" {
			return refuseWith(http.StatusUnauthorized, "the identity source "+source+" is missing or empty")
		}
		values = append(values, v)
	}
	resource, err := x.resource()
	if err != nil {
		return err
	}
	r, err := x.event()
	if err != nil {
		return badEscape(err)
	}
	r.Authorizer = event.Authorizer{}
	answer, cached, err := a.Ask(x.r.Context(), &event.AuthorizerRequest{Request: *r, RouteARN: resource, IdentitySource: values})
	if err != nil {
		return internal("the Lambda authorizer gave no answer", err)
	}
	if cached {
		x.detail("the authorizer function's answer was cached")
	}
	x.answer = answer
	x.authorizer.Lambda = answer.Lambda
	return nil
}

// authorize judges the answer for this route: a cached policy may cover one
// route and not another.
func (a *asked) authorize(x *exchange) error {
	if x.answer.Policy == nil {
		if x.answer.Allowed {
			return nil
		}
		return forbidden("the Lambda authorizer said no")
	}
	g := x.g
	resource := x.stage.arns.Request(x.req.Method, x.path)
	caller := &access.Caller{
		Kind: policy.User, AccountID: g.config.Account, UserID: x.answer.Lambda.PrincipalID,
		Policies: policy.Set{Identity: []*policy.Policy{x.answer.Policy}},
	}
	decision := access.Authorize(caller, x.facts(), httpapi.InvokeAction, resource, g.config.Account, nil)
	x.trace.SetAuthorization(trace.Authorization{
		Action: httpapi.InvokeAction, Resource: resource, Allowed: decision.Allowed(), Decision: decision.Effect.String(),
	})
	if decision.Allowed() {
		return nil
	}
	x.trace.Authorization.Explanation = access.ExplainAuthorization(caller, x.facts(), httpapi.InvokeAction, resource, g.config.Account, nil)
	return forbidden("the Lambda authorizer's policy does not allow " + httpapi.InvokeAction + " on " + resource)
}

// ResetAuthorizers forgets what Lambda authorizers said of requests to a stage.
func (g *Gateway) ResetAuthorizers(apiID, stage string) { g.answers.Reset(apiID + "/" + stage + "/") }

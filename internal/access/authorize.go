package access

import (
	"net/http"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/policy"
)

// Authorize decides whether c may do action on resource, which belongs to
// resourceAccount and carries the resource policy res; res is nil where the
// resource has none.
func Authorize(c *Caller, f *RequestFacts, action, resource, resourceAccount string, res *policy.Policy) policy.Decision {
	if c.restricted(action) {
		return policy.Decision{}
	}
	r, set := question(c, f, action, resource, resourceAccount, res)
	return policy.Evaluate(r, set)
}

// ExplainAuthorization tells in full how [Authorize] decides the same question.
// It costs more; ask it when somebody wants to know.
func ExplainAuthorization(c *Caller, f *RequestFacts, action, resource, resourceAccount string, res *policy.Policy) *policy.Explanation {
	r, set := question(c, f, action, resource, resourceAccount, res)
	return policy.Explain(r, set)
}

// AuthorizeTrust decides whether c may do an STS action on role, which trusts
// nobody by default, not even its own account.
func AuthorizeTrust(c *Caller, f *RequestFacts, action string, role *Role) policy.Decision {
	if c.restricted(action) || role.Trust == nil {
		return policy.Decision{}
	}
	r, set := question(c, f, action, role.ARN, role.AccountID, role.Trust)
	set.ExplicitTrust = true
	return policy.Evaluate(r, set)
}

func question(c *Caller, f *RequestFacts, action, resource, account string, res *policy.Policy) (*policy.Request, *policy.Set) {
	set := c.Policies
	set.Resource = res
	return &policy.Request{
		Principal:       c.Principal(),
		Action:          action,
		Resource:        resource,
		ResourceAccount: account,
		Context:         &conditions{caller: c, facts: f, resourceAccount: account},
	}, &set
}

// Denied returns the refusal that the control plane answers with when d denied
// c, in AWS's words. The code is "AccessDenied" or "AccessDeniedException", as
// the protocol has it.
func Denied(code string, c *Caller, action, resource string, d policy.Decision) *awserr.Error {
	r := &policy.Request{Principal: c.Principal(), Action: action, Resource: resource}
	return awserr.New(code, http.StatusForbidden, "%s", d.Refusal(r))
}

package access

import (
	"strings"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/policy"
)

// Authorize decides whether c may do action on resource, which belongs to
// resourceAccount and carries the resource policy res; res is nil where the
// service has none.
func Authorize(c *Caller, f *RequestFacts, action, resource, resourceAccount string, res *policy.Policy) policy.Decision {
	if always(c, action) {
		return policy.Decision{Effect: policy.Allowed}
	}
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

// AuthorizeTrust decides whether c may do an STS action on role. A role trusts
// nobody by default, not even its own account.
func AuthorizeTrust(c *Caller, f *RequestFacts, action string, role *Role) policy.Decision {
	if c.restricted(action) {
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

// always reports whether every authenticated caller may do action, even with a
// Deny in a policy (AWS: "No permissions are required to perform this operation").
func always(c *Caller, action string) bool {
	return strings.EqualFold(action, "sts:GetCallerIdentity") && c.Kind != policy.Anonymous && c.Kind != policy.Service
}

// Denied returns the AccessDenied that the control plane answers when d refused
// c, in AWS's words. Code is "AccessDenied" or "AccessDeniedException", as the
// protocol wants it.
func Denied(code string, c *Caller, action, resource string, d policy.Decision) *awserr.Error {
	why := " because no identity-based policy allows the " + action + " action"
	if d.Effect == policy.ExplicitlyDenied {
		why = " with an explicit deny in an identity-based policy"
	}
	return awserr.New(code, 403, "User: %s is not authorized to perform: %s on resource: %s%s", c.ARN, action, resource, why)
}

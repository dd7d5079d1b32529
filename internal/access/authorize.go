package access

import (
	"net/http"
	"sync"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/policy"
)

// Authorize decides whether c may do action on resource, which belongs to
// resourceAccount and carries the resource policy res; res is nil where the
// resource has none. It does not allocate when it allows.
func Authorize(c *Caller, f *RequestFacts, action, resource, resourceAccount string, res *policy.Policy) policy.Decision {
	if c.restricted(action) {
		return policy.Decision{}
	}
	q := ask(c, f, action, resource, resourceAccount, res)
	defer q.done()
	return policy.Evaluate(&q.request, &q.set)
}

// ExplainAuthorization tells in full how [Authorize] decides the same question.
// It costs more; ask it when somebody wants to know.
func ExplainAuthorization(c *Caller, f *RequestFacts, action, resource, resourceAccount string, res *policy.Policy) *policy.Explanation {
	q := ask(c, f, action, resource, resourceAccount, res)
	defer q.done()
	return policy.Explain(&q.request, &q.set)
}

// AuthorizeTrust decides whether c may do an STS action on role, which trusts
// nobody by default, not even its own account.
func AuthorizeTrust(c *Caller, f *RequestFacts, action string, role *Role) policy.Decision {
	if c.restricted(action) || role.Trust == nil {
		return policy.Decision{}
	}
	q := ask(c, f, action, role.ARN, role.AccountID, role.Trust)
	defer q.done()
	q.set.ExplicitTrust = true
	return policy.Evaluate(&q.request, &q.set)
}

// A question is what one decision is made of. Questions are used again, since
// one is asked for every request.
type question struct {
	request    policy.Request
	set        policy.Set
	conditions conditions
}

var questions = sync.Pool{New: func() any { return new(question) }}

func ask(c *Caller, f *RequestFacts, action, resource, account string, res *policy.Policy) *question {
	q, _ := questions.Get().(*question)
	q.conditions.caller, q.conditions.facts, q.conditions.resourceAccount = c, f, account
	q.set = c.Policies
	q.set.Resource = res
	q.request = policy.Request{
		Principal: c.Principal(), Action: action, Resource: resource, ResourceAccount: account, Context: &q.conditions,
	}
	return q
}

// done gives q back. Nobody's policies or keys stay in it.
func (q *question) done() {
	q.request, q.set = policy.Request{}, policy.Set{}
	q.conditions.caller, q.conditions.facts, q.conditions.resourceAccount = nil, nil, ""
	questions.Put(q)
}

// Denied returns the refusal that the control plane answers with when d denied
// c, in AWS's words. The code is "AccessDenied" or "AccessDeniedException", as
// the protocol has it.
func Denied(code string, c *Caller, action, resource string, d policy.Decision) *awserr.Error {
	r := &policy.Request{Principal: c.Principal(), Action: action, Resource: resource}
	return awserr.New(code, http.StatusForbidden, "%s", d.Refusal(r))
}

package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// The codes of hints, the most useful first: hints are shown in this order.
const (
	hintWrongStage      = "wrong-stage"
	hintLeadingSlash    = "leading-slash"
	hintRouteTemplate   = "route-template"
	hintMethodAny       = "method-any"
	hintMethodCase      = "method-case"
	hintNoMethod        = "no-method"
	hintNoStage         = "no-stage"
	hintPathDepth       = "path-depth"
	hintTrailingSlash   = "trailing-slash"
	hintPartition       = "partition"
	hintAccount         = "account"
	hintRegion          = "region"
	hintAPIID           = "api-id"
	hintQualifier       = "qualifier"
	hintAdministrator   = "api-administrator"
	hintAction          = "action-misspelt"
	hintKeyAbsent       = "key-absent"
	hintKeyMisspelt     = "key-misspelt"
	hintManyValues      = "many-values"
	hintCase            = "case-only"
	hintEncoding        = "percent-encoding"
	hintVersion         = "version-2008"
	hintVariable        = "variable-unresolved"
	hintSessionARN      = "session-arn"
	hintRolePath        = "role-path"
	hintRecreated       = "principal-recreated"
	hintRoleGrant       = "role-grant-limited"
	hintNotPrincipal    = "not-principal"
	hintCondition       = "condition"
	hintBoundary        = "boundary-silent"
	hintSession         = "session-silent"
	hintOrganization    = "scp-silent"
	hintAccountOnly     = "account-principal"
	hintOtherAccount    = "other-account"
	hintResourceElement = "resource-needed"
)

var hintOrder = []string{
	hintWrongStage, hintLeadingSlash, hintRouteTemplate, hintMethodAny, hintMethodCase, hintNoMethod, hintNoStage, hintPathDepth, hintTrailingSlash,
	hintPartition, hintAccount, hintRegion, hintAPIID, hintQualifier, hintAdministrator, hintAction, hintKeyAbsent, hintKeyMisspelt, hintManyValues,
	hintCase, hintEncoding, hintVersion, hintVariable, hintSessionARN, hintRolePath, hintRecreated, hintRoleGrant, hintNotPrincipal, hintCondition,
	hintBoundary, hintSession, hintOrganization, hintAccountOnly, hintOtherAccount, hintResourceElement,
}

// maxHints bounds what is shown: after a few, hints stop helping.
const maxHints = 8

// hints collects likely mistakes: those of the statements that were meant to
// allow or that deny, then those of whole layers.
func (x *explainer) hints() {
	if x.verdict.decision.Effect == ExplicitlyDenied {
		for _, at := range x.out.Decisive {
			x.denyHints(at)
		}
	} else {
		for at, st := range x.statements() {
			if st.Effect == "Allow" && !st.Applies && x.wanted(at.Layer) {
				x.allowHints(at, st)
			}
		}
		x.layerHints()
	}
	slices.SortStableFunc(x.found, func(a, b foundHint) int {
		return cmp.Or(cmp.Compare(a.changes, b.changes), cmp.Compare(slices.Index(hintOrder, a.Code), slices.Index(hintOrder, b.Code)))
	})
	for _, h := range x.found[:min(len(x.found), maxHints)] {
		x.out.Hints = append(x.out.Hints, h.Hint)
	}
	x.nearestByHint()
}

// A foundHint is a hint with the number of changes that it asks for: one is
// likelier than two.
type foundHint struct {
	Hint
	changes int
}

// nearestByHint prefers the statement of the likeliest mistake to the one that
// merely looks alike.
func (x *explainer) nearestByHint() {
	if x.out.Nearest == nil {
		return
	}
	for _, h := range x.out.Hints {
		if h.At != nil {
			x.out.Nearest = &Nearest{Pointer: *h.At, Name: x.name(*h.At), Text: x.at(*h.At).difference()}
			return
		}
	}
}

func (x *explainer) hint(code string, at *Pointer, format string, args ...any) {
	h := Hint{Code: code, Text: fmt.Sprintf(format, args...), At: at}
	if at != nil {
		h.Text = x.name(*at) + ": " + h.Text
	}
	x.found = append(x.found, foundHint{h, 1})
}

// compiled returns the statement that p points to, as compiled.
func (x *explainer) compiled(p Pointer) *statement {
	return &x.refs[p.Layer].policies[p.Policy].statements[p.Statement]
}

// allowHints names the mistake in an Allow that misses the request in one
// element only. One that misses it in more was meant for something else.
func (x *explainer) allowHints(at Pointer, st *ExplainedStatement) {
	c := &st.Checks
	action := c.Action.Matches
	resource := c.Resource == nil || c.Resource.Matches
	principal := c.Principal == nil || c.Principal.Matches
	conditions := !slices.ContainsFunc(c.Conditions, func(c ConditionCheck) bool { return !c.Result })

	switch {
	case !action && x.request.service() == "execute-api" && strings.HasPrefix(strings.ToLower(c.Action.Pattern), "apigateway:"):
		x.hint(hintAdministrator, &at, "it allows managing APIs (%s), not calling them; AmazonAPIGatewayInvokeFullAccess allows execute-api:Invoke", c.Action.Pattern)
	case !action && resource && principal && conditions:
		x.actionHint(at, c)
	case action && !resource && principal && conditions:
		x.resourceHints(at)
	case action && resource && !principal && conditions:
		x.principalHints(at)
	case action && resource && principal && !conditions:
		x.conditionHints(at, st)
	}
}

func (x *explainer) actionHint(at Pointer, c *Checks) {
	if c.Action.Element != "Action" {
		return
	}
	for _, p := range x.compiled(at).actions {
		if near := nearest(x.request.Action, []string{p.text}); near != "" {
			x.hint(hintAction, &at, "it allows the action %s; the request's is %s", p.text, x.request.Action)
			return
		}
	}
}

func (x *explainer) principalHints(at Pointer) {
	caller := &x.request.Principal
	named := x.compiled(at).principals
	if named == nil || named.not {
		return
	}
	for _, e := range named.entries {
		role := caller.RoleARN[strings.LastIndexByte(caller.RoleARN, '/')+1:]
		switch {
		case e.id != "" && (e.value == caller.ARN || e.value == caller.RoleARN):
			x.hint(hintRecreated, &at, "it names %s as it was when the policy was saved (%s); it was deleted and created again since: save the policy again", e.text, e.id)
		case caller.Kind != AssumedRole || role == "":
		case e.kind == entryRole && strings.HasSuffix(e.value, "/"+role):
			x.hint(hintRolePath, &at, "it names %s, and the caller's role is %s: a role's ARN includes its path", e.text, caller.RoleARN)
		case e.kind == entrySession && strings.Contains(e.value, "/"+role+"/"):
			x.hint(hintSessionARN, &at, "it names another session of the role, %s; name the role, %s, for all its sessions", e.text, caller.RoleARN)
		case strings.Contains(e.text, ":assumed-role/"+role) && e.kind == entryNever:
			x.hint(hintSessionARN, &at, "%s is no principal: name the role, %s", e.text, caller.RoleARN)
		}
	}
}

func (x *explainer) conditionHints(at Pointer, st *ExplainedStatement) {
	compiled := x.compiled(at)
	for i := range st.Checks.Conditions {
		c, check := &compiled.conditions[i], &st.Checks.Conditions[i]
		if check.Result {
			continue
		}
		switch {
		case !compiled.language2012 && slices.ContainsFunc(check.Wanted, func(s string) bool { return strings.Contains(s, "${") }):
			x.hint(hintVersion, &at, "${…} is a variable only in policies of Version 2012-10-17; here it is plain text")
		case check.Absent && likelyKey(check.Key) != "":
			x.hint(hintKeyMisspelt, &at, "the request has no key %s; did you mean %s?", check.Key, likelyKey(check.Key))
		case check.Absent:
			x.hint(hintKeyAbsent, &at, "the request has no key %s, and without it %s is false", check.Key, check.Operator)
		case c.operator.set == noSet && check.Got.many:
			x.hint(hintManyValues, &at, "%s has several values; compare it with ForAnyValue:%s or ForAllValues:%s", check.Key, c.operator.base.name, c.operator.base.name)
		case c.key == "aws:principalarn" && slices.ContainsFunc(check.Wanted, func(s string) bool { return strings.Contains(s, ":assumed-role/") }):
			x.hint(hintSessionARN, &at, "aws:PrincipalArn of a session is its role's ARN (%s), not the assumed-role ARN", strings.Join(check.Got.All(), ""))
		case check.Note != "" && strings.Contains(check.Note, "${"):
			x.hint(hintVariable, &at, "%s", check.Note)
		case sameButCase(check):
			x.hint(hintCase, &at, "%s compares upper and lower case: %s is not %s", check.Operator, quoteAll(check.Wanted), quoteAll(check.Got.All()))
		default:
			x.hint(hintCondition, &at, "it would apply, but %s", check.words())
		}
	}
}

func sameButCase(c *ConditionCheck) bool {
	if strings.Contains(c.Operator, "Not") || !strings.Contains(c.Operator, "String") {
		return false
	}
	for _, want := range c.Wanted {
		for _, got := range c.Got.All() {
			if strings.EqualFold(want, got) {
				return true
			}
		}
	}
	return false
}

// denyHints names what makes a Deny apply although its author may not have
// meant it.
func (x *explainer) denyHints(at Pointer) {
	st, compiled := x.at(at), x.compiled(at)
	if p := compiled.principals; p != nil && p.not {
		switch {
		case x.judge.bounded:
			x.hint(hintNotPrincipal, &at, "a Deny with NotPrincipal always applies to callers with a permissions boundary; use ArnNotLike on aws:PrincipalArn")
		default:
			x.hint(hintNotPrincipal, &at, "NotPrincipal must list the caller itself (%s), not only its account; ArnNotLike on aws:PrincipalArn is easier", x.request.Principal.ARN)
		}
	}
	for i := range compiled.conditions {
		c, check := &compiled.conditions[i], &st.Checks.Conditions[i]
		if check.Absent && c.operator.base.compare != compareNull {
			x.hint(hintKeyAbsent, &at, "the request has no key %s, and without it %s is true; so the Deny applies", check.Key, check.Operator)
		}
	}
}

// layerHints names what concerns a whole type of policy.
func (x *explainer) layerHints() {
	r := x.request
	reason := x.verdict.decision.Reason
	grant := x.verdict.grant
	switch reason {
	case NoBoundaryAllow:
		x.hint(hintBoundary, nil, "the permissions boundary of %s does not allow the action; a boundary limits what other policies allow", r.Principal.owner())
	case NoSessionAllow:
		x.hint(hintSession, nil, "the session was made with a session policy, which limits the role's policies to what it allows itself")
	case NoSCPAllow:
		x.hint(hintOrganization, nil, "a level of the organization has no service control policy that allows the action; FullAWSAccess may be detached there")
	case NoIdentityAllow:
		same := r.sameAccount(x.judge.env.resource[partAccount])
		switch {
		case grant == grantAccount && same:
			x.hint(hintAccountOnly, nil, "the resource's policy names account %s: that lets the account's own policies decide, and none of %s allows the action", r.Principal.AccountID, r.Principal.owner())
		case !same:
			x.hint(hintOtherAccount, nil, "the resource belongs to another account: its policy allows the caller, but a policy of %s must allow it too", r.Principal.owner())
		}
	case NoResourceAllow:
		if !r.Principal.inAccount() {
			return
		}
		if x.set.Resource == nil && r.service() == "execute-api" {
			x.hint(hintOtherAccount, nil, "the API belongs to account %s and the caller to %s; an HTTP API can be called from its own account only: assume a role there", orUnknown(r.owner()), r.Principal.AccountID)
			return
		}
		x.hint(hintOtherAccount, nil, "the resource belongs to account %s and the caller to %s: the resource's policy has to name the caller too", orUnknown(r.owner()), r.Principal.AccountID)
	default: // nothing to add to the statements' own hints
	}
	if grant == grantRole && (reason == NoBoundaryAllow || reason == NoSessionAllow) {
		x.hint(hintRoleGrant, nil, "the resource's policy names the role; that grant is limited by the boundary and the session policy. One to the session itself (%s) is not", r.Principal.ARN)
	}
}

func (r *Request) owner() string {
	if r.ResourceAccount != "" {
		return r.ResourceAccount
	}
	parts, _ := cutARN(r.Resource)
	return parts[partAccount]
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

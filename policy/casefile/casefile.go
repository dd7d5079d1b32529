// Package casefile runs policy test cases: requests with the policies that bear
// on them and the decision that is expected, one JSON object a line.
//
// [Run] is a unit-test runner for policies; [Case.Build] gives the request and
// the policies of one case to other uses.
package casefile

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/hakonegate/hakone/policy" //nolint:depguard // part of the same public library
)

// A Case is one line of a case file.
type Case struct {
	ID      string `json:"id"`
	Request struct {
		Principal       string                  `json:"principal"` // ARN, service name or "anonymous"
		Action          string                  `json:"action"`
		Resource        string                  `json:"resource"`
		ResourceAccount string                  `json:"resourceAccount"`
		Context         map[string]policy.Value `json:"context"` // text: a single-valued key; list: a multivalued one
	} `json:"request"`

	IdentityPolicies     []json.RawMessage   `json:"identityPolicies"`
	ResourcePolicy       json.RawMessage     `json:"resourcePolicy"`
	PermissionBoundaries []json.RawMessage   `json:"permissionBoundaries"`
	SessionPolicies      []json.RawMessage   `json:"sessionPolicies"`
	SCPs                 [][]json.RawMessage `json:"scps"` // by level
	RCPs                 [][]json.RawMessage `json:"rcps"`

	Expected string `json:"expected"` // "Allowed", "ImplicitlyDenied", "ExplicitlyDenied" or ""
}

// Build returns the request and the compiled policies of the case. Policies are
// named for their place in it, such as "identityPolicies[0]".
func (c *Case) Build() (*policy.Request, *policy.Set, error) {
	context := policy.NewMap(c.Request.Context)
	r := &policy.Request{
		Principal:       principal(c.Request.Principal, context),
		Action:          c.Request.Action,
		Resource:        c.Request.Resource,
		ResourceAccount: c.Request.ResourceAccount,
		Context:         context,
	}
	b := builder{}
	s := &policy.Set{
		Identity: b.list(policy.Identity, "identityPolicies", c.IdentityPolicies),
		Session:  b.list(policy.Session, "sessionPolicies", c.SessionPolicies),
	}
	switch boundaries := b.list(policy.Boundary, "permissionBoundaries", c.PermissionBoundaries); len(boundaries) {
	case 0:
	case 1:
		s.Boundary = boundaries[0]
	default:
		return nil, nil, fmt.Errorf("permissionBoundaries: there can be only one, not %d", len(boundaries))
	}
	for i, level := range c.SCPs {
		s.SCPs = append(s.SCPs, b.list(policy.SCP, fmt.Sprintf("scps[%d]", i), level))
	}
	for i, level := range c.RCPs {
		s.RCPs = append(s.RCPs, b.list(policy.RCP, fmt.Sprintf("rcps[%d]", i), level))
	}
	if text := c.ResourcePolicy; len(text) > 0 && string(text) != "null" {
		kind := policy.Resource
		if isTrust(r) {
			kind = policy.Trust
		}
		s.Resource = b.one(kind, "resourcePolicy", text)
		s.ExplicitTrust = strings.HasPrefix(strings.ToLower(r.Action), "kms:") && strings.Contains(r.Resource, ":key/")
	}
	return r, s, b.err
}

// isTrust reports whether the policy on the resource is a role's trust policy.
func isTrust(r *policy.Request) bool {
	return strings.HasPrefix(strings.ToLower(r.Action), "sts:") && strings.Contains(r.Resource, ":role/")
}

// A builder compiles policies and keeps the first error. The documents are
// loaded as saved ones: a case may test what AWS would not accept today.
type builder struct{ err error }

func (b *builder) list(kind policy.Kind, name string, texts []json.RawMessage) []*policy.Policy {
	var list []*policy.Policy
	for i, text := range texts {
		list = append(list, b.one(kind, fmt.Sprintf("%s[%d]", name, i), text))
	}
	return list
}

func (b *builder) one(kind policy.Kind, name string, text []byte) *policy.Policy {
	d, err := policy.Load(kind, text)
	if err != nil && b.err == nil {
		b.err = fmt.Errorf("%s: %w", name, err)
	}
	return policy.New(name, "", d)
}

// principal reads a principal. A session's ARN has no role path: where the case
// gives the role's own ARN, it is in aws:PrincipalArn.
func principal(text string, context policy.Map) policy.Principal {
	if text == "anonymous" {
		return policy.Principal{}
	}
	parts := strings.SplitN(text, ":", 6)
	if len(parts) < 6 {
		return policy.Principal{Kind: policy.ServicePrincipal, Service: text}
	}
	p := policy.Principal{ARN: text, AccountID: parts[4]}
	if id, ok := context["aws:userid"]; ok {
		p.UserID, _ = id.Single()
	}
	kind, rest, _ := strings.Cut(parts[5], "/")
	switch kind {
	case "root":
		p.Kind = policy.Root
	case "user":
		p.Kind = policy.User
	case "federated-user":
		p.Kind = policy.FederatedUser
	case "assumed-role":
		p.Kind = policy.AssumedRole
		role, _, _ := strings.Cut(rest, "/")
		p.RoleARN = "arn:" + parts[1] + ":iam::" + parts[4] + ":role/" + role
		if v, ok := context["aws:principalarn"]; ok {
			if arn, _ := v.Single(); strings.HasPrefix(arn, p.RoleARN[:strings.LastIndexByte(p.RoleARN, '/')+1]) && strings.HasSuffix(arn, "/"+role) {
				p.RoleARN = arn
			}
		}
	}
	return p
}

package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// A newStatement is a statement to be written, in the order people write it.
type newStatement struct {
	Effect    string
	Principal any `json:",omitempty"`
	Action    string
	Resource  string `json:",omitempty"`
	Condition any    `json:",omitempty"`
}

// missing finds what would have allowed the request: it adds the smallest
// statement to the layer that refuses, and evaluates again, until nothing does.
func (x *explainer) missing() {
	if x.verdict.decision.Effect == ExplicitlyDenied {
		for _, at := range x.out.Decisive {
			x.out.Missing = append(x.out.Missing, Missing{
				Layer:  x.out.Layers[at.Layer].Type,
				Where:  x.name(at),
				Change: &at,
				Note:   "a Deny wins over every Allow: change or remove it, or change what it depends on",
			})
		}
		return
	}
	r, s := *x.request, *x.set
	s.SCPs = append([][]*Policy(nil), s.SCPs...)
	decision := x.verdict.decision
	for range 8 {
		m, ok := grantMissing(&r, &s, decision.Reason)
		if !ok {
			return
		}
		x.out.Missing = append(x.out.Missing, m)
		if decision = Evaluate(&r, &s); decision.Effect != ImplicitlyDenied {
			return
		}
	}
}

// grantMissing adds to s the statement whose absence is the reason.
func grantMissing(r *Request, s *Set, reason Reason) (Missing, bool) {
	st := newStatement{Effect: "Allow", Action: r.Action, Resource: literalResource(r.Resource)}
	m := Missing{Layer: reason.PolicyType()}
	switch reason {
	case NoIdentityAllow:
		m.Where = "a policy of " + r.Principal.owner()
		s.Identity = append(slices.Clip(s.Identity), m.write(Identity, st))
	case NoBoundaryAllow:
		m.Where = "the permissions boundary of " + r.Principal.owner()
		m.Note = "a boundary only limits: the caller's own policies must allow the action too"
		s.Boundary = join(s.Boundary, m.write(Boundary, st))
	case NoSessionAllow:
		m.Where = "the session policy that is passed when the role is assumed"
		m.Note = "a session policy only limits: the role's own policies must allow the action too"
		s.Session = append(slices.Clip(s.Session), m.write(Session, st))
	case NoSCPAllow:
		level := silentLevel(r, s)
		if level < 0 {
			return m, false
		}
		m.Where = fmt.Sprintf("a service control policy of level %d of the organization", level+1)
		m.Note = "every level, from the root to the account, must allow the action"
		old := s.SCPs[level]
		s.SCPs[level] = append(slices.Clip(old), m.write(SCP, st))
	case NoResourceAllow, NoTrustAllow, NoEndpointAllow:
		kind := Resource
		m.Where = "the policy of the resource"
		switch {
		case reason == NoTrustAllow:
			kind, st.Resource = Trust, ""
			m.Where = "the trust policy of the role"
		case reason == NoEndpointAllow:
			m.Where = "the policy of the VPC endpoint"
		case r.service() == "execute-api" && s.Resource == nil && r.Principal.inAccount():
			m.Note = "only REST APIs have a resource policy; for an HTTP API the caller has to assume a role in the API's account"
		}
		st.Principal, st.Condition = r.Principal.element(), sourceCondition(r)
		p := m.write(kind, st)
		if reason == NoEndpointAllow {
			s.Endpoint = append(slices.Clip(s.Endpoint), p)
		} else {
			s.Resource = join(s.Resource, p)
		}
	default:
		return m, false
	}
	return m, m.Statement != nil
}

// write puts the statement into m and returns it as a policy.
func (m *Missing) write(kind Kind, st newStatement) *Policy {
	text, err := encode(st)
	if err != nil {
		return nil
	}
	d, err := Load(kind, []byte(`{"Version":"`+version2012+`","Statement":`+string(text)+`}`))
	if err != nil {
		return nil // the request holds what no policy can name
	}
	m.Statement = text
	return New("", "", d)
}

// encode marshals without escaping <, > and &, which paths may hold.
func encode(v any) (json.RawMessage, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

// join returns a policy with the statements of both.
func join(old, more *Policy) *Policy {
	if more == nil || old == nil || old.Document == nil {
		return more
	}
	d := *old.Document
	d.statements = append(slices.Clip(d.statements), more.statements...)
	return &Policy{Name: old.Name, ARN: old.ARN, Source: old.Source, Document: &d}
}

// silentLevel returns the first level of service control policies that does not
// allow r, or -1.
func silentLevel(r *Request, s *Set) int {
	j := judge{bounded: s.Boundary != nil, env: newEnv(r)}
	for i, level := range s.SCPs {
		var l layer
		if j.judge(&l, level, mayName); !l.allows {
			return i
		}
	}
	return -1
}

// literalResource writes a resource so that a policy matches just it: the
// characters that mean something in a pattern are escaped.
func literalResource(resource string) string {
	if resource == "*" {
		return resource
	}
	var b strings.Builder
	for i, c := range resource {
		switch {
		case c == '*' || c == '?':
			b.WriteString("${" + string(c) + "}")
		case c == '$' && strings.HasPrefix(resource[i:], "${"):
			b.WriteString("${$}")
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

func (r *Request) service() string {
	service, _, _ := strings.Cut(r.Action, ":")
	return strings.ToLower(service)
}

// element returns a Principal element that names the caller. For a session it
// names the role: sessions come and go.
func (p *Principal) element() any {
	switch {
	case p.Kind == ServicePrincipal:
		return map[string]string{"Service": p.Service}
	case p.Kind == WebIdentity:
		return map[string]string{"Federated": p.Provider}
	case p.Kind == AssumedRole && p.RoleARN != "":
		return map[string]string{"AWS": p.RoleARN}
	case p.ARN != "":
		return map[string]string{"AWS": p.ARN}
	default:
		return "*"
	}
}

// sourceCondition keeps a grant to a service to the resource it acts for, so
// that other customers cannot use the service against it.
func sourceCondition(r *Request) any {
	if r.Principal.Kind != ServicePrincipal || r.Context == nil {
		return nil
	}
	v, ok := r.Context.Value("aws:sourcearn")
	arn, single := v.Single()
	if !ok || !single {
		return nil
	}
	return map[string]any{"ArnLike": map[string]string{"aws:SourceArn": literalResource(arn)}}
}

// owner says whose policies the caller has: "role AppRole".
func (p *Principal) owner() string {
	arn := p.ARN
	if p.Kind == AssumedRole && p.RoleARN != "" {
		arn = p.RoleARN
	}
	name := arn[strings.LastIndexByte(arn, '/')+1:]
	switch p.Kind {
	case User:
		return "user " + name
	case AssumedRole:
		return "role " + name
	case FederatedUser:
		return "the user who asked for the federated session " + name
	default:
		return "the caller"
	}
}

package policy

import "strings"

// Evaluate decides a request. It does not allocate when it allows, unless a
// condition compares binary values or more than eight variables. What it cannot
// make sense of denies.
func Evaluate(r *Request, s *Set) Decision {
	var v verdict
	v.evaluate(r, s)
	return v.decision
}

// A verdict is a decision with what led to it.
type verdict struct {
	decision Decision
	step     step
	grant    grant // what the resource's policy gives the caller
}

// A step is a step of AWS's evaluation.
type step uint8

// The steps, in their order.
const (
	stepAlways       step = iota // sts:GetCallerIdentity asks nothing
	stepDeny                     // an explicit deny anywhere
	stepSCP                      // every level of the caller's organization allows
	stepRCP                      // resource control policies only deny
	stepAnonymous                // the resource's policy allows everyone
	stepService                  // the resource's policy allows the service
	stepLimits                   // boundary, session and endpoint policies
	stepSameAccount              // either side may allow
	stepCrossAccount             // both sides must allow
)

// A layer is what the policies of one type say to a request.
type layer struct {
	allows bool
	grant  grant // the strongest of the allows, in a resource's policy
	allow  StatementRef
	denies bool
	deny   StatementRef
}

// A judge holds what the evaluation of one request needs.
type judge struct {
	env     env
	bounded bool
}

func (v *verdict) evaluate(r *Request, s *Set) {
	j := judge{bounded: s.Boundary != nil, env: newEnv(r)}
	caller := &r.Principal
	if caller.Kind != Anonymous && strings.EqualFold(r.Action, "sts:GetCallerIdentity") {
		v.allow(stepAlways, AllowedAlways, StatementRef{})
		return
	}

	// Policies of callers do not exist for those who are not in an account, and
	// organizations do not bind service-linked roles.
	inAccount := caller.inAccount()
	organized := !caller.serviceLinked()
	trust := s.Resource != nil && s.Resource.Document != nil && s.Resource.kind == Trust

	var scp, resource, identity, boundary, session, endpoint layer
	scpAllows := true
	if inAccount && organized {
		for _, level := range s.SCPs {
			var l layer
			j.judge(&l, level, mayName)
			if l.denies && !scp.denies {
				scp = l
			}
			scpAllows = scpAllows && l.allows
		}
	}
	if scp.denies {
		v.deny(DenyInSCP, scp.deny)
		return
	}
	if organized {
		for _, level := range s.RCPs {
			var l layer
			if j.judge(&l, level, mayName); l.denies {
				v.deny(DenyInRCP, l.deny)
				return
			}
		}
	}
	if j.judge(&endpoint, s.Endpoint, mustName); endpoint.denies {
		v.deny(DenyInEndpoint, endpoint.deny)
		return
	}
	if j.judgeOne(&resource, s.Resource, mustName); resource.denies {
		reason := DenyInResource
		if trust {
			reason = DenyInTrust
		}
		v.deny(reason, resource.deny)
		return
	}
	if inAccount {
		j.judge(&identity, s.Identity, mayName)
		j.judgeOne(&boundary, s.Boundary, mayName)
		j.judge(&session, s.Session, mayName)
		switch {
		case identity.denies:
			v.deny(DenyInIdentity, identity.deny)
			return
		case boundary.denies:
			v.deny(DenyInBoundary, boundary.deny)
			return
		case session.denies:
			v.deny(DenyInSession, session.deny)
			return
		}
	}
	v.grant = resource.grant

	noResourceAllow := NoResourceAllow
	if trust {
		noResourceAllow = NoTrustAllow
	}
	switch {
	case !scpAllows:
		v.refuse(stepSCP, NoSCPAllow)
	case s.Endpoint != nil && !endpoint.allows:
		v.refuse(stepLimits, NoEndpointAllow)
	case caller.Kind == Anonymous:
		v.require(stepAnonymous, resource.grant == grantDirect, noResourceAllow, &resource)
	case caller.Kind == ServicePrincipal || caller.Kind == WebIdentity:
		v.require(stepService, resource.grant == grantDirect, noResourceAllow, &resource)
	case !inAccount:
		v.refuse(stepSameAccount, NothingAllows)
	default:
		v.weigh(&sides{
			same:     r.sameAccount(j.env.resource[partAccount]),
			explicit: s.ExplicitTrust || trust,
			root:     caller.Kind == Root,
			resource: &resource,
			identity: &identity,
			limit:    limit(s, &boundary, &session),
			silent:   noResourceAllow,
		})
	}
}

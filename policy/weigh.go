package policy

import "strings"

// sides is what the caller's and the resource's policies say when nothing
// denies.
type sides struct {
	same     bool // caller and resource are in one account
	explicit bool // the resource does not trust its account by itself
	root     bool
	resource *layer
	identity *layer
	limit    Reason // the policy that limits the caller and is silent; zero: none
	silent   Reason // when the resource's policy should have allowed
}

// weigh is the end of AWS's evaluation, for callers who are in an account.
//
// In the same account either side may allow. A grant to the caller itself stands
// alone; one to the role of a session is cut down by the limits on the session;
// one to the account only lets the account's own policies decide. Between
// accounts both sides must allow.
func (v *verdict) weigh(s *sides) {
	rp := s.resource.grant
	id := s.root || s.identity.allows
	free := s.limit == NothingAllows

	if !s.same {
		switch {
		case rp == grantNone:
			v.refuse(stepCrossAccount, s.silent)
		case !id:
			v.refuse(stepCrossAccount, NoIdentityAllow)
		case !free:
			v.refuse(stepCrossAccount, s.limit)
		default:
			v.allow(stepCrossAccount, AllowedByResource, s.resource.allow)
		}
		return
	}
	switch {
	case rp == grantDirect:
		v.allow(stepSameAccount, AllowedByResource, s.resource.allow)
	case rp == grantRole && free:
		v.allow(stepSameAccount, AllowedByResource, s.resource.allow)
	case id && free && (!s.explicit || rp >= grantAccount):
		reason := AllowedByIdentity
		if !s.identity.allows {
			reason = AllowedAsRoot
		}
		v.allow(stepSameAccount, reason, s.identity.allow)
	case (id || rp == grantRole) && !free:
		v.refuse(stepLimits, s.limit)
	case s.explicit && rp == grantNone:
		v.refuse(stepSameAccount, s.silent)
	default:
		v.refuse(stepSameAccount, NoIdentityAllow)
	}
}

// limit returns the reason by which a silent boundary or session policy limits
// the caller, or zero.
func limit(s *Set, boundary, session *layer) Reason {
	switch {
	case s.Boundary != nil && !boundary.allows:
		return NoBoundaryAllow
	case (s.HasSession || len(s.Session) > 0) && !session.allows:
		return NoSessionAllow
	default:
		return NothingAllows
	}
}

func (v *verdict) allow(at step, reason Reason, by StatementRef) {
	v.step, v.decision = at, Decision{Effect: Allowed, Reason: reason, By: by}
}

func (v *verdict) deny(reason Reason, by StatementRef) {
	v.step, v.decision = stepDeny, Decision{Effect: ExplicitlyDenied, Reason: reason, By: by}
}

func (v *verdict) refuse(at step, reason Reason) {
	v.step, v.decision = at, Decision{Reason: reason}
}

// require allows by the resource's policy or refuses.
func (v *verdict) require(at step, ok bool, silent Reason, l *layer) {
	if ok {
		v.allow(at, AllowedByResource, l.allow)
		return
	}
	v.refuse(at, silent)
}

// inAccount reports whether the caller is somebody in an account.
func (p *Principal) inAccount() bool {
	switch p.Kind {
	case Root, User, AssumedRole, FederatedUser:
		return p.AccountID != ""
	default:
		return false
	}
}

// serviceLinked reports whether the caller is a session of a role that belongs
// to an AWS service. Organizations' policies do not bind those.
func (p *Principal) serviceLinked() bool {
	return p.Kind == AssumedRole && strings.Contains(p.RoleARN, ":role/aws-service-role/")
}

// sameAccount reports whether the caller's account owns the resource. An owner
// that nobody knows is somebody else.
func (r *Request) sameAccount(inARN string) bool {
	owner := r.ResourceAccount
	switch {
	case owner != "":
	case r.Resource == "*":
		return true
	default:
		owner = inARN
	}
	return owner != "" && owner == r.Principal.AccountID
}

// A naming says whether a statement must have a Principal to apply. Statements
// on a resource speak only to those they name.
type naming bool

const (
	mayName  naming = false
	mustName naming = true
)

// judge gathers what the policies say. It ends at the first deny.
func (j *judge) judge(l *layer, policies []*Policy, n naming) {
	for _, p := range policies {
		if j.judgeOne(l, p, n); l.denies {
			return
		}
	}
}

func (j *judge) judgeOne(l *layer, p *Policy, n naming) {
	if p == nil || p.Document == nil {
		return
	}
	for i := range p.statements {
		st := &p.statements[i]
		if !st.deny && l.allows && (n == mayName || l.grant == grantDirect) {
			continue // nothing to add
		}
		if !st.matchAction(j.env.request.Action) || !st.matchResource(&j.env) {
			continue
		}
		g := grantDirect
		if st.principals != nil {
			if g = st.principals.match(&j.env.request.Principal, j.bounded); g == grantNone {
				continue
			}
		} else if n == mustName {
			continue
		}
		if !st.matchConditions(&j.env) {
			continue
		}
		if st.deny {
			l.denies, l.deny = true, StatementRef{p, i}
			return
		}
		if !l.allows || g > l.grant {
			l.allows, l.grant, l.allow = true, g, StatementRef{p, i}
		}
	}
}

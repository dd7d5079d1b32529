package policy

// A Set holds the policies that bear on a request, as read for its caller and
// its resource. The zero Set holds none.
type Set struct {
	Identity   []*Policy   // the caller's own: inline, managed, of its groups
	Boundary   *Policy     // nil: none
	Session    []*Policy   // passed to STS; a union
	HasSession bool        // session policies limit the caller even when Session is empty
	Resource   *Policy     // on the resource; the trust policy for sts:AssumeRole
	Endpoint   []*Policy   // of the VPC endpoint the call came through; nil: none
	SCPs       [][]*Policy // by level, root first; nil: not in an organization
	RCPs       [][]*Policy // of the resource's account, by level

	// ExplicitTrust means that the resource does not trust its own account
	// unless Resource says so. Trust policies imply it; KMS keys need it set.
	ExplicitTrust bool
}

// An Effect is the outcome of a decision. Its zero value denies.
type Effect uint8

// The effects of a decision.
const (
	ImplicitlyDenied Effect = iota // nothing allows it
	Allowed
	ExplicitlyDenied // a Deny statement matches
)

// String returns the effect's name, as in "ImplicitlyDenied".
func (e Effect) String() string {
	switch e {
	case Allowed:
		return "Allowed"
	case ExplicitlyDenied:
		return "ExplicitlyDenied"
	default:
		return "ImplicitlyDenied"
	}
}

// A Decision is the outcome of [Evaluate]. Its zero value denies.
type Decision struct {
	Effect Effect
	Reason Reason
	By     StatementRef // what decided; zero when the deny is implicit
}

// Allowed reports whether the request may proceed.
func (d Decision) Allowed() bool { return d.Effect == Allowed }

// A StatementRef points to a statement of a policy. Its zero value points to
// none.
type StatementRef struct {
	Policy *Policy
	Index  int // of the statement in its document, from 0
}

// Sid returns the statement's Sid, if it has one.
func (s StatementRef) Sid() string {
	if s.Policy == nil {
		return ""
	}
	return s.Policy.statements[s.Index].sid
}

// Position returns where the statement begins in its policy's text, and where it
// ends. Both are zero for the zero StatementRef.
func (s StatementRef) Position() (start, end Position) {
	if s.Policy == nil {
		return Position{}, Position{}
	}
	st := &s.Policy.statements[s.Index]
	return st.span.start(), st.span.end()
}

// Effect returns "Allow" or "Deny", or "" for the zero StatementRef.
func (s StatementRef) Effect() string {
	switch {
	case s.Policy == nil:
		return ""
	case s.Policy.statements[s.Index].deny:
		return "Deny"
	default:
		return "Allow"
	}
}

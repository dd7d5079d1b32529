package policy

// A Reason says which step of the evaluation decided.
type Reason uint8

// The reasons of a decision. Those for an explicit deny name the policy that
// holds it; those for an implicit one name the policy that should have allowed.
const (
	NothingAllows Reason = iota // zero: no policy at all
	AllowedByIdentity
	AllowedByResource
	AllowedAlways // sts:GetCallerIdentity
	AllowedAsRoot // the account's root user needs no policy
	DenyInIdentity
	DenyInBoundary
	DenyInSession
	DenyInResource
	DenyInTrust
	DenyInSCP
	DenyInRCP
	DenyInEndpoint
	NoIdentityAllow
	NoBoundaryAllow
	NoSessionAllow
	NoResourceAllow
	NoTrustAllow
	NoSCPAllow
	NoEndpointAllow
)

var reasonTypes = [...]string{
	NothingAllows: "identity-based policy", AllowedByIdentity: "identity-based policy", AllowedByResource: "resource-based policy",
	AllowedAlways: "", AllowedAsRoot: "",
	DenyInIdentity: "identity-based policy", DenyInBoundary: "permissions boundary", DenyInSession: "session policy",
	DenyInResource: "resource-based policy", DenyInTrust: "role trust policy", DenyInSCP: "service control policy",
	DenyInRCP: "resource control policy", DenyInEndpoint: "VPC endpoint policy",
	NoIdentityAllow: "identity-based policy", NoBoundaryAllow: "permissions boundary", NoSessionAllow: "session policy",
	NoResourceAllow: "resource-based policy", NoTrustAllow: "role trust policy", NoSCPAllow: "service control policy",
	NoEndpointAllow: "VPC endpoint policy",
}

// PolicyType returns the type of policy that decided, in AWS's words:
// "identity-based policy", "permissions boundary" ….
func (r Reason) PolicyType() string {
	if int(r) < len(reasonTypes) {
		return reasonTypes[r]
	}
	return ""
}

// Clause returns the end of AWS's access-denied messages, such as "because no
// identity-based policy allows the execute-api:Invoke action" or "with an
// explicit deny in a service control policy". It is empty when d allows.
func (d Decision) Clause(action string) string {
	switch d.Effect {
	case Allowed:
		return ""
	case ExplicitlyDenied:
		return "with an explicit deny in " + withArticle(d.Reason.PolicyType())
	default:
		return "because no " + d.Reason.PolicyType() + " allows the " + action + " action"
	}
}

// Sentence returns why r was decided as it was, in AWS's words.
func (d Decision) Sentence(r *Request) string {
	switch {
	case d.Effect != Allowed:
		return d.Refusal(r)
	case d.Reason == AllowedAlways:
		return r.Principal.name() + " is authorized to perform: " + r.Action + " because every signed caller is"
	case d.Reason == AllowedAsRoot:
		return r.Principal.name() + " is authorized to perform: " + r.Action + " on resource: " + r.Resource +
			" because the root user needs no policy in its own account"
	default:
		return r.Principal.name() + " is authorized to perform: " + r.Action + " on resource: " + r.Resource +
			" because " + withArticle(d.Reason.PolicyType()) + " allows it"
	}
}

// name returns how AWS's messages call the principal.
func (p *Principal) name() string {
	switch {
	case p.ARN != "":
		return "User: " + p.ARN
	case p.Service != "":
		return "User: " + p.Service
	case p.Provider != "":
		return "User: " + p.Provider
	default:
		return "User: anonymous"
	}
}

// Refusal returns AWS's message for a denied request: "User: ARN is not
// authorized to perform: ACTION on resource: ARN because …".
func (d Decision) Refusal(r *Request) string {
	return r.Principal.name() + " is not authorized to perform: " + r.Action + " on resource: " + r.Resource + " " + d.Clause(r.Action)
}

func withArticle(noun string) string {
	if noun != "" && noun[0] == 'i' {
		return "an " + noun
	}
	return "a " + noun
}

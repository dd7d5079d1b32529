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
	AllowedAlways:  "",
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
		t := d.Reason.PolicyType()
		article := "a "
		if t == "identity-based policy" {
			article = "an "
		}
		return "with an explicit deny in " + article + t
	default:
		return "because no " + d.Reason.PolicyType() + " allows the " + action + " action"
	}
}

// Refusal returns AWS's message for a denied request: "User: ARN is not
// authorized to perform: ACTION on resource: ARN because …".
func (d Decision) Refusal(r *Request) string {
	who := r.Principal.ARN
	if who == "" {
		who = r.Principal.Service
	}
	if who == "" {
		who = "anonymous"
	}
	return "User: " + who + " is not authorized to perform: " + r.Action + " on resource: " + r.Resource + " " + d.Clause(r.Action)
}

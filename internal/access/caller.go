// Package access says who is calling and whether they may.
//
// [Authenticate] turns a signed request into a [Caller] with the help of a
// [Keys], which knows every access key. [Authorize] then asks package policy,
// with the caller's policies and the condition keys that AWS would supply for
// such a request (see [RequestFacts]). Front doors answer a refusal in their own
// words; [Denied] has those of the control plane.
//
// The package reads no store: callers and roles come compiled from iam and sts.
package access

import (
	"strings"
	"time"

	"github.com/hakonegate/hakone/policy"
)

// A Caller is the principal of one request, with the policies that limit it.
//
// It is shared by all requests of its credentials and must not be changed. Its
// zero value is nobody: no policy allows anything.
type Caller struct {
	Kind         policy.PrincipalKind
	AccountID    string
	ARN          string // of the user, the assumed-role session, the federated user or the root user
	PrincipalARN string // what aws:PrincipalArn says: for sessions the role, with its path
	UserID       string // AIDA…, AROA…:session, account:federated-name, or the account of a root user
	UserName     string // of an IAM user, else empty
	RoleID       string // AROA… of a session's role, else empty
	AccessKeyID  string
	Service      string // of a service principal, such as "apigateway.amazonaws.com"

	SessionName       string
	SourceIdentity    string
	Tags              map[string]string // of the principal, overlaid with session tags
	SessionTags       map[string]string // of the session alone
	TransitiveTagKeys []string          // which session tags pass down a role chain
	FederatedProvider string            // of a web identity session

	Temporary bool       // the credentials came from STS
	IssuedAt  time.Time  // when STS issued temporary credentials
	Expires   time.Time  // when they end
	MFA       *time.Time // when MFA was proved; nil without it
	Direct    bool       // MFA is known to be present or absent (not a service's own session)
	Origin    Origin

	// NoIAM marks sessions of GetSessionToken without MFA and of
	// GetFederationToken, which may call no IAM operation; NoSTS those which may
	// call no STS operation but GetCallerIdentity, and AssumeRole if MayAssume.
	NoIAM, NoSTS, MayAssume bool

	Policies policy.Set // identity, boundary and session policies
}

// An Origin tells where an instance's credentials were handed out. Its zero
// value is for all other credentials.
type Origin struct {
	InstanceARN  string `json:",omitempty"`
	VPC          string `json:",omitempty"`
	PrivateIP    string `json:",omitempty"`
	RoleDelivery string `json:",omitempty"` // "2.0" when fetched with an IMDSv2 token
}

// Principal returns c as policies see it.
func (c *Caller) Principal() policy.Principal {
	p := policy.Principal{
		Kind:      c.Kind,
		ARN:       c.ARN,
		AccountID: c.AccountID,
		UserID:    c.UserID,
		Service:   c.Service,
		Provider:  c.FederatedProvider,
	}
	if c.RoleID != "" {
		p.RoleARN = c.PrincipalARN
	}
	return p
}

// IsSession reports whether c is a session of a role.
func (c *Caller) IsSession() bool { return c.RoleID != "" }

// Anonymous returns the caller of an unsigned request.
func Anonymous() *Caller {
	return &Caller{Kind: policy.Anonymous, UserID: "anonymous"}
}

// ServicePrincipal returns the caller that an AWS service is when it calls for
// itself, such as API Gateway invoking a function.
func ServicePrincipal(name string) *Caller {
	return &Caller{Kind: policy.ServicePrincipal, Service: name}
}

// restricted reports whether c's kind of credentials may never call action,
// whatever the policies say (AWS: "Compare AWS STS credentials").
func (c *Caller) restricted(action string) bool {
	if !c.NoIAM && !c.NoSTS {
		return false
	}
	service, name, _ := strings.Cut(action, ":")
	switch {
	case strings.EqualFold(service, "iam"):
		return c.NoIAM
	case strings.EqualFold(service, "sts"):
		return c.NoSTS && (!c.MayAssume || !strings.EqualFold(name, "AssumeRole"))
	default:
		return false
	}
}

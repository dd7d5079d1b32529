package access

import (
	"strings"
	"time"

	"github.com/hakonegate/hakone/policy"
)

// Credentials are what a program signs with. The session token is empty for
// long-term access keys.
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string
	Expiration      time.Time // zero: no end
	RoleARN         string    // of role credentials
}

// A Session is a wish for role credentials.
type Session struct {
	RoleARN     string
	SessionName string
	Duration    time.Duration // 0 means one hour
	Policy      string        // an inline session policy
	PolicyARNs  []string      // managed session policies
	Tags        map[string]string
	Origin      Origin
	SourceARN   string // what a service assumes the role for, such as a function; trust policies may ask
}

// A Role is an IAM role as the request path needs it, compiled. It is immutable.
type Role struct {
	Name       string
	ARN        string // with its path
	ID         string // AROA…
	AccountID  string
	MaxSession time.Duration
	Tags       map[string]string
	Policies   policy.Set // identity policies and boundary
	Trust      *policy.Policy
}

// A User is an IAM user as the request path needs it, compiled. It is immutable.
type User struct {
	Name      string
	ARN       string
	ID        string // AIDA…
	AccountID string
	Tags      map[string]string
	Policies  policy.Set // own and group policies, and boundary
}

// Caller returns u as the caller that signs with the given key.
func (u *User) Caller(accessKeyID string) *Caller {
	return &Caller{
		Kind:         policy.User,
		AccountID:    u.AccountID,
		ARN:          u.ARN,
		PrincipalARN: u.ARN,
		UserID:       u.ID,
		UserName:     u.Name,
		AccessKeyID:  accessKeyID,
		Tags:         u.Tags,
		Direct:       true,
		Policies:     u.Policies,
	}
}

// Caller returns a session of r as the caller that a service is when it acts with
// the role itself, without credentials.
func (r *Role) Caller(sessionName string) *Caller {
	partition, _, _ := strings.Cut(strings.TrimPrefix(r.ARN, "arn:"), ":")
	return &Caller{
		Kind:         policy.AssumedRole,
		AccountID:    r.AccountID,
		ARN:          "arn:" + partition + ":sts::" + r.AccountID + ":assumed-role/" + r.Name + "/" + sessionName,
		PrincipalARN: r.ARN,
		UserID:       r.ID + ":" + sessionName,
		RoleID:       r.ID,
		SessionName:  sessionName,
		Tags:         r.Tags,
		Temporary:    true,
		IssuedAt:     time.Now(),
		Policies:     r.Policies,
	}
}

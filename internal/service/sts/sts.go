// Package sts gives temporary credentials and knows them again.
//
// A session token is sealed: it carries who the session is and what limits it,
// under a key of the store, so that every node opens it without a look-up (see
// [Service.Key]). Policies are not in it: they are read at each request, through
// [Identities], so that a detached policy or a deleted role counts at once.
package sts

import (
	"context"
	"errors"
	"time"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/access/seal"
	"github.com/hakonegate/hakone/policy"
	"github.com/hakonegate/hakone/sigv4"
)

// Identities are the users and roles of the account, as IAM has compiled them.
type Identities interface {
	// Key knows the long-term access keys.
	Key(ctx context.Context, accessKeyID, sessionToken string) (sigv4.Key, error)
	// RoleByARN and RoleByID find a role by its ARN with path, or its unique id.
	RoleByARN(arn string) (*access.Role, bool)
	RoleByID(id string) (*access.Role, bool)
	// UserByID finds a user by its unique id.
	UserByID(id string) (*access.User, bool)
	// ManagedPolicy finds a managed policy, to be used as a session policy.
	ManagedPolicy(arn string) (*policy.Policy, bool)
	// Revision changes when any other answer may have.
	Revision() uint64
}

// A Config is what a [Service] works with. Identities, Seal and Account are
// required.
type Config struct {
	Identities    Identities
	Seal          *seal.Ring
	Account       string
	Partition     string           // "" means "aws"
	WebIdentities WebIdentities    // nil means that no web identity is accepted
	Now           func() time.Time // nil means time.Now
}

// A Service is the account's STS, and the key table of the front doors. It is
// safe for concurrent use.
type Service struct {
	identities Identities
	seal       *seal.Ring
	account    string
	partition  string
	web        WebIdentities
	now        func() time.Time
	opened     opened
}

// New returns the account's STS.
func New(c Config) (*Service, error) {
	if c.Identities == nil || c.Seal == nil || c.Account == "" {
		return nil, errors.New("sts: Identities, Seal and Account are required")
	}
	s := &Service{identities: c.Identities, seal: c.Seal, account: c.Account, partition: c.Partition, web: c.WebIdentities, now: c.Now}
	if s.partition == "" {
		s.partition = "aws"
	}
	if s.now == nil {
		s.now = time.Now
	}
	return s, nil
}

// The shapes below cross the wire.

// Credentials are temporary credentials.
type Credentials struct {
	AccessKeyId     string
	SecretAccessKey string
	SessionToken    string
	Expiration      time.Time
}

// AssumedRoleUser names a session.
type AssumedRoleUser struct {
	AssumedRoleId string
	Arn           string
}

// A Tag is a session tag.
type Tag struct{ Key, Value string }

// A PolicyDescriptor names a managed policy.
type PolicyDescriptor struct {
	Arn string `query:"arn"`
}

// plain returns c as other packages pass credentials around.
func (c *Credentials) plain(roleARN string) *access.Credentials {
	return &access.Credentials{
		AccessKeyID: c.AccessKeyId, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken,
		Expiration: c.Expiration, RoleARN: roleARN,
	}
}

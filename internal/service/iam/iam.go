// Package iam keeps users, groups, roles, policies, instance profiles and access
// keys, with AWS's ids, limits and refusals.
//
// A [Service] has IAM's operations as methods, called by the wire and by the
// CloudFormation types alike. After every change it compiles the records into an
// immutable snapshot; [Service.Key], [Service.Role] and [Service.User] answer
// from it and never touch the store.
package iam

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hakonegate/hakone/internal/access/seal"
	"github.com/hakonegate/hakone/internal/store"
)

// A Config is what a [Service] works with. Store, Seal and Account are required.
type Config struct {
	Store     *store.Store
	Seal      *seal.Ring
	Account   string           // 12 digits
	Partition string           // "" means "aws"
	Log       *slog.Logger     // nil discards
	Now       func() time.Time // nil means time.Now
}

// A Service is the account's IAM. It is safe for concurrent use.
type Service struct {
	store     *store.Store
	seal      *seal.Ring
	account   string
	partition string
	log       *slog.Logger
	now       func() time.Time
	aws       awsPolicies

	users    store.Collection[User]
	groups   store.Collection[Group]
	roles    store.Collection[Role]
	policies store.Collection[Policy]
	profiles store.Collection[InstanceProfile]
	oidc     store.Collection[OpenIDConnectProvider] // by ARN
	keys     store.Collection[accessKey]
	settings store.Collection[setting]

	compiling sync.Mutex // held while a snapshot is built
	compiled  atomic.Pointer[snapshot]
}

// A setting is something that IAM itself remembers, such as which access key is
// the administrator's.
type setting struct{ Value string }

// New returns the account's IAM with a snapshot of what the store has.
func New(c Config) (*Service, error) {
	if c.Store == nil || c.Seal == nil || c.Account == "" {
		return nil, errors.New("iam: Store, Seal and Account are required")
	}
	s := &Service{
		store:     c.Store,
		seal:      c.Seal,
		account:   c.Account,
		partition: c.Partition,
		log:       c.Log,
		now:       c.Now,
		users:     store.In[User](c.Store, usersName),
		groups:    store.In[Group](c.Store, groupsName),
		roles:     store.In[Role](c.Store, rolesName),
		policies:  store.In[Policy](c.Store, policiesName),
		profiles:  store.In[InstanceProfile](c.Store, "iam.instanceprofiles"),
		oidc:      store.In[OpenIDConnectProvider](c.Store, "iam.oidcproviders"),
		keys:      store.In[accessKey](c.Store, keysName),
		settings:  store.In[setting](c.Store, "iam.settings"),
	}
	if s.partition == "" {
		s.partition = "aws"
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	var err error
	if s.aws, err = loadAWSPolicies(s.partition); err != nil {
		return nil, err
	}
	s.compile()
	return s, nil
}

// Run keeps the snapshot current with changes that other nodes make, until ctx
// is done.
func (s *Service) Run(ctx context.Context) error {
	changed, cancel := s.store.Changes(collections...)
	defer cancel()
	for {
		s.compile()
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
	}
}

// timestamp returns the time as records have it, in whole seconds like AWS's.
func (s *Service) timestamp() time.Time { return s.now().UTC().Truncate(time.Second) }

// Package ec2 keeps what templates say of EC2: networks, security groups,
// addresses, key pairs and instances.
//
// Networks are records with ids of the right shape, checked as EC2 checks them;
// they route nothing. A key pair is real: its private key lies in the parameter
// store. An instance is an identity: what its profile's role may do, the commands
// that somebody runs as the instance may do. [Service.Find] finds one.
package ec2

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/hakonegate/hakone/internal/store"
)

// Profiles knows the instance profiles of IAM.
type Profiles interface {
	// ProfileARN returns the ARN of the profile with a name or ARN.
	ProfileARN(nameOrARN string) (string, bool)
}

// Parameters keeps the private keys of key pairs.
type Parameters interface {
	PutSecret(ctx context.Context, name, description, value string) error
	DeleteSecret(ctx context.Context, name string) error
}

// A Config is what a [Service] works with. All but Partition and Now are
// required.
type Config struct {
	Store      *store.Store
	Profiles   Profiles
	Parameters Parameters
	Account    string
	Region     string
	Partition  string           // "" means "aws"
	Now        func() time.Time // nil means time.Now
}

// A Service is EC2 in one account and region. It is safe for concurrent use.
type Service struct {
	store      *store.Store
	profiles   Profiles
	parameters Parameters
	account    string
	region     string
	partition  string
	now        func() time.Time

	resources store.Collection[Resource]
	instances store.Collection[Instance]
	pairs     store.Collection[KeyPair]
	addresses store.Collection[lease]
	runs      store.Collection[run] // of user data
}

// New returns the account's EC2.
func New(c Config) *Service {
	s := &Service{
		store: c.Store, profiles: c.Profiles, parameters: c.Parameters,
		account: c.Account, region: c.Region, partition: c.Partition, now: c.Now,
		resources: store.In[Resource](c.Store, "ec2.resources"),
		instances: store.In[Instance](c.Store, "ec2.instances"),
		pairs:     store.In[KeyPair](c.Store, "ec2.keypairs"),
		addresses: store.In[lease](c.Store, "ec2.addresses"),
		runs:      store.In[run](c.Store, "ec2.userdata"),
	}
	if s.partition == "" {
		s.partition = "aws"
	}
	if s.now == nil {
		s.now = time.Now
	}
	return s
}

// newID returns an id such as "vpc-" and 17 hexadecimal digits.
func newID(prefix string) string {
	b := make([]byte, 9)
	_, _ = rand.Read(b) // never fails
	return prefix + "-" + hex.EncodeToString(b)[:17]
}

func (s *Service) arn(kind, id string) string {
	return fmt.Sprintf("arn:%s:ec2:%s:%s:%s/%s", s.partition, s.region, s.account, kind, id)
}

// A Tag is one of a resource's tags.
type Tag struct{ Key, Value string }

func tagMap(tags []Tag) map[string]string {
	m := make(map[string]string, len(tags))
	for _, t := range tags {
		m[t.Key] = t.Value
	}
	return m
}

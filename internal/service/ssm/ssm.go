// Package ssm is the parameter store of Systems Manager.
//
// A [Service] has the operations on parameters. Secure strings are sealed in the
// store. Some names are answered without a record, as AWS's public parameters
// are; see [Service.Lookup].
package ssm

import (
	"time"

	"github.com/hakonegate/hakone/internal/access/seal"
	"github.com/hakonegate/hakone/internal/store"
)

// A Config is what a [Service] works with. All but Partition and Now are
// required.
type Config struct {
	Store     *store.Store
	Seal      *seal.Ring
	Account   string
	Region    string
	Partition string           // "" means "aws"
	Now       func() time.Time // nil means time.Now
}

// A Service is the parameter store of one account and region. It is safe for
// concurrent use.
type Service struct {
	store      *store.Store
	seal       *seal.Ring
	account    string
	region     string
	partition  string
	now        func() time.Time
	parameters store.Collection[parameter]
}

// New returns the parameter store.
func New(c Config) *Service {
	s := &Service{
		store: c.Store, seal: c.Seal, account: c.Account, region: c.Region, partition: c.Partition, now: c.Now,
		parameters: store.In[parameter](c.Store, "ssm.parameters"),
	}
	if s.partition == "" {
		s.partition = "aws"
	}
	if s.now == nil {
		s.now = time.Now
	}
	return s
}

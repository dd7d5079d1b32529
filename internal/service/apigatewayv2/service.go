package apigatewayv2

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/hakonegate/hakone/internal/store"
)

// A Service owns the APIs of one account and region. It is safe for
// concurrent use.
type Service struct {
	config    Config
	apis      store.Collection[document]
	snapshots store.Collection[snapshot]
}

// A Config is what a [Service] needs. Store, Account and Region are required.
type Config struct {
	Store     *store.Store
	Account   string
	Region    string
	Partition string           // "" means "aws"
	Now       func() time.Time // nil means time.Now
}

// document is everything that one API has, as one record. Configuration's
// CorsConfiguration and DisableExecuteApiEndpoint stay empty here: the API has
// them.
type document struct {
	API           API
	Configuration Configuration
	Stages        map[string]Stage
	Deployments   map[string]Deployment
}

// snapshot is the configuration that a deployment took, under the key
// "API/DEPLOYMENT".
type snapshot struct {
	Configuration Configuration
}

// New returns the service over its records in c.Store.
func New(c Config) *Service {
	if c.Partition == "" {
		c.Partition = "aws"
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Service{
		config:    c,
		apis:      store.In[document](c.Store, "apigatewayv2.apis"),
		snapshots: store.In[snapshot](c.Store, "apigatewayv2.snapshots"),
	}
}

// GetApi returns one API.
func (s *Service) GetApi(ctx context.Context, apiID string) (*API, error) {
	return nil, nil
}

// sortedKeys returns m's keys in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

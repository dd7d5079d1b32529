// Package cloudformation is the service of that name: stacks, their events,
// outputs and exports, and change sets.
//
// [Service.Deploy] is what `deploy` tools do in several calls: transform the
// template, check it, create or update the stack, and wait. [Service.Recover]
// must run once after the start, before anything else: it finishes deployments
// that a killed process left behind.
package cloudformation

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/blob"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/internal/template"
)

// A Config says what a [Service] works with. Store, Account and Region are
// required.
type Config struct {
	Store                      *store.Store
	Blobs                      *blob.Store      // local code; nil: templates may have none
	Objects                    Objects          // nil: no template is in S3
	Types                      []stack.Type     // what the other services serve; this service adds its own
	Account, Region, Partition string           // Partition "" means "aws"
	Log                        *slog.Logger     // nil discards
	Now                        func() time.Time // nil means time.Now

	// What templates may ask for; nil means that there is nothing to find.
	SSM    func(name string) (template.SSMParameter, bool)
	Secret func(id, stage, version string) (string, bool)
	Exists func(parameterType, id string) bool

	// Role finds a role that callers pass for a stack's deployments; nil: there
	// are none.
	Role func(arn string) (*access.Role, bool)

	// Functions call the functions of custom resources; ResponseURL returns the
	// address to which a token is added for what they and wait conditions are to
	// answer to. Nil: there are no custom resources.
	Functions   Functions
	ResponseURL func() string

	// Served waits until callers of what the stacks made see it as it is recorded
	// now; nil: they always do. A stack is described to be complete only then.
	Served func(ctx context.Context) error
}

// A Service is safe for concurrent use. A stack is deployed by one caller at a
// time; the others are refused.
type Service struct {
	cfg   Config
	types stack.Types

	stacks  store.Collection[Stack]
	names   store.Collection[string] // of stacks that are not deleted → their ids
	exports store.Collection[Export]
	texts   store.Collection[text] // templates, by deployment
	sets    store.Collection[ChangeSet]
	tokens  store.Collection[token]   // STACK/TOKEN
	signals store.Collection[signals] // by the token of a wait condition's handle

	answers answers

	mu     sync.Mutex
	active map[string]bool // names of stacks that are being worked on

	jobs    chan func(context.Context) // for Run
	stopped chan struct{}              // closed when Run ends
}

// New returns the service. It does not finish old deployments: see [Service.Recover].
func New(c Config) *Service {
	if c.Partition == "" {
		c.Partition = "aws"
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	s := &Service{
		cfg:     c,
		stacks:  store.In[Stack](c.Store, "cloudformation.stacks"),
		names:   store.In[string](c.Store, "cloudformation.names"),
		exports: store.In[Export](c.Store, "cloudformation.exports"),
		texts:   store.In[text](c.Store, "cloudformation.templates"),
		sets:    store.In[ChangeSet](c.Store, "cloudformation.changesets"),
		tokens:  store.In[token](c.Store, "cloudformation.tokens"),
		signals: store.In[signals](c.Store, "cloudformation.signals"),
		active:  map[string]bool{},
		jobs:    make(chan func(context.Context)),
		stopped: make(chan struct{}),
	}
	s.types = stack.Collect(c.Types, s.OwnTypes())
	return s
}

// Types returns the resource types that stacks may use.
func (s *Service) Types() stack.Types { return s.types }

// env is what a template of a stack sees of the world.
func (s *Service) env(stackName, stackID string) template.Env {
	return template.Env{
		AccountID: s.cfg.Account, Region: s.cfg.Region, Partition: s.cfg.Partition, StackName: stackName, StackID: stackID,
		SSM: s.cfg.SSM, Secret: s.cfg.Secret, Exists: s.cfg.Exists,
		Export: func(name string) (string, bool) {
			e, ok := s.exports.Get(name)
			return e.Value, ok
		},
	}
}

func (s *Service) arn(resource string) string {
	return fmt.Sprintf("arn:%s:cloudformation:%s:%s:%s", s.cfg.Partition, s.cfg.Region, s.cfg.Account, resource)
}

// deployment prepares an operation on a stack.
func (s *Service) deployment(k *Stack, progress func(stack.Event)) *stack.Deployment {
	j := s.journal(k, progress)
	return &stack.Deployment{
		Account: s.cfg.Account, Region: s.cfg.Region, Partition: s.cfg.Partition, StackName: k.StackName, StackID: k.StackID,
		ID: k.Deployment, Types: s.types, Env: s.env(k.StackName, k.StackID), Have: j.have(), Journal: j, Now: s.cfg.Now,
	}
}

// interrupted returns the ids of stacks with a deployment under way, nested ones
// before those that hold them.
func (s *Service) interrupted() []string {
	var children, parents []string
	for id, k := range s.stacks.All() {
		switch {
		case !k.underWay():
		case k.ParentID != "":
			children = append(children, id)
		default:
			parents = append(parents, id)
		}
	}
	return append(children, parents...)
}

// deletedFor is how long a deleted stack can be found by its id.
const deletedFor = 90 * 24 * time.Hour

// expire forgets stacks that were deleted long ago.
func (s *Service) expire(ctx context.Context) error {
	for id, k := range s.stacks.All() {
		if k.Status != stack.DeleteComplete || s.cfg.Now().Sub(k.Deleted) < deletedFor {
			continue
		}
		err := s.cfg.Store.Atomically(ctx, func(tx *store.Tx) error {
			for key := range s.events(id).All() {
				if err := s.events(id).In(tx).Delete(key); err != nil {
					return err
				}
			}
			return s.stacks.In(tx).Delete(id)
		})
		if err != nil {
			return fmt.Errorf("forget deleted stack %s: %w", k.StackName, err)
		}
	}
	return nil
}

// uuidOf returns the last part of a stack's id.
func uuidOf(stackID string) string { return stackID[strings.LastIndexByte(stackID, '/')+1:] }

func (s *Service) events(stackID string) store.Collection[storedEvent] {
	return store.In[storedEvent](s.cfg.Store, "cloudformation.events."+uuidOf(stackID))
}

func (s *Service) resources(stackID string) store.Collection[stack.Resource] {
	return store.In[stack.Resource](s.cfg.Store, "cloudformation.resources."+uuidOf(stackID))
}

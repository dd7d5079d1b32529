package lambda

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hakonegate/hakone/internal/blob"
	"github.com/hakonegate/hakone/internal/execenv"
	"github.com/hakonegate/hakone/internal/store"
)

// Config says what a service works with. Store, Code, Pool, Account and Region
// are required.
type Config struct {
	Store     *store.Store
	Code      *blob.Store
	Objects   Objects // nil: no code is in S3
	Pool      *execenv.Pool
	Account   string
	Region    string
	Partition string // "" means "aws"
	Roles     Roles  // nil: execution roles are not checked
	Clock     Clock  // of asynchronous calls; nil means the real one

	// TakeOverEvery is how often asynchronous calls of nodes that are gone are
	// looked for; 0 means every two seconds.
	TakeOverEvery time.Duration

	Destinations Destinations // of asynchronous calls; nil: there are none
	Log          *slog.Logger // nil discards
}

// Roles tells whether Lambda may assume a role.
type Roles interface {
	// MayAssume reports whether the role exists and its trust policy allows
	// the service principal to assume it.
	MayAssume(servicePrincipal, roleARN string) bool
}

// A Service is Lambda in one account and region. It is safe for concurrent
// use.
type Service struct {
	cfg       Config
	log       *slog.Logger
	arnPrefix string // of functions: "arn:…:function:"
	functions store.Collection[record]
	layers    store.Collection[layer]
	events    store.Collection[event]
	queue     *queue

	refreshing sync.Mutex // one refresh at a time
	compiled   atomic.Pointer[snapshot]
}

// New returns a service over the records in c.Store. [Service.Run] keeps it up
// to date with changes that others make to them.
func New(c Config) *Service {
	if c.Partition == "" {
		c.Partition = "aws"
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Clock == nil {
		c.Clock = wallClock{}
	}
	s := &Service{
		cfg: c, log: c.Log,
		arnPrefix: "arn:" + c.Partition + ":lambda:" + c.Region + ":" + c.Account + ":function:",
		functions: store.In[record](c.Store, "lambda.functions"),
		layers:    store.In[layer](c.Store, "lambda.layers"),
		events:    store.In[event](c.Store, "lambda.events"), queue: newQueue(),
	}
	s.compiled.Store(&snapshot{})
	s.refresh()
	s.loadEvents()
	return s
}

// Run follows the records and makes asynchronous calls until ctx is done.
func (s *Service) Run(ctx context.Context) error {
	var working sync.WaitGroup
	defer working.Wait()
	working.Go(func() { s.work(ctx) })
	working.Go(func() { s.takeOver(ctx) })
	changes, cancel := s.cfg.Store.Changes(compiledOf...)
	defer cancel()
	for {
		s.refresh()
		select {
		case <-changes:
		case <-ctx.Done():
			return nil
		}
	}
}

// read returns a function's record.
func (s *Service) read(r reference) (record, error) {
	f, ok := s.functions.Get(r.name)
	if !ok {
		return record{}, functionNotFound(s.arn(r.name, r.qualifier))
	}
	return f, nil
}

// change changes a function's record; fn runs again when somebody else was
// faster. The snapshot has the change when change returns.
func (s *Service) change(ctx context.Context, name string, fn func(*record) error) error {
	err := s.functions.Update(ctx, name, fn)
	if errors.Is(err, store.ErrNotFound) {
		return functionNotFound(s.arn(name, ""))
	}
	if err != nil {
		return err
	}
	s.refresh()
	return nil
}

func now() string { return lastModified(time.Now()) }

package lambda

import (
	"context"
	"log/slog"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/blob"
	"github.com/hakonegate/hakone/internal/execenv"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/store"
)

// Config says what a service works with. Log may be nil, Partition defaults to
// "aws"; the rest is required.
type Config struct {
	Store     *store.Store
	Code      *blob.Store
	Pool      *execenv.Pool
	Account   string
	Region    string
	Partition string
	Log       *slog.Logger
}

// A Service is Lambda in one account and region. It is safe for concurrent
// use.
type Service struct {
	cfg Config
}

// New returns a service over the records in cfg.Store. [Service.Run] keeps
// it up to date with changes that others make to them.
func New(cfg Config) *Service { return &Service{cfg: cfg} }

// Run follows the records until ctx is done.
func (s *Service) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// Types returns the resource types of CloudFormation that the service makes.
func (s *Service) Types() []stack.Type { return nil }

// Invoke calls a function and waits for its answer.
//
// Refusals are [*awserr.Error]: AccessDeniedException when neither policy
// allows the caller, ResourceNotFoundException, TooManyRequestsException,
// RequestEntityTooLargeException, InvalidRequestContentException.
func (s *Service) Invoke(ctx context.Context, in *InvokeInput) (*InvokeOutput, error) {
	return nil, awserr.New("ServiceException", 500, "no functions yet")
}

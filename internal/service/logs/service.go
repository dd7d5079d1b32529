package logs

import (
	"context"
	"iter"
	"time"

	"github.com/hakonegate/hakone/internal/execenv"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/store"
)

// Config says what a service works with. Store is required.
type Config struct {
	Store     *store.Store
	Account   string
	Region    string
	Partition string // "" means aws
}

// A Service is CloudWatch Logs in one account and region. It is safe for
// concurrent use.
type Service struct {
	cfg Config
}

// New returns a service without events.
func New(cfg Config) *Service { return &Service{cfg: cfg} }

// Append adds events to a stream, making the group and the stream when they
// do not exist.
func (s *Service) Append(group, stream string, events ...execenv.LogEvent) {}

// An Event is one entry of a group.
type Event struct {
	Time    time.Time
	Stream  string
	Message string
	Serial  uint64 // grows by one with each event of the service
}

// Read returns the group's events from since on in order of arrival.
func (s *Service) Read(group string, since time.Time) iter.Seq[Event] {
	return func(func(Event) bool) {}
}

// Follow yields the group's events from since on, and then new ones until ctx
// is done.
func (s *Service) Follow(ctx context.Context, group string, since time.Time) iter.Seq[Event] {
	return func(func(Event) bool) {}
}

// Types returns the resource types of CloudFormation that the service makes.
func (s *Service) Types() []stack.Type { return nil }

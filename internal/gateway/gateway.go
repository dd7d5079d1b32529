package gateway

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"net/http"
	"time"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/gateway/integration"
	"github.com/hakonegate/hakone/internal/service/apigatewayv2"
	"github.com/hakonegate/hakone/internal/trace"
)

// A Config is what a [Gateway] needs. All fields but the last group are
// required.
type Config struct {
	APIs    APIs
	Keys    access.Keys
	Invoker integration.Invoker
	Trace   *trace.Log
	Log     *slog.Logger
	Account string
	Region  string

	Partition string           // "" means "aws"
	Now       func() time.Time // nil means time.Now
}

// APIs are the records that the gateway serves; *apigatewayv2.Service is one.
type APIs interface {
	// Served returns what every API serves now.
	Served() iter.Seq[apigatewayv2.Served]
	// Changes returns a channel that gets a value after records changed, and a
	// function that ends the subscription.
	Changes() (<-chan struct{}, func())
	// Revision grows with every change.
	Revision() uint64
}

// A Gateway answers the requests to HTTP APIs. It is safe for concurrent use.
type Gateway struct {
	config Config
}

// New returns a gateway that serves what c.APIs has at the time of the call;
// [Gateway.Run] follows later changes.
func New(c Config) *Gateway { return &Gateway{config: c} }

// Run serves changed APIs soon after they change, until ctx is done. It
// returns nil then.
func (g *Gateway) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// Refresh serves what the records have now. When it returns, the next request
// sees it.
func (g *Gateway) Refresh() {}

// WaitFor returns when requests see at least the given revision of the
// records, or when ctx is done.
func (g *Gateway) WaitFor(ctx context.Context, revision uint64) error { return errors.ErrUnsupported }

// ServeHTTP answers one request.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	http.Error(w, "gateway: nothing served", http.StatusServiceUnavailable)
}

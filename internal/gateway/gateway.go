package gateway

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/gateway/authorizer"
	"github.com/hakonegate/hakone/internal/gateway/backend"
	"github.com/hakonegate/hakone/internal/gateway/integration"
	"github.com/hakonegate/hakone/internal/service/apigatewayv2"
	"github.com/hakonegate/hakone/internal/trace"
	"github.com/hakonegate/hakone/sigv4"
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

	Proxies          access.Proxies     // whose X-Forwarded-For is believed; nil: nobody's
	AccessLogs       AccessLogs         // of stages that have one; nil writes none
	LogEveryStage    bool               // stages without an access log write CLF lines without a destination
	Replay           *sigv4.ReplayCache // refuse requests that were accepted before; nil accepts them again, as AWS does
	Throttle         *Throttle          // of all requests together; nil: none
	VPCLinks         VPCLinks           // where private integrations lead
	Services         Services           // what AWS service integrations call; the zero value has none
	Partition        string             // "" means "aws"
	OrganizationID   string             // of the account; "" when it is in none
	ForwardedProto   string             // what functions and backends are told of the protocol; "" is the truth
	AllowHTTPIssuers bool               // JWT issuers of other machines, too, may have http URLs
	Client           *http.Client       // asks JWT issuers for their keys; nil means http.DefaultClient
	Transport        *backend.Transport // to HTTP backends; nil means a new one
	Now              func() time.Time   // nil means time.Now
}

// APIs are the records that the gateway serves; *apigatewayv2.Service is one.
type APIs interface {
	// Served returns what every API serves now.
	Served() iter.Seq[apigatewayv2.Served]
	// Domains returns the custom domain names.
	Domains() iter.Seq[apigatewayv2.ServedDomain]
	// Changes returns a channel that gets a value after records changed, and a
	// function that ends the subscription.
	Changes() (<-chan struct{}, func())
	// Revision grows with every change. It is read before Served and Domains.
	Revision() uint64
}

// A Gateway answers the requests to HTTP APIs. It is safe for concurrent use.
type Gateway struct {
	config   Config
	verifier *sigv4.Verifier
	iam      iam
	issuers  *authorizer.Issuers
	answers  *authorizer.Cache

	transport *backend.Transport            // to HTTP backends
	named     map[string]*backend.Transport // by the server name that they verify; guarded by mu

	bodyPause time.Duration // how long a client may send nothing of a body
	bodies    bodyMemory

	clientCerts clientCerts

	reporter reporter // of requests that are refused for their form
	date     date     // of answers

	account *bucket             // of all requests; nil: not throttled
	buckets map[string]*bucket  // by stage or route; guarded by mu
	meters  map[meterKey]*meter // guarded by mu; tables have their own list
	table   atomic.Pointer[table]

	mu      sync.Mutex    // held while a table is compiled and swapped in
	swapped chan struct{} // closed, and replaced, when a table is swapped in
	hurry   chan struct{} // gets a value when somebody waits for a table
}

// New returns a gateway that serves what c.APIs has at the time of the call;
// [Gateway.Run] follows later changes.
func New(c Config) *Gateway {
	if c.Partition == "" {
		c.Partition = "aws"
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	g := &Gateway{config: c, swapped: make(chan struct{}), hurry: make(chan struct{}, 1), bodyPause: bodyPause, bodies: bodyMemory{max: maxBodies}}
	g.verifier = &sigv4.Verifier{
		Keys:    c.Keys,
		Scope:   sigv4.Scope{Region: c.Region, Service: "execute-api"},
		Now:     c.Now,
		MaxBody: maxBody,
		Replay:  c.Replay,
	}
	if t := c.Throttle; t != nil {
		g.account = &bucket{rate: t.Rate, burst: float64(t.Burst)}
	}
	g.iam = iam{g}
	g.issuers = &authorizer.Issuers{AllowHTTP: c.AllowHTTPIssuers, Loopback: true, Client: c.Client, Now: c.Now}
	g.transport = c.Transport
	if g.transport == nil {
		g.transport = &backend.Transport{}
	}
	g.answers = &authorizer.Cache{Now: c.Now}
	g.Refresh()
	return g
}

// Run serves changed APIs soon after they change, until ctx is done. It
// returns nil then.
func (g *Gateway) Run(ctx context.Context) error {
	changes, cancel := g.config.APIs.Changes()
	defer cancel()
	g.Refresh()
	for {
		select {
		case <-ctx.Done():
			return nil
		case _, ok := <-changes:
			if !ok {
				return nil
			}
			began := time.Now()
			g.Refresh()
			g.rest(ctx, restFor*time.Since(began))
		}
	}
}

// restFor is how long the gateway rests after a table was compiled, in the time
// that took: many changes in a row are to cost a part of the processor only.
const restFor = 4

// rest waits for a time, or until somebody waits for a table.
func (g *Gateway) rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-g.hurry:
	case <-ctx.Done():
	}
}

// Refresh serves what the records have now. When it returns, the next request
// sees it.
func (g *Gateway) Refresh() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.table.Store(g.compile())
	close(g.swapped)
	g.swapped = make(chan struct{})
}

// WaitFor returns when requests see at least the given revision of the
// records, or with ctx's error when ctx is done first. It needs [Gateway.Run].
func (g *Gateway) WaitFor(ctx context.Context, revision uint64) error {
	for {
		g.mu.Lock()
		swapped := g.swapped
		g.mu.Unlock()
		if g.table.Load().revision >= revision {
			return nil
		}
		select {
		case g.hurry <- struct{}{}:
		default: // it hurries
		}
		select {
		case <-swapped:
		case <-ctx.Done():
			return fmt.Errorf("wait for the gateway to serve revision %d: %w", revision, ctx.Err())
		}
	}
}

// steps are what every request goes through, in order: cheap refusals first,
// so that nobody unauthenticated can make the gateway do much work.
var steps = [...]struct {
	name string
	do   func(*exchange) error
}{
	{"limits", (*exchange).limits},             // size and form of the request line and headers
	{"locate", (*exchange).locate},             // host and path → API and stage
	{"match", (*exchange).match},               // method and path → route
	{"preflight", (*exchange).preflight},       // CORS, where no route takes OPTIONS
	{"throttle", (*exchange).throttle},         // a token of the route's bucket
	{"authenticate", (*exchange).authenticate}, // signature or token → caller
	{"authorize", (*exchange).authorize},       // caller and policies → decision
	{"read body", (*exchange).readBody},        // unless the signature check did
	{"integrate", (*exchange).integrate},       // event → function → response
	{"respond", (*exchange).respond},           // response → client
}

// ServeHTTP answers one request.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := g.begin(w, r)
	defer x.record()
	defer x.rescue()
	for _, s := range steps {
		if err := x.step(s.name, s.do); err != nil {
			x.refuse(err)
			return
		}
		if x.answered {
			return
		}
	}
}

// rescue answers a request on which a step panicked. A panic that is meant to
// break the connection goes on.
func (x *exchange) rescue() {
	switch p := recover(); {
	case p == nil:
	case p == http.ErrAbortHandler || x.answered: //nolint:errorlint // as net/http compares it
		panic(p)
	default:
		x.g.config.Log.Error("a step panicked", "request_id", x.id, "panic", p, "stack", string(debug.Stack()))
		x.refuse(internal("a step panicked", nil))
	}
}

// step does one step and notes in the trace how it went.
func (x *exchange) step(name string, do func(*exchange) error) error {
	n := len(x.trace.Steps)
	x.trace.Steps = append(x.trace.Steps, trace.Step{Name: name, Outcome: trace.Passed})
	err := do(x)
	took := time.Since(x.stepped)
	x.trace.Steps[n].Took = took
	x.stepped = x.stepped.Add(took)
	return err
}

// record hands the trace over.
func (x *exchange) record() {
	x.trace.Duration = x.g.config.Now().Sub(x.start)
	x.writeAccessLog()
	x.meter()
	x.g.config.Trace.Record(x.trace)
	x.release()
}

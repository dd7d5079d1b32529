package gateway

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/gateway/authorizer"
	"github.com/hakonegate/hakone/internal/gateway/event"
	"github.com/hakonegate/hakone/internal/gateway/httpapi"
	"github.com/hakonegate/hakone/internal/gateway/integration"
	"github.com/hakonegate/hakone/internal/trace"
	"github.com/hakonegate/hakone/sigv4"
)

// An exchange is one request on its way through the steps. Each step fills in
// what later ones need.
type exchange struct {
	g     *Gateway
	w     http.ResponseWriter
	r     *http.Request
	table *table
	id    string
	start time.Time
	// stepped is when the last step ended.
	stepped time.Time

	req      *sigv4.Request // what was received, before anything was decoded
	sourceIP netip.Addr
	secure   bool

	// From locate.
	stage       *stage
	domain      string            // of the API, for the event
	custom      bool              // the domain is a custom domain name
	basePath    string            // key of its API mapping
	routingRule string            // identifier, in place of a mapping
	clientCert  *event.ClientCert // of mutual TLS
	sentPath    string            // encoded, without the stage
	path        string            // decoded, without the stage

	// From match.
	route  *httpapi.Route
	target *route
	values []string // of the route's path variables

	// From authorize.
	caller      *access.Caller
	tokenScopes []string           // of a JWT
	answer      *authorizer.Answer // of a Lambda authorizer
	authorizer  event.Authorizer   // what the event tells of them

	client   *clientBody // nil: the request has no body
	body     []byte
	answered bool // a step wrote response before the integration was reached
	response event.Response
	stream   stream // the body, in place of the response's
	length   int64  // of the body that an answer to HEAD leaves out; 0: that of the response's

	trace *trace.Request

	// Memory of what the above points to.
	received  sigv4.Request
	signature sigv4.Signature
	iam       event.IAM
	told      access.RequestFacts
	passed    integration.HTTPRequest
	variables map[string]string
	random    [11]byte
	buffer    *buffer // nil: none was needed
}

// exchanges keeps the memory of exchanges that have ended. Nothing that outlives
// one may point into it.
var exchanges = sync.Pool{New: func() any { return new(exchange) }}

// begin starts the exchange for r.
func (g *Gateway) begin(w http.ResponseWriter, r *http.Request) *exchange {
	x, _ := exchanges.Get().(*exchange)
	x.g, x.w, x.r, x.table, x.start, x.secure = g, w, r, g.table.Load(), g.config.Now(), r.TLS != nil
	x.stepped = time.Now()
	_, _ = rand.Read(x.random[:]) // never fails
	x.id = requestID(&x.random)
	x.sourceIP = g.config.Proxies.SourceIP(r.RemoteAddr, r.Header)
	t := trace.New()
	t.ID, t.Time, t.Method, t.Host, t.Protocol, t.UserAgent, t.Secure = x.id, x.start, r.Method, r.Host, r.Proto, r.UserAgent(), x.secure
	if x.sourceIP.IsValid() {
		t.SourceIP = x.sourceIP.String()
	}
	x.trace = t
	return x
}

// release gives back the memory of the exchange and of the body.
func (x *exchange) release() {
	x.received.Release()
	if x.client != nil {
		x.client.memory.give(x.client.held)
	}
	if x.buffer != nil {
		buffers.Put(x.buffer)
	}
	x.passed.Reset()
	clear(x.variables)
	*x = exchange{
		passed: x.passed, variables: x.variables, values: x.values[:0],
		received: sigv4.Request{Headers: emptied(x.received.Headers)}, signature: sigv4.Signature{SignedHeaders: emptied(x.signature.SignedHeaders)},
	}
	exchanges.Put(x)
}

// emptied returns the memory of s, with nothing in it.
func emptied[T any](s []T) []T {
	clear(s)
	return s[:0]
}

// requestID returns a request ID as HTTP APIs have them: 11 random bytes as base64,
// with "HcE" at the tenth character.
func requestID(random *[11]byte) string {
	var id [16]byte
	base64.URLEncoding.Encode(id[:], random[:])
	copy(id[9:], "HcE")
	return string(id[:])
}

// detail adds what a step has to say to the trace.
func (x *exchange) detail(text string) {
	x.trace.Steps[len(x.trace.Steps)-1].Detail = text
}

package gateway

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/netip"
	"time"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/gateway/authorizer"
	"github.com/hakonegate/hakone/internal/gateway/event"
	"github.com/hakonegate/hakone/internal/gateway/httpapi"
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
	stream   *stream // the body, in place of the response's
	length   int64   // of the body that an answer to HEAD leaves out; 0: that of the response's

	trace *trace.Request
}

// begin starts the exchange for r.
func (g *Gateway) begin(w http.ResponseWriter, r *http.Request) *exchange {
	x := &exchange{g: g, w: w, r: r, table: g.table.Load(), id: newRequestID(), start: g.config.Now(), secure: r.TLS != nil}
	x.stepped = x.start
	x.sourceIP = g.config.Proxies.SourceIP(r.RemoteAddr, r.Header)
	x.trace = &trace.Request{
		ID: x.id, Time: x.start, Method: r.Method, Host: r.Host, Protocol: r.Proto, UserAgent: r.UserAgent(), Secure: x.secure,
		Steps: make([]trace.Step, 0, len(steps)),
	}
	if x.sourceIP.IsValid() {
		x.trace.SourceIP = x.sourceIP.String()
	}
	return x
}

// release gives back the memory of the body.
func (x *exchange) release() {
	if x.req == nil {
		return
	}
	x.body = nil
	x.req.Release()
	if x.client != nil {
		x.client.memory.give(x.client.held)
	}
}

// newRequestID returns a request ID as HTTP APIs have them: 11 bytes as base64,
// with "HcE" at the tenth character.
func newRequestID() string {
	var raw [11]byte
	_, _ = rand.Read(raw[:]) // never fails
	id := base64.URLEncoding.AppendEncode(make([]byte, 0, 16), raw[:])
	copy(id[9:], "HcE")
	return string(id)
}

// detail adds what a step has to say to the trace.
func (x *exchange) detail(text string) {
	x.trace.Steps[len(x.trace.Steps)-1].Detail = text
}

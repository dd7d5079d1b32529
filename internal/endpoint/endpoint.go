// Package endpoint is the control plane's front door: what AWS clients reach
// with AWS_ENDPOINT_URL.
//
// [New] serves the operation tables of the services (see package wire). Each call
// is authenticated by its signature and authorized by the caller's policies, by
// the same packages that guard the data path; refusals are in AWS's words and in
// the protocol of the service.
package endpoint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/wire"
	"github.com/hakonegate/hakone/internal/wire/restjson"
	"github.com/hakonegate/hakone/internal/wire/restxml"
	"github.com/hakonegate/hakone/policy"
	"github.com/hakonegate/hakone/sigv4"
)

// A Config says what to serve. Keys, Services, Account and Region are required.
type Config struct {
	Keys     access.Keys
	Services []wire.Service
	Account  string
	Region   string
	Proxies  access.Proxies // whose X-Forwarded-For is believed; nil: nobody's
	Log      *slog.Logger
	MaxBody  int64            // bytes of a request; 0 means 8 MiB
	Now      func() time.Time // nil means time.Now
}

const (
	defaultMaxBody = 8 << 20
	skew           = 15 * time.Minute // AWS's services allow more than API Gateway does
	maxLargeBodies = 4                // of services that take large ones, before their signature is known to be good
	maxLargeXML    = 8                // of bodies of restXml beyond maxUnsigned: 4 MiB each
	globalRegion   = "us-east-1"      // clients sign for it when a service has no region
)

type endpoint struct {
	account, region string
	services        map[string]*service
	proxies         access.Proxies
	maxBody         int64
	largeXML        chan struct{} // bodies beyond maxUnsigned that restXml holds in memory
	log             *slog.Logger
	now             func() time.Time
}

// A service is one table, ready to be searched.
type service struct {
	wire.Service
	operations map[string]wire.Operation
	router     *restjson.Router // of restJson1
	xml        *restxml.Router  // of restXml
	verifier   *sigv4.Verifier
	maxBody    int64
}

// New returns the handler of the control plane.
func New(c Config) http.Handler {
	e := &endpoint{
		account: c.Account, region: c.Region, services: map[string]*service{}, proxies: c.Proxies, maxBody: c.MaxBody,
		largeXML: make(chan struct{}, maxLargeXML), log: c.Log, now: c.Now,
	}
	if e.maxBody == 0 {
		e.maxBody = defaultMaxBody
	}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	if e.now == nil {
		e.now = time.Now
	}
	common := &sigv4.Verifier{Keys: c.Keys, Scope: sigv4.Scope{Region: c.Region}, Skew: skew, MaxBody: e.maxBody, Now: e.now}
	for _, s := range c.Services {
		table := &service{Service: s, operations: map[string]wire.Operation{}, verifier: common, maxBody: e.maxBody}
		if s.Protocol == wire.RESTXML {
			table = e.newXML(s, c.Keys)
		}
		for _, o := range s.Operations {
			table.operations[o.Name] = o
		}
		if s.Protocol == wire.RESTJSON1 {
			table.router = restjson.NewRouter(s.Operations)
		}
		if s.MaxBody > e.maxBody {
			table.maxBody = s.MaxBody
			table.verifier = &sigv4.Verifier{Keys: c.Keys, Scope: sigv4.Scope{Region: c.Region}, Skew: skew, MaxBody: s.MaxBody, MaxBodies: maxLargeBodies, Now: e.now}
		}
		e.services[s.Name] = table
	}
	return e
}

// A call is one request on its way through the steps.
type call struct {
	*endpoint
	w         http.ResponseWriter
	r         *http.Request
	id        string
	signed    *sigv4.Request
	service   *service
	protocol  protocol
	body      []byte
	labels    map[string]string // of restJson1's path
	operation wire.Operation

	// Of restXml.
	target     restxml.Target
	query      url.Values       // parsed, see parsedQuery
	parameters []string         // of the query, that named the operation
	signature  *sigv4.Signature // nil: nobody signed
	large      bool             // the body has its place in largeXML
	stream     io.ReadCloser    // the answer's body
	live       bool             // the stream is sent as it comes

	caller *access.Caller
	facts  *access.RequestFacts
	input  any
	output any
}

// ServeHTTP answers one call: each step fills it in or refuses it.
func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{endpoint: e, w: w, r: r, id: uuid.NewString()}
	defer c.release()
	for _, step := range []func(context.Context) error{
		c.locate,       // credential scope, X-Amz-Target or Action → service
		c.authenticate, // signature → caller
		c.find,         // X-Amz-Target or Action → operation
		c.decode,       // body → input
		c.authorize,    // caller and policies → decision
		c.run,          // the operation
	} {
		if err := step(r.Context()); err != nil {
			c.refuse(r.Context(), err)
			return
		}
	}
	c.answer(r.Context())
}

// authenticate verifies the signature, for the service's own scope. Without one,
// only an operation that needs none goes on.
func (c *call) authenticate(ctx context.Context) error {
	source := c.proxies.SourceIP(c.r.RemoteAddr, c.r.Header)
	c.facts = &access.RequestFacts{
		SourceIP: source, Secure: c.r.TLS != nil || isLocal(c.r), Time: c.now(), Region: c.region,
		UserAgent: c.r.UserAgent(), Referer: c.r.Referer(),
	}
	claim, err := sigv4.Claimed(c.signed) //nolint:contextcheck // it reads headers only
	if err != nil {
		var refused *sigv4.Error
		if !errors.As(err, &refused) || refused.Reason != sigv4.Missing {
			return err
		}
		if c.service != nil && c.service.xml != nil {
			return c.authenticateXML(ctx, sigv4.Scope{}, false)
		}
		if o, ok := c.unsignedOperation(); ok {
			c.operation, c.caller = o, access.Anonymous()
			return nil
		}
		return err
	}
	scope := sigv4.Scope{Region: c.region, Service: c.service.Name}
	if c.service.Global && claim.Scope.Region == globalRegion {
		scope.Region = globalRegion
	}
	if c.service.xml != nil {
		return c.authenticateXML(ctx, scope, true)
	}
	if c.caller, _, err = access.AuthenticateScope(ctx, c.service.verifier, c.signed, scope); err != nil {
		return err
	}
	return c.readBody(c.signed.Body)
}

// readBody reads what was not read yet, up to the limit.
func (c *call) readBody(from io.Reader) error {
	if from == nil || c.body != nil {
		return nil
	}
	limit := c.maxBody
	if c.service != nil {
		limit = c.service.maxBody
	}
	body, err := io.ReadAll(io.LimitReader(from, limit+1))
	if err != nil {
		return awserr.New("RequestTimeout", http.StatusBadRequest, "The request body could not be read")
	}
	if int64(len(body)) > limit {
		return awserr.New("RequestEntityTooLarge", http.StatusRequestEntityTooLarge, "The request body is larger than %d bytes", limit)
	}
	c.body = body
	return nil
}

// authorize asks the caller's policies.
func (c *call) authorize(ctx context.Context) error {
	if c.operation.Access != wire.ByPolicy {
		return nil
	}
	action := c.operation.Action
	if action == "" {
		action = c.service.Name + ":" + c.operation.Name
	}
	facts := c.conditions()
	resources := c.operation.Resources(c.input)
	if len(resources) == 0 {
		resources = []string{"*"} // nothing is named: the operation will refuse it
	}
	for _, resource := range resources {
		if resource == "" {
			resource = c.caller.ARN
		}
		d := access.Authorize(c.caller, facts, action, resource, c.account, nil)
		if d.Allowed() {
			continue
		}
		c.log.InfoContext(ctx, "call denied", "request_id", c.id, "caller", c.caller.ARN, "action", action, "resource", resource, "reason", d.Clause(action))
		return access.Denied(c.protocol.accessDenied(), c.caller, action, resource, d)
	}
	return nil
}

// conditions are the facts of the request with those that the service adds.
func (c *call) conditions() *access.RequestFacts {
	if c.service.Facts == nil {
		return c.facts
	}
	own := c.service.Facts(c.operation.Name, c.input)
	facts := *c.facts
	facts.Keys, facts.Tags, facts.ResourceTag = own.Keys, own.RequestTags, own.ResourceTags
	if facts.Tags == nil && len(own.TagKeys) > 0 && facts.Keys != nil {
		facts.Keys["aws:tagkeys"] = policy.Many(own.TagKeys...)
	}
	return &facts
}

func (c *call) run(ctx context.Context) (err error) {
	c.output, err = c.operation.Run(access.With(ctx, c.caller, c.facts), c.input)
	return err
}

// refuse answers with an error. What is not a refusal is an internal failure:
// logged here, once, and told to nobody.
func (c *call) refuse(ctx context.Context, err error) {
	var refusal *awserr.Error
	var signature *sigv4.Error
	switch {
	case errors.As(err, &refusal):
	case errors.As(err, &signature):
		refusal = c.protocol.signatureError(signature)
		c.log.InfoContext(ctx, "signature refused", "request_id", c.id, "reason", signature.Reason.String(),
			"detail", signature.Detail, "access_key_id", signature.AccessKeyID)
	default:
		c.log.ErrorContext(ctx, "call failed", "request_id", c.id, "operation", c.operation.Name, "error", err)
		refusal = awserr.New("InternalFailure", http.StatusInternalServerError, "The request processing has failed because of an unknown error, exception or failure.")
	}
	c.protocol.writeError(c, refusal)
}

func (c *call) answer(ctx context.Context) {
	status, body, err := c.protocol.encode(c)
	if err != nil {
		c.refuse(ctx, fmt.Errorf("encode the answer of %s: %w", c.operation.Name, err))
		return
	}
	c.write(status, c.protocol.contentType(), body)
	if c.stream != nil {
		if err := c.sink().send(c.stream); err != nil {
			c.log.InfoContext(ctx, "answer was cut", "request_id", c.id, "operation", c.operation.Name, "error", err)
		}
	}
}

func (c *call) write(status int, contentType string, body []byte) {
	h := c.w.Header()
	if h.Get("Content-Type") == "" && status != http.StatusNoContent {
		h.Set("Content-Type", contentType)
	}
	if h.Get("X-Amzn-Requestid") == "" {
		h.Set("X-Amzn-Requestid", c.id)
	}
	c.w.WriteHeader(status)
	if c.r.Method != http.MethodHead {
		_, _ = c.sink().Write(body) // a client that has gone needs no answer
	}
}

func (c *call) sink() *sink {
	return &sink{w: c.w, control: http.NewResponseController(c.w), live: c.live}
}

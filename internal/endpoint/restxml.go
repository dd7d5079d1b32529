package endpoint

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/wire"
	"github.com/hakonegate/hakone/internal/wire/awschunked"
	"github.com/hakonegate/hakone/internal/wire/restxml"
	"github.com/hakonegate/hakone/sigv4"
)

// xmlProtocol is restXml: method, path or host, and query say what is asked.
// Bodies are streams: nothing of them is read before the caller is known and the
// operation begins.
type xmlProtocol struct{ service *service }

// operation returns the operation's name, or what leads to none.
func (p xmlProtocol) operation(c *call) string {
	if name, parameters, ok := p.service.xml.Find(c.r.Method, c.target, c.parsedQuery(), c.r.Header); ok {
		c.parameters = parameters
		return name
	}
	return c.r.Method + " " + c.signed.Path
}

func (xmlProtocol) contentType() string      { return restxml.ContentType }
func (xmlProtocol) accessDenied() string     { return "AccessDenied" }
func (xmlProtocol) unknownOperation() string { return "NotImplemented" }

func (xmlProtocol) decode(c *call) error {
	content, length, err := c.content()
	if err != nil {
		return err
	}
	query, header := c.parsedQuery(), c.r.Header
	if query.Has("X-Amz-Signature") { // clients of presigned URLs have headers in the query, too
		header = header.Clone()
		for name, values := range query {
			if lower := strings.ToLower(name); strings.HasPrefix(lower, "x-amz-") && header.Get(name) == "" {
				header[http.CanonicalHeaderKey(name)] = values
			}
		}
	}
	body := &heldBody{Reader: content, c: c, held: true}
	r := restxml.Request{Target: c.target, Parameters: c.parameters, Query: query, Header: header, Body: body, Length: length}
	err = r.Decode(c.input)
	body.held = false // an operation reads it as a stream
	return err
}

// parsedQuery returns the parameters of the query.
func (c *call) parsedQuery() url.Values {
	if c.query == nil {
		c.query = c.r.URL.Query()
	}
	return c.query
}

// authenticateXML is authenticate for restXml: the body stays unread, and who
// does not sign is anonymous.
func (c *call) authenticateXML(ctx context.Context, scope sigv4.Scope, signed bool) error {
	if !signed {
		c.caller = access.Anonymous()
		if c.parsedQuery().Has("AWSAccessKeyId") {
			return awserr.New("InvalidRequest", http.StatusBadRequest, "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.")
		}
		return nil
	}
	var err error
	c.caller, c.signature, err = access.AuthenticateScope(ctx, c.service.verifier, c.signed, scope)
	return err
}

// content returns what the body carries, checked while it is read against what
// the signature covers, and its length.
func (c *call) content() (io.Reader, int64, error) {
	var body io.Reader = &patient{body: c.r.Body, control: http.NewResponseController(c.w)}
	if c.signature == nil {
		return body, c.r.ContentLength, nil
	}
	if !strings.HasPrefix(c.signature.PayloadHash, "STREAMING-") {
		return &payload{c.signature.Payload(body)}, c.r.ContentLength, nil
	}
	length, err := strconv.ParseInt(c.r.Header.Get("X-Amz-Decoded-Content-Length"), 10, 64)
	if err != nil {
		length = -1
	}
	var signatures awschunked.Signatures
	if chunks := c.signature.Chunks(); chunks != nil {
		signatures = chunks
	}
	content, err := awschunked.NewReader(body, length, c.r.Header.Get("X-Amz-Trailer"), signatures)
	return content, length, err
}

// payload words a body that is not the signed one as S3 does.
type payload struct{ from io.Reader }

func (p *payload) Read(b []byte) (int, error) {
	n, err := p.from.Read(b)
	if _, ok := errors.AsType[*sigv4.Error](err); ok {
		refusal := awserr.New("XAmzContentSHA256Mismatch", http.StatusBadRequest, "The provided 'x-amz-content-sha256' header does not match what was computed.")
		refusal.Err = err
		return n, refusal
	}
	return n, err
}

func (p xmlProtocol) encode(c *call) (int, []byte, error) {
	a, err := restxml.Encode(c.output)
	if err != nil {
		return 0, nil, err
	}
	maps.Copy(c.w.Header(), a.Header)
	p.identify(c)
	c.stream = a.Stream
	if a.Status == 0 {
		a.Status = c.operation.Status
	}
	return a.Status, a.Body, nil
}

// identify sets the headers of every answer.
func (xmlProtocol) identify(c *call) {
	h := c.w.Header()
	h.Set("X-Amz-Request-Id", c.id)
	h.Set("X-Amz-Id-2", c.id)
}

func (p xmlProtocol) writeError(c *call, e *awserr.Error) {
	p.identify(c)
	region := ""
	if e.Code == "AuthorizationHeaderMalformed" {
		region = c.region
		c.w.Header().Set("X-Amz-Bucket-Region", region)
	}
	status := e.HTTPStatus()
	body := restxml.EncodeError(e, c.id, region)
	if status == http.StatusNotModified {
		body = nil
	}
	c.write(status, p.contentType(), body)
}

func (xmlProtocol) signatureError(e *sigv4.Error) *awserr.Error {
	refusal := signatureError(e, signatureCodes{
		missing: "AccessDenied", incomplete: "AuthorizationHeaderMalformed", mismatch: "SignatureDoesNotMatch",
		invalid: "InvalidAccessKeyId", expired: "ExpiredToken",
	})
	switch e.Reason {
	case sigv4.Missing:
		refusal.Message = "Access Denied"
	case sigv4.UnknownKey:
		refusal.Message = "The AWS Access Key Id you provided does not exist in our records."
	case sigv4.InvalidToken:
		refusal.Code, refusal.Status, refusal.Message = "InvalidToken", http.StatusBadRequest, "The provided token is malformed or otherwise invalid."
	case sigv4.ExpiredToken:
		refusal.Status, refusal.Message = http.StatusBadRequest, "The provided token has expired."
	case sigv4.WrongScope:
		refusal.Code, refusal.Status = "AuthorizationHeaderMalformed", http.StatusBadRequest
	case sigv4.Expired, sigv4.NotYetValid:
		refusal.Code, refusal.Message = "RequestTimeTooSkewed", "The difference between the request time and the current time is too large."
	case sigv4.StreamingPayload:
		refusal.Code, refusal.Status, refusal.Message = "NotImplemented", http.StatusNotImplemented, "hakone does not take this kind of chunks: "+e.Detail
	case sigv4.Busy:
		refusal.Code = "SlowDown"
	default:
	}
	return refusal
}

// locateBucket finds the service of a request that nobody signed by its bucket.
func (c *call) locateBucket() bool {
	for _, s := range c.services {
		if s.xml == nil || s.HasBucket == nil {
			continue
		}
		if target, ok := restxml.TargetOf(c.signed.Host, c.signed.Path); ok && target.Bucket != "" && s.HasBucket(target.Bucket) {
			c.use(s)
			return true
		}
	}
	return false
}

// aim finds bucket and key, and what pages of other origins may see of the answer.
func (c *call) aim() error {
	var ok bool
	if c.target, ok = restxml.TargetOf(c.signed.Host, c.signed.Path); !ok {
		return awserr.New("InvalidURI", http.StatusBadRequest, "Couldn't parse the specified URI.")
	}
	if origin := c.r.Header.Get("Origin"); origin != "" && c.service.CORS != nil && c.r.Method != http.MethodOptions {
		maps.Copy(c.w.Header(), c.service.CORS(c.target.Bucket, origin, c.r.Method))
	}
	return nil
}

func (e *endpoint) newXML(s wire.Service, keys access.Keys) *service {
	return &service{
		Service: s, operations: map[string]wire.Operation{}, maxBody: e.maxBody, xml: restxml.NewRouter(s.Operations),
		verifier: &sigv4.Verifier{
			Keys: keys, Scope: sigv4.Scope{Region: e.region}, Skew: skew, Now: e.now, S3: true, UnsignedPayload: true, StreamPayload: true,
		},
	}
}

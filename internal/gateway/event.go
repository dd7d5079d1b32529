package gateway

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hakonegate/hakone/internal/gateway/event"
	"github.com/hakonegate/hakone/internal/gateway/httpapi"
	"github.com/hakonegate/hakone/sigv4"
)

// event gathers what a function is told of the request.
func (x *exchange) event() (*event.Request, error) {
	query, err := httpapi.ParseQuery(x.req.RawQuery)
	if err != nil {
		return nil, err
	}
	r := &event.Request{
		AccountID: x.g.config.Account, APIID: x.stage.api.id, Stage: x.stage.name,
		RouteKey: x.route.Key, RoutePath: x.route.Path,
		DomainName: x.domain, Method: x.req.Method, Path: x.stagePath(x.path), SentPath: x.stagePath(x.sentPath), RawQuery: x.req.RawQuery,
		Protocol: "HTTP/1.1", UserAgent: x.r.UserAgent(), RequestID: x.id, Time: x.start, HTTP2: x.r.ProtoMajor >= 2,
		Headers: x.eventHeaders(), StageVariables: x.stage.variables, Body: x.body, Authorizer: x.authorizer, ClientCert: x.clientCert,
	}
	if x.custom {
		r.SentPath = x.req.Path // with the mapping key, and without the stage
	}
	if x.sourceIP.IsValid() {
		r.SourceIP = x.trace.SourceIP
	}
	r.DomainPrefix, _, _ = strings.Cut(x.domain, ".")
	for _, p := range query {
		r.Query = append(r.Query, event.Parameter(p))
	}
	for i, name := range x.route.Names {
		r.PathParameters = append(r.PathParameters, event.Parameter{Name: name, Value: x.values[i]})
	}
	return r, nil
}

// notForwarded are the request headers that a function does not see.
var notForwarded = map[string]bool{
	"connection": true, "expect": true, "proxy-authenticate": true, "te": true, "transfer-encoding": true, "upgrade": true,
	// Written anew below.
	"content-length": true, "host": true, "x-amzn-trace-id": true, "x-forwarded-for": true, "x-forwarded-port": true, "x-forwarded-proto": true,
}

// eventHeaders returns the headers of the request and those that API Gateway
// adds, sorted, in lower case.
func (x *exchange) eventHeaders() []sigv4.Header {
	headers := make([]sigv4.Header, 0, len(x.req.Headers)+6)
	for _, h := range x.req.Headers {
		if name := strings.ToLower(h.Name); !notForwarded[name] {
			headers = append(headers, sigv4.Header{Name: name, Value: h.Value})
		}
	}
	headers = append(headers,
		sigv4.Header{Name: "content-length", Value: strconv.FormatInt(x.contentLength(), 10)},
		sigv4.Header{Name: "host", Value: x.req.Host},
		sigv4.Header{Name: "x-amzn-trace-id", Value: x.traceID()},
		sigv4.Header{Name: "x-forwarded-for", Value: x.forwardedFor()},
		sigv4.Header{Name: "x-forwarded-port", Value: x.port()},
		sigv4.Header{Name: "x-forwarded-proto", Value: x.scheme()},
	)
	slices.SortStableFunc(headers, func(a, b sigv4.Header) int { return strings.Compare(a.Name, b.Name) })
	return headers
}

// contentLength returns the length of the body, also before it is read.
func (x *exchange) contentLength() int64 { return max(int64(len(x.body)), x.r.ContentLength, 0) }

// traceID keeps the trace that a client is in, or starts one.
func (x *exchange) traceID() string {
	if sent := x.r.Header.Get("X-Amzn-Trace-Id"); strings.Contains(sent, "Root=") {
		return sent
	}
	var id [12]byte
	_, _ = rand.Read(id[:]) // never fails
	return fmt.Sprintf("Root=1-%08x-%s", x.start.Unix(), hex.EncodeToString(id[:]))
}

func (x *exchange) forwardedFor() string {
	if sent := x.r.Header.Values("X-Forwarded-For"); len(sent) > 0 {
		return strings.Join(sent, ", ") + ", " + x.trace.SourceIP
	}
	return x.trace.SourceIP
}

func (x *exchange) scheme() string {
	switch {
	case x.g.config.ForwardedProto != "":
		return x.g.config.ForwardedProto
	case x.secure:
		return "https"
	default:
		return "http"
	}
}

// port returns the port that the client connected to, as far as it says so.
func (x *exchange) port() string {
	if _, port, ok := strings.Cut(x.req.Host[strings.LastIndexByte(x.req.Host, ']')+1:], ":"); ok && port != "" {
		return port
	}
	if x.scheme() == "https" {
		return "443"
	}
	return "80"
}

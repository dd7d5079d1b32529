package gateway

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/gateway/integration"
	"github.com/hakonegate/hakone/internal/service/apigatewayv2"
	"github.com/hakonegate/hakone/internal/trace"
)

// proxy is an HTTP proxy integration.
type proxy struct {
	integration.HTTP

	private   bool // behind a VPC link: the backend gets host and path as the client sent them
	request   apigatewayv2.Mapping
	responses responseMappings
}

// integrate passes the request on. A small or endless-looking answer is read
// whole, since an HTTP API tells the length of everything it sends; one of a
// known length is passed through as it comes.
func (p *proxy) integrate(x *exchange) error {
	r := &integration.HTTPRequest{
		Method: x.req.Method, Path: x.sentPath, RawQuery: x.req.RawQuery, Headers: x.req.Headers,
		Default: x.route.IsDefault(), Body: x.body, Forwarded: x.forwarded(),
	}
	if len(x.values) > 0 {
		r.Variables = make(map[string]string, len(x.values))
	}
	for i, name := range x.route.Names {
		r.Variables[name] = x.values[i]
	}
	if p.private {
		r.Host, r.TargetPath = x.req.Host, x.stagePath(x.sentPath)
	}
	if err := x.mapRequest(p.request, r); err != nil {
		return err
	}
	target, _, _ := strings.Cut(p.URI, "?")
	x.trace.Integration = &trace.Integration{Type: "HTTP_PROXY", Target: target}
	began := time.Now()
	res, err := p.Do(r)
	x.trace.Integration.Duration = time.Since(began)
	if err != nil {
		x.trace.Integration.Error = err.Error()
		return integrationRefusal(err)
	}
	x.trace.Integration.Status = res.Status
	x.response.Status, x.response.Headers = res.Status, res.Headers
	mapping := p.responses[res.Status]
	if !mapping.UsesBody() {
		if err := x.mapResponse(mapping); err != nil {
			_ = res.Body.Close()
			return err
		}
	}
	if res.Length > 0 && !mapping.UsesBody() && x.req.Method != http.MethodHead {
		x.stream = &stream{res.Body, res.Length}
		return nil
	}
	defer res.Body.Close()
	x.response.Body, err = io.ReadAll(io.LimitReader(res.Body, integration.MaxResponse+1))
	switch {
	case err != nil:
		x.trace.Integration.Error = err.Error()
		return &refusal{Status: http.StatusServiceUnavailable, Detail: "the backend broke off its answer", Err: err}
	case len(x.response.Body) > integration.MaxResponse:
		return internal("the backend's answer is larger than 10 MB", nil)
	case res.Length > 0 && x.req.Method == http.MethodHead:
		x.length = res.Length
	}
	if mapping.UsesBody() {
		return x.mapResponse(mapping)
	}
	return nil
}

// A stream is an answer that is passed through.
type stream struct {
	body   io.ReadCloser
	length int64
}

// pass sends the stream. A backend that breaks off in the middle breaks off
// the client's answer too: the status has been sent, and the client must not
// take half for the whole.
func (x *exchange) pass() {
	defer x.stream.body.Close()
	n, err := io.CopyN(x.w, x.stream.body, x.stream.length)
	x.trace.Bytes = n
	if err == nil {
		return
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	x.trace.Integration.Error = err.Error()
	x.detail("the answer was broken off: " + err.Error())
	panic(http.ErrAbortHandler)
}

// forwarded returns the element that API Gateway adds to the header Forwarded.
func (x *exchange) forwarded() string {
	by := "127.0.0.1"
	if local, ok := x.r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr); ok {
		by = node(local.AddrPort().Addr().Unmap())
	}
	return "by=" + by + ";for=" + node(x.sourceIP) + ";host=" + x.req.Host + ";proto=" + x.scheme()
}

// node writes an address as RFC 7239 wants it.
func node(addr netip.Addr) string {
	switch {
	case !addr.IsValid():
		return "unknown"
	case addr.Is6():
		return `"[` + addr.String() + `]"`
	default:
		return addr.String()
	}
}

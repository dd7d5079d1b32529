package gateway

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
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
// whole, since an HTTP API tells the length of everything it sends, and a backend
// that breaks off can still be told of; a large one of a known length is passed
// through as it comes.
func (p *proxy) integrate(x *exchange) error {
	r := &x.passed
	r.Method, r.Path, r.RawQuery, r.Headers = x.req.Method, x.sentPath, x.req.RawQuery, x.req.Headers
	r.Default, r.Body, r.Forwarded = x.route.IsDefault(), x.body, x.forwarded()
	if len(x.values) > 0 && x.variables == nil {
		x.variables = make(map[string]string, len(x.values))
	}
	for i, name := range x.route.Names {
		x.variables[name] = x.values[i]
	}
	r.Variables = x.variables
	if p.private {
		r.Host, r.TargetPath = x.req.Host, x.stagePath(x.sentPath)
	}
	if err := x.mapRequest(p.request, r); err != nil {
		return err
	}
	target, _, _ := strings.Cut(p.URI, "?")
	x.trace.SetIntegration(trace.Integration{Type: "HTTP_PROXY", Target: target})
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
	if res.Length > int64(len(buffer{})) && !mapping.UsesBody() && x.req.Method != http.MethodHead {
		x.stream = stream{res.Body, res.Length}
		return nil
	}
	defer res.Body.Close()
	x.response.Body, err = x.readAnswer(res)
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

// readAnswer reads the body of an answer, a small one into memory that is used
// again when the exchange has ended.
func (x *exchange) readAnswer(res *integration.HTTPResponse) ([]byte, error) {
	if res.Length <= 0 || res.Length > int64(len(buffer{})) || x.req.Method == http.MethodHead {
		return io.ReadAll(io.LimitReader(res.Body, integration.MaxResponse+1))
	}
	x.buffer, _ = buffers.Get().(*buffer)
	n, err := io.ReadFull(res.Body, x.buffer[:res.Length])
	return x.buffer[:n], err
}

// A stream is an answer that is passed through; one without a body is none.
type stream struct {
	body   io.ReadCloser
	length int64
}

// copyTo writes the whole stream, by way of memory.
func (s *stream) copyTo(w io.Writer, memory []byte) (n int64, err error) {
	for n < s.length && err == nil {
		var read, written int
		read, err = s.body.Read(memory[:min(int64(len(memory)), s.length-n)])
		if read > 0 {
			var failed error
			if written, failed = w.Write(memory[:read]); failed != nil {
				err = failed
			}
			n += int64(written)
		}
	}
	switch {
	case n == s.length:
		return n, nil
	case errors.Is(err, io.EOF):
		return n, io.ErrUnexpectedEOF
	default:
		return n, err
	}
}

// A buffer is memory for a small answer, or by way of which a stream is copied.
type buffer [16 << 10]byte

var buffers = sync.Pool{New: func() any { return new(buffer) }}

// pass sends the stream. A backend that breaks off in the middle breaks off
// the client's answer too: the status has been sent, and the client must not
// take half for the whole.
func (x *exchange) pass() {
	defer x.stream.body.Close()
	memory, _ := buffers.Get().(*buffer)
	defer buffers.Put(memory)
	n, err := x.stream.copyTo(x.w, memory[:])
	x.trace.Bytes = n
	if err == nil {
		return
	}
	x.trace.Integration.Error = err.Error()
	x.detail("the answer was broken off: " + err.Error())
	panic(http.ErrAbortHandler)
}

// forwarded returns the element that API Gateway adds to the header Forwarded.
func (x *exchange) forwarded() string {
	by := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	if local, ok := x.r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr); ok {
		by = local.AddrPort().Addr().Unmap()
	}
	var memory [256]byte
	b := appendNode(append(memory[:0], "by="...), by)
	b = appendNode(append(b, ";for="...), x.sourceIP)
	b = append(append(b, ";host="...), x.req.Host...)
	b = append(append(b, ";proto="...), x.scheme()...)
	return string(b)
}

// appendNode writes an address as RFC 7239 wants it.
func appendNode(b []byte, addr netip.Addr) []byte {
	switch {
	case !addr.IsValid():
		return append(b, "unknown"...)
	case addr.Is6():
		return append(addr.AppendTo(append(b, `"[`...)), `]"`...)
	default:
		return addr.AppendTo(b)
	}
}

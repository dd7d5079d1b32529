package integration

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/gateway/backend"
	"github.com/hakonegate/hakone/sigv4"
)

// MaxResponse is how large the answer of an HTTP backend may be.
const MaxResponse = 10 << 20

// An HTTP is an HTTP proxy integration. It is immutable; [NewHTTP] makes one.
type HTTP struct {
	URI string // with {name} for path variables, without stage variables

	transport *backend.Transport
	method    string // or ANY: that of the request
	timeout   time.Duration
	origin    backend.Origin
	authority string // of URI
	target    string // path and query of a URI without path variables; "" with some
}

// NewHTTP returns the integration that passes requests on to uri, which has
// {name} for path variables and no stage variables. The method ANY, or none, is
// that of the request.
func NewHTTP(transport *backend.Transport, uri, method string, timeout time.Duration) (HTTP, error) {
	u, err := url.Parse(strings.NewReplacer("{", "", "}", "", "+", "").Replace(uri))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return HTTP{}, fmt.Errorf("integration URI %q is not an HTTP URL", uri)
	}
	_, rest, _ := strings.Cut(uri, "://")
	if authority, _, _ := strings.Cut(rest, "/"); strings.ContainsAny(authority, "{}") {
		return HTTP{}, fmt.Errorf("integration URI %q has a path variable in its host", uri)
	}
	h := HTTP{URI: uri, transport: transport, method: method, timeout: timeout, origin: backend.OriginOf(u), authority: u.Host}
	if !strings.ContainsAny(uri, "{}") {
		if u, err = url.Parse(uri); err != nil {
			return HTTP{}, fmt.Errorf("integration URI %q: %w", uri, err)
		}
		h.target = u.RequestURI()
	}
	return h, nil
}

// An HTTPRequest is what an [HTTP] passes on. It has memory of its own, which
// [HTTPRequest.Reset] keeps for another one.
type HTTPRequest struct {
	Method    string
	Path      string // encoded, without the stage
	RawQuery  string
	Headers   []sigv4.Header // those of the client; hop-by-hop ones are left out on the way
	Variables map[string]string
	Default   bool // of the route $default: the path is appended to the URI
	Body      []byte
	Forwarded string // element for the header Forwarded

	Host string // of the request; empty: the backend's

	// TargetPath takes the place of the URI's path, encoded; empty leaves that.
	TargetPath string
	// EditHeaders changes the headers after hop-by-hop ones are left out, so that
	// a client cannot take a change back; nil leaves them. A header Host becomes
	// that of the request.
	EditHeaders func(http.Header)

	out     backend.Request
	answer  HTTPResponse
	headers []sigv4.Header // of out
	passed  []sigv4.Header // of answer
}

// Reset makes r empty. The answer to it must not be used any more.
func (r *HTTPRequest) Reset() {
	clear(r.headers)
	clear(r.passed)
	*r = HTTPRequest{headers: r.headers[:0], passed: r.passed[:0]}
}

// An HTTPResponse is what a backend answered. Body must be closed; its length
// is Length, or unknown where that is negative.
type HTTPResponse struct {
	Status  int
	Headers []sigv4.Header // in lower case, without hop-by-hop ones
	Body    io.ReadCloser
	Length  int64

	RequestID string // of an AWS service
}

// Target returns path and query that r is passed on with.
func (h *HTTP) Target(r *HTTPRequest) (string, error) {
	if h.target != "" && r.TargetPath == "" && !r.Default {
		return addQuery(h.target, r.RawQuery), nil
	}
	base, query, _ := strings.Cut(h.URI, "?")
	target := base
	switch {
	case r.TargetPath != "":
		scheme, rest, _ := strings.Cut(base, "://")
		authority, _, _ := strings.Cut(rest, "/")
		target = scheme + "://" + authority + "/" + strings.TrimPrefix(r.TargetPath, "/")
	case r.Default:
		target = strings.TrimSuffix(base, "/") + r.Path
	default:
		for name, value := range r.Variables {
			target = strings.ReplaceAll(target, "{"+name+"}", escapePath(value))
			target = strings.ReplaceAll(target, "{"+name+"+}", escapePath(value))
		}
	}
	u, err := url.Parse(addQuery(addQuery(target, query), r.RawQuery))
	if err != nil {
		return "", fmt.Errorf("integration URI: %w", err)
	}
	return u.RequestURI(), nil
}

// addQuery appends a query to a target that may have one.
func addQuery(target, query string) string {
	switch {
	case query == "":
		return target
	case strings.Contains(target, "?"):
		return target + "&" + query
	default:
		return target + "?" + query
	}
}

// escapePath encodes a value segment by segment: the slashes of a greedy
// variable stay.
func escapePath(value string) string {
	segments := strings.Split(value, "/")
	for i, s := range segments {
		segments[i] = url.PathEscape(s)
	}
	return strings.Join(segments, "/")
}

// Do passes r on. The caller closes the body of the answer, which is r's own, and
// good until [HTTPRequest.Reset]; r.Body is not read after that. Every error is an
// [*Error].
func (h *HTTP) Do(r *HTTPRequest) (*HTTPResponse, error) {
	target, err := h.Target(r)
	if err != nil {
		return nil, &Error{http.StatusInternalServerError, "the backend's URL cannot be made", err}
	}
	out := &r.out
	*out = backend.Request{Origin: h.origin, Method: h.method, Host: h.authority, Target: target, Body: r.Body, Deadline: time.Now().Add(h.timeout)}
	if out.Method == "ANY" || out.Method == "" {
		out.Method = r.Method
	}
	if r.Host != "" {
		out.Host = r.Host
	}
	out.Headers, out.Host = requestHeaders(r, out.Host)
	answer, err := h.transport.Do(out)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, &Error{http.StatusServiceUnavailable, fmt.Sprintf("the backend did not answer within the integration's timeout of %v", h.timeout), err}
	case err != nil:
		return nil, &Error{http.StatusServiceUnavailable, "the backend could not be reached or answered nonsense", err}
	}
	if answer.Length > MaxResponse {
		_ = answer.Close()
		return nil, &Error{http.StatusInternalServerError, fmt.Sprintf("the backend's answer has %d bytes; at most %d are passed on", answer.Length, MaxResponse), nil}
	}
	r.passed = appendPassedOn(r.passed[:0], answer.Headers)
	r.answer = HTTPResponse{Status: answer.Status, Headers: r.passed, Body: answer, Length: answer.Length}
	return &r.answer, nil
}

// isHopByHop reports whether a header, in lower case, concerns one connection only.
func isHopByHop(name string) bool {
	switch name {
	case "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade":
		return true
	default:
		return false
	}
}

// isLeftOut reports whether a backend does not get a header of a request, or gets it
// from the transport.
func isLeftOut(name string) bool {
	var memory [32]byte
	if len(name) > len(memory) {
		return false
	}
	lower := memory[:len(name)]
	for i := range lower {
		lower[i] = name[i]
		if 'A' <= lower[i] && lower[i] <= 'Z' {
			lower[i] += 'a' - 'A'
		}
	}
	switch string(lower) {
	case "content-length", "expect", "host":
		return true
	default:
		return isHopByHop(string(lower))
	}
}

// isKeptBack reports whether the client does not get a header of an answer, in lower
// case, or gets it from the gateway.
func isKeptBack(name string) bool {
	switch name {
	case "apigw-requestid", "content-length", "date":
		return true
	default:
		return isHopByHop(name)
	}
}

// requestHeaders returns the headers that the backend gets, and the host: a
// mapping may name another.
func requestHeaders(r *HTTPRequest, host string) ([]sigv4.Header, string) {
	var listed map[string]bool
	for _, f := range r.Headers {
		if strings.EqualFold(f.Name, "connection") {
			listed = listHeaders(listed, f.Value)
		}
	}
	headers := r.headers[:0]
	for _, f := range r.Headers {
		if !isLeftOut(f.Name) && (listed == nil || !listed[strings.ToLower(f.Name)]) {
			headers = append(headers, f)
		}
	}
	if r.EditHeaders != nil {
		headers, host = editHeaders(r.EditHeaders, headers, host)
	}
	r.headers = append(headers, sigv4.Header{Name: "Forwarded", Value: r.Forwarded}, sigv4.Header{Name: "Via", Value: "HTTP/1.1 AmazonAPIGateway"})
	return r.headers, host
}

// editHeaders has edit change the headers.
func editHeaders(edit func(http.Header), headers []sigv4.Header, host string) ([]sigv4.Header, string) {
	h := make(http.Header, len(headers))
	for _, f := range headers {
		h.Add(f.Name, f.Value)
	}
	edit(h)
	if own := h.Get("Host"); own != "" {
		host = own
		h.Del("Host")
	}
	headers = headers[:0]
	for name, values := range h {
		for _, v := range values {
			headers = append(headers, sigv4.Header{Name: name, Value: v})
		}
	}
	return headers, host
}

// listHeaders adds the names, in lower case, that a header Connection lists. There
// are none, as a rule.
func listHeaders(listed map[string]bool, value string) map[string]bool {
	for name := range strings.SplitSeq(value, ",") {
		name = strings.TrimSpace(name)
		if strings.EqualFold(name, "keep-alive") || strings.EqualFold(name, "close") {
			continue
		}
		if listed == nil {
			listed = map[string]bool{}
		}
		listed[strings.ToLower(name)] = true
	}
	return listed
}

// appendPassedOn appends those headers of an answer that the client gets.
func appendPassedOn(out, headers []sigv4.Header) []sigv4.Header {
	var listed map[string]bool
	for _, f := range headers {
		if f.Name == "connection" {
			listed = listHeaders(listed, f.Value)
		}
	}
	for _, f := range headers {
		if !isKeptBack(f.Name) && !listed[f.Name] {
			out = append(out, f)
		}
	}
	return out
}

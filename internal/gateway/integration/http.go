package integration

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hakonegate/hakone/sigv4"
)

// MaxResponse is how large the answer of an HTTP backend may be.
const MaxResponse = 10 << 20

// An HTTP is an HTTP proxy integration. It is immutable.
type HTTP struct {
	Transport http.RoundTripper
	URI       string // with {name} for path variables, without stage variables
	Method    string // or ANY: that of the request
	Timeout   time.Duration
}

// An HTTPRequest is what an [HTTP] passes on.
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
}

// An HTTPResponse is what a backend answered. Body must be closed; its length
// is Length, or unknown where that is negative.
type HTTPResponse struct {
	Status  int
	Headers []sigv4.Header // in lower case, without hop-by-hop ones
	Body    io.ReadCloser
	Length  int64
}

// NewTransport returns the connections to backends that integrations share.
// Backends are called with HTTP/1.1, and get and give bodies as they are.
func NewTransport() *http.Transport {
	t := &http.Transport{
		MaxIdleConns:        1024,
		MaxIdleConnsPerHost: 256, // net/http's two would be dialled anew under load
		IdleConnTimeout:     time.Minute,
		TLSHandshakeTimeout: 10 * time.Second,
		DisableCompression:  true,
		Protocols:           new(http.Protocols),
	}
	t.Protocols.SetHTTP1(true)
	return t
}

// CheckURI reports what is wrong with an integration's URI: path variables must
// not choose the host.
func CheckURI(uri string) error {
	u, err := url.Parse(strings.NewReplacer("{", "", "}", "", "+", "").Replace(uri))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("integration URI %q is not an HTTP URL", uri)
	}
	_, rest, _ := strings.Cut(uri, "://")
	if authority, _, _ := strings.Cut(rest, "/"); strings.ContainsAny(authority, "{}") {
		return fmt.Errorf("integration URI %q has a path variable in its host", uri)
	}
	return nil
}

// Target returns the URL that r is passed on to.
func (h *HTTP) Target(r *HTTPRequest) (string, error) {
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
	for _, q := range []string{query, r.RawQuery} {
		switch {
		case q == "":
		case strings.Contains(target, "?"):
			target += "&" + q
		default:
			target += "?" + q
		}
	}
	u, err := url.Parse(target)
	if err != nil {
		return "", fmt.Errorf("integration URI: %w", err)
	}
	return u.String(), nil
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

// Do passes r on. The caller closes the body of the answer and then calls
// done, which is never nil; r.Body is not read after that. Every error is an [*Error].
func (h *HTTP) Do(ctx context.Context, r *HTTPRequest) (res *HTTPResponse, done func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, h.Timeout)
	target, err := h.Target(r)
	if err != nil {
		return nil, cancel, &Error{http.StatusInternalServerError, "the backend's URL cannot be made", err}
	}
	method := h.Method
	if method == "ANY" || method == "" {
		method = r.Method
	}
	out, err := http.NewRequestWithContext(ctx, method, target, http.NoBody)
	if err != nil {
		return nil, cancel, &Error{http.StatusInternalServerError, "the backend's URL cannot be made", err}
	}
	done = cancel
	if len(r.Body) > 0 {
		body := &loan{body: r.Body}
		done = func() { cancel(); body.end() }
		out.ContentLength, out.GetBody = int64(len(r.Body)), body.reader
		out.Body, _ = body.reader() // never fails
	}
	if r.Host != "" {
		out.Host = r.Host
	}
	requestHeaders(out.Header, r)
	if host := out.Header.Get("Host"); host != "" {
		out.Host = host
		out.Header.Del("Host")
	}
	answer, err := h.Transport.RoundTrip(out)
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, done, &Error{http.StatusServiceUnavailable, fmt.Sprintf("the backend did not answer within the integration's timeout of %v", h.Timeout), err}
	case err != nil:
		return nil, done, &Error{http.StatusServiceUnavailable, "the backend could not be reached or answered nonsense", err}
	}
	if answer.ContentLength > MaxResponse {
		_ = answer.Body.Close()
		return nil, done, &Error{http.StatusInternalServerError, fmt.Sprintf("the backend's answer has %d bytes; at most %d are passed on", answer.ContentLength, MaxResponse), nil}
	}
	return &HTTPResponse{
		Status: answer.StatusCode, Headers: responseHeaders(answer.Header), Body: answer.Body, Length: answer.ContentLength,
	}, done, nil
}

// hopByHop are the headers that concern one connection only.
var hopByHop = map[string]bool{
	"connection": true, "keep-alive": true, "proxy-authenticate": true, "proxy-authorization": true, "proxy-connection": true,
	"te": true, "trailer": true, "transfer-encoding": true, "upgrade": true,
}

func requestHeaders(h http.Header, r *HTTPRequest) {
	listed := map[string]bool{}
	for _, f := range r.Headers {
		if strings.EqualFold(f.Name, "connection") {
			for name := range strings.SplitSeq(f.Value, ",") {
				listed[strings.ToLower(strings.TrimSpace(name))] = true
			}
		}
	}
	h["User-Agent"] = nil // or net/http would write its own
	for _, f := range r.Headers {
		name := strings.ToLower(f.Name)
		if hopByHop[name] || listed[name] || name == "content-length" || name == "expect" || name == "host" {
			continue
		}
		h.Add(f.Name, f.Value)
	}
	if r.EditHeaders != nil {
		r.EditHeaders(h)
	}
	h.Add("Forwarded", r.Forwarded)
	h.Add("Via", "HTTP/1.1 AmazonAPIGateway")
}

func responseHeaders(h http.Header) []sigv4.Header {
	listed := map[string]bool{}
	for _, v := range h.Values("Connection") {
		for name := range strings.SplitSeq(v, ",") {
			listed[strings.ToLower(strings.TrimSpace(name))] = true
		}
	}
	var out []sigv4.Header
	for name, values := range h {
		lower := strings.ToLower(name)
		if hopByHop[lower] || listed[lower] || lower == "content-length" || lower == "date" || lower == "apigw-requestid" {
			continue
		}
		for _, v := range values {
			out = append(out, sigv4.Header{Name: lower, Value: v})
		}
	}
	return out
}

package backend

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/hakonegate/hakone/sigv4"
)

// Bounds of what a backend may do. How long it may take is the request's
// context's to say.
const (
	dialTimeout      = 10 * time.Second
	handshakeTimeout = 10 * time.Second
	idleTimeout      = time.Minute
	maxIdle          = 512      // connections kept for one backend
	maxHeader        = 64 << 10 // bytes of the status line and headers of an answer
	maxInterim       = 8        // answers with a status of 1xx before the real one
)

// A Transport calls backends with HTTP/1.1 over connections that it keeps. It
// gives and gets bodies as they are, follows no redirection and asks no proxy.
// It is safe for concurrent use; its zero value verifies backends' certificates
// by the machine's authorities.
type Transport struct {
	// TLS is how HTTPS backends are verified; nil is as crypto/tls does by
	// itself. It must not change after the first use.
	TLS *tls.Config

	pools pools
}

// Verifying returns a transport with connections of its own that wants backends
// to have a certificate for serverName.
func (t *Transport) Verifying(serverName string) *Transport {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if t.TLS != nil {
		config = t.TLS.Clone()
	}
	config.ServerName = serverName
	return &Transport{TLS: config}
}

// An Origin is where a backend is.
type Origin struct {
	Secure  bool   // HTTPS
	Address string // host:port
}

// OriginOf returns where the server of a URL is.
func OriginOf(u *url.URL) Origin {
	secure := u.Scheme == "https"
	port := u.Port()
	switch {
	case port != "":
	case secure:
		port = "443"
	default:
		port = "80"
	}
	return Origin{secure, net.JoinHostPort(u.Hostname(), port)}
}

// A Request is what a backend gets. Length and connection headers are the
// transport's to add; Headers must have none of them, nor a host.
type Request struct {
	Origin  Origin
	Method  string
	Host    string // for the header
	Target  string // path and query, encoded
	Headers []sigv4.Header
	Body    []byte // not read any more when Do failed or the answer's body is closed

	// Deadline is when the end of the answer must have been read; the zero time is
	// none. Errors after it wrap [os.ErrDeadlineExceeded].
	Deadline time.Time
}

// Do sends r and returns the answer, which must be closed. A kept connection
// that turns out to be gone before the backend said anything is replaced by a new
// one, for requests that may be repeated. Nobody's giving up ends a call before its
// deadline, as with API Gateway: what the backend has begun it finishes.
func (t *Transport) Do(r *Request) (*Answer, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	for {
		c, err := t.connection(r)
		if err != nil {
			return nil, err
		}
		answer, err := c.exchange(r)
		if err == nil {
			return answer, nil
		}
		if errors.Is(err, os.ErrDeadlineExceeded) || !c.reused || c.heard() || !repeatable(r.Method) {
			return nil, fmt.Errorf("call %s: %w", r.Origin.Address, err)
		}
	}
}

// RoundTrip is [Transport.Do] for those who have a request of net/http.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "http" && r.URL.Scheme != "https" {
		return nil, errors.New("the URL is neither http nor https")
	}
	out := &Request{Origin: OriginOf(r.URL), Method: r.Method, Host: r.Host, Target: r.URL.RequestURI()}
	if out.Host == "" {
		out.Host = r.URL.Host
	}
	for name, values := range r.Header {
		if framing(name) {
			continue
		}
		for _, v := range values {
			out.Headers = append(out.Headers, sigv4.Header{Name: name, Value: v})
		}
	}
	if r.Body != nil {
		defer r.Body.Close()
		var err error
		if out.Body, err = io.ReadAll(r.Body); err != nil {
			return nil, fmt.Errorf("read the request's body: %w", err)
		}
	}
	out.Deadline, _ = r.Context().Deadline()
	answer, err := t.Do(out) //nolint:contextcheck // its deadline is taken over; its end is not, as Do says
	if err != nil {
		return nil, err
	}
	return answer.response(r), nil
}

// repeatable reports whether a request that may or may not have arrived can be
// sent again.
func repeatable(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete:
		return true
	default:
		return false
	}
}

// connection returns a connection that nobody else uses: a kept one or a new one.
func (t *Transport) connection(r *Request) (*connection, error) {
	if c := t.pools.take(r.Origin); c != nil {
		return c, nil
	}
	raw, err := (&net.Dialer{Timeout: dialTimeout, Deadline: r.Deadline}).Dial("tcp", r.Origin.Address)
	if err != nil {
		if !r.Deadline.IsZero() && !time.Now().Before(r.Deadline) {
			err = fmt.Errorf("%w: %w", os.ErrDeadlineExceeded, err) // which package net does not say of a dial
		}
		return nil, fmt.Errorf("connect: %w", err)
	}
	c := newConnection(t, r.Origin, raw)
	if r.Origin.Secure {
		if err := c.secure(t.TLS, r.Deadline); err != nil {
			c.close()
			return nil, err
		}
	}
	return c, nil
}

// secure makes TLS of a new connection.
func (c *connection) secure(config *tls.Config, deadline time.Time) error {
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if config.ServerName == "" {
		config = config.Clone()
		config.ServerName, _, _ = net.SplitHostPort(c.origin.Address) // it was joined before
	}
	if limit := time.Now().Add(handshakeTimeout); deadline.IsZero() || limit.Before(deadline) {
		deadline = limit
	}
	_ = c.raw.SetDeadline(deadline)
	wrapped := tls.Client(c.raw, config)
	if err := wrapped.HandshakeContext(context.Background()); err != nil {
		return fmt.Errorf("TLS handshake with %s: %w", c.origin.Address, err)
	}
	c.conn = wrapped
	return nil
}

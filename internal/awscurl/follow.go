package awscurl

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// follow sends the request and goes where redirects lead, if -L says so.
func (x *exchange) follow(ctx context.Context) (*http.Response, error) {
	out := x.draft()
	signed := x.signs()
	for {
		response, err := x.try(ctx, out, signed)
		if err != nil {
			return nil, err
		}
		location := response.Header.Get("Location")
		if !isRedirect(response.StatusCode) || location == "" || !x.o.location {
			return response, nil
		}
		if x.o.maxRedirects >= 0 && x.redirects >= x.o.maxRedirects {
			_ = response.Body.Close()
			return nil, failf(exitRedirects, "more than %d redirects", x.o.maxRedirects)
		}
		x.redirects++
		_, _ = io.CopyN(io.Discard, response.Body, 64<<10) // so that the connection can be used again
		_ = response.Body.Close()
		next, err := x.redirect(out, response.StatusCode, location)
		if err != nil {
			return nil, err
		}
		same := next.target.origin() == out.target.origin()
		signed = x.signs() && (x.o.locationTrusted || same && x.o.resign && signed)
		if signed {
			x.target = next.target
			if x.scope, err = x.o.findScope(next.target, x.sources, x.s); err != nil {
				return nil, err
			}
		}
		out = next
	}
}

func isRedirect(status int) bool {
	return slices.Contains([]int{301, 302, 303, 307, 308}, status)
}

// redirect returns the request that a redirect asks for, unsigned.
func (x *exchange) redirect(from *outgoing, status int, location string) (*outgoing, error) {
	base := from.target.url()
	base.Scheme = from.target.scheme
	reference, err := url.Parse(encodeIllegal(location))
	if err != nil {
		return nil, failf(exitURL, "redirected to a bad URL")
	}
	to, err := parseTarget(base.ResolveReference(reference).String(), "")
	if err != nil {
		return nil, err
	}
	if err := x.mayRedirect(from.target, to); err != nil {
		return nil, err
	}
	next := &outgoing{method: from.method, target: to, host: to.host, payload: from.payload}
	toGet := status == http.StatusSeeOther && from.method != "HEAD" || (status == 301 || status == 302) && from.method == "POST"
	if toGet {
		next.method, next.payload = "GET", nil
		x.hash = ""
	}
	same := to.origin() == from.target.origin()
	for _, field := range x.header {
		lower := strings.ToLower(field.Name)
		switch {
		case toGet && lower == "content-type":
		case strings.HasPrefix(lower, "x-amz-") && (signers[lower] || !same && !x.o.locationTrusted):
		case lower == "host":
			if same {
				next.host = field.Value
			}
		case !same && !x.o.locationTrusted && staysHome(lower):
		default:
			next.header = append(next.header, field)
		}
	}
	if cookie := x.cookies.header(to); cookie != "" {
		if _, ok := next.header.get("Cookie"); !ok {
			next.header = next.header.add("Cookie", cookie)
		}
	}
	return next, nil
}

// signers are the headers of a signature, which is good for one request.
var signers = map[string]bool{"x-amz-date": true, "x-amz-content-sha256": true, "x-amz-security-token": true, "x-amz-region-set": true}

// staysHome says which headers another host must not see.
func staysHome(name string) bool {
	switch name {
	case "authorization", "cookie", "proxy-authorization", "x-api-key":
		return true
	default:
		return strings.Contains(name, "token") || strings.Contains(name, "secret") || strings.Contains(name, "credential")
	}
}

// mayRedirect refuses schemes that were not asked for.
func (x *exchange) mayRedirect(from, to *target) error {
	if allowed := strings.TrimPrefix(x.o.protoRedir, "="); allowed != "" {
		if !slices.Contains(strings.Split(allowed, ","), to.scheme) && allowed != "all" {
			return failf(exitFailure, "redirected to %s, which --proto-redir does not name", to.scheme)
		}
		return nil
	}
	if from.isTLS() && !to.isTLS() {
		return failf(exitFailure, "redirected from https to %s: --proto-redir =http,https allows it", to.scheme)
	}
	return nil
}

// try sends out, again as often as --retry allows, each time signed anew.
func (x *exchange) try(ctx context.Context, out *outgoing, signed bool) (*http.Response, error) {
	for n := 0; ; n++ {
		response, err := x.attempt(ctx, out, signed)
		if err == nil && x.skewed(response) && signed && n == 0 {
			_ = response.Body.Close()
			response, err = x.attempt(ctx, out, signed)
		}
		if n >= x.o.retries || !x.isTransient(response, err) || ctx.Err() != nil {
			return response, err
		}
		wait := x.o.patience(n)
		if response != nil {
			if after, e := strconv.Atoi(response.Header.Get("Retry-After")); e == nil && after >= 0 && x.o.retryDelay == 0 {
				wait = min(time.Duration(after), 3600) * time.Second
			}
		}
		if x.o.retryMaxTime > 0 && time.Since(x.begun)+wait > x.o.retryMaxTime {
			return response, err
		}
		if response != nil {
			_ = response.Body.Close()
		}
		x.log.notef("try %d failed: again in %v", n+1, wait)
		select {
		case <-ctx.Done():
			return nil, transportFailure(ctx.Err())
		case <-time.After(wait):
		}
	}
}

func (x *exchange) isTransient(response *http.Response, err error) bool {
	if err != nil {
		return x.o.retryErrors || statusOf(err) == exitTimeout || x.o.retryConnRefused && errors.Is(err, syscall.ECONNREFUSED)
	}
	switch response.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	default:
		return x.o.retryErrors && x.o.fail && response.StatusCode >= 400
	}
}

// skewed reports whether the server's clock is so far from ours that it refused
// the signature, and remembers by how much.
func (x *exchange) skewed(response *http.Response) bool {
	if x.o.clockSkew != "auto" || response.StatusCode != http.StatusForbidden {
		return false
	}
	date, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		return false
	}
	ahead := time.Until(date)
	if ahead.Abs() < 4*time.Minute {
		return false
	}
	x.clock = ahead
	x.log.notef("the server's clock is off by %v: signing once more by it", ahead.Round(time.Second))
	return true
}

// attempt signs and sends out once.
func (x *exchange) attempt(ctx context.Context, out *outgoing, signed bool) (*http.Response, error) {
	sending := *out
	if signed {
		if err := x.sign(ctx, &sending); err != nil {
			return nil, err
		}
	}
	request := x.request(ctx, &sending)
	x.log.request(request, sending.header)
	x.stats.start(out)
	response, err := x.network.RoundTrip(request)
	if err != nil {
		return nil, transportFailure(err)
	}
	x.stats.firstByte = time.Since(x.stats.sent)
	x.log.response(response)
	x.cookies.keep(response, out.target)
	return response, nil
}

// request makes out what net/http sends.
func (x *exchange) request(ctx context.Context, out *outgoing) *http.Request {
	request := &http.Request{Method: out.method, URL: out.target.url(), Host: out.host, Header: out.header.http()}
	request = request.WithContext(httptrace.WithClientTrace(ctx, x.clientTrace()))
	if out.payload == nil || out.payload.size == 0 && !out.payload.once {
		// Without a body, all but GET and HEAD say that it is empty.
		request.Body, request.TransferEncoding = http.NoBody, []string{"identity"}
		return request
	}
	if out.payload.once {
		request.Body, request.ContentLength = io.NopCloser(x.s.stdin), -1
		return request
	}
	request.Body, request.ContentLength = x.stats.upload(out.payload.open()), out.payload.size
	request.GetBody = func() (io.ReadCloser, error) { return out.payload.open(), nil }
	return request
}

// clientTrace notes when what happened.
func (x *exchange) clientTrace() *httptrace.ClientTrace {
	since := func(d *time.Duration) { *d = time.Since(x.stats.sent) }
	return &httptrace.ClientTrace{
		DNSDone: func(httptrace.DNSDoneInfo) { since(&x.stats.lookup) },
		ConnectDone: func(_, _ string, err error) {
			if err == nil {
				since(&x.stats.connect)
			}
		},
		TLSHandshakeDone: func(state tls.ConnectionState, err error) {
			since(&x.stats.handshake)
			if err == nil {
				x.log.notef("%s, %s", tls.VersionName(state.Version), tls.CipherSuiteName(state.CipherSuite))
			}
		},
		GotConn: func(info httptrace.GotConnInfo) {
			since(&x.stats.ready)
			x.stats.remote, x.stats.local = info.Conn.RemoteAddr(), info.Conn.LocalAddr()
			x.log.notef("connected to %v", x.stats.remote)
		},
	}
}

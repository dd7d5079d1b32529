package awscurl

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/hakonegate/hakone/sigv4"
)

// amzDate is the form of X-Amz-Date.
const amzDate = "20060102T150405Z"

// An outgoing is one request as it is sent.
type outgoing struct {
	method  string
	target  *target
	host    string // the Host header
	header  header
	payload *payload // nil: no body
}

// draft returns the request without its signature.
func (x *exchange) draft() *outgoing {
	out := &outgoing{method: x.method, target: x.target, host: x.target.host, header: x.header, payload: x.payload}
	if host, ok := x.header.get("Host"); ok {
		out.host = host
		out.header = x.header.without("Host")
	}
	if cookie := x.cookies.header(x.target); cookie != "" {
		if _, ok := out.header.get("Cookie"); !ok {
			out.header = append(slices.Clip(out.header), sigv4.Header{Name: "Cookie", Value: cookie})
		}
	}
	return out
}

// when is the time to sign with: the user's X-Amz-Date, else now.
func (x *exchange) when(h header) (time.Time, error) {
	given, ok := h.get("X-Amz-Date")
	if !ok {
		return time.Now().Add(x.clock), nil
	}
	t, err := time.Parse(amzDate, given)
	if err != nil {
		return t, failf(exitUsage, "X-Amz-Date %q: it is like 20260102T030405Z", given)
	}
	return t, nil
}

// unsignedPayload stands for the hash of a body that is not signed.
const unsignedPayload = "UNSIGNED-PAYLOAD"

// canonical returns what sigv4 signs of out, with the payload's hash in its
// header so that the body streams.
func (x *exchange) canonicalForm(out *outgoing) (*sigv4.Request, error) {
	r := &sigv4.Request{Method: out.method, Host: out.host, Path: out.target.path, RawQuery: out.target.query, Headers: out.header}
	if x.o.signHost != "" {
		r.Host = x.o.signHost
	}
	if _, ok := out.header.get("X-Amz-Content-Sha256"); ok {
		return r, nil
	}
	if x.hash == "" {
		switch {
		case x.o.unsignedPayload || x.payload.once:
			x.hash = unsignedPayload
		default:
			var err error
			if x.hash, err = x.payload.hash(); err != nil {
				return nil, err
			}
		}
	}
	r.Headers = append(slices.Clip(out.header), sigv4.Header{Name: "X-Amz-Content-Sha256", Value: x.hash})
	return r, nil
}

// sign adds the signature to out.
func (x *exchange) sign(ctx context.Context, out *outgoing) error {
	credentials, err := x.credentials(ctx)
	if err != nil {
		return err
	}
	if token, ok := out.header.get("X-Amz-Security-Token"); ok && credentials.SessionToken == "" {
		credentials.SessionToken = token
		x.log.secret(token)
	}
	r, err := x.canonicalForm(out)
	if err != nil {
		return err
	}
	t, err := x.when(out.header)
	if err != nil {
		return err
	}
	if _, ok := out.header.get("Authorization"); ok {
		x.log.note("the Authorization header is replaced by the signature: --no-sign-request sends it")
	}
	signer := x.scope.signer(x.o)
	signer.Trace = x.signed
	added, err := signer.Sign(r, credentials, t)
	if err != nil {
		return failf(exitFailure, "%s", strings.TrimPrefix(err.Error(), "sigv4: "))
	}
	for _, field := range added {
		out.header = out.header.set(field.Name, field.Value)
	}
	return nil
}

// signed keeps and shows what was signed.
func (x *exchange) signed(canonicalRequest, stringToSign string) {
	x.canonical, x.toSign = sigv4.MaskToken(canonicalRequest), stringToSign
	x.log.signed(x.canonical, stringToSign)
}

// presigned returns the URL of out with a signature in its query.
func (x *exchange) presigned(ctx context.Context, out *outgoing) (string, error) {
	credentials, err := x.credentials(ctx)
	if err != nil {
		return "", err
	}
	t, err := x.when(out.header)
	if err != nil {
		return "", err
	}
	r, err := x.canonicalForm(out)
	if err != nil {
		return "", err
	}
	signer := x.scope.signer(x.o)
	signer.Trace = x.signed
	// A URL carries no headers: those that whoever opens it would have to send
	// are not signed, unless the user gave them.
	defaulted := len(x.o.headers) == 0
	chosen := signer.Headers
	signer.Headers = func(name string) bool { return chosen(name) && (name != "content-type" || !defaulted) }
	if hash, given := out.header.get("X-Amz-Content-Sha256"); !given {
		r.Headers = out.header
		r.Body = x.payload.open()
		signer.UnsignedPayload = x.hash == unsignedPayload
	} else if hash == unsignedPayload {
		r.Headers = out.header.without("X-Amz-Content-Sha256")
		signer.UnsignedPayload = true
	}
	query, err := signer.Presign(r, credentials, t, x.o.presign)
	if err != nil {
		return "", failf(exitFailure, "%s", strings.TrimPrefix(err.Error(), "sigv4: "))
	}
	return out.target.origin() + out.target.path + "?" + query, nil
}

package sigv4

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// NewRequest takes what a signature covers from r: of a server's request as it
// came in, of a client's as [http.Client] will send it. The error is an
// [*Error] with the reason [Malformed].
//
// A server must call it before any mux, router or rewriting handler, which
// change the URL. Body and [Request.Body] are one stream until the body is
// hashed.
func NewRequest(r *http.Request) (*Request, error) {
	out := new(Request)
	if err := out.Reset(r); err != nil {
		return nil, err
	}
	return out, nil
}

// Reset is [NewRequest] into r, whose headers' memory is used again: r may be of a
// request that is over and released. After an error it is not to be used.
func (r *Request) Reset(from *http.Request) error {
	target := from.RequestURI
	if target == "" {
		target = from.URL.RequestURI()
	}
	*r = Request{Method: from.Method, Host: from.Host, Body: from.Body, ContentLength: from.ContentLength, Headers: r.Headers[:0]}
	if r.Method == "" {
		r.Method = http.MethodGet // as net/http's client has it
	}
	if r.Host == "" && from.RequestURI == "" {
		r.Host = from.URL.Host
	}
	if from.Body == nil { // else Body would be an interface holding nil
		r.Body = nil
	}
	// A target of the absolute form overrides the Host header, and net/http
	// does not tell what that was.
	if !strings.HasPrefix(target, "/") {
		return &Error{Reason: Malformed, Message: messageIncomplete, Detail: "request target does not start with a slash"}
	}
	r.Path, r.RawQuery, _ = strings.Cut(target, "?")

	n := 0
	for _, values := range from.Header {
		n += len(values)
	}
	r.Headers = slices.Grow(r.Headers, n)
	for name, values := range from.Header {
		for _, value := range values {
			if name != "Host" {
				r.Headers = append(r.Headers, Header{name, value})
				continue
			}
			// HTTP/2 may carry a host field beside :authority. A client's
			// Header["Host"] is not sent, so that it does not matter there.
			if value != from.Host && from.RequestURI != "" {
				return &Error{Reason: Malformed, Message: messageIncomplete, Detail: "Host differs from :authority"}
			}
		}
	}
	return nil
}

// SignHTTP signs a client's request in place. It reads the body, if it must be
// hashed, and leaves r.Body and r.GetBody ready to send it. A default port in
// the host (:80 for http, :443 for https) is removed, as other clients do.
func (s *Signer) SignHTTP(r *http.Request, c Credentials, t time.Time) error {
	in, err := clientRequest(r)
	if err != nil {
		return err
	}
	headers, err := s.Sign(in, c, t)
	if err != nil {
		return err
	}
	in.giveBack(r)
	r.Host = in.Host
	for _, name := range []string{"X-Amz-Security-Token", "X-Amz-Region-Set"} {
		r.Header.Del(name)
	}
	for _, h := range headers {
		r.Header.Set(h.Name, h.Value)
	}
	return nil
}

// PresignHTTP returns the presigned URL of r, and leaves r as it was but for
// the body, which it may read and give back like [Signer.SignHTTP].
func (s *Signer) PresignHTTP(r *http.Request, c Credentials, t time.Time, expires time.Duration) (string, error) {
	in, err := clientRequest(r)
	if err != nil {
		return "", err
	}
	query, err := s.Presign(in, c, t, expires)
	if err != nil {
		return "", err
	}
	in.giveBack(r)
	return r.URL.Scheme + "://" + in.Host + in.Path + "?" + query, nil
}

// clientRequest is NewRequest for a request that is about to be sent.
func clientRequest(r *http.Request) (*Request, error) {
	if r.RequestURI != "" {
		return nil, errors.New("sigv4: a server's request cannot be sent")
	}
	if r.Header == nil {
		r.Header = http.Header{}
	}
	in, err := NewRequest(r)
	if err != nil {
		return nil, err
	}
	switch r.URL.Scheme {
	case "http":
		in.Host = strings.TrimSuffix(in.Host, ":80")
	case "https":
		in.Host = strings.TrimSuffix(in.Host, ":443")
	}
	// net/http sends its own User-Agent and may add Accept-Encoding, but
	// nothing else that is in r.Header changes on the way, except that its
	// order is lost: one name after another.
	slices.SortStableFunc(in.Headers, func(a, b Header) int { return strings.Compare(a.Name, b.Name) })
	return in, nil
}

// giveBack leaves the body that was hashed in a client's request.
func (r *Request) giveBack(to *http.Request) {
	payload, hashed := r.Payload()
	if !hashed || r.Body == nil || r.Body == noBody {
		return
	}
	_ = to.Body.Close() // read to its end
	to.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(payload)), nil }
	to.Body, _ = to.GetBody()
	to.ContentLength = int64(len(payload))
	if len(payload) == 0 {
		to.Body, to.GetBody = http.NoBody, func() (io.ReadCloser, error) { return http.NoBody, nil }
	}
}

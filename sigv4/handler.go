package sigv4

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
)

// Handler answers only requests that v accepts; the others get the answer of
// [WriteError]. Next finds the [Signature] with [FromContext], in r.Body the
// body that was hashed, and in r.URL the path that was signed.
//
// Put it outermost: [http.ServeMux] cleans paths and redirects before it calls
// a handler.
func Handler(v *Verifier, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in, err := NewRequest(r)
		var signature *Signature
		if err == nil {
			signature, err = v.Verify(r.Context(), in)
		}
		if err != nil {
			WriteError(w, err)
			return
		}
		out := r.WithContext(context.WithValue(r.Context(), contextKey{}, signature))
		if v.NormalizePath && signature.Path != in.Path {
			out.URL = normalisedURL(r.URL, signature.Path)
			out.RequestURI = out.URL.RequestURI()
		}
		if payload, hashed := in.Payload(); hashed {
			out.Body = http.NoBody
			if len(payload) > 0 {
				out.Body = struct {
					io.Reader
					io.Closer
				}{in.Body, r.Body}
			}
		}
		defer in.Release()
		next.ServeHTTP(w, out)
	})
}

// normalisedURL returns u with the path that was signed.
func normalisedURL(u *url.URL, path string) *url.URL {
	out := *u
	if decoded, err := url.PathUnescape(path); err == nil {
		out.Path, out.RawPath = decoded, path
	}
	return &out
}

type contextKey struct{}

// FromContext returns the signature of a request that came through [Handler].
func FromContext(ctx context.Context) (*Signature, bool) {
	s, ok := ctx.Value(contextKey{}).(*Signature)
	return s, ok
}

// WriteError answers a refused request in the words and form of an API Gateway
// REST API: status 403, the type in X-Amzn-ErrorType, the message in JSON. On
// a mismatch the message holds what this side computed from the request, as
// AWS's does. An error that is no [*Error] is answered by status 500 and no
// detail.
func WriteError(w http.ResponseWriter, err error) {
	status, kind, message := http.StatusInternalServerError, "InternalFailure", "Internal Server Error"
	if e, ok := asError(err); ok {
		status, kind, message = http.StatusForbidden, e.Reason.errorType(), e.Message
		switch e.Reason {
		case HeadersTooLarge:
			status = http.StatusRequestHeaderFieldsTooLarge
		case BodyTooLarge:
			status = http.StatusRequestEntityTooLarge
			w.Header().Set("Connection", "close") // the rest of the body is not read
		case Busy:
			status = http.StatusServiceUnavailable
		default:
		}
		if e.CanonicalRequest != "" {
			message += "\n\nThe Canonical String for this request should have been\n'" + e.CanonicalRequest +
				"'\n\nThe String-to-Sign should have been\n'" + e.StringToSign + "'\n"
		}
	}
	body, _ := json.Marshal(map[string]string{"message": message}) // two strings cannot fail
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-ErrorType", kind)
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// errorType is the name that AWS gives to r.
func (r Reason) errorType() string {
	switch r {
	case Missing:
		return "MissingAuthenticationTokenException"
	case Malformed:
		return "IncompleteSignatureException"
	case UnknownKey, InvalidToken:
		return "UnrecognizedClientException"
	case ExpiredToken:
		return "ExpiredTokenException"
	case HeadersTooLarge, BodyTooLarge:
		return "RequestTooLargeException"
	case Busy:
		return "TooManyRequestsException"
	default:
		return "InvalidSignatureException"
	}
}

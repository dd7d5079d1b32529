package sigv4

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// NewRequest takes what a signature covers from r, in a server or in a client.
func NewRequest(r *http.Request) (*Request, error) { return nil, errors.New("sigv4: new request") }

// SignHTTP signs r in place.
func (s *Signer) SignHTTP(r *http.Request, c Credentials, t time.Time) error {
	return errors.New("sigv4: sign")
}

// PresignHTTP returns the presigned URL of r.
func (s *Signer) PresignHTTP(r *http.Request, c Credentials, t time.Time, expires time.Duration) (string, error) {
	return "", errors.New("sigv4: presign")
}

// Handler answers only requests that v accepts.
func Handler(v *Verifier, next http.Handler) http.Handler { return next }

// FromContext returns the signature of a request that came through [Handler].
func FromContext(ctx context.Context) (*Signature, bool) { return nil, false }

package sigv4

import (
	"errors"
	"time"
)

// A Signer signs requests for one service. It is safe for concurrent use and
// may be copied.
type Signer struct {
	Service string
	Region  string

	// RegionSet makes the signatures asymmetric (SigV4A), good for these
	// regions; "*" stands for all.
	RegionSet []string

	S3              bool // S3's rules: the path encoded once, the payload hash sent
	UnsignedPayload bool // leave the body out
	SendPayloadHash bool // send X-Amz-Content-Sha256 though the service does not ask for it
	UnsignedToken   bool // add the session token after signing, as AWS IoT wants
	RawPath         bool // do not normalise the canonical path

	// Headers says which headers to sign by their lower-case name; nil means
	// all that proxies leave alone. Host and X-Amz-* are always signed.
	Headers func(name string) bool

	// Trace, if set, is called with what is signed. A session token in it is
	// the real one.
	Trace func(canonicalRequest, stringToSign string)
}

// Sign returns the headers to set on r, Authorization last. The body is read
// to hash it and stays readable.
func (s *Signer) Sign(r *Request, c Credentials, t time.Time) ([]Header, error) {
	return nil, errors.New("sigv4: sign")
}

// Presign returns the raw query that makes r good for the given time, without
// any further header.
func (s *Signer) Presign(r *Request, c Credentials, t time.Time, expires time.Duration) (string, error) {
	return "", errors.New("sigv4: presign")
}

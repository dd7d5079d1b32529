package sigv4

import "io"

// A Header is one header field as it was received or will be sent.
type Header struct{ Name, Value string }

// A Request is what a signature is about, in plain values: nothing in it has
// been decoded, cleaned or re-ordered. [NewRequest] takes it from net/http.
type Request struct {
	Method   string
	Host     string   // the Host field or :authority, port included
	Path     string   // the request target before the first "?", undecoded
	RawQuery string   // the request target after the first "?", undecoded
	Headers  []Header // in order, without Host

	// Body is the payload after transfer decoding; nil means empty. Whoever
	// hashes it replaces it with a reader over the bytes that were hashed.
	Body io.Reader

	// ContentLength is the declared size of Body; 0 or less means unknown.
	ContentLength int64

	payload []byte
	hashed  bool
	buffer  *[]byte // what payload is part of, until Release
	reader  *bodyReader
}

// Payload returns the bytes of the body that were hashed, and whether the
// body was hashed at all: it is not when a signature leaves it out. The slice
// is good until [Request.Release] and must not be changed.
func (r *Request) Payload() (body []byte, hashed bool) { return r.payload, r.hashed }

// Credentials sign requests. SessionToken is empty for long-term access keys.
type Credentials struct{ AccessKeyID, SecretAccessKey, SessionToken string }

// A Scope is the region and service that a signature is good for.
type Scope struct{ Region, Service string }

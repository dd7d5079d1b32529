package sigv4

import (
	"errors"
	"strings"
	"time"
)

// A Reason is why a signature was refused.
type Reason uint8

// The reasons, in the order in which [Verifier.Verify] finds them.
const (
	Malformed        Reason = iota + 1 // credentials or request that cannot be read
	HeadersTooLarge                    // request line and header values above the limit
	Missing                            // no credentials at all
	WrongScope                         // signed for another date, region or service
	Expired                            // the window of the signature is over
	NotYetValid                        // the window of the signature lies ahead
	HostNotSigned                      // host is not among the signed headers
	PathNotNormal                      // empty or dot segments, which a signature does not tell apart
	UnknownKey                         // no such access key, or an inactive one
	InvalidToken                       // session token missing, superfluous or wrong
	ExpiredToken                       // temporary credentials are over
	StreamingPayload                   // the payload is signed in chunks, which is not offered
	BodyTooLarge                       // body above the limit
	Busy                               // too many unverified bodies at once; try again
	Mismatch                           // signature, signed headers or payload do not agree with the request
	Replayed                           // seen before, where a [ReplayCache] is in use
)

var reasonNames = [...]string{
	"unknown reason", "malformed", "headers too large", "missing", "wrong scope", "expired", "not yet valid", "host not signed",
	"path not normal", "unknown key", "invalid token", "expired token", "streaming payload", "body too large", "busy", "mismatch", "replayed",
}

// String returns the reason in words, as in "wrong scope".
func (r Reason) String() string {
	if int(r) >= len(reasonNames) {
		r = 0
	}
	return reasonNames[r]
}

// An Error reports why a signature was refused. It holds no secret, no
// session token and no signature that this side computed.
type Error struct {
	Reason  Reason
	Message string // in AWS's words; may be sent to the caller
	Detail  string // what was found and where, for the operator

	// What the request claims, as far as it was read: not proven.
	AccessKeyID string
	Time        time.Time

	// What this side computed from the request, only if that was what did not
	// match. A session token in it is masked as [MaskToken] does.
	CanonicalRequest string
	StringToSign     string

	Err error // what the KeySource or the body answered, if that was the cause
}

// Error returns the reason and the detail.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("signature refused: ")
	b.WriteString(e.Reason.String())
	if e.Detail != "" {
		b.WriteString(": ")
		b.WriteString(e.Detail)
	}
	return b.String()
}

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }

func asError(err error) (*Error, bool) { return errors.AsType[*Error](err) }

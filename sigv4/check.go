package sigv4

import (
	"context"
	"strings"
	"sync"
	"time"
)

// A check is one verification under way. Each step fills it in or refuses.
type check struct {
	*workspace
	v     *Verifier
	r     *Request
	scope Scope     // the verifier's
	now   time.Time // whole seconds, as all times on the wire

	fields     fields
	auth       authorization
	presigned  bool
	asymmetric bool

	// The credential, split.
	id, scopeDate string
	claimed       Scope
	scopeText     string // everything after the access key ID

	stamp     string // the time of signing as in X-Amz-Date
	time, end time.Time
	path      string
	token     string
	key       Key

	payloadHash string // what the canonical request ends in
	claimedHash bool   // from the request, so that the body is still to be compared with it
	chunked     bool   // the payload is signed in chunks
	signingKey  *macKey
	replayID    [32]byte
}

// fields are the headers that a verification looks at: the last value of each
// and how many there were.
type fields struct {
	authorization, amzDate, date, token, contentHash, regionSet field
}

type field struct {
	value string
	count int
}

// steps is the order in which a request is judged: what costs nothing comes
// first, then the look-up of the key, then the signature, the body last.
var steps = [...]func(*check, context.Context) error{
	(*check).readTarget,
	(*check).readHeaders,
	(*check).readQuery,
	(*check).readAuthorization,
	(*check).readCredential,
	(*check).checkTime,
	(*check).checkScope,
	(*check).checkPath,
	(*check).checkSignedHeaders,
	(*check).checkSignatureForm,
	(*check).findKey,
	(*check).checkPayloadForm,
	(*check).checkSignature,
	(*check).checkPayload,
	(*check).checkReplay,
}

// stepsOfClaim are those that read what a request claims.
const stepsOfClaim = 5

var checks = sync.Pool{New: func() any { return new(check) }}

func newCheck(v *Verifier, r *Request, scope Scope) *check {
	c := checks.Get().(*check) // the pool holds nothing else
	c.workspace, c.v, c.r, c.scope, c.now = newWorkspace(), v, r, scope, v.now().UTC().Truncate(time.Second)
	return c
}

func (c *check) release() {
	c.workspace.release()
	*c = check{} // for the next one, and no secret stays in the pool
	checks.Put(c)
}

// accept fills s with what the request proved.
func (c *check) accept(s *Signature) {
	*s = Signature{
		AccessKeyID:   c.id,
		Caller:        c.key.Caller,
		Time:          c.time,
		Expires:       c.end,
		Scope:         c.scope,
		SignedHeaders: append(s.SignedHeaders, c.names...),
		Path:          c.path,
		PayloadHash:   c.payloadHash,
		Presigned:     c.presigned,
		SessionToken:  c.token != "",
	}
	if over := c.key.Expires; !over.IsZero() && over.Before(s.Expires) {
		s.Expires = over
	}
	if c.asymmetric {
		s.RegionSet = c.auth.regionSet
	}
	if c.chunked {
		s.chunks = c.newChunks()
	}
}

// refuse returns an error for reason; message is AWS's, detail ours.
func (c *check) refuse(reason Reason, message, detail string) *Error {
	return &Error{Reason: reason, Message: message, Detail: detail, AccessKeyID: strings.Clone(c.id), Time: c.time}
}

func (c *check) malformed(detail string) *Error {
	return c.refuse(Malformed, messageIncomplete, detail)
}
func (c *check) differs(detail string) *Error { return c.refuse(Mismatch, messageMismatch, detail) }

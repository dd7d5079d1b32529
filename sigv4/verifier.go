package sigv4

import (
	"cmp"
	"context"
	"errors"
	"math"
	"sync"
	"time"
)

// A Verifier checks the signatures of incoming requests.
//
// Keys and Scope are required; the rest may be zero. A Verifier is safe for
// concurrent use if its Keys is, and must not be copied after first use.
type Verifier struct {
	Keys  KeySource
	Scope Scope // what clients must sign for; API Gateway's service is "execute-api"

	Skew       time.Duration    // how far the time of a request may stray; 0 means 5 minutes
	MaxExpires time.Duration    // longest life of a presigned URL; 0 means 7 days, which is also the most
	Now        func() time.Time // nil means time.Now

	MaxBody        int64 // bytes of a body that are read to hash it; 0 means 10 MiB
	MaxHeaderBytes int   // request target and header values together; 0 means 10,240
	MaxBodies      int   // bodies read at once before their signature is known to be good; 0 means 64
	MaxKeys        int   // signing keys kept; 0 means 10,000

	S3              bool     // S3's rules for path and payload
	UnsignedPayload bool     // accept UNSIGNED-PAYLOAD, also as S3's default in presigned URLs; ask for TLS then
	StreamPayload   bool     // leave a body whose hash is claimed unread, accept one signed in chunks: see [Signature.Payload]
	SigV4A          bool     // accept asymmetric signatures too
	UnsignedToken   bool     // session tokens are added after signing, as for AWS IoT
	RawPath         bool     // the canonical path is encoded but not normalised
	NormalizePath   bool     // accept paths with empty or dot segments: use only Signature.Path then
	ProxyHeaders    []string // lower-case x-amz-* names that a proxy in front adds, so that they are not signed

	Replay *ReplayCache // refuse what was accepted before; nil accepts it again, as AWS does

	once  sync.Once
	keys  *keyCache
	slots chan struct{} // bodies being read whose signature is not yet known to be good
}

// The limits of a Verifier whose fields are zero. AWS documents the body and
// the header quota of API Gateway, and five minutes is what it allows.
const (
	defaultSkew        = 5 * time.Minute
	defaultMaxBody     = 10 << 20
	defaultHeaderBytes = 10240
	defaultMaxBodies   = 64
	defaultMaxKeys     = 10000

	maxExpires       = 7 * 24 * time.Hour
	maxValueBytes    = 8192
	maxHeaders       = 500
	maxSignedHeaders = 100
	maxQueryPairs    = 1000
)

func (v *Verifier) start() {
	v.once.Do(func() {
		v.keys = newKeyCache(cmp.Or(max(v.MaxKeys, 0), defaultMaxKeys))
		v.slots = make(chan struct{}, cmp.Or(max(v.MaxBodies, 0), defaultMaxBodies))
	})
}

func (v *Verifier) now() time.Time {
	if v.Now != nil {
		return v.Now()
	}
	return time.Now()
}

// A Signature is what an accepted request proved. Use its fields, not those
// of the request, for every later decision.
type Signature struct {
	AccessKeyID   string
	Caller        any       // from the [Key]
	Time          time.Time // when it was signed
	Expires       time.Time // when it stops being accepted, be it for the credentials' end
	Scope         Scope
	RegionSet     string // of an asymmetric signature: as signed, "us-east-1,eu-*"
	SignedHeaders []string
	Path          string // the path that was signed, undecoded: raw, normalised or, with S3's rules, encoded once
	PayloadHash   string // as signed: hex SHA-256, or UNSIGNED-PAYLOAD
	Presigned     bool   // in the query string instead of the Authorization header
	SessionToken  bool   // came with a session token

	chunks *Chunks // of a payload that is signed in chunks
}

// Verify checks r against v.Scope.
//
// A refused signature is an [*Error]; any other error means that v is
// incomplete, or that Keys or reading the body failed, and says nothing about
// the caller. Cheap checks come first: no body byte is read and no HMAC
// computed before the request is well formed, in scope, in time and its access
// key known.
func (v *Verifier) Verify(ctx context.Context, r *Request) (*Signature, error) {
	return v.VerifyScope(ctx, r, v.Scope)
}

// VerifyScope is [Verifier.Verify] with another scope, for one verifier that
// serves several services.
func (v *Verifier) VerifyScope(ctx context.Context, r *Request, scope Scope) (*Signature, error) {
	s := new(Signature)
	if err := v.VerifyInto(ctx, s, r, scope); err != nil {
		return nil, err
	}
	return s, nil
}

// VerifyInto is [Verifier.VerifyScope] into memory of the caller, which may be
// that of a request that is over: it then allocates nothing for an accepted
// request without a body. A refusal leaves s empty.
func (v *Verifier) VerifyInto(ctx context.Context, s *Signature, r *Request, scope Scope) error {
	*s = Signature{SignedHeaders: s.SignedHeaders[:0]}
	if v.Keys == nil || scope.Region == "" || scope.Service == "" {
		return errors.New("sigv4: verifier without keys, region or service")
	}
	v.start()
	c := newCheck(v, r, scope)
	defer c.release()
	for _, step := range steps {
		if err := step(c, ctx); err != nil {
			return err
		}
	}
	c.accept(s)
	return nil
}

// A Claim is what a request says about its signature; nothing of it is proven.
type Claim struct {
	AccessKeyID string
	Date        string
	Scope       Scope // Region is empty for an asymmetric signature
	Presigned   bool
}

// Claimed reads the credential of r without checking anything else, for a
// front door that finds the service by it. A request that cannot be read gives
// the [*Error] that Verify gives.
func Claimed(r *Request) (Claim, error) {
	v := &Verifier{SigV4A: true, MaxHeaderBytes: math.MaxInt}
	c := newCheck(v, r, Scope{})
	defer c.release()
	for _, step := range steps[:stepsOfClaim] {
		if err := step(c, context.Background()); err != nil {
			return Claim{}, err
		}
	}
	return Claim{AccessKeyID: c.id, Date: c.scopeDate, Scope: c.claimed, Presigned: c.presigned}, nil
}

package access

import (
	"context"
	"errors"

	"github.com/hakonegate/hakone/sigv4"
)

// Keys knows every access key: the long-term keys of IAM users and, given the
// session token, the temporary ones. The Caller of a key it returns is a
// [*Caller]. Its errors are those that [sigv4.KeySource] documents.
type Keys interface {
	Key(ctx context.Context, accessKeyID, sessionToken string) (sigv4.Key, error)
}

// Authenticate verifies r's signature and returns its caller.
//
// A refused signature is a [*sigv4.Error]; any other error says nothing about the
// caller. The signature is nil unless it was good; what a refused one claims is in
// the error and in [sigv4.Claimed].
func Authenticate(ctx context.Context, v *sigv4.Verifier, r *sigv4.Request) (*Caller, *sigv4.Signature, error) {
	return AuthenticateScope(ctx, v, r, v.Scope)
}

// AuthenticateScope is [Authenticate] for a scope other than v's, for a front
// door of several services.
func AuthenticateScope(ctx context.Context, v *sigv4.Verifier, r *sigv4.Request, scope sigv4.Scope) (*Caller, *sigv4.Signature, error) {
	sig := new(sigv4.Signature)
	caller, err := authenticate(ctx, v, sig, r, scope)
	if caller == nil {
		sig = nil
	}
	return caller, sig, err
}

// AuthenticateInto is [Authenticate] into memory of the caller's, which may be that
// of a request that is over.
func AuthenticateInto(ctx context.Context, v *sigv4.Verifier, sig *sigv4.Signature, r *sigv4.Request) (*Caller, error) {
	return authenticate(ctx, v, sig, r, v.Scope)
}

func authenticate(ctx context.Context, v *sigv4.Verifier, sig *sigv4.Signature, r *sigv4.Request, scope sigv4.Scope) (*Caller, error) {
	if err := v.VerifyInto(ctx, sig, r, scope); err != nil {
		return nil, err
	}
	caller, ok := sig.Caller.(*Caller)
	if !ok || caller == nil {
		return nil, errors.New("authenticate: the key table knows no caller for the access key")
	}
	return caller, nil
}

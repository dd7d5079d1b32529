package sigv4

import (
	"context"
	"crypto/subtle"
	"errors"
	"time"
)

// A KeySource answers these errors, wrapped or not, when the caller is to
// blame. Any other error means that the source itself failed.
var (
	ErrUnknownKey   = errors.New("access key unknown or inactive")
	ErrInvalidToken = errors.New("session token not of this access key")
	ErrExpiredToken = errors.New("session token expired")
)

// A KeySource knows the secrets of access keys.
//
// Key must compare session tokens in constant time, refuse a long-term key
// that comes with a token and a temporary one that comes without, both with
// [ErrInvalidToken], and be safe for concurrent use. It is asked before the
// signature is known to be good.
type KeySource interface {
	Key(ctx context.Context, accessKeyID, sessionToken string) (Key, error)
}

// A Key is what a [KeySource] knows of an access key.
type Key struct {
	SecretAccessKey string
	Expires         time.Time // end of temporary credentials; zero: none
	Caller          any       // handed back in [Signature]
}

// StaticKeys returns a source that knows the given credentials, each its own
// Caller without its secrets: a Credentials with only the access key ID.
func StaticKeys(known ...Credentials) KeySource {
	m := make(staticKeys, len(known))
	for _, c := range known {
		m[c.AccessKeyID] = staticKey{
			key:   Key{SecretAccessKey: c.SecretAccessKey, Caller: Credentials{AccessKeyID: c.AccessKeyID}},
			token: c.SessionToken,
		}
	}
	return m
}

type staticKey struct {
	key   Key
	token string
}

type staticKeys map[string]staticKey

func (m staticKeys) Key(_ context.Context, accessKeyID, sessionToken string) (Key, error) {
	k, ok := m[accessKeyID]
	if !ok || k.key.SecretAccessKey == "" {
		return Key{}, ErrUnknownKey
	}
	if subtle.ConstantTimeCompare([]byte(k.token), []byte(sessionToken)) != 1 {
		return Key{}, ErrInvalidToken
	}
	return k.key, nil
}

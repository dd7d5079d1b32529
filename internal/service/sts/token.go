package sts

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/access/seal"
	"github.com/hakonegate/hakone/sigv4"
)

const (
	tokenPurpose  = "sts session token"     //nolint:gosec // what a key is for, not a key
	secretPurpose = "sts secret access key" //nolint:gosec // what a key is for, not a key
	prefixKey     = "ASIA"
	maxToken      = 8192
)

// Kinds of sessions.
const (
	roleSession      = "role"
	userSession      = "user"      // GetSessionToken
	federatedSession = "federated" // GetFederationToken
)

// A session is what a token carries. Names are short: the token travels with
// every request.
type session struct {
	Kind       string            `json:"k"`
	Account    string            `json:"a"`
	ID         string            `json:"i"` // unique id of the role or user behind it
	Name       string            `json:"n,omitempty"`
	Issued     int64             `json:"t"`
	Expires    int64             `json:"e"`
	Policy     string            `json:"p,omitempty"`
	PolicyARNs []string          `json:"m,omitempty"`
	Tags       map[string]string `json:"g,omitempty"`
	Transitive []string          `json:"r,omitempty"`
	Source     string            `json:"s,omitempty"` // source identity
	MFA        int64             `json:"f,omitempty"`
	Provider   string            `json:"w,omitempty"` // of a web identity
	Direct     bool              `json:"d,omitempty"`
	Origin     *access.Origin    `json:"o,omitempty"`
}

// issue makes the credentials of a session. The secret access key is derived
// from the token and not carried.
func (s *Service) issue(in *session, life time.Duration) (*Credentials, error) {
	now := s.now().UTC().Truncate(time.Second)
	in.Account = s.account
	in.Issued, in.Expires = now.Unix(), now.Add(life).Unix()
	plain, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("write the session: %w", err)
	}
	id := access.NewKeyID(prefixKey, s.account)
	box, err := s.seal.Seal(tokenPurpose, plain, []byte(id))
	if err != nil {
		return nil, fmt.Errorf("seal the session: %w", err)
	}
	secret, err := s.secret(id, box)
	if err != nil {
		return nil, err
	}
	return &Credentials{
		AccessKeyId: id, SecretAccessKey: secret,
		SessionToken: base64.StdEncoding.EncodeToString(box), Expiration: time.Unix(in.Expires, 0).UTC(),
	}, nil
}

func (s *Service) secret(accessKeyID string, box []byte) (string, error) {
	b, err := s.seal.Derive(secretPurpose+" "+accessKeyID, box, 30)
	if err != nil {
		return "", fmt.Errorf("derive the secret access key: %w", err)
	}
	return base64.StdEncoding.EncodeToString(b), nil
}

// open reads a token that came with an access key id. What this installation has
// not sealed for that id is [sigv4.ErrInvalidToken].
func (s *Service) open(accessKeyID, token string) (*session, string, error) {
	if token == "" || len(token) > maxToken {
		return nil, "", sigv4.ErrInvalidToken
	}
	box, err := base64.StdEncoding.Strict().DecodeString(token)
	if err != nil {
		return nil, "", sigv4.ErrInvalidToken
	}
	// Decoding skips line breaks: only the one text that was issued is good.
	if subtle.ConstantTimeCompare([]byte(base64.StdEncoding.EncodeToString(box)), []byte(token)) != 1 {
		return nil, "", sigv4.ErrInvalidToken
	}
	plain, err := s.seal.Open(tokenPurpose, box, []byte(accessKeyID))
	if errors.Is(err, seal.ErrForged) {
		return nil, "", sigv4.ErrInvalidToken
	}
	if err != nil {
		return nil, "", fmt.Errorf("open the session token: %w", err)
	}
	in := &session{}
	if err := json.Unmarshal(plain, in); err != nil || in.Account != s.account {
		return nil, "", sigv4.ErrInvalidToken
	}
	secret, err := s.secret(accessKeyID, box)
	if err != nil {
		return nil, "", err
	}
	return in, secret, nil
}

package authorizer

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// The limits of API Gateway for discovery and key sets.
const (
	fetchTimeout = 1500 * time.Millisecond
	maxKeySet    = 150_000
	keysLive     = 2 * time.Hour
	// An unknown key ID makes the keys be fetched anew, but no more often than
	// this, or anybody could make the gateway bother the issuer.
	fetchPause = 10 * time.Second
)

// Issuers knows the keys of token issuers. It fetches and keeps them. Its zero
// value takes https issuers only. It is safe for concurrent use.
type Issuers struct {
	AllowHTTP bool         // also take http issuers: for local work only
	Loopback  bool         // also take http issuers on this machine
	Client    *http.Client // nil means http.DefaultClient
	Now       func() time.Time

	mu    sync.Mutex
	known map[string]*issuer
}

type issuer struct {
	fetching sync.Mutex // held while keys are fetched, so that one request does it for all; taken before mu

	mu      sync.Mutex
	keys    map[string]*rsa.PublicKey
	fetched time.Time // when keys came
	tried   time.Time // when they were last asked for
	err     error     // of the last try
}

// find returns a key that is still good, and whether the issuer may be asked
// again.
func (i *issuer) find(kid string, now time.Time) (key *rsa.PublicKey, mayFetch bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if now.Sub(i.fetched) < keysLive {
		key = i.keys[kid]
	}
	return key, i.tried.IsZero() || now.Sub(i.tried) >= fetchPause
}

// key returns an issuer's key. Every error is a [*TokenError].
func (s *Issuers) key(ctx context.Context, name, kid string) (*rsa.PublicKey, error) {
	s.mu.Lock()
	if s.known == nil {
		s.known = map[string]*issuer{}
	}
	i := s.known[name]
	if i == nil {
		i = &issuer{}
		s.known[name] = i
	}
	s.mu.Unlock()

	if key, _ := i.find(kid, s.now()); key != nil {
		return key, nil
	}
	i.fetching.Lock()
	defer i.fetching.Unlock()
	now := s.now()
	key, mayFetch := i.find(kid, now)
	if key == nil && mayFetch {
		keys, err := s.fetch(context.WithoutCancel(ctx), name)
		i.mu.Lock()
		i.tried, i.err = now, err
		if err == nil {
			i.keys, i.fetched = keys, now
		}
		i.mu.Unlock()
		key, _ = i.find(kid, now)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	switch {
	case key != nil:
		return key, nil
	case i.err != nil:
		return nil, refuse("OIDC discovery endpoint communication error", i.err)
	default:
		return nil, refuse("unable to find matching key", nil)
	}
}

func (s *Issuers) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

// fetch asks an issuer for its keys.
func (s *Issuers) fetch(ctx context.Context, issuer string) (map[string]*rsa.PublicKey, error) {
	var discovery struct {
		JWKSURI string `json:"jwks_uri"`
	}
	if err := s.get(ctx, strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration", &discovery); err != nil {
		return nil, err
	}
	var set struct {
		Keys []struct{ Kty, Kid, Use, N, E string }
	}
	if err := s.get(ctx, discovery.JWKSURI, &set); err != nil {
		return nil, err
	}
	keys := map[string]*rsa.PublicKey{}
	for _, k := range set.Keys {
		if k.Kty != "RSA" || k.Kid == "" || k.Use != "" && k.Use != "sig" {
			continue
		}
		n, err := base64.RawURLEncoding.DecodeString(k.N)
		if err != nil {
			continue
		}
		e, err := base64.RawURLEncoding.DecodeString(k.E)
		if err != nil || len(e) == 0 || len(e) > 4 {
			continue
		}
		exponent := new(big.Int).SetBytes(e).Int64()
		keys[k.Kid] = &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(exponent)}
	}
	return keys, nil
}

func (s *Issuers) get(ctx context.Context, address string, into any) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return fmt.Errorf("%q is not a URL", address)
	}
	plain := u.Scheme == "http" && (s.AllowHTTP || s.Loopback && onThisMachine(u.Hostname()))
	if u.Scheme != "https" && !plain {
		return fmt.Errorf("%s is not an https URL", address)
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	client := s.Client
	if client == nil {
		client = http.DefaultClient
	}
	res, err := client.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %d", address, res.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxKeySet+1))
	if err != nil {
		return err
	}
	if len(body) > maxKeySet {
		return errors.New(address + " answered more than 150,000 bytes")
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%s answered no JSON: %w", address, err)
	}
	return nil
}

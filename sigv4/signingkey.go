package sigv4

import (
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/sha256"
	"strings"
	"sync"
)

// A macKey is a signing key in the two forms that HMAC begins its hashes with.
type macKey struct{ inner, outer [sha256.BlockSize]byte }

func newMACKey(key []byte) *macKey {
	k := new(macKey)
	copy(k.inner[:], key)
	k.outer = k.inner
	for i := range k.inner {
		k.inner[i] ^= 0x36
		k.outer[i] ^= 0x5c
	}
	return k
}

// deriveKey returns the signing key of one day, region and service.
func deriveKey(secret, date string, scope Scope) *macKey {
	k := []byte("AWS4" + secret)
	for _, part := range [...]string{date, scope.Region, scope.Service, terminator} {
		h := hmac.New(sha256.New, k)
		h.Write([]byte(part))
		k = h.Sum(nil)
	}
	return newMACKey(k)
}

// A keyName says what a signing key was derived for.
type keyName struct {
	accessKeyID, date string
	scope             Scope
	asymmetric        bool
}

// A derived key is valid as long as the access key has the same secret.
type derived struct {
	name       keyName
	secret     string
	mac        *macKey
	public     *ecdsa.PublicKey
	newer, old *derived
}

// A keyCache keeps the signing keys that were used last. It is asked only for
// known access keys in the verifier's scope, so callers cannot fill it with
// inventions; its bound holds whatever they do.
type keyCache struct {
	mu   sync.Mutex
	max  int
	keys map[keyName]*derived
	ring derived // ring.old is the newest entry, ring.newer the oldest
}

func newKeyCache(limit int) *keyCache {
	c := &keyCache{max: limit, keys: map[keyName]*derived{}}
	c.ring.newer, c.ring.old = &c.ring, &c.ring
	return c
}

// get returns the key for name, deriving it if it is new or the secret of the
// access key is another one.
func (c *keyCache) get(name keyName, secret string) (*derived, error) {
	c.mu.Lock()
	d := c.keys[name]
	if d != nil && d.secret == secret { // both are ours: no need for constant time
		d.unlink()
		c.link(d)
		c.mu.Unlock()
		return d, nil
	}
	c.mu.Unlock()

	// The strings of name point into a request, which must not be kept alive.
	name.accessKeyID, name.date = strings.Clone(name.accessKeyID), strings.Clone(name.date)
	name.scope = Scope{Region: strings.Clone(name.scope.Region), Service: strings.Clone(name.scope.Service)}
	d = &derived{name: name, secret: secret}
	if name.asymmetric {
		private, err := derivePrivateKey(name.accessKeyID, secret)
		if err != nil {
			return nil, err
		}
		d.public = &private.PublicKey
	} else {
		d.mac = deriveKey(secret, name.date, name.scope)
	}

	c.mu.Lock()
	defer c.mu.Unlock()
	if before := c.keys[name]; before != nil {
		before.unlink()
	}
	c.keys[name] = d
	c.link(d)
	for len(c.keys) > c.max {
		oldest := c.ring.newer
		oldest.unlink()
		delete(c.keys, oldest.name)
	}
	return d, nil
}

func (c *keyCache) link(d *derived) {
	d.newer, d.old = &c.ring, c.ring.old
	d.newer.old, d.old.newer = d, d
}

func (d *derived) unlink() { d.newer.old, d.old.newer = d.old, d.newer }

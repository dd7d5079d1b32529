// Package seal encrypts what must not be read from the store by accident.
//
// A [Ring] holds the master keys, which are records themselves: whoever has the
// store can open what was sealed, so any node verifies a session token without
// a look-up, and a backup of single records tells nothing. [Ring.Seal] makes a
// box for one purpose; a box opens only for the same purpose and context.
package seal

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hakonegate/hakone/internal/store"
)

// ErrForged is what [Ring.Open] answers to everything that this ring has not
// sealed for the purpose and context asked for.
var ErrForged = errors.New("seal: not sealed by this installation")

const (
	version   = 1
	headSize  = 1 + 4 + nonceSize // version, key id, nonce
	nonceSize = 12
	keySize   = 32
)

// A masterKey is the record of one key.
type masterKey struct {
	Key     []byte
	Created time.Time
}

// A Ring is the set of master keys. It is safe for concurrent use.
type Ring struct {
	records store.Collection[masterKey]

	mu      sync.RWMutex
	keys    map[uint32][]byte
	ciphers map[cipherID]cipher.AEAD
	current uint32
}

type cipherID struct {
	key     uint32
	purpose string
}

// Open reads the keys from the store; a fresh store gets its first.
func Open(ctx context.Context, s *store.Store) (*Ring, error) {
	r := &Ring{
		records: store.In[masterKey](s, "seal.keys"),
		keys:    map[uint32][]byte{},
		ciphers: map[cipherID]cipher.AEAD{},
	}
	if r.load(); len(r.keys) > 0 {
		return r, nil
	}
	key := make([]byte, keySize)
	_, _ = rand.Read(key) // never fails
	// The first key has a fixed name, so that of two nodes that start together
	// one creates it and the other finds it.
	err := r.records.Create(ctx, keyName(1), masterKey{Key: key, Created: time.Now().UTC()})
	if err != nil && !errors.Is(err, store.ErrExists) {
		return nil, fmt.Errorf("create the master key: %w", err)
	}
	if r.load(); len(r.keys) == 0 {
		return nil, errors.New("create the master key: the store does not show it")
	}
	return r, nil
}

func keyName(id uint32) string { return fmt.Sprintf("%08x", id) }

// load reads all keys; the one with the highest id seals from then on.
func (r *Ring) load() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, k := range r.records.All() {
		id, err := hex.DecodeString(name)
		if err != nil || len(id) != 4 || len(k.Key) != keySize {
			continue
		}
		n := binary.BigEndian.Uint32(id)
		r.keys[n] = k.Key
		r.current = max(r.current, n)
	}
}

// Seal encrypts plain. The context is not part of the box, but must be the same
// when it is opened.
func (r *Ring) Seal(purpose string, plain, boundTo []byte) ([]byte, error) {
	r.mu.RLock()
	id := r.current
	r.mu.RUnlock()
	aead, err := r.cipher(id, purpose)
	if err != nil {
		return nil, err
	}
	box := make([]byte, headSize, headSize+len(plain)+aead.Overhead())
	box[0] = version
	binary.BigEndian.PutUint32(box[1:], id)
	_, _ = rand.Read(box[5:headSize]) // never fails
	return aead.Seal(box, box[5:headSize], plain, append(box[:5:5], boundTo...)), nil
}

// Open decrypts a box; [ErrForged] if it was changed, cut, made with another key
// or for another purpose or context.
func (r *Ring) Open(purpose string, box, boundTo []byte) ([]byte, error) {
	if len(box) < headSize || box[0] != version {
		return nil, ErrForged
	}
	aead, err := r.cipher(binary.BigEndian.Uint32(box[1:]), purpose)
	if err != nil {
		return nil, err
	}
	plain, err := aead.Open(nil, box[5:headSize], box[headSize:], append(box[:5:5], boundTo...))
	if err != nil {
		return nil, ErrForged
	}
	return plain, nil
}

// Derive returns n bytes that belong to a box and that only holders of the
// master key can compute.
func (r *Ring) Derive(purpose string, box []byte, n int) ([]byte, error) {
	if len(box) < headSize {
		return nil, ErrForged
	}
	key, ok := r.key(binary.BigEndian.Uint32(box[1:]))
	if !ok {
		return nil, ErrForged
	}
	return hkdf.Key(sha256.New, key, box[5:headSize], "hakone derive "+purpose, n)
}

// key finds a master key, also one that another node has just made.
func (r *Ring) key(id uint32) ([]byte, bool) {
	r.mu.RLock()
	key, ok := r.keys[id]
	r.mu.RUnlock()
	if ok {
		return key, true
	}
	if _, ok := r.records.Get(keyName(id)); !ok {
		return nil, false
	}
	r.load()
	r.mu.RLock()
	defer r.mu.RUnlock()
	key, ok = r.keys[id]
	return key, ok
}

// cipher returns the cipher of one purpose under one master key.
func (r *Ring) cipher(id uint32, purpose string) (cipher.AEAD, error) {
	cid := cipherID{id, purpose}
	r.mu.RLock()
	aead, ok := r.ciphers[cid]
	r.mu.RUnlock()
	if ok {
		return aead, nil
	}
	master, ok := r.key(id)
	if !ok {
		return nil, ErrForged
	}
	key, err := hkdf.Key(sha256.New, master, nil, "hakone seal "+purpose, keySize)
	if err != nil {
		return nil, fmt.Errorf("derive a sealing key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	if aead, err = cipher.NewGCM(block); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	r.mu.Lock()
	r.ciphers[cid] = aead
	r.mu.Unlock()
	return aead, nil
}

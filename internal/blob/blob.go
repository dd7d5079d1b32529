// Package blob keeps function code and other large content by its hash.
package blob

import (
	"context"
	"errors"

	"github.com/hakonegate/hakone/internal/engine"
)

// ErrNotFound means that no blob has the hash asked for.
var ErrNotFound = errors.New("blob not found")

// A Store keeps blobs. It is safe for concurrent use.
type Store struct{}

// Open opens the blobs of an engine.
func Open(ctx context.Context, e *engine.Engine) (*Store, error) { return nil, ErrNotFound }

// Put stores content and returns its hash, "sha256-" and 64 hex digits. Content
// that is there already is not written again.
func (s *Store) Put(ctx context.Context, content []byte) (hash string, err error) {
	return "", ErrNotFound
}

// Get returns the content, checked against its hash.
func (s *Store) Get(ctx context.Context, hash string) ([]byte, error) { return nil, ErrNotFound }

// Delete removes a blob; removing what is gone succeeds.
func (s *Store) Delete(ctx context.Context, hash string) error { return ErrNotFound }

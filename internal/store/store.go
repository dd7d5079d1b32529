// Package store keeps records durably and lets everyone read them from memory.
//
// A [Store] mirrors all records of one stream in memory: reads are local and
// never fail; a write returns when it is on disk and visible to the writer's
// next read. A [Collection] is the typed view of one kind of record.
// [Store.Atomically] changes several records at once: all or none, on disk and
// in the eyes of every reader.
package store

import (
	"context"
	"errors"
	"iter"

	"github.com/hakonegate/hakone/internal/engine"
)

// Errors that callers tell apart with errors.Is.
var (
	ErrExists   = errors.New("record exists already")
	ErrNotFound = errors.New("record not found")
	ErrConflict = errors.New("record keeps changing") // after many attempts
	ErrTooLarge = errors.New("record is too large")
	ErrClosed   = errors.New("store is closed")
)

// A Store is safe for concurrent use.
type Store struct{}

// Open loads all records and starts mirroring changes. The engine must stay
// open longer than the store.
func Open(ctx context.Context, e *engine.Engine) (*Store, error) { return nil, ErrClosed }

// Close stops mirroring. Reads keep answering from the last state.
func (s *Store) Close() error { return nil }

// Atomically runs fn and commits what it staged in tx as one change. fn runs
// again when somebody else changed a record that it read or staged, so it must
// have no other effects. When fn fails, its error is returned and nothing changes.
func (s *Store) Atomically(ctx context.Context, fn func(tx *Tx) error) error { return ErrClosed }

// Changes returns a channel that gets a value after the mirror moved; several
// moves may be one value. The function ends the subscription.
func (s *Store) Changes() (<-chan struct{}, func()) { return nil, func() {} }

// Revision grows with every change of the mirror.
func (s *Store) Revision() uint64 { return 0 }

// A Tx collects the changes of one [Store.Atomically]. It must not be used
// after the function that got it returns, nor concurrently.
type Tx struct{}

// A Collection holds the records of one kind. Values are stored as JSON; what
// callers get is their own copy. The zero Collection is not usable.
type Collection[T any] struct {
	s    *Store
	name string
}

// In returns the collection with the given name, such as "iam.roles": lower-case
// letters, digits and dots. Keys are any non-empty text.
func In[T any](s *Store, name string) Collection[T] { return Collection[T]{s, name} }

// Get returns a copy of the record.
func (c Collection[T]) Get(key string) (v T, ok bool) { return v, false }

// All returns the records at the time of the call, sorted by key.
func (c Collection[T]) All() iter.Seq2[string, T] { return func(func(string, T) bool) {} }

// Len returns the number of records.
func (c Collection[T]) Len() int { return 0 }

// Create stores a new record; [ErrExists] if there is one.
func (c Collection[T]) Create(ctx context.Context, key string, v T) error { return ErrClosed }

// Put stores a record, new or not.
func (c Collection[T]) Put(ctx context.Context, key string, v T) error { return ErrClosed }

// Update changes a record in place; [ErrNotFound] if there is none. fn runs again
// when somebody else was faster; its error is returned and changes nothing.
func (c Collection[T]) Update(ctx context.Context, key string, fn func(*T) error) error {
	return ErrClosed
}

// Delete removes a record; [ErrNotFound] if there is none.
func (c Collection[T]) Delete(ctx context.Context, key string) error { return ErrClosed }

// In returns the view of the collection inside tx.
func (c Collection[T]) In(tx *Tx) Staged[T] { return Staged[T]{tx, c.name} }

// Staged is a collection inside a transaction: reads see what was staged before.
type Staged[T any] struct {
	tx   *Tx
	name string
}

// Get returns a copy of the record as the transaction sees it.
func (c Staged[T]) Get(key string) (v T, ok bool) { return v, false }

// Create stages a new record; [ErrExists] if there is one.
func (c Staged[T]) Create(key string, v T) error { return ErrClosed }

// Put stages a record, new or not.
func (c Staged[T]) Put(key string, v T) error { return ErrClosed }

// Update stages a change; [ErrNotFound] if there is no such record.
func (c Staged[T]) Update(key string, fn func(*T) error) error { return ErrClosed }

// Delete stages a removal; [ErrNotFound] if there is no such record.
func (c Staged[T]) Delete(key string) error { return ErrClosed }

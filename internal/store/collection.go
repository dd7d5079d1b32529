package store

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
)

// A Collection holds the records of one kind. Values are stored as JSON; what
// callers get is their own copy. The zero Collection is not usable.
type Collection[T any] struct {
	s    *Store
	name string
}

// In returns the collection with the given name, such as "iam.roles": letters,
// digits, hyphens and dots. Keys are any non-empty text of at most [MaxKey] bytes.
func In[T any](s *Store, name string) Collection[T] {
	checkName(name)
	return Collection[T]{s, name}
}

// Check decodes every record, so that records of another version are found at
// the start and not by the first reader.
func (c Collection[T]) Check() error {
	keys, data := c.s.mirror.live(c.name)
	for _, key := range keys {
		if _, err := decode[T](c.name, key, data[key]); err != nil {
			return err
		}
	}
	return nil
}

// Get returns a copy of the record. Like All it panics when the stored record
// is of another shape than T: see Check.
func (c Collection[T]) Get(key string) (v T, ok bool) {
	r := c.s.mirror.get(c.name, key)
	if r.rev == 0 || r.deleted {
		return v, false
	}
	return mustDecode[T](c.name, key, r.data), true
}

// All returns the records at the time of the call, sorted by key.
func (c Collection[T]) All() iter.Seq2[string, T] {
	return c.Where(func(string) bool { return true })
}

// Where returns the records that All does and whose keys are wanted. Keys are asked
// for in their order, each before its record is decoded and after the records
// before it were dealt with: what is not wanted costs next to nothing.
func (c Collection[T]) Where(wanted func(key string) bool) iter.Seq2[string, T] {
	keys, data := c.s.mirror.live(c.name)
	return func(yield func(string, T) bool) {
		for _, key := range keys {
			if wanted(key) && !yield(key, mustDecode[T](c.name, key, data[key])) {
				return
			}
		}
	}
}

// Revisions returns when each record was last changed, by key: a number that is
// another one after every change. It decodes nothing.
func (c Collection[T]) Revisions() map[string]uint64 { return c.s.mirror.revisions(c.name) }

// Len returns the number of records.
func (c Collection[T]) Len() int { return c.s.mirror.len(c.name) }

// Create stores a new record; [ErrExists] if there is one.
func (c Collection[T]) Create(ctx context.Context, key string, v T) error {
	return c.s.Atomically(ctx, func(tx *Tx) error { return c.In(tx).Create(key, v) })
}

// Put stores a record, new or not.
func (c Collection[T]) Put(ctx context.Context, key string, v T) error {
	return c.s.Atomically(ctx, func(tx *Tx) error { return c.In(tx).Put(key, v) })
}

// Update changes a record in place; [ErrNotFound] if there is none. fn runs again
// when somebody else was faster; its error is returned and changes nothing.
func (c Collection[T]) Update(ctx context.Context, key string, fn func(*T) error) error {
	return c.s.Atomically(ctx, func(tx *Tx) error { return c.In(tx).Update(key, fn) })
}

// Delete removes a record; [ErrNotFound] if there is none.
func (c Collection[T]) Delete(ctx context.Context, key string) error {
	return c.s.Atomically(ctx, func(tx *Tx) error { return c.In(tx).Delete(key) })
}

// In returns the view of the collection inside tx.
func (c Collection[T]) In(tx *Tx) Staged[T] { return Staged[T]{tx, c.name} }

// Staged is a collection inside a transaction: reads see what was staged before.
type Staged[T any] struct {
	tx   *Tx
	name string
}

// Get returns a copy of the record as the transaction sees it.
func (c Staged[T]) Get(key string) (v T, ok bool) {
	data, ok := c.tx.look(c.name, key)
	if !ok {
		return v, false
	}
	return mustDecode[T](c.name, key, data), true
}

// Create stages a new record; [ErrExists] if there is one.
func (c Staged[T]) Create(key string, v T) error {
	if _, ok := c.tx.look(c.name, key); ok {
		return fmt.Errorf("create %s %q: %w", c.name, key, ErrExists)
	}
	return c.Put(key, v)
}

// Put stages a record, new or not.
func (c Staged[T]) Put(key string, v T) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode %s %q: %w", c.name, key, err)
	}
	return c.tx.stage(c.name, key, data)
}

// Update stages a change; [ErrNotFound] if there is no such record.
func (c Staged[T]) Update(key string, fn func(*T) error) error {
	v, ok := c.Get(key)
	if !ok {
		return fmt.Errorf("update %s %q: %w", c.name, key, ErrNotFound)
	}
	if err := fn(&v); err != nil {
		return err
	}
	return c.Put(key, v)
}

// Delete stages a removal; [ErrNotFound] if there is no such record.
func (c Staged[T]) Delete(key string) error {
	if _, ok := c.tx.look(c.name, key); !ok {
		return fmt.Errorf("delete %s %q: %w", c.name, key, ErrNotFound)
	}
	return c.tx.stage(c.name, key, nil)
}

func decode[T any](collection, key string, data []byte) (v T, err error) {
	if err := json.Unmarshal(data, &v); err != nil {
		return v, damaged("%s %q: %w", collection, key, err)
	}
	return v, nil
}

func mustDecode[T any](collection, key string, data []byte) T {
	v, err := decode[T](collection, key, data)
	if err != nil {
		panic("store: " + err.Error())
	}
	return v
}

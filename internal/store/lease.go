package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nuid"
)

// Errors of leases.
var (
	ErrHeld = errors.New("somebody else is at work on it")
	ErrLost = errors.New("another node has taken over: this one was not heard of for too long")
)

const leaseName = "store.leases"

// A lease is the record of who works on something.
type lease struct {
	Holder string // as [Store.Self] says
	Token  string // differs with each time that it is taken
}

type leaseKey struct{}

type heldLease struct{ name, token string }

// Lease claims the work called name for this process until release is called.
// When another process holds it that is not [Store.Gone], the error is [ErrHeld].
//
// Under the context that Lease returns, changes are made only while the lease is
// still held: once another node has taken over, they fail with [ErrLost], however
// late this process wakes up. Within one process the caller keeps order itself; a
// store that nobody shares writes nothing.
func (s *Store) Lease(ctx context.Context, name string) (_ context.Context, release func(), err error) {
	if s.pulse == nil {
		return ctx, func() {}, nil
	}
	records := In[lease](s, leaseName)
	mine := lease{Holder: s.Self(), Token: nuid.Next()}
	err = s.Atomically(outside(ctx), func(tx *Tx) error {
		if held, ok := records.In(tx).Get(name); ok && held.Holder != mine.Holder && !s.Gone(held.Holder) {
			return fmt.Errorf("%s: %w", name, ErrHeld)
		}
		return records.In(tx).Put(name, mine)
	})
	if err != nil {
		return ctx, nil, err
	}
	release = func() {
		ctx, cancel := context.WithTimeout(outside(context.WithoutCancel(ctx)), writeWait)
		defer cancel()
		_ = s.Atomically(ctx, func(tx *Tx) error { // else it is free when this process is gone
			if held, _ := records.In(tx).Get(name); held.Token != mine.Token {
				return nil
			}
			return records.In(tx).Delete(name)
		})
	}
	return context.WithValue(ctx, leaseKey{}, heldLease{name, mine.Token}), release, nil
}

// Free reports whether [Store.Lease] would find nobody else at work. What it says
// of others may be old.
func (s *Store) Free(name string) bool {
	held, ok := In[lease](s, leaseName).Get(name)
	return !ok || held.Holder == s.Self() || s.Gone(held.Holder)
}

// outside returns a context for changes that belong to no lease and no log.
func outside(ctx context.Context) context.Context {
	return WithoutUndo(context.WithValue(ctx, leaseKey{}, heldLease{}))
}

// guard makes tx depend on the lease of ctx.
func (tx *Tx) guard(ctx context.Context) error {
	held, _ := ctx.Value(leaseKey{}).(heldLease)
	if held.name == "" {
		return nil
	}
	if now, _ := (Staged[lease]{tx, leaseName}).Get(held.name); now.Token != held.token {
		return fmt.Errorf("%s: %w", held.name, ErrLost)
	}
	return nil
}

package emulator

import (
	"context"
	"errors"

	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/store"
)

// A Ledger remembers what deployments made in emulators.
type Ledger struct{ made store.Collection[entry] }

// entry says for which physical resource something was made.
type entry struct{ Token string }

// NewLedger returns the ledger that s keeps.
func NewLedger(s *store.Store) *Ledger {
	return &Ledger{store.In[entry](s, "emulator.made")}
}

func key(kind, id string) string { return kind + "/" + id }

// Begin notes, before it is made, that id of that kind is made for r. The note
// stays if the process dies in between.
func (l *Ledger) Begin(ctx context.Context, kind, id string, r *stack.Request) error {
	return l.made.Put(store.WithoutUndo(ctx), key(kind, id), entry{r.ClientToken})
}

// Owns reports whether id was begun for r.
func (l *Ledger) Owns(kind, id string, r *stack.Request) bool {
	e, ok := l.made.Get(key(kind, id))
	return ok && e.Token == r.ClientToken
}

// End forgets id.
func (l *Ledger) End(ctx context.Context, kind, id string) error {
	err := l.made.Delete(store.WithoutUndo(ctx), key(kind, id))
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
)

// undoName is the collection of what can be undone, by the name of the log.
const undoName = "store.undo"

type undoKey struct{}

// undoEntry is one record that was changed: what it was, and what it became.
type undoEntry struct {
	Collection, Key string
	Before          []byte `json:",omitempty"` // nil: there was none
	After           []byte `json:",omitempty"` // SHA-256; nil: there is none
}

// WithUndo returns a context under which every change is also written to the
// named log, in the same atomic change, so that [Store.Undo] can take all of them
// back: even after a crash, and without knowing who made them. The log must be
// ended by Undo or [Tx.Keep]. Changes under one log must not be concurrent.
func WithUndo(ctx context.Context, log string) context.Context {
	return context.WithValue(ctx, undoKey{}, log)
}

// WithoutUndo returns a context under which changes are not logged.
func WithoutUndo(ctx context.Context) context.Context {
	return context.WithValue(ctx, undoKey{}, "")
}

// logUndo adds what tx staged to the log of ctx, if there is one.
func (tx *Tx) logUndo(ctx context.Context) error {
	name, _ := ctx.Value(undoKey{}).(string)
	if name == "" {
		return nil
	}
	var entries []undoEntry
	for _, l := range tx.order {
		t := tx.touched[l]
		if !t.staged || l.collection == undoName {
			continue
		}
		e := undoEntry{Collection: l.collection, Key: l.key}
		if t.seen.rev != 0 && !t.seen.deleted {
			e.Before = t.seen.data
		}
		if !t.deleted {
			e.After = digest(t.data)
		}
		t.read = true // what is logged as "before" must be what is replaced
		entries = append(entries, e)
	}
	if len(entries) == 0 {
		return nil
	}
	log := Staged[[]undoEntry]{tx, undoName}
	have, _ := log.Get(name)
	return log.Put(name, append(have, entries...))
}

// Keep ends a log when tx commits: its changes stay.
func (tx *Tx) Keep(log string) error {
	err := Staged[[]undoEntry]{tx, undoName}.Delete(log)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// Undo takes back all changes of a log at once, newest first, and ends it. A
// record that somebody else changed since stays as it is; their names are
// returned. A log that does not exist is an empty one.
func (s *Store) Undo(ctx context.Context, log string) (kept []string, err error) {
	err = s.Atomically(WithoutUndo(ctx), func(tx *Tx) error {
		kept = nil
		entries, _ := Staged[[]undoEntry]{tx, undoName}.Get(log)
		for _, e := range slices.Backward(entries) {
			data, ok := tx.look(e.Collection, e.Key)
			if !ok {
				data = nil
			}
			if !bytes.Equal(digest(data), e.After) {
				kept = append(kept, fmt.Sprintf("%s %q", e.Collection, e.Key))
				continue
			}
			if e.Before == nil && !ok {
				continue
			}
			if err := tx.stage(e.Collection, e.Key, e.Before); err != nil {
				return err
			}
		}
		return tx.Keep(log)
	})
	return kept, err
}

func digest(data []byte) []byte {
	if data == nil {
		return nil
	}
	sum := sha256.Sum256(data)
	return sum[:]
}

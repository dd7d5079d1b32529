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

// undoEntry is one record that was made, deleted or changed: what it was, and what
// it became.
type undoEntry struct {
	Collection, Key string
	Before          []byte     `json:",omitempty"` // nil: there was none
	After           []byte     `json:",omitempty"` // SHA-256; nil: there is none
	Parts           []undoPart `json:",omitempty"` // of a record that was there and is: only what differs
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
		t.read = true // what is logged as "before" must be what is replaced
		if parts, ok := differences(e.Before, t.data); ok && !t.deleted {
			e.Before, e.Parts = nil, parts
			if len(parts) == 0 {
				continue
			}
		} else if !t.deleted {
			e.After = digest(canonical(t.data))
		}
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

// Undo takes back all changes of a log at once, newest first, and ends it. What
// somebody else changed since stays as it is, records and members of records; their
// names are returned. A log that does not exist is an empty one.
func (s *Store) Undo(ctx context.Context, log string) (kept []string, err error) {
	err = s.Atomically(WithoutUndo(ctx), func(tx *Tx) error {
		kept = nil
		entries, _ := Staged[[]undoEntry]{tx, undoName}.Get(log)
		for _, e := range slices.Backward(entries) {
			data, ok := tx.look(e.Collection, e.Key)
			if !ok {
				data = nil
			}
			if len(e.Parts) > 0 {
				now, all := takeBack(data, e.Parts)
				if !all {
					kept = append(kept, fmt.Sprintf("parts of %s %q", e.Collection, e.Key))
				}
				if bytes.Equal(now, data) {
					continue
				}
				if err := tx.stage(e.Collection, e.Key, now); err != nil {
					return err
				}
				continue
			}
			if !e.left(data) {
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

// left reports whether a record is as the change left it.
func (e *undoEntry) left(data []byte) bool {
	return bytes.Equal(digest(data), e.After) || data != nil && bytes.Equal(digest(canonical(data)), e.After)
}

func digest(data []byte) []byte {
	if data == nil {
		return nil
	}
	sum := sha256.Sum256(data)
	return sum[:]
}

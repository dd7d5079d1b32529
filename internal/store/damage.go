package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/nats-io/nats.go/jetstream"
)

// ErrDamaged says that records which were acknowledged cannot be read. Starting
// without them would hand out a new account and new keys, or forget a denial, as
// if nothing had happened.
var ErrDamaged = errors.New("records are damaged; restore the data directory from a copy, or start with another one")

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrDamaged}, args...)...)
}

// A mark is a file beside the engine's data that says how far the stream has
// reached. JetStream drops what is unreadable in a damaged file and goes on; the
// mark remembers that there was more. The zero mark is kept nowhere.
type mark string

// reached is a lower bound at any time after it was written: sequences only grow,
// and compaction lowers the count before it deletes.
type reached struct {
	seq   uint64 // of the last message
	count uint64 // of messages after base
	base  uint64 // the last message that compaction dropped
}

func (m mark) read() (r reached, err error) {
	if m == "" {
		return r, nil
	}
	text, err := os.ReadFile(string(m))
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return r, fmt.Errorf("read mark of records: %w", err)
	}
	if n, err := fmt.Sscanf(string(text), "%d %d %d\n", &r.seq, &r.count, &r.base); n < 2 { // version 0.1.0 had no base
		return r, damaged("mark %s: %w", string(m), err)
	}
	return r, nil
}

func (m mark) write(r reached) error {
	if m == "" {
		return nil
	}
	next := string(m) + ".new"
	f, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) //nolint:gosec // beside the data
	if err != nil {
		return fmt.Errorf("write mark of records: %w", err)
	}
	_, err = fmt.Fprintf(f, "%d %d %d\n", r.seq, r.count, r.base)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write mark of records: %w", err)
	}
	if err := os.Rename(next, string(m)); err != nil {
		return fmt.Errorf("write mark of records: %w", err)
	}
	return nil
}

// whole checks what JetStream says of the stream before it is read, and returns
// what is known of it.
func (s *Store) whole(state jetstream.StreamState) (known reached, err error) {
	if state.Lost != nil && len(state.Lost.Msgs) > 0 {
		return known, damaged("%d were lost", len(state.Lost.Msgs))
	}
	if known, err = s.mark.read(); err != nil {
		return known, err
	}
	if state.LastSeq < known.seq {
		return known, damaged("they end at number %d and had reached %d", state.LastSeq, known.seq)
	}
	if state.Msgs < known.count {
		return known, damaged("%d are left of %d", state.Msgs, known.count)
	}
	return known, nil
}

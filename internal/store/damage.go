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
	count uint64 // of messages
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
	if _, err = fmt.Sscanf(string(text), "%d %d\n", &r.seq, &r.count); err != nil {
		return r, damaged("mark %s: %w", string(m), err)
	}
	return r, nil
}

func (m mark) write(r reached) error {
	if m == "" {
		return nil
	}
	next := string(m) + ".new"
	if err := os.WriteFile(next, fmt.Appendf(nil, "%d %d\n", r.seq, r.count), 0o600); err != nil {
		return fmt.Errorf("write mark of records: %w", err)
	}
	if err := os.Rename(next, string(m)); err != nil {
		return fmt.Errorf("write mark of records: %w", err)
	}
	return nil
}

// whole checks what JetStream says of the stream before it is read.
func (s *Store) whole(state jetstream.StreamState) error {
	if state.Lost != nil && len(state.Lost.Msgs) > 0 {
		return damaged("%d were lost", len(state.Lost.Msgs))
	}
	known, err := s.mark.read()
	if err != nil {
		return err
	}
	if state.LastSeq < known.seq {
		return damaged("they end at number %d and had reached %d", state.LastSeq, known.seq)
	}
	if state.Msgs < known.count {
		return damaged("%d are left of %d", state.Msgs, known.count)
	}
	return nil
}

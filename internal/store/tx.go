package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"
)

// attempts bounds how often a transaction runs when others keep changing what
// it read.
const attempts = 1000

// A Tx collects the changes of one [Store.Atomically]. It must not be used
// after the function that got it returns, nor concurrently.
type Tx struct {
	s       *Store
	touched map[location]*touch
	order   []location // in which they were touched first
}

type location struct{ collection, key string }

// A touch is a record that a transaction read or staged.
type touch struct {
	seen    record // what the mirror had
	read    bool   // the transaction depends on what it saw
	staged  bool   // there is a change
	data    []byte
	deleted bool
}

func (tx *Tx) at(collection, key string) *touch {
	l := location{collection, key}
	t := tx.touched[l]
	if t == nil {
		t = &touch{seen: tx.s.mirror.get(collection, key)}
		tx.touched[l] = t
		tx.order = append(tx.order, l)
	}
	return t
}

// look returns the record as the transaction sees it, and remembers that it did.
func (tx *Tx) look(collection, key string) (data []byte, ok bool) {
	t := tx.at(collection, key)
	if t.staged {
		return t.data, !t.deleted
	}
	t.read = true
	return t.seen.data, t.seen.rev != 0 && !t.seen.deleted
}

func (tx *Tx) stage(collection, key string, data []byte) error {
	switch {
	case key == "":
		return fmt.Errorf("store %s: the key is empty", collection)
	case len(key) > MaxKey:
		return fmt.Errorf("store %s: %w: the key has %d bytes, at most %d are allowed", collection, ErrTooLarge, len(key), MaxKey)
	case len(data) > tx.s.largest:
		return fmt.Errorf("store %s %q: %w: it has %d bytes, at most %d are allowed", collection, key, ErrTooLarge, len(data), tx.s.largest)
	}
	t := tx.at(collection, key)
	t.staged, t.data, t.deleted = true, data, data == nil
	return nil
}

// Atomically runs fn and commits what it staged in tx as one change. fn runs
// again when somebody else changed a record that it read or staged, so it must
// have no other effects, and must not write to the store except through tx.
// When fn fails, its error is returned and nothing changes.
func (s *Store) Atomically(ctx context.Context, fn func(tx *Tx) error) error {
	for n := range attempts {
		if n == 1 { // the losers go one after the other
			select {
			case s.retrying <- struct{}{}:
				defer func() { <-s.retrying }()
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		tx := &Tx{s: s, touched: map[location]*touch{}}
		if err := tx.guard(ctx); err != nil {
			return err
		}
		if err := fn(tx); err != nil {
			return err
		}
		if err := tx.logUndo(ctx); err != nil {
			return err
		}
		done, err := s.commit(ctx, tx)
		if done || err != nil {
			return err
		}
	}
	return ErrConflict
}

// commit writes what tx staged if what it read is still so, and waits until the
// mirror shows it. Once the write is on its way the caller's context does not
// end it: its outcome would not be known.
func (s *Store) commit(ctx context.Context, tx *Tx) (done bool, err error) {
	if s.embedded {
		return s.join(ctx, tx)
	}
	select {
	case s.writing <- struct{}{}:
		defer func() { <-s.writing }()
	case <-ctx.Done():
		return false, ctx.Err()
	case <-s.closed:
		return false, ErrClosed
	}
	select {
	case <-s.closed:
		return false, ErrClosed
	default:
	}
	if err := s.mirror.failure(); err != nil {
		return false, err
	}
	var messages []*nats.Msg
	writes := false
	for _, l := range tx.order {
		t := tx.touched[l]
		if t.read && s.mirror.get(l.collection, l.key).rev != t.seen.rev {
			return false, nil
		}
		messages = append(messages, message(l, t))
		writes = writes || t.staged
	}
	if !writes {
		return true, nil
	}
	if len(messages) > maxBatch {
		return false, fmt.Errorf("%w: a change of %d records, at most %d are allowed", ErrTooLarge, len(messages), maxBatch)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeWait)
	defer cancel()
	rev, err := s.send(ctx, messages)
	if wrongSequence(err) {
		return false, s.catchUp(ctx, tx)
	}
	if err != nil {
		return false, fmt.Errorf("write records: %w", err)
	}
	if err := s.mirror.wait(ctx, rev); err != nil {
		return false, fmt.Errorf("read back records: %w", err)
	}
	return true, nil
}

// message returns what to publish for one record of a transaction. A record that
// was only read is written again as it was, so that the server checks it together
// with the rest.
func message(l location, t *touch) *nats.Msg {
	msg := &nats.Msg{Subject: subjectOf(l.collection, l.key)}
	if t.staged {
		msg.Data, msg.Header = t.data, header(t.deleted)
	} else {
		msg.Data, msg.Header = t.seen.data, header(t.seen.deleted || t.seen.rev == 0)
	}
	if t.read {
		msg.Header.Set(jetstream.ExpectedLastSubjSeqHeader, fmt.Sprint(t.seen.rev))
	}
	return msg
}

// publish writes one message plainly and several as an atomic batch.
func (s *Store) publish(ctx context.Context, messages []*nats.Msg) (rev uint64, err error) {
	if len(messages) == 1 {
		ack, err := s.js.PublishMsg(ctx, messages[0])
		if err != nil {
			return 0, err
		}
		return ack.Sequence, nil
	}
	ack, err := jetstreamext.PublishMsgBatch(ctx, s.js, messages, jetstreamext.BatchFlowControl{AckEvery: 100, AckTimeout: writeWait})
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}

// catchUp brings the mirror to where the server is after a refused write, and
// forgets markers that the server no longer has.
func (s *Store) catchUp(ctx context.Context, tx *Tx) error {
	for l, t := range tx.touched {
		if !t.read {
			continue
		}
		subject := subjectOf(l.collection, l.key)
		msg, err := s.stream.GetLastMsgForSubject(ctx, subject)
		switch {
		case errors.Is(err, jetstream.ErrMsgNotFound):
			s.mirror.forget(subject, t.seen.rev)
		case err != nil:
			return fmt.Errorf("read records: %w", err)
		default:
			if err := s.mirror.wait(ctx, msg.Sequence); err != nil {
				return fmt.Errorf("read records: %w", err)
			}
		}
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Millisecond): // let the other writer go first
		return nil
	}
}

// wrongSequence recognizes the server's refusal of a write that expected another
// revision.
func wrongSequence(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) &&
		(api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence || api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant)
}

package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/nats-io/nats.go/jetstream"
)

// A queue holds the transactions that wait to be committed. Whoever gets the
// writers' token commits all that wait, with one write and one sync: while that is
// under way, the next ones gather.
type queue struct {
	mu      sync.Mutex
	waiting []*waitingTx
}

type waitingTx struct {
	*Tx

	over chan struct{} // closed when what follows is set
	done bool
	err  error
}

// join commits tx together with others that wait. Once it is on its way, ctx does
// not end it.
func (s *Store) join(ctx context.Context, tx *Tx) (done bool, err error) {
	w := &waitingTx{Tx: tx, over: make(chan struct{})}
	s.queue.mu.Lock()
	s.queue.waiting = append(s.queue.waiting, w)
	s.queue.mu.Unlock()
	ended, closed := ctx.Done(), s.closed
	for {
		select {
		case <-w.over:
			return w.done, w.err
		case s.writing <- struct{}{}:
			s.lead(ctx)
			<-s.writing
		case <-ended:
			if s.queue.leave(w) {
				return false, ctx.Err()
			}
			ended = nil
		case <-closed:
			if s.queue.leave(w) {
				return false, ErrClosed
			}
			closed = nil
		}
	}
}

// leave takes w out of the queue; false if it is on its way.
func (q *queue) leave(w *waitingTx) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.waiting, w)
	if i < 0 {
		return false
	}
	q.waiting = slices.Delete(q.waiting, i, i+1)
	return true
}

// take takes the first of the queue, and those behind it as far as they fit into
// one bundle with it.
func (q *queue) take() (group []*waitingTx) {
	q.mu.Lock()
	defer q.mu.Unlock()
	records, size := 0, 0
	for n, w := range q.waiting {
		for _, t := range w.touched {
			records++
			size += len(t.data) + 2*MaxKey
		}
		if n > 0 && (records > maxBatch || size > bundleBytes) {
			break
		}
		group = append(group, w)
	}
	q.waiting = slices.Delete(q.waiting, 0, len(group))
	return group
}

// lead commits a group of those that wait, with the token held.
func (s *Store) lead(ctx context.Context) {
	group := s.queue.take()
	if len(group) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeWait)
	defer cancel()
	err := s.mirror.failure()
	select {
	case <-s.closed:
		err = ErrClosed
	default:
	}
	changes, fit := s.together(group)
	if err == nil && len(changes) > 0 {
		switch err = s.store(ctx, changes); {
		case wrongSequence(err):
			err = s.resync(ctx)
			clear(fit)
		case err != nil:
			err = fmt.Errorf("write records: %w", err)
		}
	}
	for _, w := range group {
		if w.err == nil {
			w.err = err
		}
		w.done = w.err == nil && fit[w]
		close(w.over)
	}
}

// together returns what the transactions of a group change, and those for which
// what they read is still so: neither changed since nor by others of the group.
func (s *Store) together(group []*waitingTx) (changes []change, fit map[*waitingTx]bool) {
	fit = map[*waitingTx]bool{}
	at := map[location]int{} // in changes
	for _, w := range group {
		staged, ok := 0, true
		for l, t := range w.touched {
			if t.staged {
				staged++
			}
			if _, taken := at[l]; t.read && (taken || s.mirror.get(l.collection, l.key).rev != t.seen.rev) {
				ok = false
			}
		}
		if staged > maxBatch {
			w.err = fmt.Errorf("%w: a change of %d records, at most %d are allowed", ErrTooLarge, staged, maxBatch)
			continue
		}
		if fit[w] = ok; !ok {
			continue
		}
		for _, l := range w.order {
			t := w.touched[l]
			i, taken := at[l]
			switch {
			case !t.staged:
			case taken:
				changes[i].data, changes[i].deleted = t.data, t.deleted
			case t.deleted && t.seen.rev == 0: // created and deleted within the transaction
			default:
				at[l] = len(changes)
				changes = append(changes, change{subject: subjectOf(l.collection, l.key), data: t.data, deleted: t.deleted})
			}
		}
	}
	return changes, fit
}

// store writes changes at once and shows them.
func (s *Store) store(ctx context.Context, changes []change) error {
	size := 0
	for _, c := range changes {
		size += len(c.subject) + len(c.data)
	}
	if len(changes) > 1 && size <= bundleBytes {
		return s.writeBundle(ctx, changes)
	}
	if err := s.write(ctx, changes); err != nil {
		return err
	}
	s.mirror.show(changes)
	return nil
}

// resync reads what was written although its writer was told that it was not.
func (s *Store) resync(ctx context.Context) error {
	info, err := s.stream.Info(ctx)
	if err != nil {
		return fmt.Errorf("read records: %w", err)
	}
	for seq := s.mirror.received() + 1; seq <= info.State.LastSeq; seq++ {
		msg, err := s.stream.GetMsg(ctx, seq)
		if errors.Is(err, jetstream.ErrMsgNotFound) { // replaced by a later one
			continue
		}
		if err != nil {
			return fmt.Errorf("read records: %w", err)
		}
		s.mirror.receive(change{
			subject: msg.Subject, data: msg.Data, rev: seq, deleted: msg.Header.Get(operationHeader) == operationDelete,
			batch: msg.Header.Get(batchIDHeader), commit: msg.Header.Get(batchCommitHeader) != "",
		}, seq == info.State.LastSeq)
	}
	return s.mirror.failure()
}

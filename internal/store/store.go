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
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

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

// Bounds of what is stored.
const (
	MaxRecord = 4 << 20 // bytes of one record as JSON
	MaxKey    = 1024    // bytes of a key
	maxBytes  = 4 << 30 // of all records on disk
	maxBatch  = 1000    // records in one change: the limit of a NATS server
)

const (
	streamName = "HAKONE"
	loadWait   = time.Minute
	writeWait  = 30 * time.Second
)

// A Store is safe for concurrent use.
type Store struct {
	js       jetstream.JetStream
	stream   jetstream.Stream
	consume  jetstream.ConsumeContext
	embedded bool

	// writing holds one token: writers of this process take turns, so that
	// the mirror is never behind when a transaction is checked against it.
	writing chan struct{}
	mirror  *mirror

	closeOnce sync.Once
	closed    chan struct{}
}

// Open loads all records and starts mirroring changes. The engine must stay
// open longer than the store.
func Open(ctx context.Context, e *engine.Engine) (*Store, error) {
	s := &Store{
		js: e.JetStream(), embedded: e.Embedded(),
		writing: make(chan struct{}, 1), mirror: newMirror(), closed: make(chan struct{}),
	}
	if err := s.openStream(ctx, e); err != nil {
		return nil, err
	}
	if err := s.load(ctx); err != nil {
		_ = s.Close()
		return nil, err
	}
	if s.embedded {
		if err := s.compact(ctx); err != nil {
			_ = s.Close()
			return nil, err
		}
	}
	return s, nil
}

// openStream makes the stream on first use. A data directory that had records
// before and has lost its stream is refused: starting empty would hand out a new
// account and new keys as if nothing had happened.
func (s *Store) openStream(ctx context.Context, e *engine.Engine) error {
	mark := filepath.Join(e.Dir(), "records")
	var err error
	s.stream, err = s.js.Stream(ctx, streamName)
	if err == nil {
		return nil
	}
	if !errors.Is(err, jetstream.ErrStreamNotFound) {
		return fmt.Errorf("open records: %w", err)
	}
	if s.embedded {
		if _, err := os.Stat(mark); err == nil {
			return fmt.Errorf("data directory %s is damaged: its records are missing; restore it from a copy, or start with another directory", e.Dir())
		}
	}
	s.stream, err = s.js.CreateStream(ctx, jetstream.StreamConfig{
		Name:               streamName,
		Description:        "records of hakone",
		Subjects:           []string{subjectPrefix + ">"},
		Storage:            jetstream.FileStorage,
		MaxMsgsPerSubject:  1,
		MaxMsgSize:         MaxRecord + MaxKey*3 + 1024,
		MaxBytes:           maxBytes,
		Discard:            jetstream.DiscardNew,
		AllowDirect:        true,
		AllowAtomicPublish: true,
	})
	if err != nil {
		return fmt.Errorf("create records: %w", err)
	}
	if !s.embedded {
		return nil
	}
	if err := os.WriteFile(mark, []byte("1\n"), 0o600); err != nil {
		return fmt.Errorf("mark data directory: %w", err)
	}
	return nil
}

// load reads all records and keeps the mirror following the stream.
func (s *Store) load(ctx context.Context) error {
	info, err := s.stream.Info(ctx)
	if err != nil {
		return fmt.Errorf("read records: %w", err)
	}
	if info.State.Msgs == 0 {
		s.mirror.loaded()
	}
	consumer, err := s.js.OrderedConsumer(ctx, streamName, jetstream.OrderedConsumerConfig{})
	if err != nil {
		return fmt.Errorf("read records: %w", err)
	}
	s.consume, err = consumer.Consume(s.receive, jetstream.PullMaxMessages(4096))
	if err != nil {
		return fmt.Errorf("read records: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, loadWait)
	defer cancel()
	select {
	case <-s.mirror.ready:
		return s.mirror.failure()
	case <-ctx.Done():
		return fmt.Errorf("read records: %w", ctx.Err())
	}
}

// receive takes one message of the stream, in order.
func (s *Store) receive(msg jetstream.Msg) {
	meta, err := msg.Metadata()
	if err != nil {
		s.mirror.fail(fmt.Errorf("message on %s without a sequence: %w", msg.Subject(), err))
		return
	}
	h := msg.Headers()
	s.mirror.receive(change{
		subject: msg.Subject(), data: msg.Data(), rev: meta.Sequence.Stream,
		deleted: h.Get(operationHeader) == operationDelete,
		batch:   h.Get(batchIDHeader), commit: h.Get(batchCommitHeader) != "",
	}, meta.NumPending == 0)
}

// compact forgets the markers of deleted records. Only the embedded server's one
// user may do that: another mirror might not have seen the marker yet.
func (s *Store) compact(ctx context.Context) error {
	for subject, rev := range s.mirror.markers() {
		if err := s.stream.DeleteMsg(ctx, rev); err != nil && !errors.Is(err, jetstream.ErrMsgNotFound) {
			return fmt.Errorf("compact records: %w", err)
		}
		s.mirror.forget(subject, rev)
	}
	return nil
}

// Close stops mirroring. Reads keep answering from the last state; writes fail
// with [ErrClosed].
func (s *Store) Close() error {
	s.closeOnce.Do(func() {
		close(s.closed)
		s.writing <- struct{}{} // the writer under way still needs the mirror
		if s.consume != nil {
			s.consume.Stop()
			<-s.consume.Closed()
		}
	})
	return nil
}

// Changes returns a channel that gets a value after the mirror moved; several
// moves may be one value. The function ends the subscription.
func (s *Store) Changes() (<-chan struct{}, func()) { return s.mirror.subscribe() }

// Revision grows with every change of the mirror.
func (s *Store) Revision() uint64 { return s.mirror.revision() }

// header returns the headers of a message about one record.
func header(deleted bool) nats.Header {
	h := nats.Header{}
	if deleted {
		h.Set(operationHeader, operationDelete)
	}
	return h
}

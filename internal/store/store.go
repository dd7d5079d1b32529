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
	"path/filepath"
	"slices"
	"strings"
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
	e        *engine.Engine
	js       jetstream.JetStream
	stream   jetstream.Stream
	embedded bool
	mark     mark
	largest  int    // bytes of one record
	pulse    *pulse // nil when embedded

	consume jetstream.ConsumeContext // replaced by what pulse runs only

	// writing holds one token: writers of this process take turns, so that
	// the mirror is never behind when a transaction is checked against it.
	writing  chan struct{}
	retrying chan struct{} // one token too: of those that lost against another writer
	queue    queue         // of those that wait for the token; when embedded only
	mirror   *mirror

	closeOnce sync.Once
	closed    chan struct{}
}

// Open loads all records and starts mirroring changes. The engine must stay
// open longer than the store.
func Open(ctx context.Context, e *engine.Engine) (_ *Store, err error) {
	defer func() {
		if errors.Is(err, ErrDamaged) {
			err = fmt.Errorf("%s: %w", e.Dir(), err)
		}
	}()
	s := &Store{
		e: e, js: e.JetStream(), embedded: e.Embedded(), largest: MaxRecord,
		writing: make(chan struct{}, 1), retrying: make(chan struct{}, 1), mirror: newMirror(), closed: make(chan struct{}),
	}
	if err := s.openStream(ctx, e); err != nil {
		return nil, err
	}
	if !s.embedded {
		s.largest = int(min(MaxRecord, e.MaxPayload()-MaxKey*3-1024))
		s.pulse = newPulse(e)
	}
	if err := s.load(ctx); err != nil {
		_ = s.Close()
		return nil, err
	}
	if s.embedded {
		s.unfollow()
		if err := s.compact(ctx); err != nil {
			_ = s.Close()
			return nil, err
		}
		return s, nil
	}
	s.live() //nolint:contextcheck // it goes on until Close
	return s, nil
}

// openStream makes the stream on first use, or opens it and looks for damage.
func (s *Store) openStream(ctx context.Context, e *engine.Engine) error {
	if !s.embedded {
		return s.shareStream(ctx, e)
	}
	s.mark = mark(filepath.Join(e.Dir(), "records"))
	var err error
	s.stream, err = s.js.Stream(ctx, streamName)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return s.createStream(ctx)
	}
	if err != nil {
		return fmt.Errorf("open records: %w", err)
	}
	if config := ownConfig(); !slices.Equal(s.stream.CachedInfo().Config.Subjects, config.Subjects) {
		if s.stream, err = s.js.UpdateStream(ctx, config); err != nil {
			return fmt.Errorf("open records: %w", err)
		}
	}
	return nil
}

func (s *Store) createStream(ctx context.Context) error {
	known, err := s.mark.read()
	if err != nil {
		return err
	}
	if known.seq > 0 {
		return damaged("they are missing")
	}
	if s.stream, err = s.js.CreateStream(ctx, ownConfig()); err != nil {
		return fmt.Errorf("create records: %w", err)
	}
	return nil
}

// ownConfig is how the stream of an embedded server is to be.
func ownConfig() jetstream.StreamConfig {
	config := streamConfig()
	config.Subjects = append(config.Subjects, bundlePrefix+"*")
	config.AllowDirect = true
	return config
}

func streamConfig() jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:               streamName,
		Description:        "records of hakone",
		Subjects:           []string{subjectPrefix + ">"},
		Storage:            jetstream.FileStorage,
		MaxMsgsPerSubject:  1,
		MaxMsgSize:         MaxRecord + MaxKey*3 + 1024,
		MaxBytes:           maxBytes,
		Discard:            jetstream.DiscardNew,
		AllowAtomicPublish: true,
	}
}

// shareStream makes the stream of several nodes, or makes it what it is to be.
// Direct reads stay off: a server that is behind would answer them.
func (s *Store) shareStream(ctx context.Context, e *engine.Engine) error {
	config := streamConfig()
	config.Subjects = append(config.Subjects, beatPrefix+">")
	err := e.Place(ctx, func(ctx context.Context, replicas int) (err error) {
		config.Replicas = replicas
		if s.stream, err = s.js.Stream(ctx, streamName); err == nil {
			if have := s.stream.CachedInfo().Config; have.Replicas >= replicas && slices.Equal(have.Subjects, config.Subjects) {
				return nil
			}
		}
		s.stream, err = s.js.CreateOrUpdateStream(ctx, config)
		return err
	})
	if err != nil {
		return fmt.Errorf("open records: %w", err)
	}
	return nil
}

// load reads all records and keeps the mirror following the stream.
func (s *Store) load(ctx context.Context) error {
	var info *jetstream.StreamInfo
	err := s.e.Again(ctx, func(ctx context.Context) (err error) {
		info, err = s.stream.Info(ctx, jetstream.WithDeletedDetails(s.embedded))
		return err
	})
	if err != nil {
		return fmt.Errorf("read records: %w", err)
	}
	known, err := s.whole(info.State)
	if err != nil {
		return err
	}
	s.mirror.begin(known.base)
	if info.State.Msgs == 0 {
		s.mirror.loaded()
	}
	if err := s.e.Again(ctx, s.follow); err != nil {
		return err
	}
	if err := s.awaitLoaded(ctx, info.State.LastSeq); err != nil {
		return err
	}
	if n := s.mirror.loadedCount(); s.embedded && n != info.State.Msgs {
		return damaged("%d of %d cannot be read", info.State.Msgs-min(n, info.State.Msgs), info.State.Msgs)
	}
	s.mirror.pass(info.State.LastSeq)
	return s.mark.write(s.mirror.reached())
}

// follow makes the mirror follow the stream from where it is.
func (s *Store) follow(ctx context.Context) error {
	if !s.embedded {
		return s.followShared(ctx)
	}
	consumer, err := s.js.OrderedConsumer(ctx, streamName, jetstream.OrderedConsumerConfig{})
	if err != nil {
		return fmt.Errorf("read records: %w", err)
	}
	s.consume, err = consumer.Consume(s.receive, jetstream.PullMaxMessages(4096))
	if err != nil {
		return fmt.Errorf("read records: %w", err)
	}
	return nil
}

// awaitLoaded waits for the mirror. A message that NATS cannot read is never
// delivered, and nothing else says so.
func (s *Store) awaitLoaded(ctx context.Context, last uint64) error {
	ctx, cancel := context.WithTimeout(ctx, loadWait)
	defer cancel()
	stalled := time.NewTicker(time.Second)
	defer stalled.Stop()
	for seen := uint64(0); ; {
		select {
		case <-s.mirror.ready:
			return s.mirror.failure()
		case <-ctx.Done():
			return fmt.Errorf("read records: %w", ctx.Err())
		case <-s.broken():
			if err := s.e.Again(ctx, s.follow); err != nil {
				return err
			}
		case <-stalled.C:
			n := s.mirror.loadedCount()
			if n > seen {
				seen = n
				continue
			}
			if !s.embedded { // others' messages come and go, and consumers get lost
				if err := s.e.Again(ctx, s.follow); err != nil {
					return err
				}
				continue
			}
			if _, err := s.stream.GetMsg(ctx, last); err != nil {
				return damaged("number %d cannot be read", last)
			}
		}
	}
}

// unfollow ends the reading of the stream: there is no other writer than this
// process, and it shows what it wrote itself.
func (s *Store) unfollow() {
	s.consume.Stop()
	<-s.consume.Closed()
}

// broken gets a value when the stream must be read anew; never when embedded.
func (s *Store) broken() <-chan struct{} {
	if s.pulse == nil {
		return nil
	}
	return s.pulse.broken
}

// receive takes one message of the stream, in order.
func (s *Store) receive(msg jetstream.Msg) {
	meta, err := msg.Metadata()
	if err != nil {
		s.mirror.fail(fmt.Errorf("message on %s without a sequence: %w", msg.Subject(), err))
		return
	}
	h := msg.Headers()
	if node, ok := strings.CutPrefix(msg.Subject(), beatPrefix); ok {
		s.mirror.receive(change{rev: meta.Sequence.Stream, data: msg.Data(), beat: node}, meta.NumPending == 0)
		return
	}
	s.mirror.receive(change{
		subject: msg.Subject(), data: msg.Data(), rev: meta.Sequence.Stream,
		deleted: h.Get(operationHeader) == operationDelete,
		batch:   h.Get(batchIDHeader), commit: h.Get(batchCommitHeader) != "",
	}, meta.NumPending == 0)
}

// compactAt is how many markers of deleted records make compaction worth it.
var compactAt = 20_000

// compact gets rid of the markers of deleted records once there are many: it
// writes what is alive again, at the end, and drops everything before that. Only
// the embedded server's one user may do that: another mirror might not have seen
// a marker yet.
//
// To delete the markers alone is not safe. JetStream notes nowhere that a message
// was replaced: after a kill it finds out again from the later one on its subject,
// and without that one what was deleted is back. For the same reason the mark says
// where the records begin: what comes before is dead, whatever JetStream finds.
func (s *Store) compact(ctx context.Context) error {
	if s.mirror.markers() < compactAt {
		return nil
	}
	before := s.mirror.received()
	var alive []change
	for l, r := range s.mirror.everything() {
		if !r.deleted {
			alive = append(alive, change{subject: subjectOf(l.collection, l.key), data: r.data})
		}
	}
	if err := s.rewrite(ctx, alive, s.mirror.show); err != nil {
		return fmt.Errorf("compact records: %w", err)
	}
	s.mirror.begin(before)
	if err := s.mark.write(s.mirror.reached()); err != nil {
		return err
	}
	if err := s.stream.Purge(ctx, jetstream.WithPurgeSequence(before+1)); err != nil {
		return fmt.Errorf("compact records: %w", err)
	}
	return nil
}

// Close stops mirroring. Reads keep answering from the last state; writes fail
// with [ErrClosed].
func (s *Store) Close() (err error) {
	s.closeOnce.Do(func() {
		close(s.closed)
		s.writing <- struct{}{} // the writer under way still needs the mirror
		s.rest()
		if s.consume == nil {
			return
		}
		s.unfollow()
		if s.mirror.failure() == nil {
			err = s.mark.write(s.mirror.reached())
		}
	})
	return err
}

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

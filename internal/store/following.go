package store

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/hakonegate/hakone/internal/engine"
)

// Servers that stop answering are noticed by two missing heartbeats.
const (
	heartbeat  = 500 * time.Millisecond
	followWait = 3 * time.Second // for one try to read the stream anew
)

// followShared reads the stream from where the mirror is. A consumer lives on one
// server and dies with it: whatever looks wrong asks for another one.
func (s *Store) followShared(ctx context.Context) error {
	consumer, err := s.js.CreateConsumer(ctx, streamName, jetstream.ConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: s.mirror.received() + 1,
		AckPolicy: jetstream.AckNonePolicy, MaxDeliver: 1, Replicas: 1, MemoryStorage: true, InactiveThreshold: time.Minute,
	})
	if err != nil {
		return fmt.Errorf("read records: %w", err)
	}
	var over atomic.Bool
	fail := func() {
		if over.CompareAndSwap(false, true) {
			select {
			case s.pulse.broken <- struct{}{}:
			default:
			}
		}
	}
	next := uint64(1)
	receive := func(msg jetstream.Msg) {
		meta, err := msg.Metadata()
		switch {
		case over.Load():
			return
		case err != nil || meta.Sequence.Consumer != next: // one was lost on its way
			fail()
			return
		}
		next++
		s.receive(msg)
	}
	consume, err := consumer.Consume(receive, jetstream.PullMaxMessages(4096), jetstream.PullExpiry(4*time.Second), jetstream.PullHeartbeat(heartbeat),
		jetstream.ConsumeErrHandler(func(jetstream.ConsumeContext, error) { fail() }))
	if err != nil {
		return fmt.Errorf("read records: %w", err)
	}
	if s.consume != nil {
		s.consume.Stop()
	}
	s.consume = consume
	return nil
}

// keepFollowing reads the stream anew whenever that broke, or beats do not come
// back, until ctx is done.
func (s *Store) keepFollowing(ctx context.Context) {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	began := time.Now()
	for {
		select {
		case <-s.pulse.broken:
		case <-tick.C:
			if s.Stale() < StaleAfter || time.Since(began) < StaleAfter {
				continue
			}
		case <-ctx.Done():
			return
		}
		for ctx.Err() == nil {
			trying, cancel := context.WithTimeout(ctx, followWait)
			err := s.followShared(trying)
			cancel()
			if err == nil {
				break
			}
			engine.Passing(ctx)
		}
		began = time.Now()
	}
}

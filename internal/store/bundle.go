package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// The embedded server needs one sync for a message, and for an atomic batch files
// of its own, four syncs and the time of fifteen messages. So a change of several
// records, or several changes that wait at the same time, are one message: a
// bundle. It is written on the next of bundleSlots subjects, where JetStream
// replaces the bundle that was there.
//
// A record that only a bundle holds is settled before that happens: it gets a
// message on its own subject, which JetStream keeps until the next one. Bundles are
// replaced in the order in which they were written. So what was created and deleted
// in bundles needs no marker: the creation is never there without the deletion.
const (
	bundlePrefix = "hakone.changes."
	bundleSlots  = 1024    // part of the format
	bundleBytes  = 1 << 20 // of one; what is larger is a batch
)

// ringBytes is how much bundles may hold before the older half is settled.
var ringBytes = 32 << 20

// A bundle is one that is in the stream.
type bundle struct {
	rev     uint64
	bytes   int
	records []location
}

// pack encodes changes as the data of a bundle.
func pack(changes []change) []byte {
	var out []byte
	field := func(b []byte) {
		out = binary.AppendUvarint(out, uint64(len(b)))
		out = append(out, b...)
	}
	for _, c := range changes {
		field([]byte(c.subject))
		kind := byte(0)
		if c.deleted {
			kind = 1
		}
		out = append(out, kind)
		field(c.data)
	}
	return out
}

var errBundle = errors.New("a bundle of records is broken")

// unpack is the inverse of pack. What it returns is a copy: a record must not keep
// the others of its bundle in memory.
func unpack(data []byte, rev uint64) (changes []change, err error) {
	field := func() []byte {
		n, size := binary.Uvarint(data)
		if size <= 0 || n > uint64(len(data)-size) { //nolint:gosec // size is within data
			err = errBundle
			return nil
		}
		text := data[size : size+int(n)] //nolint:gosec // n is within data
		data = data[size+int(n):]        //nolint:gosec // as above
		return text
	}
	for len(data) > 0 {
		subject := field()
		if err != nil || len(data) == 0 {
			return nil, errBundle
		}
		kind := data[0]
		data = data[1:]
		text := field()
		if err != nil || kind > 1 {
			return nil, errBundle
		}
		changes = append(changes, change{subject: string(subject), data: bytes.Clone(text), rev: rev, deleted: kind == 1, bundled: true})
	}
	return changes, nil
}

// unpackLocked applies a bundle that was read.
func (m *mirror) unpackLocked(c change) {
	slot, err := strconv.Atoi(strings.TrimPrefix(c.subject, bundlePrefix))
	if err != nil || slot < 0 || slot >= bundleSlots {
		m.failLocked(damaged("subject %q is not one of a bundle", c.subject))
		return
	}
	changes, err := unpack(c.data, c.rev)
	if err != nil {
		m.failLocked(damaged("number %d: %w", c.rev, err))
		return
	}
	m.applyLocked(changes)
	m.noteLocked(slot, changes, len(c.data))
}

// noteLocked remembers a bundle that was applied.
func (m *mirror) noteLocked(slot int, changes []change, size int) {
	m.slot = (slot + 1) % bundleSlots
	if m.err != nil || len(changes) == 0 {
		return
	}
	b := bundle{rev: changes[0].rev, bytes: size, records: make([]location, len(changes))}
	for i, c := range changes {
		b.records[i].collection, b.records[i].key, _ = parseSubject(c.subject) // applied: it can be parsed
	}
	m.bundles = append(m.bundles, b)
}

// show applies changes that this process wrote.
func (m *mirror) show(changes []change) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen = max(m.seen, changes[len(changes)-1].rev)
	m.applyLocked(changes)
}

// showBundle applies a bundle that this process wrote.
func (m *mirror) showBundle(slot int, changes []change, size int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen = max(m.seen, changes[0].rev)
	m.applyLocked(changes)
	m.noteLocked(slot, changes, size)
}

// nextSlot returns where the next bundle goes, and whether there is room.
func (m *mirror) nextSlot() (slot int, free bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	size := 0
	for _, b := range m.bundles {
		size += b.bytes
	}
	return m.slot, len(m.bundles) < bundleSlots && size < ringBytes
}

// unsettled returns the records whose newest state is in one of the n oldest
// bundles, and those of them that need no message: markers of what never had one.
func (m *mirror) unsettled(n int) (write []change, drop []location) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, b := range m.bundles[:n] {
		for _, l := range b.records {
			switch r := m.records[l.collection][l.key]; {
			case r.rev != b.rev:
			case r.deleted && !r.own:
				drop = append(drop, l)
			default:
				write = append(write, change{subject: subjectOf(l.collection, l.key), data: r.data, deleted: r.deleted})
			}
		}
	}
	return write, drop
}

// settled notes that records have a message of their own. They are as they were:
// nobody is told.
func (m *mirror) settled(changes []change) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen = max(m.seen, changes[len(changes)-1].rev)
	for _, c := range changes {
		collection, key, _ := parseSubject(c.subject)
		r := m.records[collection][key]
		r.own = true
		m.records[collection][key] = r
	}
}

// settle makes room for bundles: the older half of them is no longer needed then.
func (s *Store) settle(ctx context.Context) error {
	s.mirror.mu.RLock()
	n := (len(s.mirror.bundles) + 1) / 2
	s.mirror.mu.RUnlock()
	write, drop := s.mirror.unsettled(n)
	if err := s.rewrite(ctx, write, s.mirror.settled); err != nil {
		return err
	}
	s.mirror.mu.Lock()
	defer s.mirror.mu.Unlock()
	for _, l := range drop {
		delete(s.mirror.records[l.collection], l.key)
	}
	s.mirror.bundles = append([]bundle(nil), s.mirror.bundles[n:]...)
	return nil
}

// rewrite gives each change a message on its record's own subject, and tells done
// of those that are on disk.
func (s *Store) rewrite(ctx context.Context, changes []change, done func([]change)) error {
	for len(changes) > 0 {
		n, size := 0, 0
		for n < len(changes) && n < maxBatch/2 && (n == 0 || size+len(changes[n].data) < bundleBytes) {
			size += len(changes[n].data)
			n++
		}
		if err := s.write(ctx, changes[:n]); err != nil {
			return err
		}
		done(changes[:n])
		changes = changes[n:]
	}
	return nil
}

// write publishes changes, each on its record's subject, as one, and fills in
// their revisions.
func (s *Store) write(ctx context.Context, changes []change) error {
	messages := make([]*nats.Msg, len(changes))
	for i, c := range changes {
		messages[i] = &nats.Msg{Subject: c.subject, Data: c.data, Header: header(c.deleted)}
	}
	s.expect(messages[0])
	last, err := s.publish(ctx, messages)
	if err != nil {
		return err
	}
	for i := range changes {
		changes[i].rev = last - uint64(len(changes)-1-i) //nolint:gosec // a batch has consecutive sequences
	}
	return nil
}

// writeBundle publishes changes as one message and shows them.
func (s *Store) writeBundle(ctx context.Context, changes []change) error {
	slot, free := s.mirror.nextSlot()
	if !free {
		if err := s.settle(ctx); err != nil {
			return fmt.Errorf("settle: %w", err)
		}
	}
	msg := &nats.Msg{Subject: bundlePrefix + strconv.Itoa(slot), Data: pack(changes), Header: nats.Header{}}
	s.expect(msg)
	rev, err := s.publish(ctx, []*nats.Msg{msg})
	if err != nil {
		return err
	}
	for i := range changes {
		changes[i].rev, changes[i].bundled = rev, true
	}
	s.mirror.showBundle(slot, changes, len(msg.Data))
	return nil
}

// expect makes the server refuse msg if the mirror has not seen everything, which
// happens after a write whose outcome was not known.
func (s *Store) expect(msg *nats.Msg) {
	msg.Header.Set(jetstream.ExpectedLastSeqHeader, strconv.FormatUint(s.mirror.received(), 10))
}

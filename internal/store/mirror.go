package store

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// mirror holds all records in memory. One goroutine feeds it; readers and
// writers wait for it under mu.
type mirror struct {
	ready chan struct{} // closed when everything stored before Open is in, or failed

	mu      sync.RWMutex
	records map[string]map[string]record // by collection and key
	bundles []bundle                     // that may hold the newest of a record, the oldest first
	slot    int                          // of the next bundle
	rev     uint64                       // sequence of the last change applied
	base    uint64                       // changes up to this one are dead
	batch   []change                     // an atomic batch whose end has not arrived
	seen    uint64                       // sequence of the last message received
	behind  bool                         // messages were replaced before they arrived
	held    []change                     // what arrived since
	beats   map[string]heard             // by node
	err     error                        // why the mirror stopped
	isReady bool
	count   uint64 // messages received while loading
	waiters []waiter
	news    news
}

// A record is the last state of one key. Deleted records stay as markers: a
// writer must know the revision of the marker to create the key again.
type record struct {
	data    []byte
	rev     uint64
	deleted bool
	own     bool // there is a message on its subject, maybe an older one
}

// A change is one message of the stream, or a part of a bundle.
type change struct {
	subject string
	data    []byte
	rev     uint64
	deleted bool
	bundled bool
	batch   string // the atomic batch it belongs to
	commit  bool   // it is the last one of its batch
	beat    string // no record, but a sign of life of this node
}

type waiter struct {
	rev  uint64
	done chan struct{}
}

func newMirror() *mirror {
	return &mirror{ready: make(chan struct{}), records: map[string]map[string]record{}, beats: map[string]heard{}, news: newNews()}
}

// receive applies a change, or a whole batch when its last change arrives. While
// loading, the last change of an old batch may have been overwritten since; then
// a message of another batch, or the end of what is stored, ends it.
//
// A mirror that was cut off finds gaps: messages that later ones replaced. Until
// it has caught up it does not know a state that ever was, so it shows the last
// one, and then the present one at once.
func (m *mirror) receive(c change, last bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil || c.rev <= m.seen {
		return
	}
	if !m.isReady {
		m.count++
	} else if c.rev != m.seen+1 {
		m.behind = true
	}
	m.seen = c.rev
	if m.behind {
		m.held = append(m.held, c)
		if last {
			m.applyLocked(append(m.batch, m.held...))
			m.batch, m.held, m.behind = nil, nil, false
		}
		return
	}
	if len(m.batch) > 0 && m.batch[0].batch != c.batch {
		m.applyLocked(m.batch)
		m.batch = nil
	}
	switch {
	case c.batch == "":
		m.applyLocked([]change{c})
	case c.commit:
		m.applyLocked(append(m.batch, c))
		m.batch = nil
	default:
		m.batch = append(m.batch, c)
	}
	if last && !m.isReady {
		m.applyLocked(m.batch)
		m.batch = nil
		m.readyLocked()
	}
}

func (m *mirror) applyLocked(changes []change) {
	if len(changes) == 0 {
		return
	}
	moved := false
	for _, c := range changes {
		if c.beat != "" {
			m.hearLocked(c)
			continue
		}
		if c.rev <= m.base {
			continue
		}
		if strings.HasPrefix(c.subject, bundlePrefix) {
			m.unpackLocked(c)
			continue
		}
		moved = true
		if err := m.putLocked(c); err != nil {
			m.failLocked(damaged("%w", err))
			return
		}
		m.rev = c.rev
	}
	if moved {
		m.announceLocked()
	}
}

// announceLocked tells those who wait that the mirror moved.
func (m *mirror) announceLocked() {
	m.waiters = slices.DeleteFunc(m.waiters, func(w waiter) bool {
		if w.rev > m.rev {
			return false
		}
		close(w.done)
		return true
	})
	m.news.announce()
}

func (m *mirror) putLocked(c change) error {
	collection, key, err := parseSubject(c.subject)
	if err != nil {
		return err
	}
	if !c.deleted && !json.Valid(c.data) {
		return fmt.Errorf("record %q of %s is not JSON", key, collection)
	}
	records := m.records[collection]
	if records == nil {
		records = map[string]record{}
		m.records[collection] = records
	}
	m.news.add(c.rev, location{collection, key})
	records[key] = record{data: c.data, rev: c.rev, deleted: c.deleted, own: !c.bundled || records[key].own}
	return nil
}

func (m *mirror) readyLocked() {
	if !m.isReady {
		m.isReady = true
		close(m.ready)
	}
}

func (m *mirror) loaded() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.readyLocked()
}

// received returns the sequence of the last message, whatever it was.
func (m *mirror) received() uint64 {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.seen
}

func (m *mirror) loadedCount() uint64 {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.count
}

func (m *mirror) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failLocked(err)
}

func (m *mirror) failLocked(err error) {
	m.err = err
	for _, w := range m.waiters {
		close(w.done)
	}
	m.waiters = nil
	m.readyLocked()
}

func (m *mirror) failure() error {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.err
}

func (m *mirror) revision() uint64 {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.rev
}

// reached returns how many messages the stream holds at least, and the last one's
// number.
func (m *mirror) reached() reached {
	m.mu.RLock()
	defer m.mu.RUnlock()
	r := reached{seq: m.seen, base: m.base}
	for _, records := range m.records {
		for _, record := range records {
			if record.own {
				r.count++
			}
		}
	}
	return r
}

// pass says that nothing is missing up to a sequence.
func (m *mirror) pass(seq uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen = max(m.seen, seq)
}

// get returns the record or its marker; the zero record if there is neither.
func (m *mirror) get(collection, key string) record {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.records[collection][key]
}

// live returns the keys and contents of a collection at this moment, sorted.
func (m *mirror) live(collection string) (keys []string, data map[string][]byte) {
	m.mu.RLock()
	data = make(map[string][]byte, len(m.records[collection]))
	for key, r := range m.records[collection] {
		if !r.deleted {
			data[key] = r.data
		}
	}
	m.mu.RUnlock()
	return slices.Sorted(maps.Keys(data)), data
}

func (m *mirror) revisions(collection string) map[string]uint64 {
	m.mu.RLock()
	defer m.mu.RUnlock()
	out := make(map[string]uint64, len(m.records[collection]))
	for key, r := range m.records[collection] {
		if !r.deleted {
			out[key] = r.rev
		}
	}
	return out
}

func (m *mirror) len(collection string) (n int) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, r := range m.records[collection] {
		if !r.deleted {
			n++
		}
	}
	return n
}

// markers counts the deleted records that are remembered.
func (m *mirror) markers() (n int) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, records := range m.records {
		for _, r := range records {
			if r.deleted {
				n++
			}
		}
	}
	return n
}

// everything returns all records and markers as they are now.
func (m *mirror) everything() map[location]record {
	m.mu.RLock()
	defer m.mu.RUnlock()
	all := map[location]record{}
	for collection, records := range m.records {
		for key, r := range records {
			all[location{collection, key}] = r
		}
	}
	return all
}

// begin says that everything up to base is dead, and drops markers from there.
func (m *mirror) begin(base uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.base = base
	m.bundles = slices.DeleteFunc(m.bundles, func(b bundle) bool { return b.rev <= base })
	for _, records := range m.records {
		maps.DeleteFunc(records, func(_ string, r record) bool { return r.rev <= base })
	}
}

// forget drops the marker of a deleted record, unless it changed since.
func (m *mirror) forget(subject string, rev uint64) {
	collection, key, err := parseSubject(subject)
	if err != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if r := m.records[collection][key]; r.deleted && r.rev == rev {
		delete(m.records[collection], key)
	}
}

// wait returns when the change with the given sequence is visible.
func (m *mirror) wait(ctx context.Context, rev uint64) error {
	m.mu.Lock()
	if m.rev >= rev || m.err != nil {
		defer m.mu.Unlock()
		return m.err
	}
	w := waiter{rev, make(chan struct{})}
	m.waiters = append(m.waiters, w)
	m.mu.Unlock()
	select {
	case <-w.done:
		return m.failure()
	case <-ctx.Done():
		return ctx.Err()
	}
}

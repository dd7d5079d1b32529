package store

import (
	"context"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"

	"github.com/hakonegate/hakone/internal/engine"
)

// Nodes that share records give signs of life through the stream of the records
// itself. A beat that comes back to its node proves in one go that the node has a
// connection, that the servers have a quorum, and that the node has seen every
// record that was acknowledged before the beat was sent.
const (
	beatPrefix = "hakone.beats."
	beatEvery  = time.Second

	// StaleAfter is how old the records that a node sees may be before it counts as
	// cut off.
	StaleAfter = 5 * time.Second
	// GoneAfter is how long a node is not heard of before others take over its work.
	GoneAfter = 10 * time.Second

	forgetAfter = time.Hour        // then nodes that are gone are not even listed
	refuseAfter = 15 * time.Second // longer than an election; then writes fail at once
)

// beat is what a node says of itself.
type beat struct {
	Run  string // differs with each start
	N    uint64
	Host string
	Bye  bool `json:",omitempty"` // it stops
}

type heard struct {
	beat
	at time.Time
}

// hearLocked notes a sign of life.
func (m *mirror) hearLocked(c change) {
	b := heard{at: time.Now()}
	if json.Unmarshal(c.data, &b.beat) == nil {
		m.beats[c.beat] = b
	}
}

func (m *mirror) beatOf(node string) (heard, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	b, ok := m.beats[node]
	return b, ok
}

func (m *mirror) forgetBeat(node string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.beats, node)
}

// A pulse is this node's part of it.
type pulse struct {
	node, run string
	host      string
	stop      context.CancelFunc // nil until it begins
	work      sync.WaitGroup
	broken    chan struct{} // gets a value when the stream must be read anew

	mu    sync.Mutex
	next  uint64
	sent  []time.Time // when the beats from first on were sent
	first uint64
	since time.Time // that the node has been current
}

func newPulse(e *engine.Engine) *pulse {
	host, _ := os.Hostname()
	return &pulse{node: e.Node(), run: nuid.Next(), host: host, next: 1, first: 1, broken: make(chan struct{}, 1)}
}

// say publishes one beat. Nobody acknowledges it: that it comes back says more.
func (p *pulse) say(js jetstream.JetStream, bye bool) {
	p.mu.Lock()
	b := beat{Run: p.run, N: p.next, Host: p.host, Bye: bye}
	p.next++
	p.sent = append(p.sent, time.Now())
	p.mu.Unlock()
	if text, err := json.Marshal(b); err == nil {
		_ = js.Conn().Publish(beatPrefix+p.node, text) // fails while there is no connection, which shows
	}
}

// age returns how long ago the last beat that came back was sent.
func (p *pulse) age(m *mirror) time.Duration {
	b, ok := m.beatOf(p.node)
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.sent) == 0 {
		return 0
	}
	if ok && b.Run == p.run && b.N > p.first {
		p.sent = slices.Clone(p.sent[b.N-p.first:])
		p.first = b.N
	}
	age := time.Since(p.sent[0])
	switch {
	case age > StaleAfter:
		p.since = time.Time{}
	case p.since.IsZero():
		p.since = time.Now()
	}
	return age
}

// current is how long the node has not been cut off.
func (p *pulse) current(m *mirror) time.Duration {
	p.age(m)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.since.IsZero() {
		return 0
	}
	return time.Since(p.since)
}

// live gives signs of life, and reads the stream anew when that breaks, until the
// store is closed.
func (s *Store) live() {
	ctx, cancel := context.WithCancel(context.Background())
	s.pulse.stop = cancel
	s.pulse.say(s.js, false)
	s.pulse.work.Go(func() {
		tick := time.NewTicker(beatEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				s.pulse.say(s.js, false)
				s.forgetNodes(ctx)
			case <-ctx.Done():
				return
			}
		}
	})
	s.pulse.work.Go(func() { s.keepFollowing(ctx) })
}

// forgetNodes drops the beats of nodes that have been gone for long.
func (s *Store) forgetNodes(ctx context.Context) {
	if s.Stale() > StaleAfter {
		return
	}
	for _, n := range s.Nodes() {
		if n.Self || time.Since(n.Heard) < forgetAfter {
			continue
		}
		ctx, cancel := context.WithTimeout(ctx, followWait)
		err := s.stream.Purge(ctx, jetstream.WithPurgeSubject(beatPrefix+n.Name))
		cancel()
		if err == nil {
			s.mirror.forgetBeat(n.Name)
		}
	}
}

// rest ends the signs of life with one that says so.
func (s *Store) rest() {
	if s.pulse == nil || s.pulse.stop == nil {
		return
	}
	s.pulse.stop()
	s.pulse.work.Wait()
	s.pulse.say(s.js, true) // others would notice anyway, later
	_ = s.js.Conn().FlushTimeout(time.Second)
}

// Stale returns how old what the store shows may be: 0 when nobody else writes.
// It grows while the node is cut off.
func (s *Store) Stale() time.Duration {
	if s.pulse == nil {
		return 0
	}
	return s.pulse.age(s.mirror)
}

// Self names this process to others that share the records. It is empty when
// nobody can.
func (s *Store) Self() string {
	if s.pulse == nil {
		return ""
	}
	return s.pulse.node + "/" + s.pulse.run
}

// Gone reports whether the process that called itself self has ended, or has not
// been heard of for [GoneAfter]: others may take over its work, and must be ready
// for its being back. A node that is cut off itself knows nothing of others.
func (s *Store) Gone(self string) bool {
	if s.pulse == nil || self == s.Self() {
		return self != s.Self()
	}
	node, run, _ := strings.Cut(self, "/")
	if node == s.pulse.node {
		return true // an earlier run of this node: its directory has one process
	}
	b, ok := s.mirror.beatOf(node)
	if ok && (b.Run != run || b.Bye) {
		return true
	}
	return s.pulse.current(s.mirror) > GoneAfter && (!ok || time.Since(b.at) > GoneAfter)
}

// A Node is one of the processes that share the records.
type Node struct {
	Name, Host string
	Heard      time.Time
	Gone       bool
	Self       bool
}

// Nodes lists those that were heard of, by name; none when nobody can share.
func (s *Store) Nodes() []Node {
	if s.pulse == nil {
		return nil
	}
	s.mirror.mu.RLock()
	nodes := make([]Node, 0, len(s.mirror.beats))
	for name, b := range s.mirror.beats {
		nodes = append(nodes, Node{Name: name, Host: b.Host, Heard: b.at, Gone: b.Bye || time.Since(b.at) > GoneAfter, Self: name == s.pulse.node})
	}
	s.mirror.mu.RUnlock()
	slices.SortFunc(nodes, func(a, b Node) int { return strings.Compare(a.Name, b.Name) })
	return nodes
}

package logs

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hakonegate/hakone/internal/execenv"
)

// An Event is one entry of a group.
type Event struct {
	Time     time.Time // when it was written
	Stream   string
	Message  string
	Sequence uint64 // grows by one with each event of the group
}

// overhead is what an event takes beside its message.
const overhead = 96

// A group keeps the latest events of all its streams, in the order in which
// they came.
type group struct {
	limit int
	since time.Time

	mu     sync.Mutex
	events []Event // the first ones of which may be dropped
	first  int     // the oldest that is kept
	bytes  int
	next   uint64
	moved  chan struct{} // closed and replaced when events are added and someone waits
	waits  bool

	// Of the file.
	written uint64 // sequence of the first event that is not in it
	size    int64  // bytes; 0 when there is none
	stale   bool   // it has what is no longer kept
}

func (g *group) append(stream string, events []execenv.LogEvent) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, e := range events {
		g.push(Event{Time: e.Time, Stream: stream, Message: e.Message})
	}
	if g.waits {
		close(g.moved)
		g.moved, g.waits = make(chan struct{}), false
	}
}

// push adds an event with the next sequence, and drops the oldest ones beyond the
// limit.
func (g *group) push(e Event) {
	e.Sequence = g.next
	g.next++
	g.events = append(g.events, e)
	g.bytes += len(e.Message) + overhead
	for g.bytes > g.limit && g.first < len(g.events)-1 {
		g.drop()
	}
	if g.first > len(g.events)/2 {
		g.events = slices.Clone(g.events[g.first:])
		g.first = 0
	}
}

// drop forgets the oldest event.
func (g *group) drop() {
	g.bytes -= len(g.events[g.first].Message) + overhead
	g.events[g.first] = Event{}
	g.first++
}

// from returns the kept events with sequences from next on, and what tells that
// there are more.
func (g *group) from(next uint64) ([]Event, <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	kept := g.events[g.first:]
	if len(kept) > 0 && next > kept[0].Sequence {
		kept = kept[min(next-kept[0].Sequence, uint64(len(kept))):]
	}
	g.waits = true
	return slices.Clone(kept), g.moved
}

// Read yields the group's events that are not older than since, in the order in
// which they came.
func (s *Service) Read(groupName string, since time.Time) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		s.mu.RLock()
		g := s.groups[groupName]
		s.mu.RUnlock()
		if g == nil {
			return
		}
		events, _ := g.from(0)
		for _, e := range events {
			if !e.Time.Before(since) && !yield(e) {
				return
			}
		}
	}
}

// Follow yields what Read does, and then new events until ctx is done. The
// group need not exist yet.
func (s *Service) Follow(ctx context.Context, groupName string, since time.Time) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		var next uint64
		for g := s.group(groupName); ; {
			events, moved := g.from(next)
			for _, e := range events {
				next = e.Sequence + 1
				if !e.Time.Before(since) && !yield(e) {
					return
				}
			}
			select {
			case <-moved:
			case <-ctx.Done():
				return
			}
		}
	}
}

// A Stream is a log stream. One that was created and has no events has no times.
type Stream struct {
	Name        string
	Created     time.Time // zero: with its first event
	First, Last time.Time
}

// Streams returns the streams of a group, by name.
func (s *Service) Streams(groupName string) []Stream {
	streams := map[string]Stream{}
	for key := range s.streams.Revisions() {
		if name, ok := strings.CutPrefix(key, streamKey(groupName, "")); ok {
			r, _ := s.streams.Get(key)
			streams[name] = Stream{Name: name, Created: time.UnixMilli(r.CreationTime)}
		}
	}
	for e := range s.Read(groupName, time.Time{}) {
		x, ok := streams[e.Stream]
		if !ok || x.First.IsZero() {
			x.Name, x.First = e.Stream, e.Time
		}
		x.Last = e.Time
		streams[e.Stream] = x
	}
	list := make([]Stream, 0, len(streams))
	for _, name := range sortedKeys(streams) {
		list = append(list, streams[name])
	}
	return list
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

package store

import (
	"context"
	"time"
)

// CompactAt makes compaction begin at n markers until the test process ends.
func CompactAt(n int) { compactAt = n }

// RingBytes makes bundles be settled when they hold so many bytes, until the test
// process ends.
func RingBytes(n int) { ringBytes = n }

// Lose makes the mirror forget the last messages, as if their writer had been told
// that they were not written.
func Lose(s *Store, n uint64, collection, key string) {
	s.mirror.mu.Lock()
	defer s.mirror.mu.Unlock()
	s.mirror.seen -= n
	delete(s.mirror.records[collection], key)
}

// Markers counts the deleted records that are remembered.
func Markers(s *Store) int { return s.mirror.markers() }

// Steal takes a lease as another process would.
func Steal(ctx context.Context, s *Store, name string) error {
	return In[lease](s, leaseName).Put(ctx, name, lease{Holder: "another/run", Token: "other"})
}

// Age makes the last signs of life of other nodes older.
func Age(s *Store, by time.Duration) {
	s.mirror.mu.Lock()
	defer s.mirror.mu.Unlock()
	for name, b := range s.mirror.beats {
		if name != s.pulse.node {
			b.at = b.at.Add(-by)
			s.mirror.beats[name] = b
		}
	}
}

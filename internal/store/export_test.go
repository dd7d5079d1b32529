package store

import (
	"context"
	"time"
)

// CompactAt makes compaction begin at n markers until the test process ends.
func CompactAt(n int) { compactAt = n }

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

package store

import "context"

// CompactAt makes compaction begin at n markers until the test process ends.
func CompactAt(n int) { compactAt = n }

// Steal takes a lease as another process would.
func Steal(ctx context.Context, s *Store, name string) error {
	return In[lease](s, leaseName).Put(ctx, name, lease{Holder: "another/run", Token: "other"})
}

package store

// CompactAt makes compaction begin at n markers until the test process ends.
func CompactAt(n int) { compactAt = n }

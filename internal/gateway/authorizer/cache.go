package authorizer

import (
	"sync"
	"time"
)

// A Cache keeps answers of Lambda authorizers. Its zero value keeps 10,000. It
// is safe for concurrent use.
type Cache struct {
	Size int              // 0 means 10,000
	Now  func() time.Time // nil means time.Now

	mu      sync.Mutex
	entries map[string]cached
}

type cached struct {
	answer *Answer
	until  time.Time
}

func (c *Cache) now() time.Time {
	if c.Now == nil {
		return time.Now()
	}
	return c.Now()
}

func (c *Cache) get(key string) *Answer {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[key]
	if !ok || !now.Before(e.until) {
		return nil
	}
	return e.answer
}

// put keeps a for ttl. When the cache is full it drops what is over, and then,
// if that is not enough, whatever comes first.
func (c *Cache) put(key string, a *Answer, ttl time.Duration) {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	size := c.Size
	if size == 0 {
		size = 10_000
	}
	if len(c.entries) >= size {
		for k, e := range c.entries {
			if !now.Before(e.until) {
				delete(c.entries, k)
			}
		}
	}
	for k := range c.entries {
		if len(c.entries) < size {
			break
		}
		delete(c.entries, k)
	}
	if c.entries == nil {
		c.entries = map[string]cached{}
	}
	c.entries[key] = cached{a, now.Add(ttl)}
}

// Reset forgets every answer whose key begins with prefix.
func (c *Cache) Reset(prefix string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k := range c.entries {
		if len(k) >= len(prefix) && k[:len(prefix)] == prefix {
			delete(c.entries, k)
		}
	}
}

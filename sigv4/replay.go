package sigv4

import (
	"sync"
	"time"
)

// A ReplayCache remembers accepted requests until they stop being acceptable,
// so that a captured one cannot be sent again. AWS does not do so: a request
// works as often as it is sent within its window.
//
// With one, a client that retries the identical bytes is refused, a presigned
// URL works once, and each process remembers for itself. When it is full, new
// requests are refused too (with the reason [Busy]): forgetting early would
// let replays through. An entry takes about 50 bytes. The zero value is ready to use,
// by any number of verifiers at once.
type ReplayCache struct {
	Max int // most entries; 0 means 1,048,576

	mu     sync.Mutex
	count  int
	swept  int64                           // the last slot given up
	window map[int64]map[[32]byte]struct{} // by the minute in which they end
}

type replay uint8

const (
	replayNew replay = iota
	replaySeen
	replayFull
)

// add records id, which ends at end, unless it is known. Since the same
// request always ends at the same time, it needs to look at one slot only.
func (c *ReplayCache) add(id [32]byte, end, now time.Time) replay {
	const slot = 60
	limit := c.Max
	if limit <= 0 {
		limit = 1 << 20
	}
	minute, current := end.Unix()/slot, now.Unix()/slot

	c.mu.Lock()
	defer c.mu.Unlock()
	if c.swept < current {
		for m, ids := range c.window {
			if m < current {
				c.count -= len(ids)
				delete(c.window, m)
			}
		}
		c.swept = current
	}
	if _, seen := c.window[minute][id]; seen {
		return replaySeen
	}
	if c.count >= limit {
		return replayFull
	}
	if c.window == nil {
		c.window = map[int64]map[[32]byte]struct{}{}
	}
	if c.window[minute] == nil {
		c.window[minute] = map[[32]byte]struct{}{}
	}
	c.window[minute][id] = struct{}{}
	c.count++
	return replayNew
}

// Len returns how many requests are remembered.
func (c *ReplayCache) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count
}

package gateway

import (
	"errors"
	"sync/atomic"
)

// maxBodies bounds what the bodies of all requests under way take together.
const maxBodies = 512 << 20

// ErrBodies is that there is no room for more of a body.
var ErrBodies = errors.New("the bodies of all requests under way take as much memory as they may")

// bodyMemory counts the bytes of bodies. Its zero value takes none.
type bodyMemory struct {
	max  int64
	held atomic.Int64
}

// take makes room for n bytes, or says that there is none.
func (m *bodyMemory) take(n int) error {
	if m.held.Add(int64(n)) > m.max {
		m.held.Add(-int64(n))
		return ErrBodies
	}
	return nil
}

func (m *bodyMemory) give(n int) { m.held.Add(-int64(n)) }

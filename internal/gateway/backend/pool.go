package backend

import (
	"sync"
	"time"
)

// pools are the connections that wait for a request, by backend.
type pools struct {
	mu   sync.Mutex
	idle map[Origin][]*connection // the latest used last
	tick *time.Timer              // closes old ones; nil while there are none
}

// take returns the connection used last that is still open, or nil.
func (p *pools) take(origin Origin) *connection {
	for {
		p.mu.Lock()
		list := p.idle[origin]
		if len(list) == 0 {
			p.mu.Unlock()
			return nil
		}
		c := list[len(list)-1]
		list[len(list)-1] = nil
		p.idle[origin] = list[:len(list)-1]
		p.mu.Unlock()
		if c.alive() {
			c.reused = true
			return c
		}
		c.close()
	}
}

// give keeps a connection for the next request.
func (p *pools) give(c *connection) {
	c.since = time.Now()
	p.mu.Lock()
	list := p.idle[c.origin]
	if len(list) >= maxIdle {
		p.mu.Unlock()
		c.close()
		return
	}
	if p.idle == nil {
		p.idle = map[Origin][]*connection{}
	}
	p.idle[c.origin] = append(list, c)
	if p.tick == nil {
		p.tick = time.AfterFunc(idleTimeout, p.sweep)
	}
	p.mu.Unlock()
}

// sweep closes the connections that nobody has used for long.
func (p *pools) sweep() {
	limit := time.Now().Add(-idleTimeout)
	var old []*connection
	p.mu.Lock()
	for origin, list := range p.idle {
		n := 0
		for n < len(list) && list[n].since.Before(limit) {
			n++
		}
		old = append(old, list[:n]...)
		if n == len(list) {
			delete(p.idle, origin)
			continue
		}
		p.idle[origin] = append([]*connection(nil), list[n:]...)
	}
	p.tick = nil
	if len(p.idle) > 0 {
		p.tick = time.AfterFunc(idleTimeout/2, p.sweep)
	}
	p.mu.Unlock()
	for _, c := range old {
		c.close()
	}
}

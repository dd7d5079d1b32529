package execenv

import (
	"bytes"
	"io"
	"strconv"
	"sync"
	"time"
)

// Bounds of what is kept of a function's output.
const (
	maxEvent    = 256 << 10 // longer events are split
	maxCallLogs = 5 << 20   // of one call
	maxTail     = 4096      // bytes returned with LogType Tail
)

// An event of our own clients is announced by this mark and its length as eight
// hexadecimal digits; all other output is lines.
var eventMark = []byte{0x00, 0x1e}

const markLen = 2 + 8

// A capture turns the output of an environment's processes into log events, and
// puts the platform's lines between them.
type capture struct {
	mu      sync.Mutex
	emit    func(...LogEvent)
	least   *level       // of lines in a JSON log; nil: all
	tap     func(string) // is told too; nil: nobody
	partial []byte
	written int    // since the call began
	cut     bool   // the flood was reported
	tail    []byte // of the call; nil when not wanted
}

// newCapture returns one for a stream of the function.
func newCapture(p *Pool, fn *Function, stream string) *capture {
	c := &capture{emit: p.logTo(fn.logGroup(), stream)}
	if fn.json() {
		least := levelOf(fn.LogLevel, levelInfo)
		c.least = &least
	}
	return c
}

// begin starts the log of a call.
func (c *capture) begin(tail bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flush()
	c.written, c.cut, c.tail = 0, false, nil
	if tail {
		c.tail = make([]byte, 0, maxTail)
	}
}

// end ends the log of a call and returns its tail.
func (c *capture) end() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	tail := c.tail
	c.tail = nil
	return tail
}

// Write takes output of the process.
func (c *capture) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	data := p
	if len(c.partial) > 0 {
		c.partial = append(c.partial, p...)
		data = c.partial
	}
	for len(data) > 0 {
		n, message := nextEvent(data)
		if n == 0 {
			break
		}
		if len(message) > 0 {
			c.add(string(message))
		}
		data = data[n:]
	}
	if len(data) == 0 {
		c.partial = nil
	} else {
		c.partial = append(c.partial[:0], data...) // may overlap, which append allows
	}
	return len(p), nil
}

// nextEvent returns the first whole event of data and how many bytes it takes;
// 0 if there is none yet.
func nextEvent(data []byte) (n int, message []byte) {
	if bytes.HasPrefix(data, eventMark) {
		if len(data) < markLen {
			return 0, nil
		}
		size, err := strconv.ParseUint(string(data[2:markLen]), 16, 32)
		switch {
		case err != nil || size > maxCallLogs:
			// Not ours after all: the bytes are output like any other.
			return 2, data[:2]
		}
		end := markLen + int(size)
		if len(data) < end {
			return 0, nil
		}
		return end, data[markLen:end]
	}
	line := bytes.IndexByte(data, '\n') + 1
	if mark := bytes.Index(data, eventMark); mark > 0 && (line == 0 || mark < line) {
		line = mark
	}
	if line == 0 && len(data) >= maxEvent {
		line = maxEvent
	}
	return line, data[:line]
}

// system adds lines of the platform, behind all output until now. Those that are
// empty are none.
func (c *capture) system(lines ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flush()
	events := make([]LogEvent, 0, 2)
	now := time.Now()
	for _, line := range lines {
		if line != "" {
			events = append(events, LogEvent{now, line})
		}
	}
	c.send(events...)
}

// setTap says who is told of the process's events too.
func (c *capture) setTap(tap func(string)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tap = tap
}

// flush makes an event of what has no line feed yet.
func (c *capture) flush() {
	if len(c.partial) > 0 {
		c.add(string(c.partial))
		c.partial = nil
	}
}

func (c *capture) add(message string) {
	if c.tap != nil {
		c.tap(message)
	}
	at := time.Now()
	if c.least != nil {
		wanted, said := structured(message, *c.least)
		if !wanted {
			return
		}
		if !said.IsZero() {
			at = said
		}
	}
	if c.written += len(message); c.written > maxCallLogs {
		if !c.cut {
			c.cut = true
			c.send(LogEvent{at, "hakone: the call wrote more than 5 MB to its log; the rest is dropped\n"})
		}
		return
	}
	for len(message) > maxEvent {
		c.send(LogEvent{at, message[:maxEvent]})
		message = message[maxEvent:]
	}
	c.send(LogEvent{at, message})
}

func (c *capture) send(events ...LogEvent) {
	if len(events) > 0 {
		c.emit(events...)
	}
	if c.tail == nil {
		return
	}
	for _, e := range events {
		c.tail = append(c.tail, e.Message...)
	}
	if over := len(c.tail) - maxTail; over > 0 {
		c.tail = append(c.tail[:0], c.tail[over:]...)
	}
}

// logTo returns what writes events to a stream.
func (p *Pool) logTo(group, stream string) func(...LogEvent) {
	if p.cfg.Logs == nil {
		return func(...LogEvent) {}
	}
	return func(events ...LogEvent) { p.cfg.Logs.Append(group, stream, events...) }
}

// A relay passes a process's output on once it is known to whom. Until then it
// drops it.
type relay struct {
	mu sync.Mutex
	to io.Writer
}

func (r *relay) direct(to io.Writer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.to = to
}

// Write passes p on.
func (r *relay) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.to == nil {
		return len(p), nil
	}
	return r.to.Write(p)
}

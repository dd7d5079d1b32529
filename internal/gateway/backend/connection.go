package backend

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/hakonegate/hakone/sigv4"
)

// A connection leads to one backend and has one user at a time.
type connection struct {
	transport *Transport
	origin    Origin
	raw       net.Conn // beneath TLS
	conn      net.Conn
	reader    *bufio.Reader
	request   []byte // that was written last; its memory is used again
	lines     []byte // head of the answer; its memory is used again
	headers   []sigv4.Header
	left      int64 // bytes of an answer's head that may still come; negative: no limit
	read      int64 // bytes of the answer
	reused    bool
	since     time.Time // when it became idle
	probe     probe
}

// firstLines is how much of an answer is read at once, and what a connection keeps for heads.
const firstLines = 4 << 10

func newConnection(t *Transport, origin Origin, raw net.Conn) *connection {
	c := &connection{transport: t, origin: origin, raw: raw, conn: raw, left: -1}
	c.reader = bufio.NewReaderSize((*incoming)(c), firstLines)
	c.probe.init(raw)
	return c
}

// An incoming reads from a connection and counts.
type incoming connection

var errHeader = fmt.Errorf("the head of the answer is longer than %d bytes", maxHeader)

func (c *incoming) Read(p []byte) (int, error) {
	if c.left == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	if c.left > 0 && int64(len(p)) > c.left {
		p = p[:c.left]
	}
	n, err := c.conn.Read(p)
	c.read += int64(n)
	if c.left > 0 {
		c.left -= int64(n)
	}
	return n, err //nolint:wrapcheck // as it is, says the contract of io.Reader
}

// heard reports whether the backend has said anything to the request.
func (c *connection) heard() bool { return c.read > 0 }

// alive reports whether a waiting connection is still open, as far as can be
// seen, and silent, as it must be.
func (c *connection) alive() bool {
	return c.reader.Buffered() == 0 && c.probe.open()
}

func (c *connection) close() { _ = c.conn.Close() }

// longBody is how long a body must be to be written beside reading the answer:
// a backend may answer, and stop reading, before it has the whole.
const longBody = 16 << 10

// exchange sends a request and reads the head of the answer. The connection is
// closed when it fails.
func (c *connection) exchange(r *Request) (*Answer, error) {
	c.read, c.left = 0, maxHeader
	_ = c.raw.SetDeadline(r.Deadline)
	answer, sent, err := c.ask(r)
	if err != nil {
		c.close()
		if sent != nil {
			<-sent
		}
		return nil, err
	}
	c.left = -1
	return answer, nil
}

// ask writes the request and reads the head of the answer. The channel, unless
// it is nil, tells whether all was written.
func (c *connection) ask(r *Request) (*Answer, <-chan bool, error) {
	c.request = r.appendHead(c.request[:0])
	var sent chan bool
	if len(r.Body) <= longBody {
		c.request = append(c.request, r.Body...)
		if _, err := c.conn.Write(c.request); err != nil {
			return nil, nil, fmt.Errorf("send the request: %w", err)
		}
	} else {
		sent = make(chan bool, 1)
		go func(body []byte) {
			_, err := c.conn.Write(c.request)
			if err == nil {
				_, err = c.conn.Write(body)
			}
			sent <- err == nil
		}(r.Body)
	}
	for range maxInterim {
		h, err := c.readHead()
		if err != nil && c.left == 0 {
			err = errHeader
		}
		if err != nil {
			return nil, sent, fmt.Errorf("read the answer: %w", err)
		}
		switch {
		case h.status == http.StatusSwitchingProtocols:
			return nil, sent, errSwitch
		case h.status >= 200:
			return newAnswer(c, &h, r.Method, sent), sent, nil
		}
	}
	return nil, sent, errInterim
}

var (
	errSwitch  = errors.New("the backend switches protocols, which nobody asked for")
	errInterim = fmt.Errorf("the backend sends more than %d interim answers", maxInterim)
)

// forget lets go of what an odd exchange needed.
func (c *connection) forget() {
	const many = 64
	if cap(c.request) > 2*longBody {
		c.request = nil
	}
	if cap(c.lines) > firstLines || cap(c.headers) > many {
		c.lines, c.headers = nil, nil
	}
	clear(c.headers[:cap(c.headers)])
}

// A probe looks whether the other side of a waiting connection has hung up.
type probe struct {
	raw   syscall.RawConn
	look  func(fd uintptr) bool
	alive bool
}

func (p *probe) init(conn net.Conn) {
	if c, ok := conn.(syscall.Conn); ok {
		p.raw, _ = c.SyscallConn() // nil when it fails: nothing is looked at
	}
	p.look = func(fd uintptr) bool {
		p.alive = silent(fd)
		return true
	}
}

// open reports whether the connection is open, as far as can be seen.
func (p *probe) open() bool {
	if p.raw == nil {
		return true
	}
	return p.raw.Read(p.look) == nil && p.alive
}

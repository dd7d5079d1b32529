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
)

// A connection leads to one backend and has one user at a time.
type connection struct {
	transport *Transport
	origin    Origin
	raw       net.Conn // beneath TLS
	conn      net.Conn
	reader    *bufio.Reader
	request   []byte // that was written last; its memory is used again
	left      int64  // bytes of an answer's head that may still come; negative: no limit
	read      int64  // bytes of the answer
	reused    bool
	since     time.Time // when it became idle
	probe     probe
}

func newConnection(t *Transport, origin Origin, raw net.Conn) *connection {
	c := &connection{transport: t, origin: origin, raw: raw, conn: raw, left: -1}
	c.reader = bufio.NewReaderSize((*incoming)(c), 4096)
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
func (c *connection) exchange(r *Request) (*http.Response, error) {
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
	answer.Body = &answerBody{ReadCloser: answer.Body, connection: c, sent: sent, keep: !answer.Close, ended: answer.Body == http.NoBody}
	return answer, nil
}

// ask writes the request and reads the head of the answer. The channel, unless
// it is nil, tells whether all was written.
func (c *connection) ask(r *Request) (*http.Response, <-chan bool, error) {
	c.request = r.appendHead(c.request[:0])
	var sent chan bool
	if len(r.Body) <= longBody {
		c.request = append(c.request, r.Body...)
		if _, err := c.conn.Write(c.request); err != nil {
			return nil, nil, fmt.Errorf("send the request: %w", err)
		}
	} else {
		sent = make(chan bool, 1)
		go func() {
			_, err := c.conn.Write(c.request)
			if err == nil {
				_, err = c.conn.Write(r.Body)
			}
			sent <- err == nil
		}()
	}
	of := toGet // tells whether the answer has a body
	if r.Method == http.MethodHead {
		of = toHead
	}
	for range maxInterim {
		answer, err := http.ReadResponse(c.reader, of)
		if err != nil && c.left == 0 {
			err = errHeader
		}
		if err != nil {
			return nil, sent, fmt.Errorf("read the answer: %w", err)
		}
		switch {
		case answer.StatusCode == http.StatusSwitchingProtocols:
			return nil, sent, errSwitch
		case answer.StatusCode >= 200:
			return answer, sent, nil
		}
	}
	return nil, sent, errInterim
}

var (
	toGet  = &http.Request{Method: http.MethodGet}
	toHead = &http.Request{Method: http.MethodHead}

	errSwitch  = errors.New("the backend switches protocols, which nobody asked for")
	errInterim = fmt.Errorf("the backend sends more than %d interim answers", maxInterim)
)

// An answerBody gives the connection back when it was read to its end, and
// closes it otherwise.
type answerBody struct {
	io.ReadCloser

	connection *connection
	sent       <-chan bool
	keep       bool // the connection may serve another request
	ended      bool
	closed     bool
}

func (b *answerBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		b.ended = true
	}
	return n, err //nolint:wrapcheck // as it is, says the contract of io.Reader
}

func (b *answerBody) Close() error {
	if b.closed {
		return nil
	}
	b.closed = true
	c := b.connection
	idle := b.ended && b.keep && c.reader.Buffered() == 0
	if b.sent != nil {
		select {
		case whole := <-b.sent:
			idle = idle && whole
		default: // the backend answered without waiting for the body
			idle = false
			c.close()
			<-b.sent
		}
	}
	if !idle {
		c.close()
		return nil
	}
	if cap(c.request) > 2*longBody {
		c.request = nil
	}
	c.transport.pools.give(c)
	return nil
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

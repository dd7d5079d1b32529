package http1

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// A conn is one connection and the memory that its requests use in turn.
type conn struct {
	server *Server
	raw    net.Conn // beneath TLS
	net    net.Conn
	state  *tls.ConnectionState // nil: plain
	remote string
	idle   atomic.Bool // no byte of a request has come
	busy   atomic.Bool // the handler has the request
	ctx    context.Context
	cancel context.CancelFunc

	in         []byte // what was read: in[at:end] is not yet used
	at, end    int
	lines      []int // ends of the lines of the head
	readUntil  time.Time
	writeUntil time.Time

	deadlineSet bool // the handler has set a deadline for reading the body

	blank   http.Request // with ctx: what every request begins as
	request http.Request
	url     url.URL
	header  http.Header
	values  []string
	body    body
	writer  writer
}

const firstBuffer = 4 << 10

func newConn(s *Server, raw net.Conn) *conn {
	c := &conn{server: s, raw: raw, net: raw, remote: raw.RemoteAddr().String()}
	c.ctx, c.cancel = context.WithCancel(context.WithValue(context.Background(), http.LocalAddrContextKey, raw.LocalAddr()))
	c.idle.Store(true)
	return c
}

// cut gives up a connection whose time is over, and returns what it was asked.
func (c *conn) cut() (request string) {
	if c.busy.Load() {
		request = c.request.Method + " " + c.request.URL.Path
	}
	_ = c.raw.Close()
	c.cancel()
	return request
}

// wake lets a connection that waits for a request notice that the server closes.
func (c *conn) wake() {
	if c.idle.Load() {
		_ = c.raw.SetReadDeadline(time.Unix(1, 0))
	}
}

// serve answers the requests of the connection and closes it.
func (c *conn) serve() {
	handed := false
	defer c.cancel()
	defer func() {
		if !handed {
			_ = c.net.Close()
		}
	}()
	if c.server.TLS != nil {
		if !c.handshake() {
			return
		}
		if c.state.NegotiatedProtocol == "h2" {
			handed = true
			c.handOver(c.net)
			return
		}
		if p := c.state.NegotiatedProtocol; p != "" && p != "http/1.1" {
			return // the handshake was all, as in ACME's proofs
		}
	}
	c.blank = *(&http.Request{RemoteAddr: c.remote, TLS: c.state, Body: http.NoBody, ProtoMajor: 1}).WithContext(c.ctx)
	c.in = make([]byte, firstBuffer)
	c.header, c.writer.header = make(http.Header, 16), make(http.Header, 8)
	c.writer.conn, c.body.conn = c, c
	for first := true; ; first = false {
		no := c.readHead()
		if no == errHTTP2 && first && c.server.HTTP2 != nil && c.state == nil { //nolint:errorlint // ours, not wrapped
			handed = true
			c.handOver(&replayed{c.net, c.in[c.at:c.end]})
			return
		}
		if no == nil {
			no = c.parse()
		}
		if no != nil {
			c.refuse(no)
			return
		}
		if !c.answer() || c.server.closing.Load() {
			return
		}
	}
}

// handOver lets the server of HTTP/2 have the connection.
func (c *conn) handOver(to net.Conn) {
	if c.server.HTTP2 == nil {
		_ = to.Close()
		return
	}
	_ = c.net.SetDeadline(time.Time{})
	c.idle.Store(false)
	c.server.HTTP2(to)
}

// replayed is a connection of which something was read already.
type replayed struct {
	net.Conn

	first []byte
}

func (r *replayed) Read(p []byte) (int, error) {
	if len(r.first) > 0 {
		n := copy(p, r.first)
		r.first = r.first[n:]
		return n, nil
	}
	return r.Conn.Read(p) //nolint:wrapcheck // as it is, says the contract of io.Reader
}

// answer has the handler answer the request that was parsed. It reports whether
// the connection can take another one.
func (c *conn) answer() (again bool) {
	w := &c.writer
	w.begin()
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		again = false
		if p != http.ErrAbortHandler { //nolint:errorlint // as net/http compares it
			c.server.Log.Error("a handler panicked", "panic", p, "stack", string(debug.Stack()))
		}
	}()
	c.busy.Store(true)
	defer c.busy.Store(false)
	c.server.Handler.ServeHTTP(w, &c.request)
	if w.finish() != nil {
		return false
	}
	switch {
	case !w.close:
		return c.body.rest(c.server.Drain)
	case c.body.left():
		c.linger()
	}
	return false
}

// lingerTime is how long a client may go on sending a body after the connection is
// given up: closing at once would take the answer from it.
const lingerTime = 500 * time.Millisecond

// linger closes for writing and lets the client finish, for a while.
func (c *conn) linger() {
	if half, ok := c.net.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	_ = c.net.SetReadDeadline(time.Now().Add(lingerTime))
	_, _ = io.CopyBuffer(io.Discard, io.LimitReader(c.net, 4<<20), c.in)
}

// refuse answers what is no request, and tells of it.
func (c *conn) refuse(no error) {
	r, ok := errors.AsType[*refusal](no)
	if !ok { // the client went away, or said nothing
		return
	}
	if c.server.Unread != nil {
		c.server.Unread(c.raw.RemoteAddr(), r.reason)
	}
	if r.status == 0 {
		return
	}
	c.request = c.blank
	c.request.ProtoMinor = 1
	c.body.begin(0, false)
	w := &c.writer
	w.begin()
	w.close = true
	if c.server.Refuse != nil {
		c.server.Refuse(w, r.status)
	} else {
		w.Header()["Content-Type"] = []string{"text/plain; charset=utf-8"}
		w.WriteHeader(r.status)
		_, _ = io.WriteString(w, r.line()) // finish tells of the error
	}
	if w.finish() == nil {
		c.linger()
	}
}

// extendRead sets the deadline for reading, unless the one that is set is far enough.
func (c *conn) extendRead(by time.Duration) {
	now := time.Now()
	if left := c.readUntil.Sub(now); left > by || left < by-by/4 {
		c.readUntil = now.Add(by)
		_ = c.net.SetReadDeadline(c.readUntil)
	}
}

func (c *conn) extendWrite() {
	now := time.Now()
	if by := c.server.WriteTimeout; c.writeUntil.Sub(now) < by-by/4 {
		c.writeUntil = now.Add(by)
		_ = c.net.SetWriteDeadline(c.writeUntil)
	}
}

// timedOut reports whether a deadline has passed.
func timedOut(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

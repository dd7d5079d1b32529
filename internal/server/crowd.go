package server

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Bounds of how many connections are held, and of how they are refused.
const (
	defaultConnections = 12_000
	controlConnections = 1_000
	maxRefusing        = 64 // more are closed without an answer
	refuseIn           = 3 * time.Second
)

// dataConnections returns how many connections of the data plane are held: what
// the operator says, else what leaves half of the open files that the system
// allows for everything else.
func dataConnections(asked int) int {
	if asked > 0 {
		return asked
	}
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err == nil && files.Cur/2 < defaultConnections {
		return max(int(files.Cur/2), 1) //nolint:gosec // less than defaultConnections
	}
	return defaultConnections
}

// limitConnections bounds what the listeners hold: those of the data plane
// together, that of the control plane by itself.
func (s *Server) limitConnections(secure *tls.Config) {
	data := &crowd{limit: dataConnections(s.config.DataPlane.MaxConnections), what: "the data plane (--max-connections)", log: s.log}
	s.data.listener = data.admit(s.data.listener, secure)
	if s.plain != nil {
		s.plain.listener = data.admit(s.plain.listener, nil)
	}
	s.control.listener = (&crowd{limit: controlConnections, what: "the control plane", log: s.log}).admit(s.control.listener, nil)
}

// A crowd is how many connections one or more listeners hold together. Safe for
// concurrent use.
type crowd struct {
	limit int
	what  string // for the log
	log   *slog.Logger

	open     atomic.Int64
	refusing atomic.Int64

	mu     sync.Mutex
	told   time.Time
	silent int // refused since told
}

// admit returns l with what is too much refused by a 503, over TLS where config
// is not nil.
func (c *crowd) admit(l net.Listener, config *tls.Config) net.Listener {
	if config != nil {
		config = config.Clone()
		config.NextProtos = []string{"http/1.1"} // the refusal is written by hand
	}
	return &admitted{l, c, config}
}

type admitted struct {
	net.Listener

	crowd  *crowd
	config *tls.Config
}

// Accept returns the next connection that is admitted.
func (a *admitted) Accept() (net.Conn, error) {
	for {
		conn, err := a.Listener.Accept()
		if err != nil {
			return nil, err //nolint:wrapcheck // servers look at what kind it is
		}
		tcp, ok := conn.(*net.TCPConn)
		if !ok {
			return conn, nil
		}
		if a.crowd.open.Add(1) <= int64(a.crowd.limit) {
			return &member{TCPConn: tcp, leave: sync.OnceFunc(func() { a.crowd.open.Add(-1) })}, nil
		}
		a.crowd.open.Add(-1)
		a.crowd.refuse(tcp, a.config)
	}
}

// A member is a connection of a crowd, until it is closed.
type member struct {
	*net.TCPConn

	leave func()
}

func (m *member) Close() error {
	m.leave()
	return m.TCPConn.Close() //nolint:wrapcheck // as net.Conn has it
}

// refuse answers 503, without waiting for it here.
func (c *crowd) refuse(conn *net.TCPConn, config *tls.Config) {
	c.tell(conn.RemoteAddr())
	if c.refusing.Add(1) > maxRefusing {
		c.refusing.Add(-1)
		_ = conn.Close()
		return
	}
	go func() { // ends by itself, after refuseIn at the latest
		defer c.refusing.Add(-1)
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(refuseIn))
		sayUnavailable(conn, config)
		_ = conn.CloseWrite()
		_, _ = io.CopyN(io.Discard, conn, maxHeader) // or the client may not see the answer
	}()
}

const unavailable = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: 33\r\nConnection: close\r\n\r\n" +
	`{"message":"Service Unavailable"}`

// sayUnavailable answers the request that comes, whatever it is.
func sayUnavailable(conn net.Conn, config *tls.Config) {
	if config != nil {
		secure := tls.Server(conn, config)
		ctx, cancel := context.WithTimeout(context.Background(), refuseIn)
		defer cancel()
		if secure.HandshakeContext(ctx) != nil || secure.ConnectionState().NegotiatedProtocol == "h2" {
			return
		}
		defer secure.Close()
		conn = secure
	}
	if _, err := conn.Read(make([]byte, 4<<10)); err == nil {
		_, _ = io.WriteString(conn, unavailable)
	}
}

func (c *crowd) tell(remote net.Addr) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.told) < reportEvery {
		c.silent++
		return
	}
	c.log.Warn("a connection was refused: there are as many as are held at once", "of", c.what, "remote", remote.String(), "limit", c.limit, "others_before", c.silent)
	c.told, c.silent = time.Now(), 0
}

package http1

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A Server serves the HTTP/1.1 connections of listeners. Its fields must not
// change after the first call of Serve.
type Server struct {
	Handler http.Handler
	TLS     *tls.Config // nil: plain text

	// HTTP2 serves a connection that speaks HTTP/2, and closes it. A secure one
	// is a *tls.Conn whose handshake is done. nil refuses HTTP/2.
	HTTP2 func(net.Conn)
	// Refuse answers what is no request, instead of the given status and its text;
	// nil: with those. The connection ends after it.
	Refuse func(w http.ResponseWriter, status int)

	// Unread is told of a connection that was closed because of what it sent in
	// place of a request; nil: nobody is.
	Unread func(remote net.Addr, reason string)

	HeaderTimeout time.Duration // from a request's first byte to the end of its headers; also for the TLS handshake and the wait for the first request
	IdleTimeout   time.Duration // between requests
	WriteTimeout  time.Duration // how long a client may take none of what is sent
	MaxHeader     int           // bytes of the request line and headers
	Drain         int64         // how much of a body that nobody wanted is read within HeaderTimeout, so that the connection can go on
	Log           *slog.Logger

	closing atomic.Bool
	mu      sync.Mutex
	open    map[*conn]struct{}
	closers []net.Listener
	served  sync.WaitGroup // connections
}

// Serve takes connections until [Server.Shutdown] or an error of the listener,
// which it closes. After Shutdown it returns [http.ErrServerClosed].
func (s *Server) Serve(l net.Listener) error {
	defer l.Close()
	s.mu.Lock()
	s.closers = append(s.closers, l)
	s.mu.Unlock()
	for {
		c, err := l.Accept()
		switch {
		case s.closing.Load():
			if err == nil {
				_ = c.Close()
			}
			return http.ErrServerClosed
		case err != nil:
			return fmt.Errorf("take a connection: %w", err)
		}
		s.start(c)
	}
}

func (s *Server) start(raw net.Conn) {
	c := newConn(s, raw)
	s.mu.Lock()
	if s.open == nil {
		s.open = map[*conn]struct{}{}
	}
	s.open[c] = struct{}{}
	s.mu.Unlock()
	s.served.Go(func() {
		defer func() {
			s.mu.Lock()
			delete(s.open, c)
			s.mu.Unlock()
		}()
		c.serve()
	})
}

// A CutError says which requests were not answered when the time to end was over.
type CutError struct {
	Requests []string // method and path
}

func (e *CutError) Error() string {
	return fmt.Sprintf("%d requests were cut: %s", len(e.Requests), strings.Join(e.Requests, ", "))
}

// lastWait is how long handlers have to notice that they were cut.
const lastWait = time.Second

// Shutdown closes the listeners and the connections without a request, and waits
// for the others' requests to be answered, at most until ctx is done. What is left
// then is cut, which is a [*CutError] if there were requests. A handler that does
// not mind its context may still run then.
func (s *Server) Shutdown(ctx context.Context) error {
	s.closing.Store(true)
	s.mu.Lock()
	for _, l := range s.closers {
		_ = l.Close()
	}
	for c := range s.open {
		c.wake()
	}
	s.mu.Unlock()
	done := make(chan struct{})
	go func() { s.served.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	var cut CutError
	s.mu.Lock()
	for c := range s.open {
		if request := c.cut(); request != "" {
			cut.Requests = append(cut.Requests, request)
		}
	}
	s.mu.Unlock()
	select {
	case <-done:
	case <-time.After(lastWait):
	}
	if len(cut.Requests) == 0 {
		return nil
	}
	slices.Sort(cut.Requests)
	return &cut
}

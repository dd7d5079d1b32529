package server

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// reportEvery is how often connections that end without a request are told of.
const reportEvery = 10 * time.Second

// unread tells of HTTP/1 connections that ended before a request could be read:
// net/http answers and closes them itself, and says nothing. Many at once are
// one line of the log, so that nobody fills it.
type unread struct {
	log *slog.Logger

	connections sync.Map // *connection by net.Conn

	mu      sync.Mutex
	told    time.Time
	silent  int // since told
	handler http.Handler
}

// A connection counts what came on it and what was handled of that.
type connection struct {
	begun, handled atomic.Int64
	idle           atomic.Int64 // when it began to wait for a request, in Unix nanoseconds
}

type connectionKey struct{}

// watch makes server tell of its connections.
func (u *unread) watch(server *http.Server) {
	u.handler = server.Handler
	server.Handler = u
	server.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		state := &connection{}
		state.idle.Store(time.Now().UnixNano())
		u.connections.Store(c, state)
		return context.WithValue(ctx, connectionKey{}, state)
	}
	server.ConnState = u.changed
}

// ServeHTTP notes that a request was read.
func (u *unread) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if c, ok := r.Context().Value(connectionKey{}).(*connection); ok {
		c.handled.Add(1)
	}
	u.handler.ServeHTTP(w, r)
}

func (u *unread) changed(c net.Conn, s http.ConnState) {
	value, ok := u.connections.Load(c)
	state, _ := value.(*connection)
	switch {
	case !ok:
	case s == http.StateActive:
		state.begun.Add(1)
	case s == http.StateIdle:
		state.idle.Store(time.Now().UnixNano())
	case s == http.StateClosed || s == http.StateHijacked:
		u.connections.Delete(c)
		if s == http.StateClosed && state.begun.Load() > state.handled.Load() && !speaksHTTP2(c) {
			reason := "its request line or headers are malformed or longer than 64 KiB"
			if time.Since(time.Unix(0, state.idle.Load())) >= headerTimeout {
				reason = "its headers came too slowly"
			}
			u.tell(c.RemoteAddr(), reason)
		}
	}
}

func speaksHTTP2(c net.Conn) bool {
	t, ok := c.(*tls.Conn)
	return ok && t.ConnectionState().NegotiatedProtocol == "h2"
}

// tell tells that a connection was closed, and why.
func (u *unread) tell(remote net.Addr, reason string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if time.Since(u.told) < reportEvery {
		u.silent++
		return
	}
	u.log.Warn("a connection was closed without a request that can be read", "remote", remote.String(), "reason", reason, "others_before", u.silent)
	u.told, u.silent = time.Now(), 0
}

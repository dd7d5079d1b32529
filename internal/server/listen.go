package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/hakonegate/hakone/internal/gateway"
	"github.com/hakonegate/hakone/internal/http1"
)

// Bounds of a connection. Nobody unauthenticated holds one for long without
// saying something.
const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 60 * time.Second
	writeTimeout  = 60 * time.Second // in which a client takes nothing of what is sent
	maxDrain      = 32 << 20         // of a body that is refused, so that the connection stays usable
	maxHeader     = 64 << 10         // the gateway counts AWS's 10,240 bytes itself and answers 431
)

// A front is one listener and the HTTP server on it. That of the data plane serves
// HTTP/1 by package http1 and HTTP/2 by net/http, which gets those connections
// from the channel.
type front struct {
	name     string
	secure   bool
	listener net.Listener
	server   *http.Server
	log      *slog.Logger

	busy  busy          // requests of server
	http1 *http1.Server // nil: server has HTTP/1 too
	http2 *handedOver
}

// listenControl opens address for the control plane, HTTP/1 and HTTP/2.
func listenControl(ctx context.Context, name, address string, handler http.Handler, config *tls.Config, log *slog.Logger) (*front, error) {
	f, err := listen(ctx, name, address, handler, config, log)
	if err != nil {
		return nil, err
	}
	f.server.Protocols.SetHTTP1(true)
	(&unread{log: log}).watch(f.server)
	return f, nil
}

// listen opens address for handler; with a TLS configuration it serves HTTPS.
// The server has HTTP/2.
func listen(ctx context.Context, name, address string, handler http.Handler, config *tls.Config, log *slog.Logger) (*front, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	protocols := &http.Protocols{}
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(config == nil)
	server := &http.Server{
		Handler:           handler,
		TLSConfig:         config,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		Protocols:         protocols,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug), // a client's broken handshake is no news

		DisableGeneralOptionsHandler: true, // OPTIONS * is answered like any other target that is no path
	}
	f := &front{name: name, secure: config != nil, listener: lasting{listener, log}, server: server, log: log}
	server.Handler = f.busy.watch(handler)
	return f, nil
}

// listenData is listen for the data plane. The handler must keep nothing of a
// request after it returned (see package http1).
func listenData(ctx context.Context, name, address string, handler http.Handler, config *tls.Config, log *slog.Logger) (*front, error) {
	f, err := listen(ctx, name, address, handler, config, log)
	if err != nil {
		return nil, err
	}
	f.server.Handler = patient(f.server.Handler, writeTimeout)
	f.server.HTTP2 = &http.HTTP2Config{WriteByteTimeout: writeTimeout}
	reporter := &unread{log: log}
	f.http2 = &handedOver{conns: make(chan net.Conn), closed: make(chan struct{}), addr: f.listener.Addr()}
	f.http1 = &http1.Server{
		Handler: handler, HTTP2: f.http2.give, Unread: reporter.tell, Refuse: gateway.RefuseUnread, Log: log,
		HeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, WriteTimeout: writeTimeout, MaxHeader: maxHeader, Drain: maxDrain,
	}
	if config != nil {
		f.http1.TLS = config.Clone()
		for _, protocol := range []string{"h2", "http/1.1"} {
			if !slices.Contains(f.http1.TLS.NextProtos, protocol) {
				f.http1.TLS.NextProtos = append(f.http1.TLS.NextProtos, protocol)
			}
		}
	}
	return f, nil
}

// handedOver are the connections that turned out to speak HTTP/2.
type handedOver struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
	addr   net.Addr
}

func (h *handedOver) give(c net.Conn) {
	select {
	case h.conns <- c:
	case <-h.closed:
		_ = c.Close()
	}
}

func (h *handedOver) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.closed:
		return nil, net.ErrClosed
	}
}

func (h *handedOver) Close() error   { h.once.Do(func() { close(h.closed) }); return nil }
func (h *handedOver) Addr() net.Addr { return h.addr }

func (f *front) url() string {
	scheme := "http"
	if f.secure {
		scheme = "https"
	}
	return scheme + "://" + f.listener.Addr().String()
}

// serve serves until shutdown is called.
func (f *front) serve() error {
	var err error
	switch {
	case f.http1 != nil:
		second := make(chan error, 1)
		go func() { second <- f.server.Serve(f.http2) }()
		err = f.http1.Serve(f.listener)
		if !errors.Is(err, http.ErrServerClosed) { // else shutdown ends it, with the requests that it has
			_ = f.server.Close()
		}
		if also := <-second; errors.Is(err, http.ErrServerClosed) {
			err = also
		}
	case f.secure:
		err = f.server.ServeTLS(f.listener, "", "")
	default:
		err = f.server.Serve(f.listener)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve %s: %w", f.name, err)
}

// shutdown lets accepted requests end, at most until ctx is done, then cuts
// what is left, and tells of it.
func (f *front) shutdown(ctx context.Context) error {
	cut := make(chan []string, 1)
	if f.http1 == nil {
		cut <- nil
	} else {
		go func() {
			err := f.http1.Shutdown(ctx)
			left, _ := errors.AsType[*http1.CutError](err)
			if left == nil {
				left = &http1.CutError{}
			}
			cut <- left.Requests
		}()
	}
	var requests []string
	err := f.server.Shutdown(ctx)
	if err != nil {
		requests = f.busy.names()
		err = f.server.Close()
		f.busy.leave()
	}
	if requests = append(requests, <-cut...); len(requests) > 0 {
		f.log.WarnContext(ctx, "requests were cut: they took longer than a stop may (--drain)", "of", f.name, "count", len(requests), "requests", shortened(requests))
	}
	if err != nil {
		return fmt.Errorf("close %s: %w", f.name, err)
	}
	return nil
}

// shortened returns the first of many requests.
func shortened(requests []string) []string { return requests[:min(len(requests), 20)] }

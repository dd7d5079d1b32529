package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Bounds of a connection. Nobody unauthenticated holds one for long without
// saying something.
const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 60 * time.Second
	maxHeader     = 64 << 10 // the gateway counts AWS's 10,240 bytes itself and answers 431
)

// A front is one listener and the HTTP server on it.
type front struct {
	name     string
	secure   bool
	listener net.Listener
	server   *http.Server
}

// listen opens address for handler; with a TLS configuration it serves HTTPS.
func listen(ctx context.Context, name, address string, handler http.Handler, config *tls.Config, log *slog.Logger) (*front, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	protocols := &http.Protocols{}
	protocols.SetHTTP1(true)
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
	(&unread{log: log}).watch(server)
	return &front{name, config != nil, listener, server}, nil
}

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
	if f.secure {
		err = f.server.ServeTLS(f.listener, "", "")
	} else {
		err = f.server.Serve(f.listener)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve %s: %w", f.name, err)
}

// shutdown lets accepted requests end, at most until ctx is done, then cuts
// what is left.
func (f *front) shutdown(ctx context.Context) error {
	if err := f.server.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("%s: requests were cut: %w", f.name, err), f.server.Close())
	}
	return nil
}

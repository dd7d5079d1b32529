// Package engine runs NATS JetStream, which keeps everything that hakone stores.
//
// [Start] starts a server inside the process (no port: the connection is in
// memory) or connects to an external one. It is the only package that opens a
// connection; internal/store, internal/blob and internal/trace build on it.
package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// MaxPayload is the largest message that the embedded server takes.
const MaxPayload = 8 << 20

// maxStore lets streams have bounds beyond what is free on a small disk now: what
// is full says so when it is.
const maxStore = 1 << 42

// startTimeout bounds the start of the embedded server. It is long because a
// large data directory is read before the server answers.
const startTimeout = time.Minute

// A Config says where the engine keeps its data. Dir or URL is required.
type Config struct {
	Dir string       // data directory of the embedded server; made if it is missing
	URL string       // external NATS servers instead of the embedded one, separated by commas
	Log *slog.Logger // nil discards

	External // of the servers of URL
}

// An Engine is a running or connected JetStream. It is safe for concurrent use.
type Engine struct {
	dir      string
	lock     *os.File       // held while the engine has a directory
	srv      *server.Server // nil when external
	conn     *nats.Conn
	js       jetstream.JetStream
	node     string // of an external engine
	replicas int
}

// Start starts or connects to JetStream and returns when it is usable. A data
// directory that another process has open is a [*LockedError].
func Start(ctx context.Context, c Config) (*Engine, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.URL != "" {
		return connect(ctx, c)
	}
	if c.Dir == "" {
		return nil, errors.New("start engine: neither a data directory nor a NATS URL is given")
	}
	return embed(ctx, c)
}

// embed runs the server in this process. Every write is synced to disk before
// it is acknowledged: NATS would otherwise sync every two minutes.
func embed(ctx context.Context, c Config) (_ *Engine, err error) {
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make data directory: %w", err)
	}
	if IsExternal(c.Dir) {
		return nil, fmt.Errorf("%s is the place of a node whose records are in NATS: give --nats, or another --data-dir", c.Dir)
	}
	e := &Engine{dir: c.Dir}
	if e.lock, err = acquire(filepath.Join(c.Dir, "lock")); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = e.Close()
		}
	}()
	e.srv, err = server.NewServer(&server.Options{
		ServerName:             "hakone",
		DontListen:             true,
		JetStream:              true,
		StoreDir:               filepath.Join(c.Dir, storeDir),
		SyncAlways:             true,
		JetStreamMaxStore:      maxStore,
		MaxPayload:             MaxPayload,
		MaxPending:             8 * MaxPayload,
		NoSigs:                 true,
		DisableJetStreamBanner: true,
	})
	if err != nil {
		return nil, fmt.Errorf("set up embedded NATS server: %w", err)
	}
	e.srv.SetLoggerV2(logger{c.Log}, false, false, false)
	e.srv.Start()
	deadline := startTimeout
	if d, ok := ctx.Deadline(); ok {
		deadline = min(deadline, time.Until(d))
	}
	if !e.srv.ReadyForConnections(deadline) || !e.srv.JetStreamEnabled() {
		return nil, fmt.Errorf("embedded NATS server did not start with the data in %s: the log at level debug tells more", c.Dir)
	}
	if err := e.dial("", nats.InProcessServer(e.srv)); err != nil {
		return nil, err
	}
	return e, nil
}

func (e *Engine) dial(url string, options ...nats.Option) (err error) {
	options = append(options, nats.Name("hakone"), nats.Timeout(10*time.Second))
	if e.conn, err = nats.Connect(url, options...); err != nil {
		return fmt.Errorf("connect to NATS: %w", err)
	}
	if e.js, err = jetstream.New(e.conn, jetstream.WithDefaultTimeout(30*time.Second)); err != nil {
		return fmt.Errorf("open JetStream: %w", err)
	}
	return nil
}

// JetStream returns the connection to build streams and buckets on.
func (e *Engine) JetStream() jetstream.JetStream { return e.js }

// Embedded reports whether the server runs in this process, which is then its
// only user.
func (e *Engine) Embedded() bool { return e.srv != nil }

// Dir returns the data directory of the embedded server.
func (e *Engine) Dir() string { return e.dir }

// Close disconnects and stops the embedded server. Everything acknowledged
// before is on disk. Close may be called twice.
func (e *Engine) Close() error {
	if e.conn != nil {
		e.conn.Close()
	}
	if e.srv != nil {
		e.srv.Shutdown()
		e.srv.WaitForShutdown()
	}
	if e.lock == nil {
		return nil
	}
	lock := e.lock
	e.lock = nil
	return lock.Close()
}

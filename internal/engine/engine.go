// Package engine runs NATS JetStream, which keeps everything that hakone stores.
//
// [Start] starts a server inside the process (no port: the connection is in
// memory) or connects to an external one. It is the only package that opens a
// connection; internal/store, internal/blob and internal/trace build on it.
package engine

import (
	"context"
	"errors"
	"log/slog"

	"github.com/nats-io/nats.go/jetstream"
)

// A Config says where the engine keeps its data. Dir or URL is required.
type Config struct {
	Dir string       // data directory of the embedded server; made if it is missing
	URL string       // an external NATS server instead of the embedded one
	Log *slog.Logger // nil discards
}

// An Engine is a running or connected JetStream. It is safe for concurrent use.
type Engine struct {
	js jetstream.JetStream
}

// Start starts or connects to JetStream and returns when it is usable.
func Start(ctx context.Context, c Config) (*Engine, error) {
	return nil, errors.New("engine: not started")
}

// JetStream returns the connection to build streams and buckets on.
func (e *Engine) JetStream() jetstream.JetStream { return e.js }

// Embedded reports whether the server runs in this process, which is then its
// only user.
func (e *Engine) Embedded() bool { return true }

// Close disconnects and stops the embedded server. Everything acknowledged
// before is on disk.
func (e *Engine) Close() error { return nil }

package engine

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// An External says how to use NATS servers that somebody else runs. The zero
// value takes user and password, or a token, from the URL.
type External struct {
	Credentials string // file of a NATS user's credentials
	CA          string // file of the authority that signed the servers' certificates; "" means the system's
	Replicas    int    // copies of what is stored; 0 means 3 in a cluster and 1 on a single server
}

// A connection that died silently is noticed after pingEvery × pingsMissed.
const (
	pingEvery   = time.Second
	pingsMissed = 3
)

// electionWait is how long the start waits for a cluster that has no leader yet.
const electionWait = 30 * time.Second

// connect uses servers that somebody else runs. A directory that is given keeps
// the name of this node, and has one process.
func connect(ctx context.Context, c Config) (_ *Engine, err error) {
	if err := checkURLs(c.URL); err != nil {
		return nil, err
	}
	e := &Engine{}
	defer func() {
		if err != nil {
			_ = e.Close()
		}
	}()
	if err := e.identify(c.Dir); err != nil {
		return nil, err
	}
	options := []nats.Option{
		nats.MaxReconnects(-1), nats.IgnoreAuthErrorAbort(), nats.ReconnectWait(200 * time.Millisecond), nats.ReconnectJitter(100*time.Millisecond, 100*time.Millisecond),
		nats.PingInterval(pingEvery), nats.MaxPingsOutstanding(pingsMissed), nats.FlusherTimeout(pingEvery * pingsMissed),
		// What is said while there is no connection fails at once, rather than being
		// said later, when its caller has been told that it failed.
		nats.ReconnectBufSize(-1),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			c.Log.WarnContext(ctx, "disconnected from NATS", slog.Any("error", err))
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { // else it is printed
			c.Log.DebugContext(ctx, "NATS", slog.Any("error", err))
		}),
		nats.ReconnectHandler(func(conn *nats.Conn) {
			c.Log.InfoContext(ctx, "connected to NATS again", slog.String("server", conn.ConnectedServerName()))
		}),
	}
	if c.Credentials != "" {
		options = append(options, nats.UserCredentials(c.Credentials))
	}
	if c.CA != "" {
		options = append(options, nats.RootCAs(c.CA))
	}
	if err := e.dial(c.URL, options...); err != nil {
		return nil, err
	}
	if err := e.awaitLeader(ctx); err != nil {
		return nil, err
	}
	e.replicas = c.Replicas
	if e.replicas == 0 {
		e.replicas = 1
		if e.conn.ConnectedClusterName() != "" {
			e.replicas = 3
		}
	}
	return e, nil
}

// checkURLs refuses what is no URL of NATS, without repeating it: it may hold a
// password.
func checkURLs(list string) error {
	for i, text := range strings.Split(list, ",") {
		u, err := url.Parse(strings.TrimSpace(text))
		if err != nil || u.Host == "" {
			return fmt.Errorf("connect to NATS: address %d is no URL such as nats://host:4222", i+1)
		}
	}
	return nil
}

// awaitLeader waits until JetStream answers: a cluster that starts has to elect a
// leader first.
func (e *Engine) awaitLeader(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, electionWait)
	defer cancel()
	for {
		asking, done := context.WithTimeout(ctx, 2*time.Second)
		_, err := e.js.AccountInfo(asking)
		done()
		if err == nil {
			return nil
		}
		if errors.Is(err, jetstream.ErrJetStreamNotEnabled) || errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount) || !Passing(ctx) {
			return fmt.Errorf("use JetStream of the NATS server: %w", err)
		}
	}
}

// Passing waits a moment before something is tried again; false when ctx is done.
func Passing(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(150 * time.Millisecond):
		return true
	}
}

// Files of the engine's directory: which one there is says whose records are used.
const (
	storeDir = "engine" // of the embedded server
	nodeFile = "node"   // the node's name, if the records are elsewhere
)

// IsExternal reports whether the records of an engine's directory are in NATS
// servers elsewhere.
func IsExternal(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, nodeFile))
	return err == nil
}

var nodeName = regexp.MustCompile(`^[0-9a-f]{16}$`)

// identify locks the directory and reads or makes the node's name.
func (e *Engine) identify(dir string) (err error) {
	made := make([]byte, 8)
	_, _ = rand.Read(made) // never fails
	e.node = hex.EncodeToString(made)
	if dir == "" {
		return nil
	}
	if _, err := os.Lstat(filepath.Join(dir, storeDir)); err == nil {
		return fmt.Errorf("%s has records of its own, which the NATS servers do not: use another --data-dir", dir)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	if e.lock, err = acquire(filepath.Join(dir, "lock")); err != nil {
		return err
	}
	path := filepath.Join(dir, nodeFile)
	text, err := os.ReadFile(path) //nolint:gosec // in the data directory
	if errors.Is(err, fs.ErrNotExist) {
		return keep(path, e.node+"\n")
	}
	if err != nil {
		return fmt.Errorf("read the node's name: %w", err)
	}
	if e.node = strings.TrimSpace(string(text)); !nodeName.MatchString(e.node) {
		return fmt.Errorf("the node's name in %s is damaged: remove the file, and the node gets another", path)
	}
	return nil
}

// keep writes a file that is whole or not there, also after the power was cut.
func keep(path, text string) error {
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) //nolint:gosec // in the data directory
	if err != nil {
		return fmt.Errorf("keep the node's name: %w", err)
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("keep the node's name: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("keep the node's name: %w", err)
	}
	return nil
}

// Node names this process's place among those that use the same servers: the
// same after a restart with the same directory. Empty when embedded.
func (e *Engine) Node() string { return e.node }

// Replicas is how many copies of a stream there are to be.
func (e *Engine) Replicas() int { return max(e.replicas, 1) }

// MaxPayload is the largest message that the servers take.
func (e *Engine) MaxPayload() int64 { return e.conn.MaxPayload() }

// Connected reports whether there is a connection to a server now.
func (e *Engine) Connected() bool { return e.conn.IsConnected() }

// Server names the server that the engine is connected to.
func (e *Engine) Server() string { return e.conn.ConnectedServerName() }

// SeenAs returns the address that the server sees this process at, while there is
// a connection.
func (e *Engine) SeenAs() (netip.Addr, bool) {
	ip, err := e.conn.GetClientIP()
	if err != nil {
		return netip.Addr{}, false
	}
	addr, ok := netip.AddrFromSlice(ip)
	return addr.Unmap(), ok
}

// Codes of JetStream's API that are none of its decisions: a cluster has too few
// servers, or no leader, or the server that answers has not heard of a stream that
// another node made a moment ago.
const (
	errNoPeers     jetstream.ErrorCode = 10005
	errUnavailable jetstream.ErrorCode = 10008
	errNoStream    jetstream.ErrorCode = 10059
)

// Place finds or makes a stream or bucket by calling open, again while a cluster
// that has just started does not know enough of its servers.
func (e *Engine) Place(ctx context.Context, open func(ctx context.Context, replicas int) error) error {
	err := e.Again(ctx, func(ctx context.Context) error { return open(ctx, e.Replicas()) })
	if api, ok := errors.AsType[*jetstream.APIError](err); ok && api.ErrorCode == errNoPeers {
		return fmt.Errorf("the NATS cluster cannot keep %d copies: start its other servers, or ask for fewer with --nats-replicas: %w", e.Replicas(), err)
	}
	return err
}

// Again calls do until the servers decide: a cluster that has just started, or has
// lost a server, answers late or never. The embedded server is asked once.
func (e *Engine) Again(ctx context.Context, do func(ctx context.Context) error) error {
	if e.Embedded() {
		return do(ctx)
	}
	waiting, cancel := context.WithTimeout(ctx, electionWait)
	defer cancel()
	for {
		asking, done := context.WithTimeout(waiting, 2*time.Second)
		err := do(asking)
		done()
		api, decided := errors.AsType[*jetstream.APIError](err)
		decided = decided && api.ErrorCode != errUnavailable && api.ErrorCode != errNoPeers && api.ErrorCode != errNoStream && api.Code < 500
		if err == nil || decided || !Passing(waiting) {
			return err
		}
	}
}

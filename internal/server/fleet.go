package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/hakonegate/hakone/internal/access/seal"
	"github.com/hakonegate/hakone/internal/engine"
	"github.com/hakonegate/hakone/internal/execenv"
	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/internal/worker"
)

// A Fleet says how the server shares its engine with others. The zero value is
// one that has it for itself.
type Fleet struct {
	NATS            string        // URLs of NATS servers, separated by commas; "" means the embedded one
	engine.External               // of those servers
	Workers         bool          // functions run on workers only
	LameDuck        time.Duration // how long the server goes on accepting once it is to stop
}

// startEngine starts or connects to the engine.
func (s *Server) startEngine(ctx context.Context) (*engine.Engine, error) {
	return engine.Start(ctx, engine.Config{
		Dir: filepath.Join(s.config.DataDir, "engine"), URL: s.config.Fleet.NATS, External: s.config.Fleet.External, Log: s.log,
	})
}

// An authorityRecord is the certificate authority that the nodes of a fleet share.
type authorityRecord struct {
	Certificate []byte // PEM
	Key         []byte // PEM, sealed
}

const authoritySeal = "server.authority"

// shareAuthority gives every node of a fleet the same certificate authority: the
// first node's. Its files in the data directory are copies.
func (s *Server) shareAuthority(ctx context.Context, ring *seal.Ring) error {
	if s.engine.Embedded() {
		return nil
	}
	records := store.In[authorityRecord](s.store, "server.authority")
	certPath, keyPath := caFile(s.config.DataDir), filepath.Join(s.config.DataDir, "ca-key.pem")
	kept, ok := records.Get("authority")
	if !ok {
		if _, err := openAuthority(s.config.DataDir, s.config.Region); err != nil {
			return err
		}
		certificate, err := os.ReadFile(certPath) //nolint:gosec // in the data directory
		if err != nil {
			return fmt.Errorf("read certificate authority: %w", err)
		}
		key, err := os.ReadFile(keyPath) //nolint:gosec // in the data directory
		if err != nil {
			return fmt.Errorf("read key of certificate authority: %w", err)
		}
		sealed, err := ring.Seal(authoritySeal, key, certificate)
		if err != nil {
			return fmt.Errorf("seal key of certificate authority: %w", err)
		}
		err = records.Create(ctx, "authority", authorityRecord{certificate, sealed})
		if err == nil || !errors.Is(err, store.ErrExists) {
			return err
		}
		if kept, ok = records.Get("authority"); !ok {
			return errors.New("share the certificate authority: another node's is not there yet: start again")
		}
	}
	key, err := ring.Open(authoritySeal, kept.Key, kept.Certificate)
	if err != nil {
		return fmt.Errorf("open key of certificate authority: %w", err)
	}
	for _, file := range []struct {
		path    string
		content []byte
		mode    fs.FileMode
	}{{keyPath, key, 0o600}, {certPath, kept.Certificate, 0o644}} {
		if err := writeFileMode(file.path, file.content, file.mode); err != nil {
			return fmt.Errorf("keep certificate authority: %w", err)
		}
	}
	return nil
}

// sharedLogs keeps what functions write, and tells the other nodes.
type sharedLogs struct {
	local execenv.Logs
	tell  *worker.Tell
}

// Append implements [execenv.Logs].
func (l sharedLogs) Append(group, stream string, events ...execenv.LogEvent) {
	l.local.Append(group, stream, events...)
	l.tell.Append(group, stream, events...)
}

// functionLogs is where functions write.
func (s *Server) functionLogs() execenv.Logs {
	if s.engine.Embedded() {
		return s.logs
	}
	s.tell = worker.NewTell(s.engine)
	return sharedLogs{s.logs, s.tell}
}

// shareLogs tells other nodes what functions write here, and keeps what they write
// there and on workers, until ctx is done.
func (s *Server) shareLogs(ctx context.Context) error {
	if s.tell == nil {
		return nil
	}
	stop, err := s.tell.Hear(func(lines *worker.Lines) { s.logs.Append(lines.Group, lines.Stream, lines.Events...) })
	if err != nil {
		return err
	}
	defer stop()
	return s.tell.Run(ctx)
}

// runWorkers hears of workers until ctx is done.
func (s *Server) runWorkers(ctx context.Context) error {
	if s.workers == nil {
		return nil
	}
	return s.workers.Run(ctx)
}

// elsewhere is what runs functions on other machines, if anything does: first what
// runs some of them.
func (s *Server) elsewhere(credentials execenv.Credentials) execenv.Elsewhere {
	var all elsewheres
	if len(s.config.Elsewhere) > 0 {
		all = append(all, newRemoteLambda(s.config.Elsewhere, s.config.Region, os.Getenv))
	}
	if s.config.Fleet.Workers {
		s.workers = &worker.Workers{Engine: s.engine, Credentials: credentials, Variables: s.config.Services.variables(), Log: s.log}
		all = append(all, s.workers)
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

// elsewheres are several of them; the first that serves a function runs it.
type elsewheres []execenv.Elsewhere

// Serves implements [execenv.Elsewhere].
func (all elsewheres) Serves(fn *execenv.Function) bool {
	return slices.ContainsFunc(all, func(e execenv.Elsewhere) bool { return e.Serves(fn) })
}

// Invoke implements [execenv.Elsewhere].
func (all elsewheres) Invoke(ctx context.Context, fn *execenv.Function, event []byte, call execenv.Invocation) (execenv.Result, error) {
	i := slices.IndexFunc(all, func(e execenv.Elsewhere) bool { return e.Serves(fn) })
	return all[i].Invoke(ctx, fn, event, call)
}

// EngineStatus tells how a node of a fleet stands with the engine.
type EngineStatus struct {
	Node         string       `json:"node"`
	Server       string       `json:"server,omitempty"` // that it is connected to
	Connected    bool         `json:"connected"`
	StaleSeconds float64      `json:"staleSeconds"` // how old what the node serves may be
	CutOff       bool         `json:"cutOff"`       // it is older than the bound; what the node knew last is served
	Nodes        []NodeStatus `json:"nodes"`

	Workers []worker.Status `json:"workers,omitempty"`
}

// NodeStatus is what a node of a fleet knows of one of them.
type NodeStatus struct {
	Name  string    `json:"name"`
	Host  string    `json:"host"`
	Heard time.Time `json:"heard"`
	Gone  bool      `json:"gone"`
	Self  bool      `json:"self"`
}

// engineStatus returns nil for a server that has its engine for itself.
func (s *Server) engineStatus() *EngineStatus {
	if s.engine.Embedded() {
		return nil
	}
	stale := s.store.Stale()
	status := &EngineStatus{
		Node: s.engine.Node(), Server: s.engine.Server(), Connected: s.engine.Connected(),
		StaleSeconds: float64(stale.Milliseconds()) / 1000, CutOff: stale > store.StaleAfter, Nodes: []NodeStatus{},
	}
	for _, n := range s.store.Nodes() {
		status.Nodes = append(status.Nodes, NodeStatus{n.Name, n.Host, n.Heard.UTC(), n.Gone, n.Self})
	}
	if s.workers != nil {
		status.Workers = s.workers.Status()
	}
	return status
}

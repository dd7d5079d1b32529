package execenv

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hakonegate/hakone/internal/runtimeapi"
	"github.com/hakonegate/hakone/internal/sandbox"
)

// A worker is one process of an environment, with its extensions, and the
// session it speaks in.
type worker struct {
	proc      *sandbox.Process
	conn      net.Conn // to our own client; nil if the process speaks HTTP
	session   *runtimeapi.Session
	out       relay
	localhost string // address of the room's own on the loopback; "" is 127.0.0.1
	// begin starts the runtime, once the extensions have registered; nil: it
	// was started.
	begin func() (outcome, error)

	extensions []*extension
	telemetry  *telemetry
	failed     chan outcome // of an extension that ended by itself
	ending     atomic.Bool
	watching   sync.WaitGroup

	closers []func() // close connections and servers, and wait for what served them
	once    sync.Once
}

// openFiles is the limit that Lambda sets.
const openFiles = 1024

func newWorker() *worker {
	return &worker{session: runtimeapi.NewSession(), failed: make(chan outcome, 1)}
}

// startClient starts our client for the interpreter. It waits for a start
// message before it does anything.
//
// Env is nil for a spare, which gets its variables with the start message, and
// its furniture before.
func (p *Pool) startClient(in *interpreter, wrapper string, env []string, furniture *sandbox.Furniture) (*worker, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return nil, fmt.Errorf("open channel: %w", err)
	}
	unix.CloseOnExec(fds[0])
	unix.CloseOnExec(fds[1])
	ours, theirs := os.NewFile(uintptr(fds[0]), "channel"), os.NewFile(uintptr(fds[1]), "channel")
	defer theirs.Close()
	defer ours.Close()
	conn, err := net.FileConn(ours)
	if err != nil {
		return nil, fmt.Errorf("open channel: %w", err)
	}
	path, args := p.shown(in, in.path), p.clientArgs(in, wrapper == "" && env == nil)
	if env == nil {
		env = list(p.spareVariables(in))
	}
	if wrapper != "" {
		path, args = wrapper, append([]string{path}, args...)
	}
	w := newWorker()
	w.conn = conn
	if err := p.startProcess(w, &sandbox.Command{
		Path: path, Args: args, Env: env, Dir: "/", Files: []*os.File{theirs}, Room: p.room(in), Furniture: furniture,
	}); err != nil {
		_ = conn.Close()
		return nil, err
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = w.session.ServeFrames(conn) // a client that breaks the protocol is lost, which the call notices
	}()
	w.closers = append(w.closers, func() {
		_ = conn.Close()
		<-served
	})
	return w, p.keep(w)
}

// startProcess starts the worker's process.
func (p *Pool) startProcess(w *worker, c *sandbox.Command) (err error) {
	c.Output, c.Limits = &w.out, sandbox.Limits{OpenFiles: openFiles}
	if c.Room != nil {
		w.localhost, c.Cgroups = c.Room.Localhost, p.cgroups
	}
	w.proc, err = sandbox.Start(*c)
	return err
}

// A startMessage tells our client what to run.
type startMessage struct {
	Env        map[string]string `json:"env"`
	Handler    string            `json:"handler"`
	Runtime    string            `json:"runtime"`
	Task       string            `json:"task"`
	Opt        string            `json:"opt"`
	RuntimeDir string            `json:"runtimeDir"`
	PythonPath []string          `json:"pythonPath,omitempty"`
	Bundled    []string          `json:"bundled,omitempty"`
}

// startRoom builds a room for a program that is not known yet.
func (p *Pool) startRoom() (*worker, error) {
	w := newWorker()
	if err := p.startProcess(w, &sandbox.Command{Room: p.room(nil), Held: true}); err != nil {
		return nil, err
	}
	return w, p.keep(w)
}

// An api is where an environment's Runtime API will be served.
type api struct {
	addr     string
	listener *ownListener // nil: the room's own
}

// listen finds an address for the Runtime API of an environment. The api must be
// served or closed.
func (p *Pool) listen(ctx context.Context) (*api, error) {
	if p.rooms && p.cfg.NoNetwork {
		// The network is the room's own, and its only port is its listener.
		return &api{addr: sandbox.RoomAPI}, nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("open runtime API: %w", err)
	}
	return &api{listener.Addr().String(), &ownListener{Listener: listener, started: make(chan struct{})}}, nil
}

func (a *api) close() {
	if a.listener != nil {
		_ = a.listener.Close()
	}
}

// serveAPI serves the worker's session at the address, to its own processes.
func (w *worker) serveAPI(a *api) {
	var listener net.Listener = a.listener
	if a.listener == nil {
		listener = w.proc.API()
	} else {
		a.listener.start(w.proc)
	}
	server := &http.Server{Handler: w.session, MaxHeaderBytes: runtimeapi.MaxHeaders, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener) // ends with ErrServerClosed
	}()
	w.closers = append(w.closers, func() {
		_ = server.Close()
		<-served
	})
}

// dial connects to a port that one of the environment's processes listens on.
func (w *worker) dial(port int) (net.Conn, error) {
	var first error
	for _, addr := range []string{w.localhost, "127.0.0.1"} {
		if addr == "" {
			continue
		}
		conn, err := w.proc.Dial(&net.TCPAddr{IP: net.ParseIP(addr), Port: port})
		if err == nil {
			return conn, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

// awaitLastWords waits until what our client sent before its process ended was
// read. Programs that speak HTTP wait for the answer before they end.
func (w *worker) awaitLastWords() {
	if w.conn == nil {
		return
	}
	grace := time.NewTimer(lostGrace) // somebody else may hold the other end
	defer grace.Stop()
	select {
	case <-w.session.Lost():
	case <-grace.C:
	}
}

// end ends the process and everything beside it.
func (w *worker) end() {
	w.once.Do(func() {
		w.ending.Store(true)
		w.session.Close()
		w.out.direct(nil) // its last words belong to no call
		w.proc.Kill()
		for _, x := range w.extensions {
			x.proc.Kill()
		}
		w.watching.Wait()
		w.telemetry.end()
		for _, closes := range w.closers {
			closes()
		}
	})
}

func (m *startMessage) encode() []byte {
	b, err := json.Marshal(m)
	if err != nil { // strings only
		panic(err)
	}
	return b
}

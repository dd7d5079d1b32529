package execenv

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hakonegate/hakone/internal/runtimeapi"
	"github.com/hakonegate/hakone/internal/sandbox"
)

// A worker is one process of an environment and the session it speaks in.
type worker struct {
	proc    *sandbox.Process
	conn    net.Conn // to our own client; nil if the process speaks HTTP
	session *runtimeapi.Session
	out     relay
	close   func() // closes the connection or the server, and waits for what served it
	once    sync.Once
}

// openFiles is the limit that Lambda sets.
const openFiles = 1024

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
	w := &worker{session: runtimeapi.NewSession(), conn: conn}
	w.proc, err = sandbox.Start(sandbox.Command{
		Path: path, Args: args, Env: env, Dir: "/", Files: []*os.File{theirs}, Output: &w.out,
		Limits: sandbox.Limits{OpenFiles: openFiles}, Room: p.room(in), Furniture: furniture,
	})
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = w.session.ServeFrames(conn) // a client that breaks the protocol is lost, which the call notices
	}()
	w.close = func() {
		_ = conn.Close()
		<-served
	}
	return w, p.keep(w)
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

// startProgram starts a program that speaks the Runtime API over HTTP. Env
// makes its variables from the address of the API.
func (p *Pool) startProgram(ctx context.Context, c sandbox.Command, env func(api string) []string) (*worker, error) {
	w := &worker{session: runtimeapi.NewSession()}
	w.out.direct(c.Output)
	c.Output, c.Limits = &w.out, sandbox.Limits{OpenFiles: openFiles}
	var err error
	if c.Room != nil && c.Room.NoNetwork {
		// The network is the room's own, and its only port is our listener.
		c.Env = env(sandbox.RoomAPI)
		if w.proc, err = sandbox.Start(c); err != nil {
			return nil, err
		}
		w.close = serve(w.proc.API(), w.session).close
		return w, p.keep(w)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("open runtime API: %w", err)
	}
	own := &ownListener{Listener: listener, started: make(chan struct{})}
	w.close = serve(own, w.session).close
	c.Env = env(listener.Addr().String())
	if w.proc, err = sandbox.Start(c); err != nil {
		own.start(nil)
		w.close()
		return nil, err
	}
	own.start(w.proc)
	return w, p.keep(w)
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

// An apiServer serves a session over HTTP.
type apiServer struct {
	addr  string
	close func() // and waits
}

func serve(listener net.Listener, session *runtimeapi.Session) *apiServer {
	server := &http.Server{Handler: session, MaxHeaderBytes: runtimeapi.MaxHeaders, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener) // ends with ErrServerClosed
	}()
	return &apiServer{listener.Addr().String(), func() {
		_ = server.Close()
		<-served
	}}
}

// end ends the process and everything that serves it.
func (w *worker) end() {
	w.once.Do(func() {
		w.session.Close()
		w.proc.Kill()
		w.close()
	})
}

func (m *startMessage) encode() []byte {
	b, err := json.Marshal(m)
	if err != nil { // strings only
		panic(err)
	}
	return b
}

package execenv

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/hakonegate/hakone/internal/runtimeapi"
	"github.com/hakonegate/hakone/internal/sandbox"
)

// A birth is the start of an environment's process with its extensions.
type birth struct {
	*environment

	in         *interpreter // nil: a program of the function's own
	l          layout
	api        *api
	v          map[string]string // environment variables
	extensions []string          // external ones
	phase      string
}

// start starts the process as its family wants it.
func (b *birth) start(f family) (outcome, error) {
	switch f {
	case provided:
		return b.startBootstrap()
	case java, ruby, dotnet:
		return b.startOwnClient()
	default:
		return b.startInterpreter()
	}
}

// startInterpreter starts our own client, or takes a spare that was started
// before.
func (b *birth) startInterpreter() (outcome, error) {
	p, fn, in, l := b.pool, b.fn, b.in, b.l
	m := startMessage{
		Env: b.v, Handler: fn.Handler, Runtime: fn.Runtime, Task: l.task, Opt: l.opt, RuntimeDir: l.runtime,
	}
	for _, dir := range in.bundled {
		m.Bundled = append(m.Bundled, p.shown(in, dir))
	}
	if path, ok := fn.Variables["PYTHONPATH"]; ok && in.family == python {
		m.PythonPath = strings.Split(l.place(path), ":")
	}
	var w *worker
	var err error
	if needsOwnStart(fn) {
		wrapper := b.v["AWS_LAMBDA_EXEC_WRAPPER"]
		w, err = p.startClient(in, wrapper, list(b.v), b.furniture(l))
		if wrapper != "" && errors.Is(err, fs.ErrNotExist) {
			// On AWS a shell tries to start it.
			return platformError(failure{"Runtime.ExitError", "Runtime exited with error: exit status 127"}, "error"), nil
		}
	} else if w = p.spares.take(in); w == nil {
		w, err = p.startClient(in, "", nil, b.furniture(l))
	} else {
		err = b.furnish(w)
	}
	if err != nil {
		return outcome{}, fmt.Errorf("start %s: %w", in.path, err)
	}
	w.session.CloseHTTP()
	w.begin = func() (outcome, error) {
		// A process that is dead already shows in awaitInit.
		_ = runtimeapi.SendStart(w.conn, m.encode())
		return outcome{}, nil
	}
	return b.complete(w), nil
}

// furnish completes the room of a spare.
func (b *birth) furnish(w *worker) error {
	if !b.pool.rooms {
		return nil
	}
	tmp, err := w.proc.Furnish(*b.furniture(b.l))
	if err != nil {
		b.pool.drop(w)
	}
	b.keepTmp(tmp)
	return err
}

// complete makes w the environment's worker and starts its extensions.
func (b *birth) complete(w *worker) outcome {
	b.keepTmp(w.proc.Tmp())
	b.worker = w
	if w.telemetry == nil {
		b.expect(w, b.extensions, b.phase)
	}
	w.serveAPI(b.api)
	return b.startExtensions(w, b.l, b.extensions, b.v)
}

// startOwnClient starts the runtime client that the function's package brings.
func (b *birth) startOwnClient() (outcome, error) {
	args, ok := b.l.ownClient(b.fn, b.in.family)
	if !ok {
		return platformError(failure{"Runtime.InvalidEntrypoint", "the package of a " + b.fn.Runtime + " function must bring its runtime client: " + b.in.family.brings()}, "error"), nil
	}
	path := b.pool.shown(b.in, b.in.path)
	if wrapper := b.l.place(b.fn.Variables["AWS_LAMBDA_EXEC_WRAPPER"]); wrapper != "" {
		path, args = wrapper, append([]string{path}, args...)
	}
	return b.startProgram(path, args...)
}

// startBootstrap starts the function's own program.
func (b *birth) startBootstrap() (outcome, error) {
	var path, shown string
	for _, dir := range []struct{ ours, seen, shown string }{{b.l.code, b.l.task, taskRoot}, {b.l.layers, b.l.opt, optRoot}} {
		if _, err := os.Stat(filepath.Join(dir.ours, "bootstrap")); err == nil {
			path, shown = filepath.Join(dir.seen, "bootstrap"), dir.shown+"/bootstrap"
			break
		}
	}
	if path == "" {
		return platformError(failure{"Runtime.InvalidEntrypoint", "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"}, "error"), nil
	}
	invalid := func(o outcome, err error) (outcome, error) {
		if errno, ok := errors.AsType[syscall.Errno](err); ok {
			return platformError(failure{"Runtime.InvalidEntrypoint", "fork/exec " + shown + ": " + errno.Error()}, "error"), nil
		}
		return o, err
	}
	o, err := b.startProgram(path)
	if w := b.worker; w != nil && w.begin != nil {
		begin := w.begin
		w.begin = func() (outcome, error) { return invalid(begin()) }
	}
	return invalid(o, err)
}

// startProgram starts a program that speaks the Runtime API over HTTP: in a
// spare room, or in a new one that waits for the extensions.
func (b *birth) startProgram(path string, args ...string) (outcome, error) {
	p := b.pool
	c := sandbox.Command{Path: path, Args: args, Dir: b.l.task, Env: list(b.v)}
	var w *worker
	if b.in == nil && p.rooms {
		w = p.spares.take(nil)
	}
	spare := w != nil
	if !spare {
		w = newWorker()
	}
	b.expect(w, b.extensions, b.phase)
	var err error
	if spare {
		if err = b.furnish(w); err != nil {
			return outcome{}, err
		}
	} else {
		c.Room, c.Furniture = p.room(b.in), b.furniture(b.l)
		c.Held = c.Room != nil && len(b.extensions) > 0
		if err = p.startProcess(w, &c); err == nil {
			err = p.keep(w)
		}
	}
	if err != nil {
		return outcome{}, err
	}
	if spare || c.Held {
		w.begin = func() (outcome, error) { return outcome{}, w.proc.Release(c) }
	}
	return b.complete(w), nil
}

package execenv

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/hakonegate/hakone/internal/runtimeapi"
	"github.com/hakonegate/hakone/internal/sandbox"
)

// init starts a process and waits until it asks for its first event, at most
// for limit. Phase is "init", or "invoke" within a call. A process that failed
// is ended. The error means that the function could not even be tried.
func (e *environment) init(ctx context.Context, limit time.Duration, phase string) (outcome, error) {
	began := time.Now()
	o, err := e.start(ctx, phase == "init")
	if err != nil {
		return outcome{}, err
	}
	if !o.failed() {
		o = e.awaitInit(limit, began)
	}
	if !o.failed() {
		return o, nil
	}
	e.stop()
	e.log.system(initReportLine(e.fn, time.Since(began), phase, o.status, reportedType(o)))
	if o.status == "timeout" && phase == "invoke" {
		o = platformError(timedOut(e.fn.timeout()), "timeout")
	}
	return o, nil
}

// reportedType is the error type in an INIT_REPORT line: a timeout has none.
func reportedType(o outcome) string {
	if o.status == "timeout" {
		return ""
	}
	return o.errorType
}

// awaitInit waits for the end of the init.
func (e *environment) awaitInit(limit time.Duration, began time.Time) outcome {
	timer := time.NewTimer(limit - time.Since(began))
	defer timer.Stop()
	memory := time.NewTimer(memoryPause)
	defer memory.Stop()
	w := e.worker
waiting:
	for {
		select {
		case <-w.session.Inited():
			break waiting
		case <-w.proc.Done():
			w.awaitLastWords()
			break waiting
		case <-timer.C:
			return outcome{errorType: "Sandbox.Timedout", status: "timeout"}
		case <-memory.C:
			if e.overMemory(memory) {
				return e.outOfMemory()
			}
		}
	}
	select {
	case <-w.session.Inited():
	default:
		return platformError(exited(w.proc.Exit()), "error")
	}
	a, failed := w.session.InitError()
	if !failed {
		return outcome{}
	}
	// The process exits by itself then; what it still writes belongs to the log.
	grace := time.NewTimer(lostGrace)
	defer grace.Stop()
	select {
	case <-w.proc.Done():
	case <-grace.C:
	}
	o := answered(a)
	o.status = "error"
	return o
}

// start starts the environment's process. An outcome that failed means that
// the function's own files cannot be started.
func (e *environment) start(ctx context.Context, first bool) (outcome, error) {
	p, fn := e.pool, e.fn
	var in *interpreter
	f, _, _ := runtimeFamily(fn.Runtime)
	switch f {
	case python, node, java, ruby, dotnet:
		var err error
		if in, err = p.interpreters.find(fn.Runtime); err != nil {
			return outcome{}, err
		}
	case provided:
	default:
		return outcome{}, p.Check(fn.Runtime)
	}
	l, err := e.layout(ctx, in)
	if err != nil {
		return outcome{}, err
	}
	keys, err := e.credentials(ctx)
	if err != nil {
		return outcome{}, err
	}
	version := strings.TrimRight(fn.Runtime, "0123456789.x") + ":" + strings.TrimLeft(fn.Runtime, "abcdefghijklmnopqrstuvwxyz") + ".v1"
	if first {
		e.log.system(initStartLine(fn, version, e.stream))
	}
	switch f {
	case provided:
		return e.startBootstrap(ctx, l, keys)
	case java, ruby, dotnet:
		return e.startOwnClient(ctx, in, l, keys)
	default:
	}
	return e.startInterpreter(ctx, in, l, keys)
}

// layout finds or makes the environment's folders.
func (e *environment) layout(ctx context.Context, in *interpreter) (layout, error) {
	p := e.pool
	l := layout{layers: filepath.Join(p.cfg.Dir, "none"), runtime: p.shownRuntime(), lang: langDir}
	if in != nil {
		l.lang = p.shown(in, in.langRoot())
	}
	var err error
	if l.code, err = p.code.folder(ctx, e.fn.Code); err != nil {
		return layout{}, err
	}
	if len(e.fn.Layers) > 0 {
		if l.layers, err = p.code.folder(ctx, e.fn.Layers...); err != nil {
			return layout{}, err
		}
	}
	l.task, l.opt = l.code, l.layers
	if p.rooms {
		l.task, l.opt = taskRoot, optRoot
	}
	return l, nil
}

// credentials returns new credentials of the function's role, and bounds the
// environment's life by them: clients read them once and never again.
func (e *environment) credentials(ctx context.Context) (Keys, error) {
	if e.pool.cfg.Credentials == nil || e.fn.Role == "" {
		return Keys{}, nil
	}
	keys, err := e.pool.cfg.Credentials.FunctionCredentials(ctx, e.fn.Role, e.fn.Name)
	if err != nil {
		return Keys{}, fmt.Errorf("%w: %w", ErrCredentials, err)
	}
	if !keys.Expiration.IsZero() {
		left := time.Until(keys.Expiration)
		margin := min(max(15*time.Minute, e.fn.timeout()+time.Minute), left/2)
		e.until = keys.Expiration.Add(-margin)
	}
	return keys, nil
}

// startInterpreter starts our own client, or takes a spare that was started
// before.
func (e *environment) startInterpreter(ctx context.Context, in *interpreter, l layout, keys Keys) (outcome, error) {
	p, fn := e.pool, e.fn
	v := variables(fn, l, p.cfg.Variables, e.stream, p.closedAPI(ctx), keys)
	m := startMessage{
		Env: v, Handler: fn.Handler, Runtime: fn.Runtime, Task: l.task, Opt: l.opt, RuntimeDir: l.runtime,
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
		wrapper := v["AWS_LAMBDA_EXEC_WRAPPER"]
		w, err = p.startClient(in, wrapper, list(v), e.furniture(l))
		if wrapper != "" && errors.Is(err, fs.ErrNotExist) {
			// On AWS a shell tries to start it.
			return platformError(failure{"Runtime.ExitError", "Runtime exited with error: exit status 127"}, "error"), nil
		}
	} else if w = p.spares.take(in); w == nil {
		w, err = p.startClient(in, "", nil, e.furniture(l))
	} else if p.rooms {
		var tmp *os.File
		if tmp, err = w.proc.Furnish(*e.furniture(l)); err != nil {
			p.drop(w)
		}
		e.keepTmp(tmp)
	}
	if err != nil {
		return outcome{}, fmt.Errorf("start %s: %w", in.path, err)
	}
	e.keepTmp(w.proc.Tmp())
	e.worker = w
	w.out.direct(e.log)
	// A process that is dead already shows in awaitInit.
	_ = runtimeapi.SendStart(w.conn, m.encode())
	return outcome{}, nil
}

// startOwnClient starts the runtime client that the function's package brings.
func (e *environment) startOwnClient(ctx context.Context, in *interpreter, l layout, keys Keys) (outcome, error) {
	args, ok := l.ownClient(e.fn, in.family)
	if !ok {
		return platformError(failure{"Runtime.InvalidEntrypoint", "the package of a " + e.fn.Runtime + " function must bring its runtime client: " + in.family.brings()}, "error"), nil
	}
	path := e.pool.shown(in, in.path)
	if wrapper := l.place(e.fn.Variables["AWS_LAMBDA_EXEC_WRAPPER"]); wrapper != "" {
		path, args = wrapper, append([]string{path}, args...)
	}
	return e.startProgram(ctx, in, path, l, keys, args...)
}

// startBootstrap starts the function's own program.
func (e *environment) startBootstrap(ctx context.Context, l layout, keys Keys) (outcome, error) {
	var path, shown string
	for _, dir := range []struct{ ours, seen, shown string }{{l.code, l.task, taskRoot}, {l.layers, l.opt, optRoot}} {
		if _, err := os.Stat(filepath.Join(dir.ours, "bootstrap")); err == nil {
			path, shown = filepath.Join(dir.seen, "bootstrap"), dir.shown+"/bootstrap"
			break
		}
	}
	if path == "" {
		return platformError(failure{"Runtime.InvalidEntrypoint", "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"}, "error"), nil
	}
	o, err := e.startProgram(ctx, nil, path, l, keys)
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return platformError(failure{"Runtime.InvalidEntrypoint", "fork/exec " + shown + ": " + errno.Error()}, "error"), nil
	}
	return o, err
}

// startProgram starts a program that speaks the Runtime API over HTTP.
func (e *environment) startProgram(ctx context.Context, in *interpreter, path string, l layout, keys Keys, args ...string) (outcome, error) {
	w, err := e.pool.startProgram(ctx, sandbox.Command{
		Path: path, Args: args, Dir: l.task, Output: e.log, Room: e.pool.room(in), Furniture: e.furniture(l),
	}, func(api string) []string {
		return list(variables(e.fn, l, e.pool.cfg.Variables, e.stream, api, keys))
	})
	if err == nil {
		e.keepTmp(w.proc.Tmp())
		e.worker = w
	}
	return outcome{}, err
}

// closedAPI is the address in AWS_LAMBDA_RUNTIME_API when our own client runs,
// which does not use it: extensions and telemetry libraries get a clear answer
// there, and nobody gets at the calls.
func (p *Pool) closedAPI(ctx context.Context) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.api == nil && !p.stopping {
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return "127.0.0.1:9"
		}
		session := runtimeapi.NewSession()
		session.CloseHTTP()
		p.api = serve(listener, session)
	}
	if p.api == nil {
		return "127.0.0.1:9" // the discard port
	}
	return p.api.addr
}

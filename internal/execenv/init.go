package execenv

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/runtimeapi"
)

// init starts a process and waits until it asks for its first event, at most
// for limit. Phase is "init", or "invoke" within a call. A process that failed
// is ended. The error means that the function could not even be tried.
func (e *environment) init(ctx context.Context, limit time.Duration, phase string) (outcome, error) {
	began := time.Now()
	o, err := e.start(ctx, phase)
	if err == nil && !o.failed() {
		o, err = e.awaitInit(began.Add(limit))
	}
	if err != nil {
		e.stop("failure")
		return outcome{}, err
	}
	record := initDoneRecord{Type: e.startedBy(), Phase: phase, Status: orElse(o.status, "success"), ErrorType: reportedType(o)}
	e.told.platform("platform.initRuntimeDone", record)
	record.Metrics = &durationMetrics{milliseconds(time.Since(began))}
	e.told.platform("platform.initReport", record)
	e.told.begin()
	if !o.failed() {
		e.reportExtensions()
		return o, nil
	}
	e.stop(stopReason(o))
	e.log.system(record.line(e.fn))
	if o.status == "timeout" && phase == "invoke" {
		o = platformError(timedOut(e.fn.timeout()), "timeout")
	}
	return o, nil
}

// stopReason is why extensions are told that the environment ends.
func stopReason(o outcome) string {
	if o.status == "timeout" {
		return "timeout"
	}
	return "failure"
}

// reportedType is the error type in an INIT_REPORT line: a timeout has none.
func reportedType(o outcome) string {
	if o.status == "timeout" {
		return ""
	}
	return o.errorType
}

// awaitInit waits for the extensions to register, if the runtime is started only
// then, and for the end of the init.
func (e *environment) awaitInit(deadline time.Time) (outcome, error) {
	w := e.worker
	if w.begin != nil {
		if o := e.until(w.session.Registered(), deadline); o.failed() {
			return o, nil
		}
		if o, err := w.begin(); err != nil || o.failed() {
			return o, err
		}
	}
	if o := e.until(w.session.Inited(), deadline); o.failed() {
		return o, nil
	}
	a, failed := w.session.InitError()
	if !failed {
		return outcome{}, nil
	}
	// The process exits by itself then; what it still writes belongs to the log.
	await(w.proc, time.Now().Add(lostGrace))
	o := answered(a)
	o.status = "error"
	return o, nil
}

// until waits for a part of the init.
func (e *environment) until(done <-chan struct{}, deadline time.Time) outcome {
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	memory := time.NewTimer(memoryPause)
	defer memory.Stop()
	w := e.worker
	for {
		select {
		case <-done:
			return outcome{}
		case <-w.proc.Done():
			w.awaitLastWords()
			select {
			case <-done:
				return outcome{}
			default:
				return e.ended(w)
			}
		case o := <-w.failed:
			return o
		case said := <-w.session.ExtensionFailed():
			e.reportExtension(&runtimeapi.Extension{Name: said.Name}, "InitError", said.ErrorType)
			return extensionOutcome(said)
		case <-timer.C:
			return outcome{errorType: "Sandbox.Timedout", status: "timeout"}
		case <-memory.C:
			if e.overMemory(memory) {
				return e.outOfMemory()
			}
		}
	}
}

// start starts the environment's process. An outcome that failed means that
// the function's own files cannot be started.
func (e *environment) start(ctx context.Context, phase string) (outcome, error) {
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
	if phase == "init" {
		e.log.system(e.initStart(phase).line(fn))
	}
	api, err := p.listen(ctx)
	if err != nil {
		return outcome{}, err
	}
	b := &birth{environment: e, in: in, l: l, api: api, v: e.variables(l, api.addr, keys), extensions: l.extensionFiles(), phase: phase}
	o, err := b.start(f) //nolint:contextcheck // deliveries of telemetry outlive the call
	if e.worker == nil {
		api.close()
	}
	return o, err
}

// initStart is what is told at the start of an init.
func (e *environment) initStart(phase string) initStartRecord {
	fn := e.fn
	version := strings.TrimRight(fn.Runtime, "0123456789.x") + ":" + strings.TrimLeft(fn.Runtime, "abcdefghijklmnopqrstuvwxyz") + ".v1"
	return initStartRecord{
		Type: e.startedBy(), Phase: phase, Runtime: version, RuntimeARN: runtimeARN(fn), FunctionName: fn.Name, FunctionVersion: fn.Version,
		Instance: e.stream, Memory: int64(fn.memoryMB()) << 20,
	}
}

// startedBy is the initialization type.
func (e *environment) startedBy() string {
	if e.provisioned {
		return "provisioned-concurrency"
	}
	return "on-demand"
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
		e.expires = keys.Expiration.Add(-margin)
	}
	return keys, nil
}

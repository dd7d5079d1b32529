package execenv

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/runtimeapi"
	"github.com/hakonegate/hakone/internal/sandbox"
)

// An extension is a process that runs beside the runtime, from the first one of
// its environment's processes to the last.
type extension struct {
	name string
	proc *sandbox.Process
	log  *capture
}

// extensionFiles returns the names of the external extensions in the layers:
// executable files in the folder extensions, by name.
func (l layout) extensionFiles() []string {
	entries, err := os.ReadDir(filepath.Join(l.layers, "extensions"))
	if err != nil {
		return nil
	}
	var names []string
	for _, entry := range entries {
		info, err := entry.Info()
		if err == nil && info.Mode().IsRegular() && info.Size() > 0 && info.Mode()&0o111 != 0 {
			names = append(names, entry.Name())
		}
	}
	return names
}

// expect readies the worker's session for the extensions of its environment.
func (e *environment) expect(w *worker, names []string, phase string) {
	account := ""
	if parts := strings.Split(e.fn.ARN, ":"); len(parts) > 4 {
		account = parts[4]
	}
	w.telemetry = &telemetry{dial: w.dial}
	e.told = w.telemetry
	w.telemetry.platform("platform.initStart", e.initStart(phase))
	w.session.OnSubscribe(func(sub *runtimeapi.Subscription) { e.subscribed(w, sub) })
	w.session.Expect(runtimeapi.About{
		AccountID: account, FunctionName: e.fn.Name, FunctionVersion: e.fn.Version, Handler: e.fn.Handler,
	}, names)
	w.out.direct(e.tapped(w, "function"))
}

// tapped returns a capture whose events also go to who subscribed to their kind.
func (e *environment) tapped(w *worker, kind string) *capture {
	c := e.log
	if kind != "function" {
		c = &capture{emit: e.log.emit}
	}
	c.setTap(func(message string) { w.telemetry.output(kind, message, e.fn.LogFormat == "JSON") })
	return c
}

// startExtensions starts the external extensions in the worker's room.
func (e *environment) startExtensions(w *worker, l layout, names []string, v map[string]string) outcome {
	variables := list(extensionVariables(v))
	for _, name := range names {
		x := &extension{name: name, log: e.tapped(w, "extension")}
		c := sandbox.Command{
			Path: filepath.Join(l.opt, "extensions", name), Env: variables, Dir: l.task, Output: x.log,
			Limits: sandbox.Limits{OpenFiles: openFiles},
		}
		var err error
		if w.proc != nil {
			x.proc, err = w.proc.Join(c)
		} else {
			x.proc, err = sandbox.Start(c)
		}
		if err != nil {
			text := err.Error()
			if path, ok := errors.AsType[*fs.PathError](err); ok {
				text = "fork/exec " + optRoot + "/extensions/" + name + ": " + path.Err.Error()
			}
			e.reportExtension(&runtimeapi.Extension{Name: name}, "LaunchError", "Extension.LaunchError")
			return platformError(failure{"Extension.LaunchError", text}, "error")
		}
		w.extensions = append(w.extensions, x)
		w.watching.Go(func() { w.watch(x) })
	}
	return outcome{}
}

// watch reports an extension that ends by itself.
func (w *worker) watch(x *extension) {
	<-x.proc.Done()
	if w.ending.Load() {
		return
	}
	o := platformError(failure{"Extension.Crash", extensionExit(x.proc.Exit())}, "error")
	select {
	case said := <-w.session.ExtensionFailed():
		o = extensionOutcome(said)
	default:
	}
	select {
	case w.failed <- o:
	default: // one is enough
	}
}

func extensionExit(exit sandbox.Exit) string {
	if exit.Signal == 0 && exit.Code == 0 {
		return "exit code 0"
	}
	return exit.String()
}

// extensionOutcome is how an init or call ends of which an extension says that it
// failed.
func extensionOutcome(said runtimeapi.ExtensionError) outcome {
	f := failure{"Extension.ExitError", said.ErrorType}
	if said.Init {
		f.errorType = "Extension.InitError"
	}
	return platformError(f, "error")
}

// extensionVariables are those of the function's variables that extensions see.
func extensionVariables(v map[string]string) map[string]string {
	out := make(map[string]string, len(v))
	for name, value := range v {
		hidden := name == "AWS_EXECUTION_ENV" || strings.HasPrefix(name, "_")
		for _, prefix := range []string{"AWS_LAMBDA_LOG_", "AWS_XRAY_", "LAMBDA_"} {
			hidden = hidden || strings.HasPrefix(name, prefix)
		}
		if !hidden {
			out[name] = value
		}
	}
	return out
}

// reportExtensions tells of the extensions when the init is over.
func (e *environment) reportExtensions() {
	for _, x := range e.worker.session.Extensions() {
		e.reportExtension(&x, "Ready", "")
	}
}

func (e *environment) reportExtension(x *runtimeapi.Extension, state, errorType string) {
	record := extensionRecord{x.Name, state, append([]string{}, x.Events...), errorType}
	e.log.system(record.line(e.fn))
	e.told.platform("platform.extension", record)
}

// Limits of a shutdown.
const (
	shutdownExternal = 2 * time.Second
	shutdownRuntime  = 300 * time.Millisecond // of these, for the runtime
	shutdownInternal = 500 * time.Millisecond // where all extensions are parts of the runtime
)

// hasExtensions reports whether the worker may not be ended at once.
func (w *worker) hasExtensions() bool {
	return len(w.extensions) > 0 || len(w.session.Extensions()) > 0
}

// shutdown ends the worker in the order that extensions know: the runtime first,
// which is asked only if there are any, then they. Without extensions it ends at
// once.
func (w *worker) shutdown(reason string) {
	registered := w.session.Extensions()
	w.ending.Store(true)
	if !w.hasExtensions() {
		w.end()
		return
	}
	began, limit, first := time.Now(), shutdownExternal, shutdownRuntime
	if len(w.extensions) == 0 {
		limit, first = shutdownInternal, shutdownInternal
	}
	if reason == "spindown" {
		w.proc.Terminate()
		await(w.proc, began.Add(first))
	}
	w.proc.KillCommand()
	w.telemetry.flush()
	w.session.Shutdown(reason, began.Add(limit))
	for _, x := range w.extensions {
		told := slices.ContainsFunc(registered, func(r runtimeapi.Extension) bool {
			return r.Name == x.name && slices.Contains(r.Events, "SHUTDOWN")
		})
		if !told {
			x.proc.KillCommand()
		}
	}
	for _, x := range w.extensions {
		await(x.proc, began.Add(limit))
	}
	w.end()
}

// await waits for the end of a process until the deadline.
func await(p *sandbox.Process, deadline time.Time) {
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case <-p.Done():
	case <-timer.C:
	}
}

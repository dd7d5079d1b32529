package execenv

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
)

// ErrNowhere means that no machine is there that could run the function.
var ErrNowhere = errors.New("no machine is there to run the function")

// An Elsewhere runs functions on other machines.
type Elsewhere interface {
	// Serves reports whether the function runs there.
	Serves(fn *Function) bool
	// Invoke calls the function there, as [Pool.Invoke] would here.
	Invoke(ctx context.Context, fn *Function, event []byte, call Invocation) (Result, error)
}

// elsewhere makes a call that another machine answers. What it says of the log
// is kept here.
func (p *Pool) elsewhere(ctx context.Context, fn *Function, event []byte, call Invocation) (Result, error) {
	if err := p.count(fn); err != nil {
		return Result{}, err
	}
	defer p.uncount(fn)
	began := time.Now()
	res, err := p.cfg.Elsewhere.Invoke(ctx, fn, event, call)
	if err != nil {
		return Result{}, err
	}
	res.Duration = time.Since(began)
	if res.RequestID == "" {
		res.RequestID = call.RequestID
	}
	if !res.Logged {
		log := &capture{emit: p.logTo(fn.logGroup(), "elsewhere")} // what was filtered was filtered there
		_, _ = log.Write(res.LogTail)                              // never fails
		log.system("")
	}
	if !call.Tail {
		res.LogTail = nil
	}
	return res, nil
}

// Crashed is the result of a call whose machine is gone: Lambda's for a process
// that was killed.
func Crashed(requestID string) Result {
	f := failure{"Runtime.ExitError", "Runtime exited with error: signal: killed"}
	return Result{RequestID: requestID, Payload: f.payload(requestID), FunctionError: "Unhandled", ErrorType: f.errorType}
}

// count counts a running call against the function's own limit.
func (p *Pool) count(fn *Function) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.stopping:
		return ErrStopped
	case fn.Concurrent > 0 && p.calls[fn.ARN] >= fn.Concurrent:
		return ErrFunctionLimit
	}
	p.calls[fn.ARN]++
	return nil
}

func (p *Pool) uncount(fn *Function) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.calls[fn.ARN]--; p.calls[fn.ARN] == 0 {
		delete(p.calls, fn.ARN)
	}
}

// complete gives the call what its caller left out.
func (call Invocation) complete(fn *Function) Invocation {
	if call.RequestID == "" {
		call.RequestID = uuid.NewString()
	}
	call.InvokedARN = orElse(call.InvokedARN, fn.ARN)
	if call.TraceID == "" {
		call.TraceID = newTraceID()
	}
	return call
}

package execenv

import (
	"context"
	"os"
	"time"

	"github.com/hakonegate/hakone/internal/runtimeapi"
)

// An environment is one running copy of a function. Whoever acquired it from
// the pool owns it.
type environment struct {
	pool   *Pool
	fn     *Function
	stream string
	log    *capture

	worker *worker    // nil: none runs, the next call starts one
	tmp    *os.File   // its /tmp, which outlives processes; nil: none yet, or no rooms
	tried  bool       // the init of the environment's own was made
	pace   *pace      // of its version; set with each call
	told   *telemetry // of the newest process, which its extensions hear of after it ended

	provisioned bool      // started ahead of need
	expires     time.Time // no new call afterwards: credentials run out; zero: no end
	last        time.Time // when it became idle
	peak        int64
	peakAge     time.Time
}

func newEnvironment(p *Pool, fn *Function) *environment {
	stream := newStream(fn, time.Now())
	return &environment{pool: p, fn: fn, stream: stream, log: newCapture(p, fn, stream)}
}

// fresh reports whether the environment may take another call.
func (e *environment) fresh(now time.Time) bool {
	if !e.expires.IsZero() && now.After(e.expires) {
		return false
	}
	if e.worker == nil {
		return true
	}
	select {
	case <-e.worker.proc.Done(): // died while it was idle
		return false
	default:
		return len(e.worker.failed) == 0 // or an extension did
	}
}

// stop ends the process, if there is one, without waiting for its end: that of a
// thousand forks takes long. Its extensions are told the reason, and may live on
// for a moment.
func (e *environment) stop(reason string) {
	w := e.worker
	if w == nil {
		return
	}
	e.worker = nil
	w.proc.Drain()
	end := func() {
		w.shutdown(reason)
		e.pool.drop(w)
	}
	if !e.pool.background(end) {
		e.pool.drop(w)
	}
}

// call makes one call and gives the environment back.
func (e *environment) call(ctx context.Context, event []byte, call Invocation) (Result, error) {
	began := time.Now()
	var initTook time.Duration
	if !e.tried {
		e.tried = true
		o, err := e.init(ctx, e.pool.initTimeout(), "init")
		if err != nil {
			e.pool.release(e, false)
			return Result{}, err
		}
		if !o.failed() {
			initTook = time.Since(began)
		}
		began = time.Now()
	}
	// A failed init is repeated within the call, and so is the start of a
	// process after a crash or timeout. Then it counts as the call's time.
	if e.worker == nil {
		o, err := e.init(ctx, e.fn.timeout(), "invoke")
		if err != nil {
			e.pool.release(e, false)
			return Result{}, err
		}
		if o.failed() {
			e.begin(call)
			res := e.finish(call, o, began, 0)
			e.pool.release(e, false)
			return res, nil
		}
	}
	e.begin(call)
	ev := &runtimeapi.Event{
		RequestID: call.RequestID, Deadline: began.Add(e.fn.timeout()), FunctionARN: call.InvokedARN, TraceID: call.TraceID,
		ClientContext: call.ClientContext, CognitoIdentity: call.CognitoIdentity, TenantID: call.TenantID, Payload: event,
	}
	var chunks chan runtimeapi.Chunk
	if call.Stream == nil {
		ev.Patience = e.patience(began)
	} else {
		chunks = make(chan runtimeapi.Chunk)
		ev.Stream = chunks
	}
	answer := e.worker.session.Deliver(ev)
	if ev.Patience > 0 {
		e.pace.waited(len(answer) > 0)
	}
	var o outcome
	select {
	case a := <-answer:
		o = answered(a)
	default:
		in := &inbox{chunks: chunks, answer: answer, take: call.Stream}
		var ok bool
		if o, ok = e.await(ctx, in, ev.Deadline); !ok {
			e.leave(ctx, in, call, began, initTook)
			return Result{}, ctx.Err()
		}
	}
	return e.settle(call, o, began, initTook), nil
}

// leave lets a call go on whose caller went away.
func (e *environment) leave(ctx context.Context, in *inbox, call Invocation, began time.Time, initTook time.Duration) {
	in.take = nil
	background := func() {
		o, _ := e.await(context.WithoutCancel(ctx), in, began.Add(e.fn.timeout()))
		e.settle(call, o, began, initTook)
	}
	if !e.pool.background(background) {
		e.pool.release(e, false)
	}
}

// begin starts the call's part of the log.
func (e *environment) begin(call Invocation) {
	if e.worker != nil {
		e.worker.proc.Drain() // what init wrote comes before
	}
	e.log.begin(call.Tail)
	if e.worker != nil {
		for _, x := range e.worker.extensions {
			x.log.begin(false)
		}
	}
	r := startRecord{RequestID: call.RequestID, FunctionARN: e.fn.ARN, Version: e.fn.Version}
	e.log.system(r.line(e.fn))
	if e.told.heard() {
		r.Tracing = call.tracing()
		e.told.platform("platform.start", r)
	}
}

func (call *Invocation) tracing() *tracing { return &tracing{"X-Amzn-Trace-Id", call.TraceID} }

// idleGrace is how long an answer is held back for the runtime to become free.
const idleGrace = 10 * time.Millisecond

// settle reports a call that is over and gives the environment back when its
// runtime is ready for another.
func (e *environment) settle(call Invocation, o outcome, began time.Time, initTook time.Duration) Result {
	res := e.finish(call, o, began, initTook)
	if e.worker == nil { // crashed or timed out: the next call starts it anew
		e.pool.release(e, true)
		return res
	}
	// Nearly always the next request comes with the answer. To wait for it means
	// that the same caller's next call finds the environment free.
	select {
	case <-e.worker.session.Idle():
		e.pool.release(e, true)
		return res
	default:
	}
	soon := time.NewTimer(idleGrace)
	defer soon.Stop()
	select {
	case <-e.worker.session.Idle():
		e.pool.release(e, true)
	case <-soon.C:
		if !e.pool.background(func() { e.rest(began.Add(e.fn.timeout())) }) {
			e.pool.release(e, false)
		}
	}
	return res
}

// rest waits until the runtime asks for the next event. One that does not until
// the deadline is ended.
func (e *environment) rest(deadline time.Time) {
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case <-e.worker.session.Idle():
		e.pool.release(e, true)
	case <-timer.C:
		e.stop("timeout")
		e.pool.release(e, true)
	case <-e.worker.proc.Done():
		e.stop("failure")
		e.pool.release(e, true)
	case <-e.worker.session.Lost():
		e.stop("failure")
		e.pool.release(e, true)
	}
}

// lostGrace is how long a process that closed its connection may take to end.
const lostGrace = 500 * time.Millisecond

// finish writes the end of a call to the log and makes the result.
func (e *environment) finish(call Invocation, o outcome, began time.Time, initTook time.Duration) Result {
	took := time.Since(began)
	if o.status == "timeout" {
		took = e.fn.timeout() // AWS shows the limit exactly
	}
	r := report{
		requestID: call.RequestID, memoryMB: e.fn.memoryMB(), peak: e.peakMemory(), duration: took, init: initTook, status: o.status,
	}
	if o.status == "error" {
		r.errorType = o.errorType
	}
	if e.worker != nil {
		e.worker.proc.Drain()
	}
	if o.fail != nil && o.status == "error" {
		e.log.system(o.fail.logLine(call.RequestID))
		e.told.platform("platform.fault", o.fail.logLine(call.RequestID))
	}
	record := r.record()
	e.log.system(endLine(e.fn, call.RequestID), record.line(e.fn))
	if e.told.heard() {
		e.told.platform("platform.runtimeDone", runtimeDoneRecord{
			call.RequestID, o.doneStatus(), o.errorType, call.tracing(), runtimeMetrics{record.Metrics.Duration, len(o.body)},
		})
		e.told.platform("platform.end", requestRecord{call.RequestID})
		e.told.platform("platform.report", record)
	}
	return Result{
		RequestID: call.RequestID, Payload: o.payload(call.RequestID), FunctionError: o.functionError(), ErrorType: o.errorType,
		ContentType: o.contentType, Streamed: o.streamed, LogTail: e.log.end(), Duration: took, InitDuration: initTook,
	}
}

// peakMemory returns the most memory that the environment's process had, not
// older than a second.
func (e *environment) peakMemory() int64 {
	if now := time.Now(); e.worker != nil && now.Sub(e.peakAge) > time.Second {
		e.peak, e.peakAge = max(e.peak, e.worker.proc.PeakMemory()), now
	}
	return e.peak
}

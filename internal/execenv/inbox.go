package execenv

import (
	"context"
	"time"

	"github.com/hakonegate/hakone/internal/runtimeapi"
)

// An inbox is what comes back from a call: chunks, if it is streamed to
// somebody, and the answer behind them.
type inbox struct {
	chunks chan runtimeapi.Chunk // nil if nobody takes them
	answer <-chan runtimeapi.Answer
	take   func(contentType string, chunk []byte) // nil: not any more
}

func (in *inbox) put(c runtimeapi.Chunk) {
	if in.take != nil {
		in.take(c.ContentType, c.Data)
	}
}

// await waits for the outcome of a call. It returns false when ctx ended
// first.
func (e *environment) await(ctx context.Context, in *inbox, deadline time.Time) (outcome, bool) {
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	memory := time.NewTimer(memoryPause)
	defer memory.Stop()
	w := e.worker
	lost := w.session.Lost()
	var grace <-chan time.Time // for a process that closed its connection
	for {
		select {
		case c := <-in.chunks:
			in.put(c)
			continue
		case a := <-in.answer:
			return answered(a), true
		case <-ctx.Done():
			return outcome{}, false
		case o := <-w.failed:
			e.stop("failure")
			return o, true
		case said := <-w.session.ExtensionFailed():
			e.stop("failure")
			return extensionOutcome(said), true
		case <-timer.C:
			e.stop("timeout")
			return platformError(timedOut(e.fn.timeout()), "timeout"), true
		case <-lost:
			lost, grace = nil, time.After(lostGrace)
			continue
		case <-memory.C:
			if e.overMemory(memory) {
				return e.outOfMemory(), true
			}
			continue
		case <-grace:
		case <-w.proc.Done():
		}
		break
	}
	// It may have answered with its last breath.
	if a, ok := w.lastWords(in); ok {
		return answered(a), true
	}
	w.proc.KillCommand()
	<-w.proc.Done()
	e.stop("failure")
	return e.ended(w), true
}

// lastWords takes what our client sent before its process ended.
func (w *worker) lastWords(in *inbox) (runtimeapi.Answer, bool) {
	if w.conn != nil {
		grace := time.NewTimer(lostGrace) // somebody else may hold the other end
		defer grace.Stop()
	reading:
		for {
			select {
			case c := <-in.chunks:
				in.put(c)
			case <-w.session.Lost():
				break reading
			case <-grace.C:
				break reading
			}
		}
	}
	select {
	case a := <-in.answer:
		return a, true
	default:
		return runtimeapi.Answer{}, false
	}
}

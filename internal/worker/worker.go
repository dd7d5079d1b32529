package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/hakonegate/hakone/internal/engine"
	"github.com/hakonegate/hakone/internal/execenv"
)

// A Config says how a worker works. Engine and Pool are required.
type Config struct {
	Engine   *engine.Engine
	Pool     Pool
	Capacity int           // most calls at once; 0 means 100
	Drain    time.Duration // how long calls under way may go on after Run's context is done; 0 means 30 s
	Log      *slog.Logger  // nil discards
}

// A Pool runs functions: an [execenv.Pool] does.
type Pool interface {
	Invoke(ctx context.Context, fn *execenv.Function, event []byte, call execenv.Invocation) (execenv.Result, error)
}

// A Worker takes calls from gateways.
type Worker struct {
	c    Config
	name string
	host string
	link link

	mu       sync.Mutex
	leaving  bool
	calls    map[string]*arriving // whose events are not complete
	busy     int
	finished chan struct{} // gets a value when a call ends
}

// An arriving call waits for the rest of its event.
type arriving struct {
	head  callHead
	event []byte
	since time.Time
}

// New returns a worker that does nothing before [Worker.Run].
func New(c Config) *Worker {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Capacity == 0 {
		c.Capacity = 100
	}
	if c.Drain == 0 {
		c.Drain = 30 * time.Second
	}
	host, _ := os.Hostname()
	return &Worker{c: c, name: newName(), host: host, link: newLink(c.Engine), calls: map[string]*arriving{}, finished: make(chan struct{}, 1)}
}

// Run takes calls until ctx is done. Then it says that it leaves, and returns when
// the calls under way have ended, or [Config.Drain] is over: the caller ends the
// pool, and with it what is left.
func (w *Worker) Run(ctx context.Context) error {
	working := context.WithoutCancel(ctx)
	for subject, hear := range map[string]func(*engine.Message){
		callSubject + w.name: func(m *engine.Message) { w.answer(m, w.open(working, m.Data)) },
		moreSubject + w.name: func(m *engine.Message) { w.answer(m, w.more(working, m.Data)) },
		pingSubject + w.name: func(m *engine.Message) { w.answer(m, answerOK) },
	} {
		stop, err := w.c.Engine.Listen(subject, "", hear)
		if err != nil {
			return err
		}
		defer stop()
	}
	w.announce()
	tick := time.NewTicker(announceEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			w.announce()
			w.forget()
			continue
		case <-ctx.Done():
		}
		break
	}
	w.mu.Lock()
	w.leaving = true
	w.mu.Unlock()
	w.announce()
	over := time.After(w.c.Drain)
	for {
		w.mu.Lock()
		busy := w.busy
		w.mu.Unlock()
		if busy == 0 {
			return nil
		}
		select {
		case <-w.finished:
		case <-tick.C:
			w.announce()
		case <-over:
			return fmt.Errorf("%d calls were cut: they were not over after %v", busy, w.c.Drain)
		}
	}
}

func (w *Worker) answer(m *engine.Message, text string) {
	_ = m.Answer([]byte(text)) // whoever asked waits no longer, or for an answer that does not come
}

func (w *Worker) announce() {
	w.mu.Lock()
	a := announcement{Name: w.name, Host: w.host, Capacity: w.c.Capacity, Busy: w.busy, Leaving: w.leaving}
	w.mu.Unlock()
	if text, err := json.Marshal(a); err == nil {
		_ = w.c.Engine.Tell(announceSubject, text) // while there is no connection, gateways notice
	}
}

// open takes a call, if there is room.
func (w *Worker) open(ctx context.Context, data []byte) string {
	head, body, err := unframe[callHead](data)
	if err != nil || head.Function == nil || head.Size < len(body) || head.Size > maxEvent {
		w.c.Log.WarnContext(ctx, "a call that is none", slog.Any("error", err))
		return answerGone
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.leaving || w.busy >= w.c.Capacity {
		return answerBusy
	}
	w.busy++
	a := &arriving{head, append(make([]byte, 0, head.Size), body...), time.Now()}
	if len(body) < head.Size {
		w.calls[head.Call] = a
		return answerOK
	}
	go w.run(ctx, a)
	return answerOK
}

// more takes a further piece of an event.
func (w *Worker) more(ctx context.Context, data []byte) string {
	head, body, err := unframe[moreHead](data)
	if err != nil {
		return answerGone
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	a := w.calls[head.Call]
	if a == nil || len(a.event)+len(body) > a.head.Size {
		return answerGone
	}
	a.event = append(a.event, body...)
	if len(a.event) == a.head.Size {
		delete(w.calls, head.Call)
		go w.run(ctx, a)
	}
	return answerOK
}

// forget drops calls whose gateway died before the event was complete.
func (w *Worker) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, a := range w.calls {
		if time.Since(a.since) > time.Minute {
			delete(w.calls, id)
			w.busy--
		}
	}
}

// run makes a call and sends the outcome back.
func (w *Worker) run(ctx context.Context, a *arriving) {
	defer func() {
		w.mu.Lock()
		w.busy--
		w.mu.Unlock()
		select {
		case w.finished <- struct{}{}:
		default:
		}
	}()
	r := reply{w: w, to: a.head.ReplyTo}
	q := a.head.Request
	call := execenv.Invocation{
		RequestID: q.RequestID, InvokedARN: q.InvokedARN, TraceID: q.TraceID, ClientContext: q.ClientContext, CognitoIdentity: q.CognitoIdentity,
		TenantID: q.TenantID, Tail: q.Tail,
	}
	if q.Stream {
		call.Stream = func(contentType string, chunk []byte) {
			for first := true; first || len(chunk) > 0; first = false {
				var piece []byte
				piece, chunk = w.link.cut(chunk)
				r.send(ctx, replyHead{ContentType: contentType}, piece)
			}
		}
	}
	res, err := w.c.Pool.Invoke(ctx, a.head.Function, a.event, call)
	out := &result{Result: res}
	if err != nil {
		out = refusal(err)
	}
	payload := out.Payload
	out.Payload, out.Size = nil, len(payload)
	piece, rest := w.link.cut(payload)
	r.send(ctx, replyHead{Result: out}, piece)
	for len(rest) > 0 {
		piece, rest = w.link.cut(rest)
		r.send(ctx, replyHead{Payload: true}, piece)
	}
}

// A reply is the way back to the gateway that called.
type reply struct {
	w      *Worker
	to     string
	number int
	gone   bool // nobody waits any more
}

// send sends one part, and tries again while a connection may come back.
func (r *reply) send(ctx context.Context, head replyHead, body []byte) {
	r.number++
	head.Number = r.number
	for end := time.Now().Add(silence); !r.gone; {
		answer, err := r.w.link.say(ctx, r.to, head, body)
		switch {
		case err == nil && answer == answerBusy:
			end = time.Now().Add(silence)
			engine.Passing(ctx)
		case err == nil:
			r.gone = answer != answerOK
			return
		case errors.Is(err, engine.ErrNobody) && time.Now().After(end), time.Now().After(end.Add(silence)):
			r.gone = true
		default:
			engine.Passing(ctx)
		}
	}
}

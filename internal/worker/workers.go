package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/hakonegate/hakone/internal/engine"
	"github.com/hakonegate/hakone/internal/execenv"
)

// patience is how long a call waits for a worker when there is none.
const patience = 3 * time.Second

// Workers are the workers as one gateway sees them. Engine is required. It is an
// [execenv.Elsewhere], and safe for concurrent use.
type Workers struct {
	Engine      *engine.Engine
	Credentials execenv.Credentials // of functions' roles; nil: there are none
	Variables   map[string]string   // of every function that does not set them itself
	Log         *slog.Logger

	once  sync.Once
	name  string
	link  link
	ready chan struct{} // closed when answers can arrive

	mu    sync.Mutex
	known map[string]*station
	calls map[string]*call
	moved chan struct{} // closed, and replaced, when a worker is there or free
}

// A station is one worker.
type station struct {
	announcement
	heard time.Time // announced itself, or answered
	calls map[string]*call
}

// A call is one that a worker has.
type call struct {
	parts chan part
	dead  chan struct{} // closed when its worker is
}

type part struct {
	data   []byte
	answer func(string)
}

func (w *Workers) init() {
	w.once.Do(func() {
		if w.Log == nil {
			w.Log = slog.New(slog.DiscardHandler)
		}
		w.name, w.link = newName(), newLink(w.Engine)
		w.ready, w.moved = make(chan struct{}), make(chan struct{})
		w.known, w.calls = map[string]*station{}, map[string]*call{}
	})
}

// Run hears of workers and takes their answers until ctx is done.
func (w *Workers) Run(ctx context.Context) error {
	w.init()
	stopAnnounced, err := w.Engine.Listen(announceSubject, "", w.hear)
	if err != nil {
		return err
	}
	defer stopAnnounced()
	stopAnswers, err := w.Engine.Listen(gatewaySubject+w.name+".*", "", w.take)
	if err != nil {
		return err
	}
	defer stopAnswers()
	stopCredentials, err := w.Engine.Listen(roleSubject, "gateways", func(m *engine.Message) {
		go w.giveCredentials(ctx, m)
	})
	if err != nil {
		return err
	}
	defer stopCredentials()
	close(w.ready)
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			w.ping(ctx)
		case <-ctx.Done():
			return nil
		}
	}
}

// hear notes what a worker says of itself.
func (w *Workers) hear(m *engine.Message) {
	var a announcement
	if json.Unmarshal(m.Data, &a) != nil || a.Name == "" {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.known[a.Name]
	if s == nil {
		s = &station{calls: map[string]*call{}}
		w.known[a.Name] = s
		w.Log.Info("worker", slog.String("name", a.Name), slog.String("host", a.Host), slog.Int("capacity", a.Capacity))
	}
	s.announcement, s.heard = a, time.Now()
	w.moveLocked()
}

func (w *Workers) moveLocked() {
	close(w.moved)
	w.moved = make(chan struct{})
}

// ping asks the workers that have calls whether they live, and gives up those that
// are silent.
func (w *Workers) ping(ctx context.Context) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for name, s := range w.known {
		if time.Since(s.heard) > silence {
			if len(s.calls) > 0 || !s.Leaving {
				w.Log.WarnContext(ctx, "a worker is gone", slog.String("name", name), slog.String("host", s.Host), slog.Int("calls", len(s.calls)))
			}
			for _, c := range s.calls {
				close(c.dead)
			}
			delete(w.known, name)
			continue
		}
		if len(s.calls) > 0 {
			go w.pingOne(ctx, name)
		}
	}
}

func (w *Workers) pingOne(ctx context.Context, name string) {
	ctx, cancel := context.WithTimeout(ctx, askWait)
	defer cancel()
	if _, err := w.Engine.Ask(ctx, pingSubject+name, nil); err != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if s := w.known[name]; s != nil {
		s.heard = time.Now()
	}
}

// take hands a part of an answer to the call that waits for it.
func (w *Workers) take(m *engine.Message) {
	answer := func(text string) { _ = m.Answer([]byte(text)) } // the worker sends it again
	w.mu.Lock()
	c := w.calls[m.Subject[strings.LastIndexByte(m.Subject, '.')+1:]]
	w.mu.Unlock()
	if c == nil {
		answer(answerGone)
		return
	}
	select {
	case c.parts <- part{m.Data, answer}:
	default: // the client is slow
		answer(answerBusy)
	}
}

// Serves implements [execenv.Elsewhere]: all functions run on workers.
func (w *Workers) Serves(*execenv.Function) bool { return true }

// Invoke implements [execenv.Elsewhere]. Without a worker the error is
// [execenv.ErrNowhere].
func (w *Workers) Invoke(ctx context.Context, fn *execenv.Function, event []byte, in execenv.Invocation) (execenv.Result, error) {
	w.init()
	c := &call{parts: make(chan part, 1), dead: make(chan struct{})}
	id := newName()
	w.mu.Lock()
	w.calls[id] = c
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		delete(w.calls, id)
		w.mu.Unlock()
	}()
	head := callHead{
		Call: id, ReplyTo: gatewaySubject + w.name + "." + id, Function: w.prepare(fn), Size: len(event),
		Request: invocation{in.RequestID, in.InvokedARN, in.TraceID, in.ClientContext, in.CognitoIdentity, in.TenantID, in.Tail, in.Stream != nil},
	}
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case <-w.ready:
	case <-waiting.Done():
		return execenv.Result{}, execenv.ErrNowhere
	}
	refused := map[string]bool{}
	for {
		s, err := w.choose(waiting, c, id, refused)
		if err != nil {
			return execenv.Result{}, err
		}
		res, accepted, err := w.callOne(ctx, s, c, &head, event, in)
		w.leave(s, id)
		switch {
		case accepted && errors.Is(err, execenv.ErrStopped): // it stops, and did not begin
		case accepted || ctx.Err() != nil:
			return res, err
		}
		refused[s] = true
	}
}

// prepare returns the function as a worker is to run it.
func (w *Workers) prepare(fn *execenv.Function) *execenv.Function {
	sent := *fn
	sent.Concurrent = 0 // counted here
	sent.Variables = maps.Clone(w.Variables)
	if sent.Variables == nil {
		sent.Variables = map[string]string{}
	}
	maps.Copy(sent.Variables, fn.Variables)
	return &sent
}

// choose gives the call to the least busy worker that has not refused it, and
// waits a while if there is none.
func (w *Workers) choose(ctx context.Context, c *call, id string, refused map[string]bool) (string, error) {
	for {
		w.mu.Lock()
		best, load, full := "", 2.0, false
		for name, s := range w.known {
			busy := max(s.Busy, len(s.calls))
			switch {
			case s.Leaving || s.Capacity < 1 || time.Since(s.heard) > silence:
			case refused[name] || busy >= s.Capacity:
				full = true
			case float64(busy)/float64(s.Capacity) < load: // maps have no order: of equals it is any
				best, load = name, float64(busy)/float64(s.Capacity)
			}
		}
		if best != "" {
			w.known[best].calls[id] = c
			w.mu.Unlock()
			return best, nil
		}
		moved := w.moved
		w.mu.Unlock()
		if full {
			return "", execenv.ErrLimit
		}
		select {
		case <-moved:
			clear(refused)
		case <-ctx.Done():
			return "", execenv.ErrNowhere
		}
	}
}

func (w *Workers) leave(worker, id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s := w.known[worker]; s != nil {
		delete(s.calls, id)
	}
}

// callOne sends a call to a worker and waits for its answer. Unless it is accepted,
// another worker may get it.
func (w *Workers) callOne(ctx context.Context, worker string, c *call, head *callHead, event []byte, in execenv.Invocation) (res execenv.Result, accepted bool, err error) {
	crashed := execenv.Crashed(in.RequestID)
	sending := context.WithoutCancel(ctx) // once the worker has begun, it ends
	piece, rest := w.link.cut(event)
	answer, err := w.link.say(sending, callSubject+worker, head, piece)
	switch {
	case errors.Is(err, engine.ErrNobody), err == nil && answer != answerOK:
		return res, false, nil
	case errors.Is(err, context.DeadlineExceeded): // it may have begun
		return crashed, true, nil
	case err != nil:
		return res, true, fmt.Errorf("reach a worker: %w", err)
	}
	for len(rest) > 0 {
		piece, rest = w.link.cut(rest)
		if answer, err := w.link.say(sending, moreSubject+worker, moreHead{head.Call}, piece); err != nil || answer != answerOK {
			return crashed, true, nil
		}
	}
	a := assembly{stream: in.Stream}
	for {
		select {
		case p := <-c.parts:
			done, err := a.add(p.data)
			p.answer(answerOK)
			if err != nil {
				return res, true, fmt.Errorf("answer of a worker: %w", err)
			}
			if done {
				a.result.Payload, a.result.Logged = a.payload, true
				return a.result.Result, true, a.result.err()
			}
		case <-c.dead:
			return crashed, true, nil
		case <-ctx.Done():
			return res, true, ctx.Err()
		}
	}
}

// An assembly puts the parts of an answer together.
type assembly struct {
	stream  func(string, []byte)
	number  int
	result  *result
	payload []byte
}

var errAnswer = errors.New("its parts do not fit together")

// add takes a part; done says that it was the last.
func (a *assembly) add(data []byte) (done bool, err error) {
	head, body, err := unframe[replyHead](data)
	switch {
	case err != nil:
		return false, err
	case head.Number <= a.number: // it was sent again
		return false, nil
	case head.Number != a.number+1:
		return false, errAnswer
	}
	a.number = head.Number
	switch {
	case head.Result != nil:
		if head.Result.Size > maxResult || a.result != nil {
			return false, errAnswer
		}
		a.result, a.payload = head.Result, append(make([]byte, 0, head.Result.Size), body...)
	case head.Payload && a.result != nil:
		a.payload = append(a.payload, body...)
	case a.result == nil && a.stream != nil:
		a.stream(head.ContentType, body)
	default:
		return false, errAnswer
	}
	if a.result == nil || len(a.payload) < a.result.Size {
		return false, nil
	}
	if len(a.payload) > a.result.Size {
		return false, errAnswer
	}
	return true, nil
}

// Status tells of the workers that are known.
func (w *Workers) Status() []Status {
	w.init()
	w.mu.Lock()
	defer w.mu.Unlock()
	all := make([]Status, 0, len(w.known))
	for name, s := range w.known {
		all = append(all, Status{name, s.Host, s.Capacity, s.Busy, s.Leaving})
	}
	return all
}

// A Status is what a gateway knows of a worker.
type Status struct {
	Name     string `json:"name"`
	Host     string `json:"host"`
	Capacity int    `json:"capacity"`
	Busy     int    `json:"busy"`
	Leaving  bool   `json:"leaving,omitempty"`
}

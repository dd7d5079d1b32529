package lambda

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/execenv"
	"github.com/hakonegate/hakone/internal/store"
)

// Bounds of asynchronous calls.
const (
	MaxEvent        = 1048576 // bytes of an event
	mostQueued      = 10000   // events
	mostQueuedBytes = 128 << 20
	mostAtOnce      = 200 // events that functions work on
	longestWait     = 5 * time.Minute
)

// An event is an asynchronous call that was accepted and is not over. Its
// record is kept until then, so that it outlives the process; a call that was
// under way when the process ended is made again.
type event struct {
	ID            string
	Name          string
	Qualifier     string // as invoked
	Payload       []byte
	TraceID       string
	ClientContext string
	Accepted      time.Time
	Due           time.Time // when to try next
	Attempts      int       // how often the function failed
	Throttles     int       // how often it could not be called
	Owner         string    `json:",omitempty"` // the process that makes the call, as [store.Store.Self] says
}

// A queue holds the events that wait, by the time at which they are due.
type queue struct {
	mu      sync.Mutex
	waiting dueEvents
	count   int // of events that are not over
	bytes   int // of their payloads
	moved   chan struct{}
	workers sync.WaitGroup
	slots   chan struct{}
}

type dueEvent struct {
	id  string
	due time.Time
}

type dueEvents []dueEvent

func (d dueEvents) Len() int           { return len(d) }
func (d dueEvents) Less(i, j int) bool { return d[i].due.Before(d[j].due) }
func (d dueEvents) Swap(i, j int)      { d[i], d[j] = d[j], d[i] }

// Push implements [heap.Interface].
func (d *dueEvents) Push(x any) {
	if e, ok := x.(dueEvent); ok {
		*d = append(*d, e)
	}
}

// Pop implements [heap.Interface].
func (d *dueEvents) Pop() any {
	last := (*d)[len(*d)-1]
	*d = (*d)[:len(*d)-1]
	return last
}

func newQueue() *queue {
	return &queue{moved: make(chan struct{}, 1), slots: make(chan struct{}, mostAtOnce)}
}

// reserve makes room for one more event.
func (q *queue) reserve(size int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.count >= mostQueued || q.bytes+size > mostQueuedBytes {
		return false
	}
	q.count++
	q.bytes += size
	return true
}

func (q *queue) over(size int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.count--
	q.bytes -= size
}

func (q *queue) add(id string, due time.Time) {
	q.mu.Lock()
	heap.Push(&q.waiting, dueEvent{id, due})
	q.mu.Unlock()
	select {
	case q.moved <- struct{}{}:
	default:
	}
}

// next removes the first event that is due; else it says when one will be. The
// time is zero when none waits.
func (q *queue) next(now time.Time) (id string, due time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		return "", time.Time{}
	}
	if first := q.waiting[0]; first.due.After(now) {
		return "", first.due
	}
	first, _ := heap.Pop(&q.waiting).(dueEvent)
	return first.id, first.due
}

// InvokeAsync accepts a call that nobody waits for: InvocationType Event. The
// event is on disk when InvokeAsync returns the call's request ID. Refusals are
// those of [Service.Invoke] except for throttling, which delays the call.
func (s *Service) InvokeAsync(ctx context.Context, in *InvokeInput) (requestID string, err error) {
	a, err := s.admit(in, MaxEvent)
	if err != nil {
		return "", err
	}
	now := s.cfg.Clock.Now()
	e := event{
		ID: orElse(in.RequestID, uuid.NewString()), Name: a.r.name, Qualifier: a.r.qualifier, Payload: in.Payload,
		TraceID: in.TraceID, ClientContext: in.ClientContext, Accepted: now, Due: now, Owner: s.cfg.Store.Self(),
	}
	if len(e.Payload) == 0 {
		e.Payload = []byte("{}")
	}
	if !s.queue.reserve(len(e.Payload)) {
		return "", throttled("CallerRateLimitExceeded")
	}
	if err := s.events.Create(ctx, e.ID, e); err != nil {
		s.queue.over(len(e.Payload))
		return "", err
	}
	s.queue.add(e.ID, e.Due)
	return e.ID, nil
}

// loadEvents takes up what an earlier run accepted.
func (s *Service) loadEvents() {
	if s.cfg.Store.Self() != "" {
		return // see [Service.takeOver]
	}
	for _, e := range s.events.All() {
		s.take(&e)
	}
}

// take queues an event that was accepted before.
func (s *Service) take(e *event) {
	if latest := s.cfg.Clock.Now().Add(longestWait); e.Due.After(latest) { // the clock was set back
		e.Due = latest
	}
	s.queue.mu.Lock()
	s.queue.count++
	s.queue.bytes += len(e.Payload)
	s.queue.mu.Unlock()
	s.queue.add(e.ID, e.Due)
}

// takeOverEvery is how often a node looks for calls whose node is gone, unless the
// [Config] says otherwise.
const takeOverEvery = 2 * time.Second

// takeOver takes up, until ctx is done, what processes accepted that share the
// records and are gone. One node gets each event. A call that was under way is
// made again, as AWS may do it too.
func (s *Service) takeOver(ctx context.Context) {
	self := s.cfg.Store.Self()
	if self == "" {
		return
	}
	tick := time.NewTicker(cmp.Or(s.cfg.TakeOverEvery, takeOverEvery))
	defer tick.Stop()
	for ctx.Err() == nil {
		for id, e := range s.events.All() {
			if !s.cfg.Store.Gone(e.Owner) {
				continue
			}
			err := s.events.Update(ctx, id, func(e *event) error {
				if !s.cfg.Store.Gone(e.Owner) {
					return store.ErrExists // another node was faster
				}
				e.Owner = self
				return nil
			})
			if err == nil {
				s.take(&e)
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

// work makes the calls that are due until ctx is done, and waits for those
// under way to notice.
func (s *Service) work(ctx context.Context) {
	defer s.queue.workers.Wait()
	for ctx.Err() == nil {
		select {
		case s.queue.slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		id, due := s.queue.next(s.cfg.Clock.Now())
		if id != "" {
			s.queue.workers.Go(func() {
				defer func() { <-s.queue.slots }()
				s.attempt(ctx, id)
			})
			continue
		}
		<-s.queue.slots
		var wait <-chan time.Time
		if !due.IsZero() {
			wait = s.cfg.Clock.After(due.Sub(s.cfg.Clock.Now()))
		}
		select {
		case <-s.queue.moved:
		case <-wait:
		case <-ctx.Done():
		}
	}
}

// attempt makes the call of one event once, and decides what becomes of it.
func (s *Service) attempt(ctx context.Context, id string) {
	e, ok := s.events.Get(id)
	if !ok || e.Owner != s.cfg.Store.Self() {
		return
	}
	c := s.compiled.Load().functions[e.Name]
	var fn *execenv.Function
	if c != nil {
		fn = c.find(e.Qualifier)
	}
	if fn == nil {
		s.log.WarnContext(ctx, "asynchronous call of what was deleted is dropped", slog.String("function", s.arn(e.Name, e.Qualifier)), slog.String("request_id", id))
		s.forget(ctx, &e)
		return
	}
	rules := c.async[orLatest(e.Qualifier)]
	done := conclusion{event: &e, fn: fn, rules: rules, deadLetters: c.letters[fn.Version]}
	if c.reserved != nil && *c.reserved == 0 {
		done.condition = "ZeroReservedConcurrency"
		s.conclude(ctx, &done)
		return
	}
	res, err := s.cfg.Pool.Invoke(ctx, fn, e.Payload, execenv.Invocation{
		RequestID: e.ID, InvokedARN: s.arn(e.Name, e.Qualifier), TraceID: e.TraceID, ClientContext: e.ClientContext,
	})
	if ctx.Err() != nil || errors.Is(err, execenv.ErrStopped) {
		return // the next run makes the call again
	}
	var wait time.Duration
	switch {
	case err != nil:
		s.log.DebugContext(ctx, "asynchronous call waits", slog.String("function", fn.ARN), slog.String("request_id", id), slog.Any("error", err))
		wait = min(time.Second<<min(e.Throttles, 10), longestWait)
		e.Throttles++
	case res.FunctionError != "":
		done.result = &res
		e.Attempts++
		if e.Attempts > *orZero(rules.MaximumRetryAttempts, 2) {
			done.condition = "RetriesExhausted"
			s.conclude(ctx, &done)
			return
		}
		wait = time.Duration(e.Attempts) * time.Minute
	default:
		done.result, done.condition = &res, "Success"
		e.Attempts++
		s.conclude(ctx, &done)
		return
	}
	age := time.Duration(*orZero(rules.MaximumEventAgeInSeconds, 21600)) * time.Second
	e.Due = s.cfg.Clock.Now().Add(wait)
	if e.Due.Sub(e.Accepted) > age {
		done.condition = "EventAgeExceeded"
		s.conclude(ctx, &done)
		return
	}
	err = s.events.Update(ctx, id, func(kept *event) error {
		if kept.Owner != e.Owner {
			return store.ErrNotFound // another node has taken it over
		}
		*kept = e
		return nil
	})
	if err != nil && ctx.Err() == nil && !errors.Is(err, store.ErrNotFound) {
		s.log.ErrorContext(ctx, "keep an asynchronous call", slog.String("request_id", id), slog.Any("error", err))
	}
	s.queue.add(id, e.Due)
}

// forget removes an event that is over.
func (s *Service) forget(ctx context.Context, e *event) {
	if err := s.events.Delete(ctx, e.ID); err != nil && !errors.Is(err, store.ErrNotFound) {
		if ctx.Err() == nil {
			s.log.ErrorContext(ctx, "forget an asynchronous call", slog.String("request_id", e.ID), slog.Any("error", err))
		}
		return
	}
	s.queue.over(len(e.Payload))
}

func tooLarge(most int) error {
	return awserr.New("RequestEntityTooLargeException", http.StatusRequestEntityTooLarge, "Request must be smaller than %d bytes for the InvokeFunction operation", most)
}

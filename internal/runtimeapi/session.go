package runtimeapi

import (
	"sync"
	"time"
)

// MaxResponse is the largest result of a call: 6 MiB and 100 bytes.
const MaxResponse = 6<<20 + 100

// An Event is one call as the runtime is told of it.
type Event struct {
	RequestID       string
	Deadline        time.Time
	FunctionARN     string // as invoked
	TraceID         string
	ClientContext   string // JSON text, "" if none
	CognitoIdentity string // JSON text, "" if none
	TenantID        string
	Payload         []byte

	// Patience is for how long Deliver may wait for the answer, and for the next
	// request, of a runtime that speaks frames, and let no other goroutine run on
	// this processor: of a runtime that answers at once both are there when
	// Deliver returns. What is streamed is not waited for.
	Patience time.Duration

	// Stream takes what the runtime streams, as it comes: chunk by chunk, all
	// before the answer. It must be received from until the answer is there or
	// the session is closed. Nil collects the result in the answer's body.
	Stream chan<- Chunk
}

// An Answer is what the runtime said of a call, or of its init.
type Answer struct {
	Body        []byte
	ContentType string
	Failed      bool   // posted to /error or /init/error, or failed in mid-stream, or too large
	ErrorType   string // of a failed one, as logs and metrics name it
	Streamed    bool   // sent as a stream; the body is empty, or the error, if the event's Stream took it
}

// A state is what the runtime is doing, named as in the messages of the
// Runtime API.
type state string

const (
	starting  state = "Started"
	ready     state = "Ready"                    // waits for an event
	running   state = "Running"                  // works on one
	answered  state = "RuntimeResponseSentState" // has answered it
	initError state = "InitError"
	closed    state = "Closed"
)

// A Session is the state of one execution environment's runtime. It is safe
// for concurrent use. Each process needs a new one.
type Session struct {
	mu        sync.Mutex
	state     state
	current   *Event
	answer    chan Answer   // for current; capacity 1
	waiter    *waiter       // the runtime's pending request for the next event
	initOK    bool          // init ended with a request for an event
	initErr   Answer        // otherwise
	inited    chan struct{} // closed when init ended, either way
	idle      chan struct{} // one token when a call is over and the next is asked for
	lost      chan struct{} // closed when the runtime's connection is gone for good
	ended     chan struct{} // closed by Close
	frames    bool          // the runtime speaks frames, so HTTP is closed to others
	talk      *talk         // with a runtime that speaks frames
	streaming bool          // an answer to current has begun
	freed     bool          // the runtime is free after a call; idle waits for the extensions

	about           About
	extensions      []*extension
	registered      chan struct{} // nil: nobody may register
	extensionFailed chan ExtensionError
	subscribe       func(*Subscription)
}

// A waiter is one pending request for the next event. Deliver is called at
// most once, with the session unlocked.
type waiter struct{ deliver func(*Event) }

// NewSession returns the session of a process that is about to start.
func NewSession() *Session {
	return &Session{
		state: starting, inited: make(chan struct{}), idle: make(chan struct{}, 1), lost: make(chan struct{}),
		ended: make(chan struct{}), extensionFailed: make(chan ExtensionError, 1),
	}
}

// Inited is closed when the init has ended, well or not: the runtime and all
// extensions have asked for their first event.
func (s *Session) Inited() <-chan struct{} { return s.inited }

// InitError returns what the runtime said of an init that failed. Use it when
// Inited is closed.
func (s *Session) InitError() (Answer, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.initErr, !s.initOK
}

// Idle gives one token each time the runtime, and the extensions that are told
// of calls, ask for the next event after one was answered.
func (s *Session) Idle() <-chan struct{} { return s.idle }

// Lost is closed when the runtime has closed its connection: it can neither
// answer nor ask any more. Over HTTP this is never known.
func (s *Session) Lost() <-chan struct{} { return s.lost }

// Deliver hands the runtime an event; the answer comes on the channel. It may
// be called when init ended well, and again after each token of Idle.
func (s *Session) Deliver(ev *Event) <-chan Answer {
	answer := make(chan Answer, 1)
	s.mu.Lock()
	s.current, s.answer, s.state, s.streaming = ev, answer, running, false
	w, t := s.waiter, s.talk
	s.waiter = nil
	s.tellExtensions(ev)
	s.mu.Unlock()
	if w != nil {
		w.deliver(ev)
	}
	if t != nil {
		t.attend(ev)
	}
	return answer
}

// Close refuses everything from now on: the process is being ended.
func (s *Session) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != closed {
		close(s.ended)
	}
	s.state, s.current, s.waiter = closed, nil, nil
}

// next is the runtime's request for an event. Deliver is called with it, at
// once or later, unless the waiter is withdrawn before.
func (s *Session) next(w *waiter) *refusal {
	s.mu.Lock()
	switch s.state {
	case initError:
		s.mu.Unlock()
		return transition(initError, "Ready")
	case closed:
		s.mu.Unlock()
		return &refusal{403, "InvalidStateTransition", "The environment is being shut down"}
	case running:
		if ev := s.current; s.waiter == nil { // asked again without an answer: the same event again
			s.mu.Unlock()
			w.deliver(ev)
			return nil
		}
	case starting:
		s.state = ready
	case answered:
		s.state, s.current, s.freed = ready, nil, true
	case ready: // a second request takes the first one's place
	}
	s.waiter = w
	s.advance()
	s.mu.Unlock()
	return nil
}

// advance notes that the init or a call is over, if so it is: for the runtime and
// the extensions. The lock is held.
func (s *Session) advance() {
	switch {
	case s.state != ready:
	case !s.initOK && s.extensionsReady():
		s.initOK = true
		close(s.inited)
	case s.freed && s.invokedReady():
		s.freed = false
		select {
		case s.idle <- struct{}{}:
		default:
		}
	}
}

// redelivers reports whether a request for an event now would get the last one
// again.
func (s *Session) redelivers() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state == running && s.waiter == nil
}

// withdraw takes back a request for an event.
func (s *Session) withdraw(w *waiter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiter == w {
		s.waiter = nil
	}
}

// finish takes the runtime's answer to the call id. The action is what the
// Runtime API calls the attempt: InvocationResponse or InvocationErrorResponse.
func (s *Session) finish(id, action string, a Answer) *refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil || s.current.RequestID != id {
		return invalidRequestID
	}
	if s.state != running {
		return transition(s.state, action)
	}
	s.state, s.streaming = answered, false
	s.answer <- a
	return nil
}

// expects reports whether an answer to the call id would be taken now, so that
// a body need not be read in vain.
func (s *Session) expects(id, action string) *refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.takes(id, action)
}

// takes is expects with the lock held.
func (s *Session) takes(id, action string) *refusal {
	switch {
	case s.current == nil || s.current.RequestID != id:
		return invalidRequestID
	case s.streaming:
		return transition(answered, action)
	case s.state != running:
		return transition(s.state, action)
	}
	return nil
}

// failInit takes the runtime's report that init failed.
func (s *Session) failInit(a Answer) *refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != starting {
		return transition(s.state, "InitError")
	}
	s.state, s.initErr = initError, a
	close(s.inited)
	return nil
}

func (s *Session) lose() {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.lost:
	default:
		close(s.lost)
	}
}

// A refusal is an answer that is not 2xx.
type refusal struct {
	status       int
	errorType    string
	errorMessage string
}

var invalidRequestID = &refusal{400, "InvalidRequestID", "Invalid request ID"}

func transition(from state, to string) *refusal {
	return &refusal{
		403, "InvalidStateTransition",
		"State transition from " + string(from) + " to " + to + " failed for runtime. Error: State transition is not allowed",
	}
}

// TooLarge is the answer of a call whose result is over MaxResponse.
func TooLarge() Answer {
	return Answer{
		Failed: true, ErrorType: "Function.ResponseSizeTooLarge",
		Body: []byte(`{"errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes).","errorType":"Function.ResponseSizeTooLarge"}`),
	}
}

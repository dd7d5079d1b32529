package runtimeapi

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
)

// MaxExtensions is how many extensions an environment may have.
const MaxExtensions = 10

// About is what extensions learn of the function when they register.
type About struct {
	AccountID       string
	FunctionName    string
	FunctionVersion string
	Handler         string
}

// An Extension is one that registered.
type Extension struct {
	Name     string
	Events   []string // INVOKE, SHUTDOWN
	External bool     // a process of its own, rather than a part of the runtime's
}

// An ExtensionError is what an extension said of itself before it ends.
type ExtensionError struct {
	Name      string
	Init      bool   // rather than on exit
	ErrorType string // the extension's own word
}

// The states of an extension, named as in the messages of the Extensions API.
const (
	extStarted    = "Started"
	extRegistered = "Registered"
	extReady      = "Ready"
	extRunning    = "Running"
	extInitError  = "InitError"
	extExitError  = "ExitError"
)

// An extension is what a session knows of one. The session's lock guards it.
type extension struct {
	Extension

	id      string
	state   string
	pending []byte      // the event that it gets next; nil: none
	waiting chan []byte // its request for one; nil: none

	subscribed *subscriptionAPI // with which it subscribed; nil: not
}

// Expect says which external extensions are about to start: those files that
// are run beside the runtime. It must be called before the session is served.
func (s *Session) Expect(about About, external []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.about = about
	s.registered = make(chan struct{})
	for _, name := range external {
		s.extensions = append(s.extensions, &extension{Extension: Extension{Name: name, External: true}, state: extStarted})
	}
	if len(external) == 0 {
		close(s.registered)
	}
}

// Registered is closed when all external extensions have registered: the
// runtime is started then.
func (s *Session) Registered() <-chan struct{} { return s.registered }

// Extensions returns those that registered, in that order for internal ones.
func (s *Session) Extensions() []Extension {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Extension
	for _, x := range s.extensions {
		if x.state != extStarted {
			list = append(list, x.Extension)
		}
	}
	return list
}

// ExtensionFailed gives what extensions say of a failure of theirs.
func (s *Session) ExtensionFailed() <-chan ExtensionError { return s.extensionFailed }

// Shutdown tells the extensions that asked for it that the environment ends. The
// reason is spindown, timeout or failure.
func (s *Session) Shutdown(reason string, deadline time.Time) {
	event, err := json.Marshal(struct {
		EventType string `json:"eventType"`
		Deadline  int64  `json:"deadlineMs"`
		Reason    string `json:"shutdownReason"`
	}{"SHUTDOWN", deadline.UnixMilli(), reason})
	if err != nil { // strings only
		panic(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.extensions {
		if slices.Contains(x.Events, "SHUTDOWN") {
			x.give(event)
		}
	}
}

// give hands the extension an event, now or with its next request.
func (x *extension) give(event []byte) {
	if x.waiting == nil {
		x.pending = event
		return
	}
	x.state = extRunning
	x.waiting <- event
	x.waiting = nil
}

// tellExtensions tells those that want to know of a call. The lock is held.
func (s *Session) tellExtensions(ev *Event) {
	var event []byte
	for _, x := range s.extensions {
		if !slices.Contains(x.Events, "INVOKE") {
			continue
		}
		if event == nil {
			event = invokeEvent(ev)
		}
		x.give(event)
	}
}

func invokeEvent(ev *Event) []byte {
	type tracing struct {
		Type  string `json:"type"`
		Value string `json:"value"`
	}
	text, err := json.Marshal(struct {
		EventType string  `json:"eventType"`
		Deadline  int64   `json:"deadlineMs"`
		RequestID string  `json:"requestId"`
		ARN       string  `json:"invokedFunctionArn"`
		Tracing   tracing `json:"tracing"`
	}{"INVOKE", ev.Deadline.UnixMilli(), ev.RequestID, ev.FunctionARN, tracing{"X-Amzn-Trace-Id", ev.TraceID}})
	if err != nil { // strings only
		panic(err)
	}
	return text
}

// extensionsReady reports whether every extension has asked for its next event.
// The lock is held.
func (s *Session) extensionsReady() bool {
	for _, x := range s.extensions {
		// One that has an event waiting has not begun to work on it.
		if x.state != extReady || x.pending != nil {
			return false
		}
	}
	return true
}

// invokedReady is the same for those that are told of calls.
func (s *Session) invokedReady() bool {
	for _, x := range s.extensions {
		if slices.Contains(x.Events, "INVOKE") && (x.state != extReady || x.pending != nil) {
			return false
		}
	}
	return true
}

// register registers an extension and returns its identifier.
func (s *Session) register(name string, events []string) (string, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.extensions, func(x *extension) bool { return x.Name == name })
	external := i >= 0 && s.extensions[i].External
	for _, event := range events {
		switch {
		case event == "SHUTDOWN" && !external:
			return "", &refusal{403, "Extension.InvalidEventType", event + ": ShutdownEventNotSupportedForInternalExtension"}
		case event != "INVOKE" && event != "SHUTDOWN":
			return "", &refusal{403, "Extension.InvalidEventType", event + ": ErrorInvalidEventType"}
		}
	}
	slices.Sort(events)
	x := &extension{Extension: Extension{Name: name}}
	switch {
	case external && s.extensions[i].state != extStarted:
		return "", extensionTransition(s.extensions[i].state, extRegistered, name)
	case external:
		x = s.extensions[i]
	case s.state != starting || s.registered == nil:
		return "", &refusal{403, "Extension.RegistrationClosed", "Extension registration closed already"}
	case i >= 0:
		return "", &refusal{403, "Extension.InvalidExtensionState", "Extension with this name already registered"}
	case len(s.extensions) >= MaxExtensions:
		return "", &refusal{403, "Extension.TooManyExtensions", fmt.Sprintf("Extension limit (%d) reached", MaxExtensions)}
	default:
		s.extensions = append(s.extensions, x)
	}
	x.Events, x.id, x.state = slices.Compact(events), uuid.NewString(), extRegistered
	for _, other := range s.extensions {
		if other.state == extStarted {
			return x.id, nil
		}
	}
	if external {
		close(s.registered)
	}
	return x.id, nil
}

// extensionByID returns the extension with the identifier. The lock is held.
func (s *Session) extensionByID(id string) (*extension, *refusal) {
	for _, x := range s.extensions {
		if x.id == id && id != "" {
			return x, nil
		}
	}
	return nil, &refusal{403, "Extension.UnknownExtensionIdentifier", "Unknown extension " + id}
}

// nextEvent is an extension's request for an event, which comes on the channel.
func (s *Session) nextEvent(id string) (<-chan []byte, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x, no := s.extensionByID(id)
	if no != nil {
		return nil, no
	}
	switch x.state {
	case extRegistered, extReady, extRunning:
	default:
		return nil, extensionTransition(x.state, extReady, id)
	}
	x.state, x.waiting = extReady, make(chan []byte, 1)
	got := x.waiting
	if event := x.pending; event != nil {
		x.pending = nil
		x.give(event)
		return got, nil
	}
	s.advance()
	return got, nil
}

// extensionError takes what an extension says of its failure.
func (s *Session) extensionError(id string, init bool, errorType string) *refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	x, no := s.extensionByID(id)
	if no != nil {
		return no
	}
	to := extExitError
	if init {
		to = extInitError
	}
	switch {
	case x.state == to: // only the first one counts
		return nil
	case x.state == extRegistered, !init && (x.state == extReady || x.state == extRunning):
	default:
		return extensionTransition(x.state, to, id)
	}
	x.state = to
	select {
	case s.extensionFailed <- ExtensionError{x.Name, init, errorType}:
	default: // nobody acts on more than one
	}
	return nil
}

func extensionTransition(from, to, name string) *refusal {
	return &refusal{
		403, "Extension.InvalidExtensionState",
		"State transition from " + from + " to " + to + " failed for extension " + name + ". Error: State transition is not allowed",
	}
}

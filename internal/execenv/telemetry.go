package execenv

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hakonegate/hakone/internal/runtimeapi"
)

// telemetry is what extensions of an environment may subscribe to. What happens
// during the init is kept for those that subscribe meanwhile. A nil telemetry
// takes everything and tells nobody.
type telemetry struct {
	dial dialer

	mu          sync.Mutex
	begun       bool // the init is over: nobody subscribes any more
	backlog     []telemetryEvent
	subscribers []*subscriber
	ended       bool
}

// maxBacklog bounds what is kept for later subscribers.
const maxBacklog = 1000

// A telemetryEvent is one as the Telemetry API has it.
type telemetryEvent struct {
	Time   string `json:"time"`
	Type   string `json:"type"`
	Record any    `json:"record"`
}

func (e *telemetryEvent) category() string {
	if strings.HasPrefix(e.Type, "platform.") {
		return "platform"
	}
	return e.Type
}

// platform tells what the platform does.
func (t *telemetry) platform(kind string, record any) {
	if t.heard() {
		t.send(telemetryEvent{timestamp(), kind, record})
	}
}

// output tells what the function or an extension wrote. In JSON logs a record is
// the object that was written.
func (t *telemetry) output(kind, message string, structured bool) {
	if !t.heard() {
		return
	}
	var record any = message
	if text := strings.TrimSpace(message); structured && strings.HasPrefix(text, "{") && json.Valid([]byte(text)) {
		record = json.RawMessage(text)
	}
	t.send(telemetryEvent{timestamp(), kind, record})
}

func timestamp() string { return time.Now().UTC().Format("2006-01-02T15:04:05.000Z") }

// heard reports whether anybody hears of an event, now or by subscribing.
func (t *telemetry) heard() bool {
	if t == nil {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return !t.begun || len(t.subscribers) > 0
}

func (t *telemetry) send(e telemetryEvent) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.begun && len(t.backlog) < maxBacklog {
		t.backlog = append(t.backlog, e)
	}
	for _, s := range t.subscribers {
		s.take(&e)
	}
}

// subscribe adds a subscriber, in the place of one that the extension made
// before.
func (t *telemetry) subscribe(sub *runtimeapi.Subscription) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return
	}
	s := newSubscriber(sub, t.dial)
	t.subscribers = slices.DeleteFunc(t.subscribers, func(old *subscriber) bool {
		if old.Extension != sub.Extension {
			return false
		}
		old.end()
		return true
	})
	t.subscribers = append(t.subscribers, s)
	for i := range t.backlog {
		s.take(&t.backlog[i])
	}
}

// begin ends the time in which extensions subscribe.
func (t *telemetry) begin() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.begun, t.backlog = true, nil
}

// flush delivers what waits, soon.
func (t *telemetry) flush() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.subscribers {
		s.flush()
	}
}

// end ends all deliveries, and waits for them.
func (t *telemetry) end() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = true
	for _, s := range t.subscribers {
		s.end()
	}
	t.subscribers = nil
}

// subscribed notes a subscription.
func (e *environment) subscribed(w *worker, sub *runtimeapi.Subscription) {
	w.telemetry.subscribe(sub)
	kind := "platform.telemetrySubscription"
	if sub.Logs {
		kind = "platform.logsSubscription"
	}
	record := subscriptionRecord{sub.Extension, "Subscribed", sub.Types}
	e.log.system(record.line(e.fn, kind))
	w.telemetry.platform(kind, record)
}

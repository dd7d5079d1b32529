package execenv

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/hakonegate/hakone/internal/runtimeapi"
)

// A dialer connects to a port of the environment's own loopback.
type dialer func(port int) (net.Conn, error)

// A subscriber takes telemetry in batches.
type subscriber struct {
	*runtimeapi.Subscription

	client *http.Client
	dial   dialer
	conn   net.Conn // of TCP; nil: none
	stop   context.CancelFunc
	done   chan struct{}
	wake   chan struct{}

	mu      sync.Mutex
	batch   []json.RawMessage
	size    int
	hurry   bool // deliver without waiting for more, from now on
	dropped int  // events that found no room, and their bytes
	lost    int
}

const (
	deliveryTimeout = 2 * time.Second
	deliveryPause   = 100 * time.Millisecond // after one that failed
)

// newSubscriber starts to deliver; end ends it.
func newSubscriber(sub *runtimeapi.Subscription, dial dialer) *subscriber {
	ctx, stop := context.WithCancel(context.Background())
	s := &subscriber{Subscription: sub, dial: dial, stop: stop, done: make(chan struct{}), wake: make(chan struct{}, 1)}
	s.client = &http.Client{Timeout: deliveryTimeout, Transport: &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) { return dial(sub.Port) }, DisableCompression: true, MaxIdleConns: 1,
	}}
	go s.run(ctx)
	return s
}

// take puts an event into the batch if it was subscribed to.
func (s *subscriber) take(e *telemetryEvent) {
	if !slices.Contains(s.Types, e.category()) || !s.Logs && e.logsOnly() {
		return
	}
	if s.Logs {
		var ok bool
		if e, ok = e.asLog(s.SchemaVersion); !ok {
			return
		}
	}
	text, err := json.Marshal(e)
	if err != nil {
		return // our own records; what functions write was checked
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.size+len(text) > 2*s.MaxBytes && len(s.batch) > 0 || len(s.batch) >= 2*s.MaxItems {
		s.dropped++
		s.lost += len(text)
		return
	}
	s.batch = append(s.batch, text)
	s.size += len(text)
	if len(s.batch) == 1 || s.hurry || s.full() {
		s.poke()
	}
}

func (s *subscriber) full() bool { return s.size >= s.MaxBytes || len(s.batch) >= s.MaxItems }

func (s *subscriber) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *subscriber) flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hurry = true
	s.poke()
}

func (s *subscriber) end() {
	s.stop()
	<-s.done
}

// run delivers a batch when it is full or old enough, until ctx is done.
func (s *subscriber) run(ctx context.Context) {
	defer close(s.done)
	defer s.client.CloseIdleConnections()
	defer s.hangUp()
	for {
		select {
		case <-s.wake:
		case <-ctx.Done():
			return
		}
		s.gather(ctx)
		for {
			batch, size := s.next()
			if len(batch) == 0 || ctx.Err() != nil {
				break
			}
			if err := s.deliver(ctx, batch); err == nil {
				s.delivered(len(batch), size)
				continue
			}
			select {
			case <-time.After(deliveryPause):
			case <-ctx.Done():
			}
		}
	}
}

// gather waits until the batch is to be delivered.
func (s *subscriber) gather(ctx context.Context) {
	timer := time.NewTimer(s.Timeout)
	defer timer.Stop()
	for {
		s.mu.Lock()
		ready := s.hurry || s.full()
		s.mu.Unlock()
		if ready {
			return
		}
		select {
		case <-s.wake:
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// next returns what is to be delivered, and how many bytes that is.
func (s *subscriber) next() (batch []json.RawMessage, size int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := min(len(s.batch), s.MaxItems)
	for i, text := range s.batch[:n] {
		if size += len(text); size > s.MaxBytes && i > 0 {
			return s.batch[:i:i], size - len(text)
		}
	}
	return s.batch[:n:n], size
}

// delivered forgets what was delivered, and says what was dropped meanwhile.
func (s *subscriber) delivered(n, size int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.batch = slices.Clone(s.batch[n:])
	s.size -= size
	if s.dropped == 0 {
		return
	}
	text, err := json.Marshal(telemetryEvent{timestamp(), "platform.logsDropped", struct {
		Reason  string `json:"reason"`
		Records int    `json:"droppedRecords"`
		Bytes   int    `json:"droppedBytes"`
	}{"Consumer seems to have fallen behind as it has not acknowledged receipt of logs.", s.dropped, s.lost}})
	if err == nil {
		s.batch = append(s.batch, text)
		s.size += len(text)
	}
	s.dropped, s.lost = 0, 0
}

func (s *subscriber) deliver(ctx context.Context, batch []json.RawMessage) error {
	if s.TCP {
		return s.write(batch)
	}
	body, err := json.Marshal(batch)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, fmt.Sprintf("http://sandbox.localdomain:%d%s", s.Port, s.Path), bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := s.client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
	if resp.StatusCode/100 != 2 {
		return errors.New(resp.Status)
	}
	return nil
}

// write sends lines.
func (s *subscriber) write(batch []json.RawMessage) error {
	if s.conn == nil {
		var err error
		if s.conn, err = s.dial(s.Port); err != nil {
			s.conn = nil
			return err
		}
	}
	var text bytes.Buffer
	for _, line := range batch {
		text.Write(line)
		text.WriteByte('\n')
	}
	_ = s.conn.SetWriteDeadline(time.Now().Add(deliveryTimeout))
	if _, err := s.conn.Write(text.Bytes()); err != nil {
		s.hangUp()
		return err
	}
	return nil
}

func (s *subscriber) hangUp() {
	if s.conn != nil {
		_ = s.conn.Close()
		s.conn = nil
	}
}

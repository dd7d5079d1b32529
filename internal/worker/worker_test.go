package worker_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats-server/v2/server"

	"github.com/hakonegate/hakone/internal/engine"
	"github.com/hakonegate/hakone/internal/execenv"
	"github.com/hakonegate/hakone/internal/worker"
)

// natsServer starts a server whose messages are as small as by default.
func natsServer(t *testing.T) string {
	t.Helper()
	srv, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	if !srv.ReadyForConnections(10 * time.Second) {
		t.Fatal("server did not start")
	}
	return srv.ClientURL()
}

func connect(t *testing.T, url string) *engine.Engine {
	t.Helper()
	e, err := engine.Start(t.Context(), engine.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

// a pool is a function of this test.
type pool func(fn *execenv.Function, event []byte, call execenv.Invocation) (execenv.Result, error)

func (p pool) Invoke(_ context.Context, fn *execenv.Function, event []byte, call execenv.Invocation) (execenv.Result, error) {
	return p(fn, event, call)
}

// startWorker runs a worker until stop is called or the test ends.
func startWorker(t *testing.T, e *engine.Engine, p pool, capacity int) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	w := worker.New(worker.Config{Engine: e, Pool: p, Capacity: capacity})
	go func() { done <- w.Run(ctx) }()
	t.Cleanup(cancel)
	return func() error { cancel(); return <-done }
}

// until waits for something that must come.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not come that " + what)
		}
	}
}

// A spy holds what was said.
type spy struct {
	mu    sync.Mutex
	heard bytes.Buffer
}

func (s *spy) hear(m *engine.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard.WriteString(m.Subject + " ")
	s.heard.Write(m.Data)
	var sealed struct{ Sealed []byte }
	if json.Unmarshal(m.Data, &sealed) == nil {
		s.heard.Write(sealed.Sealed)
	}
}

func (s *spy) heards(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Contains(s.heard.Bytes(), []byte(text))
}

func startGateway(t *testing.T, w *worker.Workers) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

var hello = &execenv.Function{Name: "hello", ARN: "arn:hello", Version: "$LATEST", Revision: "1", Concurrent: 3, Variables: map[string]string{"A": "1"}}

func TestACallRunsOnAWorker(t *testing.T) {
	t.Parallel()
	url := natsServer(t)
	var got *execenv.Function
	var asked execenv.Invocation
	startWorker(t, connect(t, url), func(fn *execenv.Function, event []byte, call execenv.Invocation) (execenv.Result, error) {
		got, asked = fn, call
		return execenv.Result{RequestID: call.RequestID, Payload: append([]byte("echo "), event...), ContentType: "application/json", LogTail: []byte("log")}, nil
	}, 0)
	w := &worker.Workers{Engine: connect(t, url), Variables: map[string]string{"A": "0", "B": "2"}}
	startGateway(t, w)
	in := execenv.Invocation{RequestID: "id", InvokedARN: "arn:hello:live", TraceID: "Root=1", ClientContext: "{}", CognitoIdentity: "{}", TenantID: "t", Tail: true}
	res, err := w.Invoke(t.Context(), hello, []byte("{}"), in)
	if err != nil {
		t.Fatal(err)
	}
	want := execenv.Result{RequestID: "id", Payload: []byte("echo {}"), ContentType: "application/json", LogTail: []byte("log"), Logged: true}
	if diff := cmp.Diff(want, res); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(in, asked); diff != "" {
		t.Errorf("invocation (-want +got):\n%s", diff)
	}
	sent := *hello
	sent.Concurrent, sent.Variables = 0, map[string]string{"A": "1", "B": "2"}
	if diff := cmp.Diff(&sent, got); diff != "" {
		t.Errorf("function (-want +got):\n%s", diff)
	}
}

func TestEventsAndAnswersLargerThanAMessage(t *testing.T) {
	t.Parallel()
	url := natsServer(t)
	startWorker(t, connect(t, url), func(_ *execenv.Function, event []byte, _ execenv.Invocation) (execenv.Result, error) {
		return execenv.Result{Payload: event}, nil
	}, 0)
	w := &worker.Workers{Engine: connect(t, url)}
	startGateway(t, w)
	event := bytes.Repeat([]byte("0123456789abcdef"), 6<<20/16)
	res, err := w.Invoke(t.Context(), hello, event, execenv.Invocation{})
	if err != nil || !bytes.Equal(res.Payload, event) {
		t.Errorf("Invoke with %d bytes = %d bytes, %v", len(event), len(res.Payload), err)
	}
}

func TestAStreamComesAsItIsWritten(t *testing.T) {
	t.Parallel()
	url := natsServer(t)
	seen := make(chan struct{})
	startWorker(t, connect(t, url), func(_ *execenv.Function, _ []byte, call execenv.Invocation) (execenv.Result, error) {
		call.Stream("text/plain", []byte("first "))
		<-seen // it has arrived before the second is written
		call.Stream("text/plain", []byte(strings.Repeat("x", 3<<20)))
		return execenv.Result{Streamed: true, ContentType: "text/plain"}, nil
	}, 0)
	w := &worker.Workers{Engine: connect(t, url)}
	startGateway(t, w)
	var text strings.Builder
	res, err := w.Invoke(t.Context(), hello, nil, execenv.Invocation{Stream: func(_ string, chunk []byte) {
		if text.Len() == 0 {
			close(seen)
		}
		text.Write(chunk)
	}})
	if err != nil || !res.Streamed || text.String() != "first "+strings.Repeat("x", 3<<20) {
		t.Errorf("Invoke = %v, %v; %d bytes streamed", res, err, text.Len())
	}
}

func TestWithoutAWorkerThereIsNowhere(t *testing.T) {
	t.Parallel()
	w := &worker.Workers{Engine: connect(t, natsServer(t))}
	startGateway(t, w)
	if _, err := w.Invoke(t.Context(), hello, nil, execenv.Invocation{}); !errors.Is(err, execenv.ErrNowhere) {
		t.Errorf("Invoke = %v, want ErrNowhere", err)
	}
}

func TestAWorkerThatDiesIsAProcessThatWasKilled(t *testing.T) {
	t.Parallel()
	url := natsServer(t)
	e := connect(t, url)
	begun, never := make(chan struct{}), make(chan struct{})
	defer close(never)
	startWorker(t, e, func(*execenv.Function, []byte, execenv.Invocation) (execenv.Result, error) {
		close(begun)
		<-never
		return execenv.Result{}, nil
	}, 0)
	w := &worker.Workers{Engine: connect(t, url)}
	startGateway(t, w)
	go func() {
		<-begun
		_ = e.Close()
	}()
	res, err := w.Invoke(t.Context(), hello, nil, execenv.Invocation{RequestID: "id"})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: id Error: Runtime exited with error: signal: killed"}`
	if string(res.Payload) != want || res.FunctionError != "Unhandled" {
		t.Errorf("result = %s (%s), want %s", res.Payload, res.FunctionError, want)
	}
}

func TestRefusalsKeepTheirKind(t *testing.T) {
	t.Parallel()
	url := natsServer(t)
	var refusal error
	startWorker(t, connect(t, url), func(*execenv.Function, []byte, execenv.Invocation) (execenv.Result, error) {
		return execenv.Result{}, refusal
	}, 0)
	w := &worker.Workers{Engine: connect(t, url)}
	startGateway(t, w)
	for _, refusal = range []error{execenv.ErrLimit, execenv.ErrCredentials} {
		if _, err := w.Invoke(t.Context(), hello, nil, execenv.Invocation{}); !errors.Is(err, refusal) {
			t.Errorf("Invoke = %v, want %v", err, refusal)
		}
	}
	refusal = &execenv.UnavailableError{Runtime: "python3.14", Reason: "install it"}
	_, err := w.Invoke(t.Context(), hello, nil, execenv.Invocation{})
	if no, ok := errors.AsType[*execenv.UnavailableError](err); !ok || no.Error() != refusal.Error() {
		t.Errorf("Invoke = %v, want %v", err, refusal)
	}
	refusal = errors.New("disk is full")
	if _, err := w.Invoke(t.Context(), hello, nil, execenv.Invocation{}); err == nil || !strings.Contains(err.Error(), "disk is full") {
		t.Errorf("Invoke = %v, want %v", err, refusal)
	}
}

func TestCallsGoToWhomIsFree(t *testing.T) {
	t.Parallel()
	url := natsServer(t)
	release := make(chan struct{})
	var there [2]atomic.Int32
	for i := range there {
		startWorker(t, connect(t, url), func(*execenv.Function, []byte, execenv.Invocation) (execenv.Result, error) {
			there[i].Add(1)
			<-release
			return execenv.Result{}, nil
		}, 2)
	}
	w := &worker.Workers{Engine: connect(t, url)}
	startGateway(t, w)
	until(t, "both workers are known", func() bool { return len(w.Status()) == 2 })
	errs := make(chan error, 4)
	for range 4 {
		go func() {
			_, err := w.Invoke(t.Context(), hello, nil, execenv.Invocation{})
			errs <- err
		}()
	}
	until(t, "four calls are under way", func() bool { return there[0].Load()+there[1].Load() == 4 })
	if a, b := there[0].Load(), there[1].Load(); a != 2 || b != 2 {
		t.Errorf("the workers have %d and %d calls, want 2 and 2", a, b)
	}
	if _, err := w.Invoke(t.Context(), hello, nil, execenv.Invocation{}); !errors.Is(err, execenv.ErrLimit) {
		t.Errorf("a fifth call = %v, want ErrLimit", err)
	}
	close(release)
	for range 4 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

func TestAWorkerThatStopsFinishesItsCalls(t *testing.T) {
	t.Parallel()
	url := natsServer(t)
	begun, release := make(chan struct{}), make(chan struct{})
	stop := startWorker(t, connect(t, url), func(*execenv.Function, []byte, execenv.Invocation) (execenv.Result, error) {
		close(begun)
		<-release
		return execenv.Result{Payload: []byte("done")}, nil
	}, 0)
	w := &worker.Workers{Engine: connect(t, url)}
	startGateway(t, w)
	answer := make(chan string, 1)
	go func() {
		res, err := w.Invoke(t.Context(), hello, nil, execenv.Invocation{})
		if err != nil {
			t.Error(err)
		}
		answer <- string(res.Payload)
	}()
	<-begun
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	if _, err := w.Invoke(t.Context(), hello, nil, execenv.Invocation{}); !errors.Is(err, execenv.ErrNowhere) && !errors.Is(err, execenv.ErrLimit) {
		t.Errorf("a call to a worker that leaves = %v", err)
	}
	close(release)
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	if got := <-answer; got != "done" {
		t.Errorf("the call under way = %q", got)
	}
}

type credentials struct{}

func (credentials) FunctionCredentials(_ context.Context, role, function string) (execenv.Keys, error) {
	if role == "none" {
		return execenv.Keys{}, execenv.ErrCredentials
	}
	return execenv.Keys{AccessKeyID: "ASIA", SecretAccessKey: "very secret", SessionToken: role + " " + function}, nil
}

func TestCredentialsComeEncrypted(t *testing.T) {
	t.Parallel()
	url := natsServer(t)
	w := &worker.Workers{Engine: connect(t, url), Credentials: credentials{}}
	startGateway(t, w)
	e := connect(t, url)
	var listener spy
	stop, err := connect(t, url).Listen(">", "", listener.hear)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	c := worker.Credentials{Engine: e}
	var keys execenv.Keys
	for range 100 { // the gateway may not listen yet
		if keys, err = c.FunctionCredentials(t.Context(), "role", "hello"); err == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err != nil || keys.SecretAccessKey != "very secret" || keys.SessionToken != "role hello" {
		t.Errorf("FunctionCredentials = %+v, %v", keys, err)
	}
	if _, err := c.FunctionCredentials(t.Context(), "none", "hello"); err == nil {
		t.Error("credentials of a role that cannot be assumed were given")
	}
	if err := e.Tell("the.end", nil); err != nil { // it comes after all that
		t.Fatal(err)
	}
	until(t, "the spy hears the end", func() bool { return listener.heards("the.end ") })
	if !listener.heards(`"Sealed":`) || !listener.heards(`"hello"`) {
		t.Error("the spy did not hear the question and the answer")
	}
	if listener.heards("very secret") {
		t.Error("the secret was sent in clear")
	}
}

func TestLinesAreToldToOthers(t *testing.T) {
	t.Parallel()
	url := natsServer(t)
	one, other := worker.NewTell(connect(t, url)), worker.NewTell(connect(t, url))
	hear := func(tell *worker.Tell) <-chan *worker.Lines {
		heard := make(chan *worker.Lines, 10)
		stop, err := tell.Hear(func(l *worker.Lines) { heard <- l })
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(stop)
		return heard
	}
	byOne, byOther := hear(one), hear(other)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	say := func(tell *worker.Tell, message string) {
		tell.Append("/aws/lambda/hello", "stream", execenv.LogEvent{Time: time.Unix(1, 0).UTC(), Message: message})
		if err := tell.Run(over); err != nil {
			t.Fatal(err)
		}
	}
	say(one, "hi")
	if l := <-byOther; l.Group != "/aws/lambda/hello" || l.Stream != "stream" || l.Events[0].Message != "hi" {
		t.Errorf("heard %+v", l)
	}
	say(other, "hello")
	if l := <-byOne; l.Events[0].Message != "hello" { // what came before was its own
		t.Errorf("who told %q heard it too", l.Events[0].Message)
	}
}

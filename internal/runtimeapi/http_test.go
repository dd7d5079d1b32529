package runtimeapi_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/runtimeapi"
)

// A runtime is a client of the Runtime API.
type runtime struct {
	*testing.T
	session *runtimeapi.Session
	url     string
	client  *http.Client
}

func serve(t *testing.T) *runtime {
	t.Helper()
	r := &runtime{T: t, session: runtimeapi.NewSession()}
	server := httptest.NewUnstartedServer(r.session)
	server.Config.MaxHeaderBytes = runtimeapi.MaxHeaders
	server.Start()
	t.Cleanup(server.Close)
	r.url, r.client = server.URL, server.Client()
	return r
}

func (r *runtime) do(method, path, body string, header ...string) (int, string) {
	r.Helper()
	req, err := http.NewRequestWithContext(r.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		r.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := r.client.Do(req)
	if err != nil {
		r.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		r.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// next asks for an event in the background, and waits until init has ended.
func (r *runtime) next() <-chan http.Header {
	r.Helper()
	got := make(chan http.Header, 1)
	go func() {
		resp, err := r.client.Get(r.url + "/2018-06-01/runtime/invocation/next")
		if err != nil {
			close(got)
			return
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		resp.Header.Set("Body", string(body))
		got <- resp.Header
	}()
	select {
	case <-r.session.Inited():
	case <-time.After(5 * time.Second):
		r.Fatal("init did not end")
	}
	return got
}

func event() *runtimeapi.Event {
	return &runtimeapi.Event{
		RequestID: "id-1", Deadline: time.UnixMilli(1700000000123), FunctionARN: "arn:aws:lambda:us-east-1:111111111111:function:fn",
		TraceID: "Root=1-2;Sampled=0", ClientContext: `{"a":1}`, Payload: []byte(`{"x":1}`),
	}
}

func TestEventHasItsHeaders(t *testing.T) {
	r := serve(t)
	got := r.next()
	r.session.Deliver(event())
	h := <-got
	want := map[string]string{
		"Lambda-Runtime-Aws-Request-Id": "id-1", "Lambda-Runtime-Deadline-Ms": "1700000000123",
		"Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:111111111111:function:fn",
		"Lambda-Runtime-Trace-Id":             "Root=1-2;Sampled=0", "Lambda-Runtime-Client-Context": `{"a":1}`, "Lambda-Runtime-Cognito-Identity": "",
		"Content-Type": "application/json", "Content-Length": "7", "Body": `{"x":1}`,
	}
	for name, value := range want {
		if got := h.Get(name); got != value {
			t.Errorf("%s = %q, want %q", name, got, value)
		}
	}
}

func TestAnswersAndOrder(t *testing.T) {
	const (
		next     = "/2018-06-01/runtime/invocation/next"
		response = "/2018-06-01/runtime/invocation/id-1/response"
		failure  = "/2018-06-01/runtime/invocation/id-1/error"
		initFail = "/2018-06-01/runtime/init/error"
		ok       = "{\"status\":\"OK\"}\n"
	)
	transition := func(from, to string) string {
		return `{"errorMessage":"State transition from ` + from + ` to ` + to + ` failed for runtime. Error: State transition is not allowed","errorType":"InvalidStateTransition"}` + "\n"
	}
	type step struct {
		method, path, body string
		status             int
		want               string
	}
	tests := []struct {
		name  string
		init  bool // next was asked for and id-1 delivered
		steps []step
	}{
		{"a result is accepted once", true, []step{
			{"POST", response, "1", 202, ok},
			{"POST", response, "1", 403, transition("RuntimeResponseSentState", "InvocationResponse")},
			{"POST", failure, "{}", 403, transition("RuntimeResponseSentState", "InvocationErrorResponse")},
			{"POST", initFail, "{}", 403, transition("RuntimeResponseSentState", "InitError")},
		}},
		{"another id is refused", true, []step{
			{"POST", "/2018-06-01/runtime/invocation/other/response", "1", 400, `{"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"}` + "\n"},
		}},
		{"asking again gives the same event", true, []step{{"GET", next, "", 200, `{"x":1}`}}},
		{"init error after the first event is refused", true, []step{{"POST", initFail, "{}", 403, transition("Running", "InitError")}}},
		{"nothing follows an init error", false, []step{
			{"POST", initFail, "{}", 202, ok},
			{"GET", next, "", 403, transition("InitError", "Ready")},
		}},
		{"ping", false, []step{{"GET", "/2018-06-01/ping", "", 200, "pong"}}},
		{"unknown path", false, []step{{"GET", "/2018-06-01/runtime/x", "", 404, "404 page not found\n"}}},
		{"extensions and telemetry where there are none", false, []step{
			{"POST", "/2020-01-01/extension/register", "{}", 403, `{"errorMessage":"Empty extension name","errorType":"Extension.InvalidExtensionName"}` + "\n"},
			{"PUT", "/2022-07-01/telemetry", "{}", 202, `{"errorMessage":"Telemetry API is not supported","errorType":"Telemetry.NotSupported"}` + "\n"},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := serve(t)
			if tt.init {
				got := r.next()
				r.session.Deliver(event())
				<-got
			}
			for _, s := range tt.steps {
				status, body := r.do(s.method, s.path, s.body)
				if status != s.status || body != s.want {
					t.Errorf("%s %s = %d %q, want %d %q", s.method, s.path, status, body, s.status, s.want)
				}
			}
		})
	}
}

func TestWhatTheRuntimePostsReachesTheCaller(t *testing.T) {
	large := strings.Repeat("a", runtimeapi.MaxResponse)
	tests := []struct {
		name, path, body string
		header           []string
		status           int
		want             runtimeapi.Answer
	}{
		{"a result, byte for byte", "response", "not JSON", nil, 202, runtimeapi.Answer{Body: []byte("not JSON")}},
		{"the largest result", "response", large, nil, 202, runtimeapi.Answer{Body: []byte(large)}},
		{"one byte more", "response", large + "a", nil, 413, runtimeapi.TooLarge()},
		{
			"a type that AWS knows", "error", `{"errorMessage":"m"}`,
			[]string{"Lambda-Runtime-Function-Error-Type", "Runtime.Marshal"},
			202,
			runtimeapi.Answer{Failed: true, ErrorType: "Runtime.Marshal", Body: []byte(`{"errorMessage":"m"}`)},
		},
		{
			"a type that AWS does not know", "error", `{}`,
			[]string{"Lambda-Runtime-Function-Error-Type", "ValueError"},
			202,
			runtimeapi.Answer{Failed: true, ErrorType: "Runtime.Unknown", Body: []byte(`{}`)},
		},
		{
			"an empty error", "error", "",
			[]string{"Lambda-Runtime-Function-Error-Type", "Function.x"},
			202,
			runtimeapi.Answer{Failed: true, ErrorType: "Function.Unknown", Body: []byte(`{"errorMessage":"Unknown application error occurred","errorType":"Function.x"}`)},
		},
		{
			"the cause for X-Ray is cut out", "error", `{"errorMessage":"m","errorType":"t","errorCause":"c"}`,
			[]string{"Content-Type", "application/vnd.aws.lambda.error.cause+json"},
			202,
			runtimeapi.Answer{
				Failed: true, ErrorType: "Runtime.Unknown", ContentType: "application/vnd.aws.lambda.error.cause+json",
				Body: []byte(`{"errorMessage":"m","errorType":"t"}`),
			},
		},
		{
			"a megabyte of X-Ray cause", "error", `{}`,
			[]string{"Lambda-Runtime-Function-XRay-Error-Cause", strings.Repeat("x", 1<<20)},
			202,
			runtimeapi.Answer{Failed: true, ErrorType: "Runtime.Unknown", Body: []byte(`{}`)},
		},
		{
			"an unknown response mode", "response", "1",
			[]string{"Lambda-Runtime-Function-Response-Mode", "pigeon"},
			400,
			runtimeapi.Answer{
				Failed: true, ErrorType: "Runtime.InvalidResponseModeHeader",
				Body: []byte(`{"errorMessage":"Invalid function response mode","errorType":"Runtime.InvalidResponseModeHeader"}`),
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := serve(t)
			got := r.next()
			answer := r.session.Deliver(event())
			<-got
			if status, body := r.do("POST", "/2018-06-01/runtime/invocation/id-1/"+tt.path, tt.body, tt.header...); status != tt.status {
				t.Errorf("status = %d %s, want %d", status, body, tt.status)
			}
			want, posted := tt.want, <-answer
			if bytes.Equal(want.Body, posted.Body) { // a difference of megabytes takes long to see
				want.Body, posted.Body = nil, nil
			}
			if diff := cmp.Diff(want, posted); diff != "" {
				t.Errorf("answer (-want +got):\n%.2000s", diff)
			}
		})
	}
}

func TestStreamThatFailsKeepsWhatWasWritten(t *testing.T) {
	r := serve(t)
	got := r.next()
	answer := r.session.Deliver(event())
	<-got
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/2018-06-01/runtime/invocation/id-1/response", io.MultiReader(strings.NewReader("part")))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Lambda-Runtime-Function-Response-Mode", "streaming")
	req.Trailer = http.Header{
		"Lambda-Runtime-Function-Error-Type": {"Custom"},
		"Lambda-Runtime-Function-Error-Body": {base64.StdEncoding.EncodeToString([]byte(`{"errorMessage":"mid"}`))},
	}
	resp, err := r.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	want := runtimeapi.Answer{Body: []byte("part"), Streamed: true, Failed: true, ErrorType: "Runtime.Unknown"}
	if diff := cmp.Diff(want, <-answer); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
}

func TestStreamArrivesAsItIsWritten(t *testing.T) {
	r := serve(t)
	got := r.next()
	ev, chunks := event(), make(chan runtimeapi.Chunk)
	ev.Stream = chunks
	answer := r.session.Deliver(ev)
	<-got
	body, write := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/2018-06-01/runtime/invocation/id-1/response", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Lambda-Runtime-Function-Response-Mode", "streaming")
	req.Header.Set("Content-Type", "text/plain")
	status := make(chan int, 1)
	go func() {
		resp, err := r.client.Do(req)
		if err != nil {
			status <- 0
			return
		}
		resp.Body.Close()
		status <- resp.StatusCode
	}()
	for _, text := range []string{"one", "two"} {
		if _, err := io.WriteString(write, text); err != nil {
			t.Fatal(err)
		}
		if c := <-chunks; string(c.Data) != text || c.ContentType != "text/plain" {
			t.Errorf("chunk = %+v, want %s", c, text)
		}
		if got, _ := r.do("POST", "/2018-06-01/runtime/invocation/id-1/response", "again"); got != 403 {
			t.Errorf("a second answer beside the stream: %d, want 403", got)
		}
	}
	write.Close()
	if got := <-status; got != 202 {
		t.Errorf("status = %d, want 202", got)
	}
	if diff := cmp.Diff(runtimeapi.Answer{Streamed: true, ContentType: "text/plain"}, <-answer); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
}

func TestRuntimeThatLeavesIsNotHandedAnEvent(t *testing.T) {
	r := serve(t)
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan struct{})
	go func() {
		defer close(left)
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url+"/2018-06-01/runtime/invocation/next", nil)
		if err != nil {
			return
		}
		if resp, err := r.client.Do(req); err == nil {
			resp.Body.Close()
		}
	}()
	<-r.session.Inited()
	cancel()
	<-left
	time.Sleep(50 * time.Millisecond) // the server notices
	r.session.Deliver(event())
	if status, body := r.do("GET", "/2018-06-01/runtime/invocation/next", ""); status != 200 || body != `{"x":1}` {
		t.Errorf("next of another connection = %d %q, want the event", status, body)
	}
}

func TestRuntimePartIsClosedBesideFrames(t *testing.T) {
	r := serve(t)
	r.session.CloseHTTP()
	if status, _ := r.do("GET", "/2018-06-01/runtime/invocation/next", ""); status != 403 {
		t.Errorf("status = %d, want 403", status)
	}
}

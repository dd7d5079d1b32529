package runtimeapi_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/runtimeapi"
)

const identifier = "Lambda-Extension-Identifier"

func serveExtensions(t *testing.T, external ...string) *runtime {
	t.Helper()
	r := serve(t)
	t.Cleanup(r.session.Close)
	r.session.Expect(runtimeapi.About{AccountID: "111111111111", FunctionName: "fn", FunctionVersion: "$LATEST", Handler: "index.handler"}, external)
	return r
}

// register registers an extension and returns its identifier.
func (r *runtime) register(name, body string) string {
	r.Helper()
	req, _ := http.NewRequestWithContext(r.Context(), http.MethodPost, r.url+"/2020-01-01/extension/register", strings.NewReader(body))
	req.Header.Set("Lambda-Extension-Name", name)
	resp, err := r.client.Do(req)
	if err != nil {
		r.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusOK {
		r.Fatalf("register %s: %d %s", name, resp.StatusCode, text)
	}
	if want := `{"functionName":"fn","functionVersion":"$LATEST","handler":"index.handler"}` + "\n"; string(text) != want {
		r.Errorf("register answers %s, want %s", text, want)
	}
	return resp.Header.Get(identifier)
}

// event asks for an extension's next event in the background.
func (r *runtime) event(id string) <-chan string {
	got := make(chan string, 1)
	req, _ := http.NewRequestWithContext(r.Context(), http.MethodGet, r.url+"/2020-01-01/extension/event/next", nil)
	req.Header.Set(identifier, id)
	go func() {
		resp, err := r.client.Do(req)
		if err != nil {
			close(got)
			return
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		got <- string(text)
	}()
	return got
}

// ask asks for the runtime's next event, which nobody reads.
func (r *runtime) ask() {
	req, _ := http.NewRequestWithContext(r.Context(), http.MethodGet, r.url+"/2018-06-01/runtime/invocation/next", nil)
	go func() {
		if resp, err := r.client.Do(req); err == nil {
			_ = resp.Body.Close()
		}
	}()
}

func (r *runtime) soon(c <-chan string) string {
	r.Helper()
	select {
	case text := <-c:
		return text
	case <-time.After(10 * time.Second):
		r.Fatal("no event")
		return ""
	}
}

func TestInitEndsWithTheLastExtension(t *testing.T) {
	r := serveExtensions(t, "watch", "flush")
	select {
	case <-r.session.Registered():
		t.Fatal("registered before anybody was")
	default:
	}
	watch, flush := r.register("watch", `{"events":["SHUTDOWN","INVOKE"]}`), r.register("flush", `{"events":[]}`)
	<-r.session.Registered()
	inside := r.register("inside", `{"events":["INVOKE"]}`)
	r.ask()
	a, _ := r.event(watch), r.event(flush)
	select {
	case <-r.session.Inited():
		t.Fatal("init ended before an extension was ready")
	case <-time.After(50 * time.Millisecond):
	}
	b := r.event(inside)
	<-r.session.Inited()
	want := []runtimeapi.Extension{
		{Name: "watch", Events: []string{"INVOKE", "SHUTDOWN"}, External: true},
		{Name: "flush", Events: []string{}, External: true},
		{Name: "inside", Events: []string{"INVOKE"}},
	}
	if diff := cmp.Diff(want, r.session.Extensions()); diff != "" {
		t.Errorf("extensions (-want +got):\n%s", diff)
	}

	answer := r.session.Deliver(&runtimeapi.Event{RequestID: "id", Deadline: time.UnixMilli(5), FunctionARN: "arn", TraceID: "Root=1", Payload: []byte("{}")})
	told := `{"eventType":"INVOKE","deadlineMs":5,"requestId":"id","invokedFunctionArn":"arn","tracing":{"type":"X-Amzn-Trace-Id","value":"Root=1"}}`
	if got := r.soon(a); got != told {
		t.Errorf("event = %s, want %s", got, told)
	}
	if got := r.soon(b); got != told {
		t.Errorf("event of the internal one = %s", got)
	}
	if status, text := r.do("POST", "/2018-06-01/runtime/invocation/id/response", "1"); status != 202 {
		t.Fatalf("response: %d %s", status, text)
	}
	<-answer
	r.ask()
	a = r.event(watch)
	select {
	case <-r.session.Idle():
		t.Fatal("idle before an extension was")
	case <-time.After(50 * time.Millisecond):
	}
	b = r.event(inside)
	<-r.session.Idle()

	r.session.Shutdown("spindown", time.UnixMilli(7))
	if got, want := r.soon(a), `{"eventType":"SHUTDOWN","deadlineMs":7,"shutdownReason":"spindown"}`; got != want {
		t.Errorf("event = %s, want %s", got, want)
	}
	select {
	case got := <-b:
		t.Errorf("an internal extension is told %s", got)
	default:
	}
}

func TestExtensionsAreRefused(t *testing.T) {
	r := serveExtensions(t, "outside")
	id := r.register("inside", `{"events":[]}`)
	const register, next, initError, exitError = "/2020-01-01/extension/register", "/2020-01-01/extension/event/next", "/2020-01-01/extension/init/error", "/2020-01-01/extension/exit/error"
	tests := []struct {
		name, method, path, body string
		header                   []string
		errorType, message       string
	}{
		{"no name", "POST", register, `{}`, nil, "Extension.InvalidExtensionName", "Empty extension name"},
		{"no JSON", "POST", register, `x`, []string{"Lambda-Extension-Name", "x"}, "InvalidRequestFormat", ""},
		{"an unknown event", "POST", register, `{"events":["X"]}`, []string{"Lambda-Extension-Name", "x"}, "Extension.InvalidEventType", "X: ErrorInvalidEventType"},
		{"shutdown of an internal one", "POST", register, `{"events":["SHUTDOWN"]}`, []string{"Lambda-Extension-Name", "x"}, "Extension.InvalidEventType", "SHUTDOWN: ShutdownEventNotSupportedForInternalExtension"},
		{"twice", "POST", register, `{"events":[]}`, []string{"Lambda-Extension-Name", "inside"}, "Extension.InvalidExtensionState", "Extension with this name already registered"},
		{"no identifier", "GET", next, "", nil, "Extension.MissingExtensionIdentifier", "Missing Lambda-Extension-Identifier header"},
		{"no UUID", "GET", next, "", []string{identifier, "x"}, "Extension.InvalidExtensionIdentifier", "Invalid Lambda-Extension-Identifier"},
		{"unknown", "GET", next, "", []string{identifier, "00000000-0000-4000-8000-000000000000"}, "Extension.UnknownExtensionIdentifier", "Unknown extension 00000000-0000-4000-8000-000000000000"},
		{"an error without type", "POST", initError, "", []string{identifier, id}, "Extension.MissingHeader", "Lambda-Extension-Function-Error-Type not found"},
		{"ready after its end", "GET", next, "", []string{identifier, "ended"}, "Extension.InvalidExtensionState", ""},
	}
	ended := r.register("ended", `{"events":[]}`)
	if status, text := r.do("POST", exitError, "", identifier, ended, "Lambda-Extension-Function-Error-Type", "Extension.Bad"); status != 202 || text != "{\"status\":\"OK\"}\n" {
		t.Errorf("exit/error: %d %s", status, text)
	}
	if diff := cmp.Diff(runtimeapi.ExtensionError{Name: "ended", ErrorType: "Extension.Bad"}, <-r.session.ExtensionFailed()); diff != "" {
		t.Errorf("failure (-want +got):\n%s", diff)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for i := range tt.header {
				if tt.header[i] == "ended" {
					tt.header[i] = ended
				}
			}
			status, text := r.do(tt.method, tt.path, tt.body, tt.header...)
			var got struct{ ErrorType, ErrorMessage string }
			if err := json.Unmarshal([]byte(text), &got); err != nil || status != 403 || got.ErrorType != tt.errorType || tt.message != "" && got.ErrorMessage != tt.message {
				t.Errorf("%d %s, want 403 %s %q", status, text, tt.errorType, tt.message)
			}
		})
	}
	for range 8 {
		r.register(time.Now().String(), `{"events":[]}`)
		if len(r.session.Extensions()) == runtimeapi.MaxExtensions-1 { // and one that is expected
			break
		}
	}
	if status, text := r.do("POST", register, `{}`, "Lambda-Extension-Name", "more"); status != 403 || !strings.Contains(text, `"Extension limit (10) reached","errorType":"Extension.TooManyExtensions"`) {
		t.Errorf("the eleventh: %d %s", status, text)
	}
}

func TestSubscriptions(t *testing.T) {
	r := serve(t)
	t.Cleanup(r.session.Close)
	var got []*runtimeapi.Subscription
	r.session.OnSubscribe(func(s *runtimeapi.Subscription) { got = append(got, s) })
	r.session.Expect(runtimeapi.About{FunctionName: "fn", FunctionVersion: "$LATEST", Handler: "index.handler"}, nil)
	id := r.register("x", `{"events":[]}`)
	const telemetry, logs = "/2022-07-01/telemetry", "/2020-08-15/logs"
	for _, tt := range []struct {
		name, path, body string
		status           int
		text             string
	}{
		{"nothing", telemetry, `{}`, 400, `{"errorMessage":"schemaVersion should be one of 2022-07-01, 2022-12-13, 2025-01-29; protocol should be HTTP or TCP; types should not be empty","errorType":"ValidationError"}` + "\n"},
		{"another host", telemetry, `{"schemaVersion":"2022-07-01","types":["platform"],"destination":{"protocol":"HTTP","URI":"http://example.com:80"}}`, 400, `{"errorMessage":"URI host should be sandbox.localdomain","errorType":"ValidationError"}` + "\n"},
		{"no port", telemetry, `{"schemaVersion":"2022-07-01","types":["platform"],"destination":{"protocol":"HTTP","URI":"http://sandbox.localdomain"}}`, 400, `{"errorMessage":"URI port is not provided","errorType":"ValidationError"}` + "\n"},
		{"too many items", telemetry, `{"schemaVersion":"2022-07-01","types":["platform"],"buffering":{"maxItems":30001},"destination":{"protocol":"TCP","port":1}}`, 400, `{"errorMessage":"buffering maxItems should be between 25 and 30000","errorType":"ValidationError"}` + "\n"},
		{"all is well", telemetry, `{"schemaVersion":"2022-12-13","types":["platform","function"],"buffering":{"maxItems":1000,"maxBytes":262144,"timeoutMs":100},"destination":{"protocol":"HTTP","URI":"http://sandbox.localdomain:8080/x"}}`, 200, `"OK"`},
		{"and with the other API", logs, `{"types":["platform"],"destination":{"protocol":"TCP","port":1}}`, 400, `{"errorMessage":"the extension has subscribed with the Telemetry API already","errorType":"ValidationError"}` + "\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, text := r.do("PUT", tt.path, tt.body, identifier, id)
			if status != tt.status || text != tt.text {
				t.Errorf("%d %s, want %d %s", status, text, tt.status, tt.text)
			}
		})
	}
	want := []*runtimeapi.Subscription{{
		Extension: "x", SchemaVersion: "2022-12-13", Types: []string{"function", "platform"}, MaxItems: 1000, MaxBytes: 262144, Timeout: 100 * time.Millisecond, Port: 8080, Path: "/x",
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("subscriptions (-want +got):\n%s", diff)
	}
}

// Whatever extensions send, they get an answer.
func FuzzExtensions(f *testing.F) {
	f.Add(`{"events":["INVOKE"]}`, "x")
	f.Add(`{"schemaVersion":"2022-07-01","types":["platform"],"destination":{"protocol":"HTTP","URI":"http://sandbox.localdomain:8080"}}`, "")
	f.Fuzz(func(t *testing.T, body, name string) {
		r := serveExtensions(t)
		r.session.OnSubscribe(func(*runtimeapi.Subscription) {})
		id := r.register("valid", `{"events":[]}`)
		if strings.ContainsAny(name, "\r\n\x00") {
			return
		}
		for _, path := range []string{"/2022-07-01/telemetry", "/2020-08-15/logs"} {
			if status, text := r.do("PUT", path, body, identifier, id); status/100 != 2 && status/100 != 4 {
				t.Errorf("PUT %s = %d %s", path, status, text)
			}
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/2020-01-01/extension/register", strings.NewReader(body))
		if err != nil {
			t.Skip()
		}
		req.Header["Lambda-Extension-Name"] = []string{name}
		resp, err := r.client.Do(req)
		if err != nil {
			t.Skip() // a name that no header can have
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusForbidden {
			t.Errorf("register = %d", resp.StatusCode)
		}
	})
}

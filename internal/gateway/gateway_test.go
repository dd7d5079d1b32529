package gateway

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/sigv4"
)

const forbiddenBody = `{"message":"Forbidden"}`

func TestSignedRequestIsAnsweredAndUnsignedOneRefused(t *testing.T) {
	b := newBench(t, answer(`{"statusCode":200,"headers":{"Content-Type":"text/plain"},"body":"Hello, World"}`), httpAPI("$default", "GET / : AWS_IAM"))
	if w := b.do(request(t, "GET", "/", "", &allowed)); w.Code != 200 || w.Body.String() != "Hello, World" {
		t.Errorf("signed GET / = %d %q, want 200 Hello, World; trace %+v", w.Code, w.Body, b.trace.Last())
	}
	w := b.do(request(t, "GET", "/", "", nil))
	if w.Code != 403 || w.Body.String() != forbiddenBody {
		t.Errorf("unsigned GET / = %d %q, want 403 %s", w.Code, w.Body, forbiddenBody)
	}
	var names []string
	for name := range w.Header() {
		names = append(names, strings.ToLower(name))
	}
	slices.Sort(names)
	if diff := cmp.Diff([]string{"apigw-requestid", "content-length", "content-type", "date"}, names); diff != "" {
		t.Errorf("headers of the refusal (-want +got):\n%s", diff)
	}
	if got := w.Header().Get("Content-Length"); got != "23" {
		t.Errorf("content-length = %s, want 23", got)
	}
	if id := w.Header().Get("Apigw-Requestid"); !regexp.MustCompile(`^[A-Za-z0-9_-]{9}HcE[A-Za-z0-9_-]{3}=$`).MatchString(id) {
		t.Errorf("apigw-requestid = %q", id)
	} else if b.trace.Find(id) == nil {
		t.Errorf("no trace for %s", id)
	}
}

func TestHTTP2WritesNoOtherHeader(t *testing.T) {
	b := newBench(t, answer(`"Hello, World"`), httpAPI("$default", "GET / : AWS_IAM"))
	server := httptest.NewUnstartedServer(b)
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	if res.ProtoMajor != 2 || res.StatusCode != http.StatusForbidden || string(body) != forbiddenBody {
		t.Errorf("got %s %d %q, want HTTP/2 403 %s", res.Proto, res.StatusCode, body, forbiddenBody)
	}
	got := map[string]string{}
	for name, v := range res.Header {
		got[name] = strings.Join(v, "|")
	}
	if got["Date"] == "" || got["Apigw-Requestid"] == "" {
		t.Errorf("no date or no request ID in %v", got)
	}
	delete(got, "Date")
	delete(got, "Apigw-Requestid")
	if diff := cmp.Diff(map[string]string{"Content-Type": "application/json", "Content-Length": "23"}, got); diff != "" {
		t.Errorf("other headers (-want +got):\n%s", diff)
	}
	if err := signer.SignHTTP(r, allowed, testTime); err != nil {
		t.Fatal(err)
	}
	res, err = server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, _ = io.ReadAll(res.Body); res.StatusCode != http.StatusOK || string(body) != "Hello, World" {
		t.Errorf("signed over HTTP/2 = %d %q, want 200; trace %+v", res.StatusCode, body, b.trace.LastDenied())
	}
}

func TestRefusedSignatures(t *testing.T) {
	tests := []struct {
		name   string
		change func() *http.Request
	}{
		{"no signature at all", func() *http.Request { return request(t, "GET", "/pets/1", "", nil) }},
		{"a flipped digit of the signature", func() *http.Request {
			r := request(t, "GET", "/pets/1", "", &allowed)
			a := r.Header.Get("Authorization")
			last := "0"
			if strings.HasSuffix(a, "0") {
				last = "1"
			}
			r.Header.Set("Authorization", a[:len(a)-1]+last)
			return r
		}},
		{"another region", func() *http.Request {
			r := request(t, "GET", "/pets/1", "", nil)
			signWith(t, &sigv4.Signer{Region: "us-east-1", Service: "execute-api"}, r, allowed, testTime)
			return r
		}},
		{"another service", func() *http.Request {
			r := request(t, "GET", "/pets/1", "", nil)
			signWith(t, &sigv4.Signer{Region: testRegion, Service: "lambda"}, r, allowed, testTime)
			return r
		}},
		{"an unknown key", func() *http.Request {
			return request(t, "GET", "/pets/1", "", &sigv4.Credentials{AccessKeyID: "test", SecretAccessKey: "test"})
		}},
		{"the wrong secret", func() *http.Request {
			return request(t, "GET", "/pets/1", "", &sigv4.Credentials{AccessKeyID: allowed.AccessKeyID, SecretAccessKey: "x"})
		}},
		{"a missing session token", func() *http.Request {
			return request(t, "GET", "/pets/1", "", &sigv4.Credentials{AccessKeyID: session.AccessKeyID, SecretAccessKey: session.SecretAccessKey})
		}},
		{"a forged session token", func() *http.Request {
			c := session
			c.SessionToken += "x"
			return request(t, "GET", "/pets/1", "", &c)
		}},
		{"an expired session", func() *http.Request { return request(t, "GET", "/pets/1", "", &expired) }},
		{"a date six minutes old", func() *http.Request {
			r := request(t, "GET", "/pets/1", "", nil)
			sign(t, r, allowed, testTime.Add(-6*time.Minute))
			return r
		}},
		{"a date six minutes ahead", func() *http.Request {
			r := request(t, "GET", "/pets/1", "", nil)
			sign(t, r, allowed, testTime.Add(6*time.Minute))
			return r
		}},
		{"a tampered path", func() *http.Request {
			r := request(t, "GET", "/pets/1", "", &allowed)
			r.RequestURI = "/pets/2"
			return r
		}},
		{"a tampered query", func() *http.Request {
			r := request(t, "GET", "/pets/1?a=1", "", &allowed)
			r.RequestURI = "/pets/1?a=2"
			return r
		}},
		{"a tampered host", func() *http.Request {
			r := request(t, "GET", "/pets/1", "", &allowed)
			r.Host = testAPI + ".execute-api." + testRegion + ".example.com"
			return r
		}},
		{"a tampered signed header", func() *http.Request {
			r := request(t, "GET", "/pets/1", "", nil)
			r.Header.Set("X-Amz-Meta", "1")
			sign(t, r, allowed, testTime)
			r.Header.Set("X-Amz-Meta", "2")
			return r
		}},
		{"an added x-amz header", func() *http.Request {
			r := request(t, "GET", "/pets/1", "", &allowed)
			r.Header.Set("X-Amz-Extra", "1")
			return r
		}},
		{"a tampered body", func() *http.Request {
			r := request(t, "POST", "/pets/1", "a", &allowed)
			r.Body = io.NopCloser(strings.NewReader("b"))
			return r
		}},
		{"a malformed Authorization", func() *http.Request {
			r := request(t, "GET", "/pets/1", "", nil)
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256 nonsense")
			return r
		}},
		{"a bearer token", func() *http.Request {
			r := request(t, "GET", "/pets/1", "", nil)
			r.Header.Set("Authorization", "Bearer x")
			return r
		}},
		{"a path with dot segments", func() *http.Request { return request(t, "GET", "/pets/../pets/1", "", &allowed) }},
		{"a path with empty segments", func() *http.Request { return request(t, "GET", "/pets//1", "", &allowed) }},
		{"a path with escaped dot segments", func() *http.Request { return request(t, "GET", "/pets/x%2F%2e%2e%2F1", "", &allowed) }},
		{"a caller without policies", func() *http.Request { return request(t, "GET", "/pets/1", "", &nobody) }},
		{"an explicit deny beside an allow", func() *http.Request { return request(t, "GET", "/pets/1", "", &denied) }},
		{"an explicit deny of an escaped path", func() *http.Request { return request(t, "GET", "/pets%2F1", "", &denied) }},
		{"a caller of another account", func() *http.Request { return request(t, "GET", "/pets/1", "", &foreign) }},
	}
	invoked := false
	f := answer(`"reached"`)
	b := newBench(t, nil, httpAPI("$default", "ANY /{proxy+} : AWS_IAM"))
	b.config.Invoker = f
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := b.do(tt.change())
			if w.Code != 403 || w.Body.String() != forbiddenBody || w.Header().Get("Content-Length") != "23" || len(w.Header()) != 4 {
				t.Errorf("got %d %q %v, want 403 %s and four headers", w.Code, w.Body, w.Header(), forbiddenBody)
			}
			last := b.trace.Last()
			if s, ok := last.Refusal(); !ok || s.Detail == "" || last.Status != 403 {
				t.Errorf("the trace does not say why: %+v", last)
			}
			if strings.Contains(fmt.Sprintf("%+v", last), "reached") || invoked {
				t.Error("the function was called")
			}
		})
	}
	if w := b.do(request(t, "GET", "/pets/1", "", &allowed)); w.Code != 200 {
		t.Errorf("the good request = %d, want 200: %+v", w.Code, b.trace.Last())
	}
	if w := b.do(request(t, "GET", "/pets/1", "", &session)); w.Code != 200 {
		t.Errorf("the good session = %d, want 200: %+v", w.Code, b.trace.Last())
	}
	if w := b.do(request(t, "GET", "/other", "", &denied)); w.Code != 200 {
		t.Errorf("a path that the Deny does not name = %d, want 200: %+v", w.Code, b.trace.Last())
	}
}

func TestUnknownPathIs404EvenUnsigned(t *testing.T) {
	b := newBench(t, nil, httpAPI("$default", "GET / : AWS_IAM"))
	for _, r := range []*http.Request{request(t, "GET", "/nope", "", nil), request(t, "POST", "/", "", nil)} {
		w := b.do(r)
		if w.Code != 404 || w.Body.String() != `{"message":"Not Found"}` || w.Header().Get("Content-Length") != "23" {
			t.Errorf("%s %s = %d %q, want 404", r.Method, r.RequestURI, w.Code, w.Body)
		}
	}
}

func TestAddresses(t *testing.T) {
	b := newBench(t, nil, httpAPI("$default", "GET /hello", "GET /"))
	named := newBench(t, nil, httpAPI("prod", "GET /hello", "GET /"))
	both := httpAPI("$default", "GET /hello", "GET /")
	both.API.ApiId = "other12345"
	two := newBench(t, nil, httpAPI("$default", "GET /hello", "GET /"), both)
	tests := []struct {
		name   string
		b      *bench
		host   string
		target string
		want   int
	}{
		{"the default endpoint", b, testHost, "/hello", 200},
		{"any suffix and port", b, testAPI + ".execute-api." + testRegion + ".localhost:8443", "/hello", 200},
		{"capitals in the host", b, strings.ToUpper(testHost), "/hello", 200},
		{"another region", b, testAPI + ".execute-api.us-east-1.amazonaws.com", "/hello", 404},
		{"an unknown API", b, "zzzzzzzzzz.execute-api." + testRegion + ".amazonaws.com", "/hello", 404},
		{"the only API by a loopback name", b, "localhost:8443", "/hello", 200},
		{"the only API by a loopback address", b, "127.0.0.1:8443", "/", 200},
		{"the only API by an IPv6 loopback address", b, "[::1]:8443", "/", 200},
		{"the only API by a foreign name", b, "example.com", "/hello", 404},
		{"one of two APIs by a loopback name", two, "localhost:8443", "/hello", 404},
		{"the path form", two, "localhost:8443", "/_aws/execute-api/" + testAPI + "/$default/hello", 200},
		{"the path form, escaped", two, "gw.example.com", "/_aws/execute-api/" + testAPI + "/%24default/hello", 200},
		{"the path form without a path", two, "localhost", "/_aws/execute-api/" + testAPI + "/$default", 200},
		{"the path form of another stage", two, "localhost", "/_aws/execute-api/" + testAPI + "/prod/hello", 404},
		{"the path form at an API's own host is a path", two, testHost, "/_aws/execute-api/" + testAPI + "/$default/hello", 404},
		{"a named stage", named, testHost, "/prod/hello", 200},
		{"a named stage's root", named, testHost, "/prod", 200},
		{"a path without the stage", named, testHost, "/hello", 404},
		{"a path that starts like the stage", named, testHost, "/production/hello", 404},
		{"$default is no name of a path", b, testHost, "/$default/hello", 404},
		{"an invalid escape", b, testHost, "/%zz", 400},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := request(t, "GET", tt.target, "", nil)
			r.Host = tt.host
			if w := tt.b.do(r); w.Code != tt.want {
				t.Errorf("GET %s at %s = %d, want %d: %+v", tt.target, tt.host, w.Code, tt.want, tt.b.trace.Last())
			}
		})
	}
}

func TestPathFormSignsThePathThatTheClientSent(t *testing.T) {
	b := newBench(t, nil, httpAPI("$default", "GET /hello : AWS_IAM"))
	r := request(t, "GET", "/_aws/execute-api/"+testAPI+"/$default/hello", "", nil)
	r.Host = "127.0.0.1:8443"
	sign(t, r, allowed, testTime)
	if w := b.do(r); w.Code != 200 {
		t.Errorf("signed path form = %d, want 200: %+v", w.Code, b.trace.Last())
	}
	got := b.trace.Last().Authorization.Resource
	if want := "arn:aws:execute-api:ap-northeast-1:123456789012:abcdef1234/$default/GET/hello"; got != want {
		t.Errorf("resource = %s, want %s", got, want)
	}
}

func TestDisabledEndpointIsNotFound(t *testing.T) {
	served := httpAPI("$default", "GET /")
	served.Stages[0].Configuration.DisableExecuteApiEndpoint = true
	b := newBench(t, nil, served)
	if w := b.do(request(t, "GET", "/", "", nil)); w.Code != 404 {
		t.Errorf("got %d, want 404", w.Code)
	}
}

func TestLimits(t *testing.T) {
	b := newBench(t, nil, httpAPI("$default", "POST /", "POST /signed : AWS_IAM", "GET /{proxy+} : AWS_IAM"))
	long := request(t, "POST", "/", "", nil)
	long.Header.Set("X-Long", strings.Repeat("a", 10_300))
	if w := b.do(long); w.Code != 431 || w.Body.String() != `{"message":"Request Header Fields Too Large"}` {
		t.Errorf("long header = %d %s, want 431", w.Code, w.Body)
	}
	big := strings.Repeat("a", maxBody+1)
	if w := b.do(request(t, "POST", "/", big, nil)); w.Code != 413 || w.Body.String() != `{"message":"Request Entity Too Large"}` {
		t.Errorf("body over 10 MB = %d %s, want 413", w.Code, w.Body)
	}
	chunked := request(t, "POST", "/", big, nil)
	chunked.ContentLength = -1
	if w := b.do(chunked); w.Code != 413 {
		t.Errorf("chunked body over 10 MB = %d, want 413", w.Code)
	}
	if w := b.do(request(t, "POST", "/signed", big, &allowed)); w.Code != 413 {
		t.Errorf("signed body over 10 MB = %d, want 413: %+v", w.Code, b.trace.Last())
	}
	if w := b.do(request(t, "POST", "/signed", big, nil)); w.Code != 403 {
		t.Errorf("unsigned body over 10 MB to an IAM route = %d, want 403", w.Code)
	}
	if w := b.do(request(t, "POST", "/", strings.Repeat("a", 7<<20), nil)); w.Code != 413 {
		t.Errorf("body over Lambda's 6 MB = %d, want 413", w.Code)
	}
	if w := b.do(request(t, "GET", "/"+strings.Repeat("a", 1600), "", &allowed)); w.Code != 414 {
		t.Errorf("resource name over 1,600 bytes = %d, want 414", w.Code)
	}
}

func TestRefusedBodyIsNotRead(t *testing.T) {
	b := newBench(t, nil, httpAPI("$default", "POST / : AWS_IAM"))
	r := request(t, "POST", "/", "x", nil)
	r.Body = io.NopCloser(reader(func([]byte) (int, error) { t.Error("the body was read"); return 0, io.EOF }))
	b.do(r)
	r = request(t, "POST", "/nope", "x", nil)
	r.Body = io.NopCloser(reader(func([]byte) (int, error) { t.Error("the body was read"); return 0, io.EOF }))
	b.do(r)
}

func TestBodyThatSaysItIsTooLargeIsNotRead(t *testing.T) {
	b := newBench(t, nil, httpAPI("$default", "POST /"))
	r := request(t, "POST", "/", "x", nil)
	r.ContentLength = maxBody + 1
	r.Body = io.NopCloser(reader(func([]byte) (int, error) { t.Error("the body was read"); return 0, io.EOF }))
	if w := b.do(r); w.Code != 413 {
		t.Errorf("got %d, want 413", w.Code)
	}
}

type reader func([]byte) (int, error)

func (f reader) Read(b []byte) (int, error) { return f(b) }

func TestChangedAPIIsServedAtOnce(t *testing.T) {
	b := newBench(t, nil, httpAPI("$default", "GET /old"))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- b.Run(ctx) }()
	b.apis.set(httpAPI("$default", "GET /new"))
	if err := b.WaitFor(ctx, 2); err != nil {
		t.Fatal(err)
	}
	if w := b.do(request(t, "GET", "/new", "", nil)); w.Code != 200 {
		t.Errorf("GET /new = %d, want 200", w.Code)
	}
	if w := b.do(request(t, "GET", "/old", "", nil)); w.Code != 404 {
		t.Errorf("GET /old = %d, want 404", w.Code)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := b.WaitFor(ctx, 3); err == nil {
		t.Error("WaitFor a revision that never comes gave no error")
	}
}

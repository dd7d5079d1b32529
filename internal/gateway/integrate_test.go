package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/gateway/integration"
	"github.com/hakonegate/hakone/internal/service/apigatewayv2"
	"github.com/hakonegate/hakone/sigv4"
)

func TestFailedIntegrations(t *testing.T) {
	const (
		internalError = `500 {"message":"Internal Server Error"} 35`
		unavailable   = `503 {"message":"Service Unavailable"} 33`
		tooLargeBody  = `413 {"message":"Request Entity Too Large"} 38`
	)
	fail := func(err error) invoker {
		return func(context.Context, *integration.Invocation) (*integration.Result, error) { return nil, err }
	}
	tests := []struct {
		name string
		f    invoker
		want string
		says string // in the trace
	}{
		{"the function raised an error", func(context.Context, *integration.Invocation) (*integration.Result, error) {
			return &integration.Result{Payload: []byte(`{"errorMessage":"boom"}`), FunctionError: "Unhandled"}, nil
		}, internalError, "boom"},
		{"no permission to invoke", fail(awserr.New("AccessDeniedException", 403, "no")), internalError, "AWS::Lambda::Permission"},
		{"throttled", fail(awserr.New("TooManyRequestsException", 429, "no")), unavailable, "throttled"},
		{"no such function", fail(awserr.New("ResourceNotFoundException", 404, "no")), internalError, "does not exist"},
		{"too large for the function", fail(awserr.New("RequestEntityTooLargeException", 413, "no")), tooLargeBody, "too large"},
		{"an internal failure", fail(errors.New("disk on fire")), internalError, "disk on fire"},
		{"a malformed answer", answer(`{"statusCode":0}`), internalError, "statusCode"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, tt.f, httpAPI("$default", "GET /"))
			w := b.do(request(t, "GET", "/", "", nil))
			if got := fmt.Sprintf("%d %s %s", w.Code, w.Body, w.Header().Get("Content-Length")); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if len(w.Header()) != 4 {
				t.Errorf("headers %v, want four", w.Header())
			}
			if s, _ := b.trace.Last().Refusal(); s.Name != "integrate" || !strings.Contains(s.Detail, tt.says) {
				t.Errorf("trace says %+v, want %s", s, tt.says)
			}
			if strings.Contains(w.Body.String(), "fire") {
				t.Error("the caller was told")
			}
		})
	}
}

func TestSlowFunctionIsUnavailableAfterTheTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, func(ctx context.Context, _ *integration.Invocation) (*integration.Result, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}, httpAPI("$default", "GET /"))
		began := time.Now()
		w := b.do(request(t, "GET", "/", "", nil))
		if took := time.Since(began); took != 30*time.Second || w.Code != 503 || w.Body.String() != `{"message":"Service Unavailable"}` {
			t.Errorf("got %d %s after %v, want 503 after 30s", w.Code, w.Body, took)
		}
	})
}

func TestFunctionIsInvokedForTheRoute(t *testing.T) {
	served := httpAPI("prod", "ANY /a/{id}", "GET /b/{p+}", "$default")
	for _, tt := range []struct{ path, allowed, want string }{
		{"/prod/a/1", "arn:aws:execute-api:ap-northeast-1:123456789012:abcdef1234/prod/GET/a/{id}", "GET"},
		{"/prod/a/1", "arn:aws:execute-api:ap-northeast-1:123456789012:abcdef1234/prod/ANY/a/{id}", "ANY"},
		{"/prod/b/1/2", "arn:aws:execute-api:ap-northeast-1:123456789012:abcdef1234/prod/GET/b/{p+}", "greedy"},
		{"/prod/x", "arn:aws:execute-api:ap-northeast-1:123456789012:abcdef1234/prod/$default", "default"},
	} {
		b := newBench(t, func(_ context.Context, i *integration.Invocation) (*integration.Result, error) {
			if i.SourceARN != tt.allowed || i.SourceAccount != testAccount || i.FunctionARN != function || i.Role != "" || i.Caller != nil {
				return nil, awserr.New("AccessDeniedException", 403, "not for %s", i.SourceARN)
			}
			return &integration.Result{Payload: []byte(`"ok"`)}, nil
		}, served)
		if w := b.do(request(t, "GET", tt.path, "", nil)); w.Code != 200 {
			t.Errorf("%s with a policy for %s = %d: %+v", tt.path, tt.allowed, w.Code, b.trace.Last())
		}
	}
}

func TestCredentialsOfTheIntegration(t *testing.T) {
	for _, tt := range []struct{ credentials, want string }{
		{"arn:aws:iam::123456789012:role/r", "arn:aws:iam::123456789012:role/r <nil>"},
		{"arn:aws:iam::*:user/*", " " + allowed.AccessKeyID},
	} {
		served := httpAPI("$default", "GET / : AWS_IAM", "GET /open")
		i := served.Stages[0].Configuration.Integrations["int"]
		i.CredentialsArn = tt.credentials
		served.Stages[0].Configuration.Integrations["int"] = i
		var got string
		b := newBench(t, func(_ context.Context, i *integration.Invocation) (*integration.Result, error) {
			got = i.Role + " <nil>"
			if i.Caller != nil {
				got = i.Role + " " + i.Caller.AccessKeyID
			}
			return &integration.Result{Payload: []byte(`"ok"`)}, nil
		}, served)
		b.do(request(t, "GET", "/", "", &allowed))
		if got != tt.want {
			t.Errorf("credentials %s: invoked as %q, want %q", tt.credentials, got, tt.want)
		}
		if w := b.do(request(t, "GET", "/open", "", nil)); tt.credentials == integration.CallerCredentials && w.Code != 500 {
			t.Errorf("a caller's credentials without a caller = %d, want 500", w.Code)
		}
	}
}

func TestEventTellsTheRequest(t *testing.T) {
	served := httpAPI("prod", "POST /u/{name}/{rest+} : AWS_IAM")
	served.Stages[0].Stage.StageVariables = map[string]string{"k": "v"}
	b := newBench(t, nil, served)
	r := request(t, "POST", "/prod/u/J%20D/x/y?q=a%20b&p=1+1&t=C%23&t=.NET&flag", "a=1", nil)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Cookie", "c1=v1; c2=v2")
	r.Header.Add("X-Mine", "1")
	r.Header.Add("X-Mine", "2")
	r.Header.Set("X-Forwarded-For", "198.51.100.7")
	r.Header.Set("X-Amzn-Trace-Id", "Root=1-67fd88b8-2f95df5a03c1bc3a6168b6d8;Sampled=1")
	r.Header.Set("Connection", "keep-alive")
	sign(t, r, session, testTime)
	w := b.do(r)
	if w.Code != 200 {
		t.Fatalf("got %d: %+v", w.Code, b.trace.Last())
	}
	got := <-b.event
	headers := got["headers"].(map[string]any)
	if a, _ := headers["authorization"].(string); !strings.HasPrefix(a, "AWS4-HMAC-SHA256 ") || headers["x-amz-security-token"] != session.SessionToken {
		t.Errorf("the credentials did not reach the function: %v", headers)
	}
	delete(headers, "authorization")
	want := map[string]any{
		"version": "2.0", "routeKey": "POST /u/{name}/{rest+}", "rawPath": "/prod/u/J D/x/y", "rawQueryString": "q=a%20b&p=1+1&t=C%23&t=.NET&flag",
		"cookies": []any{"c1=v1", "c2=v2"},
		"headers": map[string]any{
			"content-length": "3", "content-type": "application/x-www-form-urlencoded", "host": testHost, "user-agent": "curl/8.5.0",
			"x-amz-date": "20250414T221416Z", "x-amz-security-token": session.SessionToken,
			"x-amzn-trace-id": "Root=1-67fd88b8-2f95df5a03c1bc3a6168b6d8;Sampled=1",
			"x-forwarded-for": "198.51.100.7, 192.0.2.1", "x-forwarded-port": "443", "x-forwarded-proto": "https", "x-mine": "1,2",
		},
		"queryStringParameters": map[string]any{"q": "a b", "p": "1 1", "t": "C#,.NET", "flag": ""},
		"requestContext": map[string]any{
			"accountId": testAccount, "apiId": testAPI, "domainName": testHost, "domainPrefix": testAPI,
			"authorizer": map[string]any{"iam": map[string]any{
				"accessKey": session.AccessKeyID, "accountId": testAccount, "callerId": "AROAX:session", "cognitoIdentity": nil, "principalOrgId": nil,
				"userArn": "arn:aws:sts::123456789012:assumed-role/Test/session", "userId": "AROAX:session",
			}},
			"http": map[string]any{
				"method": "POST", "path": "/prod/u/J D/x/y", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "curl/8.5.0",
			},
			"requestId": w.Header().Get("Apigw-Requestid"), "routeKey": "POST /u/{name}/{rest+}", "stage": "prod",
			"time": "14/Apr/2025:22:14:16 +0000", "timeEpoch": 1744668856859.0,
		},
		"body": "YT0x", "isBase64Encoded": true,
		"pathParameters": map[string]any{"name": "J D", "rest": "x/y"},
		"stageVariables": map[string]any{"k": "v"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
}

func TestAnswerIsSentAsTheFunctionSaid(t *testing.T) {
	b := newBench(t, answer(`{"statusCode":201,"headers":{"X-Mine":"a","content-length":"99","Server":"s"},"cookies":["a=1","b=2"],"body":"aGk=","isBase64Encoded":true}`),
		httpAPI("$default", "GET /", "HEAD /"))
	w := b.do(request(t, "GET", "/", "", nil))
	w.Header().Del("Apigw-Requestid")
	want := http.Header{
		"Content-Type": {"text/plain; charset=utf-8"}, "Content-Length": {"2"}, "Date": {"Mon, 14 Apr 2025 22:14:16 GMT"},
		"X-Mine": {"a"}, "Server": {"s"}, "Set-Cookie": {"a=1", "b=2"},
	}
	if diff := cmp.Diff(want, w.Header()); diff != "" || w.Code != 201 || w.Body.String() != "hi" {
		t.Errorf("got %d %q, headers (-want +got):\n%s", w.Code, w.Body, diff)
	}
	if w := b.do(request(t, "HEAD", "/", "", nil)); w.Body.Len() != 0 || w.Header().Get("Content-Length") != "2" {
		t.Errorf("HEAD = %q with length %s, want no body and length 2", w.Body, w.Header().Get("Content-Length"))
	}
}

func TestCORSOfTheAPI(t *testing.T) {
	cors := func(routes ...string) *bench {
		served := httpAPI("$default", routes...)
		served.Stages[0].Configuration.CorsConfiguration = &apigatewayv2.Cors{
			AllowOrigins: []string{"https://a.example"}, AllowMethods: []string{"GET", "OPTIONS"},
		}
		return newBench(t, answer(`{"statusCode":200,"headers":{"Access-Control-Allow-Origin":"mine"}}`), served)
	}
	none := newBench(t, nil, httpAPI("$default", "GET /"))
	plain := cors("GET / : AWS_IAM")
	tests := []struct {
		name, method, origin, asks string
		b                          *bench
		signed                     bool
		want                       string
	}{
		{"preflight", "OPTIONS", "https://a.example", "GET", plain, false, "204 allow-methods=GET,OPTIONS allow-origin=https://a.example vary=origin"},
		{"preflight of another origin", "OPTIONS", "https://b.example", "GET", plain, false, "204"},
		{"OPTIONS without an origin", "OPTIONS", "", "", plain, false, "204"},
		{"a route takes OPTIONS", "OPTIONS", "https://a.example", "GET", cors("$default : AWS_IAM"), false, "403 allow-origin=https://a.example vary=origin"},
		{"not configured", "OPTIONS", "https://a.example", "GET", none, false, "404"},
		{"a refusal has the headers too", "GET", "https://a.example", "", plain, false, "403 allow-origin=https://a.example vary=origin"},
		{"the integration's own are replaced", "GET", "https://a.example", "", plain, true, "200 allow-origin=https://a.example vary=origin"},
		{"the integration's own are dropped", "GET", "", "", plain, true, "200"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := request(t, tt.method, "/", "", nil)
			if tt.origin != "" {
				r.Header.Set("Origin", tt.origin)
			}
			if tt.asks != "" {
				r.Header.Set("Access-Control-Request-Method", tt.asks)
			}
			if tt.signed {
				sign(t, r, allowed, testTime)
			}
			w := tt.b.do(r)
			var got []string
			for name, v := range w.Header() {
				if short, ok := strings.CutPrefix(name, "Access-Control-"); ok || name == "Vary" {
					got = append(got, strings.ToLower(short)+"="+strings.Join(v, "|"))
				}
			}
			slices.Sort(got)
			if text := strings.Join(append([]string{fmt.Sprint(w.Code)}, got...), " "); text != tt.want {
				t.Errorf("got %s, want %s", text, tt.want)
			}
			if w.Code == 204 && (w.Body.Len() > 0 || w.Header().Get("Content-Length") != "" || w.Header().Get("Content-Type") != "") {
				t.Errorf("204 with a body: %v", w.Header())
			}
		})
	}
}

func TestRouteThatCannotBeServedStaysClosed(t *testing.T) {
	served := httpAPI("$default", "GET /a : SOMETHING", "GET /b")
	r := served.Stages[0].Configuration.Routes["b"]
	r.Target = ""
	served.Stages[0].Configuration.Routes["b"] = r
	b := newBench(t, nil, served)
	for _, path := range []string{"/a", "/b"} {
		if w := b.do(request(t, "GET", path, "", nil)); w.Code != 500 {
			t.Errorf("GET %s = %d, want 500", path, w.Code)
		}
	}
}

func BenchmarkIAMPath(b *testing.B) {
	bench := newBench(b, answer(`{"statusCode":200,"body":"Hello, World"}`), httpAPI("$default", "GET /hello/{name} : AWS_IAM"))
	r := request(b, "GET", "/hello/world", "", &allowed)
	b.ReportAllocs()
	for b.Loop() {
		again := *r // its body is watched, and would be watched twice
		bench.ServeHTTP(discard{}, &again)
	}
	if last := bench.trace.Last(); last.Status != http.StatusOK {
		b.Fatalf("%+v", last)
	}
}

// What refusing replays costs: each request is another one, as they must be.
func BenchmarkIAMPathReplays(b *testing.B) {
	for _, name := range []string{"accepted", "refused"} {
		b.Run(name, func(b *testing.B) {
			bench := newBench(b, answer(`{"statusCode":200,"body":"Hello, World"}`), httpAPI("$default", "GET /hello/{name} : AWS_IAM"))
			if name == "refused" {
				bench.verifier.Replay = &sigv4.ReplayCache{}
			}
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				b.StopTimer()
				r := request(b, "GET", "/hello/world?n="+strconv.Itoa(n), "", &allowed)
				b.StartTimer()
				bench.ServeHTTP(discard{}, r)
			}
			if last := bench.trace.Last(); last.Status != http.StatusOK {
				b.Fatalf("%+v", last)
			}
		})
	}
}

// discard is a ResponseWriter that keeps nothing.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}

func TestTheProtocolIsToldAsItIsUnlessTheOperatorSaysOtherwise(t *testing.T) {
	b := newBench(t, nil, httpAPI("$default", "GET /"))
	for _, tt := range []struct{ said, host, proto, port string }{
		{"", testHost, "http", "80"},
		{"", testHost + ":8080", "http", "8080"},
		{"https", testHost, "https", "443"},
		{"https", testHost + ":8443", "https", "8443"},
	} {
		b.config.ForwardedProto = tt.said
		r := request(t, "GET", "/", "", nil)
		r.TLS, r.Host = nil, tt.host
		b.do(r)
		headers := (<-b.event)["headers"].(map[string]any)
		if headers["x-forwarded-proto"] != tt.proto || headers["x-forwarded-port"] != tt.port {
			t.Errorf("%q at %s: got %v %v", tt.said, tt.host, headers["x-forwarded-proto"], headers["x-forwarded-port"])
		}
	}
}

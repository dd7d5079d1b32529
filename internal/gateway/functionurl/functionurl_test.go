package functionurl_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/gateway/functionurl"
	"github.com/hakonegate/hakone/internal/service/lambda"
	"github.com/hakonegate/hakone/policy"
	"github.com/hakonegate/hakone/sigv4"
)

// one is a function with a URL.
type one struct {
	url    lambda.FunctionURL
	answer lambda.InvokeOutput
	err    error
	got    *lambda.InvokeInput
	chunks []string // of a streamed answer
}

func (o *one) URL(id string) (*lambda.FunctionURL, bool) { return &o.url, id == "abc" }

func (o *one) InvokeURL(_ context.Context, _ *lambda.FunctionURL, in *lambda.InvokeInput) (*lambda.InvokeOutput, error) {
	o.got = in
	for _, chunk := range o.chunks {
		in.Stream(o.answer.ContentType, []byte(chunk))
	}
	out := o.answer
	return &out, o.err
}

// bob has one access key.
type bob struct{}

func (bob) Key(_ context.Context, id, _ string) (sigv4.Key, error) {
	if id != "AKIABOB" {
		return sigv4.Key{}, sigv4.ErrUnknownKey
	}
	return sigv4.Key{SecretAccessKey: "secret", Caller: &access.Caller{
		Kind: policy.User, AccountID: "111111111111", AccessKeyID: id, ARN: "arn:aws:iam::111111111111:user/bob", UserID: "AIDABOB",
	}}, nil
}

// An answer is what was sent.
type answer struct {
	StatusCode int
	Header     http.Header
	body       string
}

func ask(o *one, r *http.Request) answer {
	w := httptest.NewRecorder()
	h := functionurl.New(functionurl.Config{Functions: o, Keys: bob{}, Region: "us-east-1", Log: slog.New(slog.DiscardHandler)}, http.NotFoundHandler())
	h.ServeHTTP(w, r)
	return answer{w.Code, w.Header(), w.Body.String()}
}

func request(method, target, body string) *http.Request {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = "abc.lambda-url.us-east-1.on.aws"
	return r
}

func TestAnswers(t *testing.T) {
	none := lambda.FunctionURL{AuthType: "NONE"}
	refusal := func(code string, status int) error { return awserr.New(code, status, "no") }
	tests := []struct {
		name   string
		o      one
		status int
		body   string
	}{
		{"JSON", one{url: none, answer: lambda.InvokeOutput{Payload: []byte(`{"hello": "world"}`)}}, 200, `{"hello":"world"}`},
		{"a failing function", one{url: none, answer: lambda.InvokeOutput{FunctionError: "Unhandled"}}, 502, "Internal Server Error"},
		{"a malformed answer", one{url: none, answer: lambda.InvokeOutput{Payload: []byte(`{"statusCode":"x"}`)}}, 502, "Internal Server Error"},
		{"no permission", one{url: none, err: refusal("AccessDeniedException", 403)}, 403, `{"Message":"Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"}`},
		{"no signature", one{url: lambda.FunctionURL{AuthType: "AWS_IAM"}}, 403, `{"Message":"Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"}`},
		{"trouble of our own", one{url: none, err: errors.New("no")}, 502, "Internal Server Error"},
		{
			"a stream with metadata", one{url: lambda.FunctionURL{AuthType: "NONE", InvokeMode: "RESPONSE_STREAM"}, answer: lambda.InvokeOutput{
				Streamed: true, ContentType: "application/vnd.awslambda.http-integration-response",
			}, chunks: []string{`{"statusCode"`, ":201}\x00\x00\x00\x00", "\x00\x00\x00\x00pa", "rt"}}, 201, "part",
		},
	}
	for _, tt := range tests {
		res := ask(&tt.o, request("GET", "/", ""))
		if got := res.body; res.StatusCode != tt.status || got != tt.body {
			t.Errorf("%s: %d %s, want %d %s", tt.name, res.StatusCode, got, tt.status, tt.body)
		}
	}
}

func TestUnknownURLsAndOtherHosts(t *testing.T) {
	r := request("GET", "/", "")
	r.Host = "xyz.lambda-url.us-east-1.on.aws"
	res := ask(&one{}, r)
	if got := res.body; res.StatusCode != http.StatusForbidden || got != `{"Message":null}` || res.Header.Get("X-Amzn-Errortype") != "AccessDeniedException" {
		t.Errorf("unknown host: %d %s", res.StatusCode, got)
	}
	r.Host = "api.example.org"
	if res := ask(&one{}, r); res.StatusCode != http.StatusNotFound {
		t.Errorf("another host: %d, want what the next handler says", res.StatusCode)
	}
}

// told is the part of an event that the tests look at.
type told struct {
	RawPath string   `json:"rawPath"`
	Cookies []string `json:"cookies"`
	Headers map[string]string
	Context struct {
		AccountID  string `json:"accountId"`
		APIID      string `json:"apiId"`
		Authorizer any    `json:"authorizer"`
		HTTP       struct {
			Path string `json:"path"`
		} `json:"http"`
	} `json:"requestContext"`
	Body   string `json:"body"`
	Base64 bool   `json:"isBase64Encoded"`
}

func event(t *testing.T, o *one) (e told) {
	t.Helper()
	if err := json.Unmarshal(o.got.Payload, &e); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestEventOfAnUnsignedRequest(t *testing.T) {
	o := one{url: lambda.FunctionURL{AuthType: "NONE"}, answer: lambda.InvokeOutput{Payload: []byte(`1`)}}
	r := request("POST", "/_aws/lambda-url/abc/a%20b", "text")
	r.Host = "127.0.0.1:8443"
	r.Header.Set("Cookie", "a=1; b=2")
	r.Header.Set("Content-Type", "text/plain")
	ask(&o, r)
	e := event(t, &o)
	if e.RawPath != "/a%20b" || e.Context.HTTP.Path != "/a b" || e.Context.AccountID != "anonymous" || e.Context.APIID != "abc" || e.Context.Authorizer != nil {
		t.Errorf("event %s", o.got.Payload)
	}
	if diff := cmp.Diff([]string{"a=1", "b=2"}, e.Cookies); diff != "" || e.Headers["cookie"] != "a=1; b=2" || e.Body != "text" || e.Base64 {
		t.Errorf("event %s", o.got.Payload)
	}
	if e.Headers["host"] != "abc.lambda-url.us-east-1.on.aws" || e.Headers["x-forwarded-port"] != "8443" {
		t.Errorf("headers %v", e.Headers)
	}
}

func TestSignedRequestHasACaller(t *testing.T) {
	o := one{url: lambda.FunctionURL{AuthType: "AWS_IAM"}, answer: lambda.InvokeOutput{Payload: []byte(`1`)}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://abc.lambda-url.us-east-1.on.aws/x", nil)
	if err != nil {
		t.Fatal(err)
	}
	s := sigv4.Signer{Region: "us-east-1", Service: "lambda"}
	if err := s.SignHTTP(r, sigv4.Credentials{AccessKeyID: "AKIABOB", SecretAccessKey: "secret"}, time.Now()); err != nil {
		t.Fatal(err)
	}
	r.RequestURI, r.Body = "/x", http.NoBody
	if res := ask(&o, r); res.StatusCode != http.StatusOK {
		t.Fatalf("signed: %d %s", res.StatusCode, res.body)
	}
	want := map[string]any{"iam": map[string]any{
		"accessKey": "AKIABOB", "accountId": "111111111111", "callerId": "AIDABOB", "cognitoIdentity": nil, "principalOrgId": nil,
		"userArn": "arn:aws:iam::111111111111:user/bob", "userId": "AIDABOB",
	}}
	if diff := cmp.Diff(any(want), event(t, &o).Context.Authorizer); diff != "" || o.got.Caller == nil {
		t.Errorf("authorizer (-want +got):\n%s", diff)
	}
}

func TestPreflightDoesNotReachTheFunction(t *testing.T) {
	o := one{url: lambda.FunctionURL{AuthType: "AWS_IAM", Cors: &lambda.Cors{AllowOrigins: []string{"https://a.example"}, AllowMethods: []string{"GET"}}}}
	r := request("OPTIONS", "/", "")
	r.Header.Set("Origin", "https://a.example")
	r.Header.Set("Access-Control-Request-Method", "GET")
	res := ask(&o, r)
	if res.StatusCode != http.StatusOK || res.Header.Get("Access-Control-Allow-Origin") != "https://a.example" || o.got != nil {
		t.Errorf("preflight: %d %v", res.StatusCode, res.Header)
	}
}
